"""Payments: which way they go, what their documents and amounts become, and which field is named when they are refused.

Numbers in comments are those of the scenarios.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from core_objects import (
    METHOD,
    A,
    credit_memo,
    debit_memo,
    decide,
    forwarded,
    part,
    payment,
    pays,
    refused,
    rest,
    translated,
    zobject,
)
from core_payments import WHOLE, electronic, memo_part
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.classify import Refused
from bridge.core.facts import Ambiguous, Kind, NoVerdict, WhichAccount, WhichDocument, WhichGateway
from bridge.core.model import ZObject

# ---------------------------------------------------------------- routes


@pytest.mark.parametrize(
    ("obj", "reason"),
    [
        (pays("i1", "100"), "names only invoices"),  # 1
        (payment(InvoiceNumber="i1", Amount="100", AppliedInvoiceAmount="100"), "names only invoices"),  # 2
        (payment(Amount="120", InvoicePaymentData=[part("i1", "100"), part("i2", "20")]), "names only invoices"),  # 3
        (payment(Amount="30", AppliedCreditBalanceAmount="30"), "names no document"),  # 4
        (pays("i1", "120", AppliedInvoiceAmount="100", AppliedCreditBalanceAmount="20"), "names only invoices"),  # 5
        (pays("nothing", "10"), "names a document Zuora lacks"),  # 28
        (payment(InvoiceNumber="  ", Amount="10"), "names no document"),
        (
            payment(Amount="1", InvoicePaymentData=[part("i1", "1"), zobject("InvoicePayment")]),
            "names a document Zuora",
        ),
    ],
)
def test_what_soap_can_pay_goes_by_soap_unchanged(obj: ZObject, reason: str) -> None:
    """Invoices, nothing at all, and what nobody knows: Zuora's own answer is the best one."""
    verdict = forwarded(obj)
    assert verdict.obj is obj
    assert verdict.reason.startswith(reason)


@pytest.mark.parametrize(
    "obj",
    [
        pays("d1", "80"),  # 6
        payment(InvoiceNumber="d1", Amount="80", AppliedInvoiceAmount="80"),  # 7
        pays("d1", "80", InvoiceNumber="d1"),
        payment(Amount="80", InvoicePaymentData=[part("d1", "80")]),
        payment(Amount="80", DebitMemoId="d1", AppliedInvoiceAmount="80"),
        payment(Amount="80", DebitMemoNumber="d1", AppliedInvoiceAmount="80"),
        payment(Amount="80", DebitMemoPaymentData=[memo_part("d1", "80")]),
        payment(Amount="80", DebitMemoPaymentData=[memo_part(None, "80", "d1")]),
        pays(" d1 ", "80", AccountId=f" {A} ", Type=" External ", Status="Processed ", PaymentMethodId=f"{METHOD} "),
        pays("d1", "80", Currency="USD"),
        pays("d1", None),
        pays("d1", "80", AppliedCreditBalanceAmount="0"),
    ],
)
def test_a_debit_memo_is_one_rest_payment_however_it_is_named(obj: ZObject) -> None:
    """By id or number, in the invoice's fields or in the extension's, singly or in a row."""
    if obj.get("Amount") is None:
        obj = replace(obj, fields={**obj.fields, "AppliedInvoiceAmount": "80"})
    verdict = translated(obj)
    assert (verdict.path, verdict.lane) == ("/v1/payments", A)
    assert verdict.body == WHOLE


def test_an_invoice_and_a_debit_memo_are_one_payment() -> None:
    """All documents of a payment travel together (10)."""
    body = translated(payment(Amount="180", InvoicePaymentData=[part("i1", "100"), part("d1", "80")])).body
    assert body["invoices"] == [{"invoiceId": "i1", "amount": Decimal("100")}]
    assert body["debitMemos"] == [{"debitMemoId": "d1", "amount": Decimal("80")}]
    assert body["amount"] == Decimal("180")


