"""Objects of a SOAP message, rendered in the WSDL's field order by tables compiled from zeep's types.

zeep builds envelope, headers and operation; when it comes to an object it asks the value's own type to render it, and
that type is ours: a text goes out exactly as it came (zeep would turn a boolean ``yes`` into ``true``), and a field
the WSDL lacks keeps its alphabetical place. That costs about a sixth of zeep's own rendering, which walks all fields
of a type to find the few that are set. Must not send, parse answers or know what a field means.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from lxml import etree
from zeep.exceptions import Error as ZeepError
from zeep.xsd import ComplexType
from zeep.xsd.valueobjects import CompoundValue

from bridge.core.model import ZObject

API = "http://api.zuora.com/"
OBJECT = "http://object.api.zuora.com/"
XSI = "http://www.w3.org/2001/XMLSchema-instance"

_TYPE = f"{{{XSI}}}type"
_NULLS = f"{{{OBJECT}}}fieldsToNull"
_ID = f"{{{OBJECT}}}Id"
_BASE = ("fieldsToNull", "Id")
_PLANS = 256


class Uncomposable(ValueError):
    """An object that XML or the WSDL cannot carry; nothing was recorded or sent."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a given name goes: its tag and, for a container, the tag and type of what it holds."""

    name: str
    tag: str
    child_tag: str | None = None
    child_type: str | None = None


class ObjectTable:
    """The fields of one object type in the order of the WSDL."""

    def __init__(self, name: str, elements: Iterable[tuple[str, Any]]) -> None:
        self.type = etree.QName(OBJECT, name)
        self._places: dict[str, tuple[int, _Place]] = {}
        self._order: list[str] = []
        own = ((field, element) for field, element in elements if field not in _BASE)
        for rank, (field, element) in enumerate(own):
            held = _held(element)
            place = (
                _Place(field, element.qname.text)
                if held is None
                else _Place(field, element.qname.text, held.qname.text, held.type.qname.localname)
            )
            self._places[field] = (rank, place)
            self._order.append(field.lower())
        self._sorted = self._order == sorted(self._order)
        self._plans: dict[tuple[str, ...], tuple[_Place, ...]] = {}

    def plan(self, names: tuple[str, ...]) -> tuple[_Place, ...]:
        """The places of these names in the order they are written."""
        plan = self._plans.get(names)
        if plan is None:
            # Names come from callers: the memory they can claim is bounded.
            if len(self._plans) >= _PLANS:
                self._plans.clear()
            plan = self._plans[names] = tuple(place for _, place in sorted(map(self._ranked, names), key=_rank))
        return plan

    def _ranked(self, name: str) -> tuple[tuple[int, int, str], _Place]:
        known = self._places.get(name)
        if known is not None:
            return (known[0], 1, ""), known[1]
        return (self._before(name.lower()), 0, name.lower()), _Place(name, f"{{{OBJECT}}}{name}")

    def _before(self, name: str) -> int:
        """The rank of the field that an unknown name precedes: own fields are in alphabetical order, ignoring case
        (Zuora Knowledge Center, "Custom fields": they are merged into the alphabet)."""
        if self._sorted:
            return bisect_right(self._order, name)
        return next((rank for rank, known in enumerate(self._order) if known > name), len(self._order))


def _rank(ranked: tuple[tuple[int, int, str], _Place]) -> tuple[int, int, str]:
    return ranked[0]


def _held(element: Any) -> Any:
    """The one repeated object inside a container such as InvoicePaymentData, or None for a plain field."""
    if not isinstance(element.type, ComplexType):
        return None
    inner = element.type.elements
    if len(inner) != 1 or not isinstance(inner[0][1].type, ComplexType):
        return None
    return inner[0][1]


