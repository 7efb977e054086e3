"""The directory: what keys name, proved absence, what is remembered and what never is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from upstream_servers import Request, serving, transporting
from upstream_tenant import ACCOUNT, Tenant, ask, credit, debit, hexed, invoice, one

from bridge.core.facts import (
    Absent,
    Ambiguous,
    DocumentRef,
    Fact,
    Kind,
    NoVerdict,
    Owner,
    Question,
    WhichAccount,
    WhichDocument,
    WhichOwner,
)
from bridge.upstream.budget import Budget
from bridge.upstream.directory import Directory
from bridge.upstream.oauth import OAuthClient
from bridge.upstream.rest import ZuoraRest


def test_an_id_is_an_invoice_then_a_debit_memo_then_a_credit_memo() -> None:
    """Ids carry no type; the common kind is asked for first."""
    tenant = (
        Tenant().add("/v1/invoices", invoice(1)).add("/v1/debit-memos", debit(2)).add("/v1/credit-memos", credit(3))
    )
    assert one(tenant, WhichDocument(hexed(1))) == DocumentRef(
        Kind.INVOICE, hexed(1), "INV00000001", ACCOUNT, "USD", None, None, None
    )
    assert one(tenant, WhichDocument(hexed(2))) == DocumentRef(
        Kind.DEBIT_MEMO, hexed(2), "DM00000002", ACCOUNT, "USD", "Posted", Decimal("100.5"), date(2026, 2, 1)
    )
    assert one(tenant, WhichDocument(hexed(3))) == DocumentRef(
        Kind.CREDIT_MEMO, hexed(3), "CM00000003", ACCOUNT, "USD", "Posted", Decimal(30), date(2026, 1, 15)
    )
    assert one(tenant, WhichDocument(hexed(4))) == Absent()


def test_an_invoice_is_remembered_and_a_memo_is_read_again() -> None:
    """A kind never changes; a balance does."""
    tenant = Tenant().add("/v1/invoices", invoice(1)).add("/v1/debit-memos", debit(2))
    asked = [WhichDocument(hexed(1)), WhichDocument(hexed(2))]

    def pay() -> None:
        tenant.bodies[f"/v1/debit-memos/{hexed(2)}"]["balance"] = 1
        tenant.seen.clear()

    _, second = ask(tenant, asked, asked, between=pay)
    assert second[asked[1]].open == Decimal(1)
    # ``between`` also ran after the second round, so look at what a third would have had to send.
    tenant.seen.clear()
    first, second, third = ask(tenant, asked, asked, asked)
    assert first == second == third
    assert tenant.paths.count(f"/v1/invoices/{hexed(1)}") == 1
    assert tenant.paths.count(f"/v1/debit-memos/{hexed(2)}") == 3
    assert tenant.paths.count(f"/v1/invoices/{hexed(2)}") == 1


def test_a_remembered_memo_that_was_deleted_is_absent() -> None:
    """What was known is only where to look first."""
    tenant = Tenant().add("/v1/debit-memos", debit(2))
    question = WhichDocument(hexed(2))
    first, second = ask(tenant, [question], [question], between=tenant.bodies.clear)
    assert isinstance(first[question], DocumentRef)
    assert second[question] == Absent()


def test_absence_is_not_remembered() -> None:
    """Documents are made all the time."""
    tenant = Tenant()
    question = WhichDocument("INV00000001")
    first, second = ask(tenant, [question], [question], between=lambda: tenant.add("/v1/invoices", invoice(1)) and None)
    assert first[question] == Absent()
    assert isinstance(second[question], DocumentRef)


@pytest.mark.parametrize(
    ("name", "body"),
    [("TMP-INV-1", invoice(1, "TMP-INV-1")), ("INV00000001", invoice(1, status="Draft"))],
)
def test_a_number_that_may_change_is_not_remembered(name: str, body: dict[str, Any]) -> None:
    """Temporary numbers and those of drafts end when the document is posted."""
    tenant = Tenant().add("/v1/invoices", body)
    question = WhichDocument(name)
    first, second = ask(tenant, [question], [question])
    assert first == second
    assert tenant.paths.count(f"/v1/invoices/{name}") == 2


def test_a_number_is_asked_of_invoices_and_debit_memos_both() -> None:
    """Uniqueness across kinds is not promised, so finding one does not rule out the other."""
    tenant = Tenant().add("/v1/invoices", invoice(1, "20230001")).add("/v1/debit-memos", debit(2, "20230001"))
    assert one(tenant, WhichDocument("20230001")) == Ambiguous((Kind.INVOICE, Kind.DEBIT_MEMO))
    tenant = Tenant().add("/v1/debit-memos", debit(2))
    found = one(tenant, WhichDocument("DM00000002"))
    assert isinstance(found, DocumentRef)
    assert found.kind is Kind.DEBIT_MEMO
    assert sorted(tenant.paths) == ["/v1/debit-memos/DM00000002", "/v1/invoices/DM00000002"]


def test_a_number_neither_knows_is_asked_of_credit_memos() -> None:
    """For a helpful refusal; only then is it absent."""
    found = one(Tenant().add("/v1/credit-memos", credit(3)), WhichDocument("CM00000003"))
    assert isinstance(found, DocumentRef)
    assert found.kind is Kind.CREDIT_MEMO
    tenant = Tenant()
    assert one(tenant, WhichDocument("nothing")) == Absent()
    assert len(tenant.paths) == 3


def test_prefixes_are_read_once_and_only_a_hint() -> None:
    """A tenant's own prefix for credit memos saves a round trip; a failing list costs nothing."""
    tenant = Tenant().add("/v1/credit-memos", credit(3, "GS3"), credit(4, "GS4"))
    sets = [{"id": "s", "invoice": {"prefix": "G"}, "creditMemo": {"prefix": "GS"}, "debitMemo": {"prefix": "D"}}]
    tenant.bodies["/v1/sequence-sets"] = {"sequenceSets": sets, "success": True}
    answers = ask(tenant, [WhichDocument("GS3")], [WhichDocument("GS4")])
    assert all(isinstance(fact, DocumentRef) for each in answers for fact in each.values())
    assert sum(request.path == "/v1/sequence-sets" for request in tenant.seen) == 1
    tenant.statuses["/v1/sequence-sets"] = 403
    assert isinstance(one(tenant, WhichDocument("GS3")), DocumentRef)


