"""Single items: which way they go, what they become over REST, and how they are refused.

Numbers in comments are those of the scenarios.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from core_objects import (
    TENANT,
    A,
    credit_memo,
    debit_memo,
    part,
    payment,
    pays,
    refund,
    refund_part,
    refused,
    rest,
    translated,
    zobject,
)
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.facts import WhichDocument, WhichSource
from bridge.core.mapping.items import MOST
from bridge.core.model import Settlement, ZObject

NO_ITEMS = replace(TENANT, item_settlement=False)
DM, INV, CM = "DebitMemoItemPaymentData", "InvoiceItemPaymentData", "CreditMemoItemRefundData"


def dm_item(item: str | None, amount: str | None, *, tax: str | None = None) -> ZObject:
    """A row of DebitMemoItemPaymentData."""
    return zobject("DebitMemoItemPayment", DebitMemoItemId=item, TaxItemId=tax, Amount=amount)


def inv_item(item: str | None, amount: str | None, *, tax: str | None = None) -> ZObject:
    """A row of InvoiceItemPaymentData."""
    return zobject("InvoiceItemPayment", InvoiceItemId=item, TaxItemId=tax, Amount=amount)


def cm_item(item: str | None, amount: str | None, *, tax: str | None = None) -> ZObject:
    """A row of CreditMemoItemRefundData."""
    return zobject("CreditMemoItemRefund", CreditMemoItemId=item, CreditTaxItemId=tax, Amount=amount)


def memo(key: str, amount: str | None, *items: ZObject, **more: Any) -> ZObject:
    """A payment of one row of DebitMemoPaymentData."""
    row = zobject("DebitMemoPayment", DebitMemoId=key, Amount=amount, DebitMemoItemPaymentData=items)
    return payment(**{"Amount": amount, "DebitMemoPaymentData": [row]} | more)


def bill(key: str, amount: str | None, *items: ZObject, **more: Any) -> ZObject:
    """A payment of one row of InvoicePaymentData."""
    row = zobject("InvoicePayment", InvoiceId=key, Amount=amount, InvoiceItemPaymentData=items)
    return payment(**{"Amount": amount, "InvoicePaymentData": [row]} | more)


def card(*items: ZObject, amount: str = "60", **more: Any) -> ZObject:
    """A refund of credit memo c1."""
    return refund(**{"PaymentId": "c1", "Amount": amount, "CreditMemoItemRefundData": items} | more)


def test_items_of_a_debit_memo_are_told_to_rest() -> None:
    """An item or a tax item each, with its exact amount (11)."""
    body = translated(memo("d1", "80", dm_item("di1", "70.0"), dm_item(None, "10", tax="dt1"))).body
    assert body["debitMemos"] == [
        {
            "debitMemoId": "d1",
            "amount": Decimal("80"),
            "items": [
                {"debitMemoItemId": "di1", "amount": Decimal("70.0")},
                {"taxItemId": "dt1", "amount": Decimal("10")},
            ],
        }
    ]


def test_items_of_an_invoice_make_it_a_rest_payment() -> None:
    """SOAP has no place for them, whatever policy says (13)."""
    verdict = translated(bill("i1", "40", inv_item("ii2", "40")))
    assert verdict.body["invoices"] == [
        {
            "invoiceId": "i1",
            "amount": Decimal("40"),
            "items": [{"invoiceItemId": "ii2", "amount": Decimal("40")}],
        }
    ]
    assert verdict.reason == "pays single items"


def test_a_debit_memo_in_an_invoices_row_has_debit_memo_items() -> None:
    """The element says which item, the document what it is."""
    body = translated(bill("d1", "10", inv_item("di1", "10"))).body
    assert body["debitMemos"][0]["items"] == [{"debitMemoItemId": "di1", "amount": Decimal("10")}]


def test_only_the_documents_with_items_have_some() -> None:
    """One payment for all of them."""
    row = zobject("DebitMemoPayment", DebitMemoId="d1", Amount="5", DebitMemoItemPaymentData=[dm_item("di1", "5")])
    obj = payment(Amount="25", InvoicePaymentData=[part("i1", "20")], DebitMemoPaymentData=[row])
    body = translated(obj).body
    assert body["invoices"] == [{"invoiceId": "i1", "amount": Decimal("20")}]
    assert body["debitMemos"][0]["items"] == [{"debitMemoItemId": "di1", "amount": Decimal("5")}]


def test_an_absent_row_amount_is_the_sum_of_its_items() -> None:
    """And an absent Amount is the sum of the rows."""
    body = translated(memo("d1", None, dm_item("di1", "1.10"), dm_item("di2", "2.20"), Amount=None)).body
    assert body["amount"] == body["debitMemos"][0]["amount"] == Decimal("3.30")


@given(st.lists(st.integers(1, 10**13), min_size=1, max_size=20))
def test_no_digit_of_an_items_amount_is_lost(cents: list[int]) -> None:
    """Texts in, exact numbers out, and their exact sum."""
    texts = [format(Decimal(each).scaleb(-2), "f") for each in cents]
    facts = {WhichDocument("d1"): debit_memo("d1", str(10**15))}
    rows = [dm_item(f"di{place}", text) for place, text in enumerate(texts)]
    (document,) = translated(memo("d1", None, *rows, Amount=None), facts=facts).body["debitMemos"]
    assert [str(item["amount"]) for item in document["items"]] == texts
    assert document["amount"] == Decimal(sum(cents)).scaleb(-2)


def test_items_of_a_credit_memo_are_refunded_one_by_one() -> None:
    """External or electronic (100)."""
    body = translated(card(cm_item("ci1", "50"), cm_item(None, "10.00", tax="ct1"))).body
    assert body["items"] == [
        {"creditMemoItemId": "ci1", "amount": Decimal("50")},
        {"creditTaxItemId": "ct1", "amount": Decimal("10.00")},
    ]
    assert body["totalAmount"] == Decimal("60")


@pytest.mark.parametrize(
    "items",
    [
        [(None, "10", None)],
        [("x", "10", "y")],
        [("x", "0", None)],
        [("x", "-10", None)],
        [("x", "10.001", None)],
        [("x", "1e1", None)],
        [("x", None, None)],
        [("x", "5", None), ("x", "5", None)],
        [("x", "9", None)],
        [("x", "11", None)],
        [("x", "8", None), (None, "1", "x")],
    ],
)
def test_items_that_are_not_right_are_blamed_by_their_container(items: Sequence[tuple[Any, Any, Any]]) -> None:
    """Neither or both ids, no amount, none that money can be, an item twice, another sum."""
    rows = [dm_item(item, amount, tax=tax) for item, amount, tax in items]
    assert refused(memo("d1", "10", *rows)) == ("INVALID_VALUE", DM)
    rows = [inv_item(item, amount, tax=tax) for item, amount, tax in items]
    assert refused(bill("i1", "10", *rows)) == ("INVALID_VALUE", INV)
    rows = [cm_item(item, amount, tax=tax) for item, amount, tax in items]
    assert refused(card(*rows, amount="10")) == ("INVALID_VALUE", CM)


def test_an_item_and_a_tax_item_may_have_the_same_id() -> None:
    """They are different things."""
    assert translated(memo("d1", "10", dm_item("x", "9"), dm_item(None, "1", tax="x")))


def test_without_item_settlement_there_are_no_items() -> None:
    """Nothing is sent (12); also credit memo refunds need it."""
    assert refused(memo("d1", "10", dm_item(None, "10", tax="dt1")), tenant=NO_ITEMS) == ("INVALID_VALUE", DM)
    assert refused(bill("i1", "10", inv_item("ii1", "10")), tenant=NO_ITEMS) == ("INVALID_VALUE", INV)
    assert refused(card(cm_item("ci1", "60")), tenant=NO_ITEMS) == ("INVALID_VALUE", CM)


def test_a_thousand_items_and_not_one_more() -> None:
    """Zuora's own limit per document."""
    facts = {WhichDocument("d1"): debit_memo("d1", "2000")}
    rows = [dm_item(f"di{number}", "1") for number in range(MOST + 1)]
    assert translated(memo("d1", str(MOST), *rows[:MOST]), facts=facts)
    assert refused(memo("d1", str(MOST + 1), *rows), facts=facts) == ("INVALID_VALUE", DM)


