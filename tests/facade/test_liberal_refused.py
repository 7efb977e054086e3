"""Where being liberal ends: what could be read in two ways, or not at all, is refused clearly and goes nowhere."""

from __future__ import annotations

import http.client
import re
import socket
from collections.abc import Sequence
from urllib.parse import urlsplit

import pytest
from harness import API, OBJECT, XML_HEADERS, XSI, World, envelope, payment, post, saved

SOAP12 = "http://www.w3.org/2003/05/soap-envelope"
INCLUDE = '<x:Include xmlns:x="http://www.w3.org/2004/08/xop/include" href="cid:1.633@apache.org"/>'
MIME = b"--MIME_boundary\r\nContent-Type: %s\r\nContent-ID: <root>\r\n\r\n%s\r\n--MIME_boundary--\r\n"


def body_of(world: World, *changes: tuple[str, str]) -> bytes:
    """A create of a payment with texts in it replaced."""
    one = payment(Amount="1", InvoiceId="@D1", AppliedInvoiceAmount="1", Comment="words")
    text = world.message(saved("create", [world.resolve(one)])).decode()
    for old, new in changes:
        assert re.search(old, text), old
        text = re.sub(old, lambda _, new=new: new, text)
    return text.encode()


# ------------------------------------------------------------------ values that stand elsewhere

REFERENCES = {
    "the object by reference": [
        ('<ns1:zObjects xsi:type="ns2:Payment">', '<ns1:zObjects xsi:type="ns2:Payment" href="#id0">')
    ],
    "a leaf by reference": [("<ns2:Amount>1</ns2:Amount>", '<ns2:Amount href="#id0"/>')],
    "a leaf that refers to itself": [("<ns2:Amount>", '<ns2:Amount id="id0" href="#id0">')],
    "a leaf by an address": [("<ns2:Comment>words</ns2:Comment>", '<ns2:Comment href="http://127.0.0.1:1/x"/>')],
    "a leaf by an attachment": [("<ns2:Comment>words</ns2:Comment>", '<ns2:Comment href="cid:1@x"/>')],
    "a leaf by SOAP 1.2's ref": [
        ("<ns2:Amount>1</ns2:Amount>", '<ns2:Amount xmlns:e="http://www.w3.org/2003/05/soap-encoding" e:ref="id0"/>')
    ],
    "the object in a multiRef behind the operation": [
        ("<ns1:zObjects .*</ns1:zObjects>", '<ns1:zObjects href="#id0"/>'),
        (
            "</ns1:create>",
            f'</ns1:create><multiRef id="id0" xmlns:q="{OBJECT}" xsi:type="q:Payment"><Amount>1</Amount></multiRef>',
        ),
    ],
}


HIDDEN = f'<multiRef id="id0" xmlns:q="{OBJECT}" xsi:type="q:Payment"><q:Amount>1</q:Amount></multiRef>'
REFERENCES |= {
    "the object in a multiRef of the Header": [
        ("<ns1:zObjects .*</ns1:zObjects>", '<ns1:zObjects href="#id0"/>'),
        ("</soapenv:Header>", f"{HIDDEN}</soapenv:Header>"),
    ],
    "the object elsewhere, as another type": [
        ("<ns1:zObjects .*</ns1:zObjects>", '<ns1:zObjects xsi:type="ns2:Account" href="#id0"/>'),
        ("</soapenv:Header>", f"{HIDDEN}</soapenv:Header>"),
    ],
    "the object by SOAP 1.2's ref": [
        (
            "<ns1:zObjects .*</ns1:zObjects>",
            '<ns1:zObjects xmlns:e="http://www.w3.org/2003/05/soap-encoding" e:ref="id0"/>',
        ),
    ],
    "the type of a delete": [
        ("<ns1:create>.*</ns1:create>", '<ns1:delete><ns1:type href="#t"/><ns1:ids>1</ns1:ids></ns1:delete>'),
    ],
    "the ids of a delete": [
        ("<ns1:create>.*</ns1:create>", '<ns1:delete><ns1:type>Refund</ns1:type><ns1:ids href="#i"/></ns1:delete>'),
    ],
}


