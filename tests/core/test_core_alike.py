"""Creates without a marker: found by their look where no other act can have made it, else for a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import pytest
from core_objects import ERP, A, call, pays, refund
from core_world import US, World

from bridge.core.conduct.proof import CLOCK_MS
from bridge.core.facts import Alike, Like, NoVerdict, WhichLike
from bridge.core.intent import State
from bridge.core.model import Rows, Told, ZObject

SOAP = pays("i1", "10")
REST = pays("d1", "80")
LATER_MS = 20 * 60_000
SOMEBODY = "9" * 32


def left(world: World, *objects: ZObject, patience: float = 3) -> list[str]:
    """A process ends after telling a caller that it does not know; the intents of the call."""
    before = set(world.journal.intents)
    world.begin(call(*objects), "first", patience=patience)
    world.run()
    world.crash("first")
    return [each for each in world.journal.intents if each not in before]


def states(world: World, names: Sequence[str]) -> list[State]:
    """Where they stand."""
    return [world.intent(each).state for each in names]


def late(world: World, *names: str) -> list[State]:
    """The recoverer looks when nothing can be on its way any more."""
    world.pass_time(LATER_MS)
    for each in names:
        world.recover(each)
    return states(world, names)


@pytest.mark.parametrize("obj", [SOAP, REST, refund(PaymentId="p1", Amount="5")])
def test_the_one_object_that_looks_like_it_is_it(obj: ZObject) -> None:
    """Created after the send by that user, and no other intent's; but not before it is quiet."""
    world = World("slow")
    (name,) = left(world, obj)
    world.pass_time(60_000)
    world.recover(name)
    assert states(world, [name]) == [State.IN_DOUBT]
    assert late(world, name) == [State.APPLIED]
    assert world.intent(name).zuora_id == world.zuora.made[0].id


@pytest.mark.parametrize("obj", [SOAP, REST])
def test_nothing_that_looks_like_it_is_absence(obj: ZObject) -> None:
    """Seen twice; the repeat is a new attempt (58, 60)."""
    world = World(*["lost before"] * 9)
    (name,) = left(world, obj)
    world.recover(name)
    assert states(world, [name]) == [State.IN_DOUBT]
    world.pass_time(LATER_MS)
    world.recover(name)
    assert states(world, [name]) == [State.NOT_APPLIED]
    world.order()
    reply = world.call(obj, process="second")
    assert isinstance(reply, Rows)
    assert [each.told for each in reply.outcomes] == [Told.APPLIED]
    assert len(world.zuora.made) == 1


def test_what_arrives_between_the_two_looks_is_not_absent() -> None:
    """However late Object Query shows it."""
    world = World("slow")
    (name,) = left(world, SOAP)
    world.pass_time(60_000)
    world.zuora.lag_ms = world.now + LATER_MS + 1_000 - world.zuora.made_at(world.zuora.made[0].id)
    assert late(world, name) == [State.APPLIED]


def shown(*likes: Like) -> tuple[World, str]:
    """A lost SOAP payment, and what Zuora shows of its look."""
    world = World("lost before")
    (name,) = left(world, SOAP)
    (sent,) = world.journal.dispatches.values()
    assert sent.first_sent_at is not None
    at = sent.first_sent_at // 1000 * 1000
    rows = tuple(each._replace(created=None if each.created is None else at + each.created) for each in likes)
    world.facts[WhichLike("Payment", Decimal(10), A, "2026-02-20", "External")] = Alike(rows)
    return world, name


@pytest.mark.parametrize(
    ("likes", "state"),
    [
        ([Like("p9", "Processed", 0, US)], State.APPLIED),
        ([Like("p9", "Processed", 0, US.upper())], State.APPLIED),
        ([Like("p9", "Error", 5_000, US)], State.APPLIED),
        ([Like("p9", "Processed", 0, SOMEBODY)], State.PARKED),
        ([Like("p9", "Processed", -40_000, US)], State.NOT_APPLIED),
        ([Like("p9", "Processed", -1_000, US)], State.PARKED),
        ([Like("p9", "Processed", None, US)], State.PARKED),
        ([Like("p9", "Processed", 0, None)], State.PARKED),
        ([Like("p8", "Processed", 0, US), Like("p9", "Processed", 0, US)], State.PARKED),
        ([Like("p8", "Processed", 0, US), Like("p9", "Processed", 0, SOMEBODY)], State.APPLIED),
    ],
)
def test_a_candidate_counts_only_if_it_can_be_nobody_elses(likes: Sequence[Like], state: State) -> None:
    """By that user, surely after the send, and no more of them than intents in doubt; otherwise a person looks."""
    world, name = shown(*likes)
    assert late(world, name) == [state]


