"""Money as Zuora holds and prints it: exact decimals, rounded to the currency's minor unit, never a float.

Must not know any object of the tenant; it only turns numbers into text and back.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from json.encoder import encode_basestring
from typing import TypeAlias

Json: TypeAlias = "str | int | bool | Decimal | list[Json] | dict[str, Json] | None"

ZERO = Decimal(0)

# ISO 4217 minor units that differ from two.
_MINOR_UNITS = {
    **dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV"), 0),
    **dict.fromkeys(("XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}


def minor_units(currency: str) -> int:
    """Return how many decimals an amount of this currency may have."""
    return _MINOR_UNITS.get(currency, 2)


def unit(currency: str) -> Decimal:
    """Return the smallest amount of this currency."""
    return Decimal(1).scaleb(-minor_units(currency))


def fits(amount: Decimal, currency: str) -> bool:
    """Tell whether the amount can be expressed in whole minor units."""
    return amount == amount.quantize(unit(currency)) if abs(amount) < Decimal("1e16") else False


def number(text: str) -> Decimal:
    """Read a finite number; `ValueError` where it is none."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise ValueError(text) from None
    if not value.is_finite():
        raise ValueError(text)
    return value


def plain(amount: Decimal) -> str:
    """Write a decimal without exponent and without trailing zeros, as Zuora's answers do."""
    text = format(amount, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def total(amounts: Iterable[Decimal]) -> Decimal:
    """Sum amounts exactly; an empty sum is zero."""
    return sum(amounts, ZERO)


def dump_json(value: object) -> str:
    """Write JSON with Decimals as plain numbers; the standard encoder would need a float."""
    out: list[str] = []
    _write(value, out)
    return "".join(out)


def _write(value: object, out: list[str]) -> None:
    if isinstance(value, str):
        out.append(encode_basestring(value))
    elif value is None:
        out.append("null")
    elif value is True or value is False:
        out.append("true" if value else "false")
    elif isinstance(value, Decimal):
        out.append(plain(value))
    elif isinstance(value, int):
        out.append(str(value))
    elif isinstance(value, Mapping):
        separator = "{"
        for key, item in value.items():
            out.append(separator)
            out.append(encode_basestring(str(key)))
            out.append(":")
            _write(item, out)
            separator = ","
        out.append("{}" if separator == "{" else "}")
    elif isinstance(value, (list, tuple)):
        separator = "["
        for item in value:
            out.append(separator)
            _write(item, out)
            separator = ","
        out.append("[]" if separator == "[" else "]")
    else:
        raise TypeError(f"not JSON: {type(value).__name__}")
