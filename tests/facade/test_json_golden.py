"""Golden answers of the JSON doors: status line, headers and body, byte for byte as they leave the socket.

``WRITE_GOLDEN=1 pytest tests/facade/test_json_golden.py`` writes the files anew; look at the difference before you
keep it.
"""

from __future__ import annotations

import json
import os
import re
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from harness import Headers, Obj, World, payment, refund
from json_callers import JSON, action, bearer, keys, written

GOLDEN = Path(__file__).parent / "golden" / "json"
DATE = re.compile(rb"(?<=\r\nDate: )[^\r]+")

Request = tuple[str, str, str]
"""Method, path, body."""


def paid(document: str, amount: str, **more: Any) -> Obj:
    """A payment of one document."""
    return payment(**{"Amount": amount, "InvoiceId": document, "AppliedInvoiceAmount": amount, **more})


D1_PART, I1_PART, DRAFT = paid("@D1", "30"), paid("@I1", "40"), paid("@D2", "40")
UNKNOWN = "0" * 32
ERP_KEYS = keys()


def act(op: str, *objects: Obj, query: str = "") -> Callable[[World], Request]:
    """An action."""

    def made(world: World) -> Request:
        listed = ",".join(written(world.resolve(each)) for each in objects)
        return "POST", f"/v1/action/{op}{query}", f'{{"type":"{objects[0].type}","objects":[{listed}]}}'

    return made


def delete(*ids: str, kind: str = "Payment") -> Callable[[World], Request]:
    """The delete action."""
    return lambda world: (
        "POST",
        "/v1/action/delete",
        json.dumps({"type": kind, "ids": [world.id(each) for each in ids]}),
    )


def crud(method: str, path: str, one: Obj | None = None) -> Callable[[World], Request]:
    """One object; ``{P2}`` in the path is the id of that name."""
    return lambda world: (
        method,
        "/v1/object/" + re.sub(r"\{(\w+)\}", lambda found: world.names[found[1]], path),
        "" if one is None else written(world.resolve(one)),
    )


def said(method: str, path: str, body: str) -> Callable[[World], Request]:
    """These bytes."""
    return lambda _: (method, path, body)


@dataclass(frozen=True)
class Case:
    """One answer. ``before`` happens first; None in ``who`` is a bearer."""

    request: Callable[[World], Request]
    who: Headers | None = ERP_KEYS
    headers: Headers = JSON
    faults: Sequence[Mapping[str, Any]] = ()
    before: Sequence[Callable[[World], object]] = ()
    zuora: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)


def canceled(world: World) -> None:
    """P1 refunded, the refund and P2 cancelled, and both may be deleted."""
    world.control("settings", {"soapDeletes": True})
    action(world, "create", [payment(Amount="7", AppliedCreditBalanceAmount="7")], keys())
    made = world.payments()[0]["id"]
    world.names["made"] = made
    told_of = action(world, "update", [Obj("Payment", {"Id": made, "Status": "Canceled"})], keys())
    assert told_of.status == 200
    action(world, "create", [refund(PaymentId="@P1", Amount="45")], keys())
    world.names["refund"] = world.refunds()[0]["id"]
    action(world, "update", [Obj("Refund", {"Id": world.names["refund"], "Status": "Canceled"})], keys())


LIMITED = {"kind": "rate_limited", "path": "/v1/action/create"}
LOST = {"kind": "drop_after", "path": "/v1/payments", "times": 50}
HASTY = {"callers": {"erp": {"usernames": ["erp@example.com"], "wait_seconds": 1}}}
BY_REST = {"routes": {"*.query": "rest"}}

