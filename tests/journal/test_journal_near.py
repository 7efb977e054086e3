"""Near fingerprints and aliases: what is found by them, and that two calls cannot both be first; on both databases."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from journal_examples import KEY, intent, journal_in, moved, opened, play, url_of
from postgresql_server import PostgreSQL

from bridge.core.commands import Adopted, Match, Moved, Opened
from bridge.core.intent import State
from bridge.journal import Journal

SCOPE = "10000|"


@pytest.fixture(params=["sqlite", "postgresql"])
def two(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Journal, Journal]]:
    """Two processes on one empty journal."""
    url = url_of(tmp_path)
    if request.param == "postgresql":
        server: PostgreSQL = request.getfixturevalue("postgresql")
        url = server.url(server.new_place())
    with closing(Journal.open(url, KEY, "w1")) as first, closing(Journal.open(url, KEY, "w2")) as second:
        yield first, second


def near(name: str, place: int = 0, **fields: Any) -> Opened:
    """A new intent near the others, with a place among them."""
    return opened(name, near="n", near_place=place, call_id=f"c of {name}", **fields)


async def found(journal: Journal, *nears: str) -> list[str]:
    """Who is open near to these."""
    return [each.id for each in (await journal.match(SCOPE, ["none"], 0, (), nears)).near]


def test_two_open_near_twins_cannot_have_one_place(two: tuple[Journal, Journal]) -> None:
    """The second is refused until the first is settled and told, or takes the next place on purpose."""
    first, second = two

    async def scene() -> None:
        assert await first.record([near("i1")])
        assert not await second.record([near("i2")])
        assert await found(second, "n", "m") == ["i1"]
        assert await second.record([near("i2", 1)])
        assert not await first.record([near("i3", 1)])
        assert await first.record([moved("i1", zuora_id="z1")])
        assert await found(second, "n") == ["i1", "i2"]
        assert not await second.record([near("i3")])
        first.delivered(["i1"], 50)
        await first.flush()
        assert await found(second, "n") == ["i2"]
        assert await second.record([near("i3")])

    asyncio.run(scene())


def test_what_was_refused_leaves_its_place(two: tuple[Journal, Journal]) -> None:
    """At once, and for another process."""
    first, second = two

    async def scene() -> None:
        assert await first.record([near("i1")])
        assert await first.record([moved("i1", target=State.REFUSED)])
        assert await second.record([near("i2")])

    asyncio.run(scene())


def test_of_many_at_once_one_is_first(two: tuple[Journal, Journal]) -> None:
    """Two processes, forty calls with fingerprints of their own."""

    async def scene() -> None:
        done = await asyncio.gather(*(two[number % 2].record([near(f"i{number}")]) for number in range(40)))
        assert done.count(True) == 1

    asyncio.run(scene())


def test_a_new_attempt_keeps_its_place(two: tuple[Journal, Journal]) -> None:
    """Out of doubt, proved not applied, and sent again: nobody else was let in."""
    first, second = two

    async def scene() -> None:
        assert await first.record([near("i1", state=State.IN_DOUBT)])
        again = (
            Adopted("i1", "w1", "w1"),
            Moved("i1", State.IN_DOUBT, State.NOT_APPLIED, "w1", 5),
            Moved("i1", State.NOT_APPLIED, State.SENDING, "w1", 5),
        )
        assert await first.record(again)
        assert not await second.record([near("i2")])

    asyncio.run(scene())


def test_an_alias_finds_as_a_fingerprint_does(two: tuple[Journal, Journal]) -> None:
    """A name within the window asked for, a key however late."""
    first, second = two

    async def scene() -> None:
        old = intent("i1", alias="a", content="c", state=State.APPLIED, delivered_at=5)
        assert await first.record([Opened((old,)), opened("i2", alias="b", state=State.REFUSED)])
        assert (await second.match(SCOPE, ["a", "b"], 6)).intents == ()
        assert (await second.match(SCOPE, ["a", "b"], 5)).intents == (old,)
        assert (await second.match(SCOPE, [], 6, ["a", "b"])).intents == (old,)
        # Counted by its identity alone.
        assert (await second.match(SCOPE, ["a"], 5)).generations == {}
        assert (await second.match(SCOPE, [], 6, [old.fingerprint])).generations == {(old.fingerprint, 0): 1}

    asyncio.run(scene())


def test_a_delivery_not_yet_written_counts_and_keeps_its_place(tmp_path: Path) -> None:
    """Who asks must see both: that it is told, and that its place is not free yet."""

    async def scene(journal: Journal) -> None:
        assert await journal.record([near("i1")])
        assert await journal.record([moved("i1", zuora_id="z")])
        journal.delivered(["i1"], 50)
        (told,) = (await journal.match(SCOPE, [], 0, (), ["n"])).near
        assert (told.delivered_at, told.near_place) == (50, 0)

    play(tmp_path, scene)


def test_a_thousand_old_near_twins_are_not_read(tmp_path: Path) -> None:
    """What is told is in no index of the near ones; the plan of the statement uses one index for each condition."""
    with journal_in(tmp_path) as journal:
        known = journal._sql.known(4)
        statements = [known, journal._sql.near(4), journal._sql.aliased(4)]
    with closing(sqlite3.connect(tmp_path / "bridge.db")) as database:
        names = {f"{letter}{number}": "x" for letter in "vn" for number in range(4)} | {"b_scope": SCOPE, "b_since": 0}
        plans = [
            " ".join(row[3] for row in database.execute(f"EXPLAIN QUERY PLAN {statement}", names))
            for statement in statements
        ]
    assert "SCAN intent" not in " ".join(plans)
    assert all(index in plans[0] for index in ("autoindex_intent_2", "intent_near", "intent_alias"))
    assert "intent_near" in plans[1]
    assert "intent_alias" in plans[2]


def test_a_match_says_what_it_asks() -> None:
    """Keys and near fingerprints are none unless given."""
    assert (Match(SCOPE, ("f",), 0).keys, Match(SCOPE, ("f",), 0).nears) == ((), ())
