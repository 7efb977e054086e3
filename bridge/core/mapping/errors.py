"""REST error reasons as SOAP row errors (Zuora: Error codes; the last two digits of a code are its category).

Category 30 covers nearly all business errors and only the message tells them apart, so the caller's field is guessed
from it and left out where nothing fits. Must not decide whether money moved (``verdict``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
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


FIELDS: Mapping[str, Mapping[str, str]] = {"Payment": payment.REST_TO_SOAP, "Refund": refund.REST_TO_SOAP}

_BY_CATEGORY: Mapping[int, str] = {
    10: "NO_PERMISSION",
    20: "INVALID_VALUE",
    21: "INVALID_FIELD",
    22: "MISSING_REQUIRED_VALUE",
    23: "MISSING_REQUIRED_VALUE",
    27: "INVALID_VALUE",
    30: "INVALID_VALUE",
    40: "INVALID_ID",
    50: "LOCK_COMPETITION",
    70: "REQUEST_EXCEEDED_LIMIT",
}

_CLOSED = re.compile(r"accounting period", re.IGNORECASE)
_DUPLICATE = re.compile(r"duplicate|already (exists|used|been used)", re.IGNORECASE)
_BALANCE = re.compile(r"balance|exceed|greater than|more than|unapplied", re.IGNORECASE)
_DOCUMENT = re.compile(r"debit memo|invoice|credit memo|not posted|posted", re.IGNORECASE)
_REST_NAME = re.compile(r"\b([a-z]+(?:[A-Z][a-z]+)*)\b")


def row_error(object_type: str, reason: Reason, given: Mapping[str, str]) -> RowError:
    """One SOAP error for one REST reason; ``given`` are the caller's fields, the only ones an error may name."""
    code = _BY_CATEGORY.get(reason.category, "UNKNOWN_ERROR")
    field = _named_field(object_type, reason.message, given)
    if reason.category == 30:
        if _CLOSED.search(reason.message):
            code, field = "ACCOUNTING_PERIOD_CLOSED", _first(given, "EffectiveDate", "RefundDate")
        elif _DUPLICATE.search(reason.message):
            code = "DUPLICATE_VALUE"
        elif field is None and _BALANCE.search(reason.message):
            field = _first(given, "AppliedInvoiceAmount", "Amount")
        elif field is None and _DOCUMENT.search(reason.message):
            field = _first(given, "InvoiceId", "InvoiceNumber", "PaymentId")
    return RowError(code, f"[REST {reason.code}] {reason.message}", field)


def _first(given: Mapping[str, str], *names: str) -> str | None:
    return next((name for name in names if name in given), None)


def _named_field(object_type: str, message: str, given: Mapping[str, str]) -> str | None:
    table = FIELDS[object_type]
    for name in _REST_NAME.findall(message):
        soap = table.get(name)
        # Words such as "amount" and "type" are also plain English; a name with a capital inside is a field.
        if soap is not None and soap in given and (name != name.lower() or f"'{name}'" in message):
            return soap
    return None
