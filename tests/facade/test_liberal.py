"""What real clients send around the body and Zuora takes is taken here, over real HTTP, and does what was meant.

Headers, dates, framing and encodings; the body itself is in ``test_liberal_bodies``.

One test per liberty: two payments, one that goes by REST and one by SOAP, are spelled in that way, and the books must
show exactly these two. Whole stacks with all their habits together are in tests/clients.
"""

from __future__ import annotations

import gzip
import http.client
import socket
from collections.abc import Callable, Mapping, Sequence
from urllib.parse import urlsplit

import pytest
from harness import TODAY, Answer, World, post, raw
from liberal_spellings import (
    TEXT_XML,
    Spelled,
    assert_paid,
    encoded,
    plain,
)

# ------------------------------------------------------------------ headers of HTTP

HEADERS: Mapping[str, Sequence[tuple[str, str]]] = {
    "no SOAPAction": [TEXT_XML],
    "an empty SOAPAction": [TEXT_XML, ("SOAPAction", "")],
    "a SOAPAction of two quotes": [TEXT_XML, ("SOAPAction", '""')],
    "a quoted SOAPAction": [TEXT_XML, ("SOAPAction", '"create"')],
    "an unquoted SOAPAction": [TEXT_XML, ("SOAPAction", "create")],
    "a SOAPAction of the namespace": [TEXT_XML, ("SOAPAction", '"http://api.zuora.com/#create"')],
    "a SOAPAction of another operation": [TEXT_XML, ("SOAPAction", "query")],
    "a SOAPAction in lower case": [TEXT_XML, ("soapaction", '"create"')],
    "header names in capitals": [("CONTENT-TYPE", "text/xml; charset=utf-8"), ("SOAPACTION", '""')],
    "header names in lower case": [("content-type", "text/xml; charset=utf-8"), ("soapaction", '""')],
    "no charset": [("Content-Type", "text/xml")],
    "a charset in capitals": [("Content-Type", "text/xml;charset=UTF-8")],
    "a quoted charset": [("Content-Type", 'text/xml; charset="utf-8"')],
    "a trailing semicolon": [("Content-Type", "text/xml; charset=utf-8;")],
    "text/plain": [("Content-Type", "text/plain; charset=utf-8")],
    "application/soap+xml": [("Content-Type", "application/soap+xml; charset=utf-8")],
    "application/soap+xml with an action": [("Content-Type", 'application/soap+xml; charset=utf-8; action=""')],
    "Basic authentication": [TEXT_XML, ("Authorization", "Basic dTpw")],
    "cookies": [TEXT_XML, ("Cookie", "JSESSIONID=1; ZSession=x"), ("Cookie", "again=1")],
    "TE": [TEXT_XML, ("TE", "deflate,gzip;q=0.3"), ("Connection", "TE, close")],
    "Accept-Encoding none": [TEXT_XML, ("Accept-Encoding", "none")],
    "Accept of something else": [TEXT_XML, ("Accept", "application/soap"), ("Accept", "multipart/*")],
    "Cache-Control and Pragma": [TEXT_XML, ("Cache-Control", "no-cache"), ("Pragma", "no-cache")],
    "an identity encoding": [TEXT_XML, ("Content-Encoding", "identity")],
}


@pytest.mark.parametrize("name", HEADERS)
def test_headers_of_http_do_not_matter(name: str, house: World) -> None:
    """The operation is the Body's first element, whatever the headers say."""
    assert_paid(house, name, post(house.endpoint(), plain(house, name).encode(), HEADERS[name]))


def test_gzip_is_sent_back_to_nobody(house: World) -> None:
    """Who asks for it gets a plain answer, which everybody reads."""
    headers = [TEXT_XML, ("Accept-Encoding", "gzip, deflate")]
    answer = post(house.endpoint(), plain(house, "asks for gzip").encode(), headers)
    assert answer.header("Content-Encoding") is None
    assert_paid(house, "asks for gzip", answer)


# ------------------------------------------------------------------ dates

DATES = {
    "a date": TODAY,
    "midnight here": f"{TODAY}T00:00:00-08:00",
    "midnight here, to the millisecond": f"{TODAY}T00:00:00.000-08:00",
    "midnight here, as Greenwich tells it": f"{TODAY}T08:00:00Z",
    "midnight here, to Greenwich's millisecond": f"{TODAY}T08:00:00.000Z",
    "midnight here, without an hour of offset": f"{TODAY}T08:00:00+00:00",
    "midnight of nowhere": f"{TODAY}T00:00:00",
}


@pytest.mark.parametrize("name", DATES)
def test_any_form_of_a_day_is_that_day(name: str, house: World) -> None:
    """Up to WSDL 68 a day is a dateTime, and every stack has its own idea of one."""
    text = plain(house, name).replace(TODAY, DATES[name])
    assert_paid(house, name, post(house.endpoint("64.0"), text.encode(), [TEXT_XML]))


# ------------------------------------------------------------------ framing


def framed(world: World, body: bytes, *lines: str, http: str = "1.1", length: bool = True) -> bytes:
    """A whole request, head and body."""
    parts = urlsplit(world.endpoint())
    head = [f"POST {parts.path} HTTP/{http}", f"Host: {parts.netloc}", "Content-Type: text/xml; charset=utf-8", *lines]
    if length:
        head.append(f"Content-Length: {len(body)}")
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


def chunks(body: bytes, size: int, extension: bytes = b"", trailer: bytes = b"") -> bytes:
    """The body in chunks (RFC 9112, 7.1)."""
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%X%s\r\n%s\r\n" % (len(p), extension, p) for p in pieces) + b"0\r\n" + trailer + b"\r\n"


