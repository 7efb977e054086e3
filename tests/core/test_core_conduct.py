"""One call from its objects to its answer, played in the small world. Numbers are those of the scenarios."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

import pytest
from core_calls import EURO_MEMO, KNOWN
from core_intents import intent
from core_objects import ERP, STRANGER, A, call, debit_memo, pays, refund, zobject
from core_world import World
from core_zuora import Made

from bridge.core.commands import (
    Ask,
    Commit,
    Compose,
    Fork,
    Lookup,
    Match,
    Opened,
    Record,
    Send,
    SoapAnswer,
    SoapRow,
    Watch,
)
from bridge.core.conduct import MAX_LANES, ROUNDS
from bridge.core.facts import AccountFact, NoVerdict, Standing, StillStands, WhichAccount, WhichDocument
from bridge.core.intent import Dispatch, State
from bridge.core.model import CallFault, Op, Outcome, Reply, Route, Rows, Told


def rows(reply: Reply | None) -> tuple[Outcome, ...]:
    """The rows of an answer that has some."""
    assert isinstance(reply, Rows)
    return reply.outcomes


def told(reply: Reply | None) -> list[str]:
    """What the rows say, in a word each."""
    return [each.told.value for each in rows(reply)]


def posts(world: World) -> list[str]:
    """The amounts that went out by REST, in order."""
    return [str(json.loads(each.body)["amount"]) for each, _ in world.zuora.requests if each.route is Route.REST]


def routes(world: World) -> list[str]:
    """The requests that went out, in order."""
    return [each.route.value for each, _ in world.zuora.requests]


def states(world: World) -> list[str]:
    """Where all intents stand, by position."""
    return [each.state.value for each in sorted(world.journal.intents.values(), key=lambda each: each.position)]


# ---------------------------------------------------------------- a call that works


def test_soap_goes_first_then_rest_in_order_and_the_answer_is_in_the_callers() -> None:
    """One SOAP dispatch with its objects in order, then one POST after another per account (41, CHOICE-33)."""
    world = World()
    batch = [pays("d1", "1"), pays("i1", "2"), pays("d1", "3"), pays("i2", "4"), pays("d1", "5")]
    reply = world.call(*batch)
    assert told(reply) == ["applied"] * 5
    assert [each.route for each in rows(reply)] == [Route.REST, Route.SOAP, Route.REST, Route.SOAP, Route.REST]
    assert routes(world) == ["soap", "rest", "rest", "rest"]
    assert posts(world) == ["1", "3", "5"]
    soap, _ = world.zuora.requests[0]
    assert [world.intent(each).position for each in soap.intent_ids] == [1, 3]
    made = {each.intent_id: each.id for each in world.zuora.made}
    assert [each.zuora_id for each in rows(reply)] == [made[each.intent_id or ""] for each in rows(reply)]


def test_equal_objects_of_one_call_are_distinct_acts() -> None:
    """Twenty-five equal payments are twenty-five payments."""
    world = World()
    reply = world.call(*[pays("d1", "1.00")] * 5, *[pays("i1", "1.00")] * 5)
    assert len({each.zuora_id for each in rows(reply)}) == len(world.zuora.made) == 10


def test_updates_and_deletes_are_conducted_as_well() -> None:
    """One SOAP dispatch of the operation; the Id is Zuora's."""
    world = World()
    play = world.begin(call(zobject("Payment", Id="p1", Status="Canceled"), op=Op.UPDATE))
    world.run()
    assert told(play.reply) == ["applied"]
    ((dispatch, _),) = world.zuora.requests
    assert (dispatch.op, dispatch.key) == (Op.UPDATE, None)


def test_one_payment_may_be_updated_twice_in_one_call() -> None:
    """Both rows come back with its Id, and both are done."""
    world = World()

    def receive(dispatch: Dispatch, _mood: str, _now: int) -> SoapAnswer:
        world.zuora.made += [Made("p" * 32, each, Route.SOAP) for each in dispatch.intent_ids]
        return SoapAnswer(200, (SoapRow(True, "p" * 32),) * 2)

    world.zuora.receive = receive  # type: ignore[method-assign]
    updates = [zobject("Payment", Id="p" * 32, Region__c=region) for region in ("East", "West")]
    play = world.begin(call(*updates, op=Op.UPDATE))
    world.run()
    assert told(play.reply) == ["applied", "applied"]


def test_an_empty_call_has_an_empty_answer() -> None:
    """Nothing is asked of Zuora for it."""
    world = World()
    assert world.call() == Rows(())
    assert (world.journal.intents, world.zuora.requests) == ({}, [])


def test_every_send_follows_its_commit() -> None:
    """One commit opens, one lies between two sends, one ends (I1)."""
    world = World()
    play = world.begin(call(pays("d1", "1"), pays("d1", "2"), pays("d1", "3")))
    world.run()
    durable = [type(each).__name__ for each in play.commands if isinstance(each, Record | Send)]
    assert durable == ["Record", "Send"] * 3 + ["Record"]


def test_accounts_go_side_by_side_but_never_more_than_eight() -> None:
    """Eight first payments are begun in the opening commit, the ninth account waits for a place."""
    accounts = [f"{number:032}" for number in range(10)]
    facts = dict(KNOWN)
    for account in accounts:
        facts[WhichAccount(account)] = AccountFact(account, "USD", "Active")
        facts[WhichDocument(f"d{account}")] = debit_memo(f"d{account}", account_id=account)
    world = World(facts=facts)
    play = world.begin(call(*[pays(f"d{account}", "1", AccountId=account) for account in accounts]))
    world.run()
    assert told(play.reply) == ["applied"] * 10
    (fork,) = [each for each in play.commands if isinstance(each, Fork)]
    assert (len(fork.lanes), fork.limit) == (10, MAX_LANES)
    first = next(each for each in play.commands if isinstance(each, Commit))
    assert first.positions == tuple(range(MAX_LANES))


