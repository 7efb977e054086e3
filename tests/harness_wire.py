"""What black-box tests say and hear over HTTP: objects and envelopes written by hand, answers and requests read.

Never with the bridge's own code, so that a mistake in that code cannot agree with itself. Must not know a world.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from urllib.parse import urlsplit
from xml.sax.saxutils import escape, quoteattr

from lxml import etree

API = "http://api.zuora.com/"
OBJECT = "http://object.api.zuora.com/"
SOAP11 = "http://schemas.xmlsoap.org/soap/envelope/"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
XML_HEADERS = (("Content-Type", "text/xml; charset=utf-8"), ("SOAPAction", '""'))
TODAY = "2026-02-20"
Value: TypeAlias = "str | Sequence[Obj] | None"
Headers: TypeAlias = "Sequence[tuple[str, str]]"


# ------------------------------------------------------------------ what callers send


@dataclass(frozen=True)
class Obj:
    """One object of a call. ``@name`` in a value stands for the id of that object in the fixture."""

    type: str
    fields: Mapping[str, Value]

    def but(self, **fields: Value) -> Obj:
        """The same with other fields; None takes one away."""
        return Obj(self.type, {k: v for k, v in {**self.fields, **fields}.items() if v is not None})


def payment(**fields: Value) -> Obj:
    """A payment with everything Zuora requires; None takes a field away."""
    common: dict[str, Value] = {
        "AccountId": "@A",
        "EffectiveDate": TODAY,
        "PaymentMethodId": "@PMx",
        "Status": "Processed",
        "Type": "External",
    }
    return Obj("Payment", common).but(**fields)


def refund(**fields: Value) -> Obj:
    """An external refund of today by check; None takes a field away."""
    return Obj("Refund", {"Type": "External", "MethodType": "Check", "RefundDate": TODAY}).but(**fields)


def part(kind: str, **fields: str) -> Obj:
    """A row of a container."""
    return Obj(kind, fields)


def envelope(body: str, session: str | None = None, headers: str = "") -> bytes:
    """A SOAP 1.1 envelope as a careful client writes it."""
    if session is not None:
        headers = f"<ns1:SessionHeader><ns1:session>{escape(session)}</ns1:session></ns1:SessionHeader>{headers}"
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<soapenv:Envelope xmlns:soapenv="{SOAP11}" xmlns:ns1="{API}" xmlns:ns2="{OBJECT}" xmlns:xsi="{XSI}">'
        f"<soapenv:Header>{headers}</soapenv:Header><soapenv:Body>{body}</soapenv:Body></soapenv:Envelope>"
    ).encode()


def saved(op: str, objects: Sequence[Obj]) -> str:
    """The body of a create or update."""
    return f"<ns1:{op}>{''.join(_zobject(each) for each in objects)}</ns1:{op}>"


def deleted(kind: str, ids: Sequence[str]) -> str:
    """The body of a delete."""
    return f"<ns1:delete><ns1:type>{kind}</ns1:type>{''.join(f'<ns1:ids>{i}</ns1:ids>' for i in ids)}</ns1:delete>"


def _zobject(one: Obj) -> str:
    return f"<ns1:zObjects xsi:type={quoteattr(f'ns2:{one.type}')}>{_fields(one)}</ns1:zObjects>"


def _fields(one: Obj) -> str:
    # fieldsToNull belongs to the base type, so it stands first (Zuora: SOAP API WSDL, zObject).
    ordered = sorted(one.fields, key=lambda name: (name != "fieldsToNull", name))
    return "".join(_field(name, one.fields[name]) for name in ordered)


def _field(name: str, value: Value) -> str:
    if value is None or isinstance(value, str):
        return f"<ns2:{name}>{escape(value or '')}</ns2:{name}>"
    rows = "".join(f"<{_row_prefix(row)}:{row.type}>{_fields(row)}</{_row_prefix(row)}:{row.type}>" for row in value)
    return f"<ns2:{name}>{rows}</ns2:{name}>"


def _row_prefix(row: Obj) -> str:
    # Zuora's WSDL has these two containers in the object namespace, their rows in the api namespace.
    return "ns1" if row.type != "GatewayOption" else "ns2"


# ------------------------------------------------------------------ what comes back


@dataclass(frozen=True)
class Answer:
    """A complete HTTP answer."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str | None:
        """The value of a header that came at most once."""
        found = [value for each, value in self.headers if each.lower() == name.lower()]
        assert len(found) <= 1, f"{name} came {len(found)} times"
        return found[0] if found else None

    @property
    def xml(self) -> etree._Element:
        """The envelope."""
        return etree.fromstring(self.body)

    @property
    def payload(self) -> etree._Element:
        """The one element in the Body."""
        (body,) = self.xml
        (payload,) = body
        return payload

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The results of a write: Id, Success and Errors as a list of Code, Message, Field. Keys in lower case."""
        assert self.status == 200, (self.status, self.body)
        return [_row(result) for result in self.payload]

    @property
    def ids(self) -> list[str]:
        """The Id of every row; every row is a success."""
        assert all(row["success"] == "true" for row in self.rows), self.body
        return [row["id"] for row in self.rows]

    @property
    def fault(self) -> dict[str, str]:
        """faultcode, faultstring, kind, code and message of a fault."""
        payload = self.payload
        assert etree.QName(payload).localname == "Fault", self.body
        told = {etree.QName(child).localname: child.text or "" for child in payload if not len(child)}
        for kind in payload.find("detail") if payload.find("detail") is not None else ():
            told["kind"] = etree.QName(kind).localname
            told |= {
                {"FaultCode": "code", "FaultMessage": "message"}[etree.QName(leaf).localname]: leaf.text or ""
                for leaf in kind
            }
        return told


def _row(result: etree._Element) -> dict[str, Any]:
    row: dict[str, Any] = {"id": None, "success": None, "errors": []}
    for child in result:
        name = etree.QName(child).localname.lower()
        if name == "errors":
            row["errors"].append({etree.QName(leaf).localname: leaf.text for leaf in child})
        else:
            row[name] = child.text
    return row


@dataclass(frozen=True)
class Seen:
    """A request as it reached Zuora. ``objects`` are those of a SOAP write, in order."""

    seq: int
    face: str
    method: str
    path: str
    headers: Mapping[str, str]
    body: str
    operation: str
    changing: bool
    status: int
    replayed: bool
    faults: Sequence[str] = field(default_factory=tuple)

    @property
    def line(self) -> str:
        """What was asked, in a few words."""
        return self.operation if self.face == "soap" else f"{self.method} {self.path}"

    @property
    def json(self) -> Any:
        """The body with every number as its text, so that 80 and 80.0 differ."""
        return json.loads(self.body, parse_float=str, parse_int=str)

    @property
    def objects(self) -> list[Obj]:
        """The objects of a SOAP create or update."""
        body = etree.fromstring(self.body.encode())[-1]
        return [_read(each, each.get(f"{{{XSI}}}type", "").rpartition(":")[2]) for each in body[0]]


def _read(element: etree._Element, kind: str) -> Obj:
    fields: dict[str, Value] = {}
    for child in element:
        name = etree.QName(child).localname
        rows = [_read(row, etree.QName(row).localname) for row in child]
        fields[name] = rows or (child.text or "")
    return Obj(kind, fields)


# ------------------------------------------------------------------ sending


def post(
    url: str, body: bytes, headers: Headers = XML_HEADERS, *, method: str = "POST", timeout: float = 60.0
) -> Answer:
    """One request with exactly these headers (and Host, Content-Length) on a connection of its own."""
    parts = urlsplit(url)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    with contextlib.closing(http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=timeout)) as wire:
        wire.putrequest(method, target, skip_accept_encoding=True)
        for name, value in headers:
            wire.putheader(name, value)
        named = {name.lower() for name, _ in headers}
        if body and not named & {"content-length", "transfer-encoding"}:
            wire.putheader("Content-Length", str(len(body)))
        wire.endheaders(body or None)
        return _answer(wire.getresponse())


def _answer(came: http.client.HTTPResponse) -> Answer:
    return Answer(came.status, tuple(came.getheaders()), came.read())


def raw(url: str, request: bytes, *, timeout: float = 60.0, pieces: int = 0) -> Answer:
    """Exactly these bytes over a socket, in pieces of so many bytes where given."""
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname or "", parts.port or 80), timeout) as wire:
        for start in range(0, len(request), pieces or len(request)):
            wire.sendall(request[start : start + (pieces or len(request))])
        came = http.client.HTTPResponse(wire)
        try:
            while True:
                came.begin()
                if came.status != 100:
                    break
            return _answer(came)
        finally:
            came.close()


def until(condition: Callable[[], Any], seconds: float = 10.0, what: str = "it") -> Any:
    """Wait for a condition; returns its value."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, f"{what} did not happen within {seconds} s"
        time.sleep(0.005)
    return value
