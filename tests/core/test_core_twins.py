"""Two calls that are all but equal: never beside each other unasked, and never waiting for each other."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

import pytest
from core_objects import ERP, call, part, payment, pays
from core_world import Play, World
from core_zuora import Made

from bridge.core.facts import NoVerdict, StillStands
from bridge.core.intent import State
from bridge.core.model import Outcome, Rows, Told, ZObject

HOUR = 3_600_000
FIRST = pays("d1", "40", ReferenceId="a")
SECOND = pays("d1", "40", ReferenceId="b")
CALLERS = {twins: replace(ERP, twins=twins) for twins in ("fault", "join", "allow")}
TEXT = "Equal to {} of 2026-02-20; another ReferenceId makes it a second payment."


def rows(play: Play) -> tuple[Outcome, ...]:
    """What the objects were told."""
    assert isinstance(play.reply, Rows), play.reply
    return play.reply.outcomes


def asks(world: World, *objects: ZObject, process: str = "second", **more: Any) -> tuple[Outcome, ...]:
    """A call from its beginning to its end."""
    play = world.begin(call(*objects), process, **more)
    world.run()
    return rows(play)


def on_its_way(world: World, obj: ZObject = FIRST, **more: Any) -> Play:
    """A call that has been recorded and not sent yet."""
    play = world.begin(call(obj), "first", **more)
    while not world.journal.intents:
        world.turn()
    return play


def made(world: World) -> list[Made]:
    """What was paid."""
    return world.zuora.made


# ---------------------------------------------------------------- one after another


def test_two_genuine_equal_payments_one_after_another_are_two() -> None:
    """59: the first answer was delivered before the second call came."""
    world = World()
    assert [each.told for each in asks(world, FIRST) + asks(world, SECOND)] == [Told.APPLIED] * 2
    assert len(made(world)) == 2
    world.pass_time(HOUR)
    (again,) = asks(world, SECOND)
    assert (again.told, again.errors[0].code) == (Told.REFUSED, "DUPLICATE_VALUE")


@pytest.mark.parametrize("twins", CALLERS)
def test_a_near_twin_whose_answer_was_lost_is_left_to_the_policy(twins: str) -> None:
    """Its caller may be the same, with another reference for the same payment."""
    world = World()
    (first,) = asks(world, FIRST, hears=False)
    (second,) = asks(world, SECOND, caller=CALLERS[twins])
    if twins == "fault":
        (error,) = second.errors
        assert (second.told, error.code, second.intent_id) == (Told.REFUSED, "DUPLICATE_VALUE", None)
        assert error.message.startswith(TEXT.format(first.zuora_id))
        assert error.message.endswith("repeat its call first.")
    elif twins == "join":
        assert (second.told, second.zuora_id, second.joined) == (Told.APPLIED, first.zuora_id, True)
    else:
        assert (second.told, second.joined) == (Told.APPLIED, False)
    assert len(made(world)) == 1 + (twins == "allow")


def test_once_the_first_call_was_repeated_and_told_the_second_goes() -> None:
    """What the refusal asks for helps."""
    world = World()
    (first,) = asks(world, FIRST, hears=False)
    assert asks(world, SECOND)[0].told is Told.REFUSED
    (again,) = asks(world, FIRST)
    assert (again.zuora_id, again.joined) == (first.zuora_id, True)
    assert asks(world, SECOND)[0].told is Told.APPLIED


def test_a_lost_answer_guards_for_72_hours() -> None:
    """Next month's equal payment is not held up by it."""
    world = World()
    asks(world, FIRST, hears=False)
    world.pass_time(73 * HOUR)
    assert asks(world, SECOND)[0].told is Told.APPLIED


def test_a_near_twin_that_does_not_stand_any_more_is_none() -> None:
    """It was deleted in Zuora."""
    world = World()
    (first,) = asks(world, FIRST, hears=False)
    world.zuora.made.clear()
    second = world.begin(call(SECOND), "second")
    world.acts[second.prints[0]] = 1
    world.run()
    assert rows(second)[0].told is Told.APPLIED
    assert rows(second)[0].intent_id != first.intent_id


def test_a_near_twin_that_cannot_be_read_leaves_no_doubt_about_the_new_one() -> None:
    """It was not sent, and that is what is told."""
    world = World()
    (first,) = asks(world, FIRST, hears=False)
    assert first.zuora_id is not None
    world.facts[StillStands("Payment", first.zuora_id)] = NoVerdict("not now")
    (second,) = asks(world, SECOND)
    assert (second.told, "not sent" in second.errors[0].message) == (Told.UNSENT, True)


# ---------------------------------------------------------------- at once


