"""An Action carries several objects: what is known of some of them must not keep the others from their end."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from core_objects import call, pays, policy, zobject
from core_world import World

from bridge.core.intent import State
from bridge.core.model import Op, Route, Rows, Told, ZObject

OBJECTS = (pays("i1", "10"), pays("i2", "20"))


@policy
def actions(_obj: ZObject) -> Route:
    """The policy of a caller that goes by Actions."""
    return Route.ACTION


def test_an_orphan_beside_a_delivered_payment_is_found_out_by_the_same_request() -> None:
    """Another process took one of two over and died; the other was recorded, told, and is long done."""
    world = World(prefer=actions)
    first = world.begin(call(*OBJECTS))
    while not world.zuora.requests:
        world.turn()
    orphan, done = world.journal.intents
    world.journal.intents[orphan] = replace(world.intent(orphan), owner="dead")
    world.run()
    assert [world.state(each) for each in (orphan, done)] == [State.SENDING, State.APPLIED]
    assert isinstance(first.reply, Rows)
    world.crash("first")
    reply = world.call(*OBJECTS, process="second")
    assert isinstance(reply, Rows)
    assert [each.told for each in reply.outcomes] == [Told.APPLIED, Told.APPLIED]
    assert [each.zuora_id for each in reply.outcomes] == [each.zuora_id for each in first.reply.outcomes]
    assert (len(world.zuora.requests), len(world.zuora.made)) == (2, 2)


def cancels(world: World) -> None:
    """Two payments that SOAP and Actions do not know."""
    world.zuora.soap_knows = False
    for each in ("p2", "p3"):
        world.zuora.parts[each] = {"d5": Decimal(5)}


CANCELS = call(*(zobject("Payment", Id=each, Status="Canceled") for each in ("p2", "p3")), op=Op.UPDATE)


def test_a_row_of_the_action_does_not_end_what_went_on_by_rest() -> None:
    """The process died behind the cancel by REST of the second; the first, repeated, gets the Action's rows again."""
    world = World(prefer=actions)
    cancels(world)
    dark, records = iter([True]), iter(range(1, 100))
    world.dark = lambda: next(dark, False)
    world.journal_state = lambda: "down" if len(world.zuora.requests) == 1 and next(records) == 2 else "up"
    world.begin(CANCELS)
    while len(world.zuora.requests) < 2:
        assert world.turn()
    world.crash("first")
    play = world.begin(CANCELS, "second")
    world.run()
    assert isinstance(play.reply, Rows)
    assert [each.told for each in play.reply.outcomes] == [Told.REFUSED, Told.APPLIED]
    assert (world.zuora.status.get("p2"), world.zuora.status["p3"]) == (None, "Canceled")


def test_an_action_that_may_never_have_left_is_not_sent_for_what_is_done_already() -> None:
    """One of its payments was found by its reference, however it came to be: the Action would make it again."""
    world = World("lost before", prefer=actions)
    marked = (pays("i1", "10", ReferenceId="ERP-1"), pays("i2", "20"))
    markers = {0: "ERP-1", 1: None}
    world.zuora.markers_of_soap = lambda intent_id: markers[world.intent(intent_id).position]
    world.begin(call(*marked), patience=0.5)
    world.run()
    world.crash("first")
    found, other = world.journal.intents
    made = world.zuora._make(found, Route.SOAP, "ERP-1")
    play = world.begin(call(*marked), "second")
    world.run()
    assert isinstance(play.reply, Rows)
    assert [(each.told, each.zuora_id) for each in play.reply.outcomes] == [(Told.APPLIED, made), (Told.UNKNOWN, None)]
    assert (len(world.zuora.requests), world.state(other)) == (1, State.IN_DOUBT)
