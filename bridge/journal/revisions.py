"""What the owner decided about routes: kept revision by revision, never changed, each with an author and a reason.

A new one counts only on top of the one its author saw, so that two people cannot undo each other unawares; every one is
in the audit. Methods run on the writer's thread. Must not know what a revision decides: that is ``cutover``'s text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ClauseElement, Dialect, Integer, bindparam, func, literal_column, select
from sqlalchemy.dialects import postgresql, sqlite

from bridge.core.model import Instant
from bridge.journal.audit import Audit, now
from bridge.journal.database import Database
from bridge.journal.schema import revision
from bridge.telemetry.redact import redact_text


@dataclass(frozen=True, slots=True)
class Revision:
    """One decision. ``number`` counts from 1; ``at`` is by the machine of whoever decided."""

    number: int
    at: Instant
    author: str
    reason: str
    decided: str


class Revisions:
    """Reads and adds them."""

    def __init__(self, database: Database, audit: Audit) -> None:
        self._database = database
        self._audit = audit
        self._sql = _Statements(database.dialect)

    def newest(self) -> Revision | None:
        """The one that counts."""
        rows = self._database.rows(self._sql.newest, {})
        return from_row(rows[0]) if rows else None

    def history(self, limit: int | None) -> list[Revision]:
        """The newest first; all of them without a limit."""
        most = 2**31 - 1 if limit is None else limit
        return [from_row(row) for row in self._database.rows(self._sql.history, {"b_limit": most})]

    def unlike(self, number: int, at: Instant) -> tuple[Revision | None] | None:
        """The one that counts, in a tuple, unless it is this one (0: that there is none).

        It may be an older one, or another of the same number: a database that was restored, or a standby that took
        over, lacks the last decisions.
        """
        known = [tuple(row) for row in self._database.rows(self._sql.known, {})] or [(0, at)]
        return None if known == [(number, at)] else (self.newest(),)

    def add(self, seen: int, decided: str, author: str, reason: str) -> str | None:
        """Add the one after ``seen``; the words of a refusal where somebody was quicker."""
        row = {
            "number": seen + 1,
            "at": now(),
            "author": redact_text(author),
            "reason": redact_text(reason),
            "decided": decided,
        }
        newest = self.newest()
        at = newest.number if newest is not None else 0
        if at != seen or self._database.run(self._sql.add, row) != 1:
            who = f"{newest.author}: {newest.reason}" if newest is not None else "somebody"
            return f"the rules were changed at this moment (revision {at} by {who}); look again"
        self._audit.note("cutover", str(seen + 1), {"by": author, "reason": reason, "decided": decided})
        return None


def from_row(row: Sequence[Any]) -> Revision:
    """The revision of a row in the order of ``schema.revision``."""
    return Revision(*row)


class _Statements:
    def __init__(self, dialect: Dialect) -> None:
        insert: Any = postgresql.insert if dialect.name == "postgresql" else sqlite.insert

        def sql(statement: ClauseElement) -> str:
            return str(statement.compile(dialect=dialect))

        last = select(func.max(revision.c.number)).scalar_subquery()
        self.newest = sql(select(revision).where(revision.c.number == last))
        self.known = sql(select(revision.c.number, revision.c.at).where(revision.c.number == last))
        limit = bindparam("b_limit", type_=Integer)
        self.history = sql(select(revision).order_by(revision.c.number.desc()).limit(limit).offset(literal_column("0")))
        self.add = sql(insert(revision).on_conflict_do_nothing())
