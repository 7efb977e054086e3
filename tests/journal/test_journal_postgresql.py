"""The journal on a real PostgreSQL keeps what it keeps on SQLite, for several processes at once."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from contextlib import closing

import pytest
from journal_examples import KEY, dispatch, intent, moved, newest, opened, state_of
from postgresql_server import PostgreSQL

from bridge.core.commands import Adopted, Opened, Sent
from bridge.core.intent import State
from bridge.journal import Journal, JournalDown, JournalRefused


def test_without_its_driver_postgresql_is_refused_with_an_instruction(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some platforms have no wheel of psycopg's."""
    monkeypatch.setitem(sys.modules, "psycopg", None)
    monkeypatch.delitem(sys.modules, "bridge.journal.postgresql", raising=False)
    monkeypatch.delattr("bridge.journal.postgresql", raising=False)
    with pytest.raises(JournalRefused, match="pip install 'psycopg"):
        Journal.open("postgresql://localhost/bridge", KEY, "w1")


def test_postgresql_without_a_key_is_refused_with_an_instruction() -> None:
    """There is no file beside it."""
    with pytest.raises(JournalRefused, match="BRIDGE_JOURNAL__KEY"):
        Journal.open("postgresql://localhost/bridge", None, "w1")


@pytest.fixture
def two(postgresql: PostgreSQL) -> Iterator[tuple[Journal, Journal]]:
    """Two journals on one empty database."""
    url = postgresql.url(postgresql.new_place())
    with closing(Journal.open(url, KEY, "w1")) as first, closing(Journal.open(url, KEY, "w2")) as second:
        yield first, second


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
        assert await state_of(first, "x") is None

    asyncio.run(scene())


def test_replicas_see_each_other_alive_by_the_servers_clock(two: tuple[Journal, Journal]) -> None:
    """Their own clocks may differ by more than a process may be silent; what they say of the time does not count."""
    first, second = two

    async def scene() -> None:
        await first.heartbeat(1)
        await first.heartbeat(2)
        assert await second.alive(["w1", "w2"], 10**15) == frozenset({"w1"})

    asyncio.run(scene())


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


def test_many_concurrent_records_take_few_commits_on_postgresql(two: tuple[Journal, Journal]) -> None:
    """Whoever comes while a commit is on its way shares the next one."""

    async def scene() -> None:
        before = two[0].commits
        assert all(await asyncio.gather(*(two[0].record([opened(f"i{number}")]) for number in range(400))))
        assert two[0].commits - before <= 20
        assert len(await two[1].intents([f"i{number}" for number in range(400)])) == 400

    asyncio.run(scene())


def test_a_job_that_raises_fails_alone_on_postgresql(two: tuple[Journal, Journal]) -> None:
    """PostgreSQL undoes a transaction at the first error; the neighbours are run again without it."""

    async def scene() -> None:
        jobs = [two[0].record([opened(f"i{number}")]) for number in range(10)]
        jobs.insert(5, two[0].record([opened("first"), opened("bad", caller="\x00")]))
        told = await asyncio.gather(*jobs, return_exceptions=True)
        assert isinstance(told.pop(5), JournalDown)
        assert told == [True] * 10
        assert await two[0].intents(["first", "bad"]) == ()
        assert await state_of(two[0], "i9") is State.SENDING

    asyncio.run(scene())