class Fragments:
    """Elements kept verbatim: a placeholder in the tree, the bytes themselves in the message.

    lxml drops namespace declarations it holds redundant when a tree is grafted, and with them the prefixes that an
    ``xsi:type`` inside may use. A placeholder is a processing instruction, which no text of a caller can spell.
    """

    _TARGET = "bridge"

    def __init__(self) -> None:
        self._kept: list[bytes] = []

    def place(self, parent: etree._Element, name: str, xml: str) -> None:
        """Keep ``xml`` for this place; raises ``Uncomposable`` unless it is the one element ``name``."""
        try:
            raw = xml.strip().encode("utf-8")
            root = etree.fromstring(raw, _fragment_parser())
        except (etree.XMLSyntaxError, ValueError, UnicodeEncodeError):
            raise Uncomposable(f"the element {name[:60]!r} is not well-formed XML on its own") from None
        if raw.startswith(b"<?xml") or root.getroottree().docinfo.doctype or etree.QName(root).localname != name:
            raise Uncomposable(f"the element {name[:60]!r} is not one element of that name")
        parent.append(etree.ProcessingInstruction(self._TARGET, str(len(self._kept))))
        self._kept.append(raw)

    def fill(self, message: bytes) -> bytes:
        """The message with every placeholder replaced."""
        pieces: list[bytes] = []
        for number, raw in enumerate(self._kept):
            mark = f"<?{self._TARGET} {number}?>".encode("ascii")
            before, _, message = message.partition(mark)
            pieces += (before, raw)
        return b"".join((*pieces, message)) if pieces else message


def _fragment_parser() -> etree.XMLParser:
    return etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)


class Tables:
    """The tables of all object types of a WSDL; those of containers' contents are found by the type they declare."""

    def __init__(self, types: Any) -> None:
        self._types = types
        self._made: dict[str, ObjectTable] = {}

    def of(self, name: str) -> ObjectTable:
        """The table of one type; raises ``Uncomposable`` where the WSDL has no such type."""
        table = self._made.get(name)
        if table is None:
            try:
                found = self._types.get_type(f"{{{OBJECT}}}{name}")
            except (ZeepError, ValueError):
                raise Uncomposable(f"Zuora's WSDL has no object type {name[:60]!r}") from None
            table = self._made[name] = ObjectTable(name, found.elements)
        return table

    def write(self, node: etree._Element, given: ZObject, table: ObjectTable, fragments: Fragments) -> None:
        """Write an object's content into its element: nulls and Id first, then its own fields."""
        try:
            self._write(node, given, table, fragments)
        except ValueError as error:
            if isinstance(error, Uncomposable):
                raise
            # lxml's words for a control character, or for a name that is no XML name.
            raise Uncomposable(f"a {given.type[:60]} holds a name or a text that XML cannot carry") from None

    def _write(self, node: etree._Element, given: ZObject, table: ObjectTable, fragments: Fragments) -> None:
        for name in given.nulls:
            etree.SubElement(node, _NULLS).text = name
        own: Mapping[str, str] = given.fields
        if "Id" in own:
            etree.SubElement(node, _ID).text = own["Id"]
        names = tuple(name for name in (*own, *given.children, *given.verbatim) if name not in _BASE)
        for place in table.plan(names):
            text = own.get(place.name)
            if text is not None:
                etree.SubElement(node, place.tag).text = text
            elif place.name in given.children:
                self._write_children(node, place, given.children[place.name], fragments)
            else:
                fragments.place(node, place.name, given.verbatim[place.name])

    def _write_children(
        self, node: etree._Element, place: _Place, children: tuple[ZObject, ...], fragments: Fragments
    ) -> None:
        if not children:
            return
        container = etree.SubElement(node, place.tag)
        for child in children:
            # A container the WSDL lacks follows the pattern of those it has: the object inside is declared in the API
            # namespace, its fields in the object namespace.
            inner = etree.SubElement(container, place.child_tag or f"{{{API}}}{child.type}")
            if child.type != place.child_type:
                inner.set(_TYPE, etree.QName(OBJECT, child.type))
            self.write(inner, child, self._of_child(child.type), fragments)

    def _of_child(self, name: str) -> ObjectTable:
        try:
            return self.of(name)
        except Uncomposable:
            return ObjectTable(name, ())


class Rendered(CompoundValue):  # type: ignore[misc]  # zeep has no types
    """An object as a zeep value whose type is our own rendering of it."""

    def __init__(self, given: ZObject, tables: Tables, fragments: Fragments) -> None:
        self._xsd_type = _Rendering(given, tables, fragments)


class _Rendering:
    """What zeep calls in place of ``ComplexType.render`` for a value that brings its own type."""

    __slots__ = ("_fragments", "_given", "_table", "_tables")

    def __init__(self, given: ZObject, tables: Tables, fragments: Fragments) -> None:
        self._given = given
        self._table = tables.of(given.type)
        self._tables = tables
        self._fragments = fragments

    def render(self, node: etree._Element, _value: Any, _xsd_type: Any = None, _path: Any = None) -> None:
        node.set(_TYPE, self._table.type)
        self._tables.write(node, self._given, self._table, self._fragments)
