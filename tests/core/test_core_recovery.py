"""The recoverer: it reads, finishes sagas that have started, parks what nothing can prove, and moves nothing else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal

import pytest
from core_objects import FACTS, TENANT, A, call, paid, pays, refund, refund_part, zobject
from core_world import World

from bridge.core.conduct.proof import kept_question
from bridge.core.conduct.recovery import UNSETTLED
from bridge.core.facts import (
    Fact,
    Kind,
    Made,
    NoVerdict,
    Part,
    Question,
    Several,
    Shows,
    Standing,
    StillStands,
    WhichLike,
    WhichMade,
    WhichSource,
)
from bridge.core.intent import SETTLED, State
from bridge.core.model import Op, Route, Rows, ZObject

MARKED_SOAP = pays("i1", "10", ReferenceId="ERP-1")
MARKED_REST = pays("d1", "80", ReferenceId="ERP-1")
CANCEL = zobject("Payment", Id="p1", Status="Canceled")
LATER_MS = 20 * 60_000


def left(world: World, *objects: ZObject, op: Op = Op.CREATE) -> str:
    """A process ends after telling a caller that it does not know; the first intent of the call."""
    world.begin(call(*objects, op=op), "first", patience=3)
    world.run()
    world.crash("first")
    return next(iter(world.journal.intents))


def sent(world: World) -> int:
    """How many requests there were."""
    return len(world.zuora.requests)


@pytest.mark.parametrize("obj", [MARKED_SOAP, MARKED_REST, refund(PaymentId="c1", Amount="60")])
def test_what_was_done_is_found(obj: ZObject) -> None:
    """The answer was lost and the caller does not come back."""
    world = World("slow")
    world.zuora.markers_of_soap = lambda _: "ERP-1"
    world.begin(call(obj), "first")
    while not world.zuora.requests:
        world.turn()
    world.crash("first")
    (name,) = world.journal.intents
    assert world.intent(name).state is State.SENDING
    world.pass_time(60_000)
    before = sent(world)
    found = world.recover(name)
    assert found is not None
    assert (found.state, found.zuora_id) == (State.APPLIED, world.zuora.made[0].id)
    assert sent(world) == before


@pytest.mark.parametrize("obj", [MARKED_SOAP, MARKED_REST])
def test_what_is_proved_absent_is_not_applied_and_nothing_is_sent(obj: ZObject) -> None:
    """Not before nothing can be on its way any more; and never again, for nobody waits for it (I5)."""
    world = World(*["lost before"] * 9)
    name = left(world, obj)
    assert world.intent(name).state is State.IN_DOUBT
    before = sent(world)
    early = world.recover(name)
    assert early is not None
    assert early.state is State.IN_DOUBT
    world.pass_time(LATER_MS)
    late = world.recover(name)
    assert late is None
    assert world.intent(name).state is State.NOT_APPLIED
    assert (sent(world), world.zuora.made) == (before, [])


@pytest.mark.parametrize("obj", [pays("i1", "10", AccountId=None), zobject("Payment", Id="p3", Status="Voided")])
def test_what_nothing_can_prove_is_parked_once_it_is_quiet(obj: ZObject) -> None:
    """A SOAP payment without reference or account, a void: a person must look."""
    world = World(*["lost before"] * 9)
    op = Op.CREATE if obj.get("Id") is None else Op.UPDATE
    name = left(world, obj, op=op)
    assert world.recover(name) is not None
    assert world.intent(name).state is State.IN_DOUBT
    world.pass_time(LATER_MS)
    world.recover(name)
    assert world.intent(name).state is State.PARKED


def test_two_objects_with_one_marker_are_for_a_person() -> None:
    """Neither is proved to be the one, and no look-up ever will; but not before it is quiet."""
    question = WhichMade("Payment", "referenceId", "ERP-1", Decimal(10), A)
    world = World("lost before", facts={**FACTS, question: Several(("a", "b"))})
    name = left(world, MARKED_SOAP)
    world.recover(name)
    assert world.intent(name).state is State.IN_DOUBT
    world.pass_time(LATER_MS)
    world.recover(name)
    assert world.intent(name).state is State.PARKED


@pytest.mark.parametrize("fact", [lambda made: Made(made, "Canceled"), lambda made: Several((made, made))])
def test_what_has_settled_another_attempt_proves_nothing_of_this_one(fact: Callable[[str], Fact]) -> None:
    """A payment was canceled by hand; its repeat, a new attempt under the same reference, got no answer."""
    question = WhichMade("Payment", "referenceId", "ERP-1", Decimal(10), A)
    world = World("ok", "lost before")
    reply = world.call(MARKED_SOAP, hears=False)
    assert isinstance(reply, Rows)
    (first,) = (each.zuora_id or "" for each in reply.outcomes)
    world.facts = {
        **world.facts,
        StillStands("Payment", first): Standing(stands=False, status="Canceled"),
        question: fact(first),
    }
    world.begin(call(MARKED_SOAP), "second", patience=3)
    world.run()
    world.crash("second")
    *_, name = world.journal.intents
    assert world.intent(name).state is State.IN_DOUBT
    world.pass_time(LATER_MS)
    world.recover(name)
    assert world.intent(name).state is State.NOT_APPLIED


@pytest.mark.parametrize(("older", "state"), [(False, State.APPLIED), (True, State.PARKED)])
def test_of_two_with_one_marker_the_one_that_is_nobody_elses_is_it(older: bool, state: State) -> None:
    """Unless it was there before the request."""
    question = WhichMade("Payment", "referenceId", "ERP-1", Decimal(10), A)
    world = World("ok", "slow")
    reply = world.call(MARKED_SOAP, hears=False)
    assert isinstance(reply, Rows)
    (first,) = (each.zuora_id or "" for each in reply.outcomes)
    world.facts |= {StillStands("Payment", first): Standing(stands=False, status="Canceled")}
    # What was canceled may be paid again.
    world.acts += world.acts
    world.begin(call(MARKED_SOAP), "second", patience=3)
    while len(world.zuora.requests) < 2:
        world.turn()
    world.crash("second")
    *_, name = world.journal.intents
    world.facts |= {question: Several((first, "f" * 32), older=older)}
    world.pass_time(LATER_MS)
    world.recover(name)
    assert world.intent(name).state is state


def test_a_journal_that_cannot_tell_whose_it_is_settles_nothing() -> None:
    """What the marker finds may be another attempt's."""
    question = WhichMade("Payment", "referenceId", "ERP-1", Decimal(10), A)
    world = World("lost before", facts={**FACTS, question: Made("a" * 32, "Processed")})
    found, world.facts[question] = world.facts[question], NoVerdict("not yet")
    name = left(world, MARKED_SOAP)
    world.facts[question] = found
    world.journal.rivals = lambda *_: None  # type: ignore[method-assign, assignment, return-value]
    world.pass_time(LATER_MS)
    world.recover(name)
    assert world.intent(name).state is State.IN_DOUBT


