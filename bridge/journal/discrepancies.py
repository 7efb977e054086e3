"""The breaks that reconciliation found: kept with an age and an owner until a clean run or a person closes them.

What was expected and what is there stays sealed, because amounts are not kept in clear; every change is in the audit.
Methods run on the writer's thread, within its transaction. Must not compare anything: ``core.reconcile`` does.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ClauseElement, Dialect, bindparam, null, select, update
from sqlalchemy.dialects import postgresql, sqlite

from bridge.core.model import Instant
from bridge.core.reconcile import Break, Finding
from bridge.journal.audit import Audit, now
from bridge.journal.crypto import Seal
from bridge.journal.database import Database
from bridge.journal.schema import discrepancy
from bridge.telemetry.redact import redact_text

CLEAN = "a clean run"


@dataclass(frozen=True, slots=True)
class Kept:
    """A break as the journal keeps it. ``found_at`` is where its age begins; open while ``closed_at`` is None."""

    id: str
    kind: str
    scope: str
    object_type: str
    zuora_id: str | None
    intent_id: str | None
    found_at: Instant
    seen_at: Instant
    owner: str | None
    closed_at: Instant | None
    closed_by: str | None
    reason: str | None
    expected: str
    found: str


class Discrepancies:
    """Writes them."""

    def __init__(self, database: Database, seal: Seal, audit: Audit) -> None:
        self._database = database
        self._seal = seal
        self._audit = audit
        self._sql = _Statements(database.dialect)

    def record(self, findings: Sequence[Finding], examined: Collection[str]) -> None:
        """Keep what was found; close what was looked at again and is right now.

        ``examined`` are the ids of intents that were compared with their objects, and of movements with intents.
        """
        at = now()
        for finding in findings:
            self._keep(finding, at)
        found = {each.id for each in findings}
        for id_, kind, zuora_id, intent_id in self._database.rows(self._sql.still_open, {}):
            subject = zuora_id if Break(kind).of_movement else intent_id
            if id_ not in found and subject in examined:
                self._close(id_, at, CLEAN, None)
                self._audit.note("break", id_, {"closed": CLEAN})

    def open(self) -> int:
        """How many nobody has closed."""
        return len(self._database.rows(self._sql.still_open, {}))

    def assign(self, break_id: str, to: str, by: str | None = None) -> str | None:
        """Give an open break an owner; the words of a refusal otherwise."""
        if (why := self._not_open(break_id)) is not None:
            return why
        self._database.run(self._sql.assign, {"b_id": break_id, "b_owner": redact_text(to)})
        self._audit.note("break", break_id, {"assigned": to} | ({"by": by} if by is not None else {}))
        return None

    def accept(self, break_id: str, reason: str, by: str) -> str | None:
        """Close an open break for good: it stays closed while it stays as it is."""
        if (why := self._not_open(break_id)) is not None:
            return why
        self._close(break_id, now(), redact_text(by), redact_text(reason))
        self._audit.note("break", break_id, {"accepted": reason, "by": by})
        return None

    def _not_open(self, break_id: str) -> str | None:
        rows = self._database.rows(self._sql.one, {"b_id": break_id})
        if not rows:
            return "the journal has no such break"
        return None if rows[0][0] is None else "it is closed"

    def _keep(self, finding: Finding, at: Instant) -> None:
        words = json.dumps([finding.expected, finding.found]).encode()
        known = self._database.rows(self._sql.one, {"b_id": finding.id})
        about = {"found": finding.kind.value, "zuora_id": finding.zuora_id, "intent": finding.intent_id}
        row = {"id": finding.id, "seen_at": at, "sealed": self._seal.close(words, finding.id)}
        if not known:
            names = ("scope", "object_type", "zuora_id", "intent_id")
            self._database.run(
                self._sql.add,
                {**row, **{name: getattr(finding, name) for name in names}, "kind": finding.kind.value, "found_at": at},
            )
            self._audit.note("break", finding.id, about)
            return
        closed_at, reason, sealed = known[0]
        same = self._seal.open(bytes(sealed), finding.id) == words
        if closed_at is not None and not (reason is not None and same):
            self._database.run(self._sql.reopen, {"b_id": finding.id, "b_at": at})
            self._audit.note("break", finding.id, {**about, "again": True})
        self._database.run(self._sql.see, {"b_id": finding.id, "b_at": at, "b_sealed": row["sealed"]})

    def _close(self, break_id: str, at: Instant, by: str, reason: str | None) -> None:
        self._database.run(self._sql.close, {"b_id": break_id, "b_at": at, "b_by": by, "b_reason": reason})


def kept(row: Sequence[Any], seal: Seal) -> Kept:
    """The break of a row in the order of ``schema.discrepancy``; raises ``Unreadable``."""
    *plain, sealed = row
    return Kept(*plain, *json.loads(seal.open(bytes(sealed), plain[0])))


class _Statements:
    def __init__(self, dialect: Dialect) -> None:
        add: Any = postgresql.insert if dialect.name == "postgresql" else sqlite.insert
        table, this = discrepancy.c, discrepancy.c.id == bindparam("b_id")
        names = ("id", "kind", "scope", "object_type", "zuora_id", "intent_id", "found_at", "seen_at", "sealed")

        def sql(statement: ClauseElement) -> str:
            return str(statement.compile(dialect=dialect))

        self.add = sql(add(discrepancy).values({name: bindparam(name) for name in names}))
        self.one = sql(select(table.closed_at, table.reason, table.sealed).where(this))
        self.still_open = sql(
            select(table.id, table.kind, table.zuora_id, table.intent_id).where(table.closed_at.is_(None))
        )
        self.see = sql(update(discrepancy).where(this).values(seen_at=bindparam("b_at"), sealed=bindparam("b_sealed")))
        self.assign = sql(update(discrepancy).where(this).values(owner=bindparam("b_owner")))
        self.close = sql(
            update(discrepancy)
            .where(this)
            .values(closed_at=bindparam("b_at"), closed_by=bindparam("b_by"), reason=bindparam("b_reason"))
        )
        self.reopen = sql(
            update(discrepancy)
            .where(this)
            .values(found_at=bindparam("b_at"), closed_at=null(), closed_by=null(), reason=null())
        )