def test_a_candidate_that_settles_another_intent_does_not_count() -> None:
    """A unique Id settles one intent only."""
    world, name = shown(Like("p9", "Processed", 0, US))
    world.call(pays("i2", "7"), process="other")
    other = next(each for each in world.journal.intents if each != name)
    world.journal.intents[other] = replace(world.intent(other), zuora_id="p9")
    assert late(world, name) == [State.NOT_APPLIED]


def test_a_look_up_or_journal_without_an_answer_settles_nothing() -> None:
    """However long; nor do more open creates than were told."""
    world, name = shown(Like("p9", "Processed", 0, US))
    (question,) = [each for each in world.facts if isinstance(each, WhichLike)]
    fact, world.facts[question] = world.facts[question], NoVerdict("x")
    assert late(world, name) == [State.IN_DOUBT]
    world.facts[question] = fact
    real = world.journal.rivals
    world.journal.rivals = lambda *asked: replace(real(*asked), complete=False)  # type: ignore[method-assign]
    assert late(world, name) == [State.IN_DOUBT]
    world.journal.rivals = lambda *_: None  # type: ignore[method-assign, assignment, return-value]
    assert late(world, name) == [State.IN_DOUBT]


def test_of_an_unknown_user_absence_is_proof_and_a_find_is_not() -> None:
    """A JSON caller's user is nowhere told."""
    for mood, state in (("lost before", State.NOT_APPLIED), ("lost after", State.PARKED)):
        world = World(mood)
        world.begin(call(SOAP), "first", caller=replace(ERP, user_id=None), patience=3)
        world.run()
        world.crash("first")
        (name,) = world.journal.intents
        assert late(world, name) == [state]


# ---------------------------------------------------------------- beside other intents


@pytest.mark.parametrize("made", [0, 1, 2, 3])
def test_equal_objects_of_one_call_share_what_was_made(made: int) -> None:
    """They are the same act, so it does not matter which has which; the others are absent."""
    world = World("lost before")
    names = left(world, SOAP, SOAP)
    (sent,) = world.journal.dispatches.values()
    assert sent.first_sent_at is not None
    at = sent.first_sent_at + 1_000
    likes = tuple(Like(f"p{number}", "Processed", at + number, US) for number in range(made))
    if likes:
        world.facts[WhichLike("Payment", Decimal(10), A, "2026-02-20", "External")] = Alike(likes)
    found = late(world, *reversed(names))
    expected = {0: {State.NOT_APPLIED: 2}, 1: {State.APPLIED: 1, State.NOT_APPLIED: 1}, 2: {State.APPLIED: 2}}
    assert {state: found.count(state) for state in found} == expected.get(made, {State.PARKED: 2})
    ids = [world.intent(each).zuora_id for each in names]
    assert len({each for each in ids if each}) == sum(each is not None for each in ids)


def much_later() -> tuple[World, list[str]]:
    """Two equal objects of one call; the first was repeated for a minute before the second was sent; both made."""
    world = World("lost after", *["lost before"] * 8, "lost after", *["lost before"] * 5)
    names = left(world, REST, REST, patience=50)
    first, second = (each.first_sent_at for each in world.journal.dispatches.values())
    assert first is not None
    assert second is not None
    assert second - first > CLOCK_MS
    assert len(world.zuora.made) == 2
    return world, names


@pytest.mark.parametrize("backwards", [False, True])
def test_an_equal_object_that_was_sent_much_later_does_not_yield_its_payment_to_the_first(backwards: bool) -> None:
    """What the first one made is older than the second one's look-up goes back, and is the first one's all the same."""
    world, names = much_later()
    found = late(world, *(reversed(names) if backwards else names), *names)
    assert found == [State.APPLIED] * len(found)
    assert [world.intent(each).zuora_id for each in names] == [each.id for each in world.zuora.made]


def test_equal_objects_that_cannot_have_made_all_that_is_there_are_for_a_person() -> None:
    """Two payments from before the second one was sent: one of them is not theirs."""
    world, names = much_later()
    first = next(iter(world.journal.dispatches.values())).first_sent_at
    assert first is not None
    rows = (Like("p7", "Processed", first + 1_000, US), Like("p8", "Processed", first + 2_000, US))
    world.facts[WhichLike("Payment", Decimal(80), A, "2026-02-20", "External")] = Alike(rows)
    assert late(world, names[0]) == [State.PARKED]


