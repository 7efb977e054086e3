"""The nouns of a call: Version, ZObject, Call, Caller, Tenant, Outcome and the answers a call can get.

Every value is frozen. Field values are the caller's own lexical text: a decimal or a date is only read where a
rule needs it (``mapping``), so that what goes on to Zuora unchanged is unchanged. Must not know XML, HTTP or time.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from types import MappingProxyType
from typing import Literal

Instant = int
"""Milliseconds since 1970-01-01T00:00:00Z, by Zuora's clock."""

NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True, order=True)
class Version:
    """A WSDL version as in the last segment of the endpoint's path: ``83.0``, ``47.1``, ``107.0``."""

    major: int
    minor: int = 0

    @classmethod
    def parse(cls, text: str) -> Version:
        """Read ``107.0`` or ``107``; raises ``ValueError`` for anything else."""
        major, dot, minor = text.partition(".")
        if not (major.isascii() and major.isdigit() and len(major) <= 4):
            raise ValueError(f"not a WSDL version: {text[:20]!r}")
        if dot and not (minor.isascii() and minor.isdigit() and len(minor) <= 2):
            raise ValueError(f"not a WSDL version: {text[:20]!r}")
        return cls(int(major), int(minor or 0))

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}"


class Op(enum.Enum):
    """The journaled operations; the value is the SOAP body element's local name."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"


class Route(enum.Enum):
    """How an object reaches Zuora."""

    SOAP = "soap"
    REST = "rest"
    ACTION = "action"


DIRECTIVES: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "Payment": frozenset({"DebitMemoId", "DebitMemoNumber", "Items"}),
        "Refund": frozenset({"CreditMemoId", "CreditMemoNumber", "Items"}),
    }
)
"""What a configured custom field may mean. ``Items`` lists single items: ``mapping.directives`` has the grammar."""


class Settlement(enum.Enum):
    """A tenant's Invoice Settlement (Zuora: Invoice Settlement overview)."""

    OFF = "off"
    HARMONISED = "harmonised"
    ON = "on"


@dataclass(frozen=True, slots=True)
class ZObject:
    """One object of a call, as the caller sent it.

    ``fields`` maps local names to lexical text, in the caller's order; nil and empty elements are absent (Zuora:
    "Use of nil", an empty element is null). Names the contract does not know are here too when they hold text.
    ``children`` maps a container's name (``InvoicePaymentData``) to its objects. ``nulls`` is ``fieldsToNull``.
    ``verbatim`` holds elements the contract does not know that are not plain text, as XML.
    """

    type: str
    fields: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    children: Mapping[str, tuple[ZObject, ...]] = field(default_factory=lambda: MappingProxyType({}))
    nulls: tuple[str, ...] = ()
    verbatim: Mapping[str, str] = field(default_factory=lambda: NOTHING)

    def get(self, name: str) -> str | None:
        """The text of a field, or None when it was not given."""
        return self.fields.get(name)

    def word(self, name: str) -> str | None:
        """A field whose surrounding white space means nothing (ids, numbers, names, dates); None where only that is."""
        return (self.fields.get(name) or "").strip() or None


@dataclass(frozen=True, slots=True)
class Message:
    """What a call came in: ``ids`` are the hashes of its message ids by their kind, ``content`` that of the whole call.

    No id is ever kept in clear.
    """

    ids: Mapping[str, str]
    content: str


