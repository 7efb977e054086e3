"""Twins for a parity run: per side a sandbox sown alike and, unless it is asked directly, a bridge before it.

Each is a child process of its own on a free port, as an operator would start it, and all of them end with the run. Must
not compare.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from bridge.background import AppThread
from bridge.parity.side import Side
from bridge.parity.state import SandboxBooks
from bridge.parity.terms import ParityError
from bridge.sandbox import SandboxThread
from bridge.settings import Settings, load

ROUTES = ("direct", "soap", "action", "rest")
START_SECONDS = 60.0
_SERVING = re.compile(r"serving (http://[^,\s]+)")
USER, PASSWORD = "erp@example.com", "demo"


@dataclass(frozen=True, slots=True)
class Twin:
    """One side: where it is asked, and where its tenant is."""

    name: str
    route: str
    sandbox: str
    origin: str

    def side(self) -> Side:
        """The side as a replay needs it."""
        return Side(
            self.name,
            self.origin,
            USER,
            PASSWORD,
            title=self.route if self.route == "direct" else f"route {self.route}",
        )

    def books(self) -> SandboxBooks:
        """Its whole ledger."""
        return SandboxBooks(self.sandbox)


@contextlib.contextmanager
def twins(folder: Path, routes: Mapping[str, str]) -> Iterator[dict[str, Twin]]:
    """Start a twin per side, by its name and route."""
    started: dict[str, Twin] = {}
    running: list[subprocess.Popen[str]] = []
    try:
        sandboxes = {name: _start(running, ["sandbox", "serve", "--listen", "127.0.0.1:0"], {}) for name in routes}
        tenants = {name: _origin(process) for name, process in sandboxes.items()}
        bridges = {
            name: _start(running, ["serve"], _settings(folder / f"{name}.db", tenants[name], route))
            for name, route in routes.items()
            if route != "direct"
        }
        for name, route in routes.items():
            origin = _origin(bridges[name]) if name in bridges else tenants[name]
            started[name] = Twin(name, route, tenants[name], origin)
        yield started
    finally:
        for process in reversed(running):
            process.send_signal(signal.SIGTERM)
        for process in running:
            _end(process)


@contextlib.contextmanager
def fresh(folder: Path, routes: Mapping[str, str]) -> Iterator[dict[str, Twin]]:
    """Twins in threads of this process, for a few calls: nothing was ever sent to them.

    Sowing a sandbox again would not do: it gives ids out again that a bridge's journal already knows.
    """
    with contextlib.ExitStack() as stack:
        started = {}
        for name, route in routes.items():
            tenant = stack.enter_context(SandboxThread()).url
            at = tenant
            if route != "direct":
                place = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=folder)))
                at = stack.enter_context(AppThread(_loaded(_settings(place / "bridge.db", tenant, route)))).url
            started[name] = Twin(name, route, tenant, at)
        yield started


def _loaded(settings: Mapping[str, str]) -> Settings:
    """Settings of these variables and of no others: the caller's own must not reach a twin."""
    own = {name: value for name, value in os.environ.items() if name.startswith("BRIDGE_")}
    try:
        for name in own:
            del os.environ[name]
        os.environ.update(settings)
        return load()
    finally:
        for name in settings:
            os.environ.pop(name, None)
        os.environ.update(own)


def _settings(database: Path, tenant: str, route: str) -> dict[str, str]:
    return {
        "BRIDGE_LISTEN": "127.0.0.1:0",
        "BRIDGE_ADMIN__LISTEN": "127.0.0.1:0",
        "BRIDGE_DATABASE_URL": f"sqlite:///{database}",
        "BRIDGE_ZUORA__SOAP_URL": tenant,
        "BRIDGE_ZUORA__REST_URL": tenant,
        "BRIDGE_ZUORA__CLIENT_ID": "demo-client",
        "BRIDGE_ZUORA__CLIENT_SECRET": "demo-secret",
        "BRIDGE_ZUORA__TENANT_ID": "10000",
        "BRIDGE_CALLERS": json.dumps({"erp": {"usernames": [USER], "allow": ["*"]}}),
        "BRIDGE_ROUTES": json.dumps({"*": route}),
    }


def _start(
    running: list[subprocess.Popen[str]], words: list[str], settings: Mapping[str, str]
) -> subprocess.Popen[str]:
    # The caller's own settings must not reach a twin: it could be a production tenant's.
    clean = {name: value for name, value in os.environ.items() if not name.startswith("BRIDGE_")}
    process = subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-m", "bridge", *words],
        env={**clean, **settings},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    running.append(process)
    return process


def _origin(process: subprocess.Popen[str]) -> str:
    """Where it serves, as it says itself."""
    assert process.stdout is not None
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        if not select.select([process.stdout], [], [], 0.5)[0]:
            continue
        line = process.stdout.readline()
        found = _SERVING.search(line)
        if found:
            threading.Thread(target=process.stdout.read, daemon=True).start()
            return found[1]
        if not line:
            break
    raise ParityError(f"a twin did not start: `bridge {' '.join(process.args[3:])}`")  # type: ignore[index, arg-type]


def _end(process: subprocess.Popen[str]) -> None:
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()
