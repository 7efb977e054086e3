"""How often an address may guess a token: a few failures a minute, then nothing for the rest of it.

Tokens have at least 16 characters, so guessing is hopeless anyway; this keeps it quiet and cheap as well. Counted per
process. Must not know a token.
"""

from __future__ import annotations

from collections.abc import Callable

from bridge.core.model import Instant

MOST_FAILURES = 5
WINDOW_MS = 60_000
MOST_ADDRESSES = 4096


class Throttle:
    """Counts failed sign-ins by address."""

    def __init__(self, now: Callable[[], Instant]) -> None:
        self._now = now
        self._failures: dict[str, list[Instant]] = {}

    def wait_seconds(self, address: str) -> int:
        """For how long this address must wait; 0 where it need not."""
        recent = self._recent(address)
        return 0 if len(recent) < MOST_FAILURES else -(-(recent[0] + WINDOW_MS - self._now()) // 1000)

    def failed(self, address: str) -> None:
        """Another wrong token."""
        if address not in self._failures and len(self._failures) >= MOST_ADDRESSES:
            # Whoever comes from that many addresses is forgotten in part; the tokens still cannot be guessed.
            self._failures = {each: kept for each in self._failures if (kept := self._recent(each))}
            while len(self._failures) >= MOST_ADDRESSES:
                self._failures.pop(next(iter(self._failures)))
        self._failures[address] = [*self._recent(address), self._now()][-MOST_FAILURES:]

    def _recent(self, address: str) -> list[Instant]:
        edge = self._now() - WINDOW_MS
        return [at for at in self._failures.get(address, ()) if at > edge]
