"""What a repeat does with the intent it finds: wait, read, take over, withdraw, or be a new attempt (I6)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from core_intents import intent
from core_objects import FACTS, STRANGER, A, call, pays, zobject
from core_world import MORNING, Play, Ready, World

from bridge.core.commands import Adopted, LoadDispatches, Lookup, Moved, Record, Watch
from bridge.core.conduct.joins import TURNS, joinable
from bridge.core.conduct.proof import question_of
from bridge.core.facts import Absent, Fact, NoVerdict, Question, Showing, Standing, StillStands, WhichLike
from bridge.core.intent import State
from bridge.core.model import Op, Outcome, RowError, Rows, Told, ZObject

MEMO = pays("d1", "80")
INVOICE = pays("i1", "100")


def row(play: Play) -> Outcome:
    """The only row."""
    assert isinstance(play.reply, Rows)
    (outcome,) = play.reply.outcomes
    return outcome


def repeat(world: World, obj: ZObject = MEMO, process: str = "second", **more: Any) -> Play:
    """The caller repeats the call, and it is conducted to its end."""
    play = world.begin(call(obj, op=more.pop("op", Op.CREATE)), process, **more)
    world.run()
    return play


def left(state: State, obj: ZObject = MEMO, mood: str = "lost before", op: Op = Op.CREATE) -> World:
    """A world in which the process "first" has died and left its one intent in this state."""
    world = World(mood)
    world.begin(call(obj, op=op), "first", patience=0.5)
    while not world.journal.intents:
        world.turn()
    (only,) = world.journal.intents.values()
    if state in (State.IN_DOUBT, State.PARKED):
        world.run()
    else:
        world.order()
    world.crash("first")
    world.journal.intents[only.id] = replace(world.intent(only.id), state=state)
    return world


def in_turn(ready: Sequence[Ready]) -> Ready:
    """The call that has done least goes on."""
    return min(ready, key=lambda each: len(each[0].commands))


def only(world: World) -> State:
    """Where the first intent stands."""
    return next(iter(world.journal.intents.values())).state


# ---------------------------------------------------------------- what may be joined


@pytest.mark.parametrize("state", State, ids=lambda state: state.name)
@pytest.mark.parametrize("op", Op, ids=lambda op: op.name)
def test_unsettled_is_joined_and_of_the_settled_only_an_applied_create(state: State, op: Op) -> None:
    """Updates and deletes only while unsettled; a refusal never."""
    may = state not in (State.APPLIED, State.REFUSED, State.NOT_APPLIED) or (state is State.APPLIED and op is Op.CREATE)
    assert joinable(intent(state=state), op) is may


def test_an_update_that_is_done_may_be_done_again() -> None:
    """Marking a payment as transferred twice is two acts."""
    world = World()
    obj = zobject("Payment", Id="p1", TransferredToAccounting="Yes")
    play = world.begin(call(obj, op=Op.UPDATE))
    world.acts[play.prints[0]] = 2
    world.run()
    assert not row(repeat(world, obj, op=Op.UPDATE)).joined
    assert len(world.zuora.requests) == 2


CHANGES = {
    "an update": (Op.UPDATE, zobject("Payment", Id="p1", TransferredToAccounting="Yes")),
    "a cancel": (Op.UPDATE, zobject("Payment", Id="p1", Status="Canceled")),
    "a delete": (Op.DELETE, zobject("Payment", Id="p1")),
}


def shown(obj: ZObject, op: Op, fact: Fact) -> dict[Question, Fact]:
    """What Zuora shows of an object that an update or delete is about."""
    question = question_of(obj, op, None)
    assert question is not None
    return {question: fact}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_in_doubt_that_the_object_shows_is_done_at_once(name: str) -> None:
    """SOAP has no key, but the object can be read (71)."""
    op, obj = CHANGES[name]
    done = Absent() if op is Op.DELETE else Showing(as_expected=True, status="Canceled")
    world = World("lost after", facts={**FACTS, **shown(obj, op, done)})
    play = world.begin(call(obj, op=op))
    world.run()
    assert (row(play).told, row(play).zuora_id) == (Told.APPLIED, "p1")
    assert len(world.zuora.requests) == 1


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_in_doubt_is_joined_and_found_done_later(name: str) -> None:
    """While nothing shows it, it stays in doubt and is not sent again; the repeat that finds it answers it (71)."""
    op, obj = CHANGES[name]
    not_yet, done = Showing(as_expected=False, status="Processed"), Showing(as_expected=True, status="Canceled")
    world = World("lost after", facts={**FACTS, **shown(obj, op, not_yet)})
    world.begin(call(obj, op=op))
    world.run()
    again = row(repeat(world, obj, "second", op=op))
    assert (again.told, again.joined) == (Told.UNKNOWN, True)
    world.facts |= shown(obj, op, Absent() if op is Op.DELETE else done)
    found = row(repeat(world, obj, "third", op=op))
    assert (found.told, found.joined) == (Told.APPLIED, True)
    assert len(world.zuora.requests) == 1


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_proved_absent_is_sent_again_for_its_repeat(name: str) -> None:
    """Nothing can be on its way any more, and two looks found it undone."""
    op, obj = CHANGES[name]
    world = World("lost before", facts={**FACTS, **shown(obj, op, Showing(as_expected=False, status="Processed"))})
    world.begin(call(obj, op=op))
    world.run()
    world.pass_time(20 * 60_000)
    again = row(repeat(world, obj, "second", op=op))
    assert (again.told, again.joined) == (Told.APPLIED, False)
    assert sorted(each.state.name for each in world.journal.intents.values()) == ["APPLIED", "NOT_APPLIED"]


def test_a_change_that_nothing_shows_stays_in_doubt() -> None:
    """REST has no Voided; whoever repeats hears the same and takes nothing over."""
    obj = zobject("Payment", Id="p3", Status="Voided")
    world = World("lost after")
    world.begin(call(obj, op=Op.UPDATE))
    world.run()
    play = repeat(world, obj, "second", op=Op.UPDATE)
    assert (row(play).told, row(play).joined) == (Told.UNKNOWN, True)
    assert not any(isinstance(each, Record) for each in play.commands)
    assert len(world.zuora.requests) == 1


# ---------------------------------------------------------------- waiting


@pytest.mark.parametrize(
    ("mood", "told"), [("ok", Told.APPLIED), ("no", Told.REFUSED), ("slow", Told.APPLIED), ("internal", Told.UNKNOWN)]
)
def test_a_duplicate_waits_for_the_first_and_is_told_the_same(mood: str, told: Told) -> None:
    """One of two connections of an ERP, at two processes."""
    world = World(mood)
    first = world.begin(call(MEMO), "first")
    while not world.journal.intents:
        world.turn()
    second = world.begin(call(MEMO), "second")
    world.run(in_turn)
    assert row(first).told is row(second).told is told
    assert row(first).zuora_id == row(second).zuora_id
    assert (row(first).joined, row(second).joined) == (False, True)
    if told is Told.REFUSED:
        assert row(first).errors == row(second).errors


def test_a_duplicate_of_what_was_never_sent_is_a_new_attempt() -> None:
    """The first caller's attempt was withdrawn, so the second one's is sent."""
    world = World(*["unsent"] * 4)
    first = world.begin(call(MEMO), "first")
    while not world.journal.intents:
        world.turn()
    second = world.begin(call(MEMO), "second")
    world.run()
    assert (row(first).told, row(second).told) == (Told.UNSENT, Told.APPLIED)
    assert not row(second).joined


def test_who_loses_patience_while_waiting_is_told_that_nothing_is_known() -> None:
    """Also where the first is only planned: it may be sent the next moment."""
    world = World("slow")
    world.begin(call(pays("d1", "1"), MEMO), "first")
    while not world.zuora.requests:
        world.turn()
    second = world.begin(call(MEMO), "second", patience=0.5)
    world.run()
    assert row(second).told is Told.UNKNOWN


# ---------------------------------------------------------------- what was applied


@pytest.mark.parametrize(("status", "joins"), [("Processed", True), ("Canceled", False), ("deleted", False)])
def test_what_was_applied_is_joined_if_it_still_stands(status: str, joins: bool) -> None:
    """Read anew for every repeat; where it was canceled, the repeat is a new attempt."""
    world = World()
    first = row(repeat(world, process="first"))
    world.acts.update(world.begin(call(MEMO)).prints)
    world.run()
    assert first.zuora_id is not None
    world.facts[StillStands("Payment", first.zuora_id)] = Standing(joins, status)
    again = row(repeat(world))
    assert again.joined is joins
    assert (again.zuora_id == first.zuora_id) is joins
    assert again.told is Told.APPLIED


def test_what_cannot_be_read_is_not_denied() -> None:
    """A payment whose answer never arrived exists; "not sent" would be a lie (I3)."""
    world = World()
    first = row(repeat(world, process="first", hears=False))
    assert first.zuora_id is not None
    question = StillStands("Payment", first.zuora_id)
    world.facts[question] = NoVerdict("HTTP 500")
    play = repeat(world)
    assert (row(play).told, row(play).joined) == (Told.UNKNOWN, True)
    assert [each.questions for each in play.commands if isinstance(each, Lookup)] == [(question,)]
    assert len(world.zuora.requests) == 1


def test_an_undelivered_answer_is_joined_however_late() -> None:
    """Nobody ever told the caller of it (58)."""
    world = World()
    first = row(repeat(world, process="first", hears=False))
    world.pass_time(72 * 3_600_000)
    assert row(repeat(world)).zuora_id == first.zuora_id


# ---------------------------------------------------------------- orphans


def test_a_keyed_orphan_goes_out_again_with_its_bytes_and_its_key() -> None:
    """Because a caller is here, on the same day (53)."""
    world = World("lost after")
    world.begin(call(MEMO), "first", patience=0.5)
    world.run()
    world.crash("first")
    again = row(repeat(world))
    assert (again.told, again.joined) == (Told.APPLIED, True)
    assert only(world) is State.APPLIED
    (one, _), (other, _) = world.zuora.requests
    assert (one.key, one.body, one.headers) == (other.key, other.body, other.headers)


@pytest.mark.parametrize(
    ("mood", "told", "state"),
    [
        ("no", Told.REFUSED, State.NOT_APPLIED),
        ("lock", Told.APPLIED, State.APPLIED),
        ("forbidden", Told.APPLIED, State.APPLIED),
        ("limit", Told.APPLIED, State.APPLIED),
        ("unsent", Told.APPLIED, State.APPLIED),
        ("internal", Told.UNKNOWN, State.IN_DOUBT),
    ],
)
@pytest.mark.parametrize("found", [State.SENDING, State.IN_DOUBT], ids=lambda state: state.name)
def test_the_verdict_on_an_orphan_settles_it(found: State, mood: str, told: Told, state: State) -> None:
    """Out of doubt a refusal proves that nothing was applied; a lock, that it may be tried under a new key."""
    world = left(found)
    world.order(mood)
    assert row(repeat(world)).told is told
    if found is State.SENDING and state is State.NOT_APPLIED:
        state = State.REFUSED
    assert only(world) is state


@pytest.mark.parametrize("state", [State.RECEIVED, State.PLANNED, State.NOT_SENT], ids=lambda state: state.name)
def test_an_orphan_that_was_never_sent_is_withdrawn(state: State) -> None:
    """The repeat is a new attempt with a key of its own."""
    world = left(state)
    again = row(repeat(world))
    assert (again.told, again.joined) == (Told.APPLIED, False)
    first, second = world.journal.intents.values()
    assert (first.state, first.unsent, second.generation) == (State.REFUSED, True, 1)
    assert len(world.zuora.requests) == 1


@pytest.mark.parametrize("found", [State.SENDING, State.IN_DOUBT], ids=lambda state: state.name)
def test_a_soap_orphan_stays_in_doubt(found: State) -> None:
    """It has no key, so nothing is sent and nothing is claimed; every repeat hears the same."""
    world = left(found, INVOICE)
    world.zuora.requests.clear()
    for process in ("second", "third"):
        play = repeat(world, INVOICE, process)
        assert (row(play).told, row(play).joined) == (Told.UNKNOWN, True)
    assert only(world) is State.IN_DOUBT
    assert world.zuora.requests == []


def test_what_is_parked_waits_for_a_person() -> None:
    """Nothing is sent, moved or adopted."""
    world = left(State.PARKED)
    sent = len(world.zuora.requests)
    play = repeat(world)
    assert row(play).told is Told.UNKNOWN
    assert only(world) is State.PARKED
    assert len(world.zuora.requests) == sent
    assert not any(isinstance(each, Record) for each in play.commands)


@pytest.mark.parametrize("found", [State.SENDING, State.IN_DOUBT], ids=lambda state: state.name)
@pytest.mark.parametrize("why", ["another day", "not allowed", "no dispatch", "hangs up"])
def test_what_may_not_go_out_again_stays_in_doubt(found: State, why: str) -> None:
    """The key is a day's (I5), the credential the owner's, the bytes the journal's, and somebody must be waiting."""
    world = left(found)
    sent = len(world.zuora.requests)
    if why == "another day":
        world.pass_time(20 * 3_600_000)
        # Else its look would prove it absent, and the repeat be a new attempt.
        world.facts[WhichLike("Payment", Decimal(80), A, "2026-02-20", "External")] = NoVerdict("x")
    elif why == "no dispatch":
        world.journal.dispatches.clear()
    play = world.begin(call(MEMO), "second", **({"caller": STRANGER} if why == "not allowed" else {}))
    while not any(isinstance(each, Watch) for each in play.commands):
        world.turn()
    while why == "hangs up" and not any(isinstance(each, LoadDispatches) for each in play.commands):
        world.turn()
    play.gone = why == "hangs up"
    world.run()
    assert row(play).told is Told.UNKNOWN
    assert only(world) is State.IN_DOUBT
    assert len(world.zuora.requests) == sent


