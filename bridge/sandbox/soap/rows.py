"""What ZOQL sees of the tenant: per object the rows and the value of each field.

Source: Zuora: SOAP API object reference. Deprecated link objects show invoice links only: nobody documents what they
say of debit memos. Must not parse or write anything.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from bridge.sandbox.ledger import Tenant
from bridge.sandbox.money import ZERO, total
from bridge.sandbox.records import INVOICE, Account, Document, Part, Payment, Refund, RefundPart

Getter = Callable[["Row"], object]


@dataclass(frozen=True)
class Row:
    """One row: the record and, for link objects, what it hangs on."""

    tenant: Tenant
    id: str
    record: object
    parent: object = None

    def value(self, kind: str, name: str) -> object:
        """Return a field's value; None is null."""
        getter = _GETTERS[kind].get(name)
        if getter is not None:
            return getter(self)
        custom: Mapping[str, object] = getattr(self.record, "custom", {})
        return custom.get(name)


def candidates(tenant: Tenant, kind: str, equal: Mapping[str, str]) -> Iterable[Row]:
    """Return rows that can satisfy the given equalities; an index is used where there is one."""
    if kind == "Payment":
        return (Row(tenant, one.id, one) for one in _payments(tenant, equal))
    if kind == "Refund":
        found = tenant.refunds.get(equal["Id"]) if "Id" in equal else None
        refunds = [found] if found else [] if "Id" in equal else list(tenant.refunds.values())
        return (Row(tenant, one.id, one) for one in refunds)
    if kind == "Invoice":
        return (Row(tenant, one.id, one) for one in tenant.documents.values() if one.kind == INVOICE)
    if kind == "Account":
        return (Row(tenant, one.id, one) for one in tenant.accounts.values())
    if kind == "InvoicePayment":
        payment = tenant.payments.get(equal["PaymentId"]) if "PaymentId" in equal else None
        payments = [payment] if payment else list(tenant.payments.values())
        return (
            Row(tenant, part.id, part, payment)
            for payment in payments
            for part in payment.parts.values()
            if part.kind == INVOICE
        )
    return (
        Row(tenant, part.id, part, refund)
        for refund in list(tenant.refunds.values())
        for part in refund.parts
        if part.kind == INVOICE
    )


def _payments(tenant: Tenant, equal: Mapping[str, str]) -> list[Payment]:
    if "Id" in equal:
        found = tenant.payments.get(equal["Id"])
        return [found] if found else []
    if "ReferenceId" in equal:
        return list(tenant.payments_by.get(("reference", equal["ReferenceId"].lower()), ()))
    if "AccountId" in equal:
        return list(tenant.payments_by.get(("account", equal["AccountId"]), ()))
    return list(tenant.payments.values())


def _field(name: str) -> Getter:
    return lambda row: getattr(row.record, name)


def _gateway_name(row: Row) -> object:
    gateway = row.tenant.gateways.get(getattr(row.record, "gateway_id", None) or "")
    return gateway.name if gateway else None


def _source_type(row: Row) -> object:
    refund = row.record
    assert isinstance(refund, Refund)
    return "Payment" if refund.payment_id else "CreditMemo"


def _invoice_paid(row: Row) -> object:
    document = row.record
    assert isinstance(document, Document)
    return document.total - document.balance if document.status == "Posted" else ZERO


def _credited(row: Row) -> object:
    document = row.record
    assert isinstance(document, Document)
    memos = row.tenant.credit_memos.values()
    return total(part.amount for memo in memos for part in memo.parts.values() if part.document_id == document.id)


def _posted_date(row: Row) -> datetime | None:
    document = row.record
    assert isinstance(document, Document)
    return document.created if document.status == "Posted" else None


def _invoice_balance(row: Row) -> object:
    account = row.record
    assert isinstance(account, Account)
    return total(
        document.balance
        for document in row.tenant.documents.values()
        if document.account_id == account.id and document.kind == INVOICE and document.status == "Posted"
    )


def _part(name: str) -> Getter:
    def value(row: Row) -> object:
        part = row.record
        assert isinstance(part, (Part, RefundPart))
        return getattr(part, name)

    return value


def _parent(name: str) -> Getter:
    return lambda row: getattr(row.parent, name)


def _zero(_: Row) -> object:
    return ZERO


def _constant(value: object) -> Getter:
    return lambda _: value


def _target_date(row: Row) -> date:
    document = row.record
    assert isinstance(document, Document)
    return document.day


