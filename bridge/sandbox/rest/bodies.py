"""Reads JSON request bodies strictly: unknown fields, missing fields and wrong types are all named at once.

Source: Zuora: API reference, request schemas, and error categories 20, 21, 22, 90. Must not look anything up.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from bridge.sandbox.custom import CustomValue, Fields, from_json, is_custom
from bridge.sandbox.money import ZERO, fits, minor_units, plain
from bridge.sandbox.refusal import INVALID_VALUE, MALFORMED_JSON, MISSING_FIELD, Reasons, Refusal

Kind = Literal["money", "text", "id", "date", "enum", "object", "list", "options", "flag", "currency", "off"]
_ID = re.compile(r"[0-9a-f]{32}")
_CURRENCY = re.compile(r"[A-Z]{3}")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
# An amount longer than sixteen characters is refused (Zuora: field types).
_LARGEST = Decimal("1e13")


@dataclass(frozen=True)
class Spec:
    """What a field may hold."""

    name: str
    kind: Kind = "text"
    required: bool = False
    most: int = 255
    choices: tuple[str, ...] = ()
    fields: "tuple[Spec, ...]" = ()


def parse_json(raw: bytes, *, may_be_empty: bool = False) -> dict[str, Any]:
    """Parse a body into an object; numbers stay exact."""
    if may_be_empty and not raw.strip():
        return {}
    try:
        given = json.loads(raw, parse_float=Decimal, parse_int=Decimal, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise Refusal(MALFORMED_JSON, "The request body is not valid JSON.") from None
    if not isinstance(given, dict):
        raise Refusal(MALFORMED_JSON, "The request body must be a JSON object.")
    return given


def read_body(given: Mapping[str, Any], specs: Sequence[Spec], *, custom: Fields | None = None) -> dict[str, Any]:
    """Check a body against its specs and the object's custom fields; return what was really given.

    Null and empty text are not given; only a custom field's null is kept, because it clears the field.
    """
    wrong: list[Refusal] = []
    read = _read(given, specs, "", wrong, custom=custom)
    if wrong:
        raise Reasons(wrong)
    return read


def custom_fields(given: Mapping[str, Any]) -> dict[str, CustomValue]:
    """Return the custom and NetSuite fields of a body already read."""
    return {name: value for name, value in given.items() if is_custom(name)}


def money(value: Decimal, currency: str, name: str) -> Decimal:
    """Return an amount that is more than zero and fits its currency."""
    if value <= ZERO:
        raise Refusal(INVALID_VALUE, f"The value {plain(value)} of {name} must be greater than 0.")
    if not fits(value, currency):
        decimals = minor_units(currency)
        raise Refusal(INVALID_VALUE, f"The value {plain(value)} of {name} has more than {decimals} decimals.")
    return value


def _no_constant(text: str) -> None:
    raise ValueError(text)


def _read(
    given: Mapping[str, Any], specs: Sequence[Spec], where: str, wrong: list[Refusal], *, custom: Fields | None = None
) -> dict[str, Any]:
    known = {spec.name: spec for spec in specs}
    read: dict[str, Any] = {}
    for name, value in given.items():
        spec = known.get(name)
        if spec is None:
            try:
                read[name] = from_json(custom or {}, f"{where}{name}", value)
            except Refusal as refusal:
                wrong.append(refusal)
            continue
        if value is None or (value == "" and spec.kind in ("text", "enum")):
            continue
        checked = _check(value, spec, where, wrong)
        if checked is not None:
            read[name] = checked
    wrong.extend(
        Refusal(MISSING_FIELD, f"The required field {where}{spec.name} is missing.")
        for spec in specs
        if spec.required and given.get(spec.name) in (None, "")
    )
    return read


def _check(value: Any, spec: Spec, where: str, wrong: list[Refusal]) -> Any:
    name = f"{where}{spec.name}"
    problem = ""
    if spec.kind == "money":
        if not isinstance(value, Decimal):
            problem = "must be a number"
        elif abs(value) >= _LARGEST:
            problem = "is too large"
    elif spec.kind in ("text", "enum"):
        if not isinstance(value, str):
            problem = "must be a string"
        elif len(value) > spec.most:
            problem = f"must not be longer than {spec.most} characters"
        elif spec.choices and value not in spec.choices:
            problem = f"must be one of {', '.join(spec.choices)}"
    elif spec.kind == "id":
        if not isinstance(value, str) or not _ID.fullmatch(value):
            problem = "must be an id of 32 hexadecimal characters"
    elif spec.kind == "currency":
        if not isinstance(value, str) or not _CURRENCY.fullmatch(value):
            problem = "must be a currency code of three capital letters"
    elif spec.kind == "date":
        parsed = _date(value)
        if parsed is not None:
            return parsed
        problem = "must be a date yyyy-mm-dd"
    elif spec.kind == "flag":
        problem = "" if isinstance(value, bool) else "must be true or false"
    elif spec.kind == "options":
        if not isinstance(value, dict) or any(not isinstance(one, str) for one in value.values()):
            problem = "must be an object of strings"
    elif spec.kind == "object":
        if isinstance(value, dict):
            return _read(value, spec.fields, f"{name}.", wrong)
        problem = "must be an object"
    elif spec.kind == "list":
        return _list(value, spec, name, wrong)
    if problem:
        wrong.append(Refusal(INVALID_VALUE, f"The value of {name} {problem}."))
        return None
    return value


def _list(value: Any, spec: Spec, name: str, wrong: list[Refusal]) -> list[dict[str, Any]] | None:
    # Zuora: Invoice Settlement limitations: 1,000 documents, 1,000 items each.
    if not isinstance(value, list) or len(value) > 1000:
        wrong.append(Refusal(INVALID_VALUE, f"The value of {name} must be an array of at most 1000 objects."))
        return None
    rows = []
    for index, row in enumerate(value):
        if isinstance(row, dict):
            rows.append(_read(row, spec.fields, f"{name}[{index}].", wrong))
        else:
            wrong.append(Refusal(INVALID_VALUE, f"The value of {name}[{index}] must be an object."))
    return rows


def _date(value: Any) -> date | None:
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        return None
    try:
        return date.fromisoformat(value)
    except ValueError:
        return None
