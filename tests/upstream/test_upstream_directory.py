"""The directory: what keys name, proved absence, what is remembered and what never is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from upstream_servers import Request, as_json, serving, transporting

from bridge.core.facts import (
    Absent,
    AccountFact,
    Ambiguous,
    DocumentRef,
    Fact,
    GatewayFact,
    Kind,
    Memos,
    NoVerdict,
    PaymentFact,
    Question,
    Standing,
    StillStands,
    WhichAccount,
    WhichDocument,
    WhichGateway,
    WhichMemos,
    WhichSource,
)
from bridge.upstream.budget import Budget
from bridge.upstream.directory import Directory
from bridge.upstream.oauth import OAuthClient
from bridge.upstream.rest import ZuoraRest

ACCOUNT = "a" * 32


def hexed(number: int) -> str:
    """A 32-digit id."""
    return f"{number:032x}"


def invoice(number: int, name: str | None = None, **more: Any) -> dict[str, Any]:
    """An invoice's body."""
    fields = {
        "id": hexed(number),
        "invoiceNumber": name or f"INV{number:08d}",
        "accountId": ACCOUNT,
        "status": "Posted",
    }
    return fields | {"currency": "USD", "balance": 5, "success": True} | more


def debit(number: int, name: str | None = None, **more: Any) -> dict[str, Any]:
    """A debit memo's body."""
    fields = {"id": hexed(number), "number": name or f"DM{number:08d}", "accountId": ACCOUNT, "status": "Posted"}
    return fields | {"currency": "USD", "balance": 100.5, "debitMemoDate": "2026-02-01"} | more


def credit(number: int, name: str | None = None, **more: Any) -> dict[str, Any]:
    """A credit memo's body."""
    fields = {"id": hexed(number), "number": name or f"CM{number:08d}", "accountId": ACCOUNT, "status": "Posted"}
    return fields | {"currency": "USD", "unappliedAmount": 30, "creditMemoDate": "2026-01-15"} | more


def payment(number: int, **more: Any) -> dict[str, Any]:
    """A payment's body."""
    fields = {"id": hexed(number), "number": f"P-{number:08d}", "accountId": ACCOUNT, "status": "Processed"}
    return fields | {"type": "External", "amount": 100.5, "refundAmount": 0.25, "effectiveDate": "2026-02-02"} | more


class Tenant:
    """A fake Zuora: bodies under their paths; what is not there is not found."""

    def __init__(self) -> None:
        self.bodies: dict[str, Any] = {}
        self.statuses: dict[str, int] = {}
        self.seen: list[Request] = []
        self.under_way = 0
        self.most = 0
        self.slow = 0.0

    def add(self, path: str, *bodies: dict[str, Any]) -> Tenant:
        """Put documents under their id and their number."""
        for body in bodies:
            self.bodies[f"{path}/{body['id']}"] = body
            self.bodies[f"{path}/{body.get('invoiceNumber') or body['number']}"] = body
        return self

    @property
    def paths(self) -> list[str]:
        """What was asked for, without tokens and sequence sets."""
        return [request.path for request in self.seen if request.path not in ("/oauth/token", "/v1/sequence-sets")]

    async def __call__(self, request: Request, writer: asyncio.StreamWriter) -> None:
        """Answer one request."""
        self.seen.append(request)
        if request.path == "/oauth/token":
            writer.write(as_json(200, {"access_token": "t", "expires_in": 3599}))
            return
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        await asyncio.sleep(self.slow)
        self.under_way -= 1
        body = self.bodies.get(request.path)
        if callable(body):
            body = body(request)
        if request.path in self.statuses:
            writer.write(as_json(self.statuses[request.path], {"success": False, "reasons": [{"code": 50000060}]}))
        elif body is None:
            writer.write(as_json(404, {"success": False, "reasons": [{"code": 50000040}]}))
        else:
            writer.write(as_json(200, body))


def ask(tenant: Tenant, *rounds: Iterable[Question], between: Callable[[], None] | None = None) -> list[Any]:
    """The answers of each round, against one directory."""

    async def go() -> list[dict[Question, Fact]]:
        async with serving(tenant) as server, transporting() as transport:
            oauth = OAuthClient(transport, server.origin, "i", "s")
            directory = Directory(ZuoraRest(transport, server.origin, oauth, Budget()))
            came = []
            for questions in rounds:
                came.append(await directory.answer(questions))
                if between is not None:
                    between()
            return came

    return asyncio.run(go())


def one(tenant: Tenant, question: Question) -> Fact:
    """The answer to one question."""
    return ask(tenant, [question])[0][question]


# ---------------------------------------------------------------- documents


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
    """And nothing is claimed about it."""
    tenant = Tenant()
    assert isinstance(one(tenant, WhichDocument(key)), NoVerdict)
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


# ---------------------------------------------------------------- sources, accounts, gateways


def test_a_payment_comes_with_its_debit_memos_and_what_is_left_of_it() -> None:
    """Amount less refunds, and the parts that paid debit memos."""
    tenant = Tenant().add("/v1/payments", payment(5))
    parts = [{"id": "1", "amount": 1, "debitMemoId": hexed(2), "invoiceId": None}, {"id": "2", "debitMemoId": None}]
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
        )


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


def test_an_account_is_read_each_time() -> None:
    """Its status and its gateway can change."""
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
    assert second[question] == AccountFact(ACCOUNT, "JPY", "Canceled", "Stripe")
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
