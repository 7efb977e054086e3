"""What a tenant's WSDL file says of the tenant, and of the user who downloaded it.

Zuora tailors the file to the tenant's features and to the permissions of the user who downloads it (Zuora: SOAP API
WSDL), so what is missing tells which permission that user lacked. Must not read the file: a ``Contract`` is given.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from bridge.contract.contract import Contract
from bridge.core.model import Settlement, Version
from bridge.upstream.probe_findings import Finding, State

MINIMUM = Version(107)
"""Zuora: Payment object: AppliedAmount and UnappliedAmount are there from WSDL 107.0."""

NEEDED = ("login", "getUserInfo", "create", "update", "delete", "query")
OBJECTS = ("Payment", "Refund")
HEADERS = ("SessionHeader", "CallOptions")
SETTLEMENT_FIELDS = ("AppliedAmount", "UnappliedAmount")

_AGAIN = "Download the file again as a user who has all permissions of Payments and Billing."
_HELPFUL: Mapping[str, str] = {
    "InvoicePayment": "payments of several invoices at once (InvoicePaymentData) cannot be sent by SOAP",
    "RefundInvoicePayment": "refunds that name their invoices (RefundInvoicePaymentData) cannot be sent by SOAP",
    "GatewayOption": "gateway options cannot be sent by SOAP",
    "Account": "queries of accounts are answered by Zuora all the same, but clients generated from the file lack them",
    "Invoice": "queries of invoices are answered by Zuora all the same, but clients generated from the file lack them",
}


def custom_fields(contract: Contract) -> dict[str, dict[str, str]]:
    """The custom fields of each object type with their XML Schema types, those without any left out."""
    found: dict[str, dict[str, str]] = {}
    for name, kind in contract.custom_types.items():
        owner, _, field = name.partition(".")
        found.setdefault(owner, {})[field] = kind
    return found


def examine(contract: Contract, settlement: Settlement = Settlement.ON) -> tuple[Finding, ...]:
    """Everything worth saying about a file, in the order of its importance."""
    return (
        _version(contract),
        *_operations(contract),
        *_objects(contract),
        *_settlement(contract, settlement),
        *_details(contract),
        _custom(contract),
    )


def _version(contract: Contract) -> Finding:
    host = urlsplit(contract.address).netloc
    found = f"{contract.version}, downloaded from {host}"
    if contract.version < MINIMUM:
        how = f"Download the file again: Zuora gives the newest version, and {MINIMUM} or later is needed."
        return Finding("version", State.WRONG, found, advice=(how,))
    return Finding("version", State.AGREES, found)


def _operations(contract: Contract) -> Iterator[Finding]:
    headers = {name.name for operation in contract.operations.values() for name in operation.headers}
    missing = [f"{name}()" for name in NEEDED if name not in contract.operations]
    missing += [name for name in HEADERS if name not in headers]
    if missing:
        how = "Zuora's files have had them all along: this one was edited. Download it again and use it as it is."
        yield Finding("operations", State.WRONG, f"{', '.join(missing)} missing", advice=(how,))
    else:
        yield Finding("operations", State.AGREES, ", ".join(contract.operations))
    if "queryMore" not in contract.operations:
        text = "queryMore() missing: clients generated from the file cannot page"
        yield Finding("operations", State.NOTE, text, advice=("Ask Zuora to enable queryMore for the tenant.",))


def _objects(contract: Contract) -> Iterator[Finding]:
    missing = [name for name in OBJECTS if name not in contract.objects]
    if missing:
        found = f"{' and '.join(missing)} missing among {len(contract.objects)} types: a permission seems to be missing"
        yield Finding("objects", State.WRONG, found, advice=(_AGAIN,))
    else:
        yield Finding("objects", State.AGREES, f"{len(contract.objects)} types, Payment and Refund among them")
    for name, why in _HELPFUL.items():
        if name not in contract.objects:
            yield Finding("objects", State.NOTE, f"{name} missing: {why}", advice=(_AGAIN,))


def _settlement(contract: Contract, settlement: Settlement) -> Iterator[Finding]:
    payment = {field.name for field in contract.objects["Payment"].own} if "Payment" in contract.objects else set()
    if not payment:
        return
    missing = [name for name in SETTLEMENT_FIELDS if name not in payment]
    configured = f"BRIDGE_ZUORA__SETTLEMENT={settlement.value}"
    if not missing:
        found = "Payment has AppliedAmount and UnappliedAmount"
        if settlement is Settlement.OFF:
            advice = ("BRIDGE_ZUORA__SETTLEMENT=on",)
            yield Finding("Invoice Settlement", State.WRONG, found, configured, advice)
        else:
            yield Finding("Invoice Settlement", State.AGREES, found, configured)
    elif settlement is Settlement.OFF:
        yield Finding("Invoice Settlement", State.AGREES, f"Payment has no {' and no '.join(missing)}", configured)
    else:
        found = f"Payment has no {' and no '.join(missing)}: the file is of a tenant, or of a user, without the feature"
        without = "Or, if the tenant has no Invoice Settlement: BRIDGE_ZUORA__SETTLEMENT=off"
        yield Finding("Invoice Settlement", State.WRONG, found, configured, (_AGAIN, without))


def _details(contract: Contract) -> Iterator[Finding]:
    payment = contract.objects.get("Payment")
    if payment is not None and "Currency" not in {field.name for field in payment.own}:
        text = "Payment has no Currency: route rest takes the document's, else the account's"
        yield Finding("currency", State.NOTE, text)
    login = contract.elements[contract.operations["login"].input] if "login" in contract.operations else None
    if login is not None and {"entityId", "entityName"} & {field.name for field in login.fields}:
        yield Finding(
            "entities", State.NOTE, "login takes an entity: the tenant may have several (see `bridge doctor`)"
        )
    for name in OBJECTS:
        own = [field.name for field in contract.objects[name].own] if name in contract.objects else []
        if [each.lower() for each in own] != sorted(each.lower() for each in own):
            text = f"the fields of {name} are not in alphabetical order: the file's own order is kept"
            yield Finding("order", State.NOTE, text)


def _custom(contract: Contract) -> Finding:
    listed = custom_fields(contract)
    told = [f"{name}.{field} ({kind})" for name in OBJECTS for field, kind in listed.get(name, {}).items()]
    others = sum(len(fields) for name, fields in listed.items() if name not in OBJECTS)
    if not listed:
        return Finding("custom fields", State.NOTE, "none")
    found = ", ".join(told) or "none on Payment and Refund"
    return Finding("custom fields", State.AGREES, found + (f"; {others} on other objects" if others else ""))
