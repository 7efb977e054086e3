"""Create, update and delete of objects as SOAP, the JSON Actions and the CRUD objects share them.

Source: Zuora: SOAP API calls create, update, delete; Actions. Each object is a transaction of its own and gets a row
of its own; a call has at most fifty objects of one type. Must not know envelopes or JSON.
"""

from collections.abc import Callable, Sequence
from typing import Final

from bridge.sandbox import gateway, permissions
from bridge.sandbox.orders import NONE, Orders
from bridge.sandbox.payments import ELECTRONIC
from bridge.sandbox.refusal import INVALID_VALUE, Refusal
from bridge.sandbox.sessions import Grant
from bridge.sandbox.soap import others, payments, refunds
from bridge.sandbox.soap.answers import Saved
from bridge.sandbox.soap.envelope import ZObject
from bridge.sandbox.soap.faults import TypedFault, unexpected
from bridge.sandbox.soap.schema import SCHEMA

MOST_OBJECTS: Final = 50
Writer = Callable[[Grant, ZObject, int, Orders], str]


def write_objects(
    grant: Grant,
    operation: str,
    objects: Sequence[ZObject],
    version: int,
    *,
    single: bool = False,
    orders: Orders = NONE,
) -> list[Saved]:
    """Create or update each object in its own transaction, or all in one where the caller asked for that."""
    if len(objects) > MOST_OBJECTS:
        raise unexpected("MAX_RECORDS_EXCEEDED", f"The number of objects must not be more than {MOST_OBJECTS}.")
    if len({one.type for one in objects}) > 1:
        raise TypedFault("InvalidTypeFault", "INVALID_TYPE", "All objects of a call must be of the same type.")
    write = _WRITERS.get((operation, objects[0].type)) if objects else None
    if objects and write is None:
        raise TypedFault("InvalidTypeFault", "INVALID_TYPE", f"invalid type for {operation}: {objects[0].type}")
    if write is None:
        return []
    results: list[Saved] = []
    try:
        with grant.tenant.change():
            for one in objects:
                results.append(_save(grant, operation, write, one, version, orders))
                if single and results[-1].refusal:
                    _roll_back()
    except _RolledBackError:
        undone = Saved(refusal=Refusal(INVALID_VALUE, "The transaction was rolled back.", soap="TRANSACTION_FAILED"))
        failed = len(results) - 1
        return [results[failed] if index == failed else undone for index in range(len(objects))]
    return results


class _RolledBackError(Exception):
    """Undoes the other objects of a single transaction."""


def _roll_back() -> None:
    raise _RolledBackError


def _save(grant: Grant, operation: str, write: Writer, one: ZObject, version: int, orders: Orders) -> Saved:
    if orders.refuse is not None:
        return Saved(refusal=orders.refuse)
    try:
        permissions.require(grant.tenant, grant.user, f"{one.type}.{operation}")
        with grant.tenant.change():
            made = write(grant, one, version, orders)
    except Refusal as refusal:
        return Saved(refusal=refusal)
    if orders.verdict == "gateway_timeout_kept" and operation == "create" and one.text("Type") == ELECTRONIC:
        return Saved(refusal=gateway.timed_out())
    return Saved(id=made)


def delete_objects(grant: Grant, kind: str, ids: Sequence[str], version: int, *, orders: Orders = NONE) -> list[Saved]:
    """Delete objects one by one."""
    if len(ids) > MOST_OBJECTS:
        raise unexpected("MAX_RECORDS_EXCEEDED", f"The number of ids must not be more than {MOST_OBJECTS}.")
    # Zuora: Payment: delete is not there up to WSDL 30.
    if kind not in SCHEMA or (kind == "Payment" and version <= 30):
        raise TypedFault("InvalidTypeFault", "INVALID_TYPE", f"invalid type: {kind}")
    results = []
    for key in ids:
        try:
            if orders.refuse is not None:
                raise orders.refuse
            permissions.require(grant.tenant, grant.user, f"{kind}.delete")
            with grant.tenant.change():
                _delete(grant, kind, key)
            results.append(Saved(id=key))
        except Refusal as refusal:
            results.append(Saved(id=key, refusal=refusal))
    return results


def _delete(grant: Grant, kind: str, key: str) -> None:
    if kind not in ("Payment", "Refund") or not grant.tenant.settings.soap_deletes:
        raise payments.invalid(f"The {kind} cannot be deleted.", "CANNOT_DELETE")
    (payments if kind == "Payment" else refunds).delete(grant.tenant, key)


_WRITERS: Final[dict[tuple[str, str], Writer]] = {
    ("create", "Payment"): payments.create,
    ("update", "Payment"): lambda who, one, _, __: payments.update(who, one),
    ("create", "Refund"): lambda who, one, _, orders: refunds.create(who, one, orders),
    ("update", "Refund"): lambda who, one, _, __: refunds.update(who, one),
    ("create", "Account"): lambda who, one, _, __: others.create_account(who.tenant, one, who.user.id),
    ("update", "Account"): lambda who, one, _, __: others.update_account(who.tenant, one, who.user.id),
    ("create", "InvoicePayment"): lambda who, one, _, __: others.create_invoice_payment(who.tenant, one, who.user.id),
    ("update", "InvoicePayment"): lambda who, one, _, __: others.update_invoice_payment(who.tenant, one, who.user.id),
}
