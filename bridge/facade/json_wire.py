"""Answers of the JSON doors: the shapes and statuses of Zuora's Actions and CRUD.

Actions answer a list of rows: ``{"Id", "Success"}``, for deletes ``{"id", "success"}`` (Zuora: Actions). CRUD answers
one object, a failure with 400 (Zuora: CRUD: Create, Update, Delete a payment; the delete of a refund is the one in
lower case). Errors have no ``Field``; every code is brought down to what the caller's WSDL version knows. Must not
decide what an outcome means.
"""

from __future__ import annotations

import enum
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from bridge.contract.versions import NOTHING, ErrorCodes
from bridge.core.model import Call, CallFault, Op, Outcome, Reply, RowError, Rows, Silence, Told, Version

LOWER_CASE_CRUD_DELETES: Final = frozenset({"Refund"})
"""Zuora: CRUD: Delete a refund; Zuora: CRUD: Delete a payment has them capitalised."""

NOT_PERMITTED: Final = 90000010
"""Zuora: Error codes: no permission, whatever the resource."""

AUTHENTICATION: Final = "Authentication error"
"""Zuora: Actions, 401: the text that legacy clients compare with."""

_STATUS: Final = {"INVALID_SESSION": 401, "NO_PERMISSION": 403, "SERVER_UNAVAILABLE": 503}


class Door(enum.Enum):
    """Whose shapes an answer has."""

    ACTION = "action"
    CRUD = "crud"


@dataclass(frozen=True, slots=True)
class Written:
    """A complete answer but for the headers that all answers have."""

    status: int
    body: bytes
    retry_after: int | None = None


class JsonRenderer:
    """Renders for callers of every version; ``own`` are the error codes of the tenant's file at ``version``.

    ``since``: as ``ErrorCodes`` takes it.
    """

    def __init__(self, version: Version, own: frozenset[str], since: Mapping[str, Version | None] = NOTHING) -> None:
        self._since = since
        self._version = version
        self._own = own
        self._codes: dict[Version, ErrorCodes] = {}

    def reply(self, door: Door, call: Call, reply: Reply) -> Written:
        """The answer to a journaled write."""
        if isinstance(reply, Silence):
            return Written(504, b"")
        if isinstance(reply, CallFault):
            return self.fault(door, reply, call.version)
        assert isinstance(reply, Rows)
        if all({error.code for error in each.errors} == {"INVALID_SESSION"} for each in reply.outcomes):
            # Zuora refused the caller's own credential for every object, one request each.
            return Written(401, message(AUTHENTICATION))
        codes = self._known(call.version)
        if door is Door.CRUD:
            (outcome,) = reply.outcomes
            return Written(200 if outcome.told is Told.APPLIED else 400, _bytes(_crud(outcome, call, codes)))
        rows = [_row(outcome, call, place, codes) for place, outcome in enumerate(reply.outcomes)]
        return Written(200, _bytes(rows))

    def fault(self, door: Door, fault: CallFault, version: Version) -> Written:
        """Nothing of the call was processed."""
        status = 429 if fault.status == 429 else _STATUS.get(fault.code, 400)
        if status == 401:
            return Written(401, message(AUTHENTICATION))
        if status == 403:
            return Written(403, _bytes({"code": NOT_PERMITTED, "message": fault.message}))
        codes = self._known(version)
        if door is Door.CRUD:
            body = _bytes({"Success": False, "Errors": [_error(RowError(fault.code, fault.message), codes)]})
        else:
            code, text = codes.told(fault.code, fault.message)
            body = _bytes({"FaultCode": code, "FaultMessage": text})
        return Written(status, body, fault.retry_after)

    def _known(self, version: Version) -> ErrorCodes:
        codes = self._codes.get(version)
        if codes is None:
            own = self._own if version >= self._version else frozenset()
            codes = ErrorCodes.for_version(version, own=own, since=self._since)
            if len(self._codes) < 256:
                self._codes[version] = codes
        return codes


def message(text: str) -> bytes:
    """The shape of what is wrong before any object was looked at (Zuora: Actions, 400 and 401)."""
    return _bytes({"message": text})


def _row(outcome: Outcome, call: Call, place: int, codes: ErrorCodes) -> Mapping[str, object]:
    """A row of an Action, in the order of the documented samples."""
    errors = [_error(each, codes) for each in outcome.errors]
    if call.op is Op.DELETE:
        if outcome.told is Told.APPLIED:
            return {"id": outcome.zuora_id, "success": True}
        return {"success": False, "id": call.objects[place].get("Id"), "errors": errors}
    if outcome.told is Told.APPLIED:
        return {"Id": outcome.zuora_id, "Success": True}
    return {"Success": False, "Errors": errors}


def _crud(outcome: Outcome, call: Call, codes: ErrorCodes) -> Mapping[str, object]:
    if outcome.told is not Told.APPLIED:
        return {"Success": False, "Errors": [_error(each, codes) for each in outcome.errors]}
    if call.op is not Op.DELETE:
        return {"Success": True, "Id": outcome.zuora_id}
    if call.type in LOWER_CASE_CRUD_DELETES:
        return {"id": outcome.zuora_id, "success": True}
    return {"Id": outcome.zuora_id, "Success": True}


def _error(error: RowError, codes: ErrorCodes) -> Mapping[str, str]:
    code, text = codes.told(error.code, error.message)
    return {"Code": code, "Message": text}


def _bytes(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
