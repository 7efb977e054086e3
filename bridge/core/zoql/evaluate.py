"""Does a row satisfy a query? Exactly, whatever Object Query has filtered already.

Texts compare without regard to case, pick-lists too (Zuora's own sample of query() asks for status='active'), unless
QueryOptions.caseSensitive; before and after are by code point. Null equals null only and differs from every value; no
other comparison with it holds. ``_`` is any one character, ``%`` any number (Zuora: ZOQL, "Filter statements"). Pure.
"""

from __future__ import annotations

from bridge.core.zoql.binding import Bound, Test
from bridge.core.zoql.syntax import Operator
from bridge.core.zoql.values import Value


def matches(bound: Bound, values: dict[str, Value | None]) -> bool:
    """Whether a row, its values by field name, is one of the query's."""
    if not bound.where:
        return True
    return any(
        all(holds(test, values[test.column.soap], bound.case_sensitive) for test in both) for both in bound.where
    )


def holds(test: Test, actual: Value | None, case_sensitive: bool) -> bool:
    """Whether one comparison holds."""
    wanted = test.value
    if wanted is None:
        return (actual is None) is (test.operator is Operator.EQ)
    if actual is None:
        return test.operator is Operator.NE
    if isinstance(actual, str) and isinstance(wanted, str):
        if not case_sensitive:
            actual, wanted = actual.casefold(), wanted.casefold()
        if test.operator is Operator.LIKE:
            return like(actual, wanted)
    match test.operator:
        case Operator.EQ:
            return actual == wanted
        case Operator.NE:
            return actual != wanted
        # A column and its literal are of one kind, which mypy cannot see.
        case Operator.GT:
            return actual > wanted  # type: ignore[operator]
        case Operator.GE:
            return actual >= wanted  # type: ignore[operator]
        case Operator.LT:
            return actual < wanted  # type: ignore[operator]
        case _:
            return actual <= wanted  # type: ignore[operator]


def like(text: str, pattern: str) -> bool:
    """Whether a text matches a pattern with ``%`` at most once, at an end."""
    if pattern.startswith("%"):
        rest = pattern[1:]
        return len(text) >= len(rest) and _same(text[len(text) - len(rest) :], rest)
    if pattern.endswith("%"):
        return _same(text[: len(pattern) - 1], pattern[:-1])
    return _same(text, pattern)


def _same(text: str, pattern: str) -> bool:
    return len(text) == len(pattern) and all(p in ("_", c) for c, p in zip(text, pattern, strict=True))
