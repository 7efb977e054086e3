"""XML Schema as far as Zuora's WSDLs use it: named sequences, extension, restrictions of built-ins, global elements.

Everything else (choice, any, ref, attributes, lists, anonymous local types, types that contain themselves, other
files) raises ``ContractError`` at start, with the construct and its line: what is skipped would be money that is not
understood. Must not know the WSDL.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from lxml import etree

from bridge.contract.contract import XSD, ComplexType, Element, Field, QName, SimpleType
from bridge.contract.errors import ContractError
from bridge.contract.xml import at, children, is_schema, local, resolve
from bridge.core.words import shown

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

_ELEMENT = frozenset({"name", "type", "minOccurs", "maxOccurs", "nillable", "form", "id"})
"""What an element may say of itself: a default, a fixed value or a substitution group would have to be understood."""
_TYPE = frozenset({"name", "id", "block", "final", "mixed", "abstract"})


@dataclass(frozen=True, slots=True)
class _Simple:
    base: QName
    pattern: str | None
    values: tuple[str, ...]
    line: int


@dataclass(frozen=True, slots=True)
class _Sequence:
    base: QName | None
    fields: tuple[Field, ...]
    line: int


@dataclass(slots=True)
class Types:
    """The named parts of all schemas, bases and references not yet checked."""

    namespaces: list[str] = field(default_factory=list)
    simple: dict[QName, _Simple] = field(default_factory=dict)
    complex: dict[QName, _Sequence] = field(default_factory=dict)
    elements: dict[QName, _Sequence] = field(default_factory=dict)
    """A global element; ``base`` is its type where that has a name."""

    def read(self, schema: etree._Element) -> None:
        """Add one ``schema`` element."""
        namespace = schema.get("targetNamespace", "")
        if namespace in self.namespaces:
            raise ContractError(f"{at(schema)}two schemas for namespace {namespace!r}")
        self.namespaces.append(namespace)
        for node in children(schema):
            if is_schema(node, "annotation"):
                continue
            if is_schema(node, "import"):
                _refuse_other_files(node)
            elif is_schema(node, "simpleType"):
                name = QName(namespace, _required(node, "name"))
                self._new_type(name, node)
                _add(self.simple, name, _restriction(node), node)
            elif is_schema(node, "complexType"):
                name = QName(namespace, _required(node, "name"))
                self._new_type(name, node)
                _add(self.complex, name, _sequence_of(node, schema), node)
            elif is_schema(node, "element"):
                name = QName(namespace, _required(node, "name"))
                _add(self.elements, name, _global_element(node, schema), node)
            else:
                raise beyond(node)

    def simple_types(self) -> dict[QName, SimpleType]:
        """All simple types, each down to its built-in."""
        return {
            name: SimpleType(name, self._primitive(name), found.pattern, found.values, found.line)
            for name, found in self.simple.items()
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
        for name, found in self.elements.items():
            fields = found.fields
            if found.base is not None:
                self._exists(found.base, name, found.line)
                known = complex_types.get(found.base)
                fields = known.fields if known is not None else ()
            self._check(name, fields)
            made[name] = Element(name, found.base, fields, found.line)
        return made

    def _new_type(self, name: QName, node: etree._Element) -> None:
        # Simple and complex types share one set of names (XML Schema part 1, section 2.5).
        if name in self.simple or name in self.complex:
            raise ContractError(f"{at(node)}type {name} is defined twice")

    def _primitive(self, name: QName) -> str:
        seen: list[QName] = []
        while name.namespace != XSD:
            if name in seen or name not in self.simple:
                line = self.simple[seen[0]].line if seen else 0
                raise ContractError(f"line {line}: simple type {name} rests on no built-in type")
            seen.append(name)
            name = self.simple[name].base
        if name.name not in BUILT_INS:
            line = self.simple[seen[0]].line if seen else 0
            raise ContractError(f"line {line}: {name} is not a built-in type that can be modelled")
        return name.name

    def _complex(self, name: QName, made: dict[QName, ComplexType], path: tuple[QName, ...]) -> ComplexType:
        if name in made:
            return made[name]
        if name in path:
            raise ContractError(f"line {self.complex[name].line}: type {name} extends itself")
        if name not in self.complex:
            line = self.complex[path[-1]].line
            raise ContractError(f"line {line}: {path[-1]} extends {name}, which the file does not define")
        found = self.complex[name]
        inherited = self._complex(found.base, made, (*path, name)).fields if found.base is not None else ()
        made[name] = ComplexType(name, found.base, found.fields, (*inherited, *found.fields), found.line)
        return made[name]

    def _check(self, owner: QName, fields: tuple[Field, ...]) -> None:
        names: set[str] = set()
        for item in fields:
            if item.name in names:
                raise ContractError(f"line {item.line}: {owner} has two elements called {item.name}")
            names.add(item.name)
            self._exists(item.type, owner, item.line)

    def _exists(self, name: QName, owner: QName, line: int) -> None:
        if name.namespace == XSD:
            if name.name not in BUILT_INS:
                raise ContractError(f"line {line}: {owner} uses {name}, which cannot be modelled")
        elif name not in self.simple and name not in self.complex:
            raise ContractError(f"line {line}: {owner} uses {name}, which the file does not define")


def beyond(node: etree._Element, attribute: str = "") -> ContractError:
    """The error for a construct this room does not model: an element, or one attribute of it."""
    what = f"<{local(node)} {attribute}={shown(node.get(attribute) or '')!r}>" if attribute else f"<{local(node)}>"
    return ContractError(f"{at(node)}{what} cannot be modelled here")


def _refuse_other_files(node: etree._Element) -> None:
    if node.get("schemaLocation"):
        raise ContractError(
            f"{at(node)}<import schemaLocation={shown(node.get('schemaLocation') or '')!r}> names another file; "
            "only a WSDL in one file can be read"
        )


def _refuse_unknown(node: etree._Element, known: frozenset[str]) -> None:
    # Attributes of other namespaces are annotations (XML Schema part 1, section 3.2.2).
    for name in map(str, node.attrib):
        if name not in known and not name.startswith("{"):
            raise beyond(node, name)


def _required(node: etree._Element, attribute: str) -> str:
    value = node.get(attribute)
    if not value:
        raise ContractError(f"{at(node)}<{local(node)}> without {attribute}")
    return value


def _add(table: dict[QName, _T], name: QName, value: _T, node: etree._Element) -> None:
    if name in table:
        raise ContractError(f"{at(node)}{local(node)} {name} is defined twice")
    table[name] = value


def _parts(node: etree._Element) -> list[etree._Element]:
    return [child for child in children(node) if not is_schema(child, "annotation")]


def _line(node: etree._Element) -> int:
    return int(node.sourceline or 0)


def _restriction(node: etree._Element) -> _Simple:
    parts = _parts(node)
    if len(parts) != 1 or not is_schema(parts[0], "restriction"):
        raise beyond(next((part for part in parts if not is_schema(part, "restriction")), node))
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
    return _Simple(resolve(parts[0], "base"), "|".join(patterns) or None, tuple(values), _line(node))


def _sequence_of(node: etree._Element, schema: etree._Element) -> _Sequence:
    _refuse_unknown(node, _TYPE)
    for attribute in ("mixed", "abstract"):
        if node.get(attribute, "false") not in ("false", "0"):
            raise beyond(node, attribute)
    base: QName | None = None
    parts = _parts(node)
    if len(parts) == 1 and is_schema(parts[0], "complexContent"):
        inner = _parts(parts[0])
        if len(inner) != 1 or not is_schema(inner[0], "extension"):
            raise beyond(inner[0] if inner else parts[0])
        base = resolve(inner[0], "base")
        parts = _parts(inner[0])
    for part in parts:
        if not is_schema(part, "sequence"):
            raise beyond(part)
        for attribute in part.attrib:
            raise beyond(part, str(attribute))
    if len(parts) > 1:
        raise beyond(parts[1])
    fields = tuple(_field(child, schema) for child in _parts(parts[0])) if parts else ()
    return _Sequence(base, fields, _line(node))


def _field(node: etree._Element, schema: etree._Element) -> Field:
    if not is_schema(node, "element"):
        raise beyond(node)
    _refuse_unknown(node, _ELEMENT)
    for part in _parts(node):
        raise beyond(part)
    name = _required(node, "name")
    if node.get("type") is None:
        raise ContractError(f"{at(node)}<element name={shown(name)!r}> without a type cannot be modelled here")
    qualified = node.get("form", schema.get("elementFormDefault", "unqualified")) == "qualified"
    maximum = node.get("maxOccurs", "1")
    return Field(
        name=name,
        namespace=schema.get("targetNamespace", "") if qualified else "",
        type=resolve(node, "type"),
        minimum=_count(node, node.get("minOccurs", "1")),
        maximum=None if maximum == "unbounded" else _count(node, maximum),
        nillable=node.get("nillable", "false") in {"true", "1"},
        line=_line(node),
    )


def _count(node: etree._Element, text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 6):
        raise ContractError(f"{at(node)}{shown(text)!r} is no number of occurrences")
    return int(text)


def _global_element(node: etree._Element, schema: etree._Element) -> _Sequence:
    _refuse_unknown(node, _ELEMENT)
    parts = _parts(node)
    if node.get("type") is not None and not parts:
        return _Sequence(resolve(node, "type"), (), _line(node))
    if len(parts) != 1 or not is_schema(parts[0], "complexType"):
        raise beyond(next((part for part in parts if not is_schema(part, "complexType")), node))
    found = _sequence_of(parts[0], schema)
    if found.base is not None:
        raise beyond(parts[0][0])
    return _Sequence(None, found.fields, _line(node))


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
                raise ContractError(f"line {types[following].line}: type {following} contains itself")
            elif following not in done:
                stack.append((following, _inside(types, following)))
                path.append(following)


def _inside(types: dict[QName, ComplexType], name: QName) -> Iterator[QName]:
    return (item.type for item in types[name].fields if item.type in types)
