"""Zuora's answers to Actions, read tolerantly into the same values as those of SOAP.

Rows are a list of ``{"Id", "Success", "Errors"}``, in lower case for deletes. A fault has several shapes: the
documented ``{"FaultCode", "FaultMessage"}``, the SOAP fault as JSON that is seen on the wire, ``{"message"}`` from
before the objects were looked at, and the reasons of newer resources (Zuora: Actions; CRUD; Error codes). What is not
plainly one of these is neither rows nor fault. Must not raise for any bytes, or decide what an answer means.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

from bridge.core.commands import SoapAnswer, SoapFault, SoapRow
from bridge.core.model import RowError

_UNRECOGNISED: Final = "unrecognised fields"

_CODES: Final = {400: "INVALID_VALUE", 401: "INVALID_SESSION", 403: "NO_PERMISSION", 404: "INVALID_TYPE"}
"""What a message without a code comes to; nothing was processed under any of these statuses."""


class _Pairs(list[tuple[str, object]]):
    """An object as it was written: a name may come twice."""


def read_action(status: int, body: bytes, retry_after: int | None) -> SoapAnswer:
    """Rows of a create, update or delete; or a fault; or neither."""
    try:
        found = json.loads(body, object_pairs_hook=_Pairs, parse_int=str, parse_float=str)
    except (ValueError, RecursionError):
        return SoapAnswer(status, retry_after=retry_after)
    if isinstance(found, _Pairs):
        return SoapAnswer(status, fault=_fault(status, found), retry_after=retry_after)
    if isinstance(found, list):
        return SoapAnswer(status, rows=tuple(map(_row, found)), retry_after=retry_after)
    return SoapAnswer(status, retry_after=retry_after)


def _row(given: object) -> SoapRow:
    """Two values that differ say nothing: a row is only as good as its Success."""
    if not isinstance(given, _Pairs):
        return SoapRow(None, None)
    errors = tuple(_error(each) for listed in _values(given, "errors") for each in _listed(listed))
    successes = {value if isinstance(value, bool) else None for value in _values(given, "success")}
    ids = {value.strip() if isinstance(value, str) else "" for value in _values(given, "id")} - {""}
    if len(ids) > 1:
        return SoapRow(None, None, errors)
    return SoapRow(successes.pop() if len(successes) == 1 else None, next(iter(ids), None), errors)


def _error(given: object) -> RowError:
    if not isinstance(given, _Pairs):
        return RowError("UNKNOWN_ERROR", "")
    return RowError(_text(given, "code") or "UNKNOWN_ERROR", _text(given, "message") or "", _text(given, "field"))


def _fault(status: int, given: _Pairs) -> SoapFault | None:
    code, message = _text(given, "faultcode"), _text(given, "faultmessage")
    if code is not None:
        outer = _text(given, "faultstring")
        for kind, inner in _details(given):
            return SoapFault(code, outer or "", kind, _text(inner, "faultcode"), _text(inner, "faultmessage"))
        if outer is None:
            return SoapFault(f"fns:{code}", message or "", None, code, message)
        return SoapFault(code, outer, None, None, message)
    message = _text(given, "message")
    if message is None and status in (401, 403):
        # The reasons of newer resources; under these two statuses nothing was looked at.
        reasons = (reason for listed in _values(given, "reasons") for reason in _listed(listed))
        message = next((_text(reason, "message") for reason in reasons if isinstance(reason, _Pairs)), None)
    named = _CODES.get(status)
    if message is None or named is None:
        return None
    if _UNRECOGNISED in message:
        named = "INVALID_FIELD"
    return SoapFault(f"fns:{named}", message, None, named, message)


def _details(given: _Pairs) -> Iterator[tuple[str, _Pairs]]:
    """The typed faults inside a detail."""
    for detail in _values(given, "detail"):
        for name, inner in detail if isinstance(detail, _Pairs) else ():
            if isinstance(inner, _Pairs):
                yield name.rpartition(":")[2], inner


def _values(given: _Pairs, name: str) -> list[object]:
    return [value for key, value in given if key.lower() == name and value is not None]


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) and not isinstance(value, _Pairs) else [value]


def _text(given: _Pairs, name: str) -> str | None:
    """The text under a name, or None where there is none or two that differ."""
    texts = {value.strip() for value in _values(given, name) if isinstance(value, str)} - {""}
    return texts.pop() if len(texts) == 1 else None
