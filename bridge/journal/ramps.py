"""What a ramp's gate reads of the journal, and the judgements it leaves there.

Reads are bounded: the newest intents of each side, the newest comparisons. A judgement is kept when it says something
new, or once a minute, whichever replica made it; each is in the audit, in the transaction of the decision it led to.
Methods run on the writer's thread. Must not judge: that is ``cutover``'s.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, ClauseElement, Dialect, Integer, bindparam, exists, func, literal_column, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from bridge.core.intent import State
from bridge.core.model import Instant, Route
from bridge.core.reconcile import Break
from bridge.journal.audit import Audit, now
from bridge.journal.database import Database
from bridge.journal.revisions import Revisions
from bridge.journal.schema import comparison, discrepancy, intent, judgement

NEWEST = 5_000
"""Intents of each side that are read: enough to bound a rate at a thousandth, few enough for every few seconds."""

PAGE = 250
"""Intents that are read at once: callers' commits wait for no more than a page (some 2 ms)."""

FOREVER = 2**62
"""Later than any moment."""

KEEP_EVERY_MS = 60_000
WRONG_MONEY = (Break.MISSING, Break.AMOUNT, Break.DENIED)
"""Breaks that a wrong route can make. A payment that a person canceled, or that nobody knows, tells nothing of it."""


@dataclass(frozen=True, slots=True)
class Counted:
    """One intent of a ramp; ``created_at`` and ``settled_at`` are by Zuora's clock."""

    call_id: str
    route: Route | None
    state: State
    unsent: bool
    created_at: Instant
    settled_at: Instant | None
    id: str


@dataclass(frozen=True, slots=True)
class Compared:
    """Comparisons: how many calls, how many differ, and the first words about money that does."""

    calls: int = 0
    unequal: int = 0
    money: str | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """A judgement as it is kept. ``revision`` is the decision under which it was made; ``detail`` is plain JSON."""

    rule: str
    revision: int
    at: Instant
    verdict: str
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Act:
    """What a judgement leads to: a revision on top of the one it was made under."""

    decided: str
    reason: str
    author: str


class Ramps:
    """Reads for gates and keeps what they judge."""

    def __init__(self, database: Database, audit: Audit, revisions: Revisions) -> None:
        self._database = database
        self._audit = audit
        self._revisions = revisions
        self._sql = _Statements(database.dialect)

    def counted(self, rule: str, route: Route | None, since: Instant, behind: Counted | None) -> list[Counted]:
        """A page of what the ramp counts of one route, created from then on, the newest first.

        ``behind`` is the last of the page before.
        """
        at, last = (FOREVER, "") if behind is None else (behind.created_at, behind.id)
        asked = {"b_ramp": rule, "b_since": since, "b_limit": PAGE, "b_at": at, "b_last": last}
        if route is not None:
            asked["b_route"] = route.value
        rows = self._database.rows(self._sql.routed if route is not None else self._sql.unrouted, asked)
        return [
            Counted(call, Route(by) if by is not None else None, State(state), bool(unsent), created, settled, id_)
            for id_, call, by, state, unsent, created, settled in rows
        ]

    def compared(self, rule: str, since: Instant) -> Compared:
        """The comparisons about the rule from then on, by this machine's time. A report's row stands for many."""
        calls = unequal = 0
        money = None
        for equal, detail in self._database.rows(
            self._sql.compared, {"b_rule": rule, "b_since": since, "b_limit": NEWEST}
        ):
            said = _object(detail)
            count = _count(said.get("calls"), 1)
            calls += count
            unequal += min(count, _count(said.get("unequal"), 0 if equal else 1))
            if said.get("money") and money is None:
                money = "a comparison found another amount of money"
        return Compared(calls, unequal, money)

    def wrong_money(self, rule: str, route: Route, since: Instant) -> int:
        """How many open breaks are about money that the ramp's route moved since then (Zuora's clock)."""
        asked = {"b_ramp": rule, "b_route": route.value, "b_since": since}
        ((count,),) = self._database.rows(self._sql.wrong_money, asked)
        return int(count)

    def newest(self, rule: str) -> Judged | None:
        """The last judgement of a rule."""
        return next(iter(self.history(rule, 1)), None)

    def history(self, rule: str | None, limit: int) -> list[Judged]:
        """The judgements of a rule, or of all, the newest first."""
        sql, asked = (self._sql.all, {}) if rule is None else (self._sql.of_rule, {"b_rule": rule})
        return [judged(row) for row in self._database.rows(sql, {**asked, "b_limit": limit})]

    def keep(self, made: Judged, act: Act | None) -> str | None:
        """Keep a judgement, and decide what it leads to; the words of a refusal where somebody was quicker."""
        if act is not None and (why := self._revisions.add(made.revision, act.decided, act.author, act.reason)):
            return why
        newest = self._revisions.newest() if act is None else None
        if newest is not None and newest.number > made.revision:
            # Another process has acted meanwhile, and what it judged must stay the last word of that revision.
            return f"the rules were changed at this moment (revision {newest.number} by {newest.author})"
        last = self.newest(made.rule)
        # A clock that was set back must not let judgements vanish.
        at = max(now(), last.at + 1) if last is not None else now()
        same = last is not None and (last.verdict, last.revision) == (made.verdict, made.revision)
        if act is None and same and last is not None and now() - last.at < KEEP_EVERY_MS:
            return None
        text = json.dumps(made.detail)
        row = {"rule": made.rule, "revision": made.revision, "at": at, "verdict": made.verdict, "detail": text}
        self._database.run(self._sql.add, row)
        self._audit.note("gate", made.rule, {"verdict": made.verdict, "revision": made.revision, **made.detail})
        return None

    def compare(self, rows: Sequence[Mapping[str, object]]) -> None:
        """Add comparisons; one that is there already is not counted twice."""
        self._database.run_many(self._sql.compare, rows)

    def prune(self, before: Instant) -> None:
        """Delete older judgements."""
        self._database.run(self._sql.drop, {"b_before": before})


