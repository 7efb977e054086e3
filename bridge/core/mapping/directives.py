"""Custom fields that say what the old schema has no field for, by the owner's configuration.

``expand`` takes them out of an object before it is classified, so that they are sent nowhere, and puts in their place
what the bridge's own elements would say. The value meaning ``Items`` lists single items::

    list  = group *( ";" group )
    group = [ document "/" ] entry *( "," entry )
    entry = [ "tax:" ] item "=" amount

``DM00000001/8ad0...=70,tax:8ad1...=10;DM00000002/8ad2...=5``. A document is named by its id or number, or not at all
where the object has one document. White space around a name or an amount means nothing. Must not look anything up.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from types import MappingProxyType

from bridge.core.mapping.items import Row
from bridge.core.model import NOTHING, RowError, Tenant, ZObject
from bridge.core.refusals import Refusal, invalid

ITEMS = "Items"
_TAX = "tax:"
_NAME = re.compile(r"[0-9A-Za-z_-]{1,80}")
_AMOUNT = re.compile(r"[+-]?[0-9.]{1,41}")
_SPACE = re.compile(r"[ \t\r\n]*")


@dataclass(frozen=True, slots=True)
class Expanded:
    """An object without its directives. ``items`` is what a directive lists; ``said`` has the custom field by what it
    means, for naming it in a refusal."""

    obj: ZObject
    items: tuple[Row, ...] = ()
    said: Mapping[str, str] = field(default_factory=lambda: NOTHING)

    def told(self, errors: Iterable[RowError]) -> tuple[RowError, ...]:
        """The errors with the caller's own field in the place of what it means."""
        return tuple(_told(error, self.said) for error in errors)


def expand(obj: ZObject, tenant: Tenant) -> Expanded:
    """The object as the extension elements would say it; raises ``Refusal`` INVALID_VALUE naming the custom field."""
    meanings = {name: meant for (kind, name), meant in tenant.directives.items() if kind == obj.type}
    if meanings.keys().isdisjoint((*obj.fields, *obj.nulls, *obj.verbatim)):
        return Expanded(obj)
    fields = {name: text for name, text in obj.fields.items() if name not in meanings}
    items: tuple[Row, ...] = ()
    said: dict[str, str] = {}
    for name, meant in meanings.items():
        if name in obj.verbatim:
            raise invalid(name, f"{name} must be one plain text.")
        text = obj.word(name)
        if text is None:
            continue
        if meant == ITEMS:
            rows = parse(text, name)
            if items and items != rows:
                raise invalid(name, f"{name} and {said[ITEMS]} list different items.")
            items = rows
        else:
            before = obj.word(meant) if meant not in said else fields[meant]
            if before is not None and before != text:
                raise invalid(name, f"{name} and {said.get(meant, meant)} say different things.")
            fields[meant] = text
            if obj.word(meant) is not None:
                continue
        said.setdefault(meant, name)
    nulls = tuple(name for name in obj.nulls if name not in meanings)
    return Expanded(replace(obj, fields=MappingProxyType(fields), nulls=nulls), items, MappingProxyType(said))


def names_of(obj: ZObject, tenant: Tenant) -> Mapping[str, str]:
    """What an error about this object may name: by Zuora's or our own name, the name that the caller sent."""
    meanings = {name: meant for (kind, name), meant in tenant.directives.items() if kind == obj.type}
    given = {meanings.get(name, name): name for name in obj.fields}
    return {**given, **{name: name for name in obj.fields}, **{name: name for name in _containers(obj)}}


def _containers(obj: ZObject) -> Iterable[str]:
    for name, rows in obj.children.items():
        yield name
        for row in rows:
            yield from _containers(row)


def _told(error: RowError, said: Mapping[str, str]) -> RowError:
    message = error.message
    for meant, name in said.items():
        message = re.sub(rf"\b{meant}\b", partial(_always, name), message)
    return RowError(error.code, message, said.get(error.field, error.field) if error.field is not None else None)


def _always(name: str, _found: re.Match[str]) -> str:
    return name


def parse(text: str, custom_field: str) -> tuple[Row, ...]:
    """The items a directive lists; raises ``Refusal`` INVALID_VALUE naming ``custom_field``, and nothing else."""
    return _Reader(text, custom_field).items()


class _Reader:
    """Reads one list from left to right."""

    def __init__(self, text: str, custom_field: str) -> None:
        self._text = text
        self._field = custom_field
        self._at = 0

    def items(self) -> tuple[Row, ...]:
        rows: list[Row] = []
        while True:
            document = self._document()
            rows.append(self._entry(document))
            while self._took(","):
                rows.append(self._entry(document))
            if not self._took(";"):
                break
        if self._at < len(self._text):
            raise self._wrong("',' or ';' or the end")
        return tuple(rows)

    def _document(self) -> str | None:
        start = self._at
        name = self._token(_NAME)
        if name is not None and self._took("/"):
            return name
        self._at = start
        return None

    def _entry(self, document: str | None) -> Row:
        self._token(_SPACE)
        tax = self._text[self._at : self._at + len(_TAX)].lower() == _TAX
        if tax:
            self._at += len(_TAX)
        name = self._token(_NAME)
        if name is None:
            raise self._wrong("an item's id")
        if not self._took("="):
            raise self._wrong("'='")
        amount = self._token(_AMOUNT)
        if amount is None:
            raise self._wrong("an amount such as 12.50")
        return Row(None, name, amount, document) if tax else Row(name, None, amount, document)

    def _token(self, pattern: re.Pattern[str]) -> str | None:
        """The next token, with the white space around it taken; None, and nothing taken, where there is none."""
        start = _end(_SPACE, self._text, self._at)
        found = pattern.match(self._text, start)
        if found is None:
            return None
        self._at = _end(_SPACE, self._text, found.end())
        return found[0]

    def _took(self, sign: str) -> bool:
        if not self._text.startswith(sign, self._at):
            return False
        self._at = _end(_SPACE, self._text, self._at + len(sign))
        return True

    def _wrong(self, expected: str) -> Refusal:
        return invalid(
            self._field,
            f"{self._field} lists items as document/item=amount,tax:item=amount;... : {expected} was expected at "
            f"character {self._at + 1}.",
        )


def _end(pattern: re.Pattern[str], text: str, start: int) -> int:
    found = pattern.match(text, start)
    assert found is not None
    return found.end()
