"""What disturbs one call: faults of Zuora, time that is up, other calls of the same act. Numbers are the scenarios'."""

from __future__ import annotations

from dataclasses import replace

from core_calls import EURO_MEMO, KNOWN
from core_intents import intent
from core_objects import ERP, A, call, pays
from core_replies import routes, rows, states, told
from core_world import World
from core_zuora import Made

from bridge.core.commands import (
    Compose,
    Lookup,
    Match,
    Opened,
    Record,
    Watch,
)
from bridge.core.conduct import ROUNDS
from bridge.core.facts import WhichAccount, WhichDocument
from bridge.core.intent import State
from bridge.core.model import CallFault, Route

# ---------------------------------------------------------------- faults


def test_a_fault_of_the_soap_part_is_relayed_and_no_rest_follows() -> None:
    """Nothing was done, so the caller may simply log in and repeat (49, 61)."""
    world = World("forbidden")
    batch = [pays("i1", "1"), pays("d1", "1"), EURO_MEMO]
    world.facts.update(KNOWN)
    reply = world.call(*batch)
    assert isinstance(reply, CallFault)
    assert (reply.code, reply.message) == ("INVALID_SESSION", "invalid session")
    assert routes(world) == ["soap"]
    assert states(world) == ["refused"] * 3
    assert told(world.call(*batch)) == ["applied"] * 3


def test_a_fault_without_a_rest_part_is_relayed_too() -> None:
    """The limit with its status and patience (66)."""
    reply = World("long limit").call(pays("i1", "1"))
    assert isinstance(reply, CallFault)
    assert (reply.code, reply.status, reply.retry_after) == ("REQUEST_EXCEEDED_LIMIT", 429, 120)


def test_a_fault_does_not_deny_what_another_object_has_become() -> None:
    """Beside a joined success it is told by the rows it is about (I3)."""
    world = World("lost after")
    paid = pays("d1", "80")
    world.begin(call(paid), patience=0.5)
    world.run()
    world.order("forbidden")
    reply = world.call(pays("i1", "1"), paid, pays("d1", "2"))
    assert told(reply) == ["refused", "applied", "unsent"]
    assert rows(reply)[0].errors[0].code == "INVALID_SESSION"


def test_a_fault_does_not_deny_what_is_in_doubt() -> None:
    """An earlier SOAP send without a verdict stays unknown, whatever happens to the rest of its repeat."""
    world = World("lost after", "forbidden")
    unknown = pays("i1", "100")
    assert told(world.call(unknown)) == ["unknown"]
    assert told(world.call(unknown, pays("i1", "2"))) == ["unknown", "refused"]


def test_a_journal_that_fails_in_the_middle_does_not_deny_it_either() -> None:
    """What could not be recorded is unsent; what was joined is not known."""
    world = World("lost after")
    unknown = pays("i1", "100")
    world.call(unknown)
    answers = iter(["up", "down"])
    world.journal_state = lambda: next(answers, "up")
    reply = world.call(unknown, pays("d1", "2"), pays("i2", "3"))
    assert told(reply) == ["unknown", "unsent", "unsent"]
    assert rows(reply)[0].joined


# ---------------------------------------------------------------- time


def test_when_time_is_up_what_was_begun_is_unknown_and_goes_on() -> None:
    """The rest is not sent; the repeat joins the first and sends the rest (52)."""
    world = World()
    world.send_ms = 2000
    batch = [pays("d1", "1"), pays("d1", "2")]
    play = world.begin(call(*batch), patience=1)
    world.run()
    assert told(play.reply) == ["unknown", "unsent"]
    assert states(world) == ["applied", "refused"]
    reply = world.call(*batch)
    assert told(reply) == ["applied", "applied"]
    assert [each.joined for each in rows(reply)] == [True, False]
    assert len(world.zuora.made) == 2


def test_a_caller_who_waits_for_another_call_is_never_told_that_nothing_was_sent() -> None:
    """Its time is up while the first call is still on its way, so the truth is: not known (I3)."""
    world = World("slow")
    world.begin(call(pays("d1", "80")), patience=50)
    second = world.begin(call(pays("d1", "80")), patience=1)
    world.run(lambda ready: ready[-1])
    assert told(second.reply) == ["unknown"]


def test_who_hangs_up_in_the_middle_stops_what_was_not_sent() -> None:
    """Each account's lane ends before its next send."""
    world = World(facts=KNOWN)
    play = world.begin(call(pays("d1", "1"), pays("d1", "2"), EURO_MEMO))
    while not world.zuora.made:
        world.turn()
    play.gone = True
    world.run()
    assert told(play.reply) == ["applied", "unsent", "unsent"]
    assert states(world) == ["applied", "refused", "refused"]
    assert all(each.unsent for each in world.journal.intents.values() if each.state is State.REFUSED)


# ---------------------------------------------------------------- races


def test_of_two_equal_calls_at_once_one_pays_and_both_are_told() -> None:
    """The loser of the identity joins the winner, in whatever turn they run."""
    for turns in range(40):
        world = World()
        plays = [world.begin(call(pays("d1", "80"), pays("i1", "7")), process) for process in ("first", "second")]
        for number in range(turns):
            world.turn(lambda ready, number=number: ready[number % len(ready)])
        world.run(lambda ready: ready[-1])
        ids = {tuple(each.zuora_id for each in rows(play.reply)) for play in plays}
        assert len(ids) == 1
        assert len(world.zuora.made) == 2


