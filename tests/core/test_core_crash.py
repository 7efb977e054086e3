"""Drop and rebuild: ``conduct`` holds no fact that the journal lacks.

The process that conducts a call dies at one of its commands, just before or just after doing it. Then the caller
repeats, another process conducts the call anew, and the ledger must show what one undisturbed call would have left.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from core_calls import CALLS, KNOWN
from core_objects import call
from core_world import World

from bridge.core.intent import State
from bridge.core.model import Outcome, Route, Rows, Told, ZObject


def commands_of(objects: tuple[ZObject, ...]) -> int:
    """How many commands an undisturbed call takes."""
    world = World(facts=KNOWN)
    play = world.begin(call(*objects))
    world.run()
    return len(play.commands)


def crashes() -> Iterator[object]:
    """Every call, every command of it, dying before and after."""
    for name, objects in CALLS.items():
        for place in range(1, commands_of(objects) + 1):
            for when in ("before", "after"):
                yield pytest.param(objects, (place, when), id=f"{name}, {when} command {place}")


def dies(world: World, objects: tuple[ZObject, ...], crash: tuple[int, str], process: str = "first") -> None:
    """A process takes the call and dies on it."""
    world.begin(call(*objects), process).crash = crash
    world.run()
    assert process not in world.alive


def repeated(world: World, objects: tuple[ZObject, ...], process: str = "second") -> tuple[Outcome, ...]:
    """The caller repeats the call; the rows of the answer."""
    reply = world.call(*objects, process=process)
    assert isinstance(reply, Rows)
    return reply.outcomes


def unrefused(outcomes: tuple[Outcome, ...]) -> list[Outcome]:
    """The rows of objects that are sent at all: a draft memo of the mixed batch never is."""
    return [each for each in outcomes if each.route is not None]


@pytest.mark.parametrize(("objects", "crash"), list(crashes()))
def test_a_call_dropped_at_any_command_is_finished_by_its_repeat(
    objects: tuple[ZObject, ...], crash: tuple[int, str]
) -> None:
    """Every keyed object exists exactly once, SOAP objects at most once and as unknown if they may have been sent."""
    world = World(facts=KNOWN)
    dies(world, objects, crash)
    begun = {each.id for each in world.journal.intents.values() if each.state is State.SENDING}
    outcomes = repeated(world, objects)
    for outcome in unrefused(outcomes):
        if outcome.route is Route.REST:
            assert outcome.told is Told.APPLIED
        else:
            assert outcome.told is (Told.UNKNOWN if outcome.intent_id in begun else Told.APPLIED)
    keyed = [each.id for each in world.zuora.made if each.route is Route.REST]
    assert sorted(keyed) == sorted(
        each.zuora_id or "" for each in outcomes if each.route is Route.REST and each.zuora_id
    )
    left = {each.state for each in world.journal.intents.values()}
    assert left <= {State.APPLIED, State.REFUSED, State.IN_DOUBT}


@pytest.mark.parametrize(("objects", "crash"), list(crashes()))
def test_a_further_repeat_gets_the_same_ids_and_sends_nothing(
    objects: tuple[ZObject, ...], crash: tuple[int, str]
) -> None:
    """What the first repeat was told is what every later one is told."""
    world = World(facts=KNOWN)
    dies(world, objects, crash)
    first = repeated(world, objects)
    sent = len(world.zuora.requests)
    second = repeated(world, objects, process="third")
    assert sorted(each.zuora_id or "" for each in first) == sorted(each.zuora_id or "" for each in second)
    assert len(world.zuora.requests) == sent


@pytest.mark.parametrize("name", ["one REST payment", "equal REST payments"])
def test_the_repeat_may_be_dropped_as_well(name: str) -> None:
    """Two processes die one after the other, at any two commands; the third finishes what they began."""
    objects = CALLS[name]
    for first in range(1, commands_of(objects) + 1, 2):
        for second in range(1, 40, 2):
            world = World(facts=KNOWN)
            dies(world, objects, (first, "after"))
            world.begin(call(*objects), "second").crash = (second, "after")
            world.run()
            world.crash("second")
            assert {each.told for each in repeated(world, objects, "third")} == {Told.APPLIED}
            assert len(world.zuora.made) == len(objects)


@pytest.mark.parametrize("mood", ["lost after", "slow", "502 after", "lost before", "lock", "limit", "forbidden"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_crash_in_the_middle_of_a_disturbed_send_moves_money_once(mood: str, when: str) -> None:
    """Zuora disturbs the first send of a REST payment and the process dies at any later command."""
    objects = CALLS["one REST payment"]
    for place in range(8, 24):
        world = World(mood, facts=KNOWN)
        world.begin(call(*objects), "first").crash = (place, when)
        world.run()
        world.crash("first")
        (outcome,) = repeated(world, objects)
        assert outcome.told is Told.APPLIED
        assert len(world.zuora.made) == 1