@pytest.mark.parametrize("twins", CALLERS)
@pytest.mark.parametrize("process", ["first", "second"])
def test_a_near_twin_on_its_way_is_waited_for(twins: str, process: str) -> None:
    """In the same process or in another; nothing is sent beside it."""
    world = World()
    first = on_its_way(world)
    second = world.begin(call(SECOND), process, caller=CALLERS[twins])
    world.run(_last)
    assert rows(first)[0].told is Told.APPLIED
    told = {"fault": Told.REFUSED, "join": Told.APPLIED, "allow": Told.APPLIED}[twins]
    assert (rows(second)[0].told, rows(second)[0].joined) == (told, twins == "join")
    assert len(made(world)) == 1 + (twins == "allow")
    if twins == "fault":
        assert rows(second)[0].errors[0].message == TEXT.format(rows(first)[0].zuora_id)


@pytest.mark.parametrize("moods", [["no"], ["unsent"] * 5], ids=["refused", "unsent"])
def test_beside_one_that_was_not_done_the_new_one_is_sent(moods: list[str]) -> None:
    """Refused, or proved unsent."""
    world = World(*moods)
    first = on_its_way(world, patience=3)
    second = world.begin(call(SECOND), "second")
    while first.reply is None:
        world.turn(_last)
    world.order()
    world.run()
    assert rows(first)[0].told is not Told.APPLIED
    assert rows(second)[0].told is Told.APPLIED
    assert len(made(world)) == 1


@pytest.mark.parametrize(("version", "code"), [("107.0", "TEMPORARY_ERROR"), ("59.0", "UNKNOWN_ERROR")])
def test_what_stays_in_doubt_holds_the_new_one_back(version: str, code: str) -> None:
    """Told as not sent, in time and in the caller's version."""
    world = World("lost before", "lost before", "lost before")
    (first,) = asks(world, pays("i1", "100", Comment="a"), process="first")
    assert (first.told, world.state(first.intent_id)) == (Told.UNKNOWN, State.IN_DOUBT)
    play = world.begin(call(pays("i1", "100", Comment="b"), version=version), "second", patience=10)
    world.run()
    (second,) = rows(play)
    assert (second.told, second.errors[0].code) == (Told.UNSENT, code)
    assert "not sent" in second.errors[0].message
    assert made(world) == []
    assert len(world.journal.intents) == 1


def test_a_parked_twin_is_not_waited_for() -> None:
    """A person has to come first, which no caller waits for."""
    world = World("lost before")
    (first,) = asks(world, pays("i1", "100", Comment="a"), process="first")
    assert first.intent_id is not None
    world.journal.intents[first.intent_id] = replace(world.intent(first.intent_id), state=State.PARKED)
    began = world.now
    (second,) = asks(world, pays("i1", "100", Comment="b"))
    assert (second.told, world.now - began < 1000) == (Told.UNSENT, True)


def test_a_caller_whose_time_is_up_is_told_that_nothing_was_sent() -> None:
    """The one it waits for goes on."""
    world = World("slow")
    first = on_its_way(world)
    second = world.begin(call(SECOND), "first", patience=2)
    while second.reply is None:
        world.turn()
    assert rows(second)[0].told is Told.UNSENT
    assert "not sent" in rows(second)[0].errors[0].message
    world.run()
    assert rows(first)[0].told is Told.APPLIED
    assert len(made(world)) == 1


def test_whoever_is_recorded_first_goes_first() -> None:
    """Both looked before either was recorded; the journal refuses the second, which then finds the first."""
    for head_start in range(12):
        world = World()
        plays = [world.begin(call(obj), name) for obj, name in ((FIRST, "first"), (SECOND, "second"))]
        for _ in range(head_start):
            world.turn()
        world.run(lambda ready: min(ready, key=lambda each: len(each[0].commands)))
        assert sorted(rows(play)[0].told.name for play in plays) == ["APPLIED", "REFUSED"]
        assert len(made(world)) == 1


def test_two_calls_with_each_others_near_twins_do_not_wait_for_each_other() -> None:
    """Each sends what it has, and only then waits for what the other has."""
    one, other = pays("d1", "1", Comment="a"), pays("d1", "2", Comment="a")
    again = [replace(each, fields={**each.fields, "Comment": "b"}) for each in (other, one)]
    for seed in range(60):
        world = World()
        first = world.begin(call(one, again[0]), "first")
        second = world.begin(call(other, again[1]), "second")
        world.run(Random(seed).choice)
        told = [each.told for play in (first, second) for each in rows(play)]
        assert set(told) <= {Told.APPLIED, Told.REFUSED}, seed
        assert len(made(world)) == told.count(Told.APPLIED) >= 2, seed


