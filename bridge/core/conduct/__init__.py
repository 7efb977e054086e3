"""One call from its objects to its answer: match, classify, record, send, settle, tell.

``conduct`` yields commands and holds no fact that the journal lacks: it can be dropped at any yield, and the caller's
repeat, conducted anew, joins what was recorded. SOAP goes first, because its faults are call-level and can still be
relayed; then REST, in order per account. Must not do IO or read a clock.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import islice

from bridge.core import answers, plan
from bridge.core.adapt import adapt, dated
from bridge.core.classify import Forward, Refused, Translate, Verdict, classify, together
from bridge.core.commands import (
    Added,
    Ask,
    Change,
    Commit,
    Compose,
    Fork,
    Matched,
    Opened,
    Presence,
    Record,
    Recorded,
    Sent,
    Steps,
    Tell,
)
from bridge.core.conduct.batch import send_batch
from bridge.core.conduct.ends import close, end_of
from bridge.core.conduct.errand import Errand
from bridge.core.conduct.hold import hold_all, lease_key
from bridge.core.conduct.joins import join
from bridge.core.conduct.lanes import rest_lane
from bridge.core.conduct.look_first import look_first
from bridge.core.conduct.matching import by_key, joins_of, other_content, question, said_twice, take_places
from bridge.core.conduct.proof import questions_text
from bridge.core.conduct.twins import identities, near_twins, wait_for
from bridge.core.identity import TWIN_MS, Identity, acts, message_keys, ordinals
from bridge.core.intent import Dispatch, Intent, State
from bridge.core.mapping.lexical import zone_day
from bridge.core.model import CallFault, Instant, Op, Outcome, Reply, Route, Told
from bridge.core.plan import Item
from bridge.core.refusals import unsent
from bridge.core.verdict import Unsent

__all__ = ["Errand", "conduct"]

MAX_LANES = 8
"""Accounts in parallel per call: a fifth of Zuora's default 40 concurrent requests."""

BATCHED = (Route.SOAP, Route.ACTION)
"""Routes whose requests carry many objects, in the order in which they are sent: SOAP's faults are call-level."""

ROUNDS = 8
"""How often a call may lose a race for an identity or find its joined intent withdrawn before it gives up unsent."""

JOURNAL_DOWN = CallFault(
    "SERVER_UNAVAILABLE", "The bridge cannot record the request just now; nothing was sent. Repeat it later."
)


def conduct(errand: Errand) -> Steps[Reply]:
    """Conduct one call; returns what to answer."""
    fault = plan.check(errand.call)
    if fault is not None:
        return fault
    call = adapt(errand.call, errand.tenant)
    errand = replace(errand, call=call)
    asked = acts(call, errand.caller, errand.tenant)
    whole = message_keys(call, errand.caller)
    places = list(ordinals([act.exact for act in asked]))
    outcomes = said_twice(errand, asked)
    beside: dict[str, Intent] = {}
    passed: set[str] = set()
    raced: set[int] = set()
    came: Instant | None = None
    pending = [position for position in range(len(asked)) if position not in outcomes]
    for _ in range(ROUNDS):
        presence: Presence = yield Ask()
        came = presence.now if came is None else came
        matched: Matched | None = yield question(errand, [asked[p] for p in pending], whole, presence.now - TWIN_MS)
        if matched is None:
            fault = JOURNAL_DOWN
            break
        outcomes |= other_content(errand, matched, asked, pending, whole)
        pending = [position for position in pending if position not in outcomes]
        joins = joins_of(errand, matched, asked, places, pending, beside)
        beside |= {intent.id: intent for intent in joins.values()}
        take_places(places, asked, joins)
        if joins:
            # What is joined may have moved money already: from now on no answer may call it unsent.
            yield Commit(tuple(joins))
        fresh = [position for position in pending if position not in joins]
        twins = {p: near_twins(asked[p], matched, errand.call_id, passed | beside.keys(), came) for p in fresh}
        twins = {position: found for position, found in twins.items() if found}
        held = call.single_transaction and (bool(twins) or _any_undone(outcomes))
        fresh = [] if held else [position for position in fresh if position not in twins]
        if fresh:
            new = identities({p: asked[p] for p in fresh}, dict(enumerate(places)), matched)
            first = matched.look_up_first
            fault, made = yield from _fresh(errand, fresh, [new[p] for p in fresh], presence.now, look_up_first=first)
            outcomes |= made
            if fault is None and not made:
                # An equal call was quicker and may be sending, so these cannot be called unsent either.
                raced.update(fresh)
                yield Commit(tuple(fresh))
        for position, intent in joins.items():
            if fault is JOURNAL_DOWN:
                outcomes[position] = errand.outcome(intent, Told.UNKNOWN, joined=True)
                continue
            outcome = yield from join(errand, position, intent, beside, by_key=by_key(asked[position], intent))
            if outcome is not None:
                outcomes[position] = outcome
                yield Tell(position, outcome)
        for position, found in twins.items() if fault is None else ():
            outcome = yield from wait_for(errand, found, came)
            passed.update(each.id for each in found)
            if outcome is not None:
                outcomes[position] = outcome
                yield Tell(position, outcome)
        if call.single_transaction and _any_undone(outcomes):
            # It goes as a whole or not at all.
            stopped = unsent(call.version, "another object of its transaction was not sent")
            rest = [position for position in pending if position not in outcomes and position not in raced]
            outcomes |= {position: Outcome(Told.UNSENT, errors=stopped) for position in rest}
        pending = [position for position in pending if position not in outcomes]
        if not pending or fault is not None:
            break
    for position in raced.intersection(pending):
        outcomes[position] = Outcome(Told.UNKNOWN)
    # A fault would deny what other objects have become; beside those it is told by the rows it is about.
    if fault is not None and not any(each.told in (Told.APPLIED, Told.UNKNOWN) for each in outcomes.values()):
        return fault
    why = "too many calls like it at once" if fault is None else "another part of the call failed"
    for position in pending:
        outcomes.setdefault(position, Outcome(Told.UNSENT, errors=unsent(call.version, why)))
    return answers.reply(call, errand.caller, tuple(outcomes[place] for place in range(len(asked))))


