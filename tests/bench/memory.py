"""``python -m tests.bench.memory --calls 200000``: what one process takes after many calls, and not after many minutes.

One `bridge serve` on SQLite before a sandbox that answers at once, so that calls come as fast as this machine can make
them. Every twentieth part is read: resident memory, open handles, the journal. Must not judge.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from tests.bench import peers
from tests.bench.capacity import Load, Point, callers, running
from tests.bench.work import WORKS, Tenant

RECORDED = Path(__file__).with_name("memory.json")
POINT = Point("SQLite, 1 process, Zuora at once", "create-1-soap", "sqlite", 1, 0, 6)
READINGS = 20


def measure(calls: int) -> dict[str, Any]:
    """So many calls; a reading after each part of them, and what was answered wrongly."""
    with tempfile.TemporaryDirectory(prefix="bridge-memory-") as name:
        folder = Path(name)
        with running(POINT, folder, None) as (zuora, (bridge,), place):
            names = json.loads(zuora.line.partition(" ")[2])
            tenant = Tenant(names, peers.session(zuora.url), peers.token(zuora.url))
            request = WORKS[POINT.work].through(bridge.url, tenant)
            load = Load([], [], threading.Event())
            began = time.monotonic()
            threads = callers(POINT, [bridge.url], request, load, iter(range(10**9, 10**10)))
            watched = []
            for part in range(1, READINGS + 1):
                while len(load.latencies) < calls * part // READINGS and not load.wrong:
                    time.sleep(0.2)
                watched.append(
                    {
                        "calls": len(load.latencies),
                        "at_s": round(time.monotonic() - began),
                        "memory_mb": round(bridge.resident / 2**20, 1),
                        "handles": bridge.handles,
                        "journal_mb": round(place.size / 2**20, 1),
                    }
                )
                print(watched[-1], file=sys.stderr, flush=True)
                if load.wrong:
                    break
            load.over.set()
            for thread in threads:
                thread.join(60)
            return {"point": POINT.name, "watched": watched, "wrong": len(load.wrong), "said": load.wrong[:1]}


def main() -> int:
    """Measure, print and with ``--record`` keep it for ``deploy/CAPACITY.md``; 1 where a call was answered wrongly."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.memory", description=__doc__)
    parser.add_argument("--calls", type=int, default=200_000)
    parser.add_argument("--record", action="store_true", help=f"keep it in {RECORDED.name}")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    found = measure(given.calls)
    print(json.dumps(found, indent=1))
    if given.record and not found["wrong"]:
        RECORDED.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return 1 if found["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main())
