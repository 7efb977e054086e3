"""A small world for ``conduct``: a journal with its real conditions, a Zuora with keys and faults, callers with
patience, and processes that die. Nothing is random and nobody sleeps: what happens next is chosen by the test.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import count
from typing import Any

from bridge.core import answers
from bridge.core import commands as c
from bridge.core.conduct import Errand, conduct
from bridge.core.facts import Absent, Fact, NoVerdict, Question, Standing, StillStands
from bridge.core.intent import Dispatch, Intent, State, check
from bridge.core.model import Call, Caller, Op, Outcome, Reply, Route, Rows, Silence, Told, ZObject
from core_objects import ERP, FACTS, TENANT, soap

MORNING = 1_771_610_400_000
"""2026-02-20T10:00:00-08:00, the fixture's day in Los Angeles."""


# ---------------------------------------------------------------- the journal


class Journal:
    """Intents and dispatches in memory, under the conditions of ``Record``."""

    def __init__(self) -> None:
        self.intents: dict[str, Intent] = {}
        self.dispatches: dict[str, Dispatch] = {}

    def record(self, changes: Sequence[c.Change]) -> bool:
        """All changes or, where one's condition fails, none; raises ``IllegalTransition``."""
        before = dict(self.intents), dict(self.dispatches)
        if all(self._apply(change) for change in changes):
            return True
        self.intents, self.dispatches = before
        return False

    def _apply(self, change: c.Change) -> bool:
        match change:
            case c.Opened(intents, dispatches):
                return all(map(self._open, intents)) and all(map(self._add, dispatches))
            case c.Added(dispatch):
                return self._add(dispatch)
            case c.Moved():
                return self._move(change)
            case c.Adopted(intent_id, previous, owner):
                intent = self.intents.get(intent_id)
                if intent is None or intent.owner != previous:
                    return False
                self.intents[intent_id] = replace(intent, owner=owner)
            case c.Sent(dispatch_id, at):
                dispatch = self.dispatches[dispatch_id]
                self.dispatches[dispatch_id] = replace(dispatch, first_sent_at=dispatch.first_sent_at or at)
            case c.Answered(dispatch_id):
                return dispatch_id in self.dispatches
        return True

    def _open(self, intent: Intent) -> bool:
        taken = {identity(each) for each in self.intents.values()}
        if intent.id in self.intents or identity(intent) in taken:
            return False
        self.intents[intent.id] = intent
        return True

    def _add(self, dispatch: Dispatch) -> bool:
        if dispatch.id in self.dispatches or not self.intents.keys() >= set(dispatch.intent_ids):
            return False
        self.dispatches[dispatch.id] = dispatch
        return True

    def _move(self, moved: c.Moved) -> bool:
        check(moved.source, moved.target)
        intent = self.intents.get(moved.intent_id)
        if intent is None or intent.state is not moved.source or intent.owner != moved.owner:
            return False
        if moved.zuora_id is not None and intent.op is Op.CREATE and self._claimed(moved.zuora_id, intent):
            return False
        self.intents[intent.id] = replace(
            intent,
            state=moved.target,
            errors=moved.errors,
            unsent=moved.unsent,
            zuora_id=moved.zuora_id or intent.zuora_id,
            settled_at=moved.at if moved.target.settled else None,
            delivered_at=None,
        )
        return True

    def _claimed(self, zuora_id: str, by: Intent) -> bool:
        return any(
            each.zuora_id == zuora_id and each.op is Op.CREATE and each.id != by.id for each in self.intents.values()
        )

    def match(self, scope: str, fingerprints: Iterable[str], since: int) -> c.Matched:
        """What a call may join, and how many there were of each identity."""
        wanted = set(fingerprints)
        known = [each for each in self.intents.values() if each.scope == scope and each.fingerprint in wanted]
        generations: dict[tuple[str, int], int] = {}
        for each in known:
            place = each.fingerprint, each.ordinal
            generations[place] = max(generations.get(place, 0), each.generation + 1)
        return c.Matched(tuple(sorted(filter(lambda each: _joinable(each, since), known), key=_age)), generations)

    def dispatch_of(self, intent_id: str) -> Dispatch | None:
        """The newest dispatch of an intent."""
        carrying = [each for each in self.dispatches.values() if intent_id in each.intent_ids]
        return max(carrying, key=lambda each: (each.step, each.attempt, each.recorded_at), default=None)

    def deliver(self, intent_ids: Iterable[str], at: int) -> None:
        """Their verdicts were told to the last byte."""
        for intent_id in intent_ids:
            intent = self.intents[intent_id]
            self.intents[intent_id] = replace(intent, delivered_at=intent.delivered_at or at)


def identity(intent: Intent) -> tuple[str, str, int, int]:
    """What is unique in the journal."""
    return intent.scope, intent.fingerprint, intent.ordinal, intent.generation


def _joinable(intent: Intent, since: int) -> bool:
    fresh = intent.delivered_at is None or intent.delivered_at >= since
    return not intent.state.settled or (intent.state is State.APPLIED and fresh)


def _age(intent: Intent) -> tuple[int, int, int, str]:
    return intent.created_at, intent.ordinal, intent.position, intent.id


# ---------------------------------------------------------------- Zuora


@dataclass(frozen=True)
class Made:
    """A Payment or Refund that exists in Zuora, and the intent whose request made it."""

    id: str
    intent_id: str
    route: Route


@dataclass
class Late:
    """A request that Zuora is still working on."""

    dispatch: Dispatch
    ends_at: int


