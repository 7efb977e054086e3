"""What Object Query can filter for a query, so that as few rows as possible are read.

Object Query takes filters that must all hold, no alternatives, and per resource a few fields (Zuora: Object Queries,
"Expand, filter, fields, and sort"). Each alternative becomes a read of its own; alternatives that only differ in one
value are one read with IN; an alternative with nothing to push makes it one read of everything. A filter is pushed only
where every row that satisfies the query passes it: what passes is judged again (``evaluate``). Must not read.
"""

from __future__ import annotations

import string
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from bridge.core.mapping.query import Column
from bridge.core.zoql.binding import Bound, Test
from bridge.core.zoql.syntax import Operator

MOST_IN_ONE = 50
"""Values of one IN: 32 characters each make a URL of 2 kB, which every server on the way takes."""

_PLAIN = frozenset(string.ascii_letters + string.digits + "-_")
_UNSAFE = frozenset(",[]\"'\\%*")
"""Not documented how Object Query reads these in a value; a filter that loses a row is worse than none."""

_COMPARISONS = {Operator.GT: "GT", Operator.GE: "GE", Operator.LT: "LT", Operator.LE: "LE"}


class Filter(NamedTuple):
    """One filter of Object Query; ``str`` is how it is written in ``filter[]``."""

    field: str
    operator: str
    value: str

    def __str__(self) -> str:
        return f"{self.field}.{self.operator}:{self.value}"


@dataclass(frozen=True, slots=True)
class Read:
    """One read: all rows of the resource that pass the filters. ``invoice``: of the payments that paid this one only,
    which Object Query cannot filter by."""

    filters: tuple[Filter, ...] = ()
    invoice: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """The reads whose rows together hold every row of the query."""

    reads: tuple[Read, ...]


def plan(bound: Bound) -> Plan:
    """The reads of a query."""
    reads = list(dict.fromkeys(_read(bound, both) for both in bound.where)) or [Read()]
    if Read() in reads:
        return Plan((Read(),))
    return Plan(tuple(_merged(reads)))


def in_lists(field: str, values: Iterable[str]) -> list[Filter]:
    """Filters that together let pass the rows with one of these values, which hold none of ``,[]``."""
    listed = list(values)
    pieces = [listed[start : start + MOST_IN_ONE] for start in range(0, len(listed), MOST_IN_ONE)]
    return [
        Filter(field, "EQ", piece[0]) if len(piece) == 1 else Filter(field, "IN", f"[{','.join(piece)}]")
        for piece in pieces
    ]


def _read(bound: Bound, both: tuple[Test, ...]) -> Read:
    filters = tuple(dict.fromkeys(each for test in both if not _renamed(bound, test) for each in _pushed(test)))
    named = {each.field for each in filters if each.operator == "EQ"}
    if bound.source.object == "InvoicePayment" and not named & {"id", "paymentid"}:
        for test in both:
            if test.column.soap == "InvoiceId" and test.operator is Operator.EQ and _plain(test.value):
                return Read(filters, str(test.value))
    return Read(filters)


def _renamed(bound: Bound, test: Test) -> bool:
    """Whether the caller sees other values of this field than Zuora has."""
    return any(name == test.column.soap for name, _ in bound.names)


def _merged(reads: list[Read]) -> list[Read]:
    """Reads by one equality on the same field become one read by IN."""
    alike: dict[str, list[str]] = {}
    others = []
    for read in reads:
        only = read.filters[0] if len(read.filters) == 1 and read.invoice is None else None
        if only is not None and only.operator == "EQ" and _plain(only.value):
            alike.setdefault(only.field, []).append(only.value)
        else:
            others.append(read)
    return [Read((each,)) for field, values in alike.items() for each in in_lists(field, values)] + others


def _plain(value: object) -> bool:
    return isinstance(value, str) and value != "" and set(value) <= _PLAIN and value.lower() != "null"


def _pushed(test: Test) -> list[Filter]:
    column, value = test.column, test.value
    if value is None:
        return _null(column, test.operator)
    if isinstance(value, str):
        return _text(column, test.operator, value)
    if isinstance(value, datetime):
        return _moment(column, test.operator, value)
    if column.pushed is None or test.operator is Operator.NE or isinstance(value, bool):
        return []
    written = format(value, "f") if isinstance(value, Decimal) else date.isoformat(value)
    return [Filter(column.pushed, _COMPARISONS.get(test.operator, "EQ"), written)]


def _null(column: Column, operator: Operator) -> list[Filter]:
    """An empty text is null here and may be none to Object Query, so a text's absence is not pushed."""
    if column.pushed is None or (operator is Operator.EQ and column.kind.textual):
        return []
    return [Filter(column.pushed, operator.name, "null")]


def _text(column: Column, operator: Operator, value: str) -> list[Filter]:
    if column.pushed is None or operator not in (Operator.EQ, Operator.LIKE):
        return []
    name = "EQ"
    if operator is Operator.LIKE and ("_" in value or "%" in value):
        # Up to the first wildcard; nothing of a pattern that begins with one.
        name, value = "SW", value[: min(place for each in "_%" if (place := value.find(each)) >= 0)]
    # The word null would ask for no value.
    safe = value.isprintable() and value == value.strip() and not _UNSAFE & set(value) and value.lower() != "null"
    return [Filter(column.pushed, name, value)] if value and safe else []


def _moment(column: Column, operator: Operator, value: datetime) -> list[Filter]:
    """Object Query may keep fractions of a second that its rows do not show: the filter leaves room for one second."""
    floor = value.astimezone(UTC).replace(microsecond=0)
    since, until = floor.isoformat(), (floor + timedelta(seconds=1)).isoformat()
    found = []
    if operator in (Operator.EQ, Operator.GT, Operator.GE) and (name := column.pushed or column.floor):
        found.append(Filter(name, "GE", since))
    if operator in (Operator.EQ, Operator.LT, Operator.LE) and column.pushed:
        found.append(Filter(column.pushed, "LE", until))
    return found
