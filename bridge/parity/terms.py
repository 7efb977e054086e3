"""The words of the room: an entry of a capture, an answer of a side, a difference between two. Holds values only."""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

FIRST = "left"
SECOND = "right"
CONTROL = "control"

SOAP = "soap"
ACTION = "action"
CRUD = "crud"
"""The doors of an entry; the last two begin the names of its operations."""

_INDEX = re.compile(r"\[\d+\]")
_TOKEN = re.compile(r"\{(id|number):[^}]*\}")


class ParityError(Exception):
    """A capture, a ledger or a side cannot be used; the text says which and what to do."""


class Kind(enum.Enum):
    """How two answers, or two books, differ."""

    MISSING = "missing"
    EXTRA = "extra"
    TYPE = "type"
    VALUE = "value"
    ORDER = "order"
    CARDINALITY = "cardinality"
    NIL = "nil-absent-empty"
    PRECISION = "precision"
    TIMEZONE = "timezone"
    PREFIX = "prefix"
    STATUS = "status"
    HEADER = "header"
    WORDS = "words"
    TEXT = "text"
    SILENCE = "silence"


@dataclass(frozen=True, slots=True)
class Entry:
    """One recorded call. ``body`` has placeholders where secrets were; ``made`` are the ids of the recorded answer.

    ``method`` and ``door`` are other than SOAP's for Actions and CRUD only.
    """

    number: int
    operation: str
    object: str
    objects: int
    version: str
    path: str
    headers: Mapping[str, str]
    charset: str
    body: str
    at: str
    source: str = ""
    made: tuple[str, ...] = ()
    locator: str = ""
    method: str = "POST"
    door: str = SOAP

    @property
    def verb(self) -> str:
        """The operation without its door."""
        return self.operation.rpartition(" ")[2]

    @property
    def group(self) -> tuple[str, str]:
        """What verdicts are about."""
        return self.operation, self.object


@dataclass(frozen=True, slots=True)
class Answer:
    """What one side said. ``trouble`` stands for no complete answer; ``seconds`` until the last byte."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float
    trouble: str = ""
    sent: str = ""


@dataclass(frozen=True, slots=True)
class Difference:
    """One place where two sides part. ``path`` has indices; ``money`` tells that an amount, currency or day differs."""

    path: str
    kind: Kind
    left: str
    right: str
    money: bool = False

    @property
    def where(self) -> str:
        """The path that a class of differences has in common."""
        return _TOKEN.sub("*", _INDEX.sub("", self.path))


@dataclass(frozen=True, slots=True)
class ClassKey:
    """One class of differences."""

    operation: str
    object: str
    path: str
    kind: Kind

    def __str__(self) -> str:
        return f"{self.operation} {self.object} {self.path} {self.kind.value}"


@dataclass(frozen=True, slots=True)
class Exchange:
    """One entry with the answers of all sides, by the side's name."""

    entry: Entry
    answers: Mapping[str, Answer]


@dataclass(slots=True)
class Run:
    """A whole replay: exchanges in order; per side its books in neutral terms and what its ids stand for."""

    exchanges: list[Exchange] = field(default_factory=list)
    books: dict[str, Mapping[str, Mapping[str, object]]] = field(default_factory=dict)
    neutral: dict[str, Mapping[str, str]] = field(default_factory=dict)
    sides: dict[str, str] = field(default_factory=dict)
