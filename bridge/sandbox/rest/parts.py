"""Parts and item parts of payments, refunds and credit memos, and what settles a document.

Source: Zuora: List all parts of a payment, List all payment part items, List all parts of a refund, List all
application parts of an invoice. Must not change anything.
"""

from bridge.sandbox.ledger import Tenant
from bridge.sandbox.money import Json
from bridge.sandbox.records import INVOICE, DocumentKind, Part, Payment, Refund, Source
from bridge.sandbox.refusal import not_found, rule
from bridge.sandbox.rest import references, shapes
from bridge.sandbox.rest.lists import all_rows


def of_payment(tenant: Tenant, key: str) -> dict[str, Json]:
    """List a payment's parts; one without a document is what is unapplied."""
    return all_rows("parts", shapes.parts(references.payment(tenant, key)))


def one_of_payment(tenant: Tenant, key: str, part_id: str) -> Json:
    """Return one part of a payment."""
    return _one(shapes.parts(references.payment(tenant, key)), part_id)


def items_of_payment(tenant: Tenant, key: str, part_id: str) -> dict[str, Json]:
    """List how a part is split over the document's items."""
    _require_items(tenant)
    payment = references.payment(tenant, key)
    for part in payment.parts.values():
        if part.id == part_id:
            return all_rows("itemParts", _item_parts(tenant, part))
    if part_id == payment.unapplied_part_id and payment.unapplied:
        return all_rows("itemParts", [])
    raise not_found(part_id)


def of_credit_memo(tenant: Tenant, key: str) -> dict[str, Json]:
    """List a credit memo's parts."""
    return all_rows("parts", shapes.parts(references.credit_memo(tenant, key)))


def of_refund(tenant: Tenant, key: str) -> dict[str, Json]:
    """List a refund's parts: one, naming its payment or credit memo."""
    return all_rows("parts", [_refund_part(references.refund(tenant, key))])


def one_of_refund(tenant: Tenant, key: str, part_id: str) -> Json:
    """Return one part of a refund."""
    return _one([_refund_part(references.refund(tenant, key))], part_id)


def items_of_refund(tenant: Tenant, key: str, part_id: str) -> dict[str, Json]:
    """List the credit memo items a refund was taken from; a refunded payment has none."""
    _require_items(tenant)
    refund = references.refund(tenant, key)
    one_of_refund(tenant, key, part_id)
    memo = tenant.credit_memos.get(refund.credit_memo_id or "")
    rows: list[Json] = []
    for index, (key, amount) in enumerate(refund.memo_items.items()):
        tax = memo is not None and memo.items[key].kind == "tax"
        item: dict[str, Json] = {"id": _item_part_id(refund.id, index), "amount": amount}
        item |= {"creditMemoItemId": None if tax else key, "creditTaxItemId": key if tax else None}
        rows.append(item | shapes.stamps(refund))
    return all_rows("itemParts", rows)


def of_document(tenant: Tenant, kind: DocumentKind, key: str) -> dict[str, Json]:
    """List what settles an invoice or debit memo."""
    document = references.document(tenant, kind, key)
    sources = [*tenant.payments.values(), *tenant.credit_memos.values()]
    found = [one for one in sources if document.id in one.parts]
    return all_rows("applicationParts", [_application(one, one.parts[document.id]) for one in found])


def _require_items(tenant: Tenant) -> None:
    if not tenant.settings.item_settlement:
        raise rule("Invoice Item Settlement is not enabled; there are no item parts.")


def _application(source: Source, part: Part) -> Json:
    payment = isinstance(source, Payment)
    return {
        "appliedAmount": part.amount,
        "paymentId": source.id if payment else None,
        "creditMemoId": None if payment else source.id,
        **shapes.stamps(part),
    }


def _one(rows: list[Json], part_id: str) -> Json:
    for row in rows:
        if isinstance(row, dict) and row["id"] == part_id:
            return {"success": True, **row}
    raise not_found(part_id)


def _refund_part(refund: Refund) -> Json:
    return {
        "id": refund.parts[0].id if refund.parts else refund.id,
        "amount": refund.amount,
        "paymentId": refund.payment_id,
        "creditMemoId": refund.credit_memo_id,
        **shapes.stamps(refund),
    }


def _item_parts(tenant: Tenant, part: Part) -> list[Json]:
    items = tenant.documents[part.document_id].items
    name = "invoiceItemId" if part.kind == INVOICE else "debitMemoItemId"
    rows: list[Json] = []
    for index, (key, amount) in enumerate(part.items.items()):
        named: dict[str, Json] = {"invoiceItemId": None, "debitMemoItemId": None, "taxItemId": None}
        named["taxItemId" if items[key].kind == "tax" else name] = key
        rows.append({"id": _item_part_id(part.id, index), "amount": amount, **named, **shapes.stamps(part)})
    return rows


def _item_part_id(of: str, index: int) -> str:
    # Item parts are not kept as objects of their own; their ids derive from what they are parts of.
    return f"{of[:28]}{index:04x}"
