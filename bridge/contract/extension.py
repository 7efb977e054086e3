"""Extension elements grafted into a parsed WSDL: each in its alphabetical place, because that is where Zuora's own are.

The extension file holds one schema per namespace. A type under ``redefine`` gains elements where the WSDL has that
type and is left out where it has not (tenants' files differ in their objects); other types are new. Works on the
tree, so that what is served and what is read cannot differ. Must not change anything else of the file.
"""

from __future__ import annotations

from lxml import etree

from bridge.contract.contract import XSD
from bridge.contract.errors import ContractError
from bridge.contract.schema import beyond
from bridge.contract.xml import children, is_schema, resolve

REFERENCES = frozenset({"type", "base"})


def graft(wsdl: etree._ElementTree, extension: etree._ElementTree) -> None:
    """Insert the extension's types and elements into the WSDL's tree."""
    schemas = {node.get("targetNamespace"): node for node in wsdl.iter(f"{{{XSD}}}schema")}
    for addition in extension.iter(f"{{{XSD}}}schema"):
        schema = schemas.get(addition.get("targetNamespace"))
        if schema is None:
            raise ContractError(f"the WSDL has no schema for namespace {addition.get('targetNamespace')!r}")
        for node in children(addition):
            if is_schema(node, "redefine"):
                for gaining in children(node):
                    _add_elements(schema, gaining)
            elif is_schema(node, "complexType"):
                if _named(schema, node) is not None:
                    raise ContractError(f"the WSDL has a type {node.get('name')} of its own")
                _append(schema, len(schema), node)
            elif not is_schema(node, "import"):
                raise beyond(node)


def _add_elements(schema: etree._Element, gaining: etree._Element) -> None:
    target = _named(schema, gaining)
    if target is None:
        return
    sequence = _sequence(target)
    source = _sequence(gaining)
    if sequence is None or source is None:
        raise ContractError(f"type {gaining.get('name')} has no sequence to extend")
    for element in children(source):
        name = element.get("name", "")
        present = [child for child in children(sequence) if child.get("name") == name]
        if not present:
            place = next((i for i, child in enumerate(sequence) if (child.get("name") or "") > name), len(sequence))
            _append(sequence, place, element)
        elif resolve(present[0], "type") != resolve(element, "type"):
            raise ContractError(f"the WSDL's own {gaining.get('name')}.{name} is of another type")


def _named(schema: etree._Element, node: etree._Element) -> etree._Element | None:
    name = node.get("name")
    return next((x for x in children(schema) if is_schema(x, "complexType") and x.get("name") == name), None)


def _sequence(node: etree._Element) -> etree._Element | None:
    return next(node.iter(f"{{{XSD}}}sequence"), None)


def _append(parent: etree._Element, place: int, source: etree._Element) -> None:
    """A copy of ``source`` as a child of ``parent``, its prefixes rewritten to those in scope there."""
    copy = etree.Element(source.tag, nsmap=_prefixes(parent, source))
    parent.insert(place, copy)
    before = copy.getprevious()
    copy.tail = before.tail if before is not None else parent.text
    _fill(copy, source)


def _prefixes(parent: etree._Element, source: etree._Element) -> dict[str | None, str]:
    """The schema's own prefix, and one of ours for each namespace that is referred to and has none there.

    Visual Studio declares a prefix on every single reference instead of once at the top.
    """
    made: dict[str | None, str] = {prefix: uri for prefix, uri in parent.nsmap.items() if uri == XSD}
    referred = {
        resolve(node, name).namespace for node in source.iter(etree.Element) for name in REFERENCES if node.get(name)
    }
    for number, uri in enumerate(sorted(referred - set(parent.nsmap.values()))):
        made[f"e{number}"] = uri
    return made


def _fill(copy: etree._Element, source: etree._Element) -> None:
    copy.text = source.text
    for name, value in source.attrib.items():
        copy.set(name, _in_scope(copy, source, str(name)) if name in REFERENCES else value)
    for child in children(source):
        inner = etree.SubElement(copy, child.tag)
        _fill(inner, child)
        inner.tail = child.tail


def _in_scope(copy: etree._Element, source: etree._Element, attribute: str) -> str:
    name = resolve(source, attribute)
    for prefix, uri in copy.nsmap.items():
        if uri == name.namespace:
            return f"{prefix}:{name.name}" if prefix else name.name
    raise ContractError(f"the WSDL declares no prefix for {name.namespace}")
