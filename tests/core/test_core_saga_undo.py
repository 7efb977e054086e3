"""The way back of a refund in several steps, when nobody knows whether it was walked: that is not settled."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from core_adversary import QUIET_MS
from core_objects import FACTS, TENANT, call, refund, refund_part
from core_world import World

from bridge.core.conduct.saga import LEFT_OVER
from bridge.core.intent import State
from bridge.core.model import Outcome, Rows, Told

SPLIT = refund(PaymentId="p2", Amount="20", RefundInvoicePaymentData=[refund_part("d5", "20")])
OTHER = refund(PaymentId="p2", Amount="15", RefundInvoicePaymentData=[refund_part("d5", "15")])
BEFORE, AFTER, REFUNDED = {"d5": Decimal(50)}, {"d5": Decimal(30)}, {"d5": Decimal(30)}


def world_of(*moods: str) -> World:
    """A payment of 80, of which 50 pay the debit memo d5; the tenant has no enhanced write-off."""
    world = World(*moods, facts=FACTS, tenant=replace(TENANT, enhanced_write_off=False))
    world.zuora.parts["p2"] = dict(BEFORE)
    world.zuora.unapplied["p2"] = Decimal(30)
    return world


def refunded(world: World, process: str, *, obj: object = SPLIT, patience: float = 50) -> Outcome:
    """The refund, conducted to its end."""
    play = world.begin(call(obj), process, patience=patience)  # type: ignore[arg-type]
    world.run()
    assert isinstance(play.reply, Rows)
    return play.reply.outcomes[0]


def states(world: World) -> list[State]:
    """Where the intents stand, in the order they were made."""
    return [each.state for each in world.journal.intents.values()]


@pytest.mark.parametrize(("mood", "later"), [("slow", BEFORE), ("lost before", AFTER)])
def test_an_undo_without_a_verdict_is_told_as_such_and_not_settled(mood: str, later: dict[str, Decimal]) -> None:
    """The refund is refused for certain; that the rest is left over would be a guess, for it may still arrive."""
    world = world_of("ok", "no", mood)
    outcome = refunded(world, "first")
    assert outcome.told is Told.REFUSED
    assert "not known whether 20 of d5 is applied to the payment again" in outcome.errors[0].message
    assert states(world) == [State.IN_DOUBT]
    assert LEFT_OVER not in [each.verdict for each in world.journal.dispatches.values()]
    world.pass_time(60_000)
    assert world.zuora.parts["p2"] == later


def test_nobody_else_refunds_the_payment_while_an_undo_may_arrive() -> None:
    """Two changes that cancel each other out would look like none."""
    world = world_of("ok", "no", "slow")
    refunded(world, "first")
    assert refunded(world, "second", obj=OTHER, patience=5).told is Told.UNSENT
    assert [what for _, what in world.zuora.effects] == ["unapply"]


@pytest.mark.parametrize("mood", ["slow", "lost before"])
def test_the_repeat_settles_an_undo_and_begins_anew(mood: str) -> None:
    """Whether it arrived late or has to be sent again."""
    world = world_of("ok", "no", mood)
    refunded(world, "first")
    world.crash("first")
    if mood == "lost before":
        assert refunded(world, "second").told is Told.UNKNOWN
        world.crash("second")
    world.pass_time(QUIET_MS)
    assert refunded(world, "third").told is Told.APPLIED
    assert states(world) == [State.NOT_APPLIED, State.APPLIED]
    assert (world.zuora.parts["p2"], world.zuora.unapplied["p2"]) == (REFUNDED, Decimal(30))