@pytest.mark.parametrize("soap12", [False, True], ids=["1.1", "1.2"])
@pytest.mark.parametrize("name", REFERENCES)
def test_values_by_reference_are_refused(name: str, soap12: bool, house: World) -> None:
    """rpc/encoded stacks write them; a value that is not where it belongs must not be read as not given."""
    body = body_of(house, *REFERENCES[name])
    if soap12:
        body = body.replace(b"http://schemas.xmlsoap.org/soap/envelope/", SOAP12.encode())
    mark = house.mark()
    answer = post(house.endpoint(), body)
    assert answer.status == 500
    assert b"by reference" in answer.body
    assert (SOAP12.encode() in answer.body) is soap12
    assert house.requests(mark) == []


# ------------------------------------------------------------------ attachments


@pytest.mark.parametrize(
    ("media", "part"),
    [
        ('multipart/related; boundary="MIME_boundary"; type="text/xml"; start="<root>"', b"text/xml; charset=utf-8"),
        (
            'multipart/related; boundary=MIME_boundary; type="application/xop+xml"; start-info="text/xml"',
            b'application/xop+xml; charset=UTF-8; type="text/xml"',
        ),
        (
            'Multipart/Related; boundary=MIME_boundary; type="application/xop+xml"; start-info="application/soap+xml"',
            b'application/xop+xml; type="application/soap+xml; action=\\"\\""',
        ),
    ],
    ids=["SwA", "MTOM of SOAP 1.1", "MTOM of SOAP 1.2"],
)
@pytest.mark.parametrize("operation", ["create", "query"])
def test_a_message_with_attachments_is_415(media: str, part: bytes, operation: str, house: World) -> None:
    """The caller's developer reads what to switch off; not even a query is forwarded."""
    body = body_of(house) if operation == "create" else house.message("<ns1:query/>")
    mark = house.mark()
    answer = post(house.endpoint(), MIME % (part, body), [("Content-Type", media), ("SOAPAction", '""')])
    assert answer.status == 415
    assert b"attachments (MTOM, XOP, SwA)" in answer.body
    assert answer.header("Connection") == "close"
    assert house.requests(mark) == []


def test_an_xop_part_alone_is_415(house: World) -> None:
    """The root part of MTOM without its multipart."""
    body = body_of(house)
    mark = house.mark()
    answer = post(house.endpoint(), body, [("Content-Type", 'application/xop+xml; type="text/xml"')])
    assert (answer.status, house.requests(mark)) == (415, [])


def test_a_refusal_by_the_headers_comes_instead_of_the_100(house: World) -> None:
    """Who asks before it sends attachments need not send them, and the connection ends with the answer."""
    parts = urlsplit(house.endpoint())
    with socket.create_connection((parts.hostname or "", parts.port or 80), 30) as wire:
        wire.sendall(
            f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Type: multipart/related; boundary=x\r\n"
            "Content-Length: 5000000\r\nExpect: 100-continue\r\n\r\n".encode()
        )
        came = http.client.HTTPResponse(wire)
        came.begin()
        assert (came.status, came.getheader("Connection")) == (415, "close")
        came.close()


CREATE = '<ns1:create><ns1:zObjects xsi:type="ns2:{0}"><ns2:{1}>{2}</ns2:{1}></ns1:zObjects></ns1:create>'
PLACES = {
    "a value": CREATE.format("Payment", "Comment", INCLUDE),
    "a value of another object": CREATE.format("Account", "Name", INCLUDE),
    "a query": f"<ns1:query><ns1:queryString>{INCLUDE}</ns1:queryString></ns1:query>",
    "a login": f"<ns1:login><ns1:username>u</ns1:username><ns1:password>{INCLUDE}</ns1:password></ns1:login>",
    "the operation": INCLUDE,
}


