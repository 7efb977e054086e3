"""The driver's own behaviour: patience, delivery, watching, stopping, and what it makes of defects.

The journal is real; Zuora is a fake that takes its time or breaks.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Generator
from pathlib import Path
from typing import Any

import pytest
from stage import NOW, Stage, later, paid, pays, rows, staged, unapplied

from bridge.core import commands as c
from bridge.core.intent import Dispatch, State
from bridge.core.model import CallFault, Outcome, Route, RowError, Silence, Told
from bridge.journal import JournalDown
from bridge.runtime import Stopping, Visit, driver
from bridge.upstream.clock import fence_now
from bridge.upstream.credential import Credential

Test = Callable[..., Coroutine[Any, Any, None]]


def on_stage(test: Test) -> Callable[..., None]:
    """Run an async test on a stage of its own."""

    def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        more = {"monkeypatch": monkeypatch} if "monkeypatch" in test.__annotations__ else {}

        async def play() -> None:
            async with staged(tmp_path) as stage:
                await asyncio.wait_for(test(stage, **more), 20)

        asyncio.run(play())

    run.__name__, run.__doc__, run.__module__ = test.__name__, test.__doc__, test.__module__
    return run


async def soon(condition: Callable[[], Any], seconds: float = 5.0) -> None:
    """Wait for a condition."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.005)


async def settled(stage: Stage, intent_id: str) -> Any:
    """The intent, once it is settled."""
    async with asyncio.timeout(5):
        while True:
            (intent,) = await stage.intents(intent_id)
            if intent.state.settled:
                return intent
            await asyncio.sleep(0.01)


# ------------------------------------------------------------------ patience


@on_stage
async def test_a_callers_time_ends_while_the_dispatch_goes_on(stage: Stage) -> None:
    """The caller is told "unknown" when its time is up; the answer that comes later still settles the intent."""
    stage.rest.reply = later(0.4, paid(7))
    began = time.monotonic()
    reply = await stage.run(pays("a1-1"), wait=0.1)
    assert time.monotonic() - began < 0.35
    (intent_id,) = stage.begun(stage.rest)
    assert [(each.told, each.intent_id, each.route) for each in reply.outcomes] == [
        (Told.UNKNOWN, intent_id, Route.REST)
    ]
    assert (await settled(stage, intent_id)).state is State.APPLIED
    assert len(stage.rest.sent) == 1


@on_stage
async def test_what_is_known_when_time_is_up_is_told(stage: Stage) -> None:
    """Of three payments on one memo the first is done, the second begun, the third never sent, and so they are told."""
    replies = [paid(1), None, paid(3)]

    async def reply(_: Dispatch) -> Any:
        answer = replies.pop(0)
        if answer is None:
            await asyncio.sleep(0.4)
        return answer or paid(2)

    stage.rest.reply = reply
    told = await stage.run(pays("a1-1", "1"), pays("a1-1", "2"), pays("a1-1", "3"), wait=0.2)
    assert [each.told for each in told.outcomes] == [Told.APPLIED, Told.UNKNOWN, Told.UNSENT]
    await soon(lambda: not stage.rest.at_once)
    await asyncio.sleep(0.05)
    assert len(stage.rest.sent) == 2


@on_stage
async def test_a_caller_below_60_whose_time_is_up_gets_silence(stage: Stage) -> None:
    """All in doubt, no word for it: the driver hands on core's silence."""
    stage.soap.reply = later(0.3, rows(1))
    assert isinstance(await stage.run(unapplied("1"), version="50.0", wait=0.1), Silence)


@on_stage
async def test_nothing_more_is_sent_for_a_caller_who_has_gone(stage: Stage) -> None:
    """The socket is looked at before each send: what was not begun is withdrawn, with proof."""

    async def reply(_: Dispatch) -> Any:
        stage.gone = True
        return paid(1)

    stage.rest.reply = reply
    told = await stage.run(pays("a1-1", "1"), pays("a1-1", "2"))
    assert [each.told for each in told.outcomes] == [Told.APPLIED, Told.UNSENT]
    first, second = await stage.intents(*[each.intent_id for each in told.outcomes])
    assert (first.state, second.state, second.unsent) == (State.APPLIED, State.REFUSED, True)
    assert len(stage.rest.sent) == 1


@on_stage
async def test_a_pause_ends_when_the_caller_goes(stage: Stage) -> None:
    """Nobody waits out a back-off for an empty chair."""

    async def reply(_: Dispatch) -> Any:
        asyncio.get_running_loop().call_later(0.05, lambda: setattr(stage, "gone", True))
        return c.Lost("reset")

    stage.rest.reply = reply
    began = time.monotonic()
    told = await stage.run(pays("a1-1"))
    assert time.monotonic() - began < 0.8
    assert [each.told for each in told.outcomes] == [Told.UNKNOWN]
    assert len(stage.rest.sent) == 1


