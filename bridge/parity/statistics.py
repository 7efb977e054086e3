"""The intervals behind a verdict, exact and without a library; the bounds of rates are the cutover room's.

Contract: pure and deterministic; what is random is seeded. Rates and seconds are floats here, never money.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from bridge.cutover.statistics import CONFIDENCE, needed, percentile, upper_bound

__all__ = ["CONFIDENCE", "Interval", "difference", "needed", "percentile", "upper_bound"]

RESAMPLES = 400
MOST_SAMPLES = 1000
"""A bootstrap over more pairs takes an even choice of them: the interval's own error is larger by then."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A difference in seconds with its 95 % interval."""

    value: float
    low: float
    high: float


def difference(left: Sequence[float], right: Sequence[float], share: float, seed: int) -> Interval:
    """right's percentile less left's, with a bootstrap interval over the pairs (Efron: percentile method)."""
    if len(left) != len(right):
        raise ValueError("pairs are needed")
    pairs = list(zip(left, right, strict=True))
    if len(pairs) > MOST_SAMPLES:
        step = len(pairs) / MOST_SAMPLES
        pairs = [pairs[int(place * step)] for place in range(MOST_SAMPLES)]
    draw = random.Random(seed)  # noqa: S311 - a bootstrap must be repeatable, not secret
    found = []
    for _ in range(RESAMPLES):
        again = draw.choices(pairs, k=len(pairs))
        found.append(percentile([b for _, b in again], share) - percentile([a for a, _ in again], share))
    value = percentile(right, share) - percentile(left, share)
    return Interval(value, percentile(found, 0.025), percentile(found, 0.975))
