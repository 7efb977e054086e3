"""A create without a marker: what was made is recognised by its look, and only where no other act could have made it.

A candidate has the account, amount, type, day and source of the request, was created after the send by the user under
whom it went, and is no other intent's. It counts once nothing can be on its way any more, and only where every open
intent with that look is the very same act (equal objects of one call, which are not told apart) and there are no more
candidates than those. Anything else is for a person. Must not send anything but look-ups.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bridge.core.commands import Ask, LoadDispatches, Lookup, Presence, Rivalry, Rivals, Steps, Wait
from bridge.core.conduct.errand import Errand
from bridge.core.conduct.proof import (
    CLOCK_MS,
    SECOND_LOOK_SECONDS,
    Look,
    absent,
    began,
    ended,
    kept_question,
    quiet_since,
)
from bridge.core.facts import Absent, Alike, Like, Question, WhichLike
from bridge.core.intent import Dispatch, Intent, State
from bridge.core.model import Instant
from bridge.core.verdict import Done

SENT = frozenset({State.SENDING, State.IN_DOUBT, State.PARKED})
"""What may have made an object without the journal knowing it."""


def proved(errand: Errand, intent: Intent, dispatch: Dispatch, question: Question | None) -> Steps[Done | Look]:
    """What became of a request, by its marker or its look; ``MISSING`` where its absence was seen twice, late enough.

    ``AMBIGUOUS``: it is late enough, and no look-up will ever tell.
    """
    if not isinstance(question, WhichLike):
        return (yield from absent(errand, dispatch, question))
    first = yield from _seen(errand, intent, dispatch, question)
    # Asked after Zuora has answered: before, this process may not know her time.
    presence: Presence = yield Ask()
    if presence.now < quiet_since(errand, dispatch):
        return Look.UNCLEAR
    if first is not Look.MISSING:
        return first
    yield Wait(SECOND_LOOK_SECONDS)
    return (yield from _seen(errand, intent, dispatch, question))


def _seen(errand: Errand, intent: Intent, dispatch: Dispatch, question: WhichLike) -> Steps[Done | Look]:
    since = began(dispatch)
    asked = replace(question, since=since - CLOCK_MS)
    fact = (yield Lookup((asked,)))[asked]
    if isinstance(fact, Absent):
        return Look.MISSING
    if not isinstance(fact, Alike):
        return Look.UNCLEAR
    rivalry: Rivalry | None = yield Rivals(intent.scope, intent.object_type, tuple(each.id for each in fact.objects))
    if rivalry is None or not rivalry.complete:
        return Look.UNCLEAR
    free = [each for each in fact.objects if each.id not in rivalry.claimed and _late_enough(each, since)]
    if not free:
        return Look.MISSING
    # Somebody else's proves nothing, not even absence: an id of a user may be another in another entity.
    left = [each for each in free if each.creator is None or each.creator.casefold() == question.creator]
    equal, others = yield from _open(errand, intent, question, rivalry.open, since - 2 * CLOCK_MS)
    if others is Look.UNCLEAR:
        return Look.UNCLEAR
    if others is not None or not left or not all(_certain(each, since) for each in left):
        return Look.AMBIGUOUS
    rank = sum(_order(each) < _order(intent) for each in equal)
    if len(left) > len(equal) + 1:
        return Look.AMBIGUOUS
    return Done(left[rank].id) if rank < len(left) else Look.MISSING


def _late_enough(each: Like, since: Instant) -> bool:
    """Whether this request could have made it. Only what is older is ruled out: our clock may be behind Zuora's."""
    return each.created is None or each.created >= since - CLOCK_MS


def _certain(each: Like, since: Instant) -> bool:
    return each.creator is not None and each.created is not None and each.created >= since - since % 1000


def _open(
    errand: Errand, intent: Intent, question: WhichLike, intents: Sequence[Intent], since: Instant
) -> Steps[tuple[list[Intent], Look | None]]:
    """The other open intents of the very same act, and whether there are others with this look, not over by ``since``.

    ``UNCLEAR``: one of them may still make its object; ``AMBIGUOUS``: which of them made what, nothing tells.
    """
    equal: list[Intent] = []
    others: Look | None = None
    presence: Presence = yield Ask()
    for each in intents:
        if each.id == intent.id or each.state not in SENT:
            continue
        dispatches: tuple[Dispatch, ...] = yield LoadDispatches(each.id)
        kept = kept_question(each, dispatches[-1]) if dispatches else None
        if (kept is not None and kept != question) or (dispatches and ended(dispatches[-1]) < since):
            continue
        if dispatches and presence.now < quiet_since(errand, dispatches[-1]):
            return [], Look.UNCLEAR
        if kept is not None and (each.fingerprint, each.call_id) == (intent.fingerprint, intent.call_id):
            equal.append(each)
        else:
            others = Look.AMBIGUOUS
    return equal, others


def _order(intent: Intent) -> tuple[int, int, str]:
    return intent.created_at, intent.position, intent.id
