"""What gates read and leave behind, on both databases."""

from __future__ import annotations

import asyncio
from contextlib import closing
from pathlib import Path
from unittest import mock

from journal_examples import KEY, intent, play, url_of
from postgresql_server import PostgreSQL

from bridge.core.commands import Opened
from bridge.core.intent import State
from bridge.core.model import Route
from bridge.journal import Journal, ramps, store
from bridge.journal.database import Database
from bridge.journal.ramps import Act, Compared, Judged


async def scene(journal: Journal) -> None:
    """One of each."""
    for name, route, at, ramp in (
        ("a", Route.REST, 10, "pilot"),
        ("b", Route.SOAP, 20, "pilot"),
        ("c", Route.REST, 5, "pilot"),
        ("d", Route.REST, 30, None),
        ("e", Route.REST, 30, "other"),
        ("f", None, 40, "pilot"),
    ):
        one = intent(name, call_id=name, route=route, created_at=at, ramp=ramp, state=State.REFUSED, unsent=True)
        assert await journal.record([Opened((one,), ())])
    counted = await journal.ramp_counted("pilot", Route.REST, 10)
    assert [(each.call_id, each.route, each.unsent) for each in counted] == [
        ("a", Route.REST, True),
        ("f", None, True),
        ("b", Route.SOAP, True),
    ]
    assert await journal.ramp_wrong_money("pilot", Route.REST, 0) == 0
    operator = journal.operator
    row = {"kind": "report", "rule": "pilot", "operation": "create", "object_type": "Payment", "intent_id": None}
    rows = [
        {**row, "id": "1", "at": 10, "equal": 1, "detail": '{"calls": 60, "unequal": 0}'},
        {**row, "id": "2", "at": 10, "equal": 0, "detail": "no JSON"},
        {**row, "id": "3", "at": 1, "equal": 0, "detail": '{"money": true}'},
    ]
    made = Judged("pilot", 0, 0, "HOLD", {"reason": "it soaks"})
    assert await operator.judged(made, None, rows) is None
    assert await operator.judged(made, None, rows) is None
    assert await journal.ramp_compared("pilot", 10) == Compared(61, 1, None)
    assert (await journal.ramp_compared("pilot", 0)).money is not None
    assert len(await journal.judgements("pilot")) == 1
    act = Act("decided", "why", "gate")
    assert await operator.judged(Judged("pilot", 0, 0, "PROMOTE", {}), act) is None
    late = await operator.judged(Judged("pilot", 0, 0, "PROMOTE", {}), act)
    assert late is not None
    assert "look again" in late
    # Judged by another process before that one acted, and heard of after: the act stays the last word.
    late = await operator.judged(Judged("pilot", 0, 0, "NOT ENOUGH DATA", {}))
    assert late is not None
    assert "revision 1 by gate" in late
    assert [each.verdict for each in await journal.judgements()] == ["PROMOTE", "HOLD"]
    assert [each.author for each in await journal.revisions()] == ["gate"]
    await journal.let_go_of_the_rest(2**50)
    assert await journal.judgements() == []


async def pages(journal: Journal) -> None:
    """Many of a moment, as a batch is, and of each route."""
    routes = (Route.REST, Route.SOAP, None, Route.ACTION)
    for number in range(60):
        one = intent(
            f"i{number:02}", call_id=f"c{number}", route=routes[number % 4 if number % 3 else 0],
            created_at=10 + number // 20, ramp="pilot", state=State.REFUSED, unsent=True,
        )  # fmt: skip
        assert await journal.record([Opened((one,), ())])
    with mock.patch.object(ramps, "PAGE", 3), mock.patch.object(store, "PAGE", 3):
        counted = await journal.ramp_counted("pilot", Route.REST, 11)
    made = {f"i{number:02}" for number in range(20, 60)}
    assert {each.id for each in counted} == made
    assert len(counted) == len(made)
    mine = [each for each in counted if each.route is Route.REST]
    assert counted[: len(mine)] == mine
    for side in (mine, counted[len(mine) :]):
        assert [each.created_at for each in side] == sorted((each.created_at for each in side), reverse=True)
    with mock.patch.object(store, "NEWEST", 4):
        newest = await journal.ramp_counted("pilot", Route.SOAP, 0)
    assert [each.created_at for each in newest if each.route is not Route.SOAP] == [12] * 4


def test_a_look_reads_page_after_page_on_sqlite(tmp_path: Path) -> None:
    """None twice and none left out, although many are of one moment."""
    play(tmp_path, pages)


def test_a_look_reads_page_after_page_on_postgresql(postgresql: PostgreSQL) -> None:
    """Likewise."""
    with closing(Journal.open(postgresql.url(postgresql.new_place()), KEY, "w1")) as journal:
        asyncio.run(pages(journal))


def test_a_look_costs_what_it_reads_and_not_what_there_is(tmp_path: Path) -> None:
    """A rule at 100 % has all of a tenant's intents: none of them is read to find that there are no others."""
    play(tmp_path, scene)
    asked = {"b_ramp": "pilot", "b_since": 0, "b_at": 9, "b_last": "", "b_route": "rest", "b_limit": 3}
    database = Database(url_of(tmp_path))
    database.open(lambda: None)
    with closing(database):
        sql = ramps._Statements(database.dialect)
        for statement in (sql.routed, sql.unrouted):
            told = [row[3] for row in database.rows(f"EXPLAIN QUERY PLAN {statement}", asked)]
            assert [each for each in told if "intent_ramp_route (ramp=? AND route=? AND created_at>?" in each]
            assert not any("SCAN" in each or "TEMP" in each for each in told), told
        told = [row[3] for row in database.rows(f"EXPLAIN QUERY PLAN {sql.wrong_money}", asked)]
        assert any("intent USING INDEX sqlite_autoindex_intent_1 (id=?)" in each for each in told), told


def test_gates_on_sqlite(tmp_path: Path) -> None:
    """Read, judged, acted once, and let go of."""
    play(tmp_path, scene)


def test_gates_on_postgresql(postgresql: PostgreSQL) -> None:
    """Likewise."""
    with closing(Journal.open(postgresql.url(postgresql.new_place()), KEY, "w1")) as journal:
        asyncio.run(scene(journal))
