"""The one thread that talks to the database: group commit for many concurrent calls.

It takes everything that waits, runs it in one transaction, commits once, then wakes the callers. A job that raises is
run again alone, as are its neighbours, so that it spoils nothing but itself; one that another process is in the way of
is tried again behind the others. Nothing is run again unless it is certain that it was undone. Must not run SQL of its
own or know what a job does; nothing of it runs on an event loop but queueing and waking.
"""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from bridge.journal.audit import Audit
from bridge.journal.database import Database, Locked
from bridge.journal.errors import Blocked, JournalDown, JournalUncertain, Lost, Uncertain
from bridge.journal.look_up_first import Elsewhere, LookUpFirst
from bridge.telemetry import clocks
from bridge.telemetry.log import get_logger
from bridge.telemetry.metrics import METRICS

log = get_logger("journal")

BATCH = 64
"""Jobs per commit. PostgreSQL keeps 64 subtransactions of a session in memory and is slow beyond
(https://www.postgresql.org/docs/current/subxacts.html)."""

AGAIN_SECONDS = 0.005
"""Before a job is tried again whose way was not free: not every obstacle makes the database wait."""

LAZY_SECONDS = 0.2
"""How long a lazy job may wait for a transaction to ride in."""


@dataclass(slots=True, eq=False)
class Job:
    """One request. A writing job that returns False leaves nothing behind.

    ``atomic`` says that it undoes itself (one statement); others get a savepoint (10 µs). ``lazy`` jobs wait for the
    next writing one; nobody waits for them. ``told`` is what reads must count as written while it is not. Neighbours
    with an ``order`` are run in it: two processes that open the same identities must not wait for each other.
    """

    run: Callable[[], Any]
    writes: bool = True
    atomic: bool = True
    lazy: bool = False
    told: dict[str, int] | None = None
    order: tuple[object, ...] | None = None
    until: float | None = None
    again: bool = False
    loop: asyncio.AbstractEventLoop | None = None
    future: asyncio.Future[Any] | None = None
    result: Any = None
    error: BaseException | None = None


