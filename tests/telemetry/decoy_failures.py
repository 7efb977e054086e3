"""Everything that can go wrong on the way, with decoys in what was sent and in what Zuora or its edge says.

Each refusal of the guards, each kind of fault, pages and cookies of an edge, silence, breaks, an act in doubt, twins, a
defect of the bridge's own.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from unittest import mock

from decoy_json_calls import JSON_HEADERS, bearer, written
from decoy_scene import Scene
from decoy_soap_calls import ENDPOINT, create, envelope, payment, refund, session_header
from decoys import Decoys
from harness import API, XML_HEADERS, Headers

from bridge.facade import passing
from bridge.upstream.rest import ZuoraRest
from bridge.upstream.soap import ZuoraSoap

XML = "text/xml; charset=utf-8"
FNS = "http://fault.api.zuora.com/"

Refused = tuple[str, Headers, bytes]


def _refused_by_the_guard(decoys: Decoys) -> Iterator[Refused]:
    """A request for each reason of the guard's, with decoys where it looks."""

    def full(inside: str = "", prolog: str = "") -> bytes:
        head = session_header(decoys.word("session"))
        return prolog.encode() + envelope(f"<q pan='{decoys.card()}'>{decoys.card()}{inside}</q>", head)

    plain: Headers = (("Content-Type", XML),)
    zipped = (*plain, ("Content-Encoding", "gzip"))
    yield (
        "attributes",
        plain,
        full(
            "<x "
            + " ".join(f"a{n}='{decoys.card()}'" for n in range(3))
            + "".join(f" b{n}=''" for n in range(64))
            + "/>"
        ),
    )
    yield "charset", (("Content-Type", f"text/xml; charset=x{decoys.card()}"),), full()
    yield "charset", (("Content-Type", f"text/xml; charset={'x' * 30}{decoys.card()}"),), full()
    yield "media-type", (("Content-Type", f"text/{decoys.card()}"),), full()
    yield "media-type", (("Content-Type", f"multipart/related; boundary={decoys.card()}"),), full()
    yield "content-encoding", (*plain, ("Content-Encoding", decoys.card())), full()
    yield "depth", plain, full("<a>" * 40 + decoys.card() + "</a>" * 40)
    yield "doctype", plain, full(prolog=f"<!DOCTYPE x [<!ENTITY c '{decoys.card()}'>]>")
    yield "empty", (*plain, ("X-Card", decoys.card())), b" "
    yield "encoding", (("Content-Type", "text/xml"),), full(prolog=f"<?xml version='1.0' encoding='x{decoys.card()}'?>")
    yield "entity", plain, full(f"&c{decoys.card()};")
    yield "envelope", plain, f"<c{decoys.card()}>{decoys.card()}</c{decoys.all[-2].value}>".encode()
    yield "gzip", zipped, full()
    yield "gzip", zipped, gzip.compress(full())[:-3]
    yield "headers", (*plain, ("Content-Length", f"{decoys.card()}x")), full()
    yield "malformed", plain, full(f"<c{decoys.card()}>")
    yield "malformed", plain, full()[:-10]
    yield "name", plain, full(f"<c{decoys.card()}{'n' * 300}/>")
    yield (
        "namespaces",
        plain,
        full("<x " + " ".join(f"xmlns:p{n}='{decoys.card() if n < 3 else n}'" for n in range(40)) + "/>"),
    )
    yield "processing-instruction", plain, full(f"<?c {decoys.card()}?>")
    yield "ratio", zipped, gzip.compress(full() + b" " * 4_000_000)
    yield "size", plain, full() + b" " * 9_000_000
    yield "text", plain, full(f"<t>{decoys.card()}{' ' * 1_100_000}</t>")
    yield "two bodies", plain, full().replace(b"</e:Body>", f"</e:Body><e:Body>{decoys.card()}</e:Body>".encode())
    yield "elements", plain, full("<a/>" * 200_001)
    yield "surrogates", plain, full(f"&#xD83D;{decoys.card()}")


