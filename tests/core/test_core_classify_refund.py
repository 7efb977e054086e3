"""Refunds: of a payment by SOAP, of a payment with debit memo parts or of a credit memo by REST.

Numbers in comments are those of the scenarios.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from core_objects import (
    METHOD,
    TENANT,
    A,
    B,
    answered,
    call,
    credit_memo,
    decide,
    forwarded,
    paid,
    refund,
    refund_part,
    refused,
    rest,
    soap,
    translated,
    zobject,
)

from bridge.core.classify import Refused, classify
from bridge.core.facts import (
    Absent,
    Ambiguous,
    Kind,
    Memos,
    NoVerdict,
    WhichAccount,
    WhichDocument,
    WhichMemos,
    WhichSource,
)
from bridge.core.model import Op, Settlement, ZObject

MEMO = {"totalAmount": Decimal("60"), "type": "External", "methodType": "Check", "refundDate": "2026-02-20"}


def card(**more: Any) -> ZObject:
    """An electronic refund of credit memo c1."""
    return refund(
        **{"PaymentId": "c1", "Amount": "60", "Type": "Electronic", "MethodType": None, "RefundDate": None} | more
    )


def memo_row(key: str | None, amount: str | None, number: str | None = None) -> ZObject:
    """A row of DebitMemoRefundData."""
    return zobject("DebitMemoRefund", DebitMemoId=key, RefundAmount=amount, DebitMemoNumber=number)


# ---------------------------------------------------------------- routes


@pytest.mark.parametrize(
    "obj",
    [
        refund(PaymentId="p1", Amount="45"),  # 83
        refund(PaymentId="p1", Amount="30", RefundInvoicePaymentData=[refund_part("i1", "30")]),  # 84
        refund(PaymentId="p1", Amount="20", Type="Electronic", MethodType=None),  # 85
        refund(PaymentId="p1", Amount="45", SourceType="Payment"),
        refund(PaymentId="nothing", Amount="45"),
        refund(Amount="45"),
        refund(Amount="45", SourceType="Payment", AccountId=A),
    ],
)
def test_what_soap_can_refund_goes_by_soap_unchanged(obj: ZObject) -> None:
    """A payment without debit memo parts, and whatever Zuora must answer itself."""
    assert forwarded(obj).obj is obj


@pytest.mark.parametrize(
    ("obj", "documents"),
    [
        (refund(PaymentId="p2", Amount="80"), {}),  # 91
        (
            refund(PaymentId="p2", Amount="50", RefundInvoicePaymentData=[refund_part("d5", "50")]),  # 86
            {"debitMemos": [{"debitMemoId": "d5", "amount": Decimal("50")}]},
        ),
        (
            refund(PaymentId="p2", Amount="50", DebitMemoRefundData=[memo_row("d5", "50")]),
            {"debitMemos": [{"debitMemoId": "d5", "amount": Decimal("50")}]},
        ),
        (
            refund(PaymentId="p2", Amount="50", DebitMemoRefundData=[memo_row(None, "50", "d1")]),
            {"debitMemos": [{"debitMemoId": "d1", "amount": Decimal("50")}]},
        ),
        (
            refund(
                PaymentId="p2", Amount="50", RefundInvoicePaymentData=[refund_part("i1", "20"), refund_part("d5", "30")]
            ),
            {
                "invoices": [{"invoiceId": "i1", "amount": Decimal("20")}],
                "debitMemos": [{"debitMemoId": "d5", "amount": Decimal("30")}],
            },
        ),
        (refund(PaymentId=" p2 ", Amount="80", AccountId=f" {A} ", Type="External ", MethodType=" Check"), {}),
    ],
)
def test_a_payment_of_a_debit_memo_is_unapplied_and_refunded_in_one(obj: ZObject, documents: Any) -> None:
    """Always with the amount; without documents Zuora picks them."""
    verdict = translated(obj)
    assert (verdict.path, verdict.lane) == ("/v1/payments/p2/refunds/unapply", A)
    assert verdict.body == MEMO | {"totalAmount": Decimal(obj.fields["Amount"])} | documents


def test_an_electronic_refund_of_such_a_payment_inherits_everything() -> None:
    """No method, no method type, no date and no gateway, whatever the caller sent."""
    obj = refund(PaymentId="p2", Amount="50", Type="Electronic", PaymentMethodId=METHOD, Gateway="TestGateway")
    assert translated(obj).body == {"totalAmount": Decimal("50"), "type": "Electronic"}


def test_policy_and_the_extension_may_send_any_payments_refund_by_rest() -> None:
    """Which documents give it back is Zuora's to say, or the caller's."""
    assert translated(refund(PaymentId="p1", Amount="45"), prefer=rest).path == "/v1/payments/p1/refunds/unapply"
    assert translated(refund(PaymentId="p1", Amount="5", DebitMemoRefundData=[memo_row("d1", "5")]))


@pytest.mark.parametrize(
    "obj",
    [
        refund(PaymentId="c1", Amount="60"),  # 93
        refund(SourceType="CreditBalance", AccountId=A, Amount="60"),
        refund(SourceType=" CreditMemo ", AccountId=A, Amount="60"),
        refund(CreditMemoId="c1", Amount="60"),
        refund(CreditMemoNumber="c1", Amount="60"),
        refund(CreditMemoId="c1", CreditMemoNumber="C1", Amount="60"),
        refund(PaymentId="c1", Amount="60", AccountId=A, PaymentMethodId="not sent"),
    ],
)
def test_an_external_refund_of_a_credit_memo(obj: ZObject) -> None:
    """By PaymentId, by the extension, or the account's one memo; with the method type, never with a method."""
    verdict = translated(obj)
    assert (verdict.path, verdict.lane) == ("/v1/credit-memos/c1/refund", A)
    assert verdict.body == MEMO