@pytest.mark.parametrize("broken", ["/v1/invoices/X1", "/v1/debit-memos/X1"])
def test_a_look_up_without_an_answer_is_no_verdict_even_when_the_other_was_found(broken: str) -> None:
    """The ambiguity was not ruled out."""
    tenant = Tenant().add("/v1/invoices", invoice(1, "X1")).add("/v1/debit-memos", debit(2, "X1"))
    tenant.statuses[broken] = 500
    fact = one(tenant, WhichDocument("X1"))
    assert isinstance(fact, NoVerdict)
    assert "500" in fact.reason


@pytest.mark.parametrize("status", [429, 500, 503, 200, 404, 403])
def test_an_unusable_answer_is_never_an_absence(status: int) -> None:
    """Nothing may be sent on it."""
    tenant = Tenant()
    tenant.statuses[f"/v1/invoices/{hexed(1)}"] = status
    assert isinstance(one(tenant, WhichDocument(hexed(1))), NoVerdict)


@pytest.mark.parametrize(
    "spoilt",
    [
        {"balance": None},
        {"balance": "100"},
        {"balance": True},
        {"status": None},
        {"accountId": ""},
        {"debitMemoDate": "soon"},
        {"id": hexed(9), "number": "other"},
    ],
)
def test_a_memo_without_what_money_needs_is_no_verdict(spoilt: dict[str, Any]) -> None:
    """Never a zero for a missing balance, never another document for the one asked for."""
    tenant = Tenant()
    tenant.bodies[f"/v1/debit-memos/{hexed(2)}"] = debit(2) | spoilt
    assert isinstance(one(tenant, WhichDocument(hexed(2))), NoVerdict)


@pytest.mark.parametrize("key", ["..", ".", "", "x" * 256])
def test_a_key_that_could_alter_the_path_is_not_asked_for(key: str) -> None:
    """Nothing in Zuora can have it, so it is proved absent without asking, and Zuora's own error reaches the caller."""
    tenant = Tenant()
    assert one(tenant, WhichDocument(key)) == Absent()
    assert tenant.paths == []


def test_an_awkward_key_stays_in_its_place() -> None:
    """A slash in a number is part of the number."""
    tenant = Tenant()
    assert one(tenant, WhichDocument("../accounts/1?x=")) == Absent()
    assert {request.target.count("/") for request in tenant.seen if "oauth" not in request.target} <= {2, 3}
    assert all("?" not in request.target for request in tenant.seen)


def test_no_answer_at_all_is_no_verdict() -> None:
    """Refused connection, with a reason for the operator."""

    async def go() -> dict[Question, Fact]:
        async with transporting() as transport:
            oauth = OAuthClient(transport, "http://127.0.0.1:1", "i", "s")
            directory = Directory(ZuoraRest(transport, "http://127.0.0.1:1", oauth, Budget()))
            return await directory.answer([WhichDocument("INV1"), WhichAccount("A1")])

    assert all(isinstance(fact, NoVerdict) for fact in asyncio.run(go()).values())


# ---------------------------------------------------------------- many at once


def query(kind: str, rows: list[dict[str, Any]]) -> Callable[[Request], dict[str, Any]]:
    """An Object Query that honours its id filter."""

    def respond(request: Request) -> dict[str, Any]:
        wanted = request.query["filter[]"]
        assert wanted.startswith("id.IN:[")
        assert int(request.query["pageSize"]) <= 99
        return {"data": [row for row in rows if row["id"] in wanted]}

    return respond


