"""Every statement the journal makes, built from ``schema`` and compiled once per database.

SQLAlchemy writes the SQL and the driver runs it: its execution layer costs more than SQLite itself for rows this
small. Parameters are named, on both dialects. Must not run anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    ClauseElement,
    Dialect,
    Integer,
    Text,
    and_,
    bindparam,
    column,
    delete,
    exists,
    func,
    insert,
    literal_column,
    null,
    or_,
    select,
    text,
    union_all,
    update,
    values,
)
from sqlalchemy.dialects import postgresql, sqlite

from bridge.journal.chain import HEAD
from bridge.journal.schema import (
    ERASED,
    IN_DOUBT_SQL,
    NOT_PARKED_SQL,
    OPEN_SQL,
    TOLD_SQL,
    UNSETTLED_SQL,
    audit,
    audit_mark,
    dispatch,
    dispatch_intent,
    hold,
    instance,
    intent,
    meta,
)

DISPATCH_COLUMNS = tuple(dispatch.c[name] for name in (
    "id", "call_id", "route", "op", "step", "attempt", "key", "marker", "recorded_at", "first_sent_at", "last_sent_at",
    "answered_at", "verdict", "options", "sealed",
))  # fmt: skip

_ANSWERED = frozenset({"last_sent_at", "answered_at", "verdict"})
"""Columns that a dispatch gets after it was recorded."""

ALIVE_FOR = 8_000
"""Milliseconds a heartbeat counts; with them and what a repeat needs to notice, a takeover happens within 10 s."""

SERVER_NOW: Any = literal_column("CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint)")
"""PostgreSQL's own clock. Replicas on several machines see each other alive by it, whatever their own clocks say."""

WIDTHS = (1, 4, 16, 64, 256)
"""A list of values is padded with None to one of these, so that few statements serve lists of any length."""


