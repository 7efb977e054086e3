"""The figures of ``deploy/CAPACITY.md``: ``python -m tests.bench.capacity_page`` writes them from what was recorded.

What stands between the page's markers is made here; the words around it are a person's. Must not measure.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.bench import memory as many
from tests.bench.capacity import RECORDED, SLOTS

PAGE = Path(__file__).resolve().parents[2] / "deploy" / "CAPACITY.md"
MARKED = re.compile(r"(<!-- figures: (\w+) -->\n).*?(<!-- /figures -->)", re.DOTALL)
CORES = 2
KEEP_DAYS = 400
RATE_MINUTE = 50_000
"""Zuora's requests a minute for a production tenant (Zuora: Rate and concurrency limits)."""
DAYS = (1_000, 10_000, 100_000)


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A table in Markdown."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join([*lines, *("| " + " | ".join(str(cell) for cell in row) + " |" for row in rows)]) + "\n"


def measured(found: dict[str, Any]) -> str:
    """What each point came to."""
    head = ("arrangement", "Zuora answers in", "callers", "calls/s", "p50", "p99", "CPU of bridge", "CPU of database",
            "commits a call", "memory a process")  # fmt: skip
    return table(
        head,
        [
            (
                each["name"],
                f"{each['latency']} ms",
                each["callers"],
                each["calls_per_s"],
                f"{each['p50_ms']:.0f} ms",
                f"{each['p99_ms']:.0f} ms",
                f"{each['bridge_cpu_ms']:.2f} ms",
                f"{each['database_cpu_ms']:.2f} ms" if each["store"] == "postgresql" else "in the bridge",
                f"{each['commits_per_call']:.2f}",
                f"{each['memory_mb']:.0f} MB",
            )
            for each in found["points"]
        ],
    )


def model(found: dict[str, Any]) -> str:
    """What the points say of other sizes."""
    points = {each["name"]: each for each in found["points"]}
    two = points["PostgreSQL, 2 replicas"]
    rest = points["PostgreSQL, 2 replicas, by REST"]
    batch = points["PostgreSQL, 2 replicas, batches of 50"]
    soak = found["soak"]
    rows = [
        ("calls a second of one core of bridge, one payment each, by SOAP", rate(two["bridge_cpu_ms"])),
        ("the same by REST", rate(rest["bridge_cpu_ms"])),
        ("payments a second of one core in batches of 50", rate(batch["bridge_cpu_ms"] / 50)),
        ("calls a second of one core of PostgreSQL", rate(two["database_cpu_ms"])),
        ("journal a call (tables and indexes, over the soak)", f"{soak['journal_bytes_per_call']:,} bytes"),
        (f"Zuora's ceiling at 50 ms, {SLOTS} slots", f"{SLOTS * 20:,} requests a second"),
        (f"Zuora's ceiling at 500 ms, {SLOTS} slots", f"{SLOTS * 2:,} requests a second"),
        ("Zuora's ceiling by rate", f"{RATE_MINUTE // 60:,} requests a second"),
    ]
    return table(("what", "how much"), rows)


def rate(cpu_ms: float) -> str:
    """Calls a second of one core."""
    return f"{1000 / cpu_ms:,.0f}" if cpu_ms else "-"


def retention(found: dict[str, Any]) -> str:
    """What is kept, by what a tenant pays in a day."""
    each = found["soak"]["journal_bytes_per_call"]
    return table(
        ("payments a day", "a day", f"{KEEP_DAYS} days"),
        [(f"{day:,}", size(day * each), size(day * each * KEEP_DAYS)) for day in DAYS],
    )


def size(count: float) -> str:
    """Bytes as people say them."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if count >= 10 or unit == "bytes" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def soak(found: dict[str, Any]) -> str:
    """The beginning, the middle and the end."""
    watched = found["soak"]["watched"]
    chosen = [watched[place * (len(watched) - 1) // 4] for place in range(5)]
    return table(
        ("after", "calls", "memory a process", "open handles", "journal"),
        [
            (
                f"{each['at_s']:.0f} s",
                f"{each['calls']:,}",
                f"{each['memory_mb']:.1f} MB",
                each["handles"],
                f"{each['journal_mb']:.1f} MB",
            )
            for each in chosen
        ],
    )


def memory(found: dict[str, Any]) -> str:
    """One process over many calls, in ten steps."""
    return table(
        ("calls", "after", "memory", "open handles", "journal"),
        [
            (
                f"{each['calls']:,}",
                f"{each['at_s'] // 60} min",
                f"{each['memory_mb']:.1f} MB",
                each["handles"],
                f"{each['journal_mb']:,.0f} MB",
            )
            for each in found["memory"]["watched"][1::2]
        ],
    )


FIGURES = {"measured": measured, "model": model, "retention": retention, "soak": soak, "memory": memory}


def recorded() -> dict[str, Any]:
    """What the bench has kept."""
    found: dict[str, Any] = json.loads(RECORDED.read_text(encoding="utf-8"))
    return found | {"memory": json.loads(many.RECORDED.read_text(encoding="utf-8"))}


def page(text: str, found: dict[str, Any]) -> str:
    """The page with its figures."""
    return MARKED.sub(lambda part: f"{part[1]}{FIGURES[part[2]](found)}{part[3]}", text)


def main() -> int:
    """Write it."""
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8"), recorded()), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
