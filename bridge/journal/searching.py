"""Reads intents step by step from the newest back, with their requests: for searches that may end before the journal.

A step looks at a bounded number of rows, whatever it finds among them. Must not compare a request with anything.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, Select, literal_column, or_, select, text

from bridge.core.intent import Dispatch, Intent, State
from bridge.core.model import Instant, Op, Route
from bridge.journal.crypto import Unreadable
from bridge.journal.reading import Reader, Wanted, narrowed
from bridge.journal.rows import dispatch_from, intent_from
from bridge.journal.schema import ERASED, OPEN_SQL, UNSETTLED_SQL, dispatch, dispatch_intent, intent
from bridge.journal.statements import DISPATCH_COLUMNS

IDS_AT_ONCE = 500
NEAR_MS = 60_000
MOST_SIBLINGS = 60
"""A call has 50 objects at most."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a search stands: everything from the newest down to this intent was looked at."""

    created_at: Instant
    intent_id: str

    @classmethod
    def parse(cls, text: str) -> Place | None:
        """The place of ``str(place)``; None where it is none."""
        at, _, id_ = text.partition(".")
        if not (at.isascii() and at.isdigit() and len(at) <= 15 and 0 < len(id_) <= 100):
            return None
        return cls(int(at), id_)

    def __str__(self) -> str:
        return f"{self.created_at}.{self.intent_id}"


@dataclass(frozen=True, slots=True)
class Step:
    """What a step found, how many rows it looked at, and the last of them; None where there is nothing further."""

    found: list[Intent]
    rows: int
    last: Place | None


@dataclass(frozen=True, slots=True)
class Request:
    """A dispatch with the place that the intent has in it, and the HTTP status of its answer where one was kept.

    Where it is not ``readable``, sealed under a key that is gone, the dispatch has neither path nor body.
    """

    place: int
    dispatch: Dispatch
    status: int | None
    readable: bool = True


def step(reader: Reader, wanted: Wanted, after: Place | None, rows: int) -> Step:
    """Look at the next ``rows`` intents behind ``after``."""
    within = tuple(_behind(after))
    moments = Wanted(since=wanted.since, until=wanted.until)
    newest_first = (intent.c.created_at.desc(), intent.c.id.desc())
    if wanted.zuora_id is not None or (wanted.states and not any(each.settled for each in wanted.states)):
        # These have an index of their own, in which few rows stand.
        query = narrowed(select(intent).where(*within), wanted).order_by(*newest_first).limit(rows)
        found = [intent_from(row) for row in reader.rows(query)]
        return Step(found, len(found), _place(found[-1]) if len(found) == rows else None)
    ids = narrowed(select(intent.c.id).where(*within), moments).order_by(*newest_first).limit(rows).subquery()
    seen: Select[tuple[int, str]] = (
        select(intent.c.created_at, intent.c.id).join(ids, ids.c.id == intent.c.id).order_by(*newest_first)
    )
    looked = list(reader.rows(seen))
    if not looked:
        return Step([], 0, None)
    last = Place(*looked[-1])
    query = narrowed(select(intent).where(*within, *_down_to(last)), wanted).order_by(*newest_first)
    found = [intent_from(row) for row in reader.rows(query)]
    return Step(found, len(looked), last if len(looked) == rows else None)


def requests(reader: Reader, intent_ids: Sequence[str]) -> dict[str, list[Request]]:
    """The requests that carried each of these intents, opened, by step and attempt."""
    found: dict[str, list[Request]] = {each: [] for each in intent_ids}
    opened: dict[str, tuple[Dispatch, bool]] = {}
    for start in range(0, len(intent_ids), IDS_AT_ONCE):
        query = (
            select(*DISPATCH_COLUMNS, dispatch_intent.c.intent_id, dispatch_intent.c.position, dispatch.c.http_status)
            .join(dispatch_intent, dispatch_intent.c.dispatch_id == dispatch.c.id)
            .where(dispatch_intent.c.intent_id.in_(intent_ids[start : start + IDS_AT_ONCE]))
            .order_by(dispatch.c.step, dispatch.c.attempt, dispatch.c.recorded_at, dispatch.c.id)
        )
        for *row, intent_id, place, status in reader.rows(query):
            # A batch is opened once for all that it carries.
            one, readable = opened.get(row[0]) or opened.setdefault(row[0], _opened(row, reader))
            found[intent_id].append(Request(place, one, status, readable))
    return found