@pytest.mark.parametrize(
    ("more", "gateway"), [({}, {"gatewayId": "g1"}), ({"Gateway": "TestGateway"}, {"gatewayId": "g1"})]
)
def test_an_electronic_refund_of_a_credit_memo(more: dict[str, str], gateway: dict[str, str]) -> None:
    """With method and gateway, without method type and date, also where the caller sent them (94, CHOICE-19)."""
    obj = card(PaymentMethodId=METHOD, MethodType="Check", RefundDate="2026-02-20", **more)
    body = {"totalAmount": Decimal("60"), "type": "Electronic", "paymentMethodId": METHOD}
    assert translated(obj).body == body | gateway
    assert translated(card(PaymentMethodId=f" {METHOD}", Type=" Electronic ")).body == body | {"gatewayId": "g1"}


def test_an_account_that_is_gone_leaves_the_gateway_to_zuora() -> None:
    """The memo is there, so Zuora judges."""
    facts = {WhichAccount(A): Absent()}
    assert "gatewayId" not in translated(card(PaymentMethodId=METHOD), facts=facts).body


def test_the_oldest_memo_that_covers_the_amount_is_taken() -> None:
    """Candidates come oldest first; none is split (CHOICE-21)."""
    facts = {WhichMemos(A): memos_of("10", "60", "70")}
    obj = refund(SourceType="CreditBalance", AccountId=A, Amount="60")
    assert translated(obj, facts=facts).path == "/v1/credit-memos/m1/refund"


def memos_of(*unapplied: str) -> Memos:
    """The account's memos with these unapplied amounts."""
    return Memos(tuple(credit_memo(f"m{place}", amount) for place, amount in enumerate(unapplied)))