def test_items_beyond_the_memos_balance_are_blamed_where_no_amount_was_given() -> None:
    """The caller sent no other number."""
    assert refused(memo("d1", None, dm_item("di1", "90"), Amount=None)) == ("INVALID_VALUE", DM)


@pytest.mark.parametrize(
    ("obj", "field"),
    [
        (pays("d1", "80", DebitMemoItemPaymentData=[dm_item("di1", "80")]), DM),
        (pays("d1", "80", InvoiceItemPaymentData="text"), INV),
        (payment(InvoicePaymentData=[replace(part("i1", "1"), verbatim={INV: "<x/>"})]), INV),
        (payment(InvoicePaymentData=[zobject("InvoicePayment", InvoiceId="i1", **{DM: [dm_item("x", "1")]})]), DM),
        (payment(DebitMemoPaymentData=[zobject("DebitMemoPayment", DebitMemoId="d1", **{INV: []})]), INV),
        (refund(PaymentId="c1", Amount="60", CreditMemoItemRefundData="text"), CM),
        (replace(card(), verbatim={CM: "<x/>"}, children={}), CM),
        (
            refund(PaymentId="p2", Amount="1", RefundInvoicePaymentData=[zobject("X", **{CM: [cm_item("ci1", "1")]})]),
            CM,
        ),
    ],
)
def test_items_in_a_wrong_place_are_not_overlooked(obj: ZObject, field: str) -> None:
    """Nothing would be sent of them, and something else paid."""
    assert refused(obj) == ("INVALID_VALUE", field)


