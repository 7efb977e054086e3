"""The directory: refund sources, accounts, gateways, memos, and whether an object still stands."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from upstream_servers import Request
from upstream_tenant import ACCOUNT, Tenant, ask, credit, hexed, one, payment

from bridge.core.facts import (
    Absent,
    AccountFact,
    DocumentRef,
    GatewayFact,
    Kind,
    Memos,
    NoVerdict,
    Part,
    PaymentFact,
    Standing,
    StillStands,
    WhichAccount,
    WhichGateway,
    WhichMemos,
    WhichSource,
)
from bridge.upstream import directory


def test_a_payment_comes_with_its_parts_and_what_is_left_of_it() -> None:
    """Amount less refunds, the parts by document, and the part of none."""
    tenant = Tenant().add("/v1/payments", payment(5, currency="USD"))
    parts = [
        {"id": "1", "amount": 1, "debitMemoId": hexed(2), "invoiceId": None},
        {"id": "2", "amount": 99, "debitMemoId": None, "invoiceId": None},
        {"id": "3", "amount": 2, "debitMemoId": None, "invoiceId": hexed(1)},
    ]
    for key in (hexed(5), "P-00000005"):
        tenant.bodies[f"/v1/payments/{key}/parts"] = {"parts": parts, "success": True}
        assert one(tenant, WhichSource(key)) == PaymentFact(
            hexed(5),
            ACCOUNT,
            "Processed",
            "External",
            Decimal("100.25"),
            date(2026, 2, 2),
            frozenset({hexed(2)}),
            parts=(Part(Kind.DEBIT_MEMO, hexed(2), Decimal(1)), Part(Kind.INVOICE, hexed(1), Decimal(2))),
            unapplied=Decimal(99),
            currency="USD",
        )


@pytest.mark.parametrize(
    "row", [{"debitMemoId": hexed(2)}, {"amount": 1, "debitMemoId": hexed(2), "invoiceId": hexed(1)}]
)
def test_a_part_that_says_too_little_or_too_much_is_no_verdict(row: dict[str, object]) -> None:
    """Money would be moved on it."""
    tenant = Tenant().add("/v1/payments", payment(5))
    tenant.bodies[f"/v1/payments/{hexed(5)}/parts"] = {"parts": [row], "success": True}
    assert isinstance(one(tenant, WhichSource(hexed(5))), NoVerdict)


def test_a_source_that_is_no_payment_may_be_a_credit_memo() -> None:
    """By id and by number; a credit memo's prefix is tried first."""
    tenant = Tenant().add("/v1/credit-memos", credit(3))
    for key in (hexed(3), "CM00000003"):
        found = one(tenant, WhichSource(key))
        assert isinstance(found, DocumentRef)
        assert (found.kind, found.open) == (Kind.CREDIT_MEMO, Decimal(30))
    assert one(tenant, WhichSource(hexed(9))) == Absent()
    assert "/v1/payments/CM00000003" not in tenant.paths


@pytest.mark.parametrize("path", [f"/v1/payments/{hexed(5)}", f"/v1/payments/{hexed(5)}/parts"])
def test_a_payment_that_cannot_be_read_whole_is_no_verdict(path: str) -> None:
    """Without its parts it is not known what a refund would touch."""
    tenant = Tenant().add("/v1/payments", payment(5))
    tenant.bodies[f"/v1/payments/{hexed(5)}/parts"] = {"parts": []}
    tenant.statuses[path] = 500
    assert isinstance(one(tenant, WhichSource(hexed(5))), NoVerdict)


@pytest.mark.parametrize(("seconds", "status"), [(60.0, "Active"), (0.0, "Canceled")])
def test_an_account_is_remembered_for_a_minute(monkeypatch: pytest.MonkeyPatch, seconds: float, status: str) -> None:
    """Its currency never changes and its gateway seldom; one that is not found is asked for again each time."""
    monkeypatch.setattr(directory, "_ACCOUNTS_FOR", seconds)
    tenant = Tenant()
    tenant.bodies["/v1/accounts/A1"] = {
        "success": True,
        "basicInfo": {"id": ACCOUNT, "accountNumber": "A1", "status": "Active"},
        "billingAndPayment": {"currency": "JPY", "paymentGateway": "Stripe"},
    }
    question = WhichAccount("A1")
    first, second = ask(
        tenant,
        [question],
        [question],
        between=lambda: tenant.bodies["/v1/accounts/A1"]["basicInfo"].update(status="Canceled"),
    )
    assert first[question] == AccountFact(ACCOUNT, "JPY", "Active", "Stripe")
    assert second[question] == AccountFact(ACCOUNT, "JPY", status, "Stripe")
    assert one(tenant, WhichAccount("A2")) == Absent()


