"""Puts named objects into a tenant, with ids that derive from the seed's and the object's names.

Must stay deterministic: tests and documents rely on the ids. Must not decide what a seed holds.
"""

import hashlib
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Literal, NamedTuple

from bridge.sandbox.clock import ZONE
from bridge.sandbox.ledger import Tenant
from bridge.sandbox.money import ZERO, total
from bridge.sandbox.payments import PaymentOrder, create_payment
from bridge.sandbox.records import Account, CreditMemo, Document, DocumentKind, Gateway, Item, Payment, PaymentMethod
from bridge.sandbox.settlement import Target

JANUARY = date(2026, 1, 10)


class _Stamps(NamedTuple):
    created: datetime
    created_by: str
    updated: datetime
    updated_by: str


class ItemSeed(NamedTuple):
    """An item of a document or memo; a tax item belongs to the item before it."""

    name: str
    amount: str
    kind: Literal["item", "tax"] = "item"


class Sower:
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
        """File a gateway instance; an active one is the default."""
        made = self._stamps(date(2025, 6, 1))
        gateway = Gateway(id=self.id(name), **made._asdict(), name=title, active=active, default=active)
        self.tenant.gateways[gateway.id] = gateway
        return gateway

    def account(self, name: str, number: str, title: str, currency: str, status: str = "Active") -> Account:
        """File an account with the default gateway."""
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
        """File a payment method: a tenant-wide external one, or the default electronic one of an account."""
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
        items: Sequence[ItemSeed] = (),
        day: date = JANUARY,
    ) -> Document:
        """File an invoice or debit memo; without items it has one."""
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
        self,
        name: str,
        number: str,
        account: Account,
        amount: str,
        day: date,
        status: str = "Posted",
        items: Sequence[ItemSeed] = (),
    ) -> CreditMemo:
        """File a credit memo."""
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
            items=self._items(name, amount, items),
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
        """Make a payment of a day by its method."""
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

    def _items(self, name: str, amount: str, items: Sequence[ItemSeed]) -> dict[str, Item]:
        lines = items or (ItemSeed(f"{name}-item", amount),)
        made: list[Item] = []
        for line in lines:
            parent = next((item.id for item in reversed(made) if item.kind == "item"), None)
            amount_of = Decimal(line.amount)
            kept = parent if line.kind == "tax" else None
            made.append(Item(self.id(line.name), line.kind, line.name, amount_of, amount_of, kept))
        if total(item.amount for item in made) != Decimal(amount):
            raise ValueError(f"seed {name}: items do not sum to {amount}")
        return {item.id: item for item in made}
