"""The driver's own behaviour: patience, sending, delivery and watching.

The journal is real; Zuora is a fake that takes its time or breaks.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
from driver_stage import on_stage, settled, soon
from stage import NOW, Stage, held, later, paid, pays, rows, unapplied

from bridge.core import commands as c
from bridge.core.conduct import send
from bridge.core.intent import Dispatch, State
from bridge.core.model import Outcome, Route, RowError, Silence, Told
from bridge.runtime import Visit, driver
from bridge.upstream.clock import fence_now
from bridge.upstream.credential import Credential

# ------------------------------------------------------------------ patience


@on_stage
async def test_a_callers_time_ends_while_the_dispatch_goes_on(stage: Stage) -> None:
    """The caller is told "unknown" when its time is up; the answer that comes later still settles the intent."""
    answers = asyncio.Event()
    stage.rest.reply = held(answers, paid(7))
    reply = await stage.run(pays("a1-1"), wait=1.0)
    (intent_id,) = stage.begun(stage.rest)
    assert [(each.told, each.intent_id, each.route) for each in reply.outcomes] == [
        (Told.UNKNOWN, intent_id, Route.REST)
    ]
    answers.set()
    assert (await settled(stage, intent_id)).state is State.APPLIED
    assert len(stage.rest.sent) == 1


@on_stage
async def test_what_is_known_when_time_is_up_is_told(stage: Stage) -> None:
    """Of three payments on one memo the first is done, the second begun, the third never sent, and so they are told."""
    replies, answers = [paid(1), None, paid(3)], asyncio.Event()

    async def reply(_: Dispatch) -> Any:
        answer = replies.pop(0)
        if answer is None:
            await answers.wait()
        return answer or paid(2)

    stage.rest.reply = reply
    told = await stage.run(pays("a1-1", "1"), pays("a1-1", "2"), pays("a1-1", "3"), wait=1.0)
    assert [each.told for each in told.outcomes] == [Told.APPLIED, Told.UNKNOWN, Told.UNSENT]
    answers.set()
    await soon(lambda: not stage.rest.at_once)
    await asyncio.sleep(0.05)
    assert len(stage.rest.sent) == 2


@on_stage
async def test_a_caller_below_60_whose_time_is_up_gets_silence(stage: Stage) -> None:
    """All in doubt, no word for it: the driver hands on core's silence."""
    answers = asyncio.Event()
    stage.soap.reply = held(answers, rows(1))
    assert isinstance(await stage.run(unapplied("1"), version="50.0", wait=1.0), Silence)
    assert len(stage.soap.sent) == 1
    answers.set()


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
async def test_a_pause_ends_when_the_caller_goes(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits out a back-off for an empty chair: this one would last for an hour."""
    monkeypatch.setattr(send, "BACK_OFF", (3600.0,))

    async def reply(_: Dispatch) -> Any:
        asyncio.get_running_loop().call_later(0.05, lambda: setattr(stage, "gone", True))
        return c.Lost("reset")

    stage.rest.reply = reply
    told = await stage.run(pays("a1-1"))
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
async def test_who_goes_while_it_is_recorded_gets_nothing_sent(stage: Stage) -> None:
    """The last look at the caller is right before the send, by either route: the commit may have taken a while (I5)."""
    gone: list[bool] = []
    record = stage.journal.record

    async def recorded(changes: Any) -> bool:
        done = await record(changes)
        gone.append(True)
        return done

    stage.journal.record = recorded  # type: ignore[method-assign]
    for obj in (unapplied("1"), pays("a1-1", "2")):
        gone.clear()
        reply = await stage.runtime.run(stage.errand(obj), Visit(5, lambda: bool(gone)), Credential("s", "h"))
        assert [each.told for each in reply.outcomes] == [Told.UNSENT]  # type: ignore[union-attr]
    assert stage.soap.sent + stage.rest.sent == []


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
    ids, crowded = iter(range(1, 100)), asyncio.Event()

    async def reply(_: Dispatch) -> Any:
        if stage.rest.most_at_once >= 8:
            crowded.set()
        await crowded.wait()
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
async def test_a_repeat_is_woken_when_the_first_call_settles(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second of two equal calls waits for the first, sends nothing, and gets its Id without polling for it."""
    monkeypatch.setattr(driver, "POLL_SECONDS", 3600.0)
    stage.rest.reply = later(0.3, paid(9))
    first = asyncio.create_task(stage.run(pays("a1-1")))
    await soon(lambda: stage.rest.sent)
    second = await stage.run(pays("a1-1"))
    assert (await first).outcomes[0].zuora_id == second.outcomes[0].zuora_id
    assert second.outcomes[0].joined
    assert len(stage.rest.sent) == 1


@on_stage
async def test_a_watcher_whose_time_is_up_is_told_unknown(stage: Stage) -> None:
    """Its own patience ends, not the first caller's."""
    answers = asyncio.Event()
    stage.rest.reply = held(answers, paid(9))
    first = asyncio.create_task(stage.run(pays("a1-1")))
    await soon(lambda: stage.rest.sent)
    second = await stage.run(pays("a1-1"), wait=0.1)
    assert [each.told for each in second.outcomes] == [Told.UNKNOWN]
    answers.set()
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
    assert (intent.state, intent.owner.partition("/")[0]) == (State.APPLIED, "one")


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
