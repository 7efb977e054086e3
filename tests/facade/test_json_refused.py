"""What the JSON doors cannot take: told in the documented shapes, and nothing is sent."""

from __future__ import annotations

import gzip

import pytest
from harness import Headers, World, payment, post
from json_callers import D1_WHOLE, JSON, ON_ACCOUNT, action, bearer, keys, rows, send, told, written

# ------------------------------------------------------------------ what cannot be taken


def test_unknown_fields_travel_unless_the_caller_rejects_them(world: World) -> None:
    """Zuora ignores them by default; rejectUnknownFields=true refuses the call with its own text."""
    odd = ON_ACCOUNT.but(Unheard="x")
    who = bearer(world)
    refused = action(world, "create", [odd], who, query="?rejectUnknownFields=true")
    assert (refused.status, refused.body) == (400, b'{"message":"Error - unrecognised fields"}')
    assert world.payments() == []
    assert rows(action(world, "create", [odd], who, query="?rejectUnknownFields=false"))[0]["Success"] is True
    known = ON_ACCOUNT.but(Region__c="x")
    assert rows(action(world, "create", [known], who, query="?rejectUnknownFields=true"))[0]["Success"] is True


def test_fifty_one_objects_are_a_fault(world: World) -> None:
    """Nothing is looked up, recorded or sent."""
    who = bearer(world)
    mark = world.mark()
    answer = action(world, "create", [payment(Amount="1")] * 51, who)
    assert answer.status == 400
    assert list(told(answer)) == ["FaultCode", "FaultMessage"]
    assert told(answer)["FaultCode"] == "MAX_RECORDS_EXCEEDED"
    assert world.requests(mark) == []


REFUSED = {
    "no objects": ("/v1/action/create", '{"type":"Payment"}', 400, "MISSING_REQUIRED_VALUE"),
    "an empty list": ("/v1/action/create", '{"type":"Payment","objects":[]}', 400, "MISSING_REQUIRED_VALUE"),
    "one object": ("/v1/action/create", '{"type":"Payment","objects":{"Amount":1}}', 400, "MISSING_REQUIRED_VALUE"),
    "a null object": ("/v1/action/create", '{"type":"Payment","objects":[null]}', 400, "INVALID_VALUE"),
    "a list for a value": ("/v1/action/create", '{"type":"Payment","objects":[{"Amount":[1]}]}', 400, "INVALID_VALUE"),
    "no decimal": ("/v1/action/create", '{"type":"Payment","objects":[{"Amount":"1,5"}]}', 400, "INVALID_VALUE"),
    "no ids": ("/v1/action/delete", '{"type":"Payment","ids":[]}', 400, "MISSING_REQUIRED_VALUE"),
    "a null id": ("/v1/action/delete", '{"type":"Payment","ids":[null]}', 400, "INVALID_VALUE"),
    "no JSON": ("/v1/action/create", "{", 400, "INVALID_VALUE"),
    "no type": ("/v1/action/create", "{}", 400, "INVALID_VALUE"),
    "a name twice": ("/v1/action/create", '{"type":"Payment","objects":[{"a":1,"a":2}]}', 400, "INVALID_VALUE"),
    "a type in lower case": ("/v1/action/create", '{"type":"payment","objects":[{}]}', 400, "INVALID_TYPE"),
    "too deep": (
        "/v1/action/create", f'{{"type":"Payment","objects":{"[" * 40}{"]" * 40}}}', 400, "INVALID_VALUE"
    ),
}  # fmt: skip


@pytest.mark.parametrize(("path", "body", "status", "code"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_read_is_a_fault(path: str, body: str, status: int, code: str, house: World) -> None:
    """In the documented shape, and nothing is sent."""
    who = bearer(house)
    mark = house.mark()
    answer = send(house, "POST", path, body, who)
    assert (answer.status, told(answer)["FaultCode"]) == (status, code)
    assert "sent" in str(told(answer)["FaultMessage"])
    assert house.requests(mark) == []


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/v1/object/payment", "[]", 400),
        ("POST", "/v1/object/payment", "{", 400),
        ("POST", "/v1/object/payment", '{"Amount":{}}', 400),
        ("POST", "/v1/object/payment/x", "{}", 405),
        ("PUT", "/v1/object/payment", "{}", 405),
        ("PATCH", "/v1/object/payment/x", "{}", 405),
        ("DELETE", "/v1/object/payment", "", 405),
        ("POST", "/v1/object/Payment", "{}", 400),
    ],
)
def test_crud_refuses_in_its_own_shape(method: str, path: str, body: str, status: int, house: World) -> None:
    """Success and Errors, whatever was wrong."""
    who = bearer(house)
    mark = house.mark()
    answer = send(house, method, path, body, who)
    assert (answer.status, list(told(answer))) == (status, ["Success", "Errors"])
    assert house.requests(mark) == []


@pytest.mark.parametrize(
    "headers",
    [
        (("Content-Type", "text/plain"),),
        (("Content-Type", "application/x-www-form-urlencoded"),),
        (("Content-Type", "application/json, text/plain"),),
        (("Content-Type", "application/json; charset=iso-8859-1"),),
        (("Content-Type", "application/json; charset=utf-7"),),
        (("Content-Type", "application/json"), ("Content-Encoding", "deflate")),
        (("Content-Type", "application/json"), ("Content-Encoding", "gzip"), ("Content-Encoding", "gzip")),
        (),
    ],
    ids=str,
)
@pytest.mark.parametrize("path", ["/v1/action/create", "/v1/object/payment"])
def test_a_write_says_that_it_is_json_in_utf_8(path: str, headers: Headers, house: World) -> None:
    """Anything else is 415, and nothing is sent."""
    who = bearer(house)
    body = written(house.resolve(D1_WHOLE))
    mark = house.mark()
    text = body if "object/" in path else f'{{"type":"Payment","objects":[{body}]}}'
    encoded = gzip.compress(text.encode()) if ("Content-Encoding", "gzip") in headers else text.encode()
    answer = post(house.url + path, encoded, (*headers, *who))
    assert answer.status == 415
    assert house.requests(mark) == []


def test_a_compressed_write_is_read(world: World) -> None:
    """gzip within the guard's limits."""
    body = gzip.compress(b'{"type":"Payment","objects":[%s]}' % written(world.resolve(D1_WHOLE)).encode())
    answer = post(world.url + "/v1/action/create", body, (*JSON, ("Content-Encoding", "gzip"), *bearer(world)))
    assert rows(answer)[0]["Success"] is True


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (gzip.compress(b" " * (9 * 1024 * 1024)), 413),
        (b"not gzip", 400),
        (gzip.compress(b"{}")[:-4], 400),
    ],
    ids=["a bomb", "damaged", "cut short"],
)
def test_a_compressed_write_beyond_the_limits_is_refused(body: bytes, status: int, house: World) -> None:
    """Before anything is parsed."""
    mark = house.mark()
    answer = post(house.url + "/v1/action/create", body, (*JSON, ("Content-Encoding", "gzip"), *keys()))
    assert answer.status == status
    assert house.requests(mark) == []


def test_a_body_over_the_ceiling_is_refused(house: World) -> None:
    """413, in JSON."""
    body = b'{"type":"Payment","objects":[{"Comment":"' + b"x" * (8 * 1024 * 1024) + b'"}]}'
    answer = post(house.url + "/v1/action/create", body, (*JSON, *keys()))
    assert (answer.status, list(told(answer))) == (413, ["FaultCode", "FaultMessage"])
