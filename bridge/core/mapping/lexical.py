"""Text to value and back, exactly: decimals, days, currencies, JSON.

Money is Decimal from the wire to the wire; nothing here makes a float, and no digit is rounded away (Decimal's own
arithmetic keeps 28). Must not know routes or objects.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta, tzinfo
from decimal import Context, Decimal
from functools import reduce
from typing import Any

from bridge.core.refusals import invalid

# ISO 4217: currencies whose minor unit is not 2. Zuora refuses more decimals than the currency has.
_MINOR_UNITS: Mapping[str, int] = {
    **dict.fromkeys(
        "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(),  # noqa: SIM905
        0,
    ),
    **dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3),  # noqa: SIM905
}

# ASCII digits only: \d and Decimal also take those of other scripts, which no XML Schema type does.
_DECIMAL = re.compile(r"([+-]?)([0-9]*)(?:\.([0-9]*))?\Z")
# XML Schema part 2, 3.2.7 and 3.2.9: offsets reach from -14:00 to +14:00. Years of more than four digits and negative
# ones, which it allows, are no day of any payment.
_OFFSET = r"(Z|[+-](?:(?:0[0-9]|1[0-3]):[0-5][0-9]|14:00))?"
_DATE = re.compile(rf"([0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}){_OFFSET}\Z")
_DATE_TIME = re.compile(rf"([0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}})T([0-9]{{2}}:[0-9]{{2}}:[0-9]{{2}})(\.[0-9]+)?{_OFFSET}\Z")

_LONGEST = 40
"""Characters of an amount: far beyond the 16 of Zuora (Zuora: Payment object), and little work."""

_EXACT = Context(prec=4 * _LONGEST)
"""Sums of amounts that long are exact."""


def minor_units(currency: str) -> int:
    """How many decimals an amount of ``currency`` may have."""
    return _MINOR_UNITS.get(currency.upper(), 2)


def reduced(text: str) -> str | None:
    """The shortest form of an xs:decimal (``+0100.50`` is ``100.5``), or None for anything else."""
    match = _DECIMAL.match(text.strip())
    if match is None or not (match[2] or match[3]):
        return None
    whole, part = match[2].lstrip("0") or "0", (match[3] or "").rstrip("0")
    value = f"{whole}.{part}" if part else whole
    return f"-{value}" if match[1] == "-" and value != "0" else value


def decimal(text: str, field: str) -> Decimal:
    """An xs:decimal (no exponent, no NaN), keeping its written scale; raises ``Refusal`` naming ``field``."""
    stripped = text.strip()
    if len(stripped) > _LONGEST or reduced(stripped) is None:
        raise invalid(field, f"{field} is not a decimal number of at most {_LONGEST} characters.")
    return Decimal(stripped)


def total(amounts: Iterable[Decimal]) -> Decimal:
    """The exact sum."""
    return reduce(_EXACT.add, amounts, Decimal(0))


def amount(text: str, field: str, currency: str | None) -> Decimal:
    """A positive amount that ``currency`` can express; raises ``Refusal`` naming ``field``."""
    value = decimal(text, field)
    if value <= 0:
        raise invalid(field, f"{field} must be greater than zero.")
    if currency is not None:
        units = minor_units(currency)
        if len((reduced(text) or "").partition(".")[2]) > units:
            raise invalid(field, f"{field} has more than {units} decimals, which {currency} does not have.")
    return value


def day(text: str, field: str) -> date:
    """An xs:date; raises ``Refusal`` naming ``field`` for anything else, a dateTime included."""
    found = day_of_date(text.strip())
    if found is None:
        raise invalid(field, f"{field} must be a date such as 2026-02-20.")
    return found


def day_of_date(text: str) -> date | None:
    """The day of an xs:date, whatever its offset; None for anything else."""
    match = _DATE.match(text)
    try:
        return date.fromisoformat(match[1]) if match else None
    except ValueError:
        return None


def day_of_date_time(text: str, zone: tzinfo | None) -> date | None:
    """The day that an xs:dateTime in a date field means, in ``zone`` (None: as it is written); None for anything else.

    Exactly midnight, in whatever offset, is a date that some stack made a dateTime of, so its day is the written one.
    Without an offset the written day stands too: the caller means its own calendar, and Zuora itself shows such fields
    to those callers as a local midnight without offset (Zuora: Date field changes in the WSDL).
    """
    match = _DATE_TIME.match(text)
    if match is None:
        return None
    written, clock, fraction, offset = match.groups()
    exact = not (fraction or "").strip(".0")
    # XML Schema part 2, 3.2.7: 24:00:00 is the first instant of the next day; no other time has the hour 24.
    ends_day = clock == "24:00:00" and exact
    midnight = ends_day or (clock == "00:00:00" and exact)
    try:
        if midnight or offset is None or zone is None:
            moment = datetime.fromisoformat(f"{written}T{'00:00:00' if ends_day else clock}")
            return (moment + timedelta(days=ends_day)).date()
        return datetime.fromisoformat(f"{written}T{clock}{offset}").astimezone(zone).date()
    except (ValueError, OverflowError):
        # No such day or time, or a day outside the years 1 to 9999.
        return None


def zone_day(instant_ms: int, zone: tzinfo) -> date:
    """The tenant's calendar day at an instant."""
    return datetime.fromtimestamp(instant_ms // 1000, zone).date()


def to_json(value: object) -> str:
    """JSON with Decimals as exact numbers, never with an exponent; keys in the order given."""
    if isinstance(value, float):
        raise TypeError("a float cannot hold an amount of money")
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{json.dumps(key)}:{to_json(each)}" for key, each in value.items()) + "}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ",".join(to_json(each) for each in value) + "]"
    return json.dumps(value)


def from_json(body: bytes) -> Any:
    """Any JSON with numbers as int or Decimal; raises ValueError for what is not JSON."""
    try:
        return json.loads(body, parse_float=Decimal, parse_constant=_no_constant)
    # Decimal raises InvalidOperation for an exponent of more than 18 digits.
    except (ValueError, ArithmeticError, RecursionError) as error:
        raise ValueError("not JSON") from error


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