class Statements:
    """SQL texts for one dialect."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        add: Any = postgresql.insert if dialect.name == "postgresql" else sqlite.insert
        self.open_intent = self._sql(add(intent).on_conflict_do_nothing())
        self.open_dispatch = self._sql(
            add(dispatch).values({name: bindparam(name) for name in (*_recorded(), "key_id")}).on_conflict_do_nothing()
        )
        self.carry_intent = self._sql(_carry_intent())
        self.move = self._sql(_move(settle=False))
        self.move_and_settle = self._sql(_move(settle=True))
        self.adopt = self._sql(
            update(intent)
            .where(intent.c.id == bindparam("b_id"), intent.c.owner == bindparam("b_previous"))
            .values(owner=bindparam("b_owner"))
        )
        self.send = self._sql(
            update(dispatch)
            .where(dispatch.c.id == bindparam("b_id"), _whole())
            .values(
                first_sent_at=func.coalesce(dispatch.c.first_sent_at, bindparam("b_at", type_=BigInteger)),
                last_sent_at=bindparam("b_at", type_=BigInteger),
            )
        )
        self.answer = self._sql(
            update(dispatch)
            .where(dispatch.c.id == bindparam("b_id"))
            .values(answered_at=bindparam("b_at"), verdict=bindparam("b_verdict"), http_status=bindparam("b_status"))
        )
        self.deliver = self._sql(
            update(intent)
            .where(intent.c.id == bindparam("b_id"), intent.c.delivered_at.is_(None))
            .values(delivered_at=bindparam("b_at"))
        )
        self.dispatches = self._sql(_dispatches())
        self.under_way = self._sql(
            select(dispatch.c.id)
            .join(dispatch_intent, dispatch_intent.c.dispatch_id == dispatch.c.id)
            .where(
                dispatch_intent.c.intent_id == bindparam("b_intent_id"),
                dispatch.c.last_sent_at.is_not(None),
                or_(dispatch.c.answered_at.is_(None), dispatch.c.answered_at < dispatch.c.last_sent_at),
            )
        )
        self.settled_by = self._sql(
            select(intent.c.id).where(
                intent.c.scope == bindparam("b_scope"),
                intent.c.object_type == bindparam("b_object_type"),
                intent.c.zuora_id == bindparam("b_zuora_id"),
                intent.c.op == literal_column("'create'"),
            )
        )
        self.open_creates = self._sql(
            select(intent)
            .where(text(OPEN_SQL), text(UNSETTLED_SQL))
            .where(
                intent.c.scope == bindparam("b_scope"),
                intent.c.object_type == bindparam("b_object_type"),
                intent.c.op == literal_column("'create'"),
            )
            .order_by(intent.c.created_at, intent.c.id)
            .limit(bindparam("b_limit", type_=Integer))
            .offset(literal_column("0"))
        )
        self.ages = self._sql(
            select(intent.c.state, intent.c.route, func.count(), func.min(intent.c.created_at))
            .where(text(OPEN_SQL), text(UNSETTLED_SQL))
            .group_by(intent.c.state, intent.c.route)
        )
        self.hold = self._sql(_hold(add))
        self.carried = self._sql(
            select(dispatch_intent.c.intent_id)
            .where(dispatch_intent.c.dispatch_id == bindparam("b_id"))
            .order_by(dispatch_intent.c.position)
        )
        beat = add(instance).values({each.name: bindparam(each.name) for each in instance.columns})
        if dialect.name == "postgresql":
            beat = beat.values(heartbeat_at=SERVER_NOW)
        self.beat = self._sql(
            beat.on_conflict_do_update(index_elements=["id"], set_={"heartbeat_at": beat.excluded.heartbeat_at})
        )
        self.put_meta = self._sql(add(meta).on_conflict_do_nothing())
        self.get_meta = self._sql(select(meta.c.value).where(meta.c.name == bindparam("b_name")))
        put_meta = add(meta)
        self.set_meta = self._sql(
            put_meta.on_conflict_do_update(index_elements=["name"], set_={"value": put_meta.excluded.value})
        )
        self.add_audit = self._sql(insert(audit))
        newest = select(func.max(audit.c.seq)).where(audit.c.writer == bindparam("b_writer")).scalar_subquery()
        self.last_audit = self._sql(
            select(audit.c.seq, audit.c.digest).where(audit.c.writer == bindparam("b_writer"), audit.c.seq == newest)
        )
        self.oldest_audit = self._sql(
            select(audit.c.seq, audit.c.at, audit.c.digest)
            .where(audit.c.writer == bindparam("b_writer"), audit.c.seq <= bindparam("b_to"))
            .order_by(audit.c.seq)
        )
        self.drop_audit = self._sql(
            delete(audit).where(audit.c.writer == bindparam("b_writer"), audit.c.seq <= bindparam("b_seq"))
        )
        mark = add(audit_mark)
        changed = {name: mark.excluded[name] for name in ("seq", "digest", "at", "signature")}
        self.put_mark = self._sql(mark.on_conflict_do_update(index_elements=["writer", "part"], set_=changed))
        self.marks_of = self._sql(
            select(audit_mark.c.part, audit_mark.c.seq, audit_mark.c.digest).where(
                audit_mark.c.writer == bindparam("b_writer")
            )
        )
        self.heads = self._sql(
            select(audit_mark.c.writer)
            .where(audit_mark.c.part == literal_column(f"'{HEAD}'"))
            .order_by(audit_mark.c.at.desc(), audit_mark.c.writer)
        )
        self.known = cache(lambda width: self._sql(_known(width)))
        self.joinable = cache(lambda width: self._sql(_joinable(width)))
        self.aliased = cache(lambda width: self._sql(_aliased(width)))
        self.near = cache(
            lambda width: self._sql(
                select(intent)
                .where(intent.c.scope == bindparam("b_scope"), intent.c.near.in_(_params(width)))
                .where(text(OPEN_SQL))
            )
        )
        self.generations = cache(lambda width: self._sql(_generations(width)))
        self.intents = cache(lambda width: self._sql(select(intent).where(intent.c.id.in_(_params(width)))))
        self.alive = cache(
            lambda width: self._sql(select(instance.c.id).where(instance.c.id.in_(_params(width)), _is_alive(dialect)))
        )

        self.orphans = self._sql(
            select(intent)
            # What is open is never many and has an index; the term is there so that SQLite may use it.
            .where(text(OPEN_SQL), text(UNSETTLED_SQL), text(NOT_PARKED_SQL))
            .where(intent.c.created_at <= bindparam("b_before"))
            .order_by(intent.c.created_at, intent.c.id)
            .limit(bindparam("b_limit", type_=Integer))
            .offset(literal_column("0"))
        )
        self.living = self._sql(select(instance.c.id).where(_is_alive(dialect)).order_by(instance.c.id))

        oldest = (
            select(intent.c.id, intent.c.settled_at)
            .where(intent.c.settled_at.is_not(None), intent.c.settled_at < bindparam("b_before"))
            .where(text(f"NOT {UNSETTLED_SQL}"))
            .order_by(intent.c.settled_at, intent.c.id)
            .limit(bindparam("b_limit", type_=Integer))
            .offset(literal_column("0"))
        )
        # Two replicas at it take different ones; SQLite has no such words, and one writer at a time.
        self.long_settled = self._sql(oldest.with_for_update(skip_locked=True))
        of_intent = dispatch_intent.c.intent_id
        carriers = select(dispatch_intent.c.dispatch_id).distinct()
        self.carriers = cache(lambda width: self._sql(carriers.where(of_intent.in_(_params(width)))))
        self.drop_carried = cache(lambda width: self._sql(delete(dispatch_intent).where(of_intent.in_(_params(width)))))
        self.drop_holds = cache(lambda width: self._sql(delete(hold).where(hold.c.intent_id.in_(_params(width)))))
        self.drop_dispatches = cache(lambda width: self._sql(_drop_dispatches(width)))
        self.drop_intents = cache(lambda width: self._sql(delete(intent).where(intent.c.id.in_(_params(width)))))
        self.drop_instances = self._sql(delete(instance).where(instance.c.heartbeat_at < bindparam("b_before")))

    def _sql(self, statement: ClauseElement) -> str:
        return str(statement.compile(dialect=self._dialect))


def _is_alive(dialect: Dialect) -> Any:
    """A heartbeat near now, either way: a clock that was set must not keep a dead process alive until its time comes.

    SQLite's processes have one clock, and ``b_at`` is its time; PostgreSQL's have its server's.
    """
    now: Any = SERVER_NOW if dialect.name == "postgresql" else bindparam("b_at", type_=BigInteger)
    return instance.c.heartbeat_at.between(now - literal_column(str(ALIVE_FOR)), now + literal_column(str(ALIVE_FOR)))


def spread(wanted: Sequence[str | None]) -> list[tuple[int, dict[str, object]]]:
    """The values in slices: the width of the statement that takes each slice, and its parameters."""
    slices = []
    for start in range(0, len(wanted), WIDTHS[-1]):
        part = wanted[start : start + WIDTHS[-1]]
        width = next(width for width in WIDTHS if width >= len(part))
        padded: list[object] = [*part, *[None] * (width - len(part))]
        slices.append((width, {f"v{number}": value for number, value in enumerate(padded)}))
    return slices


def spread_pairs(names: list[str], nears: list[str]) -> list[tuple[int, dict[str, object]]]:
    """Two lists side by side in slices; the second's values are ``n0`` and so on."""
    length = max(len(names), len(nears))
    one, other = (spread([*each, *[None] * (length - len(each))]) for each in (names, nears))
    return [
        (width, parameters | {f"n{name[1:]}": value for name, value in beside.items()})
        for (width, parameters), (_, beside) in zip(one, other, strict=True)
    ]


