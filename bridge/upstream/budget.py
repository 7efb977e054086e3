"""How many requests may be under way at Zuora at once; look-ups and sends share one budget.

Zuora counts concurrent requests per tenant, 40 by default (Zuora Developer Center, "Rate and concurrency limits"),
and answers 429 above that. Waiting here costs nothing; a refused call costs the caller. Must not drop a request that
has begun, nor hold a slot for one that has ended.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

DEFAULT_LIMIT = 40


class Budget:
    """A cap on concurrent requests with a bounded wait."""

    def __init__(self, limit: int = DEFAULT_LIMIT, wait: float = 5.0) -> None:
        if limit < 1:
            raise ValueError(f"a budget of {limit} concurrent requests would send nothing; give 1 or more")
        self._slots = asyncio.Semaphore(limit)
        self._wait = wait

    @asynccontextmanager
    async def slot(self, wait: float | None = None) -> AsyncIterator[bool]:
        """Hold a slot for the block; yields False, at once after ``wait`` seconds, where none came free."""
        if not self._slots.locked():
            # Free and nobody waits: acquire returns at once, so it needs no timer.
            await self._slots.acquire()
        else:
            try:
                async with asyncio.timeout(self._wait if wait is None else wait):
                    await self._slots.acquire()
            except TimeoutError:
                yield False
                return
        try:
            yield True
        finally:
            self._slots.release()
