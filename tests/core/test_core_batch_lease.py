"""What goes by SOAP or as an Action takes the lease on what it changes, as what goes by REST does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from core_objects import FACTS, call, paid, pays, policy, refund, rest, soap, zobject
from core_sagas import SPLIT, TENANT_WITHOUT, world_of
from core_world import Play, World

from bridge.core.classify import Prefer
from bridge.core.commands import Hold
from bridge.core.conduct.hold import lease_key
from bridge.core.facts import WhichSource
from bridge.core.intent import State
from bridge.core.model import Op, Route, Told, ZObject

P1 = "p1"
OTHER = "p7"


@policy
def actions(_obj: ZObject) -> Route:
    """Everything that SOAP could carry goes as an Action."""
    return Route.ACTION


def back(payment_id: str, amount: str, **more: str) -> ZObject:
    """A refund of a payment that has no debit memo in it."""
    return refund(PaymentId=payment_id, Amount=amount, **more)


def taken(play: Play) -> list[str]:
    """What it took leases on, in order."""
    return [each.key for each in play.commands if isinstance(each, Hold)]


def with_holder(world: World, *keys: str) -> None:
    """Another intent of the bridge, whose saga nobody has ended, has these payments to itself."""
    busy = world.begin(call(pays("i1", "9", ReferenceId="busy")), "elsewhere")
    while not world.journal.intents:
        world.turn()
    world.plays.remove(busy)
    (intent,) = world.journal.intents.values()
    world.journal.intents[intent.id] = replace(intent, state=State.SENDING, owner="elsewhere")
    for key in keys:
        assert world.journal.hold(intent.scope, lease_key(key), intent.id, whole=True) is not False


@pytest.mark.parametrize("prefer", [soap, actions])
def test_a_refund_in_a_batch_takes_the_lease_on_its_payment(prefer: Prefer) -> None:
    """It is recorded, takes the lease, and only then is composed and sent."""
    world = World(facts={**FACTS, WhichSource(OTHER): paid(OTHER, "45")}, prefer=prefer)
    play = world.begin(call(back(OTHER, "3"), back(P1, "2")))
    world.run()
    assert [each.told for each in play.outcomes()] == [Told.APPLIED, Told.APPLIED]
    assert taken(play) == [P1, OTHER]
    assert len(world.zuora.requests) == 1


def test_refunds_of_one_payment_in_one_batch_share_its_lease() -> None:
    """They go in one request and end together, so the first has it for both."""
    world = World()
    play = world.begin(call(back(P1, "3"), back(P1.upper(), "2")))
    world.facts[WhichSource(P1.upper())] = FACTS[WhichSource(P1)]
    world.run()
    assert [each.told for each in play.outcomes()] == [Told.APPLIED, Told.APPLIED]
    assert taken(play) == [P1]


def test_what_finds_its_payment_taken_is_not_sent_and_the_rest_of_the_batch_is() -> None:
    """Somebody's saga has the payment: the row says so, and its neighbours do not suffer."""
    world = World(facts={**FACTS, WhichSource(OTHER): paid(OTHER, "45")})
    with_holder(world, P1)
    play = world.begin(call(back(P1, "3"), back(OTHER, "2")))
    world.run()
    first, second = play.outcomes()
    assert (first.told, second.told) == (Told.UNSENT, Told.APPLIED)
    assert "another change of the same payment" in first.errors[0].message
    ((sent, _),) = world.zuora.requests
    assert sent.intent_ids == (second.intent_id,)
    assert world.state(first.intent_id) is State.REFUSED


def test_a_transaction_goes_with_all_its_leases_or_not_at_all() -> None:
    """One payment is taken, so neither refund is sent."""
    world = World(facts={**FACTS, WhichSource(OTHER): paid(OTHER, "45")})
    with_holder(world, P1)
    play = world.begin(call(back(P1, "3"), back(OTHER, "2"), single_transaction=True))
    world.run()
    assert [each.told for each in play.outcomes()] == [Told.UNSENT, Told.UNSENT]
    assert world.zuora.requests == []


def test_a_batch_whose_every_payment_is_taken_sends_nothing() -> None:
    """There is nothing left to compose."""
    world = World()
    with_holder(world, P1)
    play = world.begin(call(back(P1, "3")))
    world.run()
    assert [each.told for each in play.outcomes()] == [Told.UNSENT]
    assert world.zuora.requests == []


def test_a_refund_by_soap_waits_for_the_saga_that_is_in_doubt() -> None:
    """The saga went by REST before the owner rolled back; the refund by SOAP would look like somebody else's hand."""
    world = world_of("lost before")
    world.begin(call(SPLIT), "first", patience=0.5)
    world.run()
    assert [each.state for each in world.journal.intents.values()] == [State.IN_DOUBT]
    world.prefer = soap
    world.facts[WhichSource("p2")] = paid("p2", "80")
    play = world.begin(call(back("p2", "7")), "second")
    world.run()
    assert [each.told for each in play.outcomes()] == [Told.UNSENT]
    assert len(world.zuora.requests) == 1


@pytest.mark.parametrize(("op", "kind"), [(Op.UPDATE, "Payment"), (Op.DELETE, "Payment"), (Op.UPDATE, "Refund")])
@pytest.mark.parametrize("prefer", [soap, rest])
def test_changes_and_deletions_take_the_lease_whichever_way_they_go(op: Op, kind: str, prefer: Prefer) -> None:
    """On the object that they name."""
    world = World(prefer=prefer, tenant=TENANT_WITHOUT)
    fields = {"Id": "9" * 32} | ({"Comment": "c"} if op is Op.UPDATE else {})
    play = world.begin(call(zobject(kind, **fields), op=op))
    world.run()
    assert taken(play) == ["9" * 32]


def test_what_can_be_no_id_takes_no_lease() -> None:
    """Zuora refuses it in its own words."""
    world = World()
    play = world.begin(call(zobject("Payment", Id="no id", Comment="c"), op=Op.UPDATE))
    world.run()
    assert taken(play) == []


def test_an_action_is_sent_again_under_the_leases_it_was_sent_under() -> None:
    """Each by the intent that took it; while somebody else has one of them, it stays in doubt."""
    facts: Mapping[object, object] = {**FACTS, WhichSource(OTHER): paid(OTHER, "45")}
    world = World("lost before", facts=facts, prefer=actions)  # type: ignore[arg-type]
    objects = back(P1, "3"), back(OTHER, "2")
    world.begin(call(*objects), "first", patience=0.5)
    world.run()
    world.crash("first")
    (dispatch,) = world.journal.dispatches.values()
    play = world.begin(call(*objects), "second")
    world.run()
    assert [each.told for each in play.outcomes()] == [Told.APPLIED, Told.APPLIED]
    assert {(each.key, each.intent_id) for each in play.commands if isinstance(each, Hold)} == {
        (P1, dispatch.intent_ids[0]),
        (OTHER, dispatch.intent_ids[1]),
    }


def test_a_lease_that_the_journal_cannot_record_is_none() -> None:
    """Nothing is sent, and the caller hears so."""
    world = World()
    play = world.begin(call(back(P1, "3")))
    world.journal_state = lambda: "down" if taken(play) else "up"
    world.run()
    assert [each.told for each in play.outcomes()] == [Told.UNSENT]
    assert world.zuora.requests == []
