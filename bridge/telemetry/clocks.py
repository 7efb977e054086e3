"""This machine's clocks, in one place, so that a simulation can stand in for the machine.

Three, because they differ where it matters: the wall clock can be set, the steady clock stands still while the machine
is suspended, the fence clock does neither. Must not be asked for Zuora's time: ``upstream.clock`` estimates that.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

_BOOTTIME: int = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""Linux: counts suspension (clock_gettime(2)). macOS has none, but its CLOCK_MONOTONIC counts suspension already."""


class Clocks(Protocol):
    """What a machine has. All in seconds."""

    def wall(self) -> float:
        """Since the epoch, as far as somebody has set it right."""

    def steady(self) -> float:
        """Counts on evenly from anywhere, but not while the machine sleeps."""

    def fence(self) -> float:
        """Counts on evenly from anywhere, also while the machine sleeps."""


class _Machine:
    """The real ones."""

    def wall(self) -> float:
        return time.time()

    def steady(self) -> float:
        return time.monotonic()

    def fence(self) -> float:
        return time.clock_gettime(_BOOTTIME)


_clocks: Clocks = _Machine()


def wall() -> float:
    """Seconds since the epoch by the wall clock."""
    return _clocks.wall()


def steady() -> float:
    """Seconds on the steady clock."""
    return _clocks.steady()


def fence() -> float:
    """Seconds on the fence clock."""
    return _clocks.fence()


@contextmanager
def replaced(clocks: Clocks) -> Iterator[None]:
    """Within the block, for all threads of this process, these are the machine's clocks. Never in production."""
    global _clocks
    before, _clocks = _clocks, clocks
    try:
        yield
    finally:
        _clocks = before
