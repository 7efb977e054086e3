"""Applying payments and credit memos to documents and taking that back, down to the items.

Rules from Zuora: Apply a payment, Unapply a payment, Apply a credit memo, Application rules. Must not know a wire
format or create objects other than parts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import ROUND_DOWN, Decimal

from bridge.sandbox.ledger import LIVE, POSTED, Tenant, receivable, unapplied
from bridge.sandbox.money import ZERO, plain, total, unit
from bridge.sandbox.records import CreditMemo, Document, Item, Part, Source
from bridge.sandbox.refusal import rule


@dataclass(frozen=True)
class Target:
    """One document to settle or release, with the caller's own split over items if there is one."""

    document: Document
    amount: Decimal
    items: Mapping[str, Decimal] = field(default_factory=dict)
    memo_items: Mapping[str, Decimal] = field(default_factory=dict)


def check_target(tenant: Tenant, account_id: str | None, target: Target) -> None:
    """Refuse a document that cannot be settled by this account for this amount."""
    document = target.document
    if document.status != POSTED:
        raise rule(f"{title(document)} {document.number} is not posted; only posted documents can be settled.")
    if account_id != document.account_id:
        raise rule(f"{title(document)} {document.number} does not belong to the account of this transaction.")
    if target.amount > document.balance:
        raise rule(
            f"The amount {plain(target.amount)} is greater than the balance {plain(document.balance)}"
            f" of {title(document).lower()} {document.number}."
        )
    if target.items:
        _check_items(tenant, target, {key: item.open for key, item in document.items.items()})


def check_distinct(targets: Sequence[Target]) -> None:
    """Refuse a document named twice in one request."""
    if len({target.document.id for target in targets}) != len(targets):
        raise rule("The same document is specified more than once.")


def apply(tenant: Tenant, source: Source, target: Target) -> None:
    """Settle a document from a payment's or memo's unapplied money."""
    check_target(tenant, source.account_id, target)
    document, amount = target.document, target.amount
    if source.status not in (LIVE, POSTED):
        raise rule(f"{source.number} is {source.status} and cannot be applied.")
    if document.currency != source.currency:
        raise rule(f"The currency {source.currency} is not the currency of {document.number}.")
    if amount > source.unapplied:
        raise rule(f"The amount {plain(amount)} is greater than the unapplied amount {plain(source.unapplied)}.")
    split = target.items or _allocate(
        {key: item.open for key, item in document.items.items()},
        amount,
        document.currency,
        fifo=tenant.settings.application_rule == "FIFO",
    )
    tenant.touch(document)
    tenant.touch(source)
    document.items = _shift(document.items, split, -1)
    document.balance -= amount
    if isinstance(source, CreditMemo):
        _take_memo_items(source, amount, target.memo_items)
    source.unapplied -= amount
    source.parts = {**source.parts, document.id: _grown(tenant, source, document, amount, split)}
    _stamp(tenant, document, source)
    tenant.post(source.account_id, source.currency, (unapplied(source), amount), (receivable(document), -amount))


def release(tenant: Tenant, source: Source, target: Target) -> None:
    """Take back what a payment or memo settles on a document; item parts go first in, first out."""
    document, amount = target.document, target.amount
    part = source.parts.get(document.id)
    if part is None or amount > part.amount:
        applied = plain(part.amount if part else ZERO)
        raise rule(
            f"The amount {plain(amount)} is greater than the amount {applied} applied to {title(document).lower()}"
            f" {document.number}."
        )
    if target.items:
        _check_items(tenant, target, part.items)
    split = target.items or _allocate(part.items, amount, document.currency, fifo=True)
    tenant.touch(document)
    tenant.touch(source)
    document.items = _shift(document.items, split, 1)
    document.balance += amount
    if isinstance(source, CreditMemo):
        _give_memo_items(source, amount)
    source.unapplied += amount
    left = {key: value - split.get(key, ZERO) for key, value in part.items.items()}
    parts = dict(source.parts)
    # A part whose amount becomes zero disappears (Zuora: Invoice Settlement object descriptions).
    del parts[document.id]
    if part.amount > amount:
        now = tenant.clock.now()
        shrunk = {key: value for key, value in left.items() if value}
        parts[document.id] = replace(part, amount=part.amount - amount, items=shrunk, updated=now)
    source.parts = parts
    _stamp(tenant, document, source)
    tenant.post(source.account_id, source.currency, (receivable(document), amount), (unapplied(source), -amount))


