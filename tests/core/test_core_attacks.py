"""Sequences that once made the bridge pay twice, or say what was not so. Each is as small as its attack was."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from core_objects import FACTS, TENANT, A, call, paid, pays, policy, refund, refund_part
from core_world import World

from bridge.core.commands import Ask, Hold, Lookup, Record, Wait
from bridge.core.facts import Kind, Made, NoVerdict, Part, WhichMade, WhichSource
from bridge.core.intent import State
from bridge.core.model import Outcome, Reply, Route, Rows, Told, ZObject

LATER_MS = 20 * 60_000
"""When nothing can be on its way any more."""

TENANT_WITHOUT = replace(TENANT, enhanced_write_off=False)
P2 = paid("p2", "80", "d5", parts=(Part(Kind.DEBIT_MEMO, "d5", Decimal(50)),), unapplied=Decimal(30), currency="USD")
SPLIT = refund(PaymentId="p2", Amount="50", RefundInvoicePaymentData=[refund_part("d5", "50")])


def rows(reply: Reply | None) -> tuple[Outcome, ...]:
    """The rows of an answer."""
    assert isinstance(reply, Rows), reply
    return reply.outcomes


def saga_world(*moods: str) -> World:
    """A payment of 80, of which 50 pay the debit memo d5; the tenant has no enhanced write-off."""
    world = World(*moods, facts={**FACTS, WhichSource("p2"): P2}, tenant=TENANT_WITHOUT)
    world.zuora.parts["p2"] = {"d5": Decimal(50)}
    return world


@policy
def actions(_obj: ZObject) -> Route:
    """A policy that sends by Actions what SOAP could."""
    return Route.ACTION


# ---------------------------------------------------------------- told as unsent, sent all the same


@pytest.mark.parametrize("behind", [Hold, Lookup])
def test_who_was_answered_while_a_lease_was_waited_for_gets_nothing_sent(behind: type) -> None:
    """The lease came, or the payment was read, when the caller's time was up: the row said that nothing was sent."""
    world = saga_world()
    play = world.begin(call(SPLIT), patience=10)
    while not (world.turn() and play.commands and isinstance(play.commands[-1], behind) and _leased(play.commands)):
        pass
    world.pass_time(11_000)
    assert rows(play.reply)[0].told is Told.UNSENT
    world.run()
    assert world.zuora.requests == []
    assert [each.state for each in world.journal.intents.values()] == [State.REFUSED]


def _leased(commands: list) -> bool:
    return any(isinstance(each, Hold) for each in commands)


def test_nobody_is_unapplied_for_who_hung_up_before_the_second_try() -> None:
    """A first step that never left is tried again only for a caller who is there (I5)."""
    world = saga_world("unsent")
    play = world.begin(call(SPLIT))
    while not any(isinstance(each, Wait) for each in play.commands):
        world.turn()
    play.gone = True
    world.run()
    assert len(world.zuora.requests) == 1
    assert world.zuora.parts["p2"] == {"d5": Decimal(50)}


# ---------------------------------------------------------------- one Action of several intents


MARKED, BARE = pays("i1", "10", ReferenceId="ERP-1"), pays("i2", "20")


def lost_action(*more: ZObject) -> World:
    """An Action of a payment with a marker and one without; it never arrived, and its process is dead."""
    world = World("lost before", prefer=actions)
    world.zuora.markers_of_soap = lambda each: "ERP-1" if world.intent(each).position == 0 else None
    world.begin(call(MARKED, BARE, *more), patience=0.5)
    world.run()
    world.crash("first")
    return world


@pytest.mark.parametrize("objects", [(MARKED, BARE), (BARE, MARKED)])
def test_an_action_is_not_sent_again_whose_object_was_proved_absent(objects: tuple[ZObject, ...]) -> None:
    """The one without a marker would have taken the other with it, which was a new attempt already (I2)."""
    world = lost_action()
    world.pass_time(LATER_MS)
    for process in ("second", "third"):
        world.begin(call(*objects), process)
        world.run()
    by_print = [world.intent(each.intent_id).fingerprint for each in world.zuora.made]
    assert len(set(by_print)) == len(by_print)


