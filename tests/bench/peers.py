"""Who takes part: the sandbox as the tenant, the naive peer, our bridge, and other checkouts of it. All processes.

Our bridge is ``bridge serve`` with one worker and a real SQLite file, as it is shipped: synchronous FULL, its log
written to a file. Must not measure.
"""

from __future__ import annotations

import json
import re
import sys
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import unescape

from tests.bench.processes import Process
from tests.bench.work import PATH, Tenant

ROOT = Path(__file__).resolve().parents[2]
USER, PASSWORD = "erp@example.com", "demo"
CLIENT, SECRET = "demo-client", "demo-secret"

SERVE = "from bridge.cli import main; import sys; sys.argv = ['bridge', 'serve']; main()"


@dataclass(frozen=True, slots=True)
class Peer:
    """A process that answers calls. ``direct``: it is the sandbox itself."""

    name: str
    process: Process
    direct: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """Everybody who takes part, the sandbox first."""

    peers: tuple[Peer, ...]
    tenant: Tenant


@contextmanager
def running(folder: Path, others: Sequence[Path] = ()) -> Iterator[Group]:
    """Start everybody; ``others`` are further checkouts of the bridge."""
    with ExitStack() as stack:

        def start(name: str, command: Sequence[str], cwd: Path = ROOT, **env: str) -> Process:
            process = Process([sys.executable, *command], folder, name, cwd, env)
            stack.callback(process.stop)
            return process

        zuora = start("sandbox", ("-m", "tests.bench.tenant"))
        names = json.loads(zuora.line.partition(" ")[2])
        peers = [Peer("sandbox", zuora, direct=True)]
        peers.append(Peer("naive", start("naive", ("-m", "tests.bench.naive", zuora.url, CLIENT, SECRET))))
        for name, root in (("bridge", ROOT), *((_name(root), root) for root in others)):
            # -c puts the working directory first on sys.path, so a checkout runs its own code under our Python.
            peers.append(Peer(name, start(name, ("-c", SERVE), root, **settings(zuora.url, folder / f"{name}.db"))))
        yield Group(tuple(peers), Tenant(names, session(zuora.url), token(zuora.url)))


def _name(root: Path) -> str:
    return f"bridge@{root.name}"


def settings(zuora: str, database: Path) -> dict[str, str]:
    """The variables of a bridge before this tenant."""
    return {
        "BRIDGE_LISTEN": "127.0.0.1:0",
        "BRIDGE_ADMIN__LISTEN": "127.0.0.1:0",
        "BRIDGE_DATABASE_URL": f"sqlite:///{database}",
        "BRIDGE_ZUORA__SOAP_URL": zuora,
        "BRIDGE_ZUORA__REST_URL": zuora,
        "BRIDGE_ZUORA__CLIENT_ID": CLIENT,
        "BRIDGE_ZUORA__CLIENT_SECRET": SECRET,
        "BRIDGE_ZUORA__TENANT_ID": "10000",
        "BRIDGE_CALLERS": json.dumps({"erp": {"usernames": [USER], "allow": ["*"]}}),
    }


def session(url: str) -> str:
    """A session of the demo's user."""
    body = (
        '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>'
        '<login xmlns="http://api.zuora.com/">'
        f"<username>{USER}</username><password>{PASSWORD}</password></login></e:Body></e:Envelope>"
    )
    found = re.search(r"Session>([^<]+)<", _post(url + PATH, body.encode(), "text/xml; charset=utf-8"))
    assert found is not None
    return unescape(found[1])


def token(url: str) -> str:
    """A token of the bridge's client."""
    form = f"client_id={CLIENT}&client_secret={SECRET}&grant_type=client_credentials"
    answer = _post(f"{url}/oauth/token", form.encode(), "application/x-www-form-urlencoded")
    return str(json.loads(answer)["access_token"])


def _post(url: str, body: bytes, kind: str) -> str:
    request = urllib.request.Request(url, data=body, headers={"Content-Type": kind})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return str(answer.read().decode())
