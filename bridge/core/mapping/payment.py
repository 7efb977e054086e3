"""Payment, field by field: what a SOAP create becomes as ``POST /v1/payments`` (Zuora: Create a payment).

The tables here are also the source of the mapping page. Must not look anything up and must not choose a route.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from bridge.core.facts import DocumentRef, GatewayFact, Kind
from bridge.core.model import RowError, ZObject
from bridge.core.refusals import Refusal, invalid

PATH = "/v1/payments"

TEXT: Mapping[str, tuple[str, int]] = {
    # SOAP field -> (REST field, longest value). Lengths: Zuora: Create a payment. GatewayOrderId may be 70 in SOAP
    # and only 50 here; it is the gateway's duplicate key, so it is refused rather than cut.
    "AuthTransactionId": ("authTransactionId", 50),
    "Comment": ("comment", 255),
    "GatewayOrderId": ("gatewayOrderId", 50),
    "ReferenceId": ("referenceId", 100),
    "SoftDescriptor": ("softDescriptor", 35),
    "SoftDescriptorPhone": ("softDescriptorPhone", 20),
}

DOCUMENTS = (
    "InvoiceId",
    "InvoiceNumber",
    "DebitMemoId",
    "DebitMemoNumber",
    "InvoicePaymentData",
    "DebitMemoPaymentData",
)
"""Where a caller can name the documents that a payment pays."""

SHARES = ("AppliedInvoiceAmount", "InvoicePaymentData", "DebitMemoPaymentData")
"""Where a caller can say how much of it is for a document."""

REST_TO_SOAP: Mapping[str, tuple[str, ...]] = {
    # For naming the caller's field in a refusal by Zuora: the first of these that the caller sent.
    **{rest: (soap,) for soap, (rest, _) in TEXT.items()},
    "accountId": ("AccountId",),
    "amount": ("Amount",),
    "bankAccountAccountingCode": ("AccountingCode",),
    "currency": ("Currency",),
    "debitMemoId": DOCUMENTS,
    "debitMemos": DOCUMENTS,
    "debitMemos.amount": SHARES,
    "effectiveDate": ("EffectiveDate",),
    "financeInformation": ("AccountingCode",),
    "gatewayId": ("Gateway",),
    "gatewayOptions": ("GatewayOptionData",),
    "invoiceId": DOCUMENTS,
    "invoices": DOCUMENTS,
    "invoices.amount": SHARES,
    "paymentMethodId": ("PaymentMethodId",),
    "type": ("Type",),
}

DOCUMENT_FIELDS = {Kind.INVOICE: ("invoices", "invoiceId"), Kind.DEBIT_MEMO: ("debitMemos", "debitMemoId")}

ITEM_LEVEL = frozenset({"DebitMemoItemPaymentData", "InvoiceItemPaymentData"})

EXTENSION = frozenset({"DebitMemoId", "DebitMemoNumber", "DebitMemoPaymentData"})
"""Our own elements, which Zuora's SOAP does not know and must never see."""


@dataclass(frozen=True, slots=True)
class Share:
    """A part of the amount meant for one document. ``field`` and ``amount_field`` are the caller's names for them."""

    document: DocumentRef
    amount: Decimal
    field: str
    amount_field: str


@dataclass(frozen=True, slots=True)
class PaymentParts:
    """A payment resolved and checked, ready to be written as JSON."""

    account_id: str
    currency: str
    amount: Decimal
    effective: date
    shares: tuple[Share, ...]
    gateway: GatewayFact | None


def body(obj: ZObject, parts: PaymentParts) -> dict[str, object]:
    """The JSON of ``POST /v1/payments``; raises ``Refusal`` for a field REST cannot carry."""
    if obj.get("SecondPaymentReferenceId") is not None:
        # Zuora: Invoice Settlement limitations: it cannot be passed when creating a payment through REST.
        raise Refusal(
            RowError(
                "INVALID_FIELD",
                "SecondPaymentReferenceId cannot be set on a payment to a debit memo.",
                "SecondPaymentReferenceId",
            )
        )
    made: dict[str, object] = {
        "amount": parts.amount,
        "currency": parts.currency,
        "type": obj.word("Type"),
        "accountId": parts.account_id,
        "paymentMethodId": obj.word("PaymentMethodId"),
        "effectiveDate": parts.effective.isoformat(),
    }
    if parts.gateway is not None:
        made["gatewayId"] = parts.gateway.id
    if (code := obj.get("AccountingCode")) is not None:
        made["financeInformation"] = {"bankAccountAccountingCode": limited(obj, "AccountingCode", code, 100)}
    made |= texts(obj, TEXT)
    made |= extras(obj)
    for kind, (name, key) in DOCUMENT_FIELDS.items():
        rows = [{key: each.document.id, "amount": each.amount} for each in parts.shares if each.document.kind is kind]
        if rows:
            made[name] = rows
    return made


def limited(obj: ZObject, name: str, value: str, longest: int) -> str:
    """``value``, or ``Refusal``: a value that is too long is never cut silently."""
    if len(value) > longest:
        raise invalid(name, f"{name} has {len(value)} characters; at most {longest} are possible on this {obj.type}.")
    return value


def texts(obj: ZObject, table: Mapping[str, tuple[str, int]]) -> dict[str, object]:
    """The fields that travel as they are."""
    return {
        rest: limited(obj, soap, value, longest)
        for soap, (rest, longest) in table.items()
        if (value := obj.get(soap)) is not None
    }


def extras(obj: ZObject) -> dict[str, object]:
    """Custom fields (``__c``) and NetSuite fields (``__NS``) at the top level, and gateway options as a map."""
    made: dict[str, object] = {name: value for name, value in obj.fields.items() if name.endswith(("__c", "__NS"))}
    options = obj.children.get("GatewayOptionData", ())
    if options:
        made["gatewayOptions"] = gateway_options(options)
    return made


def gateway_options(options: Sequence[ZObject]) -> dict[str, str]:
    """GatewayOptionData as a map; the same name twice is refused, because REST can hold only one of them."""
    made: dict[str, str] = {}
    for option in options:
        name = option.get("name")
        if name is None or name in made:
            raise invalid("GatewayOptionData", "Each gateway option needs a name of its own.")
        made[name] = option.get("value") or ""
    return made
