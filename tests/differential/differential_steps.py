"""One request in neutral terms, and how each of Zuora's legacy doors writes it down. Written by hand, never with the
bridge's own code. Must not know a case.

In a value ``@name`` is the id of an object of the fixture, ``$n`` that of the n-th object made so far on that side.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias
from xml.sax.saxutils import escape

from harness import API, OBJECT, SOAP11, XSI

SOAP12: Final = "http://www.w3.org/2003/05/soap-envelope"

NIL: Final = ("nil",)
"""A field that is there and says nothing, as .NET and PHP send every one that was not set."""

Given: TypeAlias = "str | tuple[str, ...] | Sequence[Mapping[str, Given]] | Sequence[str]"
Fields: TypeAlias = Mapping[str, Given]
Resolve: TypeAlias = Callable[[str], str]

CHILDREN: Final = {
    "InvoicePaymentData": "InvoicePayment",
    "RefundInvoicePaymentData": "RefundInvoicePayment",
    "GatewayOptionData": "GatewayOption",
}
_OF_API: Final = frozenset({"InvoicePayment", "RefundInvoicePayment"})
"""Rows that Zuora's WSDL declares in the api namespace; option rows are declared there too, clients differ."""


@dataclass(frozen=True)
class Step:
    """Create or update ``objects`` of a type, or delete ``ids``; ``raw`` is a whole SOAP Body in their place.

    ``single`` asks for one transaction. ``session`` replaces the caller's, "" sends none.
    """

    op: str
    type: str = "Payment"
    objects: tuple[Fields, ...] = ()
    ids: tuple[str, ...] = ()
    raw: str = ""
    single: bool = False
    session: str | None = None


@dataclass(frozen=True)
class Request:
    """What goes over the wire to either side."""

    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: bytes


# ------------------------------------------------------------------ SOAP


def soap(step: Step, version: str, session: str, resolve: Resolve, *, soap12: bool = False) -> Request:
    """The step as an envelope of SOAP 1.1 or 1.2."""
    if step.raw:
        inner = _resolved(step.raw, resolve)
    elif step.op == "delete":
        ids = "".join(f"<ns1:ids>{escape(resolve(each))}</ns1:ids>" for each in step.ids)
        inner = f"<ns1:delete><ns1:type>{step.type}</ns1:type>{ids}</ns1:delete>"
    else:
        rows = "".join(
            f'<ns1:zObjects xsi:type="ns2:{step.type}">{_fields(each, resolve)}</ns1:zObjects>' for each in step.objects
        )
        inner = f"<ns1:{step.op}>{rows}</ns1:{step.op}>"
    used = session if step.session is None else step.session
    header = f"<ns1:SessionHeader><ns1:session>{escape(used)}</ns1:session></ns1:SessionHeader>" if used else ""
    if step.single:
        header = "<ns1:CallOptions><ns1:useSingleTransaction>true</ns1:useSingleTransaction></ns1:CallOptions>" + header
    return envelope(inner, version, header, soap12=soap12)


def envelope(inner: str, version: str, header: str = "", *, soap12: bool = False) -> Request:
    """A body in its envelope."""
    space = SOAP12 if soap12 else SOAP11
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<soapenv:Envelope xmlns:soapenv="{space}" xmlns:ns1="{API}" xmlns:ns2="{OBJECT}" xmlns:xsi="{XSI}">'
        f"<soapenv:Header>{header}</soapenv:Header><soapenv:Body>{inner}</soapenv:Body></soapenv:Envelope>"
    )
    media = "application/soap+xml; charset=utf-8" if soap12 else "text/xml; charset=UTF-8"
    headers = (("Content-Type", media), *(() if soap12 else (("SOAPAction", '""'),)))
    return Request("POST", f"/apps/services/a/{version}", headers, text.encode())


def _fields(given: Fields, resolve: Resolve) -> str:
    # fieldsToNull and Id belong to the base type and stand first (Zuora: SOAP API WSDL, zObject).
    first = {"fieldsToNull": 0, "Id": 1}
    ordered = sorted(given, key=lambda name: (first.get(name, 2), name.lower()))
    return "".join(_field(name, given[name], resolve) for name in ordered)


def _field(name: str, value: Given, resolve: Resolve) -> str:
    if value is NIL:
        return f'<ns2:{name} xsi:nil="true"/>'
    if isinstance(value, str):
        return f"<ns2:{name}>{_text(resolve(value))}</ns2:{name}>"
    if name == "fieldsToNull":
        return "".join(f"<ns2:{name}>{each}</ns2:{name}>" for each in value)
    child = CHILDREN[name]
    prefix = "ns1" if child in _OF_API else "ns2"
    rows = "".join(
        f"<{prefix}:{child}>{_fields(row, resolve)}</{prefix}:{child}>" for row in value if isinstance(row, Mapping)
    )
    return f"<ns2:{name}>{rows}</ns2:{name}>"


def _text(value: str) -> str:
    return escape(value, {"\r": "&#13;"})


def _resolved(text: str, resolve: Resolve) -> str:
    return "".join(resolve(word) for word in _words(text))


def _words(text: str) -> list[str]:
    words = [""]
    for letter in text:
        if letter in "@$" or not (letter.isalnum() or words[-1][:1] not in "@$"):
            words.append("")
        words[-1] += letter
    return words


# ------------------------------------------------------------------ JSON


def action(step: Step, version: str, resolve: Resolve) -> Request:
    """The step as a JSON Action."""
    if step.op == "delete":
        body: object = {"type": step.type, "ids": [resolve(each) for each in step.ids]}
        return _json("POST", "/v1/action/delete", version, json.dumps(body))
    rows = ",".join(_object(each, resolve) for each in step.objects)
    return _json("POST", f"/v1/action/{step.op}", version, f'{{"type":"{step.type}","objects":[{rows}]}}')


def crud(step: Step, version: str, resolve: Resolve) -> Request:
    """The step, which has one object, at /v1/object/."""
    path = f"/v1/object/{step.type.lower()}"
    if step.op == "create":
        return _json("POST", path, version, _object(step.objects[0], resolve))
    if step.op == "delete":
        return _json("DELETE", f"{path}/{resolve(step.ids[0])}", version, "")
    (given,) = step.objects
    key = given["Id"]
    assert isinstance(key, str)
    rest = {name: value for name, value in given.items() if name != "Id"}
    return _json("PUT", f"{path}/{resolve(key)}", version, _object(rest, resolve))


def _json(method: str, path: str, version: str, body: str) -> Request:
    headers = (("Content-Type", "application/json"), ("X-Zuora-WSDL-Version", version))
    return Request(method, path, headers, body.encode())


def _object(given: Fields, resolve: Resolve) -> str:
    return "{" + ",".join(f"{json.dumps(name)}:{_value(name, value, resolve)}" for name, value in given.items()) + "}"


def _value(name: str, value: Given, resolve: Resolve) -> str:
    if value is NIL:
        return "null"
    if isinstance(value, str):
        # Amounts are bare numbers, digit for digit, where JSON has such a number.
        bare = name.endswith("Amount") and _is_number(value)
        return value if bare else json.dumps(resolve(value))
    if name == "fieldsToNull":
        return json.dumps(list(value))
    rows = ",".join(_object(row, resolve) for row in value if isinstance(row, Mapping))
    return f'{{"{CHILDREN[name]}":[{rows}]}}'


def _is_number(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return text.strip() == text
