"""Many objects in step: their questions travel together, their verdicts come back in order."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from core_objects import FACTS, TENANT, A, call, payment, pays, soap, zobject

from bridge.core.classify import Asking, Forward, Refused, Verdict, classify, together
from bridge.core.classify.common import NoVerdictError, fact
from bridge.core.commands import Lookup
from bridge.core.facts import Absent, Fact, NoVerdict, Question, WhichAccount, WhichDocument
from bridge.core.model import Op, RowError, ZObject
from bridge.core.refusals import unsent


def asks(*rounds: tuple[Question, ...]) -> Asking[Verdict]:
    """A classification that asks these rounds of questions and sees all answers of its own."""
    for questions in rounds:
        facts: Mapping[Question, Fact] = yield questions
        assert all(isinstance(facts[each], Absent) for each in questions)
    return Forward(zobject("Payment"), f"{len(rounds)} rounds")


def lookups(*asking: Asking[Verdict]) -> tuple[list[tuple[Question, ...]], list[Verdict]]:
    """The look-ups that several classifications make, and their verdicts."""
    asked: list[tuple[Question, ...]] = []
    steps = together(asking)
    event: Any = None
    while True:
        try:
            command = steps.send(event)
        except StopIteration as done:
            return asked, done.value
        assert isinstance(command, Lookup)
        asked.append(command.questions)
        event = {each: Absent() for each in command.questions}


ONE, TWO, THREE = WhichDocument("1"), WhichDocument("2"), WhichAccount("3")


def test_all_questions_of_a_round_are_one_look_up_and_each_is_asked_once() -> None:
    """Whoever has no more questions is done; the others go on."""
    asked, verdicts = lookups(asks((ONE,), (THREE,)), asks(), asks((ONE, TWO)), asks((TWO,), (), (ONE,)))
    assert asked == [(ONE, TWO), (THREE,), (ONE,)]
    assert [each.reason for each in verdicts if isinstance(each, Forward)] == [
        "2 rounds",
        "0 rounds",
        "1 rounds",
        "3 rounds",
    ]


IDS = replace(
    TENANT,
    patterns={
        name: re.compile("[a-zA-Z0-9]{32}|[0-9]+")
        for name in ("Payment.AccountId", "Payment.Id", "Payment.InvoiceId", "InvoicePayment.InvoiceId")
    },
)
ROW = ZObject("InvoicePayment", {"InvoiceId": "INV00000001", "Amount": "1"})


@pytest.mark.parametrize(
    ("obj", "op", "error"),
    [
        (payment(AccountId="A00000001"), Op.CREATE, ("AccountId is not an id of Zuora's", "AccountId")),
        (pays("INV00000001", "1"), Op.CREATE, ("InvoiceId is not an id of Zuora's", "InvoiceId")),
        (zobject("Payment", Id="P-00000001", Status="Canceled"), Op.UPDATE, ("invalid id for update", "Id")),
        (zobject("Payment", Id="P-00000001"), Op.DELETE, ("invalid id for delete", "Id")),
        (
            replace(payment(), children={"InvoicePaymentData": (ROW,)}),
            Op.CREATE,
            ("InvoiceId is not an id of Zuora's", "InvoiceId"),
        ),
    ],
)
def test_what_is_no_id_is_refused_before_zuoras_engine_trips_over_it(
    obj: ZObject, op: Op, error: tuple[str, str]
) -> None:
    """That engine's own fault is no verdict, so the call would stay in doubt for what certainly did not happen."""
    _, (verdict,) = lookups(classify(obj, call(obj, op=op), IDS, soap))
    assert verdict == Refused((RowError("INVALID_ID", *error),))


def test_an_id_may_be_all_digits_and_have_white_space_around_it() -> None:
    """As the file says, and as Zuora's engine strips it."""
    obj = payment(AccountId=" 12345\n")
    _, (verdict,) = lookups(classify(obj, call(obj), IDS, soap))
    assert isinstance(verdict, Forward)


@pytest.mark.parametrize(("version", "code"), [("120.0", None), ("121.0", "INVALID_VALUE"), ("153.0", "INVALID_VALUE")])
def test_a_missing_method_is_told_in_the_callers_own_terms(version: str, code: str | None) -> None:
    """From 121 on it is INVALID_VALUE, which the tenant's older file would not say; below, Zuora says it itself."""
    obj = payment(PaymentMethodId=None, Amount="1")
    _, (verdict,) = lookups(classify(obj, call(obj, version=version), TENANT, soap))
    assert code == (verdict.errors[0].code if isinstance(verdict, Refused) else None)


def test_of_several_missing_fields_zuora_names_the_first() -> None:
    """So an object that lacks more than its method is left to Zuora."""
    obj = payment(PaymentMethodId=None, Type=None, Amount="1")
    _, (verdict,) = lookups(classify(obj, call(obj, version="153.0"), TENANT, soap))
    assert isinstance(verdict, Forward)


def test_no_objects_ask_nothing() -> None:
    """And have no verdicts."""
    assert lookups() == ([], [])


def test_a_fact_is_a_fact_and_no_verdict_is_an_error() -> None:
    """Nothing may be decided on a look-up that was not answered."""
    assert fact({ONE: Absent()}, ONE) == Absent()
    with pytest.raises(NoVerdictError, match="HTTP 500"):
        fact({ONE: NoVerdict("HTTP 500")}, ONE)


def test_one_object_without_a_verdict_does_not_hold_up_the_others() -> None:
    """Its row is refused as unsent."""
    asked = call(pays("d1", "1"), pays("i1", "1"))
    steps = together([classify(obj, asked, TENANT, soap) for obj in asked.objects])
    command = next(steps)
    assert isinstance(command, Lookup)
    assert command.questions == (WhichDocument("d1"), WhichDocument("i1"))
    with pytest.raises(StopIteration) as done:
        steps.send({command.questions[0]: NoVerdict("HTTP 500"), command.questions[1]: FACTS[WhichDocument("i1")]})
    refused, forward = done.value.value
    assert refused == Refused(unsent(asked.version, "a look-up got no answer: HTTP 500"), unsent=True)
    assert isinstance(forward, Forward)


def test_the_account_is_looked_up_by_the_callers_own_text() -> None:
    """White space around it means nothing."""
    asked = call(pays("d1", "1", AccountId=f" {A} "))
    steps = together([classify(obj, asked, TENANT, soap) for obj in asked.objects])
    first = next(steps)
    assert isinstance(first, Lookup)
    second = steps.send({each: FACTS[each] for each in first.questions})
    assert second == Lookup((WhichAccount(A),))
