"""The driver when something is wrong: stopping, a journal that is down, defects of our own.

The journal is real; Zuora is a fake that takes its time or breaks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from typing import Any

import pytest
from driver_stage import on_stage, settled, soon
from stage import Stage, held, later, paid, pays, unapplied

from bridge.core.intent import Dispatch, State
from bridge.core.model import CallFault, Told
from bridge.journal import JournalDown
from bridge.runtime import Stopping, driver

# ------------------------------------------------------------------ stopping


@on_stage
async def test_a_stopping_driver_takes_nothing_and_finishes_what_it_has(stage: Stage) -> None:
    """New calls raise Stopping with nothing recorded; what is in flight is settled and answered."""
    stage.rest.reply = later(0.2, paid(5))
    begun = asyncio.create_task(stage.run(pays("a1-1")))
    await soon(lambda: stage.rest.sent)
    stopping = asyncio.create_task(stage.runtime.stop(5))
    await asyncio.sleep(0)
    commits = stage.journal.commits
    with pytest.raises(Stopping):
        await stage.run(pays("a1-2"))
    assert stage.journal.commits == commits
    await stopping
    assert begun.done()
    assert [each.told for each in (await begun).outcomes] == [Told.APPLIED]


@on_stage
async def test_a_call_whose_caller_was_answered_is_still_waited_for(stage: Stage) -> None:
    """Stopping waits for the dispatch, not only for the answer."""
    answers = asyncio.Event()
    stage.rest.reply = held(answers, paid(5))
    await stage.run(pays("a1-1"), wait=1.0)
    asyncio.get_running_loop().call_later(0.3, answers.set)
    await stage.runtime.stop(15)
    (intent,) = await stage.intents(*stage.begun(stage.rest))
    assert intent.state is State.APPLIED


@on_stage
async def test_stopping_does_not_wait_for_ever(stage: Stage) -> None:
    """A send that never ends is left as it is: SENDING, for whoever starts next."""
    stage.rest.reply = later(3600, paid(5))
    task = asyncio.create_task(stage.run(pays("a1-1")))
    await soon(lambda: stage.rest.sent)
    await stage.runtime.stop(0.1)
    (intent,) = await stage.intents(*stage.begun(stage.rest))
    assert intent.state is State.SENDING
    task.cancel()
    for each in stage.runtime._tasks:
        each.cancel()


# ------------------------------------------------------------------ the journal is down


@on_stage
async def test_a_journal_that_cannot_be_read_sends_nothing(stage: Stage) -> None:
    """SERVER_UNAVAILABLE, in words that allow a repeat."""

    async def down(*_: Any) -> Any:
        raise JournalDown("full")

    stage.journal.match = down  # type: ignore[method-assign]
    reply = await stage.run(pays("a1-1"))
    assert isinstance(reply, CallFault)
    assert (reply.code, "nothing was sent" in reply.message) == ("SERVER_UNAVAILABLE", True)
    assert stage.rest.sent == []


@on_stage
async def test_a_journal_that_cannot_be_written_sends_nothing(stage: Stage) -> None:
    """No commit, no first byte (I1)."""

    async def down(_: Any) -> bool:
        raise JournalDown("full")

    stage.journal.record = down  # type: ignore[method-assign]
    reply = await stage.run(pays("a1-1"), unapplied("3"))
    assert isinstance(reply, CallFault)
    assert (stage.rest.sent, stage.soap.sent) == ([], [])


@on_stage
async def test_a_verdict_that_cannot_be_recorded_is_not_lost_to_the_caller(stage: Stage) -> None:
    """Zuora answered, the journal broke: the caller is told the Id all the same."""
    record = stage.journal.record
    calls = []

    async def once(changes: Any) -> bool:
        calls.append(changes)
        if len(calls) > 1:
            raise JournalDown("full")
        return await record(changes)

    stage.journal.record = once  # type: ignore[method-assign]
    told = await stage.run(pays("a1-1"))
    assert [each.told for each in told.outcomes] == [Told.APPLIED]


@on_stage
async def test_the_heart_goes_on_beating_through_a_failure(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """One heartbeat that fails does not stop the next."""
    beats: list[int] = []

    async def beat(at: int) -> None:
        beats.append(at)
        if len(beats) == 1:
            raise JournalDown("busy")

    monkeypatch.setattr(driver, "HEARTBEAT_SECONDS", 0.01)
    stage.journal.heartbeat = beat  # type: ignore[method-assign]
    task = asyncio.create_task(stage.runtime._heartbeat())
    await soon(lambda: len(beats) > 2)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


# ------------------------------------------------------------------ defects of our own


@on_stage
async def test_a_defect_before_anything_was_sent_says_so(stage: Stage) -> None:
    """An exception of ours is SERVER_UNAVAILABLE with "nothing was sent"; no trace, no name of ours."""

    async def breaks(*_: Any) -> Any:
        raise KeyError("secret")

    stage.look.answer = breaks  # type: ignore[method-assign]
    reply = await stage.run(pays("a1-1"))
    assert isinstance(reply, CallFault)
    assert reply.code == "SERVER_UNAVAILABLE"
    assert "nothing was sent" in reply.message
    assert "secret" not in reply.message


@on_stage
async def test_a_defect_in_mid_send_is_told_as_unknown(stage: Stage) -> None:
    """What was begun may have moved money, so an exception is never "no"."""

    async def breaks(_: Dispatch) -> Any:
        raise RuntimeError("a bug")

    stage.rest.reply = breaks
    told = await stage.run(pays("a1-1"))
    assert [each.told for each in told.outcomes] == [Told.UNKNOWN]
    (intent,) = await stage.intents(*stage.begun(stage.rest))
    assert intent.state is State.SENDING


@on_stage
async def test_after_a_defect_nobody_drives_the_intent(stage: Stage) -> None:
    """A repeat does not wait for a task that has ended: it takes over at once, under the same key."""

    async def breaks(_: Dispatch) -> Any:
        raise RuntimeError("a bug")

    stage.rest.reply = breaks
    await stage.run(pays("a1-1"))
    stage.rest.reply = None
    # Its own patience (50 s) would outlast this test's.
    told = await stage.run(pays("a1-1"))
    assert [each.told for each in told.outcomes] == [Told.APPLIED]
    assert len({dispatch.key for dispatch in stage.rest.sent}) == 1


@on_stage
async def test_a_caller_that_is_cancelled_does_not_stop_the_send(stage: Stage) -> None:
    """The connection's handler may be cancelled by the server; the money call goes on in a task of its own."""
    stage.rest.reply = later(0.2, paid(5))
    task = asyncio.create_task(stage.run(pays("a1-1")))
    await soon(lambda: stage.rest.sent)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert (await settled(stage, *stage.begun(stage.rest))).state is State.APPLIED


@on_stage
async def test_a_command_nobody_knows_is_a_defect(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The driver does not guess."""

    def steps(_: Any) -> Generator[Any, Any, Any]:
        yield "sing"

    monkeypatch.setattr(driver, "conduct", steps)
    assert isinstance(await stage.run(pays("a1-1")), CallFault)


@on_stage
async def test_without_a_credential_nothing_that_needs_a_look_up_is_sent(stage: Stage) -> None:
    """A debit memo is unsent in words that allow a repeat; what needs no look-up goes on."""
    stage.runtime._look = stage.runtime._rest = None
    unsent = await stage.run(pays("a1-1"))
    assert [each.told for each in unsent.outcomes] == [Told.UNSENT]
    assert stage.rest.sent == []
    applied = await stage.run(unapplied("1"))
    assert [each.told for each in applied.outcomes] == [Told.APPLIED]
