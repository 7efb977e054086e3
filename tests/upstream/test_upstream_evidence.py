"""Evidence: what has a marker, what an object shows, what a payment pays; an answer that is not plain is no verdict."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from upstream_tenant import ACCOUNT, Tenant, credit, hexed, one, payment

from bridge.core.facts import (
    Absent,
    Alike,
    Fact,
    Kind,
    Like,
    Made,
    NoVerdict,
    Part,
    Parts,
    Question,
    Several,
    Showing,
    Shows,
    WhichLike,
    WhichMade,
    WhichParts,
)

PAID = WhichMade("Payment", "referenceId", "ERP-1", Decimal("80.00"), ACCOUNT)


SENT = 1_771_610_400_000
"""2026-02-20T18:00:00Z."""


def found(number: int = 1, **more: Any) -> dict[str, Any]:
    """A payment as Object Query shows it."""
    fields = {"id": hexed(number), "referenceId": "ERP-1", "amount": 80, "accountId": ACCOUNT, "status": "Processed"}
    return fields | more


def queried(*rows: dict[str, Any], **more: Any) -> Tenant:
    """A tenant whose Object Query answers with these payments."""
    tenant = Tenant()
    tenant.bodies["/object-query/payments"] = {"data": list(rows), **more}
    return tenant


@pytest.mark.parametrize(
    ("rows", "fact"),
    [
        ([], Absent()),
        ([found()], Made(hexed(1), "Processed")),
        ([found(status="Error")], Made(hexed(1), "Error")),
        ([found(), found()], Made(hexed(1), "Processed")),
        ([found(1), found(2)], Several((hexed(1), hexed(2)))),
        ([found(referenceId="erp-1")], Absent()),
        ([found(amount=80.01)], Absent()),
        ([found(amount=True)], Absent()),
        ([found(amount="80")], Absent()),
        ([found(accountId="b" * 32)], Absent()),
        ([found(accountId=ACCOUNT.upper())], Made(hexed(1), "Processed")),
        ([found(id=5)], Absent()),
    ],
)
def test_a_payment_is_found_by_marker_amount_and_account(rows: list[dict[str, Any]], fact: Fact) -> None:
    """Object Query compares without regard to case, so each row is compared anew."""
    tenant = queried(*rows)
    assert one(tenant, PAID) == fact
    assert tenant.seen[-1].query == {"filter[]": "referenceId.EQ:ERP-1", "pageSize": "99"}


@pytest.mark.parametrize(
    ("created", "fact"),
    [
        ("2026-02-20T09:59:50-08:00", Made(hexed(1), "Processed")),
        ("2026-02-20T09:58:00-08:00", Several((hexed(1),), older=True)),
        ("2025-12-20T18:00:00Z", Several((hexed(1),), older=True)),
        ("2026-02-20 10:00:00", Made(hexed(1), "Processed")),
        ("2026-02-19 10:00:00", Several((hexed(1),), older=True)),
        ("yesterday", Made(hexed(1), "Processed")),
    ],
)
def test_an_older_object_with_the_same_marker_is_neither_proof_nor_absence(created: str, fact: Fact) -> None:
    """A caller that puts the same reference on every payment of a customer is not told last month's Id."""
    assert one(queried(found(createdDate=created)), replace(PAID, since=SENT)) == fact


@pytest.mark.parametrize("marker", ["null", "NULL", " ERP-1", "ERP-1 "])
def test_a_marker_that_cannot_be_searched_for_is_not_absent(marker: str) -> None:
    """Some callers send the word null for a reference they do not have (Zuora: Object Query, null values)."""
    tenant = queried()
    assert one(tenant, replace(PAID, marker=marker)) == NoVerdict("the marker is none that can be searched for")
    assert tenant.paths == []


def test_a_newer_object_is_told_from_the_older_ones() -> None:
    """Where the reference was used before, what was made since the send counts."""
    older = found(2, createdDate="2026-01-20T10:00:00-08:00")
    assert one(queried(older, found(createdDate="2026-02-20T10:00:01-08:00")), replace(PAID, since=SENT)) == Made(
        hexed(1), "Processed"
    )


