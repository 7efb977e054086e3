"""Questions core asks about the tenant and the facts it gets back.

A question is answered by exactly one of: its fact, ``Absent`` (proved: Zuora answered "not found") or ``NoVerdict``
(nothing may be sent on it). Amounts are Decimal. Must not look anything up: ``upstream.directory`` does.
"""

from __future__ import annotations

import dataclasses
import enum
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple

FALLEN = frozenset({"error", "canceled", "cancelled", "voided"})
"""Statuses of a payment or refund by which no money stands (Zuora: Payment status values)."""


class Kind(enum.Enum):
    """What a document's id or number names."""

    INVOICE = "invoice"
    DEBIT_MEMO = "debit memo"
    CREDIT_MEMO = "credit memo"
    PAYMENT = "payment"


@dataclass(frozen=True, slots=True)
class WhichDocument:
    """Is ``key`` (an id or a number) an invoice, a debit memo or a credit memo?"""

    key: str


@dataclass(frozen=True, slots=True)
class WhichSource:
    """Is ``key`` (a Refund's PaymentId) a payment or a credit memo? A payment comes with its debit memo parts."""

    key: str


@dataclass(frozen=True, slots=True)
class WhichAccount:
    """The account with this id or number."""

    key: str


@dataclass(frozen=True, slots=True)
class WhichOwner:
    """The account of the Payment or Refund with this id: for policy, where an update or delete names the id alone."""

    object_type: str
    zuora_id: str


@dataclass(frozen=True, slots=True)
class WhichGateway:
    """The payment gateway instance with this name."""

    name: str


@dataclass(frozen=True, slots=True)
class WhichMemos:
    """The posted credit memos of an account that have an unapplied amount, oldest first, then by number."""

    account_id: str


@dataclass(frozen=True, slots=True)
class StillStands:
    """Does the Payment or Refund with this id still stand, that is, neither Error, Canceled, Voided nor deleted?"""

    object_type: str
    zuora_id: str


@dataclass(frozen=True, slots=True)
class WhichMade:
    """Which Payment or Refund has this marker: the proof of a create that got no verdict.

    ``field`` is the REST name of the marker (``referenceId``, ``gatewayOrderId``). ``source`` is the id of the payment
    or credit memo a Refund is of. Only an object of this amount (and account, where known) answers, and none that is
    older than ``since``, in milliseconds by Zuora's clock: a reference that is used again names other objects too.
    """

    object_type: str
    field: str
    marker: str
    amount: Decimal
    account_id: str | None = None
    source: str | None = None
    source_is_memo: bool = False
    since: int | None = dataclasses.field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class WhichLike:
    """Which Payments or Refunds look like this one: where nothing in the request names its object for certain.

    With a ``marker`` (and its REST ``field``) they have it, otherwise they have neither marker, and agree in ``day``
    (EffectiveDate, RefundDate) and ``kind`` (Type) where those are given. ``source`` as in ``WhichMade``. Only what was
    created from ``since`` on answers. ``creator`` is the id of the user under whom the request went, where it is known;
    the answer is not narrowed to it.
    """

    object_type: str
    amount: Decimal
    account_id: str | None = None
    day: str | None = None
    kind: str | None = None
    source: str | None = None
    source_is_memo: bool = False
    field: str | None = None
    marker: str | None = None
    since: int | None = dataclasses.field(default=None, compare=False)
    creator: str | None = dataclasses.field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Shows:
    """Does the Payment or Refund now show these values? The proof of an update that got no verdict.

    ``expected`` are (REST name, text) with dots for inner names (``financeInformation.transferredToAccounting``); the
    fact is ``Showing``, or ``Absent`` where there is no such object (any more).
    """

    object_type: str
    zuora_id: str
    expected: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class WhichParts:
    """What the payment with this id is applied to now."""

    payment_id: str


Question = (
    WhichDocument
    | WhichSource
    | WhichAccount
    | WhichOwner
    | WhichGateway
    | WhichMemos
    | StillStands
    | WhichMade
    | WhichLike
    | Shows
    | WhichParts
)


@dataclass(frozen=True, slots=True)
class DocumentRef:
    """A document. Invoices carry only what routing needs; a memo's status and amounts are read anew for each call.

    ``open`` is a debit memo's balance or a credit memo's unapplied amount. ``dated`` is a memo's date.
    """

    kind: Kind
    id: str
    number: str
    account_id: str
    currency: str | None = None
    status: str | None = None
    open: Decimal | None = None
    dated: date | None = None


class Part(NamedTuple):
    """What of a payment is applied to one document; ``kind`` is INVOICE or DEBIT_MEMO."""

    kind: Kind
    id: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class PaymentFact:
    """A payment as a refund's source. ``refundable`` = amount less what was refunded already.

    ``parts`` are what it is applied to; ``unapplied`` is the rest.
    """

    id: str
    account_id: str
    status: str
    type: str
    refundable: Decimal
    dated: date | None = None
    debit_memo_ids: frozenset[str] = frozenset()
    kind: Kind = Kind.PAYMENT
    parts: tuple[Part, ...] = ()
    unapplied: Decimal = Decimal(0)
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class AccountFact:
    """An account: ``gateway`` is the name of its default gateway instance."""

    id: str
    currency: str
    status: str
    gateway: str | None = None


@dataclass(frozen=True, slots=True)
class Owner:
    """The account of an object; None: a payment that is assigned to none (Zuora: Create a payment, accountId)."""

    account_id: str | None


@dataclass(frozen=True, slots=True)
class GatewayFact:
    """A payment gateway instance."""

    id: str
    name: str
    active: bool


@dataclass(frozen=True, slots=True)
class Memos:
    """Credit memos in the order of CHOICE: oldest memo date first, then the smallest number."""

    memos: tuple[DocumentRef, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether an object still stands, and the status it was seen in."""

    stands: bool
    status: str


@dataclass(frozen=True, slots=True)
class Made:
    """The one object a marker names."""

    id: str
    status: str


@dataclass(frozen=True, slots=True)
class Several:
    """More than one object has the marker, or only such as are ``older`` than the request: no proof of anything."""

    ids: tuple[str, ...]
    older: bool = False


class Like(NamedTuple):
    """One object that looks like what was asked for; ``created`` in milliseconds by Zuora's clock, in whole seconds."""

    id: str
    status: str
    created: int | None
    creator: str | None

    @property
    def stands(self) -> bool:
        """Whether it is neither Error, Canceled nor Voided."""
        return self.status.casefold() not in FALLEN


@dataclass(frozen=True, slots=True)
class Alike:
    """The objects that look like what was asked for, the oldest first; at least one."""

    objects: tuple[Like, ...]


@dataclass(frozen=True, slots=True)
class Showing:
    """Whether an object shows what was expected, and its status."""

    as_expected: bool
    status: str


@dataclass(frozen=True, slots=True)
class Parts:
    """What a payment is applied to now, and what is left of it."""

    parts: tuple[Part, ...]
    unapplied: Decimal


@dataclass(frozen=True, slots=True)
class Absent:
    """Zuora answered that there is no such thing."""


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """One number answers for two kinds of document; it is refused rather than guessed."""

    kinds: tuple[Kind, ...]


@dataclass(frozen=True, slots=True)
class NoVerdict:
    """The look-up got no usable answer; ``reason`` is for the operator."""

    reason: str


Fact = (
    DocumentRef
    | PaymentFact
    | AccountFact
    | Owner
    | GatewayFact
    | Memos
    | Standing
    | Made
    | Several
    | Alike
    | Showing
    | Parts
    | Absent
    | Ambiguous
    | NoVerdict
)