def test_a_zuora_that_does_not_answer_settles_nothing() -> None:
    """However long."""
    world = World(*["lost before"] * 9)
    name = left(world, MARKED_REST)
    world.pass_time(LATER_MS)
    world.dark = lambda: True
    world.recover(name)
    assert world.intent(name).state is State.IN_DOUBT


def test_a_cancel_is_found_by_what_the_payment_shows() -> None:
    """The update's own values are kept with the request."""
    world = World("slow")
    name = left(world, CANCEL, op=Op.UPDATE)
    world.zuora.status["p1"] = "Canceled"
    found = world.recover(name)
    assert found is not None
    assert (found.state, found.zuora_id) == (State.APPLIED, "p1")


def test_what_was_never_sent_is_withdrawn() -> None:
    """The second of two payments on one memo; a repeat is then simply a new attempt."""
    world = World()
    world.begin(call(MARKED_REST, pays("d1", "1")), "first")
    while not world.zuora.requests:
        world.turn()
    world.crash("first")
    (name,) = [each.id for each in world.journal.intents.values() if each.state is State.PLANNED]
    assert world.recover(name) is None
    assert (world.intent(name).state, world.intent(name).unsent) == (State.REFUSED, True)


def test_what_another_process_has_taken_meanwhile_is_left_to_it() -> None:
    """Of two recoverers one has it."""
    world = World(*["lost before"] * 9)
    name = left(world, MARKED_REST)
    intent = world.intent(name)
    world.journal.intents[name] = replace(intent, owner="another")
    stale = world.journal.intents | {name: intent}
    real, world.journal.intents = world.journal.intents, stale
    world.journal.intents = real
    assert world.recover(name) is not None
    world.journal_state = lambda: "down"
    assert world.recover(name) is None


def test_an_intent_whose_requests_are_gone_is_parked() -> None:
    """Nothing can be learnt about it."""
    world = World(*["lost before"] * 9)
    name = left(world, MARKED_REST)
    world.journal.dispatches.clear()
    world.recover(name)
    assert world.intent(name).state is State.PARKED


# ---------------------------------------------------------------- sagas


SPLIT = refund(PaymentId="p2", Amount="50", RefundInvoicePaymentData=[refund_part("d5", "50")])
P2 = paid("p2", "80", "d5", parts=(Part(Kind.DEBIT_MEMO, "d5", Decimal(50)),), unapplied=Decimal(30), currency="USD")


def saga_world(*moods: str) -> World:
    """A payment of 80, of which 50 pay a debit memo; no enhanced write-off."""
    tenant = replace(TENANT, enhanced_write_off=False)
    world = World(*moods, facts={**FACTS, WhichSource("p2"): P2}, tenant=tenant)
    world.zuora.parts["p2"] = {"d5": Decimal(50)}
    return world


