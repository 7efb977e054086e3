"""The text of one leaf element, read as liberally as Zuora reads it, and the lexical forms of simple types.

An element that is nil or empty is not given (Zuora: SOAP API, "Use of nil"). Comments inside a value do not end it,
base64 from clients that encode every non-ASCII string is undone. Values stay the caller's own text: nothing is
normalised here but what a reader says it does. Dates are not judged: what is a date depends on the caller's version.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from decimal import Decimal

from lxml import etree

from bridge.contract.contract import XSD, XSI
from bridge.contract.errors import DecodeError, Problem
from bridge.core.words import shown

NIL = f"{{{XSI}}}nil"
TYPE = f"{{{XSI}}}type"
SPACE = " \t\r\n"
# SOAP 1.1 section 5.2.3 has its own base64 type beside XML Schema's; SOAP::Lite uses both.
BASE64 = frozenset({"base64Binary", "base64"})
ENCODED_IN = frozenset({XSD, "http://www.w3.org/1999/XMLSchema", "http://schemas.xmlsoap.org/soap/encoding/"})

Reader = Callable[[str], str | None]
"""From an element's text to its value, None for not given; raises ``DecodeError``."""

FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 section 2.2 cannot carry."""
_DECIMAL = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)")
_DOUBLE = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE]([+-]?[0-9]{1,3}))?")
_INTEGER = re.compile(r"[+-]?[0-9]{1,40}")
_BITS = {"byte": 8, "short": 16, "int": 32, "long": 64}


def local_name(element: etree._Element) -> str:
    """The local name of an element; "" for a comment or a processing instruction, which say nothing."""
    tag = element.tag
    if isinstance(tag, str):
        return tag.rpartition("}")[2]
    if isinstance(element, etree._Entity):
        raise DecodeError(Problem.UNEXPECTED, "entity", "An entity reference is not accepted")
    return ""


def elements(parent: etree._Element) -> list[tuple[str, etree._Element]]:
    """The element children with their local names."""
    return [(name, child) for child in parent if (name := local_name(child))]


def is_nil(element: etree._Element) -> bool:
    """Whether ``xsi:nil`` says true in either spelling of XML Schema."""
    nil = element.get(NIL)
    return nil is not None and nil.strip(SPACE) in {"true", "1"}


def text_of(element: etree._Element, name: str) -> str | None:
    """The text of a leaf, or None where it is nil or empty."""
    encoded = False
    if element.keys():
        if is_nil(element):
            return None
        encoded = _is_base64(element)
    text = element.text or ""
    for child in element:
        if local_name(child):
            raise DecodeError(Problem.UNEXPECTED, name, f"Unexpected subelement {shown(local_name(child))} in {name}")
        text += child.tail or ""
    if encoded and text:
        text = _decoded(text, name)
    return text or None


def reader_for(primitive: str, named: bool, name: str, *, doubles: bool = False) -> Reader | None:
    """How a simple type's text is read; None where it is kept as it is, which only plain strings are.

    ``named`` types of Zuora are ids and enumerations: their patterns have no place for white space.
    """
    if primitive == "decimal":
        return _from_double(name) if doubles else _decimal(name)
    if primitive in {"double", "float"}:
        return _matching(name, primitive, _DOUBLE)
    if primitive == "boolean":
        return _boolean(name)
    if primitive in _BITS or primitive == "integer":
        return _integer(name, primitive)
    if primitive in {"string", "normalizedString"} and not named:
        return None
    return _stripped


def invalid(name: str, text: str, kind: str) -> DecodeError:
    """The error for a value outside its type, in the words Zuora's server uses."""
    return DecodeError(Problem.INVALID_VALUE, name, f"Invalid value '{shown(text)}' for type {kind} in {name}")


def _is_base64(element: etree._Element) -> bool:
    kind = (element.get(TYPE) or "").strip(SPACE)
    prefix, colon, name = kind.rpartition(":")
    return name in BASE64 and element.nsmap.get(prefix if colon else None) in ENCODED_IN


def _decoded(text: str, name: str) -> str:
    try:
        value = base64.b64decode("".join(text.split()), validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        raise invalid(name, text, "base64Binary") from None
    # Base64 can carry what XML cannot, and the value goes on to Zuora as XML.
    if FORBIDDEN.search(value):
        raise invalid(name, text, "base64Binary")
    return value


def _stripped(text: str) -> str | None:
    return text.strip(SPACE) or None


def _matching(name: str, kind: str, pattern: re.Pattern[str]) -> Reader:
    matches = pattern.fullmatch

    def read(text: str) -> str | None:
        if matches(text) is not None:
            return text
        value = text.strip(SPACE)
        if value and matches(value) is None:
            raise invalid(name, value, kind)
        return value or None

    return read


def _decimal(name: str) -> Reader:
    return _matching(name, "decimal", _DECIMAL)


def _boolean(name: str) -> Reader:
    return _matching(name, "boolean", re.compile("true|false|1|0"))


def _integer(name: str, kind: str) -> Reader:
    limit = 1 << (_BITS[kind] - 1) if kind in _BITS else None

    def read(text: str) -> str | None:
        value = text.strip(SPACE)
        if value and (_INTEGER.fullmatch(value) is None or (limit is not None and not -limit <= int(value) < limit)):
            raise invalid(name, value, kind)
        return value or None

    return read


def _from_double(name: str) -> Reader:
    def read(text: str) -> str | None:
        value = text.strip(SPACE)
        if not value:
            return None
        found = _DOUBLE.fullmatch(value)
        # An exponent beyond any money is refused here: written out, 1E999 would be a thousand characters.
        if found is None or len(value) > 60 or abs(int(found[1] or 0)) > 30:
            raise invalid(name, value, "double")
        return format(Decimal(value), "f") if found[1] else value

    return read
