"""Letting go of what was settled long ago, a little at a time: no caller waits for it for longer than for another call.

Each batch is one transaction of the writer's, between those of callers, and is followed by a pause of several times its
length. What is unsettled or parked is never let go, however old, nor a request that one of those still needs. The same
rounds erase the gateway options that a settlement has left behind (``erasing``). Must not decide how long is long: that
is a setting.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Protocol

from bridge.core.model import Instant
from bridge.journal.audit import Audit
from bridge.journal.database import Database
from bridge.journal.erasing import Swept
from bridge.journal.errors import JournalDown
from bridge.journal.statements import Statements, spread
from bridge.telemetry.log import get_logger

log = get_logger("journal")

BATCH = 64
"""Intents per transaction: as many as one group commit opens at most."""

AUDIT_BATCH = 500
PAUSES = 9
"""A batch is followed by so many times its length, so that at most a tenth of the writer's time goes into this."""

DAY_MS = 24 * 60 * 60 * 1000
ROUND_SECONDS = 60 * 60.0
SILENT_DAYS = 7
"""After which a process that gave no heartbeat is not even remembered."""


class Retention:
    """The deletes of one batch; lives on the writer's thread."""

    def __init__(self, database: Database, statements: Statements, audit: Audit) -> None:
        self._database = database
        self._sql = statements
        self._audit = audit

    def let_go(self, before: Instant) -> int:
        """Delete the oldest intents settled before that, with their requests and leases; how many they were."""
        rows = self._database.rows(self._sql.long_settled, {"b_before": before, "b_limit": BATCH})
        if not rows:
            return 0
        ((width, intents),) = spread([id_ for id_, _ in rows])
        dispatches = [id_ for (id_,) in self._database.rows(self._sql.carriers(width), intents)]
        for statement in (self._sql.drop_holds, self._sql.drop_carried):
            self._database.run(statement(width), intents)
        for other, parameters in spread(dispatches):
            self._database.run(self._sql.drop_dispatches(other), parameters)
        self._database.run(self._sql.drop_intents(width), intents)
        oldest, newest = rows[0][1], rows[-1][1]
        self._audit.note("deleted", "", {"table": "intent", "from": oldest, "to": newest, "rows": len(rows)})
        return len(rows)

    def let_go_of_the_rest(self, before: Instant, now: Instant) -> int:
        """Delete as old audit rows, and processes that are long gone; how many rows of the audit they were."""
        self._database.run(self._sql.drop_instances, {"b_before": now - SILENT_DAYS * DAY_MS})
        return self._audit.prune(before, AUDIT_BATCH)


class Store(Protocol):
    """What is needed of the journal."""

    def let_go(self, before: Instant) -> Awaitable[int]:
        """One batch of intents."""

    def let_go_of_the_rest(self, before: Instant) -> Awaitable[int]:
        """One batch of everything else."""

    def erase_options(self, after: str) -> Awaitable[Swept]:
        """One batch of requests whose gateway options are left."""


async def keep(journal: Store, days: int, now: Callable[[], Instant]) -> None:
    """Let go of what is older than so many days, now and once an hour, until cancelled."""
    while True:
        try:
            await erase_left(journal)
            await sweep(journal, now() - days * DAY_MS)
        except JournalDown as down:
            log.warning("journal down", error=str(down))
        await asyncio.sleep(ROUND_SECONDS)


async def sweep(journal: Store, before: Instant) -> int:
    """Let go of everything settled before that, in batches; how many intents they were."""
    gone = 0
    for batch in (journal.let_go, journal.let_go_of_the_rest):
        while True:
            began = time.monotonic()
            count = await batch(before)
            if not count:
                break
            gone += count if batch == journal.let_go else 0
            await asyncio.sleep(PAUSES * (time.monotonic() - began))
    return gone


async def erase_left(journal: Store) -> int:
    """Erase the gateway options of all that is settled for good and still has them; of how many requests."""
    erased = unreadable = 0
    after: str | None = ""
    while after is not None:
        began = time.monotonic()
        swept = await journal.erase_options(after)
        erased, unreadable, after = erased + swept.erased, unreadable + swept.unreadable, swept.after
        if after is not None:
            await asyncio.sleep(PAUSES * (time.monotonic() - began))
    if unreadable:
        log.warning("gateway options could not be erased: the requests do not open under this key", requests=unreadable)
    return erased
