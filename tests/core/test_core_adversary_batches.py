"""The adversary against Actions, markers and twins: requests of many objects, on days that pass, and late look-ups.

What has a marker comes to a certain end however it was sent; what has only a key does on its own day; SOAP without
either is told as unknown and never sent again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest
from core_adversary import Adversary, seeded
from core_calls import CALLS, KNOWN
from core_objects import ERP, call, pays, policy, refund, soap
from core_world import World
from core_zuora import STORED

from bridge.core.conduct.send import SAME_KEY_MS
from bridge.core.identity import fingerprint
from bridge.core.intent import Dispatch, State
from bridge.core.mapping.lexical import zone_day
from bridge.core.model import Op, Outcome, Route, Told, ZObject

SEEDS_PER_TEST = 150

MARKED: Mapping[str, tuple[ZObject, ...]] = {
    "one marked payment": (pays("i1", "10", ReferenceId="ERP-1"),),
    "a marked batch": (
        pays("i1", "10", ReferenceId="ERP-1"),
        pays("i2", "20", GatewayOrderId="ERP-2"),
        pays("d1", "5", ReferenceId="ERP-3"),
    ),
    "a marked refund": (refund(PaymentId="c1", Amount="60", ReferenceID="ERP-4"),),
}
EVERY = {**CALLS, **MARKED}


@policy
def actions(_obj: ZObject) -> Route:
    """A policy that prefers Actions."""
    return Route.ACTION


@policy
def mixed(obj: ZObject) -> Route:
    """A policy that moves one invoice to Actions."""
    return Route.ACTION if obj.get("InvoiceId") == "i2" else Route.SOAP


class Batches(Adversary):
    """Creates by all three routes."""

    def __init__(self, seed: int) -> None:
        world = World(facts=KNOWN)
        super().__init__(seed, world, jumps=0.1, caller=replace(ERP, twins="fault"))
        world.prefer = self.chance.choice([actions, mixed, soap])
        self.objects: Sequence[ZObject] = EVERY[self.chance.choice(list(EVERY))]
        self.acts = [call(*self.objects)]
        self.caller = replace(ERP, twins=self.chance.choice(["fault", "join"]))
        self._markers = {fingerprint(Op.CREATE, each): _marker(each) for each in self.objects}
        world.zuora.markers_of_soap = lambda intent_id: self._markers[world.intent(intent_id).fingerprint]

    def end(self) -> None:
        """The air clears, and the call comes to its end."""
        *_, reply = self.clear(self.acts[0])
        for outcome in reply.outcomes:
            assert outcome.told is not Told.UNSENT
            assert outcome.told is not Told.UNKNOWN or self._cannot_be_known(outcome), outcome

    def _cannot_be_known(self, outcome: Outcome) -> bool:
        intent = self.world.intent(outcome.intent_id)
        if intent.state is State.PARKED:
            return True
        dispatch = self.world.journal.dispatches_of(intent.id)[-1]
        if dispatch.marker is not None or self._markers[intent.fingerprint] is not None:
            return False
        return dispatch.key is None or self._too_old(dispatch) or self._stored_failure(dispatch.key)

    def _too_old(self, dispatch: Dispatch) -> bool:
        first, zone = dispatch.first_sent_at or 0, self.world.tenant.zone
        old = self.world.now - first > SAME_KEY_MS
        return old or zone_day(first, zone) != zone_day(self.world.now, zone)

    def _stored_failure(self, key: str) -> bool:
        """Zuora replays a stored 500 under its key for a day."""
        return self.world.zuora.stored(key) == STORED["internal"]


def _marker(obj: ZObject) -> str | None:
    return obj.get("ReferenceId") or obj.get("GatewayOrderId") or obj.get("ReferenceID")


def played(seed: int) -> None:
    """One world from its first call to its end."""
    batches = Batches(seed)
    batches.disturb()
    if batches.happens(0.5):
        made = len(batches.world.zuora.made)
        batches.recover()
        late = [each for each in batches.world.zuora.requests if each[1] == "slow"]
        assert len(batches.world.zuora.made) == made or late, "I5: a movement for nobody"
    batches.end()


@pytest.mark.parametrize("first", range(0, 6 * SEEDS_PER_TEST, SEEDS_PER_TEST), ids="from seed {}".format)
def test_no_seed_makes_a_batch_pay_twice_or_lie(first: int) -> None:
    """Whatever route, whatever day: no second object for an act, and a certain end wherever there is proof."""
    for seed in range(first, first + SEEDS_PER_TEST):
        seeded(seed, played)