def test_an_action_is_not_sent_again_for_one_of_its_objects_alone() -> None:
    """Nobody waits for the other one now (I5)."""
    world = lost_action()
    assert rows(world.call(BARE, process="second"))[0].told is Told.UNKNOWN
    assert world.zuora.made == []
    assert [each.told for each in rows(world.call(MARKED, BARE, process="third"))] == [Told.APPLIED] * 2
    assert len(world.zuora.made) == 2


# ---------------------------------------------------------------- absence judged too early


def test_a_refund_that_was_just_sent_again_is_not_absent() -> None:
    """What counts is its last send, by whichever process: the refund of the second process is still on its way."""
    world = saga_world("ok", "lost before")
    play = world.begin(call(SPLIT), patience=0.5)
    world.run()
    world.crash("first")
    intent_id = rows(play.reply)[0].intent_id
    world.pass_time(LATER_MS)
    question = WhichMade("Refund", "referenceId", str(intent_id), Decimal(50), None, "p2")
    world.facts[question] = NoVerdict("the look-up was not answered")
    world.order("slow")
    world.begin(call(SPLIT), "second", patience=0.9)
    while len(world.zuora.requests) < 3:
        world.turn()
    world.crash("second")
    del world.facts[question]
    world.begin(call(SPLIT), "third", patience=10)
    world.run()
    world.pass_time(60_000)
    assert len(world.zuora.made) == 1


# ---------------------------------------------------------------- who slept while another went on


def test_who_slept_before_sending_again_does_not_when_another_has_it() -> None:
    """It was suspended between its look and its record; meanwhile the request was proved absent and made anew."""
    world = World("lost before")
    marked = pays("d1", "80", ReferenceId="ERP-1")
    world.begin(call(marked), patience=0.5)
    world.run()
    world.crash("first")
    sleeper = world.begin(call(marked), "second", patience=3600)
    while [type(each) for each in sleeper.commands[-3:]] != [Lookup, Ask, Ask]:
        world.turn()
    world.plays.remove(sleeper)
    world.alive.discard("second")
    world.pass_time(LATER_MS)
    assert rows(world.call(marked, process="third"))[0].told is Told.APPLIED
    world.plays.append(sleeper)
    world.run()
    assert len(world.zuora.made) == 1


def test_who_slept_during_a_pause_does_not_send_again_when_another_has_it() -> None:
    """Suspended for longer than a process counts as alive, and awake while its caller still waits."""
    world = World("unsent")
    sleeper = world.begin(call(pays("i1", "10")), "first")
    while not any(isinstance(each, Wait) for each in sleeper.commands):
        world.turn()
    world.plays.remove(sleeper)
    world.alive.discard("first")
    assert rows(world.call(pays("i1", "10"), process="second"))[0].told is Told.UNKNOWN
    world.plays.append(sleeper)
    world.run()
    assert len(world.zuora.requests) == 1


def down_after_a_pause(world: World) -> None:
    """The journal is gone once somebody has waited for a second try."""
    world.journal_state = lambda: (
        "down"
        if any(isinstance(each.commands[-1], Record) and Wait in map(type, each.commands) for each in world.plays)
        else "up"
    )


@pytest.mark.parametrize(
    ("world", "asked", "requests"),
    [
        (World("lost before"), pays("d1", "80"), 1),
        (World("unsent"), pays("i1", "10"), 1),
        (saga_world("unsent"), SPLIT, 1),
        (saga_world("ok", "no", "unsent"), SPLIT, 3),
    ],
    ids=["REST", "SOAP", "a first step", "a way back"],
)
def test_what_cannot_be_recorded_once_more_is_not_sent_once_more(world: World, asked: ZObject, requests: int) -> None:
    """Every send follows a commit, the second as the first (I1)."""
    down_after_a_pause(world)
    (outcome,) = rows(world.call(asked))
    assert outcome.told in (Told.UNKNOWN, Told.UNSENT)
    assert len(world.zuora.requests) == requests


