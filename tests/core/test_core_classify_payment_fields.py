"""Payments: what each field becomes over REST, and how policy, settlement and look-ups decide. Numbers are those of the
scenarios.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from core_objects import (
    TENANT,
    B,
    debit_memo,
    forwarded,
    invoice,
    part,
    payment,
    pays,
    refused,
    rest,
    translated,
    zobject,
)
from core_payments import WHOLE, electronic, memo_part

from bridge.core.facts import Absent, WhichDocument, WhichGateway
from bridge.core.model import Settlement

# ---------------------------------------------------------------- fields


def test_every_field_travels_under_its_rest_name() -> None:
    """Texts as they are, custom and NetSuite fields at the top level in their exact case, options as a map (14-16)."""
    obj = electronic(
        Gateway="TestGateway",
        GatewayOrderId="ERP-7",
        ReferenceId="r" * 100,
        AuthTransactionId="t",
        Comment="  two  words ",
        SoftDescriptor="s",
        SoftDescriptorPhone="1",
        AccountingCode="cash",
        Region__c="West",
        IntegrationId__NS="7",
        Source="ignored",
        TransferredToAccounting="No",
        Unknown="ignored",
        GatewayOptionData=[zobject("GatewayOption", name="SecCode", value="WEB"), zobject("GatewayOption", name="b")],
    )
    assert translated(obj).body == WHOLE | {
        "type": "Electronic",
        "gatewayId": "g1",
        "gatewayOrderId": "ERP-7",
        "referenceId": "r" * 100,
        "authTransactionId": "t",
        "comment": "  two  words ",
        "softDescriptor": "s",
        "softDescriptorPhone": "1",
        "financeInformation": {"bankAccountAccountingCode": "cash"},
        "Region__c": "West",
        "IntegrationId__NS": "7",
        "gatewayOptions": {"SecCode": "WEB", "b": ""},
    }


@pytest.mark.parametrize(
    ("field", "longest"),
    [
        ("AccountingCode", 100),
        ("AuthTransactionId", 50),
        ("Comment", 255),
        ("GatewayOrderId", 50),
        ("ReferenceId", 100),
        ("SoftDescriptor", 35),
        ("SoftDescriptorPhone", 20),
    ],
)
def test_a_text_is_never_cut(field: str, longest: int) -> None:
    """The longest REST takes goes through, one character more is refused."""
    assert translated(pays("d1", "80", **{field: "é" * longest}))
    assert refused(pays("d1", "80", **{field: "é" * (longest + 1)})) == ("INVALID_VALUE", field)


@pytest.mark.parametrize(
    ("fields", "gateway"),
    [({"Type": "Electronic"}, "g1"), ({"Type": " Electronic "}, "g1"), ({}, None), ({"Gateway": "TestGateway"}, "g1")],
)
def test_an_electronic_payment_gets_the_accounts_gateway(fields: dict[str, str], gateway: str | None) -> None:
    """SOAP would take the account's default; REST may demand an id."""
    assert translated(pays("d1", "80", **fields)).body.get("gatewayId") == gateway


def test_an_account_without_a_gateway_leaves_the_choice_to_zuora() -> None:
    """Gateway routing decides then."""
    obj = electronic(AccountId=B)
    facts = {WhichDocument("d1"): debit_memo(account_id=B, currency="EUR")}
    assert "gatewayId" not in translated(obj, facts=facts).body


def test_a_default_gateway_that_is_gone_is_not_blamed_on_the_caller() -> None:
    """They sent no Gateway, so no field of theirs is named."""
    facts = {WhichGateway("TestGateway"): Absent()}
    assert refused(electronic(), facts=facts) == ("INVALID_VALUE", None)


def test_the_same_gateway_option_twice_is_refused() -> None:
    """A map can hold only one of them."""
    options = [zobject("GatewayOption", name="a", value="1"), zobject("GatewayOption", name="a", value="2")]
    assert refused(pays("d1", "80", GatewayOptionData=options)) == ("INVALID_VALUE", "GatewayOptionData")


# ---------------------------------------------------------------- policy, settlement and look-ups


def test_policy_may_send_invoices_by_rest() -> None:
    """What both can carry goes where the rule says; what nobody knows stays with SOAP."""
    assert translated(pays("i1", "100"), prefer=rest).body["invoices"] == [{"invoiceId": "i1", "amount": Decimal(100)}]
    assert forwarded(pays("nothing", "1"), prefer=rest)
    assert forwarded(payment(Amount="1", AppliedCreditBalanceAmount="1"), prefer=rest)


def test_an_invoice_without_an_amount_of_its_own_stays_with_soap() -> None:
    """REST has no place for an invoice for which nothing is applied, nor for a sum beside the rows."""
    nothing = payment(Amount="1", InvoiceId="i1", AppliedCreditBalanceAmount="1")
    assert forwarded(nothing, prefer=rest).obj is nothing
    summed = payment(Amount="1", AppliedInvoiceAmount="1", InvoicePaymentData=[part("i1", "1")])
    assert forwarded(summed, prefer=rest).obj is summed


def test_one_transaction_overrides_policy() -> None:
    """Only SOAP can carry several objects in one transaction."""
    assert forwarded(pays("i1", "100"), prefer=rest, single_transaction=True)


def test_with_settlement_off_everything_is_forwarded_without_a_look_up() -> None:
    """There are no debit memos on such a tenant."""
    asked: list[Any] = []
    tenant = replace(TENANT, settlement=Settlement.OFF)
    obj = pays("d1", None, AppliedInvoiceAmount="80")
    assert forwarded(obj, tenant=tenant, asked=asked).obj is obj
    assert asked == []


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"DebitMemoId": "d1"}, "DebitMemoId"),
        ({"DebitMemoNumber": "d1"}, "DebitMemoNumber"),
        ({"DebitMemoPaymentData": [memo_part("d1", "1")]}, "DebitMemoPaymentData"),
        (
            {"InvoicePaymentData": [replace(part("i1", "1"), verbatim={"InvoiceItemPaymentData": "<x/>"})]},
            "InvoiceItemPaymentData",
        ),
    ],
)
def test_our_own_elements_never_reach_zuoras_soap(fields: dict[str, Any], name: str) -> None:
    """Stripped, the payment would mean something else; so it is refused as Zuora would."""
    tenant = replace(TENANT, settlement=Settlement.OFF)
    assert refused(payment(Amount="1", **fields), tenant=tenant) == ("INVALID_FIELD", name)


def test_more_rows_than_a_payment_may_have_cost_no_look_up() -> None:
    """Two hundred are looked up together; with one more Zuora is left to refuse it (I12)."""
    asked: list[Any] = []
    rows = [part(f"i{number}", "1") for number in range(200)]
    assert forwarded(payment(Amount="200", InvoicePaymentData=rows), asked=asked)
    assert [len(questions) for questions in asked] == [200]
    asked.clear()
    assert forwarded(payment(Amount="201", InvoicePaymentData=[*rows, part("d1", "1")]), asked=asked)
    assert asked == []


def test_each_document_is_asked_for_once() -> None:
    """Id and number of the same text are one question."""
    asked: list[Any] = []
    forwarded(pays("i1", "100", InvoiceNumber="i1"), asked=asked)
    assert asked == [(WhichDocument("i1"),)]


def test_an_invoices_state_is_not_judged() -> None:
    """Its look-up says only what routing needs; Zuora is the judge."""
    facts = {WhichDocument("i1"): invoice(status="Draft")}
    assert translated(pays("i1", "100000"), facts=facts, prefer=rest)
