"""With a good credential too, no spelling of a JSON write passes by the journal (I10); what is no such write passes."""

from __future__ import annotations

import gzip
import json

import pytest
from harness import World, payment, post
from json_callers import JSON, bearer, keys, written
from test_doors import ACTIONS, assert_harmless

from bridge.core.model import Op
from bridge.facade.json_doors import Way, by_body, by_path
from bridge.facade.json_wire import Door

PAID = payment(Amount="1", InvoiceId="@D1", AppliedInvoiceAmount="1")


@pytest.mark.parametrize(("path", "text"), ACTIONS.values(), ids=ACTIONS)
def test_no_spelling_of_an_action_passes_by(path: str, text: str, house: World) -> None:
    """Journaled or refused; never forwarded as it came."""
    text = text.replace('{"AccountId":"x","Amount":1}', written(house.resolve(PAID)))
    who = bearer(house)
    mark = house.mark()
    assert_harmless(house, mark, post(house.url + path, text.encode(), (*JSON, *who)))
    assert {one["amount"] for one in house.payments()} <= {"1"}
    assert len(house.payments()) <= 1


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "post", "Post", "PROPFIND"])
@pytest.mark.parametrize(
    "path",
    [
        "/v1/object/payment",
        "/v1/object/Payment",
        "/v1/object/payment/",
        "/v1/object/payment/{}",
        "/v1/object/payment/{}/",
        "/v1/object/payment/{}/x",
        "/v1/object/payment?x=1",
        "/v1/object/%70ayment",
        "/v1/Object/PAYMENT/{}",
        "/v1/object//payment",
        "/v1/object/./payment/{}",
        "/v1/object/x/../payment/{}",
        "/v1/object/payment;x/{}",
        "/v1/object/payment%2f{}",
        "/rest/v1/object/payment/{}",
        "/apps/v1/object/payment/{}",
    ],
)
def test_no_spelling_of_crud_passes_by(path: str, method: str, house: World) -> None:
    """The same for the path and the method."""
    body = written(house.resolve(PAID)).encode()
    who = keys()
    mark = house.mark()
    answer = post(house.url + path.format(house.id("@P1")), body, (*JSON, *who), method=method)
    assert_harmless(house, mark, answer)
    assert house.document("P1")["status"] == "Processed"
    assert len(house.payments()) <= 1


@pytest.mark.parametrize("name", ["X-HTTP-Method-Override", "x-http-method", "X-Method-Override"])
@pytest.mark.parametrize("path", ["/v1/object/payment", "/v1/object/refund/x", "/v1/object/PAYMENT/x"])
def test_a_method_in_a_header_is_not_forwarded(path: str, name: str, house: World) -> None:
    """A server behind us might go by it."""
    mark = house.mark()
    answer = post(house.url + path, b"", (*keys(), (name, "POST")), method="GET")
    assert answer.status == 400
    assert house.requests(mark) == []


@pytest.mark.parametrize(
    "text",
    [
        '{"type":"Account","Type":"Payment","objects":[]}',
        '{"TYPE":"Payment","type":"Account","objects":[]}',
        '{"type":"Account","objects":[{"Name":"x","Name":"y"}]}',
    ],
)
def test_a_body_that_another_parser_reads_otherwise_is_refused(text: str, house: World) -> None:
    """Names that differ by case alone, or are there twice at any depth."""
    mark = house.mark()
    assert post(house.url + "/v1/action/create", text.encode(), (*JSON, *keys())).status == 400
    assert house.requests(mark) == []