def test_an_unknown_document_with_items_is_not_forwarded() -> None:
    """SOAP would get an element that it does not know."""
    assert refused(bill("nothing", "10", inv_item("ii1", "10"))) == ("INVALID_VALUE", "InvoiceId")


def test_items_never_reach_zuoras_soap() -> None:
    """Not with settlement off, and not where Zuora refuses the rest anyway."""
    tenant = replace(TENANT, settlement=Settlement.OFF)
    assert refused(bill("i1", "10", inv_item("ii1", "10")), tenant=tenant) == ("INVALID_FIELD", INV)
    assert refused(card(cm_item("ci1", "60")), tenant=tenant) == ("INVALID_FIELD", CM)
    assert refused(card(cm_item("ci1", "60"), PaymentId="nothing")) == ("INVALID_FIELD", CM)


def test_a_payments_refund_has_no_items() -> None:
    """By route soap or rest."""
    for key in ("p1", "p2"):
        assert refused(card(cm_item("ci1", "1"), PaymentId=key, amount="1")) == ("INVALID_VALUE", CM)
    split = refund(PaymentId="p2", Amount="50", RefundInvoicePaymentData=[refund_part("d5", "50")])
    assert translated(split, prefer=rest)


def test_empty_containers_say_nothing() -> None:
    """As an empty element of Zuora's own."""
    assert "items" not in translated(card()).body
    assert "items" not in translated(bill("d1", "10")).body["debitMemos"][0]


def test_whole_yen_items() -> None:
    """Minor units are the memo's currency's."""
    facts = {WhichSource("c1"): credit_memo("c1", "1000", currency="JPY", account_id=A)}
    assert translated(card(cm_item("ci1", "60.00")), facts=facts)
    assert refused(card(cm_item("ci1", "59.5"), cm_item("ci2", ".5")), facts=facts) == ("INVALID_VALUE", CM)
