"""The journal as the rest of the bridge sees it. It decides nothing: it keeps what it is told, durably, and says it.

One ``Journal`` per process, on one event loop or several. When ``record`` returns True its changes survive a crash
(I1). Must not send, retry or resolve anything.
"""

from __future__ import annotations

import asyncio
import heapq
import os
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import TypeVar

from bridge.core.commands import Change, Match, Matched, Rivalry
from bridge.core.intent import Dispatch, Intent
from bridge.core.model import Instant, Route
from bridge.journal.audit import Audit, now
from bridge.journal.changes import Changes, check, order, steps
from bridge.journal.comparisons import Comparison, Comparisons
from bridge.journal.crypto import KEY_BYTES, Keys, Seal, Unreadable, keys_of
from bridge.journal.database import PATIENCE, Database
from bridge.journal.discrepancies import Discrepancies
from bridge.journal.erasing import Swept
from bridge.journal.errors import JournalRefused
from bridge.journal.keyfile import key_beside
from bridge.journal.look_up_first import LookUpFirst
from bridge.journal.operator import Operator
from bridge.journal.options import holds_options
from bridge.journal.queries import Queries, Waiting
from bridge.journal.ramps import NEWEST, PAGE, Compared, Counted, Judged, Ramps
from bridge.journal.rekeying import Rekeying, Resealed
from bridge.journal.retention import Retention
from bridge.journal.revisions import Revision, Revisions
from bridge.journal.signouts import SignOuts
from bridge.journal.statements import Statements
from bridge.journal.usage import UsageTable, Used
from bridge.journal.writer import Job, Writer
from bridge.telemetry.usage import Use

Answer = TypeVar("Answer")

MANY = 200
"""Open creates that are told at once; where there are more, nothing is concluded from them."""

CHECK = "seal check"
"""The name in ``meta`` of a value whose only use is that the right key opens it."""