def test_an_equal_object_whose_requests_are_gone_may_have_made_anything() -> None:
    """Then not even of the other one it can be said which is its."""
    world, names = much_later()
    gone = next(each for each, sent in world.journal.dispatches.items() if names[0] in sent.intent_ids)
    del world.journal.dispatches[gone]
    assert late(world, names[1]) == [State.PARKED]


@pytest.mark.parametrize("unread", ["the look-up", "the journal"])
def test_what_changes_between_the_look_for_one_and_for_all_settles_nothing(unread: str) -> None:
    """Zuora does not answer the second time, or another one was settled meanwhile: it is looked at again later."""
    world, names = much_later()
    if unread == "the look-up":
        dark = iter([False, True])
        world.dark = lambda: next(dark, False)  # type: ignore[method-assign]
    else:
        real, asked = world.journal.rivals, iter([False, True])
        world.journal.rivals = lambda *of: (  # type: ignore[method-assign]
            replace(real(*of), open=()) if next(asked, False) else real(*of)
        )
    assert late(world, names[1]) == [State.IN_DOUBT]
    assert late(world, *reversed(names)) == [State.APPLIED] * 2


def test_acts_that_only_look_alike_are_for_a_person() -> None:
    """Two invoices of one amount, paid by one call: whose the one payment is, nothing tells."""
    world = World("lost before")
    names = left(world, SOAP, pays("i2", "10"))
    (sent,) = world.journal.dispatches.values()
    assert sent.first_sent_at is not None
    question = WhichLike("Payment", Decimal(10), A, "2026-02-20", "External")
    world.facts[question] = Alike((Like("p9", "Processed", sent.first_sent_at + 1_000, US),))
    assert late(world, *names) == [State.PARKED, State.PARKED]


def test_beside_one_that_may_still_be_made_nothing_is_concluded() -> None:
    """Another call's request, just sent, could have made the candidate."""
    world, name = shown(Like("p9", "Processed", 0, US))
    world.pass_time(LATER_MS)
    world.order("lost before")
    left(world, pays("i2", "10"))
    world.recover(name)
    assert states(world, [name]) == [State.IN_DOUBT]


def test_what_is_open_and_looks_otherwise_does_not_matter() -> None:
    """Another amount; and one that was never sent."""
    world, name = shown(Like("p9", "Processed", 0, US))
    world.order("lost before")
    left(world, pays("i2", "7"))
    world.order("lost before", "lost before")
    world.begin(call(REST, pays("d1", "1")), "third")
    while len(world.zuora.requests) < 3:
        world.turn()
    world.crash("third")
    assert State.PLANNED in {each.state for each in world.journal.intents.values()}
    assert late(world, name) == [State.APPLIED]


def test_what_was_parked_long_ago_could_not_have_made_it() -> None:
    """Its request had ended before this one was sent."""
    world = World("lost before")
    (old,) = left(world, pays("i3", "10"))
    world.journal.intents[old] = replace(world.intent(old), state=State.PARKED)
    world.pass_time(2 * LATER_MS)
    world.order("lost after")
    (name,) = left(world, SOAP)
    assert late(world, name) == [State.APPLIED]
    assert world.intent(old).state is State.PARKED


def test_an_open_intent_whose_requests_are_gone_may_be_anything() -> None:
    """Then a candidate is nobody's for certain."""
    world, name = shown(Like("p9", "Processed", 0, US))
    world.order("lost before")
    (other,) = left(world, pays("i2", "7"))
    gone = [each for each, sent in world.journal.dispatches.items() if other in sent.intent_ids]
    for each in gone:
        del world.journal.dispatches[each]
    assert late(world, name) == [State.PARKED]


def test_a_repeat_finds_it_as_well() -> None:
    """The caller of a lost SOAP payment comes back the next day: the same Id, and nothing is sent (58)."""
    world = World("lost after")
    left(world, SOAP)
    world.pass_time(25 * 3_600_000)
    reply = world.call(SOAP, process="second")
    assert isinstance(reply, Rows)
    assert [(each.told, each.zuora_id) for each in reply.outcomes] == [(Told.APPLIED, world.zuora.made[0].id)]
    assert len(world.zuora.requests) == 1
