"""PostgreSQL that breaks, hangs, is locked or restarts: nothing is recorded twice, and what is not certain says so."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from contextlib import closing, contextmanager

import psycopg
import pytest
from journal_examples import KEY, moved, opened, state_of
from postgresql_server import PostgreSQL
from postgresql_wire import Break, Wire

from bridge.core.commands import Adopted, Change
from bridge.core.intent import State
from bridge.journal import Journal, JournalDown
from bridge.journal.errors import JournalUncertain

SECONDS = 30
"""Far more than any patience here: a test that needs it hangs."""


@contextmanager
def over_wire(server: PostgreSQL, patience: float = 5.0) -> Iterator[tuple[Journal, Wire, str]]:
    """A journal that reaches its database by a wire, and the database's name."""
    name = server.new_place()
    with (
        Wire(server.port) as wire,
        closing(Journal.open(server.url(name, wire.port), KEY, "w1", patience=patience)) as journal,
    ):
        yield journal, wire, name


def play(scene: object) -> None:
    """Run it; fail where it hangs."""

    async def bounded() -> None:
        async with asyncio.timeout(SECONDS):
            await scene  # type: ignore[misc]

    asyncio.run(bounded())


@pytest.mark.parametrize("place", [*Break])
@pytest.mark.parametrize("count", [1, 5])
def test_a_connection_that_breaks_in_a_commit_leaves_everything_recorded_once(
    postgresql: PostgreSQL, place: Break, count: int
) -> None:
    """The server is asked what became of the transaction: what is undone is done again, what is done is not."""
    with over_wire(postgresql) as (journal, wire, _):

        async def scene() -> None:
            wire.break_at = place
            told = await asyncio.gather(*(journal.record([opened(f"i{n}")]) for n in range(count)))
            assert wire.broke.is_set()
            assert told == [True] * count
            assert [each.state for each in await journal.intents([f"i{n}" for n in range(count)])] == (
                [State.SENDING] * count
            )
            assert await journal.record([moved("i0")])

        play(scene())


def test_a_commit_nobody_can_ask_about_is_uncertain_and_nothing_is_run_again(postgresql: PostgreSQL) -> None:
    """The line stays dead for longer than our patience; later the intent is found, once."""
    with over_wire(postgresql, patience=0.3) as (journal, wire, _):

        async def scene() -> None:
            wire.break_at, wire.connectable = Break.AFTER, False
            with pytest.raises(JournalUncertain, match="Nothing may be sent"):
                await journal.record([opened("i1")])
            wire.connectable = True
            while True:
                with contextlib.suppress(JournalDown):
                    assert await state_of(journal, "i1") is State.SENDING
                    break
            assert not await journal.record([opened("i1")])

        play(scene())


def test_a_commit_that_is_still_in_progress_is_uncertain(postgresql: PostgreSQL) -> None:
    """A server that does not answer a COMMIT in time may still carry it out."""
    with over_wire(postgresql, patience=0.3) as (journal, wire, _):

        async def scene() -> None:
            wire.on_commit = wire.hold
            with pytest.raises(JournalUncertain):
                await journal.record([opened("i1")])
            wire.on_commit = None
            wire.release()
            while True:
                with contextlib.suppress(JournalDown):
                    assert await journal.record([opened("i2")])
                    break
            assert await state_of(journal, "i1") is State.SENDING

        play(scene())


def test_a_database_that_does_not_answer_is_journal_down(postgresql: PostgreSQL) -> None:
    """Before the COMMIT was sent it is certain that nothing was recorded, and it goes on by itself."""
    with over_wire(postgresql, patience=0.3) as (journal, wire, _):

        async def scene() -> None:
            assert await journal.record([opened("i1")])
            wire.hold()
            told = await asyncio.gather(*(journal.record([opened(f"n{n}")]) for n in range(80)), return_exceptions=True)
            assert {type(each) for each in told} == {JournalDown}
            with pytest.raises(JournalDown):
                await state_of(journal, "i1")
            wire.release()
            while True:
                with contextlib.suppress(JournalDown):
                    assert await state_of(journal, "i1") is State.SENDING
                    break
            assert await journal.intents([f"n{n}" for n in range(80)]) == ()
            assert await journal.record([opened("n0")])

        play(scene())


