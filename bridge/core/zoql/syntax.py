"""What a ZOQL text says, as frozen values, and the one error of the language.

A query without parentheses is alternatives of conditions that must all hold, because ``and`` binds tighter than ``or``
(Zuora: ZOQL, "Filter statements"). Names and numbers are kept as written; ``printed`` gives the canonical text, and
parsing that gives the same query. Must not know an object, a field or a version.
"""

from __future__ import annotations

import dataclasses
import enum
from dataclasses import dataclass

from bridge.core import words
from bridge.core.model import CallFault
from bridge.core.words import numberless

SYNTAX = "You have an error in your ZOQL syntax"
"""Zuora's own text for everything that is no ZOQL, as legacy clients have recorded it."""

ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}
"""After a backslash; any other character stands for itself (Zuora: ZOQL, "Filter statements")."""

RESERVED = frozenset("select from where and or like true false null".split())  # noqa: SIM905
"""Keywords in any case: docs write them in lower case, recorded traffic does not."""


class ZoqlError(Exception):
    """A query that cannot be answered; nothing was read. ``code`` is an ErrorCode, ``at`` the character from 1."""

    def __init__(self, message: str, code: str = "MALFORMED_QUERY", at: int | None = None) -> None:
        self.message = numberless(message)
        super().__init__(self.message)
        self.code = code
        self.at = at

    @property
    def fault(self) -> CallFault:
        """The fault that the WSDL declares for it."""
        return CallFault(self.code, self.message, "MalformedQueryFault")


def malformed(why: str, at: int) -> ZoqlError:
    """MALFORMED_QUERY: Zuora's text, then what is wrong and where."""
    return ZoqlError(f"{SYNTAX}: {why} (at character {at})", at=at)


def shown(text: str) -> str:
    """A piece of the caller's text for a message: short, and on one line."""
    return "".join(each if each.isprintable() else " " for each in words.shown(text))


class Operator(enum.Enum):
    """What compares a field with a literal."""

    EQ = "="
    NE = "!="
    GT = ">"
    GE = ">="
    LT = "<"
    LE = "<="
    LIKE = "like"


class Form(enum.Enum):
    """How a literal is written."""

    TEXT = "text"
    NUMBER = "number"
    TRUE = "true"
    FALSE = "false"
    NULL = "null"


@dataclass(frozen=True, slots=True)
class Literal:
    """``text`` is what a quoted text means, or a number as it is written; empty for the words."""

    form: Form
    text: str = ""


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison. ``at`` is where it stands, from 1; it is no part of what the query says."""

    field: str
    operator: Operator
    literal: Literal
    at: int = dataclasses.field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Select:
    """One query. ``where`` holds alternatives of conditions that must all hold; empty: every row."""

    fields: tuple[str, ...]
    object: str
    where: tuple[tuple[Condition, ...], ...] = ()


def printed(query: Select) -> str:
    """The canonical text of a query."""
    text = " ".join(("select", ", ".join(query.fields), "from", query.object))
    if not query.where:
        return text
    return f"{text} where " + " or ".join(" and ".join(_condition(each) for each in both) for both in query.where)


def _condition(one: Condition) -> str:
    return f"{one.field} {one.operator.value} {_literal(one.literal)}"


def _literal(one: Literal) -> str:
    if one.form is Form.NUMBER:
        return one.text
    if one.form is not Form.TEXT:
        return str(one.form.value)
    named = {value: name for name, value in ESCAPES.items()} | {"'": "'", "\\": "\\"}
    return "'" + "".join(f"\\{named[each]}" if each in named else each for each in one.text) + "'"
