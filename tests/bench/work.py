"""The calls that are measured, as bytes: what a legacy caller sends, and what may be called an answer to it.

A request is cut where its reference goes, so that every call is a new payment (nothing joins) and none is built while
it is measured. The direct form goes to the sandbox itself and is the reference: no bridge can be cheaper or faster.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

PATH = "/apps/services/a/107.0"
BATCH = 50

_HOLE = "@reference@"
_AMOUNT = "@the-amount@"
"""Of each request another one: payments of one amount at the same time would wait for each other as near twins."""


@dataclass(frozen=True, slots=True)
class Tenant:
    """What the requests need to know: fixtures' ids, a session and a token."""

    names: Mapping[str, str]
    session: str
    token: str


@dataclass(frozen=True, slots=True)
class Request:
    """The pieces of a request, with a 12-character reference between each two."""

    pieces: tuple[bytes, ...]

    def filled(self, first: int) -> bytes:
        """The request with references counted from ``first``."""
        out = [self.pieces[0]]
        for number, piece in enumerate(self.pieces[1:]):
            out += (b"%012d" % (first + number), piece)
        amount = b"%09d.%02d" % divmod(first + 1, 100)
        return b"".join(out).replace(_AMOUNT.encode(), amount)

    @property
    def references(self) -> int:
        """How many references one request takes."""
        return len(self.pieces) - 1


@dataclass(frozen=True, slots=True)
class Work:
    """One kind of call. ``budget`` is the CPU it may cost the bridge, in milliseconds; ``direct`` may be missing."""

    title: str
    budget: float | None
    through: Callable[[str, Tenant], Request]
    direct: Callable[[str, Tenant], Request] | None
    good: Callable[[int, bytes], bool]


def _request(method: str, url: str, path: str, headers: Mapping[str, str], body: str = "") -> Request:
    filled = body.replace(_HOLE, "0" * 12).encode()
    lines = [f"{method} {path} HTTP/1.1", f"Host: {urlsplit(url).netloc}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if body:
        lines.append(f"Content-Length: {len(filled)}")
    return Request(tuple(piece.encode() for piece in ("\r\n".join(lines) + "\r\n\r\n" + body).split(_HOLE)))


def _soap(content: str) -> Callable[[str, Tenant], Request]:
    """A SOAP request as Apache Axis 1 spells it: the client most such systems were generated with."""

    def made(url: str, tenant: Tenant) -> Request:
        values = {**tenant.names, "session": tenant.session}
        body = (
            '<?xml version="1.0" encoding="UTF-8"?>'
            '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"'
            ' xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
            '<soapenv:Header><ns1:SessionHeader soapenv:mustUnderstand="0" xmlns:ns1="http://api.zuora.com/">'
            "<ns1:session>%(session)s</ns1:session></ns1:SessionHeader></soapenv:Header>"
            f"<soapenv:Body>{content}</soapenv:Body></soapenv:Envelope>"
        )
        headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '""', "User-Agent": "Axis/1.4"}
        return _request("POST", url, PATH, headers, body % values)

    return made


def _payments(count: int, document: str) -> Callable[[str, Tenant], Request]:
    one = (
        '<ns1:zObjects xsi:type="ns2:Payment" xmlns:ns2="http://object.api.zuora.com/">'
        "<ns2:AccountId>%(account)s</ns2:AccountId><ns2:Amount>@the-amount@</ns2:Amount>"
        "<ns2:AppliedInvoiceAmount>@the-amount@</ns2:AppliedInvoiceAmount>"
        "<ns2:EffectiveDate>2026-02-20</ns2:EffectiveDate>"
        f"<ns2:InvoiceId>%({document})s</ns2:InvoiceId><ns2:PaymentMethodId>%(method)s</ns2:PaymentMethodId>"
        f"<ns2:ReferenceId>{_HOLE}</ns2:ReferenceId><ns2:Status>Processed</ns2:Status>"
        "<ns2:Type>External</ns2:Type></ns1:zObjects>"
    )
    return _soap(f'<ns1:create xmlns:ns1="http://api.zuora.com/">{one * count}</ns1:create>')


def _memo_payment(url: str, tenant: Tenant) -> Request:
    names = tenant.names
    body = {
        "accountId": names["account"],
        "amount": 0.01,
        "currency": "USD",
        "effectiveDate": "2026-02-20",
        "paymentMethodId": names["method"],
        "referenceId": _HOLE,
        "type": "External",
        "debitMemos": [{"debitMemoId": names["memo"], "amount": 0.01}],
    }
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {tenant.token}"}
    return _request("POST", url, "/v1/payments", headers, json.dumps(body))


def _wsdl(url: str, _tenant: Tenant) -> Request:
    return _request("GET", url, PATH + "?wsdl", {})


def _applied(count: int) -> Callable[[int, bytes], bool]:
    return lambda status, body: status == 200 and body.count(b"Success>true<") == count


_QUERY = _soap(
    '<ns1:query xmlns:ns1="http://api.zuora.com/"><ns1:queryString>'
    "select Id, AccountNumber, Balance, Currency, Name, Status from Account where Id = '%(account)s'"
    "</ns1:queryString></ns1:query>"
)

WORKS: dict[str, Work] = {
    "create-1-soap": Work(
        "create of 1 payment to an invoice (route soap)", 1.2, _payments(1, "invoice"), _payments(1, "invoice"),
        _applied(1),
    ),
    "create-1-rest": Work(
        "create of 1 payment to a debit memo (route rest)", 1.2, _payments(1, "memo"), _memo_payment,
        lambda status, body: status == 200 and (b"Success>true<" in body or b'"success": true' in body
                                                or b'"success":true' in body),
    ),
    "create-50-soap": Work(
        "create of 50 payments to an invoice (one SOAP dispatch)", 9.0, _payments(BATCH, "invoice"),
        _payments(BATCH, "invoice"), _applied(BATCH),
    ),
    "query": Work(
        "query (the bridge passes it through)", 0.2, _QUERY, _QUERY,
        lambda status, body: status == 200 and b"A00000001" in body,
    ),
    "wsdl": Work(
        "served ?wsdl", None, _wsdl, None, lambda status, body: status == 200 and b"definitions" in body,
    ),
}  # fmt: skip
