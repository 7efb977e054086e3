"""One call as it is told of: one line in the log, and its numbers.

Contract: ``begun`` when its headers are there, ``end`` when it is answered; whoever learns something of it in between
says so to ``current``. Everything here is one of our own words, a configured name or an id: never a caller's text. The
line says what happened, to whom, and whether money may have moved. Must not decide anything.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from typing import Final

from multidict import MultiMapping
from structlog.contextvars import bind_contextvars, reset_contextvars

from bridge.core.model import Caller, CallFault, Outcome, Reply, Told, Version
from bridge.core.refusals import tells_twin
from bridge.core.versions import NEWEST, OLDEST
from bridge.telemetry import clocks, trace
from bridge.telemetry.log import get_logger
from bridge.telemetry.metrics import METRICS, OTHER
from bridge.telemetry.stages import Leg

log = get_logger("call")

_OPERATIONS: Final = {
    name.lower(): name
    for name in (
        "create", "update", "delete", "query", "queryMore", "login", "getUserInfo", "subscribe", "amend", "generate",
        "execute", "billingPreview", "calculateChargeMetrics", "read", "write", "wsdl",
    )
}  # fmt: skip
"""Zuora: SOAP API calls, and what the bridge serves itself."""

_OBJECTS: Final = frozenset({"Payment", "Refund"})

_GRAVEST: Final = ("unknown", "unsent", "refused", "twin", "applied")
"""Of several objects the one that most needs a person, or at least a repeat."""

_MONEY: Final[Mapping[str, str]] = {
    "applied": "moved",
    "unknown": "may have moved",
    "twin": "not moved",
    "refused": "not moved",
    "unsent": "not moved",
}


class CallNote:
    """What is known of one call so far."""

    __slots__ = (
        "_leg", "_tokens", "began", "call_id", "caller", "door", "intents", "money", "object", "operation", "outcome",
        "outcomes", "reason", "route", "track", "version",
    )  # fmt: skip

    def __init__(self, door: str) -> None:
        self.door = door
        self.call_id = os.urandom(16).hex()
        self.began = clocks.steady()
        self.operation = OTHER
        self.object = OTHER
        self.version = "none"
        self.caller = OTHER
        self.route = "none"
        self.outcome = "fault"
        self.money: str | None = None
        self.reason: str | None = None
        self.track: str | None = None
        self.intents: Sequence[str] = ()
        self.outcomes: Mapping[str, int] | None = None
        self._tokens: Mapping[str, object] = {}
        self._leg: Leg | None = None

    def asks(self, operation: str, object_type: str = "", version: Version | None = None) -> None:
        """What it asks for, as far as a door has read it."""
        self.operation = _OPERATIONS.get(operation.lower(), OTHER)
        if object_type:
            self.object = object_type if object_type in _OBJECTS else OTHER
        if version is not None:
            known = OLDEST <= version <= NEWEST and not version.minor
            self.version = str(version) if known else OTHER

    def by(self, caller: Caller) -> None:
        """Whose it is."""
        self.caller = caller.name or OTHER

    def came_to(self, route: str, outcome: str) -> None:
        """How it ended, where it has no objects of its own."""
        self.route, self.outcome = route, outcome
        if outcome == "unknown":
            self.money = "may have moved"

    def replied(self, reply: Reply) -> None:
        """How a journaled call ended."""
        if isinstance(reply, CallFault):
            self.came_to("none", "fault")
            self.money = "not moved"
            self.reason = reply.code
            return
        told = [outcome_of(each) for each in reply.outcomes]
        routes = {each.route.value for each in reply.outcomes if each.route is not None}
        route = routes.pop() if len(routes) == 1 else ("mixed" if routes else "none")
        self.came_to(route, next((each for each in _GRAVEST if each in told), "fault"))
        words = {_MONEY[each] for each in told}
        # What may have moved is what a person must know; then that some of it has.
        self.money = next((each for each in ("may have moved", "moved") if each in words), "not moved")
        self.intents = [each.intent_id for each in reply.outcomes if each.intent_id is not None]
        self.outcomes = {each: told.count(each) for each in dict.fromkeys(told)} if len(told) > 1 else None

    def broke(self) -> None:
        """A defect of ours; whether anything reached Zuora is unknown."""
        self.reason, self.money = "failed", "may have moved"

    def end(self, status: int | None) -> None:
        """It is answered (None: nobody was there any more)."""
        seconds = clocks.steady() - self.began
        METRICS.call_seconds.observe(seconds, door=self.door, operation=self.operation, route=self.route)
        METRICS.calls.add(
            door=self.door, operation=self.operation, object=self.object, version=self.version, caller=self.caller,
            route=self.route, outcome=self.outcome,
        )  # fmt: skip
        more = {name: value for name in ("money", "reason", "outcomes", "intents") if (value := getattr(self, name))}
        if self.track is not None:
            more["zuora_track_id"] = self.track
        facts = {
            "door": self.door, "operation": self.operation, "object": self.object, "version": self.version,
            "caller": self.caller, "route": self.route, "outcome": self.outcome, "status": status,
            "milliseconds": round(seconds * 1000, 3), **more,
        }  # fmt: skip
        (log.warning if self.outcome == "unknown" else log.info)("call", **facts)
        if self._leg is not None:
            self._leg.name = f"{self.door} {self.operation}"
            self._leg.end(facts)
        # Last: when nothing is in flight, everything has been told.
        METRICS.in_flight.up(-1, door=self.door)
        reset_contextvars(**self._tokens)  # type: ignore[arg-type]


_current: ContextVar[CallNote | None] = ContextVar("bridge_call", default=None)


def begun(door: str, headers: MultiMapping[str]) -> CallNote:
    """A call has come by this door; what is done from here on, in this context, is done for it."""
    note = CallNote(door)
    came = trace.received(headers.getall("traceparent", ()), headers.getall("tracestate", ()))
    note._leg = Leg("call", came, kind="server", begins=True)
    assert note._leg.here is not None
    _current.set(note)
    trace_id, span_id = note._leg.here.trace_id, note._leg.here.span_id
    note._tokens = bind_contextvars(call=note.call_id, trace_id=trace_id, span_id=span_id)
    METRICS.in_flight.up(door=door)
    return note


def current() -> CallNote:
    """The call that this is done for; one that nobody will hear of, where there is none."""
    note = _current.get()
    return note if note is not None else CallNote("none")


def outcome_of(one: Outcome) -> str:
    """What an object came to, in one word."""
    return "twin" if one.told is Told.REFUSED and tells_twin(one.errors) else one.told.value
