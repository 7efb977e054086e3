"""The ledger as the control face shows it: every object, amounts as strings so that nothing is lost on the way.

Must not be used by a face of Zuora.
"""

from collections.abc import Mapping
from decimal import Decimal

from bridge.sandbox.clock import query_date_time
from bridge.sandbox.custom import CustomValue
from bridge.sandbox.ledger import Tenant
from bridge.sandbox.money import Json, plain
from bridge.sandbox.records import DEBIT_MEMO, INVOICE, CreditMemo, Document, Item, Movement, Part, Payment, Refund


def books(tenant: Tenant) -> dict[str, Json]:
    """Return everything a tenant holds."""
    names = {key: name for name, key in tenant.names.items()}
    return {
        "seed": tenant.seed,
        "tenantId": tenant.tenant_id,
        "entityId": tenant.entity_id,
        "entityName": tenant.entity_name,
        "now": query_date_time(tenant.clock.now()),
        "names": dict(tenant.names),
        "accounts": [
            {
                "id": account.id,
                "name": names.get(account.id),
                "number": account.number,
                "title": account.name,
                "currency": account.currency,
                "status": account.status,
                "balance": plain(tenant.balance(account.id)),
            }
            for account in tenant.accounts.values()
        ],
        "invoices": [_document(one, names) for one in tenant.documents.values() if one.kind == INVOICE],
        "debitMemos": [_document(one, names) for one in tenant.documents.values() if one.kind == DEBIT_MEMO],
        "creditMemos": [_memo(one, names) for one in tenant.credit_memos.values()],
        "payments": [_payment(one, names) for one in tenant.payments.values()],
        "refunds": [_refund(one, names) for one in tenant.refunds.values()],
        "entries": len(tenant.entries),
        "violations": list(tenant.audit()),
    }


def _document(one: Document, names: Mapping[str, str]) -> dict[str, Json]:
    return {
        "id": one.id,
        "name": names.get(one.id),
        "number": one.number,
        "accountId": one.account_id,
        "currency": one.currency,
        "status": one.status,
        "date": one.day.isoformat(),
        "amount": plain(one.total),
        "balance": plain(one.balance),
        "items": _items(one.items),
    }


def _items(items: Mapping[str, Item]) -> list[Json]:
    return [
        {"id": item.id, "name": item.name, "kind": item.kind, "amount": plain(item.amount), "balance": plain(item.open)}
        for item in items.values()
    ]


def _parts(parts: Mapping[str, Part]) -> list[Json]:
    return [
        {
            "id": part.id,
            "invoiceId": part.document_id if part.kind == INVOICE else None,
            "debitMemoId": part.document_id if part.kind == DEBIT_MEMO else None,
            "amount": plain(part.amount),
            "items": {key: plain(amount) for key, amount in part.items.items()},
        }
        for part in parts.values()
    ]


def _memo(one: CreditMemo, names: Mapping[str, str]) -> dict[str, Json]:
    return {
        "id": one.id,
        "name": names.get(one.id),
        "number": one.number,
        "accountId": one.account_id,
        "currency": one.currency,
        "status": one.status,
        "date": one.day.isoformat(),
        "amount": plain(one.amount),
        "appliedAmount": plain(one.applied),
        "unappliedAmount": plain(one.unapplied),
        "refundAmount": plain(one.refunded),
        "parts": _parts(one.parts),
        "items": _items(one.items),
    }


def _movement(one: Movement) -> dict[str, Json]:
    return {
        "type": one.type,
        "comment": one.comment,
        "referenceId": one.reference_id,
        "secondReferenceId": one.second_reference_id,
        "paymentMethodId": one.payment_method_id,
        "gatewayId": one.gateway_id,
        "gatewayResponse": one.gateway_response,
        "accountingCode": one.accounting_code,
        "softDescriptor": one.soft_descriptor,
        "softDescriptorPhone": one.soft_descriptor_phone,
        "gatewayState": one.gateway_state,
        "gatewayOptions": dict(one.gateway_options),
        "transferredToAccounting": one.transferred,
        "custom": {key: _custom(value) for key, value in one.custom.items() if value is not None},
    }


def _custom(value: CustomValue) -> Json:
    return plain(value) if isinstance(value, Decimal) else value


def _payment(one: Payment, names: Mapping[str, str]) -> dict[str, Json]:
    return {
        "id": one.id,
        "name": names.get(one.id),
        "number": one.number,
        "accountId": one.account_id,
        "currency": one.currency,
        "status": one.status,
        "effectiveDate": one.day.isoformat(),
        "amount": plain(one.amount),
        "appliedAmount": plain(one.applied),
        "unappliedAmount": plain(one.unapplied),
        "refundAmount": plain(one.refunded),
        "gatewayOrderId": one.gateway_order_id,
        "authTransactionId": one.auth_transaction_id,
        "unappliedPaymentAccountingCode": one.unapplied_code,
        "paymentMethodType": one.method_type,
        "createdById": one.created_by,
        "createdDate": query_date_time(one.created),
        "parts": _parts(one.parts),
        **_movement(one),
    }


def _refund(one: Refund, names: Mapping[str, str]) -> dict[str, Json]:
    return {
        "id": one.id,
        "name": names.get(one.id),
        "number": one.number,
        "accountId": one.account_id,
        "currency": one.currency,
        "status": one.status,
        "refundDate": one.day.isoformat(),
        "amount": plain(one.amount),
        "methodType": one.method_type,
        "paymentId": one.payment_id,
        "creditMemoId": one.credit_memo_id,
        "reasonCode": one.reason_code,
        "createdById": one.created_by,
        "createdDate": query_date_time(one.created),
        "parts": [
            {
                "id": part.id,
                "invoiceId": part.document_id if part.kind == INVOICE else None,
                "debitMemoId": part.document_id if part.kind == DEBIT_MEMO else None,
                "amount": plain(part.amount),
            }
            for part in one.parts
        ],
        "memoItems": {key: plain(amount) for key, amount in one.memo_items.items()},
        **_movement(one),
    }
