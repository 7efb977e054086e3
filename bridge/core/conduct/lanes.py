"""Lanes of REST requests: the objects of one account, one after another, each settled or told as unknown.

One commit lies between two sends: it settles the one and records the other. What changes a payment or memo takes the
lease on it first. Must not classify, join or choose a route.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from bridge.core import plan
from bridge.core.adapt import dated
from bridge.core.classify import Refused, Translate, classify, together
from bridge.core.commands import Added, Adopted, Ask, Commit, Presence, Record, Recorded, Sent, Steps, Tell
from bridge.core.conduct.ends import End, changes_of, close, end_of
from bridge.core.conduct.errand import Errand
from bridge.core.conduct.hold import hold
from bridge.core.conduct.saga import CHANGED, Saga, unchanged
from bridge.core.conduct.send import rest_sending, send
from bridge.core.intent import Dispatch, State
from bridge.core.mapping.lexical import zone_day
from bridge.core.model import Instant, Outcome, Route, Told
from bridge.core.plan import Item
from bridge.core.verdict import Busy, Done, No, Unsent


@dataclass(slots=True)
class _Lane:
    """What a lane has so far. ``late`` are ends that ride in the next commit: applied ones, and those that nobody waits
    for any more."""

    outcomes: dict[int, Outcome] = field(default_factory=dict)
    late: list[End] = field(default_factory=list)
    limited: Busy | None = None


def rest_lane(errand: Errand, items: Sequence[Item]) -> Steps[list[tuple[int, Outcome]]]:
    """Send the items one after another."""
    lane = _Lane()
    for item in items:
        end = yield from _send(errand, lane, item)
        if end is None:
            continue
        if isinstance(end.verdict, Busy) and end.verdict.limited:
            lane.limited = end.verdict
        if isinstance(end.verdict, Done) and not _claimed(lane, end):
            lane.late.append(end)
            yield from _tell(lane, {item.position: end.outcome})
            continue
        if isinstance(end.verdict, Done):
            # The journal must have the others first, so that it can say whose it is, and only then may it be told.
            yield from _settle(errand, lane, lane.late)
            lane.late = []
        yield from _settle(errand, lane, [end])
    yield from _settle(errand, lane, lane.late)
    return list(lane.outcomes.items())


def _claimed(lane: _Lane, end: End) -> bool:
    """Whether the Id may be another object's: it was looked up, or is told already for an equal one before it."""
    return end.found or any(each.zuora_id == end.outcome.zuora_id for each in lane.outcomes.values())


def _send(errand: Errand, lane: _Lane, item: Item) -> Steps[End | None]:
    """The end of one item; None where it was not sent and its end is in the lane already."""
    verdict, intent, position = item.verdict, item.intent, item.position
    assert isinstance(verdict, Translate)
    presence: Presence = yield Ask()
    if lane.limited is not None:
        # Zuora asked for more patience than the caller has; whatever followed would only be refused as well.
        lane.late.append(end_of(errand, position, intent, intent.state, lane.limited, presence.now))
        return None
    why: Unsent | No | None = None if presence.waiting else Unsent("the caller had gone")
    if why is None and verdict.held is not None:
        # Whoever waits for a lease must not keep the lane's own ends from the journal.
        yield from _settle(errand, lane, lane.late)
        lane.late = []
        item, why = yield from _prepared(errand, item, verdict)
        presence = yield Ask()
        # Whoever was answered meanwhile was told that this was not sent.
        why = why if why is not None or presence.waiting else Unsent("the caller had gone")
    if why is not None:
        lane.late.append(end_of(errand, position, intent, intent.state, why, presence.now))
        return None
    verdict = item.verdict
    assert isinstance(verdict, Translate)
    first, *later = item.dispatches
    if intent.state is State.PLANNED and not (yield from _begin(errand, lane, item, first, presence.now)):
        return None
    obj, first = verdict.obj, _sent(first, presence.now)
    if verdict.prelude is not None:
        saga = Saga.of(errand, position, intent, obj, (first, *later))
        return (yield from replace(saga, source=State.SENDING).run())
    sending = rest_sending(position, intent, first, obj, errand=errand)
    return (yield from send(errand, sending))


