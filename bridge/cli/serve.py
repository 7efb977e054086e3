"""``bridge serve``: the bridge, until SIGTERM or SIGINT. Must not contain logic beyond processes and signals."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import socket
import sys
import tempfile
from pathlib import Path
from typing import TextIO

from bridge.app import App
from bridge.settings import ConfigurationError, Settings, load
from bridge.settings_terms import address
from bridge.telemetry import log
from bridge.telemetry.families import dead
from bridge.telemetry.metrics import METRICS

MAX_SQLITE_WORKERS = 2
"""SQLite has one writer at a time; more processes would only wait for each other."""

SIGNALS = (signal.SIGTERM, signal.SIGINT)
ORPHAN_SECONDS = 1.0


def serve() -> None:
    """Serve the callers' doors and the admin listener, configured by BRIDGE_... variables."""
    settings = load()
    log.configure(settings.log.level, terminal=settings.log.terminal)
    if settings.zuora.soap_url is None or settings.zuora.rest_url is None:
        raise ConfigurationError("BRIDGE_ZUORA__SOAP_URL and BRIDGE_ZUORA__REST_URL must both be set")
    if settings.database_url.startswith("sqlite") and settings.workers > MAX_SQLITE_WORKERS:
        raise ConfigurationError(
            f"BRIDGE_WORKERS: at most {MAX_SQLITE_WORKERS} on SQLite; use PostgreSQL in BRIDGE_DATABASE_URL for more"
        )
    if settings.zuora.entities and settings.workers > 1:
        raise ConfigurationError("BRIDGE_WORKERS: 1 with BRIDGE_ZUORA__ENTITIES; a login is known to one process only")
    sockets = {"callers": _bound(settings.listen), "admin": _bound(settings.admin.listen)}
    if settings.workers == 1:
        raise SystemExit(asyncio.run(_worker(settings, sockets)))
    try:
        shared = tempfile.TemporaryDirectory(prefix="bridge-metrics-")
    except OSError as error:
        raise ConfigurationError(
            f"several workers share their metrics in a temporary folder, and none can be made ({error.strerror}); "
            "set TMPDIR to a folder that can be written, in memory if possible"
        ) from None
    with shared as folder:
        raise SystemExit(_supervise(settings, sockets, Path(folder)))


def _say(line: str, to: TextIO) -> None:
    # In one write, where print() makes two if Python does not buffer: the workers share what they write to.
    to.write(f"bridge: {line}\n")
    to.flush()


def _bound(where: str) -> socket.socket:
    host, port = address(where)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except OSError as error:
        bound.close()
        raise ConfigurationError(f"cannot listen on {where}: {error.strerror}") from None
    bound.listen(1024)
    bound.setblocking(False)
    return bound


async def _worker(settings: Settings, sockets: dict[str, socket.socket], parent: int | None = None) -> int:
    app = App(settings)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in SIGNALS:
        loop.add_signal_handler(number, stop.set)
    await app.start(sockets)
    # What start-up made lives as long as the process; collecting it again and again costs milliseconds per call.
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)
    _say(f"serving {app.url}" + (f", admin {app.admin_url}" if app.admin_url else ""), sys.stdout)
    ends: set[asyncio.Task[object]] = {asyncio.create_task(stop.wait())}
    if parent is not None:
        ends.add(asyncio.create_task(_orphaned(parent)))
    await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    await app.stop()
    for each in ends:
        each.cancel()
    return 0


def _supervise(settings: Settings, sockets: dict[str, socket.socket], shared: Path) -> int:
    """Fork the workers over the shared sockets; one that dies is replaced, a signal stops all.

    They keep what they count in the folder ``shared``, so that whichever is asked can tell it of all.
    """
    children: dict[int, int] = {}
    stopping = False

    def stop(_number: int, _frame: object) -> None:
        nonlocal stopping
        stopping = True
        for pid in children:
            os.kill(pid, signal.SIGTERM)

    def start(place: int) -> None:
        pid = _fork(settings, sockets, place, shared)
        children[pid] = place
        if stopping:
            # The signal came while it was being made, and it was not among those that were told.
            os.kill(pid, signal.SIGTERM)

    for number in SIGNALS:
        signal.signal(number, stop)
    for place in range(settings.workers):
        start(place)
    worst = 0
    while children:
        pid, status = os.wait()
        place = children.pop(pid)
        dead(shared, place)
        code = os.waitstatus_to_exitcode(status)
        if stopping:
            # Ended by the signal itself: it had not begun to serve, so nothing was in flight.
            worst = max(worst, 0 if code == -signal.SIGTERM else abs(code))
        elif code == 2:
            # A refusal of the configuration will not go away by starting again.
            worst = 2
            stop(signal.SIGTERM, None)
        else:
            _say(f"worker {place} ended with {code}; starting another", sys.stderr)
            start(place)
    return worst


def _fork(settings: Settings, sockets: dict[str, socket.socket], place: int, shared: Path) -> int:
    # No signal between the fork and the child's own handling: the supervisor's handler must not run in the child.
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    parent = os.getpid()
    pid = os.fork()
    if pid:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        return pid
    for number in SIGNALS:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    code = 70
    try:
        METRICS.share(shared, place)
        own = sockets if place == 0 else {"callers": sockets["callers"]}
        code = asyncio.run(_worker(settings, own, parent))
    except Exception as error:  # a child must end here and nowhere else
        _say(str(error), sys.stderr)
        code = 2
    finally:
        os._exit(code)


async def _orphaned(parent: int) -> None:
    """Return when the supervisor is gone: without it nobody would tell this worker to stop."""
    while os.getppid() == parent:
        await asyncio.sleep(ORPHAN_SECONDS)
