"""Message ids and unique fields: what a caller's configuration makes of them, and what they add for all others."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from core_objects import ERP, TENANT, call, pays, refund
from core_world import Play, World
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.facts import Standing, StillStands
from bridge.core.identity import LONGEST_ID, MESSAGE_KINDS, acts, harvested
from bridge.core.intent import State
from bridge.core.model import Call, Caller, Op, Outcome, Rows, Told, ZObject

HOUR = 3_600_000
DAY = 24 * HOUR
BY_ID = replace(ERP, message_ids=("Idempotency-Key", "wsa:MessageID"))
BY_FIELD = replace(ERP, unique_field="ReferenceId")
MEMO = pays("d1", "40", ReferenceId="a")
EDITED = pays("d1", "41", ReferenceId="a")


def said(*objects: ZObject, **ids: str) -> Call:
    """A call with an Idempotency-Key (``key``), a wsa:MessageID (``wsa``) or a SAP GUID (``sap``)."""
    names = dict(zip(("key", "wsa", "sap"), MESSAGE_KINDS, strict=True))
    return harvested(call(*objects), {names[short]: text for short, text in ids.items()})


def rows(play: Play) -> tuple[Outcome, ...]:
    """What the objects were told."""
    assert isinstance(play.reply, Rows), play.reply
    return play.reply.outcomes


def asks(world: World, asked: Call, caller: Caller = BY_ID, process: str = "second", **more: Any) -> list[Outcome]:
    """A call from its beginning to its end."""
    play = world.begin(asked, process, caller=caller, **more)
    world.run()
    return list(rows(play))


def told(outcomes: list[Outcome]) -> list[tuple[Told, bool]]:
    """Success or not, joined or not."""
    return [(each.told, each.joined) for each in outcomes]


PAID, JOINED = (Told.APPLIED, False), (Told.APPLIED, True)


def test_of_several_attempts_in_one_place_only_the_newest_is_joined() -> None:
    """A repeat that changed places with its equal sister left two under one key, one canceled."""
    world = World("ok", "no", "ok")
    three = said(MEMO, MEMO, MEMO, key="m1")
    first = asks(world, three, ERP, "first", hears=False)
    assert [each.told for each in first] == [Told.APPLIED, Told.REFUSED, Told.APPLIED]
    assert first[2].zuora_id is not None
    world.facts[StillStands("Payment", first[2].zuora_id)] = Standing(False, "Canceled")
    world.acts[next(iter(world.journal.intents.values())).fingerprint] = 4
    second = asks(world, three, ERP, "second", hears=False)
    assert told(second) == [JOINED, PAID, PAID]
    third = asks(world, three, ERP, "third")
    assert told(third) == [JOINED, JOINED, JOINED]
    assert {each.zuora_id for each in third} == {each.zuora_id for each in second}


# ---------------------------------------------------------------- ids that identify


@pytest.mark.parametrize("later", [0, 20 * 60_000, 80 * HOUR, 399 * DAY], ids=["at once", "20 min", "80 h", "399 days"])
def test_the_same_id_and_content_joins_however_late(later: int) -> None:
    """Whatever the twin policy says."""
    world = World()
    (first,) = asks(world, said(MEMO, key="m1"))
    world.pass_time(later)
    (again,) = asks(world, said(MEMO, key="m1"), replace(BY_ID, twins="allow"))
    assert told([first, again]) == [PAID, JOINED]
    assert again.zuora_id == first.zuora_id


def test_another_id_with_equal_content_is_another_act() -> None:
    """The first answer was delivered; a fingerprint would have joined."""
    world = World()
    assert told(asks(world, said(MEMO, key="m1")) + asks(world, said(MEMO, key="m2"))) == [PAID, PAID]


def test_another_id_with_equal_content_waits_while_the_first_is_not_told() -> None:
    """Nothing all but equal is sent beside what nobody was told of."""
    world = World()
    asks(world, said(MEMO, key="m1"), hears=False)
    (second,) = asks(world, said(MEMO, key="m2"))
    assert (second.told, second.errors[0].code) == (Told.REFUSED, "DUPLICATE_VALUE")
    assert len(world.zuora.made) == 1


@pytest.mark.parametrize(
    "other",
    [(EDITED, MEMO), (MEMO, EDITED), (MEMO,), (MEMO, MEMO, pays("d1", "3"))],
    ids=["the first edited", "the second edited", "one less", "one more"],
)
def test_the_same_id_with_another_content_is_refused_as_a_whole(other: tuple[ZObject, ...]) -> None:
    """No object of it is sent, not even those that were not touched."""
    world = World()
    first = asks(world, said(MEMO, MEMO, key="m1"))
    sent = len(world.zuora.requests)
    refused = asks(world, said(*other, key="m1"))
    assert {(each.told, each.errors[0].code) for each in refused} == {(Told.REFUSED, "DUPLICATE_VALUE")}
    assert str(first[0].zuora_id) in refused[0].errors[0].message
    assert len(world.zuora.requests) == sent


def test_a_message_of_which_nothing_was_done_may_be_mended_under_its_id() -> None:
    """Zuora refused it, so there is nothing that the id stands for."""
    world = World("no")
    (first,) = asks(world, said(MEMO, key="m1"))
    assert first.told is Told.REFUSED
    assert told(asks(world, said(EDITED, key="m1"))) == [PAID]


def test_an_object_that_moved_up_in_its_message_is_not_paid_again() -> None:
    """The first was refused and taken out, so that the second stands in its place now."""
    world = World()
    draft = pays("d2", "5")
    first = asks(world, said(draft, MEMO, key="m1"))
    assert [each.told for each in first] == [Told.REFUSED, Told.APPLIED]
    assert [each.told for each in asks(world, said(MEMO, key="m1"))] == [Told.REFUSED]
    assert len(world.zuora.made) == 1


def test_equal_objects_of_one_message_are_told_apart_by_their_place() -> None:
    """And the repeat joins each."""
    world = World()
    first = asks(world, said(MEMO, MEMO, key="m1"), hears=False)
    again = asks(world, said(MEMO, MEMO, key="m1"))
    assert told(first + again) == [PAID, PAID, JOINED, JOINED]
    assert [each.zuora_id for each in first] == [each.zuora_id for each in again]


def test_a_door_may_leave_objects_out_without_moving_the_others() -> None:
    """The place is that in the caller's own call, and so is the content."""
    world = World()
    whole = said(pays("d1", "3"), MEMO, key="m1")
    part = replace(whole, objects=whole.objects[1:], places=(1,))
    (first,) = asks(world, part)
    again = asks(world, whole)
    assert told([first, *again]) == [PAID, PAID, JOINED]
    assert again[1].zuora_id == first.zuora_id