def test_an_outage_shorter_than_our_patience_is_not_felt(postgresql: PostgreSQL) -> None:
    """Every connection breaks and none can be made for a moment; the callers wait and are recorded."""
    with over_wire(postgresql) as (journal, wire, _):

        async def scene() -> None:
            assert await journal.record([opened("i1")])
            wire.connectable = False
            wire.cut()
            jobs = asyncio.gather(*(journal.record([opened(f"n{n}")]) for n in range(10)), journal.intents(["i1"]))
            await asyncio.sleep(0.2)
            assert not jobs.done()
            wire.connectable = True
            *recorded, (found,) = await jobs
            assert recorded == [True] * 10
            assert found.state is State.SENDING

        play(scene())


def test_a_row_that_somebody_locks_delays_only_who_needs_it(postgresql: PostgreSQL) -> None:
    """The others commit meanwhile, and who waits is told that nothing was changed when our patience ends."""
    name = postgresql.new_place()
    with closing(Journal.open(postgresql.url(name), KEY, "w1", patience=3.0)) as journal:
        done: list[str] = []

        async def record(what: str, change: Change) -> None:
            try:
                assert await journal.record([change])
                done.append(what)
            except JournalDown as down:
                done.append(f"{what}: {'lock timeout' in str(down)}")

        async def scene() -> None:
            assert await journal.record([opened("i1")])
            with psycopg.connect(postgresql.url(name)) as other:
                other.execute("SELECT * FROM intent WHERE id = 'i1' FOR UPDATE")
                await asyncio.gather(record("i1", moved("i1")), record("n1", opened("n1")), record("n2", opened("n2")))
            assert done == ["n1", "n2", "i1: True"]
            assert await journal.record([moved("i1")])

        play(scene())


def test_an_identity_that_another_process_is_opening_is_waited_for(postgresql: PostgreSQL) -> None:
    """Whether it is taken is known when the other one commits or not; until then it is neither."""
    name = postgresql.new_place()
    url = postgresql.url(name)
    with closing(Journal.open(url, KEY, "w1")) as journal, psycopg.connect(url, autocommit=True) as other:

        async def scene(end: str) -> bool:
            assert await journal.record([opened(f"of {end}")])
            other.execute("BEGIN")
            other.execute(
                "INSERT INTO intent SELECT 'x ' || id, scope, caller, call_id, position, op, object_type, 'f ' || id, "
                "ordinal, generation, route, state, created_at, owner, zuora_id, errors, unsent FROM intent "
                "WHERE id = %s",
                (f"of {end}",),
            )
            waiting = asyncio.ensure_future(journal.record([opened(f"y {end}", fingerprint=f"f of {end}")]))
            assert await journal.record([opened(f"z {end}")])
            assert not waiting.done()
            other.execute(end)
            return await waiting

        async def scenes() -> None:
            assert await scene("ROLLBACK") is True
            assert await scene("COMMIT") is False

        play(scenes())


def test_closing_answers_who_waits_for_a_lock(postgresql: PostgreSQL) -> None:
    """A job that is tried again is not forgotten when the journal ends."""
    name = postgresql.new_place()
    journal = Journal.open(postgresql.url(name), KEY, "w1", patience=0.5)

    async def scene() -> None:
        assert await journal.record([opened("i1")])
        with psycopg.connect(postgresql.url(name)) as other:
            other.execute("SELECT * FROM intent WHERE id = 'i1' FOR UPDATE")
            waiting = asyncio.ensure_future(journal.record([Adopted("i1", "w1", "w2")]))
            await asyncio.sleep(0)
            await asyncio.to_thread(journal.close)
            with pytest.raises(JournalDown, match="lock timeout"):
                await waiting

    play(scene())


def test_a_server_that_crashes_and_comes_back_keeps_what_was_recorded() -> None:
    """A server of its own, killed as by a power cut: every record that returned True is there."""
    server = PostgreSQL()
    try:
        with closing(Journal.open(server.url(server.new_place()), KEY, "w1", patience=0.3)) as journal:

            async def scene() -> None:
                jobs = [asyncio.ensure_future(journal.record([opened(f"i{n}")])) for n in range(200)]
                await jobs[50]
                await asyncio.to_thread(server.stop, "immediate")
                told = await asyncio.gather(*jobs, return_exceptions=True)
                assert all(each is True or isinstance(each, JournalDown) for each in told)
                with pytest.raises(JournalDown):
                    await journal.record([opened("down")])
                await asyncio.to_thread(server.start)
                while True:
                    with contextlib.suppress(JournalDown):
                        assert await journal.record([opened("up")])
                        break
                kept = {each.id for each in await journal.intents([f"i{n}" for n in range(200)])}
                assert {f"i{n}" for n, each in enumerate(told) if each is True} <= kept
                assert await state_of(journal, "down") is None

            play(scene())
    finally:
        server.end()
