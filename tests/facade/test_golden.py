"""Golden answers: every kind of answer, headers and body, byte for byte as it leaves the socket.

What differs from run to run is masked: dates, the bridge's own address, a session. ``WRITE_GOLDEN=1 pytest
tests/facade/test_golden.py`` writes the files anew; look at the difference before you keep it.
"""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from harness import SOAP11, Obj, World, deleted, envelope, part, payment, post, raw, refund, saved

GOLDEN = Path(__file__).parent / "golden"
MASKS = (
    (re.compile(rb"(?<=\r\nDate: )[^\r]+"), b"<date>"),
    (re.compile(rb"(?<=\r\nExpires: )[^\r]+"), b"<date>"),
    (re.compile(rb"127\.0\.0\.1:\d+"), b"<bridge>"),
    (re.compile(rb"(?<=Session>)[^<]+"), b"<session>"),
    (re.compile(rb"(?<=\(Zuora process )[0-9A-F]{16}(?=\))"), b"<process>"),
)
UTF8 = (("Content-Type", "text/xml; charset=utf-8"),)
SOAP12 = (("Content-Type", 'application/soap+xml; charset=utf-8; action=""'),)
XOP = '<x:Include xmlns:x="http://www.w3.org/2004/08/xop/include" href="cid:1@x"/>'


def pays(document: str, amount: str, **more: Any) -> Obj:
    """A payment of one document."""
    return payment(**{"Amount": amount, "InvoiceId": document, "AppliedInvoiceAmount": amount, **more})


D1_PART, I1_PART = pays("@D1", "30"), pays("@I1", "40")
POSTS = {"method": "POST", "path": "/v1/payments"}
SOAP_CREATE = {"operation": "create"}
LOGIN = "<ns1:login><ns1:username>{}</ns1:username><ns1:password>demo</ns1:password></ns1:login>"


def create(*objects: Obj) -> Callable[[World], bytes]:
    """A create under the ERP's session."""
    return lambda world: world.message(saved("create", [world.resolve(each) for each in objects]))


def update(*objects: Obj) -> Callable[[World], bytes]:
    """An update under the ERP's session."""
    return lambda world: world.message(saved("update", [world.resolve(each) for each in objects]))


def delete(*ids: str) -> Callable[[World], bytes]:
    """A delete of payments under the ERP's session."""
    return lambda world: world.message(deleted("Payment", [world.id(each) for each in ids]))


def said(body: str, session: str | None = None) -> Callable[[World], bytes]:
    """Any body, under the ERP's session unless another one (empty: none) is given."""
    return lambda world: world.message(body, session=session)


def in_soap12(body: Callable[[World], bytes]) -> Callable[[World], bytes]:
    """The same in an envelope of SOAP 1.2."""
    return lambda world: body(world).replace(SOAP11.encode(), b"http://www.w3.org/2003/05/soap-envelope")


def changed(body: Callable[[World], bytes], old: str, new: str) -> Callable[[World], bytes]:
    """The same with one text in place of another."""

    def made(world: World) -> bytes:
        text = body(world).decode()
        assert old in text
        return text.replace(old, new).encode()

    return made


def literally(body: bytes) -> Callable[[World], bytes]:
    """These bytes."""
    return lambda _: body


@dataclass(frozen=True)
class Case:
    """One answer. ``faults`` are ordered before the call."""

    body: Callable[[World], bytes]
    version: str = "107.0"
    headers: tuple[tuple[str, str], ...] = UTF8
    faults: tuple[Mapping[str, Any], ...] = ()
    zuora: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    locked: bool = False
    user: str = ""
    twice: bool = False


