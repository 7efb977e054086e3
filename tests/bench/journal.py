"""``python -m tests.bench.journal``: commits and time per recorded call, and what retention adds for callers.

On SQLite in a temporary folder and, where a server can be had, on PostgreSQL with fsync on. A call here is what one
payment records: opened before it is sent, moved after it was answered.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from statistics import median, quantiles

sys.path[:0] = [str(Path(__file__).resolve().parents[1]), str(Path(__file__).resolve().parents[1] / "journal")]

from journal_examples import KEY, answered, moved, opened  # noqa: E402
from postgresql_server import PostgreSQL, why_not  # noqa: E402

from bridge.journal import Journal  # noqa: E402
from bridge.journal.retention import sweep  # noqa: E402

CALLS = 640
ABREAST = (1, 8, 64)
LATER = 10**9


@contextmanager
def addresses() -> Iterator[dict[str, str]]:
    """An empty journal of each kind."""
    with tempfile.TemporaryDirectory(prefix="bridge-bench-") as folder:
        found = {"sqlite": f"sqlite:///{folder}/bridge.db"}
        if reason := why_not():
            print(f"postgresql: {reason}")
            yield found
            return
        server = PostgreSQL()
        try:
            yield {**found, "postgresql": server.url(server.new_place())}
        finally:
            server.end()


async def calls(journal: Journal, name: str, abreast: int) -> list[float]:
    """Milliseconds of each call's two commits together, so many calls at a time."""
    taken: list[float] = []
    numbers = iter(range(CALLS))

    async def caller() -> None:
        for number in numbers:
            began = time.perf_counter()
            assert await journal.record([opened(f"{name}-{number}")])
            assert await journal.record([moved(f"{name}-{number}"), answered(f"d-{name}-{number}")])
            taken.append((time.perf_counter() - began) * 1000)

    await asyncio.gather(*(caller() for _ in range(abreast)))
    return taken


async def measure(kind: str, journal: Journal) -> None:
    """Print one line for each number of calls at a time, and two with and without retention beside them."""
    for abreast in ABREAST:
        before = journal.commits
        taken = await calls(journal, f"a{abreast}", abreast)
        per_call = (journal.commits - before) / CALLS
        print(f"{kind:10} {abreast:3} abreast: {per_call:.2f} commits a call, {spread(taken)}")
    sweeping = asyncio.create_task(sweep(journal, LATER))
    taken = await calls(journal, "beside", 8)
    sweeping.cancel()
    await asyncio.gather(sweeping, return_exceptions=True)
    print(f"{kind:10}   8 abreast, beside retention: {spread(taken)}")


def spread(taken: list[float]) -> str:
    """Median and 99th percentile."""
    return f"p50 {median(taken):.1f} ms, p99 {quantiles(taken, n=100)[98]:.1f} ms"


def main() -> int:
    """Measure each kind."""
    with addresses() as found:
        for kind, url in found.items():
            with closing(Journal.open(url, KEY, "w1")) as journal:
                asyncio.run(measure(kind, journal))
    return 0


if __name__ == "__main__":
    sys.exit(main())