class Writer:
    """Owns the database from ``start`` to ``stop``."""

    def __init__(self, database: Database, audit: Audit, mode: LookUpFirst) -> None:
        self._database = database
        self._audit = audit
        self._mode = mode
        self._queue: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._gate = threading.Lock()
        self._stopped = False
        self._held: list[Job] = []
        self._again: list[Job] = []
        self._due = self._began = 0.0
        self._thread = threading.Thread(target=self._work, name="bridge-journal", daemon=True)

    def arrive(self) -> None:
        """Before ``start``: see whether the database is where it was."""
        if self._database.place is None:
            return
        try:
            self._begin()
        except Elsewhere:
            return
        self._commit()

    def start(self) -> None:
        """From here on only the thread may use the database."""
        self._thread.start()

    def stop(self) -> None:
        """Do what is queued, close the database, end the thread."""
        with self._gate:
            if self._stopped:
                return
            self._stopped = True
            self._queue.put(None)
        self._thread.join()

    def ask(self, job: Job) -> asyncio.Future[Any]:
        """Queue a job; the future gets its result. Cancelling the future does not undo the job."""
        job.loop = asyncio.get_running_loop()
        job.future = job.loop.create_future()
        if not self.put(job):
            raise JournalDown("it is closed")
        return job.future

    def put(self, job: Job) -> bool:
        """Queue a job that nobody waits for; False once stopped."""
        with self._gate:
            if not self._stopped:
                self._queue.put(job)
            return not self._stopped

    def told(self) -> dict[str, int]:
        """What lazy jobs that still wait have to say; only for jobs, on the thread."""
        told: dict[str, int] = {}
        for job in self._held:
            for name, at in (job.told or {}).items():
                told.setdefault(name, at)
        return told

    # ------------------------------------------------------------ on the thread

    def _work(self) -> None:
        going = True
        while going or self._again:
            batch, more = self._next()
            going = going and more
            try:
                self._serve(batch, last=not going)
            except BaseException as error:  # nothing may leave a caller waiting for ever
                for job in batch:
                    job.error = job.error or down(error)
            _wake(batch)
        self._sign_last()
        self._database.close()

    def _next(self) -> tuple[list[Job], bool]:
        """Wait for a job, or for the lazy ones to be due; then take all that wait. False at the end."""
        batch, self._again = self._again, []
        for job in batch:
            job.again = False
        try:
            timeout = max(0.0, self._due - clocks.steady()) if self._held else None
            while len(batch) < BATCH:
                taken = self._queue.get(timeout=timeout) if not batch else self._queue.get_nowait()
                if taken is None:
                    return batch, False
                batch.append(taken)
        except queue.Empty:
            pass
        return batch, True

    def _serve(self, batch: list[Job], *, last: bool) -> None:
        tried = [job for job in batch if job.until is not None]
        batch = [job for job in batch if job.until is None]
        self._serve_new(batch, last=last)
        for job in tried:
            self._alone(job)

    def _serve_new(self, batch: list[Job], *, last: bool) -> None:
        due = bool(self._held) and clocks.steady() >= self._due
        if last or due or any(job.writes and not job.lazy for job in batch):
            held, self._held = self._held, []
            if held or batch:
                self._write(held + batch)
            return
        for job in batch:
            if job.lazy:
                if not self._held:
                    self._due = clocks.steady() + LAZY_SECONDS
                self._held.append(job)
            else:
                self._alone(job)

    def _write(self, batch: list[Job]) -> None:
        """One transaction for all; at an exception each on its own."""
        if len(batch) == 1:
            self._alone(batch[0])
            return
        database = self._database
        try:
            self._begin()
            for job in _ordered(batch):
                noted = self._audit.size()
                if job.atomic:
                    job.result = job.run()
                else:
                    database.savepoint()
                    job.result = job.run()
                    database.release(keep=job.result is not False)
                if job.result is False:
                    self._audit.cut(noted)
            self._commit(sum(job.writes for job in batch))
            METRICS.commits.add(sum(job.result is False for job in batch), outcome="refused")
        except (Locked, Elsewhere, Uncertain) as error:
            self._fail()
            for job in batch:
                if job.writes:
                    job.error = down(error)
                else:
                    self._alone(job)
        except Exception:
            self._rollback()
            for job in batch:
                self._alone(job)

    def _alone(self, job: Job) -> None:
        """One transaction for it, and another one on a new connection where the first was lost with its connection."""
        for last in (False, True):
            job.result = None
            try:
                if not job.writes:
                    job.result = job.run()
                    return
                self._begin()
                job.result = job.run()
                if job.result is False:
                    self._rollback()
                    METRICS.commits.add(outcome="refused")
                else:
                    self._commit(1)
            except Blocked as error:
                self._rollback()
                self._later(job, error)
            except Lost as error:
                self._rollback()
                if not last:
                    continue
                self._failed()
                job.error = down(error)
            except Exception as error:
                self._fail()
                job.error = down(error)
            return

    def _later(self, job: Job, error: Blocked) -> None:
        """Try it again behind what waits, until our patience with it ends."""
        now = clocks.steady()
        job.until = job.until or now + self._database.patience
        if now >= job.until:
            self._failed()
            job.error = down(error)
        else:
            job.again = True
            self._again.append(job)
            time.sleep(AGAIN_SECONDS)

    def _begin(self) -> None:
        """Begin, and after a new connection see that the database is still the one that it was."""
        self._began = clocks.steady()
        self._database.begin()
        try:
            self._mode.arrive()
        except Elsewhere as elsewhere:
            self._commit()
            log.warning("look-up-first mode begins", why=str(elsewhere))
            self._mode.arrived()
            raise
        self._mode.arrived()

    def _commit(self, jobs: int = 0) -> None:
        """Commit what so many jobs have written."""
        self._audit.flush()
        self._database.commit()
        self._audit.kept()
        METRICS.journal_up.set(1)
        if jobs:
            METRICS.commits.add(outcome="done")
            METRICS.commit_seconds.observe(clocks.steady() - self._began)
            METRICS.batch_changes.observe(jobs)

    def _fail(self) -> None:
        self._rollback()
        self._failed()

    def _failed(self) -> None:
        """Nothing of it was recorded, or nobody knows whether."""
        METRICS.journal_up.set(0)
        METRICS.commits.add(outcome="down")

    def _rollback(self) -> None:
        self._database.rollback()
        self._audit.forget()

    def _sign_last(self) -> None:
        """Sign the audit's head once more; a process that cannot leaves less than a minute unsigned."""
        if not self._audit.unsigned:
            return
        self._audit.last_seal()
        with suppress(Exception):
            self._begin()
            self._commit()


def _ordered(batch: list[Job]) -> list[Job]:
    """Jobs with an order in it, among themselves only: a read stays behind the writes that were asked for before it."""
    found: list[Job] = []
    for _, some in groupby(batch, key=lambda job: job.order is not None):
        found += sorted(some, key=lambda job: job.order or ())
    return found


def down(error: BaseException) -> JournalDown:
    """What a caller is told of it."""
    kind = JournalUncertain if isinstance(error, Uncertain) else JournalDown
    down = kind(f"{type(error).__name__}: {error}")
    down.__cause__ = error
    return down


def _wake(batch: list[Job]) -> None:
    """One wake-up per event loop, however many of its callers are done."""
    loops: dict[asyncio.AbstractEventLoop, list[Job]] = {}
    for job in batch:
        if job.loop is not None and not job.again:
            loops.setdefault(job.loop, []).append(job)
    for loop, done in loops.items():
        with suppress(RuntimeError):  # the loop was closed: nobody waits any more
            loop.call_soon_threadsafe(complete, done)


def complete(done: list[Job]) -> None:
    """Give each waiting caller its result or error; on the callers' loop."""
    for job in done:
        if job.future is None or job.future.done():
            continue
        if job.error is not None:
            job.future.set_exception(job.error)
        else:
            job.future.set_result(job.result)
