"""Which console sessions were signed out of, so that a copied cookie is worth nothing in any process.

A row lives until its cookie would be over by its age; the next sign-out takes it away. Methods run on the writer's
thread. Must not know what a session is: it is a name.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ClauseElement, Dialect, bindparam, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from bridge.core.model import Instant
from bridge.journal.database import Database
from bridge.journal.schema import signed_out


class SignOuts:
    """Writes and reads them."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._sql = _Statements(database.dialect)

    def add(self, session: str, until: Instant, now: Instant) -> None:
        """Signed out; to be remembered ``until`` then. Both moments are this machine's. Again is no error."""
        self._database.run(self._sql.drop_over, {"b_now": now})
        self._database.run(self._sql.add, {"session": session, "until": until})

    def has(self, session: str) -> bool:
        """Whether it was signed out of."""
        return bool(self._database.rows(self._sql.of, {"b_session": session}))


class _Statements:
    def __init__(self, dialect: Dialect) -> None:
        insert: Any = postgresql.insert if dialect.name == "postgresql" else sqlite.insert

        def sql(statement: ClauseElement) -> str:
            return str(statement.compile(dialect=dialect))

        self.add = sql(insert(signed_out).on_conflict_do_nothing())
        self.drop_over = sql(delete(signed_out).where(signed_out.c.until <= bindparam("b_now")))
        self.of = sql(select(signed_out.c.until).where(signed_out.c.session == bindparam("b_session")))
