"""Sending: one SOAP dispatch, and lanes of REST dispatches, each settled or told as unknown.

SOAP has no key, so it is sent once and no verdict is told at once. A keyed REST dispatch without a verdict is repeated
byte for byte under its key while its caller waits, on the same tenant day and within 20 hours (I5). Every send follows
a commit (I1). Must not classify, join or choose a route.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain, repeat

from bridge.core.commands import (
    Added,
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
from bridge.core.conduct.errand import BACK_OFF, Errand
from bridge.core.intent import Dispatch, Intent, State
from bridge.core.mapping.lexical import zone_day
from bridge.core.model import CallFault, Instant, Outcome, Told, ZObject
from bridge.core.plan import Item, next_attempt
from bridge.core.verdict import Busy, Done, Doubt, No, Unsent, Verdict, judge_rest, judge_soap

SAME_KEY_MS = 20 * 60 * 60 * 1000
"""How long a key may be repeated: Zuora forgets keys after 24 hours (Zuora: Idempotent requests)."""

Settled = tuple[tuple[Change, ...], Outcome]


def send_soap(
    errand: Errand, dispatch: Dispatch, items: Sequence[Item]
) -> Steps[tuple[CallFault | None, list[Outcome]]]:
    """Send the SOAP dispatch, recorded already, and settle its intents. A definite fault is returned to be relayed."""
    for pause in (*BACK_OFF, None):
        verdicts = judge_soap((yield Send(dispatch)), len(items))
        presence: Presence = yield Ask()
        if not isinstance(verdicts[0], Unsent) or pause is None or not _may_wait(presence, pause):
            break
        yield Wait(pause)
        presence = yield Ask()
        if not presence.waiting:
            break
    changes: list[Change] = [Answered(dispatch.id, _word(verdicts), presence.now)]
    outcomes = []
    fault = None
    for item, verdict in zip(items, verdicts, strict=True):
        settled, outcome = _settle(errand, item.intent, State.SENDING, verdict, presence.now)
        changes += settled
        outcomes.append(outcome)
        if isinstance(verdict, No) and verdict.fault is not None:
            fault = verdict.fault
    yield Record(tuple(changes))
    for item, outcome in zip(items, outcomes, strict=True):
        yield Tell(item.position, outcome)
    return fault, outcomes


def _word(verdicts: Sequence[Verdict]) -> str:
    return " ".join(dict.fromkeys(type(each).__name__.lower() for each in verdicts))


def _may_wait(presence: Presence, seconds: float) -> bool:
    return presence.waiting and seconds < presence.remaining


def _settle(errand: Errand, intent: Intent, source: State, verdict: Verdict, now: Instant) -> Settled:
    match verdict:
        case Done(zuora_id):
            return errand.applied(intent, source, zuora_id, now), errand.outcome(
                intent, Told.APPLIED, zuora_id=zuora_id
            )
        case No(errors):
            return errand.refused(intent, source, errors, now), errand.outcome(intent, Told.REFUSED, errors)
        case Busy(errors, retry_after, limited):
            return errand.refused(intent, source, errors, now), errand.outcome(
                intent, Told.REFUSED, errors, limited=(retry_after or 120) if limited else None
            )
        case Unsent(reason):
            return errand.withdrawn(intent, source, reason, now), errand.not_sent(intent, reason)
        case Doubt():
            doubt = () if source is State.IN_DOUBT else (errand.move(intent, source, State.IN_DOUBT, now),)
            return doubt, errand.outcome(intent, Told.UNKNOWN)


def rest_lane(errand: Errand, items: Sequence[Item]) -> Steps[list[tuple[int, Outcome]]]:
    """Send the items one after another. One commit lies between two sends: it settles the one and records the other."""
    outcomes: list[tuple[int, Outcome]] = []
    unrecorded: tuple[Change, ...] = ()
    for item in items:
        assert item.dispatch is not None
        presence: Presence = yield Ask()
        state = item.intent.state
        if not presence.waiting:
            why = "the caller had gone"
            unrecorded += errand.withdrawn(item.intent, state, why, presence.now)
            outcome = errand.not_sent(item.intent, why)
        else:
            recorded = Recorded.DONE
            if state is State.PLANNED:
                yield Commit((item.position,))
                begin = errand.move(item.intent, State.PLANNED, State.SENDING, presence.now)
                recorded = yield Record((*unrecorded, begin, Sent(item.dispatch.id, presence.now)))
            if recorded is Recorded.DONE:
                sent = _sent(item.dispatch, presence.now)
                unrecorded, outcome = yield from send_keyed(errand, item.intent, sent, item.verdict.obj)  # type: ignore[union-attr]
            else:
                outcome = errand.not_sent(item.intent, "the journal could not record it")
        outcomes.append((item.position, outcome))
        yield Tell(item.position, outcome)
    if unrecorded:
        yield Record(unrecorded)
    return outcomes


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
    intent: Intent,
    dispatch: Dispatch,
    obj: ZObject,
    source: State = State.SENDING,
    *,
    doubted: bool = False,
) -> Steps[Settled]:
    """Send one keyed dispatch until there is a verdict or the caller's time is up.

    Returns the changes that are yet to be recorded, and what the row says.
    """
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
            if isinstance(verdict, Busy) and pause is not None and verdict.retry_after is not None:
                pause = float(verdict.retry_after)
        if pause is None or not _may_wait(presence, pause):
            break
        yield Wait(pause)
        presence = yield Ask()
        if not presence.waiting or (doubted and not same_key_allowed(errand, dispatch, presence.now)):
            break
        if isinstance(verdict, Busy):
            again = next_attempt(dispatch, intent, presence.now)
            recorded = yield Record((answered, *_reopen(errand, intent, source, presence.now), Added(again)))
            if recorded is not Recorded.DONE:
                return (), errand.not_sent(intent, "the journal could not record it")
            dispatch, source, doubted = again, State.SENDING, False
    changes, outcome = _settle(errand, intent, source, verdict, presence.now)
    return (answered, *changes), outcome


def _reopen(errand: Errand, intent: Intent, source: State, now: Instant) -> tuple[Change, ...]:
    """Out of doubt by a definite "not now": proved not applied, and sent again for the caller who repeated."""
    if source is not State.IN_DOUBT:
        return ()
    return (
        errand.move(intent, State.IN_DOUBT, State.NOT_APPLIED, now),
        errand.move(intent, State.NOT_APPLIED, State.SENDING, now),
    )