_STAMPS: dict[str, Getter] = {
    "CreatedById": _field("created_by"),
    "CreatedDate": _field("created"),
    "UpdatedById": _field("updated_by"),
    "UpdatedDate": _field("updated"),
}
_MOVEMENT: dict[str, Getter] = {
    **_STAMPS,
    "AccountId": _field("account_id"),
    "AccountingCode": _field("accounting_code"),
    "Amount": _field("amount"),
    "CancelledOn": _field("cancelled"),
    "Comment": _field("comment"),
    "Gateway": _gateway_name,
    "GatewayResponse": _field("gateway_response"),
    "GatewayResponseCode": _field("gateway_response_code"),
    "GatewayState": _field("gateway_state"),
    "MarkedForSubmissionOn": _field("submitted"),
    "SettledOn": _field("settled"),
    "SubmittedOn": _field("submitted"),
    "PaymentMethodId": _field("payment_method_id"),
    "SoftDescriptor": _field("soft_descriptor"),
    "SoftDescriptorPhone": _field("soft_descriptor_phone"),
    "Status": _field("status"),
    "TransferredToAccounting": _field("transferred"),
    "Type": _field("type"),
}
_PART_STAMPS: dict[str, Getter] = {
    "CreatedById": _part("created_by"),
    "CreatedDate": _part("created"),
    "UpdatedById": _part("updated_by"),
    "UpdatedDate": _part("updated"),
}

_GETTERS: dict[str, dict[str, Getter]] = {
    "Payment": {
        **_MOVEMENT,
        "AppliedAmount": _field("applied"),
        "AppliedCreditBalanceAmount": _zero,
        "AuthTransactionId": _field("auth_transaction_id"),
        "Currency": _field("currency"),
        "EffectiveDate": _field("day"),
        "GatewayOrderId": _field("gateway_order_id"),
        "PaymentNumber": _field("number"),
        "ReferenceId": _field("reference_id"),
        "RefundAmount": _field("refunded"),
        "SecondPaymentReferenceId": _field("second_reference_id"),
        "Source": _field("origin"),
        "UnappliedAmount": _field("unapplied"),
    },
    "Refund": {
        **_MOVEMENT,
        "MethodType": _field("method_type"),
        "ReasonCode": _field("reason_code"),
        "ReferenceID": _field("reference_id"),
        "RefundDate": _field("day"),
        "RefundNumber": _field("number"),
        "RefundTransactionTime": _field("created"),
        "SecondRefundReferenceId": _field("second_reference_id"),
        "SourceType": _source_type,
    },
    "Invoice": {
        **_STAMPS,
        "AccountId": _field("account_id"),
        "AdjustmentAmount": _zero,
        "Amount": _field("total"),
        "Balance": _field("balance"),
        "CreditMemoAmount": _credited,
        "Currency": _field("currency"),
        "DueDate": _field("due"),
        "IncludesOneTime": _constant(True),
        "IncludesRecurring": _constant(False),
        "IncludesUsage": _constant(False),
        "InvoiceDate": _field("day"),
        "InvoiceNumber": _field("number"),
        "PaymentAmount": _invoice_paid,
        "PostedDate": _posted_date,
        "RefundAmount": _zero,
        "Status": _field("status"),
        "TargetDate": _target_date,
        "TransferredToAccounting": _constant("No"),
    },
    "Account": {
        **_STAMPS,
        "AccountNumber": _field("number"),
        "AutoPay": _constant(False),
        "Balance": lambda row: row.tenant.balance(row.id),
        "Batch": _constant("Batch1"),
        "BillCycleDay": _constant(1),
        "CreditBalance": _zero,
        "Currency": _field("currency"),
        "DefaultPaymentMethodId": _field("payment_method_id"),
        "Name": _field("name"),
        "Notes": lambda row: getattr(row.record, "notes", "") or None,
        "PaymentGateway": _gateway_name,
        "PaymentTerm": _constant("Due Upon Receipt"),
        "Status": _field("status"),
        "TotalInvoiceBalance": _invoice_balance,
    },
    "InvoicePayment": {
        **_PART_STAMPS,
        "Amount": _part("amount"),
        "InvoiceId": _part("document_id"),
        "PaymentId": _parent("id"),
        "RefundAmount": _zero,
    },
    "RefundInvoicePayment": {
        "CreatedById": _parent("created_by"),
        "CreatedDate": _parent("created"),
        "UpdatedById": _parent("updated_by"),
        "UpdatedDate": _parent("updated"),
        "InvoiceId": _part("document_id"),
        "InvoicePaymentId": _part("payment_part_id"),
        "RefundAmount": _part("amount"),
        "RefundId": _parent("id"),
    },
}
