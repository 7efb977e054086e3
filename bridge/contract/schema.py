"""XML Schema as far as Zuora's WSDLs use it: named sequences, extension, restrictions of built-ins, global elements.

Everything else (choice, any, ref, attributes, lists, anonymous local types, types that contain themselves) raises
``ContractError`` at start: a construct that is skipped would be money that is not understood. Must not know the WSDL.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from lxml import etree

from bridge.contract.contract import XSD, ComplexType, Element, Field, QName, SimpleType
from bridge.contract.errors import ContractError, shown
from bridge.contract.xml import children, is_schema, local, resolve

_T = TypeVar("_T")

_BUILT_IN_NAMES = """
    anyURI base64Binary boolean byte date dateTime decimal double duration float gDay gMonth gMonthDay gYear
    gYearMonth hexBinary int integer language long Name NCName negativeInteger NMTOKEN nonNegativeInteger
    nonPositiveInteger normalizedString positiveInteger QName short string time token unsignedByte unsignedInt
    unsignedLong unsignedShort
"""
_FACET_NAMES = """
    length minLength maxLength whiteSpace minInclusive maxInclusive minExclusive maxExclusive totalDigits
    fractionDigits
"""
BUILT_INS = frozenset(_BUILT_IN_NAMES.split())
FACETS = frozenset(f"{{{XSD}}}{name}" for name in _FACET_NAMES.split())


@dataclass(slots=True)
class Types:
    """The named parts of all schemas, bases and references not yet checked."""

    namespaces: list[str] = field(default_factory=list)
    simple: dict[QName, tuple[QName, str | None, tuple[str, ...]]] = field(default_factory=dict)
    complex: dict[QName, tuple[QName | None, tuple[Field, ...]]] = field(default_factory=dict)
    elements: dict[QName, tuple[QName | None, tuple[Field, ...]]] = field(default_factory=dict)

    def read(self, schema: etree._Element) -> None:
        """Add one ``schema`` element."""
        namespace = schema.get("targetNamespace", "")
        if namespace in self.namespaces:
            raise ContractError(f"two schemas for namespace {namespace!r}")
        self.namespaces.append(namespace)
        for node in children(schema):
            if is_schema(node, "annotation") or is_schema(node, "import"):
                continue
            name = QName(namespace, _required(node, "name"))
            if is_schema(node, "simpleType"):
                _add(self.simple, name, _restriction(node))
            elif is_schema(node, "complexType"):
                _add(self.complex, name, _sequence_of(node, schema))
            elif is_schema(node, "element"):
                _add(self.elements, name, _global_element(node, schema))
            else:
                raise beyond(node)

    def simple_types(self) -> dict[QName, SimpleType]:
        """All simple types, each down to its built-in."""
        return {
            name: SimpleType(name, self._primitive(name), pattern, values)
            for name, (_base, pattern, values) in self.simple.items()
        }

    def complex_types(self) -> dict[QName, ComplexType]:
        """All complex types with their bases' fields first; refuses cycles of any kind."""
        made: dict[QName, ComplexType] = {}
        for name in self.complex:
            self._complex(name, made, ())
        _refuse_containment_cycles(made)
        for item in made.values():
            self._check(item.name, item.fields)
        return made

    def global_elements(self, complex_types: dict[QName, ComplexType]) -> dict[QName, Element]:
        """All global elements with their fields, whether their type is named or their own."""
        made = {}
        for name, (reference, fields) in self.elements.items():
            if reference is not None:
                self._exists(reference, name)
                known = complex_types.get(reference)
                fields = known.fields if known is not None else ()
            self._check(name, fields)
            made[name] = Element(name, reference, fields)
        return made

    def _primitive(self, name: QName) -> str:
        seen: list[QName] = []
        while name.namespace != XSD:
            if name in seen or name not in self.simple:
                raise ContractError(f"simple type {name} rests on no built-in type")
            seen.append(name)
            name = self.simple[name][0]
        if name.name not in BUILT_INS:
            raise ContractError(f"{name} is not a built-in type that can be modelled")
        return name.name

    def _complex(self, name: QName, made: dict[QName, ComplexType], path: tuple[QName, ...]) -> ComplexType:
        if name in made:
            return made[name]
        if name in path:
            raise ContractError(f"type {name} extends itself")
        if name not in self.complex:
            raise ContractError(f"{path[-1]} extends {name}, which the file does not define")
        base, own = self.complex[name]
        inherited = self._complex(base, made, (*path, name)).fields if base is not None else ()
        made[name] = ComplexType(name, base, own, (*inherited, *own))
        return made[name]

    def _check(self, owner: QName, fields: tuple[Field, ...]) -> None:
        names = [item.name for item in fields]
        if len(set(names)) != len(names):
            raise ContractError(f"{owner} has two elements of one name")
        for item in fields:
            self._exists(item.type, owner)

    def _exists(self, name: QName, owner: QName) -> None:
        if name.namespace == XSD:
            if name.name not in BUILT_INS:
                raise ContractError(f"{owner} uses {name}, which cannot be modelled")
        elif name not in self.simple and name not in self.complex:
            raise ContractError(f"{owner} uses {name}, which the file does not define")


