"""What queries of Payment, Refund, InvoicePayment and RefundInvoicePayment read by REST: the source of each field.

One row per field of the WSDL: its kind, the name in Object Query's rows and in v1's, whether ZOQL may select it and
filter by it (Zuora: Payment object, Refund object, InvoicePayment object, RefundInvoicePayment object), and by which
name Object Query filters (Zuora: API reference, "List payments", "List refunds", "List payment applications", "List
refund applications", parameter filter[]). The first version of a field stands in ``core.versions``. The mapping page is
made of these tables. Must not read a value.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from bridge.core.model import Version
from bridge.core.versions import OLDEST


class Kind(enum.Enum):
    """What a field holds. YES_NO is a text that REST sometimes has as a boolean (Zuora: Retrieve a payment)."""

    ID = "id"
    TEXT = "text"
    YES_NO = "yes or no"
    DECIMAL = "decimal"
    DATE = "date"
    DATE_TIME = "dateTime"
    BOOLEAN = "boolean"

    @property
    def textual(self) -> bool:
        """Whether it compares as text, without regard to case."""
        return self in (Kind.ID, Kind.TEXT, Kind.YES_NO)


@dataclass(frozen=True, slots=True)
class Column:
    """One field. ``row`` is its name in Object Query's rows, None where nothing there feeds it; then ``constant`` may.

    ``pushed`` is Object Query's name for filtering by it. ``floor`` is another filter that every row with a value from
    a given one on passes too: what was created since Monday was updated since Monday.
    """

    soap: str
    kind: Kind
    row: str | None = None
    v1: str | None = None
    queryable: bool = True
    filterable: bool = True
    pushed: str | None = None
    floor: str | None = None
    constant: str | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """One object: its Object Query resource and its fields by their lower-case names, in the WSDL's order after Id.

    ``needs`` names a field without which a row of the resource is no row of this object. ``synthetic``: the rows are
    made of another object, because nothing documents what Zuora's own hold after Invoice Settlement.
    """

    object: str
    resource: str
    columns: Mapping[str, Column]
    since: Version = OLDEST
    custom: bool = True
    synthetic: bool = False
    needs: str | None = None


_ID = Column("Id", Kind.ID, "id", "id", pushed="id")


def _text(soap: str, row: str | None = None, v1: str | None = None, pushed: str | None = None) -> Column:
    name = row or soap[0].lower() + soap[1:]
    return Column(soap, Kind.TEXT, name, v1 if v1 is not None else name, pushed=pushed)


def _id(soap: str, pushed: str | None = None, *, filterable: bool = True) -> Column:
    name = soap[0].lower() + soap[1:]
    return Column(soap, Kind.ID, name, name, filterable=filterable, pushed=pushed)


def _money(soap: str, row: str | None = None, v1: str | None = None, pushed: str | None = None) -> Column:
    name = row or soap[0].lower() + soap[1:]
    return Column(soap, Kind.DECIMAL, name, v1 or name, pushed=pushed)


def _time(soap: str, pushed: str | None = None, floor: str | None = None) -> Column:
    name = soap[0].lower() + soap[1:]
    return Column(soap, Kind.DATE_TIME, name, name, pushed=pushed, floor=floor)


def _written(soap: str, kind: Kind = Kind.TEXT) -> Column:
    """A field that create takes and no query names (Zuora: Payment object, Refund object: Create)."""
    return Column(soap, kind, queryable=False, filterable=False)


def _stamps(*, created: str | None) -> tuple[Column, ...]:
    return (
        _id("CreatedById"),
        _time("CreatedDate", created, None if created else "updateddate"),
        _id("UpdatedById"),
        _time("UpdatedDate", "updateddate"),
    )


_MOVEMENT = (
    # v1 keeps the accounting fields in financeInformation, and of the gateway only its id.
    _text("AccountingCode", v1="financeInformation.bankAccountAccountingCode"),
    _time("CancelledOn"),
    _text("Comment"),
    _text("Gateway", v1="gatewayId"),
    _written("GatewayOptionData"),
    _text("GatewayResponse"),
    _text("GatewayResponseCode"),
    _time("MarkedForSubmissionOn"),
    _time("SettledOn"),
    _text("SoftDescriptor"),
    _text("SoftDescriptorPhone"),
    _time("SubmittedOn"),
    Column(
        "TransferredToAccounting",
        Kind.YES_NO,
        "transferredToAccounting",
        "financeInformation.transferredToAccounting",
    ),
)


def _source(object_type: str, resource: str, columns: tuple[Column, ...], **rest: object) -> Source:
    ordered = sorted(columns, key=lambda column: column.soap.lower())
    named = {column.soap.lower(): column for column in (_ID, *ordered)}
    return Source(object_type, resource, MappingProxyType(named), **rest)  # type: ignore[arg-type]


SOURCES: Mapping[str, Source] = MappingProxyType(
    {
        each.object: each
        for each in (
            _source(
                "Payment",
                "payments",
                (
                    *_MOVEMENT,
                    *_stamps(created="createddate"),
                    _id("AccountId", "accountid"),
                    _money("Amount", pushed="amount"),
                    # The field table of Zuora's Payment object has it as a filter only, the page on Invoice Settlement
                    # and APIs as a new query field: it can be selected.
                    _money("AppliedAmount"),
                    _money("AppliedCreditBalanceAmount", v1="creditBalanceAmount"),
                    _written("AppliedInvoiceAmount", Kind.DECIMAL),
                    _text("AuthTransactionId"),
                    _text("BankIdentificationNumber"),
                    _text("Currency"),
                    Column("EffectiveDate", Kind.DATE, "effectiveDate", "effectiveDate", pushed="effectivedate"),
                    _text("GatewayOrderId", pushed="gatewayorderid"),
                    _text("GatewayState", pushed="gatewaystate"),
                    _written("InvoiceId", Kind.ID),
                    _written("InvoiceNumber"),
                    _written("InvoicePaymentData"),
                    _id("PaymentMethodId", "paymentmethodid"),
                    _id("PaymentMethodSnapshotId", filterable=False),
                    _text("PaymentNumber", v1="number", pushed="paymentnumber"),
                    _text("ReferenceId", pushed="referenceid"),
                    _money("RefundAmount"),
                    _text("SecondPaymentReferenceId"),
                    # Zuora: Invoice Settlement limitations: v1 does not return these two.
                    Column("Source", Kind.TEXT, "source", filterable=False),
                    Column("SourceName", Kind.TEXT, "sourceName", filterable=False),
                    _text("Status", pushed="status"),
                    _text("Type"),
                    _money("UnappliedAmount", pushed="unappliedamount"),
                ),
            ),
            _source(
                "Refund",
                "refunds",
                (
                    *_MOVEMENT,
                    *_stamps(created=None),
                    _id("AccountId", "accountid"),
                    _money("Amount", pushed="amount"),
                    _text("GatewayState"),
                    _text("MethodType"),
                    _written("PaymentId", Kind.ID),
                    _id("PaymentMethodId", filterable=False),
                    _id("PaymentMethodSnapshotId"),
                    _text("ReasonCode", pushed="reasoncode"),
                    # REST spells it differently in its two APIs.
                    _text("ReferenceID", "referenceID", "referenceId"),
                    Column("RefundDate", Kind.DATE, "refundDate", "refundDate", pushed="refunddate"),
                    _written("RefundInvoicePaymentData"),
                    _text("RefundNumber", v1="number", pushed="refundnumber"),
                    _time("RefundTransactionTime"),
                    _text("SecondRefundReferenceId"),
                    # Zuora: Invoice Settlement limitations: v1 does not return it.
                    Column("SourceType", Kind.TEXT, "sourceType", pushed="sourcetype"),
                    _text("Status", pushed="status"),
                    _text("Type", pushed="type"),
                ),
                since=Version(18),
            ),
            _source(
                "InvoicePayment",
                "payment-applications",
                (
                    *_stamps(created=None),
                    _money("Amount", "applyAmount", "amount"),
                    _id("InvoiceId"),
                    _id("PaymentId", "paymentid"),
                    # What is refunded leaves the application (Zuora: Payment parts), so of what is left nothing is.
                    Column("RefundAmount", Kind.DECIMAL, constant="0"),
                ),
                custom=False,
                synthetic=True,
                needs="invoiceId",
            ),
            _source(
                "RefundInvoicePayment",
                "refund-applications",
                (
                    *_stamps(created=None),
                    _id("InvoiceId"),
                    # The application that was refunded may be gone.
                    Column("InvoicePaymentId", Kind.ID),
                    _money("RefundAmount", "applyAmount", "amount"),
                    _id("RefundId", "refundid"),
                ),
                since=Version(18),
                custom=False,
                synthetic=True,
                needs="invoiceId",
            ),
        )
    }
)

CUSTOM_KINDS: Mapping[str, Kind] = MappingProxyType(
    # XML Schema types of a tenant's own fields; what is not listed is text.
    dict.fromkeys(("decimal", "double", "float", "integer", "long", "int", "short", "byte"), Kind.DECIMAL)
    | {"date": Kind.DATE, "dateTime": Kind.DATE_TIME, "boolean": Kind.BOOLEAN}
)


def source_of(object_type: str) -> Source | None:
    """The source of an object by its name in any case, as ZOQL takes it."""
    return next((each for name, each in SOURCES.items() if name.lower() == object_type.lower()), None)
