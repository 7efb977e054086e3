"""The objects a tenant holds. Nested values are replaced, never changed in place, so a shallow copy restores one.

Must not contain rules: those live in `settlement`, `payments`, `refunds` and `memos`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Final, Literal

from bridge.sandbox.custom import CustomValue
from bridge.sandbox.money import ZERO

INVOICE: Final = "invoice"
DEBIT_MEMO: Final = "debit_memo"
DocumentKind = Literal["invoice", "debit_memo"]


@dataclass(kw_only=True)
class Record:
    """What every object has: identity and the two stamps."""

    id: str
    created: datetime
    created_by: str
    updated: datetime
    updated_by: str


@dataclass(kw_only=True)
class Gateway(Record):
    """A payment gateway instance."""

    name: str
    active: bool = True
    default: bool = False
    type: str = "TestGateway"


@dataclass(kw_only=True)
class PaymentMethod(Record):
    """A payment method; one without an account is a tenant-wide external method such as Check."""

    type: str
    electronic: bool
    account_id: str | None = None


@dataclass(kw_only=True)
class Account(Record):
    """A customer account."""

    number: str
    name: str
    currency: str
    status: str = "Active"
    gateway_id: str | None = None
    payment_method_id: str | None = None
    notes: str = ""
    custom: Mapping[str, CustomValue] = field(default_factory=dict)


@dataclass(frozen=True)
class Item:
    """An item of a document or memo; `open` is what is left to settle (or, on a credit memo, to apply).

    A tax item has the item it was charged on as its `parent`.
    """

    id: str
    kind: Literal["item", "tax"]
    name: str
    amount: Decimal
    open: Decimal
    parent: str | None = None


@dataclass(kw_only=True)
class Document(Record):
    """A receivable: an invoice or a debit memo."""

    kind: DocumentKind
    number: str
    account_id: str
    currency: str
    status: str
    day: date
    due: date
    total: Decimal
    balance: Decimal
    items: Mapping[str, Item]


@dataclass(frozen=True)
class Part:
    """How much of a payment or credit memo settles one document, split over the document's items."""

    id: str
    kind: DocumentKind
    document_id: str
    amount: Decimal
    items: Mapping[str, Decimal]
    created: datetime
    created_by: str
    updated: datetime
    updated_by: str


@dataclass(kw_only=True)
class Source(Record):
    """What can settle documents: a payment or a credit memo."""

    number: str
    account_id: str | None
    currency: str
    status: str
    day: date
    amount: Decimal
    unapplied: Decimal
    refunded: Decimal
    parts: Mapping[str, Part]

    @property
    def applied(self) -> Decimal:
        """Return what settles documents at present."""
        return sum((part.amount for part in self.parts.values()), ZERO)


@dataclass(kw_only=True)
class CreditMemo(Source):
    """A credit memo; `items` are what can still be applied or refunded of each of its items."""

    items: Mapping[str, Item] = field(default_factory=dict)
    reason_code: str = "Correcting invoice error"


@dataclass(kw_only=True)
class Movement:
    """What payments and refunds share: the gateway's story and the booking state."""

    type: str = "External"
    comment: str | None = None
    gateway_id: str | None = None
    gateway_response: str | None = None
    gateway_response_code: str | None = None
    gateway_state: str | None = None
    payment_method_id: str | None = None
    reference_id: str | None = None
    second_reference_id: str | None = None
    soft_descriptor: str | None = None
    soft_descriptor_phone: str | None = None
    accounting_code: str | None = None
    transferred: str = "No"
    submitted: datetime | None = None
    cancelled: datetime | None = None
    settled: datetime | None = None
    origin: str = "API"
    gateway_options: Mapping[str, str] = field(default_factory=dict)
    custom: Mapping[str, CustomValue] = field(default_factory=dict)


@dataclass(kw_only=True)
class Payment(Source, Movement):
    """A payment."""

    auth_transaction_id: str | None = None
    gateway_order_id: str | None = None
    method_type: str | None = None
    unapplied_code: str | None = None
    unapplied_part_id: str = ""


@dataclass(frozen=True)
class RefundPart:
    """Which invoice or debit memo a refund took its money back from; None when it was unapplied money."""

    id: str
    document_id: str | None
    kind: DocumentKind | None
    payment_part_id: str | None
    amount: Decimal


@dataclass(kw_only=True)
class Refund(Record, Movement):
    """A refund of a payment or of a credit memo."""

    number: str = ""
    account_id: str | None = None
    currency: str = "USD"
    status: str = "Processed"
    day: date = date.min
    amount: Decimal = ZERO
    method_type: str | None = None
    payment_id: str | None = None
    credit_memo_id: str | None = None
    reason_code: str | None = None
    parts: tuple[RefundPart, ...] = ()
    memo_items: Mapping[str, Decimal] = field(default_factory=dict)
