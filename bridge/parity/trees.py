"""Two XML answers, walked side by side by the contract, down to prefixes and the spelling of nil.

Fields are found by local name and compared by their declared type; rows of results by place, records by Id. Takes trees
in which ids and origins are already neutral. Contract: every difference of structure, value, prefix or attribute is
found; what is left for ``compare`` is text outside the elements. Must not know which differences are accepted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

from lxml import etree

from bridge.contract.contract import XSI, Contract, QName
from bridge.parity.envelope import local
from bridge.parity.leaves import is_money, kind_of
from bridge.parity.terms import Difference, Kind

NIL = f"{{{XSI}}}nil"
TYPE = f"{{{XSI}}}type"
_TRUE = frozenset({"true", "1"})
REPEATED = frozenset({"result", "results", "records", "Errors", "errors"})
"""May stand several times in an answer; every other name that repeats is compared by place as well."""


class Walk:
    """Compares trees by one contract; safe to share."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._typed = lru_cache(maxsize=512)(self._fields)

    def differences(self, left: etree._Element, right: etree._Element) -> Iterator[Difference]:
        """All differences of two payloads (the children of Body)."""
        element = self._contract.elements.get(_qname(left))
        fields = {} if element is None else {each.name: each.type for each in element.fields}
        if element is not None and element.type is not None:
            fields = self._typed(element.type)
        yield from self._element(left, right, local(left), fields, None)

    def _fields(self, name: QName) -> dict[str, QName]:
        found = self._contract.complex_types.get(name)
        return {each.name: each.type for each in found.fields} if found is not None else {}

    def _element(
        self,
        left: etree._Element,
        right: etree._Element,
        path: str,
        fields: dict[str, QName],
        primitive: str | None,
    ) -> Iterator[Difference]:
        name = local(left)
        inner_left, inner_right = _children(left), _children(right)
        nil_left, nil_right = _nil(left), _nil(right)
        empty_left = nil_left or not (inner_left or left.text)
        empty_right = nil_right or not (inner_right or right.text)
        if empty_left != empty_right:
            kind = Kind.MISSING if empty_right else Kind.EXTRA
            yield Difference(path, kind, _shown(left), _shown(right), is_money(name, primitive))
            return
        if nil_left != nil_right:
            yield Difference(path, Kind.NIL, _shown(left), _shown(right))
            return
        yield from _spelling(left, right, path)
        if not inner_left and not inner_right:
            found = kind_of(left.text or "", right.text or "", name, primitive)
            if found is not None:
                money = found in (Kind.VALUE, Kind.TYPE) and is_money(name, primitive)
                yield Difference(path, found, left.text or "", right.text or "", money)
            return
        if bool(inner_left) != bool(inner_right):
            yield Difference(path, Kind.TYPE, _shown(left), _shown(right))
            return
        if (left.text or "") != (right.text or ""):
            yield Difference(f"{path}/text()", Kind.TEXT, repr(left.text), repr(right.text))
        yield from self._inside(inner_left, inner_right, path, fields)

    def _inside(
        self, left: Sequence[etree._Element], right: Sequence[etree._Element], path: str, fields: dict[str, QName]
    ) -> Iterator[Difference]:
        ordered = [list(dict.fromkeys(map(local, side))) for side in (left, right)]
        common = [[name for name in names if name in ordered[1 - at]] for at, names in enumerate(ordered)]
        if common[0] != common[1]:
            yield Difference(f"{path}/*", Kind.ORDER, " ".join(common[0]), " ".join(common[1]))
        for name in dict.fromkeys((*ordered[0], *ordered[1])):
            kind = fields.get(name)
            primitive = self._contract.primitive(kind) if kind is not None else None
            ours, theirs = ([each for each in side if local(each) == name] for side in (left, right))
            yield from self._named(ours, theirs, f"{path}/{name}", kind, primitive)

    def _named(
        self,
        left: list[etree._Element],
        right: list[etree._Element],
        path: str,
        kind: QName | None,
        primitive: str | None,
    ) -> Iterator[Difference]:
        name = path.rpartition("/")[2]
        if not left or not right:
            only = (left or right)[0]
            found = Kind.NIL if _empty(only) else Kind.MISSING if left else Kind.EXTRA
            shown = (_shown(only), "") if left else ("", _shown(only))
            yield Difference(path, found, *shown, is_money(name, primitive))
            return
        if len(left) != len(right):
            yield Difference(path, Kind.CARDINALITY, str(len(left)), str(len(right)))
        if name == "records":
            left, right, moved = _by_id(left, right)
            if moved is not None:
                yield Difference(path, Kind.ORDER, *moved)
        several = name in REPEATED or len(left) > 1 or len(right) > 1
        for place, (one, other) in enumerate(zip(left, right, strict=False)):
            at = f"{path}[{place}]" if several else path
            if (one.tail or "") != (other.tail or ""):
                yield Difference(f"{at}/tail()", Kind.TEXT, repr(one.tail), repr(other.tail))
            yield from self._element(one, other, at, self._of(one, kind), primitive)

    def _of(self, element: etree._Element, kind: QName | None) -> dict[str, QName]:
        """The fields of an element: by its xsi:type, else by its declared type."""
        told = (element.get(TYPE) or "").rpartition(":")[2]
        found = self._contract.objects.get(told)
        if found is not None:
            return self._typed(found.name)
        return self._typed(kind) if kind is not None else {}


