"""Custom fields as JSON values: by the type the tenant's WSDL gives them, otherwise as the text that came.

Zuora: Manage custom fields with the SOAP API: they are merged into the object's own fields, and a tenant's WSDL may
type them. Types are XML Schema built-ins (XML Schema part 2), read as liberally as Zuora reads them. Must not know
which custom fields there are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal

from bridge.core.mapping.fields import is_custom
from bridge.core.mapping.lexical import day, decimal
from bridge.core.model import ZObject
from bridge.core.refusals import Refusal, invalid

_BOOLEANS: Mapping[str, bool] = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}

_INTEGER = re.compile(r"[+-]?[0-9]{1,40}\Z")
_DOUBLE = re.compile(r"[+-]?(?:[0-9]{1,40}(?:\.[0-9]{0,40})?|\.[0-9]{1,40})(?:[eE][+-]?[0-9]{1,2})?\Z")


def customs(obj: ZObject, types: Mapping[str, str]) -> dict[str, object]:
    """The custom and NetSuite fields of an object; raises ``Refusal`` INVALID_VALUE naming one that is no such type.

    ``types`` are XML Schema types by ``Payment.Amount__c``. Numbers are exact (Decimal or int).
    """
    return {name: _value(name, text, types.get(f"{obj.type}.{name}", "string")) for name, text in _given(obj)}


def _given(obj: ZObject) -> list[tuple[str, str]]:
    return [(name, text) for name, text in obj.fields.items() if is_custom(name)]


def _value(name: str, text: str, kind: str) -> object:
    read = _READERS.get(kind)
    return text if read is None else read(text.strip(), name)


def _decimal(text: str, name: str) -> Decimal:
    try:
        return decimal(text, name)
    except Refusal:
        raise _no(name, "a decimal number") from None


def _double(text: str, name: str) -> Decimal:
    if _DOUBLE.match(text) is None:
        raise _no(name, "a number")
    return Decimal(text)


def _integer(text: str, name: str) -> int:
    if _INTEGER.match(text) is None:
        raise _no(name, "a whole number")
    return int(text)


def _boolean(text: str, name: str) -> bool:
    found = _BOOLEANS.get(text.lower())
    if found is None:
        raise _no(name, "true or false")
    return found


def _date(text: str, name: str) -> str:
    return day(text, name).isoformat()


def _no(name: str, what: str) -> Refusal:
    return invalid(name, f"{name} must be {what}.")


_READERS: Mapping[str, Callable[[str, str], object]] = {
    "boolean": _boolean,
    "date": _date,
    "decimal": _decimal,
    **dict.fromkeys(("double", "float"), _double),
    **dict.fromkeys(("byte", "int", "integer", "long", "short"), _integer),
}
