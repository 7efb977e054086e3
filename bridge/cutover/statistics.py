"""Exact bounds of rates and percentiles from counts, without a library: what gates and parity's verdicts rest on.

Contract: pure and deterministic. Rates and times are floats here, never money. Must not draw a random number.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from functools import lru_cache

CONFIDENCE = 0.95

_HALVINGS = 50
_TINY = 1e-300


@lru_cache(maxsize=4096)
def upper_bound(hits: int, trials: int, confidence: float = CONFIDENCE) -> float:
    """The one-sided exact upper bound of a rate (Clopper and Pearson, 1934); 1.0 without trials.

    The p at which ``hits`` or fewer of ``trials`` have the probability 1 - confidence. For 0 hits it is
    1 - (1 - confidence)^(1/trials), about 3/trials at 95 %.
    """
    if not 0 <= hits <= trials:
        raise ValueError(f"{hits} of {trials} is no rate")
    if hits == trials:
        return 1.0
    if hits == 0:
        return -math.expm1(math.log1p(-confidence) / trials)
    low, high = hits / trials, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if at_most(hits, trials, middle) > 1 - confidence:
            low = middle
        else:
            high = middle
    return high


def lower_bound(hits: int, trials: int, confidence: float = CONFIDENCE) -> float:
    """The one-sided exact lower bound of a rate; 0.0 without trials."""
    return 1.0 - upper_bound(trials - hits, trials, confidence)


def needed(tolerance: float, confidence: float = CONFIDENCE) -> int:
    """How many clean trials bound a rate at ``tolerance``."""
    return math.ceil(math.log1p(-confidence) / math.log1p(-tolerance))


def at_most(hits: int, trials: int, rate: float) -> float:
    """P(X <= hits) for a binomial X: the regularised incomplete beta function I_(1-rate)(trials - hits, hits + 1)."""
    if hits >= trials:
        return 1.0
    if not 0.0 < rate < 1.0:
        return 1.0 if rate <= 0.0 else 0.0
    a, b = float(trials - hits), float(hits + 1)
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log1p(-rate) + b * math.log(rate))
    # The fraction converges fast on this side of the mean only; the other side is its complement.
    if 1.0 - rate < (a + 1.0) / (a + b + 2.0):
        return front * _fraction(a, b, 1.0 - rate) / a
    return 1.0 - front * _fraction(b, a, rate) / b


def _fraction(a: float, b: float, x: float) -> float:
    """The continued fraction of the incomplete beta function, by Lentz's method (Numerical Recipes, 6.4)."""
    c, d = 1.0, 1.0 / _away(1.0 - (a + b) * x / (a + 1.0))
    value = d
    m = 0
    while True:
        m += 1
        even = m * (b - m) * x / ((a + 2 * m - 1.0) * (a + 2 * m))
        d = 1.0 / _away(1.0 + even * d)
        c = _away(1.0 + even / c)
        value *= d * c
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1.0))
        d = 1.0 / _away(1.0 + odd * d)
        c = _away(1.0 + odd / c)
        value *= d * c
        if abs(d * c - 1.0) < 1e-13:
            return value


def _away(value: float) -> float:
    return value if abs(value) > _TINY else _TINY


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least ``share`` of all do not exceed (nearest rank)."""
    if not values:
        raise ValueError("no values")
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def percentile_bounds(values: Sequence[float], share: float, confidence: float) -> tuple[float, float]:
    """One-sided bounds of the true percentile, below and above, each with ``confidence``: order statistics.

    However the values are distributed, so many of them lie below their percentile as a binomial says. Without enough
    values they are 0.0 and infinity.
    """
    ordered, count = sorted(values), len(values)
    ranks = range(1, count + 1)

    def fewer(rank: int) -> float:
        return at_most(rank - 1, count, share)

    # The k-th smallest is below the percentile unless fewer than k values are.
    below = bisect_right(ranks, 1 - confidence, key=fewer)
    above = bisect_left(ranks, confidence, key=fewer)
    return ordered[below - 1] if below else 0.0, ordered[above] if above < count else math.inf