@pytest.mark.parametrize(
    ("amount", "applied", "rest_of_it", "sent"),
    [
        ("30", "30", None, "30"),  # 8
        ("100", "80", "20", "100"),  # 9
        ("100", "80", None, "100"),  # 26
        (None, "80", None, "80"),  # 19
        (None, "60", "20.50", "80.50"),
        ("80.00", "80", "0.0", "80.00"),
    ],
)
def test_the_amount_is_the_callers_or_the_documented_sum(
    amount: str | None, applied: str, rest_of_it: str | None, sent: str
) -> None:
    """What is not for a document stays unapplied; digits are the caller's."""
    obj = pays("d1", applied, Amount=amount, AppliedInvoiceAmount=applied, AppliedCreditBalanceAmount=rest_of_it)
    assert str(translated(obj).body["amount"]) == sent


@given(st.integers(1, 10**15), st.integers(1, 10**15))
def test_no_digit_of_an_amount_is_lost(one: int, other: int) -> None:
    """Two shares of up to 15 digits and cents are added up exactly."""
    texts = [format(Decimal(cents).scaleb(-2), "f") for cents in (one, other)]
    rows = [part("d1", texts[0]), part("d9", texts[1])]
    facts = {WhichDocument(key): debit_memo(key, "10000000000000000") for key in ("d1", "d9")}
    body = translated(payment(InvoicePaymentData=rows), facts=facts).body
    assert body["amount"] == Decimal(one + other).scaleb(-2)
    assert [str(row["amount"]) for row in body["debitMemos"]] == texts  # type: ignore[attr-defined]


# ---------------------------------------------------------------- an absent Amount on route SOAP


@pytest.mark.parametrize(
    ("fields", "filled"),
    [
        ({"InvoiceId": "i1", "AppliedInvoiceAmount": "100"}, "100"),
        ({"InvoiceId": "i1", "AppliedInvoiceAmount": "100", "AppliedCreditBalanceAmount": "20.5"}, "120.5"),
        ({"InvoiceId": "i1", "InvoiceNumber": "i1", "AppliedInvoiceAmount": "100"}, "100"),
        ({"InvoiceId": "i1", "AppliedCreditBalanceAmount": "20"}, "20"),
        ({"AppliedCreditBalanceAmount": "30"}, "30"),
        ({"InvoicePaymentData": [part("i1", "100"), part("i2", "20.10")]}, "120.10"),
        ({"InvoicePaymentData": [part("i1", "100")], "AppliedCreditBalanceAmount": "1"}, "101"),
        ({"InvoicePaymentData": [part("i1", "1" * 40), part("i2", "0.01")]}, "1" * 40 + ".01"),
        ({"InvoiceId": "nothing", "AppliedInvoiceAmount": "1"}, "1"),
    ],
)
def test_an_absent_amount_is_filled_by_the_documented_sum(fields: dict[str, Any], filled: str) -> None:
    """Old callers never sent it, and settlement needs it."""
    assert forwarded(payment(**fields)).obj.get("Amount") == filled


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"InvoiceId": "i1"},
        {"InvoiceId": "i1", "AppliedInvoiceAmount": "1e5"},
        {"InvoiceId": "i1", "AppliedInvoiceAmount": "9" * 41},
        {"InvoicePaymentData": [zobject("InvoicePayment", InvoiceId="i1")]},
    ],
)
def test_what_cannot_be_added_up_is_left_to_zuora(fields: dict[str, Any]) -> None:
    """No guess and no refusal: the object goes as it came."""
    obj = payment(**fields)
    assert forwarded(obj).obj is obj


