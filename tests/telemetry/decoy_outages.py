"""What becomes of a bridge and of its calls later: parked, in several steps, without its journal, stopping.

All of it at a second bridge on the journal of the first. Each scene is waited for until it is what it says.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from threading import Thread

from decoy_failures import reasons, texts
from decoy_scene import TOKEN, Scene
from decoy_soap_calls import ENDPOINT, create, envelope, payment, refund, session_header
from harness import XML_HEADERS, Answer, until

HOUR = 3600
JSON = ("Content-Type", "application/json")


def _pay(scene: Scene, name: str, **more: str) -> Answer:
    decoys = scene.decoys
    given = payment(scene, **{"Comment": decoys.card(), "ReferenceId": decoys.card(), **more})
    body = envelope(create(scene, "Payment", given), session_header(scene.world.session))
    return scene.ask(name, ENDPOINT, body, XML_HEADERS)


def parked(scene: Scene) -> None:
    """A payment that nothing can be found by, after all that may still have been on its way."""
    scene.say("zObjects", 0)
    _pay(scene, "parked", AccountId="", ReferenceId="")
    scene.world.advance(HOUR)
    for scene.bridge in (0, 1):
        # Zuora's answer tells each the time: who looks for the payment is for its number to say.
        _pay(scene, "after an hour")
    until(lambda: _doubt(scene)["parked"] > 0, 20)


def _doubt(scene: Scene) -> dict[str, int]:
    url = f"{scene.world.bridges[scene.bridge].admin_url}/admin/api/doubt"
    with urllib.request.urlopen(urllib.request.Request(url, headers={"Authorization": f"Bearer {TOKEN}"})) as came:
        told: dict[str, int] = json.load(came)
    return told


def sagas(scene: Scene) -> None:
    """Refunds of what is applied: unapplied, refunded, and applied again where that is refused."""
    decoys, session = scene.decoys, session_header(scene.world.session)
    for refused in (True, False):
        given = refund(scene, PaymentId="@P2", Comment=decoys.card(), ReferenceID=decoys.card())
        part = f"<ns2:InvoiceId>{scene.world.id('@D5')}</ns2:InvoiceId><ns2:RefundAmount>{given['Amount']}"
        part = f"<ns2:RefundInvoicePayment>{part}</ns2:RefundAmount></ns2:RefundInvoicePayment>"
        whole = f"<ns2:RefundInvoicePaymentData>{part}</ns2:RefundInvoicePaymentData>"
        if refused:
            scene.say("/refunds", 400, reasons(53100020, texts(decoys)), JSON)
        scene.ask("a saga", ENDPOINT, envelope(create(scene, "Refund", given, raw=whole), session), XML_HEADERS)


def without_a_journal(scene: Scene) -> None:
    """Locked before anything is recorded, and after it was sent, by each route."""
    if scene.world.database_url:
        return
    path, session = scene.world.database, scene.world.session
    assert session
    with contextlib.closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        for match, document in (("zObjects", "@I1"), ("POST /v1/payments", "@D1")):
            other.execute("BEGIN IMMEDIATE")
            _pay(scene, "the journal is down", InvoiceId=document)
            other.execute("ROLLBACK")
            scene.say(match, first=lambda: other.execute("BEGIN IMMEDIATE"), passes=True)
            _pay(scene, "the journal went down", InvoiceId=document)
            other.execute("ROLLBACK")


def stopping(scene: Scene) -> None:
    """Told to stop while Zuora is slow: what is in flight is answered, what comes then is refused."""
    bridge = scene.world.bridges[scene.bridge]
    end = Thread(target=bridge.stop)
    scene.say("zObjects", seconds=0.8, passes=True, first=end.start)
    with ThreadPoolExecutor(1) as other:
        first = other.submit(_pay, scene, "in flight")
        until(lambda: _unready(bridge.admin_url), 20)
        late = _pay(scene, "too late", InvoiceId="@I1")
        assert first.result().status == 200
    end.join()
    assert b"is stopping" in late.body, late.body


def _unready(admin_url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{admin_url}/readyz", timeout=5):
            return False
    except urllib.error.HTTPError as error:
        return error.code == 503


def all_of_them(scene: Scene) -> None:
    """Each in turn; the second bridge is gone then."""
    scene.world.add_another()
    scene.bridge, scene.offset = 1, 900
    for each in (parked, sagas, without_a_journal, stopping):
        each(scene)
    scene.bridge = 0
    scene.world.control("settings", {"enhancedWriteOff": True})


CALLS = (all_of_them,)
