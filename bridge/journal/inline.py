"""The writer without its thread: the same turns on the event loop, for a loop whose time is not real.

What waits is served in one turn, as the thread would, ``pause`` seconds after the first of it came. Whoever is woken is
woken by a later turn of the loop, so that a crash can fall between a commit and its news. Must not be used in
production: a commit blocks the loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from bridge.journal.audit import Audit
from bridge.journal.database import Database
from bridge.journal.errors import JournalDown
from bridge.journal.look_up_first import LookUpFirst
from bridge.journal.writer import BATCH, LAZY_SECONDS, Job, Writer, complete, down


class InlineWriter(Writer):
    """Serves on the loop that is running when a job comes. Several may share one database."""

    def __init__(self, database: Database, audit: Audit, mode: LookUpFirst, pause: Callable[[], float]) -> None:
        super().__init__(database, audit, mode)
        self._pause = pause
        self._waiting: list[Job] = []
        self._due_at: float | None = None
        self._over = False

    def start(self) -> None:
        """There is no thread to start."""

    def stop(self) -> None:
        """Take no more; what waits is not done. The database is its owner's to close."""
        self._over = True

    def ask(self, job: Job) -> asyncio.Future[object]:
        """Queue a job; the future gets its result."""
        job.loop = asyncio.get_running_loop()
        job.future = job.loop.create_future()
        if not self.put(job):
            raise JournalDown("it is closed")
        return job.future

    def put(self, job: Job) -> bool:
        """Queue a job; False once stopped."""
        if not self._over:
            self._waiting.append(job)
            self._wake_in(self._pause())
        return not self._over

    def _wake_in(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        if self._due_at is None or loop.time() + seconds < self._due_at:
            self._due_at = loop.time() + seconds
            loop.call_later(seconds, self._turn, self._due_at)

    def _turn(self, due_at: float) -> None:
        """One turn of the thread's loop. An earlier wake-up may have taken this one's place."""
        if self._over or due_at != self._due_at:
            return
        self._due_at = None
        tried, self._again = self._again, []
        for job in tried:
            job.again = False
        batch, self._waiting = (*tried, *self._waiting[: BATCH - len(tried)]), self._waiting[BATCH - len(tried) :]
        try:
            self._serve(list(batch), last=False)
        except BaseException as error:  # nothing may leave a caller waiting for ever
            for job in batch:
                job.error = job.error or down(error)
        done = [job for job in batch if job.future is not None and not job.again]
        if done:
            asyncio.get_running_loop().call_soon(complete, done)
        if self._waiting or self._again:
            self._wake_in(self._pause())
        elif self._held:
            self._wake_in(LAZY_SECONDS)