def test_without_an_id_the_same_caller_goes_by_fingerprints() -> None:
    """Also against what came with one, within 15 minutes and 72 hours."""
    world = World()
    (first,) = asks(world, said(MEMO, key="m1"))
    (again,) = asks(world, call(MEMO))
    assert (again.zuora_id, again.joined) == (first.zuora_id, True)
    world.pass_time(HOUR)
    assert asks(world, call(MEMO))[0].errors[0].code == "DUPLICATE_VALUE"


def test_an_id_counts_from_before_it_was_configured() -> None:
    """What came with it by another configuration is found by it."""
    world = World()
    asks(world, said(MEMO, key="m1"), ERP)
    world.pass_time(80 * HOUR)
    assert told(asks(world, said(MEMO, key="m1"))) == [JOINED]
    assert asks(world, said(EDITED, key="m1"))[0].told is Told.REFUSED


def test_ids_of_different_callers_are_different_ids() -> None:
    """Two systems may both count from one."""
    world = World()
    asks(world, said(MEMO, key="1"))
    assert told(asks(world, said(EDITED, key="1"), replace(BY_ID, name="shop"))) == [PAID]


def test_the_first_configured_kind_that_came_counts() -> None:
    """A stack that adds a fresh MessageID of its own does not disturb the key."""
    world = World()
    asks(world, said(MEMO, key="m1", wsa="u1", sap="s1"))
    assert told(asks(world, said(MEMO, key="m1", wsa="u2"))) == [JOINED]
    world.pass_time(HOUR)
    # A kind that is not configured identifies nothing.
    assert asks(world, said(MEMO, sap="s2"))[0].errors[0].code == "DUPLICATE_VALUE"


@pytest.mark.parametrize("order", range(8))
def test_two_contents_under_one_id_at_once_are_one_act(order: int) -> None:
    """The journal lets one be first."""
    world = World()
    plays = [
        world.begin(said(obj, key="m1"), name, caller=BY_ID) for obj, name in ((MEMO, "first"), (EDITED, "second"))
    ]
    for _ in range(order):
        world.turn()
    world.run(lambda ready: min(ready, key=lambda each: len(each[0].commands)))
    assert sorted(each.told.name for play in plays for each in rows(play)) == ["APPLIED", "REFUSED"]
    assert len(world.zuora.made) == 1


# ---------------------------------------------------------------- ids that only add a join


def test_an_unconfigured_id_adds_a_join() -> None:
    """After 20 minutes it would be a twin."""
    world = World()
    asks(world, said(MEMO, wsa="u1"), ERP)
    world.pass_time(20 * 60_000)
    assert asks(world, said(MEMO, wsa="u2"), ERP)[0].told is Told.REFUSED
    assert told(asks(world, said(MEMO, wsa="u1"), ERP)) == [JOINED]


def test_an_unconfigured_id_never_prevents_a_join() -> None:
    """A stack that makes a fresh one for each attempt."""
    world = World()
    asks(world, said(MEMO, wsa="u1"), ERP)
    assert told(asks(world, said(MEMO, wsa="u2"), ERP)) == [JOINED]


def test_an_unconfigured_id_refuses_no_other_content() -> None:
    """A client that always sends the same key pays what it asks for."""
    world = World()
    asks(world, said(MEMO, key="constant"), ERP)
    assert told(asks(world, said(EDITED, key="constant"), ERP)) == [PAID]


# ---------------------------------------------------------------- unique fields


