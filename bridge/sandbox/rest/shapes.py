"""What v1 REST answers look like: payment, refund, memo, invoice and account objects.

Source: Zuora: API reference (Retrieve a payment, Retrieve a refund, ...). Timestamps carry no zone here. Must not
change anything.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal

from bridge.sandbox.clock import v1_date_time
from bridge.sandbox.ledger import Tenant
from bridge.sandbox.money import ZERO, Json, total
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
)


def moment(value: datetime | None) -> str | None:
    """Write a timestamp, or null."""
    return v1_date_time(value) if value is not None else None


def stamps(record: Record | Part) -> dict[str, Json]:
    """Write who made and changed it, and when."""
    return {
        "createdById": record.created_by,
        "createdDate": moment(record.created),
        "updatedById": record.updated_by,
        "updatedDate": moment(record.updated),
    }


def payment(tenant: Tenant, one: Payment) -> dict[str, Json]:
    """Write a payment (Source and SourceName are not returned: Invoice Settlement limitations)."""
    return {
        "success": True,
        "id": one.id,
        "number": one.number,
        "status": one.status,
        "type": one.type,
        "accountId": one.account_id,
        "accountNumber": _account_number(tenant, one.account_id),
        "amount": one.amount,
        "appliedAmount": one.applied,
        "unappliedAmount": one.unapplied,
        "refundAmount": one.refunded,
        "creditBalanceAmount": ZERO,
        "currency": one.currency,
        "effectiveDate": one.day.isoformat(),
        "authTransactionId": one.auth_transaction_id,
        "bankIdentificationNumber": None,
        "gatewayOrderId": one.gateway_order_id,
        "paymentMethodId": one.payment_method_id,
        "paymentMethodSnapshotId": None,
        "secondPaymentReferenceId": one.second_reference_id,
        "financeInformation": {
            "bankAccountAccountingCode": one.accounting_code,
            "transferredToAccounting": one.transferred,
            "unappliedPaymentAccountingCode": one.unapplied_code,
        },
        **_movement(one),
        **stamps(one),
        **one.custom,
    }


def refund(tenant: Tenant, one: Refund) -> dict[str, Json]:
    """Write a refund (SourceType is not returned: Invoice Settlement limitations)."""
    paid = tenant.payments.get(one.payment_id or "")
    return {
        "success": True,
        "id": one.id,
        "number": one.number,
        "status": one.status,
        "type": one.type,
        "methodType": one.method_type,
        "accountId": one.account_id,
        "amount": one.amount,
        "refundDate": one.day.isoformat(),
        "refundTransactionTime": moment(one.created),
        "paymentId": one.payment_id,
        "paymentNumber": paid.number if paid else None,
        "creditMemoId": one.credit_memo_id,
        "paymentMethodId": one.payment_method_id,
        "paymentMethodSnapshotId": None,
        "reasonCode": one.reason_code,
        "secondRefundReferenceId": one.second_reference_id,
        "financeInformation": {
            "bankAccountAccountingCode": one.accounting_code,
            "transferredToAccounting": one.transferred,
        },
        **_movement(one),
        **stamps(one),
        **one.custom,
    }


def credit_memo(tenant: Tenant, one: CreditMemo) -> dict[str, Json]:
    """Write a credit memo."""
    return {
        "success": True,
        "id": one.id,
        "number": one.number,
        "status": one.status,
        "accountId": one.account_id,
        "accountNumber": _account_number(tenant, one.account_id),
        "amount": one.amount,
        "appliedAmount": one.applied,
        "unappliedAmount": one.unapplied,
        "refundAmount": one.refunded,
        "currency": one.currency,
        "creditMemoDate": one.day.isoformat(),
        "reasonCode": one.reason_code,
        "referredInvoiceId": None,
        "reversed": False,
        "sourceType": "Standalone",
        "taxAmount": _taxes(one.items.values()),
        "transferredToAccounting": "No",
        **stamps(one),
    }


def debit_memo(tenant: Tenant, one: Document) -> dict[str, Json]:
    """Write a debit memo."""
    return {
        "success": True,
        "id": one.id,
        "number": one.number,
        "status": one.status,
        "accountId": one.account_id,
        "accountNumber": _account_number(tenant, one.account_id),
        "amount": one.total,
        "balance": one.balance if one.status == "Posted" else one.total,
        "beAppliedAmount": one.total - one.balance,
        "currency": one.currency,
        "debitMemoDate": one.day.isoformat(),
        "dueDate": one.due.isoformat(),
        "referredInvoiceId": None,
        "referredCreditMemoId": None,
        "taxAmount": _taxes(one.items.values()),
        "transferredToAccounting": "No",
        **stamps(one),
    }


def invoice(one: Document) -> dict[str, Json]:
    """Write an invoice."""
    return {
        "success": True,
        "id": one.id,
        "invoiceNumber": one.number,
        "status": one.status,
        "accountId": one.account_id,
        "amount": one.total,
        "balance": one.balance,
        "currency": one.currency,
        "invoiceDate": one.day.isoformat(),
        "dueDate": one.due.isoformat(),
        "targetDate": one.day.isoformat(),
        "taxAmount": _taxes(one.items.values()),
        "transferredToAccounting": "No",
        **stamps(one),
    }


def document_items(one: Document) -> list[Json]:
    """Write a document's items, the taxes inside the items they were charged on."""
    return [
        {
            "id": item.id,
            **_charged(one, item),
            "balance": item.open,
            "taxationItems": _taxation_items(one.items, item.id, "balance"),
        }
        for item in one.items.values()
        if item.kind == "item"
    ]