def _any_undone(outcomes: Mapping[int, Outcome]) -> bool:
    return any(each.told in (Told.REFUSED, Told.UNSENT) for each in outcomes.values())


def _fresh(
    errand: Errand,
    positions: Sequence[int],
    new: Sequence[Identity],
    now: Instant,
    *,
    look_up_first: bool,
) -> Steps[tuple[CallFault | None, dict[int, Outcome]]]:
    """Classify, record, send. Nothing at all in return means that another call was quicker: match again.

    With a fault, nothing was done for any of the positions.
    """
    call, caller = errand.call, errand.caller
    today = zone_day(now, errand.tenant.zone)
    objects = [dated(call.objects[p], call, today) for p in positions]
    asking = [classify(obj, call, errand.tenant, errand.prefer, own=caller.own) for obj in objects]
    verdicts = plan.permitted(call, caller, (yield from together(asking)))
    outcomes: dict[int, Outcome] = {}
    if look_up_first and call.op is Op.CREATE:
        verdicts, joined = yield from look_first(errand, verdicts, [each.act.exact for each in new])
        outcomes = {positions[place]: outcome for place, outcome in joined.items()}
    presence: Presence = yield Ask()
    if not presence.waiting:
        gone = unsent(call.version, "the caller had gone")
        return None, {position: Outcome(Told.UNSENT, errors=gone) for position in positions} | outcomes
    planned = [each for each in zip(positions, new, verdicts, strict=True) if each[0] not in outcomes]
    begun = _begun([position for position, _, _ in planned], [verdict for _, _, verdict in planned])
    items = [
        _item(errand, position, identity, verdict, presence, begins=position in begun)
        for position, identity, verdict in planned
    ]
    batches: list[tuple[Dispatch | None, list[Item]]] = []
    by_route = ([item for item in items if plan.route_of(item.verdict) is route] for route in BATCHED)
    for batch in filter(None, by_route):
        composed = None if _leases(batch) else (yield from _composed(errand, batch, presence))
        batches.append((composed, batch))
    yield Commit(tuple(begun))
    made = [dispatch for dispatch, _ in batches if dispatch is not None]
    recorded = (yield Record(_opened(items, made))) if items else Recorded.DONE
    if recorded is not Recorded.DONE:
        return (JOURNAL_DOWN if recorded is Recorded.DOWN else None), {}
    for position, outcome in outcomes.items():
        yield Tell(position, outcome)
    for item in items:
        if isinstance(item.verdict, Refused):
            told = Told.UNSENT if item.verdict.unsent else Told.REFUSED
            outcomes[item.position] = errand.outcome(item.intent, told, item.verdict.errors)
            yield Tell(item.position, outcomes[item.position])
    rest = [item for item in items if isinstance(item.verdict, Translate)]
    while batches:
        dispatch, batch = batches.pop(0)
        if dispatch is None:
            batch, unheld = yield from _leased(errand, batch)
            outcomes |= unheld
            if not batch:
                continue
        ready = yield from _begin(errand, dispatch, batch)
        if not isinstance(ready, Dispatch):
            outcomes |= ready
            continue
        fault, told_rows = yield from send_batch(errand, ready, batch)
        outcomes |= {item.position: outcome for item, outcome in zip(batch, told_rows, strict=True)}
        if fault is not None:
            left = [*(item for _, later in batches for item in later), *rest]
            return fault, outcomes | (yield from _withdraw(errand, left, "Zuora refused the call"))
    if rest:
        for lane in (yield Fork(tuple(rest_lane(errand, lane) for lane in plan.lanes(rest)), MAX_LANES)):
            outcomes |= dict(lane)
    return None, outcomes