def title(document: Document) -> str:
    """Name a document's kind as messages do."""
    return "Invoice" if document.kind == "invoice" else "Debit memo"


def _check_items(tenant: Tenant, target: Target, room: Mapping[str, Decimal]) -> None:
    if not tenant.settings.item_settlement:
        raise rule("Invoice Item Settlement is not enabled; items cannot be specified.")
    for key, amount in target.items.items():
        if key not in room:
            raise rule(f"Item {key} is not an item of {target.document.number} that can be settled.")
        if amount > room[key]:
            raise rule(f"The amount {plain(amount)} is greater than the balance {plain(room[key])} of item {key}.")
    if total(target.items.values()) != target.amount:
        raise rule(f"The item amounts do not sum to the amount {plain(target.amount)} of {target.document.number}.")


def _allocate(room: Mapping[str, Decimal], amount: Decimal, currency: str, *, fifo: bool) -> dict[str, Decimal]:
    """Split an amount over items: in order, or in proportion with the odd minor units given out in order."""
    whole = total(room.values())
    step = unit(currency)
    shares: dict[str, Decimal] = dict.fromkeys(room, ZERO)
    if not fifo:
        for key, space in room.items():
            shares[key] = (amount * space / whole).quantize(step, ROUND_DOWN) if whole else ZERO
    left = amount - total(shares.values())
    while left > 0:
        before = left
        for key, space in room.items():
            extra = min(left, space - shares[key] if fifo else min(step, space - shares[key]))
            shares[key] += extra
            left -= extra
        if left == before:
            raise rule(f"The amount {plain(amount)} is greater than what the items leave open.")
    return {key: share for key, share in shares.items() if share}


def _shift(items: Mapping[str, Item], split: Mapping[str, Decimal], sign: int) -> dict[str, Item]:
    return {
        key: replace(item, open=item.open + sign * split[key]) if key in split else item for key, item in items.items()
    }


def _grown(tenant: Tenant, source: Source, document: Document, amount: Decimal, split: Mapping[str, Decimal]) -> Part:
    now = tenant.clock.now()
    old = source.parts.get(document.id)
    if old is None:
        by = source.updated_by
        return Part(tenant.new_id(), document.kind, document.id, amount, dict(split), now, by, now, by)
    items = {key: old.items.get(key, ZERO) + split.get(key, ZERO) for key in (*old.items, *split)}
    return replace(old, amount=old.amount + amount, items=items, updated=now)


def _take_memo_items(memo: CreditMemo, amount: Decimal, named: Mapping[str, Decimal]) -> None:
    split = named or _allocate({key: item.open for key, item in memo.items.items()}, amount, memo.currency, fifo=True)
    for key, part in split.items():
        if key not in memo.items or part > memo.items[key].open:
            raise rule(f"Credit memo item {key} does not leave {plain(part)} unapplied.")
    memo.items = _shift(memo.items, split, -1)


def _give_memo_items(memo: CreditMemo, amount: Decimal) -> None:
    room = {key: item.amount - item.open for key, item in memo.items.items()}
    memo.items = _shift(memo.items, _allocate(room, amount, memo.currency, fifo=True), 1)


def take_memo_items(memo: CreditMemo, amount: Decimal, named: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """Take a refund out of a memo's items; return how it was split, so that a cancellation can give it back."""
    before = memo.items
    _take_memo_items(memo, amount, named)
    taken = {key: before[key].open - item.open for key, item in memo.items.items()}
    return {key: part for key, part in taken.items() if part}


def _stamp(tenant: Tenant, document: Document, source: Source) -> None:
    document.updated = source.updated = tenant.clock.now()
