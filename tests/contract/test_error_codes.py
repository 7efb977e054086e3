"""Every error code as a caller of every version is told it: in rows, in faults, and never a code it lacks."""

import pytest
from contract_samples import own, plain
from lxml import etree

from bridge.contract.versions import FALLBACKS, UNKNOWN, ErrorCodes
from bridge.contract.wire import Renderer, Style
from bridge.core.model import CallFault, Outcome, RowError, Told, Version

RENDERER = Renderer(own())

# Written by hand from Zuora's documents and the public files, beside the table that is tested.
FIRST = {
    "API_DISABLED": 1,
    "CANNOT_DELETE": 1,
    "CREDIT_CARD_PROCESSING_FAILURE": 1,
    "DUPLICATE_VALUE": 1,
    "INVALID_FIELD": 1,
    "INVALID_ID": 1,
    "INVALID_LOGIN": 1,
    "INVALID_SESSION": 1,
    "INVALID_TYPE": 1,
    "INVALID_VALUE": 1,
    "INVALID_VERSION": 1,
    "MALFORMED_QUERY": 1,
    "MAX_RECORDS_EXCEEDED": 1,
    "MISSING_REQUIRED_VALUE": 1,
    "SERVER_UNAVAILABLE": 1,
    "TRANSACTION_FAILED": 1,
    "UNKNOWN_ERROR": 1,
    "ACCOUNTING_PERIOD_CLOSED": 29,
    "BATCH_FAIL_ERROR": 29,
    "INVALID_TEMPLATE": 29,
    "NO_PERMISSION": 29,
    "PDF_QUERY_ERROR": 45,
    "REQUEST_EXCEEDED_LIMIT": 51,
    "REQUEST_EXCEEDED_RATE": 51,
    "REQUEST_REJECTED": 54,
    "LOCK_COMPETITION": 60,
    "TEMPORARY_ERROR": 60,
    "TRANSACTION_TERMINATED": 60,
    "TRANSACTION_TIMEOUT": 60,
    "EXTENSION_ERROR": 9999,
    "A_CODE_OF_THE_FUTURE": 9999,
}
OLD = ["1.0", "11.0", "18.0", "28.0", "29.0", "38.0", "43.0", "44.0", "45.0", "47.1", "50.0", "51.0", "53.0", "54.0"]
VERSIONS = ["0.9", *OLD, "59.0", "60.0", "61.0", "64.0", "68.0", "69.0", "83.0", "107.0", "121.0", "153.0", "200.0"]
CASES = [(version, code) for version in VERSIONS for code in FIRST]


def expected(version: Version, code: str, message: str) -> tuple[str, str]:
    """What a caller of the version is told."""
    if max(version.major, 1) >= FIRST[code]:
        return code, message
    return ("INVALID_VALUE" if code == "ACCOUNTING_PERIOD_CLOSED" else "UNKNOWN_ERROR"), f"{message} ({code})"


def local(answer: bytes, name: str) -> list[str]:
    """The texts of all elements of that local name."""
    return [each.text or "" for each in etree.fromstring(answer).iter(f"{{*}}{name}")]


def test_the_list_is_complete() -> None:
    """Every code of our file's enumeration is in it."""
    assert set(plain().error_codes) == {code for code, first in FIRST.items() if first < 9999}


@pytest.mark.parametrize(("version", "code"), CASES)
def test_a_row_is_told_in_a_code_of_the_version(version: str, code: str) -> None:
    """With the original code kept in the message where it had to be replaced."""
    style = Style(Version.parse(version))
    row = Outcome(Told.REFUSED, errors=(RowError(code, "Why.", "Amount"),))
    for operation in ("create", "update", "delete"):
        answer = RENDERER.rows(operation, [row], style)
        assert (*local(answer, "Code"), *local(answer, "Message")) == expected(style.version, code, "Why.")
        assert local(answer, "Field") == ["Amount"]


@pytest.mark.parametrize(("version", "code"), CASES)
def test_a_fault_is_told_in_a_code_of_the_version(version: str, code: str) -> None:
    """On the wire (faultcode) and in the detail (FaultCode), with the same text twice."""
    style = Style(Version.parse(version))
    for operation in ("create", "update", "delete"):
        answer = RENDERER.fault(CallFault(code, "Why."), operation, style)
        told, message = expected(style.version, code, "Why.")
        assert local(answer, "faultcode") == [f"fns:{told}"]
        assert local(answer, "FaultCode") == [told]
        assert local(answer, "faultstring") == local(answer, "FaultMessage") == [message]


@pytest.mark.parametrize("version", VERSIONS)
def test_what_stands_in_for_a_code_is_known_to_everybody(version: str) -> None:
    """Otherwise it would need a stand-in itself."""
    codes = ErrorCodes.for_version(Version.parse(version))
    assert codes.known >= {UNKNOWN, *FALLBACKS.values()}


@pytest.mark.parametrize(("version", "told"), [("45.0", "UNKNOWN_ERROR"), ("51.0", "REQUEST_EXCEEDED_LIMIT")])
def test_a_soap_1_2_fault_is_told_in_the_same_codes(version: str, told: str) -> None:
    """The envelope changes nothing about the enumeration."""
    answer = RENDERER.fault(
        CallFault("REQUEST_EXCEEDED_LIMIT", "x"), "create", Style(Version.parse(version), soap12=True)
    )
    assert f"fns:{told}" in local(answer, "Value")
    assert local(answer, "FaultCode") == [told]
