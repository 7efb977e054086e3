"""REST reasons as SOAP row errors: the code by category, the field by its name in the message or by its subject."""

from __future__ import annotations

import pytest

from bridge.core.mapping.errors import Reason, row_error

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
