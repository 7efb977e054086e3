"""``python -m tests.bench.capacity``: what a tenant at its ceiling costs, by replicas, database and Zuora's latency.

Every point runs `bridge serve` processes as shipped before the sandbox, which answers as late as it is told, with so
many callers at once that each waits for its answer before it calls again. Rates belong to this machine, where callers,
sandbox, database and bridge share the cores; CPU per call is each process's own and travels better. ``--soak`` watches
memory, file handles and the journal over minutes. Must not judge: ``capacity_page`` derives the model.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import signal
import sqlite3
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).resolve().parents[1])]

from postgresql_server import PostgreSQL, why_not  # noqa: E402

from tests.bench import peers  # noqa: E402
from tests.bench.client import Client  # noqa: E402
from tests.bench.processes import Process, cpu_of  # noqa: E402
from tests.bench.work import WORKS, Request, Tenant  # noqa: E402

RECORDED = Path(__file__).with_name("capacity.json")
KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
"""Of a journal that is thrown away."""

SLOTS = 40
"""What Zuora lets a tenant have under way at once (Zuora: Rate and concurrency limits)."""

_COMMITS = re.compile(r'^bridge_journal_commits_total\{outcome="done"\} (\S+)$', re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Point:
    """One arrangement; ``latency`` is Zuora's, in milliseconds."""

    name: str
    work: str
    store: str
    replicas: int
    latency: int
    callers: int = SLOTS


POINTS = (
    Point("SQLite, 1 process", "create-1-soap", "sqlite", 1, 50),
    Point("PostgreSQL, 1 replica", "create-1-soap", "postgresql", 1, 50),
    Point("PostgreSQL, 2 replicas", "create-1-soap", "postgresql", 2, 50),
    Point("PostgreSQL, 3 replicas", "create-1-soap", "postgresql", 3, 50),
    Point("PostgreSQL, 2 replicas, by REST", "create-1-rest", "postgresql", 2, 50),
    Point("PostgreSQL, 2 replicas, batches of 50", "create-50-soap", "postgresql", 2, 50),
    Point("PostgreSQL, 2 replicas, slow Zuora", "create-1-soap", "postgresql", 2, 500),
    Point("PostgreSQL, 2 replicas, slow Zuora, twice the callers", "create-1-soap", "postgresql", 2, 500, 2 * SLOTS),
)

QUICK = (POINTS[0],)

SOAKED = POINTS[6]
"""As slow as Zuora usually is, all slots in use: what a busy hour looks like."""


class Place:
    """A journal of its own, and what it takes."""

    def __init__(self, point: Point, folder: Path, server: PostgreSQL | None) -> None:
        self._server = server if point.store == "postgresql" else None
        self._file = folder / "capacity.db"
        self._schema = self._server.new_place() if self._server is not None else ""
        self.url = self._server.url(self._schema) if self._server is not None else f"sqlite:///{self._file}"

    @property
    def size(self) -> int:
        """Bytes of tables and indexes."""
        if self._server is None:
            with closing(sqlite3.connect(self._file)) as journal:
                ((pages,),) = journal.execute("PRAGMA page_count").fetchall()
                ((each,),) = journal.execute("PRAGMA page_size").fetchall()
            return int(pages) * int(each)
        ((size,),) = self._server.execute(
            "SELECT sum(pg_total_relation_size(c.oid)) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
            f"WHERE n.nspname = '{self._schema}' AND c.relkind = 'r'"
        )
        return int(size)

    @property
    def cpu(self) -> float:
        """CPU seconds of the database's own processes."""
        return cpu_of(self._server.pid) if self._server is not None else 0.0


@dataclass(slots=True)
class Load:
    """Callers of some bridges until told to end; what they saw."""

    latencies: list[float]
    wrong: list[str]
    over: threading.Event


def callers(point: Point, urls: Sequence[str], request: Request, load: Load, numbers: Iterator[int]) -> list[Any]:
    """Start them."""
    lock, good = threading.Lock(), WORKS[point.work].good

    def call(place: int) -> None:
        client = Client(urls[place % len(urls)])
        while not load.over.is_set():
            with lock:
                number = next(numbers)
            before = time.perf_counter()
            status, body = client.call(request.filled(number * max(1, request.references)))
            taken = time.perf_counter() - before
            if good(status, body):
                load.latencies.append(taken)
            else:
                load.wrong.append(f"HTTP {status}: {body[:300]!r}")
        client.close()

    threads = [threading.Thread(target=call, args=(place,), daemon=True) for place in range(point.callers)]
    for thread in threads:
        thread.start()
    return threads


@contextmanager
def running(point: Point, folder: Path, server: PostgreSQL | None) -> Iterator[tuple[Process, list[Process], Place]]:
    """The sandbox, the bridges and their journal."""
    with ExitStack() as stack:
        zuora = Process([sys.executable, "-m", "tests.bench.tenant"], folder, "sandbox", peers.ROOT, {})
        stack.callback(zuora.stop)
        for path in ("/v1/", "/apps/services/a/"):
            late = {"kind": "delay", "match": {"path": path}, "seconds": point.latency / 1000, "times": 10**9}
            urllib.request.urlopen(f"{zuora.url}/sandbox/faults", json.dumps(late).encode(), timeout=10).close()
        place = Place(point, folder, server)
        env = {**peers.settings(zuora.url, folder / "unused.db"), "BRIDGE_DATABASE_URL": place.url}
        env["BRIDGE_JOURNAL__KEY"] = KEY
        env["BRIDGE_CALLERS"] = json.dumps({"erp": {"usernames": [peers.USER], "allow": ["*"], "twins": "allow"}})
        bridges = []
        for number in range(point.replicas):
            bridges.append(Process([sys.executable, "-c", peers.SERVE], folder, f"bridge{number}", peers.ROOT, env))
            stack.callback(bridges[-1].stop)
        yield zuora, bridges, place