def _spelling(left: etree._Element, right: etree._Element, path: str) -> Iterator[Difference]:
    """Prefixes, declarations and attributes: the frozen wire shape, as text."""
    if left.prefix != right.prefix:
        yield Difference(path, Kind.PREFIX, left.prefix or "", right.prefix or "")
    if _qname(left).namespace != _qname(right).namespace:
        yield Difference(path, Kind.TYPE, _qname(left).namespace, _qname(right).namespace)
    ours, theirs = _declared(left), _declared(right)
    if ours != theirs:
        yield Difference(f"{path}/@xmlns", Kind.PREFIX, ours, theirs)
    one, other = left.get(TYPE), right.get(TYPE)
    if one != other:
        same = (one or "").rpartition(":")[2] == (other or "").rpartition(":")[2]
        yield Difference(f"{path}/@type", Kind.PREFIX if same else Kind.TYPE, one or "", other or "")
    if _nil(left) and _nil(right) and left.get(NIL) != right.get(NIL):
        yield Difference(f"{path}/@nil", Kind.NIL, left.get(NIL) or "", right.get(NIL) or "")
    rest = [{str(k): str(v) for k, v in side.attrib.items() if k not in (TYPE, NIL)} for side in (left, right)]
    if rest[0] != rest[1]:
        yield Difference(f"{path}/@*", Kind.TEXT, str(rest[0]), str(rest[1]))


def _declared(element: etree._Element) -> str:
    above = element.getparent()
    outer = above.nsmap if above is not None else {}
    own = {prefix or "": uri for prefix, uri in element.nsmap.items() if outer.get(prefix) != uri}
    return " ".join(f"{prefix}={uri}" for prefix, uri in own.items())


def _qname(element: etree._Element) -> QName:
    namespace, _, name = str(element.tag).removeprefix("{").rpartition("}")
    return QName(namespace, name)


def _children(element: etree._Element) -> list[etree._Element]:
    return [child for child in element if local(child)]


def _nil(element: etree._Element) -> bool:
    return (element.get(NIL) or "").strip() in _TRUE


def _empty(element: etree._Element) -> bool:
    return _nil(element) or not (_children(element) or (element.text or "").strip())


def _shown(element: etree._Element) -> str:
    if _nil(element):
        return "nil"
    inner = _children(element)
    if inner:
        return " ".join(local(child) for child in inner)[:200]
    return element.text or "(empty)"


def _by_id(
    left: list[etree._Element], right: list[etree._Element]
) -> tuple[list[etree._Element], list[etree._Element], tuple[str, str] | None]:
    """Records in the left's order where both have the same Ids; otherwise as they stand."""
    ids = [[next((c.text or "" for c in row if local(c) == "Id"), "") for row in side] for side in (left, right)]
    both = set(ids[0]) & set(ids[1])
    if "" in both or any(len(set(side)) != len(side) for side in ids) or not both:
        return left, right, None
    if set(ids[0]) != set(ids[1]) and len(left) == len(right):
        return left, right, None
    common = [[one for one in side if one in both] for side in ids]
    places = [dict(zip(side, rows, strict=True)) for side, rows in zip(ids, (left, right), strict=True)]
    ordered = [[place[one] for one in common[0]] for place in places]
    moved = (" ".join(common[0])[:300], " ".join(common[1])[:300]) if common[0] != common[1] else None
    return ordered[0], ordered[1], moved
