"""Calls by JSON Actions, CRUD and Zuora's other REST paths, and to the admin API, that are full of decoys."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping

from decoy_scene import TOKEN, Scene
from decoy_soap_calls import (
    PAYMENT_MORE,
    PAYMENT_TEXTS,
    REFUND_TEXTS,
    create,
    envelope,
    http_headers,
    named,
    payment,
    refund,
)
from decoy_spellings import JSON as SPELLINGS
from decoy_spellings import grouped, percent
from harness import Headers, post

JSON_HEADERS = (("Content-Type", "application/json"),)
FORM = (("Content-Type", "application/x-www-form-urlencoded"),)


def bearer(scene: Scene) -> Headers:
    """A good token of the sandbox's."""
    form = b"client_id=demo-client&client_secret=demo-secret&grant_type=client_credentials"
    answer = post(f"{scene.world.sandbox.url}/oauth/token", form, FORM)
    return (("Authorization", f"Bearer {json.loads(answer.body)['access_token']}"),)


def written(scene: Scene, given: Mapping[str, str], raw: Mapping[str, str]) -> str:
    """An object; ``raw`` values are JSON already."""
    plain = {name: json.dumps(scene.world.id(text)) for name, text in given.items() if name not in raw}
    return "{" + ",".join(f"{json.dumps(name)}:{text}" for name, text in {**plain, **raw}.items()) + "}"


def every_spelling(scene: Scene) -> None:
    """Payments and refunds as Actions and by CRUD, a number in every text."""
    who, decoys, scene.offset = bearer(scene), scene.decoys, 50
    for place, spelling in enumerate(SPELLINGS):
        for kind, document in (("payment", "@I1"), ("payment", "@D1"), ("refund", "@P1"), ("refund", "@C1")):
            names = (PAYMENT_TEXTS if place % 2 else PAYMENT_MORE) if kind == "payment" else REFUND_TEXTS
            raw = {name: SPELLINGS[spelling](decoys.iban() if name == "Comment" else decoys.card()) for name in names}
            given = payment(scene, InvoiceId=document) if kind == "payment" else refund(scene, PaymentId=document)
            one = written(scene, given, raw)
            body = f'{{"type":"{kind.title()}","objects":[{one}]}}'.encode()
            path = f"/v1/action/create?n={percent(decoys.card())}"
            scene.ask(f"an action, {spelling}", path, body, (*JSON_HEADERS, *who))
            if place % 3 == 0:
                scene.ask(f"crud, {spelling}", f"/v1/object/{kind}", one.encode(), (*JSON_HEADERS, *who))


