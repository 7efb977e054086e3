"""What people read of a journal, on SQLite and PostgreSQL: numbers, searches step by step, proofs of single rows."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from journal_examples import KEY, answered, dispatch, intent, moved, url_of

from bridge.core.commands import Opened, Sent
from bridge.core.intent import State
from bridge.core.model import Route
from bridge.core.reconcile import Break, Finding
from bridge.journal import Journal, JournalDown, JournalRefused, survey
from bridge.journal.audit import now
from bridge.journal.proving import Proof, prove
from bridge.journal.reading import Reader, Wanted
from bridge.journal.searching import Place, of_call, oldest_open, requests, step

if TYPE_CHECKING:
    from postgresql_server import PostgreSQL

MINUTE = 60_000
NOW = 100 * MINUTE + 30_000
COUNT = 24


async def fill(journal: Journal) -> None:
    """An intent in each of the last minutes, by turns on each route: done, refused, in doubt, parked."""
    await journal.started("1", "{}")
    await journal.heartbeat(now())
    routes = (Route.SOAP, Route.REST, Route.ACTION)
    for number in range(COUNT):
        name, at = f"i{number:02}", NOW - number * MINUTE
        one = intent(name, created_at=at, route=routes[number % 3], call_id=f"c{number // 2}", zuora_id=None)
        sent = dispatch(f"d{number:02}", name, recorded_at=at, first_sent_at=at, route=one.route)
        assert await journal.record([Opened((one,), (sent,)), Sent(sent.id, at)])
        done = replace(answered(sent.id), at=at + 100 + number)
        target = (State.APPLIED, State.REFUSED, State.IN_DOUBT, State.IN_DOUBT)[number % 4]
        zuora_id = f"{number:032}" if target is State.APPLIED else None
        assert await journal.record([done, moved(name, target=target, at=at + 200, zuora_id=zuora_id)])
        if number % 4 == 3:
            assert await journal.record([moved(name, State.IN_DOUBT, State.PARKED, at=at + 300)])
    finding = Finding(Break.WITHOUT_INTENT, "10000|", "Payment", "y" * 32, None, "nothing", "7")
    await journal.operator.reconciled([finding], set())
    await journal.flush()


@pytest.fixture(params=["sqlite", "postgresql"], scope="module")
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A journal with two dozen intents, whose process has gone on."""
    if request.param == "sqlite":
        folder: Path = tmp_path_factory.mktemp("survey")
        where = url_of(folder)
    else:
        server: PostgreSQL = request.getfixturevalue("postgresql")
        where = server.url(server.new_place())
    with closing(Journal.open(where, KEY, "w1")) as journal:
        asyncio.run(fill(journal))
        yield where


@pytest.fixture
def reader(url: str) -> Iterator[Reader]:
    """It is read beside its process."""
    with Reader(url, KEY, 60) as opened:
        yield opened


def test_traffic_is_counted_by_route_and_fate(reader: Reader) -> None:
    """Each intent once: by the route that did it, as refused, or as unknown."""
    known: survey.Known = {}
    for _ in range(2):
        # The second time from what is known, and the same.
        buckets = survey.traffic(reader, NOW, 60, known)
        assert len(buckets) == survey.BUCKETS
        assert [each.at for each in buckets] == [100 * MINUTE - MINUTE * place for place in reversed(range(60))]
        assert sum(each.refused for each in buckets) == COUNT / 4
        assert sum(each.unknown for each in buckets) == COUNT / 2
        done = {route: sum(each.by_route[route] for each in buckets) for route in Route}
        assert done == dict.fromkeys(Route, COUNT / 4 / 3)
        last = buckets[-1]
        assert (last.at, last.by_route[Route.SOAP], last.refused, last.unknown) == (100 * MINUTE, 1, 0, 0)
    assert known
    assert all(at < NOW - survey.SURE_MS for at, _ in known)


def test_a_shorter_window_has_shorter_parts(reader: Reader) -> None:
    """Of what came in before it nothing counts."""
    buckets = survey.traffic(reader, NOW, 15, {})
    assert sum(sum(each.by_route.values()) + each.refused + each.unknown for each in buckets) == 15