# ---------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("obj", "code", "field"),
    [
        (refund(PaymentId="p2", Amount="90"), "INVALID_VALUE", "Amount"),  # 92
        (card(), "MISSING_REQUIRED_VALUE", "PaymentMethodId"),  # 95
        (refund(PaymentId="c1", Amount="70"), "INVALID_VALUE", "Amount"),  # 96
        (refund(PaymentId="c3", Amount="10"), "INVALID_VALUE", "PaymentId"),  # 98
        (refund(SourceType="CreditBalance", AccountId=A, Amount="65"), "INVALID_VALUE", "Amount"),  # 99
        (refund(SourceType="CreditBalance", AccountId=B, Amount="5"), "INVALID_VALUE", "Amount"),
        (refund(SourceType="CreditBalance", Amount="60"), "MISSING_REQUIRED_VALUE", "AccountId"),
        (refund(SourceType="CreditBalance", AccountId=A), "MISSING_REQUIRED_VALUE", "Amount"),
        (refund(PaymentId="c1", Amount="60", RefundDate="2026-01-31"), "INVALID_VALUE", "RefundDate"),  # 101
        (refund(PaymentId="p2", Amount="80", RefundDate="2026-01-31"), "INVALID_VALUE", "RefundDate"),
        (refund(PaymentId="c1", Amount="60", RefundDate="yesterday"), "INVALID_VALUE", "RefundDate"),
        (refund(PaymentId="c1"), "MISSING_REQUIRED_VALUE", "Amount"),
        (refund(PaymentId="c1", Amount="1.001"), "INVALID_VALUE", "Amount"),
        (refund(PaymentId="p2", Amount="0"), "INVALID_VALUE", "Amount"),
        (refund(PaymentId="c1", Amount="60", Type=None), "MISSING_REQUIRED_VALUE", "Type"),
        (refund(PaymentId="c1", Amount="60", Type="Cash"), "INVALID_VALUE", "Type"),
        (refund(PaymentId="p2", Amount="60", MethodType=None), "MISSING_REQUIRED_VALUE", "MethodType"),
        (refund(PaymentId="p2", Amount="60", MethodType="check"), "INVALID_VALUE", "MethodType"),
        (refund(PaymentId="c1", Amount="60", AccountId=B), "INVALID_VALUE", "AccountId"),
        (refund(PaymentId="p2", Amount="80", AccountId=B), "INVALID_VALUE", "AccountId"),
        (refund(PaymentId="p1", CreditMemoId="c1", Amount="60"), "INVALID_VALUE", "CreditMemoId"),
        (refund(CreditMemoId="nothing", Amount="60"), "INVALID_VALUE", "CreditMemoId"),
        (refund(CreditMemoNumber="i1", Amount="60"), "INVALID_VALUE", "CreditMemoNumber"),
        (refund(CreditMemoId="c1", CreditMemoNumber="C2", Amount="60"), "INVALID_VALUE", "CreditMemoNumber"),
        (
            refund(PaymentId="c1", Amount="60", RefundInvoicePaymentData=[refund_part("i1", "60")]),
            "INVALID_VALUE",
            "RefundInvoicePaymentData",
        ),
        (
            refund(PaymentId="c1", Amount="60", DebitMemoRefundData=[memo_row("d1", "60")]),
            "INVALID_VALUE",
            "DebitMemoRefundData",
        ),
        (
            refund(PaymentId="p2", Amount="50", RefundInvoicePaymentData=[refund_part("d5", "40")]),
            "INVALID_VALUE",
            "Amount",
        ),
        (
            refund(
                PaymentId="p2", Amount="50", RefundInvoicePaymentData=[refund_part("d5", "25"), refund_part("d5", "25")]
            ),
            "INVALID_VALUE",
            "RefundInvoicePaymentData",
        ),
        (
            refund(PaymentId="p2", Amount="50", RefundInvoicePaymentData=[refund_part("c1", "50")]),
            "INVALID_VALUE",
            "RefundInvoicePaymentData",
        ),
        (
            refund(PaymentId="p2", Amount="50", RefundInvoicePaymentData=[refund_part("nothing", "50")]),
            "INVALID_VALUE",
            "RefundInvoicePaymentData",
        ),
        (
            refund(PaymentId="p2", Amount="50", DebitMemoRefundData=[memo_row(None, "50")]),
            "MISSING_REQUIRED_VALUE",
            "DebitMemoRefundData",
        ),
        (
            refund(PaymentId="p2", Amount="50", DebitMemoRefundData=[memo_row("d5", None)]),
            "MISSING_REQUIRED_VALUE",
            "RefundAmount",
        ),
        (
            refund(PaymentId="nothing", Amount="1", DebitMemoRefundData=[memo_row("d1", "1")]),
            "INVALID_FIELD",
            "DebitMemoRefundData",
        ),
        (refund(PaymentId="c1", Amount="60", ReasonCode="r" * 33), "INVALID_VALUE", "ReasonCode"),
        (refund(PaymentId="c1", Amount="60", AccountingCode="r" * 101), "INVALID_VALUE", "AccountingCode"),
    ],
)
def test_a_refusal_names_the_callers_field_and_sends_nothing(obj: ZObject, code: str, field: str | None) -> None:
    """Judged on facts of the same call."""
    assert refused(obj) == (code, field)


def test_an_applied_memo_is_never_unapplied() -> None:
    """Nothing of it is left to refund (97)."""
    facts = {WhichSource("c2"): credit_memo("c2", "0")}
    assert refused(refund(PaymentId="c2", Amount="30"), facts=facts) == ("INVALID_VALUE", "Amount")


def test_a_yen_memo_refunds_whole_yen() -> None:
    """The memo's currency has its minor units (I7)."""
    facts = {WhichSource("c2"): credit_memo("c2", "1000", currency="JPY", open=None, dated=None)}
    assert translated(refund(PaymentId="c2", Amount="1000.00"), facts=facts)
    assert refused(refund(PaymentId="c2", Amount="0.5"), facts=facts) == ("INVALID_VALUE", "Amount")


