"""The adversary against refunds that take several steps: no step twice, no money lost, nothing left over in silence.

Three different refunds of one payment, which the tenant cannot refund in one request, and now and then a user of Zuora
who changes the payment by hand. What a payment has applied, unapplied and refunded is what it had, always.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from decimal import Decimal

import pytest
from core_adversary import Adversary, seeded
from core_objects import FACTS, TENANT, call, refund, refund_part
from core_world import World

from bridge.core.conduct.saga import LEFT_OVER
from bridge.core.intent import State
from bridge.core.model import Told
from bridge.core.plan import UNDO

SEEDS_PER_TEST = 150
WHOLE = Decimal(80)

SPLIT = call(refund(PaymentId="p2", Amount="20", RefundInvoicePaymentData=[refund_part("d5", "20")]))
OTHER = call(
    refund(PaymentId="p2", Amount="15", ReferenceID="ERP-1", RefundInvoicePaymentData=[refund_part("d5", "15")])
)
FROM_WHAT_IS_FREE = call(refund(PaymentId="p2", Amount="35.50"))
BOTH = call(*SPLIT.objects, *OTHER.objects)


class Refunds(Adversary):
    """Refunds of payment p2: 50 of its 80 pay the debit memo d5."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed, World(facts=FACTS, tenant=replace(TENANT, enhanced_write_off=False)), jumps=0.05)
        self.acts = self.chance.choice([[SPLIT], [OTHER], [SPLIT, OTHER], [SPLIT, FROM_WHAT_IS_FREE], [BOTH, SPLIT]])
        self.zuora = self.world.zuora
        self.zuora.parts["p2"] = {"d5": Decimal(50)}
        self.zuora.unapplied["p2"] = Decimal(30)
        self.by_hand = self.happens(0.2)
        self.mischief = [self._user, self._balance]

    def _user(self) -> None:
        """Somebody applies what is unapplied to an invoice."""
        if self.by_hand and self.world.plays and self.happens(0.01) and self.zuora.unapplied["p2"] >= 5:
            self.zuora.unapplied["p2"] -= 5
            self.zuora.parts["p2"] = {**self.zuora.parts["p2"], "i9": Decimal(5)}
            self.by_hand = False

    def _balance(self) -> None:
        parts, refunded = self.zuora.parts["p2"], self.zuora.refunded.get("p2", Decimal(0))
        assert sum(parts.values()) + self.zuora.unapplied["p2"] + refunded == WHOLE
        steps = Counter(self.zuora.effects)
        assert not steps or max(steps.values()) == 1, "a step was done twice"

    def check_left_overs(self) -> None:
        """What an intent unapplied it refunded or applied again, or somebody knows that it did not."""
        steps = Counter(self.zuora.effects)
        for intent_id in {each for each, _ in self.zuora.effects}:
            intent = self.world.intent(intent_id)
            taken, given, refunded = (steps[intent_id, what] for what in ("unapply", "apply", "refund"))
            assert (given == 0) or (taken == 1 and refunded == 0), "applied again what was refunded or never unapplied"
            assert refunded == 0 or intent.state in (State.APPLIED, State.IN_DOUBT, State.PARKED, State.SENDING)
            if taken and not given and not refunded and intent.state.settled:
                undo = [each for each in self.world.journal.dispatches_of(intent_id) if each.step == UNDO][-1]
                assert undo.verdict == LEFT_OVER, f"{intent.state}: left over, and nobody knows"

    def end(self) -> None:
        """The air clears, and every act comes to its end."""
        for asked in self.acts:
            replies = list(self.clear(asked))
            self._balance()
            self.check_left_overs()
            for outcome in replies[-1].outcomes:
                if outcome.told is Told.UNKNOWN:
                    assert self.world.state(outcome.intent_id) is State.PARKED
                if outcome.told in (Told.UNSENT, Told.REFUSED):
                    # Another act has what it would take, or is parked and holds the payment.
                    assert len(self.acts) > 1 or self.parked or self.left_over, outcome

    @property
    def parked(self) -> bool:
        """Whether a person has to look at a refund."""
        return any(each.state is State.PARKED for each in self.world.journal.intents.values())

    @property
    def left_over(self) -> bool:
        """Whether the journal says that something stayed unapplied."""
        return any(each.verdict == LEFT_OVER for each in self.world.journal.dispatches.values())


def played(seed: int) -> None:
    """One world from its first call to its end."""
    refunds = Refunds(seed)
    refunds.disturb()
    refunds.check_left_overs()
    if refunds.happens(0.5):
        refunds.recover()
        refunds.check_left_overs()
    refunds.end()


@pytest.mark.parametrize("first", range(0, 6 * SEEDS_PER_TEST, SEEDS_PER_TEST), ids="from seed {}".format)
def test_no_seed_makes_a_refund_lose_money(first: int) -> None:
    """Whatever happens: at most one refund for an act, and what was unapplied for it is not forgotten."""
    for seed in range(first, first + SEEDS_PER_TEST):
        seeded(seed, played)
