"""Sending: how often, under which key, and what is told, mood by mood. Numbers are those of the scenarios."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from core_calls import EURO_MEMO, KNOWN
from core_intents import dispatch, errand
from core_objects import call, pays
from core_world import MORNING, Play, World

from bridge.core.commands import Answered, Record, Tell, Wait
from bridge.core.conduct.send import SAME_KEY_MS, same_key_allowed
from bridge.core.intent import Dispatch, State
from bridge.core.model import CallFault, Outcome, Route, Rows, Told

MEMO = pays("d1", "80")
INVOICE = pays("i1", "100")


def conducted(*moods: str, objects: tuple = (MEMO,), patience: float = 50.0) -> tuple[World, Play]:
    """A call in a world of these moods."""
    world = World(*moods, facts=KNOWN)
    play = world.begin(call(*objects), patience=patience)
    world.run()
    return world, play


def row(play: Play) -> Outcome:
    """The only row."""
    assert isinstance(play.reply, Rows)
    (outcome,) = play.reply.outcomes
    return outcome


def waits(play: Play) -> list[float]:
    """How long it paused, one after another."""
    return [each.seconds for each in play.commands if isinstance(each, Wait)]


def sent(world: World) -> list[Dispatch]:
    """What reached for Zuora."""
    return [each for each, _ in world.zuora.requests]


# ---------------------------------------------------------------- REST


@pytest.mark.parametrize(
    ("moods", "told", "state", "keys"),
    [
        (["ok"], "applied", "applied", 1),
        (["no"], "refused", "refused", 1),
        (["forbidden"], "refused", "refused", 1),
        (["lost before", "ok"], "applied", "applied", 1),  # 54
        (["lost after"], "applied", "applied", 1),
        (["502 after"], "applied", "applied", 1),
        (["html", "ok"], "applied", "applied", 1),  # 67
        (["slow"], "applied", "applied", 1),  # 55
        (["lost before", "no"], "refused", "refused", 1),
        (["lost before", "forbidden", "limit", "unsent", "ok"], "applied", "applied", 1),
        (["unsent", "unsent", "unsent", "ok"], "applied", "applied", 1),
        (["unsent"] * 4, "unsent", "refused", 1),
        (["lock", "ok"], "applied", "applied", 2),  # 56
        (["limit", "limit", "limit", "ok"], "applied", "applied", 4),
        (["lock"] * 4, "refused", "refused", 4),
        (["limit", "lost after"], "applied", "applied", 2),
        (["lost before", "lock", "ok"], "applied", "applied", 2),
        (["internal"], "unknown", "in_doubt", 1),
    ],
)
def test_a_keyed_request_is_repeated_until_there_is_a_verdict(
    moods: list[str], told: str, state: str, keys: int
) -> None:
    """The same bytes under the same key after a doubt, a new key only after "not now"."""
    world, play = conducted(*moods)
    outcome = row(play)
    assert (outcome.told.value, world.state(outcome.intent_id).value) == (told, state)
    assert len({each.key for each in sent(world)}) == keys
    assert len({each.body for each in sent(world)}) == 1
    assert len(world.zuora.made) == (1 if told == "applied" else 0)


def test_after_a_doubt_it_waits_longer_and_longer_while_the_caller_does() -> None:
    """After 1, 2, 4, then every 8 seconds; the last pause still ends before the caller's patience."""
    _, play = conducted("internal")
    assert waits(play) == [1.0, 2.0, 4.0, 8.0, 8.0, 8.0, 8.0, 8.0]
    assert sum(waits(play)) < 50


def test_not_now_is_tried_three_times_more() -> None:
    """After 1, 2 and 4 seconds; then the caller is told what Zuora said."""
    _, play = conducted(*["lock"] * 4)
    assert waits(play) == [1.0, 2.0, 4.0]
    assert row(play).errors[0].code == "LOCK_COMPETITION"


