"""What the driver says of its work: a line and a count per dispatch, and a call for a person where one is needed.

Must not decide anything: verdicts are core's, told as it has judged.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from bridge.core import commands as c
from bridge.core.conduct.saga import LEFT_OVER
from bridge.core.facts import Absent, Fact, NoVerdict
from bridge.core.intent import Dispatch, State
from bridge.core.mapping.fields import dropped
from bridge.core.model import Call, Route, Tenant
from bridge.telemetry import clocks, trace
from bridge.telemetry.log import get_logger
from bridge.telemetry.metrics import METRICS
from bridge.telemetry.stages import Leg

log = get_logger("runtime")

TRACK_ID: Final = "zuora-track-id"

_MONEY: Final = {"done": "moved", "no": "not moved", "busy": "not moved", "unsent": "not moved"}


class Sending:
    """One dispatch on its way. Made right before it is sent, ``came`` when it is over, ``judged`` when core knows."""

    __slots__ = ("_began", "_dispatch", "_event", "_leg", "_seconds", "_told")

    def __init__(self, dispatch: Dispatch) -> None:
        self._dispatch = dispatch
        self._leg = Leg("dispatch", trace.current.get(), kind="client")
        self._began = clocks.steady()
        self._seconds = 0.0
        self._event: c.SendEvent | None = None
        self._told = False

    def came(self, event: c.SendEvent | None) -> None:
        """It is over; None where sending raised."""
        self._event = event
        self._seconds = clocks.steady() - self._began
        METRICS.dispatch_seconds.observe(self._seconds, route=self._dispatch.route.value)
        METRICS.stage_seconds.observe(self._seconds, stage="send")
        self._leg.leave()

    def heard(self, command: c.Command) -> None:
        """Core goes on: what it says of the answer is told, and at the latest when it sends again."""
        match command:
            case c.Ask(judged) if judged:
                self.judged(judged)
            case c.Record(changes):
                for change in changes:
                    if isinstance(change, c.Answered) and change.dispatch_id == self._dispatch.id:
                        self.judged(change.verdict)
            case c.Send():
                self.judged()

    def judged(self, verdict: str = "none") -> None:
        """Say what it came to, in core's words; once."""
        if self._told:
            return
        self._told = True
        dispatch = self._dispatch
        word = verdict if " " not in verdict else "mixed"
        METRICS.dispatches.add(route=dispatch.route.value, operation=dispatch.op.value, verdict=word)
        facts = self._facts(verdict)
        answered = isinstance(self._event, c.Answer | c.SoapAnswer)
        self._leg.end(facts, None if answered else _reason(self._event))
        if (here := self._leg.here) is not None:
            facts["span_id"] = here.span_id
        (log.info if verdict in _MONEY else log.warning)("dispatch", **facts)

    def _facts(self, verdict: str) -> dict[str, Any]:
        dispatch, event = self._dispatch, self._event
        facts: dict[str, Any] = {
            "dispatch": dispatch.id,
            "intents": dispatch.intent_ids,
            "route": dispatch.route.value,
            "operation": dispatch.op.value,
            "method": dispatch.method,
            "path": dispatch.path,
            "verdict": verdict,
            "money": _MONEY.get(verdict, "may have moved"),
            "attempt": dispatch.attempt,
            "milliseconds": round(self._seconds * 1000, 3),
        }
        if isinstance(event, c.Answer | c.SoapAnswer):
            facts["status"] = event.status
        else:
            facts["reason"] = _reason(event)
        track = next((value for name, value in dispatch.headers if name.lower() == TRACK_ID), None)
        if track is not None:
            facts["zuora_track_id"] = track
        return facts


def _reason(event: c.SendEvent | None) -> str:
    return event.reason if isinstance(event, c.NotSent | c.Lost) else "the bridge broke off"


def looked_up(facts: Iterable[Fact]) -> None:
    """Count what the tenant was asked."""
    for fact in facts:
        word = "none" if isinstance(fact, NoVerdict) else "absent" if isinstance(fact, Absent) else "found"
        METRICS.lookups.add(outcome=word)


def notice(change: c.Change) -> None:
    """Call a person for what no repeat will mend."""
    if isinstance(change, c.Moved) and change.target is State.PARKED:
        METRICS.for_people.add(kind="parked")
        log.error("parked: somebody else changed the payment meanwhile; read it and settle", intent=change.intent_id)
    elif isinstance(change, c.Answered) and change.verdict == LEFT_OVER:
        METRICS.for_people.add(kind="left_over")
        log.error("left over: what was unapplied could not be applied again; do it", dispatch=change.dispatch_id)


def warn(opened: c.Opened, call: Call, tenant: Tenant) -> None:
    """Say what REST cannot carry and Zuora's SOAP would have ignored, or the owner wants dropped."""
    for intent in opened.intents:
        if intent.route is Route.REST and (left_out := dropped(call.objects[intent.position], tenant.second_reference)):
            log.warning("left out: REST cannot carry it", intent=intent.id, names=left_out)