def test_a_unique_value_joins_however_late_and_refuses_another_content() -> None:
    """It stands for one payment."""
    world = World()
    (first,) = asks(world, call(MEMO), BY_FIELD)
    world.pass_time(300 * DAY)
    assert told(asks(world, call(MEMO), BY_FIELD)) == [JOINED]
    (refused, other) = asks(world, call(EDITED, pays("d1", "2", ReferenceId="c")), BY_FIELD)
    assert (refused.told, refused.errors[0].code) == (Told.REFUSED, "DUPLICATE_VALUE")
    assert f"This ReferenceId was used before, for another content with {first.zuora_id}." in refused.errors[0].message
    assert other.told is Told.APPLIED


def test_of_one_transaction_nothing_is_sent_beside_a_value_that_was_used() -> None:
    """It goes as a whole or not at all."""
    world = World()
    (first, second) = asks(world, call(MEMO, MEMO, single_transaction=True), BY_FIELD)
    assert (first.told, second.told) == (Told.UNSENT, Told.REFUSED)
    asks(world, call(MEMO), BY_FIELD)
    mixed = call(EDITED, pays("i1", "2", ReferenceId="c"), single_transaction=True)
    assert [each.told for each in asks(world, mixed, BY_FIELD)] == [Told.REFUSED, Told.UNSENT]
    assert len(world.zuora.made) == 1


def test_another_unique_value_is_another_act() -> None:
    """Equal otherwise, and both told."""
    world = World()
    other = pays("d1", "40", ReferenceId="b")
    assert told(asks(world, call(MEMO), BY_FIELD) + asks(world, call(other), BY_FIELD)) == [PAID, PAID]


def test_a_unique_value_twice_in_one_call_is_refused_the_second_time() -> None:
    """It cannot be meant for both; the repeat says the same."""
    world = World()
    for expected in (PAID, JOINED):
        first, second = asks(world, call(MEMO, MEMO), BY_FIELD)
        assert told([first, second]) == [expected, (Told.REFUSED, False)]
        assert second.errors[0].code == "DUPLICATE_VALUE"
        assert "of an earlier object of this call. Nothing was sent" in second.errors[0].message
    assert len(world.zuora.made) == 1


def test_an_object_without_the_field_goes_by_its_fingerprint() -> None:
    """And one value on a payment and on a refund are two."""
    world = World()
    without = pays("d1", "40")
    assert told(asks(world, call(without), BY_FIELD) + asks(world, call(without), BY_FIELD)) == [PAID, JOINED]
    refunded = refund(PaymentId="p1", Amount="5", ReferenceId="a")
    assert told(asks(world, call(MEMO), BY_FIELD) + asks(world, call(refunded), BY_FIELD)) == [PAID, PAID]


def test_spaces_around_a_unique_value_mean_nothing() -> None:
    """As Zuora takes it."""
    world = World()
    asks(world, call(MEMO), BY_FIELD)
    (again,) = asks(world, call(pays("d1", "41", ReferenceId=" a ")), BY_FIELD)
    assert again.told is Told.REFUSED


# ---------------------------------------------------------------- crashes


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("caller", [BY_ID, BY_FIELD, ERP], ids=["id", "field", "added"])
def test_a_keyed_call_dropped_at_any_command_is_finished_by_its_repeat(caller: Caller, when: str) -> None:
    """Days later as well as at once."""
    asked = said(MEMO, key="m1")
    undisturbed = World().begin(asked, caller=caller)
    undisturbed._world.run()
    for place in range(1, len(undisturbed.commands) + 1):
        world = World()
        world.begin(asked, "first", caller=caller).crash = (place, when)
        world.run()
        for process in ("second", "third"):
            world.crash("first")
            assert told(asks(world, asked, caller, process))[0][0] is Told.APPLIED
            world.pass_time(80 * HOUR)
        assert len(world.zuora.made) == 1
        assert {each.state for each in world.journal.intents.values()} <= {State.APPLIED, State.REFUSED}


# ---------------------------------------------------------------- what is kept


@given(st.text(min_size=1, max_size=LONGEST_ID))
def test_no_id_is_kept_in_clear(text: str) -> None:
    """Only hashes go on from a door."""
    asked = harvested(call(MEMO), {"Idempotency-Key": text})
    assert asked.message is not None
    (kept,) = asked.message.ids.values()
    (act,) = acts(asked, BY_ID, TENANT)
    for each in (kept, asked.message.content, act.fingerprint, act.key, act.content):
        assert each is not None
        assert len(each) == 64
        assert set(each) <= set("0123456789abcdef")


def test_an_id_that_is_too_long_counts_as_none() -> None:
    """255 characters, as Zuora's own keys."""
    assert harvested(call(MEMO), {"Idempotency-Key": "x" * LONGEST_ID}).message is not None
    assert harvested(call(MEMO), {"Idempotency-Key": "x" * (LONGEST_ID + 1)}).message is None
    assert harvested(call(MEMO), {"Idempotency-Key": ""}).message is None


def test_an_update_has_no_key() -> None:
    """It joins while unsettled only, so an id could not add anything."""
    assert harvested(call(MEMO, op=Op.UPDATE), {"Idempotency-Key": "m1"}).message is None
