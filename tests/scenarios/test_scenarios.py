"""Plays every row of the catalogue against a fresh world and checks all that the row says, and that nothing else moved.

Checked per call: the route of each object, every request that could change something at Zuora (with its exact JSON and
its key), the bytes of the answer, and the look-ups where the row gives them; in the end the whole ledger.
"""

from __future__ import annotations

import contextlib
import re
import socket
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

import pytest
from catalogue import ROWS
from harness import ERP, XML_HEADERS, Answer, Obj, Seen, World, deleted, post, saved, until
from scenario_terms import (
    Advance,
    Call,
    Err,
    Fault,
    Gone,
    ManyPayments,
    Ok,
    Order,
    Post,
    Relayed,
    Restart,
    Row,
    Silence,
    Soap,
    Switch,
)

from bridge.sandbox.payments import PaymentOrder, create_payment

LOCATOR = re.compile(rb"(?<=queryLocator>)[0-9a-f]{32}(?=-)")
DECLARED = "<?xml version='1.0' encoding='utf-8'?>"
ENVELOPE = '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>{}</soapenv:Body>'


def _title(row: Row) -> str:
    return f"{row.number}{row.part} {row.name}"


@pytest.mark.parametrize("row", ROWS, ids=_title)
def test_scenario(row: Row, tmp_path: Path) -> None:
    """The row's route, upstream requests, answers and ledger are exactly as the catalogue says."""
    with World(tmp_path, zuora=row.zuora, patience=0.2, **row.settings) as world:
        play = Play(world)
        before = states(world)
        for step in row.steps:
            play.step(step)
            if isinstance(step, ManyPayments):
                before = states(world)
        books = world.ledger()
        assert books["violations"] == []
        assert states(world) == {**before, **row.ledger}
        named = {key: name for name, key in world.names.items()}
        assert Counter(described(one, named) for one in world.payments()) == Counter(map(sorted_terms, row.payments))
        refunded = [f"{one['amount']} of {named[one['paymentId'] or one['creditMemoId']]}" for one in world.refunds()]
        assert Counter(refunded) == Counter(row.refunds)


# ------------------------------------------------------------------ playing


