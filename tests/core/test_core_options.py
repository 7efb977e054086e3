"""What an owner may decide otherwise: the second reference, several covering memos, the user behind a REST object.

And where only REST can carry what CRUD takes. Core alone; ``facade/test_options.py`` has the same over the bridge.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from core_objects import (
    ERP,
    TENANT,
    A,
    call,
    credit_memo,
    forwarded,
    part,
    payment,
    pays,
    refund,
    refused,
    translated,
)

from bridge.core import plan
from bridge.core.classify import Translate
from bridge.core.facts import Memos, WhichMemos
from bridge.core.mapping.fields import dropped
from bridge.core.model import Op

SECOND = pays("d1", "80", SecondPaymentReferenceId="two")
TO_FIELD = replace(TENANT, second_reference="Second__c")
CREDIT = refund(SourceType="CreditBalance", AccountId=A, Amount="10")
LONG = "R" * 61

# ---------------------------------------------------------------- SecondPaymentReferenceId (CHOICE-15)


def test_a_second_reference_may_be_dropped() -> None:
    """It reaches Zuora nowhere, and is named among what is left out."""
    body = translated(SECOND, tenant=replace(TENANT, second_reference="drop")).body
    assert "two" not in body.values()
    assert dropped(SECOND, "drop") == ("SecondPaymentReferenceId",)
    assert dropped(SECOND) == dropped(pays("d1", "80"), "drop") == ()


def test_a_second_reference_may_go_to_a_custom_field() -> None:
    """As the caller wrote it, also beside the same value."""
    assert translated(SECOND, tenant=TO_FIELD).body["Second__c"] == "two"
    same = pays("d1", "80", SecondPaymentReferenceId="two", Second__c="two")
    assert translated(same, tenant=TO_FIELD).body["Second__c"] == "two"


def test_two_values_for_one_custom_field_are_refused() -> None:
    """None of the caller's is written over."""
    both = pays("d1", "80", SecondPaymentReferenceId="two", Second__c="three")
    assert refused(both, tenant=TO_FIELD) == ("INVALID_VALUE", "Second__c")


# ---------------------------------------------------------------- several covering memos (CHOICE-21)


@pytest.mark.parametrize("count", [2, 7])
def test_several_covering_memos_may_be_refused(count: int) -> None:
    """Naming them, so that the caller can choose; by default it is the oldest."""
    facts = {WhichMemos(A): Memos(tuple(credit_memo(f"c{place}", "60") for place in range(count)))}
    assert refused(CREDIT, tenant=replace(TENANT, covering_memo="refuse"), facts=facts) == (
        "INVALID_VALUE",
        "SourceType",
    )
    assert translated(CREDIT, facts=facts).path == "/v1/credit-memos/c0/refund"


def test_the_only_covering_memo_is_refunded_all_the_same() -> None:
    """The others have too little."""
    facts = {WhichMemos(A): Memos((credit_memo("c0", "5"), credit_memo("c1", "60")))}
    made = translated(CREDIT, tenant=replace(TENANT, covering_memo="refuse"), facts=facts)
    assert made.path == "/v1/credit-memos/c1/refund"


# ---------------------------------------------------------------- the user behind it (CHOICE-35)


@pytest.mark.parametrize(
    ("field", "name", "body", "found"),
    [
        ("", "comment", {}, None),
        ("Comment", "comment", {}, "erp@example.com"),
        ("Comment", "comment", {"comment": "mine"}, "mine"),
        ("By__c", "By__c", {}, "erp@example.com"),
    ],
)
def test_the_user_stands_in_the_configured_field(
    field: str, name: str, body: dict[str, object], found: str | None
) -> None:
    """Of what is created by REST, where the caller left the field empty; SOAP goes under the user's own session."""
    caller = replace(ERP, username="erp@example.com", user_in=field)
    verdict = Translate(SECOND, "/v1/payments", body, "a", "r")
    (made,) = plan.permitted(call(SECOND), caller, [verdict])
    assert isinstance(made, Translate)
    assert made.body is not None
    assert made.body.get(name) == found


def test_no_other_act_names_the_user() -> None:
    """An update is what the caller wants changed; a JSON caller is the creator itself; SOAP bears its session."""
    caller = replace(ERP, user_in="Comment")
    verdict = Translate(SECOND, "/v1/payments/1", None, "a", "r", method="PUT")
    assert plan.permitted(call(SECOND, op=Op.UPDATE), caller, [verdict]) == [verdict]
    assert plan.permitted(call(SECOND), replace(caller, own=True), [verdict]) == [verdict]
    by_soap = forwarded(pays("i1", "100"))
    assert plan.permitted(call(SECOND), caller, [by_soap]) == [by_soap]


# ---------------------------------------------------------------- a reference that only REST takes


@pytest.mark.parametrize(
    ("fields", "documents"),
    [
        ({}, {}),
        ({"AppliedCreditBalanceAmount": "7.00"}, {}),
        (
            {"InvoiceId": "i1", "AppliedInvoiceAmount": "7"},
            {"invoices": [{"invoiceId": "i1", "amount": Decimal("7")}]},
        ),
        (
            {"InvoicePaymentData": [part("i1", "7")]},
            {"invoices": [{"invoiceId": "i1", "amount": Decimal("7")}]},
        ),
    ],
)
def test_a_crud_payment_with_a_long_reference_goes_by_rest(fields: dict[str, Any], documents: dict[str, Any]) -> None:
    """Zuora's own CRUD takes 100 characters, an Action only 60."""
    made = translated(payment(Amount="7.00", ReferenceId=LONG, **fields), crud=True)
    assert (made.path, made.body["referenceId"]) == ("/v1/payments", LONG)
    assert {name: made.body[name] for name in ("invoices", "debitMemos") if name in made.body} == documents


@pytest.mark.parametrize(
    ("fields", "more"),
    [
        ({"ReferenceId": LONG}, {}),
        ({"ReferenceId": "R" * 60}, {"crud": True}),
        ({"ReferenceId": LONG, "InvoiceId": "nothing", "AppliedInvoiceAmount": "7"}, {"crud": True}),
        ({"ReferenceId": LONG, "InvoiceId": "i1"}, {"crud": True}),
    ],
)
def test_any_other_payment_stays_where_it_was(fields: dict[str, Any], more: dict[str, Any]) -> None:
    """SOAP and Actions refuse it themselves; what REST cannot say or does not know is Zuora's to judge."""
    assert forwarded(payment(Amount="7.00", **fields), **more)


def test_a_reference_beyond_a_hundred_is_refused() -> None:
    """Longer than any door of Zuora's takes."""
    assert refused(payment(Amount="7.00", ReferenceId="R" * 101), crud=True) == ("INVALID_VALUE", "ReferenceId")