def test_zuoras_patience_is_kept_where_it_is_longer() -> None:
    """Retry-After counts, but never less than our own pause."""
    _, play = conducted("limit", "limit", "ok")
    assert waits(play) == [1.0, 2.0]
    _, play = conducted("long limit")
    assert waits(play) == []
    assert isinstance(play.reply, CallFault)
    assert (play.reply.status, play.reply.retry_after) == (429, 120)
    _, play = conducted("long limit", "ok", patience=200)
    assert waits(play) == [120.0]
    assert row(play).told is Told.APPLIED


def test_the_limit_in_the_middle_of_a_batch_is_a_row() -> None:
    """What was done before it is told, and what follows is not even sent: it would be refused as well (65)."""
    world, play = conducted("ok", "long limit", "ok", objects=(MEMO, pays("d1", "1"), pays("d1", "2")))
    assert isinstance(play.reply, Rows)
    assert [each.told.value for each in play.reply.outcomes] == ["applied", "refused", "refused"]
    assert {each.errors[0].code for each in play.reply.outcomes[1:]} == {"REQUEST_EXCEEDED_LIMIT"}
    assert len(sent(world)) == 2
    assert {each.state.value for each in world.journal.intents.values()} == {"applied", "refused"}


@pytest.mark.parametrize(
    ("mood", "told", "state"),
    [("internal", "unknown", "in_doubt"), ("unsent", "unsent", "refused"), ("lock", "refused", "refused")],
)
def test_an_impatient_caller_gets_one_attempt(mood: str, told: str, state: str) -> None:
    """There is no time for a second one."""
    world, play = conducted(mood, patience=0.9)
    assert (row(play).told.value, world.state(row(play).intent_id).value) == (told, state)
    assert len(sent(world)) == 1


@pytest.mark.parametrize(
    ("mood", "state"),
    [("internal", "in_doubt"), ("lost before", "in_doubt"), ("unsent", "refused"), ("lock", "refused")],
)
def test_nobody_is_waited_for_who_is_gone(mood: str, state: str) -> None:
    """A resend needs the caller (I5): who hangs up during a pause gets none."""
    world = World(mood)
    play = world.begin(call(MEMO))
    while not waits(play):
        world.turn()
    play.gone = True
    world.run()
    assert len(sent(world)) == 1
    assert [each.state.value for each in world.journal.intents.values()] == [state]


def test_the_key_is_not_repeated_on_the_next_day() -> None:
    """At midnight in Los Angeles the payment's date would no longer be today's (I5)."""
    world = World("lost before")
    world.now = MORNING + 14 * 3_600_000 - 500
    play = world.begin(call(MEMO))
    world.run()
    assert row(play).told is Told.UNKNOWN
    assert len(sent(world)) == 1


@pytest.mark.parametrize(
    ("after", "allowed"),
    [(0, True), (13 * 3_600_000, True), (14 * 3_600_000 - 1, True), (14 * 3_600_000, False), (-3_600_000, True)],
)
def test_a_key_lives_for_a_tenants_day(after: int, allowed: bool) -> None:
    """Counted from the first send, in the tenant's zone."""
    first = dispatch(first_sent_at=MORNING)
    assert same_key_allowed(errand(), first, MORNING + after) is allowed


def test_a_key_lives_for_twenty_hours_at_most() -> None:
    """Zuora forgets it after twenty-four; a dispatch that was never sent counts from its record."""
    midnight = MORNING - 10 * 3_600_000
    recorded = dispatch(first_sent_at=None, recorded_at=midnight)
    assert same_key_allowed(errand(), recorded, midnight + SAME_KEY_MS)
    assert not same_key_allowed(errand(), recorded, midnight + SAME_KEY_MS + 1)


def test_each_attempt_is_recorded_before_it_is_sent() -> None:
    """The next attempt is a dispatch of its own; the journal has the verdict on the one before (I1)."""
    world, _ = conducted("lock", "limit", "ok")
    stored = sorted(world.journal.dispatches.values(), key=lambda each: each.attempt)
    assert [each.key for each in stored] == [each.key for each in sent(world)]
    assert all(one.recorded_at < other.recorded_at for one, other in pairwise(stored))