def judged(row: Sequence[Any]) -> Judged:
    """The judgement of a row in the order of ``schema.judgement``."""
    rule, revision, at, verdict, detail = row
    return Judged(rule, revision, at, verdict, _object(detail))


def _object(text: str) -> dict[str, Any]:
    try:
        said = json.loads(text)
    except ValueError:
        said = None
    return said if isinstance(said, dict) else {}


def _count(said: object, otherwise: int) -> int:
    return said if isinstance(said, int) and not isinstance(said, bool) and said >= 0 else otherwise


class _Statements:
    def __init__(self, dialect: Dialect) -> None:
        insert: Any = postgresql.insert if dialect.name == "postgresql" else sqlite.insert

        def sql(statement: ClauseElement) -> str:
            return str(statement.compile(dialect=dialect))

        def newest(query: Any, *order: Any) -> str:
            limit = bindparam("b_limit", type_=Integer)
            return sql(query.order_by(*order).limit(limit).offset(literal_column("0")))

        table = intent.c
        at: Any = bindparam("b_at", type_=BigInteger)
        counted = select(
            table.id, table.call_id, table.route, table.state, table.unsent, table.created_at, table.settled_at
        ).where(
            table.ramp.is_not(None),
            table.ramp == bindparam("b_ramp"),
            table.created_at >= bindparam("b_since", type_=BigInteger),
            table.created_at <= at,
            or_(table.created_at < at, table.id < bindparam("b_last")),
        )
        route: Any = bindparam("b_route")
        order = (table.created_at.desc(), table.id.desc())
        self.routed = newest(counted.where(table.route == route), *order)
        self.unrouted = newest(counted.where(table.route.is_(None)), *order)
        self.compared = newest(
            select(comparison.c.equal, comparison.c.detail).where(
                comparison.c.rule == bindparam("b_rule"),
                comparison.c.at >= bindparam("b_since", type_=BigInteger),
            ),
            comparison.c.at.desc(),
        )
        # From the breaks, of which few are open, to their intents: the other way round all of a ramp would be read.
        self.wrong_money = sql(
            select(func.count())
            .select_from(discrepancy)
            .where(
                discrepancy.c.closed_at.is_(None),
                discrepancy.c.kind.in_([literal_column(repr(each.value)) for each in WRONG_MONEY]),
                exists().where(
                    table.id == discrepancy.c.intent_id,
                    table.ramp == bindparam("b_ramp"),
                    table.route == route,
                    table.created_at >= bindparam("b_since", type_=BigInteger),
                ),
            )
        )
        every = select(judgement)
        self.all = newest(every, judgement.c.at.desc(), judgement.c.rule)
        self.of_rule = newest(every.where(judgement.c.rule == bindparam("b_rule")), judgement.c.at.desc())
        self.add = sql(insert(judgement).on_conflict_do_nothing())
        self.compare = sql(insert(comparison).on_conflict_do_nothing())
        self.drop = sql(judgement.delete().where(judgement.c.at < bindparam("b_before", type_=BigInteger)))
