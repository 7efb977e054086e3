"""Update and delete of a Payment or Refund: by SOAP, which knows ids whoever made the object, or by REST.

By default SOAP carries them; a cancel and a delete have a REST request behind them for the object that only REST could
have made. Where policy says rest, what REST can say goes there: the fields that SOAP lets be changed (Zuora: Payment
object; Refund object), a cancel, a delete. The account behind an id is asked for only where policy's answer can depend
on it: the id is the lane.
"""

from __future__ import annotations

import re

from bridge.core.classify.choice import Choice
from bridge.core.classify.common import fact
from bridge.core.classify.verdicts import Asking, Forward, Request, Translate
from bridge.core.facts import Owner, WhichOwner
from bridge.core.mapping.custom import customs
from bridge.core.mapping.fields import TABLE, Target, is_custom
from bridge.core.mapping.payment import copied
from bridge.core.model import Op, RowError, Tenant, ZObject
from bridge.core.refusals import Refusal

_UPDATES = {"Payment": Target.UPDATE_PAYMENT, "Refund": Target.UPDATE_REFUND}
_PATHS = {"Payment": "/v1/payments", "Refund": "/v1/refunds"}

_ID = re.compile(r"[0-9a-zA-Z]{1,32}\Z")
"""An id that can stand in a path (Zuora: SOAP API WSDL, ID: 32 characters, or digits). Zuora judges the rest."""


def classify(obj: ZObject, op: Op, tenant: Tenant, choice: Choice) -> Asking[Forward | Translate]:
    """Decide about one update or delete; raises ``Refusal`` or ``NoVerdictError``."""
    zuora_id = obj.word("Id") or ""
    if questions := choice.questions:
        choice.hear((yield questions))
    elif choice.asks and zuora_id:
        question = WhichOwner(obj.type, zuora_id)
        owner = fact((yield (question,)), question)
        choice.found(owner.account_id if isinstance(owner, Owner) else None)
    reason = _soap_alone(obj) if op is Op.UPDATE else None
    if reason is not None:
        return Forward(obj, reason, held=_held(obj))
    possible = _ID.match(zuora_id) is not None
    if choice.rest():
        if not possible:
            # The words of Zuora's SOAP for an id that is none.
            raise Refusal(RowError("INVALID_ID", f"invalid id for {op.value}", "Id"))
        request = _end(obj, op) or Request("PUT", _path(obj), _body(obj, tenant))
        return Translate(
            obj,
            request.path,
            request.body,
            lane=zuora_id,
            reason=f"{_what(obj, op)}, and the cutover rule says rest",
            method=request.method,
            held=zuora_id,
            zuora_id=zuora_id,
        )
    # Changing fields is the same in SOAP whoever made the object; only its end may be REST's alone.
    return Forward(
        obj,
        f"{_what(obj, op)} an object that SOAP knows by its id",
        fallback=_end(obj, op) if possible else None,
        held=_held(obj),
    )


def _held(obj: ZObject) -> str | None:
    """What nobody else of the bridge may change meanwhile; none where Zuora refuses the id in any case."""
    zuora_id = obj.word("Id") or ""
    return zuora_id if _ID.match(zuora_id) is not None else None


def _soap_alone(obj: ZObject) -> str | None:
    """Why REST cannot do this update, or None."""
    status = obj.word("Status")
    if obj.nulls:
        return "clears fields, which only SOAP can"
    if any(map(is_custom, obj.verbatim)):
        return "has a custom field that only XML can carry"
    if status is not None and status != "Canceled":
        return f"sets a status ({status[:20]}), which only SOAP can"
    if status is not None and _changes(obj):
        return "cancels and changes fields in one step, which only SOAP can"
    if status is None and not _changes(obj):
        return "names no field that can be changed"
    return None


def _changes(obj: ZObject) -> list[str]:
    table = TABLE[_UPDATES[obj.type]]
    return [name for name in obj.fields if is_custom(name) or (name in table and table[name].copied)]


def _what(obj: ZObject, op: Op) -> str:
    if op is Op.DELETE:
        return "deletes"
    return "cancels" if obj.word("Status") is not None else "changes"


def _end(obj: ZObject, op: Op) -> Request | None:
    """The request that ends the object, if that is what is asked for."""
    if op is Op.DELETE:
        return Request("DELETE", _path(obj))
    return Request("PUT", f"{_path(obj)}/cancel") if obj.word("Status") is not None else None


def _path(obj: ZObject) -> str:
    return f"{_PATHS[obj.type]}/{obj.word('Id')}"


def _body(obj: ZObject, tenant: Tenant) -> dict[str, object]:
    return copied(obj, _UPDATES[obj.type]) | customs(obj, tenant.custom_types)