def test_a_compressed_action_is_looked_into(house: World) -> None:
    """A payment inside is journaled, anything else passes byte for byte, still compressed."""
    who = (*JSON, *keys(), ("Content-Encoding", "gzip"))
    paid = gzip.compress(b'{"type":"Payment","objects":[%s]}' % written(house.resolve(PAID)).encode())
    mark = house.mark()
    assert_harmless(house, mark, post(house.url + "/v1/action/create", paid, who))
    assert all(one.path != "/v1/action/create" for one in house.requests(mark))
    other = gzip.compress(b'{"type":"Account","objects":[]}')
    mark = house.mark()
    post(house.url + "/v1/action/create", other, who)
    (seen,) = house.requests(mark)
    assert (seen.line, seen.headers["content-encoding"]) == ("POST /v1/action/create", "gzip")
    assert seen.headers["content-length"] == str(len(other))


@pytest.mark.parametrize(
    ("method", "path", "given"),
    [
        ("POST", "/v1/action/query", {"queryString": "select Id from Payment"}),
        ("POST", "/v1/action/queryMore", {"queryLocator": "x-1"}),
        ("POST", "/v1/action/subscribe", {"subscribes": []}),
        ("POST", "/v1/action/generate", {"type": "Payment", "objects": []}),
        ("POST", "/v1/action/create", {"type": "InvoicePayment", "objects": []}),
        ("POST", "/v1/action/queryy", {}),
        ("POST", "/v1/object/invoice-payment", {"Amount": 1}),
        ("PUT", "/v1/object/account/x", {"Name": "x"}),
        ("GET", "/v1/object/payment/x", None),
        ("GET", "/v1/object/refund/x?fields=Id", None),
    ],
)
def test_everything_else_passes_unchanged(method: str, path: str, given: object, house: World) -> None:
    """Line, credential and body; the answer is Zuora's."""
    body = b"" if given is None else json.dumps(given, indent=1).encode()
    mark = house.mark()
    answer = post(house.url + path, body, (*JSON, *keys()), method=method)
    (seen,) = house.requests(mark)
    assert (seen.method, seen.body, seen.status) == (method, body.decode(), answer.status)
    assert seen.headers["apiaccesskeyid"] == "erp@example.com"
    assert answer.header("Bridge-Route") is None


# ------------------------------------------------------------------ the look by itself


@pytest.mark.parametrize(
    ("method", "rest", "op", "zuora_id"),
    [
        ("POST", "payment", Op.CREATE, ""),
        ("PUT", "refund/aB1", Op.UPDATE, "aB1"),
        ("DELETE", "payment/X", Op.DELETE, "X"),
    ],
)
def test_a_path_of_crud_says_what_is_asked(method: str, rest: str, op: Op, zuora_id: str) -> None:
    """Operation, type, and the id in its own case."""
    asked = by_path(Door.CRUD, method, f"/v1/object/{rest}", rest.lower(), ())
    assert (asked.way, asked.op, asked.zuora_id) == (Way.JOURNAL, op, zuora_id)
    assert asked.type.lower() == rest.split("/")[0]


@pytest.mark.parametrize("rest", ["create", "update", "delete", "create/x"])
def test_every_action_that_writes_is_looked_into(rest: str) -> None:
    """Whatever the method."""
    for method in ("POST", "GET", "PUT", "x"):
        assert by_path(Door.ACTION, method, f"/v1/action/{rest}", rest, ()).way is Way.LOOK


@pytest.mark.parametrize(
    ("method", "path", "given", "status"),
    [
        ("PUT", "/v1/action/create", {"type": "Payment"}, 405),
        ("POST", "/rest/v1/action/create", {"type": "Payment"}, 400),
        ("POST", "/v1/action/create", {"type": "PAYMENT"}, 400),
        ("POST", "/v1/action/create", ["x"], 400),
        ("POST", "/v1/action/create", {"type": None}, 400),
        ("POST", "/v1/action/create", None, 400),
    ],
)
def test_a_body_that_is_not_as_documented_is_refused(method: str, path: str, given: object, status: int) -> None:
    """With nothing sent."""
    asked = by_body(method, path, "create", given)  # type: ignore[arg-type]
    assert (asked.way, asked.status) == (Way.REFUSE, status)