def refused_by_the_guards(scene: Scene) -> None:
    """Before anything is read."""
    for reason, headers, body in _refused_by_the_guard(scene.decoys):
        scene.ask(f"refused: {reason}", f"{ENDPOINT}?c={scene.decoys.card()}", body, headers)
    who, decoys = bearer(scene), scene.decoys
    for body in (
        b'{"type":"Payment","a":"' + decoys.card().encode() + b'","a":"' + decoys.card().encode() + b'"}',
        b"[" * 60 + decoys.card().encode() + b"]" * 60,
        b'{"type":"Payment", ' + decoys.card().encode(),
        b'"\xff' + decoys.card().encode() + b'"',
        ("{" + ",".join(f'"{n}":{n}' for n in range(200_001)) + f',"{decoys.card()}":1}}').encode(),
        json.dumps({"type": "Payment", "objects": [{"Comment": decoys.card() + " " * 9_000_000}]}).encode(),
    ):
        scene.ask("refused JSON", "/v1/action/create", body, (*JSON_HEADERS, *who))
    for headers in (
        (("Content-Type", f"text/{decoys.card()}"),),
        (("Content-Type", f"application/json; charset={decoys.card()}"),),
    ):
        body = f'{{"type":"Payment","objects":[{{"Comment":"{decoys.card()}"}}]}}'.encode()
        scene.ask("refused JSON", "/v1/action/create", body, (*headers, *who))


def texts(decoys: Decoys) -> str:
    """What Zuora or its edge might say, secrets and all."""
    return (
        f"card {decoys.card()} of {decoys.iban()} refused; password={decoys.word('secret')} "
        f"see https://erp:{decoys.word('secret')}@zuora.example/?access_token={decoys.word('token')}"
    )


def _page(decoys: Decoys) -> bytes:
    return f"<html><body><h1>502</h1><!-- {decoys.card()} --><p>{texts(decoys)}</p></body></html>".replace(
        "&", "&amp;"
    ).encode()


def _cookies(decoys: Decoys) -> tuple[tuple[str, str], ...]:
    return (
        ("Content-Type", "text/html"),
        ("Set-Cookie", f"ZSession={decoys.word('session')}; card={decoys.card()}"),
        ("WWW-Authenticate", f"Bearer realm={decoys.card()}"),
        ("Location", f"https://x:{decoys.word('secret')}@zuora.example/{decoys.card()}"),
        ("Zuora-Track-Id", decoys.card()),
        ("Retry-After", "x"),
        (f"X-{decoys.card()}", "1"),
    )


def _fault(code: str, text: str, prefix: str = "fns") -> bytes:
    return (
        f'<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body><soapenv:Fault>'
        f'<faultcode xmlns:fns="{FNS}">{prefix}:{code}</faultcode><faultstring>{text}</faultstring><detail>'
        f'<fns:UnexpectedErrorFault xmlns:fns="{FNS}"><fns:FaultCode>{code}</fns:FaultCode><fns:FaultMessage>{text}'
        "</fns:FaultMessage></fns:UnexpectedErrorFault></detail></soapenv:Fault></soapenv:Body></soapenv:Envelope>"
    ).encode()


def _rows(text: str) -> bytes:
    return (
        f'<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>'
        f'<ns1:createResponse xmlns:ns1="{API}"><ns1:result><ns1:Errors><ns1:Code>INVALID_VALUE</ns1:Code><ns1:Message>'
        f"{text}</ns1:Message></ns1:Errors><ns1:Success>false</ns1:Success></ns1:result></ns1:createResponse>"
        "</soapenv:Body></soapenv:Envelope>"
    ).encode()


def reasons(code: int, text: str) -> bytes:
    """A failure of Zuora's REST."""
    return json.dumps({"success": False, "processId": text, "reasons": [{"code": code, "message": text}]}).encode()


