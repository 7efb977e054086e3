"""What core's generators yield and what they get back.

A generator yields one ``Command`` at a time and is sent the event named in its docstring. The driver
(``bridge.runtime``, or a test) executes commands; it holds no rule. Must not execute anything itself.
"""

from __future__ import annotations

import enum
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from bridge.core.facts import Fact, Question
from bridge.core.intent import Dispatch, Intent, State
from bridge.core.model import Instant, Op, Outcome, Route, RowError, ZObject

# ---------------------------------------------------------------- journal changes


@dataclass(frozen=True, slots=True)
class Opened:
    """New intents and the dispatches planned for them; fails as a whole where one identity exists already."""

    intents: tuple[Intent, ...]
    dispatches: tuple[Dispatch, ...] = ()


@dataclass(frozen=True, slots=True)
class Moved:
    """An intent goes from ``source`` to ``target``; fails where the journal has another state or another owner."""

    intent_id: str
    source: State
    target: State
    owner: str
    at: Instant
    zuora_id: str | None = None
    errors: tuple[RowError, ...] = ()
    unsent: bool = False


@dataclass(frozen=True, slots=True)
class Added:
    """A further dispatch for existing intents (a new attempt under a new key)."""

    dispatch: Dispatch


@dataclass(frozen=True, slots=True)
class Sent:
    """A dispatch's bytes may leave from now on; sets ``last_sent_at``, and ``first_sent_at`` unless it is set."""

    dispatch_id: str
    at: Instant


@dataclass(frozen=True, slots=True)
class Answered:
    """What a dispatch came to: ``verdict`` is one word for the operator, ``status`` the HTTP status, if any."""

    dispatch_id: str
    verdict: str
    at: Instant
    status: int | None = None


@dataclass(frozen=True, slots=True)
class Adopted:
    """``owner`` drives the intent from now on; fails unless the journal still has ``previous`` as its owner."""

    intent_id: str
    previous: str
    owner: str


Change = Opened | Moved | Added | Sent | Answered | Adopted

# ---------------------------------------------------------------- commands


@dataclass(frozen=True, slots=True)
class Lookup:
    """Ask the tenant. Event: ``dict[Question, Fact]`` with every question answered."""

    questions: tuple[Question, ...]


@dataclass(frozen=True, slots=True)
class Match:
    """Find intents a call may join, and those it comes near to. Event: ``Matched``, or None where the journal cannot
    be read. Behind ``keys`` an intent is found however long ago it was delivered."""

    scope: str
    fingerprints: tuple[str, ...]
    delivered_since: Instant
    keys: tuple[str, ...] = ()
    nears: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Record:
    """Commit all changes in one transaction, durably, or none. Event: ``Recorded``."""

    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Compose:
    """Build the request for these objects: by Zuora's WSDL, or as an Action. Event: ``Composed``."""

    op: Op
    objects: tuple[ZObject, ...]
    single_transaction: bool
    route: Route = Route.SOAP


@dataclass(frozen=True, slots=True)
class Send:
    """Send a recorded dispatch, once. Event: ``Answer``, ``SoapAnswer``, ``NotSent`` or ``Lost``.

    ``waited``: only while its caller waits (I5). However long ago that was asked last, it is looked at once more before
    the first byte: the process may have slept in between. What has begun a saga finishes it for nobody, too.
    """

    dispatch: Dispatch
    waited: bool = True


@dataclass(frozen=True, slots=True)
class Wait:
    """Let ``seconds`` pass, or less if the caller goes. Event: None."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Ask:
    """Is the caller still there, and what time is it? Answered at once. Event: ``Presence``.

    ``judged`` is what the answer to the ``Send`` before proved, in a word for who watches.
    """

    judged: str = ""


@dataclass(frozen=True, slots=True)
class Watch:
    """Wait until none of these intents is being driven by a living process, or the caller goes. Event: ``Watched``."""

    intent_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LoadDispatches:
    """All dispatches of an intent, by step and attempt. Event: ``tuple[Dispatch, ...]``."""

    intent_id: str


@dataclass(frozen=True, slots=True)
class Hold:
    """Take the lease on a payment or memo for an intent, durably. Event: ``Recorded``; CONFLICT: somebody has it.

    It is free while nobody has it, or whoever had it is settled, or is in doubt and has not taken it ``whole``. A saga
    takes it whole: nobody else may change the object before it is settled.
    """

    scope: str
    key: str
    intent_id: str
    whole: bool


@dataclass(frozen=True, slots=True)
class Rivals:
    """Whose may these objects be? Event: ``Rivalry``, or None where the journal cannot be read."""

    scope: str
    object_type: str
    zuora_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Tell:
    """An object's outcome is known: an answer given from now on may say it. Event: None."""

    position: int
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Commit:
    """These positions are about to be sent: an answer given from now on must not call them unsent. Event: None."""

    positions: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Fork:
    """Run the lanes side by side, at most ``limit`` at once. Event: list of what they returned, in order."""

    lanes: tuple[Steps[Any], ...]
    limit: int


