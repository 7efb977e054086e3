"""Objects of any contract with legal values, and two writers of them that share nothing with the bridge.

What a type can hold is read from the contract; how a value may be spelled is XML Schema part 2 and XML 1.0 section 2.2.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from contract_samples import API, OBJECT, XSI
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from bridge.contract.contract import ComplexType, Contract, Field
from bridge.contract.decode_json import Number
from bridge.core.model import ZObject

SOAP11 = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP12 = "http://www.w3.org/2003/05/soap-envelope"

# ------------------------------------------------------------------ values

_OF_XML = st.one_of(
    st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff"),
    st.sampled_from("\t\n\r&<>\"']]>\x85\u2028\ufffd\U00010000\U0001f4b6\U0010ffff"),
)
TEXTS = st.text(_OF_XML, min_size=1, max_size=12)
"""Every character that XML 1.0 can carry, line ends, what needs escaping and what UTF-16 needs two units for."""

IDS = st.text("0123456789abcdef", min_size=32, max_size=32)
DECIMALS = st.from_regex(r"[+-]?(?:[0-9]{1,20}(?:\.[0-9]{0,12})?|\.[0-9]{1,12})", fullmatch=True)
JSON_NUMBERS = st.from_regex(r"-?(?:0|[1-9][0-9]{0,20})(?:\.[0-9]{1,12})?", fullmatch=True)
DATES = st.dates().map(str)
OFFSETS = st.sampled_from(("", "Z", "+00:00", "-08:00", "+05:30", "-14:00", "+14:00"))
DATE_TIMES = st.builds(
    "{}T{}{}{}".format,
    DATES,
    st.times().map(lambda time: f"{time:%H:%M:%S}"),
    st.sampled_from(("", ".5", ".000", ".123456789")),
    OFFSETS,
)
_BITS = {"byte": 8, "short": 16, "int": 32, "long": 64, "integer": 120}

LEXICAL: Mapping[str, SearchStrategy[str]] = {
    "boolean": st.sampled_from(("true", "false", "1", "0")),
    "date": st.builds("{}{}".format, DATES, OFFSETS),
    "dateTime": DATE_TIMES,
    "decimal": DECIMALS,
    "double": DECIMALS,
    "float": DECIMALS,
    **{name: st.integers(-(1 << bits - 1), (1 << bits - 1) - 1).map(str) for name, bits in _BITS.items()},
}


def leaf(contract: Contract, item: Field) -> SearchStrategy[str]:
    """The texts of one simple field."""
    primitive = contract.primitive(item.type)
    assert primitive is not None
    simple = contract.simple_types.get(item.type)
    if simple is not None and simple.values:
        return st.sampled_from(simple.values)
    if simple is not None and primitive == "string":
        return IDS
    return LEXICAL.get(primitive, TEXTS)


# ------------------------------------------------------------------ objects


@dataclass(frozen=True)
class Shape:
    """The fields of one type: simple ones, those that hold objects, and for a container the rows it takes."""

    leaves: Mapping[str, Field]
    single: Mapping[str, Field]
    many: Mapping[str, Field]
    containers: Mapping[str, ComplexType]
    nulls: bool


def shape(contract: Contract, kind: str) -> Shape:
    """What an object of this type can hold, fields of its bases included; what is neither is left out."""
    leaves, single, many, containers, nulls = {}, {}, {}, {}, False
    for item in contract.objects[kind].fields:
        if contract.primitive(item.type) is not None:
            if item.repeats:
                nulls = nulls or item.name == "fieldsToNull"
            else:
                leaves[item.name] = item
        elif contract.is_object(item.type):
            (many if item.repeats else single)[item.name] = item
        else:
            inner = contract.complex_types[item.type]
            if not item.repeats and inner.fields and all(contract.is_object(each.type) for each in inner.fields):
                containers[item.name] = inner
    return Shape(leaves, single, many, containers, nulls)


_SHAPES: dict[tuple[int, str], Shape] = {}


def _shape(contract: Contract, kind: str) -> Shape:
    return _SHAPES.setdefault((id(contract), kind), shape(contract, kind))


Leaf = Callable[[Contract, Field], SearchStrategy[str]]


@st.composite
def objects(draw: Any, contract: Contract, kind: str, of_leaf: Leaf = leaf, depth: int = 2) -> ZObject:
    """An object of this type with any of its fields."""
    known = _shape(contract, kind)
    names = draw(st.lists(st.sampled_from(sorted(known.leaves)), unique=True, max_size=6)) if known.leaves else []
    fields = {name: draw(of_leaf(contract, known.leaves[name])) for name in names}
    children: dict[str, tuple[ZObject, ...]] = {}
    if depth:
        holders = sorted({**known.single, **known.many, **known.containers})
        for name in draw(st.lists(st.sampled_from(holders), unique=True, max_size=2)) if holders else []:
            children[name] = draw(_rows(contract, known, name, of_leaf, depth - 1))
    nulls = tuple(draw(st.lists(st.sampled_from(sorted(known.leaves)), max_size=3))) if known.nulls else ()
    return ZObject(kind, fields, children, nulls)


@st.composite
def _rows(draw: Any, contract: Contract, known: Shape, name: str, of_leaf: Leaf, depth: int) -> tuple[ZObject, ...]:
    if name in known.single:
        return (draw(objects(contract, known.single[name].type.name, of_leaf, depth)),)
    if name in known.many:
        kinds = [known.many[name].type.name]
    else:
        kinds = [each.type.name for each in known.containers[name].fields]
    picked = draw(st.lists(st.sampled_from(kinds), min_size=1, max_size=3))
    # A container keeps its rows in the order of the sequence.
    return tuple(draw(objects(contract, each, of_leaf, depth)) for each in sorted(picked, key=kinds.index))


# ------------------------------------------------------------------ a writer of XML

_ESCAPED = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#xD;"}


@dataclass(frozen=True)
class Hand:
    """How a caller writes: its SOAP version, prefixes, field order, white space and escaping."""

    soap: str = SOAP11
    prefix: str = "ons:"
    order: str = "as given"
    padding: str = ""
    newline: str = ""
    numeric: bool = False
    typed: bool = False

    def text(self, value: str) -> str:
        """Text content."""
        if self.numeric:
            return "".join(f"&#{ord(each)};" for each in value)
        return "".join(_ESCAPED.get(each, each) for each in value)


HANDS = st.builds(
    Hand,
    soap=st.sampled_from((SOAP11, SOAP12)),
    prefix=st.sampled_from(("ons:", "o:", "zns:", "")),
    order=st.sampled_from(("as given", "sorted", "reversed")),
    padding=st.sampled_from(("", " ", "\n  ")),
    newline=st.sampled_from(("", "\n    ")),
    numeric=st.booleans(),
    typed=st.booleans(),
)


def written(contract: Contract, obj: ZObject, hand: Hand, op: str = "create") -> bytes:
    """An envelope with this one object."""
    inside = _content(contract, obj, hand)
    return (
        f'<e:Envelope xmlns:e="{hand.soap}" xmlns:zns="{API}" xmlns:ons="{OBJECT}" xmlns:o="{OBJECT}" xmlns:x="{XSI}">'
        f'<e:Header/><e:Body><zns:{op}><zns:zObjects x:type="ons:{obj.type}">{inside}</zns:zObjects></zns:{op}>'
        "</e:Body></e:Envelope>"
    ).encode()


def _content(contract: Contract, obj: ZObject, hand: Hand) -> str:
    known = _shape(contract, obj.type)
    parts = {name: [_leaf(known.leaves.get(name), name, text, hand, contract)] for name, text in obj.fields.items()}
    parts |= {name: _held(contract, known, name, rows, hand) for name, rows in obj.children.items()}
    names = list(parts)
    if hand.order != "as given":
        names.sort(reverse=hand.order == "reversed")
    nulls = [f"<{hand.prefix}fieldsToNull>{each}</{hand.prefix}fieldsToNull>" for each in obj.nulls]
    return hand.newline.join([*nulls, *(each for name in names for each in parts[name])])


def _leaf(item: Field | None, name: str, text: str, hand: Hand, contract: Contract) -> str:
    plain = item is None or (contract.primitive(item.type) == "string" and item.type not in contract.simple_types)
    pad = "" if plain else hand.padding
    return f"<{hand.prefix}{name}>{pad}{hand.text(text)}{pad}</{hand.prefix}{name}>"


def _held(contract: Contract, known: Shape, name: str, rows: tuple[ZObject, ...], hand: Hand) -> list[str]:
    if name not in known.containers:
        kind = known.single.get(name) or known.many[name]
        return [_row(contract, name, row, kind.type.name, hand) for row in rows]
    tags = {each.type.name: each.name for each in known.containers[name].fields}
    inside = hand.newline.join(_row(contract, tags[row.type], row, row.type, hand, "zns:") for row in rows)
    return [f"<{hand.prefix}{name}>{hand.newline}{inside}</{hand.prefix}{name}>"]


def _row(contract: Contract, tag: str, row: ZObject, declared: str, hand: Hand, prefix: str | None = None) -> str:
    prefix = hand.prefix if prefix is None else prefix
    kind = f' x:type="ons:{row.type}"' if hand.typed or row.type != declared else ""
    return f"<{prefix}{tag}{kind}>{_content(contract, row, hand)}</{prefix}{tag}>"


# ------------------------------------------------------------------ a writer of JSON


def json_leaf(contract: Contract, item: Field) -> SearchStrategy[str]:
    """The texts that a JSON value can stand for: booleans as words, everything else as in XML."""
    primitive = contract.primitive(item.type)
    return st.sampled_from(("true", "false")) if primitive == "boolean" else leaf(contract, item)


def as_json(contract: Contract, obj: ZObject, number: Callable[[str], bool]) -> dict[str, Any]:
    """The object as parsed JSON; ``number`` says which decimal texts go as numbers."""
    known = _shape(contract, obj.type)
    made: dict[str, Any] = {}
    for name, text in obj.fields.items():
        primitive = contract.primitive(known.leaves[name].type)
        if primitive == "boolean":
            made[name] = text == "true"
        elif primitive in ("decimal", "double", "float", *_BITS) and number(text):
            made[name] = Number(text)
        else:
            made[name] = text
    for name, rows in obj.children.items():
        if name in known.containers:
            tags = {each.type.name: each.name for each in known.containers[name].fields}
            held: dict[str, list[Any]] = {}
            for row in rows:
                held.setdefault(tags[row.type], []).append(as_json(contract, row, number))
            made[name] = held
        else:
            made[name] = [as_json(contract, row, number) for row in rows]
    if obj.nulls:
        made["fieldsToNull"] = list(obj.nulls)
    return made


def is_json_number(text: str) -> bool:
    """Whether JSON can spell it so."""
    try:
        return text == text.strip() and isinstance(json.loads(text), int | float)
    except ValueError:
        return False