class Journal:
    """The durable record of intents and dispatches."""

    def __init__(
        self,
        database: Database,
        statements: Statements,
        seal: Seal,
        instance: str,
        *,
        writer: Callable[[Database, Audit, LookUpFirst], Writer] = Writer,
    ) -> None:
        self.instance = instance
        self._database = database
        self._sql = statements
        self.audit = Audit(database, statements, seal.audit_key, instance)
        self._changes = Changes(database, statements, seal, self.audit)
        self._queries = Queries(database, statements, seal)
        self._mode = LookUpFirst(database, statements, self.audit)
        self._retention = Retention(database, statements, self.audit)
        self._writer = writer(database, self.audit, self._mode)
        self._revisions = Revisions(database, self.audit)
        self._usage = UsageTable(database)
        self._sign_outs = SignOuts(database)
        self._ramps = Ramps(database, self.audit, self._revisions)
        self._comparisons = Comparisons(database)
        found = Discrepancies(database, seal, self.audit)
        self.operator = Operator(
            self._writer, self._changes, self._queries, self.audit, self._mode, found, self._revisions, self._ramps
        )
        self.locator_key = seal.locator_key
        self._rekeying = Rekeying(database, seal, CHECK)
        self.console_key = seal.console_key

    @classmethod
    def open(cls, url: str, key: Keys | bytes | None, instance: str, *, patience: float = PATIENCE) -> Journal:
        """Migrate, check and start; raises ``JournalRefused``.

        Without a ``key`` a SQLite file has one beside it, and SQLite in memory one that nobody will need again.
        ``patience`` is how many seconds a write waits for another process.
        """
        database = Database(url, patience)
        keys = keys_of(key)
        seal = Seal(_key(database, keys.own), keys.others)
        statements = Statements(database.dialect)
        journal = cls(database, statements, seal, instance)
        database.open(lambda: journal._check(seal))
        journal._writer.start()
        return journal

    def _check(self, seal: Seal) -> None:
        _check_key(self._database, self._sql, seal)
        self._writer.arrive()

    def close(self) -> None:
        """Do what is queued, then end; may be called twice. Later requests get ``JournalDown``."""
        self._writer.stop()

    @property
    def commits(self) -> int:
        """Transactions committed so far by this process."""
        return self._database.commits

    # ------------------------------------------------------------ writing

    async def record(self, changes: Sequence[Change]) -> bool:
        """Commit all changes in one transaction, or none; False where a change's condition failed.

        The conditions: an identity or id that exists, another state or owner, a Zuora Id that settles another create,
        a dispatch or an intent that is not there. A move replaces ``errors`` and ``unsent``, keeps a Zuora Id unless
        given one, and forgets a delivery: that was of another verdict. Raises ``JournalDown``, ``IllegalTransition``.
        A cancelled caller does not undo it.
        """
        check(changes)
        return bool(
            await self._writer.ask(
                Job(partial(self._changes.apply, tuple(changes)), atomic=steps(changes) <= 1, order=order(changes))
            )
        )

    async def reseal(self, after: str = "") -> Resealed:
        """Seal the next requests behind that id anew, under this process's key; raises ``JournalDown``."""
        batch: Resealed = await self._writer.ask(Job(partial(self._rekeying.batch, after), atomic=False))
        return batch

    async def finish_resealing(self, reason: str, by: str) -> Resealed:
        """All requests are sealed anew: now the rest, and the value by which a start knows the key.

        Where a break opens under no key the other keys stay needed. Raises ``JournalDown``.
        """

        def finish() -> Resealed:
            done = self._rekeying.finish()
            self.audit.note("rekey", "", {"finished": not done.unreadable, "reason": reason, "by": by})
            return done

        done: Resealed = await self._writer.ask(Job(finish, atomic=False))
        return done

    def delivered(self, intent_ids: Sequence[str], at: int) -> None:
        """An answer with these intents' verdicts was written to the last byte. Lazy; the first mark counts.

        Reads of this process see it at once. A crash within 0.2 s may lose it: then the answer counts as undelivered.
        """
        # Sorted: two processes that tell the same verdicts must not wait for each other's rows.
        told = dict.fromkeys(sorted(intent_ids), at)
        if told:
            self._writer.put(Job(partial(self._changes.deliver, told), lazy=True, told=told))

    def compared(self, made: Sequence[Comparison]) -> None:
        """Keep what shadows found. Lazy: nobody waits, and what a journal that is down cannot take is lost."""
        if made:
            self._writer.put(Job(partial(self._comparisons.add, tuple(made)), atomic=False, lazy=True))

    async def hold(self, scope: str, key: str, intent_id: str, *, whole: bool) -> bool:
        """Take the lease on ``key`` for an intent, if it is free. Raises ``JournalDown``."""
        return bool(await self._writer.ask(Job(partial(self._changes.hold, scope, key, intent_id, whole=whole))))

    async def used(self, counts: Mapping[Use, int]) -> None:
        """Add to who uses what. Raises ``JournalDown``: then nothing was added."""
        await self._writer.ask(Job(partial(self._usage.add, counts), atomic=False))

    async def usage(self) -> list[Used]:
        """Who uses what, summed over all processes."""
        return await self._read(self._usage.all)

    async def sign_out(self, session: str, until: Instant) -> None:
        """A console session is over in every process; ``until`` (this machine's time) its cookie would have lived."""
        await self._writer.ask(Job(partial(self._sign_outs.add, session, until, now()), atomic=False))

    async def heartbeat(self, at: int) -> None:
        """This instance lives at ``at``, this machine's time; on PostgreSQL its server's counts."""
        row = {"id": self.instance, "started_at": at, "heartbeat_at": at}
        await self._writer.ask(Job(partial(self._database.run, self._sql.beat, row)))

    async def started(self, version: str, configuration: str, *, look_up_first: bool = False) -> None:
        """This process begins to serve: say so in the audit, with a keyed hash of its ``configuration``.

        ``look_up_first`` keeps this process in that mode for as long as it lives.
        """
        self._mode.always = look_up_first
        noted = partial(self.audit.started, version, configuration, look_up_first=look_up_first)
        await self._writer.ask(Job(noted))

    async def let_go(self, before: Instant) -> int:
        """Delete a batch of the intents that were settled before that, oldest first; how many it were."""
        return int(await self._writer.ask(Job(partial(self._retention.let_go, before), atomic=False)))

    async def let_go_of_the_rest(self, before: Instant) -> int:
        """Delete a batch of as old audit rows and comparisons, and what is left of long dead processes.

        How many audit rows and comparisons it were.
        """

        def run() -> int:
            self._ramps.prune(before)
            return self._comparisons.prune(before) + self._retention.let_go_of_the_rest(before, now())

        return int(await self._writer.ask(Job(run, atomic=False)))

    async def erase_options(self, after: str) -> Swept:
        """Erase the gateway options that a settlement has left behind, in a batch of requests behind that id."""

        def run() -> Swept:
            swept = self._changes.erasing.sweep(after)
            if swept.erased:
                self.audit.note("erased", "", {"what": "gateway options", "requests": swept.erased})
            return swept

        swept: Swept = await self._writer.ask(Job(run, atomic=False))
        return swept

    async def flush(self) -> None:
        """Return when everything asked for until now is committed, lazy marks included."""
        await self._writer.ask(Job(lambda: None))

    # ------------------------------------------------------------ reading

    async def match(
        self,
        scope: str,
        fingerprints: Sequence[str],
        delivered_since: int,
        keys: Sequence[str] = (),
        nears: Sequence[str] = (),
    ) -> Matched:
        """The intents a call may join, oldest first, how many of each identity there ever were, the near, the mode."""
        asked = Match(scope, tuple(fingerprints), delivered_since, tuple(keys), tuple(nears))

        def run() -> Matched:
            return replace(self._queries.match(asked, self._writer.told()), look_up_first=self._mode.on())

        return await self._read(run)

    async def rivals(self, scope: str, object_type: str, zuora_ids: Sequence[str]) -> Rivalry:
        """Which of these objects settled a create, and the creates that are not settled, up to ``MANY`` of them."""
        return await self._read(partial(self._queries.rivals, scope, object_type, tuple(zuora_ids), MANY))

    async def ages(self) -> tuple[Waiting, ...]:
        """What is not settled, by state and route."""
        return await self._read(self._queries.ages)

    async def intents(self, ids: Sequence[str]) -> tuple[Intent, ...]:
        """The intents in the order of ``ids``; unknown ones are left out."""
        return await self._read(lambda: self._queries.intents(ids, self._writer.told()))

    async def dispatches_of(self, intent_id: str) -> tuple[Dispatch, ...]:
        """The dispatches of an intent: by step, then attempt, then when they were recorded."""

        def run() -> tuple[Dispatch, ...]:
            found = self._queries.dispatches_of(intent_id)
            for each in found:
                if holds_options(each) and not each.erased:
                    # Who reads a request is about to settle it.
                    self._changes.erasing.holds(each.intent_ids)
            return found

        return await self._read(run)

    async def unfinished(self, before: int, limit: int) -> tuple[Intent, ...]:
        """What is unsettled, not parked and older than ``before`` (Zuora's clock), oldest first."""
        return await self._read(partial(self._queries.unfinished, before, limit))

    async def living(self, at: int) -> tuple[str, ...]:
        """The names of all processes that live at ``at``, this machine's time; on PostgreSQL its server's counts."""
        return await self._read(partial(self._queries.living, at))

    async def alive(self, instances: Collection[str], at: int) -> frozenset[str]:
        """Those of the instances that live at ``at``, as in ``living``."""
        return await self._read(partial(self._queries.alive, instances, at))

    async def look_up_first_until(self) -> Instant | None:
        """When look-up-first mode ends, in milliseconds of this machine's clock; None where it is off."""
        return await self._read(self._mode.until)

    async def revisions(self, limit: int | None = None) -> list[Revision]:
        """The decisions about routes, the newest first."""
        return await self._read(partial(self._revisions.history, limit))

    async def revision_unlike(self, number: int, at: Instant) -> tuple[Revision | None] | None:
        """The decision about routes that counts, in a tuple (None: there is none); None where it is this one."""
        return await self._read(partial(self._revisions.unlike, number, at))

    async def ramp_counted(self, rule: str, route: Route, since: Instant) -> list[Counted]:
        """The newest intents that a rule's ramp counts, by its route and by others, from then on (Zuora's clock)."""
        mine = await self._counted(rule, route, since)
        others = [await self._counted(rule, each, since) for each in (None, *Route) if each is not route]
        newest = heapq.merge(*others, key=lambda each: each.created_at, reverse=True)
        return [*mine, *islice(newest, NEWEST)]

    async def _counted(self, rule: str, route: Route | None, since: Instant) -> list[Counted]:
        found: list[Counted] = []
        full = True
        while full and len(found) < NEWEST:
            page = await self._read(partial(self._ramps.counted, rule, route, since, found[-1] if found else None))
            found += page
            full = len(page) == PAGE
        return found

    async def ramp_compared(self, rule: str, since: Instant) -> Compared:
        """The comparisons about a rule from then on, by this machine's time."""
        return await self._read(partial(self._ramps.compared, rule, since))

    async def ramp_wrong_money(self, rule: str, route: Route, since: Instant) -> int:
        """How many open breaks are about money that a ramp's route moved since then (Zuora's clock)."""
        return await self._read(partial(self._ramps.wrong_money, rule, route, since))

    async def judgements(self, rule: str | None = None, limit: int = 20) -> list[Judged]:
        """What gates judged, the newest first."""
        return await self._read(partial(self._ramps.history, rule, limit))

    async def comparisons(self, since: Instant, rule: str | None = None, limit: int = NEWEST) -> list[Comparison]:
        """What shadows found from then on (this machine's time), the newest first."""
        return await self._read(partial(self._comparisons.since, since, rule, limit))

    async def signed_out(self, session: str) -> bool:
        """Whether a console session was signed out of, in whichever process."""
        return await self._read(partial(self._sign_outs.has, session))

    def _read(self, run: Callable[[], Answer]) -> asyncio.Future[Answer]:
        return self._writer.ask(Job(run, writes=False))


