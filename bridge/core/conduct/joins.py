"""Joining: what a repeat does with the intent it found (I6).

An unsettled intent is waited for. One that nobody drives any more is taken over only as far as proof reaches: never
sent, it is withdrawn; keyed, the same bytes go out again under the same key because a caller is here; otherwise it
stays in doubt. A settled one is joined only if it was applied and still stands. ``None`` means: be a new attempt.
"""

from __future__ import annotations

from bridge.core.commands import Adopted, Ask, LoadDispatch, Lookup, Presence, Record, Recorded, Steps, Watch, Watched
from bridge.core.conduct.errand import Errand
from bridge.core.conduct.lanes import same_key_allowed, send_keyed
from bridge.core.facts import Standing, StillStands
from bridge.core.intent import Dispatch, Intent, State
from bridge.core.model import Op, Outcome, Told
from bridge.core.refusals import unsent

NEVER_SENT = frozenset({State.RECEIVED, State.PLANNED, State.NOT_SENT})


def joinable(intent: Intent, op: Op) -> bool:
    """Whether a repeat may join at all: updates and deletes only while unsettled."""
    return not intent.state.settled or (op is Op.CREATE and intent.state is State.APPLIED)


def join(errand: Errand, position: int, intent: Intent) -> Steps[Outcome | None]:
    """The outcome of a repeat of ``intent``, or None where the repeat is a new attempt."""
    if intent.state is State.APPLIED:
        return (yield from _standing(errand, intent))
    while True:
        watched: Watched = yield Watch((intent.id,))
        intent = watched.intents[0]
        if intent.state is State.APPLIED:
            return errand.outcome(intent, Told.APPLIED, zuora_id=intent.zuora_id, joined=True)
        if intent.state is State.REFUSED and not intent.unsent:
            return errand.outcome(intent, Told.REFUSED, intent.errors, joined=True)
        if intent.state.settled:
            return None
        if not watched.waiting or intent.state is State.PARKED:
            return errand.outcome(intent, Told.UNKNOWN, joined=True)
        taken = yield from _take_over(errand, position, intent)
        if not isinstance(taken, _Again):
            return taken


class _Again:
    """Another process took the intent over first: look again."""


def _standing(errand: Errand, intent: Intent) -> Steps[Outcome | None]:
    assert intent.zuora_id is not None
    question = StillStands(intent.object_type, intent.zuora_id)
    fact = (yield Lookup((question,)))[question]
    if isinstance(fact, Standing):
        if not fact.stands:
            return None
        return errand.outcome(intent, Told.APPLIED, zuora_id=intent.zuora_id, joined=True)
    errors = unsent(errand.call.version, f"it repeats {intent.zuora_id}, which could not be read just now")
    return errand.outcome(intent, Told.UNSENT, errors, joined=True)


def _take_over(errand: Errand, position: int, intent: Intent) -> Steps[Outcome | _Again | None]:
    """Drive an orphan."""
    presence: Presence = yield Ask()
    adopted = Adopted(intent.id, intent.owner, errand.owner)
    if intent.state in NEVER_SENT:
        changes = errand.withdrawn(intent, intent.state, "the bridge stopped before sending it", presence.now)
        recorded = yield Record((adopted, *changes))
        return None if recorded is Recorded.DONE else _Again()
    dispatch: Dispatch | None = yield LoadDispatch(intent.id)
    keyed = dispatch is not None and dispatch.key is not None and same_key_allowed(errand, dispatch, presence.now)
    if not keyed:
        if intent.state is State.SENDING:
            doubt = errand.move(intent, State.SENDING, State.IN_DOUBT, presence.now)
            if (yield Record((adopted, doubt))) is not Recorded.DONE:
                return _Again()
        return errand.outcome(intent, Told.UNKNOWN, joined=True)
    assert dispatch is not None
    if (yield Record((adopted,))) is not Recorded.DONE:
        return _Again()
    obj = errand.call.objects[position]
    changes, outcome = yield from send_keyed(errand, intent, dispatch, obj, intent.state, doubted=True)
    yield Record(changes)
    return errand.outcome(intent, outcome.told, outcome.errors, zuora_id=outcome.zuora_id, joined=True)
