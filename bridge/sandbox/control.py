"""The control face under /sandbox/: looking into the books, moving the clock, ordering faults. Never part of Zuora.

| call | what it does |
|---|---|
| GET ledger[?tenant=seed][?entity=id or name] | the books; `names` gives the ids of the fixture's objects and items |
| GET requests[?after=n], DELETE requests | what reached Zuora, in order, secrets masked |
| GET clock, POST clock {"now"} or {"advance_seconds"} | the tenant's time |
| POST seed {"name"} | start again from `demo`, `other-tenant` or `many` (see `seeds`) |
| GET settings, POST settings {...} | tenant features (see `settings`) |
| GET faults, POST faults {...}, DELETE faults | what is to go wrong (see `faults`) |
| POST edit {"key", ...} | an account's `status`; a payment's or refund's `gatewayState`, `transferredToAccounting` |

An edit does what no API of Zuora's can; its `key` is a fixture name, an id or a number.

Every bad input is 400 with a text that says what would be right. Must not be reachable through the bridge.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from bridge.sandbox.books import books
from bridge.sandbox.clock import query_date_time
from bridge.sandbox.ledger import Tenant
from bridge.sandbox.money import Json, dump_json
from bridge.sandbox.records import Payment, Refund
from bridge.sandbox.seeds import SEEDS

if TYPE_CHECKING:
    from bridge.sandbox.server import Sandbox


class BadInput(Exception):
    """The control request cannot be understood; its text is the answer."""


def answer(sandbox: "Sandbox", method: str, path: str, query: Mapping[str, str], body: bytes) -> tuple[int, str]:
    """Answer one control request."""
    try:
        done = _dispatch(sandbox, method, path.rstrip("/"), query, body)
    except BadInput as error:
        return 400, dump_json({"error": str(error)})
    if done is None:
        return 404, dump_json({"error": f"no control operation {method} {path}"})
    return 200, dump_json(done)


def _dispatch(sandbox: "Sandbox", method: str, path: str, query: Mapping[str, str], body: bytes) -> Json:
    match method, path.removeprefix("/sandbox/"):
        case "GET", "ledger":
            name = query.get("tenant", sandbox.tenant.seed)
            if name not in sandbox.tenants:
                raise BadInput(f"unknown tenant {name!r}; known: {', '.join(sandbox.tenants)}")
            found = sandbox.tenants[name].entity(query["entity"]) if "entity" in query else sandbox.tenants[name]
            if found is None:
                raise BadInput(f"unknown entity {query['entity']!r}")
            return books(found)
        case "GET", "requests":
            after = query.get("after", "0")
            if not after.isdecimal():
                raise BadInput("after must be a sequence number")
            return sandbox.recording.wire(int(after))
        case "DELETE", "requests":
            return {"cleared": sandbox.recording.clear()}
        case "GET", "clock":
            return {"now": query_date_time(sandbox.clock.now())}
        case "POST", "clock":
            return _clock(sandbox, _object(body))
        case "POST", "seed":
            return _seed(sandbox, _object(body))
        case "GET", "settings":
            return sandbox.tenant.settings.wire()
        case "POST", "settings":
            return _settings(sandbox, _object(body))
        case "POST", "edit":
            return _edit(sandbox.tenant, _object(body))
        case "GET", "faults":
            return [fault.wire() for fault in sandbox.faults.all]
        case "POST", "faults":
            made = sandbox.faults.add(_object(body))
            if isinstance(made, str):
                raise BadInput(made)
            return made.wire()
        case "DELETE", "faults":
            return {"cleared": sandbox.faults.clear()}
        case _:
            return None


def _object(body: bytes) -> dict[str, object]:
    try:
        given = json.loads(body or b"{}", parse_float=Decimal, parse_int=Decimal)
    except ValueError:
        raise BadInput("the body is not JSON") from None
    if not isinstance(given, dict):
        raise BadInput("the body must be a JSON object")
    return given


def _clock(sandbox: "Sandbox", given: dict[str, object]) -> Json:
    if set(given) == {"advance_seconds"} and isinstance(given["advance_seconds"], Decimal):
        sandbox.clock.advance(float(given["advance_seconds"]))
    elif set(given) == {"now"}:
        try:
            moment = datetime.fromisoformat(str(given["now"]))
        except ValueError:
            raise BadInput("now must be an ISO date and time with an offset") from None
        if moment.tzinfo is None:
            raise BadInput("now must have an offset, such as 2026-02-20T10:00:00-08:00")
        sandbox.clock.set(moment)
    else:
        raise BadInput('the body must be {"now": "<iso>"} or {"advance_seconds": <number>}')
    return {"now": query_date_time(sandbox.clock.now())}


def _seed(sandbox: "Sandbox", given: dict[str, object]) -> Json:
    name = given.get("name")
    if set(given) != {"name"} or name not in SEEDS:
        raise BadInput(f'the body must be {{"name": one of {", ".join(SEEDS)}}}')
    sandbox.reset(str(name))
    return {"seed": str(name), "names": dict(sandbox.tenant.names)}


_ACCOUNT_STATES = ("Active", "Canceled", "Draft")
_GATEWAY_STATES = ("NotSubmitted", "MarkedForSubmission", "Submitted", "Settled", "FailedToSettle")
_TRANSFERRED = ("No", "Processing", "Yes", "Error", "Ignore")


def _edit(tenant: Tenant, given: dict[str, object]) -> Json:
    key = str(given.pop("key", ""))
    key = tenant.names.get(key, key)
    account = tenant.accounts.get(key) or tenant.account_numbers.get(key)
    payment = tenant.payments.get(key) or tenant.payment_numbers.get(key)
    movement: Payment | Refund | None = payment or tenant.refunds.get(key) or tenant.refund_numbers.get(key)
    if account is not None and set(given) == {"status"} and given["status"] in _ACCOUNT_STATES:
        with tenant.change():
            tenant.touch(account)
            account.status = str(given["status"])
        return {"id": account.id, "status": account.status}
    good = {"gatewayState": _GATEWAY_STATES, "transferredToAccounting": _TRANSFERRED}
    if movement is None or not given or any(value not in good.get(name, ()) for name, value in given.items()):
        raise BadInput(
            'the body must be {"key": an account, "status": Active, Canceled or Draft} or {"key": a payment or refund,'
            ' "gatewayState" or "transferredToAccounting"}'
        )
    with tenant.change():
        tenant.touch(movement)
        movement.gateway_state = str(given.get("gatewayState", movement.gateway_state))
        movement.transferred = str(given.get("transferredToAccounting", movement.transferred))
        if movement.gateway_state == "Settled":
            movement.settled = tenant.clock.now()
    return {"id": movement.id, "gatewayState": movement.gateway_state, "transferredToAccounting": movement.transferred}


def _settings(sandbox: "Sandbox", given: dict[str, object]) -> Json:
    wrong = sandbox.tenant.settings.change(given)
    if wrong:
        raise BadInput(wrong)
    if "requestLog" in given:
        sandbox.recording.resize(sandbox.tenant.settings.request_log)
    return sandbox.tenant.settings.wire()
