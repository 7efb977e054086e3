"""Objects of a SOAP message, rendered in the WSDL's field order by tables compiled from zeep's types.

zeep builds envelope, headers and operation; when it comes to an object it asks the value's own type to render it, and
that type is ours: a text goes out exactly as it came (zeep would turn a boolean ``yes`` into ``true``), and a field
the WSDL lacks keeps its alphabetical place. That costs about a sixth of zeep's own rendering, which walks all fields
of a type to find the few that are set. Must not send, parse answers or know what a field means.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable
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
_BASE = ("fieldsToNull", "Id")
_PLANS = 256

PREFIXES = {API: "zns", OBJECT: "ons"}
_SPECIAL = re.compile("[&<>\r]")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"}
# XML 1.0 section 2.2: what no document can hold, not even escaped.
_IMPOSSIBLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _text(given: str) -> str:
    """Text content as lxml writes it; raises ``Uncomposable``."""
    if given.isascii() and given.isalnum():
        return given
    if _IMPOSSIBLE.search(given):
        raise Uncomposable("a text that XML cannot carry")
    return _SPECIAL.sub(lambda found: _ENTITIES[found[0]], given)


def _prefixed(tag: str) -> str:
    """A tag as written; raises ``ValueError`` for what is no XML name."""
    name = etree.QName(tag)
    prefix = PREFIXES.get(name.namespace or "")
    if prefix is None:
        raise Uncomposable(f"the WSDL puts {name.localname[:60]!r} into a namespace that no message of ours declares")
    return f"{prefix}:{name.localname}"


class Uncomposable(ValueError):
    """An object that XML or the WSDL cannot carry; nothing was recorded or sent."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a given name goes: its tag and, for a container, the tag and type of what it holds."""

    name: str
    tag: str
    child_tag: str | None = None
    child_type: str | None = None
    open: str = ""
    close: str = ""

    def __post_init__(self) -> None:
        written = _prefixed(self.tag)
        object.__setattr__(self, "open", f"<{written}>")
        object.__setattr__(self, "close", f"</{written}>")


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
            own = (name for name in names if name not in _BASE)
            plan = self._plans[names] = tuple(place for _, place in sorted(map(self._ranked, own), key=_rank))
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


def _fragment(name: str, xml: str) -> str:
    """``xml`` verbatim; raises ``Uncomposable`` unless it is nothing but elements called ``name``.

    Zuora ignores an element it does not know, also a repeated one, so it may stand here more than once.
    """
    raw = xml.strip()
    try:
        root = etree.fromstring(f"<r>{raw}</r>".encode(), _fragment_parser())
    except (etree.XMLSyntaxError, ValueError):
        raise Uncomposable(f"the element {name[:60]!r} is not well-formed XML on its own") from None
    found = [etree.QName(child).localname for child in root if isinstance(child.tag, str)]
    texts = (root.text, *(child.tail for child in root))
    if root.tag != "r" or not found or set(found) != {name} or len(found) != len(root) or any(map(_filled, texts)):
        raise Uncomposable(f"the element {name[:60]!r} is not one element of that name")
    return raw


def _filled(text: str | None) -> bool:
    return bool(text and text.strip())


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

    def text(self, given: ZObject, out: list[str]) -> None:
        """An object's content as text; raises ``Uncomposable`` or lxml's ``ValueError``."""
        self._content(given, self.of(given.type), out)

    def _content(self, given: ZObject, table: ObjectTable, out: list[str]) -> None:
        """Nulls and Id first, then its own fields in the order of the WSDL."""
        out += [f"<ons:fieldsToNull>{_text(name)}</ons:fieldsToNull>" for name in given.nulls]
        own = given.fields
        if "Id" in own:
            out.append(f"<ons:Id>{_text(own['Id'])}</ons:Id>")
        names = tuple(own) if not given.children and not given.verbatim else (*own, *given.children, *given.verbatim)
        for place in table.plan(names):
            text = own.get(place.name)
            if text is not None:
                out += (place.open, _text(text), place.close)
            elif place.name in given.children:
                self._containers(place, given.children[place.name], out)
            else:
                out.append(_fragment(place.name, given.verbatim[place.name]))

    def _containers(self, place: _Place, children: tuple[ZObject, ...], out: list[str]) -> None:
        if not children:
            return
        out.append(place.open)
        for child in children:
            tag = _prefixed(place.child_tag or f"{{{API}}}{child.type}")
            kind = (
                "" if child.type == place.child_type else f' xsi:type="ons:{etree.QName(OBJECT, child.type).localname}"'
            )
            inner: list[str] = []
            self._content(child, self._of_child(child.type), inner)
            body = "".join(inner)
            out.append(f"<{tag}{kind}>{body}</{tag}>" if body else f"<{tag}{kind}/>")
        out.append(place.close)

    def _of_child(self, name: str) -> ObjectTable:
        try:
            return self.of(name)
        except Uncomposable:
            return ObjectTable(name, ())


class Hole(CompoundValue):  # type: ignore[misc]  # zeep has no types
    """A value that zeep renders as one mark: where the objects of a message go, between zeep's own tags."""

    MARK = "@objects@"

    def __init__(self, kind: str) -> None:
        self._xsd_type = _Marking(kind)


class _Marking:
    __slots__ = ("_kind",)

    def __init__(self, kind: str) -> None:
        self._kind = kind

    def render(self, node: etree._Element, _value: Any, _xsd_type: Any = None, _path: Any = None) -> None:
        node.set(_TYPE, etree.QName(OBJECT, self._kind))
        node.text = Hole.MARK
