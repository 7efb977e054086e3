"""What the tenant says no with: a category of the REST scheme, a text, and the SOAP code where it is not the usual one.

Raised by business rules; each face turns it into its own shape. Must not carry a secret: its text reaches callers.
"""

from typing import Final

# Categories of Zuora's REST error codes (Zuora: Error handling, "Error categories").
PERMISSION: Final = 10
AUTHENTICATION: Final = 11
INVALID_VALUE: Final = 20
UNKNOWN_FIELD: Final = 21
MISSING_FIELD: Final = 22
MISSING_PARAMETER: Final = 23
INVALID_PARAMETER: Final = 27
BUSINESS_RULE: Final = 30
NOT_FOUND: Final = 40
UNSUPPORTED: Final = 45
LOCKED: Final = 50
INTERNAL: Final = 60
TEMPORARY: Final = 61
LIMIT: Final = 70
MALFORMED_JSON: Final = 90
EXTERNAL: Final = 99

CLOSED_PERIOD_TEXT = "The Accounting Period is closed and no changes are allowed for this transaction"


class Refusal(Exception):
    """A business rule, value or reference that the tenant refuses; nothing has changed."""

    def __init__(self, category: int, message: str, *, soap: str = "", status: int = 0) -> None:
        super().__init__(message)
        self.category = category
        self.message = message
        self.soap = soap or _SOAP_CODES.get(category, "UNKNOWN_ERROR")
        self.status = status


_SOAP_CODES = {
    PERMISSION: "NO_PERMISSION",
    INVALID_VALUE: "INVALID_VALUE",
    UNKNOWN_FIELD: "INVALID_FIELD",
    MISSING_FIELD: "MISSING_REQUIRED_VALUE",
    BUSINESS_RULE: "INVALID_VALUE",
    NOT_FOUND: "INVALID_VALUE",
    LOCKED: "LOCK_COMPETITION",
    EXTERNAL: "TRANSACTION_FAILED",
}


def not_found(key: str) -> Refusal:
    """Return the refusal for a key that names nothing."""
    return Refusal(NOT_FOUND, f"Cannot find entity by key: '{key}'.", soap="INVALID_VALUE")


def rule(message: str, *, soap: str = "") -> Refusal:
    """Return the refusal of a business rule."""
    return Refusal(BUSINESS_RULE, message, soap=soap)


def closed_period() -> Refusal:
    """Return the refusal of a change inside a closed accounting period."""
    return Refusal(BUSINESS_RULE, CLOSED_PERIOD_TEXT, soap="ACCOUNTING_PERIOD_CLOSED")


class Reasons(Exception):
    """Several refusals at once: REST answers all wrong fields together (Zuora: Error handling)."""

    def __init__(self, reasons: list[Refusal]) -> None:
        super().__init__("; ".join(reason.message for reason in reasons))
        self.reasons = reasons