def test_gateways_are_listed_once_and_again_for_a_name_not_seen() -> None:
    """A gateway that was just set up is found."""
    tenant = Tenant()
    rows = [{"id": "g1", "name": "Stripe", "isActive": True}, {"id": "g2", "name": "Old", "isActive": False}]
    tenant.bodies["/v1/payment-gateways"] = {"success": True, "paymentgateways": rows}
    first, second, third = ask(
        tenant,
        [WhichGateway("Stripe"), WhichGateway("Old")],
        [WhichGateway("Stripe")],
        [WhichGateway("New")],
        between=lambda: rows.append({"id": "g3", "name": "New", "isActive": True}),
    )
    assert first == {
        WhichGateway("Stripe"): GatewayFact("g1", "Stripe", True),
        WhichGateway("Old"): GatewayFact("g2", "Old", False),
    }
    assert second[WhichGateway("Stripe")].id == "g1"
    assert third[WhichGateway("New")].id == "g3"
    assert len(tenant.paths) == 2
    assert one(tenant, WhichGateway("Nowhere")) == Absent()
    tenant.statuses["/v1/payment-gateways"] = 500
    assert isinstance(one(tenant, WhichGateway("Stripe")), NoVerdict)


def test_memos_of_an_account_come_oldest_first_from_all_pages() -> None:
    """Unapplied only, by date and then by number, beyond eight digits too."""
    rows = [
        credit(1, "CM100000000", creditMemoDate="2026-01-01"),
        credit(2, "CM00000009", creditMemoDate="2026-01-01"),
        credit(3, "CM00000001", creditMemoDate="2026-01-02"),
        credit(4, unappliedAmount=0),
        credit(5, status="Draft"),
        *(credit(n, creditMemoDate="2026-03-01") for n in range(10, 90)),
    ]

    def listed(request: Request) -> dict[str, Any]:
        assert request.query["accountId"] == ACCOUNT
        assert request.query["status"] == "Posted"
        page, size = int(request.query["page"]), int(request.query["pageSize"])
        body: dict[str, Any] = {"creditmemos": rows[(page - 1) * size : page * size], "success": True}
        return body | ({"nextPage": "http://evil.example.com/"} if page * size < len(rows) else {})

    tenant = Tenant()
    tenant.bodies["/v1/credit-memos"] = listed
    found = one(tenant, WhichMemos(ACCOUNT))
    assert isinstance(found, Memos)
    assert [memo.number for memo in found.memos[:3]] == ["CM00000009", "CM100000000", "CM00000001"]
    assert len(found.memos) == 83
    assert all(memo.kind is Kind.CREDIT_MEMO and isinstance(memo.open, Decimal) for memo in found.memos)


@pytest.mark.parametrize(
    "row", [credit(1, accountId="b" * 32), credit(1, unappliedAmount=None), credit(1, creditMemoDate=None)]
)
def test_memos_that_cannot_be_trusted_are_no_verdict(row: dict[str, Any]) -> None:
    """One unreadable memo could be the oldest."""
    tenant = Tenant()
    tenant.bodies["/v1/credit-memos"] = {"creditmemos": [credit(2), row], "success": True}
    assert isinstance(one(tenant, WhichMemos(ACCOUNT)), NoVerdict)


@pytest.mark.parametrize(
    ("status", "stands"),
    [
        ("Processed", True),
        ("Processing", True),
        ("Draft", True),
        ("Error", False),
        ("Canceled", False),
        ("Voided", False),
    ],
)
def test_an_object_stands_by_its_status(status: str, stands: bool) -> None:
    """Read anew each time."""
    tenant = Tenant().add("/v1/payments", payment(5, status=status))
    assert one(tenant, StillStands("Payment", hexed(5))) == Standing(stands, status)


def test_a_deleted_object_does_not_stand() -> None:
    """Zuora's own not found, for payments and refunds; nothing else is a deletion."""
    tenant = Tenant()
    assert one(tenant, StillStands("Refund", hexed(6))) == Standing(False, "deleted")
    assert tenant.paths == [f"/v1/refunds/{hexed(6)}"]
    tenant.statuses[f"/v1/refunds/{hexed(6)}"] = 500
    assert isinstance(one(tenant, StillStands("Refund", hexed(6))), NoVerdict)
    assert isinstance(one(tenant, StillStands("Invoice", hexed(6))), NoVerdict)
    tenant.bodies[f"/v1/payments/{hexed(7)}"] = {"success": True, "id": hexed(7)}
    assert isinstance(one(tenant, StillStands("Payment", hexed(7))), NoVerdict)
