"""The parts of a call: how long each takes, and, where traces are recorded, a span for each.

Contract: ``with stage("guard"):`` measures; ``Leg`` is a step that goes to somebody else, with a parent-id of its own.
Without a ``Recorder`` this costs a reading of the clock. Facts of a span are redacted before they are handed over. Must
not raise because of what it watches, nor swallow what is raised there.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from contextvars import Token
from types import TracebackType
from typing import Any, Protocol

from bridge.telemetry import clocks, trace
from bridge.telemetry.metrics import METRICS
from bridge.telemetry.redact import redact
from bridge.telemetry.trace import TraceContext


class Recorder(Protocol):
    """Who keeps spans: OpenTelemetry, where it is installed and configured."""

    def begin(self, name: str, parent: TraceContext | None, kind: str) -> tuple[Any, TraceContext]:
        """Open a span under ``parent`` (None: it begins a trace); ``kind`` is server, client or internal."""

    def end(self, span: Any, name: str, facts: Mapping[str, Any], failed: str | None) -> None:
        """Close it."""


_recorder: Recorder | None = None


def record(recorder: Recorder | None) -> None:
    """From here on spans go there; None: nowhere."""
    global _recorder
    _recorder = recorder


class Leg:
    """A step with a place of its own in the trace: a call, or what is sent for it. ``end`` it once.

    Within it ``trace.current`` is its place; None where there is no trace and this does not begin one.
    """

    __slots__ = ("_recorder", "_span", "_token", "here", "name")

    def __init__(self, name: str, parent: TraceContext | None, *, kind: str, begins: bool = False) -> None:
        self.name = name
        self._recorder, self._span = _recorder, None
        self.here: TraceContext | None = None
        if parent is not None or begins:
            if self._recorder is not None:
                self._span, self.here = self._recorder.begin(name, parent, kind)
            else:
                self.here = parent.child() if parent is not None else trace.begun()
        self._token: Token[TraceContext | None] | None = trace.current.set(self.here)

    def leave(self) -> None:
        """What follows is not part of it, though what it came to is not known yet."""
        if self._token is not None:
            with suppress(ValueError):  # what was dropped half-way is torn down in whatever context is at hand
                trace.current.reset(self._token)
            self._token = None

    def end(self, facts: Mapping[str, Any] | None = None, failed: str | None = None) -> None:
        """It is over; ``facts`` are for the span."""
        if self._span is not None and self._recorder is not None:
            told = redact(dict(facts or {}))
            self._recorder.end(self._span, self.name, told if isinstance(told, dict) else {}, failed)
        self.leave()


class stage:
    """Measures one part of a call."""

    __slots__ = ("_began", "_leg", "_name")

    def __init__(self, name: str) -> None:
        self._name = name
        self._leg: Leg | None = None

    def __enter__(self) -> None:
        if _recorder is not None and (here := trace.current.get()) is not None:
            self._leg = Leg(self._name, here, kind="internal")
        self._began = clocks.steady()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        METRICS.stage_seconds.observe(clocks.steady() - self._began, stage=self._name)
        if self._leg is not None:
            self._leg.end(failed=kind.__name__ if kind is not None else None)
