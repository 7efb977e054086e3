"""Whether a ramp may go on, must wait or must go back: judged from what both routes did in the same time.

Contract: pure; what it is given it was given by the journal, and ``now`` with it. What fails together counts once: the
unit is a call on a route, failed if any of its objects did. Errors of the callers fall on both routes alike, so it is
the difference that counts, with exact bounds of both rates (Clopper and Pearson). To go on, the difference must be
proved small; to go back it must be proved large, over any of the newest calls and the same time of the other route: so
an outage of Zuora, which hits both, holds, and a route that fails slowly goes back. Must not change a rule.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from bridge.core.intent import State
from bridge.core.model import Instant
from bridge.cutover.rules import ROUTES, Ramp, Rule
from bridge.cutover.standing import next_step
from bridge.cutover.statistics import lower_bound, percentile, percentile_bounds, upper_bound
from bridge.journal.ramps import NEWEST, Counted

PROOF = 0.975
"""Of each of two bounds, so that both hold with 95 %."""

CERTAIN = 0.99999
"""A breach is looked for every few seconds over several spans of calls: a look may be wrong once in 100,000 only."""

SHORTEST = 5
"""Calls in the shortest span; each further one is twice as long."""

LATE_MS = 130_000
"""What has no end after that counts as failed: Zuora ends a request after 120 s."""

P95 = 0.95
MOST_WANTED = 1_000_000


class Verdict(enum.Enum):
    """What follows for the ramp."""

    PROMOTE = "PROMOTE"
    HOLD = "HOLD"
    NOT_ENOUGH_DATA = "NOT ENOUGH DATA"
    ROLL_BACK = "ROLL BACK"


@dataclass(frozen=True, slots=True)
class Facts:
    """What stands beside the observations.

    ``began`` is when the step began and ``now`` the moment, by one clock; ``zuora_now`` the moment by Zuora's.
    ``before`` are observations of the other route from before the step, for a step that leaves it none. ``compared``
    and ``unequal`` are comparisons; ``hard`` says what alone suffices to go back: a money difference, a double.
    """

    began: Instant
    now: Instant
    zuora_now: Instant
    before: Sequence[Counted] = ()
    compared: int = 0
    unequal: int = 0
    hard: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict with everything it rests on. ``bound`` is what the excess of errors is proved to be at most.

    ``wanting`` are calls (by route) and comparisons that are missing, ``ready_at`` is about when they are there at the
    present rate, by the clock of ``Facts.now``; ``step`` what PROMOTE goes to.
    """

    verdict: Verdict
    reason: str
    numbers: dict[str, object] = field(default_factory=dict)
    bound: float | None = None
    wanting: dict[str, int] = field(default_factory=dict)
    ready_at: Instant | None = None
    step: Decimal | None = None


@dataclass(frozen=True, slots=True)
class _Call:
    at: Instant
    failed: bool
    took: int | None


@dataclass(frozen=True, slots=True)
class _Arm:
    """The ended calls of one route, the oldest first, and how many objects ended how."""

    calls: tuple[_Call, ...]
    ends: dict[str, int]

    @property
    def failed(self) -> int:
        return sum(each.failed for each in self.calls)

    @property
    def took(self) -> list[float]:
        return [each.took for each in self.calls if each.took is not None]

    def since(self, at: Instant) -> _Arm:
        return _Arm(tuple(each for each in self.calls if each.at >= at), self.ends)

    def told(self) -> dict[str, object]:
        took = self.took
        return {
            "calls": len(self.calls),
            "failed": self.failed,
            "p95_ms": round(percentile(took, P95)) if took else None,
            **self.ends,
        }


