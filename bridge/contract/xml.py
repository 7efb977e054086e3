"""The one parser of this room: no entities, no network, no DTD.

Must not be used on callers' requests: those are parsed, under limits, by the facade's guard.
"""

from __future__ import annotations

from pathlib import Path

from lxml import etree

from bridge.contract.contract import XSD, QName
from bridge.contract.errors import ContractError
from bridge.core.words import shown

Source = bytes | Path


def content(source: Source) -> bytes:
    """The bytes of a file, or the bytes themselves."""
    if isinstance(source, bytes):
        return source
    try:
        return source.read_bytes()
    except OSError as error:
        raise ContractError(f"cannot read {source}: {error.strerror}") from error


def parse(source: Source) -> etree._ElementTree:
    """A parsed document; ``ContractError`` for anything malformed or with a document type."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(content(source), parser)
    except (etree.XMLSyntaxError, ValueError, LookupError) as error:
        raise ContractError(f"not well-formed XML: {error}") from error
    tree = root.getroottree()
    # Entities are declared in document types and nowhere else (XML 1.0 section 4.2), and no WSDL needs one.
    if tree.docinfo.internalDTD is not None or tree.docinfo.doctype:
        raise ContractError("a document type declaration is not accepted")
    return tree


def children(parent: etree._Element) -> list[etree._Element]:
    """The element children: comments and processing instructions say nothing."""
    return [child for child in parent if isinstance(child.tag, str)]


def local(element: etree._Element) -> str:
    """The local name of an element."""
    return str(etree.QName(element).localname)


def at(element: etree._Element) -> str:
    """Where an element stands, as the beginning of an error text."""
    return f"line {element.sourceline}: "


def is_schema(element: etree._Element, name: str) -> bool:
    """Whether this is the XML Schema element of that name."""
    return element.tag == f"{{{XSD}}}{name}"


def resolve(element: etree._Element, attribute: str) -> QName:
    """The qualified name in an attribute, by the prefixes in scope."""
    text = (element.get(attribute) or "").strip()
    prefix, colon, name = text.rpartition(":")
    namespace = element.nsmap.get(prefix if colon else None)
    if not name or (colon and namespace is None):
        raise ContractError(f"line {element.sourceline}: {attribute}={shown(text)!r} names nothing")
    return QName(namespace or "", name)
