"""Refunds of applied payments on a tenant without the enhanced write-off permission: what is unapplied first.

Numbers in comments are those of the scenarios.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from core_objects import TENANT, A, forwarded, invoice, refund, refund_part, refused, rest, translated, zobject
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.classify.verdicts import Prelude
from bridge.core.facts import Kind, Part, PaymentFact, WhichDocument, WhichSource
from bridge.core.model import Tenant, ZObject

PLAIN = replace(TENANT, enhanced_write_off=False)
D5, D6 = Part(Kind.DEBIT_MEMO, "d5", Decimal(50)), Part(Kind.DEBIT_MEMO, "d6", Decimal(20))
I4 = Part(Kind.INVOICE, "i4", Decimal(45))
SPLIT = "RefundInvoicePaymentData"


def source(*parts: Part, unapplied: str = "30", currency: str | None = "USD") -> dict[Any, Any]:
    """Payment p2 with these parts."""
    whole = sum((part.amount for part in parts), Decimal(unapplied))
    memos = frozenset(part.id for part in parts if part.kind is Kind.DEBIT_MEMO)
    known = PaymentFact("p2", A, "Processed", "External", whole, None, memos)
    return {WhichSource("p2"): replace(known, parts=parts, unapplied=Decimal(unapplied), currency=currency)}


def back(amount: str, *rows: ZObject, **more: Any) -> ZObject:
    """A refund of p2, with a split if there are rows."""
    return refund(**{"PaymentId": "p2", "Amount": amount, SPLIT: rows or None} | more)


def test_with_a_split_exactly_that_is_unapplied_first() -> None:
    """The refund itself then takes only what is unapplied, and names no documents (87)."""
    verdict = translated(back("50", refund_part("d5", "50")), tenant=PLAIN, facts=source(D5))
    assert verdict.path == "/v1/payments/p2/refunds"
    assert verdict.body == {
        "totalAmount": Decimal("50"),
        "type": "External",
        "methodType": "Check",
        "refundDate": "2026-02-20",
    }
    assert verdict.prelude == Prelude("p2", (D5,), (D5,))
    assert (verdict.held, verdict.lane, verdict.method) == ("p2", A, "POST")


def test_with_the_permission_it_is_one_request_under_the_same_lease() -> None:
    """Zuora unapplies by itself (86)."""
    verdict = translated(back("50", refund_part("d5", "50")), facts=source(D5))
    assert verdict.path == "/v1/payments/p2/refunds/unapply"
    assert verdict.body["debitMemos"] == [{"debitMemoId": "d5", "amount": Decimal("50")}]
    assert (verdict.prelude, verdict.held) == (None, "p2")


@pytest.mark.parametrize(
    ("amount", "unapplied", "taken"),
    [("80", "30", "50"), ("31.5", "30", "1.5"), ("30", "30", None), ("1", "30", None), ("50", "0", "50")],
)
def test_without_a_split_the_unapplied_part_gives_first(amount: str, unapplied: str, taken: str | None) -> None:
    """The one document gives the rest (91), if there is a rest."""
    verdict = translated(back(amount), tenant=PLAIN, facts=source(D5, unapplied=unapplied))
    assert verdict.path == "/v1/payments/p2/refunds"
    takes = None if taken is None else Prelude("p2", (D5._replace(amount=Decimal(taken)),), (D5,))
    assert verdict.prelude == takes


@given(st.integers(1, 8000), st.integers(0, 3000))
def test_what_is_taken_is_never_more_and_never_less_than_what_is_wanting(cents: int, unapplied: int) -> None:
    """Unapplied and taken together are the refund, or the refund is refused."""
    amount, left = Decimal(cents).scaleb(-2), Decimal(unapplied).scaleb(-2)
    obj, facts = back(str(amount)), source(D5, unapplied=str(left))
    if amount > left + D5.amount:
        assert refused(obj, tenant=PLAIN, facts=facts) == ("INVALID_VALUE", "Amount")
        return
    prelude = translated(obj, tenant=PLAIN, facts=facts).prelude
    taken = sum((part.amount for part in prelude.takes), Decimal(0)) if prelude is not None else Decimal(0)
    assert taken == max(amount - left, Decimal(0))


@pytest.mark.parametrize("amount", ["31", "60", "100"])
def test_more_than_one_document_is_not_chosen_for_the_caller(amount: str) -> None:
    """Not even where one would suffice, or all must give: the caller says how much each gives back."""
    facts = source(D5, D6)
    assert refused(back(amount), tenant=PLAIN, facts=facts) == ("INVALID_VALUE", SPLIT)
    assert translated(back("30"), tenant=PLAIN, facts=facts).prelude is None


def test_a_caller_who_cannot_know_the_split_is_not_told_its_name() -> None:
    """RefundInvoicePaymentData is new in 64."""
    assert refused(back("60"), tenant=PLAIN, facts=source(D5, D6), version="63.0") == ("INVALID_VALUE", None)


def test_several_documents_are_taken_as_the_split_says() -> None:
    """In the caller's order, before what all parts were."""
    rows = (refund_part("i4", "10"), zobject("RefundInvoicePayment", InvoiceId="d5", RefundAmount="40"))
    verdict = translated(back("50", *rows), tenant=PLAIN, facts=source(D5, I4))
    takes = (I4._replace(amount=Decimal(10)), D5._replace(amount=Decimal(40)))
    assert verdict.prelude == Prelude("p2", takes, (D5, I4))


