"""Custom fields that stand for our own elements: expanded first, told by their own names, never sent."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from core_objects import (
    TENANT,
    A,
    answered,
    call,
    debit_memo,
    decide,
    forwarded,
    part,
    payment,
    pays,
    refund,
    refused,
    soap,
    translated,
    zobject,
)

from bridge.core.classify import Forward, Refused, classify
from bridge.core.facts import WhichDocument
from bridge.core.model import Op, Settlement, ZObject

MEANINGS = {
    ("Payment", "MemoId__c"): "DebitMemoId",
    ("Payment", "MemoNumber__c"): "DebitMemoNumber",
    ("Payment", "Other__c"): "DebitMemoNumber",
    ("Payment", "Items__c"): "Items",
    ("Payment", "More__c"): "Items",
    ("Refund", "MemoId__c"): "CreditMemoId",
    ("Refund", "MemoNumber__c"): "CreditMemoNumber",
    ("Refund", "Items__c"): "Items",
}
DIRECTED = replace(TENANT, directives=MEANINGS)


def paid(amount: str | None = "80", **more: Any) -> ZObject:
    """A payment that names no document yet."""
    return payment(**{"Amount": amount, "AppliedInvoiceAmount": amount} | more)


def memo(amount: str = "60", **more: Any) -> ZObject:
    """A refund that names no source yet."""
    return refund(**{"Amount": amount} | more)


@pytest.mark.parametrize(
    "obj",
    [
        paid(MemoId__c="d1"),
        paid(MemoNumber__c=" d1 "),
        paid(MemoId__c="d1", MemoNumber__c="d1", DebitMemoId="d1"),
        paid(MemoNumber__c="d1", Other__c="d1"),
    ],
)
def test_a_payments_debit_memo_by_a_custom_field(obj: ZObject) -> None:
    """As the extension element would say it; the field itself goes nowhere."""
    verdict = translated(obj, tenant=DIRECTED)
    assert verdict.body == translated(paid(DebitMemoId="d1")).body
    assert verdict.obj is obj


@pytest.mark.parametrize(
    "obj", [memo(MemoId__c="c1"), memo(MemoNumber__c="c1"), memo(MemoId__c="c1", Region__c="West")]
)
def test_a_refunds_credit_memo_by_a_custom_field(obj: ZObject) -> None:
    """A custom field without a meaning travels as ever."""
    body = translated(obj, tenant=DIRECTED).body
    plain = memo(CreditMemoId="c1", Region__c=obj.get("Region__c"))
    assert body == translated(plain).body


@pytest.mark.parametrize(
    ("obj", "rows"),
    [
        (pays("d1", "80", Items__c="di1=70,tax:dt1=10"), "debitMemos"),
        (pays("d1", "80", Items__c="d1/di1=70;D1/tax:dt1=10"), "debitMemos"),
        (pays("d1", None, Items__c="di1=70,tax:dt1=10"), "debitMemos"),
        (paid("80", Items__c="d1/di1=70,tax:dt1=10"), "debitMemos"),
        (paid(None, Items__c="d1/di1=70,tax:dt1=10"), "debitMemos"),
        (paid("80", MemoId__c="d1", Items__c="di1=70,tax:dt1=10"), "debitMemos"),
        (payment(Amount="80", InvoicePaymentData=[part("d1", "80")], Items__c="di1=70,tax:dt1=10"), "debitMemos"),
        (pays("i1", "80", Items__c="di1=70,tax:dt1=10"), "invoices"),
        (paid("80", MemoId__c="d1", Items__c="di1=70,tax:dt1=10", More__c="di1=70,tax:dt1=10"), "debitMemos"),
    ],
)
def test_a_payments_items_by_a_custom_field(obj: ZObject, rows: str) -> None:
    """With the document's key or, where there is one document, without; the amount may be left to their sum."""
    body = translated(obj, tenant=DIRECTED).body
    key = "invoiceItemId" if rows == "invoices" else "debitMemoItemId"
    assert body["amount"] == Decimal(80)
    (document,) = body[rows]
    assert document["amount"] == Decimal(80)
    assert document["items"] == [{key: "di1", "amount": Decimal(70)}, {"taxItemId": "dt1", "amount": Decimal(10)}]
    assert not any(name.endswith("__c") for name in body)


