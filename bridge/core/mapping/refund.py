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

from bridge.core.facts import DocumentRef, GatewayFact, Kind, Part, PaymentFact
from bridge.core.mapping.fields import Target
from bridge.core.mapping.items import Item, written
from bridge.core.mapping.payment import DOCUMENT_FIELDS, copied, extras
from bridge.core.model import ZObject

SPLITS = ("RefundInvoicePaymentData", "DebitMemoRefundData")
"""The containers that say from which documents a payment is refunded."""

ITEM_LEVEL = frozenset({"CreditMemoItemRefundData"})

EXTENSION = frozenset({"CreditMemoId", "CreditMemoNumber", "DebitMemoRefundData"})
"""Our own elements, which Zuora's SOAP does not know and must never see."""

METHOD_TYPES = frozenset(
    # Zuora: Refund object; BankTransfer is REST's own.
    "ACH BankTransfer Cash Check CreditCard CreditCardReferenceTransaction DebitCard Other PayPal WireTransfer".split()  # noqa: SIM905
)


@dataclass(frozen=True, slots=True)
class RefundParts:
    """A refund resolved and checked. ``split`` is how much each document gives back, ``items`` how much each item of
    a credit memo. ``unapplies``: Zuora takes what is applied, too, which needs the enhanced write-off permission.
    """

    source: PaymentFact | DocumentRef
    total: Decimal
    refunded_on: date | None
    gateway: GatewayFact | None = None
    split: tuple[Part, ...] = ()
    items: tuple[Item, ...] = ()
    unapplies: bool = True


def path(source: PaymentFact | DocumentRef, *, unapplies: bool = True) -> str:
    """Where the refund is posted: ``refunds/unapply`` gives back applied amounts too, in one step."""
    if isinstance(source, PaymentFact):
        return f"/v1/payments/{quote(source.id, safe='')}/refunds" + ("/unapply" if unapplies else "")
    return f"/v1/credit-memos/{quote(source.id, safe='')}/refund"


def body(obj: ZObject, parts: RefundParts, types: Mapping[str, str]) -> dict[str, object]:
    """The JSON of a refund, without the marker that ``plan`` adds where the caller gave no ReferenceID.

    External refunds carry methodType and refundDate, electronic ones neither; only an electronic refund of a credit
    memo carries a payment method and a gateway (a payment's refund inherits both). Documents are named only where the
    request itself unapplies them. ``types``: of custom fields.
    """
    of_memo = isinstance(parts.source, DocumentRef)
    made: dict[str, object] = {"totalAmount": parts.total, "type": obj.word("Type")}
    if obj.word("Type") == "Electronic":
        if of_memo:
            made["paymentMethodId"] = obj.word("PaymentMethodId")
            if parts.gateway is not None:
                made["gatewayId"] = parts.gateway.id
    else:
        made["methodType"] = obj.word("MethodType")
        if parts.refunded_on is not None:
            made["refundDate"] = parts.refunded_on.isoformat()
    made |= copied(obj, Target.REFUND_MEMO if of_memo else Target.REFUND_PAYMENT)
    made |= extras(obj, types)
    if parts.unapplies:
        for kind, (array, key) in DOCUMENT_FIELDS.items():
            rows = [{key: part.id, "amount": part.amount} for part in parts.split if part.kind is kind]
            if rows:
                made[array] = rows
    if parts.items:
        made["items"] = written(parts.items, Kind.CREDIT_MEMO)
    return made
