"""The fixtures: `demo` is the house every scenario starts from, `other-tenant` a stranger on the same hosts.

Must stay deterministic: ids derive from names, so that tests and documents can rely on them.
"""

import hashlib
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Literal, NamedTuple

from bridge.sandbox.clock import ZONE, TenantClock
from bridge.sandbox.ledger import Tenant, User
from bridge.sandbox.money import ZERO, total
from bridge.sandbox.payments import PaymentOrder, create_payment
from bridge.sandbox.records import (
    DEBIT_MEMO,
    INVOICE,
    Account,
    CreditMemo,
    Document,
    DocumentKind,
    Gateway,
    Item,
    Payment,
    PaymentMethod,
)
from bridge.sandbox.settlement import Target, apply

SEEDS = ("demo", "other-tenant")
JANUARY = date(2026, 1, 10)


class _Stamps(NamedTuple):
    created: datetime
    created_by: str
    updated: datetime
    updated_by: str


class _ItemSeed(NamedTuple):
    name: str
    amount: str
    kind: Literal["item", "tax"] = "item"


class _Sower:
    """Puts named objects into a tenant."""

    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant

    def id(self, name: str) -> str:
        """Return the fixed id of a name and publish it."""
        digest = hashlib.sha256(f"{self.tenant.seed}/{name}".encode()).hexdigest()
        return self.tenant.names.setdefault(name, "8ad0" + digest[:28])

    def _stamps(self, day: date) -> _Stamps:
        moment = datetime.combine(day, time(9), ZONE)
        return _Stamps(moment, self.id("user"), moment, self.id("user"))

    def gateway(self, name: str, title: str, *, active: bool = True) -> Gateway:
        made = self._stamps(date(2025, 6, 1))
        gateway = Gateway(id=self.id(name), **made._asdict(), name=title, active=active, default=active)
        self.tenant.gateways[gateway.id] = gateway
        return gateway

    def account(self, name: str, number: str, title: str, currency: str, status: str = "Active") -> Account:
        made = self._stamps(date(2025, 6, 1))
        gateway = next((gateway.id for gateway in self.tenant.gateways.values() if gateway.default), None)
        account = Account(
            id=self.id(name),
            **made._asdict(),
            number=number,
            name=title,
            currency=currency,
            status=status,
            gateway_id=gateway,
        )
        self.tenant.add_account(account)
        return account

    def method(self, name: str, kind: str, account: Account | None = None) -> PaymentMethod:
        made = self._stamps(date(2025, 6, 1))
        method = PaymentMethod(
            id=self.id(name),
            **made._asdict(),
            type=kind,
            electronic=account is not None,
            account_id=account.id if account else None,
        )
        self.tenant.payment_methods[method.id] = method
        if account is not None:
            account.payment_method_id = method.id
        return method

    def document(
        self,
        name: str,
        kind: DocumentKind,
        number: str,
        account: Account,
        amount: str,
        *,
        status: str = "Posted",
        items: Sequence[_ItemSeed] = (),
        day: date = JANUARY,
    ) -> Document:
        made = self._stamps(day)
        lines = self._items(name, amount, items)
        document = Document(
            id=self.id(name),
            **made._asdict(),
            kind=kind,
            number=number,
            account_id=account.id,
            currency=account.currency,
            status=status,
            day=day,
            due=day + timedelta(days=30),
            total=Decimal(amount),
            balance=Decimal(amount),
            items=lines,
        )
        self.tenant.add_document(document)
        return document

    def memo(
        self, name: str, number: str, account: Account, amount: str, day: date, status: str = "Posted"
    ) -> CreditMemo:
        made = self._stamps(day)
        memo = CreditMemo(
            id=self.id(name),
            **made._asdict(),
            number=number,
            account_id=account.id,
            currency=account.currency,
            status=status,
            day=day,
            amount=Decimal(amount),
            unapplied=Decimal(amount),
            refunded=ZERO,
            parts={},
            items=self._items(name, amount, ()),
        )
        self.tenant.add_credit_memo(memo)
        return memo

    def payment(
        self,
        name: str,
        account: Account,
        amount: str,
        day: date,
        method: PaymentMethod,
        targets: Sequence[Target] = (),
        gateway: Gateway | None = None,
    ) -> Payment:
        made = self._stamps(day)
        order = PaymentOrder(
            by=made.created_by,
            type="Electronic" if method.electronic else "External",
            amount=Decimal(amount),
            currency=account.currency,
            day=day,
            account=account,
            method=method,
            gateway=gateway,
            targets=targets,
        )
        payment = create_payment(self.tenant, order)
        payment.created = payment.updated = made.created
        self.tenant.names[name] = payment.id
        return payment

    def _items(self, name: str, amount: str, items: Sequence[_ItemSeed]) -> dict[str, Item]:
        lines = items or (_ItemSeed(f"{name}-item", amount),)
        made = [
            Item(self.id(line.name), line.kind, line.name, Decimal(line.amount), Decimal(line.amount)) for line in lines
        ]
        if total(item.amount for item in made) != Decimal(amount):
            raise ValueError(f"seed {name}: items do not sum to {amount}")
        return {item.id: item for item in made}


