"""Every SOAP field of Payment and Refund with its fate in each REST request a write can become.

This is the one place where a SOAP name stands beside its REST name: bodies are written from it, errors are named from
it, the mapping page is generated from it. Sources: Zuora: Payment object; Refund object; Create a payment; Update a
payment; Refund a payment with auto-unapplying; Refund a credit memo; Update a refund. Must not read a value.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from bridge.core.model import Op, ZObject


class Target(enum.Enum):
    """A REST request that a SOAP write can become: object type, operation, request."""

    CREATE_PAYMENT = ("Payment", Op.CREATE, "POST /v1/payments")
    UPDATE_PAYMENT = ("Payment", Op.UPDATE, "PUT /v1/payments/{id}")
    REFUND_PAYMENT = ("Refund", Op.CREATE, "POST /v1/payments/{id}/refunds and /refunds/unapply")
    REFUND_MEMO = ("Refund", Op.CREATE, "POST /v1/credit-memos/{id}/refund")
    UPDATE_REFUND = ("Refund", Op.UPDATE, "PUT /v1/refunds/{id}")

    @property
    def object_type(self) -> str:
        """Payment or Refund."""
        return self.value[0]

    @property
    def op(self) -> Op:
        """The SOAP operation it comes from."""
        return self.value[1]

    @property
    def request(self) -> str:
        """Method and path, as a heading."""
        return self.value[2]


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of one field. ``rest`` are the places its value goes to: dots for inner names, ``[]`` for rows,
    ``{id}`` for the path, none where it does not travel. ``rule`` says what happens to it, or why it does not travel;
    without one the text travels as it is. ``longest`` is in characters: what is longer is refused, never cut.
    """

    rest: tuple[str, ...] = ()
    rule: str = ""
    longest: int | None = None

    @property
    def copied(self) -> bool:
        """Whether the text travels as it is."""
        return bool(self.rest) and not self.rule


def _copied(rest: str, longest: int | None = None) -> Fate:
    return Fate((rest,), longest=longest)


def _ruled(rule: str, *rest: str) -> Fate:
    return Fate(rest, rule)


READ_ONLY = _ruled("Zuora alone writes it; left out")
NOT_ON_UPDATE = _ruled("cannot be changed in SOAP, which ignores it; left out")

CUSTOM_SUFFIXES = ("__c", "__NS")
"""Custom fields and NetSuite fields (Zuora: Manage custom fields with the SOAP API)."""

CUSTOM = _ruled("at the top level under its own name, as the type the tenant's WSDL gives it", "*")
FIELDS_TO_NULL = "fieldsToNull"
SECOND_REFERENCE = "SecondPaymentReferenceId"

_CODE = _copied("financeInformation.bankAccountAccountingCode", 100)
_TRANSFERRED = _copied("financeInformation.transferredToAccounting")
_TRANSFERRED_LATER = _ruled("SOAP takes it on update alone; left out")
_OPTIONS = _ruled("a list becomes a map; a name twice is refused", "gatewayOptions")
_DOCUMENTS = ("invoices[].invoiceId", "debitMemos[].debitMemoId")
_ROWS = ("invoices[]", "debitMemos[]")

_PAYMENT_READ_ONLY = (
    "AppliedAmount",
    "BankIdentificationNumber",
    "CancelledOn",
    "CreatedById",
    "CreatedDate",
    "GatewayResponse",
    "GatewayResponseCode",
    "GatewayState",
    "MarkedForSubmissionOn",
    "PaymentMethodSnapshotId",
    "PaymentNumber",
    "RefundAmount",
    "SettledOn",
    "Source",
    "SourceName",
    "SubmittedOn",
    "UnappliedAmount",
    "UpdatedById",
    "UpdatedDate",
)
_REFUND_READ_ONLY = (
    "CancelledOn",
    "CreatedById",
    "CreatedDate",
    "GatewayResponse",
    "GatewayResponseCode",
    "GatewayState",
    "MarkedForSubmissionOn",
    "PaymentMethodSnapshotId",
    "RefundNumber",
    "RefundTransactionTime",
    "SettledOn",
    "SubmittedOn",
    "UpdatedById",
    "UpdatedDate",
)

_COMMON: Mapping[str, Fate] = {f"*{suffix}": CUSTOM for suffix in CUSTOM_SUFFIXES}
_CREATE: Mapping[str, Fate] = {
    **_COMMON,
    "Id": _ruled("Zuora gives it; left out"),
    FIELDS_TO_NULL: _ruled("a new object has nothing to clear; left out"),
}
_UPDATE: Mapping[str, Fate] = {
    **_COMMON,
    "Id": _ruled("names the object", "{id}"),
    FIELDS_TO_NULL: _ruled("clearing is documented for SOAP alone, so the object goes by SOAP"),
}

