"""Intent and Dispatch: what the journal keeps, and the one table of how an intent may move.

The table is the source of the exhaustive test and of the diagram in ``bridge/README.md``. An illegal move raises
``IllegalTransition`` and changes nothing. Must not decide verdicts (``verdict``) or store anything (``journal``).
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from bridge.core.model import Instant, Op, Route, RowError


class State(enum.Enum):
    """Where an intent stands."""

    RECEIVED = "received"
    PLANNED = "planned"
    SENDING = "sending"
    NOT_SENT = "not_sent"
    IN_DOUBT = "in_doubt"
    PARKED = "parked"
    APPLIED = "applied"
    REFUSED = "refused"
    NOT_APPLIED = "not_applied"

    # Members are single objects; enum's own hash is a Python function, and states are looked up for every move.
    __hash__ = object.__hash__

    @property
    def settled(self) -> bool:
        """Whether the journal knows what became of the intent. PARKED waits for a person, so it is not settled."""
        return self in SETTLED


SETTLED = frozenset({State.APPLIED, State.REFUSED, State.NOT_APPLIED})

TRANSITIONS: Mapping[State, frozenset[State]] = MappingProxyType(
    {
        State.RECEIVED: frozenset({State.PLANNED, State.REFUSED}),
        State.PLANNED: frozenset({State.SENDING, State.REFUSED}),
        State.SENDING: frozenset({State.APPLIED, State.REFUSED, State.NOT_SENT, State.IN_DOUBT}),
        State.NOT_SENT: frozenset({State.SENDING, State.REFUSED}),
        State.IN_DOUBT: frozenset({State.APPLIED, State.NOT_APPLIED, State.PARKED}),
        State.NOT_APPLIED: frozenset({State.SENDING, State.REFUSED}),
        State.PARKED: frozenset({State.APPLIED, State.NOT_APPLIED, State.REFUSED}),
        State.APPLIED: frozenset(),
        State.REFUSED: frozenset(),
    }
)


class IllegalTransition(Exception):
    """A move that the table does not have: a bug of the bridge; no money moved because of it."""

    def __init__(self, source: State, target: State) -> None:
        super().__init__(f"an intent cannot go from {source.name} to {target.name}; nothing was changed")
        self.source = source
        self.target = target


def check(source: State, target: State) -> None:
    """Raise ``IllegalTransition`` where the table has no such move."""
    if target not in TRANSITIONS[source]:
        raise IllegalTransition(source, target)


@dataclass(frozen=True, slots=True)
class Intent:
    """One object that a caller wants done, with its identity and its end.

    Identity is (scope, fingerprint, ordinal, generation), unique in the journal. ``owner`` is the process that drives
    it. ``unsent`` marks a REFUSED intent of which no byte ever left, so that a repeat is simply a new attempt.
    ``fingerprint`` and ``alias`` are the names it is found by, ``content`` what a repeat under a key must equal
    (``identity.Act``). ``near`` is a create's near fingerprint: of those that are open, unsettled or undelivered, each
    has a ``near_place`` of its own in the journal, so that of two calls that know nothing of each other one is first.
    ``decided`` is why it goes by its route, as policy's own text; ``ramp`` the rule whose ramp counts it, if one does.
    """

    id: str
    scope: str
    caller: str
    call_id: str
    position: int
    op: Op
    object_type: str
    fingerprint: str
    ordinal: int
    generation: int
    route: Route | None
    state: State
    created_at: Instant
    owner: str
    zuora_id: str | None = None
    errors: tuple[RowError, ...] = ()
    unsent: bool = False
    settled_at: Instant | None = None
    delivered_at: Instant | None = None
    near: str | None = None
    near_place: int | None = None
    alias: str | None = None
    content: str | None = None
    decided: str | None = None
    ramp: str | None = None

    def moved(self, target: State) -> Intent:
        """The intent in ``target``; raises ``IllegalTransition`` where the table has no such move."""
        check(self.state, target)
        return replace(self, state=target)


@dataclass(frozen=True, slots=True)
class Dispatch:
    """One upstream request, byte for byte, and the intents it carries in their order.

    ``body`` and ``headers`` exclude the session and the Authorization header, which are put back at send time (I9).
    ``path`` begins with a slash. ``key`` is the Idempotency-Key, or None where Zuora has none (SOAP). ``marker`` is
    a value in the request that a later look-up can find. ``first_sent_at`` starts the 20 hours of I5; ``last_sent_at``
    is when whoever drives it began to send it. ``verdict`` and ``answered_at`` are what its last answer came to.
    ``snapshot`` is what the bytes do not tell and a proof needs, as JSON: of a saga's step what it was to change and
    the state before, of a batch what each of its intents can be found by. ``erased``: values of gateway options are no
    longer in it, since all of its intents are settled for good; such a dispatch is never sent (I9).
    """

    id: str
    call_id: str
    route: Route
    op: Op
    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    intent_ids: tuple[str, ...]
    key: str | None = None
    marker: str | None = None
    step: int = 0
    attempt: int = 0
    recorded_at: Instant = 0
    first_sent_at: Instant | None = None
    last_sent_at: Instant | None = None
    answered_at: Instant | None = None
    verdict: str | None = None
    snapshot: str | None = None
    erased: bool = False