CASES: Mapping[str, Case] = {
    # rows
    "create-success-rest": Case(create(D1_PART)),
    "create-success-soap": Case(create(I1_PART)),
    "create-success-joined": Case(create(D1_PART), twice=True),
    "create-failure-with-field": Case(create(pays("@D2", "40"))),
    "create-failure-relayed": Case(create(pays("0" * 32, "40"))),
    "create-failure-rest": Case(create(pays("@DX", "15", AccountId="@X"))),
    "create-failure-special-characters": Case(create(pays("@D1", "1", Gateway="<&>", Type="Electronic"))),
    "create-mixed-batch": Case(create(D1_PART, pays("@D2", "40"), I1_PART, pays("@C1", "1"))),
    "create-refund": Case(create(refund(PaymentId="@C1", Amount="60"))),
    "create-several-documents": Case(
        create(payment(Amount="3", InvoicePaymentData=[
            part("InvoicePayment", InvoiceId="@I1", Amount="1"), part("InvoicePayment", InvoiceId="@D1", Amount="2"),
        ]))
    ),
    "update-success": Case(update(Obj("Payment", {"Id": "@P2", "TransferredToAccounting": "Yes"}))),
    "update-failure": Case(update(Obj("Payment", {"Id": "0" * 32, "Status": "Canceled"}))),
    "delete-failure": Case(delete("@P1", "0" * 32)),
    "delete-success": Case(delete("@P2"), settings={"canceled": "@P2"}),
    "row-in-doubt": Case(create(I1_PART), faults=({"kind": "drop_after", **SOAP_CREATE},)),
    "row-in-doubt-below-60": Case(
        create(refund(PaymentId="@P1", Amount="45", RefundDate=None), refund(PaymentId="@C3", Amount="1")
               .but(RefundDate=None)),
        "50.0",
        faults=({"kind": "drop_after", **SOAP_CREATE},),
    ),
    "row-code-unknown-to-the-version": Case(
        create(refund(PaymentId="@C1", Amount="60", RefundDate=None)), "28.0", settings={"callers": {}}
    ),
    # faults
    "fault-max-records": Case(create(*[I1_PART] * 51)),
    "fault-invalid-type": Case(create(I1_PART, Obj("Account", {"Name": "x"}))),
    "fault-invalid-session": Case(said(saved("create", [I1_PART]), "unknown")),
    "fault-no-session": Case(said(saved("create", [I1_PART]), "")),
    "fault-other-tenant": Case(create(I1_PART), user="other@example.com"),
    "fault-no-tenant-configured": Case(create(I1_PART), zuora={"tenant_id": None}),
    "fault-no-credential": Case(create(I1_PART), zuora={"client_id": None, "client_secret": None}),
    "fault-invalid-version": Case(delete("@P2"), "30.0"),
    "fault-no-version": Case(create(I1_PART), "latest"),
    "fault-rate-limited": Case(create(D1_PART), faults=({"kind": "rate_limited", **POSTS},)),
    "fault-rate-limited-before-51": Case(
        create(refund(PaymentId="@P1", Amount="45", RefundDate=None)), "45.0",
        faults=({"kind": "rate_limited", **SOAP_CREATE},),
    ),
    "fault-rate-limited-soap": Case(create(I1_PART), faults=({"kind": "rate_limited", **SOAP_CREATE},)),
    "fault-expired-session": Case(create(I1_PART), faults=({"kind": "expired_session", **SOAP_CREATE},)),
    "fault-lock-relayed": Case(create(I1_PART), faults=({"kind": "lock", **SOAP_CREATE},)),
    "fault-journal-down": Case(create(D1_PART), locked=True),
    "fault-relayed-malformed-query": Case(said("<ns1:query><ns1:queryString>BADQ</ns1:queryString></ns1:query>")),
    "fault-relayed-login": Case(said(LOGIN.format("nobody"), "")),
    "fault-soapenv-malformed": Case(literally(b"<a><b></a>")),
    "fault-soapenv-no-envelope": Case(literally(b"<a/>")),
    "fault-soapenv-empty": Case(literally(b"")),
    "fault-soapenv-dtd": Case(literally(b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>')),
    "fault-soapenv-decimal": Case(create(pays("@I1", "1,50"))),
    "fault-soapenv-missing-type": Case(said("<ns1:delete><ns1:ids>x</ns1:ids><ns1:type>Payment</ns1:type><ns1:x/>"
                                            "</ns1:delete>")),
    # statuses without an envelope
    "status-504": Case(
        create(refund(PaymentId="@P1", Amount="45", RefundDate=None)), "50.0",
        faults=({"kind": "drop_after", **SOAP_CREATE},),
    ),
    "status-413": Case(create(I1_PART), headers=(*UTF8, ("Content-Length", "9000000"))),
    "status-415-media-type": Case(create(I1_PART), headers=(("Content-Type", "application/json"),)),
    "status-415-multipart": Case(
        create(I1_PART), headers=(("Content-Type", 'multipart/related; type="application/xop+xml"; boundary="x"'),)
    ),
    "status-415-charset": Case(create(I1_PART), headers=(("Content-Type", "text/xml; charset=utf-7"),)),
    # the charset's spelling
    "charset-UTF-8": Case(create(I1_PART), headers=(("Content-Type", "text/xml;charset=UTF-8"),)),
    "charset-none": Case(create(I1_PART), headers=(("Content-Type", "text/xml"),)),
    "charset-latin1": Case(
        lambda world: create(pays("@I1", "40", Comment="é"))(world).decode().replace(
            'encoding="UTF-8"', 'encoding="ISO-8859-1"').encode("latin-1"),
        headers=(("Content-Type", "text/xml; charset=ISO-8859-1"),),
    ),
    # SOAP 1.2: the same rows, faults in its own shape; SOAP 1.1 where no envelope was read
    "soap12-create-success": Case(in_soap12(create(I1_PART)), headers=SOAP12),
    "soap12-create-failure-with-field": Case(in_soap12(create(pays("@D2", "40"))), headers=SOAP12),
    "soap12-create-failure-relayed": Case(in_soap12(create(pays("0" * 32, "40"))), headers=SOAP12),
    "soap12-delete-failure": Case(in_soap12(delete("@P1", "0" * 32)), headers=SOAP12),
    "soap12-as-text-xml": Case(in_soap12(create(I1_PART))),
    "soap12-fault-invalid-session": Case(in_soap12(said(saved("create", [I1_PART]), "unknown")), headers=SOAP12),
    "soap12-fault-invalid-type": Case(in_soap12(create(I1_PART, Obj("Account", {"Name": "x"}))), headers=SOAP12),
    "soap12-fault-no-version": Case(in_soap12(create(I1_PART)), "latest", headers=SOAP12),
    "soap12-fault-rate-limited": Case(
        in_soap12(create(D1_PART)), headers=SOAP12, faults=({"kind": "rate_limited", **POSTS},)
    ),
    "soap12-fault-relayed-login": Case(in_soap12(said(LOGIN.format("nobody"), "")), headers=SOAP12),
    "soap12-fault-soapenv-decimal": Case(in_soap12(create(pays("@I1", "1,50"))), headers=SOAP12),
    "soap12-fault-soapenv-two-bodies": Case(
        changed(in_soap12(create(I1_PART)), "</soapenv:Body>", "</soapenv:Body><soapenv:Body/>"), headers=SOAP12
    ),
    "soap12-fault-soapenv-xop": Case(
        changed(in_soap12(create(pays("@I1", "40", Comment="HERE"))), "HERE", XOP), headers=SOAP12
    ),
    "soap12-fault-soapenv-malformed": Case(changed(in_soap12(create(I1_PART)), "</soapenv:Body>", ""), headers=SOAP12),
    "soap12-status-504": Case(
        in_soap12(create(refund(PaymentId="@P1", Amount="45", RefundDate=None))), "50.0",
        headers=SOAP12, faults=({"kind": "drop_after", **SOAP_CREATE},),
    ),
    "soap12-login": Case(in_soap12(said(LOGIN.format("erp@example.com"), "")), headers=SOAP12),
    # attachments and references
    "fault-soapenv-xop": Case(changed(create(pays("@I1", "40", Comment="HERE")), "HERE", XOP)),
    "fault-soapenv-multi-ref": Case(changed(create(I1_PART), "<ns2:Amount>40</ns2:Amount>", '<ns2:Amount href="#1"/>')),
    # login
    "login": Case(said(LOGIN.format("erp@example.com"), "")),
    "login-at-83": Case(said(LOGIN.format("erp@example.com"), ""), "83.0"),
}  # fmt: skip


def exchange(url: str, version: str, headers: tuple[tuple[str, str], ...], body: bytes) -> bytes:
    """Everything the bridge writes into the socket: its head, and as much body as that announces."""
    host = url.removeprefix("http://")
    named = {name for name, _ in headers}
    lines = [f"POST /apps/services/a/{version} HTTP/1.1", f"Host: {host}", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in headers]
    if "Content-Length" not in named:
        lines.append(f"Content-Length: {len(body)}")
    name, _, port = host.partition(":")
    with socket.create_connection((name, int(port)), 30) as wire:
        wire.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + (body if "Content-Length" not in named else b""))
        came = b""
        while (piece := wire.recv(65536)) and len(came := came + piece) < _whole(came):
            continue
        return came


def _whole(came: bytes) -> int:
    """How long the message is to become."""
    head, found, _ = came.partition(b"\r\n\r\n")
    length = re.search(rb"\r\nContent-Length: (\d+)", head)
    assert not found or length
    return len(head) + 4 + int(length[1]) if length else len(came) + 1


@pytest.mark.parametrize("name", CASES)
def test_answer_is_the_golden_one(name: str, tmp_path: Path) -> None:
    """Status line, every header and every byte of the body are as they always were."""
    case = CASES[name]
    settings = {key: value for key, value in case.settings.items() if key != "canceled"}
    with World(tmp_path, zuora=case.zuora, patience=0.2, **settings) as world:
        if case.user:
            world._session = world.login(case.user)
        if "canceled" in case.settings:
            body = update(Obj("Payment", {"Id": case.settings["canceled"], "Status": "Canceled"}))(world)
            exchange(world.url, "107.0", UTF8, body)
        for each in case.faults:
            world.fault(**each)
        body = case.body(world)
        if case.twice:
            exchange(world.url, case.version, case.headers, body)
        with world.journal_locked() if case.locked else nullcontext():
            came = exchange(world.url, case.version, case.headers, body)
    for pattern, mask in MASKS:
        came = pattern.sub(mask, came)
    path = GOLDEN / f"{name}.http"
    if os.environ.get("WRITE_GOLDEN"):
        path.write_bytes(came)
    assert came == path.read_bytes()


def test_every_golden_file_belongs_to_a_case() -> None:
    """No file is left over that nothing is compared with."""
    assert {path.stem for path in GOLDEN.glob("*.http")} == set(CASES)


@pytest.mark.parametrize(
    "path",
    [
        "/apps/services/a/107.0?wsdl",
        "/apps/services/a/107.0?WSDL",
        "/apps/services/a/64.0?wsdl",
        "/apps/servlet/GenerateWsdl",
    ],
)
def test_the_wsdl_is_the_file_but_for_its_address(path: str, world: World) -> None:
    """Whatever version asks, the file comes byte for byte, with the bridge's address and the file's own version."""
    answer = post(world.url + path, b"", (), method="GET")
    assert (answer.status, answer.header("Content-Type")) == (200, "text/xml;charset=UTF-8")
    file = (Path(__file__).parents[2] / "wsdl" / "zuora.107.0.wsdl").read_bytes()
    here = world.endpoint().encode()
    before, _, rest = answer.body.partition(here)
    assert file.startswith(before)
    assert file.endswith(rest)
    assert len(file) - len(before) - len(rest) < 100
    assert rest.count(here) == 0


def test_the_address_is_the_one_the_caller_used(world: World) -> None:
    """A Host header decides, unless it is none."""

    def asked(host: bytes) -> bytes:
        request = b"GET /apps/services/a/107.0?wsdl HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n" % host
        return raw(world.url, request).body

    assert b'"http://legacy.example:8080/apps/services/a/107.0"' in asked(b"legacy.example:8080")
    assert b"<script>" not in asked(b'x"><script>')
    assert b"user@" not in asked(b"user@evil.example")


def test_a_public_url_wins(tmp_path: Path) -> None:
    """Behind a proxy the owner says what callers see, in the WSDL and in ServerUrl."""
    with World(tmp_path, public_url="https://soap.example.com") as world:
        wsdl = post(world.endpoint() + "?wsdl", b"", (), method="GET")
        assert b'"https://soap.example.com/apps/services/a/107.0"' in wsdl.body
        login = post(world.endpoint("90.0"), envelope(LOGIN.format("erp@example.com")))
        assert b">https://soap.example.com/apps/services/a/90.0</" in login.body
