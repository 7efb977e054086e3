"""Updates and deletes: by SOAP or Actions, what REST is asked behind a refusal, and what policy may send by REST.

Numbers in comments are those of the scenarios.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from core_objects import TENANT, answered, call, pays, policy, rest, soap, zobject

from bridge.core.classify import Forward, Refused, Translate, Verdict, classify
from bridge.core.classify.verdicts import Request
from bridge.core.model import Op, Route, Settlement, Tenant, ZObject

ID = "8ad0" + "1" * 28
TYPED = replace(TENANT, custom_types={"Payment.Rate__c": "decimal"})


@policy
def action(_obj: ZObject) -> Route:
    """A policy that prefers Actions."""
    return Route.ACTION


def payment(**more: Any) -> ZObject:
    """An update of a payment."""
    return zobject("Payment", **({"Id": ID} | more))


def refund(**more: Any) -> ZObject:
    """An update of a refund."""
    return zobject("Refund", **({"Id": ID} | more))


def change(obj: ZObject, op: Op = Op.UPDATE, **more: Any) -> Verdict:
    """The verdict, which must come without a single look-up."""
    prefer, own = more.pop("prefer", soap), more.pop("own", False)
    tenant: Tenant = more.pop("tenant", TENANT)
    asked: list[Any] = []
    verdict = answered(classify(obj, call(obj, op=op, **more), tenant, prefer, own=own), asked=asked)
    assert asked == []
    return verdict


def forward(obj: ZObject, op: Op = Op.UPDATE, **more: Any) -> Forward:
    """The same, forwarded."""
    verdict = change(obj, op, **more)
    assert isinstance(verdict, Forward), verdict
    return verdict


def translate(obj: ZObject, op: Op = Op.UPDATE, **more: Any) -> Translate:
    """The same by REST, where policy says so."""
    verdict = change(obj, op, prefer=rest, **more)
    assert isinstance(verdict, Translate), verdict
    return verdict


# ---------------------------------------------------------------- by default


@pytest.mark.parametrize(
    ("obj", "op", "fallback"),
    [
        (payment(Status="Canceled"), Op.UPDATE, Request("PUT", f"/v1/payments/{ID}/cancel")),  # 70
        (payment(Status=" Canceled "), Op.UPDATE, Request("PUT", f"/v1/payments/{ID}/cancel")),
        (payment(Status="Canceled", Comment="ignored"), Op.UPDATE, Request("PUT", f"/v1/payments/{ID}/cancel")),
        (refund(Status="Canceled"), Op.UPDATE, Request("PUT", f"/v1/refunds/{ID}/cancel")),  # 103
        (payment(), Op.DELETE, Request("DELETE", f"/v1/payments/{ID}")),  # 76
        (refund(), Op.DELETE, Request("DELETE", f"/v1/refunds/{ID}")),
        (payment(Status="Voided"), Op.UPDATE, None),  # 72
        (payment(Status="Processed"), Op.UPDATE, None),
        (refund(Status="Error"), Op.UPDATE, None),
        (payment(TransferredToAccounting="Yes"), Op.UPDATE, None),  # 73
        (replace(payment(), nulls=("Region__c",)), Op.UPDATE, None),  # 74
        (replace(payment(Status="Canceled"), nulls=("Region__c",)), Op.UPDATE, None),
        (payment(Status="Canceled", AccountingCode="c"), Op.UPDATE, None),
        (payment(Status="Canceled", Region__c="West"), Op.UPDATE, None),
        (payment(Comment="ignored"), Op.UPDATE, None),
        (payment(Id=None, Status="Canceled"), Op.UPDATE, None),
        (payment(Id="../x", Status="Canceled"), Op.UPDATE, None),
        (payment(Id=".."), Op.DELETE, None),
    ],
)
def test_soap_carries_it_and_rest_stands_behind_what_ends_an_object(
    obj: ZObject, op: Op, fallback: Request | None
) -> None:
    """A cancel and a delete by themselves; voiding is SOAP's alone, and so is what would be done only by half."""
    verdict = forward(obj, op)
    assert verdict.obj is obj
    assert (verdict.route, verdict.fallback) == (Route.SOAP, fallback)


@pytest.mark.parametrize(("prefer", "own"), [(action, False), (soap, True), (rest, True), (action, True)])
def test_actions_carry_it_where_policy_says_so_or_the_caller_has_no_soap(prefer: Any, own: bool) -> None:
    """What SOAP can, Actions can: also what REST cannot, though policy says rest."""
    verdict = forward(payment(Status="Voided"), prefer=prefer, own=own)
    assert verdict.route is Route.ACTION


def test_creates_follow_the_same_policy() -> None:
    """An invoice payment goes by Actions where the rule says so, with its amount filled as ever."""
    asked = call(pays("i1", None, AppliedInvoiceAmount="80"))
    verdict = answered(classify(asked.objects[0], asked, TENANT, action))
    assert isinstance(verdict, Forward)
    assert (verdict.route, verdict.obj.get("Amount")) == (Route.ACTION, "80")


@pytest.mark.parametrize(
    "obj",
    [
        replace(payment(Status="Voided"), verbatim={"Odd": "<x/>"}),
        payment(Status="Voided", InvoicePaymentData=[replace(zobject("InvoicePayment"), verbatim={"Odd": "<x/>"})]),
    ],
)
def test_an_element_that_is_only_xml_stays_with_soap(obj: ZObject) -> None:
    """JSON has no place for it, and nothing is dropped silently."""
    assert forward(obj, prefer=action).route is Route.SOAP


