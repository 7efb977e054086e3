"""Requests of many objects: SOAP with a REST request behind a refusal, and Actions, which have a key."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest
from core_objects import FACTS, STRANGER, call, pays, policy, rest, zobject
from core_world import Play, World

from bridge.core.commands import Adopted, Compose, Record
from bridge.core.conduct.proof import quiet_since
from bridge.core.facts import Several, WhichMade
from bridge.core.intent import State
from bridge.core.model import CallFault, Op, Outcome, Reply, Route, Rows, Told, ZObject


@policy
def actions(_obj: ZObject) -> Route:
    """The policy of a caller that goes by Actions."""
    return Route.ACTION


def rows(reply: Reply | None) -> tuple[Outcome, ...]:
    """The rows of an answer that has some."""
    assert isinstance(reply, Rows)
    return reply.outcomes


def changed(world: World, obj: ZObject, op: Op, process: str = "first", **more: Any) -> Play:
    """An update or delete, conducted to its end."""
    play = world.begin(call(obj, op=op), process, **more)
    world.run()
    return play


def sent(world: World) -> list[str]:
    """What reached Zuora, in order."""
    return [f"{each.route.value} {each.method} {each.path.rpartition('/')[2]}" for each, _ in world.zuora.requests]


CANCEL = zobject("Payment", Id="p2", Status="Canceled")
CANCEL_REFUND = zobject("Refund", Id="r1", Status="Canceled")
DELETE = zobject("Payment", Id="p2")

# ---------------------------------------------------------------- behind a refusal by SOAP


@pytest.mark.parametrize("obj", [CANCEL, CANCEL_REFUND])
def test_what_soap_cannot_cancel_is_canceled_by_rest(obj: ZObject) -> None:
    """A payment that pays a debit memo (70), a refund of a credit memo (103)."""
    world = World("no")
    world.zuora.parts["p2"] = {"d5": Decimal(50)}
    (outcome,) = rows(changed(world, obj, Op.UPDATE).reply)
    assert (outcome.told, outcome.zuora_id) == (Told.APPLIED, obj.get("Id"))
    assert sent(world) == ["soap POST 107.0", "rest PUT cancel"]


def test_what_is_canceled_and_soap_cannot_delete_is_deleted_by_rest() -> None:
    """Behind 70 (76)."""
    world = World("no")
    world.zuora.status["p2"] = "Canceled"
    (outcome,) = rows(changed(world, DELETE, Op.DELETE).reply)
    assert (outcome.told, outcome.zuora_id) == (Told.APPLIED, "p2")
    assert sent(world) == ["soap POST 107.0", "rest DELETE p2"]


@pytest.mark.parametrize(
    ("obj", "op", "parts", "status"),
    [
        (CANCEL, Op.UPDATE, {}, "Processed"),
        (CANCEL, Op.UPDATE, None, "Processed"),
        (CANCEL, Op.UPDATE, {"d5": Decimal(50)}, "Canceled"),
        (CANCEL, Op.UPDATE, {"d5": Decimal(50)}, "deleted"),
        (CANCEL_REFUND, Op.UPDATE, None, "Canceled"),
        (DELETE, Op.DELETE, None, "Processed"),
        (DELETE, Op.DELETE, None, "deleted"),
        (zobject("Payment", Id="p2", Status="Voided"), Op.UPDATE, {"d5": Decimal(50)}, "Processed"),
    ],
)
def test_what_soap_could_know_is_refused_in_its_own_words(
    obj: ZObject, op: Op, parts: dict[str, Decimal] | None, status: str
) -> None:
    """A processed payment is not deleted (75), nothing is canceled twice, void has no counterpart (72)."""
    world = World("no")
    world.zuora.status[obj.get("Id") or ""] = status
    if parts is not None:
        world.zuora.parts["p2"] = parts
    (outcome,) = rows(changed(world, obj, op).reply)
    assert (outcome.told, outcome.errors[0].code) == (Told.REFUSED, "INVALID_VALUE")
    assert sent(world) == ["soap POST 107.0"]


@pytest.mark.parametrize("obj", [CANCEL, CANCEL_REFUND])
@pytest.mark.parametrize(("status", "told"), [("Canceled", Told.APPLIED), ("Processed", Told.REFUSED)])
def test_what_is_canceled_already_is_canceled_where_policy_says_rest(obj: ZObject, status: str, told: Told) -> None:
    """As SOAP says of it; REST would refuse."""
    world = World("no", prefer=rest)
    world.zuora.status[obj.get("Id") or ""] = status
    (outcome,) = rows(changed(world, obj, Op.UPDATE).reply)
    assert outcome.told is told
    assert sent(world) == ["rest PUT cancel"]


def test_where_rest_refuses_too_the_caller_hears_what_soap_said() -> None:
    """Those are the words it knows."""
    world = World("no", "no")
    world.zuora.parts["p2"] = {"d5": Decimal(50)}
    (outcome,) = rows(changed(world, CANCEL, Op.UPDATE).reply)
    assert (outcome.told, outcome.errors[0].message) == (Told.REFUSED, "The balance of the debit memo is too low.")
    assert len(outcome.errors) == 1
    assert not outcome.errors[0].message.startswith("[REST")


@pytest.mark.parametrize("mood", ["lost after", "502 after"])
def test_a_fall_back_without_an_answer_is_found_out_by_reading(mood: str) -> None:
    """It has no key, so it is sent once."""
    world = World("no", mood)
    world.zuora.parts["p2"] = {"d5": Decimal(50)}
    (outcome,) = rows(changed(world, CANCEL, Op.UPDATE).reply)
    assert outcome.told is Told.APPLIED
    assert len(world.zuora.requests) == 2


def test_a_fall_back_that_nothing_shows_is_in_doubt_until_the_repeat_finds_it() -> None:
    """Its end is looked for and nothing is sent again (71)."""
    world = World("no", "slow")
    world.zuora.parts["p2"] = {"d5": Decimal(50)}
    (outcome,) = rows(changed(world, CANCEL, Op.UPDATE, patience=5).reply)
    assert outcome.told is Told.UNKNOWN
    world.pass_time(40_000)
    (found,) = rows(changed(world, CANCEL, Op.UPDATE, "second").reply)
    assert (found.told, found.joined) == (Told.APPLIED, True)
    assert len(world.zuora.requests) == 2


def test_nobody_falls_back_to_a_credential_that_is_not_theirs() -> None:
    """The owner has allowed this caller nothing."""
    world = World("no")
    world.zuora.parts["p2"] = {"d5": Decimal(50)}
    (outcome,) = rows(changed(world, CANCEL, Op.UPDATE, caller=STRANGER).reply)
    assert outcome.told is Told.REFUSED
    assert len(world.zuora.requests) == 1


def test_a_fall_back_that_cannot_be_recorded_is_not_sent() -> None:
    """I1."""
    world = World("no")
    world.zuora.parts["p2"] = {"d5": Decimal(50)}
    count = iter(range(1, 100))
    sent_before = lambda: len(world.zuora.requests) == 1 and next(count) == 2  # noqa: E731
    world.journal_state = lambda: "down" if sent_before() else "up"
    (outcome,) = rows(changed(world, CANCEL, Op.UPDATE).reply)
    assert outcome.told is Told.REFUSED
    assert len(world.zuora.requests) == 1


# ---------------------------------------------------------------- Actions


def test_actions_carry_the_objects_of_a_call_in_one_request() -> None:
    """As SOAP does, but with a key."""
    world = World(prefer=actions)
    play = world.begin(call(pays("i1", "10"), pays("i1", "10"), pays("d1", "5")))
    world.run()
    assert [each.told for each in rows(play.reply)] == [Told.APPLIED] * 3
    (dispatch, _), (memo, _) = world.zuora.requests
    assert (dispatch.route, memo.route) == (Route.ACTION, Route.REST)
    assert dispatch.key == dict(dispatch.headers)["Idempotency-Key"]
    assert [each.route for each in play.commands if isinstance(each, Compose)] == [Route.ACTION]


@pytest.mark.parametrize("mood", ["lost after", "lost before", "502 after", "html", "internal"])
def test_an_action_without_a_verdict_is_repeated_under_its_key(mood: str) -> None:
    """The same bytes; each object exists once."""
    world = World(mood, prefer=actions)
    play = world.begin(call(pays("i1", "10"), pays("i2", "10")))
    world.run()
    assert [each.told for each in rows(play.reply)] == [Told.APPLIED] * 2
    assert len(world.zuora.made) == 2
    bodies = {(dispatch.key, dispatch.body) for dispatch, _ in world.zuora.requests}
    assert (len(world.zuora.requests), len(bodies)) == (2, 1)


def test_a_fault_behind_a_doubt_proves_nothing() -> None:
    """It may come from before the key was looked at."""
    world = World("lost after", "forbidden", prefer=actions)
    play = world.begin(call(pays("i1", "10")), patience=2.5)
    world.run()
    (outcome,) = rows(play.reply)
    assert outcome.told is Told.UNKNOWN
    assert {each.state for each in world.journal.intents.values()} == {State.IN_DOUBT}


def test_each_object_of_an_orphaned_action_takes_its_own_row() -> None:
    """Its process died; the repeat sends the same request under the same key, as often as it has objects."""
    world = World("lost after", prefer=actions)
    objects = (pays("i1", "10"), pays("i2", "20"))
    world.begin(call(*objects), patience=0.5)
    world.run()
    world.crash("first")
    play = world.begin(call(*objects), "second")
    world.run()
    assert [each.told for each in rows(play.reply)] == [Told.APPLIED] * 2
    assert len({each.zuora_id for each in rows(play.reply)}) == len(world.zuora.made) == 2


def test_each_object_of_an_orphaned_action_is_driven_under_a_name_of_its_own() -> None:
    """So whoever sends the Action again takes the others with it, and none of them is proved absent meanwhile (I2)."""
    world = World("lost after", prefer=actions)
    objects = (pays("i1", "10"), pays("i2", "20"), pays("i3", "30"))
    world.begin(call(*objects), patience=0.5)
    world.run()
    world.crash("first")
    play = world.begin(call(*objects), "second")
    world.run()
    adopted = [
        change
        for each in play.commands
        if isinstance(each, Record)
        for change in each.changes
        if isinstance(change, Adopted) and change.owner != change.previous
    ]
    # The first one sends it again and has all of them under its own name by then, so that its row settles all.
    assert {(each.intent_id, each.owner) for each in adopted} == {
        (each, f"second/{play.errand.call_id}.0") for each in world.journal.intents
    }
    assert len(world.zuora.made) == 3


def test_a_refused_action_is_a_fault_and_nothing_follows() -> None:
    """What was to follow by REST is not sent."""
    world = World("forbidden", prefer=actions)
    play = world.begin(call(pays("i1", "10"), pays("d1", "5")))
    world.run()
    assert isinstance(play.reply, CallFault)
    assert len(world.zuora.requests) == 1


@policy
def mixed(obj: ZObject) -> Route:
    """A policy that moves invoice i2 to Actions."""
    return Route.ACTION if obj.get("InvoiceId") == "i2" else Route.SOAP


@pytest.mark.parametrize(
    ("moods", "told"),
    [
        ([], [Told.APPLIED] * 3),
        (["no"], [Told.REFUSED, Told.APPLIED, Told.APPLIED]),
        (["ok", "no"], [Told.APPLIED, Told.REFUSED, Told.APPLIED]),
    ],
)
def test_soap_goes_first_then_actions_then_rest(moods: Sequence[str], told: Sequence[Told]) -> None:
    """One answer in the caller's order."""
    world = World(*moods, prefer=mixed)
    play = world.begin(call(pays("i1", "10"), pays("i2", "20"), pays("d1", "5")))
    world.run()
    assert [each.told for each in rows(play.reply)] == list(told)
    assert [each.route for each, _ in world.zuora.requests] == [Route.SOAP, Route.ACTION, Route.REST]


