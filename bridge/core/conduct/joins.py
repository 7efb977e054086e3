"""Joining: what a repeat does with the intent it found (I6).

An unsettled intent is waited for. One that nobody drives any more is taken over only as far as proof reaches: never
sent, it is withdrawn; found by its marker, it is done; proved absent, the repeat is a new attempt; keyed, the same
bytes go out again under the same key because a caller is here; otherwise it stays in doubt. A settled one is joined
only if it was applied and still stands; long after its answer was delivered it is a twin, about which the caller's
policy decides. ``None`` means: be a new attempt.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from bridge.core.commands import (
    Adopted,
    Ask,
    Change,
    LoadDispatches,
    Lookup,
    Presence,
    Record,
    Recorded,
    SendEvent,
    Steps,
    Wait,
    Watch,
    Watched,
)
from bridge.core.conduct.alike import proved
from bridge.core.conduct.ends import End, as_recorded, close, end_of
from bridge.core.conduct.errand import Errand
from bridge.core.conduct.hold import hold_all, leased
from bridge.core.conduct.proof import Look, kept_question, kept_with, question_of
from bridge.core.conduct.saga import Saga, is_saga
from bridge.core.conduct.send import Sending, rest_sending, same_key_allowed, send, still_ours
from bridge.core.facts import Standing, StillStands
from bridge.core.identity import JOIN_AFTER_DELIVERY_MS
from bridge.core.intent import Dispatch, Intent, State
from bridge.core.mapping.lexical import zone_day
from bridge.core.model import Instant, Op, Outcome, Route, Told
from bridge.core.refusals import near_twin, twin
from bridge.core.verdict import Done, Doubt, No, Verdict, judge_batch

TURNS = 8
"""How often a repeat may lose the race to take an orphan over before it tells what it knows: nothing."""

TURN_SECONDS = 1.0

NEVER_SENT = frozenset({State.RECEIVED, State.PLANNED, State.NOT_SENT})

BEGUN = frozenset({State.SENDING, State.IN_DOUBT})


def joinable(intent: Intent, op: Op) -> bool:
    """Whether a repeat may join at all: updates and deletes only while unsettled."""
    return not intent.state.settled or (op is Op.CREATE and intent.state is State.APPLIED)


def join(
    errand: Errand, position: int, intent: Intent, beside: Mapping[str, Intent], *, by_key: bool = False
) -> Steps[Outcome | None]:
    """The outcome of a repeat of ``intent``, or None where the repeat is a new attempt.

    ``beside`` are all intents that this call joins, by their ids. ``by_key``: a key says that it is the same act, so
    that it is no twin however late.
    """
    if intent.state is State.APPLIED:
        presence: Presence = yield Ask()
        if is_twin(intent, presence.now) and not by_key:
            return (yield from as_policy_says(errand, intent))
        return (yield from _standing(errand, intent))
    for _ in range(TURNS):
        watched: Watched = yield Watch((intent.id,))
        intent = watched.intents[0]
        if intent.state is State.APPLIED:
            return errand.outcome(intent, Told.APPLIED, zuora_id=intent.zuora_id, joined=True)
        if intent.state is State.REFUSED and not intent.unsent:
            return errand.outcome(intent, Told.REFUSED, intent.errors, joined=True)
        if intent.state.settled:
            return None
        if not watched.waiting or intent.state is State.PARKED:
            break
        taken = yield from _take_over(errand, position, intent, beside)
        if not isinstance(taken, _Again):
            return taken
    return errand.outcome(intent, Told.UNKNOWN, joined=True)


def is_twin(intent: Intent, now: Instant) -> bool:
    """Whether its answer was delivered so long ago that an equal call is hardly a repeat of it."""
    return intent.delivered_at is not None and intent.delivered_at < now - JOIN_AFTER_DELIVERY_MS


def as_policy_says(errand: Errand, intent: Intent) -> Steps[Outcome | None]:
    """An equal call long after, or a near one: refused by default, because it is either sent by mistake or lacks a
    reference. None: it is a new attempt."""
    if errand.caller.twins == "allow":
        return None
    outcome = yield from _standing(errand, intent)
    if outcome is None or outcome.told is not Told.APPLIED or errand.caller.twins == "join":
        return outcome
    day = zone_day(intent.created_at, errand.tenant.zone).isoformat()
    # Not under the twin's intent: that one has its object, and this refusal is about none.
    words = near_twin if intent.delivered_at is None else twin
    return Outcome(Told.REFUSED, errors=words(outcome.zuora_id or "", day))


class _Again:
    """Another call took the intent over first: look again."""


def _standing(errand: Errand, intent: Intent) -> Steps[Outcome | None]:
    """Join what was applied, if it still stands. Where that cannot be read, it must not be told as "not done" (I3)."""
    assert intent.zuora_id is not None
    question = StillStands(intent.object_type, intent.zuora_id)
    fact = (yield Lookup((question,)))[question]
    if not isinstance(fact, Standing):
        return errand.outcome(intent, Told.UNKNOWN, joined=True)
    if not fact.stands:
        return None
    return errand.outcome(intent, Told.APPLIED, zuora_id=intent.zuora_id, joined=True)


def _take_over(
    errand: Errand, position: int, intent: Intent, beside: Mapping[str, Intent]
) -> Steps[Outcome | _Again | None]:
    """Drive an orphan.

    Taking over always changes the owner's name, also within one process and one call: of two repeats that both found
    the orphan, only one's condition holds, and whoever drove it before can record nothing any more. The objects of a
    call are driven side by side: were two of one Action's intents under one name, one could be proved absent by what
    was read before the Action was sent again for the other, and be made twice (I2).
    """
    errand = replace(errand, owner=f"{errand.owner}/{errand.call_id}.{position}")
    without_key = intent.state is State.IN_DOUBT and intent.route is Route.SOAP
    if without_key and question_of(errand.call.objects[position], intent.op, None) is None:
        # Nothing could be learnt by taking it over.
        return errand.outcome(intent, Told.UNKNOWN, joined=True)
    adopted = Adopted(intent.id, intent.owner, errand.owner)
    presence: Presence = yield Ask()
    changes: tuple[Change, ...] = (adopted,)
    if intent.state in NEVER_SENT:
        changes += errand.withdrawn(intent, intent.state, "the bridge stopped before sending it", presence.now)
    recorded = yield Record(changes)
    if recorded is not Recorded.DONE:
        unknown = errand.outcome(intent, Told.UNKNOWN, joined=True)
        return _Again() if recorded is Recorded.CONFLICT else unknown
    return None if intent.state in NEVER_SENT else (yield from _drive(errand, position, intent, beside))


def _drive(
    errand: Errand, position: int, intent: Intent, beside: Mapping[str, Intent]
) -> Steps[Outcome | _Again | None]:
    """Bring an orphan that is ours now to an end, as far as proof reaches.

    Its former driver may have settled it, or begun another attempt, after it was found and before it was taken over.
    Now nobody else can, so it is read again: what is seen from here on stays true.
    """
    presence: Presence = yield Ask()
    found = yield from as_recorded(intent, presence.now)
    if found is None or found.state not in BEGUN:
        return _Again()
    dispatches: tuple[Dispatch, ...] = yield LoadDispatches(intent.id)
    again, others = False, list[End]()
    if is_saga(dispatches):
        permitted = errand.may_resend(found, kept_with(dispatches[0]))
        saga = Saga.of(errand, position, found, errand.call.objects[position], dispatches)
        resumed = yield from saga.resume(permitted=permitted)
        end, again = resumed.end, resumed.again
    elif dispatches:
        ends, again = yield from _proved(errand, position, found, dispatches[-1], beside)
        if ends is None:
            return _Again()
        end, *others = ends
    else:
        end = end_of(errand, position, found, found.state, Doubt("no request of it is kept"), presence.now)
    outcome, *_ = yield from close(errand, [end, *others])
    # Where the end could not be recorded, nobody may begin anew on the strength of it.
    return None if again and outcome.told is not Told.UNKNOWN else replace(outcome, joined=True)


def _proved(
    errand: Errand, position: int, intent: Intent, dispatch: Dispatch, beside: Mapping[str, Intent]
) -> Steps[tuple[list[End] | None, bool]]:
    """The end of one request that another process sent, and whether the repeat is a new attempt because of it.

    Behind it are the ends of the intents that the same request carries, where it was sent again. None: somebody else
    has one of them now.
    """
    obj = errand.call.objects[position]
    # What was kept with the request knows the amount that was filled in; an older journal kept nothing.
    question = kept_question(intent, dispatch)
    if dispatch.snapshot is None:
        question = question or question_of(obj, intent.op, dispatch)
    found = yield from proved(errand, intent, dispatch, question)
    presence: Presence = yield Ask()
    now = presence.now
    if isinstance(found, Done):
        return [replace(end_of(errand, position, intent, intent.state, found, now), found=True)], False
    together = len(dispatch.intent_ids) > 1
    if (found is not Look.MISSING or together) and _may_resend(errand, intent, dispatch, presence):
        keys = leased(dispatch)
        if refused := (yield from hold_all(errand, keys)):
            # Its own was free once it was in doubt, and somebody else is at it.
            why = next(iter(refused.values()))
            return [end_of(errand, position, intent, intent.state, Doubt(why), now)], False
        if keys:
            presence = yield Ask()
            now = presence.now
            if not _may_resend(errand, intent, dispatch, presence):
                return [end_of(errand, position, intent, intent.state, Doubt("it cannot be repeated"), now)], False
        others = yield from _others(errand, intent, dispatch, beside)
        recorded = (yield Record(still_ours(errand, dispatch, now))) if others is not None else Recorded.DOWN
        if recorded is Recorded.CONFLICT:
            # Two that take it over in turns would never send it: the other one goes first.
            yield Wait(TURN_SECONDS)
            return None, False
        if others is not None and recorded is Recorded.DONE:
            return (yield from _sent_again(errand, position, intent, dispatch, others)), False
    if found is Look.MISSING:
        withdrawn = errand.not_sent(intent, "it was proved absent")
        end = End(position, intent, intent.state, Doubt("absent"), (), withdrawn)
        return [replace(end, changes=errand.not_applied(intent, intent.state, now))], True
    return [end_of(errand, position, intent, intent.state, Doubt("it cannot be repeated"), now)], False


def _others(
    errand: Errand, intent: Intent, dispatch: Dispatch, beside: Mapping[str, Intent]
) -> Steps[list[Intent] | None]:
    """The other intents of an Action, taken over as well; None where it must not be sent again.

    It carries all of them or none: one that nobody waits for here must not be done (I5), and one that was proved
    absent is, or will be, a new attempt (I2).
    """
    known = [beside.get(each) for each in dispatch.intent_ids if each != intent.id]
    others = [each for each in known if each is not None]
    states = BEGUN | {State.APPLIED} if _got_rows(dispatch) else BEGUN
    found = yield from _begun(others, states)
    strange = tuple(Adopted(each.id, each.owner, errand.owner) for each in found if each.owner != errand.owner)
    if strange and len(found) == len(known) and (yield Record(strange)) is Recorded.DONE:
        # Read again: what is seen from here on stays true.
        found = yield from _begun(others, states)
    ours = [each for each in found if each.owner == errand.owner]
    return ours if len(ours) == len(known) else None


def _got_rows(dispatch: Dispatch) -> bool:
    """Whether Zuora is known to have carried the Action out, so that its key gives the same rows for ever.

    Otherwise what is done already was found by its reference, and the Action might be the second to make it (I2).
    """
    words = (dispatch.verdict or "").split()
    return "look-up" not in words and not {"done", "no"}.isdisjoint(words)


def _begun(intents: Sequence[Intent], states: Collection[State]) -> Steps[list[Intent]]:
    """Those of the intents, as they are now, whose request may be sent again for them or does them no harm."""
    found = []
    for each in intents:
        # However long ago it was delivered.
        seen = yield from as_recorded(each, 0)
        if seen is not None and seen.state in states:
            found.append(seen)
    return found


def _sent_again(
    errand: Errand, position: int, intent: Intent, dispatch: Dispatch, others: Sequence[Intent]
) -> Steps[list[End]]:
    obj, own = errand.call.objects[position], errand.caller.own
    if dispatch.route is Route.REST:
        resent = rest_sending(position, intent, dispatch, obj, errand=errand, source=intent.state, doubted=True)
        return [(yield from send(errand, resent))]
    count, creates = len(dispatch.intent_ids), intent.op is Op.CREATE
    rows: dict[str, Verdict] = {}

    def judge(event: SendEvent, doubted: bool) -> Verdict:
        verdicts = judge_batch(event, count, creates=creates, doubted=doubted, route=dispatch.route, own=own)
        rows.update(zip(dispatch.intent_ids, verdicts, strict=True))
        return rows[intent.id]

    question = question_of(obj, intent.op, dispatch)
    end = yield from send(errand, Sending(position, intent, dispatch, judge, question, intent.state, doubted=True))
    ends = [end]
    for each in others:
        dispatches: tuple[Dispatch, ...] = yield LoadDispatches(each.id)
        # Behind the Action's refusal one may have gone on by REST, whose end is another.
        if each.state in BEGUN and dispatches[-1].id == dispatch.id and isinstance(rows[each.id], Done | No):
            presence: Presence = yield Ask()
            ends.append(end_of(errand, each.position, each, each.state, rows[each.id], presence.now))
    return ends


def _may_resend(errand: Errand, intent: Intent, dispatch: Dispatch, presence: Presence) -> bool:
    """Only under its key, for a caller who is there and may cause it, and within I5."""
    allowed = presence.waiting and errand.may_resend(intent, kept_with(dispatch))
    return allowed and same_key_allowed(errand, dispatch, presence.now)