def _begun(positions: Sequence[int], verdicts: Sequence[Verdict]) -> set[int]:
    """What is sent first: everything that goes by SOAP, or else by Actions, or else the first object of each lane.

    What needs a lease is not, nor what goes with it: it may have to wait for it.
    """
    for route in BATCHED:
        whole = {p: verdict for p, verdict in zip(positions, verdicts, strict=True) if plan.route_of(verdict) is route}
        if whole:
            return set() if any(map(plan.held_of, whole.values())) else set(whole)
    first: dict[str, tuple[int, Translate]] = {}
    for position, verdict in zip(positions, verdicts, strict=True):
        if isinstance(verdict, Translate):
            first.setdefault(verdict.lane, (position, verdict))
    return {position for position, verdict in islice(first.values(), MAX_LANES) if verdict.held is None}


def _leases(batch: Sequence[Item]) -> dict[str, str]:
    """What the batch needs the lease on, with the intent that takes it: of several on one payment the first."""
    takers: dict[str, str] = {}
    for item in batch:
        if (key := plan.held_of(item.verdict)) is not None:
            takers.setdefault(lease_key(key), item.intent.id)
    return takers


def _leased(errand: Errand, batch: list[Item]) -> Steps[tuple[list[Item], dict[int, Outcome]]]:
    """What of a batch has its leases and is sent; what became of the rest."""
    refused = yield from hold_all(errand, _leases(batch))
    if not refused:
        return batch, {}
    whole = errand.call.single_transaction
    left = [item for item in batch if whole or lease_key(plan.held_of(item.verdict) or "") in refused]
    outcomes = yield from _withdraw(errand, left, next(iter(refused.values())))
    return [item for item in batch if item not in left], outcomes


def _composed(errand: Errand, batch: Sequence[Item], presence: Presence) -> Steps[Dispatch]:
    """The SOAP request or the Action of a batch."""
    call = errand.call
    objects = tuple(item.verdict.obj for item in batch if isinstance(item.verdict, Forward))
    intents = [item.intent for item in batch]
    route = intents[0].route
    assert route is not None
    composed = yield Compose(call.op, objects, call.single_transaction, route)
    return plan.batch_dispatch(
        errand.call_id,
        call.op,
        route,
        intents,
        composed,
        presence.now,
        begins=intents[0].state is State.SENDING,
        snapshot=questions_text(call.op, intents, objects, errand.under(route, presence), _leases(batch)),
    )


def _begin(errand: Errand, dispatch: Dispatch | None, batch: Sequence[Item]) -> Steps[Dispatch | dict[int, Outcome]]:
    """Record that a batch is sent from now on, unless that was recorded with the call; it, or why not, as rows.

    What waited for leases is composed now, of what has them.
    """
    if dispatch is not None and dispatch.first_sent_at is not None:
        return dispatch
    presence: Presence = yield Ask()
    if not presence.waiting:
        return (yield from _withdraw(errand, batch, "the caller had gone"))
    changes: list[Change] = []
    if dispatch is None:
        dispatch = yield from _composed(errand, batch, presence)
        changes.append(Added(dispatch))
    yield Commit(tuple(item.position for item in batch))
    changes += [errand.move(item.intent, State.PLANNED, State.SENDING, presence.now) for item in batch]
    recorded = yield Record((*changes, Sent(dispatch.id, presence.now)))
    if recorded is Recorded.DONE:
        return replace(dispatch, first_sent_at=presence.now)
    # Another process may drive it, or the commit may have happened all the same: it must not be called unsent.
    return {item.position: errand.outcome(item.intent, Told.UNKNOWN) for item in batch}


def _item(
    errand: Errand,
    position: int,
    identity: Identity,
    verdict: Verdict,
    presence: Presence,
    *,
    begins: bool,
) -> Item:
    now = presence.now
    intent = plan.intent(
        errand.call, errand.caller, errand.call_id, errand.owner, position, identity, verdict, now, begins=begins
    )
    if not isinstance(verdict, Translate):
        return Item(position, verdict, intent)
    under = errand.under(Route.REST, presence)
    entity = errand.caller.entity
    dispatches = plan.rest_dispatches(intent, verdict, errand.tenant, entity, now, begins=begins, under=under)
    return Item(position, verdict, intent, dispatches)


def _opened(items: Sequence[Item], batches: Sequence[Dispatch]) -> tuple[Change, ...]:
    dispatches = (*batches, *(dispatch for item in items for dispatch in item.dispatches))
    return (Opened(tuple(item.intent for item in items), dispatches),)


def _withdraw(errand: Errand, rest: Sequence[Item], why: str) -> Steps[dict[int, Outcome]]:
    """What was to follow is not sent."""
    presence: Presence = yield Ask()
    unsent = Unsent(why)
    ends = [end_of(errand, item.position, item.intent, item.intent.state, unsent, presence.now) for item in rest]
    outcomes = yield from close(errand, ends)
    return {end.position: outcome for end, outcome in zip(ends, outcomes, strict=True)}
