"""Payment: what a SOAP create becomes as ``POST /v1/payments`` (Zuora: Create a payment).

Names stand in ``fields``. Must not look anything up and must not choose a route.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from bridge.core.facts import DocumentRef, GatewayFact, Kind
from bridge.core.mapping.custom import customs
from bridge.core.mapping.fields import SECOND_REFERENCE, TABLE, Target
from bridge.core.mapping.items import Item, written
from bridge.core.model import RowError, ZObject
from bridge.core.refusals import Refusal, invalid

PATH = "/v1/payments"

DOCUMENT_FIELDS = {Kind.INVOICE: ("invoices", "invoiceId"), Kind.DEBIT_MEMO: ("debitMemos", "debitMemoId")}

_COPIED = {
    target: tuple(
        (name, *fate.rest[0].partition(".")[::2], fate.longest) for name, fate in table.items() if fate.copied
    )
    for target, table in TABLE.items()
}
"""What travels as it is: the SOAP name, the outer and (or "") inner REST name, the longest value."""

ITEM_LEVEL = frozenset({"DebitMemoItemPaymentData", "InvoiceItemPaymentData"})

EXTENSION = frozenset({"DebitMemoId", "DebitMemoNumber", "DebitMemoPaymentData"})
"""Our own elements, which Zuora's SOAP does not know and must never see."""


@dataclass(frozen=True, slots=True)
class Share:
    """A part of the amount meant for one document, and which of its items it is for, if the caller says so.

    ``field`` and ``amount_field`` are the caller's names for the document and the amount.
    """

    document: DocumentRef
    amount: Decimal
    field: str
    amount_field: str
    items: tuple[Item, ...] = ()


@dataclass(frozen=True, slots=True)
class PaymentParts:
    """A payment resolved and checked, ready to be written as JSON."""

    account_id: str
    currency: str
    amount: Decimal
    effective: date
    shares: tuple[Share, ...]
    gateway: GatewayFact | None


def body(
    obj: ZObject, parts: PaymentParts, types: Mapping[str, str], second_reference: str = "refuse"
) -> dict[str, object]:
    """The JSON of ``POST /v1/payments``; raises ``Refusal`` for what REST cannot carry. ``types``: of custom fields."""
    obj = _placed(obj, second_reference)
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
    made |= copied(obj, Target.CREATE_PAYMENT)
    made |= extras(obj, types)
    for kind, (name, key) in DOCUMENT_FIELDS.items():
        rows = [_row(key, each) for each in parts.shares if each.document.kind is kind]
        if rows:
            made[name] = rows
    return made


def _placed(obj: ZObject, second_reference: str) -> ZObject:
    """The object with SecondPaymentReferenceId where the tenant wants it; raises ``Refusal`` where it wants it nowhere.

    Zuora: Invoice Settlement limitations: it cannot be passed when creating a payment through REST.
    """
    value = obj.get(SECOND_REFERENCE)
    if value is None or second_reference == "drop":
        return obj
    if second_reference == "refuse":
        message = "SecondPaymentReferenceId cannot be set on a payment that goes to Zuora by REST."
        raise Refusal(RowError("INVALID_FIELD", message, SECOND_REFERENCE))
    if obj.get(second_reference) not in (None, value):
        raise invalid(second_reference, f"{second_reference} is where SecondPaymentReferenceId goes; give one of both.")
    return replace(obj, fields={**obj.fields, second_reference: value})


def _row(key: str, share: Share) -> dict[str, object]:
    row: dict[str, object] = {key: share.document.id, "amount": share.amount}
    return row | {"items": written(share.items, share.document.kind)} if share.items else row


def copied(obj: ZObject, target: Target) -> dict[str, object]:
    """The fields that travel as they are; raises ``Refusal`` for one that is too long: none is ever cut silently."""
    made: dict[str, object] = {}
    for name, outer, inner, longest in _COPIED[target]:
        value = obj.get(name)
        if value is None:
            continue
        if longest is not None and len(value) > longest:
            raise invalid(
                name, f"{name} has {len(value)} characters; at most {longest} are possible on this {obj.type}."
            )
        if inner:
            group = made.setdefault(outer, {})
            assert isinstance(group, dict)
            group[inner] = value
        else:
            made[outer] = value
    return made


def extras(obj: ZObject, types: Mapping[str, str]) -> dict[str, object]:
    """Custom and NetSuite fields at the top level, and gateway options as a map."""
    made = customs(obj, types)
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
