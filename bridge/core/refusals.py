"""Refusals in Zuora's terms: which ErrorCode a rule gives, and the sentence that says what to mend.

``Refusal`` is raised by rules that judge one object before anything was sent: nothing moved. Codes are those of the
WSDL's ErrorCode enumeration (Zuora: SOAP API error handling). Must not decide about answers of Zuora (``verdict``).
"""

from __future__ import annotations

from collections.abc import Sequence

from bridge.core.model import RowError, Version
from bridge.core.versions import NO_METHOD_IS_INVALID_SINCE
from bridge.core.words import numberless

KNOWS_TRANSACTION_TIMEOUT = Version(60)
"""First WSDL whose ErrorCode has TRANSACTION_TIMEOUT and TEMPORARY_ERROR (Zuora: SOAP API error handling)."""

_EQUAL = "Equal to "

KNOWS_NO_METHOD_IS_INVALID = NO_METHOD_IS_INVALID_SINCE
"""From here a missing PaymentMethodId is INVALID_VALUE (Zuora: SOAP API version history, 121)."""


class Refusal(Exception):
    """One object is refused before anything was sent for it; ``errors`` are told to the caller as the row."""

    def __init__(self, *errors: RowError) -> None:
        super().__init__("; ".join(error.message for error in errors))
        self.errors = errors


def invalid(field: str | None, message: str) -> Refusal:
    """INVALID_VALUE, naming the caller's field; no long number of the caller's is repeated."""
    return Refusal(RowError("INVALID_VALUE", numberless(message), numberless(field) if field is not None else None))


def missing(field: str) -> Refusal:
    """MISSING_REQUIRED_VALUE, in the words Zuora uses on the wire."""
    return Refusal(RowError("MISSING_REQUIRED_VALUE", f"Missing required value: {field}", field))


def unsent(version: Version, why: str) -> tuple[RowError, ...]:
    """Nothing was sent and nothing moved; the caller may simply repeat."""
    code = "TEMPORARY_ERROR" if version >= KNOWS_TRANSACTION_TIMEOUT else "UNKNOWN_ERROR"
    return (RowError(code, f"The request was not sent to Zuora ({why}). Nothing was changed; repeat it."),)


def forbidden(object_type: str, op: str) -> tuple[RowError, ...]:
    """The owner has not allowed this caller to cause this under the bridge's own credential."""
    return (
        RowError(
            "NO_PERMISSION",
            f"This user may not {op} {object_type} through the bridge's REST credential. Nothing was changed; "
            "the owner of the bridge can allow it.",
        ),
    )


def twin(zuora_id: str, day: str) -> tuple[RowError, ...]:
    """An equal call was answered with success that day, and the caller's policy is not to do it twice unasked."""
    return (
        RowError("DUPLICATE_VALUE", f"{_EQUAL}{zuora_id} of {day}; another ReferenceId makes it a second payment."),
    )


def tells_twin(errors: Sequence[RowError]) -> bool:
    """Whether a row is refused as a twin of what is there already."""
    return len(errors) == 1 and errors[0].code == "DUPLICATE_VALUE" and errors[0].message.startswith(_EQUAL)


def near_twin(zuora_id: str, day: str) -> tuple[RowError, ...]:
    """All but equal to one whose own answer never reached its caller, so that this may be the same act."""
    ((error,), told) = twin(zuora_id, day), "The answer about that one has not arrived: repeat its call first."
    return (RowError(error.code, f"{error.message} {told}"),)


def reused(why: str, zuora_id: str | None) -> tuple[RowError, ...]:
    """A key that stands for one act came with another; ``zuora_id`` is what the first one came to, if that is known."""
    first = f" with {zuora_id}" if zuora_id is not None else ""
    return (RowError("DUPLICATE_VALUE", f"{why}{first}. Nothing was sent; what is new needs a new one."),)


def unknown(version: Version) -> tuple[RowError, ...]:
    """Sent, and no verdict came back in time: the row of an object in doubt."""
    code = "TRANSACTION_TIMEOUT" if version >= KNOWS_TRANSACTION_TIMEOUT else "UNKNOWN_ERROR"
    return (
        RowError(
            code,
            "OUTCOME UNKNOWN, repeat unchanged: Zuora did not answer in time. The same call joins this one and "
            "does not pay twice.",
        ),
    )
