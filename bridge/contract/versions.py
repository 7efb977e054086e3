"""What a caller's WSDL version changes on the wire: lexical types and error codes, each fact with its public source.

A caller's version is its endpoint's last path segment. This is the unnamed half of the table of differences: this room
must not know payments, so what names a field or an object (first versions of fields, which fields are dates, what may
be written since when) stands in ``core.versions``, which core needs too and could not import from here. Versions below
29 have no public enumeration of error codes; for them only the codes of Zuora's documented list count as known. Must
not hold object or field names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from bridge.core.model import Version
from bridge.core.versions import DATES_SINCE

UNKNOWN = "UNKNOWN_ERROR"
"""In every version's enumeration: what an unknown code is told as."""

FALLBACKS: Mapping[str, str] = {
    # The one such code that blames a value: the caller can mend a date in a closed period, and "unknown error" would
    # not tell its user so. INVALID_VALUE is in every version's enumeration, like UNKNOWN_ERROR.
    "ACCOUNTING_PERIOD_CLOSED": "INVALID_VALUE",
}
"""What a code is told as to callers that lack it, where that is not ``UNKNOWN``."""

UNDOCUMENTED = frozenset({"NO_PERMISSION", "ACCOUNTING_PERIOD_CLOSED", "BATCH_FAIL_ERROR"})
"""Codes that Zuora's list does not name and its files' enumerations do: from which version on, an owner may say."""

_DOCUMENTED = """
    API_DISABLED CANNOT_DELETE CREDIT_CARD_PROCESSING_FAILURE DUPLICATE_VALUE INVALID_FIELD INVALID_LOGIN
    INVALID_SESSION INVALID_TYPE INVALID_ID INVALID_VALUE INVALID_VERSION MALFORMED_QUERY MAX_RECORDS_EXCEEDED
    MISSING_REQUIRED_VALUE SERVER_UNAVAILABLE UNKNOWN_ERROR TRANSACTION_FAILED
"""
NOTHING: Mapping[str, Version | None] = MappingProxyType({})

_SINCE: tuple[tuple[Version, str], ...] = (
    # Zuora: SOAP API, Error codes, without those it dates later; it dates none before 51. From 0, because a caller at a
    # version that never was is told so in a code, too.
    (Version(0), _DOCUMENTED),
    # Zuora: SOAP API WSDL; the enumerations of the public files of versions 29 to 43 hold these beside the documented.
    (Version(29), "NO_PERMISSION INVALID_TEMPLATE ACCOUNTING_PERIOD_CLOSED BATCH_FAIL_ERROR"),
    # Zuora: SOAP API WSDL; first public file with it.
    (Version(45), "PDF_QUERY_ERROR"),
    # Zuora: SOAP API, Call limits: before 51.0 the same fault carries UNKNOWN_ERROR.
    (Version(51), "REQUEST_EXCEEDED_LIMIT REQUEST_EXCEEDED_RATE"),
    # Zuora: SOAP API WSDL; first public file with it.
    (Version(54), "REQUEST_REJECTED"),
    # Zuora: SOAP API, Error codes: available from WSDL version 60.
    (Version(60), "LOCK_COMPETITION TEMPORARY_ERROR TRANSACTION_TERMINATED TRANSACTION_TIMEOUT"),
)

DECIMALS_SINCE = Version(19)
"""Zuora: SOAP API, Field types: below, amounts are xs:double, which may carry an exponent."""


@dataclass(frozen=True, slots=True)
class ErrorCodes:
    """The codes that a caller of one version can read."""

    version: Version
    known: frozenset[str]

    @classmethod
    def for_version(
        cls, version: Version, *, own: frozenset[str] = frozenset(), since: Mapping[str, Version | None] = NOTHING
    ) -> ErrorCodes:
        """``own`` adds codes known from elsewhere, such as the tenant's own file of that version.

        ``since`` has the last word about the codes it names: from which version on they are known, None for never.
        """
        codes = {code for first, names in _SINCE if first <= version for code in names.split()} | own
        told = {code for code, first in since.items() if first is not None and first <= version}
        return cls(version, frozenset(codes - since.keys() | told))

    def told(self, code: str, message: str) -> tuple[str, str]:
        """A code this version knows, and a message that keeps the original code where it had to be replaced."""
        return (code, message) if code in self.known else (FALLBACKS.get(code, UNKNOWN), f"{message} ({code})")


def known(version: Version, code: str) -> bool:
    """Whether a caller of this version knows the error code."""
    return code in ErrorCodes.for_version(version).known


def writes_dates(version: Version) -> bool:
    """Whether date fields are xs:date in this version; below they are xs:dateTime."""
    return version >= DATES_SINCE


def writes_doubles(version: Version) -> bool:
    """Whether amounts are xs:double in this version."""
    return version < DECIMALS_SINCE
