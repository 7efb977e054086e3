"""Zuora's clock, estimated from the Date header of its answers, and the clock that fences a send.

A Date header names a whole second (RFC 9110, 5.6.7), so each answer says only that Zuora's clock stood within one
second plus the round trip; the estimate is where all these intervals overlap. Local time is counted on a clock that
runs on while the machine is suspended, from one reading of the wall clock, so that a step of the local wall clock
does not move Zuora's time. Must not raise for a header that cannot be read.
"""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from functools import lru_cache

from bridge.core.model import Instant
from bridge.telemetry import clocks

_DRIFT = 1e-4
"""How far two clocks may part, per second: a kept interval widens by this, so that old answers count for less."""


def fence_now() -> float:
    """Seconds on the fence clock: what ``not_after`` of a send is measured on."""
    return clocks.fence()


class ZuoraClock:
    """The time by Zuora's clock; until the first answer it is the local time."""

    def __init__(self) -> None:
        self._anchor = clocks.wall() - fence_now()
        self._low = 0.0
        self._high = 0.0
        self._seen: float | None = None

    def now(self) -> Instant:
        """Milliseconds since the epoch by Zuora's clock."""
        return round((self._anchor + fence_now() + (self._low + self._high) / 2) * 1000)

    @property
    def error(self) -> float | None:
        """Half the width of the estimate in seconds, or None before the first answer."""
        return None if self._seen is None else (self._high - self._low) / 2

    def observe(self, date: str | None, sent: float, received: float) -> None:
        """Learn from one answer; ``sent`` and ``received`` are fence-clock seconds around it."""
        stamp = _epoch(date)
        if stamp is None or received < sent:
            return
        low, high = stamp - (self._anchor + received), stamp + 1 - (self._anchor + sent)
        if self._seen is not None:
            slack = _DRIFT * max(0.0, received - self._seen)
            kept_low, kept_high = max(low, self._low - slack), min(high, self._high + slack)
            # Disjoint intervals mean that one of the two clocks was set; the newest answer is the one to believe.
            if kept_low <= kept_high:
                low, high = kept_low, kept_high
        self._low, self._high, self._seen = low, high, received


@lru_cache(maxsize=4)  # the same second is seen again and again
def _epoch(date: str | None) -> float | None:
    if not date or len(date) > 64:
        return None
    try:
        return parsedate_to_datetime(date).timestamp()
    except (ValueError, OverflowError, OSError, TypeError, IndexError):
        return None