CASES: Mapping[str, Case] = {
    # rows of Actions
    "create-success-rest": Case(act("create", D1_PART)),
    "create-success-action": Case(act("create", I1_PART)),
    "create-success-bearer": Case(act("create", I1_PART), who=None),
    "create-success-joined": Case(act("create", D1_PART), before=[lambda w: action(w, "create", [D1_PART], keys())]),
    "create-failure": Case(act("create", DRAFT)),
    "create-failure-relayed": Case(act("create", paid(UNKNOWN, "40"))),
    "create-failure-special-characters": Case(act("create", paid("@D1", "1", Gateway='<&>"é', Type="Electronic"))),
    "create-mixed-batch": Case(act("create", D1_PART, DRAFT, I1_PART, paid("@I1", "1", AccountId=UNKNOWN))),
    "create-refund": Case(act("create", refund(PaymentId="@C1", Amount="60"))),
    "update-success": Case(act("update", Obj("Payment", {"Id": "@P2", "TransferredToAccounting": "Yes"}))),
    "update-failure": Case(act("update", Obj("Payment", {"Id": UNKNOWN, "Status": "Canceled"}))),
    "delete-success": Case(delete("@made"), before=[canceled]),
    "delete-failure": Case(delete("@P1", UNKNOWN)),
    "row-in-doubt": Case(act("create", D1_PART), faults=[LOST], settings=HASTY),
    "row-code-unknown-to-the-version": Case(
        act("create", DRAFT, paid("@D1", "1", AccountId="@A")),
        headers=(*JSON, ("X-Zuora-WSDL-Version", "28.0")),
        faults=[{"kind": "html_502", "method": "GET", "path": "/v1/debit-memos"}],
    ),
    # CRUD
    "crud-create-success": Case(crud("POST", "payment", D1_PART)),
    "crud-create-failure": Case(crud("POST", "payment", DRAFT)),
    "crud-create-refund": Case(crud("POST", "refund", refund(PaymentId="@C1", Amount="60"))),
    "crud-update-success": Case(crud("PUT", "payment/{P2}", Obj("Payment", {"TransferredToAccounting": "Yes"}))),
    "crud-update-failure": Case(crud("PUT", f"payment/{UNKNOWN}", Obj("Payment", {"Status": "Canceled"}))),
    "crud-delete-payment": Case(crud("DELETE", "payment/{made}"), before=[canceled]),
    "crud-delete-refund": Case(crud("DELETE", "refund/{refund}"), before=[canceled]),
    "crud-delete-failure": Case(crud("DELETE", "payment/{P1}")),
    "crud-in-doubt": Case(crud("POST", "payment", D1_PART), faults=[LOST], settings=HASTY),
    "crud-rate-limited": Case(crud("POST", "payment", I1_PART), faults=[LIMITED]),
    "crud-not-served": Case(crud("PATCH", "payment/{P1}", Obj("Payment", {}))),
    # faults
    "fault-max-records": Case(act("create", *[I1_PART] * 51)),
    "fault-malformed": Case(said("POST", "/v1/action/create", "{")),
    "fault-no-objects": Case(said("POST", "/v1/action/create", '{"type":"Payment"}')),
    "fault-decimal": Case(said("POST", "/v1/action/create", '{"type":"Payment","objects":[{"Amount":"1,50"}]}')),
    "fault-type-in-lower-case": Case(said("POST", "/v1/action/create", '{"type":"payment","objects":[{}]}')),
    "fault-unrecognised": Case(act("create", I1_PART.but(Unheard="x"), query="?rejectUnknownFields=true")),
    "fault-version": Case(act("create", I1_PART), headers=(*JSON, ("X-Zuora-WSDL-Version", "newest"))),
    "fault-rate-limited": Case(act("create", I1_PART), faults=[LIMITED]),
    "fault-relayed": Case(
        act("create", I1_PART), faults=[{"kind": "soap_fault", "code": "LOCK_COMPETITION", "path": "/v1/action/create"}]
    ),
    "fault-no-credential-of-the-bridge": Case(
        act("create", I1_PART), zuora={"client_id": None, "client_secret": None}
    ),
    "status-401": Case(act("create", I1_PART), who=()),
    "status-401-relayed": Case(act("create", I1_PART), who=keys("erp@example.com", "wrong")),
    "status-403-other-tenant": Case(act("create", I1_PART.but(AccountId="A00000001")), who=keys("other@example.com")),
    "status-403-relayed": Case(act("create", I1_PART), who=keys("viewer@example.com")),
    "status-413": Case(said("POST", "/v1/action/create", " " * (8 * 1024 * 1024 + 1))),
    "status-415": Case(act("create", I1_PART), headers=(("Content-Type", "text/plain"),)),
    # queries by REST
    "query-page": Case(
        said("POST", "/v1/action/query", json.dumps({"queryString": "select Amount, Status, Type, EffectiveDate, "
             "GatewayResponse from Payment where PaymentNumber = 'P-00000001'"})), settings=BY_REST
    ),
    "query-first-of-several-pages": Case(
        said("POST", "/v1/action/query", json.dumps({"queryString": "select PaymentNumber from Payment where Status = "
             "'Processed'", "conf": {"batchSize": 2}})), settings=BY_REST
    ),
    "query-empty": Case(
        said("POST", "/v1/action/query", json.dumps({"queryString": "select Id from Refund where Amount = 12345"})),
        settings=BY_REST
    ),
    "query-malformed": Case(
        said("POST", "/v1/action/query", json.dumps({"queryString": "select Id from Payment where"})), settings=BY_REST
    ),
    "query-invalid-field": Case(
        said("POST", "/v1/action/query", json.dumps({"queryString": "select InvoiceId from Payment"})), settings=BY_REST
    ),
    "query-more-invalid": Case(
        said("POST", "/v1/action/queryMore", json.dumps({"queryLocator": "b41d9e01" + "0" * 80 + "-2"})),
        settings=BY_REST
    ),
    "query-status-401": Case(
        said("POST", "/v1/action/query", json.dumps({"queryString": "select Id from Payment"})), who=(),
        settings=BY_REST
    ),
    "crud-read": Case(crud("GET", "payment/{P1}"), settings=BY_REST),
    "crud-read-fields": Case(crud("GET", "payment/{P1}?fields=Amount,Status,Nothing"), settings=BY_REST),
    "crud-read-refund": Case(
        crud("GET", "refund/{refund}?fields=Amount,Status,RefundDate"), settings=BY_REST, before=[canceled]
    ),
    "crud-read-not-found": Case(crud("GET", f"payment/{UNKNOWN}"), settings=BY_REST),
    "crud-read-no-id": Case(crud("GET", "payment/it's"), settings=BY_REST),
}  # fmt: skip

