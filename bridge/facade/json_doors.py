"""What a request on the JSON doors asks for, judged by its path, method and parsed body.

Errs on the side of looking: whatever could write a Payment or Refund is journaled or refused, however it is spelled
(I10); only what certainly does not may pass. Paths come decoded and without a slash at the end; that they can be read
in one way only, ``paths`` has seen to. Must not decode values, nor look at a credential.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from bridge.core.model import Op
from bridge.facade.door import JOURNALED
from bridge.facade.json_guard import Value
from bridge.facade.json_wire import Door

WRITES: Final = frozenset(op.value for op in Op)

CRUD: Final = {"payment": "Payment", "refund": "Refund"}
"""Objects whose writes are journaled, by their name in the path (Zuora: CRUD)."""

READ: Final = {**CRUD, "invoice-payment": "InvoicePayment", "refund-invoice-payment": "RefundInvoicePayment"}
"""Objects whose reads the route ``rest`` answers."""

QUERIES: Final = frozenset({"query", "querymore"})

_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_BY_METHOD: Final = {("POST", 1): Op.CREATE, ("PUT", 2): Op.UPDATE, ("DELETE", 2): Op.DELETE}
_OVERRIDES: Final = frozenset({"x-http-method-override", "x-http-method", "x-method-override"})


class Way(enum.Enum):
    """What is to be done with a request."""

    PASS = "pass"  # noqa: S105
    QUERY = "query"
    JOURNAL = "journal"
    LOOK = "look"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Asked:
    """The way of a request. ``zuora_id`` is the one in a path of CRUD; from ``status`` on it is about a refusal.

    LOOK: the body decides, so it must be received and parsed before anything else. ``allowed`` are the methods of a
    path that was asked for with another one (RFC 9110, 15.5.6).
    """

    way: Way
    door: Door
    op: Op | None = None
    type: str = ""
    zuora_id: str = ""
    status: int = 400
    code: str = "INVALID_VALUE"
    why: str = ""
    allowed: str = ""


def by_path(door: Door, method: str, path: str, rest: str, headers: Iterable[str]) -> Asked:
    """What path and method say; ``rest`` is what follows the door's name, in lower case."""
    if door is Door.ACTION:
        if rest.split("/")[0] in WRITES:
            return Asked(Way.LOOK, door)
        return Asked(Way.QUERY if rest in QUERIES and method == "POST" else Way.PASS, door)
    kinds = rest.split("/")
    if kinds[0] in CRUD and not _OVERRIDES.isdisjoint(name.lower() for name in headers):
        return _refused(door, 400, "A header that overrides the method is not read on this path")
    if method in _SAFE:
        one = method == "GET" and len(kinds) == 2 and kinds[0] in READ
        return Asked(Way.QUERY, door, None, READ[kinds[0]], _last(path)) if one else Asked(Way.PASS, door)
    kind = CRUD.get(kinds[0])
    if kind is None:
        return Asked(Way.PASS, door)
    if path.partition("/v1/object/")[:2] != ("", "/v1/object/") or path.split("/")[3] != kinds[0]:
        return _refused(door, 400, "The path is not spelled as documented")
    op = _BY_METHOD.get((method, len(kinds)))
    if op is None:
        allowed = "POST" if len(kinds) == 1 else "GET, PUT, DELETE"
        return _refused(door, 405, f"There is no such operation on a {kind.lower()}", allowed=allowed)
    return Asked(Way.JOURNAL, door, op, kind, _last(path) if len(kinds) == 2 else "")


def by_body(method: str, path: str, rest: str, given: Value) -> Asked:
    """What the body of an Action that writes says."""
    door = Door.ACTION
    if not isinstance(given, dict) or not isinstance(given.get("type"), str):
        return _refused(door, 400, "The body must be an object with a type")
    if sum(name.lower() == "type" for name in given) > 1:
        # A reader that ignores case would take another one than we did.
        return _refused(door, 400, "The body has more than one type")
    kind = str(given["type"])
    if kind.strip().lower() not in JOURNALED:
        return Asked(Way.PASS, door)
    if kind not in JOURNALED.values():
        return _refused(door, 400, "The type of the objects is not spelled as in the WSDL", "INVALID_TYPE")
    if rest not in WRITES or path != f"/v1/action/{rest}":
        return _refused(door, 400, "The path is not spelled as documented")
    if method != "POST":
        return _refused(door, 405, "An action is a POST", allowed="POST")
    return Asked(Way.JOURNAL, door, Op(rest), kind)


def rejects_unknown(query: Mapping[str, str]) -> bool:
    """Whether the caller wants keys that the WSDL lacks refused (Zuora: Actions: rejectUnknownFields)."""
    return any(name.lower() == "rejectunknownfields" and value.lower() == "true" for name, value in query.items())


def _last(path: str) -> str:
    return path.rpartition("/")[2]


def _refused(door: Door, status: int, why: str, code: str = "INVALID_VALUE", allowed: str = "") -> Asked:
    return Asked(Way.REFUSE, door, status=status, code=code, why=f"{why}; nothing was sent.", allowed=allowed)