def test_another_marker_is_another_filter() -> None:
    """GatewayOrderId is the gateway's own duplicate key."""
    tenant = queried(found(gatewayOrderId="G-7"))
    question = WhichMade("Payment", "gatewayOrderId", "G-7", Decimal(80), None)
    assert one(tenant, question) == Made(hexed(1), "Processed")
    assert tenant.seen[-1].query["filter[]"] == "gatewayOrderId.EQ:G-7"


@pytest.mark.parametrize("trouble", ["not there", "too many", "error"])
def test_an_object_query_that_does_not_answer_plainly_is_no_verdict(trouble: str) -> None:
    """Absence is never guessed."""
    tenant = queried(found(2, referenceId="x"), **({"nextPage": "/more"} if trouble == "too many" else {}))
    if trouble == "not there":
        tenant.bodies.clear()
    elif trouble == "error":
        tenant.statuses["/object-query/payments"] = 500
    assert isinstance(one(tenant, PAID), NoVerdict)


def refunded(number: int = 1, **more: Any) -> dict[str, Any]:
    """A refund as the list shows it."""
    fields = {"id": hexed(number), "referenceId": "i-1", "amount": 50, "accountId": ACCOUNT, "status": "Processed"}
    return fields | {"paymentId": hexed(7), "creditMemoId": None} | more


def listed(*rows: dict[str, Any]) -> Tenant:
    """A tenant whose list of refunds has these."""
    tenant = Tenant().add("/v1/credit-memos", credit(3))
    tenant.bodies["/v1/refunds"] = {"refunds": list(rows), "success": True}
    return tenant


@pytest.mark.parametrize(
    ("question", "row", "query"),
    [
        (
            WhichMade("Refund", "referenceId", "i-1", Decimal(50), None, hexed(7)),
            refunded(),
            ("paymentId", hexed(7)),
        ),
        (
            WhichMade("Refund", "referenceId", "i-1", Decimal(50), None, hexed(3), source_is_memo=True),
            refunded(paymentId=None, creditMemoId=hexed(3)),
            ("accountId", ACCOUNT),
        ),
        (WhichMade("Refund", "referenceId", "i-1", Decimal(50), ACCOUNT), refunded(), ("accountId", ACCOUNT)),
        (WhichMade("Refund", "referenceId", "i-1", Decimal(50)), refunded(), ("amount", "50")),
    ],
)
def test_a_refund_is_found_among_those_of_its_source(
    question: WhichMade, row: dict[str, Any], query: tuple[str, str]
) -> None:
    """The list has no filter for references (Zuora: List refunds)."""
    tenant = listed(refunded(2, referenceId="other"), row)
    assert one(tenant, question) == Made(hexed(1), "Processed")
    assert query in tenant.seen[-1].query.items()


@pytest.mark.parametrize("row", [refunded(paymentId=hexed(8)), refunded(amount=49), refunded(referenceId=None)])
def test_another_refund_is_not_the_one(row: dict[str, Any]) -> None:
    """Source, amount and marker must all agree."""
    question = WhichMade("Refund", "referenceId", "i-1", Decimal(50), None, hexed(7))
    assert one(listed(row), question) == Absent()


def test_a_memo_that_is_not_there_was_not_refunded() -> None:
    """Proved without a list."""
    question = WhichMade("Refund", "referenceId", "i-1", Decimal(50), None, hexed(9), source_is_memo=True)
    assert one(listed(refunded()), question) == Absent()


SHOWN = payment(
    7,
    status="Canceled",
    financeInformation={"bankAccountAccountingCode": "Cash", "transferredToAccounting": False},
    Amount__c=50.5,
    Approved__c=True,
)


