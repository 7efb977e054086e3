"""Gateway options in a recorded request: whether it has any, and its bytes without their values (I9).

The names stay, and so does everything else: digits of amounts, texts, order. Bodies are the bridge's own, SOAP, REST or
Actions, so names are spelt as Zuora spells them; what stands below them is erased in whatever shape. Must not be used
on what may still be sent: a dispatch is byte-identical or not at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from lxml import etree

from bridge.core.intent import Dispatch
from bridge.core.mapping.lexical import from_json, to_json

ERASED: Final = "[erased]"
"""What stands in a value's place."""

_TRACE: Final = "atewayOption"
_TRACE_BYTES: Final = _TRACE.encode()
"""In each of the names, and in nothing else that a request usually has."""

_MAPS = frozenset({"gatewayoptions"})
"""Whose own names are the options' (Zuora: Create a payment, gatewayOptions)."""

_ROWS = frozenset({"gatewayoptiondata", "gatewayoption"})
"""In which an option's name is a value called name (Zuora: SOAP, GatewayOption)."""


def holds_options(dispatch: Dispatch) -> bool:
    """Whether the request may hold values of gateway options. One search: it is asked for every request."""
    return _TRACE_BYTES in dispatch.body or _TRACE in (dispatch.snapshot or "")


def without_values(body: bytes) -> bytes:
    """The bytes with every value of a gateway option erased; raises ValueError where they are neither XML nor JSON."""
    if _TRACE_BYTES not in body:
        return body
    if body.lstrip()[:1] != b"<":
        read = from_json(body)
        made = _json(read)
        return body if made == read else to_json(made).encode()
    # Our own message, but read as any other: no entities, no network.
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, strip_cdata=False)
    try:
        root = etree.fromstring(body, parser)
    except etree.XMLSyntaxError:
        raise ValueError("not XML") from None
    outermost = [each for each in root.iter() if _kind(each) in _ROWS and _kind(each.getparent()) not in _ROWS]
    erased = sum(map(_below, outermost))
    return etree.tostring(root, xml_declaration=body.startswith(b"<?xml"), encoding="utf-8") if erased else body


def _json(value: object) -> object:
    if isinstance(value, Mapping):
        return {
            name: _value(each, rows=name.lower() in _ROWS) if name.lower() in _MAPS | _ROWS else _json(each)
            for name, each in value.items()
        }
    return [_json(each) for each in value] if isinstance(value, list) else value


def _value(value: object, *, rows: bool) -> object:
    if isinstance(value, Mapping):
        return {
            name: each if rows and name.lower() == "name" and isinstance(each, str) else _value(each, rows=rows)
            for name, each in value.items()
        }
    if isinstance(value, list):
        return [_value(each, rows=rows) for each in value]
    return value if value is None else ERASED


def _kind(element: etree._Element | None) -> str:
    return "" if element is None or not isinstance(element.tag, str) else etree.QName(element).localname.lower()


def _below(container: etree._Element) -> bool:
    """Erase what is below; whether anything was."""
    before = etree.tostring(container)
    for each in list(container.iter()):
        if not isinstance(each.tag, str):
            each.text = None
        elif (_kind(each) != "name" or len(each) or _kind(each.getparent()) != "gatewayoption") and _says(each.text):
            each.text = ERASED
        if each is not container and _says(each.tail):
            each.tail = ERASED
        for name in each.attrib:
            # Types and nil say nothing of a value.
            if not str(name).startswith("{http://www.w3.org/2001/XMLSchema-instance}"):
                each.set(name, ERASED)
    return etree.tostring(container) != before


def _says(text: str | None) -> bool:
    return bool(text and text.strip())
