"""REST error reasons as SOAP row errors (Zuora: Error codes; the last two digits of a code are its category).

Category 30 covers nearly all business errors and only the message tells them apart, so the caller's field is guessed
from it and left out where nothing fits. Must not decide whether money moved (``verdict``).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from bridge.core.mapping import payment, refund
from bridge.core.model import RowError


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason of a REST error body."""

    code: int
    message: str

    @property
    def category(self) -> int:
        """The last two digits: 10 permission ... 99 external system."""
        return self.code % 100


FIELDS: Mapping[str, Mapping[str, tuple[str, ...]]] = {"Payment": payment.REST_TO_SOAP, "Refund": refund.REST_TO_SOAP}

_BY_CATEGORY: Mapping[int, str] = {
    10: "NO_PERMISSION",
    20: "INVALID_VALUE",
    21: "INVALID_FIELD",
    22: "MISSING_REQUIRED_VALUE",
    23: "MISSING_REQUIRED_VALUE",
    27: "INVALID_VALUE",
    40: "INVALID_ID",
    50: "LOCK_COMPETITION",
    70: "REQUEST_EXCEEDED_LIMIT",
}

_CLOSED = re.compile(r"accounting period", re.IGNORECASE)
_DUPLICATE = re.compile(r"duplicate|already (exists|used|been used)", re.IGNORECASE)
_BALANCE = re.compile(r"balance|exceed|greater than|more than|unapplied", re.IGNORECASE)
_DOCUMENT = re.compile(r"debit memo|invoice|credit memo|posted", re.IGNORECASE)
_OTHER_VALUE = re.compile(r"account|currency|method|gateway|date", re.IGNORECASE)
_REST_NAME = re.compile(r"\b([a-z]+(?:[A-Z][a-z]+)*)\b")
_REST_PATH = re.compile(r"\b(invoices|debitMemos)(?:\[[0-9]*\])?\.([a-zA-Z]+)")

_SOURCES = (*payment.DOCUMENTS, "CreditMemoId", "CreditMemoNumber", "PaymentId", *refund.SPLITS)


def row_error(object_type: str, reason: Reason, given: Collection[str]) -> RowError:
    """One SOAP error for one REST reason; ``given`` names what the caller sent, the only names an error may give."""
    category, message = reason.category, reason.message
    code = _BY_CATEGORY.get(category, "UNKNOWN_ERROR")
    field = _named_field(object_type, message, given)
    if category == 30:
        code, field = _business_rule(message, field, given)
    elif category == 40 and field is not None and field.endswith("Number"):
        code = "INVALID_VALUE"
    return RowError(code, f"[REST {reason.code}] {message}", field)


def _business_rule(message: str, field: str | None, given: Collection[str]) -> tuple[str, str | None]:
    """INVALID_VALUE where one of the caller's values can be blamed, otherwise TRANSACTION_FAILED."""
    if _CLOSED.search(message):
        return "ACCOUNTING_PERIOD_CLOSED", _first(given, ("EffectiveDate", "RefundDate"))
    if _DUPLICATE.search(message):
        return "DUPLICATE_VALUE", field
    if field is None and _BALANCE.search(message):
        field = _first(given, ("AppliedInvoiceAmount", "Amount"))
    elif field is None and _DOCUMENT.search(message):
        field = _first(given, _SOURCES)
    blamed = field is not None or _OTHER_VALUE.search(message)
    return "INVALID_VALUE" if blamed else "TRANSACTION_FAILED", field


def _first(given: Collection[str], names: tuple[str, ...]) -> str | None:
    return next((name for name in names if name in given), None)


def _named_field(object_type: str, message: str, given: Collection[str]) -> str | None:
    table = FIELDS[object_type]
    named = (_first(given, table.get(name, ())) for name in _rest_names(message))
    return next((field for field in named if field is not None), None)


def _rest_names(message: str) -> Iterator[str]:
    for array, inner in _REST_PATH.findall(message):
        yield f"{array}.{inner}"
        yield inner if inner != inner.lower() else array
    for name in _REST_NAME.findall(message):
        # Words such as "amount" and "type" are also plain English; a name with a capital inside is a field.
        if name != name.lower() or f"'{name}'" in message or f'"{name}"' in message:
            yield name
