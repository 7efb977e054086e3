"""The adversary against cancels and deletes: by SOAP, by REST behind a refusal of SOAP, or by REST at once.

None of these has a key. An answer that says "done" is true, an answer that says "no" has changed nothing, and in the
end the payment is what the caller asked for.
"""

from __future__ import annotations

from decimal import Decimal

import pytest
from core_adversary import Adversary, seeded
from core_objects import FACTS, call, policy, rest, soap, zobject
from core_world import World

from bridge.core.model import Call, Op, Route, Told, ZObject

SEEDS_PER_TEST = 150

CANCEL = call(zobject("Payment", Id="p2", Status="Canceled"), op=Op.UPDATE)
CANCEL_REFUND = call(zobject("Refund", Id="r1", Status="Canceled"), op=Op.UPDATE)
DELETE = call(zobject("Payment", Id="p2"), op=Op.DELETE)
SEVERAL = call(*CANCEL.objects, zobject("Payment", Id="p3", Status="Canceled"), op=Op.UPDATE)


@policy
def actions(_obj: ZObject) -> Route:
    """A policy that prefers Actions."""
    return Route.ACTION


class Changes(Adversary):
    """Cancels or deletes what SOAP knows, or does not."""

    def __init__(self, seed: int) -> None:
        world = World(facts=FACTS)
        super().__init__(seed, world, jumps=0.05)
        world.prefer = self.chance.choice([soap, rest, actions])
        self.asked: Call = self.chance.choice([CANCEL, CANCEL_REFUND, DELETE, SEVERAL])
        self.acts = [self.asked]
        self.ids = [obj.fields["Id"] for obj in self.asked.objects]
        self.wanted = "deleted" if self.asked.op is Op.DELETE else "Canceled"
        world.zuora.soap_knows = self.happens(0.5)
        for each in self.ids:
            world.zuora.parts[each] = {"d5": Decimal(50)}
            world.zuora.status[each] = "Canceled" if self.asked.op is Op.DELETE else "Processed"
        self.mischief = [self._told]

    def _told(self) -> None:
        changed = {what for _, what in self.world.zuora.effects}
        assert changed <= {self.wanted}
        assert len(self.world.zuora.effects) <= len(self.ids), "what ended was ended again"

    def end(self) -> None:
        """The air clears, and the caller goes on repeating."""
        *_, reply = self.clear(self.asked)
        self._told()
        assert [self.world.zuora.status[each] for each in self.ids] == [self.wanted] * len(self.ids)
        for outcome in reply.outcomes:
            # SOAP refuses to cancel what is canceled.
            assert outcome.told in (Told.APPLIED, Told.REFUSED), outcome


def played(seed: int) -> None:
    """One world from its first call to its end."""
    changes = Changes(seed)
    changes.disturb()
    if changes.happens(0.3):
        changes.recover()
    changes.end()


@pytest.mark.parametrize("first", range(0, 4 * SEEDS_PER_TEST, SEEDS_PER_TEST), ids="from seed {}".format)
def test_no_seed_makes_a_change_lie(first: int) -> None:
    """Whatever happens: "done" is done, "no" is nothing, and what is asked for long enough is there."""
    for seed in range(first, first + SEEDS_PER_TEST):
        seeded(seed, played)
