"""Joining: what a repeat does with the intent it found (I6).

An unsettled intent is waited for. One that nobody drives any more is taken over only as far as proof reaches: never
sent, it is withdrawn; keyed, the same bytes go out again under the same key because a caller is here; otherwise it
stays in doubt. A settled one is joined only if it was applied and still stands. ``None`` means: be a new attempt.
"""

from __future__ import annotations

from dataclasses import replace

from bridge.core.commands import (
    Adopted,
    Ask,
    Change,
    LoadDispatch,
    Lookup,
    Presence,
    Record,
    Recorded,
    Steps,
    Watch,
    Watched,
)
from bridge.core.conduct.ends import as_recorded, close, end_of
from bridge.core.conduct.errand import Errand
from bridge.core.conduct.lanes import same_key_allowed, send_keyed
from bridge.core.facts import Standing, StillStands
from bridge.core.intent import Dispatch, Intent, State
from bridge.core.model import Op, Outcome, Route, Told
from bridge.core.verdict import Doubt

TURNS = 8
"""How often a repeat may lose the race to take an orphan over before it tells what it knows: nothing."""

NEVER_SENT = frozenset({State.RECEIVED, State.PLANNED, State.NOT_SENT})


def joinable(intent: Intent, op: Op) -> bool:
    """Whether a repeat may join at all: updates and deletes only while unsettled."""
    return not intent.state.settled or (op is Op.CREATE and intent.state is State.APPLIED)


def join(errand: Errand, position: int, intent: Intent) -> Steps[Outcome | None]:
    """The outcome of a repeat of ``intent``, or None where the repeat is a new attempt."""
    if intent.state is State.APPLIED:
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
        taken = yield from _take_over(errand, position, intent)
        if not isinstance(taken, _Again):
            return taken
    return errand.outcome(intent, Told.UNKNOWN, joined=True)


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


def _take_over(errand: Errand, position: int, intent: Intent) -> Steps[Outcome | _Again | None]:
    """Drive an orphan.

    Taking over always changes the owner's name, also within one process: of two repeats that both found the orphan,
    only one's condition holds, and whoever drove it before can record nothing any more.
    """
    if intent.owner == errand.owner:
        errand = replace(errand, owner=f"{errand.owner}/{errand.call_id}")
    adopted = Adopted(intent.id, intent.owner, errand.owner)
    presence: Presence = yield Ask()
    changes: tuple[Change, ...] = (adopted,)
    unknown = errand.outcome(intent, Told.UNKNOWN, joined=True)
    if intent.state in NEVER_SENT:
        changes += errand.withdrawn(intent, intent.state, "the bridge stopped before sending it", presence.now)
    elif intent.route is Route.SOAP:
        if intent.state is State.IN_DOUBT:
            return unknown
        changes += (errand.move(intent, State.SENDING, State.IN_DOUBT, presence.now),)
    recorded = yield Record(changes)
    if recorded is not Recorded.DONE:
        return _Again() if recorded is Recorded.CONFLICT else unknown
    if intent.state in NEVER_SENT:
        return None
    return unknown if intent.route is Route.SOAP else (yield from _drive(errand, position, intent))


def _drive(errand: Errand, position: int, intent: Intent) -> Steps[Outcome | _Again]:
    """Repeat the newest dispatch of a keyed orphan that is ours now.

    Its former driver may have settled it, or begun another attempt, after it was found and before it was taken over.
    Now nobody else can, so it is read again: what is seen from here on stays true.
    """
    presence: Presence = yield Ask()
    found = yield from as_recorded(intent, presence.now)
    if found is None or found.state not in (State.SENDING, State.IN_DOUBT):
        return _Again()
    dispatch: Dispatch | None = yield LoadDispatch(intent.id)
    presence = yield Ask()
    if dispatch is not None and _may_resend(errand, found, dispatch, presence):
        obj = errand.call.objects[position]
        end = yield from send_keyed(errand, position, found, dispatch, obj, found.state, doubted=True)
    else:
        end = end_of(errand, position, found, found.state, Doubt("it cannot be repeated"), presence.now)
    (outcome,) = yield from close(errand, [end])
    return replace(outcome, joined=True)


def _may_resend(errand: Errand, intent: Intent, dispatch: Dispatch, presence: Presence) -> bool:
    """Only under its key, for a caller who is there and may cause it, and within I5."""
    allowed = presence.waiting and errand.caller.may(intent.object_type, intent.op)
    return allowed and dispatch.key is not None and same_key_allowed(errand, dispatch, presence.now)
