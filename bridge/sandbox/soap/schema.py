"""Which fields each object has, since which WSDL version, of which type, and whether ZOQL may name them.

Sources: Zuora: SOAP API object reference (Payment, Refund, Invoice, Account, InvoicePayment, RefundInvoicePayment),
WSDL version history. Must not know values.
"""

from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal["id", "string", "decimal", "date", "dateTime", "boolean", "int", "list"]

NEWEST: Final = 153
# From here 56 fields are `date` instead of `dateTime` (Zuora: Date field changes in the SOAP API).
DATES_SINCE: Final = 69


@dataclass(frozen=True)
class Field:
    """One field of an object."""

    name: str
    kind: Kind
    since: int = 0
    queryable: bool = True


def _fields(text: str) -> dict[str, Field]:
    """Read a compact table: `Name[:kind][@since][!]`, where `!` is create-only."""
    found = {}
    for word in text.split():
        queryable = not word.endswith("!")
        name, _, since = word.rstrip("!").partition("@")
        name, _, kind = name.partition(":")
        found[name] = Field(name, kind or "string", int(since or 0), queryable)  # type: ignore[arg-type]
    return dict(sorted(found.items()))


_STAMPS = "CreatedById:id@20 CreatedDate:dateTime@20 UpdatedById:id@20 UpdatedDate:dateTime@20 "
_MOVEMENT = (
    "AccountId:id AccountingCode Amount:decimal CancelledOn:dateTime Comment Gateway GatewayOptionData:list@18!"
    " GatewayResponse GatewayResponseCode GatewayState MarkedForSubmissionOn:dateTime PaymentMethodId:id"
    " PaymentMethodSnapshotId:id@60 SettledOn:dateTime SoftDescriptor SoftDescriptorPhone Status SubmittedOn:dateTime"
    " TransferredToAccounting Type "
)

SCHEMA: Final[dict[str, dict[str, Field]]] = {
    "Payment": _fields(
        _STAMPS + _MOVEMENT + "AppliedAmount:decimal@107 AppliedCreditBalanceAmount:decimal@22"
        " AppliedInvoiceAmount:decimal@22! AuthTransactionId BankIdentificationNumber@22 Currency@77 EffectiveDate:date"
        " GatewayOrderId InvoiceId:id@22! InvoiceNumber@23! InvoicePaymentData:list@64! PaymentNumber@23 ReferenceId"
        " RefundAmount:decimal SecondPaymentReferenceId Source@65 SourceName@65 UnappliedAmount:decimal@107"
    ),
    "Refund": _fields(
        _STAMPS + _MOVEMENT + "MethodType PaymentId:id! ReasonCode@44 ReferenceID RefundDate:date"
        " RefundInvoicePaymentData:list@64! RefundNumber RefundTransactionTime:dateTime SecondRefundReferenceId@47"
        " SourceType"
    ),
    "Invoice": _fields(
        _STAMPS + "AccountId:id AdjustmentAmount:decimal Amount:decimal AmountWithoutTax:decimal Balance:decimal"
        " Comments CreditMemoAmount:decimal@128 Currency@147 DueDate:date IncludesOneTime:boolean"
        " IncludesRecurring:boolean IncludesUsage:boolean InvoiceDate:date InvoiceNumber PaymentAmount:decimal"
        " PostedBy:id PostedDate:dateTime RefundAmount:decimal Status TargetDate:date TaxAmount:decimal"
        " TaxExemptAmount:decimal TransferredToAccounting"
    ),
    "Account": _fields(
        _STAMPS + "AccountNumber AutoPay:boolean Balance:decimal Batch BillCycleDay:int CreditBalance:decimal Currency"
        " DefaultPaymentMethodId:id Name Notes PaymentGateway PaymentTerm Status TotalInvoiceBalance:decimal"
    ),
    "InvoicePayment": _fields(_STAMPS + "Amount:decimal InvoiceId:id PaymentId:id RefundAmount:decimal"),
    "RefundInvoicePayment": _fields(_STAMPS + "InvoiceId:id@64 InvoicePaymentId:id RefundAmount:decimal RefundId:id"),
}

# Children of the containers that a create may carry.
CONTAINER_CHILDREN: Final = {
    "InvoicePaymentData": "InvoicePayment",
    "RefundInvoicePaymentData": "RefundInvoicePayment",
    "GatewayOptionData": "GatewayOption",
}
CHILD_FIELDS: Final[dict[str, dict[str, Field]]] = {
    "InvoicePayment": SCHEMA["InvoicePayment"],
    "RefundInvoicePayment": SCHEMA["RefundInvoicePayment"],
    "GatewayOption": _fields("name value"),
}

TYPES: Final = {name.lower(): name for name in SCHEMA}
