"""The words scenarios are written in: what is arranged, what is called, what is expected. They hold data and no logic.

Names such as ``@D1`` stand for the ids of the fixture (or of what an earlier call kept). Everything that is not said to
change must stay as it was.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from harness import Obj

Json: TypeAlias = "str | Mapping[str, Json] | Sequence[Json]"


# ------------------------------------------------------------------ arranging


@dataclass(frozen=True)
class Order:
    """A fault that Zuora will show. ``match`` says for which requests."""

    kind: str
    match: Mapping[str, Any]
    more: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Switch:
    """A setting of the Zuora tenant."""

    name: str
    value: Any


@dataclass(frozen=True)
class Advance:
    """Zuora's clock moves."""

    seconds: int


@dataclass(frozen=True)
class ManyPayments:
    """So many unapplied payments of 1.00 on account A, made in Zuora."""

    count: int


@dataclass(frozen=True)
class Restart:
    """The bridge stops and starts again on the same journal."""


# ------------------------------------------------------------------ what Zuora is asked to change


@dataclass(frozen=True)
class Soap:
    """One SOAP request with these objects of the call (by place, from 0), unchanged and in this order.

    ``single``: it asks for one transaction.
    """

    places: Sequence[int]
    op: str = "create"
    single: bool = False


@dataclass(frozen=True)
class Rest:
    """One REST request. Numbers are written as their text; equal ``key`` names mean the same Idempotency-Key and bytes.

    ``@intent`` in the body is the intent of the row at ``place``. Only a POST has a key.
    """

    path: str
    body: Mapping[str, Json] | None = None
    key: str = ""
    place: int = 0
    method: str = "POST"


# ------------------------------------------------------------------ what the caller is told


@dataclass(frozen=True)
class Ok:
    """A success. ``same_as``: with the Id that an earlier call kept under this name."""

    same_as: str = ""


@dataclass(frozen=True)
class Err:
    """A failed row: its code, its field (None: no Field element) and words of its message."""

    code: str
    field: str | None = None
    says: str = ""


@dataclass(frozen=True)
class Fault:
    """A fault for the whole call."""

    code: str
    kind: str = "UnexpectedErrorFault"
    says: str = ""
    status: int = 500
    retry_after: str | None = None


@dataclass(frozen=True)
class Silence:
    """HTTP 504 without an envelope."""


@dataclass(frozen=True)
class Relayed:
    """Zuora's own answer, byte for byte. ``holds`` are texts in it, ``status`` its HTTP status."""

    status: int
    holds: Sequence[str] = ()


@dataclass(frozen=True)
class Page:
    """The bridge's own page of a query: the fields of each row by name, and nothing else."""

    rows: Sequence[Mapping[str, str]]


@dataclass(frozen=True)
class Gone:
    """Nobody is there to be told: the caller closed its socket after so many POSTs had arrived."""

    after_posts: int


Told: TypeAlias = "Sequence[Ok | Err] | Fault | Silence | Relayed | Page | Gone"


@dataclass(frozen=True)
class Call:
    """One call and all that is expected of it.

    ``route`` has one word per object: soap, rest or ``-`` where it never got a route. ``reads`` are the look-ups, where
    they matter. ``user`` is who logged in; ``session`` a session text that Zuora does not know.
    ``journal_locked``: another program holds the journal's database.
    """

    objects: Sequence[Obj] = ()
    told: Told = ()
    route: str = ""
    sent: Sequence[Soap | Rest] = ()
    op: str = "create"
    version: str = "107.0"
    user: str = ""
    session: str = ""
    single: bool = False
    keep: str = ""
    joined: bool = False
    reads: Sequence[str] | None = None
    body: str = ""
    headers: str = ""
    journal_locked: bool = False


@dataclass(frozen=True)
class JsonCall:
    """One call of Actions or CRUD under an OAuth token of the caller's own, and all that is expected of it.

    In ``body`` and ``answer`` names such as ``@D1`` stand for ids; in ``answer``, ``@made`` is the Id of what was made
    and ``*`` any text. Nothing else may differ, byte for byte.
    """

    path: str
    body: str
    answer: str
    route: str = ""
    sent: Sequence[Soap | Rest] = ()
    status: int = 200
    method: str = "POST"


Step: TypeAlias = "Call | JsonCall | Order | Switch | Advance | ManyPayments | Restart"


@dataclass(frozen=True)
class Row:
    """One scenario. ``ledger`` says what has changed in the end: open amounts of the fixture's objects by name.

    A document's open amount is its balance, a credit memo's what is unapplied, a payment's ``applied/unapplied/
    refunded`` or, where it is not Processed, its status; ``gone`` is what was deleted. ``payments`` and ``refunds`` are
    all new ones. ``books`` is what else the ledger shows of an object of the fixture or one that a call has kept.
    """

    number: int
    name: str
    steps: Sequence[Step]
    ledger: Mapping[str, str] = field(default_factory=dict)
    payments: Sequence[str] = ()
    refunds: Sequence[str] = ()
    given: str = ""
    part: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    zuora: Mapping[str, Any] = field(default_factory=dict)
    books: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class Story:
    """A scenario that a table cannot hold: ``test`` is the test function that plays it."""

    number: int
    name: str
    given: str
    call: str
    answer: str
    ledger: str
    test: str
    part: str = ""
