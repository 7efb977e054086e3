"""The upstream room against the sandbox: two hands wrote the two sides, so agreement means something."""

from __future__ import annotations

import asyncio
import re
from decimal import Decimal
from typing import Any

from upstream_servers import transporting

from bridge.contract.files import own_wsdl
from bridge.core.commands import Answer, SoapAnswer, SoapFault
from bridge.core.facts import (
    Absent,
    AccountFact,
    Ambiguous,
    DocumentRef,
    Fact,
    GatewayFact,
    Kind,
    Memos,
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
from bridge.core.intent import Dispatch
from bridge.core.model import Op, Route, ZObject
from bridge.sandbox import SandboxThread
from bridge.upstream.budget import Budget
from bridge.upstream.directory import Directory
from bridge.upstream.oauth import OAuthClient
from bridge.upstream.rest import ZuoraRest
from bridge.upstream.soap import UserInfo, ZuoraSoap
from bridge.upstream.transport import Exchange, Transport

LOGIN = (
    '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><login xmlns="http://api.zuora.com/">'
    "<username>erp@example.com</username><password>demo</password></login></e:Body></e:Envelope>"
)


async def answered(url: str, questions: list[Question]) -> dict[Question, Fact]:
    """The facts of a fresh directory."""
    async with transporting() as transport:
        oauth = OAuthClient(transport, url, "demo-client", "demo-secret")
        return await Directory(ZuoraRest(transport, url, oauth, Budget())).answer(questions)


async def log_in(transport: Transport, soap: ZuoraSoap, url: str) -> str:
    """A session of the seed's user."""
    came = await transport.exchange("POST", f"{url}{soap.path}", (("Content-Type", "text/xml"),), LOGIN.encode(), 5)
    assert isinstance(came, Exchange)
    found = re.search(r"<(?:\w+:)?Session>([^<]+)<", came.body.decode())
    assert found is not None, came.body
    return found[1]


def test_the_directory_reads_the_seed() -> None:
    """Every kind of question, by number, against the demo house."""
    numbers = ["INV00000001", "DM00000001", "CM00000001", "2310000300", "DM00000002", "INV99999999"]
    with SandboxThread() as sandbox:
        names = sandbox.tenant.names
        questions = [
            *(WhichDocument(number) for number in numbers),
            WhichAccount("A00000001"),
            WhichAccount("A99999999"),
            WhichGateway("TestGateway"),
            WhichGateway("RetiredGateway"),
            WhichGateway("Nowhere"),
            WhichMemos(names["A"]),
        ]
        facts = asyncio.run(answered(sandbox.url, questions))
        invoice, debit, credit, both, draft, none = (facts[WhichDocument(number)] for number in numbers)
        assert invoice == DocumentRef(Kind.INVOICE, names["I1"], "INV00000001", names["A"], "USD")
        assert isinstance(debit, DocumentRef)
        assert (debit.kind, debit.id, debit.open, debit.status) == (Kind.DEBIT_MEMO, names["D1"], Decimal(80), "Posted")
        assert isinstance(credit, DocumentRef)
        assert (credit.kind, credit.open) == (Kind.CREDIT_MEMO, Decimal(60))
        assert both == Ambiguous((Kind.INVOICE, Kind.DEBIT_MEMO))
        assert isinstance(draft, DocumentRef)
        assert draft.status == "Draft"
        assert none == Absent()
        assert facts[WhichAccount("A00000001")] == AccountFact(names["A"], "USD", "Active", "TestGateway")
        assert facts[WhichAccount("A99999999")] == Absent()
        assert facts[WhichGateway("TestGateway")] == GatewayFact(names["G1"], "TestGateway", True)
        assert facts[WhichGateway("RetiredGateway")] == GatewayFact(names["G2"], "RetiredGateway", False)
        assert facts[WhichGateway("Nowhere")] == Absent()
        memos = facts[WhichMemos(names["A"])]
        assert isinstance(memos, Memos)
        assert [memo.number for memo in memos.memos] == ["CM00000001"]


def test_the_directory_tells_many_ids_apart() -> None:
    """More than four unknown ids go through Object Query; the answers are the same as one by one."""
    wanted = {
        "I1": Kind.INVOICE,
        "I2": Kind.INVOICE,
        "I3": Kind.INVOICE,
        "D1": Kind.DEBIT_MEMO,
        "D2": Kind.DEBIT_MEMO,
        "C1": Kind.CREDIT_MEMO,
    }

    with SandboxThread() as sandbox:
        names = sandbox.tenant.names
        asked = [WhichDocument(names[name]) for name in wanted]

        async def go() -> Any:
            async with transporting() as transport:
                oauth = OAuthClient(transport, sandbox.url, "demo-client", "demo-secret")
                rest = ZuoraRest(transport, sandbox.url, oauth, Budget())
                at_once = await Directory(rest).answer([*asked, WhichDocument("0" * 32)])
                one_by_one = Directory(rest)
                singly = {question: (await one_by_one.answer([question]))[question] for question in asked}
                return at_once, singly

        at_once, singly = asyncio.run(go())
        assert at_once.pop(WhichDocument("0" * 32)) == Absent()
        assert at_once == singly
        assert {name: at_once[WhichDocument(names[name])].kind for name in wanted} == wanted


def test_the_directory_reads_payments_and_what_stands() -> None:
    """A payment that paid a debit memo, a credit memo as a source, and an id nobody has."""

    with SandboxThread() as sandbox:
        names = sandbox.tenant.names
        questions = [
            WhichSource(names["P2"]),
            WhichSource("CM00000001"),
            WhichSource("0" * 32),
            StillStands("Payment", names["P1"]),
            StillStands("Refund", "0" * 32),
        ]
        paid, memo, nobody, stands, deleted = asyncio.run(answered(sandbox.url, questions)).values()
        assert isinstance(paid, PaymentFact)
        assert (paid.refundable, paid.debit_memo_ids) == (Decimal(80), frozenset({names["D5"]}))
        assert isinstance(memo, DocumentRef)
        assert memo.kind is Kind.CREDIT_MEMO
        assert nobody == Absent()
        assert isinstance(stands, Standing)
        assert stands.stands
        assert deleted == Standing(False, "deleted")


def test_a_payment_goes_through_soap_and_the_clock_is_zuoras() -> None:
    """Composed by zeep, sent by us, one payment in the ledger; the session is proved by getUserInfo."""
    with SandboxThread() as sandbox:
        names = sandbox.tenant.names
        before = len(sandbox.tenant.payments)
        given = ZObject(
            "Payment",
            {
                "AccountId": names["A"],
                "Amount": "10.50",
                "AppliedInvoiceAmount": "10.50",
                "EffectiveDate": "2026-02-20",
                "InvoiceId": names["I1"],
                "PaymentMethodId": names["PMx"],
                "Status": "Processed",
                "Type": "External",
            },
        )

        async def go() -> Any:
            async with transporting() as transport:
                soap = ZuoraSoap(own_wsdl(), sandbox.url, transport, Budget())
                session = await log_in(transport, soap, sandbox.url)
                who = await soap.user_info(session)
                stranger = await soap.user_info("no such session")
                made = soap.compose(Op.CREATE, (given, ZObject("Payment", {"AccountId": names["A"]})), False)
                dispatch = Dispatch("d", "c", Route.SOAP, Op.CREATE, "POST", made.path, made.headers, made.body, ("i",))
                return who, stranger, await soap.send(dispatch, session), transport.clock.now()

        who, stranger, came, now = asyncio.run(go())
        assert isinstance(who, UserInfo)
        assert (who.tenant_id, who.username) == ("10000", "erp@example.com")
        assert isinstance(stranger, SoapFault)
        assert stranger.faultcode == "fns:INVALID_SESSION"
        assert isinstance(came, SoapAnswer)
        assert came.rows is not None
        good, bad = came.rows
        assert good.success is True
        assert good.id in sandbox.tenant.payments
        assert bad.success is False
        assert bad.errors
        assert len(sandbox.tenant.payments) == before + 1
        assert sandbox.tenant.payments[good.id].amount == Decimal("10.50")
        assert abs(now / 1000 - 1771610400) < 120


def test_a_keyed_rest_dispatch_sent_twice_moves_money_once() -> None:
    """The same bytes under the same key give the same answer."""
    with SandboxThread() as sandbox:
        names = sandbox.tenant.names
        before = len(sandbox.tenant.payments)
        body = (
            f'{{"accountId": "{names["A"]}", "amount": 12.30, "currency": "USD", "effectiveDate": "2026-02-20", '
            f'"paymentMethodId": "{names["PMx"]}", "type": "External", '
            f'"debitMemos": [{{"debitMemoId": "{names["D1"]}", "amount": 12.30}}]}}'
        ).encode()
        headers = (
            ("Content-Type", "application/json"),
            ("Idempotency-Key", "k" * 40),
            ("Zuora-Version", "2025-08-12"),
        )
        dispatch = Dispatch(
            "d", "c", Route.REST, Op.CREATE, "POST", "/v1/payments", headers, body, ("i",), key="k" * 40
        )

        async def go() -> Any:
            async with transporting() as transport:
                oauth = OAuthClient(transport, sandbox.url, "demo-client", "demo-secret")
                rest = ZuoraRest(transport, sandbox.url, oauth, Budget())
                return await rest.send(dispatch), await rest.send(dispatch)

        first, second = asyncio.run(go())
        assert isinstance(first, Answer)
        assert first.status == 200, first.body
        assert first == second
        assert len(sandbox.tenant.payments) == before + 1
