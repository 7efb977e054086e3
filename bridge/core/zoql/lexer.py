"""ZOQL's text cut into tokens, character by character, each with its place.

White space of any kind separates; words are ASCII letters, digits and underscores; text stands in single quotes with
backslash escapes; a number has no exponent (Zuora: ZOQL, "Filter statements"). Raises ``ZoqlError`` and nothing else.
"""

from __future__ import annotations

import enum
import string
from collections.abc import Iterator
from dataclasses import dataclass

from bridge.core.zoql.syntax import ESCAPES, malformed, shown

_FIRST = frozenset(string.ascii_letters + "_")
_WORD = _FIRST | frozenset(string.digits)
_DIGITS = frozenset(string.digits)
_TWO = frozenset({"!=", ">=", "<="})
_ONE = frozenset({"=", ">", "<", ","})


class Lexeme(enum.Enum):
    """What a token is."""

    WORD = "word"
    TEXT = "text"
    NUMBER = "number"
    SYMBOL = "symbol"
    OTHER = "other"
    END = "end"


@dataclass(frozen=True, slots=True)
class Token:
    """``text`` is the word, number or symbol as written, or what a quoted text means. ``at`` counts from 1."""

    kind: Lexeme
    text: str
    at: int

    def __str__(self) -> str:
        if self.kind is Lexeme.END:
            return "the end of the query"
        return f"'{shown(self.text)}'"


def scan(text: str) -> Iterator[Token]:
    """The tokens one by one, the last one being the end; a character without a meaning is one too."""
    place = 0
    while place < len(text):
        if text[place].isspace():
            place += 1
            continue
        token, place = _next(text, place)
        yield token
    yield Token(Lexeme.END, "", len(text) + 1)


def _next(text: str, place: int) -> tuple[Token, int]:
    first = text[place]
    if first in _FIRST:
        end = _while(text, place, _WORD)
        return Token(Lexeme.WORD, text[place:end], place + 1), end
    if first == "'":
        return _quoted(text, place)
    if first in _DIGITS or first in "+-.":
        return _number(text, place)
    for symbols, length in ((_TWO, 2), (_ONE, 1)):
        if text[place : place + length] in symbols:
            return Token(Lexeme.SYMBOL, text[place : place + length], place + 1), place + length
    return Token(Lexeme.OTHER, first, place + 1), place + 1


def _while(text: str, place: int, allowed: frozenset[str]) -> int:
    while place < len(text) and text[place] in allowed:
        place += 1
    return place


def _quoted(text: str, start: int) -> tuple[Token, int]:
    meant: list[str] = []
    place = start + 1
    while place < len(text):
        each = text[place]
        if each == "'":
            return Token(Lexeme.TEXT, "".join(meant), start + 1), place + 1
        if each == "\\":
            place += 1
            if place == len(text):
                break
            each = ESCAPES.get(text[place], text[place])
        meant.append(each)
        place += 1
    raise malformed("a text has no closing quote", start + 1)


def _number(text: str, start: int) -> tuple[Token, int]:
    whole = start + (text[start] in "+-")
    point = _while(text, whole, _DIGITS)
    end = point
    if text[point : point + 1] == ".":
        end = _while(text, point + 1, _DIGITS)
    if not _DIGITS & set(text[whole:end]):
        raise malformed(f"'{shown(text[start:end])}' is no number", start + 1)
    if text[end : end + 1] and text[end] in _WORD | {".", "'"}:
        raise malformed(f"'{shown(text[start : end + 1])}' is no number; texts and dates stand in quotes", start + 1)
    return Token(Lexeme.NUMBER, text[start:end], start + 1), end