_CREATE_PAYMENT: Mapping[str, Fate] = {
    **_CREATE,
    **dict.fromkeys(_PAYMENT_READ_ONLY, READ_ONLY),
    "AccountId": _ruled("looked up for its currency and gateway", "accountId"),
    "AccountingCode": _CODE,
    "Amount": _ruled("absent, the amounts for documents plus AppliedCreditBalanceAmount", "amount"),
    "AppliedCreditBalanceAmount": _ruled("stays unapplied: what of amount is for no document; checked against Amount"),
    "AppliedInvoiceAmount": _ruled("with a document named singly", "invoices[].amount", "debitMemos[].amount"),
    "AuthTransactionId": _copied("authTransactionId", 50),
    "Comment": _copied("comment", 255),
    "Currency": _ruled("absent, the account's", "currency"),
    "DebitMemoId": _ruled("our extension", "debitMemos[].debitMemoId"),
    "DebitMemoNumber": _ruled("our extension; number to id by look-up", "debitMemos[].debitMemoId"),
    "DebitMemoPaymentData": _ruled("our extension; its rows", "debitMemos[]"),
    "EffectiveDate": _ruled("the day as yyyy-mm-dd", "effectiveDate"),
    "Gateway": _ruled("name to id; absent, the account's for an electronic payment", "gatewayId"),
    "GatewayOptionData": _OPTIONS,
    # 70 characters in SOAP; it is the gateway's duplicate key, so it is refused rather than cut.
    "GatewayOrderId": _copied("gatewayOrderId", 50),
    "InvoiceId": _ruled("an invoice's or a debit memo's, by look-up", *_DOCUMENTS),
    "InvoiceNumber": _ruled("an invoice's or a debit memo's; number to id by look-up", *_DOCUMENTS),
    "InvoicePaymentData": _ruled("its rows", *_ROWS),
    "PaymentMethodId": _ruled("required: REST would charge the default method", "paymentMethodId"),
    "ReferenceId": _copied("referenceId", 100),
    # Zuora: Invoice Settlement limitations: it cannot be passed when creating a payment through REST.
    "SecondPaymentReferenceId": _ruled(
        "REST cannot set it; INVALID_FIELD, or as BRIDGE_ZUORA__SECOND_REFERENCE says: left out, or a custom field"
    ),
    "SoftDescriptor": _copied("softDescriptor", 35),
    "SoftDescriptorPhone": _copied("softDescriptorPhone", 20),
    "Status": _ruled("must be Processed, which REST implies"),
    "TransferredToAccounting": _TRANSFERRED_LATER,
    "Type": _ruled("External or Electronic", "type"),
}

_UPDATE_PAYMENT: Mapping[str, Fate] = {
    **dict.fromkeys(_CREATE_PAYMENT, NOT_ON_UPDATE),
    **dict.fromkeys(_PAYMENT_READ_ONLY, READ_ONLY),
    **_UPDATE,
    "AccountingCode": _CODE,
    "Status": _ruled("Canceled alone is PUT /v1/payments/{id}/cancel; any other value goes by SOAP", "{id}/cancel"),
    "TransferredToAccounting": _TRANSFERRED,
    **dict.fromkeys(
        ("DebitMemoId", "DebitMemoNumber", "DebitMemoPaymentData"), _ruled("our extension, for create; INVALID_FIELD")
    ),
}

_REFUND: Mapping[str, Fate] = {
    **_CREATE,
    **dict.fromkeys(_REFUND_READ_ONLY, READ_ONLY),
    "AccountingCode": _CODE,
    "Amount": _ruled("exact, in the decimals of the currency", "totalAmount"),
    "Comment": _copied("comment", 255),
    "GatewayOptionData": _OPTIONS,
    "MethodType": _ruled("of an external refund, where it is required; REST wants none of an electronic", "methodType"),
    "ReasonCode": _copied("reasonCode", 32),
    "ReferenceID": _copied("referenceId", 100),
    "RefundDate": _ruled("of an external refund, the day as yyyy-mm-dd", "refundDate"),
    "SecondRefundReferenceId": _copied("secondRefundReferenceId", 100),
    "SoftDescriptor": _copied("softDescriptor", 35),
    "SoftDescriptorPhone": _copied("softDescriptorPhone", 20),
    "Status": _ruled("implied; left out"),
    "TransferredToAccounting": _TRANSFERRED_LATER,
    "Type": _ruled("External or Electronic", "type"),
}