def test_a_next_attempt_that_cannot_be_recorded_is_not_sent() -> None:
    """Another process may have recorded it, so the outcome is not known."""
    world = World("lock", "ok")
    play = world.begin(call(MEMO))
    while not waits(play):
        world.turn()
    world.journal_state = lambda: "down"
    world.run()
    assert row(play).told is Told.UNKNOWN
    assert len(sent(world)) == 1


def test_a_next_attempt_needs_an_intent_that_is_still_ours() -> None:
    """Who took it over during the pause may have sent it under the first key: a second key would pay twice (I2)."""
    world = World("limit", "ok")
    play = world.begin(call(MEMO))
    while not waits(play):
        world.turn()
    (name,) = world.journal.intents
    world.journal.intents[name] = replace(world.intent(name), owner="other")
    world.run()
    assert row(play).told is Told.UNKNOWN
    assert len(sent(world)) == 1


def test_what_each_dispatch_came_to_is_recorded_in_a_word() -> None:
    """For the operator."""
    world, play = conducted("ok", "no", objects=(INVOICE, MEMO))
    words = [
        (world.journal.dispatches[change.dispatch_id].route.value, change.verdict)
        for each in play.commands
        if isinstance(each, Record)
        for change in each.changes
        if isinstance(change, Answered)
    ]
    assert words == [("soap", "done"), ("rest", "no")]


# ---------------------------------------------------------------- a lane and its journal


LANE = (pays("d1", "1"), pays("d1", "2"), pays("d1", "3"))


def lane_with_journal(*answers: str) -> tuple[World, Play]:
    """A lane of three whose journal answers so from the second record on (the first opens the call)."""
    world = World()
    play = world.begin(call(*LANE))
    while not world.journal.intents:
        world.turn()
    left = list(answers)
    world.journal_state = lambda: left.pop(0) if left else "up"
    world.run()
    return world, play


def told(play: Play) -> list[str]:
    """What the rows say."""
    assert isinstance(play.reply, Rows)
    return [each.told.value for each in play.reply.outcomes]


def test_a_journal_that_fails_once_costs_one_payment_and_no_verdict() -> None:
    """The item that could not be recorded is not sent; it is withdrawn with the next commit, and told so."""
    world, play = lane_with_journal("down")
    assert told(play) == ["applied", "unsent", "applied"]
    assert [each.state.value for each in world.journal.intents.values()] == ["applied", "refused", "applied"]
    assert len(sent(world)) == 2


def test_a_journal_that_stays_down_lets_nothing_out() -> None:
    """Whether the reported failure is the whole truth is not known, so neither is what it was about (I3)."""
    world, play = lane_with_journal(*["down"] * 9)
    assert told(play) == ["applied", "unknown", "unknown"]
    assert len(sent(world)) == 1


def test_a_commit_that_happened_though_it_was_reported_as_failed_is_not_denied() -> None:
    """The journal says SENDING, so another process may take it over and send it."""
    world, play = lane_with_journal("done, but reported as down")
    assert told(play) == ["applied", "unknown", "applied"]
    assert [each.state.value for each in world.journal.intents.values()] == ["applied", "sending", "applied"]
    world.crash("first")
    assert {each.told for each in row_set(world)} == {Told.APPLIED}
    assert len(world.zuora.made) == 3


def row_set(world: World) -> tuple[Outcome, ...]:
    """The rows of the lane's repeat."""
    reply = world.call(*LANE, process="second")
    assert isinstance(reply, Rows)
    return reply.outcomes