@pytest.mark.parametrize(
    ("expected", "as_expected"),
    [
        ((("status", "Canceled"),), True),
        ((("status", "Processed"),), False),
        ((("financeInformation.bankAccountAccountingCode", "Cash"), ("status", "Canceled")), True),
        ((("financeInformation.transferredToAccounting", "No"),), True),
        ((("Amount__c", "50.50"), ("Approved__c", "true")), True),
        ((("Amount__c", "50.51"),), False),
        ((("missing.inner", "x"),), False),
        ((("status.inner", "x"),), False),
        ((), True),
    ],
)
def test_what_an_object_shows_is_compared_value_by_value(
    expected: tuple[tuple[str, str], ...], as_expected: bool
) -> None:
    """Numbers as numbers; Zuora writes "No" also as false."""
    tenant = Tenant().add("/v1/payments", SHOWN)
    assert one(tenant, Shows("Payment", hexed(7), expected)) == Showing(as_expected, "Canceled")


@pytest.mark.parametrize(
    ("question", "body", "fact"),
    [
        (Shows("Refund", hexed(1)), None, Absent()),
        (Shows("Refund", hexed(1)), {"id": hexed(1), "number": "R-1"}, NoVerdict("an object without a status")),
    ],
)
def test_what_is_gone_is_absent_and_what_has_no_status_is_no_verdict(
    question: Question, body: dict[str, Any] | None, fact: Fact
) -> None:
    """Only "not found" proves absence."""
    tenant = Tenant()
    if body is not None:
        tenant.add("/v1/refunds", body)
    assert one(tenant, question) == fact


def parts_of(*rows: dict[str, Any]) -> Tenant:
    """A payment with these parts."""
    tenant = Tenant()
    tenant.bodies[f"/v1/payments/{hexed(7)}/parts"] = {"parts": list(rows), "success": True}
    return tenant


def test_parts_are_documents_and_a_rest() -> None:
    """Neither an invoice nor a debit memo means unapplied (Zuora: Retrieve payment parts)."""
    tenant = parts_of(
        {"amount": 50, "debitMemoId": hexed(5), "invoiceId": None},
        {"amount": 20.5, "debitMemoId": "", "invoiceId": hexed(6)},
        {"amount": 9.5, "debitMemoId": None, "invoiceId": None},
    )
    applied = (Part(Kind.DEBIT_MEMO, hexed(5), Decimal(50)), Part(Kind.INVOICE, hexed(6), Decimal("20.5")))
    assert one(tenant, WhichParts(hexed(7))) == Parts(applied, Decimal("9.5"))


@pytest.mark.parametrize("make", [lambda: Tenant(), lambda: parts_of({"debitMemoId": hexed(5)})])
def test_parts_that_cannot_be_read_are_no_verdict(make: Callable[[], Tenant]) -> None:
    """Nothing is unapplied on the strength of a guess."""
    assert isinstance(one(make(), WhichParts(hexed(7))), NoVerdict)


# ---------------------------------------------------------------- by their look

LOOK = WhichLike("Payment", Decimal(80), ACCOUNT, "2026-02-20", "External")
USER = "e" * 32
AT = {"createdDate": "2026-02-20T10:00:01-08:00", "createdById": USER}


def alike(number: int = 1, **more: Any) -> dict[str, Any]:
    """A payment without a reference, as Object Query shows it."""
    day = {"effectiveDate": "2026-02-20", "type": "External", "referenceId": None}
    return found(number, **{**day, **AT, **more})


def like(number: int = 1, created: int | None = SENT + 1_000, **more: Any) -> Like:
    """What core hears of it."""
    return Like(hexed(number), "Processed", created, USER)._replace(**more)


