"""REST reasons as SOAP row errors: the code by category, the field by its name in the message or by its subject."""

from __future__ import annotations

import pytest

from bridge.core.mapping.errors import Reason, row_error
from bridge.core.model import Op

PAYMENT = ("AccountId", "Amount", "AppliedInvoiceAmount", "EffectiveDate", "InvoiceId", "PaymentMethodId", "Type")
ROWS = ("AccountId", "Amount", "InvoicePaymentData", "EffectiveDate")
REFUND = ("Amount", "PaymentId", "RefundDate", "RefundInvoicePaymentData", "Type", "MethodType")


def told(message: str, *given: str, category: int = 30, kind: str = "Payment") -> tuple[str, str | None]:
    """Code and field of one reason, for a caller who sent these names."""
    error = row_error(kind, Reason(53200000 + category, message), given or (PAYMENT if kind == "Payment" else REFUND))
    return error.code, error.field


@pytest.mark.parametrize(
    ("category", "code"),
    [
        (10, "NO_PERMISSION"),
        (20, "INVALID_VALUE"),
        (21, "INVALID_FIELD"),
        (22, "MISSING_REQUIRED_VALUE"),
        (23, "MISSING_REQUIRED_VALUE"),
        (27, "INVALID_VALUE"),
        (40, "INVALID_ID"),
        (45, "UNKNOWN_ERROR"),
        (50, "LOCK_COMPETITION"),
        (70, "REQUEST_EXCEEDED_LIMIT"),
        (90, "UNKNOWN_ERROR"),
        (99, "UNKNOWN_ERROR"),
        (0, "UNKNOWN_ERROR"),
    ],
)
def test_a_category_has_its_code(category: int, code: str) -> None:
    """The mapping of the reference, row by row; only category 30 looks at the message."""
    assert told("something", category=category) == (code, None)


def test_the_message_keeps_zuoras_code() -> None:
    """For support: Zuora finds the case by it."""
    assert row_error("Payment", Reason(53200030, "no"), ()).message == "[REST 53200030] no"


@pytest.mark.parametrize(
    ("message", "field"),
    [
        ("effectiveDate is invalid", "EffectiveDate"),
        ("The value of 'amount' is invalid", "Amount"),
        ('"type" must be External', "Type"),
        ("the amount is invalid for this type", None),
        ("debitMemos[0].amount is invalid", "AppliedInvoiceAmount"),
        ("invoices[12].invoiceId is invalid", "InvoiceId"),
        ("debitMemos[0].amount and paymentMethodId", "AppliedInvoiceAmount"),
        ("debitMemos[0].items is unknown", "InvoiceId"),
        ("gatewayOrderId is too long", None),
        ("noSuchName is wrong", None),
    ],
)
def test_a_rest_name_becomes_the_callers(message: str, field: str | None) -> None:
    """Only a name that the caller sent is told; a plain English word is none."""
    assert told(message, category=20)[1] == field


def test_rows_are_blamed_by_their_container() -> None:
    """A row's own field would read like the payment's."""
    assert told("debitMemos[1].amount is invalid", *ROWS, category=20)[1] == "InvoicePaymentData"
    assert told("invoices[1].invoiceId is invalid", *ROWS, category=20)[1] == "InvoicePaymentData"
    assert told("debitMemos[0].amount", kind="Refund", category=20)[1] == "RefundInvoicePaymentData"


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("The Accounting Period is closed", ("ACCOUNTING_PERIOD_CLOSED", "EffectiveDate")),
        ("Duplicate gateway order id ERP-7", ("DUPLICATE_VALUE", None)),
        ("This referenceId already exists", ("DUPLICATE_VALUE", None)),
        ("The amount exceeds the balance of the debit memo", ("INVALID_VALUE", "AppliedInvoiceAmount")),
        ("The debit memo is not posted", ("INVALID_VALUE", "InvoiceId")),
        ("The account A00000005 is canceled", ("INVALID_VALUE", None)),
        ("The effectiveDate must be today", ("INVALID_VALUE", "EffectiveDate")),
        ("Try something else", ("TRANSACTION_FAILED", None)),
    ],
)
def test_a_business_rule_is_told_by_what_it_is_about(message: str, expected: tuple[str, str | None]) -> None:
    """INVALID_VALUE where a value of the caller can be blamed, otherwise TRANSACTION_FAILED (CHOICE-20)."""
    assert told(message) == expected


