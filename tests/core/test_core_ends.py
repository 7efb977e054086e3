"""Ends that the journal does not take: what is recorded all the same, and what is still told (I2, I3).

While a request is on its way, something happens to its intent in the journal; then Zuora answers.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from core_intents import errand, intent
from core_objects import call, pays
from core_world import Play, World
from core_zuora import Made

from bridge.core.commands import Record
from bridge.core.conduct.ends import TURNS, close
from bridge.core.intent import State
from bridge.core.model import Outcome, Route, Rows, Told

INVOICE = pays("i1", "100")
MEMO = pays("d1", "80")
FIRST_ID = hashlib.md5(b"1").hexdigest()
OTHERS_ID = "f" * 32


def disturbed(happens: Callable[[World], None], mood: str, *objects: Any, patience: float = 50.0) -> tuple[World, Play]:
    """A call during whose first send something happens in the journal."""
    world = World()
    moods = iter([mood] * 8)

    def answer() -> str:
        if len(world.zuora.requests) == 0:
            happens(world)
        return next(moods)

    world.mood = answer
    play = world.begin(call(*objects), patience=patience)
    world.run()
    return world, play


def becomes(place: int = 0, **fields: Any) -> Callable[[World], None]:
    """The intent at this place becomes something else in the journal."""

    def happen(world: World) -> None:
        name = list(world.journal.intents)[place]
        world.journal.intents[name] = replace(world.intent(name), **fields)

    return happen


def told(play: Play) -> list[Told]:
    """What the rows say."""
    assert isinstance(play.reply, Rows)
    return [each.told for each in play.reply.outcomes]


def states(world: World) -> list[State]:
    """Where the intents stand."""
    return [each.state for each in world.journal.intents.values()]


TAKEN = becomes(state=State.IN_DOUBT, owner="other")
DRIVEN = becomes(owner="other")
SETTLED = becomes(state=State.REFUSED, owner="other")


def overtaken(world: World) -> None:
    """Another process has sent it again under its key, and has recorded what came of it."""
    becomes(state=State.APPLIED, owner="other", zuora_id=OTHERS_ID)(world)
    (name,) = world.journal.intents
    world.zuora.made.append(Made(OTHERS_ID, name, Route.REST))


# ---------------------------------------------------------------- the neighbours


def test_the_verdicts_of_a_batch_are_kept_though_one_of_its_intents_was_taken_over() -> None:
    """Fifty payments must not lose their Ids because a repeat of one of them was impatient."""
    batch = [pays("i1", "1"), pays("i1", "2"), pays("i1", "3")]
    world, play = disturbed(becomes(1, state=State.IN_DOUBT, owner="other"), "ok", *batch)
    assert told(play) == [Told.APPLIED] * 3
    assert states(world) == [State.APPLIED] * 3
    assert world.intent(list(world.journal.intents)[1]).owner == "first"


def test_a_lane_keeps_the_verdict_before_the_one_that_was_taken_over() -> None:
    """The end that rides in the next commit is recorded without it."""
    world, play = disturbed(becomes(1, state=State.REFUSED, owner="other"), "ok", pays("d1", "1"), pays("d1", "2"))
    assert told(play) == [Told.APPLIED, Told.UNKNOWN]
    assert states(world) == [State.APPLIED, State.REFUSED]
    assert len(world.zuora.requests) == 1


# ---------------------------------------------------------------- the contested one


@pytest.mark.parametrize(
    ("happens", "mood", "says", "state"),
    [
        # Over SOAP, which is sent once: whoever took it over could only say "in doubt", and here is the proof.
        (TAKEN, "ok", Told.APPLIED, State.APPLIED),
        (TAKEN, "no", Told.REFUSED, State.NOT_APPLIED),
        (TAKEN, "unsent", Told.UNSENT, State.NOT_APPLIED),
        (TAKEN, "lost before", Told.UNKNOWN, State.IN_DOUBT),
        (SETTLED, "ok", Told.APPLIED, State.REFUSED),
        (SETTLED, "no", Told.UNKNOWN, State.REFUSED),
    ],
)
def test_a_contested_soap_intent(happens: Callable[[World], None], mood: str, says: Told, state: State) -> None:
    """The proof settles it; without one nothing changes."""
    world, play = disturbed(happens, mood, INVOICE, patience=0.9)
    assert (told(play), states(world)) == ([says], [state])


@pytest.mark.parametrize(
    ("happens", "mood", "says", "state"),
    [
        (TAKEN, "ok", Told.APPLIED, State.APPLIED),
        (TAKEN, "no", Told.UNKNOWN, State.IN_DOUBT),
        (TAKEN, "lock", Told.UNKNOWN, State.IN_DOUBT),
        (TAKEN, "unsent", Told.UNKNOWN, State.IN_DOUBT),
        (TAKEN, "lost before", Told.UNKNOWN, State.IN_DOUBT),
        (DRIVEN, "ok", Told.APPLIED, State.SENDING),
        (DRIVEN, "no", Told.UNKNOWN, State.SENDING),
        (SETTLED, "ok", Told.APPLIED, State.REFUSED),
        (SETTLED, "no", Told.UNKNOWN, State.REFUSED),
        (overtaken, "no", Told.APPLIED, State.APPLIED),
        (becomes(state=State.PARKED, owner="other"), "ok", Told.APPLIED, State.PARKED),
        (becomes(state=State.IN_DOUBT), "no", Told.UNKNOWN, State.IN_DOUBT),
    ],
)
def test_a_contested_rest_intent(happens: Callable[[World], None], mood: str, says: Told, state: State) -> None:
    """An Id stays true; a "no" may be overtaken by whoever drives it now."""
    world, play = disturbed(happens, mood, MEMO, patience=0.9)
    assert (told(play), states(world)) == ([says], [state])


def test_who_was_overtaken_tells_the_id_that_is_recorded() -> None:
    """Under one key there is one object, whoever asked last."""
    _, play = disturbed(overtaken, "no", MEMO)
    assert isinstance(play.reply, Rows)
    assert play.reply.outcomes[0].zuora_id == OTHERS_ID


def claims(**fields: Any) -> Callable[[World], None]:
    """Another intent has been settled by the Id that Zuora is about to answer; ours becomes something else, too."""

    def happen(world: World) -> None:
        world.journal.intents["i-other"] = intent("i-other", state=State.APPLIED, zuora_id=FIRST_ID)
        becomes(**fields)(world)

    return happen


@pytest.mark.parametrize("obj", [INVOICE, MEMO])
@pytest.mark.parametrize(
    "happens", [claims(), claims(state=State.IN_DOUBT), claims(state=State.IN_DOUBT, owner="other")]
)
def test_an_id_settles_one_intent_only(happens: Callable[[World], None], obj: Any) -> None:
    """Whose it is cannot be known here, so the second claim is told as unknown and stays in doubt."""
    world, play = disturbed(happens, "ok", obj)
    assert told(play) == [Told.UNKNOWN]
    assert states(world) == [State.IN_DOUBT, State.APPLIED]
    records = sum(isinstance(each, Record) for each in play.commands)
    assert records <= 4 + TURNS


# ---------------------------------------------------------------- a journal that is down


def goes_down(world: World) -> None:
    """From now on nothing can be recorded or read."""
    world.journal_state = lambda: "down"


@pytest.mark.parametrize(
    ("obj", "mood", "says"),
    [
        (INVOICE, "ok", Told.APPLIED),
        (INVOICE, "no", Told.REFUSED),
        (INVOICE, "unsent", Told.UNSENT),
        (INVOICE, "lost before", Told.UNKNOWN),
        (MEMO, "ok", Told.APPLIED),
        (MEMO, "no", Told.UNKNOWN),
        (MEMO, "lock", Told.UNKNOWN),
        (MEMO, "unsent", Told.UNKNOWN),
        (MEMO, "lost before", Told.UNKNOWN),
    ],
)
def test_what_cannot_be_recorded_is_told_as_far_as_it_lasts(obj: Any, mood: str, says: Told) -> None:
    """A keyed intent may be sent again by whoever still has a journal; what SOAP said once stays said."""
    world, play = disturbed(goes_down, mood, obj, patience=0.9)
    assert (told(play), states(world)) == ([says], [State.SENDING])


@pytest.mark.parametrize(("mood", "says"), [("ok", Told.APPLIED), ("no", Told.UNKNOWN)])
def test_a_contested_intent_whose_journal_cannot_be_read(mood: str, says: Told) -> None:
    """The condition failed and the journal went down right after: only an Id is certain."""
    world = World()

    def answer() -> str:
        DRIVEN(world)
        world.journal_state = lambda: next(answers, "down")
        return mood

    world.mood = answer
    answers = iter(["up", "up"])
    play = world.begin(call(MEMO))
    world.run()
    assert told(play) == [says]


def test_nothing_to_record_is_not_recorded() -> None:
    """An end without changes costs no commit."""
    with pytest.raises(StopIteration) as done:
        next(close(errand(), []))
    outcomes: list[Outcome] = done.value.value
    assert outcomes == []