def test_a_visit_once_over_stays_over() -> None:
    """A socket that was seen closed is not seen open again, and a caller that was answered waits no more."""
    gone = [True, False]
    visit = Visit(50, lambda: gone.pop(0))
    assert (visit.waiting, visit.waiting, visit.remaining) == (False, False, 0.0)
    answered = Visit(50, lambda: False)
    assert answered.waiting
    answered.end()
    assert (answered.waiting, answered.remaining) == (False, 0.0)


def test_a_visit_ends_by_itself() -> None:
    """Patience runs out without anybody looking."""
    visit = Visit(0.01, lambda: False)
    time.sleep(0.02)
    assert not visit.waiting


# ------------------------------------------------------------------ sending


@on_stage
async def test_every_send_has_a_fence_of_two_seconds_from_its_commit(stage: Stage) -> None:
    """A process that slept between commit and first byte gives up: the fence is handed to the edge."""
    before = fence_now()
    await stage.run(unapplied("1"))
    await stage.run(pays("a1-1", "1"), pays("a1-1", "2"))
    fences = stage.soap.fences + stage.rest.fences
    assert len(fences) == 3
    assert all(fence is not None and before + 2 <= fence <= fence_now() + 2 for fence in fences)
    assert fences == sorted(fences)  # type: ignore[type-var]


@on_stage
async def test_soap_goes_under_the_callers_session_at_its_host(stage: Stage) -> None:
    """The session and its host travel beside the dispatch, never in it."""
    errand = stage.errand(unapplied("1"))
    await stage.runtime.run(errand, Visit(5, lambda: False), Credential("the-session", "na.example.com"))
    assert stage.soap.hosts == [("the-session", "na.example.com")]
    assert b"the-session" not in stage.soap.sent[0].body


@on_stage
async def test_a_dispatch_is_in_the_journal_before_it_is_sent(stage: Stage) -> None:
    """I1, on both routes: at the moment of sending the journal has the dispatch and the state SENDING."""
    seen: list[Any] = []

    async def reply(dispatch: Dispatch) -> Any:
        for each in dispatch.intent_ids:
            recorded = (await stage.journal.dispatches_of(each))[-1]
            (intent,) = await stage.intents(each)
            seen.append((recorded is not None and recorded.body == dispatch.body, intent.state))
        return rows(1) if dispatch.key is None else paid(1)

    stage.rest.reply = stage.soap.reply = reply
    await stage.run(unapplied("1"), pays("a1-1", "1"), pays("a1-1", "2"))
    assert seen == [(True, State.SENDING)] * 3


@on_stage
async def test_accounts_run_side_by_side_and_at_most_eight(stage: Stage) -> None:
    """Ten accounts are ten lanes, of which eight run at once; one account is one lane."""
    stage.rest.reply = later(0.03, paid(1))
    ids = iter(range(1, 100))

    async def reply(_: Dispatch) -> Any:
        await asyncio.sleep(0.03)
        return paid(next(ids))

    stage.rest.reply = reply
    told = await stage.run(*[pays(f"a{place}-1", account=f"a{place}") for place in range(10)])
    assert all(each.told is Told.APPLIED for each in told.outcomes)
    assert stage.rest.most_at_once == 8
    stage.rest.most_at_once = 0
    await stage.run(*[pays(f"z-{place}", account="z") for place in range(3)])
    assert stage.rest.most_at_once == 1


# ------------------------------------------------------------------ delivery


@on_stage
async def test_a_delivered_answer_is_marked_with_zuoras_time(stage: Stage) -> None:
    """Only what was applied can be delivered; the mark survives in the journal."""
    stage.rest.reply = later(0, paid(1))
    told = await stage.run(pays("a1-1"))
    (before,) = await stage.intents(told.outcomes[0].intent_id)
    assert before.delivered_at is None
    stage.clock.at += 1500
    stage.runtime.delivered(told.outcomes)
    await stage.journal.flush()
    (after,) = await stage.intents(told.outcomes[0].intent_id)
    assert after.delivered_at == NOW + 1500


@on_stage
async def test_refused_and_unknown_rows_are_not_marked(stage: Stage) -> None:
    """A mark on them would mean nothing."""
    outcomes = [Outcome(told, intent_id=f"i-{told.value}") for told in Told if told is not Told.APPLIED]
    marked: list[Any] = []
    stage.journal.delivered = lambda ids, at: marked.append(ids)  # type: ignore[method-assign]
    stage.runtime.delivered(outcomes)
    assert marked == []


# ------------------------------------------------------------------ watching


@on_stage
async def test_a_repeat_is_woken_when_the_first_call_settles(stage: Stage) -> None:
    """The second of two equal calls waits for the first, sends nothing, and gets its Id without polling for it."""
    stage.rest.reply = later(0.3, paid(9))
    first = asyncio.create_task(stage.run(pays("a1-1")))
    await soon(lambda: stage.rest.sent)
    second = await stage.run(pays("a1-1"))
    lag = fence_now()
    assert (await first).outcomes[0].zuora_id == second.outcomes[0].zuora_id
    assert fence_now() - lag < 0.05
    assert second.outcomes[0].joined
    assert len(stage.rest.sent) == 1


