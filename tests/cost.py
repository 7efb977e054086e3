"""What something costs, as a ratio against a reference that is run in the same process beside it.

A machine's speed changes with its neighbours: the same work takes twice as long when the core's sibling is busy. A
bound in seconds then fails for the neighbour; a ratio fails for the code. Must not be used for what waits: only CPU
time counts.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

ROUNDS = 9


def spent(work: Callable[[], Any], times: int = 1) -> float:
    """CPU seconds of this process for ``times`` runs."""
    before = time.process_time()
    for _ in range(times):
        work()
    return time.process_time() - before


class Reference:
    """A work that others are compared with."""

    def __init__(self, work: Callable[[], Any], times: int = 1) -> None:
        self._work = work
        self._times = times
        self._last: float | None = None

    def ratio(self, work: Callable[[], Any], below: float, times: int = 1) -> float:
        """The smallest ratio of up to nine rounds, which end with the first one below ``below``.

        In each round the reference runs right behind the work. Where the last round's figure for the reference
        suffices already it is not run again.
        """
        best = math.inf
        for _ in range(ROUNDS):
            cost = spent(work, times) / times
            if self._last is None or cost / self._last >= below:
                self._last = max(spent(self._work, self._times) / self._times, 1e-9)
            best = min(best, cost / self._last)
            if best < below:
                break
        return best


def growth(work: Callable[[int], Any], size: int, below: float = 8.0, factor: int = 4) -> float:
    """How many times more ``factor`` times the size costs: about ``factor`` if linear, its square if quadratic."""
    return Reference(lambda: work(size // factor)).ratio(lambda: work(size), below)