CHUNKED = "Transfer-Encoding: chunked"
Framed = Callable[[World, bytes], bytes]
FRAMINGS: Mapping[str, tuple[Framed, int]] = {
    "HTTP/1.0": (lambda world, body: framed(world, body, http="1.0"), 0),
    "HTTP/1.0 kept alive": (lambda world, body: framed(world, body, "Connection: Keep-Alive", http="1.0"), 0),
    "HTTP/1.0 that expects": (lambda world, body: framed(world, body, "Expect: 100-continue", http="1.0"), 0),
    "head and body in pieces of a byte": (framed, 1),
    "head and body in pieces of 700": (framed, 700),
    "one chunk": (lambda world, body: framed(world, chunks(body, 10**6), CHUNKED, length=False), 0),
    "chunks of seven": (lambda world, body: framed(world, chunks(body, 7), CHUNKED, length=False), 0),
    "chunks in packets of their own": (
        lambda world, body: framed(world, chunks(body, 300), CHUNKED, length=False),
        310,
    ),
    "chunks with extensions and a trailer": (
        lambda world, body: framed(world, chunks(body, 512, b";a=b", b"X-T: 1\r\n"), CHUNKED, length=False),
        0,
    ),
    "gzip": (lambda world, body: framed(world, gzip.compress(body), "Content-Encoding: gzip"), 0),
    "x-gzip": (lambda world, body: framed(world, gzip.compress(body), "Content-Encoding: x-gzip"), 0),
    "gzip in chunks": (
        lambda world, body: framed(
            world, chunks(gzip.compress(body), 99), CHUNKED, "Content-Encoding: gzip", length=False
        ),
        0,
    ),
    "gzip of two members": (
        lambda world, body: framed(
            world, gzip.compress(body[:500]) + gzip.compress(body[500:]), "Content-Encoding: gzip"
        ),
        0,
    ),
}


@pytest.mark.parametrize("name", FRAMINGS)
def test_any_framing_arrives(name: str, house: World) -> None:
    """However the bytes are cut and wrapped."""
    frame, pieces = FRAMINGS[name]
    assert_paid(house, name, raw(house.url, frame(house, plain(house, name).encode()), pieces=pieces))


def test_a_caller_that_expects_sends_its_body_after_the_100(house: World) -> None:
    """.NET and PHP wait for it."""
    request = framed(house, plain(house, "expects").encode(), "Expect: 100-continue")
    head, _, body = request.partition(b"\r\n\r\n")
    parts = urlsplit(house.url)
    with socket.create_connection((parts.hostname or "", parts.port or 80), 30) as wire:
        wire.sendall(head + b"\r\n\r\n")
        assert wire.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        wire.sendall(body)
        assert_paid(house, "expects", _read(wire))


def test_one_connection_carries_call_after_call_until_it_is_closed(house: World) -> None:
    """Kept alive by default; Connection: close is honoured with the answer."""
    parts = urlsplit(house.url)
    with socket.create_connection((parts.hostname or "", parts.port or 80), 30) as wire:
        for name in ("first on a connection", "second on a connection"):
            wire.sendall(framed(house, plain(house, name).encode()))
            answer = _read(wire)
            assert answer.header("Connection") != "close"
            assert_paid(house, name, answer)
        wire.sendall(framed(house, plain(house, "last on a connection").encode(), "Connection: close"))
        answer = _read(wire)
        assert answer.header("Connection") == "close"
        assert_paid(house, "last on a connection", answer)
        assert wire.recv(1) == b""


def _read(wire: socket.socket) -> Answer:
    came = http.client.HTTPResponse(wire)
    came.begin()
    return Answer(came.status, tuple(came.getheaders()), came.read())


# ------------------------------------------------------------------ encodings

ENCODINGS: Mapping[str, tuple[str, Spelled]] = {
    "a byte order mark": ("text/xml; charset=utf-8", encoded("utf-8", "utf-8", b"\xef\xbb\xbf")),
    "a byte order mark alone": ("text/xml", encoded("utf-8", None, b"\xef\xbb\xbf")),
    "UTF-16, little end first": ("text/xml; charset=utf-16", encoded("utf-16-le", "utf-16", b"\xff\xfe")),
    "UTF-16, big end first": ("text/xml; charset=utf-16", encoded("utf-16-be", "utf-16", b"\xfe\xff")),
    "UTF-16 that only its mark tells": ("text/xml", encoded("utf-16-le", None, b"\xff\xfe")),
    "UTF-16LE without a mark": ("text/xml; charset=utf-16le", encoded("utf-16-le", "utf-16")),
    "ISO-8859-1": ("text/xml; charset=ISO-8859-1", encoded("latin-1", "ISO-8859-1")),
    "ISO-8859-1 that only the header tells": ("text/xml; charset=iso-8859-1", encoded("latin-1", None)),
    "ISO-8859-1 that only the declaration tells": ("text/xml", encoded("latin-1", "iso-8859-1")),
    "US-ASCII": ("text/xml; charset=us-ascii", encoded("ascii", "us-ascii")),
    "a wrong label over ASCII": ("text/xml; charset=utf-8", encoded("ascii", "ISO-8859-1")),
    "UTF8 without its hyphen": ("text/xml; charset=UTF8", encoded("utf-8", "UTF8")),
}


@pytest.mark.parametrize("name", ENCODINGS)
def test_any_agreeing_encoding_is_read(name: str, house: World) -> None:
    """The é arrives."""
    media, spelled = ENCODINGS[name]
    body = spelled(plain(house, name))
    assert isinstance(body, bytes)
    assert_paid(house, name, post(house.endpoint(), body, [("Content-Type", media)]))
