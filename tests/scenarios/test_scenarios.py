"""Plays every row of the catalogue against a fresh world and checks all that the row says, and that nothing else moved.

Checked per call: the route of each object, every request that could change something at Zuora (with its exact JSON and
its key), the bytes of the answer, and the look-ups where the row gives them; in the end the whole ledger.
"""

from __future__ import annotations

import contextlib
import json
import re
import socket
from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from catalogue import ROWS
from harness import API, ERP, XML_HEADERS, XSI, Answer, Obj, Seen, Value, World, deleted, post, saved, until
from lxml import etree
from scenario_bytes import fault_bytes, row_bytes
from scenario_ledger import described, entry, expected, many_payments, refunded, sorted_terms, states
from scenario_terms import (
    Advance,
    Call,
    Err,
    Fault,
    Gone,
    JsonCall,
    ManyPayments,
    Ok,
    Order,
    Page,
    Relayed,
    Rest,
    Restart,
    Row,
    Silence,
    Soap,
    Switch,
)

LOCATOR = re.compile(rb"(?<=queryLocator>)[0-9a-f]{32}(?=-)")
FORM = (("Content-Type", "application/x-www-form-urlencoded"),)
ERP_CLIENT = b"client_id=demo-client&client_secret=demo-secret&grant_type=client_credentials"
NIGHT = 8 * 60 * 60
"""Longer than any session lives, in seconds."""


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
        assert states(world) == expected(before, row.ledger)
        named = {key: name for name, key in world.names.items()}
        assert Counter(described(one, named) for one in world.payments()) == Counter(map(sorted_terms, row.payments))
        assert Counter(refunded(one, named) for one in world.refunds()) == Counter(row.refunds)
        for name, fields in row.books.items():
            found = entry(world, name)
            assert {field: found[field] for field in fields} == fields


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
                # By the answer to a login the bridge hears Zuora's clock.
                renewed = self.world.login()
                if seconds > NIGHT:
                    self.session = renewed
            case ManyPayments(count):
                many_payments(self.world, count)
            case Restart():
                self.world.restart()
            case Call():
                self.call(step)
            case JsonCall():
                self.call_json(step)
            case _:
                raise TypeError(step)

    def call(self, call: Call) -> None:
        """Make the call and check everything but the ledger."""
        world = self.world
        session = call.session or self._session(call.user)
        objects = [self._resolved(each) for each in call.objects]
        body = self._named(call.body)
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
        self._check_sent(call.sent, objects, [one for one in seen if one.changing], answer)
        if call.reads is not None:
            lines = Counter(self._named(line) for line in call.reads)
            assert Counter(one.line for one in seen if not one.changing and one.face != "oauth") == lines
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

    def _resolved(self, one: Obj) -> Obj:
        """The object with ids in place of names, also inside of values."""
        return Obj(one.type, {name: self._value(value) for name, value in one.fields.items()})

    def _value(self, value: Value) -> Value:
        if isinstance(value, str):
            return self._named(value)
        return None if value is None else [self._resolved(row) for row in value]

    def _named(self, text: str) -> str:
        """The text with ids in place of the names in it."""
        return re.sub(r"(?<![\w.])@\w+", lambda found: self.world.id(found[0]), text)

    def call_json(self, call: JsonCall) -> None:
        """Make a call of Actions or CRUD and check everything but the ledger."""
        world = self.world
        granted = json.loads(post(f"{world.sandbox.url}/oauth/token", ERP_CLIENT, FORM).body)
        headers = (("Content-Type", "application/json"), ("Authorization", f"Bearer {granted['access_token']}"))
        mark = world.mark()
        answer = post(world.url + call.path, self._named(call.body).encode(), headers, method=call.method)
        seen = [one for one in world.requests(mark) if one.changing and one.face != "oauth"]
        self._check_sent(call.sent, (), seen, answer)
        self._check_route(call.route, answer)
        made = re.search(r'"[Ii]d":"([0-9a-f]{32})"', answer.body.decode())
        if made is not None:
            world.names["made"] = made[1]
        wanted = re.escape(self._named(call.answer)).replace(re.escape("*"), '[^"]*')
        assert answer.status == call.status, answer.body
        assert re.fullmatch(wanted, answer.body.decode()), answer.body
        assert answer.header("Content-Type") == "application/json;charset=utf-8"

    # -------------------------------------------------------------- what Zuora saw

    def _check_sent(
        self, wanted: Sequence[Soap | Rest], objects: Sequence[Obj], sent: Sequence[Seen], answer: Answer | None
    ) -> None:
        assert [one.line for one in sent] == [self._line(each) for each in wanted]
        told = answer.header("Bridge-Intent") if answer is not None else None
        intents = told.split(",") if told else []
        fresh: list[Seen] = []
        for each, one in zip(wanted, sent, strict=True):
            if isinstance(each, Soap):
                _check_soap(each, one, objects)
                continue
            self._check_rest(each, one, intents)
            if each.method != "POST":
                assert "idempotency-key" not in one.headers
            elif not each.key:
                fresh.append(one)
            elif each.key in self.keys:
                first = self.keys[each.key]
                assert (one.body, one.headers["idempotency-key"]) == (first.body, first.headers["idempotency-key"])
            else:
                self.keys[each.key] = one
                fresh.append(one)
        for one in fresh:
            key = one.headers["idempotency-key"]
            assert re.fullmatch("[0-9a-f]{64}", key)
            assert key not in [each.headers["idempotency-key"] for each in self.keys.values() if each is not one]
            self.keys.setdefault(key, one)

    def _line(self, each: Soap | Rest) -> str:
        return each.op if isinstance(each, Soap) else f"{each.method} {self._named(each.path)}"

    def _check_rest(self, wanted: Rest, one: Seen, intents: Sequence[str]) -> None:
        intent = intents[wanted.place] if intents else one.headers["zuora-track-id"]
        if wanted.body is None:
            assert one.body == ""
        else:
            assert one.json == _replaced(wanted.body, lambda text: intent if text == "@intent" else self.world.id(text))
            assert one.headers["content-type"] == "application/json"
        assert one.headers["authorization"].startswith("Bearer ")
        if wanted.path.startswith("/v1/action/"):
            # An Action may carry many intents, and its version is one of SOAP's.
            assert one.headers["x-zuora-wsdl-version"] == "107.0"
            return
        assert one.headers["zuora-version"] == "2025-08-12"
        assert not intents or one.headers["zuora-track-id"] in intents

    # -------------------------------------------------------------- what the caller saw

    def _check_answer(self, call: Call, objects: Sequence[Obj], answer: Answer, message: bytes) -> None:
        told = call.told
        if isinstance(told, Relayed):
            self._check_relayed(call, told, answer, message)
            return
        if isinstance(told, Page):
            self._check_page(told, answer)
            return
        assert answer.header("Bridge-Joined") == ("true" if call.joined else None)
        self._check_route(call.route, answer)
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
        for each, row, one in zip(told, answer.rows, objects, strict=True):
            if isinstance(each, Err):
                assert (row["id"] is None) is (call.op != "delete")
                self._check_error(each, row)
            else:
                self._check_success(call, each, row, one)
        ids = [row["id"] for row in answer.rows if row["id"]]
        assert len(set(ids)) == len(ids)
        assert len((answer.header("Bridge-Intent") or "").split(",")) == len(told)
        if call.keep:
            self.world.names[call.keep] = answer.ids[0]

    def _check_route(self, route: str, answer: Answer) -> None:
        told = answer.header("Bridge-Route")
        assert (told or "").split(",") == [word.replace("-", "") for word in route.split()] or (
            told is None and not route
        )

    def _check_error(self, told: Err, row: Mapping[str, Any]) -> None:
        assert row["success"] == "false", row
        (error,) = row["errors"]
        assert error["Code"] == told.code, error
        assert error.get("Field") == told.field, error
        assert self._named(told.says) in error["Message"]

    def _check_success(self, call: Call, told: Ok, row: Mapping[str, Any], one: Obj) -> None:
        assert (row["success"], row["errors"]) == ("true", []), row
        if told.same_as:
            assert row["id"] == self.world.id(f"@{told.same_as}")
        if call.op != "create":
            assert row["id"] == one.fields["Id"]
            return
        # The Id is that of an object that really has this object's amount and documents: rows are not mixed up.
        (made,) = [each for each in self._made(one.type) if each["id"] == row["id"]]
        assert Decimal(made["amount"]) == Decimal(str(one.fields["Amount"]))
        if isinstance(document := one.fields.get("InvoiceId"), str) and made["status"] == "Processed":
            assert [each["invoiceId"] or each["debitMemoId"] for each in made["parts"]] == [document]

    def _made(self, kind: str) -> Sequence[Mapping[str, Any]]:
        return self.world.payments() if kind == "Payment" else self.world.refunds()

    def _check_page(self, told: Page, answer: Answer) -> None:
        """The rows, and that Zuora's SOAP was not asked for them."""
        assert answer.status == 200, answer.body
        (result,) = answer.payload
        # An answer without rows has one record that is nil.
        records = [row for row in result.findall(f"{{{API}}}records") if row.get(f"{{{XSI}}}nil") is None]
        rows = [{etree.QName(leaf).localname: leaf.text for leaf in row} for row in records]
        wanted = [{name: self._named(value) for name, value in row.items()} for row in told.rows]
        for row, other in zip(rows, wanted, strict=True):
            assert {name: "*" if other.get(name) == "*" else value for name, value in row.items()} == other
        assert (result.findtext(f"{{{API}}}done"), result.findtext(f"{{{API}}}size")) == ("true", str(len(wanted)))
        assert not any(one.operation == "query" for one in self.world.requests())

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


def _check_soap(wanted: Soap, one: Seen, objects: Sequence[Obj]) -> None:
    assert one.path == "/apps/services/a/107.0"
    assert ("useSingleTransaction>true<" in one.body) == wanted.single
    if wanted.op == "delete":
        (payload,) = etree.fromstring(one.body.encode())[-1]
        assert [leaf.text for leaf in payload] == [objects[0].type, *(_id(objects[place]) for place in wanted.places)]
    else:
        assert one.objects == [objects[place] for place in wanted.places]


def _id(one: Obj) -> str:
    return str(one.fields["Id"])


def _replaced(value: Any, replace: Any) -> Any:
    if isinstance(value, str):
        return replace(value)
    if isinstance(value, Mapping):
        return {key: _replaced(each, replace) for key, each in value.items()}
    return [_replaced(each, replace) for each in value]