def _params(width: int) -> list[Any]:
    return [bindparam(f"v{number}", type_=Text) for number in range(width)]


def _carry_intent() -> ClauseElement:
    """Inserts nothing where the intent does not exist, which a count shows and a foreign key would only raise."""
    source = select(
        bindparam("dispatch_id", type_=Text), bindparam("position", type_=Integer), intent.c.id
    ).where(intent.c.id == bindparam("intent_id"))  # fmt: skip
    return insert(dispatch_intent).from_select(["dispatch_id", "position", "intent_id"], source)


def _move(*, settle: bool) -> ClauseElement:
    """The compare-and-swap. With an Id (``settle``) it also needs that no other create has claimed it."""
    statement = update(intent).where(
        intent.c.id == bindparam("b_id"),
        intent.c.state == bindparam("b_source"),
        intent.c.owner == bindparam("b_owner"),
    )
    changed: dict[str, Any] = {
        "state": bindparam("b_target"),
        "errors": bindparam("b_errors"),
        "unsent": bindparam("b_unsent"),
        "settled_at": bindparam("b_settled_at"),
        "delivered_at": null(),
    }
    if not settle:
        return statement.values(changed)
    other = intent.alias("other")
    create: Any = literal_column("'create'")
    claimed = exists(
        select(1)
        .where(other.c.scope == intent.c.scope, other.c.object_type == intent.c.object_type)
        .where(other.c.zuora_id == bindparam("b_zuora_id"), other.c.op == create, other.c.id != intent.c.id)
    )
    return statement.where(or_(intent.c.op != create, ~claimed)).values(changed | {"zuora_id": bindparam("b_zuora_id")})


def _whole() -> Any:
    """Whether the bytes are those that were recorded: what was erased is never sent again."""
    return or_(dispatch.c.options.is_(None), dispatch.c.options != literal_column(str(ERASED)))


def _recorded() -> tuple[str, ...]:
    return tuple(each.name for each in DISPATCH_COLUMNS if each.name not in _ANSWERED)


def _drop_dispatches(width: int) -> ClauseElement:
    """Of these requests, those that no intent is left of."""
    still = exists(select(1).where(dispatch_intent.c.dispatch_id == dispatch.c.id)).correlate(dispatch)
    return delete(dispatch).where(dispatch.c.id.in_(_params(width)), ~still)