def _opened(row: Sequence[Any], reader: Reader) -> tuple[Dispatch, bool]:
    try:
        return dispatch_from(row, (), reader.seal), True
    except Unreadable:
        known = dict(zip((column.name for column in DISPATCH_COLUMNS), row, strict=True))
        del known["sealed"]
        known["erased"] = known.pop("options") == ERASED
        known |= {"route": Route(known["route"]), "op": Op(known["op"])}
        return Dispatch(**known, method="", path="", headers=(), body=b"", intent_ids=()), False


def oldest_open(reader: Reader, states: Collection[State], limit: int) -> list[Intent]:
    """What is in one of these unsettled states, the oldest first."""
    names = sorted(each.value for each in states)
    # The sum keeps SQLite from the index of all that came in: what is open has a small one.
    at = intent.c.created_at + literal_column("0")
    query = select(intent).where(text(OPEN_SQL), text(UNSETTLED_SQL), intent.c.state.in_(names))
    return [intent_from(row) for row in reader.rows(query.order_by(at, intent.c.id).limit(limit))]


def of_call(reader: Reader, one: Intent) -> list[Intent]:
    """The other objects of the same call, in their order."""
    # There is no index by calls; what is planned anew within one is so while its caller waits.
    near = intent.c.created_at.between(one.created_at - NEAR_MS, one.created_at + NEAR_MS)
    query = (
        select(intent)
        .where(near, intent.c.call_id == one.call_id, intent.c.id != one.id)
        .order_by(intent.c.position, intent.c.id)
        .limit(MOST_SIBLINGS)
    )
    return [intent_from(row) for row in reader.rows(query)]


def other_attempts(reader: Reader, one: Intent) -> list[Intent]:
    """The other attempts at the very same act, the oldest first."""
    query = (
        select(intent)
        .where(
            intent.c.scope == one.scope,
            intent.c.fingerprint == one.fingerprint,
            intent.c.ordinal == one.ordinal,
            intent.c.id != one.id,
        )
        .order_by(intent.c.generation)
        .limit(MOST_SIBLINGS)
    )
    return [intent_from(row) for row in reader.rows(query)]


def carried(reader: Reader, dispatch_ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """The intents that each of these requests carries, in their order."""
    found: dict[str, list[str]] = {each: [] for each in dispatch_ids}
    query = (
        select(dispatch_intent.c.dispatch_id, dispatch_intent.c.intent_id)
        .where(dispatch_intent.c.dispatch_id.in_(dispatch_ids))
        .order_by(dispatch_intent.c.position)
    )
    for dispatch_id, intent_id in reader.rows(query):
        found[dispatch_id].append(intent_id)
    return {name: tuple(ids) for name, ids in found.items()}


def whole(request: Request, intent_ids: tuple[str, ...]) -> Dispatch:
    """The dispatch of a request with all that it carries."""
    return replace(request.dispatch, intent_ids=intent_ids)


def _place(one: Intent) -> Place:
    return Place(one.created_at, one.id)


def _behind(after: Place | None) -> Iterator[ColumnElement[bool]]:
    if after is not None:
        # The first term is the index's, the second the order's among what came in at one moment.
        yield intent.c.created_at <= after.created_at
        yield or_(intent.c.created_at < after.created_at, intent.c.id < after.intent_id)


def _down_to(last: Place) -> Iterator[ColumnElement[bool]]:
    yield intent.c.created_at >= last.created_at
    yield or_(intent.c.created_at > last.created_at, intent.c.id >= last.intent_id)
