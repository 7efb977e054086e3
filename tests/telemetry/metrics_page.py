"""Writes ``deploy/monitoring/metrics.md`` from the code: ``python tests/telemetry/metrics_page.py``."""

from __future__ import annotations

from pathlib import Path

from bridge.telemetry.families import Family, Gauge, Histogram
from bridge.telemetry.metrics import LABELS, MEANT, METRICS

PAGE = Path(__file__).parents[2] / "deploy" / "monitoring" / "metrics.md"

HEAD = """# Metrics

What `/metrics` on the admin listener tells, written from the code by `python tests/telemetry/metrics_page.py`. It needs
no token and holds no secret. With `BRIDGE_WORKERS` above 1 any scrape tells of all workers of that bridge: counters and
histograms are sums (a worker that died keeps what it has counted), gauges as the last column says. The number of series
is bounded; what comes after that, and every word that is not one of these, counts as `other`.

| name | type | unit | labels | meaning | of several workers |
|---|---|---|---|---|---|
"""

ACROSS = {
    "same": "each knows the whole; the one that is asked tells it",
    "livesum": "the sum of those that live",
    "livemin": "the least of those that live",
    "livemostrecent": "the newest",
}


def page() -> str:
    """The whole page."""
    rows = "".join(map(_row, METRICS.families))
    used = sorted({label for family in METRICS.families for label in family.labels})
    words = "".join(_words(label) for label in used)
    return f"{HEAD}{rows}\n## Labels\n\n| label | of | what it says |\n|---|---|---|\n{words}"


def _row(family: Family) -> str:
    across = ACROSS[family.across] if isinstance(family, Gauge) else "the sum"
    labels = ", ".join(f"`{each}`" for each in family.labels) or "none"
    return f"| `{family.name}` | {family.kind} | {_unit(family)} | {labels} | {family.text} | {across} |\n"


def _unit(family: Family) -> str:
    if family.name.endswith("_seconds"):
        return "seconds"
    if isinstance(family, Histogram):
        return family.name.rpartition("_")[2]
    return {"bridge_ramp_percent": "percent"}.get(family.name, "count" if family.kind == "counter" else "number")


def _words(label: str) -> str:
    special = {name: words for (name, each), words in MEANT.items() if each == label}
    rows = [f"| `{label}` | `{name}` | {words} |\n" for name, words in sorted(special.items())]
    if LABELS[label] != "see the meaning":
        where = "all others" if special else "all"
        rows.append(f"| `{label}` | {where} | {LABELS[label]} |\n")
    return "".join(rows)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