def test_an_ambiguous_number_is_refused() -> None:
    """A number that names two kinds is not guessed (CHOICE-23)."""
    facts = {WhichDocument("23"): Ambiguous((Kind.CREDIT_MEMO, Kind.INVOICE))}
    assert refused(refund(CreditMemoNumber="23", Amount="1"), facts=facts) == ("INVALID_VALUE", "CreditMemoNumber")


@pytest.mark.parametrize("question", [WhichSource("p2"), WhichDocument("i1")])
def test_a_look_up_without_a_verdict_sends_nothing(question: Any) -> None:
    """A repeat is a new attempt."""
    obj = refund(PaymentId="p2", Amount="50", RefundInvoicePaymentData=[refund_part("i1", "50")])
    verdict = decide(obj, facts={question: NoVerdict("HTTP 500")})
    assert isinstance(verdict, Refused)
    assert verdict.unsent


def test_all_rows_of_a_split_are_looked_up_together() -> None:
    """Two hundred rows are one round of questions, not two hundred; known parts are not asked for."""
    rows = [refund_part(f"i{number}", "1") for number in range(1, 3)] + [refund_part("d5", "1")]
    asked: list[Any] = []
    translated(refund(PaymentId="p2", Amount="3", RefundInvoicePaymentData=rows), asked=asked)
    assert asked == [(WhichSource("p2"),), (WhichDocument("i1"), WhichDocument("i2"))]


def test_every_field_travels_under_its_rest_name() -> None:
    """Texts as they are, custom fields at the top level, options as a map."""
    obj = refund(
        PaymentId="c1",
        Amount="60",
        Comment="c",
        ReasonCode="r",
        ReferenceID="ref",
        SecondRefundReferenceId="ref2",
        SoftDescriptor="s",
        SoftDescriptorPhone="1",
        AccountingCode="cash",
        Region__c="West",
        TransferredToAccounting="No",
        GatewayOptionData=[zobject("GatewayOption", name="a", value="1")],
    )
    assert translated(obj).body == MEMO | {
        "comment": "c",
        "reasonCode": "r",
        "referenceId": "ref",
        "secondRefundReferenceId": "ref2",
        "softDescriptor": "s",
        "softDescriptorPhone": "1",
        "financeInformation": {"bankAccountAccountingCode": "cash"},
        "Region__c": "West",
        "gatewayOptions": {"a": "1"},
    }


def test_a_refund_without_a_date_has_none() -> None:
    """Zuora says what is missing; a source without a date cannot be preceded."""
    assert "refundDate" not in translated(refund(PaymentId="c1", Amount="60", RefundDate=None)).body
    facts = {WhichSource("p2"): paid("p2", "80", "d5", dated=None)}
    assert translated(refund(PaymentId="p2", Amount="1"), facts=facts).body["refundDate"] == "2026-02-20"


def test_an_id_cannot_leave_its_segment_of_the_path() -> None:
    """Whatever Zuora calls it."""
    facts = {WhichSource("x"): paid("../a?b", "80", "d5")}
    assert translated(refund(PaymentId="x", Amount="1"), facts=facts).path == "/v1/payments/..%2Fa%3Fb/refunds/unapply"


# ---------------------------------------------------------------- our own elements


def test_our_own_elements_are_refused_wherever_soap_would_get_them() -> None:
    """Also on an update, where Zuora would silently ignore them."""
    obj = zobject("Refund", Id="r1", CreditMemoNumber="c1")
    verdict = answered(classify(obj, call(obj, op=Op.UPDATE), TENANT, soap))
    assert isinstance(verdict, Refused)
    assert verdict.errors[0].field == "CreditMemoNumber"
    tenant = replace(TENANT, settlement=Settlement.OFF)
    assert refused(refund(CreditMemoId="c1", Amount="1"), tenant=tenant) == ("INVALID_FIELD", "CreditMemoId")


@pytest.mark.parametrize("source", ["CreditBalance", "CreditMemo", "payment"])
def test_a_refund_of_a_payment_that_names_another_source_is_not_made(source: str) -> None:
    """REST has no field for it and would refund the payment; by SOAP Zuora judges."""
    obj = refund(PaymentId="p2", Amount="1", SourceType=source)
    assert refused(obj) == ("INVALID_VALUE", "SourceType")
    by_soap = refund(PaymentId="p1", Amount="1", SourceType=source)
    assert forwarded(by_soap).obj is by_soap
    assert refused(by_soap, prefer=rest) == ("INVALID_VALUE", "SourceType")
