"""The journal on a real PostgreSQL, where one is offered by ``BRIDGE_TEST_POSTGRESQL`` (an empty database's URL)."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from contextlib import closing
from importlib.util import find_spec

import pytest
from journal_examples import KEY, dispatch, intent, moved, newest, opened, state_of

from bridge.core.commands import Adopted, Opened, Sent
from bridge.core.intent import State
from bridge.journal import Journal, JournalDown, JournalRefused

URL = os.environ.get("BRIDGE_TEST_POSTGRESQL", "")
HAS_DRIVER = find_spec("psycopg") is not None
live = pytest.mark.skipif(not (URL and HAS_DRIVER), reason="needs psycopg and BRIDGE_TEST_POSTGRESQL")


@pytest.mark.skipif(HAS_DRIVER, reason="psycopg is installed")
def test_without_its_driver_postgresql_is_refused_with_an_instruction() -> None:
    """psycopg is the owner's choice to install."""
    with pytest.raises(JournalRefused, match="pip install 'psycopg"):
        Journal.open("postgresql://localhost/bridge", KEY, "w1")


@pytest.mark.skipif(not HAS_DRIVER, reason="needs psycopg")
def test_postgresql_without_a_key_is_refused_with_an_instruction() -> None:
    """There is no file beside it."""
    with pytest.raises(JournalRefused, match="BRIDGE_JOURNAL__KEY"):
        Journal.open("postgresql://localhost/bridge", None, "w1")


@pytest.fixture
def two() -> Iterator[tuple[Journal, Journal]]:
    """Two journals on one empty database."""
    import psycopg

    with psycopg.connect(URL, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
    with closing(Journal.open(URL, KEY, "w1")) as first, closing(Journal.open(URL, KEY, "w2")) as second:
        yield first, second


@live
def test_postgresql_keeps_what_sqlite_keeps(two: tuple[Journal, Journal]) -> None:
    """Open, send, move, match, deliver, adopt and read, seen by both processes."""
    first, second = two

    async def scene() -> None:
        both = (intent("i1", fingerprint="f"), intent("i2", fingerprint="f", ordinal=1))
        sent = dispatch("d1", "i1", "i2", body=b"\x00\xff")
        assert await first.record([Opened(both, (sent,)), Sent("d1", 5), Sent("d1", 6)])
        assert not await second.record([opened("x", fingerprint="new"), opened("t", fingerprint="f")])
        found = await second.match("10000|", ["f", "g", "h"], 0)
        assert found.intents == both
        assert found.generations == {("f", 0): 1, ("f", 1): 1}
        stored = await newest(second, "i2")
        assert stored is not None
        assert (stored.body, stored.first_sent_at, stored.intent_ids) == (b"\x00\xff", 5, ("i1", "i2"))
        assert await second.record([Adopted("i1", "w1", "w2"), moved("i1", owner="w2", zuora_id="z")])
        assert not await first.record([moved("i2", zuora_id="z")])
        second.delivered(["i1"], 50)
        await second.flush()
        assert [each.id for each in (await first.match("10000|", ["f"], 51)).intents] == ["i2"]
        await first.heartbeat(1)
        await first.heartbeat(2)
        assert await second.alive(["w1", "w2"], 3) == frozenset({"w1"})
        assert await state_of(first, "x") is None

    asyncio.run(scene())


@live
def test_postgresql_gives_each_identity_to_one_of_two_processes(two: tuple[Journal, Journal]) -> None:
    """Also when both open many at once, in one transaction each and in different orders."""

    async def race(journal: Journal, name: str, numbers: list[int]) -> list[bool]:
        singles = [journal.record([opened(f"{name}{n}", fingerprint=f"single {n}")]) for n in numbers]
        batches = [
            journal.record([Opened(tuple(intent(f"{name}{n}.{k}", fingerprint=f"batch {n}.{k}") for k in numbers))])
            for n in numbers
        ]
        told = await asyncio.gather(*singles, *batches)
        return [told[place] for half in (0, len(numbers)) for place in (half + numbers.index(n) for n in range(20))]

    async def scene() -> None:
        wins = await asyncio.gather(race(two[0], "a", list(range(20))), race(two[1], "b", list(range(20))[::-1]))
        assert [one + other for one, other in zip(*wins, strict=True)] == [1] * 40

    asyncio.run(scene())


@live
def test_postgresql_settles_one_create_per_zuora_id_under_a_race(two: tuple[Journal, Journal]) -> None:
    """The unique index decides where two transactions cannot see each other; nobody gets an error."""

    async def scene() -> None:
        for n in range(50):
            assert await two[0].record([opened(f"a{n}"), opened(f"b{n}")])
        told = await asyncio.gather(
            *(two[0].record([moved(f"a{n}", zuora_id=f"z{n}")]) for n in range(50)),
            *(two[1].record([moved(f"b{n}", zuora_id=f"z{n}")]) for n in range(50)),
        )
        assert [told[n] + told[n + 50] for n in range(50)] == [1] * 50

    asyncio.run(scene())


@live
def test_a_lost_connection_is_journal_down_or_made_anew(two: tuple[Journal, Journal]) -> None:
    """After the server ended the session the journal connects again by itself."""
    import psycopg

    async def scene() -> None:
        assert await two[0].record([opened("i1")])
        with psycopg.connect(URL, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE pid <> pg_backend_pid() AND datname = current_database()"
            )
        for _ in range(2):
            try:
                assert await two[0].record([opened("i2")]) in (True, False)
            except JournalDown:
                continue
        assert await state_of(two[0], "i1") is State.SENDING
        assert await state_of(two[0], "i2") is State.SENDING

    asyncio.run(scene())
