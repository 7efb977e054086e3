"""Sending: one SOAP dispatch, and lanes of REST dispatches, each settled or told as unknown.

SOAP has no key, so it is sent once and no verdict is told at once. A keyed REST dispatch without a verdict is repeated
byte for byte under its key while its caller waits, on the same tenant day and within 20 hours (I5). Every send follows
a commit (I1). Must not classify, join or choose a route.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain, repeat

from bridge.core.classify import Translate
from bridge.core.commands import (
    Added,
    Adopted,
    Answered,
    Ask,
    Change,
    Commit,
    Presence,
    Record,
    Recorded,
    Send,
    Sent,
    Steps,
    Tell,
    Wait,
)
from bridge.core.conduct.ends import End, changes_of, close, end_of
from bridge.core.conduct.errand import BACK_OFF, Errand
from bridge.core.intent import Dispatch, Intent, State
from bridge.core.mapping.lexical import zone_day
from bridge.core.model import CallFault, Instant, Op, Outcome, Told, ZObject
from bridge.core.plan import Item, next_attempt
from bridge.core.verdict import Busy, Done, Doubt, No, Unsent, Verdict, judge_rest, judge_soap

SAME_KEY_MS = 20 * 60 * 60 * 1000
"""How long a key may be repeated: Zuora forgets keys after 24 hours (Zuora: Idempotent requests)."""


def send_soap(
    errand: Errand, dispatch: Dispatch, items: Sequence[Item]
) -> Steps[tuple[CallFault | None, list[Outcome]]]:
    """Send the SOAP dispatch, recorded already, and settle its intents. A definite fault is returned to be relayed."""
    creates = errand.call.op is Op.CREATE
    tries = iter(BACK_OFF)
    while True:
        verdicts = judge_soap((yield Send(dispatch)), len(items), creates=creates)
        presence: Presence = yield Ask()
        pause = next(tries, None)
        if not isinstance(verdicts[0], Unsent) or pause is None or not _may_wait(presence, pause):
            break
        yield Wait(pause)
        presence = yield Ask()
        if not presence.waiting:
            break
    now = presence.now
    ends = [
        end_of(errand, item.position, item.intent, State.SENDING, verdict, now)
        for item, verdict in zip(items, verdicts, strict=True)
    ]
    outcomes = yield from close(errand, ends, Answered(dispatch.id, _word(verdicts), now))
    for item, outcome in zip(items, outcomes, strict=True):
        yield Tell(item.position, outcome)
    first = verdicts[0]
    return (first.fault if isinstance(first, No) else None), outcomes


def _word(verdicts: Sequence[Verdict]) -> str:
    return " ".join(dict.fromkeys(type(each).__name__.lower() for each in verdicts))


def _may_wait(presence: Presence, seconds: float) -> bool:
    return presence.waiting and seconds < presence.remaining


def rest_lane(errand: Errand, items: Sequence[Item]) -> Steps[list[tuple[int, Outcome]]]:
    """Send the items one after another. One commit lies between two sends: it settles the one and records the other."""
    outcomes: dict[int, Outcome] = {}
    # Ends that ride in the next commit: applied ones, and those that nobody waits for any more.
    late: list[End] = []
    for item in items:
        assert isinstance(item.verdict, Translate)
        assert item.dispatch is not None
        presence: Presence = yield Ask()
        intent, position = item.intent, item.position
        if not presence.waiting:
            why = Unsent("the caller had gone")
            late.append(end_of(errand, position, intent, intent.state, why, presence.now))
            continue
        if intent.state is State.PLANNED:
            yield Commit((position,))
            begin = (
                errand.move(intent, State.PLANNED, State.SENDING, presence.now),
                Sent(item.dispatch.id, presence.now),
            )
            recorded = yield Record((*changes_of(late), *begin))
            if recorded is Recorded.CONFLICT and late:
                yield from _settle(errand, late, outcomes)
                late, recorded = [], (yield Record(begin))
            if recorded is Recorded.DOWN:
                why = Unsent("the journal could not record it")
                withdrawn = end_of(errand, position, intent, State.PLANNED, why, presence.now)
                # The commit may have happened all the same, so only a recorded withdrawal makes it certain.
                late.append(replace(withdrawn, source=State.SENDING))
                continue
            yield from _tell(outcomes, {end.position: end.outcome for end in late})
            late = []
            if recorded is Recorded.CONFLICT:
                # Another process drives it, and may send it.
                yield from _tell(outcomes, {position: errand.outcome(intent, Told.UNKNOWN)})
                continue
        end = yield from send_keyed(errand, position, intent, _sent(item.dispatch, presence.now), item.verdict.obj)
        if isinstance(end.verdict, Done):
            late.append(end)
            yield from _tell(outcomes, {position: end.outcome})
        else:
            yield from _settle(errand, [end], outcomes)
    yield from _settle(errand, late, outcomes)
    return list(outcomes.items())


def _settle(errand: Errand, ends: Sequence[End], outcomes: dict[int, Outcome]) -> Steps[None]:
    closed = yield from close(errand, ends)
    yield from _tell(outcomes, {end.position: outcome for end, outcome in zip(ends, closed, strict=True)})


def _tell(outcomes: dict[int, Outcome], told: Mapping[int, Outcome]) -> Steps[None]:
    for position, outcome in told.items():
        if outcomes.get(position) != outcome:
            outcomes[position] = outcome
            yield Tell(position, outcome)


def _sent(dispatch: Dispatch, now: Instant) -> Dispatch:
    return dispatch if dispatch.first_sent_at is not None else replace(dispatch, first_sent_at=now)


def _pauses() -> Iterator[float]:
    return chain(BACK_OFF, repeat(8.0))


def same_key_allowed(errand: Errand, dispatch: Dispatch, now: Instant) -> bool:
    """I5: the same tenant day and at most 20 hours since the first send."""
    first = dispatch.first_sent_at if dispatch.first_sent_at is not None else dispatch.recorded_at
    zone = errand.tenant.zone
    return now - first <= SAME_KEY_MS and zone_day(first, zone) == zone_day(now, zone)


def send_keyed(
    errand: Errand,
    position: int,
    intent: Intent,
    dispatch: Dispatch,
    obj: ZObject,
    source: State = State.SENDING,
    *,
    doubted: bool = False,
) -> Steps[End]:
    """Send one keyed dispatch until there is a verdict or the caller's time is up; its end is yet to be recorded."""
    pauses, tries = _pauses(), iter(BACK_OFF)
    while True:
        verdict = judge_rest((yield Send(dispatch)), obj, doubted=doubted)
        presence: Presence = yield Ask()
        answered = Answered(dispatch.id, _word((verdict,)), presence.now)
        if isinstance(verdict, Done | No):
            break
        if isinstance(verdict, Doubt):
            doubted = True
            pause: float | None = next(pauses)
        else:
            pause = next(tries, None)
            if isinstance(verdict, Busy) and pause is not None:
                pause = max(pause, verdict.retry_after or 0)
        if pause is None or not _may_wait(presence, pause):
            break
        yield Wait(pause)
        presence = yield Ask()
        if not presence.waiting or (doubted and not same_key_allowed(errand, dispatch, presence.now)):
            break
        if isinstance(verdict, Busy):
            again = next_attempt(dispatch, intent, presence.now)
            if (
                yield Record((answered, *_reopen(errand, intent, source, presence.now), Added(again)))
            ) is not Recorded.DONE:
                # Another process may have recorded the new attempt instead, and may be sending it.
                unknown = Doubt("the journal could not record the next attempt")
                return End(position, intent, source, unknown, (), errand.outcome(intent, Told.UNKNOWN))
            dispatch, source, doubted = again, State.SENDING, False
    end = end_of(errand, position, intent, source, verdict, presence.now)
    return replace(end, changes=(answered, *end.changes))


def _reopen(errand: Errand, intent: Intent, source: State, now: Instant) -> tuple[Change, ...]:
    """What makes a further attempt ours: nobody else may have taken the intent over, and begun one, in the meantime.

    Out of doubt it is a definite "not now": proved not applied, and sent again for the caller who repeated.
    """
    if source is not State.IN_DOUBT:
        return (Adopted(intent.id, errand.owner, errand.owner),)
    return (
        errand.move(intent, State.IN_DOUBT, State.NOT_APPLIED, now),
        errand.move(intent, State.NOT_APPLIED, State.SENDING, now),
    )
