"""Group commit: many callers share a commit, none spoils another's, and what cannot commit says so."""

from __future__ import annotations

import asyncio
import resource
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from journal_examples import KEY, intent, journal_in, moved, newest, opened, play, state_of

from bridge.core.commands import Opened
from bridge.core.intent import State
from bridge.journal import Journal, JournalDown


def test_a_hundred_concurrent_records_take_few_commits(tmp_path: Path) -> None:
    """The durability of one disk sync is shared by all that waited for it."""

    async def scene(journal: Journal) -> None:
        before = journal.commits
        assert all(await asyncio.gather(*(journal.record([opened(f"i{number}")]) for number in range(100))))
        assert journal.commits - before <= 20
        assert len(await journal.intents([f"i{number}" for number in range(100)])) == 100

    play(tmp_path, scene)


def test_reads_see_everything_asked_for_before_them(tmp_path: Path) -> None:
    """Queued together, a read comes after the writes that were queued before it."""

    async def scene(journal: Journal) -> None:
        await journal.heartbeat(1)
        for number in range(20):
            name = f"i{number}"
            told = await asyncio.gather(
                journal.record([opened(name)]),
                journal.intents([name]),
                journal.record([moved(name)]),
                journal.intents([name]),
            )
            assert [told[1][0].state, told[3][0].state] == [State.SENDING, State.APPLIED]

    play(tmp_path, scene)


def test_a_job_that_raises_fails_alone(tmp_path: Path) -> None:
    """A value that no database stores raises JournalDown for its caller; its neighbours commit."""

    async def scene(journal: Journal) -> None:
        jobs = [journal.record([opened(f"i{number}")]) for number in range(10)]
        jobs.insert(5, journal.record([opened("first"), opened("bad", caller="\ud800")]))
        told = await asyncio.gather(*jobs, return_exceptions=True)
        bad = told.pop(5)
        assert isinstance(bad, JournalDown)
        assert isinstance(bad.__cause__, UnicodeEncodeError)
        assert told == [True] * 10
        assert await journal.intents(["first", "bad"]) == ()
        assert await journal.record([opened("next")])

    play(tmp_path, scene)


def test_a_cancelled_caller_leaves_the_journal_working(tmp_path: Path) -> None:
    """What was queued is done or not, whole; nobody else notices."""

    async def scene(journal: Journal) -> None:
        task = asyncio.create_task(journal.record([opened("i1")]))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await journal.record([opened("i2")])
        assert await state_of(journal, "i1") is State.SENDING

    play(tmp_path, scene)


def test_two_event_loops_may_share_a_journal(tmp_path: Path) -> None:
    """Each caller is woken on its own loop."""
    with journal_in(tmp_path) as journal:

        def work(name: str) -> None:
            async def scene() -> None:
                for number in range(50):
                    assert await journal.record([opened(f"{name}{number}")])

            asyncio.run(scene())

        threads = [threading.Thread(target=work, args=(name,)) for name in ("a", "b")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        found = asyncio.run(journal.intents([f"{name}{number}" for name in "ab" for number in range(50)]))
        assert len(found) == 100


def test_closing_does_what_is_queued(tmp_path: Path) -> None:
    """A caller that waits when the journal closes gets its answer."""

    async def scene(journal: Journal) -> None:
        waiting = [asyncio.create_task(journal.record([opened(f"i{number}")])) for number in range(100)]
        await asyncio.sleep(0)
        journal.close()
        assert all(await asyncio.gather(*waiting))

    async def later(journal: Journal) -> None:
        assert len(await journal.intents([f"i{number}" for number in range(100)])) == 100

    play(tmp_path, scene)
    play(tmp_path, later)


def test_a_journal_left_without_its_loop_still_closes(tmp_path: Path) -> None:
    """A caller whose loop is gone is not waited for."""
    with journal_in(tmp_path) as journal:

        async def leave() -> None:
            asyncio.create_task(journal.record([opened("i1")]))  # noqa: RUF006
            await asyncio.sleep(0)

        asyncio.run(leave())
    assert play(tmp_path, lambda journal: state_of(journal, "i1")) is State.SENDING


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Another program holds the write lock."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


def test_a_lock_held_for_longer_than_our_patience_is_journal_down(tmp_path: Path) -> None:
    """Writers are told that nothing was changed, readers go on, and all is well when the lock is gone."""

    async def scene(journal: Journal) -> None:
        assert await journal.record([opened("i1")])
        with locked(tmp_path / "bridge.db"):
            began = time.monotonic()
            told = await asyncio.gather(
                journal.record([opened("i2")]),
                journal.record([moved("i1")]),
                journal.intents(["i1"]),
                return_exceptions=True,
            )
            assert time.monotonic() - began >= 0.3
            assert [type(each) for each in told[:2]] == [JournalDown, JournalDown]
            assert told[2][0].state is State.SENDING  # type: ignore[index]
            assert "nothing may be sent" in str(told[0])
        assert await journal.record([opened("i2"), moved("i1")])

    play(tmp_path, scene, patience=0.3)


def test_a_lock_held_for_a_while_is_waited_for(tmp_path: Path) -> None:
    """Another process's commits delay ours and fail nothing."""

    async def scene(journal: Journal) -> None:
        with locked(tmp_path / "bridge.db"):
            task = asyncio.create_task(journal.record([opened("i1")]))
            await asyncio.sleep(0.2)
            assert not task.done()
        assert await task

    play(tmp_path, scene)


def test_a_full_disk_is_journal_down_and_nothing_is_changed(tmp_path: Path) -> None:
    """A limit on the size of files stands for the full disk; when there is space again the journal goes on."""

    async def scene(journal: Journal) -> None:
        assert await journal.record([opened("i1")])
        size = (tmp_path / "bridge.db-wal").stat().st_size
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 4096, limits[1]))
        try:
            told = await asyncio.gather(
                *(
                    journal.record([moved("i1"), Opened((intent(f"n{number}", caller="x" * 9000),))])
                    for number in range(3)
                ),
                return_exceptions=True,
            )
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        assert [type(each) for each in told] == [JournalDown] * 3
        assert await state_of(journal, "i1") is State.SENDING
        assert await journal.intents(["n0", "n1", "n2"]) == ()
        assert await journal.record([moved("i1"), opened("i2")])

    play(tmp_path, scene)


def test_a_lazy_mark_that_cannot_be_written_is_dropped(tmp_path: Path) -> None:
    """Nobody hears of it, and the next write works: a missing mark means undelivered."""

    async def scene(journal: Journal) -> None:
        assert await journal.record([opened("i1"), moved()])
        with locked(tmp_path / "bridge.db"):
            journal.delivered(["i1"], 50)
            with pytest.raises(JournalDown):
                await journal.flush()
        assert (await journal.intents(["i1"]))[0].delivered_at is None
        journal.delivered(["i1"], 60)
        await journal.flush()
        assert (await journal.intents(["i1"]))[0].delivered_at == 60

    play(tmp_path, scene, patience=0.1)


def test_a_journal_in_memory_works_for_tests() -> None:
    """``sqlite://`` needs no key and no file."""

    async def scene() -> None:
        with closing(Journal.open("sqlite://", None, "w1")) as journal:
            assert await journal.record([opened("i1")])
            assert await journal.record([moved(), opened("i2")])
            assert not await journal.record([opened("i1")])
            assert await state_of(journal, "i1") is State.APPLIED
            found = await newest(journal, "i2")
            assert found is not None

    asyncio.run(scene())
    with closing(Journal.open("sqlite://", KEY, "w1")):
        pass