# ---------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("obj", "code", "field"),
    [
        (pays("d2", "40"), "INVALID_VALUE", "InvoiceId"),  # 23
        (pays("d1", "90"), "INVALID_VALUE", "AppliedInvoiceAmount"),  # 24
        (payment(Amount="90", InvoicePaymentData=[part("d1", "90")]), "INVALID_VALUE", "Amount"),
        (pays("d1", "70", AppliedInvoiceAmount="80"), "INVALID_VALUE", "Amount"),  # 25
        (pays("d1", "90", AppliedInvoiceAmount="80", AppliedCreditBalanceAmount="20"), "INVALID_VALUE", "Amount"),
        (pays("d1", "80", AppliedCreditBalanceAmount="-1"), "INVALID_VALUE", "AppliedCreditBalanceAmount"),
        (pays("d1", "80", AppliedCreditBalanceAmount="1e1"), "INVALID_VALUE", "AppliedCreditBalanceAmount"),
        (
            pays("d1", "80", Amount=None, AppliedCreditBalanceAmount=".001"),
            "INVALID_VALUE",
            "AppliedCreditBalanceAmount",
        ),
        (pays("d3", "30"), "INVALID_VALUE", "InvoiceId"),  # 27
        (pays("d1", "80", PaymentMethodId=None), "MISSING_REQUIRED_VALUE", "PaymentMethodId"),  # 31
        (pays("d1", "80", PaymentMethodId=" "), "MISSING_REQUIRED_VALUE", "PaymentMethodId"),
        (pays("d1", "80", GatewayOrderId="x" * 60), "INVALID_VALUE", "GatewayOrderId"),  # 32
        (electronic(Gateway="Nope"), "INVALID_VALUE", "Gateway"),  # 33
        (electronic(Gateway="Closed"), "INVALID_VALUE", "Gateway"),
        (pays("c1", "10"), "INVALID_VALUE", "InvoiceId"),  # 34
        (pays("d1", "80", AccountId=None), "MISSING_REQUIRED_VALUE", "AccountId"),
        (pays("d1", "80", AccountId="nobody"), "INVALID_ID", "AccountId"),
        (pays("d1", "80", EffectiveDate=None), "MISSING_REQUIRED_VALUE", "EffectiveDate"),
        (pays("d1", "80", EffectiveDate="0000-00-00"), "INVALID_VALUE", "EffectiveDate"),
        (pays("d1", "80", EffectiveDate="2026-02-20T00:00:00Z"), "INVALID_VALUE", "EffectiveDate"),
        (pays("d1", "80", Type=None), "MISSING_REQUIRED_VALUE", "Type"),
        (pays("d1", "80", Type="external"), "INVALID_VALUE", "Type"),
        (pays("d1", "80", Status=None), "MISSING_REQUIRED_VALUE", "Status"),
        (pays("d1", "80", Status="Draft"), "INVALID_VALUE", "Status"),
        (pays("d1", "80", AppliedInvoiceAmount=None), "MISSING_REQUIRED_VALUE", "AppliedInvoiceAmount"),
        (pays("d1", "0"), "INVALID_VALUE", "AppliedInvoiceAmount"),
        (pays("d1", "1.001"), "INVALID_VALUE", "AppliedInvoiceAmount"),
        (pays("d1", "1" * 41), "INVALID_VALUE", "AppliedInvoiceAmount"),
        (pays("d1", "80", SecondPaymentReferenceId="x"), "INVALID_FIELD", "SecondPaymentReferenceId"),
        (pays("d1", "80", InvoiceNumber="i1"), "INVALID_VALUE", "InvoiceNumber"),
        (pays("d1", "80", InvoiceNumber="nothing"), "INVALID_VALUE", "InvoiceNumber"),
        (pays("nothing", "80", DebitMemoId="d1"), "INVALID_VALUE", "DebitMemoId"),
        (pays("d1", "80", InvoicePaymentData=[part("i1", "1")]), "INVALID_VALUE", "InvoicePaymentData"),
        (pays("d1", "80", DebitMemoPaymentData=[memo_part("d1", "1")]), "INVALID_VALUE", "DebitMemoPaymentData"),
        (
            payment(Amount="80", AppliedInvoiceAmount="80", InvoicePaymentData=[part("d1", "80")]),
            "INVALID_VALUE",
            "AppliedInvoiceAmount",
        ),
        (payment(Amount="2", InvoicePaymentData=[part("d1", "1"), part("d1", "1")]), "INVALID_VALUE", "InvoiceId"),
        (payment(Amount="2", InvoicePaymentData=[part("d1", "1"), part("nothing", "1")]), "INVALID_VALUE", "InvoiceId"),
        (
            payment(Amount="2", InvoicePaymentData=[part("d1", "1"), zobject("InvoicePayment", Amount="1")]),
            "MISSING_REQUIRED_VALUE",
            "InvoiceId",
        ),
        (
            payment(Amount="1", InvoicePaymentData=[zobject("InvoicePayment", InvoiceId="d1")]),
            "MISSING_REQUIRED_VALUE",
            "Amount",
        ),
        (payment(Amount="1", DebitMemoPaymentData=[memo_part(None, "1")]), "MISSING_REQUIRED_VALUE", "DebitMemoId"),
        (payment(Amount="1", DebitMemoPaymentData=[memo_part(None, "1", "i1")]), "INVALID_VALUE", "DebitMemoNumber"),
        (payment(Amount="1", DebitMemoId="nothing"), "INVALID_VALUE", "DebitMemoId"),
        (payment(Amount="1", DebitMemoNumber="i1"), "INVALID_VALUE", "DebitMemoNumber"),
        (
            pays("d1", "80", GatewayOptionData=[zobject("GatewayOption", value="1")]),
            "INVALID_VALUE",
            "GatewayOptionData",
        ),
    ],
)
def test_a_refusal_names_the_callers_field_and_sends_nothing(obj: ZObject, code: str, field: str | None) -> None:
    """Judged on facts of the same call; the field is always one that the caller knows."""
    assert refused(obj) == (code, field)


