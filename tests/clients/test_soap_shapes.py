"""Whatever the stack and however it spells a call, the bridge reads the same and answers the same.

A create is sent in every shape; the bridge joins equal acts, so an answer with the Ids of the plain shape proves that
every field was read alike, and a field read differently shows as a new payment.
"""

from __future__ import annotations

import http.client
import re
import socket
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from harness import Answer, World
from soap_shapes import ILL_FORMED, PLAIN, SHAPES, SOAP11, SOAP12, SOAP12_SHAPES, Said, Shape

OPERATIONS = ("delete", "query", "query_fault")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One world for all shapes: they all say the same, so none changes what another finds."""
    with World(tmp_path_factory.mktemp("shapes")) as world:
        yield world


@pytest.fixture(scope="module")
def said(house: World) -> Said:
    """What all shapes say: one payment of a debit memo (REST) and one of an invoice (SOAP) in one call."""
    return Said(
        session=house.session,
        account=house.id("@A"),
        method=house.id("@PMx"),
        documents=(house.id("@D1"), house.id("@I1")),
        payment=house.id("@P1"),
    )


def talk(world: World, shape: Shape, body: bytes) -> Answer:
    """Send a body as the shape frames it; a shape that expects a 100 waits for it before it sends the body."""
    parts = urlsplit(world.endpoint())
    head, sent = shape.wire(parts.path, parts.netloc, body)
    with socket.create_connection((parts.hostname or "", parts.port or 80), 30) as wire:
        wire.sendall(head)
        if shape.expects:
            assert wire.recv(64).startswith(b"HTTP/1.1 100")
        wire.sendall(sent)
        came = http.client.HTTPResponse(wire)
        came.begin()
        answer = Answer(came.status, tuple(came.getheaders()), came.read())
        came.close()
        return answer


def _for(shape: Shape, said: Said) -> Said:
    """Not every shape can say everything."""
    return replace(said, comment=shape.comment)


def _named(shape: Shape) -> str:
    return shape.name


@pytest.mark.parametrize("shape", SHAPES, ids=_named)
def test_a_create_is_read_alike_in_every_shape(shape: Shape, house: World, said: Said) -> None:
    """The payments are those of the plain shape: no field was lost, changed or invented."""
    spoken = _for(shape, said)
    plain = talk(house, PLAIN, PLAIN.create(spoken))
    assert plain.header("Bridge-Route") == "rest,soap"
    before = len(house.payments())
    answer = talk(house, shape, shape.create(spoken))
    assert answer.ids == plain.ids
    assert answer.header("Bridge-Joined") == "true"
    assert len(house.payments()) == before


def test_the_plain_create_is_what_was_said(house: World, said: Said) -> None:
    """The comment arrives with every character on both routes, and the amounts and dates are right."""
    ids = talk(house, PLAIN, PLAIN.create(said)).ids
    made = {one["id"]: one for one in house.payments()}
    for each in ids:
        assert made[each]["comment"] == said.comment
        assert (made[each]["amount"], made[each]["effectiveDate"]) == ("1.5", said.day)


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("shape", SHAPES, ids=_named)
def test_every_answer_is_the_plain_answer(shape: Shape, operation: str, house: World, said: Said) -> None:
    """delete, query and a query that faults are answered with the same bytes whatever the request's shape."""
    plain = talk(house, PLAIN, getattr(PLAIN, operation)(said))
    answer = talk(house, shape, getattr(shape, operation)(said))
    assert (answer.status, _untokened(answer.body)) == (plain.status, _untokened(plain.body))
    assert plain.status == (500 if operation == "query_fault" else 200)


def _untokened(body: bytes) -> bytes:
    """The charset's spelling in the declaration is the caller's own."""
    return re.sub(rb"encoding='utf-8'", b"encoding='UTF-8'", body)


