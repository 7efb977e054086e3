"""The numbers behind a verdict, exact and without a library: binomial bounds, percentiles, bootstrap intervals.

Contract: pure and deterministic; what is random is seeded. Rates and seconds are floats here, never money.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

CONFIDENCE = 0.95
RESAMPLES = 400
MOST_SAMPLES = 1000
"""A bootstrap over more pairs takes an even choice of them: the interval's own error is larger by then."""


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
    for _ in range(60):
        middle = (low + high) / 2
        if _at_most(hits, trials, middle) > 1 - confidence:
            low = middle
        else:
            high = middle
    return high


def needed(tolerance: float, confidence: float = CONFIDENCE) -> int:
    """How many clean trials bound a rate at ``tolerance``."""
    return math.ceil(math.log1p(-confidence) / math.log1p(-tolerance))


def _at_most(hits: int, trials: int, rate: float) -> float:
    """P(X <= hits) for a binomial X, summed in logarithms so that large trials do not underflow."""
    if rate >= 1.0:
        return 0.0
    whole = math.lgamma(trials + 1)
    yes, no = math.log(rate), math.log1p(-rate)
    terms = (
        math.exp(whole - math.lgamma(k + 1) - math.lgamma(trials - k + 1) + k * yes + (trials - k) * no)
        for k in range(hits + 1)
    )
    return math.fsum(terms)


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least ``share`` of all do not exceed (nearest rank)."""
    if not values:
        raise ValueError("no values")
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


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
