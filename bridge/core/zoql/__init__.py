"""ZOQL, answered without Zuora's SOAP: parse, check, plan, evaluate, shape.

``parse`` reads the text (``syntax``, ``lexer``, ``parser``); ``bind`` checks it against what the caller's version knows
(``binding``, ``literals``); ``plan`` says what Object Query can filter; ``search`` is a generator that yields the reads
and returns the rows that match, evaluated here (``evaluate``), in the caller's shape (``rows``).
Source: Zuora: Zuora Object Query Language (ZOQL), "Filter statements". Must not do IO; the one exception that leaves
``parse`` and ``bind`` is ``ZoqlError``.
"""

from __future__ import annotations

from bridge.core.zoql.binding import Bound, bind
from bridge.core.zoql.paging import QueryOptions, QueryPage
from bridge.core.zoql.parser import object_of, parse
from bridge.core.zoql.plan import Filter, Plan, plan
from bridge.core.zoql.search import (
    MOST_ROWS,
    Asked,
    Found,
    PaidBy,
    Payments,
    ReadPage,
    RowsRead,
    Told,
    Unread,
    search,
)
from bridge.core.zoql.syntax import Select, ZoqlError, printed

__all__ = [
    "MOST_ROWS",
    "Asked",
    "Bound",
    "Filter",
    "Found",
    "PaidBy",
    "Payments",
    "Plan",
    "QueryOptions",
    "QueryPage",
    "ReadPage",
    "RowsRead",
    "Select",
    "Told",
    "Unread",
    "ZoqlError",
    "bind",
    "object_of",
    "parse",
    "plan",
    "printed",
    "search",
]
