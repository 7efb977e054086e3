"""Zuora's JSON Actions and CRUD objects: SOAP's semantics in JSON clothes, behind REST's authorization.

Source: Zuora: Actions (create, update, delete, query, queryMore), CRUD: Create payment, Create refund. They are outside
the error scheme of the v1 operations. Must not hold a business rule.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from bridge.sandbox.clock import ZONE, soap_date_time
from bridge.sandbox.idempotency import Answer
from bridge.sandbox.money import Json, dump_json, plain
from bridge.sandbox.refusal import Refusal
from bridge.sandbox.rest.bodies import parse_json
from bridge.sandbox.rest.errors import standard_headers
from bridge.sandbox.sessions import Grant
from bridge.sandbox.soap import zoql
from bridge.sandbox.soap.answers import Saved
from bridge.sandbox.soap.envelope import Value, ZObject, typed_value
from bridge.sandbox.soap.face import SoapFace, delete_objects, page_size, write_objects
from bridge.sandbox.soap.faults import ServerFault, TypedFault, known_code
from bridge.sandbox.soap.rows import Row, candidates
from bridge.sandbox.soap.schema import CHILD_FIELDS, CONTAINER_CHILDREN, DATES_SINCE, SCHEMA, Field, is_custom

# Zuora: Actions: without X-Zuora-WSDL-Version the version is 79.
_DEFAULT_VERSION = 79
_CRUD_TYPES = {
    "payment": "Payment",
    "refund": "Refund",
    "account": "Account",
    "invoice": "Invoice",
    "invoice-payment": "InvoicePayment",
    "refund-invoice-payment": "RefundInvoicePayment",
}


class _BadRequestError(Exception):
    """A request that Actions refuse as a whole, with a bare message."""


def answer_action(
    soap: SoapFace, grant: Grant, name: str, headers: Mapping[str, str], body: bytes, *, strict: bool, decline: bool
) -> Answer:
    """Answer POST /v1/action/{name}."""
    version = _version(headers)
    try:
        given = parse_json(body)
        done = _action(soap, grant, name, given, version, strict=strict, decline=decline)
    except TypedFault as fault:
        return _json(400, {"FaultCode": known_code(fault.code, version), "FaultMessage": fault.message}, headers)
    except ServerFault as fault:
        return _json(400, {"message": f"Error - {fault.message}"}, headers)
    except (_BadRequestError, Refusal) as error:
        return _json(400, {"message": f"Error - {error}"}, headers)
    return _json(200, done, headers)


def answer_crud(
    grant: Grant, method: str, path: Sequence[str], headers: Mapping[str, str], body: bytes, *, decline: bool
) -> Answer:
    """Answer /v1/object/{type}[/{id}]."""
    kind = _CRUD_TYPES.get(path[0], "")
    version = _version(headers)
    if kind and method == "GET" and len(path) == 2:
        for row in candidates(grant.tenant, kind, {"Id": path[1]}):
            if row.id == path[1]:
                return _json(200, _record(row, kind, sorted(SCHEMA[kind]), version), headers)
        return _json(404, {"records": [], "size": 0, "done": True}, headers)
    try:
        if kind and method == "DELETE" and len(path) == 2:
            result = delete_objects(grant.tenant, kind, [path[1]], version)[0]
        elif kind and (method, len(path)) in (("POST", 1), ("PUT", 2)):
            operation = "create" if method == "POST" else "update"
            fields = parse_json(body) | ({"Id": path[1]} if method == "PUT" else {})
            one = _zobject(kind, fields, version, strict=False)
            result = write_objects(grant, operation, [one], version, single=False, decline=decline)[0]
        else:
            return _json(405 if kind else 404, {"message": "Error - invalid object or method"}, headers)
    except TypedFault as fault:
        return _json(400, _crud_error(known_code(fault.code, version), fault.message), headers)
    except (ServerFault, Refusal) as fault:
        return _json(400, _crud_error("INVALID_VALUE", fault.message), headers)
    if result.refusal is not None:
        return _json(400, _crud_error(known_code(result.refusal.soap, version), result.refusal.message), headers)
    lower = method == "DELETE" and kind != "Payment"
    names = ("success", "id") if lower else ("Success", "Id")
    return _json(200, {names[0]: True, names[1]: result.id}, headers)


def _action(
    soap: SoapFace, grant: Grant, name: str, given: Mapping[str, Any], version: int, *, strict: bool, decline: bool
) -> Json:
    if name in ("create", "update"):
        objects = [_zobject(str(given.get("type", "")), one, version, strict=strict) for one in _objects(given)]
        results = write_objects(grant, name, objects, version, single=False, decline=decline)
        return [_saved(result, version, ("Success", "Id", "Errors")) for result in results]
    if name == "delete":
        ids = [str(one) for one in given.get("ids", ())]
        results = delete_objects(grant.tenant, str(given.get("type", "")), ids, version)
        return [_saved(result, version, ("success", "id", "errors")) for result in results]
    size = page_size(int((given.get("conf") or {}).get("batchSize") or 0))
    if name == "query":
        query = zoql.parse(str(given.get("queryString", "")), version)
        rows = zoql.run(grant.tenant, query)
        locator = soap.remember(query, rows, grant.tenant.clock.now()) if len(rows) > size else ""
        return _page(query, rows, 0, size, locator, version)
    if name == "queryMore":
        cursor, locator, offset = soap.cursor(str(given.get("queryLocator", "")), grant.tenant)
        return _page(cursor.query, cursor.rows, offset, size, locator, version)
    raise _BadRequestError(f"invalid action: {name}")


def _objects(given: Mapping[str, Any]) -> list[dict[str, Any]]:
    objects = given.get("objects", [])
    if not isinstance(objects, list) or not all(isinstance(one, dict) for one in objects):
        raise _BadRequestError("objects must be an array of objects")
    return objects


def _zobject(kind: str, given: Mapping[str, Any], version: int, *, strict: bool) -> ZObject:
    if kind not in SCHEMA:
        raise TypedFault("InvalidTypeFault", "INVALID_TYPE", f"invalid type: {kind}")
    read = _fields(kind, given, SCHEMA[kind], version, strict=strict)
    read.to_null = [str(name) for name in given.get("fieldsToNull", ())]
    return read


def _fields(kind: str, given: Mapping[str, Any], known: Mapping[str, Field], version: int, *, strict: bool) -> ZObject:
    read = ZObject(kind, {})
    for name, value in given.items():
        spec = known.get(name)
        if strict and spec is None and name not in ("Id", "fieldsToNull") and not is_custom(name):
            raise _BadRequestError("unrecognised fields")
        if value is None or name == "fieldsToNull":
            continue
        read.fields[name] = _value(name, value, spec, version)
    return read


def _value(name: str, value: Any, spec: Field | None, version: int) -> Value:
    if spec is not None and spec.kind == "list":
        child = CONTAINER_CHILDREN[name]
        rows = value.get(child, []) if isinstance(value, dict) else []
        if isinstance(rows, dict):
            rows = [rows]
        return [_fields(child, row, CHILD_FIELDS[child], version, strict=False) for row in rows]
    text = plain(value) if isinstance(value, Decimal) else str(value)
    return typed_value(name, text, spec, version)


def _saved(result: Saved, version: int, names: tuple[str, str, str]) -> dict[str, Json]:
    success, key, errors = names
    if result.refusal is None:
        return {success: True, key: result.id}
    code = known_code(result.refusal.soap, version)
    listed: list[Json] = [{"Code": code, "Message": result.refusal.message}]
    row: dict[str, Json] = {success: False, errors: listed}
    if result.id:
        row[key] = result.id
    return row


def _page(
    query: zoql.Query, rows: Sequence[Row], offset: int, size: int, locator: str, version: int
) -> dict[str, Json]:
    end = offset + size
    more = bool(locator) and end < len(rows)
    records: list[Json] = [_record(row, query.kind, query.fields, version) for row in rows[offset:end]]
    page: dict[str, Json] = {"size": len(rows), "records": records, "done": not more}
    if more:
        page["queryLocator"] = f"{locator}-{end}"
    return page


def _record(row: Row, kind: str, fields: Sequence[str], version: int) -> dict[str, Json]:
    record: dict[str, Json] = {}
    for name in fields:
        value = row.value(kind, name)
        if value is not None:
            record[name] = _json_value(value, version)
    return {**record, "Id": row.id}


def _json_value(value: object, version: int) -> Json:
    if isinstance(value, datetime):
        return soap_date_time(value)
    if isinstance(value, date):
        if version < DATES_SINCE:
            return soap_date_time(datetime.combine(value, time(), ZONE))
        return value.isoformat()
    return value  # type: ignore[return-value]


def _crud_error(code: str, message: str) -> dict[str, Json]:
    return {"Success": False, "Errors": [{"Code": code, "Message": message}]}


def _version(headers: Mapping[str, str]) -> int:
    major = headers.get("x-zuora-wsdl-version", "").partition(".")[0].strip()
    return int(major) if major.isdigit() else _DEFAULT_VERSION


def _json(status: int, body: object, headers: Mapping[str, str]) -> Answer:
    return Answer(status, standard_headers(headers), dump_json(body).encode())
