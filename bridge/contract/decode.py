"""From parsed request elements to the values of ``core.model``, as liberally as Zuora's own server reads them.

Fields are matched by local name, case-sensitively, in any namespace and any order; what the contract does not know is
kept, never dropped. What would have to be guessed (two values for one field, a type that cannot be told, a number that
is none) is a ``DecodeError``, the only exception that leaves. Takes elements that the facade's guard has parsed and
bounded; never follows ``href``, and must not know any particular object type.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

from lxml import etree

from bridge.contract import versions
from bridge.contract.contract import Contract
from bridge.contract.errors import DecodeError, Problem
from bridge.contract.leaves import SPACE, TYPE, elements, invalid, is_nil, local_name, reader_for, text_of
from bridge.contract.tables import Container, Entry, Kind, Table, Tables
from bridge.core.model import NOTHING, Version, ZObject
from bridge.core.words import shown

NO_CHILDREN = MappingProxyType[str, tuple[ZObject, ...]]({})
LEAF, NULLS, OBJECTS, OPAQUE = Kind.LEAF, Kind.NULLS, Kind.OBJECTS, Kind.OPAQUE


@dataclass(frozen=True, slots=True)
class Deletion:
    """The content of a ``delete`` call: one type for all ids, one answer row per id."""

    type: str
    ids: tuple[str, ...]


class Decoder:
    """Compiled from a contract once; safe to share between threads."""

    def __init__(self, contract: Contract) -> None:
        self._tables = Tables(contract)
        self._contract = contract
        self._doubles: Tables | None = None
        self._rows = {
            operation.name: item.name
            for operation in contract.operations.values()
            for item in contract.elements[operation.input].fields
            if item.type == contract.object_base
        }

    def objects(self, body: etree._Element, version: Version | None = None) -> tuple[ZObject, ...]:
        """The objects of a ``create`` or ``update`` element, as a caller of ``version`` writes them."""
        tables = self._for(version)
        row = self._rows.get(local_name(body))
        found = []
        for name, child in elements(body):
            if name != row:
                raise _unexpected(name, body)
            found.append(_object(tables, child, _declared(tables, child)))
        return tuple(found)

    def object(self, element: etree._Element, version: Version | None = None) -> ZObject:
        """One ``zObjects`` element."""
        tables = self._for(version)
        return _object(tables, element, _declared(tables, element))

    def deletion(self, body: etree._Element) -> Deletion:
        """The content of a ``delete`` element."""
        types: list[str] = []
        ids: list[str] = []
        for name, child in elements(body):
            text = (text_of(child, name) or "").strip(SPACE)
            if name == "type":
                types.append(text)
            elif name != "ids":
                raise _unexpected(name, body)
            elif not text:
                # Leaving it out would shift the rows of the answer against the caller's.
                raise DecodeError(Problem.INVALID_VALUE, "ids", "Id is invalid")
            else:
                ids.append(text)
        if len(types) > 1:
            raise _duplicate("type")
        if not types or not types[0]:
            raise DecodeError(Problem.MISSING_ELEMENT, "type", "Missing element type in delete")
        return Deletion(types[0], tuple(ids))

    def _for(self, version: Version | None) -> Tables:
        if version is None or not versions.writes_doubles(version):
            return self._tables
        # Made when the first such caller comes; two threads that both make it make the same.
        if self._doubles is None:
            self._doubles = Tables(self._contract, doubles=True)
        return self._doubles


def session(header: etree._Element | None) -> str | None:
    """The session id of a SOAP header, found by local names in any namespace and any case; None without one."""
    return _header_value(header, "SessionHeader", "session")


def single_transaction(header: etree._Element | None) -> bool:
    """Whether the call's objects are to be one transaction."""
    text = _header_value(header, "CallOptions", "useSingleTransaction")
    reader = reader_for("boolean", False, "useSingleTransaction")
    return text is not None and reader is not None and reader(text) in {"true", "1"}


def _header_value(header: etree._Element | None, block: str, name: str) -> str | None:
    values = set()
    for found, child in elements(header) if header is not None else ():
        if found.lower() == block.lower() and not is_nil(child):
            for inner, leaf in elements(child):
                if inner.lower() == name.lower():
                    text = (text_of(leaf, inner) or "").strip(SPACE)
                    if text:
                        values.add(text)
    if len(values) > 1:
        raise _duplicate(block)
    return values.pop() if values else None


