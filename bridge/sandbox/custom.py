"""The tenant's custom fields: which objects have which, of what type, and whether Object Query may filter by them.

Source: Zuora: Custom fields (names end in __c, NetSuite's in __NS, and are case-sensitive). A type is written `text`,
`number`, `boolean` or `date`, with ` indexed` behind it where Object Query may filter by the field. REST refuses fields
the tenant does not have and values of another type; SOAP ignores unknown ones and reads the lexical value. Must not
know which operation asks.
"""

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final, TypeAlias

from bridge.sandbox.money import number
from bridge.sandbox.refusal import INVALID_VALUE, UNKNOWN_FIELD, Refusal

CustomValue: TypeAlias = "str | Decimal | bool | None"
Fields: TypeAlias = Mapping[str, str]

_TYPES: Final = ("text", "number", "boolean", "date")
_COMMON: Final = {
    "Region__c": "text",
    "Amount__c": "number",
    "Approved__c": "boolean",
    "ValueDate__c": "date",
    "ErpKey__c": "text indexed",
    "IntegrationId__NS": "text indexed",
    **dict.fromkeys(("IntegrationStatus__NS", "Origin__NS", "SyncDate__NS", "Transaction__NS"), "text"),
}
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_LONGEST: Final = 255
_BOOLEANS: Final = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def default_fields() -> dict[str, dict[str, str]]:
    """Return the fields a fresh tenant has: some of its own, and those of the NetSuite connector."""
    fields = {kind: dict(_COMMON) for kind in ("Payment", "Refund", "Account")}
    fields["Refund"]["SynctoNetSuite__NS"] = "text"
    return fields


def is_custom(name: str) -> bool:
    """Tell a custom or NetSuite field by its suffix (Zuora: Custom fields)."""
    return name.endswith(("__c", "__NS"))


def is_indexed(fields: Fields, name: str) -> bool:
    """Tell whether Object Query may filter by a field; names ignore case there."""
    return any(known.lower() == name.lower() and spec.endswith(" indexed") for known, spec in fields.items())


def wrong_fields(value: object) -> str:
    """Return what is wrong with a setting of custom fields, or nothing."""
    if not isinstance(value, dict):
        return 'customFields takes an object such as {"Payment": {"Region__c": "text"}}'
    for kind, fields in value.items():
        if kind not in ("Payment", "Refund", "Account") or not isinstance(fields, dict):
            return f"customFields: {kind!r} must be Payment, Refund or Account, with an object of fields"
        for name, spec in fields.items():
            if not is_custom(str(name)):
                return f"customFields: {name!r} must end in __c or __NS"
            if not isinstance(spec, str) or spec.removesuffix(" indexed") not in _TYPES:
                return f"customFields: {name!r} takes {', '.join(_TYPES)}, each with ' indexed' or without"
    return ""


def from_json(fields: Fields, name: str, value: Any) -> CustomValue:
    """Read a field of a REST body; null clears it."""
    spec = fields.get(name)
    if spec is None:
        raise Refusal(UNKNOWN_FIELD, f"The field {name} is not recognized.")
    kind = spec.removesuffix(" indexed")
    if value is None:
        return None
    good = {
        "text": isinstance(value, str) and len(value) <= _LONGEST,
        "number": isinstance(value, Decimal),
        "boolean": isinstance(value, bool),
        "date": isinstance(value, str) and _is_date(value),
    }[kind]
    if not good:
        raise Refusal(INVALID_VALUE, f"The value of {name} must be a {kind}.")
    return value  # type: ignore[no-any-return]


def from_text(fields: Fields, name: str, text: str) -> CustomValue:
    """Read a field's text, as SOAP carries it; a dateTime is cut to its day as it is written."""
    kind = fields[name].removesuffix(" indexed")
    wrong = Refusal(INVALID_VALUE, f"The value of {name} must be a {kind}.")
    if kind == "text":
        if len(text) > _LONGEST:
            raise Refusal(INVALID_VALUE, f"The length of {name} must not be more than {_LONGEST} characters.")
        return text
    text = text.strip()
    if kind == "boolean":
        if text.lower() not in _BOOLEANS:
            raise wrong
        return _BOOLEANS[text.lower()]
    if kind == "date":
        if not _is_date(text[:10]) or text[10:11] not in ("", "T"):
            raise wrong
        return text[:10]
    try:
        return number(text)
    except ValueError:
        raise wrong from None


def _is_date(text: str) -> bool:
    if not _DATE.fullmatch(text):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
