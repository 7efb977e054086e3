"""A field's value: out of a REST row, and into the text that a query's row shows.

A value is str, Decimal, date, datetime (aware) or bool; None is null, and an empty text is null, as in the WSDL. REST
shows no fraction of a second, so dateTimes have whole seconds here and comparisons are with those. Formats are those of
recorded answers: decimals without trailing zeros, dateTimes with three digits of milliseconds and the tenant's offset,
date fields up to WSDL 68 as the tenant's midnight (Zuora: Date field changes in the WSDL). Raises ``Unreadable``.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, tzinfo
from decimal import Decimal
from typing import Any

from bridge.core.mapping.lexical import reduced
from bridge.core.mapping.query import Column, Kind
from bridge.core.model import Version
from bridge.core.versions import DATES_SINCE

Value = str | Decimal | date | datetime | bool


class Unreadable(Exception):
    """A row of Zuora's that is not what its documents say; the text is for the operator and holds no value."""


def read(column: Column, row: Mapping[str, Any], zone: tzinfo) -> Value | None:
    """The value of a field in a row."""
    given = column.constant if column.row is None else row.get(column.row)
    if given is None or given == "":
        return None
    try:
        return _read(column.kind, given, zone)
    except (TypeError, ValueError, OverflowError):
        raise Unreadable(f"{column.soap} of a row of Zuora's is no {column.kind.value}") from None


def _read(kind: Kind, given: object, zone: tzinfo) -> Value:
    if kind is Kind.DECIMAL:
        return _decimal(given)
    if kind is Kind.BOOLEAN:
        return _boolean(given)
    if kind.textual:
        return _text(kind, given)
    if not isinstance(given, str):
        raise TypeError("not a text")
    return _moment(given, zone) if kind is Kind.DATE_TIME else _day(given, zone)


def _decimal(given: object) -> Decimal:
    if isinstance(given, bool) or not isinstance(given, int | Decimal | str):
        raise TypeError("not a number")
    if isinstance(given, str):
        text = reduced(given)
        if text is None:
            raise ValueError("not a decimal")
        return Decimal(text)
    found = Decimal(given)
    # Beyond any money; written out, 1E999999 would be a million characters.
    if not found.is_finite() or abs(found.adjusted()) > 60:
        raise ValueError("not a decimal of use")
    return found


def _plain(number: Decimal) -> str:
    return reduced(format(number, "f")) or "0"


def _boolean(given: object) -> bool:
    if isinstance(given, bool):
        return given
    words = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
    found = words.get(str(given).lower())
    if found is None:
        raise ValueError("not a boolean")
    return found


def _text(kind: Kind, given: object) -> str:
    if isinstance(given, bool):
        if kind is Kind.YES_NO:
            return "Yes" if given else "No"
        return "true" if given else "false"
    if isinstance(given, Decimal):
        return _plain(_decimal(given))
    if not isinstance(given, str | int):
        raise TypeError("not a text")
    return str(given)


def _moment(given: str, zone: tzinfo) -> datetime:
    found = datetime.fromisoformat(given)
    found = found if found.tzinfo is not None else found.replace(tzinfo=zone)
    return found.replace(microsecond=0).astimezone(zone)


def _day(given: str, zone: tzinfo) -> date:
    if len(given) == 10:
        return date.fromisoformat(given)
    found = datetime.fromisoformat(given)
    return (found.astimezone(zone) if found.tzinfo is not None else found).date()


def shown(value: Value, version: Version, zone: tzinfo) -> str:
    """The text of a value as a caller of ``version`` reads it."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return _plain(value)
    if isinstance(value, datetime):
        return _written(value, zone)
    return value.isoformat() if version >= DATES_SINCE else _written(datetime.combine(value, time(), zone), zone)


def _written(moment: datetime, zone: tzinfo) -> str:
    local = moment.astimezone(zone)
    offset = f"{local:%z}"
    return f"{local.replace(tzinfo=None).isoformat()}.000{offset[:3]}:{offset[3:5]}"