@pytest.mark.parametrize(
    ("obj", "field"),
    [
        (back("51", refund_part("d5", "51")), SPLIT),
        (back("5", refund_part("d9", "5")), SPLIT),
        (back("5", refund_part("nothing", "5")), SPLIT),
        (back("5", DebitMemoRefundData=[zobject("DebitMemoRefund", DebitMemoId="d9", RefundAmount="5")]), None),
        (back("5", refund_part("d5", "4")), "Amount"),
        (back("90"), "Amount"),
        (back("1.001"), "Amount"),
        (back("1", refund_part("d5", ".001")), "RefundAmount"),
    ],
)
def test_a_split_that_the_payment_cannot_give_sends_nothing(obj: ZObject, field: str | None) -> None:
    """No step is begun that could not be followed by the refund."""
    facts = source(D5) | {WhichDocument("d9"): invoice("d9")}
    expected = field or "DebitMemoRefundData"
    assert refused(obj, tenant=PLAIN, facts=facts) == ("INVALID_VALUE", expected)


def test_amounts_have_the_decimals_of_the_payments_currency() -> None:
    """Where it is known; otherwise Zuora judges."""
    yen = source(D5, currency="JPY")
    assert refused(back("1.5"), tenant=PLAIN, facts=yen) == ("INVALID_VALUE", "Amount")
    assert refused(back("1.5"), facts=yen) == ("INVALID_VALUE", "Amount")
    assert translated(back("1.555"), tenant=PLAIN, facts=source(D5, currency=None))


@pytest.mark.parametrize("tenant", [TENANT, PLAIN])
def test_policy_may_send_the_refund_of_an_invoice_payment_by_rest(tenant: Tenant) -> None:
    """In one request or in two, as the tenant can."""
    facts = source(I4, unapplied="0")
    verdict = translated(back("45"), tenant=tenant, facts=facts, prefer=rest)
    assert verdict.reason == "refunds a payment by REST"
    assert verdict.prelude == (None if tenant.enhanced_write_off else Prelude("p2", (I4,), (I4,)))
    assert forwarded(back("45"), tenant=tenant, facts=facts)


def test_what_is_neither_applied_nor_unapplied_cannot_be_given_back() -> None:
    """Such as what went to a credit balance before Invoice Settlement."""
    facts = {WhichSource("p2"): replace(source()[WhichSource("p2")], refundable=Decimal(99))}
    assert refused(back("31"), tenant=PLAIN, facts=facts, prefer=rest) == ("INVALID_VALUE", "Amount")


def test_what_is_wholly_unapplied_needs_no_step_before() -> None:
    """A plain refund."""
    verdict = translated(back("30"), tenant=PLAIN, facts=source(), prefer=rest)
    assert (verdict.path, verdict.prelude) == ("/v1/payments/p2/refunds", None)
