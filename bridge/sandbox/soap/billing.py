"""Subscribe, amend, generate and execute: just enough to show that a call for them arrives and is answered.

Source: Zuora: SOAP API calls and Actions of these names; the shapes of their results. Nothing of billing is simulated:
each element gets fresh ids, and no ledger changes. Must not hold a rule.
"""

from typing import Final

from bridge.sandbox.ledger import Tenant
from bridge.sandbox.money import Json
from bridge.sandbox.soap.envelope import Request
from bridge.sandbox.soap.faults import unexpected

OPERATIONS: Final = ("subscribe", "amend", "generate", "execute")
_MOST: Final = 50
_ITEMS: Final = {"subscribe": "subscribes", "amend": "requests", "generate": "zObjects", "execute": "ids"}


def results(tenant: Tenant, operation: str, count: int) -> list[dict[str, Json]]:
    """Return one successful result per element, its fields in WSDL order."""
    if count > _MOST:
        raise unexpected("MAX_RECORDS_EXCEEDED", f"The number of objects must not be more than {_MOST}.")
    return [_result(tenant, operation) for _ in range(count)]


def answer_soap(tenant: Tenant, request: Request) -> str:
    """Answer one of these operations; amend's results really are plural."""
    operation = request.operation
    count = sum(1 for element in request.body if str(element.tag).rpartition("}")[2] == _ITEMS[operation])
    name = "results" if operation == "amend" else "result"
    rows = "".join(f"<ns1:{name}>{_fields(row)}</ns1:{name}>" for row in results(tenant, operation, count))
    return f'<ns1:{operation}Response xmlns:ns1="http://api.zuora.com/">{rows}</ns1:{operation}Response>'


def _result(tenant: Tenant, operation: str) -> dict[str, Json]:
    if operation == "subscribe":
        return {
            "AccountId": tenant.new_id(),
            "AccountNumber": tenant.new_number("A"),
            "SubscriptionId": tenant.new_id(),
            "SubscriptionNumber": tenant.new_number("A-S"),
            "Success": True,
        }
    if operation == "amend":
        return {"AmendmentIds": [tenant.new_id()], "SubscriptionId": tenant.new_id(), "Success": True}
    return {"Id": tenant.new_id(), "Success": True}


def _fields(row: dict[str, Json]) -> str:
    written = []
    for name, value in row.items():
        for one in value if isinstance(value, list) else [value]:
            text = "true" if one is True else str(one)
            written.append(f"<ns1:{name}>{text}</ns1:{name}>")
    return "".join(written)
