"""What becomes of an intent that nobody drives any more and whose caller does not repeat.

The recoverer only reads: what is found is done, what is proved absent is not applied, and what nothing can prove is
parked for a person once nothing can be on its way any more. It never creates a movement for nobody; only a saga that
has started is brought to its end, forwards or back. Must not repeat a request, keyed or not (I5).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bridge.core.commands import Adopted, Ask, Change, LoadDispatches, Presence, Record, Recorded, Steps
from bridge.core.conduct.alike import proved
from bridge.core.conduct.ends import End, as_recorded, close, end_of
from bridge.core.conduct.errand import Errand
from bridge.core.conduct.joins import NEVER_SENT
from bridge.core.conduct.proof import Look, kept_question, quiet_since
from bridge.core.conduct.saga import Saga, is_saga
from bridge.core.intent import Dispatch, Intent, State
from bridge.core.model import Instant, ZObject
from bridge.core.verdict import Done, Doubt

UNSETTLED = frozenset({State.RECEIVED, State.PLANNED, State.SENDING, State.NOT_SENT, State.IN_DOUBT})
"""What the recoverer is for; what is parked waits for a person."""


def recover(errand: Errand, intent: Intent) -> Steps[Intent | None]:
    """Bring one orphan as far as reading reaches; the intent as it is then, None where somebody else has it now."""
    if intent.owner == errand.owner:
        errand = replace(errand, owner=f"{errand.owner}/{errand.call_id}")
    presence: Presence = yield Ask()
    changes: tuple[Change, ...] = (Adopted(intent.id, intent.owner, errand.owner),)
    if intent.state in NEVER_SENT:
        changes += errand.withdrawn(intent, intent.state, "the bridge stopped before sending it", presence.now)
    if (yield Record(changes)) is not Recorded.DONE:
        return None
    found = yield from as_recorded(intent, presence.now)
    if found is None or found.state not in (State.SENDING, State.IN_DOUBT):
        return found
    dispatches: tuple[Dispatch, ...] = yield LoadDispatches(intent.id)
    end = yield from _end(errand, found, dispatches)
    yield from close(errand, [end])
    presence = yield Ask()
    return (yield from as_recorded(intent, presence.now))


def _end(errand: Errand, intent: Intent, dispatches: Sequence[Dispatch]) -> Steps[End]:
    if is_saga(dispatches):
        saga = Saga.of(errand, intent.position, intent, ZObject(intent.object_type), dispatches)
        return (yield from saga.resume(permitted=True, for_nobody=True)).end
    dispatch = dispatches[-1] if dispatches else None
    question = kept_question(intent, dispatch) if dispatch is not None else None
    found: Done | Look = Look.UNCLEAR
    if dispatch is not None and question is not None:
        found = yield from proved(errand, intent, dispatch, question)
    presence: Presence = yield Ask()
    now = presence.now
    if isinstance(found, Done):
        return end_of(errand, intent.position, intent, intent.state, found, now)
    doubt = end_of(errand, intent.position, intent, intent.state, Doubt("it could not be found"), now)
    if found is Look.MISSING:
        return replace(doubt, changes=errand.not_applied(intent, intent.state, now))
    if found is Look.AMBIGUOUS or (question is None and now >= _quiet(errand, intent, dispatch)):
        park = errand.move(intent, State.IN_DOUBT, State.PARKED, now)
        return replace(doubt, changes=(*doubt.changes, park))
    return doubt


def _quiet(errand: Errand, intent: Intent, dispatch: Dispatch | None) -> Instant:
    return intent.created_at if dispatch is None else quiet_since(errand, dispatch)
