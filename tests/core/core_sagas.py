"""Refunds in several steps for the tests of sagas: a world for them, and what is seen of it. Must not hold a test."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from core_objects import FACTS, TENANT, call, paid, refund, refund_part
from core_world import Play, World

from bridge.core.facts import Kind, Part, WhichSource
from bridge.core.model import Outcome, Rows

TENANT_WITHOUT = replace(TENANT, enhanced_write_off=False)
SPLIT = refund(PaymentId="p2", Amount="50", RefundInvoicePaymentData=[refund_part("d5", "50")])
P2 = paid("p2", "80", "d5", parts=(Part(Kind.DEBIT_MEMO, "d5", Decimal(50)),), unapplied=Decimal(30), currency="USD")
AFTER, BEFORE = {"d5": Decimal(0)}, {"d5": Decimal(50)}
LATER_MS = 20 * 60_000
"""When nothing can be on its way any more."""


def world_of(*moods: str) -> World:
    """A payment of 80, of which 50 pay the debit memo d5; the tenant has no enhanced write-off."""
    world = World(*moods, facts={**FACTS, WhichSource("p2"): P2}, tenant=TENANT_WITHOUT)
    world.zuora.parts["p2"] = dict(BEFORE)
    return world


def row(play: Play) -> Outcome:
    """The only row."""
    assert isinstance(play.reply, Rows)
    (outcome,) = play.reply.outcomes
    return outcome


def played(world: World, process: str = "first", **more: object) -> Outcome:
    """The refund, conducted to its end."""
    play = world.begin(call(SPLIT), process, **more)  # type: ignore[arg-type]
    world.run()
    return row(play)


def sent(world: World) -> list[str]:
    """What reached Zuora, in order."""
    return [f"{dispatch.method} {dispatch.path.rpartition('/')[2]}" for dispatch, _ in world.zuora.requests]


def states(world: World) -> list[str]:
    """Where the intents stand."""
    return sorted(each.state.name for each in world.journal.intents.values())


def verdicts(world: World) -> list[str | None]:
    """What the journal says of each step."""
    return [each.verdict for each in sorted(world.journal.dispatches.values(), key=lambda each: each.step)]
