"""Who uses what, summed over all processes and times: counts, the first and the last moment of each row.

Names only; how many rows there may be is bounded, whoever makes names up. Methods run on the writer's thread. Must not
judge what a use needs (``cutover.usage``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ClauseElement, Dialect, case, func, select
from sqlalchemy.dialects import postgresql, sqlite

from bridge.core.model import Instant
from bridge.journal.audit import now
from bridge.journal.database import Database
from bridge.journal.schema import usage
from bridge.telemetry.usage import OTHER, Use

MOST_ROWS = 50_000


@dataclass(frozen=True, slots=True)
class Used:
    """One row; the moments are by the machines that counted."""

    use: Use
    count: int
    first_seen: Instant
    last_seen: Instant


class UsageTable:
    """Adds to the sums."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._sql = _Statements(database.dialect)

    def add(self, counts: Mapping[Use, int]) -> None:
        """Add what a process has counted since it told last."""
        ((there,),) = self._database.rows(self._sql.rows, {})
        if there >= MOST_ROWS:
            counts = self._in_bounds(counts)
        at = now()
        # Sorted: two processes that count the same must not wait for each other's rows.
        for use, number in sorted(counts.items()):
            row = {**use._asdict(), "count": number, "first_seen": at, "last_seen": at}
            self._database.run(self._sql.add, row)

    def all(self) -> list[Used]:
        """Every row."""
        return [from_row(row) for row in self._database.rows(self._sql.all, {})]

    def _in_bounds(self, counts: Mapping[Use, int]) -> Mapping[Use, int]:
        known = {each.use for each in self.all()}
        made: Counter[Use] = Counter()
        for use, number in counts.items():
            made[use if use in known else Use(OTHER, OTHER, OTHER, OTHER, OTHER, OTHER)] += number
        return made


def from_row(row: Sequence[Any]) -> Used:
    """The row in the order of ``schema.usage``."""
    *names, count, first, last = row
    return Used(Use(*names), count, first, last)


class _Statements:
    def __init__(self, dialect: Dialect) -> None:
        insert: Any = postgresql.insert if dialect.name == "postgresql" else sqlite.insert

        def sql(statement: ClauseElement) -> str:
            return str(statement.compile(dialect=dialect))

        added = insert(usage)
        new, old = added.excluded, usage.c
        self.add = sql(
            added.on_conflict_do_update(
                index_elements=[each.name for each in usage.primary_key],
                set_={
                    "count": old["count"] + new["count"],
                    "first_seen": case((new.first_seen < old.first_seen, new.first_seen), else_=old.first_seen),
                    "last_seen": case((new.last_seen > old.last_seen, new.last_seen), else_=old.last_seen),
                },
            )
        )
        self.all = sql(select(usage).order_by(*usage.primary_key))
        self.rows = sql(select(func.count()).select_from(usage))
