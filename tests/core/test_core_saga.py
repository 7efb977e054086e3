"""Refunds that take three steps: unapply, refund, and the way back; every step may fail, get lost, or be the last."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

import pytest
from core_objects import STRANGER, call, refund
from core_sagas import AFTER, BEFORE, LATER_MS, SPLIT, played, row, sent, states, verdicts, world_of
from core_world import World

from bridge.core.commands import Recorded, Wait
from bridge.core.conduct.saga import LEFT_OVER, Seen, Snapshot, is_saga
from bridge.core.facts import Kind, Part, WhichParts
from bridge.core.intent import State
from bridge.core.model import Told

# ---------------------------------------------------------------- undisturbed, and refused


def test_the_amount_is_unapplied_and_refunded() -> None:
    """Two requests, one refund (87)."""
    world = world_of()
    assert played(world).told is Told.APPLIED
    assert sent(world) == ["PUT unapply", "POST refunds"]
    assert (world.zuora.parts["p2"], len(world.zuora.made)) == (AFTER, 1)


def test_a_refused_refund_is_taken_back() -> None:
    """The caller is told why, and the payment is as it was (88)."""
    world = world_of("ok", "no")
    outcome = played(world)
    assert outcome.told is Told.REFUSED
    assert "balance" in outcome.errors[0].message
    assert sent(world) == ["PUT unapply", "POST refunds", "PUT apply"]
    assert (world.zuora.parts["p2"], world.zuora.made, states(world)) == (BEFORE, [], ["REFUSED"])


@pytest.mark.parametrize("mood", ["no", "lock", "unsent", "long limit"])
def test_what_cannot_be_taken_back_is_told_and_kept_for_the_operator(mood: str) -> None:
    """The row names what is left over, and the journal has it (89)."""
    world = world_of("ok", "no", *[mood] * 5)
    outcome = played(world)
    assert outcome.told is Told.REFUSED
    assert "stays unapplied by 50 of d5" in outcome.errors[0].message
    assert (world.zuora.parts["p2"], world.zuora.made) == (AFTER, [])
    assert verdicts(world)[-1] == LEFT_OVER


def test_the_way_back_is_tried_again_whether_or_not_the_caller_waits() -> None:
    """A lock passes."""
    world = world_of("ok", "no", "lock", "unsent", "ok")
    assert played(world, patience=1.2).told is Told.UNKNOWN
    assert (world.zuora.parts["p2"], states(world)) == (BEFORE, ["REFUSED"])


@pytest.mark.parametrize(
    ("moods", "told"),
    [
        (["no"], Told.REFUSED),
        (["lock"] * 4, Told.REFUSED),
        (["unsent"] * 4, Told.UNSENT),
        (["lock", "ok"], Told.APPLIED),
    ],
)
def test_what_is_not_unapplied_is_not_refunded(moods: Sequence[str], told: Told) -> None:
    """Nothing has to be taken back."""
    world = world_of(*moods)
    assert played(world).told is told
    if told is not Told.APPLIED:
        assert (world.zuora.parts["p2"], world.zuora.made, states(world)) == (BEFORE, [], ["REFUSED"])


def test_a_refund_that_never_left_is_taken_back_and_may_be_repeated() -> None:
    """The connection failed behind the first step."""
    world = world_of("ok", *["unsent"] * 4)
    assert played(world).told is Told.UNSENT
    assert (world.zuora.parts["p2"], states(world)) == (BEFORE, ["REFUSED"])
    assert played(world, "second").told is Told.APPLIED


# ---------------------------------------------------------------- lost answers


@pytest.mark.parametrize(
    ("moods", "told", "parts"),
    [
        (["lost after"], Told.APPLIED, AFTER),
        (["502 after"], Told.APPLIED, AFTER),
        (["slow"], Told.APPLIED, AFTER),
        (["ok", "lost after"], Told.APPLIED, AFTER),
        (["ok", "lost before"], Told.APPLIED, AFTER),
        (["ok", "slow"], Told.APPLIED, AFTER),
        (["ok", "internal"], Told.UNKNOWN, AFTER),
        (["ok", "no", "lost after"], Told.REFUSED, BEFORE),
        (["ok", "no", "502 after"], Told.REFUSED, BEFORE),
        (["ok", "no", "lost before"], Told.REFUSED, AFTER),
    ],
)
def test_a_lost_answer_is_found_out_by_reading(moods: Sequence[str], told: Told, parts: dict[str, Decimal]) -> None:
    """A step without a key is sent once and then looked for."""
    world = world_of(*moods)
    assert played(world).told is told
    assert world.zuora.parts["p2"] == parts
    assert len(world.zuora.made) == (told is Told.APPLIED)
    unapplied = sent(world).count("PUT unapply"), sent(world).count("PUT apply")
    assert unapplied == (1, told is Told.REFUSED)


def test_a_first_step_that_never_arrived_is_a_new_attempt_for_a_later_repeat() -> None:
    """Not before nothing can be on its way any more, and after two looks."""
    world = world_of("lost before")
    assert played(world).told is Told.UNKNOWN
    assert states(world) == ["IN_DOUBT"]
    assert played(world, "second").told is Told.UNKNOWN
    world.pass_time(LATER_MS)
    again = played(world, "third")
    assert (again.told, again.joined) == (Told.APPLIED, False)
    assert states(world) == ["APPLIED", "NOT_APPLIED"]
    assert len(world.zuora.made) == 1


@pytest.mark.parametrize("moods", [["lost before"], ["ok", "no", "lost before"]])
def test_a_payment_that_somebody_else_changed_is_left_to_a_person(moods: Sequence[str]) -> None:
    """No compensation on top of a foreign change."""
    world = world_of(*moods)
    play = world.begin(call(SPLIT))
    while len(world.zuora.requests) < len(moods):
        world.turn()
    world.zuora.parts["p2"] = {"d5": Decimal(20), "i9": Decimal(5)}
    requests = len(world.zuora.requests)
    world.run()
    assert row(play).told is Told.UNKNOWN
    assert (states(world), len(world.zuora.requests)) == (["PARKED"], requests)


def test_a_refund_whose_failure_is_stored_gets_a_new_key_after_proved_absence() -> None:
    """The repeat finds nothing in Zuora, twice, and goes on from the recovery point."""
    world = world_of("ok", "internal")
    assert played(world).told is Told.UNKNOWN
    world.pass_time(LATER_MS)
    again = played(world, "second")
    assert (again.told, again.joined) == (Told.APPLIED, True)
    assert sent(world).count("PUT unapply") == 1
    assert (world.zuora.parts["p2"], len(world.zuora.made)) == (AFTER, 1)


# ---------------------------------------------------------------- crashes


def commands(*moods: str) -> int:
    """How many commands the call takes."""
    world = world_of(*moods)
    play = world.begin(call(SPLIT))
    world.run()
    return len(play.commands)


def crashes() -> Iterator[object]:
    """Every command of a saga that succeeds and of one that is taken back, dying before and after."""
    for moods in ((), ("ok", "no")):
        for place in range(1, 60):
            for when in ("before", "after"):
                yield pytest.param(moods, (place, when), id=f"{moods}, {when} command {place}")


@pytest.mark.parametrize(("moods", "crash"), list(crashes()))
def test_a_saga_dropped_at_any_command_is_finished_by_its_repeats(
    moods: tuple[str, ...], crash: tuple[int, str]
) -> None:
    """One refund in the end, and the payment gave it exactly once (90)."""
    if crash[0] > commands(*moods):
        world = world_of(*moods)
        played(world)
        assert world.alive == {"first"}
        return
    world = world_of(*moods)
    world.begin(call(SPLIT)).crash = crash
    world.run()
    world.order()
    first = played(world, "second")
    if first.told is not Told.APPLIED:
        # What the refused refund left behind is taken back at once, or when it is certain that nothing is on its way.
        assert first.told is Told.UNKNOWN or (moods and world.zuora.parts["p2"] == BEFORE)
        world.pass_time(LATER_MS)
        assert played(world, "third").told is Told.APPLIED
    assert (world.zuora.parts["p2"], len(world.zuora.made)) == (AFTER, 1)


@pytest.mark.parametrize("gone", ["not allowed", "hangs up"])
def test_a_saga_is_not_carried_on_for_nobody(gone: str) -> None:
    """Whoever may not cause it, or has gone, leaves it as it is."""
    world = world_of()
    world.begin(call(SPLIT)).crash = (11, "before")
    world.run()
    requests = len(world.zuora.requests)
    play = world.begin(call(SPLIT), "second", **({"caller": STRANGER} if gone == "not allowed" else {}))
    while gone == "hangs up" and not any(isinstance(each, type(Recorded)) for each in play.commands):
        if not world.turn():
            break
        play.gone = len(play.commands) > 4
    world.run()
    assert len(world.zuora.requests) == requests
    assert State.APPLIED not in {each.state for each in world.journal.intents.values()}


def down_after(world: World, requests: int) -> None:
    """The journal fails once, after that many requests."""
    count = iter(range(1000))
    world.journal_state = lambda: "down" if len(world.zuora.requests) == requests and next(count) == 0 else "up"


@pytest.mark.parametrize(("moods", "requests"), [((), 1), (("ok", "no"), 2), (("ok", "lock"), 2), (("ok", "no"), 3)])
def test_a_recovery_point_that_cannot_be_recorded_stops_the_saga(moods: tuple[str, ...], requests: int) -> None:
    """Nothing is sent that the journal does not know of; the repeat goes on from what it knows (I1)."""
    world = world_of(*moods)
    down_after(world, requests)
    outcome = played(world, patience=8)
    assert outcome.told is Told.UNKNOWN
    assert len(world.zuora.requests) == requests
    world.crash("first")
    world.order()
    world.pass_time(LATER_MS)
    if played(world, "second").told is not Told.APPLIED:
        world.pass_time(LATER_MS)
        assert played(world, "third").told is Told.APPLIED
    assert (world.zuora.parts["p2"], len(world.zuora.made)) == (AFTER, 1)


def test_a_next_attempt_that_cannot_be_recorded_is_not_sent() -> None:
    """Absence was proved, and the journal fails just then."""
    world = world_of("ok", "internal")
    assert played(world).told is Told.UNKNOWN
    requests = len(world.zuora.requests)
    world.pass_time(LATER_MS)
    play = world.begin(call(SPLIT), "second")
    while not any(isinstance(each, Wait) for each in play.commands):
        world.turn()
    world.journal_state = lambda: "down"
    world.run()
    assert row(play).told is Told.UNKNOWN
    assert len(world.zuora.requests) == requests


def test_a_refund_whose_key_is_too_old_is_only_looked_for() -> None:
    """I5: another day in the tenant's zone; and before absence is proved there is no other key."""
    world = world_of("ok", *["internal"] * 99)
    world.pass_time(13 * 3_600_000 + 59 * 60_000)
    assert played(world).told is Told.UNKNOWN
    requests = len(world.zuora.requests)
    world.pass_time(60_000)
    assert played(world, "second").told is Told.UNKNOWN
    assert len(world.zuora.requests) == requests