def test_a_missing_payment_method_is_invalid_from_121_on() -> None:
    """Zuora changed the code (31b); the default method is never charged instead."""
    assert refused(pays("d1", "80", PaymentMethodId=None), version="121.0") == ("INVALID_VALUE", "PaymentMethodId")


@pytest.mark.parametrize(("version", "code"), [("120.0", "UNKNOWN_ERROR"), ("121.0", "INVALID_VALUE")])
def test_what_soap_could_carry_is_refused_in_soaps_own_code(version: str, code: str) -> None:
    """Without a method by the route rest: the code that Zuora's SOAP has for it at the caller's version."""
    obj = pays("i1", "80", PaymentMethodId=None)
    assert refused(obj, version=version, prefer=rest) == (code, "PaymentMethodId")


@pytest.mark.parametrize(
    ("facts", "obj", "field"),
    [
        ({WhichDocument("23"): Ambiguous((Kind.INVOICE, Kind.DEBIT_MEMO))}, {"InvoiceNumber": "23"}, "InvoiceNumber"),
        ({WhichDocument("d1"): debit_memo(currency="EUR")}, {"InvoiceId": "d1"}, "InvoiceId"),
        ({WhichDocument("d1"): debit_memo(balance="0")}, {"InvoiceId": "d1"}, "AppliedInvoiceAmount"),
        ({WhichDocument("c9"): credit_memo("c9")}, {"InvoiceNumber": "c9"}, "InvoiceNumber"),
    ],
)
def test_what_a_look_up_says_can_refuse(facts: Any, obj: Any, field: str) -> None:
    """Ambiguous numbers (39), another currency than the account's, nothing left, the wrong kind."""
    assert refused(payment(Amount="5", AppliedInvoiceAmount="5", **obj), facts=facts) == ("INVALID_VALUE", field)


def test_the_currency_of_every_document_is_compared_even_where_the_caller_names_one() -> None:
    """A second document in euros is not hidden by a first one in dollars, nor by Currency (CHOICE-13)."""
    facts = {WhichDocument("d9"): debit_memo("d9", currency="EUR")}
    obj = payment(Amount="2", Currency="USD", InvoicePaymentData=[part("d1", "1"), part("d9", "1")])
    assert refused(obj, facts=facts) == ("INVALID_VALUE", "InvoiceId")


def test_an_unknown_currency_or_state_of_a_document_is_left_to_zuora() -> None:
    """What the look-up does not say is not held against the caller."""
    facts = {WhichDocument("d1"): debit_memo(currency=None, status=None, open=None)}
    assert translated(pays("d1", "500"), facts=facts).body["currency"] == "USD"


@pytest.mark.parametrize("question", [WhichDocument("d1"), WhichAccount(A), WhichGateway("TestGateway")])
def test_a_look_up_without_a_verdict_sends_nothing(question: Any) -> None:
    """The row says that nothing was sent, and a repeat is a new attempt."""
    verdict = decide(electronic(), facts={question: NoVerdict("HTTP 500")})
    assert isinstance(verdict, Refused)
    assert verdict.unsent
    assert verdict.errors[0].code == "TEMPORARY_ERROR"
    assert "not sent" in verdict.errors[0].message