def test_many_unknown_ids_cost_one_query_per_kind() -> None:
    """Invoices are taken from the query, memos are read for their balance, the rest is asked for one by one."""
    invoices, debits = [invoice(n) for n in range(1, 31)], [debit(n) for n in range(31, 36)]
    late = invoice(40)
    tenant = Tenant().add("/v1/invoices", *invoices, late).add("/v1/debit-memos", *debits)
    tenant.bodies["/object-query/invoices"] = query("invoices", invoices)
    tenant.bodies["/object-query/debit-memos"] = query("debit-memos", debits)
    tenant.bodies["/object-query/credit-memos"] = query("credit-memos", [])
    asked = [WhichDocument(hexed(n)) for n in (*range(1, 36), 40, 50)]
    (facts,) = ask(tenant, asked)
    assert [facts[WhichDocument(hexed(n))].kind for n in (1, 30, 31, 40)] == [
        Kind.INVOICE,
        Kind.INVOICE,
        Kind.DEBIT_MEMO,
        Kind.INVOICE,
    ]
    assert facts[WhichDocument(hexed(50))] == Absent()
    assert facts[WhichDocument(hexed(31))].open == Decimal("100.5")
    # 3 queries, 5 memos, the late invoice, and 3 for the absent one.
    assert len(tenant.paths) == 3 + 5 + 1 + 3


def test_a_failing_query_is_only_slower() -> None:
    """The look-ups by id remain the truth."""
    tenant = Tenant().add("/v1/invoices", *(invoice(n) for n in range(1, 8)))
    tenant.statuses |= {f"/object-query/{kind}": 500 for kind in ("invoices", "debit-memos", "credit-memos")}
    (facts,) = ask(tenant, [WhichDocument(hexed(n)) for n in range(1, 8)])
    assert all(isinstance(fact, DocumentRef) for fact in facts.values())


def test_questions_are_asked_once_and_at_most_eight_at_a_time() -> None:
    """A call of fifty objects does not take the tenant's whole concurrency."""
    tenant = Tenant().add("/v1/invoices", *(invoice(n) for n in range(1, 31)))
    tenant.slow = 0.02
    asked = [WhichDocument(f"INV{n:08d}") for n in range(1, 31)]
    (facts,) = ask(tenant, asked * 3)
    assert len(facts) == 30
    assert len(tenant.paths) == 60
    assert 2 <= tenant.most <= 8


def test_memory_is_bounded() -> None:
    """The oldest knowledge goes first."""

    async def go() -> int:
        tenant = Tenant().add("/v1/invoices", *(invoice(n) for n in range(1, 31)))
        async with serving(tenant) as server, transporting() as transport:
            oauth = OAuthClient(transport, server.origin, "i", "s")
            directory = Directory(ZuoraRest(transport, server.origin, oauth, Budget()), remembered=10)
            await directory.answer([WhichDocument(f"INV{n:08d}") for n in range(1, 31)])
            return len(directory._known)

    assert asyncio.run(go()) == 10


def test_entities_do_not_share_knowledge_and_are_named_in_the_request() -> None:
    """Zuora-Entity-Ids chooses the entity of a look-up."""

    async def go() -> list[str | None]:
        tenant = Tenant().add("/v1/invoices", invoice(1))
        async with serving(tenant) as server, transporting() as transport:
            oauth = OAuthClient(transport, server.origin, "i", "s")
            directory = Directory(ZuoraRest(transport, server.origin, oauth, Budget()))
            for entity in ("", "e1", "e2", "e1"):
                await directory.answer([WhichDocument(hexed(1))], entity)
            return [request.header("Zuora-Entity-Ids") for request in tenant.seen if "invoices" in request.path]

    assert asyncio.run(go()) == [None, "e1", "e2"]


@pytest.mark.parametrize(("kind", "path"), [("Payment", "payments"), ("Refund", "refunds")])
def test_the_account_of_an_object_is_read_each_time(kind: str, path: str) -> None:
    """A payment can be transferred; one that is assigned to no account has none."""
    tenant = Tenant().add(f"/v1/{path}", {"id": hexed(1), "number": "P-00000001", "accountId": ACCOUNT})
    question, absent = WhichOwner(kind, hexed(1)), WhichOwner(kind, hexed(2))

    def transfer() -> None:
        tenant.bodies[f"/v1/{path}/{hexed(1)}"]["accountId"] = None

    first, second = ask(tenant, [question, absent], [question], between=transfer)
    assert (first[question], first[absent], second[question]) == (Owner(ACCOUNT), Absent(), Owner(None))


def test_an_account_of_something_else_is_no_verdict() -> None:
    """Neither is one of a type that the bridge does not know."""
    tenant = Tenant()
    tenant.bodies[f"/v1/payments/{hexed(3)}"] = {"id": hexed(1), "accountId": ACCOUNT}
    assert isinstance(one(tenant, WhichOwner("Payment", hexed(3))), NoVerdict)
    assert isinstance(one(tenant, WhichOwner("Order", hexed(1))), NoVerdict)
    assert one(tenant, WhichOwner("Payment", "../accounts")) == Absent()