@pytest.mark.parametrize(
    ("row", "fact"),
    [
        ({}, Alike((like(),))),
        ({"accountId": ACCOUNT.upper(), "type": "external"}, Alike((like(),))),
        ({"type": "Electronic"}, Absent()),
        ({"effectiveDate": "2026-02-19"}, Absent()),
        ({"effectiveDate": None}, Alike((like(),))),
        ({"amount": 81}, Absent()),
        ({"accountId": "b" * 32}, Absent()),
        ({"accountId": None, "type": None}, Alike((like(),))),
        ({"referenceId": "ERP-1"}, Absent()),
        ({"gatewayOrderId": "G"}, Absent()),
        ({"referenceId": ""}, Alike((like(),))),
        ({"referenceId": f"i-{'0' * 30}"}, Alike((like(),))),
        ({"type": None, "referenceId": "gateway's"}, Alike((like(),))),
        ({"createdDate": "2026-02-20 10:00:01"}, Alike((like(created=None),))),
        ({"createdDate": "yesterday"}, Alike((like(created=None),))),
        ({"createdDate": None, "createdById": None}, Alike((like(created=None, creator=None),))),
        ({"status": "Error"}, Alike((like(status="Error"),))),
        ({"createdDate": "2026-02-20T09:59:59-08:00"}, Absent()),
        ({"id": None}, NoVerdict("an object without id or amount")),
        ({"amount": "80"}, NoVerdict("an object without id or amount")),
    ],
)
def test_a_payment_is_recognised_by_its_look(row: dict[str, Any], fact: Fact) -> None:
    """What a row does not say agrees: a candidate too many only asks a person."""
    tenant = queried(alike(**row))
    assert one(tenant, replace(LOOK, since=SENT)) == fact
    asked = [value for name, value in tenant.seen[-1].pairs if name == "filter[]"]
    assert asked == [f"accountId.EQ:{ACCOUNT}", "amount.EQ:80", "createdDate.GE:2026-02-20T18:00:00+00:00"]


def test_without_a_moment_the_day_narrows() -> None:
    """Look-up-first asks for all of that day, the oldest first; without a day, for all there ever were."""
    tenant = queried(alike(2, createdDate="2026-02-20T10:00:02-08:00"), alike(1))
    assert one(tenant, LOOK) == Alike((like(1), like(2, SENT + 2_000)))
    assert ("filter[]", "effectiveDate.EQ:2026-02-20") in tenant.seen[-1].pairs
    one(tenant, replace(LOOK, day=None))
    assert len([1 for name, _ in tenant.seen[-1].pairs if name == "filter[]"]) == 2


@pytest.mark.parametrize("marker", ["E", "null"])
def test_with_a_marker_it_is_the_marker_that_tells(marker: str) -> None:
    """Whatever day and type it has; one that cannot be searched for is no absence."""
    tenant = queried(alike(1, referenceId="E", effectiveDate="2026-01-01"), alike(2, referenceId="e"))
    question = WhichLike("Payment", Decimal(80), ACCOUNT, field="referenceId", marker=marker)
    assert one(tenant, question) == (Alike((like(),)) if marker == "E" else NoVerdict(CANNOT))


CANNOT = "the marker is none that can be searched for"


@pytest.mark.parametrize("memo", [False, True])
@pytest.mark.parametrize("known", [False, True])
def test_a_refund_is_listed_by_its_source_and_stamped_by_object_query(*, memo: bool, known: bool) -> None:
    """v1 says its times without their zone (Zuora: Retrieve a refund); what Object Query lacks is unclear."""
    row = refunded(1, referenceId=None, refundDate="2026-02-20", type="External", **AT)
    row |= {"paymentId": None, "creditMemoId": hexed(3)} if memo else {}
    tenant = listed(row, refunded(2, referenceId="x", type="External"), refunded(3, paymentId=hexed(8)))
    tenant.bodies["/object-query/refunds"] = {"data": [{"id": hexed(1), **AT}] if known else []}
    source = hexed(3 if memo else 7)
    look = WhichLike("Refund", Decimal(50), None, "2026-02-20", "External", source, source_is_memo=memo)
    expected = Alike((like(),)) if known else NoVerdict("Object Query does not know a refund yet")
    assert one(tenant, look) == expected


def test_a_refund_that_nothing_looks_like_is_absent() -> None:
    """Nothing is asked for about nothing."""
    tenant = listed()
    assert one(tenant, WhichLike("Refund", Decimal(50), None, None, None, hexed(7))) == Absent()
    assert tenant.paths == ["/v1/refunds"]


def test_an_object_query_without_refunds_is_no_absence() -> None:
    """It was not found, so its stamps are not known."""
    tenant = listed(refunded(1, referenceId=None))
    assert isinstance(one(tenant, WhichLike("Refund", Decimal(50), None, None, None, hexed(7))), NoVerdict)
