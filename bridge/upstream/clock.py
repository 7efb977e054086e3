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

JUMP_SECONDS = 25.0
"""From how far on a change of Zuora's clock is believed only once it is confirmed: no clock that follows the time of
the world goes that far at once (RFC 5905), but one answer out of a cache or from a sick server can say it."""

CONFIRMED = 3
"""How many answers in a row must agree on such a change."""

SIMULATED_SECONDS = 30 * 86_400.0
"""A first answer this far from this machine's clock is a simulated tenant's, or this machine's clock is of no use."""

_DRIFT = 1e-4
"""How far two clocks may part, per second: a kept interval widens by this, so that old answers count for less."""


def fence_now() -> float:
    """Seconds on the fence clock: what ``not_after`` of a send is measured on."""
    return clocks.fence()


class ZuoraClock:
    """The time by Zuora's clock; until the first answer it is the local time.

    All processes write Zuora's time into one journal, whatever their machines' clocks say, so her word counts and not
    theirs. A single wrong Date must not move it, either way: a far change counts once ``CONFIRMED`` answers in a row
    agree on it. ``simulated``: a sandbox's clock, which its user sets as they like and which is believed at once; None
    leaves it to the first answer, which of no real Zuora is a month away.
    """

    def __init__(self, *, simulated: bool | None = None) -> None:
        self._anchor = clocks.wall() - fence_now()
        self._low = 0.0
        self._high = 0.0
        self._seen: float | None = None
        self._simulated = simulated
        self._claimed = (0.0, 0.0)
        self._claims = 0

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
        if self._seen is None:
            if self._simulated is None:
                self._simulated = abs(low) > SIMULATED_SECONDS
        else:
            slack = _DRIFT * max(0.0, received - self._seen)
            kept_low, kept_high = max(low, self._low - slack), min(high, self._high + slack)
            if kept_low <= kept_high:
                low, high = kept_low, kept_high
            # Disjoint intervals mean that one of the two clocks was set: the newest answer is the one to believe.
            elif kept_low - kept_high > JUMP_SECONDS and not self._simulated and not self._confirmed(low, high):
                return
        self._low, self._high, self._seen = low, high, received
        self._claims = 0

    def _confirmed(self, low: float, high: float) -> bool:
        """Whether enough answers in a row say what this one says."""
        claimed_low, claimed_high = max(low, self._claimed[0] - 1), min(high, self._claimed[1] + 1)
        agrees = self._claims > 0 and claimed_low <= claimed_high
        self._claims = self._claims + 1 if agrees else 1
        self._claimed = low, high
        return self._claims >= CONFIRMED


@lru_cache(maxsize=4)  # the same second is seen again and again
def _epoch(date: str | None) -> float | None:
    if not date or len(date) > 64:
        return None
    try:
        return parsedate_to_datetime(date).timestamp()
    except (ValueError, OverflowError, OSError, TypeError, IndexError):
        return None