@dataclass(frozen=True, slots=True)
class Call:
    """One journaled call: create, update or delete of Payment or Refund. For delete, an object has only its Id.

    ``crud`` marks a call by CRUD, which lets an external payment go without its EffectiveDate. ``places`` says which of
    the caller's own objects these are, where a door has taken some out.
    """

    op: Op
    version: Version
    type: str
    objects: tuple[ZObject, ...]
    single_transaction: bool = False
    crud: bool = False
    message: Message | None = None
    places: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: proved by ``getUserInfo``, with what the owner configured for them.

    ``name`` is the caller's configured name or, without one, the Username. ``allow`` holds entries such as
    ``Payment.create``, ``Refund.*`` and ``*``; empty allows nothing under the bridge's own credential.
    ``in_doubt`` is auto, row, fault or 504. ``own`` says that Actions and REST go under the caller's own credential
    (JSON callers), so that Zuora judges what they may. ``twins`` is fault, join or allow. ``message_ids`` are the kinds
    of message id that this caller keeps over retries and makes anew for each act; ``unique_field`` is the field whose
    value it gives to one payment or refund only.
    ``credit_memo_as`` is the SourceType that the caller's queries show for a refund of a credit memo. ``user_in`` is
    the field (Comment or a custom field) that names the user in what the bridge creates for them by REST; "": none.
    ``user_id`` is Zuora's id of the user behind a SOAP session (getUserInfo, UserId).
    """

    tenant: str
    username: str
    name: str = ""
    entity: str = ""
    allow: frozenset[str] = frozenset()
    in_doubt: str = "auto"
    wait_seconds: int = 50
    own: bool = False
    twins: str = "fault"
    message_ids: tuple[str, ...] = ()
    unique_field: str | None = None
    credit_memo_as: str = "CreditMemo"
    user_in: str = ""
    user_id: str | None = None

    @property
    def scope(self) -> str:
        """Tenant and entity: identity is scoped to both (two users of one ERP are one caller of money)."""
        return f"{self.tenant}|{self.entity}"

    def may(self, object_type: str, op: Op) -> bool:
        """Whether this caller may cause ``op`` on ``object_type`` by a route that needs it (under ``own`` always)."""
        return self.own or not self.allow.isdisjoint({"*", f"{object_type}.*", f"{object_type}.{op.value}"})


@dataclass(frozen=True, slots=True)
class Tenant:
    """What is known of the Zuora tenant; facts come from configuration.

    ``directives`` are custom fields by which callers say what the old schema has no field for: (object type, custom
    field) -> one of ``DIRECTIVES``; they are never sent on. ``custom_types`` are the XML Schema types of the tenant's
    custom fields by ``Payment.Amount__c``; what is not listed is text. ``old_dates`` says which day a dateTime of a
    caller up to WSDL 68 means: that in the tenant's zone, the one written, or that in another zone. ``patterns`` are
    those of the tenant's file, by ``Payment.AccountId``; a field without one is not judged. ``second_reference`` is
    what becomes of SecondPaymentReferenceId by REST: refuse, drop, or the custom field that takes it. ``covering_memo``
    is which of several memos a refund of credit balance is for: oldest, or refuse.
    """

    zone: tzinfo
    settlement: Settlement = Settlement.ON
    item_settlement: bool = True
    enhanced_write_off: bool = True
    refund_reference: bool = True
    rest_version: str = "2025-08-12"
    wsdl_version: Version = Version(107)
    visibility_seconds: int = 60
    directives: Mapping[tuple[str, str], str] = field(default_factory=lambda: MappingProxyType({}))
    custom_types: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    old_dates: tzinfo | Literal["zone", "literal"] = "zone"
    patterns: Mapping[str, re.Pattern[str]] = field(default_factory=lambda: MappingProxyType({}))
    second_reference: str = "refuse"
    covering_memo: Literal["oldest", "refuse"] = "oldest"


@dataclass(frozen=True, slots=True)
class RowError:
    """One error of a row, in Zuora's terms: ``code`` is an ErrorCode, ``field`` a name the caller sent."""

    code: str
    message: str
    field: str | None = None


class Told(enum.Enum):
    """What a row of an answer says."""

    APPLIED = "applied"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    UNSENT = "unsent"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one object. ``zuora_id`` is set exactly when ``told`` is APPLIED.

    ``limited`` marks a refusal for Zuora's request limit: seconds after which the caller may try again.
    """

    told: Told
    zuora_id: str | None = None
    errors: tuple[RowError, ...] = ()
    route: Route | None = None
    intent_id: str | None = None
    joined: bool = False
    limited: int | None = None


@dataclass(frozen=True, slots=True)
class Rows:
    """An answer with one row per object, in input order."""

    outcomes: tuple[Outcome, ...]


@dataclass(frozen=True, slots=True)
class CallFault:
    """A fault for the whole call. ``kind`` is the fault element's name; ``retry_after`` is in seconds."""

    code: str
    message: str
    kind: str = "UnexpectedErrorFault"
    status: int = 500
    retry_after: int | None = None


@dataclass(frozen=True, slots=True)
class Silence:
    """HTTP 504 without an envelope: every legacy stack takes it as a lost answer, which is the truth."""

    outcomes: tuple[Outcome, ...] = ()


Reply = Rows | CallFault | Silence