def test_latency_is_that_of_answers(reader: Reader) -> None:
    """By route, as times that were measured."""
    found = survey.latency(reader, NOW - 60 * MINUTE)
    assert {route: each.n for route, each in found.items()} == dict.fromkeys(Route, COUNT // 3)
    assert found[Route.SOAP].shares == {"p50": 109, "p95": 121, "p99": 121}
    assert survey.latency(reader, NOW + 1) == {}


def test_what_waits_is_counted_with_its_oldest(reader: Reader) -> None:
    """In doubt, parked, and the breaks."""
    doubt, parked = survey.waiting(reader, State.IN_DOUBT), survey.waiting(reader, State.PARKED)
    assert (doubt.count, doubt.oldest) == (6, NOW - 22 * MINUTE)
    assert (parked.count, parked.oldest) == (6, NOW - 23 * MINUTE)
    assert survey.open_breaks(reader).count == 1


def test_who_lives_is_told_by_heartbeats(reader: Reader) -> None:
    """By this machine's clock on SQLite, by the server's on PostgreSQL."""
    assert [(each.id, each.alive) for each in survey.processes(reader, now())] == [("w1", True)]
    if not reader.on_server:
        assert not survey.processes(reader, now() + MINUTE)[0].alive


@pytest.mark.parametrize("rows", [1, 5, 7, COUNT, 100])
@pytest.mark.parametrize(
    "wanted",
    [
        Wanted(),
        Wanted(route=Route.REST),
        Wanted(states=frozenset({State.REFUSED})),
        Wanted(states=frozenset({State.PARKED})),
        Wanted(since=NOW - 10 * MINUTE, until=NOW - 2 * MINUTE),
        Wanted(zuora_id=f"{4:032}"),
        Wanted(caller="nobody"),
    ],
)
def test_steps_find_what_one_look_finds(reader: Reader, wanted: Wanted, rows: int) -> None:
    """However small they are; none looks at more rows than it may."""
    found, place = [], None
    while True:
        made = step(reader, wanted, place, rows)
        assert made.rows <= rows
        found += made.found
        place = made.last
        if place is None:
            break
        assert Place.parse(str(place)) == place
    assert [each.id for each in found] == [each.id for each in reader.intents(wanted)]


@pytest.mark.parametrize("text", ["", "1", "x.y", "1.", "-1.i", f"{'1' * 16}.i", f"1.{'i' * 101}", "²,i"])
def test_what_is_no_place_is_none(text: str) -> None:
    """Whoever asks may have written it."""
    assert Place.parse(text) is None


def test_requests_are_opened_many_at_a_time(reader: Reader) -> None:
    """Each with its place; what does not open under the key is there without its bytes."""
    found = requests(reader, ["i00", "i05", "nothing"])
    assert [each.dispatch.body for each in found["i05"]] == [b'{"amount": 10.00}']
    assert (found["i00"][0].place, found["i00"][0].status, found["i00"][0].readable) == (0, 200, True)
    assert found["nothing"] == []


def test_the_oldest_open_come_first(reader: Reader) -> None:
    """As many as asked for."""
    found = oldest_open(reader, {State.IN_DOUBT, State.PARKED}, 3)
    assert [each.id for each in found] == ["i23", "i22", "i19"]


def test_objects_of_one_call_know_each_other(reader: Reader) -> None:
    """The others, not itself."""
    one = reader.intent("i04")
    assert one is not None
    assert [each.id for each in of_call(reader, one)] == ["i05"]


def test_rows_of_one_intent_are_proved(reader: Reader) -> None:
    """The head was signed with the first rows; these came later, so they are not sealed yet."""
    assert prove(reader, reader.history("i03")).proof is Proof.UNSEALED
    assert prove(reader, reader.history("w1")).proof is Proof.INTACT
    assert prove(reader, []).proof is Proof.NONE
    other = reader.history("i03")
    assert prove(reader, other).chains == 1


def test_a_reader_ends_when_its_time_is_over(url: str) -> None:
    """Whatever the database is doing, and when somebody ends it."""
    with pytest.raises((JournalDown, JournalRefused)):
        look_for_ever(url)
    with Reader(url, KEY) as ended:
        ended.end()
        assert ended.time_left < 0


def look_for_ever(url: str) -> None:
    """Longer than the reader may."""
    with Reader(url, KEY, 0.001) as late:
        for _ in range(10_000):
            survey.traffic(late, NOW, 60, {})


def test_what_is_far_from_its_signed_head_is_proved_in_part(tmp_path: Path) -> None:
    """And wholly where the walk may be as long as it takes; a row that is missing in between is seen by both."""
    with closing(Journal.open(url_of(tmp_path), KEY, "w1")) as journal:
        asyncio.run(fill(journal))
    with Reader(url_of(tmp_path), KEY) as reader:
        rows = reader.history("i00")
        whole, part = prove(reader, rows), prove(reader, rows, most=3)
        assert (whole.proof, part.proof, part.wrong) == (Proof.INTACT, Proof.PARTLY, ())
        assert part.rows == 4 < whole.rows
    with closing(sqlite3.connect(tmp_path / "bridge.db", isolation_level=None)) as somebody:
        somebody.execute("DELETE FROM audit WHERE seq = ?", [rows[0].seq + 2])
    with Reader(url_of(tmp_path), KEY) as reader:
        assert [prove(reader, rows, most).proof for most in (3, 20_000)] == [Proof.BROKEN] * 2