def _prepared(errand: Errand, item: Item, verdict: Translate) -> Steps[tuple[Item, Unsent | No | None]]:
    """Take the lease, and look whether the plan still fits under it; the item as it is sent, or why it is not."""
    assert verdict.held is not None
    why = yield from hold(errand, item.intent.id, verdict.held, whole=verdict.prelude is not None)
    if why is None and verdict.prelude is not None:
        why = yield from unchanged(verdict.prelude)
    if why == CHANGED:
        return (yield from _planned_anew(errand, item, verdict))
    return item, Unsent(why) if why is not None else None


def _planned_anew(errand: Errand, item: Item, before: Translate) -> Steps[tuple[Item, Unsent | No | None]]:
    """A saga on the payment as it is now: a refund before it in the same call has taken of it, perhaps.

    Nothing of it was begun, and under the lease nobody else of the bridge can change the payment any more.
    """
    call, tenant, intent = errand.call, errand.tenant, item.intent
    presence: Presence = yield Ask()
    obj = dated(call.objects[item.position], call, zone_day(presence.now, tenant.zone))
    (verdict,) = yield from together([classify(obj, call, tenant, errand.prefer, own=errand.caller.own)])
    if isinstance(verdict, Refused):
        return item, Unsent(CHANGED) if verdict.unsent else No(verdict.errors)
    if not isinstance(verdict, Translate) or verdict.prelude is None or verdict.held != before.held:
        return item, Unsent(CHANGED)
    if (why := (yield from unchanged(verdict.prelude))) is not None:
        return item, Unsent(why)
    presence = yield Ask()
    under, entity = errand.under(Route.REST, presence), errand.caller.entity
    made = plan.rest_dispatches(intent, verdict, tenant, entity, presence.now, under=under)
    dispatches = plan.replanned(made, item.dispatches, intent)
    ours = Adopted(intent.id, errand.owner, errand.owner)
    if (yield Record((ours, *map(Added, dispatches)))) is not Recorded.DONE:
        return item, Unsent("the journal could not record the new plan")
    return replace(item, verdict=verdict, dispatches=dispatches), None


def _begin(errand: Errand, lane: _Lane, item: Item, dispatch: Dispatch, now: Instant) -> Steps[bool]:
    """Record that it is sent from now on, with the ends that ride along; False where it must not be sent."""
    intent, position = item.intent, item.position
    yield Commit((position,))
    begin = (errand.move(intent, State.PLANNED, State.SENDING, now), Sent(dispatch.id, now))
    recorded = yield Record((*changes_of(lane.late), *begin))
    if recorded is Recorded.CONFLICT and lane.late:
        yield from _settle(errand, lane, lane.late)
        lane.late, recorded = [], (yield Record(begin))
    if recorded is Recorded.DOWN:
        why = Unsent("the journal could not record it")
        withdrawn = end_of(errand, position, intent, State.PLANNED, why, now)
        # The commit may have happened all the same, so only a recorded withdrawal makes it certain.
        lane.late.append(replace(withdrawn, source=State.SENDING))
        return False
    yield from _tell(lane, {end.position: end.outcome for end in lane.late})
    lane.late = []
    if recorded is Recorded.CONFLICT:
        # Another process drives it, and may send it.
        yield from _tell(lane, {position: errand.outcome(intent, Told.UNKNOWN)})
        return False
    return True


def _settle(errand: Errand, lane: _Lane, ends: Sequence[End]) -> Steps[None]:
    closed = yield from close(errand, ends)
    yield from _tell(lane, {end.position: outcome for end, outcome in zip(ends, closed, strict=True)})


def _tell(lane: _Lane, told: Mapping[int, Outcome]) -> Steps[None]:
    for position, outcome in told.items():
        if lane.outcomes.get(position) != outcome:
            lane.outcomes[position] = outcome
            yield Tell(position, outcome)


def _sent(dispatch: Dispatch, now: Instant) -> Dispatch:
    return dispatch if dispatch.first_sent_at is not None else replace(dispatch, first_sent_at=now)
