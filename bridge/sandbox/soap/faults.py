"""The two ways a SOAP call fails as a whole: Zuora's typed faults and the server's own.

Must not be used for a row: those are refusals inside a result.
"""

from dataclasses import dataclass

UNEXPECTED = "UnexpectedErrorFault"
LIMIT_TEXT = (
    "The total number of concurrent requests has exceeded the limit allowed by the system."
    " Please resubmit your request later."
)


@dataclass
class TypedFault(Exception):
    """A fault of the fault.api namespace, declared for its operation."""

    element: str
    code: str
    message: str
    status: int = 500


@dataclass
class ServerFault(Exception):
    """A fault of the SOAP engine itself: soapenv:Server (1.1) or soapenv:Receiver (1.2), without fns detail."""

    message: str


def unexpected(code: str, message: str, status: int = 500) -> TypedFault:
    """Return the fault every operation may raise."""
    return TypedFault(UNEXPECTED, code, message, status)


def known_code(code: str, version: int) -> str:
    """Return the code as the caller's version knows it (Zuora: SOAP API error codes, and concurrent request limits)."""
    since = _CODE_SINCE.get(code, 0)
    return code if version >= since else "UNKNOWN_ERROR"


_CODE_SINCE = {
    **dict.fromkeys(("LOCK_COMPETITION", "TEMPORARY_ERROR", "TRANSACTION_TERMINATED", "TRANSACTION_TIMEOUT"), 60),
    **dict.fromkeys(("REQUEST_EXCEEDED_LIMIT", "REQUEST_EXCEEDED_RATE"), 51),
    # Zuora: SOAP API WSDL; the first public file that has it.
    "REQUEST_REJECTED": 54,
}
