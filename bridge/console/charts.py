"""Small charts as plain shapes: where each bar stands, for the templates to draw as SVG.

Shapes are in a box of whole numbers that the page stretches; colours are classes of the style sheet, words stand beside
the picture and never in it. Pure. Must not render anything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bridge.console.words import clock

ROUTES = ("soap", "action", "rest", "refused", "unknown")
"""How a bar is stacked, from below: what went which way, what was refused, what nobody knows yet."""

WIDTH = 600
HEIGHT = 120
GAP = 2
TRACK = 100


@dataclass(frozen=True, slots=True)
class Bar:
    """A rectangle; ``kind`` is its class."""

    kind: str
    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Traffic:
    """Calls over time. ``top`` is what the full height stands for, ``ticks`` the times below from left to right."""

    bars: tuple[Bar, ...]
    top: int
    ticks: tuple[str, ...]
    sums: Mapping[str, int]

    @property
    def sentence(self) -> str:
        """The picture in words, for who does not see it."""
        said = ", ".join(f"{self.sums[kind]} {kind}" for kind in ROUTES if self.sums[kind])
        return f"Calls by route from {self.ticks[0]} to {self.ticks[-1]} UTC: {said or 'none'}."


def traffic(buckets: Sequence[Mapping[str, Any]], minutes: int) -> Traffic | None:
    """Stacked bars, one per bucket; None where there are no buckets."""
    if not buckets:
        return None
    counts = [{kind: int(each.get(kind) or 0) for kind in ROUTES} for each in buckets]
    top = _round_up(max(sum(each.values()) for each in counts))
    step = WIDTH / len(counts)
    bars: list[Bar] = []
    for place, each in enumerate(counts):
        below = HEIGHT
        left, right = round(place * step), round((place + 1) * step)
        for kind in ROUTES:
            if each[kind]:
                height = max(1, round(each[kind] * HEIGHT / top))
                below -= height
                bars.append(Bar(kind, left, below, max(1, right - left - GAP), height))
    at = [each.get("at") for each in buckets]
    ticks = [clock(at[len(at) * part // 4], seconds=False) for part in range(4)]
    last = at[-1] + minutes * 60_000 // len(at) if isinstance(at[-1], int) else None
    return Traffic(
        tuple(bars),
        top,
        (*ticks, clock(last, seconds=False)),
        {kind: sum(each[kind] for each in counts) for kind in ROUTES},
    )


def share(part: object, whole: object) -> int:
    """How far a bar of ``TRACK`` is filled."""
    if not isinstance(part, int | float) or not isinstance(whole, int | float) or whole <= 0:
        return 0
    return max(0, min(TRACK, round(part * TRACK / whole)))


def slowest(latency: Mapping[str, Any]) -> int:
    """The largest p99 of all routes: the right end of the ruler on which they are drawn."""
    found = [each.get("p99") for each in latency.values() if isinstance(each, Mapping)]
    return round(max((each for each in found if isinstance(each, int | float)), default=1)) or 1


def _round_up(most: int) -> int:
    """The next of 1, 2, 5, 10, 20, 50 ...: a top that can be read."""
    scale = 1
    while True:
        for step in (1, 2, 5):
            if step * scale >= most:
                return step * scale
        scale *= 10