@pytest.mark.parametrize(
    ("message", "given", "field"),
    [
        ("The invoice is not posted", ("InvoiceNumber",), "InvoiceNumber"),
        ("The debit memo is not posted", ("DebitMemoId",), "DebitMemoId"),
        ("The debit memo is not posted", ("InvoicePaymentData",), "InvoicePaymentData"),
        ("The credit memo is not posted", ("CreditMemoNumber",), "CreditMemoNumber"),
        ("The credit memo is not posted", ("PaymentId",), "PaymentId"),
        ("more than the unapplied amount", ("Amount", "PaymentId"), "Amount"),
        ("The Accounting Period is closed", ("RefundDate",), "RefundDate"),
        ("The Accounting Period is closed", ("Amount",), None),
        ("more than the balance", ("InvoiceNumber",), None),
    ],
)
def test_only_what_was_sent_is_blamed(message: str, given: tuple[str, ...], field: str | None) -> None:
    """An error never names a field that the caller does not have."""
    assert told(message, *given)[1] == field


def test_what_is_not_found_is_an_id_or_a_number() -> None:
    """INVALID_ID for ids, INVALID_VALUE for numbers, as the caller named it."""
    assert told("invoiceId cannot be found", "InvoiceId", category=40) == ("INVALID_ID", "InvoiceId")
    assert told("invoiceId cannot be found", "InvoiceNumber", category=40) == ("INVALID_VALUE", "InvoiceNumber")


def test_refunds_have_their_own_names() -> None:
    """totalAmount is Amount."""
    assert told("totalAmount is invalid", kind="Refund", category=20)[1] == "Amount"
    assert told("refundDate is before the payment", kind="Refund") == ("INVALID_VALUE", "RefundDate")


def test_a_delete_that_is_not_allowed_cannot_delete() -> None:
    """Whatever the rule says: the id is all that the caller sent."""
    for message in ("Only canceled payments can be deleted", "The Accounting Period is closed"):
        error = row_error("Payment", Reason(50000030, message), ("Id",), op=Op.DELETE)
        assert (error.code, error.field) == ("CANNOT_DELETE", "Id")


@pytest.mark.parametrize("op", [Op.UPDATE, Op.DELETE])
def test_an_object_that_is_not_there_is_its_id(op: Op) -> None:
    """Zuora's message may name nothing."""
    error = row_error("Refund", Reason(50000040, "Cannot find entity by key"), ("Id", "Status"), op=op)
    assert (error.code, error.field) == ("INVALID_ID", "Id")


@pytest.mark.parametrize(
    ("message", "given", "expected"),
    [
        ("Cannot find the payment method", ("PaymentMethodId", "PaymentId"), ("INVALID_ID", "PaymentMethodId")),
        ("Cannot find the debit memo", ("InvoiceId", "AccountId"), ("INVALID_ID", "InvoiceId")),
        ("Cannot find the debit memo", ("InvoiceNumber", "AccountId"), ("INVALID_VALUE", "InvoiceNumber")),
        ("Cannot find the credit memo", ("PaymentId",), ("INVALID_ID", "PaymentId")),
        ("Cannot find the payment", ("PaymentId", "Amount"), ("INVALID_ID", "PaymentId")),
        ("Cannot find the account", ("AccountId",), ("INVALID_ID", "AccountId")),
        ("Cannot find the gateway", ("Gateway",), ("INVALID_ID", "Gateway")),
        ("Cannot find the gateway", ("AccountId",), ("INVALID_ID", None)),
        ("Cannot find it", ("AccountId",), ("INVALID_ID", None)),
    ],
)
def test_what_is_not_found_is_told_by_the_field_that_held_it(
    message: str, given: tuple[str, ...], expected: tuple[str, str | None]
) -> None:
    """By the noun of the message, if the caller sent such a field."""
    assert told(message, *given, category=40) == expected