def judge(rule: Rule, observations: Sequence[Counted], facts: Facts) -> Judgement:
    """Judge a rule that has a ramp."""
    ramp = rule.ramp
    assert ramp is not None
    new, other = _arms(rule, observations, facts.zuora_now)
    against = "in the same time"
    if not other.calls:
        other, against = _arms(rule, facts.before, facts.zuora_now)[1], "before this step"
    same = against == "in the same time"
    # Of the busier route the newest are read only; what is older of this one has nothing beside it.
    fair = new.since(other.calls[0].at) if same and sum(other.ends.values()) >= NEWEST else new
    breach = next(_breaches(ramp, fair, other, facts, same=same), None)
    if same and new.calls:
        other = other.since(new.calls[0].at)
    met = not any((*_doubts(ramp, fair, other, facts), *_wanting(ramp, fair, other, facts)))
    if met and len(fair.calls) >= ramp.samples:
        new = fair
    numbers: dict[str, object] = {
        "new": new.told(),
        "other": other.told() | {"of": against},
        "compared": facts.compared,
        "unequal": facts.unequal,
        "soaked_ms": facts.now - facts.began,
    }
    enough = min(len(new.calls), len(other.calls)) > 0
    bound = _most(new, other) if enough else None

    def said(verdict: Verdict, reason: str, **more: object) -> Judgement:
        return Judgement(verdict, reason, numbers, bound, **more)  # type: ignore[arg-type]

    if breach is not None:
        return said(Verdict.ROLL_BACK, breach)
    doubts = list(_doubts(ramp, new, other, facts))
    if doubts:
        return said(Verdict.HOLD, f"{'; '.join(doubts)}: too many to go on, too few to be sure")
    wanting = _wanting(ramp, new, other, facts)
    if wanting:
        ready = _ready_at(wanting, new, other, facts)
        words = ", ".join(f"{count} {what}" for what, count in wanting.items())
        return said(Verdict.NOT_ENOUGH_DATA, f"wanting: {words}", wanting=wanting, ready_at=ready)
    if ramp.halted:
        return said(Verdict.HOLD, "the ramp is halted by a person's word or a breach; `resume` sets it going again")
    if (left := facts.began + ramp.soak_ms - facts.now) > 0:
        ready = facts.now + left
        return said(Verdict.HOLD, f"all conditions are met; it soaks {-(-left // 60_000)} minutes more", ready_at=ready)
    if (step := next_step(rule)) is None:
        return said(Verdict.HOLD, "all conditions are met, and this is the last step")
    assert bound is not None
    reason = (
        f"{len(new.calls)} calls, {new.failed} failed, beside {len(other.calls)} and {other.failed}: at most "
        f"{max(bound, 0.0):.2%} more errors than the other route, {ramp.error_rate:%} are allowed"
    )
    return said(Verdict.PROMOTE, reason, step=step)


# ---------------------------------------------------------------- the parts of a judgement


def _breaches(ramp: Ramp, new: _Arm, other: _Arm, facts: Facts, *, same: bool) -> Iterator[str]:
    """What is certainly wrong, one sentence each."""
    yield from facts.hard
    for last in _spans(new):
        beside = other.since(last.calls[0].at) if same else other
        if not beside.calls or last.failed / len(last.calls) - beside.failed / len(beside.calls) <= ramp.error_rate:
            continue
        least = lower_bound(last.failed, len(last.calls), CERTAIN)
        least -= upper_bound(beside.failed, len(beside.calls), CERTAIN)
        if least > ramp.error_rate:
            yield (
                f"{last.failed} of the last {len(last.calls)} calls failed, {beside.failed} of {len(beside.calls)} by "
                f"the other route: at least {least:.2%} more, {ramp.error_rate:%} are allowed"
            )
    if ramp.mismatch_rate is not None and facts.compared:
        least = lower_bound(facts.unequal, facts.compared, CERTAIN)
        if least > ramp.mismatch_rate:
            yield f"{facts.unequal} of {facts.compared} comparisons differ: at least {least:.2%}"
    if ramp.slower is not None and new.took and other.took:
        fastest = percentile_bounds(new.took, P95, CERTAIN)[0]
        slowest = percentile_bounds(other.took, P95, CERTAIN)[1]
        if fastest > float(ramp.slower) * slowest:
            yield f"p95 is at least {fastest:.0f} ms, the other route's at most {slowest:.0f} ms"


def _spans(arm: _Arm) -> Iterator[_Arm]:
    """The newest calls: few, twice as many, and so on, at last all."""
    count = SHORTEST
    while count < len(arm.calls):
        yield _Arm(arm.calls[-count:], arm.ends)
        count *= 2
    if len(arm.calls) >= SHORTEST:
        yield arm