@pytest.mark.parametrize("moods", [(), ("ok", "no")])
@pytest.mark.parametrize("at", range(10, 30))
def test_a_saga_that_has_started_is_finished_for_nobody(moods: Sequence[str], at: int) -> None:
    """Forwards where the refund can be made, else back: the payment is never left in between."""
    world = saga_world(*moods)
    world.begin(call(SPLIT), "first").crash = (at, "after")
    world.run()
    world.crash("first")
    world.order()
    (name,) = world.journal.intents
    for _ in range(3):
        if world.intent(name).state in UNSETTLED:
            world.recover(name)
            world.pass_time(LATER_MS)
    assert world.intent(name).state in SETTLED
    refunded = len(world.zuora.made)
    assert world.zuora.parts["p2"] == {"d5": Decimal(0 if refunded else 50)}
    assert (world.intent(name).state is State.APPLIED) is bool(refunded)


@pytest.mark.parametrize("mood", ["internal", "lost before"])
def test_a_refund_in_doubt_is_looked_for_and_not_repeated_for_nobody(mood: str) -> None:
    """A repeat would need a caller (I5), and would put off for ever the moment from which absence counts (I13)."""
    world = saga_world("ok", mood)
    world.begin(call(SPLIT), "first", patience=0.5)
    world.run()
    world.crash("first")
    world.order()
    sends = len(world.zuora.requests)
    (name,) = world.journal.intents
    for _ in range(4):
        world.recover(name)
        world.pass_time(60_000)
        assert (world.state(name), len(world.zuora.requests)) == (State.IN_DOUBT, sends)
    world.pass_time(5 * 60_000)
    world.recover(name)
    assert (world.state(name), len(world.zuora.requests)) == (State.APPLIED, sends + 1)


def test_a_next_attempt_for_nobody_is_sent_once() -> None:
    """Whatever Zuora answers: no timer makes a retry of it."""
    world = saga_world("ok", "internal")
    world.begin(call(SPLIT), "first", patience=0.5)
    world.run()
    world.crash("first")
    world.order("lost before", "ok")
    sends = len(world.zuora.requests)
    (name,) = world.journal.intents
    world.pass_time(LATER_MS)
    world.recover(name)
    assert (world.state(name), len(world.zuora.requests)) == (State.IN_DOUBT, sends + 1)


# ---------------------------------------------------------------- what is kept with a batch


@pytest.mark.parametrize(
    ("obj", "op", "question"),
    [
        (
            MARKED_SOAP,
            Op.CREATE,
            WhichMade("Payment", "referenceId", "ERP-1", Decimal(10), A),
        ),
        (CANCEL, Op.UPDATE, Shows("Payment", "p1", (("status", "Canceled"),))),
        (zobject("Payment", Id="p1"), Op.DELETE, Shows("Payment", "p1")),
        (pays("i1", "10"), Op.CREATE, WhichLike("Payment", Decimal(10), A, "2026-02-20", "External")),
        (pays("i1", "10", AccountId=None), Op.CREATE, None),
    ],
)
def test_a_batch_keeps_what_its_objects_can_be_found_by(obj: ZObject, op: Op, question: Question | None) -> None:
    """The recoverer has no caller's object."""
    world = World()
    name = left(world, obj, pays("i2", "5", ReferenceId="X") if op is Op.CREATE else obj, op=op)
    (dispatch,) = world.journal.dispatches_of(name)
    assert kept_question(world.intent(name), dispatch) == question


def test_an_older_journal_kept_nothing() -> None:
    """Then there is nothing to ask."""
    world = World()
    name = left(world, pays("i1", "10"))
    (dispatch,) = world.journal.dispatches_of(name)
    assert kept_question(world.intent(name), replace(dispatch, snapshot=None)) is None


@pytest.mark.parametrize(
    ("method", "path", "op", "question"),
    [
        ("PUT", "/v1/payments/p%2F1/cancel", Op.UPDATE, Shows("Payment", "p/1", (("status", "Canceled"),))),
        ("DELETE", "/v1/payments/p1", Op.DELETE, Shows("Payment", "p1")),
        ("POST", "/v1/payments", Op.CREATE, None),
    ],
)
def test_a_rest_request_tells_by_itself(method: str, path: str, op: Op, question: Question | None) -> None:
    """Its path has the Id."""
    world = World()
    name = left(world, pays("d1", "80"))
    (dispatch,) = world.journal.dispatches_of(name)
    dispatch = replace(dispatch, method=method, path=path, body=b"", route=Route.REST)
    assert kept_question(replace(world.intent(name), op=op), dispatch) == question


def test_a_look_up_without_an_answer_proves_nothing() -> None:
    """NoVerdict is neither found nor missing."""
    world = World(*["lost before"] * 9, facts={**FACTS})
    name = left(world, MARKED_REST)
    dispatch = world.journal.dispatches_of(name)[-1]
    question = kept_question(world.intent(name), dispatch)
    assert question is not None
    world.facts[question] = NoVerdict("x")
    world.pass_time(LATER_MS)
    world.recover(name)
    assert world.intent(name).state is State.IN_DOUBT
