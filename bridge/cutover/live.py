"""The rules as they count in this process: read from the journal again and again, so that a change is here in a second.

While the journal cannot be read the last known rules go on counting: nothing can be recorded then either, so nothing is
sent by them. Must not decide a route (``rules``) or change anything.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Protocol

from bridge.core.model import Instant
from bridge.cutover.standing import FIRST, Standing, of
from bridge.journal import JournalDown
from bridge.journal.revisions import Revision
from bridge.telemetry.log import get_logger
from bridge.telemetry.metrics import METRICS

log = get_logger("cutover")

EVERY_SECONDS = 0.25
"""A quarter of what a change may take to be everywhere; a look costs one indexed read."""


class Source(Protocol):
    """What is needed of the journal."""

    def revision_unlike(self, number: int, at: Instant) -> Awaitable[tuple[Revision | None] | None]:
        """The decision that counts, in a tuple, unless it is this one."""


class Live:
    """The current standing."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._task: asyncio.Task[None] | None = None
        self.standing: Standing = FIRST

    async def start(self) -> None:
        """Read what counts, and go on reading; raises ``JournalDown`` or ``ValueError`` where that cannot be known."""
        METRICS.cutover_revision.set(self.standing.number)
        METRICS.cutover_stopped.set(self.standing.stopped)
        await self.look()
        self._task = asyncio.create_task(self._watch())

    async def stop(self) -> None:
        """Read no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def look(self) -> None:
        """Read once."""
        other = await self._source.revision_unlike(self.standing.number, self.standing.at)
        if other is None:
            return
        found = of(*other)
        log.info(
            "cutover", revision=found.number, what=found.what, rules=len(found.rules), stopped=found.stopped,
            author=found.author, reason=found.reason,
        )  # fmt: skip
        self.standing = found
        METRICS.cutover_revision.set(found.number)
        METRICS.cutover_stopped.set(found.stopped)

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(EVERY_SECONDS)
            try:
                await self.look()
            except JournalDown as down:
                log.warning("journal down", error=str(down))
            except Exception:
                # Written by a newer bridge, perhaps: what counted until now is safer than nothing.
                log.exception("the newest cutover revision cannot be read; the last known one goes on counting")
