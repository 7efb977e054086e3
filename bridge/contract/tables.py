"""A Contract's object types compiled into dictionaries from an element's tag to what is done with it.

One table per type, made when first asked for. A tag is looked up in full; only the first element of a foreign namespace
is looked up by its local name, and then remembered. Must not read any element: ``decode`` does.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from bridge.contract.contract import ComplexType, Contract, Field, QName
from bridge.contract.errors import DecodeError, Problem
from bridge.contract.leaves import Reader, reader_for
from bridge.core.words import shown

FIELDS_TO_NULL = "fieldsToNull"


class Kind(enum.Enum):
    """What a field holds."""

    LEAF = 0
    NULLS = 1
    CONTAINER = 2
    OBJECT = 3
    OBJECTS = 4
    OPAQUE = 5


Entry = tuple[Kind, str, Reader | None, "Table | Container | None"]
"""Kind, the field's name, how its text is read, and the table of what is inside."""


@dataclass(slots=True)
class Table:
    """One object type: what each tag, and each local name, means in it."""

    type: QName
    tags: dict[object, Entry]
    names: dict[str, Entry]
    limit: int

    def unlisted(self, tag: object, name: str) -> Entry | None:
        """The entry of a tag in a namespace that the file does not use, by local name alone."""
        entry = self.names.get(name)
        # Remembered, up to a limit: a caller may invent any number of namespaces.
        if entry is not None and len(self.tags) < self.limit:
            self.tags[tag] = entry
        return entry


@dataclass(slots=True)
class Container:
    """A type that only wraps objects: local names of its children and their declared types."""

    type: str
    children: dict[str, Table]


class Tables:
    """All tables of one contract. ``doubles`` reads decimals as callers of versions up to 18 write them."""

    def __init__(self, contract: Contract, *, doubles: bool = False) -> None:
        self._contract = contract
        self._doubles = doubles
        self._made: dict[QName, Table] = {}
        self._by_name = {name: self._table(item.name) for name, item in contract.objects.items()}

    def named(self, name: str) -> Table:
        """The table of an object type, by its local name in whatever namespace."""
        table = self._by_name.get(name)
        if table is None:
            raise DecodeError(Problem.UNKNOWN_TYPE, name, f"Unknown type {shown(name)}")
        return table

    def within(self, name: str, declared: Table) -> Table:
        """The table of a type that must be ``declared`` or derived from it."""
        table = declared if name == declared.type.name else self.named(name)
        if table is not declared and declared.type not in self._contract.lineage(table.type):
            raise DecodeError(Problem.WRONG_TYPE, name, f"Type {name} is not a {declared.type.name}")
        return table

    def _table(self, name: QName) -> Table:
        table = self._made.get(name)
        if table is None:
            fields = self._contract.complex_types[name].fields
            names = {item.name: self._entry(item) for item in fields}
            tags: dict[object, Entry] = {
                str(QName(uri, key)): entry for key, entry in names.items() for uri in self._spaces()
            }
            table = self._made[name] = Table(name, tags, names, 2 * len(tags) + 64)
        return table

    def _spaces(self) -> tuple[str, ...]:
        return (*self._contract.schemas, "")

    def _entry(self, item: Field) -> Entry:
        primitive = self._contract.primitive(item.type)
        if primitive is not None:
            if item.name == FIELDS_TO_NULL and item.repeats:
                return Kind.NULLS, item.name, None, None
            if item.repeats:
                return Kind.OPAQUE, item.name, None, None
            named = item.type in self._contract.simple_types
            return Kind.LEAF, item.name, reader_for(primitive, named, item.name, doubles=self._doubles), None
        if self._contract.is_object(item.type):
            return Kind.OBJECTS if item.repeats else Kind.OBJECT, item.name, None, self._table(item.type)
        inner = self._contract.complex_types[item.type]
        if not item.repeats and self._wraps_objects(inner):
            children = {child.name: self._table(child.type) for child in inner.fields}
            return Kind.CONTAINER, item.name, None, Container(inner.name.name, children)
        return Kind.OPAQUE, item.name, None, None

    def _wraps_objects(self, item: ComplexType) -> bool:
        return bool(item.fields) and all(self._contract.is_object(child.type) for child in item.fields)
