"""How many requests may be under way at Zuora at once; look-ups and sends share one budget.

Zuora counts concurrent requests per tenant, 40 by default (Zuora Developer Center, "Rate and concurrency limits"),
and answers 429 above that. So the processes of a deployment have them all together, each its part. Waiting here costs
nothing; a refused call costs the caller. Must not drop a request that has begun, nor keep a slot for one that ended.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

from bridge.telemetry import clocks
from bridge.telemetry.metrics import METRICS
from bridge.upstream.clock import fence_now
from bridge.upstream.transport import retry_after

DEFAULT_LIMIT = 40
LONGEST_LIMIT = 600.0

TOO_MANY = 429
LIMITED_SECONDS = 120
"""Where Zuora does not say for how long (Zuora: Rate and concurrency limits)."""

_CONCURRENCY = {"default": "concurrency", "high-volume-transactions": "concurrency_high_volume"}

_DAILY = frozenset({27_000_000, 10_000, 810_000})
_HOURLY = frozenset({2_250_000, 25_000, 5_000, 67_500})
_DAILY_OR_NOT = 50_000
"""Zuora: Rate and concurrency limits: a production tenant's minute, and an API sandbox's day."""


class Shown(Protocol):
    """Where the slots in use are shown."""

    def up(self, amount: float = 1, /) -> None:
        """So many more."""


class _Unshown:
    """For slots that are counted in another budget already."""

    def up(self, amount: float = 1, /) -> None:
        pass


@dataclass(frozen=True, slots=True)
class Headroom:
    """What is left of one of Zuora's limits, told ``at`` this machine's milliseconds."""

    limit: str
    of: int
    remaining: int
    at: int


class Budget:
    """A cap on concurrent requests with a bounded wait."""

    def __init__(self, limit: int = DEFAULT_LIMIT, wait: float = 5.0) -> None:
        if limit < 1:
            raise ValueError(f"a budget of {limit} concurrent requests would send nothing; give 1 or more")
        self._whole = self._limit = limit
        self._wait = wait
        self._used = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._shown: Shown = METRICS.upstream_in_flight
        self._limited_until = float("-inf")
        self._headroom: dict[str, Headroom] = {}

    @property
    def headroom(self) -> list[Headroom]:
        """Each of Zuora's limits that an answer has told, as it was told last."""
        return list(self._headroom.values())

    def _tell(self, limit: str, most: int, remaining: str | None) -> None:
        METRICS.upstream_limit.set(most, limit=limit)
        if (left := _number(remaining)) is not None:
            METRICS.upstream_remaining.set(left, limit=limit)
            self._headroom[limit] = Headroom(limit, most, left, round(clocks.wall() * 1000))

    @property
    def roomy(self) -> bool:
        """Whether less than half of the slots are in use, and Zuora has refused none for its limits lately."""
        return self._used * 2 < self._limit and fence_now() >= self._limited_until

    @property
    def limit(self) -> int:
        """How many this process may have under way now."""
        return self._limit

    @property
    def used(self) -> int:
        """How many it has."""
        return self._used

    def share(self, among: int) -> None:
        """Keep one part of so many. What has begun goes on, though it be too many for a moment."""
        self._limit = max(1, self._whole // max(1, among))
        self._hand_on()

    def heard(self, status: int, headers: Mapping[str, str]) -> None:
        """What an answer says of Zuora's limits; after a 429 she is left alone for as long as she wants."""
        if (limit := _number(headers.get("Concurrency-Limit-Limit"))) is not None:
            told = _CONCURRENCY.get(headers.get("Concurrency-Limit-Type", "default").strip().lower(), "concurrency")
            self._tell(told, limit, headers.get("Concurrency-Limit-Remaining"))
        if (limit := _number(headers.get("ratelimit-limit"))) is not None:
            window = _window(limit, _number(headers.get("ratelimit-reset")))
            self._tell(window, limit, headers.get("ratelimit-remaining"))
        if status == TOO_MANY:
            METRICS.throttled.add()
            self.limited(retry_after(headers) or LIMITED_SECONDS)

    def limited(self, seconds: float) -> None:
        """Zuora has answered 429, and wants to be left alone for so long."""
        self._limited_until = max(self._limited_until, fence_now() + min(seconds, LONGEST_LIMIT))

    @asynccontextmanager
    async def slot(self, wait: float | None = None) -> AsyncIterator[bool]:
        """Hold a slot for the block; yields False, at once after ``wait`` seconds, where none came free."""
        if self._used < self._limit and not self._waiting:
            self._used += 1
        elif not await self._turn(self._wait if wait is None else wait):
            yield False
            return
        self._shown.up()
        try:
            yield True
        finally:
            self._used -= 1
            self._shown.up(-1)
            self._hand_on()

    async def _turn(self, seconds: float) -> bool:
        """Wait in the order of coming. Whoever is handed a slot has it, also in the moment in which it gives up."""
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await asyncio.wait({turn}, timeout=seconds)
        except asyncio.CancelledError:
            if turn.done():
                self._used -= 1
                self._hand_on()
            else:
                self._waiting.remove(turn)
            raise
        if not turn.done():
            self._waiting.remove(turn)
        return turn.done()

    def _hand_on(self) -> None:
        while self._waiting and self._used < self._limit:
            self._used += 1
            self._waiting.popleft().set_result(None)


class Spare(Budget):
    """What nobody else needs of a budget: at most ``most`` slots, and only while it is roomy.

    For requests that can be left undone. They count in the budget they are taken of.
    """

    def __init__(self, of: Budget, most: int) -> None:
        super().__init__(most)
        self._of = of
        self._shown = _Unshown()

    @property
    def roomy(self) -> bool:
        """Whether there is one at this moment."""
        return self._used < self._limit and self._of.roomy

    def heard(self, status: int, headers: Mapping[str, str]) -> None:
        """As of the whole."""
        self._of.heard(status, headers)

    def limited(self, seconds: float) -> None:
        """As of the whole."""
        self._of.limited(seconds)

    @asynccontextmanager
    async def slot(self, wait: float | None = None) -> AsyncIterator[bool]:
        """Hold a slot of both for the block; yields False at once where there is none to spare.

        For one of its own, which ends soon, it waits as ``Budget`` does.
        """
        async with super().slot(wait) as mine:
            if not mine or not self._of.roomy:
                yield False
                return
            async with self._of.slot(0) as free:
                yield free


def _window(limit: int, reset: int | None) -> str:
    """Which window a rate is of: Zuora tells the one that is nearest to its end by its quota and its reset only."""
    if limit in _DAILY or (limit == _DAILY_OR_NOT and (reset or 0) > 60) or (reset or 0) > 3600:
        return "rate_day"
    return "rate_hour" if limit in _HOURLY or (reset or 0) > 60 else "rate_minute"


def _number(text: str | None) -> int | None:
    """A count; the draft of RateLimit headers lets policies follow the number."""
    first = (text or "").partition(",")[0].partition(";")[0].strip()
    return int(first) if first.isascii() and first.isdigit() and len(first) <= 12 else None