_SPLIT = "its rows; without the enhanced write-off permission they are unapplied first"

_REFUND_PAYMENT: Mapping[str, Fate] = {
    **_REFUND,
    "AccountId": _ruled("must be the payment's; left out"),
    "CreditMemoId": _ruled("our extension; not beside PaymentId"),
    "CreditMemoItemRefundData": _ruled("our extension; not for a payment"),
    "CreditMemoNumber": _ruled("our extension; not beside PaymentId"),
    "DebitMemoRefundData": _ruled(f"our extension; {_SPLIT}", "debitMemos[]"),
    "Gateway": _ruled("the payment's; left out"),
    "PaymentId": _ruled("the payment's id", "{id}"),
    "PaymentMethodId": _ruled("the payment's; left out"),
    "RefundInvoicePaymentData": _ruled(_SPLIT, *_ROWS),
    "SourceType": _ruled("Payment, if given; implied"),
}

_REFUND_MEMO: Mapping[str, Fate] = {
    **_REFUND,
    "AccountId": _ruled("must be the memo's; with SourceType CreditBalance and no memo it chooses the memo"),
    "CreditMemoId": _ruled("our extension", "{id}"),
    "CreditMemoItemRefundData": _ruled("our extension; its rows", "items[]"),
    "CreditMemoNumber": _ruled("our extension; number to id by look-up", "{id}"),
    "DebitMemoRefundData": _ruled("our extension; not for a credit memo"),
    "Gateway": _ruled("name to id; of an electronic refund, absent the account's", "gatewayId"),
    "PaymentId": _ruled("the credit memo's id or number", "{id}"),
    "PaymentMethodId": _ruled("of an electronic refund, where it is required", "paymentMethodId"),
    "RefundInvoicePaymentData": _ruled("a credit memo has no split; INVALID_VALUE"),
    "SourceType": _ruled("CreditBalance or CreditMemo; implied"),
}

_UPDATE_REFUND: Mapping[str, Fate] = {
    **dict.fromkeys(_REFUND_MEMO, NOT_ON_UPDATE),
    **dict.fromkeys(_REFUND_READ_ONLY, READ_ONLY),
    **_UPDATE,
    "AccountingCode": _CODE,
    "ReasonCode": _copied("reasonCode", 32),
    "Status": _ruled("Canceled alone is PUT /v1/refunds/{id}/cancel; any other value goes by SOAP", "{id}/cancel"),
    "TransferredToAccounting": _TRANSFERRED,
    **dict.fromkeys(
        ("CreditMemoId", "CreditMemoItemRefundData", "CreditMemoNumber", "DebitMemoRefundData"),
        _ruled("our extension, for create; INVALID_FIELD"),
    ),
}

TABLE: Mapping[Target, Mapping[str, Fate]] = MappingProxyType(
    {
        Target.CREATE_PAYMENT: _CREATE_PAYMENT,
        Target.UPDATE_PAYMENT: _UPDATE_PAYMENT,
        Target.REFUND_PAYMENT: _REFUND_PAYMENT,
        Target.REFUND_MEMO: _REFUND_MEMO,
        Target.UPDATE_REFUND: _UPDATE_REFUND,
    }
)

_ROW_READ_ONLY = dict.fromkeys(("CreatedById", "CreatedDate", "Id", "UpdatedById", "UpdatedDate"), READ_ONLY)

