"""Refund, field by field: refunds of a payment and of a credit memo as REST takes them.

Sources: Zuora: Refund a payment with auto-unapplying; Zuora: Refund a credit memo. Must not look anything up and
must not choose a route.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from urllib.parse import quote

from bridge.core.facts import DocumentRef, GatewayFact, PaymentFact
from bridge.core.mapping.payment import extras, limited, texts
from bridge.core.model import ZObject

TEXT: Mapping[str, tuple[str, int]] = {
    "Comment": ("comment", 255),
    "ReasonCode": ("reasonCode", 32),
    "ReferenceID": ("referenceId", 100),
    "SecondRefundReferenceId": ("secondRefundReferenceId", 100),
    "SoftDescriptor": ("softDescriptor", 35),
    "SoftDescriptorPhone": ("softDescriptorPhone", 20),
}

SPLITS = ("RefundInvoicePaymentData", "DebitMemoRefundData")
"""The containers that say from which documents a payment is refunded."""

REST_TO_SOAP: Mapping[str, tuple[str, ...]] = {
    **{rest: (soap,) for soap, (rest, _) in TEXT.items()},
    "bankAccountAccountingCode": ("AccountingCode",),
    "debitMemoId": SPLITS,
    "debitMemos": SPLITS,
    "debitMemos.amount": SPLITS,
    "financeInformation": ("AccountingCode",),
    "gatewayId": ("Gateway",),
    "gatewayOptions": ("GatewayOptionData",),
    "invoiceId": SPLITS,
    "invoices": SPLITS,
    "invoices.amount": SPLITS,
    "methodType": ("MethodType",),
    "paymentMethodId": ("PaymentMethodId",),
    "refundDate": ("RefundDate",),
    "totalAmount": ("Amount",),
    "type": ("Type",),
}

ITEM_LEVEL = frozenset({"CreditMemoItemRefundData"})

EXTENSION = frozenset({"CreditMemoId", "CreditMemoNumber", "DebitMemoRefundData"})
"""Our own elements, which Zuora's SOAP does not know and must never see."""

METHOD_TYPES = frozenset(
    # Zuora: Refund object; BankTransfer is REST's own.
    "ACH BankTransfer Cash Check CreditCard CreditCardReferenceTransaction DebitCard Other PayPal WireTransfer".split()  # noqa: SIM905
)


@dataclass(frozen=True, slots=True)
class RefundParts:
    """A refund resolved and checked. ``split`` gives (REST array, id key, id, amount) per document."""

    source: PaymentFact | DocumentRef
    total: Decimal
    refunded_on: date | None
    gateway: GatewayFact | None = None
    split: tuple[tuple[str, str, str, Decimal], ...] = ()


def path(source: PaymentFact | DocumentRef) -> str:
    """Where the refund is posted: ``refunds/unapply`` gives back applied amounts too, in one step."""
    if isinstance(source, PaymentFact):
        return f"/v1/payments/{quote(source.id, safe='')}/refunds/unapply"
    return f"/v1/credit-memos/{quote(source.id, safe='')}/refund"


def body(obj: ZObject, parts: RefundParts) -> dict[str, object]:
    """The JSON of a refund, without the marker that ``plan`` adds where the caller gave no ReferenceID.

    External refunds carry methodType and refundDate, electronic ones neither; only an electronic refund of a credit
    memo carries a payment method and a gateway (a payment's refund inherits both).
    """
    electronic = obj.word("Type") == "Electronic"
    made: dict[str, object] = {"totalAmount": parts.total, "type": obj.word("Type")}
    if electronic:
        if isinstance(parts.source, DocumentRef):
            made["paymentMethodId"] = obj.word("PaymentMethodId")
            if parts.gateway is not None:
                made["gatewayId"] = parts.gateway.id
    else:
        made["methodType"] = obj.word("MethodType")
        if parts.refunded_on is not None:
            made["refundDate"] = parts.refunded_on.isoformat()
    if (code := obj.get("AccountingCode")) is not None:
        made["financeInformation"] = {"bankAccountAccountingCode": limited(obj, "AccountingCode", code, 100)}
    made |= texts(obj, TEXT)
    made |= extras(obj)
    for array in ("invoices", "debitMemos"):
        rows = [{key: each, "amount": amount} for name, key, each, amount in parts.split if name == array]
        if rows:
            made[array] = rows
    return made
