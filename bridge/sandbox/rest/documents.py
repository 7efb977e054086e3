"""REST operations on memos, invoices, accounts, gateways and sequence sets.

Source: Zuora: List credit memos, Apply a credit memo, Retrieve a debit memo, Retrieve an invoice, Retrieve an
account, List all payment gateways, List sequence sets. Must not write HTTP.
"""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from bridge.sandbox.ledger import Tenant
from bridge.sandbox.memos import apply_memo, unapply_memo
from bridge.sandbox.money import Json
from bridge.sandbox.refusal import MISSING_FIELD, Refusal, rule
from bridge.sandbox.rest import references, shapes
from bridge.sandbox.rest.bodies import Spec, money, read_body
from bridge.sandbox.settlement import Target

_ITEM = (
    Spec("amount", "money", required=True),
    Spec("creditMemoItemId", "id"),
    Spec("creditTaxItemId", "id"),
    Spec("taxItemId", "id"),
)
# Credit memos are applied by id only; numbers are not in the schema (Zuora: Apply a credit memo).
_MEMO_TARGETS = (
    Spec("effectiveDate", "date"),
    Spec(
        "invoices",
        "list",
        fields=(
            Spec("amount", "money", required=True),
            Spec("invoiceId", "id", required=True),
            Spec("items", "list", fields=(*_ITEM, Spec("invoiceItemId", "id"))),
        ),
    ),
    Spec(
        "debitMemos",
        "list",
        fields=(
            Spec("amount", "money", required=True),
            Spec("debitMemoId", "id", required=True),
            Spec("items", "list", fields=(*_ITEM, Spec("debitMemoItemId", "id"))),
        ),
    ),
)


def apply_credit_memo(tenant: Tenant, key: str, given: Mapping[str, Any], by: str) -> dict[str, Json]:
    """Apply a credit memo; a repeat applies again."""
    memo = references.credit_memo(tenant, key)
    body = read_body(given, _MEMO_TARGETS)
    targets = _targets(tenant, body, memo.currency)
    if not targets:
        raise Refusal(MISSING_FIELD, "At least one of invoices and debitMemos is required.")
    apply_memo(tenant, memo, targets, body.get("effectiveDate", tenant.clock.today()), by)
    return shapes.credit_memo(tenant, memo)


def unapply_credit_memo(tenant: Tenant, key: str, given: Mapping[str, Any], by: str) -> dict[str, Json]:
    """Unapply a credit memo; an empty body means all of it."""
    memo = references.credit_memo(tenant, key)
    body = read_body(given, _MEMO_TARGETS)
    targets = _targets(tenant, body, memo.currency)
    unapply_memo(tenant, memo, targets, body.get("effectiveDate", tenant.clock.today()), by)
    return shapes.credit_memo(tenant, memo)


def _targets(tenant: Tenant, body: Mapping[str, Any], currency: str) -> list[Target]:
    bare = {
        name: [{key: value for key, value in row.items() if key != "items"} for row in body.get(name, ())]
        for name in ("invoices", "debitMemos")
    }
    found = references.targets(tenant, bare, currency)
    rows = [*body.get("invoices", ()), *body.get("debitMemos", ())]
    return [_with_items(tenant, target, row, currency) for target, row in zip(found, rows, strict=True)]


def _with_items(tenant: Tenant, target: Target, row: Mapping[str, Any], currency: str) -> Target:
    if "items" not in row:
        return target
    if not tenant.settings.item_settlement:
        raise rule("Invoice Item Settlement is not enabled; items cannot be specified.")
    to: dict[str, Decimal] = {}
    taken: dict[str, Decimal] = {}
    for item in row["items"]:
        amount = money(item["amount"], currency, "items.amount")
        target_key = item.get("invoiceItemId") or item.get("debitMemoItemId") or item.get("taxItemId")
        memo_key = item.get("creditMemoItemId") or item.get("creditTaxItemId")
        if target_key is None or memo_key is None:
            raise Refusal(MISSING_FIELD, "An item must pair a credit memo item with an item of the document.")
        to[target_key] = to.get(target_key, Decimal(0)) + amount
        taken[memo_key] = taken.get(memo_key, Decimal(0)) + amount
    return replace(target, items=to, memo_items=taken)


def gateways(tenant: Tenant) -> dict[str, Json]:
    """List payment gateways; the list's name really is all lower case."""
    return {
        "paymentgateways": [
            {"id": one.id, "name": one.name, "isActive": one.active, "isDefault": one.default, "type": one.type}
            for one in tenant.gateways.values()
        ],
        "success": True,
    }


def sequence_sets(tenant: Tenant) -> dict[str, Json]:
    """List number prefixes; a second set has the purely numeric prefixes that can collide."""
    return {
        "sequenceSets": [
            _sequence_set(tenant, "DEFAULT", "INV", "CM", "DM"),
            _sequence_set(tenant, "NUMERIC", "23", "24", "2"),
        ],
        "success": True,
    }


def _sequence_set(tenant: Tenant, name: str, invoice: str, credit: str, debit: str) -> dict[str, Json]:
    prefixes = {"invoice": invoice, "creditMemo": credit, "debitMemo": debit, "payment": "P-", "refund": "R-"}
    return {
        "id": tenant.names["user"][:24] + f"{len(name):08x}",
        "name": name,
        **{kind: {"prefix": prefix, "startNumber": 1} for kind, prefix in prefixes.items()},
    }
