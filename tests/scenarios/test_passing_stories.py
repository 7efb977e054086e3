"""Scenarios of what passes through the bridge: billing operations, logins, operations that nobody knows."""

from __future__ import annotations

import pytest
from harness import API, ERP, World, envelope, post

SUBSCRIBE = "<ns1:subscribe>\n <ns1:subscribes><ns1:Account/></ns1:subscribes><ns1:subscribes/></ns1:subscribe>"
AMEND = "<ns1:amend><ns1:requests><ns1:Amendments/></ns1:requests></ns1:amend>"
LOGIN = f"<ns1:login><ns1:username>{ERP}</ns1:username><ns1:password>demo</ns1:password></ns1:login>"
VERSIONS = ("38.0", "107.0", "153.0")


def _unmasked(world: World, body: str) -> str:
    """A recorded body with the session in place of its mask."""
    before, _, rest = body.partition("session>")
    return f"{before}session>{world.session}{rest[rest.index('</') :]}"


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(("body", "operation", "results"), [(SUBSCRIBE, "subscribe", 2), (AMEND, "amend", 1)])
def test_billing_operations_pass_byte_for_byte(
    world: World, version: str, body: str, operation: str, results: int
) -> None:
    """113: the caller's bytes arrive at the caller's own version; the answer is Zuora's."""
    message = world.message(body)
    mark = world.mark()
    answer = post(world.endpoint(version), message)
    (seen,) = world.requests(mark)
    assert (seen.line, seen.path) == (operation, f"/apps/services/a/{version}")
    assert _unmasked(world, seen.body).encode() == message
    assert (answer.status, len(answer.payload)) == (200, results)
    assert answer.header("Bridge-Intent") is None


@pytest.mark.parametrize("kind", ["drop_after", "drop_before"])
def test_a_subscribe_without_an_answer_is_not_sent_again(world: World, kind: str) -> None:
    """114: Zuora may have created it, so the fault says so, and the bridge repeats nothing."""
    world.fault(kind, operation="subscribe")
    message = world.message(SUBSCRIBE)
    mark = world.mark()
    answer = post(world.endpoint(), message)
    assert [one.line for one in world.requests(mark)] == ["subscribe"]
    assert answer.status == 500
    assert answer.fault["faultcode"] == "fns:TRANSACTION_TIMEOUT"
    assert "may still be created" in answer.fault["message"]


@pytest.mark.parametrize("version", VERSIONS)
def test_a_login_leads_back_to_the_bridge(world: World, version: str) -> None:
    """118: the answer is Zuora's own but for ServerUrl, and its session is good for a payment."""
    direct = post(world.endpoint(version, direct=True), envelope(LOGIN))
    answer = post(world.endpoint(version), envelope(LOGIN))
    found, told = (each.payload[0] for each in (direct, answer))
    assert (answer.status, direct.status) == (200, 200)
    assert told.findtext(f"{{{API}}}ServerUrl") == world.endpoint(version)
    assert found.findtext(f"{{{API}}}ServerUrl") != world.endpoint(version)
    replaced = [each.body for each in (direct, answer)]
    for name in ("Session", "ServerUrl"):
        replaced = [
            body.replace((each.payload[0].findtext(f"{{{API}}}{name}") or "").encode(), b"...")
            for body, each in zip(replaced, (direct, answer), strict=True)
        ]
    assert replaced[0] == replaced[1]
    session = told.findtext(f"{{{API}}}Session")
    mine = "<ns1:query><ns1:queryString>select Id from Account</ns1:queryString></ns1:query>"
    assert post(world.endpoint(version), world.message(mine, session=session)).status == 200


@pytest.mark.parametrize("body", ["<ns1:frobnicate/>", '<create xmlns="urn:other"><x/></create>'])
def test_what_nobody_knows_is_zuoras_to_answer(world: World, body: str) -> None:
    """120: an operation or namespace that the bridge does not know passes; the answer is Zuora's own."""
    message = world.message(body)
    mark = world.mark()
    answer = post(world.endpoint(), message)
    (seen,) = world.requests(mark)
    assert _unmasked(world, seen.body).encode() == message
    direct = post(world.endpoint(direct=True), message)
    assert (answer.status, answer.body) == (direct.status, direct.body)


@pytest.mark.parametrize("broken", [b"<not-xml", b"", b'<?xml version="1.0"?><!DOCTYPE x><x/>', b"<a/>"])
def test_what_cannot_be_read_goes_nowhere(world: World, broken: bytes) -> None:
    """120: a body that the guard cannot parse gets a soapenv fault, and nothing of it reaches Zuora."""
    mark = world.mark()
    answer = post(world.endpoint(), broken)
    assert (answer.status, answer.fault["faultcode"]) == (500, "soapenv:Server")
    assert world.requests(mark) == []