def test_a_resend_that_meets_the_limit_says_so_to_a_lone_caller() -> None:
    """The patience that Zuora asks for is not lost by joining."""
    world = left(State.IN_DOUBT)
    world.order("lock", "long limit")
    play = repeat(world, patience=20)
    assert play.reply is not None
    assert getattr(play.reply, "retry_after", None) == 120


# ---------------------------------------------------------------- races for an orphan


def adoptions(play: Play) -> list[Adopted]:
    """How it tried to take over."""
    return [
        change
        for each in play.commands
        if isinstance(each, Record)
        for change in each.changes
        if isinstance(change, Adopted) and change.owner != change.previous
    ]


@pytest.mark.parametrize("processes", [("second", "third"), ("second", "second")])
@pytest.mark.parametrize("found", [State.PLANNED, State.SENDING, State.IN_DOUBT], ids=lambda state: state.name)
def test_of_two_repeats_one_takes_the_orphan_over(found: State, processes: tuple[str, str]) -> None:
    """They take turns, command by command; the other one waits and is told the same."""
    world = left(found)
    plays = [world.begin(call(MEMO), process) for process in processes]
    world.run(in_turn)
    assert {row(play).told for play in plays} == {Told.APPLIED}
    assert len({row(play).zuora_id for play in plays}) == len(world.zuora.made) == 1


