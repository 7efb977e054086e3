"""The conduct of one query: a generator that yields reads, is sent pages, and returns the rows that match.

Every page is judged and shaped as it comes, so that only what is asked for is kept. All of a query's rows are read
before the first page of the answer, because its size is the whole query's; they are sorted by id, so that the same rows
are the same list. More than 10,000 rows read or matching end it: TRANSACTION_TERMINATED, with advice. It only reads:
whatever goes wrong, nothing was changed. Must not do IO.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from bridge.core.mapping.query import Column
from bridge.core.model import CallFault, Tenant, Version
from bridge.core.zoql.binding import Bound
from bridge.core.zoql.evaluate import matches
from bridge.core.zoql.plan import Filter, Read, in_lists, plan
from bridge.core.zoql.values import Unreadable, Value, read, shown

MOST_ROWS = 10_000
"""Rows of one query, read and matching: 102 pages of Object Query, about half a minute."""

LIMITED_SECONDS = 120
"""What Zuora tells a caller to wait (Zuora: SOAP API concurrent limits)."""


@dataclass(frozen=True, slots=True)
class ReadPage:
    """One page of an Object Query resource, sorted by id. Told: ``RowsRead`` or ``Unread``."""

    resource: str
    filters: tuple[Filter, ...]
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class PaidBy:
    """The ids of the payments that are applied to an invoice. Told: ``Payments`` or ``Unread``."""

    invoice: str


Asked = ReadPage | PaidBy


@dataclass(frozen=True, slots=True)
class RowsRead:
    """The rows of a page, numbers as int or Decimal, and the cursor of the next one if there is one."""

    rows: tuple[Mapping[str, Any], ...]
    following: str | None = None


@dataclass(frozen=True, slots=True)
class Payments:
    """Ids of payments; empty where the invoice has none or does not exist."""

    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Unread:
    """A read that gave nothing. ``status`` is the HTTP status, None where no answer came; ``categories`` those of its
    reasons; ``why`` is for the operator."""

    why: str
    status: int | None = None
    categories: tuple[int, ...] = ()


Told = RowsRead | Payments | Unread


@dataclass(frozen=True, slots=True)
class Row:
    """One row: the texts of the query's columns in their order, None for null. ``created`` orders rows in time."""

    id: str
    created: str
    texts: tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """Every row of a query, by id."""

    rows: tuple[Row, ...]


Search = Generator[Asked, Told, Found | CallFault]


def search(bound: Bound, tenant: Tenant, *, own: bool = False) -> Search:
    """Answer a query. ``own``: the reads go under the caller's own credential."""
    try:
        found = yield from _rows(bound, _Judge.of(bound, tenant))
    except _Stopped as stopped:
        return stopped.told if isinstance(stopped.told, CallFault) else unread(stopped.told, own=own)
    except Unreadable as wrong:
        return CallFault(
            "UNKNOWN_ERROR",
            f"Zuora answered the reads behind this query with something that cannot be relied on: {wrong}. Nothing was "
            "changed; the owner of the bridge should look into it.",
        )
    return Found(tuple(found[key] for key in sorted(found)))


class _Stopped(Exception):
    """The query ends here."""

    def __init__(self, told: Unread | CallFault) -> None:
        super().__init__()
        self.told = told


def _rows(bound: Bound, judge: _Judge) -> Generator[Asked, Told, dict[str, Row]]:
    found: dict[str, Row] = {}
    left = MOST_ROWS
    for step in plan(bound).reads:
        for filters in (yield from _filters(step)):
            cursor, ended = None, False
            while not ended:
                page = yield ReadPage(bound.source.resource, filters, cursor)
                if not isinstance(page, RowsRead):
                    raise _stopped(page)
                left -= len(page.rows)
                if left < 0:
                    raise _Stopped(_too_many(bound))
                found.update({row.id: row for row in map(judge.row, page.rows) if row is not None})
                ended = page.following is None
                if not ended and (page.following == cursor or not page.rows):
                    raise Unreadable("a list of rows that does not end")
                cursor = page.following
    return found


def _filters(step: Read) -> Generator[Asked, Told, list[tuple[Filter, ...]]]:
    """The filters of a read's requests: one set, or one for each list of the payments that paid an invoice."""
    if step.invoice is None:
        return [step.filters]
    told = yield PaidBy(step.invoice)
    if not isinstance(told, Payments):
        raise _stopped(told)
    return [(*step.filters, each) for each in in_lists("paymentid", sorted(set(told.ids)))]


def _stopped(told: Told) -> _Stopped:
    assert isinstance(told, Unread)
    return _Stopped(told)


def unread(told: Unread, *, own: bool) -> CallFault:
    """The fault for a read that gave nothing (Zuora: Error codes and handling). It only read: nothing was changed."""
    status, categories = told.status, set(told.categories)
    if status == 429 or 70 in categories:
        text = "Zuora takes no more requests for now. Nothing was changed; repeat the query later."
        return CallFault("REQUEST_EXCEEDED_LIMIT", text, status=429, retry_after=LIMITED_SECONDS)
    if status == 403 or 10 in categories:
        text = "Zuora does not let the credential of this query read these objects. Nothing was changed."
        return CallFault("NO_PERMISSION", text)
    if own and (status == 401 or 11 in categories):
        return CallFault("INVALID_SESSION", "invalid session")
    if status is None or status >= 500:
        text = "Zuora did not answer the reads behind this query. Nothing was changed; repeat the query."
        return CallFault("TEMPORARY_ERROR", text)
    return CallFault(
        "UNKNOWN_ERROR",
        f"Zuora refused a read behind this query ({told.why}). Nothing was changed; the owner of the bridge should "
        "look into it.",
    )


def _too_many(bound: Bound) -> CallFault:
    useful = sorted(column.soap for column in bound.source.columns.values() if column.pushed and column.filterable)
    return CallFault(
        "TRANSACTION_TERMINATED",
        f"This query of {bound.source.object} needs more than {MOST_ROWS} rows, which the bridge does not read without "
        f"Zuora's SOAP. Nothing was changed. Narrow it with conditions that are joined by and, on {', '.join(useful)}.",
    )


@dataclass(frozen=True, slots=True)
class _Judge:
    """What is done with every row of one query."""

    bound: Bound
    tenant: Tenant
    version: Version
    read: tuple[Column, ...]
    created: Column

    @classmethod
    def of(cls, bound: Bound, tenant: Tenant) -> _Judge:
        tested = (test.column for both in bound.where for test in both)
        needed = {column.soap: column for column in (*bound.columns, *tested)}
        return cls(bound, tenant, bound.version, tuple(needed.values()), bound.source.columns["createddate"])

    def row(self, given: Mapping[str, Any]) -> Row | None:
        """The row as the caller sees it; None where it is none of the query's."""
        bound, zone = self.bound, self.tenant.zone
        identity = given.get("id")
        if not isinstance(identity, str) or not identity:
            raise Unreadable("a row without an id")
        if bound.source.needs is not None and not given.get(bound.source.needs):
            return None
        values = {column.soap: self._named(column, read(column, given, zone)) for column in self.read}
        if not matches(bound, values):
            return None
        created = read(self.created, given, zone)
        texts = tuple(
            None if (value := values[column.soap]) is None else shown(value, self.version, zone)
            for column in bound.columns
        )
        return Row(identity, "" if created is None else shown(created, self.version, UTC), texts)

    def _named(self, column: Column, value: Value | None) -> Value | None:
        if not self.bound.names or not isinstance(value, str):
            return value
        return self.bound.names.get((column.soap, value), value)