def _declared(tables: Tables, element: etree._Element) -> Table:
    kind = _type_name(element)
    if kind is None:
        name = local_name(element)
        raise DecodeError(Problem.MISSING_TYPE, name, f"Missing xsi:type on {shown(name)}")
    return tables.named(kind)


def _type_name(element: etree._Element) -> str | None:
    """The local name in ``xsi:type``. Its namespace is not judged (clients write the wrong one), but must exist."""
    value = element.get(TYPE)
    if value is None:
        return None
    prefix, colon, name = value.strip(SPACE).rpartition(":")
    if colon and prefix not in element.nsmap:
        raise DecodeError(Problem.UNKNOWN_TYPE, name, f"Undeclared prefix in xsi:type {shown(value)}")
    return name or None


def _object(tables: Tables, element: etree._Element, table: Table) -> ZObject:
    if element.keys() and is_nil(element):
        return ZObject(table.type.name)
    fields: dict[str, str] = {}
    children: dict[str, tuple[ZObject, ...]] = {}
    nulls: list[str] = []
    loose: dict[str, list[etree._Element]] = {}
    listed = table.tags.get
    for child in element:
        entry = listed(child.tag) or _entry(table, child)
        if entry is None:
            continue
        kind, name, reader, inside = entry
        if kind is LEAF:
            # The common leaf has no attribute and no comment; everything else takes the longer way.
            text = text_of(child, name) if child.keys() or len(child) else child.text
            if text and reader is not None:
                text = reader(text)
            if text:
                if name in fields:
                    raise _duplicate(name)
                fields[name] = text
        elif kind is NULLS:
            text = text_of(child, name) if child.keys() or len(child) else child.text
            if text and (text := text.strip(SPACE)):
                nulls.append(text)
        elif inside is not None:
            found = _inside(tables, child, name, inside)
            if found:
                if name in children and kind is not OBJECTS:
                    raise _duplicate(name)
                children[name] = children.get(name, ()) + found
        else:
            _keep(child, name, fields, loose)
    verbatim = MappingProxyType(_verbatim(loose, fields)) if loose else NOTHING
    return ZObject(
        table.type.name,
        MappingProxyType(fields) if fields else NOTHING,
        MappingProxyType(children) if children else NO_CHILDREN,
        tuple(nulls),
        verbatim,
    )


def _entry(table: Table, child: etree._Element) -> Entry | None:
    name = local_name(child)
    return (table.unlisted(child.tag, name) or (OPAQUE, name, None, None)) if name else None


def _inside(tables: Tables, element: etree._Element, name: str, inside: Table | Container) -> tuple[ZObject, ...]:
    """The objects of a field: one, a container's, or none where it is nil."""
    if element.keys() and is_nil(element):
        return ()
    if isinstance(inside, Table):
        return (_typed(tables, element, inside),)
    text = element.text
    if text and text.strip(SPACE):
        raise invalid(name, text, inside.type)
    found = []
    for child in element:
        inner = local_name(child)
        declared = inside.children.get(inner)
        if declared is not None:
            if not (child.keys() and is_nil(child)):
                found.append(_typed(tables, child, declared))
        elif inner:
            raise _unexpected(inner, element)
    return tuple(found)


def _typed(tables: Tables, element: etree._Element, declared: Table) -> ZObject:
    kind = _type_name(element) if element.keys() else None
    return _object(tables, element, declared if kind is None else tables.within(kind, declared))


def _keep(element: etree._Element, name: str, fields: dict[str, str], loose: dict[str, list[etree._Element]]) -> None:
    """Note an element that the contract does not know; a first plain text is a field until a second one comes."""
    if is_nil(element):
        return
    if not elements(element):
        text = text_of(element, name)
        if text is None:
            return
        if name not in loose:
            fields[name] = text
    loose.setdefault(name, []).append(element)


def _verbatim(loose: dict[str, list[etree._Element]], fields: dict[str, str]) -> dict[str, str]:
    """What is not a single plain text, as XML; Zuora ignores such elements, so a repeated one is no error here."""
    kept = {}
    for name, found in loose.items():
        if len(found) > 1 or name not in fields:
            fields.pop(name, None)
            kept[name] = "".join(etree.tostring(element, encoding="unicode", with_tail=False) for element in found)
    return kept


def _unexpected(name: str, parent: etree._Element) -> DecodeError:
    return DecodeError(Problem.UNEXPECTED, name, f"Unexpected subelement {shown(name)} in {shown(local_name(parent))}")


def _duplicate(name: str) -> DecodeError:
    return DecodeError(Problem.DUPLICATE, name, f"Duplicate element {shown(name)}")
