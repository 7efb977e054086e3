"""What a caller's WSDL version changes about payments and refunds: fields, dates, and what may be written at all.

This is the named half of the table of differences. The other half, lexical types and error codes, is
``contract.versions``: that room must not know payments, and core, which needs these names, must not import it. A
caller's version is its endpoint's last path segment. Every fact stands with its public source; where Zuora's documents
and the first public WSDL differ, the documents' number stands. Must not read or change a value (``adapt`` does).
"""

from __future__ import annotations

from collections.abc import Mapping

from bridge.core.model import Call, Op, Version

OLDEST = Version(1)
"""The oldest public file is 1.0; 0.x never was a version."""

NEWEST = Version(153)
"""Zuora: SOAP API version history, the newest entry. A later caller is served as one of this version: the history lists
no change of Payment or Refund between 84 and 153 but those below, Zuora adds versions many times a year, and a caller
that was generated anew must not stop paying because the bridge is older than its file."""

DATES_SINCE = Version(69)
"""Zuora: Date field changes in the WSDL: 56 fields are xs:dateTime up to 68 and xs:date from here, where a dateTime is
INVALID_VALUE. All stamps (CreatedDate, CancelledOn, SettledOn, RefundTransactionTime, ...) stay xs:dateTime."""

DATES: Mapping[str, frozenset[str]] = {
    # Zuora: Date field changes in the WSDL; of the 56 these are in what callers write. InvoicePayment and
    # RefundInvoicePayment have none.
    "Payment": frozenset({"EffectiveDate"}),
    "Refund": frozenset({"RefundDate"}),
}

NO_METHOD_IS_INVALID_SINCE = Version(121)
"""Zuora: SOAP API version history, 121: create of a Payment without PaymentMethodId is INVALID_VALUE."""

WRITABLE_SINCE: Mapping[tuple[str, Op], Version] = {
    # Zuora: SOAP API WSDL; no public file before 18.0 has the object.
    **dict.fromkeys((("Refund", op) for op in Op), Version(18)),
    # Zuora: Payment object: delete is not possible with WSDL 30.0 or earlier; the next file is 31.0.
    ("Payment", Op.DELETE): Version(31),
}
"""From which version a journaled operation exists; what is not listed always did."""

_STAMPS: Mapping[str, Version] = {
    # Zuora: Payment object and its like; the first public file with them is 29.0.
    "CreatedById": Version(20),
    "CreatedDate": Version(20),
    "UpdatedById": Version(20),
    "UpdatedDate": Version(20),
}

FIELDS_SINCE: Mapping[str, Mapping[str, Version]] = {
    "Payment": {
        **_STAMPS,
        # Zuora: Payment object (22: payments in one call; 23: numbers); first public file 29.0.
        "AppliedCreditBalanceAmount": Version(22),
        "AppliedInvoiceAmount": Version(22),
        "BankIdentificationNumber": Version(22),
        "InvoiceId": Version(22),
        "InvoiceNumber": Version(23),
        "PaymentNumber": Version(23),
        # Zuora: Payment object for the option data; the others by the first public file, 30.0.
        "GatewayOptionData": Version(18),
        "CancelledOn": Version(30),
        "GatewayState": Version(30),
        "MarkedForSubmissionOn": Version(30),
        "SettledOn": Version(30),
        "SubmittedOn": Version(30),
        # Zuora: SOAP API WSDL; first public file, in those before 54 only where the tenant has the feature.
        "SoftDescriptor": Version(29),
        "SoftDescriptorPhone": Version(29),
        # Zuora: SOAP API WSDL, first public file 61.0; the snapshot by Zuora: Payment object.
        "Gateway": Version(61),
        "PaymentMethodSnapshotId": Version(60),
        # Zuora: Payment object.
        "InvoicePaymentData": Version(64),
        "Source": Version(65),
        "SourceName": Version(65),
        # Zuora: SOAP API version history, 77 and 107: by permission, and only with Invoice Settlement.
        "Currency": Version(77),
        "AppliedAmount": Version(107),
        "UnappliedAmount": Version(107),
    },
    "Refund": {
        **_STAMPS,
        # Zuora: SOAP API WSDL; first public file.
        "PaymentMethodId": Version(30),
        # Zuora: Refund object; the first public files are 32.0, 45.0, 47.1 and 61.0.
        "CancelledOn": Version(31),
        "ReasonCode": Version(44),
        "SecondRefundReferenceId": Version(47),
        "PaymentMethodSnapshotId": Version(60),
        # Zuora: Refund object.
        "RefundInvoicePaymentData": Version(64),
        "TransferredToAccounting": Version(26),
    },
    "InvoicePayment": _STAMPS,
    # Zuora: RefundInvoicePayment object.
    "RefundInvoicePayment": {**_STAMPS, "InvoiceId": Version(64)},
}
"""First version of a field. What is not listed is as old as its object, as far as any public source says. A row must
not show it to an older caller (I8); what an older caller sends of it goes on: unknown never means dropped."""


POST_TO = "Post to /apps/services/a/ followed by the version of your WSDL, such as 107.0."

NO_VERSION = f"The endpoint's path names no WSDL version; nothing was processed. {POST_TO}"
"""What a caller is told whose path is not a version at all."""


def knows(version: Version, object_type: str, name: str) -> bool:
    """Whether a caller of this version can read the field in a row of the object."""
    return version >= FIELDS_SINCE.get(object_type, {}).get(name, OLDEST)


def unserved(call: Call) -> str | None:
    """Why a call of this version cannot be served, with what to do about it; None where it can."""
    if call.version < OLDEST:
        return f"There is no WSDL version {call.version}; nothing was processed. {POST_TO}"
    since = WRITABLE_SINCE.get((call.type, call.op), OLDEST)
    if call.version < since:
        return (
            f"{call.op.value} of {call.type} needs WSDL {since} or later, but this call came to {call.version}; "
            f"nothing was processed. {POST_TO}"
        )
    return None
