"""A seeded adversary: everything that can go wrong does, in any order, and no caller is lied to (I2, I3, I6).

One ERP repeats one call, also while earlier repeats are on their way, at two processes that die, are taken for dead
while they live, lose their journal and their look-ups, and talk to a Zuora in changing moods. Callers lose patience,
hang up, or never hear the answer. The world checks the invariants at every send, every new object and every answer;
afterwards the air clears, and the call must come to its end. A failing seed is a note on the failure.
"""

from __future__ import annotations

from itertools import count
from random import Random

import pytest
from core_calls import CALLS, KNOWN
from core_objects import call
from core_world import World
from core_zuora import MOODS, STORED

from bridge.core.intent import State
from bridge.core.model import Route, Rows, Told

SEEDS_PER_TEST = 200


class Adversary:
    """Disturbs one world; the same seed disturbs it the same way."""

    def __init__(self, seed: int) -> None:
        self.chance = Random(seed)
        self.world = World(facts=KNOWN)
        self.objects = CALLS[self.chance.choice(list(CALLS))]
        self.processes = ["left", "right"]
        self._numbers = count(1)
        self._calm = self.chance.random()
        self._moods = self.chance.sample(MOODS, 4)
        self._outages = self.chance.choice([0.0, 0.0, 0.05, 0.2])
        self._hurry = self.chance.choice([0.02, 0.1, 0.3])
        self._patience = self.chance.choice([[50.0], [1.0, 5.0, 50.0]])
        # A commit that happened though it was reported as failed, and a process that is dead for others only, are one
        # fault each; both at once would need a journal that is no journal.
        self._rumours = self.chance.random() < 0.5
        self.world.mood = self._mood
        self.world.journal_state = self._journal_state
        self.world.dark = lambda: self._happens(0.1)

    def _mood(self) -> str:
        return "ok" if self.chance.random() < self._calm else self.chance.choice(self._moods)

    def _journal_state(self) -> str:
        if self.chance.random() >= self._outages:
            return "up"
        return "down" if self._rumours else self.chance.choice(["down", "done, but reported as down"])

    def disturb(self) -> None:
        """One to six calls, in any interleaving."""
        calls = self.chance.randint(1, 6)
        while calls or self.world.plays:
            if calls and (not self.world.plays or self._happens(self._hurry)):
                calls -= 1
                self._call()
            else:
                self.world.turn(self.chance.choice)
            self._mischief()

    def _call(self) -> None:
        play = self.world.begin(
            call(*self.objects),
            self.chance.choice(self.processes),
            patience=self.chance.choice(self._patience),
            hears=self._happens(0.5),
        )
        if self._happens(0.2):
            play.crash = self.chance.randint(1, 60), self.chance.choice(["before", "after"])

    def _mischief(self) -> None:
        world = self.world
        for place, process in enumerate(self.processes):
            busy = any(play.process == process for play in world.plays)
            if process not in world.alive and not busy and self._happens(0.1):
                self.processes[place] = f"{process.split()[0]} {next(self._numbers)}"
        if self._rumours and self._happens(0.05):
            world.alive ^= {self.chance.choice(self.processes)}
        if world.plays and self._happens(0.01):
            self.chance.choice(world.plays).gone = True

    def _happens(self, probability: float) -> bool:
        return self.chance.random() < probability

    def clear(self) -> None:
        """All processes are dead, everything works, and the caller goes on repeating."""
        self.world.mood = lambda: "ok"
        self.world.journal_state = lambda: "up"
        self.world.dark = lambda: False
        self.world.alive.clear()
        for _ in range(4):
            reply = self.world.call(*self.objects, process="last")
            assert isinstance(reply, Rows)
        for outcome in reply.outcomes:
            assert outcome.told is not Told.UNSENT
            if outcome.told is Told.UNKNOWN:
                assert outcome.route is Route.SOAP or self._stored_failure(outcome.intent_id)
        unsettled = {each.state for each in self.world.journal.intents.values() if not each.state.settled}
        assert unsettled <= {State.IN_DOUBT}

    def _stored_failure(self, intent_id: str | None) -> bool:
        """Zuora replays a stored 500 under its key for a day: only a look-up could settle it."""
        assert intent_id is not None
        dispatch = self.world.journal.dispatches_of(intent_id)[-1]
        assert dispatch is not None
        assert dispatch.key is not None
        return self.world.zuora.stored(dispatch.key) == STORED["internal"]


@pytest.mark.parametrize("first", range(0, 12 * SEEDS_PER_TEST, SEEDS_PER_TEST), ids="from seed {}".format)
def test_no_seed_makes_the_bridge_pay_twice_or_lie(first: int) -> None:
    """Whatever happens: no second object for an act, no success without its object, no "no" with one."""
    for seed in range(first, first + SEEDS_PER_TEST):
        adversary = Adversary(seed)
        try:
            adversary.disturb()
            adversary.clear()
        except Exception as error:
            error.add_note(f"seed {seed}")
            raise
