"""The rows of Object Query, with the field names it uses (they differ from those of the v1 operations).

Source: Zuora: Object Queries: List payments, List refunds, List payment applications, List refund applications, List
invoices, List debit memos, List credit memos. Must not filter, page or change anything.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from bridge.sandbox.ledger import Tenant
from bridge.sandbox.money import ZERO
from bridge.sandbox.records import (
    DEBIT_MEMO,
    INVOICE,
    Account,
    CreditMemo,
    Document,
    Item,
    Movement,
    Part,
    Payment,
    Record,
    Refund,
    Source,
)

Row = dict[str, Any]

Exact = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Entry:
    """A row that is there but not written yet: most are passed over by a page."""

    id: str
    created: datetime
    write: Callable[[], Row]


@dataclass(frozen=True)
class Candidates:
    """The entries that can match, oldest first; `covered` are the filters an index has answered already."""

    entries: Sequence[Entry]
    covered: frozenset[str] = frozenset()


def candidates(tenant: Tenant, kind: str, exact: Exact) -> Candidates:
    """Find what exact filters (lower-case field to values) leave of an object type."""
    if kind == "payments":
        return _payments(tenant, exact)
    if kind in ("invoices", "debit-memos"):
        wanted = INVOICE if kind == "invoices" else DEBIT_MEMO
        documents = _by_id(tenant.documents, exact)
        return Candidates([_entry(one, partial(_document, one)) for one in documents if one.kind == wanted])
    if kind == "refunds":
        refunds = _by_id(tenant.refunds, exact)
        return Candidates([_entry(one, partial(_refund, tenant, one)) for one in refunds])
    if kind == "credit-memos":
        memos = _by_id(tenant.credit_memos, exact)
        return Candidates([_entry(one, partial(_credit_memo, one)) for one in memos])
    if kind == "refund-applications":
        refunds = _by_id(tenant.refunds, {"id": exact["refundid"]} if "refundid" in exact else {})
        rows = [(one.created, row) for one in refunds for row in refund_applications(one)]
    elif kind in ("payment-applications", "payment-parts"):
        write = payment_applications if kind == "payment-applications" else _payment_parts
        payments = _by_id(tenant.payments, {"id": exact["paymentid"]} if "paymentid" in exact else {})
        rows = [(row["createdDate"], row) for one in payments for row in write(one)]
    else:
        rows = [(one.created, row) for one in _item_owners(tenant, kind) for row in items(one)]
    return Candidates([Entry(row["id"], created, partial(dict, row)) for created, row in rows])


def _entry(one: Record, write: Callable[[], Row]) -> Entry:
    return Entry(one.id, one.created, write)


def _by_id(shelf: Mapping[str, Any], exact: Exact) -> Iterable[Any]:
    return [shelf[key] for key in exact["id"] if key in shelf] if "id" in exact else list(shelf.values())


def _payments(tenant: Tenant, exact: Exact) -> Candidates:
    covered = ""
    found: Iterable[Payment] = tenant.payments.values()
    if "id" in exact:
        found = _by_id(tenant.payments, exact)
    elif "paymentnumber" in exact:
        found = [tenant.payment_numbers[key] for key in exact["paymentnumber"] if key in tenant.payment_numbers]
    else:
        for name, index in (("referenceid", "reference"), ("gatewayorderid", "order"), ("accountid", "account")):
            if name in exact and "null" not in exact[name]:
                keys = dict.fromkeys(value.lower() for value in exact[name])
                found = [one for key in keys for one in tenant.payments_by.get((index, key), ())]
                covered = name
                break
    entries = [_entry(one, partial(_payment, tenant, one)) for one in found]
    return Candidates(entries, frozenset({covered} - {""}))


def _item_owners(tenant: Tenant, kind: str) -> Iterable[Document | CreditMemo]:
    if kind == "credit-memo-items":
        return tenant.credit_memos.values()
    wanted = INVOICE if kind == "invoice-items" else DEBIT_MEMO
    return [one for one in tenant.documents.values() if one.kind == wanted]


def account(one: Account) -> Row:
    """Write an account, as an expansion shows it."""
    return {
        "id": one.id,
        "accountNumber": one.number,
        "name": one.name,
        "currency": one.currency,
        "status": one.status,
        "defaultPaymentMethodId": one.payment_method_id,
        **one.custom,
        **_stamps(one),
    }


def payment(tenant: Tenant, one: Payment) -> Row:
    """Write a payment, as an expansion shows it."""
    return _payment(tenant, one)


def refund(tenant: Tenant, one: Refund) -> Row:
    """Write a refund, as an expansion shows it."""
    return _refund(tenant, one)


def items(one: Document | CreditMemo) -> list[Row]:
    """Write the items of a document or credit memo, taxes apart."""
    lines = [item for item in one.items.values() if item.kind == "item"]
    if isinstance(one, CreditMemo):
        return [
            {"id": item.id, "creditMemoId": one.id, **_charged(item), "unappliedAmount": item.open, **_stamps(one)}
            for item in lines
        ]
    if one.kind == DEBIT_MEMO:
        return [
            {"id": item.id, "debitMemoId": one.id, **_charged(item), "balance": item.open, **_stamps(one)}
            for item in lines
        ]
    return [
        {
            "id": item.id,
            "invoiceId": one.id,
            "chargeAmount": item.amount,
            "sKU": item.name,
            "balance": item.open,
            **_stamps(one),
        }
        for item in lines
    ]


def _charged(item: Item) -> Row:
    return {"amount": item.amount, "sku": item.name}


def _stamps(one: Record | Part) -> Row:
    return {
        "createdById": one.created_by,
        "createdDate": one.created,
        "updatedById": one.updated_by,
        "updatedDate": one.updated,
    }


def _movement(tenant: Tenant, one: Movement) -> Row:
    gateway = tenant.gateways.get(one.gateway_id or "")
    return {
        "accountingCode": one.accounting_code,
        "cancelledOn": one.cancelled,
        "comment": one.comment or "",
        "gateway": gateway.name if gateway else None,
        "gatewayResponse": one.gateway_response,
        "gatewayResponseCode": one.gateway_response_code,
        "gatewayState": one.gateway_state,
        "markedForSubmissionOn": one.submitted,
        "submittedOn": one.submitted,
        "settledOn": one.settled,
        "paymentMethodId": one.payment_method_id,
        "paymentMethodSnapshotId": None,
        "softDescriptor": one.soft_descriptor,
        "softDescriptorPhone": one.soft_descriptor_phone,
        "transferredToAccounting": one.transferred,
        "type": one.type,
        **one.custom,
    }


def _payment(tenant: Tenant, one: Payment) -> Row:
    return {
        "id": one.id,
        "paymentNumber": one.number,
        "accountId": one.account_id,
        "amount": one.amount,
        "appliedAmount": one.applied,
        "appliedCreditBalanceAmount": ZERO,
        "unappliedAmount": one.unapplied,
        "refundAmount": one.refunded,
        "authTransactionId": one.auth_transaction_id,
        "currency": one.currency,
        "effectiveDate": one.day,
        "gatewayOrderId": one.gateway_order_id,
        "referenceId": one.reference_id,
        "secondPaymentReferenceId": one.second_reference_id,
        "source": one.origin,
        "sourceName": None,
        "status": one.status,
        **_movement(tenant, one),
        **_stamps(one),
    }


def _refund(tenant: Tenant, one: Refund) -> Row:
    return {
        "id": one.id,
        "refundNumber": one.number,
        "accountId": one.account_id,
        "amount": one.amount,
        "currency": one.currency,
        "associatedTransactionNumber": _associated(tenant, one),
        "methodType": one.method_type,
        "reasonCode": one.reason_code,
        "referenceID": one.reference_id,
        "refundDate": one.day,
        "refundTransactionTime": one.created,
        "secondRefundReferenceId": one.second_reference_id,
        "sourceType": "Payment" if one.payment_id else "CreditMemo",
        "status": one.status,
        **_movement(tenant, one),
        **_stamps(one),
    }


def _associated(tenant: Tenant, one: Refund) -> str | None:
    source: Source | None = tenant.payments.get(one.payment_id or "") or tenant.credit_memos.get(
        one.credit_memo_id or ""
    )
    return source.number if source else None


def _document(one: Document) -> Row:
    invoice = one.kind == INVOICE
    return {
        "id": one.id,
        "invoiceNumber" if invoice else "memoNumber": one.number,
        "invoiceDate" if invoice else "memoDate": one.day,
        "accountId": one.account_id,
        "amount" if invoice else "totalAmount": one.total,
        "balance": one.balance,
        "currency": one.currency,
        "dueDate": one.due,
        "sourceType": "Standalone",
        "status": one.status,
        "transferredToAccounting": "No",
        **_stamps(one),
    }


def _credit_memo(one: CreditMemo) -> Row:
    return {
        "id": one.id,
        "memoNumber": one.number,
        "memoDate": one.day,
        "accountId": one.account_id,
        "totalAmount": one.amount,
        "appliedAmount": one.applied,
        "refundAmount": one.refunded,
        "balance": one.unapplied,
        "currency": one.currency,
        "reasonCode": one.reason_code,
        "sourceType": "Standalone",
        "status": one.status,
        **_stamps(one),
    }


def _payment_parts(one: Payment) -> list[Row]:
    rows: list[Row] = [
        {
            "id": part.id,
            "paymentId": one.id,
            "accountId": one.account_id,
            "amount": part.amount,
            "invoiceId": part.document_id if part.kind == INVOICE else None,
            "debitMemoId": part.document_id if part.kind == DEBIT_MEMO else None,
            **_stamps(part),
        }
        for part in one.parts.values()
    ]
    if one.unapplied:
        loose = {"id": one.unapplied_part_id, "paymentId": one.id, "accountId": one.account_id}
        rows.append({**loose, "amount": one.unapplied, "invoiceId": None, "debitMemoId": None, **_stamps(one)})
    return rows


def payment_applications(one: Payment) -> list[Row]:
    """Write what a payment settles."""
    return [
        {
            "id": part.id,
            "paymentId": one.id,
            "accountId": one.account_id,
            "applyAmount": part.amount,
            "effectiveDate": one.day,
            "invoiceId": part.document_id if part.kind == INVOICE else None,
            "debitMemoId": part.document_id if part.kind == DEBIT_MEMO else None,
            **_stamps(part),
        }
        for part in one.parts.values()
    ]


def refund_applications(one: Refund) -> list[Row]:
    """Write what a refund was taken from."""
    # A refund application carries no debit memo (Zuora: Object Queries, refund applications).
    return [
        {
            "id": part.id,
            "refundId": one.id,
            "paymentId": one.payment_id,
            "creditMemoId": one.credit_memo_id,
            "accountId": one.account_id,
            "applyAmount": part.amount,
            "effectiveDate": one.day,
            "invoiceId": part.document_id if part.kind == INVOICE else None,
            **_stamps(one),
        }
        for part in one.parts
    ]