def sow(seed: str, clock: TenantClock) -> Tenant:
    """Return a fresh tenant of the given seed."""
    if seed == "demo":
        return _demo(clock)
    if seed == "other-tenant":
        return _other(clock)
    raise ValueError(f"unknown seed {seed!r}; known: {', '.join(SEEDS)}")


def _demo(clock: TenantClock) -> Tenant:
    tenant = Tenant("demo", "10000", "Example Corporation", clock)
    sow_in = _Sower(tenant)
    tenant.users["erp@example.com"] = User(sow_in.id("user"), "erp@example.com", "demo")
    tenant.clients["demo-client"] = User(sow_in.id("client"), "demo-client", "demo-secret")
    with tenant.change():
        _demo_books(sow_in)
    return tenant


def _demo_books(sow_in: _Sower) -> None:
    tenant = sow_in.tenant
    gateway = sow_in.gateway("G1", "TestGateway")
    sow_in.gateway("G2", "RetiredGateway", active=False)
    a = sow_in.account("A", "A00000001", "Example Customer A", "USD")
    b = sow_in.account("B", "A00000002", "Example Customer B", "EUR")
    j = sow_in.account("J", "A00000003", "Example Customer J", "JPY")
    k = sow_in.account("K", "A00000004", "Example Customer K", "BHD")
    x = sow_in.account("X", "A00000005", "Example Customer X", "USD", "Canceled")
    check = sow_in.method("PMx", "Check")
    card = sow_in.method("PMc", "CreditCard", a)

    sow_in.document(
        "I1", INVOICE, "INV00000001", a, "100", items=(_ItemSeed("ii1", "60"), _ItemSeed("ii2", "40")), day=JANUARY
    )
    i2 = sow_in.document("I2", INVOICE, "INV00000002", a, "50")
    sow_in.document("I3", INVOICE, "INV00000003", a, "25", status="Draft")
    i4 = sow_in.document("I4", INVOICE, "INV00000004", a, "45")
    sow_in.document(
        "D1", DEBIT_MEMO, "DM00000001", a, "80", items=(_ItemSeed("di1", "70"), _ItemSeed("dt1", "10", "tax"))
    )
    sow_in.document("D2", DEBIT_MEMO, "DM00000002", a, "40", status="Draft")
    sow_in.document("D3", DEBIT_MEMO, "DM00000003", b, "30")
    d5 = sow_in.document("D5", DEBIT_MEMO, "DM00000005", a, "50")
    sow_in.document("DJ", DEBIT_MEMO, "DM00000010", j, "1000")
    sow_in.document("DK", DEBIT_MEMO, "DM00000011", k, "10.000")
    sow_in.document("DX", DEBIT_MEMO, "DM00000012", x, "15")
    # Prefixes 23 and 2 can collide as text (Zuora: prefix and numbering for billing documents).
    sow_in.document("IA1", INVOICE, "2310000300", a, "5")
    sow_in.document("DA1", DEBIT_MEMO, "2310000300", a, "5")

    sow_in.memo("C1", "CM00000001", a, "60", date(2026, 2, 1))
    c2 = sow_in.memo("C2", "CM00000002", a, "30", date(2026, 1, 25))
    sow_in.memo("C3", "CM00000003", a, "10", date(2026, 2, 2), "Draft")
    apply(tenant, c2, Target(i2, Decimal(30)))

    sow_in.payment("P1", a, "45", date(2026, 2, 5), check, [Target(i4, Decimal(45))])
    sow_in.payment("P2", a, "80", date(2026, 2, 10), check, [Target(d5, Decimal(50))])
    sow_in.payment("P3", a, "20", date(2026, 2, 12), card, gateway=gateway)


def _other(clock: TenantClock) -> Tenant:
    tenant = Tenant("other-tenant", "20000", "Other Corporation", clock)
    sow_in = _Sower(tenant)
    tenant.users["other@example.com"] = User(sow_in.id("user"), "other@example.com", "demo")
    tenant.clients["other-client"] = User(sow_in.id("client"), "other-client", "other-secret")
    with tenant.change():
        sow_in.gateway("G1", "TestGateway")
        account = sow_in.account("A", "A00000001", "Other Customer", "USD")
        sow_in.method("PMx", "Check")
        sow_in.document("I1", INVOICE, "INV00000001", account, "100")
        sow_in.document("D1", DEBIT_MEMO, "DM00000001", account, "80")
    return tenant