def test_a_lane_goes_on_when_another_process_has_taken_a_part_of_it() -> None:
    """The taken one is not known here; its neighbours' verdicts are kept."""
    world = World()
    play = world.begin(call(*LANE))
    while not world.journal.intents:
        world.turn()
    first, second, third = world.journal.intents
    world.journal.intents[second] = replace(world.intent(second), owner="other")
    world.run()
    assert told(play) == ["applied", "unknown", "applied"]
    assert [world.state(each).value for each in (first, second, third)] == ["applied", "planned", "applied"]


# ---------------------------------------------------------------- SOAP


@pytest.mark.parametrize(
    ("moods", "told", "state", "requests"),
    [
        (["ok"], "applied", "applied", 1),
        (["no"], "refused", "refused", 1),
        (["lost before"], "unknown", "in_doubt", 1),
        (["lost after"], "unknown", "in_doubt", 1),
        (["502 after"], "unknown", "in_doubt", 1),
        (["slow"], "unknown", "in_doubt", 1),
        (["html"], "unknown", "in_doubt", 1),  # 67
        (["internal"], "unknown", "in_doubt", 1),
        (["unsent", "ok"], "applied", "applied", 2),
        (["unsent", "lost before"], "unknown", "in_doubt", 2),
        (["unsent"] * 4, "unsent", "refused", 4),
    ],
)
def test_soap_is_sent_once_and_told_at_once(moods: list[str], told: str, state: str, requests: int) -> None:
    """It has no key: only what never left may go out again."""
    world, play = conducted(*moods, objects=(INVOICE,))
    assert (row(play).told.value, world.state(row(play).intent_id).value) == (told, state)
    assert len(sent(world)) == requests
    assert sum(waits(play)) == [0, 1, 3, 7][requests - 1]


def test_an_impatient_or_absent_caller_gets_no_second_try_over_soap() -> None:
    """What never left is withdrawn."""
    world, play = conducted("unsent", "ok", objects=(INVOICE,), patience=0.9)
    assert row(play).told is Told.UNSENT
    world = World("unsent", "ok")
    play = world.begin(call(INVOICE))
    while not waits(play):
        world.turn()
    play.gone = True
    world.run()
    assert [each.state for each in world.journal.intents.values()] == [State.REFUSED]
    assert len(sent(world)) == 1


def test_rest_follows_a_soap_part_without_a_verdict_while_the_caller_waits() -> None:
    """Its rows are unknown, the others are done (50)."""
    world, play = conducted("lost after", objects=(INVOICE, MEMO, EURO_MEMO))
    assert isinstance(play.reply, Rows)
    assert [each.told.value for each in play.reply.outcomes] == ["unknown", "applied", "applied"]
    assert [each.route for each in sent(world)] == [Route.SOAP, Route.REST, Route.REST]


def test_an_id_that_was_looked_up_is_told_only_once_the_journal_has_taken_it() -> None:
    """Two equal payments of one reference: the second's look-up finds the first, which is not recorded yet.

    The caller's time ends before the commit, so whatever was told until then is the answer.
    """
    equal = pays("d1", "8", ReferenceId="E")
    world = World("ok", "unsent", "lost before", facts=KNOWN)
    play = world.begin(call(equal, equal), patience=1.5)
    world.run()
    assert isinstance(play.reply, Rows)
    first, second = play.reply.outcomes
    assert (first.told, second.told) == (Told.APPLIED, Told.UNKNOWN)
    told = [each for each in play.commands if isinstance(each, Tell) and each.outcome.zuora_id is not None]
    assert {each.position for each in told} == {0}


def test_an_id_that_was_looked_up_is_told_by_nobody_while_the_journal_is_down() -> None:
    """Only the journal can say that it is not the Id of the equal payment before."""
    equal = pays("d1", "8", ReferenceId="E")
    world = World("ok", "lost before", facts=KNOWN)
    play = world.begin(call(equal, equal), patience=1.5)
    while len(world.zuora.requests) < 2:
        assert world.turn()
    world.journal_state = lambda: "down"
    world.run()
    assert [each.told for each in play.outcomes()] == [Told.APPLIED, Told.UNKNOWN]
