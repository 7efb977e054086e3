"""One call from its objects to its answer, played in the small world. Numbers are those of the scenarios."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from core_calls import KNOWN
from core_objects import ERP, STRANGER, call, debit_memo, pays, refund, zobject
from core_replies import posts, routes, rows, states, told
from core_world import World
from core_zuora import Made

from bridge.core.commands import (
    Ask,
    Commit,
    Fork,
    Lookup,
    Match,
    Record,
    Send,
    SoapAnswer,
    SoapRow,
)
from bridge.core.conduct import MAX_LANES
from bridge.core.facts import AccountFact, NoVerdict, Standing, StillStands, WhichAccount, WhichDocument
from bridge.core.intent import Dispatch
from bridge.core.model import CallFault, Op, Route, Rows, Told

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
