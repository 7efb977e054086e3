"""Until when this process may begin to send, and for how long it has had that right without a break.

The others take a process's intents over once it has given no heartbeat for ``journal``'s eight seconds. So it sends
only within six of its last one; and where it was silent for longer (suspended, or parted from the database) it must
have committed on the intent again before it sends, since that commit fails where somebody has taken it over. Time is
the fence clock's, which counts suspension. Must not read the journal.
"""

from __future__ import annotations

from dataclasses import dataclass

LEASE_SECONDS = 6.0
"""Less than a heartbeat counts, by what may pass between the last look at the clock and the first byte."""

FENCE_SECONDS = 2.0
"""Between the commit and the first byte: a process that slept longer gives up, since others may have taken over."""


@dataclass(frozen=True, slots=True)
class Stand:
    """When the last commit of a call was asked for, and in which term."""

    at: float
    term: int


class Lease:
    """Renewed by every heartbeat. Before the first there is nothing to lose yet."""

    def __init__(self) -> None:
        self._until = float("inf")
        self.term = 0

    def renewed(self, asked: float) -> None:
        """A heartbeat was committed that was asked for at ``asked``, on the fence clock."""
        if asked > self._until:
            self.term += 1
        self._until = asked + LEASE_SECONDS

    def not_after(self, stand: Stand) -> float | None:
        """The latest moment for a first byte on the strength of that commit; None where it has no strength any more."""
        if stand.term != self.term:
            return None
        return min(stand.at + FENCE_SECONDS, self._until)