def test_taking_over_changes_the_owner_even_within_one_process() -> None:
    """Otherwise two calls of one process could both believe that it is theirs."""
    world = left(State.IN_DOUBT)
    world.order("internal")
    own = repeat(world, process="first")
    (adopted,) = adoptions(own)
    assert (adopted.previous, adopted.owner) == ("first", f"first/{own.errand.call_id}.0")
    other = repeat(world, process="second")
    assert adoptions(other)[0].owner == f"second/{other.errand.call_id}.0"
    again = repeat(world, process="second")
    assert adoptions(again)[0].owner == f"second/{again.errand.call_id}.0"


def test_what_its_driver_settled_in_the_last_moment_is_not_sent_again() -> None:
    """Found as SENDING, refused by its driver, then taken over: what is read after that counts."""
    world = left(State.SENDING)
    play = world.begin(call(MEMO), "second")
    while not any(isinstance(each, Watch) for each in play.commands):
        world.turn()
    world.turn()
    (name,) = world.journal.intents
    world.journal.intents[name] = replace(
        world.intent(name), state=State.REFUSED, errors=(RowError("NO_PERMISSION", "no"),)
    )
    world.run()
    assert (row(play).told, row(play).joined) == (Told.REFUSED, True)
    assert world.zuora.requests == []