def _key(database: Database, key: bytes | None) -> bytes:
    if key is not None:
        if len(key) != KEY_BYTES:
            raise JournalRefused(f"its key has {len(key)} bytes", f"Give it {KEY_BYTES} random bytes.")
        return key
    if database.path is not None:
        return key_beside(database.path)
    if database.in_memory:
        return os.urandom(KEY_BYTES)
    raise JournalRefused(
        "PostgreSQL needs a key and none was given",
        "Set BRIDGE_JOURNAL__KEY (make one with `openssl rand -base64 32`), the same for every process.",
    )


def _check_key(database: Database, statements: Statements, seal: Seal) -> None:
    """The first start seals a value; every later one must be able to open it."""
    database.begin()
    database.run(statements.put_meta, {"name": CHECK, "value": seal.close(b"bridge", CHECK)})
    database.commit()
    ((sealed,),) = database.rows(statements.get_meta, {"b_name": CHECK})
    check_key(seal, sealed)


def check_key(seal: Seal, sealed: bytes) -> None:
    """Raise ``JournalRefused`` where the key does not open the check value."""
    try:
        seal.open(sealed, CHECK)
    except Unreadable as error:
        raise JournalRefused(
            "its key does not open this database",
            "Use the key it was made with: BRIDGE_JOURNAL__KEY, or the key file beside the database. While keys are "
            "exchanged, BRIDGE_JOURNAL__OTHER_KEYS takes the other one.",
        ) from error
