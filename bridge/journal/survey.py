"""What a journal holds, in numbers: traffic, latency, what waits, who lives. For a page that refreshes itself.

Every number comes from an index or from a bounded count of rows, so that a journal of millions answers as one of
thousands does. Must not open a request.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Executable, and_, func, literal_column, select, text

from bridge.core.intent import State
from bridge.core.model import Instant, Route
from bridge.journal.reading import Reader
from bridge.journal.schema import (
    OPEN_SQL,
    REFUSED_SQL,
    UNSETTLED_SQL,
    discrepancy,
    dispatch,
    dispatch_intent,
    instance,
    intent,
)
from bridge.journal.statements import ALIVE_FOR, SERVER_NOW

BUCKETS = 60
SURE_MS = 5 * 60 * 1000
"""An intent is recorded within its caller's patience of when it came in, so a part this old gets no more of them."""

MOST_MEASURED = 1000
MOST_INSTANCES = 50
SHARES = (("p50", 50), ("p95", 95), ("p99", 99))


@dataclass(frozen=True, slots=True)
class Bucket:
    """What came in from ``at`` on. A route counts what was done by it; what has none was refused before it had."""

    at: Instant
    by_route: dict[Route, int]
    refused: int
    unknown: int


@dataclass(frozen=True, slots=True)
class Measured:
    """Milliseconds from the first byte sent to the answer, of ``n`` requests."""

    n: int
    shares: dict[str, int]


@dataclass(frozen=True, slots=True)
class Process:
    """One process on this journal."""

    id: str
    started: Instant
    heartbeat: Instant
    alive: bool


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many there are, and since when the oldest waits."""

    count: int
    oldest: Instant | None


Known = dict[tuple[Instant, int], tuple[int, ...]]
"""What came in by route in parts that are over, by when they began and how long they are: it stays as it is."""


def traffic(reader: Reader, now: Instant, minutes: int, known: Known) -> list[Bucket]:
    """What came in during the last minutes, in ``BUCKETS`` parts of equal length, the oldest first.

    The last part is the one that is not over. What ``known`` lacks is counted and added to it.
    """
    width = minutes * 60_000 // BUCKETS
    begin = now - now % width - width * (BUCKETS - 1)
    for old in [each for each in known if each[1] == width and each[0] < begin]:
        del known[old]
    refused = _spread(reader.rows(_by_route(begin, width, REFUSED_SQL)))
    unknown = _spread(reader.rows(_by_route(begin, width, f"{OPEN_SQL} AND {UNSETTLED_SQL}")))
    found = []
    for place in range(BUCKETS):
        at = begin + place * width
        # Counted range by range: grouping a day of rows takes the database four times as long as counting it.
        end = at + width if place < BUCKETS - 1 else None
        came = known.get((at, width))
        if came is None:
            (row,) = reader.rows(_came(at, end))
            came = tuple(row)
            if at + width < now - SURE_MS:
                known[at, width] = came
        by_route = {
            route: max(0, count - refused.get((place, route.value), 0) - unknown.get((place, route.value), 0))
            for route, count in zip(Route, came, strict=True)
        }
        found.append(Bucket(at, by_route, _of(refused, place), _of(unknown, place)))
    return found


def latency(reader: Reader, since: Instant) -> dict[Route, Measured]:
    """How long Zuora took for the requests of the newest ``MOST_MEASURED`` intents that came in since then."""
    newest = (
        select(intent.c.id).where(intent.c.created_at >= since).order_by(intent.c.created_at.desc())
    ).limit(MOST_MEASURED).subquery()  # fmt: skip
    # The first send of all is committed with the request itself.
    sent = func.coalesce(dispatch.c.last_sent_at, dispatch.c.first_sent_at)
    query = (
        select(dispatch.c.id, dispatch.c.route, dispatch.c.answered_at - sent)
        .join(dispatch_intent, dispatch_intent.c.dispatch_id == dispatch.c.id)
        .join(newest, newest.c.id == dispatch_intent.c.intent_id)
        .where(dispatch.c.answered_at.is_not(None), sent.is_not(None))
    )
    # A batch carries many intents and took its time once.
    took = {id_: (Route(route), max(0, int(ms))) for id_, route, ms in reader.rows(query)}
    by_route: dict[Route, list[int]] = {route: [] for route in Route}
    for route, ms in took.values():
        by_route[route].append(ms)
    return {
        route: Measured(len(times), {name: _share(times, share) for name, share in SHARES})
        for route, times in by_route.items()
        if times
    }


def processes(reader: Reader, now: Instant) -> list[Process]:
    """The processes that have served on this journal and were not tidied away, those that live first."""
    if reader.on_server:
        ((now,),) = reader.rows(select(SERVER_NOW))
    query = select(instance).order_by(instance.c.heartbeat_at.desc(), instance.c.id).limit(MOST_INSTANCES)
    return [
        Process(id_, started, heartbeat, abs(now - heartbeat) <= ALIVE_FOR)
        for id_, started, heartbeat in reader.rows(query)
    ]


def waiting(reader: Reader, state: State) -> Waiting:
    """What is in an unsettled state."""
    query = select(func.count(), func.min(intent.c.created_at)).where(
        text(OPEN_SQL), text(UNSETTLED_SQL), intent.c.state == state.value
    )
    ((count, oldest),) = reader.rows(query)
    return Waiting(count, oldest)


def open_breaks(reader: Reader) -> Waiting:
    """The breaks that nobody has closed."""
    query = select(func.count(), func.min(discrepancy.c.found_at)).where(text("closed_at IS NULL"))
    ((count, oldest),) = reader.rows(query)
    return Waiting(count, oldest)


def _came(at: Instant, end: Instant | None) -> Executable:
    where = intent.c.created_at >= at
    counts = (func.count().filter(intent.c.route == route.value) for route in Route)
    return select(*counts).where(where if end is None else and_(where, intent.c.created_at < end))


def _by_route(begin: Instant, width: int, condition: str) -> Executable:
    # Zuora's clock may be ahead of this machine's: what seems to come from the future is of now.
    place: ColumnElement[int] = (intent.c.created_at - begin) // width
    return (
        select(place.label("place"), intent.c.route, func.count())
        # The sum keeps SQLite from the index of all that came in: each condition has a smaller one of its own.
        .where(text(condition), intent.c.created_at + literal_column("0") >= begin)
        .group_by(text("place"), intent.c.route)
    )


def _spread(rows: Iterator[Any]) -> dict[tuple[int, str | None], int]:
    found: dict[tuple[int, str | None], int] = {}
    for place, route, count in rows:
        at = (min(BUCKETS - 1, int(place)), route)
        found[at] = found.get(at, 0) + count
    return found


def _of(counts: dict[tuple[int, str | None], int], place: int) -> int:
    return sum(count for (at, _), count in counts.items() if at == place)


def _share(times: list[int], share: int) -> int:
    """The nearest rank: a time that was measured."""
    ordered = sorted(times)
    return ordered[max(0, -(-len(ordered) * share // 100) - 1)]