@pytest.mark.parametrize("shape", SHAPES, ids=_named)
def test_a_login_leads_back_to_the_bridge(shape: Shape, house: World, said: Said) -> None:
    """A login in any shape succeeds, and its ServerUrl is the bridge's."""
    answer = talk(house, shape, shape.login(said))
    assert answer.status == 200
    assert f">{house.endpoint()}</".encode() in answer.body


@pytest.mark.parametrize("shape", SHAPES, ids=_named)
def test_the_charset_token_is_the_callers(shape: Shape, house: World, said: Said) -> None:
    """utf-8 is answered as the caller spelled it, everything else as UTF-8; no space, no quotes."""
    answer = talk(house, shape, shape.delete(said))
    token = "utf-8" if "utf-8" in shape.media else "UTF-8"
    assert answer.header("Content-Type") == f"text/xml;charset={token}"
    assert answer.body.startswith(f"<?xml version='1.0' encoding='{token}'?>".encode())


@pytest.mark.parametrize("shape", ILL_FORMED, ids=_named)
def test_what_is_not_well_formed_is_a_fault_and_goes_nowhere(shape: Shape, house: World, said: Said) -> None:
    """Unescaped texts and undeclared prefixes are refused with a SOAP fault; nothing reaches Zuora."""
    mark = house.mark()
    answer = talk(house, shape, shape.create(_for(shape, said)))
    assert answer.status == 500
    assert answer.fault["faultcode"] == "soapenv:Server"
    assert house.requests(mark) == []


@pytest.mark.parametrize("shape", SOAP12_SHAPES, ids=_named)
def test_a_create_in_soap_12_is_the_same_create(shape: Shape, house: World, said: Said) -> None:
    """It joins the payments of the plain shape in SOAP 1.1, and is answered in its own envelope and media type."""
    spoken = _for(shape, said)
    plain = talk(house, PLAIN, PLAIN.create(spoken))
    before = len(house.payments())
    answer = talk(house, shape, shape.create(spoken))
    assert answer.ids == plain.ids
    assert answer.header("Bridge-Joined") == "true"
    assert len(house.payments()) == before
    assert _in_soap_12(_untokened(answer.body)) == _in_soap_12(_untokened(plain.body))
    assert SOAP11.encode() not in answer.body
    token = "utf-8" if "utf-8" in shape.media else "UTF-8"
    assert answer.header("Content-Type") == f"application/soap+xml;charset={token}"
    assert answer.body.startswith(f"<?xml version='1.0' encoding='{token}'?>".encode())


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("shape", SOAP12_SHAPES, ids=_named)
def test_every_answer_in_soap_12_is_the_plain_one_in_its_envelope(
    shape: Shape, operation: str, house: World, said: Said
) -> None:
    """Rows and pages are the same; a query's fault is Zuora's own, which passes through."""
    plain = talk(house, SOAP12_SHAPES[0], getattr(SOAP12_SHAPES[0], operation)(said))
    answer = talk(house, shape, getattr(shape, operation)(said))
    assert (answer.status, _untokened(answer.body)) == (plain.status, _untokened(plain.body))
    assert (plain.status, SOAP12.encode() in plain.body) == (500 if operation == "query_fault" else 200, True)
    if operation != "query_fault":
        assert plain.body == _in_soap_12(talk(house, PLAIN, getattr(PLAIN, operation)(said)).body)


@pytest.mark.parametrize("shape", SOAP12_SHAPES, ids=_named)
def test_a_login_in_soap_12_leads_back_to_the_bridge(shape: Shape, house: World, said: Said) -> None:
    """Its ServerUrl is the bridge's, its session is good for SOAP 1.1 as well."""
    answer = talk(house, shape, shape.login(said))
    assert answer.status == 200
    assert f">{house.endpoint()}</".encode() in answer.body
    assert SOAP12.encode() in answer.body
    session = answer.xml.findtext(".//{*}Session")
    assert session
    again = replace(said, session=session)
    assert talk(house, PLAIN, PLAIN.delete(again)).status == 200


def _in_soap_12(body: bytes) -> bytes:
    return body.replace(SOAP11.encode(), SOAP12.encode())
