"""One caller waiting for one call: how long they wait, whether they are still there, what may be told them so far.

Time is counted on a clock that runs on while the machine sleeps: a caller does not wait longer because we slept.
Must not decide anything; it is asked.
"""

from __future__ import annotations

from collections.abc import Callable

from bridge.core.model import Outcome
from bridge.upstream.clock import fence_now


class Visit:
    """A caller with ``wait_seconds`` of patience. ``gone`` tells whether their socket was seen closed."""

    __slots__ = ("_deadline", "_gone", "_over", "committed", "known")

    def __init__(self, wait_seconds: float, gone: Callable[[], bool]) -> None:
        self._deadline = fence_now() + wait_seconds
        self._gone = gone
        self._over = False
        self.known: dict[int, Outcome] = {}
        self.committed: set[int] = set()

    @property
    def remaining(self) -> float:
        """Seconds the caller will still wait; 0 when over."""
        return 0.0 if self._over else max(0.0, self._deadline - fence_now())

    @property
    def waiting(self) -> bool:
        """Whether somebody is there to be answered. Once False it stays False."""
        if not self._over and (self._gone() or fence_now() >= self._deadline):
            self._over = True
        return not self._over

    def end(self) -> None:
        """The caller is answered now: nothing unsent may be sent for them any more."""
        self._over = True
