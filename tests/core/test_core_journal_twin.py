"""The journal of the small world keeps the conditions of the real one: both are told the same and must say the same."""

from __future__ import annotations

import asyncio
from random import Random

import pytest
from core_intents import dispatch, intent
from core_journal import Ledger

from bridge.core.commands import Added, Adopted, Answered, Change, Moved, Opened, Sent
from bridge.core.intent import TRANSITIONS, IllegalTransition, Intent, State
from bridge.core.model import Op
from bridge.journal import Journal

NAMES = ("i-1", "i-2", "i-3")
PRINTS = ("p", "q")
OWNERS = ("first", "second")
IDS = (None, "z1", "z2")
SCOPE = "10000|"


class Author:
    """Writes changes that mostly fit what the journal has, and often do not."""

    def __init__(self, seed: int, ledger: Ledger) -> None:
        self._chance = Random(seed)
        self._ledger = ledger
        self._at = 1_000

    def changes(self) -> tuple[Change, ...]:
        """What is to be recorded together."""
        self._at += 1
        return tuple(self._one() for _ in range(self._chance.choice([1, 1, 1, 2, 3])))

    def _one(self) -> Change:
        pick = self._chance.choice
        name = pick(NAMES)
        known = self._ledger.intents.get(name, intent(state=pick([State.PLANNED, State.PARKED])))
        owner = known.owner if self._chance.random() < 0.8 else pick(OWNERS)
        match pick((Opened, Moved, Moved, Moved, Adopted, Added, Sent, Answered)).__name__:
            case "Opened":
                opened = self._intent()
                carried = dispatch(opened.id, id=f"d-{name}", recorded_at=self._at)
                return Opened((opened,), pick([(carried,), ()]))
            case "Moved":
                source = known.state if TRANSITIONS[known.state] else State.SENDING
                target = pick(sorted(TRANSITIONS[source], key=lambda state: state.value))
                return Moved(name, source, target, owner, self._at, pick(IDS), (), pick((True, False)))
            case "Adopted":
                return Adopted(name, owner, pick(OWNERS))
            case "Added":
                attempt = pick((0, 1))
                return Added(dispatch(name, id=f"d-{name}-{attempt}", attempt=attempt, recorded_at=self._at))
            case "Sent":
                return Sent(f"d-{name}", self._at)
            case _:
                return Answered(f"d-{name}", "done", self._at)

    def _intent(self) -> Intent:
        pick = self._chance.choice
        return intent(
            pick(NAMES),
            fingerprint=pick(PRINTS),
            ordinal=pick((0, 1)),
            generation=pick((0, 1)),
            state=pick(list(State)),
            owner=pick(OWNERS),
            op=pick((Op.CREATE, Op.CREATE, Op.UPDATE)),
            scope=SCOPE,
            created_at=self._at,
            near=(near := pick((None, None, "n", "m"))),
            near_place=pick((0, 1)) if near is not None else None,
            alias=pick((None, "p", "k")),
            content=pick((None, "c")),
        )


async def compare(seed: int) -> int:
    """Record the same in both; how often the conditions held."""
    real, small = Journal.open("sqlite://", None, "first"), Ledger()
    author = Author(seed, small)
    held = 0
    try:
        for _ in range(80):
            changes = author.changes()
            expected = small.record(changes)
            assert await real.record(changes) is expected, changes
            held += expected
            stored = await real.intents(NAMES)
            assert {each.id: each for each in stored} == small.intents
            for more in ((), (("k", "q"), ("n", "m")), (("k",), ("m",))):
                assert await real.match(SCOPE, PRINTS, 1_030, *more) == small.match(SCOPE, PRINTS, 1_030, *more)
            for name in NAMES:
                assert await real.dispatches_of(name) == small.dispatches_of(name)
            applied = [each.id for each in stored if each.state is State.APPLIED][:1]
            real.delivered(applied, 1_000 + 60 * (held % 2))
            await real.flush()
            small.deliver(applied, 1_000 + 60 * (held % 2))
    finally:
        real.close()
    return held


@pytest.mark.parametrize("seed", range(20))
def test_both_journals_hold_the_same_conditions(seed: int) -> None:
    """Identities, owners, states, Zuora Ids, dispatches: a whole record or nothing of it."""
    assert 0 < asyncio.run(compare(seed)) < 80


ILLEGAL = (Opened((intent(state=State.APPLIED),)), Moved("i-1", State.APPLIED, State.SENDING, "first", 1))


def test_both_journals_refuse_an_illegal_move() -> None:
    """Before anything is changed."""

    async def stored() -> tuple[object, ...]:
        real = Journal.open("sqlite://", None, "first")
        try:
            with pytest.raises(IllegalTransition):
                await real.record(ILLEGAL)
            return await real.intents(["i-1"])
        finally:
            real.close()

    small = Ledger()
    with pytest.raises(IllegalTransition):
        small.record(ILLEGAL)
    assert (asyncio.run(stored()), small.intents) == ((), {})