@pytest.mark.parametrize("soap12", [False, True], ids=["1.1", "1.2"])
@pytest.mark.parametrize("name", PLACES)
def test_an_xop_include_is_a_fault(name: str, soap12: bool, house: World) -> None:
    """An optimised message whose multipart was taken off on the way; what it means is lost."""
    body = house.message(PLACES[name])
    if soap12:
        body = body.replace(b"http://schemas.xmlsoap.org/soap/envelope/", SOAP12.encode())
    mark = house.mark()
    answer = post(house.endpoint(), body)
    assert answer.status == 500
    assert b"attachment" in answer.body
    assert (b"soapenv:Receiver" in answer.body, b"soapenv:Server" in answer.body) == (soap12, not soap12)
    assert house.requests(mark) == []


def test_an_xop_include_in_the_header_is_a_fault(house: World) -> None:
    """A signature or token as an attachment."""
    body = house.message("<ns1:query/>", headers=INCLUDE)
    mark = house.mark()
    assert post(house.endpoint(), body).status == 500
    assert house.requests(mark) == []


# ------------------------------------------------------------------ not well-formed, or unclear

UNREADABLE: dict[str, Sequence[tuple[str, str]]] = {
    "an undeclared prefix on an element": [("ns2:Comment", "nobody:Comment")],
    "an undeclared prefix in xsi:type": [('"ns2:Payment"', '"nobody:Payment"')],
    "an unescaped ampersand": [("words", "A & B")],
    "an unescaped bracket": [("words", "a<b")],
    "an entity of HTML": [("words", "&eacute;")],
    "a control character": [("words", "a\x0bb")],
    "a control character by reference": [("words", "a&#11;b")],
    "half a pair of surrogates": [("words", "a&#xD83D;b")],
    "a field twice": [("<ns2:Amount>1</ns2:Amount>", "<ns2:Amount>1</ns2:Amount><ns2:Amount>2</ns2:Amount>")],
    "a field twice in two namespaces": [
        ("<ns2:Amount>1</ns2:Amount>", "<ns2:Amount>1</ns2:Amount><ns1:Amount>2</ns1:Amount>")
    ],
    "an element inside a value": [("<ns2:Amount>1", "<ns2:Amount>1<ns2:x>2</ns2:x>")],
    "base64 that is none": [
        ("<ns2:Comment>", '<ns2:Comment xmlns:d="http://www.w3.org/2001/XMLSchema" xsi:type="d:base64Binary">')
    ],
    "an amount with a comma": [("<ns2:Amount>1<", "<ns2:Amount>1,00<")],
    "an amount with an exponent": [("<ns2:Amount>1<", "<ns2:Amount>1E0<")],
    "two sessions": [("</ns1:SessionHeader>", "<ns1:session>other</ns1:session></ns1:SessionHeader>")],
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_cannot_be_read_in_one_way_is_a_fault(name: str, house: World) -> None:
    """soapenv:Server, as Zuora's engine says it; nothing is guessed and nothing sent."""
    body = body_of(house, *UNREADABLE[name])
    before = house.payments()
    mark = house.mark()
    answer = post(house.endpoint(), body)
    assert answer.status == 500
    assert answer.fault["faultcode"] == "soapenv:Server"
    assert [one.line for one in house.writes(mark)] == []
    assert house.payments() == before


def test_an_object_without_a_type_is_told_so(house: World) -> None:
    """It is no payment to anybody: Zuora itself says that it has no type, and nothing is made."""
    body = body_of(house, (' xsi:type="ns2:Payment"', ""))
    before = house.payments()
    answer = post(house.endpoint(), body)
    assert (answer.fault["kind"], answer.fault["code"]) == ("InvalidTypeFault", "INVALID_TYPE")
    assert house.payments() == before


def test_a_login_with_anything_in_the_header_logs_in(house: World) -> None:
    """Headers of a login are ignored, an old session among them."""
    login = "<ns1:login><ns1:username>erp@example.com</ns1:username><ns1:password>demo</ns1:password></ns1:login>"
    for block in ("", "<ns1:SessionHeader/>", "<ns1:SessionHeader><ns1:session>old</ns1:session></ns1:SessionHeader>"):
        answer = post(house.endpoint(), envelope(login, headers=block), XML_HEADERS)
        assert answer.payload.findtext(f"{{{API}}}result/{{{API}}}ServerUrl") == house.endpoint()
        assert XSI.encode() not in answer.body