def zuora_says_no(scene: Scene) -> None:
    """Faults, rows, reasons, pages; on each route, in what passes, of sessions and of tokens."""
    decoys, session = scene.decoys, session_header(scene.world.session)
    xml, plain = (("Content-Type", "text/xml"),), (("Content-Type", "application/json"),)

    def text() -> str:
        return texts(decoys).replace("&", "&amp;")

    def pay(document: str) -> None:
        body = envelope(create(scene, "Payment", payment(scene, InvoiceId=document, Comment=decoys.card())), session)
        scene.ask("Zuora says no", ENDPOINT, body, XML_HEADERS)

    for code, prefix in (("INVALID_VALUE", "fns"), ("REQUEST_EXCEEDED_LIMIT", "fns"), ("Server", "soapenv")):
        scene.say("zObjects", 500, _fault(code, text(), prefix), *xml)
        pay("@I1")
    for made in (lambda: _rows(text()), lambda: _page(decoys), lambda: b"<broken>" + text().encode()):
        scene.say("zObjects", 200, made(), *xml)
        pay("@I1")
    scene.say("zObjects", 503, _page(decoys), *_cookies(decoys))
    pay("@I1")
    for status, code in (
        (400, 53100020),
        (400, 53100040),
        (404, 50000040),
        (401, 90000011),
        (403, 90000010),
        (422, 53100022),
    ):
        scene.say("POST /v1/payments", status, reasons(code, texts(decoys)), *plain, *_cookies(decoys)[1:])
        pay("@D1")
    scene.say("POST /v1/payments", 200, reasons(53100020, texts(decoys)), *plain)
    pay("@D1")
    scene.say("POST /v1/payments", 400, _page(decoys), *_cookies(decoys))
    pay("@D1")
    scene.say("POST /v1/payments", 500, reasons(53100060, texts(decoys)), *plain, times=9)
    pay("@D1")
    scene.edge.answers.clear()
    for status in (500, 400):
        scene.say("GET /v1/debit-memos", status, _page(decoys), *_cookies(decoys), times=9)
        pay("@D5")
        scene.edge.answers.clear()
    who = (*JSON_HEADERS, *bearer(scene))
    answers: tuple[tuple[int, Callable[[str], object]], ...] = (
        (400, lambda said: {"FaultCode": "INVALID_VALUE", "FaultMessage": said}),
        (200, lambda said: [{"Success": False, "Errors": [{"Code": "INVALID_VALUE", "Message": said}]}]),
        (401, lambda said: {"message": said}),
        (503, lambda said: f"<html>{said}</html>"),
    )
    for status, shape in answers:
        scene.say("/v1/action/create", status, json.dumps(shape(texts(decoys))).encode(), *_cookies(decoys))
        one = written(scene, payment(scene), {"Comment": json.dumps(decoys.card())})
        scene.ask("an Action is refused", "/v1/action/create", f'{{"type":"Payment","objects":[{one}]}}'.encode(), who)
    for path in ("/v1/payment-methods", "/v1/accounts/x"):
        scene.say(path, 502, _page(decoys), *_cookies(decoys))
        scene.ask("an edge's page", path, decoys.card().encode(), who)
    for fault in (
        lambda: _fault("INVALID_SESSION", text()),
        lambda: _page(decoys),
        lambda: _fault("S", text(), "soapenv"),
    ):
        scene.say("getUserInfo", 500, fault(), *_cookies(decoys))
        body = envelope(create(scene, "Payment", payment(scene)), session_header(decoys.word("session")))
        scene.ask("whose session, nobody says", ENDPOINT, body, XML_HEADERS)


