"""Sending a SOAP request or an Action: up to fifty objects, judged row by row.

SOAP has no key: it is sent once, and what got no verdict is looked up by its marker, once, and else told as unknown.
An Action has one and is repeated under it while its caller waits. A definite fault is returned to be relayed. An
object whose verdict has a fall-back goes on by REST where SOAP refused it and a read shows what SOAP could not know.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bridge.core import plan
from bridge.core.classify import Forward
from bridge.core.commands import (
    Added,
    Adopted,
    Answered,
    Ask,
    Lookup,
    Presence,
    Record,
    Recorded,
    Send,
    Steps,
    Tell,
    Wait,
)
from bridge.core.conduct.ends import End, close, end_of
from bridge.core.conduct.errand import BACK_OFF, Errand, may_wait
from bridge.core.conduct.proof import Look, look_for_all, questions_of
from bridge.core.conduct.send import pauses, rest_sending, same_key_allowed, send, still_ours, word
from bridge.core.facts import Kind, Parts, Question, Showing, Shows, WhichParts
from bridge.core.intent import Dispatch, State
from bridge.core.model import CallFault, Op, Outcome
from bridge.core.plan import FALL_BACK, Item
from bridge.core.verdict import Doubt, No, Unsent, Verdict, judge_batch


def send_batch(
    errand: Errand, dispatch: Dispatch, items: Sequence[Item]
) -> Steps[tuple[CallFault | None, list[Outcome]]]:
    """Send the dispatch, recorded already, and settle its intents, in the order of ``items``."""
    verdicts = yield from _verdicts(errand, dispatch, len(items))
    presence: Presence = yield Ask()
    answered = Answered(dispatch.id, word(verdicts), presence.now)
    answers = verdicts
    verdicts = yield from _looked_up(errand, dispatch, items, answers)
    presence = yield Ask()
    ends = {
        item.position: replace(
            end_of(errand, item.position, item.intent, State.SENDING, verdict, presence.now), found=verdict != told
        )
        for item, verdict, told in zip(items, verdicts, answers, strict=True)
    }
    behind = [item for item in items if _has_fall_back(item, ends[item.position].verdict)]
    first = [ends[item.position] for item in items if item not in behind]
    outcomes = yield from _settle(errand, first, answered)
    for item in behind:
        end = yield from _fall_back(errand, item, ends[item.position])
        outcomes |= yield from _settle(errand, [end])
    fault = verdicts[0].fault if isinstance(verdicts[0], No) else None
    return fault, [outcomes[item.position] for item in items]


def _settle(errand: Errand, ends: Sequence[End], *also: Answered) -> Steps[dict[int, Outcome]]:
    closed = yield from close(errand, ends, *also)
    outcomes = {end.position: outcome for end, outcome in zip(ends, closed, strict=True)}
    for position, outcome in outcomes.items():
        yield Tell(position, outcome)
    return outcomes


def _verdicts(errand: Errand, dispatch: Dispatch, count: int) -> Steps[tuple[Verdict, ...]]:
    creates, own = errand.call.op is Op.CREATE, errand.caller.own
    waits, tries, doubted = pauses(), iter(BACK_OFF), False
    while True:
        verdicts = judge_batch(
            (yield Send(dispatch)), count, creates=creates, doubted=doubted, route=dispatch.route, own=own
        )
        presence: Presence = yield Ask(word(verdicts))
        if all(isinstance(each, Doubt) and not each.stored for each in verdicts):
            doubted = True
            pause = next(waits) if dispatch.key is not None else None
        else:
            pause = next(tries, None) if isinstance(verdicts[0], Unsent) else None
        if pause is None or not may_wait(presence, pause):
            return verdicts
        yield Wait(pause)
        presence = yield Ask()
        if not presence.waiting or (doubted and not same_key_allowed(errand, dispatch, presence.now)):
            return verdicts
        if (yield Record(still_ours(errand, dispatch, presence.now))) is not Recorded.DONE:
            return verdicts


def _looked_up(
    errand: Errand, dispatch: Dispatch, items: Sequence[Item], verdicts: Sequence[Verdict]
) -> Steps[tuple[Verdict, ...]]:
    """What is in doubt and can be found by its marker is done."""
    if not any(isinstance(each, Doubt) for each in verdicts):
        return tuple(verdicts)
    objects = [errand.call.objects[item.position] for item in items]
    possible = questions_of(errand.call.op, [item.intent for item in items], objects)
    questions = [
        question if isinstance(verdict, Doubt) else None for question, verdict in zip(possible, verdicts, strict=True)
    ]
    found = yield from look_for_all(questions, dispatch)
    return tuple(
        seen if question is not None and not isinstance(seen, Look) else verdict
        for question, seen, verdict in zip(questions, found, verdicts, strict=True)
    )


# ---------------------------------------------------------------- behind a refusal


def _has_fall_back(item: Item, verdict: Verdict) -> bool:
    planned = isinstance(item.verdict, Forward) and item.verdict.fallback is not None
    return planned and isinstance(verdict, No) and verdict.fault is None


def _fall_back(errand: Errand, item: Item, refused: End) -> Steps[End]:
    """The end after the REST request, or as SOAP refused it: its words are what the caller knows."""
    assert isinstance(item.verdict, Forward)
    assert item.verdict.fallback is not None
    if not (yield from _soap_could_not_know(errand, item)):
        return refused
    presence: Presence = yield Ask()
    dispatch = plan.rest_dispatch(
        item.intent,
        item.verdict.fallback,
        errand.tenant,
        errand.caller.entity,
        presence.now,
        step=FALL_BACK,
        begins=True,
    )
    ours = Adopted(item.intent.id, errand.owner, errand.owner)
    if (yield Record((ours, Added(dispatch)))) is not Recorded.DONE:
        return refused
    obj = item.verdict.obj
    end = yield from send(errand, rest_sending(item.position, item.intent, dispatch, obj, errand=errand))
    if isinstance(end.verdict, No):
        return replace(refused, changes=(*end.changes[:1], *refused.changes))
    return end


def _soap_could_not_know(errand: Errand, item: Item) -> Steps[bool]:
    """Zuora's SOAP knows neither debit memos nor refunds of credit memos (Zuora: Invoice Settlement API impacts).

    A payment that pays a debit memo and is not canceled yet may be canceled by REST, a refund likewise; what is
    canceled may be deleted. Everything else SOAP has refused for its own good reason.
    """
    obj, op = errand.call.objects[item.position], errand.call.op
    zuora_id = obj.word("Id") or ""
    status = Shows(obj.type, zuora_id, (("status", "Canceled"),))
    parts = WhichParts(zuora_id)
    asks_parts = op is Op.UPDATE and obj.type == "Payment"
    questions: tuple[Question, ...] = (status, parts) if asks_parts else (status,)
    facts = yield Lookup(questions)
    showing = facts[status]
    if not isinstance(showing, Showing):
        return False
    if op is Op.DELETE:
        return showing.as_expected
    if showing.as_expected:
        return False
    seen = facts[parts] if asks_parts else None
    return not asks_parts or (isinstance(seen, Parts) and any(part.kind is Kind.DEBIT_MEMO for part in seen.parts))
