"""Objects in JSON clothes, as the Actions and the CRUD objects share them: read into SOAP's terms, written from them.

Source: Zuora: Actions, CRUD operations: PascalCase names, nulls omitted, dates by WSDL version (default 79). Must not
hold a business rule.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, Final

from bridge.sandbox.clock import ZONE, soap_date_time
from bridge.sandbox.custom import is_custom
from bridge.sandbox.idempotency import Answer
from bridge.sandbox.ledger import Tenant
from bridge.sandbox.money import Json, dump_json, plain
from bridge.sandbox.permissions import PERMISSION_TEXT
from bridge.sandbox.rest.errors import standard_headers
from bridge.sandbox.soap.answers import Saved
from bridge.sandbox.soap.envelope import Value, ZObject, typed_value
from bridge.sandbox.soap.faults import TypedFault, known_code
from bridge.sandbox.soap.rows import Row
from bridge.sandbox.soap.schema import CHILD_FIELDS, CONTAINER_CHILDREN, DATES_SINCE, NEWEST, SCHEMA, Field

# Zuora: Actions: without X-Zuora-WSDL-Version the version is 79.
_DEFAULT_VERSION: Final = 79


class BadRequestError(Exception):
    """A request that is refused as a whole, with a bare message."""


def wsdl_version(headers: Mapping[str, str]) -> int:
    """Return the WSDL version a request is to be read by."""
    major = headers.get("x-zuora-wsdl-version", "").partition(".")[0].strip()
    return min(int(major), NEWEST) if major.isdecimal() and int(major) else _DEFAULT_VERSION


def answer_json(status: int, body: object, headers: Mapping[str, str]) -> Answer:
    """Write an answer."""
    return Answer(status, standard_headers(headers), dump_json(body).encode())


def forbidden(headers: Mapping[str, str]) -> Answer:
    """Answer a user who lacks the permission."""
    return answer_json(403, {"code": 90000010, "message": PERMISSION_TEXT}, headers)


def zobject(tenant: Tenant, kind: str, given: Mapping[str, Any], version: int, *, strict: bool) -> ZObject:
    """Read one object; `strict` refuses fields that neither the WSDL nor the tenant knows."""
    if kind not in SCHEMA:
        raise TypedFault("InvalidTypeFault", "INVALID_TYPE", f"invalid type: {kind}")
    known = {name: spec for name, spec in SCHEMA[kind].items() if spec.since <= version}
    if strict:
        allowed = {"Id", "fieldsToNull", *known, *tenant.settings.custom(kind)}
        if not allowed.issuperset(given):
            raise BadRequestError("unrecognised fields")
    to_null = given.get("fieldsToNull") or []
    if not isinstance(to_null, list):
        raise BadRequestError("fieldsToNull must be an array of names")
    read = _fields(kind, given, known, version)
    read.to_null = [str(name) for name in to_null]
    return read


def _fields(kind: str, given: Mapping[str, Any], known: Mapping[str, Field], version: int) -> ZObject:
    read = ZObject(kind, {})
    for name, value in given.items():
        if value is None or name == "fieldsToNull":
            continue
        read.fields[name] = _value(name, value, known.get(name), version)
    return read


def _value(name: str, value: Any, spec: Field | None, version: int) -> Value:
    if spec is not None and spec.kind == "list":
        child = CONTAINER_CHILDREN[name]
        rows = value.get(child, []) if isinstance(value, dict) else []
        if isinstance(rows, dict):
            rows = [rows]
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise BadRequestError(f"{name} must hold an array of {child}")
        return [_fields(child, row, CHILD_FIELDS[child], version) for row in rows]
    if isinstance(value, (dict, list)):
        if spec is None and not is_custom(name):
            return None
        raise BadRequestError(f"the value of {name} must be simple")
    if isinstance(value, bool):
        value = "true" if value else "false"
    return typed_value(name, plain(value) if isinstance(value, Decimal) else str(value), spec, version)


def saved(result: Saved, version: int, names: tuple[str, str, str]) -> dict[str, Json]:
    """Write a row: names of success, id and errors in the operation's spelling; errors carry no Field."""
    success, key, errors = names
    if result.refusal is None:
        return {key: result.id, success: True}
    code = known_code(result.refusal.soap, version)
    listed: list[Json] = [{"Code": code, "Message": result.refusal.message}]
    # In the order of the documented samples.
    return {success: False, **({key: result.id} if result.id else {}), errors: listed}


def record(row: Row, kind: str, fields: Sequence[str], version: int) -> dict[str, Json]:
    """Write a record; nulls are omitted, Id is always there."""
    written: dict[str, Json] = {}
    for name in fields:
        value = row.value(kind, name)
        if value is not None:
            written[name] = _json_value(value, version)
    return {**written, "Id": row.id}


def _json_value(value: object, version: int) -> Json:
    if isinstance(value, datetime):
        return soap_date_time(value)
    if isinstance(value, date):
        if version < DATES_SINCE:
            return soap_date_time(datetime.combine(value, time(), ZONE))
        return value.isoformat()
    return value  # type: ignore[return-value]