def test_the_second_of_two_calls_of_one_process_is_a_repeat() -> None:
    """Within fifteen minutes of the delivered answer, after one look at the object."""
    world = World()
    first = rows(world.call(pays("d1", "80")))
    play = world.begin(call(pays("d1", "80.00")))
    world.run()
    (again,) = rows(play.reply)
    assert (again.zuora_id, again.joined) == (first[0].zuora_id, True)
    assert len(world.zuora.requests) == 1
    assert [type(each) for each in play.commands] == [Ask, Match, Commit, Ask, Lookup, *[type(play.commands[-1])]]


TWINS = {"allow": (Told.APPLIED, False, 2), "join": (Told.APPLIED, True, 1), "fault": (Told.REFUSED, False, 1)}


@pytest.mark.parametrize("policy", TWINS)
@pytest.mark.parametrize("hours", [0.26, 71.9])
def test_about_an_equal_call_long_after_delivery_the_callers_policy_decides(policy: str, hours: float) -> None:
    """Only its owner knows whether it is a second payment or the first one once more (59)."""
    world = World()
    world.acts.update([world.begin(call(pays("d1", "40"))).prints[0]])
    world.run()
    world.pass_time(int(hours * 3_600_000))
    (second,) = rows(world.call(pays("d1", "40"), caller=replace(ERP, twins=policy)))
    assert (second.told, second.joined, len(world.zuora.made)) == TWINS[policy]
    if policy == "fault":
        (error,) = second.errors
        assert error.code == "DUPLICATE_VALUE"
        zuora_id = world.zuora.made[0].id
        assert error.message == f"Equal to {zuora_id} of 2026-02-20; another ReferenceId makes it a second payment."


@pytest.mark.parametrize("why", ["three days", "fallen"])
def test_what_is_no_twin_is_a_new_act(why: str) -> None:
    """After 72 hours nobody repeats; and what was canceled since may be paid again."""
    world = World()
    world.acts.update([world.begin(call(pays("d1", "40"))).prints[0]])
    world.run()
    world.pass_time(73 * 3_600_000 if why == "three days" else 3_600_000)
    if why == "fallen":
        world.facts[StillStands("Payment", world.zuora.made[0].id)] = Standing(stands=False, status="Canceled")
    (second,) = rows(world.call(pays("d1", "40")))
    assert (second.told, len(world.zuora.made)) == (Told.APPLIED, 2)


# ---------------------------------------------------------------- nothing is sent


@pytest.mark.parametrize("objects", [[pays("i1", "1")] * 51, [refund(PaymentId="p1")] * 51])
def test_a_fault_for_the_whole_call_does_nothing_at_all(objects: Sequence[object]) -> None:
    """No look-up, no record (45)."""
    world = World()
    play = world.begin(call(*objects))  # type: ignore[arg-type]
    world.run()
    assert isinstance(play.reply, CallFault)
    assert play.commands == []


def test_a_refused_object_does_not_stop_the_others() -> None:
    """It is recorded as refused, its neighbours are sent (42)."""
    world = World()
    reply = world.call(pays("d2", "1"), pays("d1", "1"), pays("i1", "1"))
    assert told(reply) == ["refused", "applied", "applied"]
    assert states(world) == ["refused", "applied", "applied"]


def test_a_caller_who_is_not_allowed_gets_soap_rows_only() -> None:
    """What would go under the bridge's own credential is refused."""
    world = World()
    play = world.begin(call(pays("d1", "1"), pays("i1", "1")), caller=STRANGER)
    world.run()
    assert told(play.reply) == ["refused", "applied"]
    assert rows(play.reply)[0].errors[0].code == "NO_PERMISSION"
    assert routes(world) == ["soap"]


def test_a_look_up_without_a_verdict_is_told_as_unsent_and_may_be_repeated() -> None:
    """The repeat is simply a new attempt, with an identity of its own."""
    world = World(facts={**KNOWN, WhichDocument("d1"): NoVerdict("HTTP 500")})
    assert told(world.call(pays("d1", "80"))) == ["unsent"]
    world.facts[WhichDocument("d1")] = debit_memo()
    assert told(world.call(pays("d1", "80"))) == ["applied"]
    assert sorted(each.generation for each in world.journal.intents.values()) == [0, 1]


def test_who_hung_up_before_anything_was_sent_gets_nothing_sent() -> None:
    """Nothing is recorded either."""
    world = World()
    play = world.begin(call(pays("d1", "1"), pays("i1", "1")))
    play.gone = True
    world.run()
    assert told(play.reply) == ["unsent", "unsent"]
    assert (world.journal.intents, world.zuora.requests) == ({}, [])


@pytest.mark.parametrize("fails", [1, 2])
def test_without_a_journal_nothing_is_sent(fails: int) -> None:
    """A fault that says so, whether it cannot be read or cannot be written."""
    world = World()
    answers = iter(["up"] * (fails - 1) + ["down"])
    world.journal_state = lambda: next(answers)
    reply = world.call(pays("d1", "1"), pays("i1", "1"))
    assert isinstance(reply, CallFault)
    assert (reply.code, reply.status) == ("SERVER_UNAVAILABLE", 500)
    assert world.zuora.requests == []


def test_one_transaction_over_both_routes_does_nothing() -> None:
    """Every row an error (47)."""
    world = World()
    play = world.begin(call(pays("i1", "1"), pays("d1", "1"), single_transaction=True))
    world.run()
    assert told(play.reply) == ["refused", "refused"]
    assert world.zuora.requests == []


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