def test_a_refund_is_not_sent_again_where_that_cannot_be_recorded() -> None:
    """Its process died; the repeat has looked for it in vain, and the journal is gone."""
    world = saga_world("ok", "lost before")
    world.begin(call(SPLIT), patience=0.5)
    world.run()
    world.crash("first")
    play = world.begin(call(SPLIT), "second")
    world.journal_state = lambda: "down" if Lookup in map(type, play.commands) else "up"
    world.run()
    assert rows(play.reply)[0].told is Told.UNKNOWN
    assert len(world.zuora.requests) == 2


# ---------------------------------------------------------------- other people's changes


def test_what_somebody_else_has_changed_is_not_taken_back() -> None:
    """The refund was refused because the money was used otherwise: that is for a person to judge (90)."""
    world = saga_world("ok", "no")
    play = world.begin(call(SPLIT))
    while len(world.zuora.requests) < 2:
        world.turn()
    world.zuora.parts["p2"] = {"d7": Decimal(50)}
    world.run()
    assert [f"{each.method} {each.path}" for each, _ in world.zuora.requests] == [
        "PUT /v1/payments/p2/unapply",
        "POST /v1/payments/p2/refunds",
    ]
    assert rows(play.reply)[0].told is Told.UNKNOWN
    assert [each.state for each in world.journal.intents.values()] == [State.PARKED]


def test_what_somebody_has_taken_back_already_is_not_taken_back_again() -> None:
    """An apply adds to what is applied, and an operator was quicker."""
    world = saga_world("ok", "no")
    play = world.begin(call(SPLIT))
    while len(world.zuora.requests) < 2:
        world.turn()
    world.zuora.parts["p2"] = {"d5": Decimal(50)}
    world.run()
    assert len(world.zuora.requests) == 2
    assert rows(play.reply)[0].told is Told.REFUSED


def test_who_slept_while_taking_back_does_not_when_another_did() -> None:
    """An apply adds to what is applied: by two it would apply twice."""
    world = saga_world("ok", "no", "unsent")
    sleeper = world.begin(call(SPLIT), "first")
    while len(world.zuora.requests) < 3:
        world.turn()
    while not isinstance(sleeper.commands[-1], Wait):
        world.turn()
    world.plays.remove(sleeper)
    world.alive.discard("first")
    world.pass_time(LATER_MS)
    world.order("ok")
    other = world.begin(call(SPLIT), "second", patience=0.9)
    world.run()
    assert rows(other.reply)
    applied = [each for each, _ in world.zuora.requests if each.path.endswith("/apply")]
    world.plays.append(sleeper)
    world.run()
    assert [each for each, _ in world.zuora.requests if each.path.endswith("/apply")] == applied


# ---------------------------------------------------------------- markers that are not one object's


def test_one_marker_of_two_different_payments_proves_neither() -> None:
    """Zuora made the second one only: to tell the first as done would be untrue, now or at its repeat."""
    objects = pays("i1", "10", ReferenceId="LOCKBOX"), pays("i2", "10", ReferenceId="LOCKBOX")
    world = World("lost before")
    world.facts[WhichMade("Payment", "referenceId", "LOCKBOX", Decimal(10), A)] = Made("e" * 32, "Processed")
    assert {each.told for each in rows(world.call(*objects))} == {Told.UNKNOWN}
    world.crash("first")
    assert {each.told for each in rows(world.call(*objects, process="second"))} == {Told.UNKNOWN}
    assert {each.state for each in world.journal.intents.values()} == {State.IN_DOUBT}


def test_a_marker_counts_from_the_first_send_on() -> None:
    """An older payment with the same reference is not what this request made."""
    world = World("lost before")
    play = world.begin(call(pays("i1", "10", ReferenceId="CUSTOMER-7")))
    world.run()
    (sent, _), *_ = world.zuora.requests
    asked = [each for looked in play.commands if isinstance(looked, Lookup) for each in looked.questions]
    assert [each.since for each in asked if isinstance(each, WhichMade)] == [sent.first_sent_at]
