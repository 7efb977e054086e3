"""A seeded adversary: everything that can go wrong does, in any order, and no caller is lied to (I2, I3, I6).

One ERP repeats one call, also while earlier repeats are on their way, at two processes that die, are taken for dead
while they live, lose their journal and their look-ups, and talk to a Zuora in changing moods. Callers lose patience,
hang up, or never hear the answer. The world checks the invariants at every send, every new object and every answer;
afterwards the air clears, and the call must come to its end. A failing seed is a note on the failure.
"""

from __future__ import annotations

from random import Random

import pytest
from core_adversary import Adversary, seeded
from core_calls import CALLS, KNOWN
from core_objects import call
from core_world import World
from core_zuora import STORED

from bridge.core.intent import State
from bridge.core.model import Route, Rows, Told

SEEDS_PER_TEST = 200


class Insistent(Adversary):
    """Disturbs one world by one act, out of all kinds; Object Query shows at once what was made."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed, World(facts=KNOWN))
        self.world.zuora.lag_ms = 0
        self.objects = CALLS[Random(seed).choice(list(CALLS))]
        self.acts = [call(*self.objects)]

    def insist(self) -> None:
        """All processes are dead, everything works, and the caller goes on repeating."""
        self.calm()
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
        seeded(seed, _disturbed)


def _disturbed(seed: int) -> None:
    adversary = Insistent(seed)
    adversary.disturb()
    adversary.insist()
