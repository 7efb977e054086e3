"""Zuora as ``conduct`` sees it: creates what is asked, once per key, and answers as the mood of the moment is.

A payment's parts are changed by PUT, which has no key: a repeat applies again.

Moods: ``ok``; ``no``, ``lock``, ``internal`` (failures that are stored under the key); ``limit``, ``long limit``,
``forbidden``, ``html`` (given before the key is looked at); ``unsent``, ``lost before``, ``lost after``, ``502 after``,
``slow`` (lost, and carried out half a minute later).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import count

from bridge.core import facts
from bridge.core.commands import Answer, Lost, NotSent, SendEvent, SoapAnswer, SoapFault, SoapRow
from bridge.core.facts import Fact
from bridge.core.intent import Dispatch
from bridge.core.model import Route, RowError

SLOW_MS = 30_000
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
            if each.dispatch.key is not None:
                self._execute(each.dispatch, each.dispatch.key, "ok")
            elif each.dispatch.route is Route.REST:
                self._change(each.dispatch)
            else:
                self._rows(each.dispatch, "ok")

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
            made = dispatch.intent_ids[0], Route.REST, dispatch.marker
            self._answers[key] = STORED.get(mood) or success(self._make(*made))
        return self._answers[key]

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
            self.status[zuora_id] = "deleted" if dispatch.method == "DELETE" else "Canceled"
            return Answer(200, b'{"success": true}')
        rows = [row for rows in json.loads(dispatch.body, parse_int=str, parse_float=str).values() for row in rows]
        parts = dict(self.parts[zuora_id])
        for row in rows:
            key = row.get("debitMemoId") or row["invoiceId"]
            parts[key] = parts.get(key, Decimal(0)) + Decimal(row["amount"]) * (-1 if what == "unapply" else 1)
        if min(parts.values()) < 0:
            return STORED["no"]
        self.parts[zuora_id] = parts
        return Answer(200, json.dumps({"success": True, "id": hashlib.md5(zuora_id.encode()).hexdigest()}).encode())

    def _action(self, dispatch: Dispatch, mood: str) -> SendEvent:
        assert dispatch.key is not None
        if mood in SOAP_FAILURES:
            return SOAP_FAILURES[mood]
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
        return tuple(
            SoapRow(True, self._make(each, dispatch.route, self.markers_of_soap(each))) for each in dispatch.intent_ids
        )

    def shown_parts(self, payment_id: str) -> Fact:
        """What a payment is applied to."""
        if payment_id not in self.parts:
            return facts.Absent()
        kept = self.parts[payment_id].items()
        return facts.Parts(tuple(facts.Part(facts.Kind.DEBIT_MEMO, key, each) for key, each in kept), Decimal(0))

    def found(self, marker: str) -> Fact:
        """What Object Query shows of a marker."""
        found = [each for each in self.made if each.marker == marker]
        if len(found) > 1:
            return facts.Several(tuple(each.id for each in found))
        return facts.Made(found[0].id, "Processed") if found else facts.Absent()

    def _make(self, intent_id: str, route: Route, marker: str | None = None) -> str:
        made = Made(hashlib.md5(str(next(self._ids)).encode()).hexdigest(), intent_id, route, marker)
        self.made.append(made)
        self._watch(made)
        return made.id