def test_items_of_several_documents() -> None:
    """Each by its key; a document without items keeps its amount."""
    rows = [part("i1", "20"), part("d1", "80"), part("i2", "5")]
    obj = payment(Amount="105", InvoicePaymentData=rows, Items__c="i1/ii1=15,ii2=5;D1/di1=80")
    body = translated(obj, tenant=DIRECTED).body
    assert [len(row.get("items", ())) for row in body["invoices"]] == [2, 0]
    assert body["debitMemos"][0]["items"] == [{"debitMemoItemId": "di1", "amount": Decimal(80)}]


def test_the_items_alone_can_name_several_documents() -> None:
    """Their amounts are what the items come to."""
    body = translated(payment(Items__c="i1/ii1=15;d1/di1=5,di2=1"), tenant=DIRECTED).body
    assert body["amount"] == Decimal(21)
    assert [(row["invoiceId"], row["amount"]) for row in body["invoices"]] == [("i1", Decimal(15))]
    assert [(row["debitMemoId"], row["amount"]) for row in body["debitMemos"]] == [("d1", Decimal(6))]


@pytest.mark.parametrize("items", ["ci1=50,tax:ct1=10", "c1/ci1=50;C1/tax:ct1=10"])
@pytest.mark.parametrize(
    "source", [{"PaymentId": "c1"}, {"MemoId__c": "c1"}, {"SourceType": "CreditBalance", "AccountId": A}]
)
def test_a_refunds_items_by_a_custom_field(items: str, source: dict[str, str]) -> None:
    """However the credit memo is named."""
    body = translated(memo(Items__c=items, **source), tenant=DIRECTED).body
    assert body["items"] == [
        {"creditMemoItemId": "ci1", "amount": Decimal(50)},
        {"creditTaxItemId": "ct1", "amount": Decimal(10)},
    ]


def element(*items: tuple[str, str]) -> ZObject:
    """A payment whose row of debit memo d1 has items by our element, and more by the directive."""
    rows = [zobject("DebitMemoItemPayment", DebitMemoItemId=item, Amount=amount) for item, amount in items]
    row = zobject("DebitMemoPayment", DebitMemoId="d1", Amount="80", DebitMemoItemPaymentData=rows)
    return payment(Amount="80", DebitMemoPaymentData=[row], Items__c="di1=70,di2=10")


def test_the_same_said_twice_is_the_same() -> None:
    """In whatever order; said differently it is refused, and the custom field is to blame."""
    assert translated(element(("di2", "10.0"), ("di1", "70")), tenant=DIRECTED)
    assert refused(element(("di2", "80")), tenant=DIRECTED) == ("INVALID_VALUE", "Items__c")
    rows = [zobject("CreditMemoItemRefund", CreditMemoItemId="ci1", Amount="60")]
    same = memo(PaymentId="c1", CreditMemoItemRefundData=rows, Items__c="ci1=60.00")
    assert translated(same, tenant=DIRECTED)
    other = memo(PaymentId="c1", CreditMemoItemRefundData=rows, Items__c="ci2=60")
    assert refused(other, tenant=DIRECTED) == ("INVALID_VALUE", "Items__c")