def _doubts(ramp: Ramp, new: _Arm, other: _Arm, facts: Facts) -> Iterator[str]:
    """What looks wrong and is not certain, once there are enough samples to look at."""
    if min(len(new.calls), len(other.calls)) >= ramp.samples:
        excess = new.failed / len(new.calls) - other.failed / len(other.calls)
        if excess > ramp.error_rate:
            yield f"{new.failed} of {len(new.calls)} calls failed, {other.failed} of {len(other.calls)} by the other"
        if ramp.slower is not None and new.took and other.took:
            mine, theirs = percentile(new.took, P95), percentile(other.took, P95)
            if mine > float(ramp.slower) * theirs:
                yield f"p95 is {mine:.0f} ms, the other route's {theirs:.0f} ms"
    rate = ramp.mismatch_rate
    if rate is not None and facts.unequal and facts.unequal / facts.compared > rate:
        yield f"{facts.unequal} of {facts.compared} comparisons differ"


def _most(new: _Arm, other: _Arm) -> float:
    return upper_bound(new.failed, len(new.calls), PROOF) - lower_bound(other.failed, len(other.calls), PROOF)


def _wanting(ramp: Ramp, new: _Arm, other: _Arm, facts: Facts) -> dict[str, int]:
    """How many calls and comparisons are missing, if all of them come out well."""
    wanting = {}
    least = lower_bound(other.failed, len(other.calls), PROOF) if other.calls else 0.0
    proof = _enough(new.failed, max(len(new.calls), ramp.samples), float(ramp.error_rate) + least)
    if (missing := proof - len(new.calls)) > 0:
        wanting["calls by this route"] = missing
    if (missing := ramp.samples - len(other.calls)) > 0:
        wanting["calls by the other route"] = missing
    if ramp.mismatch_rate is not None:
        proof = _enough(facts.unequal, max(facts.compared, ramp.samples), float(ramp.mismatch_rate))
        if (missing := proof - facts.compared) > 0:
            wanting["comparisons"] = missing
    return wanting


def _enough(hits: int, trials: int, tolerance: float) -> int:
    """The fewest trials, not below those given, that bound the rate of these hits at the tolerance."""
    high = trials
    while upper_bound(hits, high, PROOF) > tolerance:
        if high >= MOST_WANTED:
            return MOST_WANTED
        trials, high = high, high * 2
    while trials < high:
        middle = (trials + high) // 2
        if upper_bound(hits, middle, PROOF) > tolerance:
            trials = middle + 1
        else:
            high = middle
    return high


def _ready_at(wanting: dict[str, int], new: _Arm, other: _Arm, facts: Facts) -> Instant | None:
    """When the calls that are wanting will be there, if they go on coming as they came; None: nobody can tell."""
    passed = max(facts.now - facts.began, 1)
    ready = facts.now
    have = {"calls by this route": len(new.calls), "calls by the other route": len(other.calls)}
    for what, missing in wanting.items():
        if not (had := have.get(what, facts.compared)):
            return None
        ready = max(ready, facts.now + round(missing * passed / had))
    return ready


# ---------------------------------------------------------------- counting


def _arms(rule: Rule, observations: Sequence[Counted], zuora_now: Instant) -> tuple[_Arm, _Arm]:
    """The rule's route, and all others."""
    mine = ROUTES[rule.way]
    return (
        _arm([each for each in observations if each.route is mine], zuora_now),
        _arm([each for each in observations if each.route is not mine], zuora_now),
    )


def _arm(observations: Sequence[Counted], zuora_now: Instant) -> _Arm:
    calls: dict[str, list[Counted]] = {}
    ends: dict[str, int] = {}
    for each in observations:
        end = _end(each, zuora_now)
        ends[end] = ends.get(end, 0) + 1
        if end != OPEN:
            calls.setdefault(each.call_id, []).append(each)
    made = [
        _Call(
            min(each.created_at for each in some),
            any(_end(each, zuora_now) != APPLIED for each in some),
            max((each.settled_at - each.created_at for each in some if each.settled_at is not None), default=None),
        )
        for some in calls.values()
    ]
    return _Arm(tuple(sorted(made, key=lambda each: each.at)), ends)


OPEN, APPLIED = "open", "applied"


def _end(one: Counted, zuora_now: Instant) -> str:
    """How an object ended, in a word; what has not ended in time has failed."""
    if one.state is State.APPLIED:
        late = one.settled_at is not None and one.settled_at - one.created_at > LATE_MS
        return "late" if late else APPLIED
    if one.state is State.REFUSED:
        return "unsent" if one.unsent else "refused"
    if one.state in (State.IN_DOUBT, State.PARKED, State.NOT_APPLIED, State.NOT_SENT):
        return str(one.state.value)
    return OPEN if zuora_now - one.created_at <= LATE_MS else "stuck"
