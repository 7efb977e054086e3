"""An Action carries several objects: what is known of some of them must not keep the others from their end."""

from __future__ import annotations

from dataclasses import replace

from core_objects import call, pays
from core_world import World

from bridge.core.intent import State
from bridge.core.model import Route, Rows, Told, ZObject

OBJECTS = (pays("i1", "10"), pays("i2", "20"))


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