@pytest.mark.parametrize("why", ["gone", "down"])
def test_actions_that_cannot_be_begun_are_not_sent(why: str) -> None:
    """The caller hung up during the SOAP request, or the journal cannot record that they are sent."""
    world = World(prefer=mixed)
    play = world.begin(call(pays("i1", "10"), pays("i2", "20")))
    while not world.zuora.requests:
        world.turn()
    count = iter(range(1, 100))
    if why == "gone":
        play.gone = True
    else:
        world.journal_state = lambda: "down" if next(count) == 2 else "up"
    world.run()
    assert [each.route for each, _ in world.zuora.requests] == [Route.SOAP]
    left = {each.state for each in world.journal.intents.values() if each.route is Route.ACTION}
    assert left <= {State.REFUSED, State.PLANNED}
    told = rows(play.reply)[1].told
    assert told is (Told.UNSENT if why == "gone" else Told.UNKNOWN)


# ---------------------------------------------------------------- markers


MARKED = pays("i1", "10", ReferenceId="ERP-1")


@pytest.mark.parametrize("name", ["ReferenceId", "GatewayOrderId"])
def test_a_soap_payment_without_an_answer_is_found_by_its_marker(name: str) -> None:
    """SOAP has no key; a reference of the caller's is as good (50)."""
    obj = pays("i1", "10", **{name: "ERP-1"})
    world = World("lost after")
    world.zuora.markers_of_soap = lambda _: "ERP-1"
    (outcome,) = rows(world.call(obj))
    assert outcome.told is Told.APPLIED
    assert len(world.zuora.requests) == 1


