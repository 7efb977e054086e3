"""Turns the keys of a REST request into objects: path keys (id or number), document arrays, gateways, methods.

Must not change anything. A well-formed key that names nothing is category 40.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from bridge.sandbox.ledger import Tenant
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
    Refund,
)
from bridge.sandbox.refusal import INVALID_VALUE, MISSING_FIELD, Refusal, not_found, rule
from bridge.sandbox.rest.bodies import Spec, money
from bridge.sandbox.settlement import Target

_ITEM_AMOUNT = Spec("amount", "money", required=True)
_TAX_ITEM = Spec("taxItemId", "id")
INVOICES = Spec(
    "invoices",
    "list",
    fields=(
        Spec("amount", "money", required=True),
        Spec("invoiceId", "id"),
        Spec("invoiceNumber"),
        Spec("items", "list", fields=(_ITEM_AMOUNT, Spec("invoiceItemId", "id"), _TAX_ITEM)),
    ),
)
DEBIT_MEMOS = Spec(
    "debitMemos",
    "list",
    fields=(
        Spec("amount", "money", required=True),
        Spec("debitMemoId", "id"),
        Spec("debitMemoNumber"),
        Spec("items", "list", fields=(_ITEM_AMOUNT, Spec("debitMemoItemId", "id"), _TAX_ITEM)),
    ),
)


def payment(tenant: Tenant, key: str) -> Payment:
    """Find a payment by id or number."""
    found = tenant.payments.get(key) or tenant.payment_numbers.get(key)
    if found is None:
        raise not_found(key)
    return found


def refund(tenant: Tenant, key: str) -> Refund:
    """Find a refund by id or number."""
    found = tenant.refunds.get(key) or tenant.refund_numbers.get(key)
    if found is None:
        raise not_found(key)
    return found


def credit_memo(tenant: Tenant, key: str) -> CreditMemo:
    """Find a credit memo by id or number."""
    found = tenant.credit_memos.get(key) or tenant.credit_memo_numbers.get(key)
    if found is None:
        raise not_found(key)
    return found


def document(tenant: Tenant, kind: DocumentKind, key: str) -> Document:
    """Find an invoice or debit memo by id or number."""
    found = tenant.document(kind, key)
    if found is None:
        raise not_found(key)
    return found


def account(tenant: Tenant, key: str) -> Account:
    """Find an account by id or number."""
    found = tenant.accounts.get(key) or tenant.account_numbers.get(key)
    if found is None:
        raise not_found(key)
    return found


def named_account(tenant: Tenant, body: Mapping[str, Any]) -> Account | None:
    """Find the account of a body; id and number may both be given if they agree."""
    found = [account(tenant, body[name]) for name in ("accountId", "accountNumber") if name in body]
    if len(found) == 2 and found[0] is not found[1]:
        raise rule("accountId and accountNumber name different accounts.")
    return found[0] if found else None


def method(tenant: Tenant, key: str | None) -> PaymentMethod | None:
    """Find a payment method by id."""
    if key is None:
        return None
    found = tenant.payment_methods.get(key)
    if found is None:
        raise not_found(key)
    return found


def gateway(tenant: Tenant, body: Mapping[str, Any]) -> Gateway | None:
    """Find the gateway instance that a body names."""
    key = body.get("gatewayId")
    if key is None:
        if "paymentGatewayNumber" in body:
            raise not_found(body["paymentGatewayNumber"])
        return None
    found = tenant.gateways.get(key)
    if found is None:
        raise not_found(key)
    return found


def targets(tenant: Tenant, body: Mapping[str, Any], currency: str) -> list[Target]:
    """Read the invoices[] and debitMemos[] arrays."""
    found = [_target(tenant, INVOICE, "invoice", row, currency) for row in body.get("invoices", ())]
    found += [_target(tenant, DEBIT_MEMO, "debitMemo", row, currency) for row in body.get("debitMemos", ())]
    return found


def _target(tenant: Tenant, kind: DocumentKind, name: str, row: Mapping[str, Any], currency: str) -> Target:
    key = row.get(f"{name}Id") or row.get(f"{name}Number")
    if key is None:
        raise Refusal(MISSING_FIELD, f"The required field {name}s.{name}Id is missing.")
    found = document(tenant, kind, key)
    number = row.get(f"{name}Number")
    if number is not None and number != found.number:
        raise rule(f"{name}Id and {name}Number name different documents.")
    items = item_amounts(row.get("items", ()), (f"{name}ItemId", "taxItemId"), found.items, currency)
    return Target(found, money(row["amount"], currency, f"{name}s.amount"), items)


def item_amounts(
    rows: Sequence[Mapping[str, Any]], names: tuple[str, str], items: Mapping[str, Item], currency: str
) -> dict[str, Decimal]:
    """Read an items[] array into amounts per item; each row names exactly one, a tax item by the second name."""
    read: dict[str, Decimal] = {}
    for row in rows:
        keys = [row[name] for name in names if name in row]
        if len(keys) != 1:
            raise Refusal(MISSING_FIELD, f"An item must have one of {' and '.join(names)}.")
        if keys[0] in read:
            raise Refusal(INVALID_VALUE, f"The item {keys[0]} is specified more than once.")
        item = items.get(keys[0])
        if item is not None and (item.kind == "tax") != (names[1] in row):
            raise rule(f"The item {keys[0]} is {'a tax' if item.kind == 'tax' else 'no tax'} item; use another field.")
        read[keys[0]] = money(row["amount"], currency, "items.amount")
    return read
