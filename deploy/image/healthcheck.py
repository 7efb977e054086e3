#!/opt/bridge/bin/python -I
"""``healthcheck [/healthz | /readyz]``: ask the bridge's admin listener in this container; exit 0 where it says yes.

The result has no curl. Asks this machine directly, whatever proxies the environment names, at the port of
BRIDGE_ADMIN__LISTEN. Must not import the bridge: that takes a second, and this runs every ten.
"""

import http.client
import os
import sys

SECONDS = 4


def main() -> int:
    """0, or 1 with a line for `docker inspect`."""
    path = sys.argv[1] if len(sys.argv) > 1 else "/healthz"
    host, _, port = os.environ.get("BRIDGE_ADMIN__LISTEN", "127.0.0.1:8081").rpartition(":")
    here = "::1" if ":" in host else "127.0.0.1"
    asked = http.client.HTTPConnection(here, int(port), timeout=SECONDS)
    try:
        asked.request("GET", path)
        answer = asked.getresponse()
        said = answer.read(500).decode(errors="replace")
    except OSError as error:
        print(f"{path}: {error}")
        return 1
    print(f"{path}: {answer.status} {said}")
    return 0 if answer.status == 200 else 1


if __name__ == "__main__":
    sys.exit(main())
