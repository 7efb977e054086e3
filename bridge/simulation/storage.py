"""The one database of a simulated world: real SQLite in memory, which may be slow, down, or lose its word.

Opened and migrated once per process of ours; each world begins with empty tables. Must not change what is stored.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from bridge.journal.crypto import KEY_BYTES, Seal
from bridge.journal.database import Database, Locked
from bridge.journal.errors import Uncertain
from bridge.journal.queries import Queries
from bridge.journal.schema import metadata
from bridge.journal.statements import Statements
from bridge.simulation.plan import What


class Undone(Exception):
    """The database said that it did not commit, and it did not."""


class WeatheredDatabase(Database):
    """What happens to a commit is the weather's."""

    def __init__(self) -> None:
        super().__init__("sqlite://")
        self.weather: Callable[[], What | None] = lambda: None

    def begin(self) -> None:
        """As the database does, unless it is down."""
        if self.weather() is What.DOWN:
            raise Locked("simulated")
        super().begin()

    def commit(self) -> None:
        """As the database does, unless it fails before, or after and nobody can say."""
        weather = self.weather()
        if weather is What.UNDONE:
            raise Undone("simulated")
        super().commit()
        if weather is What.UNCERTAIN:
            raise Uncertain("simulated")


class Storage:
    """The database with what is needed to use it."""

    def __init__(self) -> None:
        self.database = WeatheredDatabase()
        self.seal = Seal(bytes(range(KEY_BYTES)))
        self.statements = Statements(self.database.dialect)
        self.database.open(lambda: None)
        self.queries = Queries(self.database, self.statements, self.seal)
        self._clear = [f"DELETE FROM {table.name}" for table in reversed(metadata.sorted_tables)]  # noqa: S608

    def fresh(self) -> Storage:
        """The same with empty tables."""
        self.database.rollback()
        self.database.weather = lambda: None
        for sql in self._clear:
            self.database.run(sql, {})
        return self


@cache
def storage() -> Storage:
    """The one of this process."""
    return Storage()
