"""A create without a marker: what was made is recognised by its look, and only where no other act could have made it.

A candidate has the account, amount, type, day and source of the request, was created after the send by the user under
whom it went, and is no other intent's. It counts once nothing can be on its way any more, and only where every open
intent with that look is the very same act (equal objects of one call, which are not told apart) and there are no more
candidates than those. Anything else is for a person. Must not send anything but look-ups.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
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
    still_late,
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
    second = yield from _seen(errand, intent, dispatch, question)
    return second if second is not Look.MISSING or (yield from still_late(errand, dispatch)) else Look.UNCLEAR


def _seen(errand: Errand, intent: Intent, dispatch: Dispatch, question: WhichLike) -> Steps[Done | Look]:
    since = began(dispatch)
    looked = yield from _looked(intent, question, since)
    if isinstance(looked, Look):
        return looked
    free, rivalry = looked
    fellows = yield from _fellows(intent, question, rivalry.open)
    earliest = min(since, *(began(each) for each in fellows.values())) if fellows else since
    if earliest < since:
        # What this one's look-up leaves out may be a fellow's, and then what it shows is not.
        again = yield from _looked(intent, question, earliest)
        if isinstance(again, Look):
            return again
        free, rivalry = again
        before, fellows = fellows, (yield from _fellows(intent, question, rivalry.open))
        if {each.id for each in fellows} != {each.id for each in before}:
            return Look.UNCLEAR
    others = yield from _others(errand, intent, question, rivalry.open, fellows, earliest - 2 * CLOCK_MS)
    if others is Look.UNCLEAR:
        return Look.UNCLEAR
    # Somebody else's proves nothing, not even absence: an id of a user may be another in another entity.
    left = [each for each in free if each.creator is None or each.creator.casefold() == question.creator]
    if others is not None or not left or not all(_certain(each, earliest) for each in left):
        return Look.AMBIGUOUS
    starts = {each.id: began(last) for each, last in fellows.items()} | {intent.id: since}
    shares = _shares(left, [each.id for each in sorted((intent, *fellows), key=_order)], starts)
    if shares is None:
        return Look.AMBIGUOUS
    return Done(shares[intent.id]) if intent.id in shares else Look.MISSING


def _looked(intent: Intent, question: WhichLike, since: Instant) -> Steps[tuple[list[Like], Rivalry] | Look]:
    """What looks like it, was made since then and is no other intent's; with the open intents of its kind."""
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
    return (free, rivalry) if free else Look.MISSING


def _late_enough(each: Like, since: Instant) -> bool:
    """Whether this request could have made it. Only what is older is ruled out: our clock may be behind Zuora's."""
    return each.created is None or each.created >= since - CLOCK_MS


def _certain(each: Like, since: Instant) -> bool:
    return each.creator is not None and each.created is not None and each.created >= since - since % 1000


def _shares(left: Sequence[Like], intents: Sequence[str], starts: Mapping[str, Instant]) -> dict[str, str] | None:
    """Which of these intents of one act has which object; who has none made none. None: they cannot have made all.

    Each object goes to one whose request could have made it, the oldest first. So whoever is settled by this leaves
    the others with objects that they, too, could have made, and counts them right, in whatever turn they look.
    """
    waiting, shares = list(intents), dict[str, str]()
    for each in sorted(left, key=lambda each: each.created or 0):
        taker = next((one for one in waiting if _late_enough(each, starts[one])), None)
        if taker is None:
            return None
        waiting.remove(taker)
        shares[taker] = each.id
    return shares


def _fellows(intent: Intent, question: WhichLike, intents: Sequence[Intent]) -> Steps[dict[Intent, Dispatch]]:
    """The other open intents of the very same act, with what was sent for them last."""
    fellows: dict[Intent, Dispatch] = {}
    for each in intents:
        if each.id != intent.id and each.state in SENT and _same_act(each, intent):
            dispatches: tuple[Dispatch, ...] = yield LoadDispatches(each.id)
            if dispatches and kept_question(each, dispatches[-1]) == question:
                fellows[each] = dispatches[-1]
    return fellows


def _same_act(one: Intent, other: Intent) -> bool:
    return (one.fingerprint, one.call_id) == (other.fingerprint, other.call_id)


def _others(
    errand: Errand,
    intent: Intent,
    question: WhichLike,
    intents: Sequence[Intent],
    fellows: Collection[Intent],
    since: Instant,
) -> Steps[Look | None]:
    """Whether there are open intents with this look beside its fellows, not over by ``since``.

    ``UNCLEAR``: one, or a fellow, may still make its object; ``AMBIGUOUS``: which of them made what, nothing tells.
    """
    found: Look | None = None
    presence: Presence = yield Ask()
    for each in intents:
        if each.id == intent.id or each.state not in SENT:
            continue
        dispatches: tuple[Dispatch, ...] = yield LoadDispatches(each.id)
        kept = kept_question(each, dispatches[-1]) if dispatches else None
        if each not in fellows and ((kept is not None and kept != question) or _over(dispatches, since)):
            continue
        if dispatches and presence.now < quiet_since(errand, dispatches[-1]):
            return Look.UNCLEAR
        if each not in fellows:
            found = Look.AMBIGUOUS
    return found


def _over(dispatches: Sequence[Dispatch], since: Instant) -> bool:
    return bool(dispatches) and ended(dispatches[-1]) < since


def _order(intent: Intent) -> tuple[int, int, str]:
    return intent.created_at, intent.position, intent.id