def beyond(node: etree._Element) -> ContractError:
    """The error for a construct this room does not model."""
    return ContractError(f"line {node.sourceline}: <{local(node)}> cannot be modelled here")


def _required(node: etree._Element, attribute: str) -> str:
    value = node.get(attribute)
    if not value:
        raise ContractError(f"line {node.sourceline}: <{local(node)}> without {attribute}")
    return value


def _add(table: dict[QName, _T], name: QName, value: _T) -> None:
    if name in table:
        raise ContractError(f"{name} is defined twice")
    table[name] = value


def _parts(node: etree._Element) -> list[etree._Element]:
    return [child for child in children(node) if not is_schema(child, "annotation")]


def _restriction(node: etree._Element) -> tuple[QName, str | None, tuple[str, ...]]:
    parts = _parts(node)
    if len(parts) != 1 or not is_schema(parts[0], "restriction"):
        raise beyond(node)
    patterns: list[str] = []
    values: list[str] = []
    for facet in _parts(parts[0]):
        if is_schema(facet, "enumeration"):
            values.append(facet.get("value", ""))
        elif is_schema(facet, "pattern"):
            patterns.append(facet.get("value", ""))
        elif facet.tag not in FACETS:
            raise beyond(facet)
    # Several patterns of one restriction are alternatives (XML Schema part 2, section 4.3.4).
    return resolve(parts[0], "base"), "|".join(patterns) or None, tuple(values)


def _sequence_of(node: etree._Element, schema: etree._Element) -> tuple[QName | None, tuple[Field, ...]]:
    if node.get("mixed", "false") != "false" or node.get("abstract", "false") != "false":
        raise beyond(node)
    base: QName | None = None
    parts = _parts(node)
    if len(parts) == 1 and is_schema(parts[0], "complexContent"):
        inner = _parts(parts[0])
        if len(inner) != 1 or not is_schema(inner[0], "extension"):
            raise beyond(node)
        base = resolve(inner[0], "base")
        parts = _parts(inner[0])
    if not parts:
        return base, ()
    if len(parts) != 1 or not is_schema(parts[0], "sequence") or parts[0].keys():
        raise beyond(parts[0])
    return base, tuple(_field(child, schema) for child in _parts(parts[0]))


def _field(node: etree._Element, schema: etree._Element) -> Field:
    if not is_schema(node, "element") or node.get("ref") is not None or node.get("type") is None or _parts(node):
        raise beyond(node)
    qualified = node.get("form", schema.get("elementFormDefault", "unqualified")) == "qualified"
    maximum = node.get("maxOccurs", "1")
    return Field(
        name=_required(node, "name"),
        namespace=schema.get("targetNamespace", "") if qualified else "",
        type=resolve(node, "type"),
        minimum=_count(node, node.get("minOccurs", "1")),
        maximum=None if maximum == "unbounded" else _count(node, maximum),
        nillable=node.get("nillable", "false") in {"true", "1"},
    )


def _count(node: etree._Element, text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 6):
        raise ContractError(f"line {node.sourceline}: {shown(text)!r} is no number of occurrences")
    return int(text)


def _global_element(node: etree._Element, schema: etree._Element) -> tuple[QName | None, tuple[Field, ...]]:
    parts = _parts(node)
    if node.get("type") is not None and not parts:
        return resolve(node, "type"), ()
    if len(parts) != 1 or not is_schema(parts[0], "complexType") or node.get("substitutionGroup") is not None:
        raise beyond(node)
    base, fields = _sequence_of(parts[0], schema)
    if base is not None:
        raise beyond(parts[0])
    return None, fields


def _refuse_containment_cycles(types: dict[QName, ComplexType]) -> None:
    # A type inside itself has no finite table of fields, and no public WSDL of Zuora's has one.
    done: set[QName] = set()
    for start in types:
        path: list[QName] = []
        stack: list[tuple[QName, Iterator[QName]]] = [(start, _inside(types, start))]
        path.append(start)
        while stack:
            name, rest = stack[-1]
            following = next(rest, None)
            if following is None:
                stack.pop()
                path.pop()
                done.add(name)
            elif following in path:
                raise ContractError(f"type {following} contains itself")
            elif following not in done:
                stack.append((following, _inside(types, following)))
                path.append(following)


def _inside(types: dict[QName, ComplexType], name: QName) -> Iterator[QName]:
    return (item.type for item in types[name].fields if item.type in types)
