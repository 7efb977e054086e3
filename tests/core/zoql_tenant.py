"""An Object Query of the tests' own, for driving searches: filters, pages, and what it was asked.

Written from Zuora's page on filters, not from the planner, so that a wrong filter loses a row here too.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from core_objects import TENANT

from bridge.core.model import CallFault, Tenant, Version
from bridge.core.zoql import Asked, Bound, Found, PaidBy, Payments, RowsRead, Told, bind, parse, search

V68, V83, V107 = Version(68), Version(83), Version(107)

_ORDER: Mapping[str, Callable[[Any, Any], bool]] = {
    "LT": operator.lt,
    "GT": operator.gt,
    "LE": operator.le,
    "GE": operator.ge,
}


def bound(text: str, version: Version = V107, tenant: Tenant = TENANT, **more: Any) -> Bound:
    """A query as a version may ask it."""
    return bind(parse(text), version, tenant, **more)


class ObjectQuery:
    """Rows by resource, in pages of ``size``. ``asked`` is every question, in order."""

    def __init__(self, rows: Mapping[str, Sequence[Mapping[str, Any]]], *, size: int = 99) -> None:
        self._rows = rows
        self._size = size
        self.paid_by: Mapping[str, tuple[str, ...]] = {}
        self.asked: list[Asked] = []

    def tell(self, asked: Asked) -> Told:
        """The answer to one question."""
        self.asked.append(asked)
        if isinstance(asked, PaidBy):
            return Payments(self.paid_by.get(asked.invoice, ()))
        rows = [row for row in self._rows[asked.resource] if all(passes(row, str(each)) for each in asked.filters)]
        rows.sort(key=lambda row: row["id"])
        start = int(asked.cursor or 0)
        end = start + self._size
        return RowsRead(tuple(rows[start:end]), str(end) if end < len(rows) else None)

    @property
    def filters(self) -> list[tuple[str, ...]]:
        """The filters of every first page that was read."""
        return [
            tuple(map(str, each.filters)) for each in self.asked if not isinstance(each, PaidBy) and each.cursor is None
        ]


def passes(row: Mapping[str, Any], written: str) -> bool:
    """Whether a row passes a filter as it is written on the wire."""
    name, _, rest = written.partition(".")
    what, _, value = rest.partition(":")
    actual = next((each for key, each in row.items() if key.lower() == name), None)
    if what == "IN":
        return any(passes(row, f"{name}.EQ:{each}") for each in value[1:-1].split(","))
    if value.lower() == "null":
        return (actual is None) == (what == "EQ")
    if actual is None:
        return what == "NE"
    left, right = _alike(actual, value)
    if what == "SW":
        return str(left).startswith(str(right))
    if what in ("EQ", "NE"):
        return (left == right) == (what == "EQ")
    return _ORDER[what](left, right)


def _alike(actual: Any, text: str) -> tuple[Any, Any]:
    if isinstance(actual, int | Decimal):
        return actual, Decimal(text)
    if isinstance(actual, str) and "T" in actual and actual[:4].isdigit():
        return datetime.fromisoformat(actual), datetime.fromisoformat(text)
    return str(actual).lower(), text.lower()


def run(query: Bound, zuora: ObjectQuery, tenant: Tenant = TENANT) -> Found | CallFault:
    """Drive a search to its end."""
    steps = search(query, tenant)
    asked = next(steps)
    while True:
        try:
            asked = steps.send(zuora.tell(asked))
        except StopIteration as end:
            found: Found | CallFault = end.value
            return found


def shown(query: Bound, zuora: ObjectQuery, tenant: Tenant = TENANT) -> list[dict[str, str]]:
    """The rows of a query as a caller sees them: what is null is not there."""
    found = run(query, zuora, tenant)
    assert isinstance(found, Found), found
    names = [column.soap for column in query.columns]
    return [{name: text for name, text in zip(names, row.texts, strict=True) if text is not None} for row in found.rows]
