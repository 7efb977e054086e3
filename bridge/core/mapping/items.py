"""Single items of a document: which of them a payment pays or a refund gives back, and how REST writes them.

Sources: Zuora: Create a payment (items of invoices and debit memos); Refund a credit memo (items). A row names an item
or a tax item, never both. Must not look anything up: whether an item belongs to its document is Zuora's to say.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from bridge.core.facts import Kind
from bridge.core.mapping.lexical import amount, total
from bridge.core.model import ZObject
from bridge.core.refusals import Refusal, invalid
from bridge.core.words import shown

MOST = 1000
"""Items per document (Zuora: Create a payment; Refund a credit memo)."""

CONTAINERS = {
    # Container -> its rows' names for the item and the tax item.
    "InvoiceItemPaymentData": ("InvoiceItemId", "TaxItemId"),
    "DebitMemoItemPaymentData": ("DebitMemoItemId", "TaxItemId"),
    "CreditMemoItemRefundData": ("CreditMemoItemId", "CreditTaxItemId"),
}

_REST = {
    Kind.INVOICE: ("invoiceItemId", "taxItemId"),
    Kind.DEBIT_MEMO: ("debitMemoItemId", "taxItemId"),
    Kind.CREDIT_MEMO: ("creditMemoItemId", "creditTaxItemId"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One item as the caller said it, unchecked. ``document`` is the key a directive gives it, if any."""

    item: str | None
    tax_item: str | None
    amount: str | None
    document: str | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """One checked item; ``tax`` says that ``id`` is a tax item's."""

    id: str
    tax: bool
    amount: Decimal


def rows_in(obj: ZObject, container: str) -> tuple[Row, ...]:
    """The rows of one of ``CONTAINERS``."""
    item, tax_item = CONTAINERS[container]
    rows = obj.children.get(container, ())
    return tuple(Row(each.word(item), each.word(tax_item), each.word("Amount")) for each in rows)


def checked(rows: Sequence[Row], container: str, currency: str | None, *, possible: bool) -> tuple[Item, ...]:
    """The items; raises ``Refusal`` INVALID_VALUE naming ``container``. ``possible``: the tenant settles items."""
    if not possible:
        raise invalid(container, "This Zuora tenant does not settle single items (Invoice Item Settlement is off).")
    if len(rows) > MOST:
        raise invalid(container, f"{container} has {len(rows)} items; at most {MOST} are possible per document.")
    items: dict[tuple[str, bool], Item] = {}
    for row in rows:
        if (row.item is None) == (row.tax_item is None):
            raise invalid(container, f"Each row of {container} names either an item or a tax item.")
        name, tax = (row.tax_item, True) if row.tax_item is not None else (row.item, False)
        assert name is not None
        if (name, tax) in items:
            raise invalid(container, f"{container} names {shown(name, 60)} twice; add the amounts up.")
        items[name, tax] = Item(name, tax, _amount(row, container, currency))
    return tuple(items.values())


def _amount(row: Row, container: str, currency: str | None) -> Decimal:
    if row.amount is None:
        raise invalid(container, f"Each row of {container} needs an amount.")
    try:
        return amount(row.amount, "Amount", currency)
    except Refusal as refusal:
        # A row's own Amount would read like the object's.
        raise invalid(container, f"{container}: {refusal.errors[0].message}") from None


def whole(items: Iterable[Item]) -> Decimal:
    """What the items come to."""
    return total(item.amount for item in items)


def written(items: Iterable[Item], kind: Kind) -> list[dict[str, object]]:
    """The JSON rows of the items of a document of this kind."""
    item_id, tax_id = _REST[kind]
    return [{tax_id if item.tax else item_id: item.id, "amount": item.amount} for item in items]