LOCATOR = re.compile(rb'(?<="queryLocator":")[0-9a-f]+(?=-2")')


def exchange(url: str, request: Request, headers: Headers) -> bytes:
    """Everything the bridge writes into the socket."""
    method, path, body = request
    host = url.removeprefix("http://")
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in headers]
    lines.append(f"Content-Length: {len(body.encode())}")
    name, _, port = host.partition(":")
    with socket.create_connection((name, int(port)), 30) as wire:
        wire.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + body.encode())
        came = b""
        while piece := wire.recv(65536):
            came += piece
        return came


@pytest.mark.parametrize("name", CASES)
def test_answer_is_the_golden_one(name: str, tmp_path: Path) -> None:
    """Status line, every header and every byte of the body are as they always were."""
    case = CASES[name]
    with World(tmp_path, zuora=case.zuora, **case.settings) as world:
        for each in case.before:
            each(world)
        for fault in case.faults:
            world.fault(**fault)
        request = case.request(world)
        came = exchange(world.url, request, (*case.headers, *(bearer(world) if case.who is None else case.who)))
    came = LOCATOR.sub(b"<locator>", DATE.sub(b"<date>", came))
    came = re.sub(rb"(?<=Content-Length: )\d+", b"<length>", came) if b"<locator>" in came else came
    path = GOLDEN / f"{name}.http"
    if os.environ.get("WRITE_GOLDEN"):
        path.write_bytes(came)
    assert came == path.read_bytes()


def test_every_golden_file_belongs_to_a_case() -> None:
    """No file is left over that nothing is compared with."""
    assert {path.stem for path in GOLDEN.glob("*.http")} == set(CASES)


# ------------------------------------------------------------------ queries by REST, page by page


def test_the_pages_of_a_query_follow_each_other(tmp_path: Path) -> None:
    """Under the caller's own credential: three payments in pages of two, size told on each."""
    query = "select PaymentNumber from Payment where Status = 'Processed'"
    with World(tmp_path, routes={"Payment.query": "rest"}) as world:
        body = {"queryString": query, "conf": {"batchSize": 2}}
        mark = world.mark()
        first = _asked(world, "query", body, keys())
        second = _asked(world, "queryMore", {"queryLocator": first["queryLocator"], "conf": {"batchSize": 2}}, keys())
        numbers = [one["PaymentNumber"] for page in (first, second) for one in page["records"]]
        assert (len(numbers), set(numbers)) == (3, {"P-00000001", "P-00000002", "P-00000003"})
        assert [(page["size"], page["done"]) for page in (first, second)] == [(3, False), (3, True)]
        assert {one.headers.get("apiaccesskeyid") for one in world.requests(mark)} == {"erp@example.com"}
        # Whoever has another credential cannot go on with it.
        answer = _asked(world, "queryMore", {"queryLocator": first["queryLocator"]}, bearer(world))
        assert answer["FaultCode"] == "INVALID_VALUE"


def _asked(world: World, op: str, body: object, who: Headers) -> dict[str, Any]:
    came = exchange(world.url, ("POST", f"/v1/action/{op}", json.dumps(body)), (*JSON, *who))
    found: dict[str, Any] = json.loads(came.partition(b"\r\n\r\n")[2])
    return found


def _read(world: World, who: Headers) -> bytes:
    """The read of P1 by CRUD."""
    return exchange(world.url, ("GET", f"/v1/object/payment/{world.names['P1']}", ""), who)


def test_a_wrong_credential_reads_nothing(tmp_path: Path) -> None:
    """401, as Zuora says it."""
    with World(tmp_path, routes={"Payment.query": "rest"}) as world:
        for who in (keys("erp@example.com", "wrong"), (("Authorization", "Bearer nobody"),)):
            body = {"queryString": "select Id from Payment"}
            assert _asked(world, "query", body, who) == {"message": "Authentication error"}
            assert _read(world, who).startswith(b"HTTP/1.1 401 ")


@pytest.mark.parametrize("body", ['{"queryString":"select Id from Account"}', '{"queryString":7}', "[]", "{"])
def test_what_the_bridge_does_not_answer_passes(body: str, tmp_path: Path) -> None:
    """Other objects, and what it cannot read: Zuora is to answer."""
    with World(tmp_path, routes={"Payment.query": "rest"}) as world:
        mark = world.mark()
        exchange(world.url, ("POST", "/v1/action/query", body), (*JSON, *keys()))
        (seen,) = world.requests(mark)
        assert (seen.path, seen.body) == ("/v1/action/query", body)