@on_stage
async def test_a_watcher_whose_time_is_up_is_told_unknown(stage: Stage) -> None:
    """Its own patience ends, not the first caller's."""
    stage.rest.reply = later(0.5, paid(9))
    first = asyncio.create_task(stage.run(pays("a1-1")))
    await soon(lambda: stage.rest.sent)
    second = await stage.run(pays("a1-1"), wait=0.1)
    assert [each.told for each in second.outcomes] == [Told.UNKNOWN]
    assert [each.told for each in (await first).outcomes] == [Told.APPLIED]


async def _orphaned(stage: Stage) -> str:
    """A call of a process that never comes back: recorded, sent, and nobody to take the answer."""
    other = Stage(stage.journal, "other")
    await stage.journal.heartbeat(stage.clock.at)
    other.rest.reply = later(3600, paid(1))
    task = asyncio.create_task(other.run(pays("a1-1")))
    await soon(lambda: other.rest.sent)
    (intent_id,) = other.begun(other.rest)
    for each in [task, *other.runtime._tasks]:
        each.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return intent_id


@on_stage
async def test_an_orphan_is_sent_again_under_its_key_once_its_process_is_dead(stage: Stage) -> None:
    """Ten seconds without a heartbeat: a repeat takes the intent over, with the same bytes and key."""
    intent_id = await _orphaned(stage)
    recorded = (await stage.journal.dispatches_of(intent_id))[-1]
    assert recorded is not None
    stage.clock.at += 11_000
    told = await stage.run(pays("a1-1"))
    assert [(each.told, each.intent_id) for each in told.outcomes] == [(Told.APPLIED, intent_id)]
    (sent,) = stage.rest.sent
    assert (sent.key, sent.body) == (recorded.key, recorded.body)
    (intent,) = await stage.intents(intent_id)
    assert (intent.state, intent.owner) == (State.APPLIED, "one")


@on_stage
async def test_a_call_does_not_wait_for_itself(stage: Stage) -> None:
    """It took the second object of an Action over with the first, got no verdict on it, and comes to it now."""
    asked = (unapplied("1"), unapplied("2"))
    other = Stage(stage.journal, "other")
    other.actions.reply = later(3600, None)
    task = asyncio.create_task(other.run(*asked, own=True))
    await soon(lambda: other.actions.sent)
    for each in [task, *other.runtime._tasks]:
        each.cancel()
    await asyncio.gather(task, return_exceptions=True)
    slow = c.SoapRow(False, None, (RowError("TRANSACTION_TIMEOUT", "slow"),))
    stage.actions.reply = later(0, c.SoapAnswer(200, (c.SoapRow(True, f"{1:032x}"), slow)))
    told = await stage.run(*asked, own=True, wait=0.9)
    assert [each.told for each in told.outcomes] == [Told.APPLIED, Told.UNKNOWN]
    assert len(stage.actions.sent) == 2


@on_stage
async def test_an_intent_of_a_living_process_is_left_to_it(stage: Stage) -> None:
    """As long as the other process gives heartbeats, a repeat here only waits.

    Life is told by this machine's clock, which here is far from Zuora's: a process that has not heard from Zuora yet
    must not take the others for dead.
    """
    journal = stage.journal
    intent_id = await _orphaned(stage)
    database = journal._database.path
    assert database is not None
    neighbour = await asyncio.to_thread(type(journal).open, f"sqlite:///{database}", None, "other")
    try:
        await neighbour.heartbeat(round(time.time() * 1000))
        told = await stage.run(pays("a1-1"), wait=0.4)
    finally:
        await asyncio.to_thread(neighbour.close)
    assert [each.told for each in told.outcomes] == [Told.UNKNOWN]
    assert stage.rest.sent == []
    (intent,) = await stage.intents(intent_id)
    assert (intent.state, intent.owner) == (State.SENDING, "other")


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
    stage.rest.reply = later(0.3, paid(5))
    await stage.run(pays("a1-1"), wait=0.05)
    await stage.runtime.stop(5)
    (intent,) = await stage.intents(*stage.begun(stage.rest))
    assert intent.state is State.APPLIED


@on_stage
async def test_stopping_does_not_wait_for_ever(stage: Stage) -> None:
    """A send that never ends is left as it is: SENDING, for whoever starts next."""
    stage.rest.reply = later(3600, paid(5))
    task = asyncio.create_task(stage.run(pays("a1-1")))
    await soon(lambda: stage.rest.sent)
    began = time.monotonic()
    await stage.runtime.stop(0.1)
    assert time.monotonic() - began < 1
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
    began = time.monotonic()
    told = await stage.run(pays("a1-1"))
    assert time.monotonic() - began < 0.5
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