def _charged(one: Document, item: Item) -> dict[str, Json]:
    # The two kinds of documents name the same things differently.
    if one.kind == INVOICE:
        return {"chargeName": item.name, "sku": item.name, "chargeAmount": item.amount}
    return {"skuName": item.name, "amount": item.amount, "beAppliedAmount": item.amount - item.open}


def memo_items(one: CreditMemo) -> list[Json]:
    """Write a credit memo's items, the taxes inside the items they were charged on."""
    return [
        {
            "id": item.id,
            "skuName": item.name,
            "amount": item.amount,
            "unappliedAmount": item.open,
            "taxationItems": _taxation_items(one.items, item.id, "unappliedAmount"),
        }
        for item in one.items.values()
        if item.kind == "item"
    ]


def _taxation_items(items: Mapping[str, Item], parent: str, left: str) -> dict[str, Json]:
    rows: list[Json] = [
        {"id": item.id, "name": item.name, "taxAmount": item.amount, left: item.open}
        for item in items.values()
        if item.parent == parent
    ]
    return {"data": rows}


def parts(one: Payment | CreditMemo) -> list[Json]:
    """Write the parts of a payment or credit memo; one without a document is what is unapplied."""
    written: list[Json] = [
        {
            "id": part.id,
            "amount": part.amount,
            "invoiceId": part.document_id if part.kind == INVOICE else None,
            "debitMemoId": part.document_id if part.kind == DEBIT_MEMO else None,
            **stamps(part),
        }
        for part in one.parts.values()
    ]
    if one.unapplied:
        loose = one.unapplied_part_id if isinstance(one, Payment) else one.id
        written.append({"id": loose, "amount": one.unapplied, "invoiceId": None, "debitMemoId": None, **stamps(one)})
    return written


def account(tenant: Tenant, one: Account) -> dict[str, Json]:
    """Write an account."""
    gateway = tenant.gateways.get(one.gateway_id or "")
    return {
        "success": True,
        "basicInfo": {
            "id": one.id,
            "name": one.name,
            "accountNumber": one.number,
            "notes": one.notes,
            "status": one.status,
            "batch": "Batch1",
            "crmId": "",
            **one.custom,
        },
        "billingAndPayment": {
            "billCycleDay": 1,
            "currency": one.currency,
            "paymentTerm": "Due Upon Receipt",
            "paymentGateway": gateway.name if gateway else None,
            "defaultPaymentMethodId": one.payment_method_id,
            "autoPay": False,
        },
        "metrics": {
            "balance": tenant.balance(one.id),
            "currency": one.currency,
            "creditBalance": ZERO,
            "totalInvoiceBalance": _open(tenant, one, INVOICE),
            "totalDebitMemoBalance": _open(tenant, one, DEBIT_MEMO),
        },
    }


def _open(tenant: Tenant, one: Account, kind: str) -> Decimal:
    return total(
        document.balance
        for document in tenant.documents.values()
        if document.account_id == one.id and document.kind == kind and document.status == "Posted"
    )


def _movement(one: Movement) -> dict[str, Json]:
    return {
        "comment": one.comment,
        "gatewayId": one.gateway_id,
        "paymentGatewayNumber": None,
        "gatewayResponse": one.gateway_response,
        "gatewayResponseCode": one.gateway_response_code,
        "gatewayState": one.gateway_state,
        "markedForSubmissionOn": moment(one.submitted),
        "submittedOn": moment(one.submitted),
        "settledOn": moment(one.settled),
        "cancelledOn": moment(one.cancelled),
        "referenceId": one.reference_id,
        "softDescriptor": one.soft_descriptor,
        "softDescriptorPhone": one.soft_descriptor_phone,
    }


def _account_number(tenant: Tenant, key: str | None) -> str | None:
    found = tenant.accounts.get(key or "")
    return found.number if found else None


def _taxes(items: Iterable[Item]) -> Decimal:
    return total(item.amount for item in items if item.kind == "tax")