ROWS: Mapping[str, Mapping[str, Fate]] = MappingProxyType(
    {
        "InvoicePayment": {
            **_ROW_READ_ONLY,
            "Amount": _ruled("absent, the sum of its items", "invoices[].amount", "debitMemos[].amount"),
            "InvoiceId": _ruled("an invoice's or a debit memo's, by look-up", *_DOCUMENTS),
            "InvoiceItemPaymentData": _ruled("our extension; its rows", "invoices[].items[]", "debitMemos[].items[]"),
            "PaymentId": _ruled("the payment is being made; left out"),
            "RefundAmount": READ_ONLY,
        },
        "InvoiceItemPayment": {
            "Amount": _ruled("our extension", "invoices[].items[].amount", "debitMemos[].items[].amount"),
            "InvoiceItemId": _ruled(
                "our extension; of a debit memo's row the debit memo item's",
                "invoices[].items[].invoiceItemId",
                "debitMemos[].items[].debitMemoItemId",
            ),
            "TaxItemId": _ruled("our extension", "invoices[].items[].taxItemId", "debitMemos[].items[].taxItemId"),
        },
        "DebitMemoPayment": {
            "Amount": _ruled("our extension; absent, the sum of its items", "debitMemos[].amount"),
            "DebitMemoId": _ruled("our extension", "debitMemos[].debitMemoId"),
            "DebitMemoItemPaymentData": _ruled("our extension; its rows", "debitMemos[].items[]"),
            "DebitMemoNumber": _ruled("our extension; number to id by look-up", "debitMemos[].debitMemoId"),
        },
        "DebitMemoItemPayment": {
            "Amount": _ruled("our extension", "debitMemos[].items[].amount"),
            "DebitMemoItemId": _ruled("our extension", "debitMemos[].items[].debitMemoItemId"),
            "TaxItemId": _ruled("our extension", "debitMemos[].items[].taxItemId"),
        },
        "RefundInvoicePayment": {
            **_ROW_READ_ONLY,
            "InvoiceId": _ruled("an invoice's or a debit memo's, by look-up", *_DOCUMENTS),
            "InvoicePaymentId": READ_ONLY,
            "RefundAmount": _ruled("its part of Amount", "invoices[].amount", "debitMemos[].amount"),
            "RefundId": READ_ONLY,
        },
        "DebitMemoRefund": {
            "DebitMemoId": _ruled("our extension", "debitMemos[].debitMemoId"),
            "DebitMemoNumber": _ruled("our extension; number to id by look-up", "debitMemos[].debitMemoId"),
            "RefundAmount": _ruled("our extension", "debitMemos[].amount"),
        },
        "CreditMemoItemRefund": {
            "Amount": _ruled("our extension", "items[].amount"),
            "CreditMemoItemId": _ruled("our extension", "items[].creditMemoItemId"),
            "CreditTaxItemId": _ruled("our extension", "items[].creditTaxItemId"),
        },
        "GatewayOption": {
            "name": _ruled("the name in the map", "gatewayOptions"),
            "value": _ruled("its value", "gatewayOptions"),
        },
    }
)
"""The same for the rows inside a container."""

CONTAINERS: Mapping[str, str] = MappingProxyType(
    {
        "CreditMemoItemRefundData": "CreditMemoItemRefund",
        "DebitMemoItemPaymentData": "DebitMemoItemPayment",
        "DebitMemoPaymentData": "DebitMemoPayment",
        "DebitMemoRefundData": "DebitMemoRefund",
        "GatewayOptionData": "GatewayOption",
        "InvoiceItemPaymentData": "InvoiceItemPayment",
        "InvoicePaymentData": "InvoicePayment",
        "RefundInvoicePaymentData": "RefundInvoicePayment",
    }
)
"""What each container holds."""


def is_custom(name: str) -> bool:
    """Whether a name is that of a custom or NetSuite field."""
    return name.endswith(CUSTOM_SUFFIXES)


def dropped(obj: ZObject, second_reference: str = "refuse") -> tuple[str, ...]:
    """The names in a REST-routed object that are left out: what neither Zuora's documents nor this bridge know.

    Zuora's SOAP ignores an unknown element (Zuora: update() call); REST would refuse it. SecondPaymentReferenceId is
    among them where the tenant wants it dropped.
    """
    ours = (SECOND_REFERENCE,) if second_reference == "drop" and obj.get(SECOND_REFERENCE) is not None else ()
    return tuple(dict.fromkeys((*ours, *_unknown(obj, _known(obj.type)))))


@cache
def _known(object_type: str) -> frozenset[str]:
    return frozenset(name for target, table in TABLE.items() if target.object_type == object_type for name in table)


def _unknown(obj: ZObject, known: frozenset[str] | Mapping[str, Fate]) -> Iterator[str]:
    for name in (*obj.fields, *obj.verbatim, *obj.children):
        if name not in known and not (is_custom(name) and name in obj.fields):
            yield name
    for name, rows in obj.children.items():
        if name in known:
            for row in rows:
                yield from _unknown(row, ROWS.get(CONTAINERS.get(name, ""), {}))


def paths_of(container: str) -> Iterator[str]:
    """The REST paths that the rows of a container can fill, at any depth."""
    for name, fate in ROWS[CONTAINERS[container]].items():
        if name in CONTAINERS:
            yield from paths_of(name)
        yield from fate.rest
