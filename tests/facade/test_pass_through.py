"""Pass-through changes no byte in either direction and is never retried (I10)."""

from __future__ import annotations

import gzip
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from harness import World, envelope, post, raw
from raw_zuora import RawZuora, body_of, headers_of

QUERY = envelope("<ns1:query>\n\t<ns1:queryString> select  Id from Account </ns1:queryString></ns1:query>", "s&<é>")
OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/xml;charset=UTF-8\r\nContent-Length: 4\r\n\r\n<a/>"
HOP_BY_HOP = {"host", "content-length", "connection", "transfer-encoding", "expect"}

Stage = Callable[..., tuple[RawZuora, World]]


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """A bridge before a server of plain sockets."""
    with ExitStack() as stack:

        def build(*answers: bytes | None) -> tuple[RawZuora, World]:
            zuora = stack.enter_context(RawZuora(*answers))
            world = stack.enter_context(World(tmp_path, zuora={"soap_url": zuora.url, "rest_url": zuora.url}))
            return zuora, world

        yield build


def end_to_end(headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Headers that a gateway may not touch; the case of their names means nothing (RFC 9110, 5.1)."""
    return [(name.lower(), value) for name, value in headers if name.lower() not in HOP_BY_HOP]


@pytest.mark.parametrize("zipped", [False, True], ids=["plain", "gzip"])
def test_a_soap_request_arrives_as_it_was_sent(stage: Stage, zipped: bool) -> None:
    """Body bytes, target, header names, values and their order are the caller's own."""
    zuora, world = stage(OK)
    sent = [
        ("Content-Type", "text/xml; charset=utf-8"),
        ("SOAPAction", "query"),
        ("X-Legacy", "a  b"),
        ("Cookie", "JSESSIONID=1"),
        ("Accept-Encoding", "gzip"),
        ("X-Legacy", "again"),
    ]
    body = gzip.compress(QUERY) if zipped else QUERY
    if zipped:
        sent.append(("Content-Encoding", "gzip"))
    post(world.endpoint("47.1") + "?a=%20b", body, sent)
    (arrived,) = zuora.arrived
    assert arrived.startswith(b"POST /apps/services/a/47.1?a=%20b HTTP/1.1\r\n")
    assert body_of(arrived) == body
    assert end_to_end(headers_of(arrived)) == [(name.lower(), value) for name, value in sent]


def test_zuora_does_not_hear_whose_certificate_the_front_has_seen(stage: Stage) -> None:
    """The front tells it to the bridge alone."""
    zuora, world = stage(OK)
    post(world.endpoint("47.1"), QUERY, [("Content-Type", "text/xml"), ("Bridge-Client-Subject", "CN=erp")])
    (arrived,) = zuora.arrived
    assert b"cn=erp" not in arrived.lower()


ANSWERS = {
    "plain": OK,
    "gzip": b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s"
    % (len(gzip.compress(b"<a/>", mtime=0)), gzip.compress(b"<a/>", mtime=0)),
    "chunked": b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"2\r\n<a\r\n2\r\n/>\r\n0\r\n\r\n",
    "until closed": b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nConnection: close\r\n\r\n<a/>",
    "html": b"HTTP/1.1 503 Service Temporarily Unavailable\r\nContent-Type: text/html\r\nContent-Length: 7\r\n"
    b"Retry-After: 5\r\n\r\n<html/>",
    "two cookies": b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nset-cookie: b=2; Path=/\r\nContent-Length: 4\r\n"
    b"Content-Type: text/xml\r\n\r\n<a/>",
    "empty": b"HTTP/1.1 204 No Content\r\nServer: Zuora App\r\n\r\n",
    "not utf-8": b"HTTP/1.1 200 OK\r\nContent-Type: text/xml;charset=ISO-8859-1\r\nContent-Length: 5\r\n\r\ncaf\xe9\n",
    "a redirect": b"HTTP/1.1 302 Found\r\nLocation: http://elsewhere.example/\r\nContent-Length: 0\r\n\r\n",
}


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
@pytest.mark.parametrize("door", ["soap", "rest"])
def test_an_answer_comes_back_as_it_was_given(stage: Stage, answer: bytes, door: str) -> None:
    """Status, body bytes and header names, values and order are Zuora's own, compressed or not."""
    zuora, world = stage(answer)
    if door == "soap":
        came = post(world.endpoint(), QUERY)
    else:
        came = post(world.url + "/v1/accounts/x", b"", (), method="GET")
    given = body_of(answer)
    if b"chunked" in answer:
        given = b"<a/>"
    assert came.status == int(answer.split(b" ")[1])
    assert came.body == given
    added = {"date", "server"} if b"Server:" not in answer else {"date"}
    mine = [(name, value) for name, value in end_to_end(list(came.headers)) if name.lower() not in added]
    assert mine == [(n, v) for n, v in end_to_end(headers_of(answer)) if n.lower() not in added]
    assert len(zuora.arrived) == 1


@pytest.mark.parametrize("method", ["POST", "GET", "PUT", "DELETE"])
@pytest.mark.parametrize("path", ["/v1/accounts/x", "/v1/action/query", "/v1/object/account/x", "/anything"])
def test_a_broken_connection_is_not_tried_again(stage: Stage, method: str, path: str) -> None:
    """A request that may have arrived is told as lost (504) after exactly one arrival, whatever its method."""
    zuora, world = stage(None)
    body = b'{"queryString":"x"}' if method != "GET" else b""
    assert post(world.url + path, body, (("Content-Type", "application/json"),), method=method).status == 504
    assert len(zuora.arrived) == 1


def test_a_broken_soap_query_is_not_tried_again(stage: Stage) -> None:
    """The same for SOAP: one arrival, 504, no envelope that a client could take for an answer."""
    zuora, world = stage(None)
    came = post(world.endpoint(), QUERY)
    assert (came.status, came.body, len(zuora.arrived)) == (504, b"", 1)


@pytest.mark.parametrize(("version", "code"), [("107.0", "TRANSACTION_TIMEOUT"), ("45.0", "UNKNOWN_ERROR")])
@pytest.mark.parametrize("operation", ["subscribe", "amend", "create", "delete", "execute", "somethingNew"])
def test_a_broken_soap_call_that_makes_something_says_so(stage: Stage, operation: str, version: str, code: str) -> None:
    """One arrival, and a fault from which a person learns that it may have been done, in a code the caller knows."""
    zuora, world = stage(None)
    came = post(world.endpoint(version), envelope(f"<ns1:{operation}/>", "s"))
    fault = came.fault
    assert (came.status, fault["faultcode"], fault["code"], fault["kind"]) == (
        500,
        f"fns:{code}",
        code,
        "UnexpectedErrorFault",
    )
    assert "may still be created" in fault["message"]
    assert len(zuora.arrived) == 1


def test_a_broken_soap_call_of_no_version_is_lost_without_words(stage: Stage) -> None:
    """Where the address names no version there is no code that the caller is sure to know."""
    zuora, world = stage(None)
    came = post(world.url + "/apps/services/a/latest", envelope("<ns1:subscribe/>", "s"))
    assert (came.status, came.body, len(zuora.arrived)) == (504, b"", 1)


def test_an_idle_connection_that_zuora_closed_is_not_a_second_try(stage: Stage) -> None:
    """After an answer with Connection: close, the next request opens a new connection and arrives once."""
    closing = OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    zuora, world = stage(closing)
    assert [post(world.endpoint(), QUERY).status for _ in range(3)] == [200, 200, 200]
    assert len(zuora.arrived) == 3


def test_a_half_answer_is_not_told_as_whole(stage: Stage) -> None:
    """An answer that breaks off is lost."""
    half = OK.replace(b"Length: 4\r\n", b"Length: 400\r\nConnection: close\r\n")
    zuora, world = stage(half)
    assert post(world.endpoint(), QUERY).status == 504
    assert len(zuora.arrived) == 1


def test_an_unreachable_zuora_is_a_bad_gateway(stage: Stage) -> None:
    """502 says what 504 does not: the request did not arrive."""
    zuora, world = stage(OK)
    zuora.close()
    assert post(world.endpoint(), QUERY).status == 502
    assert post(world.url + "/v1/accounts/x", b"", (), method="GET").status == 502


def test_a_rest_body_is_streamed_unread(stage: Stage) -> None:
    """Bytes that are neither JSON nor text arrive as they were sent, chunked or not."""
    zuora, world = stage(OK)
    body = bytes(range(256)) * 300
    head = f"POST /v1/files HTTP/1.1\r\nHost: {world.url[7:]}\r\nContent-Type: application/octet-stream\r\n"
    raw(world.url, head.encode() + b"Content-Length: %d\r\n\r\n" % len(body) + body, pieces=5000)
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in (body[:1000], body[1000:])) + b"0\r\n\r\n"
    raw(world.url, head.encode() + b"Transfer-Encoding: chunked\r\n\r\n" + chunks)
    whole, chunked = zuora.arrived
    assert body_of(whole) == body
    assert _unchunked(body_of(chunked)) == body


