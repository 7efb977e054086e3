"""Two texts of one field, compared as what the contract says they are: decimals as decimals, moments as moments.

Contract: ``kind_of`` is pure, symmetric in whether there is a difference, and None for equal texts only. Money is never
compared as a binary fraction (I7).
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal

from bridge.parity.terms import Kind

DECIMALS = frozenset({"decimal", "double", "float"})
MOMENTS = frozenset({"date", "dateTime"})
WHOLE = frozenset({"int", "integer", "long", "short", "byte"})

WORDS = frozenset({"Message", "FaultMessage", "faultstring", "Text"})
"""For people; Zuora promises no wording."""

DAYS_AND_CURRENCIES = frozenset({"Currency", "EffectiveDate", "RefundDate", "currency", "effectiveDate", "refundDate"})

_DECIMAL = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_DATE = re.compile(r"\d{4}-\d\d-\d\d(?:Z|[+-]\d\d:\d\d)?")
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}


def kind_of(left: str, right: str, name: str, primitive: str | None) -> Kind | None:
    """How two texts of the field differ; None if they do not."""
    if left == right:
        return None
    if name in WORDS:
        return Kind.WORDS
    if primitive in DECIMALS or primitive in WHOLE:
        return _decimals(left, right)
    if primitive in MOMENTS:
        return _moments(left, right)
    if primitive == "boolean":
        one, other = _BOOLEANS.get(left.strip()), _BOOLEANS.get(right.strip())
        if one is None or other is None:
            return Kind.TYPE
        return Kind.TEXT if one == other else Kind.VALUE
    return Kind.VALUE


def is_money(name: str, primitive: str | None) -> bool:
    """Whether a field says how much, in which currency or on which day."""
    return primitive in DECIMALS or name in DAYS_AND_CURRENCIES


def decimal(text: str) -> Decimal | None:
    """The decimal that a text is, or None."""
    return Decimal(text.strip()) if len(text) <= 100 and _DECIMAL.fullmatch(text.strip()) else None


def _decimals(left: str, right: str) -> Kind:
    one, other = decimal(left), decimal(right)
    if one is None or other is None:
        return Kind.TYPE
    return Kind.PRECISION if one == other else Kind.VALUE


def _moments(left: str, right: str) -> Kind:
    one, other = _moment(left), _moment(right)
    if one is None or other is None or _is_date(left) != _is_date(right):
        return Kind.TYPE
    if one == other:
        return Kind.TIMEZONE
    # The same hands of the clock under another offset, or under none.
    return Kind.TIMEZONE if one.replace(tzinfo=None) == other.replace(tzinfo=None) else Kind.VALUE


def _is_date(text: str) -> bool:
    return _DATE.fullmatch(text.strip()) is not None


def _moment(text: str) -> datetime | None:
    text = text.strip()
    try:
        if _is_date(text):
            return datetime.combine(date.fromisoformat(text[:10]), datetime.min.time(), UTC)
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)