def names_options_and_headers(scene: Scene) -> None:
    """Keys, types, gateway options, ids in paths, credentials of every kind."""
    who, decoys = bearer(scene), scene.decoys
    for document in ("@I1", "@D1"):
        options = {"GatewayOption": [{"name": decoys.card(), "value": decoys.word("secret")}]}
        raw = {f"C{decoys.card()}__c": json.dumps(decoys.card()), "GatewayOptionData": json.dumps(options)}
        raw |= {"Region__c": json.dumps({"pan": decoys.card(), "password": decoys.word("password")})}
        for leave in ((), ("Region__c",), ("Region__c", "GatewayOptionData")):
            some = {name: text for name, text in raw.items() if name not in leave}
            one = written(scene, payment(scene, InvoiceId=document), some)
            body = f'{{"type":"Payment","objects":[{one}],"card":"{decoys.card()}"}}'.encode()
            key = ("Idempotency-Key", decoys.card())
            scene.ask("keys and options", "/v1/action/create", body, (*JSON_HEADERS, *who, key))
    for kind in ("payment", "refund"):
        for method, body in (("PUT", b'{"Comment":"x"}'), ("DELETE", b""), ("GET", b"")):
            for card in (decoys.card(), percent(decoys.card()), grouped("%20")(decoys.card())):
                path = f"/v1/object/{kind}/{card}?fields={decoys.card()}"
                echo = "id" if method == "DELETE" else ""
                scene.ask(f"{method} of none", path, body, (*JSON_HEADERS, *who), method=method, echo=echo)
    ids = json.dumps({"type": "Payment", "ids": [decoys.card(), decoys.card()]}).encode()
    scene.ask("delete of none", "/v1/action/delete", ids, (*JSON_HEADERS, *who), echo="id")
    user = base64.b64encode(f"erp:{decoys.word('password')}".encode()).decode()
    for credential in (
        (("Authorization", f"Bearer {decoys.word('token')}"),),
        (("Authorization", f"Basic {user}"),),
        (("Authorization", f"ZSession {decoys.word('session')}"),),
        (("Cookie", f"ZSession={decoys.word('session')}"),),
        (("apiAccessKeyId", "erp@example.com"), ("apiSecretAccessKey", decoys.word("secret"))),
        (("apiAccessKeyId", decoys.card()), ("apiSecretAccessKey", decoys.word("token"))),
    ):
        one = written(scene, payment(scene, InvoiceId="@D1"), {})
        body = f'{{"type":"Payment","objects":[{one}]}}'.encode()
        scene.ask("credentials", "/v1/action/create", body, (*JSON_HEADERS, *credential))
        scene.ask("credentials, passed", "/v1/accounts/A1", b"", credential, method="GET")
    for kind in ("Payment", "Refund"):
        for text in ("Id, Comment from {} where Comment = '{c}'", "{c} from {}", "Id from {} where Amount = '{c}'"):
            said = {"queryString": "select " + text.replace("{}", kind).replace("{c}", decoys.card())}
            body = json.dumps({**said, "conf": {"batchSize": 1, "password": decoys.word("password")}}).encode()
            scene.ask("a query", "/v1/action/query", body, (*JSON_HEADERS, *who), echo="rows")


def values_of_other_types(scene: Scene) -> None:
    """A number where an id, an amount, a date or a list is wanted."""
    who = (*JSON_HEADERS, *bearer(scene))
    for name in ("AccountId", "Amount", "EffectiveDate", "InvoiceId", "PaymentMethodId", "Type", "CancelledOn"):
        for spelling in ("plain", "in a sentence"):
            one = written(scene, payment(scene), {name: SPELLINGS[spelling](scene.decoys.card())})
            body = f'{{"type":"Payment","objects":[{one}]}}'.encode()
            scene.ask(f"{name} that is none", "/v1/action/create", body, who)
    for body_text in (
        '{"type":"C%s","objects":[{}]}',
        '{"type":"Payment","objects":"%s"}',
        '{"type":"Payment","objects":[{"C%s":{"a":{"b":1}}}]}',
        '{"type":"Payment","objects":[%s]}',
        '{"type":"Payment","%s":1,"%s":2}',
        '{"%s":',
        '{"type":"Payment","objects":[{"InvoicePaymentData":{"C%s":[]}}]}',
    ):
        body = body_text.replace("%s", scene.decoys.card()).encode()
        scene.ask(f"a body such as {body_text}", "/v1/action/create", body, who)
    for more in (("X-Zuora-WSDL-Version", scene.decoys.card()), ("Zuora-Entity-Ids", scene.decoys.card())):
        one = written(scene, payment(scene), {})
        scene.ask("a header", "/v1/action/create", f'{{"type":"Payment","objects":[{one}]}}'.encode(), (*who, more))