def test_whom_the_owner_allows_nothing_carries_no_refund_on() -> None:
    """The first caller's right is not the second's."""
    world = world_of("ok", "internal")
    assert played(world).told is Told.UNKNOWN
    requests = len(world.zuora.requests)
    assert played(world, "second", caller=STRANGER).told is Told.UNKNOWN
    assert len(world.zuora.requests) == requests


def test_a_first_step_that_arrives_between_the_two_looks_is_not_absent() -> None:
    """The second look is there for this."""
    world = world_of("lost before")
    assert played(world).told is Told.UNKNOWN
    world.pass_time(LATER_MS)
    play = world.begin(call(SPLIT), "second")
    while not any(isinstance(each, Wait) for each in play.commands):
        world.turn()
    world.zuora.parts["p2"] = dict(AFTER)
    world.run()
    assert row(play).told is Told.UNKNOWN
    assert states(world) == ["IN_DOUBT"]
    assert played(world, "third").told is Told.APPLIED


# ---------------------------------------------------------------- snapshots


@pytest.mark.parametrize(
    ("parts", "seen"),
    [
        ([("d5", "50"), ("i1", "30")], Seen.BEFORE),
        ([("i1", "30.00"), ("d5", "50.0")], Seen.BEFORE),
        ([("d5", "10"), ("i1", "30")], Seen.AFTER),
        ([("d5", "10"), ("i1", "30"), ("i2", "0")], Seen.AFTER),
        ([("d5", "10")], Seen.OTHER),
        ([("d5", "10"), ("i1", "30"), ("i2", "1")], Seen.OTHER),
        ([], Seen.OTHER),
    ],
)
def test_a_snapshot_tells_before_from_after_and_from_foreign_changes(
    parts: Sequence[tuple[str, str]], seen: Seen
) -> None:
    """By amounts per document, whatever their order and scale."""
    snapshot = Snapshot("p2", {"d5": Decimal(40)}, {"d5": Decimal(50), "i1": Decimal(30)})
    assert snapshot.compare([Part(Kind.DEBIT_MEMO, key, Decimal(amount)) for key, amount in parts]) is seen


def test_one_request_is_no_saga() -> None:
    """Nor is none."""
    world = World()
    world.call(refund(PaymentId="c1", Amount="60"))
    assert not is_saga(list(world.journal.dispatches.values()))
    assert not is_saga([])


def test_parts_are_read_by_the_payments_id() -> None:
    """What the world shows is what was applied."""
    world = world_of()
    assert world.zuora.shown_parts("p2") == world._fact(WhichParts("p2"))