def _dispatches() -> ClauseElement:
    return (
        select(*DISPATCH_COLUMNS)
        .join(dispatch_intent, dispatch_intent.c.dispatch_id == dispatch.c.id)
        .where(dispatch_intent.c.intent_id == bindparam("b_intent_id"))
        .order_by(dispatch.c.step, dispatch.c.attempt, dispatch.c.recorded_at, dispatch.c.id)
    )


def _hold(add: Any) -> ClauseElement:
    """Takes a free lease. It is free without a row, and where whoever has the row has no more use for it."""
    taken = add(hold).values({name: bindparam(name) for name in ("scope", "key", "intent_id", "whole")})
    # The row that is there, by name: SQLAlchemy would give the inner SELECT a ``hold`` of its own, any of whose rows
    # would do.
    there: Any = literal_column("hold.intent_id")
    kept_whole: Any = literal_column("hold.whole")
    free = exists(
        select(1).where(
            intent.c.id == there,
            or_(
                text(f"NOT {UNSETTLED_SQL}"),
                and_(text(IN_DOUBT_SQL), kept_whole == literal_column("0")),
            ),
        )
    )
    return taken.on_conflict_do_update(  # type: ignore[no-any-return]
        index_elements=["scope", "key"],
        set_={"intent_id": taken.excluded.intent_id, "whole": taken.excluded.whole},
        where=or_(hold.c.intent_id == taken.excluded.intent_id, free),
    )


def _joinable(width: int) -> ClauseElement:
    """Three ranges of two partial indexes; one OR over them would make SQLite read every row of the fingerprint."""
    of_these = select(intent).where(intent.c.scope == bindparam("b_scope"), intent.c.fingerprint.in_(_params(width)))
    return union_all(
        of_these.where(text(OPEN_SQL)),
        of_these.where(text(TOLD_SQL)).where(intent.c.delivered_at >= bindparam("b_since")),
    )


def _aliased(width: int) -> ClauseElement:
    """What is joinable by its other name. Few intents have one, and few of those have the same."""
    return (
        select(intent)
        .where(intent.c.scope == bindparam("b_scope"), intent.c.alias.in_(_params(width)))
        .where(or_(text(OPEN_SQL), and_(text(TOLD_SQL), intent.c.delivered_at >= bindparam("b_since"))))
    )


def _known(width: int) -> ClauseElement:
    """Of which names there was ever anything, or is anything near: one look into each index. Most are new."""
    pairs = [(name, bindparam(f"n{number}", type_=Text)) for number, name in enumerate(_params(width))]
    asked = values(column("name", Text), column("near", Text), name="asked").data(pairs).cte("asked")

    def any_with(*terms: Any) -> Any:
        return exists(select(1).where(intent.c.scope == bindparam("b_scope"), *terms)).correlate(asked)

    return select(asked.c.name, asked.c.near).where(
        or_(
            any_with(intent.c.fingerprint == asked.c.name),
            any_with(intent.c.near == asked.c.near, text(OPEN_SQL)),
            any_with(intent.c.alias == asked.c.name),
        )
    )


def _generations(width: int) -> ClauseElement:
    """The highest generation per fingerprint and ordinal, by jumping along the unique index.

    A GROUP BY reads every row there ever was; this reads two entries per ordinal
    (https://wiki.postgresql.org/wiki/Loose_indexscan).
    """
    asked = values(column("fingerprint", Text), name="asked").data([(p,) for p in _params(width)]).cte("asked")

    def first_ordinal(fingerprint: Any, *after: Any) -> Any:
        return (
            select(func.min(intent.c.ordinal))
            .where(intent.c.scope == bindparam("b_scope"), intent.c.fingerprint == fingerprint, *after)
            .scalar_subquery()
        )

    seen = select(asked.c.fingerprint, first_ordinal(asked.c.fingerprint).label("ordinal")).cte("seen", recursive=True)
    seen = seen.union_all(
        select(seen.c.fingerprint, first_ordinal(seen.c.fingerprint, intent.c.ordinal > seen.c.ordinal)).where(
            seen.c.ordinal.is_not(None)
        )
    )
    highest = (
        select(func.max(intent.c.generation))
        .where(
            and_(
                intent.c.scope == bindparam("b_scope"),
                intent.c.fingerprint == seen.c.fingerprint,
                intent.c.ordinal == seen.c.ordinal,
            )
        )
        .scalar_subquery()
    )
    return select(seen.c.fingerprint, seen.c.ordinal, highest).where(seen.c.ordinal.is_not(None))
