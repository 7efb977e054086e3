"""From parsed JSON to the values of ``core.model``: the same objects that ``decode`` reads from XML.

Zuora's JSON has the WSDL's field names and containers (Zuora: CRUD: Create a payment; Actions), so the same tables say
what a key holds. Numbers arrive as ``Number``, the caller's own text, and never become binary; null and an empty text
are not given, as in XML; what the contract does not know is kept as text, or as JSON where it is no single value. A
value of another kind than its field is a ``DecodeError``, the only exception that leaves. Takes what the facade has
parsed and bounded in depth; must not know any particular object type.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from bridge.contract.contract import Contract
from bridge.contract.errors import DecodeError, Problem
from bridge.contract.leaves import FORBIDDEN, SPACE, Reader, invalid
from bridge.contract.tables import FIELDS_TO_NULL, Container, Kind, Table, Tables
from bridge.core.model import NOTHING, ZObject
from bridge.core.words import shown

CUSTOM: Final = ("__c", "__NS")
"""Endings of a tenant's own fields (Zuora: Custom fields). A file that lacks one proves nothing: it may be our own."""

_NO_CHILDREN: Mapping[str, tuple[ZObject, ...]] = MappingProxyType({})


class Number(str):
    """A JSON number as it was written. Strings and numbers are told apart only where a field wants neither."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Decoded:
    """Objects in the caller's order, and the keys in them that the contract does not know (custom fields aside)."""

    objects: tuple[ZObject, ...]
    unknown: frozenset[str] = frozenset()


@dataclass(slots=True)
class _Making:
    """One object while it is read."""

    fields: dict[str, str] = field(default_factory=dict)
    children: dict[str, tuple[ZObject, ...]] = field(default_factory=dict)
    nulls: tuple[str, ...] = ()
    verbatim: dict[str, str] = field(default_factory=dict)


class JsonDecoder:
    """Compiled from a contract once; safe to share between threads."""

    def __init__(self, contract: Contract) -> None:
        # JSON numbers may carry an exponent, as the doubles of the oldest callers do.
        self._tables = Tables(contract, doubles=True)

    def objects(self, kind: str, given: object) -> Decoded:
        """The objects of a create or update; ``kind`` is the type of them all."""
        if not isinstance(given, list):
            raise DecodeError(Problem.MISSING_ELEMENT, "objects", "objects must be a list of objects")
        table = self._tables.named(kind)
        unknown: set[str] = set()
        return Decoded(tuple(_object(table, each, "objects", unknown) for each in given), frozenset(unknown))

    def one(self, kind: str, given: object) -> Decoded:
        """One object by itself."""
        unknown: set[str] = set()
        return Decoded((_object(self._tables.named(kind), given, kind, unknown),), frozenset(unknown))

    def ids(self, given: object) -> tuple[str, ...]:
        """The ids of a delete, one per row of its answer."""
        if not isinstance(given, list):
            raise DecodeError(Problem.MISSING_ELEMENT, "ids", "ids must be a list of ids")
        found = [(_scalar(each, "ids") or "").strip(SPACE) for each in given]
        if not all(found):
            # Leaving it out would shift the rows of the answer against the caller's.
            raise DecodeError(Problem.INVALID_VALUE, "ids", "Id is invalid")
        return tuple(found)


def _object(table: Table, given: object, where: str, unknown: set[str]) -> ZObject:
    if not isinstance(given, dict):
        raise DecodeError(Problem.WRONG_TYPE, where, f"{shown(where)} must hold objects")
    made = _Making()
    for name, value in given.items():
        _check(name, name)
        if value is None:
            continue
        entry = table.names.get(name)
        if entry is None:
            if not name.endswith(CUSTOM):
                unknown.add(name)
            _keep(made, name, value)
            continue
        kind, _, reader, inside = entry
        if kind is Kind.LEAF:
            text = _leaf(value, name, reader)
            if text:
                made.fields[name] = text
        elif kind is Kind.NULLS:
            made.nulls = _names(value)
        elif isinstance(inside, Table):
            made.children[name] = _rows(inside, value, name, unknown)
        elif inside is not None:
            made.children[name] = _inside(inside, value, name, unknown)
        else:
            _keep(made, name, value)
    children = {name: rows for name, rows in made.children.items() if rows}
    return ZObject(
        table.type.name,
        MappingProxyType(made.fields) if made.fields else NOTHING,
        MappingProxyType(children) if children else _NO_CHILDREN,
        made.nulls,
        MappingProxyType(made.verbatim) if made.verbatim else NOTHING,
    )


def _leaf(value: object, name: str, reader: Reader | None) -> str | None:
    text = _scalar(value, name)
    return reader(text) if text and reader is not None else text


def _scalar(value: object, name: str) -> str | None:
    """The text of a string, number or boolean; None for null and the empty text."""
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        raise DecodeError(Problem.WRONG_TYPE, name, f"{shown(name)} must be one value, not an object or a list")
    return _check(str(value), name)


def _check(text: str, name: str) -> str:
    """Zuora's objects are XML underneath, and so are the other doors to the same act."""
    if not text.isprintable() and FORBIDDEN.search(text):
        raise DecodeError(Problem.INVALID_VALUE, shown(name), "A text holds a character that no field can hold")
    return text


def _names(value: object) -> tuple[str, ...]:
    """The names in ``fieldsToNull``; a single one may come without its list."""
    listed = value if isinstance(value, list) else [value]
    found = ((_scalar(each, FIELDS_TO_NULL) or "").strip(SPACE) for each in listed)
    return tuple(name for name in found if name)


def _inside(container: Container, value: object, name: str, unknown: set[str]) -> tuple[ZObject, ...]:
    """The objects of ``{"InvoicePayment": [...]}``, or of one without its list."""
    if value == "":
        return ()
    if not isinstance(value, dict):
        if isinstance(value, list):
            raise DecodeError(Problem.WRONG_TYPE, name, f"{shown(name)} must be an object that holds a list")
        raise invalid(name, _scalar(value, name) or "", container.type)
    found: list[ZObject] = []
    for inner, rows in value.items():
        declared = container.children.get(inner)
        if declared is None:
            raise DecodeError(Problem.UNEXPECTED, shown(inner), f"Unexpected key {shown(inner)} in {shown(name)}")
        found += _rows(declared, rows, inner, unknown)
    return tuple(found)


def _rows(declared: Table, value: object, name: str, unknown: set[str]) -> tuple[ZObject, ...]:
    listed = value if isinstance(value, list) else [value]
    return tuple(_object(declared, each, name, unknown) for each in listed if each is not None and each != "")


def _keep(made: _Making, name: str, value: object) -> None:
    """What the contract does not know: text as a field, everything else as JSON."""
    if isinstance(value, dict | list):
        made.verbatim[name] = written(value)
    elif (text := _scalar(value, name)) is not None:
        made.fields[name] = text


def written(value: object) -> str:
    """Parsed JSON as text again, every number as the caller wrote it."""
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(name)}:{written(each)}" for name, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(written, value)) + "]"
    return json.dumps(value)
