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

AHEAD_SECONDS = 25.0
"""How far Zuora's clock may be ahead of this machine's and be believed: both follow the same time (RFC 5905)."""

SIMULATED_SECONDS = 3600.0
"""A first answer this far from this machine's clock is a simulated tenant's, or this machine's clock is of no use."""

_SLEW = 0.001
_LONGEST = 60.0
"""How fast the estimate may go forward: a thousandth of the time since the last answer, and of a minute at most."""

_DRIFT = 1e-4
"""How far two clocks may part, per second: a kept interval widens by this, so that old answers count for less."""


def fence_now() -> float:
    """Seconds on the fence clock: what ``not_after`` of a send is measured on."""
    return clocks.fence()


class ZuoraClock:
    """The time by Zuora's clock; until the first answer it is the local time.

    A wrong Date must never hasten a proof of absence or a repeat, only delay it. So the clock is never believed to be
    more than ``AHEAD_SECONDS`` ahead of this machine's at the start, and from then on it is not set forward: what is
    later than it was believed to be is approached by a thousandth of the time that passes. Backwards it is believed.
    ``simulated``: a sandbox's clock, which its user sets as they like and which is believed in everything; None leaves
    it to the first answer, which of no real Zuora is hours away.
    """

    def __init__(self, *, simulated: bool | None = None) -> None:
        self._anchor = clocks.wall() - fence_now()
        self._low = 0.0
        self._high = 0.0
        self._seen: float | None = None
        self._simulated = simulated
        self._ceiling = AHEAD_SECONDS

    def now(self) -> Instant:
        """Milliseconds since the epoch by Zuora's clock."""
        return round((self._anchor + fence_now() + (self._low + self._high) / 2) * 1000)

    @property
    def simulated(self) -> bool:
        """Whether every jump is believed."""
        return bool(self._simulated)

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
        if self._simulated is None:
            self._simulated = abs(low) > SIMULATED_SECONDS
        if not self._simulated:
            low, high = self._bounded(low, high, received)
        if self._seen is not None:
            slack = _DRIFT * max(0.0, received - self._seen)
            kept_low, kept_high = max(low, self._low - slack), min(high, self._high + slack)
            # Disjoint intervals mean that one of the two clocks was set; the newest answer is the one to believe.
            if kept_low <= kept_high:
                low, high = kept_low, kept_high
        self._low, self._high, self._seen = low, high, received

    def _bounded(self, low: float, high: float, received: float) -> tuple[float, float]:
        first = self._seen is None
        bound = self._ceiling + (0.0 if first else _SLEW * min(_LONGEST, max(0.0, received - (self._seen or 0.0))))
        low, high = min(low, bound), min(high, bound)
        self._ceiling = high if first else max(self._ceiling, high)
        return low, high


@lru_cache(maxsize=4)  # the same second is seen again and again
def _epoch(date: str | None) -> float | None:
    if not date or len(date) > 64:
        return None
    try:
        return parsedate_to_datetime(date).timestamp()
    except (ValueError, OverflowError, OSError, TypeError, IndexError):
        return None
