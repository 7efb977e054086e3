"""Zuora's CRUD objects: /v1/object/{type}[/{id}], one SOAP object a time in JSON clothes.

Source: Zuora: CRUD: Create, Retrieve, Update, Delete payment and refund; Create, Retrieve, Update invoice payment;
Retrieve refund invoice payment. Must not hold a business rule.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from bridge.sandbox import permissions
from bridge.sandbox.idempotency import Answer
from bridge.sandbox.ledger import Tenant
from bridge.sandbox.money import Json
from bridge.sandbox.orders import Orders
from bridge.sandbox.payments import ELECTRONIC
from bridge.sandbox.refusal import Refusal
from bridge.sandbox.rest.bodies import parse_json
from bridge.sandbox.rest.objects import BadRequestError, answer_json, forbidden, record, wsdl_version, zobject
from bridge.sandbox.sessions import Grant
from bridge.sandbox.soap.answers import Saved
from bridge.sandbox.soap.faults import ServerFault, TypedFault, known_code
from bridge.sandbox.soap.rows import candidates
from bridge.sandbox.soap.schema import SCHEMA
from bridge.sandbox.soap.writes import delete_objects, write_objects

_OPERATIONS: Final = {("POST", 1): "create", ("PUT", 2): "update", ("DELETE", 2): "delete", ("GET", 2): "read"}
_LENGTHS: Final = {"ReferenceId": 100, "InvoiceNumber": 32}
_TYPES: Final = {
    "payment": ("Payment", ("create", "update", "delete", "read")),
    "refund": ("Refund", ("create", "update", "delete", "read")),
    "invoice-payment": ("InvoicePayment", ("create", "update", "read")),
    "refund-invoice-payment": ("RefundInvoicePayment", ("read",)),
    "account": ("Account", ("create", "update", "read")),
    "invoice": ("Invoice", ("read",)),
}


def answer_crud(
    grant: Grant,
    method: str,
    path: Sequence[str],
    query: Sequence[tuple[str, str]],
    headers: Mapping[str, str],
    body: bytes,
    *,
    orders: Orders,
) -> Answer:
    """Answer /v1/object/{type}[/{id}]."""
    kind, allowed = _TYPES.get(path[0], ("", ()))
    operation = _OPERATIONS.get((method, len(path)))
    if not kind or operation not in allowed:
        return answer_json(405 if kind else 404, {"message": "Error - invalid object or method"}, headers)
    version = wsdl_version(headers)
    key = path[1] if len(path) > 1 else ""
    if operation == "read":
        return _read(grant.tenant, kind, key, dict(query).get("fields", ""), version, headers)
    if grant.tenant.settings.deny_writes or not permissions.may(grant.tenant, grant.user, f"{kind}.{operation}"):
        return forbidden(headers)
    try:
        if orders.fault is not None:
            raise orders.fault
        strict = dict(query).get("rejectUnknownFields") == "true"
        result = _write(grant, operation, kind, key, body, version, strict=strict, orders=orders)
    except TypedFault as fault:
        status = 400 if fault.status == 500 else fault.status
        return answer_json(status, _error(known_code(fault.code, version), fault.message), headers)
    except (ServerFault, Refusal) as fault:
        return answer_json(400, _error("INVALID_VALUE", fault.message), headers)
    except BadRequestError as error:
        return answer_json(400, {"message": f"Error - {error}"}, headers)
    if result.refusal is not None:
        code = known_code(result.refusal.soap, version)
        return answer_json(400, _error(code, result.refusal.message), headers)
    if operation != "delete":
        return answer_json(200, {"Success": True, "Id": result.id}, headers)
    # Payment's delete page writes them in capitals, Refund's does not; both have the id first.
    key, success = ("Id", "Success") if kind == "Payment" else ("id", "success")
    return answer_json(200, {key: result.id, success: True}, headers)


def _read(tenant: Tenant, kind: str, key: str, asked: str, version: int, headers: Mapping[str, str]) -> Answer:
    names = [name for name, spec in SCHEMA[kind].items() if spec.since <= version]
    names += tenant.settings.custom(kind)
    if asked:
        wanted = {name.strip() for name in asked.split(",")}
        names = [name for name in names if name in wanted]
    for row in candidates(tenant, kind, {"Id": key}):
        if row.id == key:
            return answer_json(200, record(row, kind, sorted(names), version), headers)
    return answer_json(404, {"records": [], "size": 0, "done": True}, headers)


def _write(
    grant: Grant, operation: str, kind: str, key: str, body: bytes, version: int, *, strict: bool, orders: Orders
) -> Saved:
    if operation == "delete":
        return delete_objects(grant, kind, [key], version, orders=orders)[0]
    fields: dict[str, Any] = parse_json(body)
    if operation == "update":
        fields["Id"] = key
    elif kind == "Payment" and fields.get("Type") != ELECTRONIC and fields.get("EffectiveDate") is None:
        # Zuora: CRUD: Create payment: only electronic payments must have one.
        fields["EffectiveDate"] = f"{grant.tenant.clock.today().isoformat()}{'' if version >= 69 else 'T00:00:00'}"
    one = zobject(grant.tenant, kind, fields, version, strict=strict)
    one.longest = _LENGTHS
    return write_objects(grant, operation, [one], version, orders=orders)[0]


def _error(code: str, message: str) -> dict[str, Json]:
    return {"Success": False, "Errors": [{"Code": code, "Message": message}]}