def what_passes(scene: Scene) -> None:
    """Paths that nobody looks into: payment methods, tokens, secrets in the address."""
    who, decoys = bearer(scene), scene.decoys
    for _ in range(3):
        made = named(decoys)
        body = json.dumps(made).encode()
        path = f"/v1/payment-methods?cardNumber={decoys.card()}&access_token={percent(decoys.word('token'))}"
        scene.ask("a payment method", path, body, (*JSON_HEADERS, *who, *http_headers(decoys)[1:]))
        scene.ask("a card in a path", f"/v1/cards/{decoys.card()}", b"", who, method="GET")
        form = f"client_id=x&client_secret={percent(decoys.word('secret'))}&grant_type=client_credentials".encode()
        scene.ask("a token", "/oauth/token", form, (("Content-Type", "application/x-www-form-urlencoded"),))
    for path in ("/v1//x/{}", "/v1/..;/{}", "/a\\{}", "/apps/{}"):
        scene.ask("an unclear path", path.format(decoys.card()), b"", who, method="GET")
    scene.ask("a method nobody has", f"/apps/x?pan={decoys.card()}", b"", who, method="PATCH")


def the_admin_api(scene: Scene) -> None:
    """Every answer of the operator's listener to questions that hold decoys, in the right and in the wrong way."""
    decoys, owner = scene.decoys, (("Authorization", f"Bearer {TOKEN}"), *JSON_HEADERS)
    wrong = (("Authorization", f"Bearer {decoys.word('token')}"),)
    scene.ask("a wrong token", "/admin/api/cutover", b"", wrong, method="GET", admin=True)
    for path in ("explain/{}", "ramps/judgements?rule={}", "shadow?rule={}", "shadow?since={}", "usage?quiet_days={}"):
        scene.ask(path, f"/admin/api/{path.format(decoys.card())}", b"", owner, method="GET", admin=True)
    path = f"/{decoys.card()}?token={percent(decoys.word('token'))}"
    scene.ask("another path", path, b"", (), method="GET", admin=True)
    names = {name: decoys.card() for name in (*PAYMENT_TEXTS, *PAYMENT_MORE)}
    for more in (names, {**names, "InvoiceId": "@D1"}, {"Amount": decoys.card()}):
        given = payment(scene, **more)
        soap = envelope(create(scene, "Payment", given)).decode()
        said = {"soap": soap, "caller": "erp", "version": "107.0"}
        scene.ask("explain a message", "/admin/api/explain", json.dumps(said).encode(), owner, admin=True)
    for said in (
        {"soap": f"<x>{decoys.card()}</x>"},
        {"soap": envelope(f"<ns1:create>{decoys.card()}</ns1:create>").decode(), "account": decoys.card()},
        {"soap": "", "version": decoys.card()},
        {"soap": decoys.card(), "caller": decoys.card()},
    ):
        scene.ask("explain nothing", "/admin/api/explain", json.dumps(said).encode(), owner, admin=True)
    rule = {"name": "pilot", "operation": decoys.card(), "object": decoys.card(), "route": decoys.card()}
    rules = ({"rules": [rule]}, {"rules": decoys.card()}, {"toml": f"{decoys.card()} = [[rule"}, {decoys.card(): 1})
    for body in rules:
        scene.ask("rules to check", "/admin/api/cutover/check", json.dumps(body).encode(), owner, admin=True)
    reason = f"the customer of card {decoys.card()}, password={decoys.word('secret')}"
    for path in ("cutover/stop", "cutover/start", "cutover/rollback", "ramps/hold"):
        said = {"reason": reason, "by": f"alice {decoys.card()}", "rule": decoys.card()}
        scene.ask(path, f"/admin/api/{path}", json.dumps(said).encode(), owner, admin=True)
    again = json.dumps({"reason": reason, "by": "alice"}).encode()
    scene.ask("start", "/admin/api/cutover/start", again, owner, admin=True)


def look_at_the_admin_api(scene: Scene) -> None:
    """Everything that can be looked at, of every intent there is."""
    owner = (("Authorization", f"Bearer {TOKEN}"),)
    for path in ("cutover", "cutover/history?limit=1000", "ramps", "ramps/judgements", "usage", "shadow"):
        scene.ask(path, f"/admin/api/{path}", b"", owner, method="GET", admin=True)
    for path in ("/readyz", "/healthz"):
        scene.ask(path, path, b"", (), method="GET", admin=True)


CALLS = (every_spelling, names_options_and_headers, values_of_other_types, what_passes, the_admin_api)