def test_a_status_that_an_object_cannot_get_is_blamed() -> None:
    """Such as a cancel of what was transferred to accounting; other updates are blamed by their own fields."""
    for given, expected in (
        (("Id", "Status"), ("INVALID_VALUE", "Status")),
        (("Id", "ReasonCode"), ("TRANSACTION_FAILED", None)),
    ):
        error = row_error("Payment", Reason(53700030, "This is not possible now"), given, op=Op.UPDATE)
        assert (error.code, error.field) == expected


ITEM_ROWS = ("DebitMemoPaymentData", "DebitMemoItemPaymentData")


@pytest.mark.parametrize(
    ("message", "given", "kind", "field"),
    [
        ("debitMemos[0].items[1].amount is invalid", ITEM_ROWS, "Payment", "DebitMemoItemPaymentData"),
        ("debitMemos[0].items[1].debitMemoItemId is invalid", ITEM_ROWS, "Payment", "DebitMemoItemPaymentData"),
        ("taxItemId is invalid", ("InvoicePaymentData", "InvoiceItemPaymentData"), "Payment", "InvoiceItemPaymentData"),
        ("debitMemos[0].amount is invalid", ITEM_ROWS, "Payment", "DebitMemoPaymentData"),
        ("items[0].creditMemoItemId is invalid", ("CreditMemoItemRefundData",), "Refund", "CreditMemoItemRefundData"),
        ("items[0].amount is invalid", ("Amount", "CreditMemoItemRefundData"), "Refund", "CreditMemoItemRefundData"),
        ("debitMemos[0].debitMemoId is invalid", ("DebitMemoNumber",), "Payment", "DebitMemoNumber"),
        ("debitMemos[0].debitMemoId is invalid", ("DebitMemoRefundData",), "Refund", "DebitMemoRefundData"),
        ("transferredToAccounting is wrong", ("TransferredToAccounting",), "Payment", "TransferredToAccounting"),
        ("financeInformation.bankAccountAccountingCode", ("AccountingCode",), "Refund", "AccountingCode"),
        ("reasonCode does not exist", ("ReasonCode",), "Refund", "ReasonCode"),
    ],
)
def test_our_own_elements_are_blamed_by_their_names(
    message: str, given: tuple[str, ...], kind: str, field: str
) -> None:
    """Containers of items before the row they stand in; every name that the table has."""
    assert told(message, *given, kind=kind, category=20)[1] == field


def test_a_directive_is_blamed_by_its_custom_field() -> None:
    """The caller has never heard of what it means."""
    given = {"DebitMemoNumber": "Memo__c", "Memo__c": "Memo__c", "Items": "Lines__c", "Amount": "Amount"}
    for message, field in (
        ("debitMemos[0].debitMemoId is invalid", "Memo__c"),
        ("debitMemos[0].items[0].taxItemId is invalid", "Lines__c"),
        ("the value of 'amount' is invalid", "Amount"),
        ("something", None),
    ):
        assert row_error("Payment", Reason(53200020, message), given).field == field
    closed = row_error("Payment", Reason(53200030, "The debit memo is not posted"), given)
    assert (closed.code, closed.field) == ("INVALID_VALUE", "Memo__c")
    number = row_error("Payment", Reason(53200040, "Cannot find the debit memo"), given)
    assert (number.code, number.field) == ("INVALID_VALUE", "Memo__c")


def test_zuoras_process_is_kept_for_support() -> None:
    """At the end of the text, where there is one."""
    error = row_error("Payment", Reason(53200030, "no"), (), process_id="C5C6")
    assert error.message == "[REST 53200030] no (Zuora process C5C6)"