@pytest.mark.parametrize("found", [State.PLANNED, State.SENDING], ids=lambda state: state.name)
def test_who_cannot_record_the_taking_over_does_not_send(found: State) -> None:
    """The journal is down at that moment, so nothing is known."""
    world = left(found)
    play = world.begin(call(MEMO), "second")
    while not any(isinstance(each, Watch) for each in play.commands):
        world.turn()
    world.journal_state = lambda: "down"
    world.run()
    assert row(play).told is Told.UNKNOWN
    assert world.zuora.requests == []
    assert only(world) is found


def test_who_loses_every_race_tells_what_it_knows() -> None:
    """Others take the orphan over each time and leave it; that is told as unknown in the end."""
    world = left(State.IN_DOUBT)
    sent = len(world.zuora.requests)
    record = world.journal.record

    def lost(changes: Any) -> bool:
        return not any(isinstance(each, Adopted | Moved) for each in changes) and record(changes)

    world.journal.record = lost  # type: ignore[method-assign]
    play = repeat(world)
    assert row(play).told is Told.UNKNOWN
    assert len(adoptions(play)) == TURNS
    assert len(world.zuora.requests) == sent


def test_the_day_is_counted_from_the_first_send() -> None:
    """A repeat in the evening goes out, one after midnight does not."""
    world = left(State.IN_DOUBT)
    world.pass_time(14 * 3_600_000 - (world.now - MORNING) - 60_000)
    assert row(repeat(world)).told is Told.APPLIED