def test_one_transaction_stays_with_soap_and_has_no_second_step() -> None:
    """A request behind it would be outside the transaction."""
    obj = payment(Status="Canceled")
    verdict = forward(obj, prefer=rest, single_transaction=True)
    assert (verdict.route, verdict.fallback) == (Route.SOAP, None)


def test_with_settlement_off_there_is_nothing_behind_soap() -> None:
    """REST has no such operations on such a tenant."""
    tenant = replace(TENANT, settlement=Settlement.OFF)
    assert forward(payment(Status="Canceled"), prefer=rest, tenant=tenant).fallback is None
    assert forward(payment(Status="Canceled"), prefer=action, tenant=tenant).route is Route.ACTION


# ---------------------------------------------------------------- where policy says rest


@pytest.mark.parametrize(
    ("obj", "op", "method", "path", "body"),
    [
        (payment(Status="Canceled"), Op.UPDATE, "PUT", f"/v1/payments/{ID}/cancel", None),
        (refund(Status="Canceled", Comment="x"), Op.UPDATE, "PUT", f"/v1/refunds/{ID}/cancel", None),
        (payment(), Op.DELETE, "DELETE", f"/v1/payments/{ID}", None),
        (refund(), Op.DELETE, "DELETE", f"/v1/refunds/{ID}", None),
        (
            payment(
                AccountingCode="cash",
                TransferredToAccounting="Yes",
                Rate__c="01.50",
                IntegrationId__NS="7",
                Comment="c",
                ReferenceId="r",
                EffectiveDate="2026-02-20",
                Amount="1",
                Unknown="x",
            ),
            Op.UPDATE,
            "PUT",
            f"/v1/payments/{ID}",
            {
                "financeInformation": {"bankAccountAccountingCode": "cash", "transferredToAccounting": "Yes"},
                "Rate__c": Decimal("01.50"),
                "IntegrationId__NS": "7",
            },
        ),
        (
            refund(ReasonCode="r", TransferredToAccounting="Ignore", Region__c="West", Comment="c", ReferenceID="x"),
            Op.UPDATE,
            "PUT",
            f"/v1/refunds/{ID}",
            {"reasonCode": "r", "financeInformation": {"transferredToAccounting": "Ignore"}, "Region__c": "West"},
        ),
    ],
)
def test_rest_does_what_soap_would_and_no_more(obj: ZObject, op: Op, method: str, path: str, body: Any) -> None:
    """What SOAP ignores on update is left out; the object is its own lane, held against other changes."""
    verdict = translate(obj, op, tenant=TYPED)
    assert (verdict.method, verdict.path, verdict.body) == (method, path, body)
    assert verdict.lane == verdict.held == verdict.zuora_id == ID
    assert verdict.obj is obj
    assert verdict.prelude is None


@pytest.mark.parametrize(
    "obj",
    [
        replace(payment(AccountingCode="c"), nulls=("Region__c",)),
        replace(payment(AccountingCode="c"), verbatim={"Region__c": "<x/>"}),
        payment(Status="Voided"),
        payment(Status="Canceled", AccountingCode="c"),
        payment(Comment="SOAP ignores it"),
        payment(),
        refund(Status="Processed", ReasonCode="r"),
    ],
)
def test_what_rest_cannot_say_goes_by_soap_all_the_same(obj: ZObject) -> None:
    """Clearing, voiding, two things in one step, and nothing at all."""
    verdict = forward(obj, prefer=rest)
    assert (verdict.obj, verdict.route, verdict.fallback) == (obj, Route.SOAP, None)


@pytest.mark.parametrize("op", [Op.UPDATE, Op.DELETE])
@pytest.mark.parametrize("key", [None, " ", "P-00000001", "x" * 33, "../1", "é" * 32])
def test_an_id_that_is_none_is_refused_in_zuoras_words(op: Op, key: str | None) -> None:
    """Nothing may leave its segment of the path."""
    verdict = change(payment(Id=key, Status="Canceled"), op, prefer=rest)
    assert isinstance(verdict, Refused)
    (error,) = verdict.errors
    assert (error.code, error.message, error.field) == ("INVALID_ID", f"invalid id for {op.value}", "Id")


@pytest.mark.parametrize(
    ("obj", "field"),
    [
        (payment(AccountingCode="c" * 101), "AccountingCode"),
        (refund(ReasonCode="r" * 33), "ReasonCode"),
        (payment(Rate__c="much"), "Rate__c"),
    ],
)
def test_a_value_that_rest_cannot_hold_is_refused(obj: ZObject, field: str) -> None:
    """Never cut, never sent as something else."""
    verdict = change(obj, prefer=rest, tenant=TYPED)
    assert isinstance(verdict, Refused)
    assert (verdict.errors[0].code, verdict.errors[0].field) == ("INVALID_VALUE", field)


@pytest.mark.parametrize("prefer", [soap, rest, action])
@pytest.mark.parametrize(
    ("obj", "field"),
    [
        (payment(DebitMemoId="d1", AccountingCode="c"), "DebitMemoId"),
        (refund(CreditMemoNumber="c1", ReasonCode="r"), "CreditMemoNumber"),
        (refund(CreditMemoItemRefundData=[zobject("X")], ReasonCode="r"), "CreditMemoItemRefundData"),
    ],
)
def test_our_own_elements_say_nothing_in_an_update(obj: ZObject, field: str, prefer: Any) -> None:
    """Zuora would silently ignore them, so they are refused on every route."""
    verdict = change(obj, prefer=prefer)
    assert isinstance(verdict, Refused)
    assert (verdict.errors[0].code, verdict.errors[0].field) == ("INVALID_FIELD", field)
