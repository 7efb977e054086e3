"""Objects, calls and facts as the tests of core write them. Amounts and dates are the fixture's of the scenarios."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from bridge.core.classify import Forward, Prefer, Preference, Refused, Translate, Verdict, classify
from bridge.core.facts import (
    Absent,
    AccountFact,
    DocumentRef,
    Fact,
    GatewayFact,
    Kind,
    Memos,
    PaymentFact,
    Question,
    WhichAccount,
    WhichDocument,
    WhichGateway,
    WhichMemos,
    WhichSource,
)
from bridge.core.model import Call, Caller, Op, Route, Tenant, Version, ZObject

LOS_ANGELES = ZoneInfo("America/Los_Angeles")
TENANT = Tenant(zone=LOS_ANGELES)
ERP = Caller(tenant="10000", username="erp@example.com", name="erp", allow=frozenset({"*"}), user_id="0" * 31 + "1")
STRANGER = replace(ERP, username="other@example.com", name="other", allow=frozenset())

A, B = "a" * 32, "b" * 32
METHOD = "f" * 32


def document(kind: Kind, key: str, **more: Any) -> DocumentRef:
    """A posted document of account A, in dollars."""
    known: dict[str, Any] = {"id": key, "number": key.upper(), "account_id": A, "currency": "USD", "status": "Posted"}
    return DocumentRef(kind, **(known | more))


def invoice(key: str = "i1", **more: Any) -> DocumentRef:
    """An invoice, of which a look-up says only what routing needs."""
    return document(Kind.INVOICE, key, **({"status": None} | more))


def debit_memo(key: str = "d1", balance: str = "80", **more: Any) -> DocumentRef:
    """A debit memo."""
    return document(Kind.DEBIT_MEMO, key, **({"open": Decimal(balance)} | more))


def credit_memo(key: str = "c1", unapplied: str = "60", **more: Any) -> DocumentRef:
    """A credit memo of 1 February."""
    return document(Kind.CREDIT_MEMO, key, **({"open": Decimal(unapplied), "dated": date(2026, 2, 1)} | more))


def paid(key: str, refundable: str, *memos: str, **more: Any) -> PaymentFact:
    """A processed payment of account A."""
    known = {"status": "Processed", "type": "External", "dated": date(2026, 2, 1)} | more
    return PaymentFact(key, A, refundable=Decimal(refundable), debit_memo_ids=frozenset(memos), **known)


FACTS: Mapping[Question, Fact] = {
    WhichAccount(A): AccountFact(A, "USD", "Active", "TestGateway"),
    WhichAccount(B): AccountFact(B, "EUR", "Active"),
    WhichDocument("i1"): invoice("i1"),
    WhichDocument("i2"): invoice("i2"),
    WhichDocument("d1"): debit_memo("d1"),
    WhichDocument("d2"): debit_memo("d2", "40", status="Draft"),
    WhichDocument("d3"): debit_memo("d3", "30", account_id=B, currency="EUR"),
    WhichDocument("c1"): credit_memo("c1"),
    WhichGateway("TestGateway"): GatewayFact("g1", "TestGateway", active=True),
    WhichGateway("Closed"): GatewayFact("g2", "Closed", active=False),
    WhichSource("p1"): paid("p1", "45"),
    WhichSource("p2"): paid("p2", "80", "d5"),
    WhichSource("c1"): credit_memo("c1"),
    WhichSource("c3"): credit_memo("c3", "10", status="Draft"),
    WhichMemos(A): Memos((credit_memo("c1"), credit_memo("c9", "60"))),
}
"""What a look-up finds; everything else is absent."""


def payment(**fields: str | Sequence[ZObject] | None) -> ZObject:
    """A whole external payment of today; None leaves a field out, a list of rows makes a container."""
    usual = {
        "AccountId": A,
        "PaymentMethodId": METHOD,
        "Type": "External",
        "Status": "Processed",
        "EffectiveDate": "2026-02-20",
    }
    return zobject("Payment", **(usual | fields))


def refund(**fields: str | Sequence[ZObject] | None) -> ZObject:
    """A whole external refund of today."""
    usual = {"Type": "External", "MethodType": "Check", "RefundDate": "2026-02-20"}
    return zobject("Refund", **(usual | fields))


def zobject(kind: str, **fields: str | Sequence[ZObject] | None) -> ZObject:
    """An object of any type."""
    return ZObject(
        kind,
        {name: value for name, value in fields.items() if isinstance(value, str)},
        {name: tuple(rows) for name, rows in fields.items() if not isinstance(rows, str | None)},
    )


def pays(key: str, amount: str, **more: Any) -> ZObject:
    """A payment of one document."""
    return payment(**{"InvoiceId": key, "Amount": amount, "AppliedInvoiceAmount": amount} | more)


def part(key: str, amount: str) -> ZObject:
    """A row of InvoicePaymentData."""
    return zobject("InvoicePayment", InvoiceId=key, Amount=amount)


def refund_part(key: str, amount: str) -> ZObject:
    """A row of RefundInvoicePaymentData."""
    return zobject("RefundInvoicePayment", InvoiceId=key, RefundAmount=amount)


def call(*objects: ZObject, op: Op = Op.CREATE, version: str = "107.0", **more: Any) -> Call:
    """A call with these objects."""
    return Call(op, Version.parse(version), objects[0].type if objects else "Payment", objects, **more)


def policy(route: Callable[[ZObject], Route]) -> Prefer:
    """A policy that decides by the object alone."""
    return Prefer(lambda obj, _account: Preference(route(obj)))


@policy
def soap(_obj: ZObject) -> Route:
    """The policy where no rule matches."""
    return Route.SOAP


@policy
def rest(_obj: ZObject) -> Route:
    """The policy of a tenant that has left SOAP."""
    return Route.REST


def answered(
    asking: Generator[tuple[Question, ...], Mapping[Question, Fact], Verdict],
    facts: Mapping[Question, Fact] = FACTS,
    asked: list[tuple[Question, ...]] | None = None,
) -> Verdict:
    """Run one classification against the facts; ``asked`` collects its rounds of questions."""
    try:
        questions = next(asking)
        while True:
            if asked is not None:
                asked.append(questions)
            questions = asking.send({each: facts.get(each, Absent()) for each in questions})
    except StopIteration as done:
        verdict: Verdict = done.value
        return verdict


def decide(obj: ZObject, **more: Any) -> Verdict:
    """The verdict on one object of a create; ``facts`` are added to the usual ones."""
    facts = {**FACTS, **more.pop("facts", {})}
    tenant = more.pop("tenant", TENANT)
    prefer = more.pop("prefer", soap)
    asked = more.pop("asked", None)
    return answered(classify(obj, call(obj, **more), tenant, prefer), facts, asked)


def translated(obj: ZObject, **more: Any) -> Translate:
    """The REST request of an object that must go by REST."""
    verdict = decide(obj, **more)
    assert isinstance(verdict, Translate), verdict
    return verdict


def forwarded(obj: ZObject, **more: Any) -> Forward:
    """The object as it goes by SOAP."""
    verdict = decide(obj, **more)
    assert isinstance(verdict, Forward), verdict
    return verdict


def refused(obj: ZObject, **more: Any) -> tuple[str, str | None]:
    """Code and field of the one error of an object that must be refused."""
    verdict = decide(obj, **more)
    assert isinstance(verdict, Refused), verdict
    (error,) = verdict.errors
    return error.code, error.field