def _unchunked(framed: bytes) -> bytes:
    body = b""
    while framed:
        size, _, framed = framed.partition(b"\r\n")
        length = int(size, 16)
        body, framed = body + framed[:length], framed[length + 2 :]
    return body


@pytest.mark.parametrize("path", ["/v1/files", "/apps/services/a/107.0", "/v1/action/query"])
def test_a_caller_that_waits_for_a_100_gets_it(stage: Stage, path: str) -> None:
    """Expect: 100-continue is answered here; Zuora is not made to wait for it again."""
    zuora, world = stage(OK)
    body = QUERY if path.startswith("/apps") else b"{}"
    kind = b"text/xml" if path.startswith("/apps") else b"application/json"
    with socket.create_connection(("127.0.0.1", int(world.url.rpartition(":")[2])), 5) as wire:
        wire.sendall(
            b"POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: %s\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n"
            % (path.encode(), kind, len(body))
        )
        assert wire.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        wire.sendall(body)
        assert wire.recv(1000).startswith(b"HTTP/1.1 200 OK\r\n")
    (arrived,) = zuora.arrived
    assert b"100-continue" not in arrived
    assert body_of(arrived) in (body, b"2\r\n{}\r\n0\r\n\r\n")


def test_hop_by_hop_headers_stay_on_their_hop(stage: Stage) -> None:
    """What Connection names, and what RFC 9110 names, is not passed on in either direction."""
    answer = OK.replace(
        b"\r\n\r\n", b"\r\nConnection: X-Mine\r\nX-Mine: 1\r\nKeep-Alive: timeout=5\r\nX-Yours: 2\r\n\r\n"
    )
    zuora, world = stage(answer)
    headers = [
        ("Content-Type", "text/xml"),
        ("Connection", "X-Hop"),
        ("X-Hop", "1"),
        ("TE", "trailers"),
        ("X-Stays", "2"),
    ]
    came = post(world.endpoint(), QUERY, headers)
    (arrived,) = zuora.arrived
    assert end_to_end(headers_of(arrived)) == [("content-type", "text/xml"), ("x-stays", "2")]
    assert came.header("X-Mine") is None
    assert came.header("X-Yours") == "2"
