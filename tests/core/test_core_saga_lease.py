"""Sagas under the lease on their payment: one after the other, planned anew where the first has changed it."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import pytest
from core_objects import call, refund, refund_part
from core_sagas import AFTER, LATER_MS, SPLIT, played, row, sent, world_of
from core_world import Play, Ready, World

from bridge.core.commands import Hold, Lookup, Record, Wait
from bridge.core.model import Rows, Told, ZObject

# ---------------------------------------------------------------- the lease


def test_what_was_planned_must_still_fit_under_the_lease() -> None:
    """The payment changed between planning and sending: it is planned anew, and here refused, with nothing sent."""
    world = world_of()
    play = up_to_the_lease(world)
    world.zuora.parts["p2"], world.zuora.unapplied["p2"] = {"d5": Decimal(10)}, Decimal(70)
    world.run()
    assert row(play).told is Told.REFUSED
    assert "more than the payment has applied" in row(play).errors[0].message
    assert world.zuora.requests == []


def test_a_new_plan_of_another_kind_is_not_made() -> None:
    """What needed a step before it needs none any more: the repeat may say so."""
    world = world_of()
    play = up_to_the_lease(world, refund(PaymentId="p2", Amount="50"))
    world.zuora.parts["p2"], world.zuora.unapplied["p2"] = {"d5": Decimal(10)}, Decimal(70)
    world.run()
    assert row(play).told is Told.UNSENT
    assert "just been changed" in row(play).errors[0].message
    assert world.zuora.requests == []


def test_a_new_plan_that_cannot_be_recorded_or_looked_up_is_not_begun() -> None:
    """Nothing was sent, and the caller hears so."""
    for trouble in ("look-up", "journal"):
        world = world_of()
        play = up_to_the_lease(world)
        world.zuora.parts["p2"], world.zuora.unapplied["p2"] = {"d5": Decimal(70)}, Decimal(10)
        seen = len(play.commands)

        def after(play: Play = play, seen: int = seen) -> list[object]:
            return play.commands[seen:]

        if trouble == "look-up":
            world.dark = lambda: sum(isinstance(each, Lookup) for each in after()) == 2
        else:
            world.journal_state = lambda: "down" if sum(isinstance(each, Record) for each in after()) == 1 else "up"
        world.run()
        assert row(play).told is Told.UNSENT
        assert world.zuora.requests == []


def test_a_new_plan_must_fit_when_it_is_read_once_more() -> None:
    """Somebody outside the bridge goes on changing the payment."""
    world = world_of()
    play = up_to_the_lease(world)
    world.zuora.parts["p2"], world.zuora.unapplied["p2"] = {"d5": Decimal(70)}, Decimal(10)
    seen = len(play.commands)
    while sum(isinstance(each, Lookup) for each in play.commands[seen:]) < 2:
        world.turn()
    world.zuora.parts["p2"] = {"d5": Decimal(60)}
    world.run()
    assert row(play).told is Told.UNSENT
    assert world.zuora.requests == []


def up_to_the_lease(world: World, *objects: ZObject) -> Play:
    """A refund that has been planned and recorded, and takes the lease next."""
    play = world.begin(call(*(objects or (SPLIT,))))
    while not any(isinstance(each, Hold) for each in play.commands):
        world.turn()
    return play


def test_two_refunds_of_one_payment_in_one_call_are_both_made() -> None:
    """The second is planned anew after the first, before anything of it is sent (I4)."""
    world = world_of()
    world.zuora.unapplied["p2"] = Decimal(30)
    first, second = (
        refund(PaymentId="p2", Amount=each, RefundInvoicePaymentData=[refund_part("d5", each)]) for each in ("30", "20")
    )
    play = world.begin(call(first, second))
    world.run()
    assert [each.told for each in play.outcomes()] == [Told.APPLIED, Told.APPLIED]
    assert sent(world) == ["PUT unapply", "POST refunds"] * 2
    assert (world.zuora.parts["p2"], world.zuora.unapplied["p2"]) == (AFTER, Decimal(30))
    kept = [each for each in world.journal.dispatches.values() if each.attempt]
    assert sorted(each.step for each in kept) == [0, 1, 2]


@pytest.mark.parametrize("at", range(20, 48))
def test_a_saga_that_was_planned_anew_is_taken_over_as_it_was_sent(at: int) -> None:
    """Wherever its process dies, the repeat goes on with the newest plan, and neither refund is made twice."""
    world = world_of()
    world.zuora.unapplied["p2"] = Decimal(30)
    objects = [
        refund(PaymentId="p2", Amount=each, RefundInvoicePaymentData=[refund_part("d5", each)]) for each in ("30", "20")
    ]
    world.begin(call(*objects), "first").crash = (at, "after")
    world.run()
    for process in ("second", "third", "fourth"):
        world.crash("first")
        world.pass_time(LATER_MS)
        world.begin(call(*objects), process)
        world.run()
    assert (world.zuora.parts["p2"], world.zuora.refunded["p2"]) == (AFTER, Decimal(50))


def test_a_payment_that_cannot_be_read_is_not_changed() -> None:
    """A look-up without a verdict sends nothing."""
    world = world_of()
    del world.zuora.parts["p2"]
    assert played(world).told is Told.UNSENT
    assert world.zuora.requests == []


def in_turn(ready: Sequence[Ready]) -> Ready:
    """The call that has done least goes on."""
    return min(ready, key=lambda each: len(each[0].commands))


def test_two_refunds_of_one_payment_go_one_after_the_other() -> None:
    """Also in two processes: the second waits, and then finds that its plan no longer fits."""
    world = world_of()
    world.zuora.unapplied["p2"] = Decimal(30)
    other = refund(PaymentId="p2", Amount="20", RefundInvoicePaymentData=[refund_part("d5", "20")])
    plays = [world.begin(call(SPLIT), "first"), world.begin(call(other), "second")]
    world.run(in_turn)
    assert [row(play).told for play in plays] == [Told.APPLIED, Told.UNSENT]
    assert any(isinstance(each, Wait) for each in plays[1].commands)
    assert len(world.zuora.made) == 1


def test_a_lease_that_is_not_free_in_time_leaves_the_refund_unsent() -> None:
    """Whoever has it is in doubt about the whole saga."""
    world = world_of("lost before")
    assert played(world).told is Told.UNKNOWN
    other = refund(PaymentId="p2", Amount="20", RefundInvoicePaymentData=[refund_part("d5", "20")])
    play = world.begin(call(other), "second", patience=5)
    world.run()
    assert row(play).told is Told.UNSENT
    assert "is not finished" in row(play).errors[0].message


@pytest.mark.parametrize("when", range(1, 9))
def test_a_journal_that_fails_at_any_record_loses_nothing(when: int) -> None:
    """What could not be recorded is not sent, and what was sent is found again by the repeat."""
    world = world_of()
    count = iter(range(1, 100))
    world.journal_state = lambda: "down" if next(count) == when else "up"
    play = world.begin(call(SPLIT))
    world.run()
    world.journal_state = lambda: "up"
    world.crash("first")
    if not isinstance(play.reply, Rows) or row(play).told is not Told.APPLIED:
        world.pass_time(LATER_MS)
        assert played(world, "second").told is Told.APPLIED
    assert (world.zuora.parts["p2"], len(world.zuora.made)) == (AFTER, 1)
