"""Zuora's JSON Actions: SOAP's semantics in JSON clothes, behind REST's authorization.

Source: Zuora: Actions (create, update, delete, query, queryMore, subscribe, amend, generate, execute). They are outside
the error scheme of the v1 operations. The checks and the fifty-object rule are those of `soap.writes`. Must not hold a
business rule.
"""

from collections.abc import Mapping
from typing import Any

from bridge.sandbox import permissions
from bridge.sandbox.idempotency import Answer
from bridge.sandbox.money import Json
from bridge.sandbox.orders import Orders
from bridge.sandbox.refusal import Refusal
from bridge.sandbox.rest.bodies import parse_json
from bridge.sandbox.rest.objects import BadRequestError, answer_json, forbidden, record, saved, wsdl_version, zobject
from bridge.sandbox.sessions import Grant
from bridge.sandbox.soap import billing, zoql
from bridge.sandbox.soap.face import SoapFace, page_size
from bridge.sandbox.soap.faults import ServerFault, TypedFault, known_code
from bridge.sandbox.soap.rows import Row
from bridge.sandbox.soap.writes import delete_objects, write_objects

_WRITES = ("create", "update", "delete")


def answer_action(
    soap: SoapFace, grant: Grant, name: str, headers: Mapping[str, str], body: bytes, *, strict: bool, orders: Orders
) -> Answer:
    """Answer POST /v1/action/{name}."""
    version = wsdl_version(headers)
    try:
        given = parse_json(body)
        if name in _WRITES and not _may(grant, name, given):
            return forbidden(headers)
        if orders.fault is not None:
            raise orders.fault
        done = _action(soap, grant, name, given, version, strict=strict, orders=orders)
    except TypedFault as fault:
        told = {"FaultCode": known_code(fault.code, version), "FaultMessage": fault.message}
        return answer_json(400 if fault.status == 500 else fault.status, told, headers)
    except ServerFault as fault:
        return answer_json(400, {"message": f"Error - {fault.message}"}, headers)
    except (BadRequestError, Refusal) as error:
        return answer_json(400, {"message": f"Error - {error}"}, headers)
    return answer_json(200, done, headers)


def _may(grant: Grant, name: str, given: Mapping[str, Any]) -> bool:
    settings = grant.tenant.settings
    operation = f"{given.get('type', '')}.{name}"
    return not settings.deny_writes and permissions.may(grant.tenant, grant.user, operation)


def _action(
    soap: SoapFace,
    grant: Grant,
    name: str,
    given: Mapping[str, Any],
    version: int,
    *,
    strict: bool,
    orders: Orders,
) -> Json:
    kind = str(given.get("type", ""))
    if name in ("create", "update"):
        objects = [zobject(grant.tenant, kind, one, version, strict=strict) for one in _list(given, "objects", dict)]
        results = write_objects(grant, name, objects, version, orders=orders)
        return [saved(result, version, ("Success", "Id", "Errors")) for result in results]
    if name == "delete":
        results = delete_objects(grant, kind, _list(given, "ids", str), version, orders=orders)
        return [saved(result, version, ("success", "id", "errors")) for result in results]
    if name == "query":
        query = zoql.parse(str(given.get("queryString", "")), version, custom=grant.tenant.settings.custom_fields)
        rows, size = zoql.run(grant.tenant, query), _batch(given, version)
        locator = soap.remember(query, rows, grant.tenant.clock.now()) if len(rows) > size else ""
        return _page(query, rows, 0, size, locator, version)
    if name == "queryMore":
        cursor, locator, offset = soap.cursor(str(given.get("queryLocator", "")), grant.tenant)
        return _page(cursor.query, cursor.rows, offset, _batch(given, version), locator, version)
    if name in billing.OPERATIONS:
        return _bill(grant, name, given)
    raise BadRequestError(f"invalid action: {name}")


def _bill(grant: Grant, name: str, given: Mapping[str, Any]) -> Json:
    items = {"subscribe": "subscribes", "amend": "requests", "generate": "objects", "execute": "ids"}[name]
    rows = _list(given, items, str if name == "execute" else dict)
    if name == "amend" and len(rows) != 1:
        raise BadRequestError("requests must hold exactly one AmendRequest")
    results: list[Json] = [dict(one) for one in billing.results(grant.tenant, name, len(rows))]
    return {"results": results} if name == "amend" else results


def _list(given: Mapping[str, Any], name: str, kind: type) -> list[Any]:
    rows = given.get(name, [])
    if not isinstance(rows, list) or not all(isinstance(one, kind) for one in rows):
        raise BadRequestError(f"{name} must be an array of {'objects' if kind is dict else 'ids'}")
    return rows


def _batch(given: Mapping[str, Any], version: int) -> int:
    conf = given.get("conf") or {}
    text = str(conf.get("batchSize") or 0) if isinstance(conf, dict) else ""
    if not text.isdecimal():
        raise BadRequestError("conf.batchSize must be a number")
    return page_size(int(text), version)


def _page(query: zoql.Query, rows: list[Row], offset: int, size: int, locator: str, version: int) -> dict[str, Json]:
    end = offset + size
    more = bool(locator) and end < len(rows)
    records: list[Json] = [record(row, query.kind, query.fields, version) for row in rows[offset:end]]
    page: dict[str, Json] = {"size": len(rows), "records": records, "done": not more}
    if more:
        page["queryLocator"] = f"{locator}-{end}"
    return page