Command = (
    Lookup
    | Match
    | Record
    | Compose
    | Send
    | Wait
    | Ask
    | Watch
    | LoadDispatches
    | Hold
    | Rivals
    | Tell
    | Commit
    | Fork
)

# ---------------------------------------------------------------- events


class Recorded(enum.Enum):
    """How a ``Record`` ended. DOWN: the journal cannot say that it did; nothing may be sent on it."""

    DONE = "done"
    CONFLICT = "conflict"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class Matched:
    """What the journal has of these names, which are fingerprints or aliases of intents.

    ``intents`` are those unsettled, or APPLIED and undelivered, or APPLIED and delivered since the asked instant.
    ``generations`` counts all intents there ever were per (fingerprint, ordinal). ``near`` are the open ones with one
    of the near fingerprints; those with a ``delivered_at`` are not open any more and still have their place.
    ``look_up_first`` says that the journal may lack what Zuora has, so that Zuora must be asked before anything is
    created.
    """

    intents: tuple[Intent, ...]
    generations: Mapping[tuple[str, int], int]
    near: tuple[Intent, ...] = ()
    look_up_first: bool = False


@dataclass(frozen=True, slots=True)
class Rivalry:
    """``claimed`` are those of the objects that are another create's already. ``open`` are the creates of this type
    that are not settled; ``complete`` is False where there are more of them than are told."""

    claimed: frozenset[str]
    open: tuple[Intent, ...]
    complete: bool = True


@dataclass(frozen=True, slots=True)
class Composed:
    """A SOAP request or Action without its credential: ``path``, ``headers`` and ``body`` as a Dispatch keeps them."""

    path: str
    headers: tuple[tuple[str, str], ...]
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete HTTP answer to a REST request. ``retry_after`` in seconds."""

    status: int
    body: bytes
    retry_after: int | None = None


@dataclass(frozen=True, slots=True)
class SoapRow:
    """One SaveResult or DeleteResult; ``success`` is None where the element was missing or unreadable."""

    success: bool | None
    id: str | None
    errors: tuple[RowError, ...] = ()


@dataclass(frozen=True, slots=True)
class SoapFault:
    """A fault as text: ``faultcode`` with its prefix resolved to ``fns:`` or ``soapenv:``; ``kind`` is the detail's."""

    faultcode: str
    faultstring: str
    kind: str | None = None
    code: str | None = None
    message: str | None = None


@dataclass(frozen=True, slots=True)
class SoapAnswer:
    """A complete HTTP answer to a SOAP request or an Action: rows, a fault, or (both None) something unreadable."""

    status: int
    rows: tuple[SoapRow, ...] | None = None
    fault: SoapFault | None = None
    retry_after: int | None = None


@dataclass(frozen=True, slots=True)
class NotSent:
    """No byte reached Zuora: DNS, refused connection, TLS, pool or fence."""

    reason: str


@dataclass(frozen=True, slots=True)
class Lost:
    """Bytes may have reached Zuora and no complete answer came back."""

    reason: str


SendEvent = Answer | SoapAnswer | NotSent | Lost


@dataclass(frozen=True, slots=True)
class Presence:
    """Whether the caller still waits, how many seconds they will, and the time by Zuora's clock.

    ``us`` is Zuora's id of the user of the bridge's own OAuth client, where it is known.
    """

    waiting: bool
    remaining: float
    now: Instant
    us: str | None = None


@dataclass(frozen=True, slots=True)
class Watched:
    """The intents as the journal has them now. Those unsettled are orphans unless ``waiting`` is False."""

    intents: tuple[Intent, ...]
    waiting: bool


Facts = Mapping[Question, Fact]
"""The event of ``Lookup``."""

_T = TypeVar("_T")
Steps = Generator[Command, Any, _T]
"""A generator of core: yields commands, is sent events, returns its result."""