def test_equal_objects_of_two_calls_at_once_pair_up() -> None:
    """Three acts of each kind, however the two repeats interleave."""
    batch = [pays("d1", "1")] * 3 + [pays("i1", "1")] * 3
    for turns in range(0, 120, 7):
        world = World()
        plays = [world.begin(call(*batch), process) for process in ("first", "second")]
        for number in range(turns):
            world.turn(lambda ready, number=number: ready[(number * 7) % len(ready)])
        world.run()
        assert {tuple(told(play.reply)) for play in plays} == {("applied",) * 6}
        assert len(world.zuora.made) == 6


def test_a_call_that_loses_every_race_does_not_know() -> None:
    """Somebody is quicker each time and may be sending, so it is not told as unsent."""
    world = World()
    record = world.journal.record
    world.journal.record = lambda changes: False  # type: ignore[method-assign]
    play = world.begin(call(pays("d1", "80"), pays("i1", "1")))
    world.run()
    assert told(play.reply) == ["unknown", "unknown"]
    assert sum(isinstance(each, Record) for each in play.commands) == ROUNDS
    world.journal.record = record  # type: ignore[method-assign]


def test_a_call_whose_every_orphan_was_never_sent_is_unsent_in_the_end() -> None:
    """Each time it withdraws one, another process begins the next and dies before sending it."""
    world = World()
    obj = pays("d1", "80")
    play = world.begin(call(obj), "unlucky")
    beginnings = 0
    while world.plays:
        matches = [each for each in play.commands if isinstance(each, Match)]
        if len(matches) == beginnings and play.reply is None:
            beginnings += 1
            begun_and_died(world, obj, beginnings)
        world.turn(lambda ready: ready[0])
    assert told(play.reply) == ["unsent"]
    assert beginnings == ROUNDS + 1
    assert "too many calls" in rows(play.reply)[0].errors[0].message
    assert world.zuora.requests == []


def begun_and_died(world: World, obj: object, number: int) -> None:
    """Another process leaves a PLANNED intent of this object behind."""
    print_ = world.begin(call(obj), "gone").prints[0]  # type: ignore[arg-type]
    world.crash("gone")
    opened = intent(f"o{number}", fingerprint=print_, generation=number, state=State.PLANNED, owner="gone", call_id="x")
    assert world.journal.record((Opened((opened,)),))


def test_a_repeat_takes_the_unsettled_first_then_the_undelivered_then_the_delivered() -> None:
    """So that no answer that never arrived is left behind."""
    world = World("ok", "ok", "lost after")
    obj = pays("i1", "1")
    world.acts[world.begin(call(obj, obj, obj)).prints[0]] = 3
    world.crash("first")
    world.call(obj, hears=True)
    delivered = next(iter(world.journal.intents))
    world.call(obj, obj, hears=False)
    (undelivered,) = set(world.journal.intents) - {delivered}
    world.call(obj, obj, obj, hears=False)
    (unsettled,) = set(world.journal.intents) - {delivered, undelivered}
    assert world.state(unsettled) is State.IN_DOUBT
    for count, expected in ((1, [unsettled]), (2, [unsettled, undelivered]), (3, [unsettled, undelivered, delivered])):
        joined = [each.intent_id for each in rows(world.call(*[obj] * count, hears=False))]
        assert joined == expected


def test_another_attempt_of_what_one_object_has_joined_is_not_joined_by_its_equal() -> None:
    """The first object was refused and somebody tries it anew; the second object is another act, and has its own."""
    world = World()
    obj = pays("d1", "1")
    play = world.begin(call(obj, obj), "second")
    world.alive.add("first")
    print_ = play.prints[0]

    def put(name: str, **fields: object) -> None:
        world.journal.intents[name] = intent(name, **{"fingerprint": print_, "call_id": "other", **fields})

    put("first act")
    put("second act", ordinal=1)
    while world.turn():
        if any(isinstance(each, Watch) for each in play.commands):
            break
    put("first act", state=State.REFUSED)
    put("second act", ordinal=1, state=State.REFUSED, unsent=True)
    for ordinal, name in enumerate(("first act anew", "second act anew")):
        put(name, ordinal=ordinal, generation=1, state=State.APPLIED, zuora_id=f"{ordinal}" * 32)
        world.zuora.made.append(Made(f"{ordinal}" * 32, name, Route.REST))
    world.run()
    assert [each.intent_id for each in rows(play.reply)] == ["first act", "second act anew"]
    assert told(play.reply) == ["refused", "applied"]


def test_the_scope_of_identity_is_the_tenant_and_its_entity() -> None:
    """The same object in another entity is another payment (117)."""
    world = World()
    print_ = world.begin(call(pays("d1", "80"))).prints[0]
    world.acts[print_] = 2
    world.run()
    other = world.begin(call(pays("d1", "80")), caller=replace(ERP, entity="e2"))
    world.run()
    assert not rows(other.reply)[0].joined
    assert ("Zuora-Entity-Ids", "e2") in world.zuora.requests[-1][0].headers


def test_look_ups_of_all_objects_travel_together() -> None:
    """Two rounds for fifty payments: the documents, then the account; each question once."""
    world = World()
    play = world.begin(call(*[pays("d1", "0.01", ReferenceId=str(n)) for n in range(25)], *[pays("i1", "1")] * 25))
    world.run()
    asked = [each.questions for each in play.commands if isinstance(each, Lookup)]
    assert asked == [(WhichDocument("d1"), WhichDocument("i1")), (WhichAccount(A),)]
    assert sum(isinstance(each, Compose) for each in play.commands) == 1
    assert not any(isinstance(each, Watch) for each in play.commands)
