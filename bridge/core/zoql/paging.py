"""How the rows of a query become pages (Zuora: query() call, queryMore() call, QueryOptions).

A page has 2000 rows unless the caller asks for fewer; 0 and anything outside 1 to 2000 means 2000. ``size`` is that of
the whole query on every page. A digest tells whether a query that was run again found the same rows. Pure.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from bridge.core.mapping.query import Kind
from bridge.core.zoql.binding import Bound
from bridge.core.zoql.search import Row

MOST_ON_PAGE = 2000


@dataclass(frozen=True, slots=True)
class QueryOptions:
    """The header or the ``conf`` of a query."""

    batch_size: int = 0
    case_sensitive: bool = False

    @property
    def rows(self) -> int:
        """Rows of a page."""
        return self.batch_size if 1 <= self.batch_size <= MOST_ON_PAGE else MOST_ON_PAGE


@dataclass(frozen=True, slots=True)
class QueryPage:
    """One page, for every door to write in its own form.

    ``names`` and ``kinds`` are those of the columns, Id first, in the WSDL's order; a row has their texts as SOAP shows
    them, None for null, which no door shows. ``locator`` leads to the next page; None on the last one.
    """

    object: str
    names: tuple[str, ...]
    kinds: tuple[Kind, ...]
    rows: tuple[tuple[str | None, ...], ...]
    size: int
    locator: str | None = None

    @property
    def done(self) -> bool:
        """Whether this is the last page."""
        return self.locator is None


def page(bound: Bound, rows: Sequence[Row], offset: int, options: QueryOptions) -> QueryPage:
    """The page from ``offset`` on, still without its locator."""
    return QueryPage(
        bound.source.object,
        tuple(column.soap for column in bound.columns),
        tuple(column.kind for column in bound.columns),
        tuple(row.texts for row in rows[offset : offset + options.rows]),
        len(rows),
    )


def digest(rows: Sequence[Row]) -> str:
    """What tells one list of rows from another: their ids, in order."""
    return hashlib.sha256("\n".join(row.id for row in rows).encode()).hexdigest()[:16]


def newest(rows: Sequence[Row]) -> str:
    """When the last of the rows was created; empty where none tells."""
    return max((row.created for row in rows), default="")


def as_before(rows: Sequence[Row], newest_then: str) -> tuple[Row, ...]:
    """The rows without those created after every row that there was: these cannot have been among them."""
    return tuple(row for row in rows if row.created <= newest_then)