def zuora_says_nothing(scene: Scene) -> None:
    """Connections that break, answers that come too late; what is in doubt, and its repeat."""
    decoys, session = scene.decoys, session_header(scene.world.session)
    who = (*JSON_HEADERS, *bearer(scene))
    late = {"deadline": 0.15}
    with (
        mock.patch.dict(ZuoraRest.send.__kwdefaults__, late),
        mock.patch.dict(ZuoraSoap.send.__kwdefaults__, late),
        mock.patch.object(passing, "PASS_SECONDS", 0.15),
    ):
        for match, document in (("zObjects", "@I1"), ("POST /v1/payments", "@D1")):
            for seconds in (0.0, 0.4):
                scene.say(match, 0, times=9, seconds=seconds)
                given = payment(scene, InvoiceId=document, Comment=decoys.card(), ReferenceId=decoys.card())
                body = envelope(create(scene, "Payment", given), session)
                scene.ask("in doubt", ENDPOINT, body, XML_HEADERS)
                scene.edge.answers.clear()
                scene.ask("in doubt, again", ENDPOINT, body, XML_HEADERS)
        for seconds in (0.0, 0.4):
            scene.say("ZSession-none", 0)
            scene.say(decoys.card(), 0, seconds=seconds)
            scene.ask("a break", f"/v1/cards/{decoys.all[-1].value}", b"", who, method="GET")
        scene.say("subscribe", 0)
        body = envelope(f"<ns1:subscribe>{decoys.card()}</ns1:subscribe>", session_header(decoys.word("session")))
        scene.ask("a subscribe", ENDPOINT, body, XML_HEADERS)
    scene.edge.answers.clear()


def twins_and_refunds(scene: Scene) -> None:
    """The same again, nearly the same, and refunds of what is applied nowhere."""
    decoys, session = scene.decoys, session_header(scene.world.session)
    given = payment(scene, ReferenceId=decoys.card(), Comment=decoys.card())
    for _ in range(2):
        scene.ask("a repeat", ENDPOINT, envelope(create(scene, "Payment", given), session), XML_HEADERS)
    near = {**given, "Comment": decoys.card()}
    scene.ask("nearly the same", ENDPOINT, envelope(create(scene, "Payment", near), session), XML_HEADERS)
    for _ in range(2):
        given = refund(scene, PaymentId="@P2", Comment=decoys.card(), ReferenceID=decoys.card())
        scene.ask("a refund", ENDPOINT, envelope(create(scene, "Refund", given), session), XML_HEADERS)
        scene.say("/refunds", 400, reasons(53100020, texts(decoys)), ("Content-Type", "application/json"))
        given = refund(scene, PaymentId="@P2", Comment=decoys.card())
        scene.ask("a refund refused", ENDPOINT, envelope(create(scene, "Refund", given), session), XML_HEADERS)
    scene.edge.answers.clear()


def the_bridge_breaks(scene: Scene) -> None:
    """A defect of our own, whose exception says everything that was sent."""
    decoys, session = scene.decoys, session_header(scene.world.session)

    def broken(*given: object) -> object:
        try:
            raise KeyError(f"{decoys.card()} session={decoys.word('session')}")
        except KeyError as cause:
            raise RuntimeError(f"of {[getattr(each, 'raw', each) for each in given]!r}") from cause

    who = (*JSON_HEADERS, *bearer(scene))
    for place in ("bridge.facade.soap_door.look", "bridge.facade.calls.Calls._run", "bridge.facade.json_door.parse"):
        with mock.patch(place, broken):
            body = envelope(create(scene, "Payment", payment(scene, Comment=decoys.card())), session)
            scene.ask("our own defect", ENDPOINT, body, XML_HEADERS)
            one = written(
                scene,
                payment(scene),
                {"Comment": json.dumps(decoys.card()), "password": json.dumps(decoys.word("password"))},
            )
            scene.ask("our own defect", "/v1/action/create", f'{{"type":"Payment","objects":[{one}]}}'.encode(), who)
    with mock.patch("bridge.facade.server.find", broken):
        scene.ask("our own defect", f"/v1/cards/{decoys.card()}", b"", who)


CALLS = (refused_by_the_guards, zuora_says_no, zuora_says_nothing, twins_and_refunds, the_bridge_breaks)
