"""A journal in memory, under the conditions that ``Record`` promises: an identity once, compare-and-swap on state and
owner, a Zuora Id for one create only, a whole ``Record`` or nothing of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from bridge.core.commands import Added, Adopted, Answered, Change, Matched, Moved, Opened, Rivalry, Sent
from bridge.core.intent import Dispatch, Intent, State, check
from bridge.core.model import Op


class Ledger:
    """Intents and dispatches, as the journal keeps them."""

    def __init__(self) -> None:
        self.intents: dict[str, Intent] = {}
        self.dispatches: dict[str, Dispatch] = {}
        self.look_up_first = False
        self.holds: dict[tuple[str, str], tuple[str, bool]] = {}

    def record(self, changes: Sequence[Change]) -> bool:
        """All changes or, where one's condition fails, none; raises ``IllegalTransition``."""
        for change in changes:
            if isinstance(change, Moved):
                check(change.source, change.target)
        before = dict(self.intents), dict(self.dispatches)
        if all(self._apply(change) for change in changes):
            return True
        self.intents, self.dispatches = before
        return False

    def _apply(self, change: Change) -> bool:
        match change:
            case Opened(intents, dispatches):
                return all(map(self._open, intents)) and all(map(self._add, dispatches))
            case Added(dispatch):
                return self._add(dispatch)
            case Moved():
                return self._move(change)
            case Adopted(intent_id, previous, owner):
                intent = self.intents.get(intent_id)
                if intent is None or intent.owner != previous:
                    return False
                self.intents[intent_id] = replace(intent, owner=owner)
            case Sent(dispatch_id, at):
                dispatch = self.dispatches.get(dispatch_id)
                if dispatch is None:
                    return False
                first = dispatch.first_sent_at if dispatch.first_sent_at is not None else at
                self.dispatches[dispatch_id] = replace(dispatch, first_sent_at=first, last_sent_at=at)
            case Answered(dispatch_id, verdict, at):
                dispatch = self.dispatches.get(dispatch_id)
                if dispatch is None:
                    return False
                self.dispatches[dispatch_id] = replace(dispatch, verdict=verdict, answered_at=at)
        return True

    def _open(self, intent: Intent) -> bool:
        others = self.intents.values()
        if intent.id in self.intents or identity(intent) in map(identity, others):
            return False
        near = [each for each in others if is_open(each) and near_place(each) == near_place(intent)]
        if near and is_open(intent) and intent.near is not None:
            return False
        self.intents[intent.id] = intent
        return True

    def _add(self, dispatch: Dispatch) -> bool:
        if dispatch.id in self.dispatches or not self.intents.keys() >= set(dispatch.intent_ids):
            return False
        self.dispatches[dispatch.id] = dispatch
        return True

    def _move(self, moved: Moved) -> bool:
        intent = self.intents.get(moved.intent_id)
        if intent is None or intent.state is not moved.source or intent.owner != moved.owner:
            return False
        if moved.zuora_id is not None and intent.op is Op.CREATE and self._claimed(moved.zuora_id, intent):
            return False
        self.intents[intent.id] = replace(
            intent,
            state=moved.target,
            errors=moved.errors,
            unsent=moved.unsent,
            zuora_id=moved.zuora_id or intent.zuora_id,
            settled_at=moved.at if moved.target.settled else None,
            delivered_at=None,
        )
        return True

    def _claimed(self, zuora_id: str, by: Intent) -> bool:
        others = (each for each in self.intents.values() if each.id != by.id and each.op is Op.CREATE)
        return any((by.scope, by.object_type, zuora_id) == (e.scope, e.object_type, e.zuora_id) for e in others)

    def match(
        self,
        scope: str,
        fingerprints: Iterable[str],
        since: int,
        keys: Iterable[str] = (),
        nears: Iterable[str] = (),
    ) -> Matched:
        """What a call may join, how many there were of each identity, and what is open near to it."""
        keys, nears = set(keys), set(nears)
        wanted = {*fingerprints, *keys}
        ours = [each for each in self.intents.values() if each.scope == scope]
        known = [each for each in ours if not wanted.isdisjoint((each.fingerprint, each.alias))]
        generations: dict[tuple[str, int], int] = {}
        for each in ours:
            if each.fingerprint not in wanted:
                continue
            place = each.fingerprint, each.ordinal
            generations[place] = max(generations.get(place, 0), each.generation + 1)
        by_key = {each.id for each in known if not keys.isdisjoint((each.fingerprint, each.alias))}
        joinable = [each for each in known if _joinable(each, 0 if each.id in by_key else since)]
        near = [each for each in ours if each.near in nears and is_open(each)]
        for found in (joinable, near):
            found.sort(key=lambda each: (each.created_at, each.ordinal, each.position, each.id))
        return Matched(tuple(joinable), generations, tuple(near), self.look_up_first)

    def rivals(self, scope: str, object_type: str, zuora_ids: Iterable[str]) -> Rivalry:
        """Whose these objects are, and which creates are open."""
        creates = [
            each
            for each in self.intents.values()
            if (each.scope, each.object_type, each.op) == (scope, object_type, Op.CREATE)
        ]
        claimed = frozenset(each.zuora_id for each in creates if each.zuora_id is not None)
        return Rivalry(claimed & frozenset(zuora_ids), tuple(each for each in creates if not each.state.settled))

    def dispatches_of(self, intent_id: str) -> tuple[Dispatch, ...]:
        """The dispatches of an intent, by step and attempt."""
        carrying = [each for each in self.dispatches.values() if intent_id in each.intent_ids]
        return tuple(sorted(carrying, key=lambda each: (each.step, each.attempt, each.recorded_at, each.id)))

    def hold(self, scope: str, key: str, intent_id: str, *, whole: bool) -> bool:
        """Take a lease that is free."""
        holder, wholly = self.holds.get((scope, key), (intent_id, False))
        state = self.intents[holder].state
        if holder != intent_id and not state.settled and (wholly or state is not State.IN_DOUBT):
            return False
        self.holds[scope, key] = intent_id, whole
        return True

    def deliver(self, intent_ids: Iterable[str], at: int) -> None:
        """Their verdicts were told to the last byte; the first mark counts."""
        for intent_id in intent_ids:
            intent = self.intents[intent_id]
            self.intents[intent_id] = replace(intent, delivered_at=intent.delivered_at or at)


def identity(intent: Intent) -> tuple[str, str, int, int]:
    """What is unique in the journal."""
    return intent.scope, intent.fingerprint, intent.ordinal, intent.generation


def near_place(intent: Intent) -> tuple[str, str | None, int | None]:
    """What is unique among the open ones that have a near fingerprint."""
    return intent.scope, intent.near, intent.near_place


def is_open(intent: Intent) -> bool:
    """Unsettled, or done and not told."""
    return not intent.state.settled or (intent.state is State.APPLIED and intent.delivered_at is None)


def _joinable(intent: Intent, since: int) -> bool:
    fresh = intent.delivered_at is None or intent.delivered_at >= since
    return not intent.state.settled or (intent.state is State.APPLIED and fresh)
