"""A literal read as a value of its field, by the rules of the caller's version.

From WSDL 69 on a date field takes a date and a dateTime field a dateTime, anything else is INVALID_VALUE; up to 68 both
take both, and a dateTime in a date field means the same day as in a write (Zuora: Date field changes in the WSDL). A
dateTime without an offset is in the tenant's zone. Numbers and booleans may stand in quotes. Raises ``ZoqlError``.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta, tzinfo
from decimal import Decimal

from bridge.core.mapping.lexical import day_of_date, day_of_date_time, reduced
from bridge.core.mapping.query import Column, Kind
from bridge.core.model import Tenant, Version
from bridge.core.versions import DATES_SINCE
from bridge.core.zoql.syntax import Condition, Form, Operator, ZoqlError, malformed, shown
from bridge.core.zoql.values import Value

_EXPECTED = {
    Kind.DECIMAL: "a decimal number",
    Kind.BOOLEAN: "true or false",
    Kind.DATE: "a date such as '2026-02-20'",
    Kind.DATE_TIME: "a dateTime such as '2026-02-20T09:30:00-08:00'",
}
_BOOLEANS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def value(condition: Condition, column: Column, version: Version, tenant: Tenant, *, custom: bool) -> Value | None:
    """The value of a condition's literal; None is null."""
    literal = condition.literal
    if condition.operator is Operator.LIKE:
        return _pattern(condition, column)
    if literal.form is Form.NULL:
        if condition.operator not in (Operator.EQ, Operator.NE):
            raise malformed("null is compared by = or != only", condition.at)
        if custom and column.kind in (Kind.DATE, Kind.DATE_TIME):
            # Zuora: ZOQL, "Filter statements": null is not possible for custom fields of type date.
            raise _wrong(condition, column, "null", "not null")
        return None
    quoted = literal.form in (Form.TEXT, Form.NUMBER)
    text = literal.text if quoted else literal.form.value
    if not column.kind.textual:
        found = _read(text, literal.form, column.kind, version, tenant)
    else:
        # A custom field whose type nobody told is text, and may be a boolean for all we know.
        found = text if quoted or custom else None
    if found is None:
        raise _wrong(condition, column, text, _EXPECTED.get(column.kind, "a text in single quotes"))
    return found


def _wrong(condition: Condition, column: Column, text: str, expected: str) -> ZoqlError:
    message = f"invalid value '{shown(text)}' for {column.soap} (at character {condition.at}): it must be {expected}"
    return ZoqlError(message, "INVALID_VALUE", condition.at)


def _pattern(condition: Condition, column: Column) -> str:
    """``%`` once, at one end (Zuora: ZOQL, "Filter statements": wildcards); ``_`` anywhere."""
    text = condition.literal.text
    if not column.kind.textual or condition.literal.form is not Form.TEXT:
        raise malformed("like compares a text field with a text", condition.at)
    if text.count("%") > 1 or "%" in text[1:-1]:
        raise malformed("like takes % once, as the first or the last character", condition.at)
    return text


def _read(text: str, form: Form, kind: Kind, version: Version, tenant: Tenant) -> Value | None:
    text = text.strip()
    if kind is Kind.DECIMAL:
        number = reduced(text)
        return None if number is None else Decimal(number)
    if kind is Kind.BOOLEAN:
        return _BOOLEANS.get(text.lower())
    if form is not Form.TEXT:
        return None
    if kind is Kind.DATE:
        return day_of_date(text) or (day_of_date_time(text, _zone(tenant)) if version < DATES_SINCE else None)
    return _moment(text, version, tenant.zone)


def _zone(tenant: Tenant) -> tzinfo | None:
    """In which zone a dateTime means a day; None: the written one."""
    if tenant.old_dates == "zone":
        return tenant.zone
    return None if tenant.old_dates == "literal" else tenant.old_dates


def _moment(text: str, version: Version, zone: tzinfo) -> datetime | None:
    day = day_of_date(text) if version < DATES_SINCE else None
    if day is None and day_of_date_time(text, None) is None:
        return None
    try:
        found = datetime.combine(day, time()) if day is not None else datetime.fromisoformat(text)
        found = found if found.tzinfo is not None else found.replace(tzinfo=zone)
        # Room for what is computed with it: a second more, and another zone's offset.
        _ = found - timedelta(days=2), found + timedelta(days=2)
    except (ValueError, OverflowError):
        return None
    return found