def _last(ready: Any) -> Any:
    return ready[-1]


# ---------------------------------------------------------------- batches


def test_objects_of_one_call_are_no_twins_of_each_other() -> None:
    """All but equal, and all of them sent."""
    world = World()
    batch = [pays("d1", "1", Comment=text) for text in "abc"]
    assert {each.told for each in asks(world, *batch, hears=False)} == {Told.APPLIED}
    assert [each.joined for each in asks(world, *batch)] == [True] * 3
    assert len(made(world)) == 3


def test_a_batch_sent_again_with_a_line_more_pays_the_new_line() -> None:
    """What the call itself joins is no twin of its other objects."""
    world = World()
    asks(world, FIRST, hears=False)
    told = asks(world, FIRST, SECOND)
    assert [(each.told, each.joined) for each in told] == [(Told.APPLIED, True), (Told.APPLIED, False)]
    assert len(made(world)) == 2


def test_the_other_objects_of_a_batch_do_not_wait() -> None:
    """Only the one that is near to another call's is held back."""
    world = World()
    asks(world, FIRST, hears=False)
    told = asks(world, pays("d1", "7"), SECOND, payment(Amount="9", InvoicePaymentData=[part("d1", "9")]))
    assert [each.told for each in told] == [Told.APPLIED, Told.REFUSED, Told.APPLIED]


@pytest.mark.parametrize("twins", ["fault", "allow"])
def test_one_transaction_is_sent_as_a_whole_or_not_at_all(twins: str) -> None:
    """Nothing of it goes before its near twin is settled, and nothing without it."""
    world = World()
    one, other = pays("i1", "10", Comment="a"), pays("i1", "10", Comment="b")
    asks(world, one, hears=False)
    asked = call(pays("i1", "5"), other, single_transaction=True)
    play = world.begin(asked, "second", caller=CALLERS[twins])
    world.run()
    told = [each.told for each in rows(play)]
    assert told == ([Told.APPLIED] * 2 if twins == "allow" else [Told.UNSENT, Told.REFUSED])
    assert len(made(world)) == (3 if twins == "allow" else 1)


def test_a_mark_that_is_written_late_is_waited_for() -> None:
    """Another process has told it before this call came; the journal shows it a moment later."""
    world = World()
    (first,) = asks(world, FIRST, process="first", hears=False)
    assert first.intent_id is not None
    told_at = world.now
    second = world.begin(call(SECOND), "second")
    while not second.met:
        world.turn()
    world.turn()
    world.journal.deliver([first.intent_id], told_at)
    world.run()
    assert rows(second)[0].told is Told.APPLIED
    assert len(made(world)) == 2


# ---------------------------------------------------------------- crashes


def places(twins: str, *, told: bool) -> int:
    """How many commands the second call takes undisturbed."""
    world = World()
    asks(world, FIRST, process="first", hears=told)
    play = world.begin(call(SECOND), "second", caller=CALLERS[twins])
    world.run()
    return len(play.commands)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("twins", CALLERS)
def test_a_second_call_dropped_at_any_command_pays_no_more_than_its_repeat(twins: str, when: str) -> None:
    """The process dies while it looks, waits, reads or sends; the caller repeats at another one."""
    for place in range(1, places(twins, told=False) + 1):
        world = World()
        asks(world, FIRST, process="first", hears=False)
        world.begin(call(SECOND), "second", caller=CALLERS[twins]).crash = (place, when)
        world.run()
        (told,) = asks(world, SECOND, process="third", caller=CALLERS[twins])
        assert told.told is (Told.REFUSED if twins == "fault" else Told.APPLIED)
        assert len(made(world)) == 1 + (twins == "allow")


@pytest.mark.parametrize("when", ["before", "after"])
def test_the_first_call_dropped_at_any_command_is_never_paid_beside(when: str) -> None:
    """The recoverer settles what the dead process began; until then the second call is not sent."""
    for place in range(1, 14):
        world = World()
        world.begin(call(FIRST), "first", hears=False).crash = (place, when)
        world.run()
        world.crash("first")
        (told,) = asks(world, SECOND, patience=5)
        begun = [each for each in world.journal.intents.values() if each.near is not None]
        assert told.told is not Told.UNKNOWN
        assert len(made(world)) <= 1
        for each in begun:
            if not each.state.settled:
                world.pass_time(20 * 60_000)
                world.recover(each.id)
        (again,) = asks(world, SECOND, process="third")
        assert len(made(world)) == 1
        assert again.told is (Told.APPLIED if again.zuora_id else Told.REFUSED)
