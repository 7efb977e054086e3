"""The near fingerprint: what two attempts of one payment share though somebody has edited between them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from core_objects import TENANT, A, B, part, payment, pays, refund, refund_part, zobject
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.identity import Act, acts
from bridge.core.model import Call, Caller, Op, Version, ZObject
from bridge.core.near import near_fingerprint

NOT_SEEN = (
    "ReferenceId",
    "GatewayOrderId",
    "Comment",
    "EffectiveDate",
    "RefundDate",
    "Status",
    "Region__c",
    "SoftDescriptor",
)


def near(one: ZObject, other: ZObject) -> bool:
    """Whether they come near to each other."""
    return near_fingerprint(one, TENANT) == near_fingerprint(other, TENANT)


@given(st.dictionaries(st.sampled_from(NOT_SEEN), st.text(min_size=1)))
def test_what_may_be_edited_between_two_attempts_makes_no_difference(edited: dict[str, str]) -> None:
    """References, dates, comments and custom fields."""
    plain = pays("d1", "40")
    assert near(plain, replace(plain, fields={**plain.fields, **edited}))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (pays("d1", "40"), pays("d1", "40.00")),
        (pays("DM00000001", "40"), pays(" dm00000001 ", "40")),
        (pays("d1", "40"), pays("d1", "40", AccountId=A.upper())),
        (
            payment(Amount="30", InvoicePaymentData=[part("i1", "10"), part("d1", "20")]),
            payment(Amount="30", InvoicePaymentData=[part("D1", "20.0"), part("i1", "10")]),
        ),
        (pays("d1", "40"), pays("d1", "40", Amount=None)),
    ],
    ids=["decimals", "case of a number", "case of an id", "order of documents", "an absent Amount"],
)
def test_another_spelling_of_the_same_makes_no_difference(one: ZObject, other: ZObject) -> None:
    """Zuora tells ids and numbers apart by their letters, not by their case."""
    assert near(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (pays("d1", "40"), pays("d1", "40.01")),
        (pays("d1", "40"), pays("d2", "40")),
        (pays("d1", "40"), pays("d1", "40", AccountId=B)),
        (pays("d1", "40"), pays("d1", "40", Type="Electronic")),
        (pays("d1", "40"), pays("d1", "40", PaymentMethodId="e" * 32)),
        (
            payment(Amount="30", InvoicePaymentData=[part("i1", "10"), part("d1", "20")]),
            payment(Amount="30", InvoicePaymentData=[part("i1", "20"), part("d1", "10")]),
        ),
        (refund(PaymentId="p1", Amount="5"), refund(PaymentId="p2", Amount="5")),
        (refund(PaymentId="p1", Amount="5"), refund(PaymentId="p1", Amount="5", MethodType="Cash")),
        (
            refund(PaymentId="p1", Amount="5", RefundInvoicePaymentData=[refund_part("d5", "5")]),
            refund(PaymentId="p1", Amount="5", RefundInvoicePaymentData=[refund_part("d6", "5")]),
        ),
        (payment(Amount="5"), zobject("Refund", **payment(Amount="5").fields)),
    ],
    ids=[
        "amount",
        "document",
        "account",
        "type",
        "method",
        "shares",
        "source",
        "refund method",
        "refund rows",
        "object",
    ],
)
def test_who_what_how_much_and_how_make_one(one: ZObject, other: ZObject) -> None:
    """Each part of it tells two acts apart."""
    assert not near(one, other)


def test_a_document_that_a_custom_field_names_is_a_document() -> None:
    """By the owner's configuration: two memos paid at the same moment are not near each other."""
    meanings = {("Payment", "Memo__c"): "DebitMemoNumber", ("Payment", "Items__c"): "Items"}
    tenant = replace(TENANT, directives=meanings)
    prints = {
        near_fingerprint(payment(Amount="5", **said), tenant)
        for said in (
            {"Memo__c": "DM1"},
            {"Memo__c": "DM2"},
            {"Items__c": "DM1/i1=5"},
            {"Items__c": "DM2/i1=5"},
            {"Items__c": "nonsense"},
        )
    }
    # The memo as a field and as the document of an item is the same; what contradicts itself names none.
    assert len(prints) == 3


CALLER = Caller("10000", "erp@example.com", "erp")


def asked(op: Op) -> list[Act]:
    """The acts of a call of one object."""
    return acts(Call(op, Version(107), "Payment", (payment(Id="1", Amount="1"),)), CALLER, TENANT)


@pytest.mark.parametrize("op", Op, ids=lambda op: op.name)
def test_only_creates_come_near_to_each_other(op: Op) -> None:
    """Updates and deletes join exactly while unsettled."""
    assert [act.near is not None for act in asked(op)] == [op is Op.CREATE]
