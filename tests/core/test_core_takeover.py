"""Taking over what may be sent again: under the lease it needs, and only under the credential it was made for."""

from __future__ import annotations

from dataclasses import replace

import pytest
from core_objects import ERP, call, pays, refund, rest, zobject
from core_world import World

from bridge.core.conduct.hold import lease_key, leased
from bridge.core.conduct.proof import kept_with
from bridge.core.intent import State
from bridge.core.model import Caller, Op, Route, Rows, Told, ZObject

MEMO = refund(PaymentId="c1", Amount="60")
PAY = pays("d1", "80", ReferenceId="E")
JSON = replace(ERP, name="shop", own=True, user_id=None)


def left(obj: ZObject, caller: Caller = ERP, mood: str = "lost before") -> World:
    """A keyed request in doubt whose process has died."""
    world = World(mood)
    world.begin(call(obj), "first", caller=caller, patience=0.5)
    world.run()
    world.crash("first")
    assert [each.state for each in world.journal.intents.values()] == [State.IN_DOUBT]
    return world


def told(world: World, obj: ZObject, **more: object) -> Told:
    """What a repeat by another process is told."""
    play = world.begin(call(obj), "second", **more)  # type: ignore[arg-type]
    while play.reply is None:
        world.turn()
    assert isinstance(play.reply, Rows)
    return play.reply.outcomes[0].told


def test_a_refund_that_is_taken_over_is_not_sent_beside_another_of_the_same_memo() -> None:
    """Its own lease was free once it was in doubt, and another refund has it now."""
    world = left(MEMO)
    world.order("slow", *["forbidden"] * 20)
    other = world.begin(call(refund(PaymentId="c1", Amount="5")), "other", patience=300)
    while len(world.zuora.requests) < 2:
        world.turn()
    before = {each.id for each, _ in world.zuora.requests}
    first = world.zuora.requests[0][0].id
    assert told(world, MEMO, patience=10) is Told.UNKNOWN
    assert [each.id for each, _ in world.zuora.requests].count(first) == 1
    assert before == {each.id for each, _ in world.zuora.requests}
    other.gone = True


def test_a_refund_that_is_taken_over_goes_out_again_under_its_lease() -> None:
    """Nobody else has it, so it is held by the refund itself again."""
    world = left(MEMO)
    world.journal.holds.clear()
    assert told(world, MEMO) is Told.APPLIED
    ((holder, whole),) = world.journal.holds.values()
    assert (holder, whole) == (next(iter(world.journal.intents)), False)


def test_whose_caller_goes_while_the_lease_is_waited_for_is_not_sent_again() -> None:
    """It was told that the outcome is not known, and nobody waits for it (I5)."""
    world = left(MEMO)
    play = world.begin(call(MEMO), "second")
    while not (world.turn() and any(type(each).__name__ == "Hold" for each in play.commands)):
        pass
    play.gone = True
    world.run()
    assert len(world.zuora.requests) == 1


@pytest.mark.parametrize("spelled", ["P1", "p1", " p1 "])
def test_however_an_id_is_spelled_the_lease_is_the_same(spelled: str) -> None:
    """Zuora takes an id in either case."""
    world = World(prefer=rest)
    world.begin(call(zobject("Payment", Id=spelled, Status="Canceled"), op=Op.UPDATE))
    world.run()
    assert {key for _, key in world.journal.holds} == {"p1"} == {lease_key(spelled)}


@pytest.mark.parametrize("fields", [{"PaymentId": "c1"}, {"CreditMemoId": "c1"}, {"CreditMemoNumber": "c1"}])
def test_however_a_memo_is_named_the_lease_is_on_its_id(fields: dict[str, str]) -> None:
    """By number or by id, by field or by extension element."""
    world = World()
    world.begin(call(refund(Amount="60", **fields)))
    world.run()
    assert {key for _, key in world.journal.holds} == {"c1"}


def test_what_a_request_needs_a_lease_on_is_told_by_its_path() -> None:
    """A payment to be made needs none; of a batch it is kept with the request, with the intent that takes it."""
    world = left(MEMO)
    (sent,) = world.journal.dispatches.values()
    (taker,) = sent.intent_ids
    assert leased(sent) == {"c1": taker}
    assert leased(replace(sent, path="/v1/payments")) == {}
    assert leased(replace(sent, path="/v1/payments/p%2F1/refunds")) == {"p/1": taker}
    assert leased(replace(sent, route=Route.ACTION)) == {}
    assert leased(replace(sent, route=Route.ACTION, snapshot='{"held": {"p/1": "i1"}}')) == {"p/1": "i1"}


@pytest.mark.parametrize(
    ("first", "second", "again"),
    [
        (ERP, ERP, True),
        (ERP, replace(ERP, name="other"), True),
        (ERP, JSON, False),
        (JSON, JSON, True),
        (JSON, replace(JSON, name="other"), False),
        (JSON, replace(JSON, name="", username="shop"), True),
        (JSON, ERP, False),
        (replace(JSON, name="", username="u"), replace(JSON, name="", username="u"), True),
    ],
)
def test_a_request_goes_out_again_only_under_the_credential_it_was_made_for(
    first: Caller, second: Caller, again: bool
) -> None:
    """Its key is the tenant's, but what its user may do, and who its object is by, is not. Others only look."""
    world = left(PAY, first)
    (sent,) = world.journal.dispatches.values()
    assert kept_with(sent)["own"] is first.own
    assert (told(world, PAY, caller=second) is Told.APPLIED) is again
    assert len(world.zuora.requests) == 1 + again
