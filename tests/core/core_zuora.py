"""Zuora as ``conduct`` sees it: creates what is asked, once per key, and answers as the mood of the moment is.

A payment's parts are changed by PUT, which has no key: a repeat applies again. Where ``unapplied`` has a payment, its
refunds take from there, and what is not there is refused. ``effects`` are the changes that were really made.

Moods: ``ok``; ``no``, ``lock``, ``internal`` (failures that are stored under the key); ``limit``, ``long limit``,
``forbidden``, ``html`` (given before the key is looked at); ``unsent``, ``lost before``, ``lost after``, ``502 after``,
``slow`` (lost, and carried out half a minute later).
"""

from __future__ import annotations

import ast
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import count

from core_objects import A

from bridge.core import facts
from bridge.core.commands import Answer, Lost, NotSent, SendEvent, SoapAnswer, SoapFault, SoapRow
from bridge.core.facts import Fact
from bridge.core.intent import Dispatch
from bridge.core.model import Op, Route, RowError

SLOW_MS = 30_000
US = "0" * 31 + "1"
"""The user of the bridge's own OAuth client, who makes everything here unless a test says otherwise."""

MESSAGE = "The balance of the debit memo is too low."
HTML = b"<html><body><h1>503 Service Temporarily Unavailable</h1></body></html>"


def failure(status: int, code: int, message: str = "no", retry_after: int | None = None) -> Answer:
    """A refusal as REST words it."""
    body = {"success": False, "processId": "A1", "reasons": [{"code": code, "message": message}]}
    return Answer(status, json.dumps(body).encode(), retry_after)


def success(made: str) -> Answer:
    """A created object as REST answers it."""
    return Answer(200, json.dumps({"success": True, "id": made, "status": "Processed"}).encode())


BEFORE_THE_KEY: Mapping[str, Answer] = {
    "limit": failure(429, 50000070, retry_after=1),
    "long limit": failure(429, 50000070, retry_after=120),
    "forbidden": failure(403, 90000010),
    "html": Answer(503, HTML),
}
STORED: Mapping[str, Answer] = {
    "no": failure(400, 53200030, MESSAGE),
    "lock": failure(409, 53200050),
    "internal": failure(500, 53200061),
}
IN_PROGRESS = failure(409, 53200000)

SOAP_FAILURES: Mapping[str, SoapAnswer] = {
    "limit": SoapAnswer(429, retry_after=120),
    "long limit": SoapAnswer(429, retry_after=120),
    "html": SoapAnswer(503),
    "forbidden": SoapAnswer(500, fault=SoapFault("fns:INVALID_SESSION", "invalid session")),
    "internal": SoapAnswer(500, fault=SoapFault("soapenv:Server", "Internal Error")),
}
SOAP_REFUSALS = {"no": "INVALID_VALUE", "lock": "LOCK_COMPETITION"}

MOODS = (
    "ok",
    *STORED,
    *BEFORE_THE_KEY,
    "unsent",
    "lost before",
    "lost after",
    "502 after",
    "slow",
)


@dataclass(frozen=True)
class Made:
    """A Payment or Refund that exists in Zuora, and the intent whose request made it."""

    id: str
    intent_id: str
    route: Route
    marker: str | None = None
    amount: Decimal | None = None


@dataclass(frozen=True)
class Late:
    """A request that Zuora is still working on."""

    dispatch: Dispatch
    ends_at: int