def measure(point: Point, server: PostgreSQL | None, warm: float, seconds: float, every: float = 0.0) -> dict[str, Any]:
    """One point; with ``every`` also a reading of memory, handles and journal so often."""
    with tempfile.TemporaryDirectory(prefix="bridge-capacity-") as name:
        folder = Path(name)
        with running(point, folder, server) as (zuora, bridges, place):
            names = json.loads(zuora.line.partition(" ")[2])
            tenant = Tenant(names, peers.session(zuora.url), peers.token(zuora.url))
            request = WORKS[point.work].through(bridges[0].url, tenant)
            numbers = iter(range(10**9, 10**10))
            load = Load([], [], threading.Event())
            threads = callers(point, [each.url for each in bridges], request, load, numbers)
            time.sleep(warm)
            before = readings(bridges, place, zuora)
            done, began = len(load.latencies), time.monotonic()
            watched = list(watch(bridges, place, load, began, seconds, every))
            after, lasted = readings(bridges, place, zuora), time.monotonic() - began
            seen = sorted(load.latencies[done:])
            load.over.set()
            for thread in threads:
                thread.join(60)
            calls = max(1, len(seen))
            used = {key: (after[key] - before[key]) / calls for key in before}
            return asdict(point) | {
                "calls": len(seen),
                "wrong": len(load.wrong),
                "said": load.wrong[:1],
                "calls_per_s": round(len(seen) / lasted, 1),
                "p50_ms": round(seen[len(seen) // 2] * 1000, 1) if seen else None,
                "p99_ms": round(seen[len(seen) * 99 // 100] * 1000, 1) if seen else None,
                "bridge_cpu_ms": round(used["bridge"] * 1000, 3),
                "database_cpu_ms": round(used["database"] * 1000, 3),
                "others_cpu_ms": round((used["sandbox"] + used["driver"]) * 1000, 3),
                "commits_per_call": round(used["commits"], 3),
                "commits_per_s": round(used["commits"] * len(seen) / lasted, 1),
                "journal_bytes_per_call": round(used["journal"]),
                "memory_mb": round(max(each.resident for each in bridges) / 2**20, 1),
                "watched": watched,
            }


def readings(bridges: Sequence[Process], place: Place, zuora: Process) -> dict[str, float]:
    """What has been used so far."""
    return {
        "bridge": sum(each.cpu for each in bridges),
        "database": place.cpu,
        "sandbox": zuora.cpu,
        "driver": time.process_time(),
        "commits": sum(commits(each) for each in bridges),
        "journal": place.size,
    }


def commits(bridge: Process) -> float:
    """Of one bridge, by its own metrics."""
    admin = re.findall(r"http://[\w.\[\]:]+", bridge.line)[1]
    with urllib.request.urlopen(f"{admin}/metrics", timeout=10) as came:
        found = _COMMITS.search(came.read().decode())
    return float(found[1]) if found else 0.0


def watch(
    bridges: Sequence[Process], place: Place, load: Load, began: float, seconds: float, every: float
) -> Iterator[dict[str, float]]:
    """Readings over the time, or only the time."""
    while (left := began + seconds - time.monotonic()) > 0:
        time.sleep(min(left, every or left))
        if every:
            yield {
                "at_s": round(time.monotonic() - began, 1),
                "calls": len(load.latencies),
                "memory_mb": round(max(each.resident for each in bridges) / 2**20, 1),
                "handles": max(each.handles for each in bridges),
                "journal_mb": round(place.size / 2**20, 2),
            }


def main() -> int:
    """Measure, print and with ``--record`` keep what ``deploy/CAPACITY.md`` is made of."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.capacity", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one point, two seconds: is it alive")
    parser.add_argument("--seconds", type=float, default=20.0, help="the length of a point")
    parser.add_argument("--warm", type=float, default=5.0, help="seconds before each that are not measured")
    parser.add_argument("--soak", type=float, default=0.0, help="and one point of so many seconds, watched")
    parser.add_argument("--record", action="store_true", help=f"keep it in {RECORDED.name}")
    given = parser.parse_args()
    # Ctrl-C ends the processes too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with ExitStack() as stack:
        server = None
        if not given.quick:
            if reason := why_not():
                print(reason, file=sys.stderr)
                return 1
            server = PostgreSQL()
            stack.callback(server.end)
            # As in production: what is updated leaves room behind that is used again.
            server.execute("ALTER SYSTEM SET autovacuum = on")
            server.execute("SELECT pg_reload_conf()")
        points = QUICK if given.quick else POINTS
        warm, seconds = (0.5, 1.5) if given.quick else (given.warm, given.seconds)
        found: dict[str, Any] = {
            "machine": {"cpus": os.cpu_count(), "python": platform.python_version(), "kernel": platform.release()},
            "seconds": seconds,
            "points": [],
        }
        for point in points:
            print(f"{point.name} ...", file=sys.stderr, flush=True)
            found["points"].append(measure(point, server, warm, seconds))
        if given.soak:
            print(f"soak of {given.soak:.0f} s ...", file=sys.stderr, flush=True)
            found["soak"] = measure(SOAKED, server, given.warm, given.soak, every=max(1.0, given.soak / 60))
    print(json.dumps(found, indent=1))
    if given.record:
        RECORDED.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return 1 if any(each["wrong"] for each in found["points"]) else 0


if __name__ == "__main__":
    sys.exit(main())