@pytest.mark.parametrize(
    ("obj", "field"),
    [
        (paid(MemoId__c="d1", DebitMemoId="d9"), "MemoId__c"),
        (paid(MemoNumber__c="d1", Other__c="d9"), "Other__c"),
        (paid(MemoId__c="nothing"), "MemoId__c"),
        (paid(MemoId__c="i1"), "MemoId__c"),
        (paid(MemoId__c="d2"), "MemoId__c"),
        (paid(InvoiceId="i1", MemoId__c="d1"), "MemoId__c"),
        (paid(MemoId__c="d1", InvoicePaymentData=[part("i1", "1")]), "InvoicePaymentData"),
        (paid(MemoId__c="d1", Items__c="di1=70"), "Items__c"),
        (paid(MemoId__c="d1", Items__c="di1=80x"), "Items__c"),
        (paid(MemoId__c="d1", Items__c="di1=80.001"), "Items__c"),
        (paid(MemoId__c="d1", Items__c="d9/di1=80"), "Items__c"),
        (paid(MemoId__c="d1", Items__c="di1=80", More__c="di2=80"), "More__c"),
        (paid(Items__c="di1=80"), "Items__c"),
        (paid(Items__c="nothing/di1=80"), "Items__c"),
        (paid(None, Items__c="d1/di1=81"), "Items__c"),
        (paid(None, Items__c="d1/di1=5;i1/ii1=1;ii2=1"), "Items__c"),
        (paid("6", Items__c="d1/di1=5;i1/ii1=1"), "AppliedInvoiceAmount"),
        (payment(Amount="2", InvoicePaymentData=[part("i1", "1"), part("i2", "1")], Items__c="ii1=1"), "Items__c"),
        (replace(paid(), verbatim={"MemoId__c": "<x/>"}), "MemoId__c"),
        (memo(MemoId__c="c1", PaymentId="p1"), "MemoId__c"),
        (memo(MemoId__c="c1", CreditMemoId="c9"), "MemoId__c"),
        (memo(PaymentId="c1", Items__c="c9/ci1=60"), "Items__c"),
        (memo(PaymentId="c1", Items__c="ci1=59"), "Items__c"),
        (memo("45", PaymentId="p1", Items__c="ci1=45"), "Items__c"),
        (memo("45", PaymentId="p2", Items__c="ci1=45"), "Items__c"),
    ],
)
def test_a_refusal_names_the_custom_field(obj: ZObject, field: str) -> None:
    """Also in its text: the caller has never heard of what it means."""
    verdict = decide(obj, tenant=DIRECTED)
    assert isinstance(verdict, Refused), verdict
    (error,) = verdict.errors
    assert (error.code, error.field) == ("INVALID_VALUE", field)
    for meant in {"CreditMemoId", "DebitMemoId", "DebitMemoNumber", "Items"} - {*obj.fields}:
        assert meant not in error.message.replace(f"{meant}__c", "").split()


def test_a_tenant_that_does_not_settle_items_refuses_the_field() -> None:
    """Nothing is sent."""
    tenant = replace(DIRECTED, item_settlement=False)
    assert refused(paid(MemoId__c="d1", Items__c="di1=80"), tenant=tenant) == ("INVALID_VALUE", "Items__c")


def test_items_beyond_a_balance_are_blamed_where_no_amount_was_given() -> None:
    """The caller sent no other number."""
    facts = {WhichDocument("d1"): debit_memo("d1", "5")}
    obj = payment(MemoId__c="d1", Items__c="di1=80")
    assert refused(obj, tenant=DIRECTED, facts=facts) == ("INVALID_VALUE", "Items__c")


@pytest.mark.parametrize("name", ["MemoId__c", "Items__c"])
def test_where_soap_carries_all_a_directive_is_refused(name: str) -> None:
    """Stripped silently, something else would be paid."""
    tenant = replace(DIRECTED, settlement=Settlement.OFF)
    assert refused(paid(**{name: "x=1"}), tenant=tenant) == ("INVALID_FIELD", name)
    assert refused(memo(Items__c="x=1"), tenant=DIRECTED) == ("INVALID_FIELD", "Items__c")


def test_a_directive_without_a_value_is_stripped_and_nothing_else() -> None:
    """Zuora does not know the field, so it is not cleared there either."""
    obj = replace(pays("i1", "5", MemoId__c=" ", Region__c="West"), nulls=("MemoId__c", "Region__c"))
    sent = forwarded(obj, tenant=DIRECTED).obj
    assert "MemoId__c" not in sent.fields
    assert (sent.get("Region__c"), sent.nulls) == ("West", ("Region__c",))


def test_an_object_without_directives_is_not_touched() -> None:
    """Nor is a field of the same name on another type."""
    obj = pays("i1", "5", Region__c="West")
    assert forwarded(obj, tenant=DIRECTED).obj is obj


def test_an_update_with_a_directive_is_refused() -> None:
    """As with the extension element: Zuora would silently ignore it."""
    obj = zobject("Payment", Id="8" * 32, MemoId__c="d1", AccountingCode="c")
    verdict = answered(classify(obj, call(obj, op=Op.UPDATE), DIRECTED, soap))
    assert isinstance(verdict, Refused)
    assert (verdict.errors[0].code, verdict.errors[0].field) == ("INVALID_FIELD", "MemoId__c")


def test_an_update_that_clears_a_directive_does_not_ask_zuora_to() -> None:
    """There is no such field."""
    obj = replace(zobject("Payment", Id="8" * 32, AccountingCode="c"), nulls=("MemoId__c",))
    verdict = answered(classify(obj, call(obj, op=Op.UPDATE), DIRECTED, soap))
    assert isinstance(verdict, Forward)
    assert verdict.obj.nulls == ()
