"""W3C Trace Context (Recommendation of 23 November 2021): what a caller sends is read, and goes on to Zuora.

A ``traceparent`` that is not valid counts as none, with its ``tracestate`` (section 3.2.2.3 and 4.3); a call without
one begins a trace of its own. Each request to Zuora has a parent-id of its own. Must not be asked for by pass-through,
whose bytes are the caller's. Ids are no secrets and no identities: nothing is decided by them.
"""

from __future__ import annotations

import os
import random
import re
from collections.abc import Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final

SAMPLED: Final = 1
RANDOM: Final = 2
"""Trace Context Level 2, 3.2.2.5.2: the trace-id is random."""

_PARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?\Z", re.ASCII)
_KEY = r"(?:[a-z][_0-9a-z\-*/]{0,255}|[a-z0-9][_0-9a-z\-*/]{0,240}@[a-z][_0-9a-z\-*/]{0,13})"
_MEMBER = re.compile(rf"({_KEY})=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{{0,255}}[\x21-\x2b\x2d-\x3c\x3e-\x7e]\Z")
_MOST_MEMBERS = 32
_LONGEST_STATE = 512
"""What must be passed on at least (section 3.3.1.5), and what is passed on at most."""

_LARGE_MEMBER = 128

_ids = random.Random()  # noqa: S311 - seeded by the system; they are names and keep nothing
# Workers are forked: each would go on with the same ids.
os.register_at_fork(after_in_child=_ids.seed)


@dataclass(frozen=True, slots=True)
class TraceContext:
    """Where in which trace something happens. ``state`` is the caller's tracestate, or empty."""

    trace_id: str
    span_id: str
    flags: int = RANDOM
    state: str = ""

    def child(self) -> TraceContext:
        """One step further in the same trace."""
        return TraceContext(self.trace_id, span_id(), self.flags, self.state)

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """As the next one is told."""
        parent = ("traceparent", f"00-{self.trace_id}-{self.span_id}-{self.flags:02x}")
        return (parent, ("tracestate", self.state)) if self.state else (parent,)


current: ContextVar[TraceContext | None] = ContextVar("bridge_trace", default=None)
"""The trace of the call, or of what is done for it; None where there is none, as in a simulation."""


def span_id() -> str:
    """16 hexadecimal digits, not all zero."""
    return f"{_ids.getrandbits(64) or 1:016x}"


def begun() -> TraceContext:
    """A trace of the bridge's own."""
    return TraceContext(f"{_ids.getrandbits(128) or 1:032x}", span_id())


def received(parents: Sequence[str], states: Sequence[str]) -> TraceContext | None:
    """What a caller's ``traceparent`` and ``tracestate`` headers say; None where they are not valid, or two."""
    found = _PARENT.match(parents[0].strip(" \t")) if len(parents) == 1 else None
    if found is None:
        return None
    version, trace_id, parent_id, flags, more = found.groups()
    # Of a version that we do not know only the first four fields are read; version 00 has no others.
    if version == "ff" or (version == "00" and more) or not int(trace_id, 16) or not int(parent_id, 16):
        return None
    return TraceContext(trace_id, parent_id, int(flags, 16) & (SAMPLED | RANDOM), _state(states))


def _state(given: Sequence[str]) -> str:
    """The members of all tracestate headers as one; empty where any of it is not valid."""
    members = [each.strip(" \t") for each in ",".join(given).split(",")]
    members = [each for each in members if each]
    matched = [_MEMBER.match(each) for each in members]
    keys = {each[1] for each in matched if each is not None}
    if len(members) > _MOST_MEMBERS or len(keys) != len(members):
        return ""
    # Whole members go, first the large ones, then the oldest, which stand last.
    while members and len(",".join(members)) > _LONGEST_STATE:
        large = [each for each in members if len(each) > _LARGE_MEMBER]
        members.remove(large[-1] if large else members[-1])
    return ",".join(members)