REFUSAL = "The balance of the debit memo is too low."
HTML = b"<html><body><h1>503 Service Temporarily Unavailable</h1></body></html>"

EDGE: Mapping[str, c.Answer] = {
    # Given before the key is looked at, so not stored under it.
    "limit": c.Answer(429, b"", 1),
    "long limit": c.Answer(429, b"", 120),
    "forbidden": c.Answer(403, b'{"success":false,"reasons":[{"code":90000010,"message":"no permission"}]}'),
    "html": c.Answer(503, HTML),
}
PRODUCED: Mapping[str, c.Answer] = {
    # Stored under the key and replayed, failures as well (Zuora: Idempotent requests).
    "no": c.Answer(400, json.dumps({"success": False, "reasons": [{"code": 53200030, "message": REFUSAL}]}).encode()),
    "lock": c.Answer(409, b'{"success":false,"reasons":[{"code":53200050,"message":"locked"}]}'),
    "internal": c.Answer(500, b'{"success":false,"reasons":[{"code":53200061,"message":"try again"}]}'),
}
IN_PROGRESS = c.Answer(409, b'{"success":false,"reasons":[{"code":53200000,"message":"in progress"}]}')
INVALID_SESSION = c.SoapFault("fns:INVALID_SESSION", "invalid session", "UnexpectedErrorFault", "INVALID_SESSION", None)
AXIS_FAULT = c.SoapFault("soapenv:Server", "Internal Error")


class Zuora:
    """Creates what is asked, once per key. A mood says how each request fares."""

    def __init__(self) -> None:
        self.made: list[Made] = []
        self.requests: list[tuple[Dispatch, str]] = []
        self.gone: set[str] = set()
        self.late: list[Late] = []
        self._answers: dict[str, c.Answer] = {}
        self._bytes: dict[str, bytes] = {}
        self._ids = count(1)

    def receive(self, dispatch: Dispatch, mood: str, now: int) -> c.SendEvent:
        """What the bridge sees of one request."""
        self.requests.append((dispatch, mood))
        if mood == "unsent":
            return c.NotSent("connection refused")
        if mood == "lost before":
            return c.Lost("reset")
        if dispatch.route is Route.REST:
            return self._rest(dispatch, mood, now)
        return self._soap(dispatch, mood, now)

    def arrive(self, now: int) -> None:
        """Finish what took its time."""
        for each in [each for each in self.late if each.ends_at <= now]:
            self.late.remove(each)
            if each.dispatch.route is Route.REST:
                self._execute(each.dispatch, "ok")
            else:
                self._rows(each.dispatch, "ok")

    def _rest(self, dispatch: Dispatch, mood: str, now: int) -> c.SendEvent:
        assert dispatch.key is not None
        if mood in EDGE:
            return EDGE[mood]
        same = self._bytes.setdefault(dispatch.key, dispatch.body)
        assert same == dispatch.body, "another body under the same key"
        if any(each.dispatch.key == dispatch.key for each in self.late):
            return IN_PROGRESS
        if mood == "slow" and dispatch.key not in self._answers:
            self.late.append(Late(dispatch, now + 30_000))
            return c.Lost("read timeout")
        answer = self._execute(dispatch, mood)
        if mood == "lost after":
            return c.Lost("reset")
        return c.Answer(502, HTML) if mood == "502 after" else answer

    def _execute(self, dispatch: Dispatch, mood: str) -> c.Answer:
        assert dispatch.key is not None
        if dispatch.key not in self._answers:
            answer = PRODUCED.get(mood)
            if answer is None:
                made = self._make(dispatch.intent_ids[0], Route.REST)
                answer = c.Answer(200, json.dumps({"success": True, "id": made}).encode())
            self._answers[dispatch.key] = answer
        return self._answers[dispatch.key]

    def _soap(self, dispatch: Dispatch, mood: str, now: int) -> c.SendEvent:
        if mood in ("limit", "long limit"):
            return c.SoapAnswer(429, retry_after=120)
        if mood == "html":
            return c.SoapAnswer(503)
        if mood == "forbidden":
            return c.SoapAnswer(500, fault=INVALID_SESSION)
        if mood == "internal":
            return c.SoapAnswer(500, fault=AXIS_FAULT)
        if mood == "slow":
            self.late.append(Late(dispatch, now + 30_000))
            return c.Lost("read timeout")
        rows = self._rows(dispatch, mood)
        if mood == "lost after":
            return c.Lost("reset")
        return c.SoapAnswer(502) if mood == "502 after" else c.SoapAnswer(200, rows=rows)

    def _rows(self, dispatch: Dispatch, mood: str) -> tuple[c.SoapRow, ...]:
        refusals = {"no": "INVALID_VALUE", "lock": "LOCK_COMPETITION"}
        if mood in refusals:
            error = answers.RowError(refusals[mood], REFUSAL) if False else None
        return tuple(
            c.SoapRow(False, None, (_row_error(refusals[mood]),))
            if mood in refusals
            else c.SoapRow(True, self._make(each, Route.SOAP))
            for each in dispatch.intent_ids
        )

    def _make(self, intent_id: str, route: Route) -> str:
        made = hashlib.md5(str(next(self._ids)).encode()).hexdigest()
        self.made.append(Made(made, intent_id, route))
        return made

    def of(self, intent_id: str | None) -> list[Made]:
        """What one intent's requests have made."""
        return [each for each in self.made if each.intent_id == intent_id]