class Zuora:
    """The ledger, the stored answers and what is still being worked on. ``watch`` is called for every new object."""

    def __init__(self, watch: Callable[[Made], None]) -> None:
        self.made: list[Made] = []
        self.requests: list[tuple[Dispatch, str]] = []
        self.late: list[Late] = []
        self._watch = watch
        self.parts: dict[str, dict[str, Decimal]] = {}
        self.status: dict[str, str] = {}
        self.unapplied: dict[str, Decimal] = {}
        self.refunded: dict[str, Decimal] = {}
        self.effects: list[tuple[str, str]] = []
        # Whether SOAP knows the objects that are updated and deleted; None: it makes an object of everything.
        self.soap_knows: bool | None = None
        # How late Object Query shows what was made.
        self.lag_ms = 0
        self.creators: dict[str, str | None] = {}
        self._made_at: dict[str, int] = {}
        self._now = 0
        self._answers: dict[str, Answer] = {}
        self._bodies: dict[str, bytes] = {}
        self.markers_of_soap: Callable[[str], str | None] = lambda _: None
        self._stored_rows: dict[str, tuple[SoapRow, ...]] = {}
        self._ids = count(1)

    def of(self, intent_id: str | None) -> list[Made]:
        """What one intent's requests have made."""
        return [each for each in self.made if each.intent_id == intent_id]

    def stored(self, key: str) -> Answer | None:
        """The answer that every request under this key gets."""
        return self._answers.get(key)

    def receive(self, dispatch: Dispatch, mood: str, now: int) -> SendEvent:
        """What the bridge sees of one request."""
        self._now = now
        self.requests.append((dispatch, mood))
        if mood == "unsent":
            return NotSent("connection refused")
        if mood == "lost before":
            return Lost("reset")
        if dispatch.route is Route.ACTION:
            return self._action(dispatch, mood)
        if dispatch.route is Route.REST and dispatch.key is None:
            return self._put(dispatch, mood, now)
        return self._rest(dispatch, mood, now) if dispatch.key is not None else self._soap(dispatch, mood, now)

    def arrive(self, now: int) -> None:
        """Carry out what took its time."""
        for each in [each for each in self.late if each.ends_at <= now]:
            self.late.remove(each)
            self._now = each.ends_at
            if each.dispatch.key is not None:
                self._execute(each.dispatch, each.dispatch.key, "ok")
            elif each.dispatch.route is Route.REST:
                self._change(each.dispatch)
            else:
                self._rows(each.dispatch, "ok")
        self._now = now

    def _rest(self, dispatch: Dispatch, mood: str, now: int) -> SendEvent:
        assert dispatch.key is not None
        if mood in BEFORE_THE_KEY:
            return BEFORE_THE_KEY[mood]
        assert self._bodies.setdefault(dispatch.key, dispatch.body) == dispatch.body, "other bytes under the same key"
        if any(each.dispatch.key == dispatch.key for each in self.late):
            return IN_PROGRESS
        if mood == "slow" and dispatch.key not in self._answers:
            self.late.append(Late(dispatch, now + SLOW_MS))
            return Lost("read timeout")
        answer = self._execute(dispatch, dispatch.key, mood)
        if mood in ("lost after", "slow"):
            return Lost("reset")
        return Answer(502, HTML) if mood == "502 after" else answer

    def _execute(self, dispatch: Dispatch, key: str, mood: str) -> Answer:
        if key not in self._answers:
            body = json.loads(dispatch.body, parse_int=str, parse_float=str)
            amount = body.get("amount", body.get("totalAmount"))
            made = dispatch.intent_ids[0], Route.REST, dispatch.marker, amount
            refused = STORED.get(mood) or self._taken(dispatch)
            self._answers[key] = refused or success(self._make(*made))
        return self._answers[key]

    def _taken(self, dispatch: Dispatch) -> Answer | None:
        """Take a refund from what is unapplied; the refusal where that is too little."""
        payment, _, what = dispatch.path.removeprefix("/v1/payments/").partition("/")
        if payment not in self.unapplied or what != "refunds":
            return None
        amount = Decimal(json.loads(dispatch.body, parse_int=str, parse_float=str)["totalAmount"])
        if amount > self.unapplied[payment]:
            return STORED["no"]
        self.unapplied[payment] -= amount
        self.refunded[payment] = self.refunded.get(payment, Decimal(0)) + amount
        self.effects.append((dispatch.intent_ids[0], "refund"))
        return None

    def _put(self, dispatch: Dispatch, mood: str, now: int) -> SendEvent:
        if mood in BEFORE_THE_KEY or mood in STORED:
            return BEFORE_THE_KEY.get(mood) or STORED[mood]
        if mood == "slow":
            self.late.append(Late(dispatch, now + SLOW_MS))
            return Lost("read timeout")
        answer = self._change(dispatch)
        if mood == "lost after":
            return Lost("reset")
        return Answer(502, HTML) if mood == "502 after" else answer

    def _change(self, dispatch: Dispatch) -> Answer:
        zuora_id, _, what = dispatch.path.removeprefix("/v1/payments/").removeprefix("/v1/refunds/").partition("/")
        if dispatch.method == "DELETE" or what == "cancel":
            wanted = "deleted" if dispatch.method == "DELETE" else "Canceled"
            if not self._ended(zuora_id, wanted, dispatch.intent_ids[0]):
                return STORED["no"]
            return Answer(200, b'{"success": true}')
        rows = [row for rows in json.loads(dispatch.body, parse_int=str, parse_float=str).values() for row in rows]
        parts = dict(self.parts[zuora_id])
        for row in rows:
            key = row.get("debitMemoId") or row["invoiceId"]
            parts[key] = parts.get(key, Decimal(0)) + Decimal(row["amount"]) * (-1 if what == "unapply" else 1)
        unapplied = self.unapplied.get(zuora_id)
        if unapplied is not None:
            unapplied -= sum(parts.values()) - sum(self.parts[zuora_id].values())
        if min(parts.values()) < 0 or (unapplied is not None and unapplied < 0):
            return STORED["no"]
        self.parts[zuora_id] = parts
        if unapplied is not None:
            self.unapplied[zuora_id] = unapplied
        self.effects.append((dispatch.intent_ids[0], what))
        return Answer(200, json.dumps({"success": True, "id": hashlib.md5(zuora_id.encode()).hexdigest()}).encode())

    def _ended(self, zuora_id: str, wanted: str, intent_id: str) -> bool:
        """Cancel what is processed, delete what is canceled; without ``soap_knows`` nothing is judged."""
        needed = "Canceled" if wanted == "deleted" else "Processed"
        if self.soap_knows is not None and self.status.get(zuora_id, "Processed") != needed:
            return False
        self.status[zuora_id] = wanted
        self.effects.append((intent_id, wanted))
        return True

    def _action(self, dispatch: Dispatch, mood: str) -> SendEvent:
        assert dispatch.key is not None
        if mood in SOAP_FAILURES:
            return SOAP_FAILURES[mood]
        assert self._bodies.setdefault(dispatch.key, dispatch.body) == dispatch.body, "other bytes under the same key"
        rows = self._stored_rows.get(dispatch.key)
        if rows is None:
            rows = self._stored_rows[dispatch.key] = self._rows(dispatch, mood)
        if mood in ("lost after", "slow"):
            return Lost("reset")
        return SoapAnswer(502) if mood == "502 after" else SoapAnswer(200, rows)

    def _soap(self, dispatch: Dispatch, mood: str, now: int) -> SendEvent:
        if mood in SOAP_FAILURES:
            return SOAP_FAILURES[mood]
        if mood == "slow":
            self.late.append(Late(dispatch, now + SLOW_MS))
            return Lost("read timeout")
        rows = self._rows(dispatch, mood)
        if mood == "lost after":
            return Lost("reset")
        return SoapAnswer(502) if mood == "502 after" else SoapAnswer(200, rows)

    def _rows(self, dispatch: Dispatch, mood: str) -> tuple[SoapRow, ...]:
        if mood in SOAP_REFUSALS:
            return (SoapRow(False, None, (RowError(SOAP_REFUSALS[mood], MESSAGE),)),) * len(dispatch.intent_ids)
        if dispatch.op is not Op.CREATE and self.soap_knows is not None:
            pairs = zip(dispatch.intent_ids, _fields_of(dispatch), strict=True)
            return tuple(self._changed(intent_id, fields, dispatch.op) for intent_id, fields in pairs)
        amounts = [fields.get("Amount") for fields in _fields_of(dispatch)]
        return tuple(
            SoapRow(True, self._make(each, dispatch.route, self.markers_of_soap(each), amount))
            for each, amount in zip(dispatch.intent_ids, amounts, strict=True)
        )

    def _changed(self, intent_id: str, fields: Mapping[str, str], op: Op) -> SoapRow:
        zuora_id = fields["Id"]
        wanted = "deleted" if op is Op.DELETE else fields["Status"]
        if self.soap_knows and self._ended(zuora_id, wanted, intent_id):
            return SoapRow(True, zuora_id)
        return SoapRow(False, None, (RowError("INVALID_VALUE", MESSAGE),))

    def shown_parts(self, payment_id: str) -> Fact:
        """What a payment is applied to."""
        if payment_id not in self.parts:
            return facts.Absent()
        kept = self.parts[payment_id].items()
        unapplied = self.unapplied.get(payment_id, Decimal(0))
        return facts.Parts(tuple(facts.Part(facts.Kind.DEBIT_MEMO, key, each) for key, each in kept), unapplied)

    def shown_source(self, payment_id: str) -> Fact:
        """A payment as the source of a refund."""
        parts = [facts.Part(facts.Kind.DEBIT_MEMO, key, each) for key, each in self.parts[payment_id].items() if each]
        unapplied = self.unapplied[payment_id]
        refundable = sum((each.amount for each in parts), unapplied)
        return facts.PaymentFact(
            payment_id,
            A,
            self.status.get(payment_id, "Processed"),
            "External",
            refundable,
            debit_memo_ids=frozenset(each.id for each in parts),
            parts=tuple(parts),
            unapplied=unapplied,
            currency="USD",
        )

    def found(self, marker: str) -> Fact:
        """What Object Query shows of a marker."""
        seen = [each for each in self.made if self._made_at[each.id] <= self._now - self.lag_ms]
        found = [each for each in seen if each.marker == marker]
        if len(found) > 1:
            return facts.Several(tuple(each.id for each in found))
        return facts.Made(found[0].id, "Processed") if found else facts.Absent()

    def made_at(self, zuora_id: str) -> int:
        """When an object was made."""
        return self._made_at[zuora_id]

    def alike(self, question: facts.WhichLike) -> Fact:
        """What looks like it: here what has its amount and its marker, or none."""
        found = [
            facts.Like(each.id, "Processed", self._made_at[each.id] // 1000 * 1000, self.creators.get(each.id, US))
            for each in self.made
            if each.marker == question.marker
            and each.amount == question.amount
            and self._made_at[each.id] <= self._now - self.lag_ms
            and (question.since is None or self._made_at[each.id] // 1000 * 1000 >= question.since)
        ]
        return facts.Alike(tuple(found)) if found else facts.Absent()

    def _make(self, intent_id: str, route: Route, marker: str | None = None, amount: str | None = None) -> str:
        name = hashlib.md5(str(next(self._ids)).encode()).hexdigest()
        made = Made(name, intent_id, route, marker, Decimal(amount) if amount is not None else None)
        self.made.append(made)
        self._made_at[made.id] = self._now
        self._watch(made)
        return made.id


def _fields_of(dispatch: Dispatch) -> list[Mapping[str, str]]:
    """The objects of a SOAP request or an Action, as the world composes them."""
    return [json.loads(text)[0] for text in ast.literal_eval(dispatch.body.decode().split(" ", 2)[2])]
