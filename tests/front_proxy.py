"""The shipped front before some bridges: the real HAProxy with ``deploy/proxy/haproxy.cfg``, on ports of its own.

Must not change a line of that file: what differs between places is said by its variables.
"""

from __future__ import annotations

import csv
import os
import shutil
import socket
import subprocess
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from urllib.parse import urlsplit

import pytest
from harness_wire import until

CONFIGURATION = Path(__file__).resolve().parents[1] / "deploy" / "proxy" / "haproxy.cfg"
COMMAND = "python tests/deploy/provision.py"

# Debian puts it where only root looks.
PROGRAM = shutil.which("haproxy") or shutil.which("haproxy", path="/usr/sbin:/usr/local/sbin")

needed = pytest.mark.skipif(PROGRAM is None, reason=f"haproxy is not installed; run: {COMMAND}")
"""Marks a test, or as ``pytestmark`` a file, that needs the proxy."""


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Front:
    """One HAProxy; ``bridges`` are pairs of a callers' and an admin address. Use it as a context manager."""

    def __init__(self, folder: Path, bridges: Sequence[tuple[str, str]], **settings: str) -> None:
        self._folder = folder
        self._ports = {name: free_port() for name in ("HTTP", "TLS", "OLD_TLS", "MTLS", "METRICS")}
        self._bridges = dict(enumerate(bridges, 1))
        self.socket = folder / "front.socket"
        self.environment = {
            "PATH": os.environ["PATH"],
            "FRONT_SOCKET": str(self.socket),
            **{f"FRONT_{name}": f"127.0.0.1:{port}" for name, port in self._ports.items()},
            **self._addresses(),
            **settings,
        }

    def _addresses(self) -> Mapping[str, str]:
        named = {}
        for number, (callers, admin) in self._bridges.items():
            named[f"FRONT_BRIDGE_{number}"] = urlsplit(callers).netloc
            named[f"FRONT_ADMIN_{number}"] = str(urlsplit(admin).port)
        # A place of nobody, so that a name that is not there need not be looked up.
        return {"FRONT_BRIDGE_1": "127.0.0.1:1", "FRONT_BRIDGE_2": "127.0.0.1:1", **named}

    def __enter__(self) -> Front:
        self._said = (self._folder / "front.log").open("ab")
        self._process = subprocess.Popen(
            [str(PROGRAM), "-db", "-f", str(CONFIGURATION)],
            env=self.environment,
            stdout=self._said,
            stderr=subprocess.STDOUT,
        )
        until(self.socket.exists, 10, "the front's start")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._process.kill()
        self._process.wait()
        self._said.close()

    @property
    def log(self) -> str:
        """What it has said."""
        return (self._folder / "front.log").read_text(encoding="utf-8", errors="replace")

    def port(self, listener: str) -> int:
        """Of HTTP, TLS, OLD_TLS, MTLS or METRICS."""
        return self._ports[listener]

    @property
    def url(self) -> str:
        """Where callers inside call."""
        return f"http://127.0.0.1:{self._ports['HTTP']}"

    def command(self, line: str) -> str:
        """A command at its socket, and the answer."""
        until(self._listens, 20, "HAProxy's command socket")
        with socket.socket(socket.AF_UNIX) as wire:
            wire.connect(str(self.socket))
            wire.sendall(f"{line}\n".encode())
            return b"".join(iter(lambda: wire.recv(65536), b"")).decode()

    def _listens(self) -> bool:
        with socket.socket(socket.AF_UNIX) as wire:
            # It is bound before it listens.
            return wire.connect_ex(str(self.socket)) == 0

    def _rows(self) -> Iterator[dict[str, str]]:
        rows = csv.DictReader(self.command("show stat bridges -1 -1").removeprefix("# ").splitlines())
        return (row for row in rows if row["svname"].startswith("bridge-"))

    def states(self) -> dict[str, str]:
        """What it thinks of each bridge: ``UP``, ``DOWN``, ``DRAIN``, ..."""
        return {row["svname"]: row["status"].partition(" ")[0] for row in self._rows()}

    def busy(self) -> dict[str, int]:
        """How many calls each bridge has now."""
        return {row["svname"]: int(row["scur"]) for row in self._rows()}

    def sees(self, **states: str) -> None:
        """Wait until it does: ``bridge_1="UP"``."""
        wanted = {name.replace("_", "-"): state for name, state in states.items()}
        until(lambda: wanted.items() <= self.states().items(), 15, f"the front's seeing {wanted}")

    def metrics(self) -> str:
        """Its own metrics."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self._ports['METRICS']}/metrics", timeout=10) as came:
            return str(came.read().decode())
