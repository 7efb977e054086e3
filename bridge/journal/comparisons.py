"""What shadows found: beside what was said or done, what the other route would have said or done.

Kept as long as intents are, and of each rule only the newest. Adding is lazy and may be lost: a comparison is evidence
about a route and no part of what happened. ``detail`` is redacted and bounded before it comes here. Methods run on the
writer's thread. Must not compare or judge.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import BigInteger, ClauseElement, Dialect, Integer, Select, bindparam, func, literal_column, select
from sqlalchemy.dialects import postgresql, sqlite

from bridge.core.model import Instant
from bridge.journal.database import Database
from bridge.journal.schema import comparison

KINDS = ("read", "plan", "effect")
"""Made by shadows. A report that stands in for a gate has a kind of its own (``cli.parity_ramp``)."""

MOST_OF_A_RULE = 20_000
"""More than bounds a rate at a thousandth; older ones go first."""

MOST_READ = 100_000
BATCH = 500


@dataclass(frozen=True, slots=True)
class Comparison:
    """One comparison; ``at`` is by the machine of whoever made it.

    ``kind`` is read, plan (what REST would have been sent) or effect (what is in Zuora afterwards). ``detail`` is plain
    JSON: ``differences``, ``money``, ``known``, ``noise``. Of what was found about one call, one has ``calls`` 1 and
    all others 0, so that whoever only adds up does not count it twice; noise counts nowhere.
    """

    id: str
    at: Instant
    kind: str
    rule: str | None
    operation: str
    object_type: str
    intent_id: str | None
    equal: bool
    detail: Mapping[str, Any] = field(default_factory=dict)

    @property
    def noise(self) -> bool:
        """Whether it says nothing of the route: something changed between the two reads."""
        return self.detail.get("noise") is True


class Comparisons:
    """Adds, reads and lets go of them."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._sql = _Statements(database.dialect)

    def add(self, made: Sequence[Comparison]) -> None:
        """Add them; one that is there already stays as it is."""
        self._database.run_many(self._sql.add, [_row(each) for each in made])

    def since(self, since: Instant, rule: str | None, limit: int) -> list[Comparison]:
        """Those of a rule, or of all, from then on, the newest first."""
        sql, asked = (self._sql.all, {}) if rule is None else (self._sql.of_rule, {"b_rule": rule})
        rows = self._database.rows(sql, {**asked, "b_since": since, "b_limit": limit})
        return [comparison_of(row) for row in rows]

    def prune(self, before: Instant) -> int:
        """Delete a batch of the older ones, and of those that are too many of a rule; how many they were."""
        gone = self._database.run(self._sql.drop_old, {"b_before": before, "b_limit": BATCH})
        for rule, count in self._database.rows(self._sql.counts, {"b_most": MOST_OF_A_RULE}):
            asked = {"b_rule": rule, "b_limit": min(BATCH, count - MOST_OF_A_RULE)}
            gone += self._database.run(self._sql.drop_most, asked)
        return gone


def found(since: Instant, rule: str | None) -> Select[Any]:
    """What shadows found from then on, the newest first, for whoever reads beside the writer."""
    query = select(comparison).where(comparison.c.at >= since, comparison.c.kind.in_(KINDS))
    if rule is not None:
        query = query.where(comparison.c.rule == rule)
    return query.order_by(comparison.c.at.desc(), comparison.c.id)


def comparison_of(row: Sequence[Any]) -> Comparison:
    """The comparison of a row in the order of ``schema.comparison``."""
    id_, at, kind, rule, operation, object_type, intent_id, equal, detail = row
    try:
        said = json.loads(detail)
    except ValueError:
        said = None
    about = said if isinstance(said, dict) else {}
    return Comparison(id_, at, kind, rule, operation, object_type, intent_id, bool(equal), about)


def _row(made: Comparison) -> dict[str, object]:
    return {
        "id": made.id,
        "at": made.at,
        "kind": made.kind,
        "rule": made.rule,
        "operation": made.operation,
        "object_type": made.object_type,
        "intent_id": made.intent_id,
        "equal": int(made.equal),
        # In ASCII: a caller's JSON may hold half a surrogate pair, which no database takes.
        "detail": json.dumps(made.detail),
    }


class _Statements:
    def __init__(self, dialect: Dialect) -> None:
        insert: Any = postgresql.insert if dialect.name == "postgresql" else sqlite.insert
        table = comparison.c

        def sql(statement: ClauseElement) -> str:
            return str(statement.compile(dialect=dialect))

        def some(query: Any) -> Any:
            return query.limit(bindparam("b_limit", type_=Integer)).offset(literal_column("0"))

        kinds = table.kind.in_([literal_column(repr(each)) for each in KINDS])
        newest = select(comparison).where(kinds, table.at >= bindparam("b_since", type_=BigInteger))
        newest = newest.order_by(table.at.desc(), table.id)
        self.all = sql(some(newest))
        self.of_rule = sql(some(newest.where(table.rule == bindparam("b_rule"))))
        self.add = sql(insert(comparison).on_conflict_do_nothing())
        oldest = select(table.id).order_by(table.at)
        old = some(oldest.where(table.at < bindparam("b_before", type_=BigInteger)))
        self.drop_old = sql(comparison.delete().where(table.id.in_(old)))
        most = some(oldest.where(table.rule == bindparam("b_rule")))
        self.drop_most = sql(comparison.delete().where(table.id.in_(most)))
        count = func.count()
        self.counts = sql(
            select(table.rule, count)
            .where(table.rule.is_not(None))
            .group_by(table.rule)
            .having(count > bindparam("b_most", type_=Integer))
        )