def test_a_soap_payment_that_appears_late_is_found_by_the_repeat() -> None:
    """Told as unknown at first, and never sent again."""
    world = World("slow")
    world.zuora.markers_of_soap = lambda _: "ERP-1"
    assert rows(world.call(MARKED))[0].told is Told.UNKNOWN
    world.pass_time(40_000)
    (found,) = rows(world.call(MARKED, process="second"))
    assert (found.told, found.joined) == (Told.APPLIED, True)
    assert len(world.zuora.requests) == 1


def test_a_soap_payment_that_is_proved_absent_is_a_new_attempt() -> None:
    """Two looks, long after nothing can be on its way any more."""
    world = World("lost before")
    world.zuora.markers_of_soap = lambda _: "ERP-1"
    assert rows(world.call(MARKED))[0].told is Told.UNKNOWN
    dispatch = next(iter(world.journal.dispatches.values()))
    errand = world.begin(call(MARKED), "second").errand
    world.run()
    world.pass_time(quiet_since(errand, dispatch) - world.now + 1)
    (again,) = rows(world.call(MARKED, process="third"))
    assert (again.told, again.joined, len(world.zuora.made)) == (Told.APPLIED, False, 1)


def test_a_marker_that_two_objects_have_proves_nothing() -> None:
    """It stays in doubt, for a person or the recoverer."""
    question = WhichMade("Payment", "referenceId", "ERP-1", Decimal(10), MARKED.get("AccountId"))
    world = World("lost after", facts={**FACTS, question: Several(("a", "b"))})
    assert rows(world.call(MARKED))[0].told is Told.UNKNOWN