class Play:
    """One row being played."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.keys: dict[str, Seen] = {}
        self.session: str | None = None

    def step(self, step: object) -> None:
        """Arrange something, or make a call and check it."""
        match step:
            case Order(kind, match, more):
                self.world.fault(kind, **match, **more)
            case Switch(name, value):
                self.world.control("settings", {name: value})
            case Advance(seconds):
                self.world.advance(seconds)
            case ManyPayments(count):
                many_payments(self.world, count)
            case Restart():
                self.world.restart()
            case Call():
                self.call(step)
            case _:
                raise TypeError(step)

    def call(self, call: Call) -> None:
        """Make the call and check everything but the ledger."""
        world = self.world
        session = call.session or self._session(call.user)
        objects = [world.resolve(each) for each in call.objects]
        body = call.body.replace("@A'", f"{world.id('@A')}'")
        if "@locator" in body:
            body = body.replace("@locator", world.id("@locator"))
        if not body:
            body = (
                saved(call.op, objects) if call.op != "delete" else deleted(objects[0].type, [_id(o) for o in objects])
            )
        options = "<ns1:CallOptions><ns1:useSingleTransaction>true</ns1:useSingleTransaction></ns1:CallOptions>"
        headers = call.headers + (options if call.single else "")
        message = world.message(body, session=session, headers=headers)
        mark = world.mark()
        if isinstance(call.told, Gone):
            self._hang_up(call, message, mark)
            answer = None
        else:
            with contextlib.ExitStack() as stack:
                if call.journal_locked:
                    stack.enter_context(world.journal_locked())
                answer = post(world.endpoint(call.version), message)
        seen = world.requests(mark)
        self._check_sent(call, objects, [one for one in seen if one.changing], answer)
        if call.reads is not None:
            expected = [self._path(line) for line in call.reads]
            assert Counter(one.line for one in seen if not one.changing and one.face != "oauth") == Counter(expected)
        if answer is not None:
            self._check_answer(call, objects, answer, message)

    def _session(self, user: str) -> str:
        if self.session is None:
            self.session = self.world.login(user or ERP)
        return self.session

    def _hang_up(self, call: Call, message: bytes, mark: int) -> None:
        """Send the call and close the socket once so many POSTs have arrived; return when all is settled."""
        assert isinstance(call.told, Gone)
        posts = call.told.after_posts
        parts = urlsplit(self.world.endpoint(call.version))
        head = f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Length: {len(message)}\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in XML_HEADERS) + "\r\n"
        with socket.create_connection((parts.hostname or "", parts.port or 80)) as wire:
            wire.sendall(head.encode() + message)
            until(lambda: sum(one.face == "rest" for one in self.world.writes(mark)) >= posts)
        self.world.quiet()

    def _path(self, line: str) -> str:
        return re.sub(r"@\w+", lambda found: self.world.id(found[0]), line)

    # -------------------------------------------------------------- what Zuora saw

    def _check_sent(self, call: Call, objects: Sequence[Obj], sent: Sequence[Seen], answer: Answer | None) -> None:
        assert [one.line for one in sent] == [self._line(each) for each in call.sent]
        told = answer.header("Bridge-Intent") if answer is not None else None
        intents = told.split(",") if told else []
        fresh: list[Seen] = []
        for expected, one in zip(call.sent, sent, strict=True):
            if isinstance(expected, Soap):
                assert one.path == "/apps/services/a/107.0"
                assert one.objects == [objects[place] for place in expected.places]
                continue
            self._check_post(expected, one, intents)
            if not expected.key:
                fresh.append(one)
            elif expected.key in self.keys:
                first = self.keys[expected.key]
                assert (one.body, one.headers["idempotency-key"]) == (first.body, first.headers["idempotency-key"])
            else:
                self.keys[expected.key] = one
                fresh.append(one)
        for one in fresh:
            key = one.headers["idempotency-key"]
            assert re.fullmatch("[0-9a-f]{64}", key)
            assert key not in [each.headers["idempotency-key"] for each in self.keys.values() if each is not one]
            self.keys.setdefault(key, one)

    def _line(self, each: Soap | Post) -> str:
        return each.op if isinstance(each, Soap) else f"POST {self._path(each.path)}"

    def _check_post(self, expected: Post, one: Seen, intents: Sequence[str]) -> None:
        intent = intents[expected.place] if intents else one.headers["zuora-track-id"]
        body = _replaced(expected.body, lambda text: intent if text == "@intent" else self.world.id(text))
        assert one.json == body
        assert one.headers["authorization"].startswith("Bearer ")
        assert one.headers["content-type"] == "application/json"
        assert one.headers["zuora-version"] == "2025-08-12"
        assert not intents or one.headers["zuora-track-id"] in intents

    # -------------------------------------------------------------- what the caller saw

    def _check_answer(self, call: Call, objects: Sequence[Obj], answer: Answer, message: bytes) -> None:
        told = call.told
        if isinstance(told, Relayed):
            self._check_relayed(call, told, answer, message)
            return
        assert answer.header("Bridge-Joined") == ("true" if call.joined else None)
        routes = answer.header("Bridge-Route")
        assert (routes or "").split(",") == [word.replace("-", "") for word in call.route.split()] or (
            routes is None and not call.route
        )
        if isinstance(told, Silence):
            assert (answer.status, answer.body, answer.header("Content-Length")) == (504, b"", "0")
            return
        assert answer.header("Content-Type") == "text/xml;charset=utf-8"
        if isinstance(told, Fault):
            assert answer.status == told.status
            fault = answer.fault
            assert (fault["faultcode"], fault["code"], fault["kind"]) == (f"fns:{told.code}", told.code, told.kind)
            assert fault["faultstring"] == fault["message"]
            assert told.says in fault["message"]
            assert answer.header("Retry-After") == told.retry_after
            assert answer.body == fault_bytes(told, fault["message"])
            return
        assert answer.status == 200
        assert answer.body == row_bytes(call.op, answer.rows)
        assert len(answer.rows) == len(told)
        for expected, row, one in zip(told, answer.rows, objects, strict=True):
            if isinstance(expected, Err):
                self._check_error(expected, row)
            else:
                self._check_success(call, expected, row, one)
        ids = [row["id"] for row in answer.rows if row["id"]]
        assert len(set(ids)) == len(ids)
        assert len((answer.header("Bridge-Intent") or "").split(",")) == len(told)
        if call.keep:
            self.world.names[call.keep] = answer.ids[0]

    def _check_error(self, expected: Err, row: Mapping[str, Any]) -> None:
        assert (row["success"], row["id"]) == ("false", None)
        (error,) = row["errors"]
        assert error["Code"] == expected.code, error
        assert error.get("Field") == expected.field, error
        assert expected.says in error["Message"]

    def _check_success(self, call: Call, expected: Ok, row: Mapping[str, Any], one: Obj) -> None:
        assert (row["success"], row["errors"]) == ("true", []), row
        if expected.same_as:
            assert row["id"] == self.world.id(f"@{expected.same_as}")
        if call.op != "create":
            assert row["id"] == one.fields["Id"]
            return
        # The Id is that of an object that really has this object's amount and documents: rows are not mixed up.
        (made,) = [each for each in self._made(one.type) if each["id"] == row["id"]]
        assert Decimal(made["amount"]) == Decimal(str(one.fields["Amount"]))
        if isinstance(document := one.fields.get("InvoiceId"), str):
            assert [each["invoiceId"] or each["debitMemoId"] for each in made["parts"]] == [document]

    def _made(self, kind: str) -> Sequence[Mapping[str, Any]]:
        return self.world.payments() if kind == "Payment" else self.world.refunds()

    def _check_relayed(self, call: Call, told: Relayed, answer: Answer, message: bytes) -> None:
        direct = post(self.world.endpoint(call.version, direct=True), message)
        assert answer.status == direct.status == told.status
        assert LOCATOR.sub(b"", answer.body) == LOCATOR.sub(b"", direct.body)
        skipped = ("date", "expires", "content-length", "connection", "transfer-encoding")
        assert [h for h in answer.headers if h[0].lower() not in skipped] == [
            h for h in direct.headers if h[0].lower() not in skipped
        ]
        through, straight = self.world.requests()[-2:]
        assert (through.method, through.path, through.body) == (straight.method, straight.path, straight.body)
        for text in told.holds:
            assert text.encode() in answer.body
        if call.keep:
            found = re.search(rb"queryLocator>([^<]+)<", answer.body)
            assert found is not None
            self.world.names[call.keep] = found[1].decode()


def _id(one: Obj) -> str:
    return str(one.fields["Id"])


def _replaced(value: Any, replace: Any) -> Any:
    if isinstance(value, str):
        return replace(value)
    if isinstance(value, Mapping):
        return {key: _replaced(each, replace) for key, each in value.items()}
    return [_replaced(each, replace) for each in value]
