"""A WSDL 1.1 file into a ``Contract``.

Reads document/literal SOAP 1.1 with inline schemas, as Zuora writes it and as Visual Studio rewrites it; anything else
raises ``ContractError``. Opens no network connection, follows no import, accepts no document type. Must not know any
particular object type.
"""

from __future__ import annotations

from types import MappingProxyType

from lxml import etree

from bridge.contract import extension as extensions
from bridge.contract import files
from bridge.contract.contract import ComplexType, Contract, Element, Operation, QName, SimpleType
from bridge.contract.errors import ContractError
from bridge.contract.schema import Types
from bridge.contract.xml import Source, at, children, is_schema, parse, resolve
from bridge.core.model import Version
from bridge.core.words import shown

WSDL = "http://schemas.xmlsoap.org/wsdl/"
SOAP = "http://schemas.xmlsoap.org/wsdl/soap/"


def read(source: Source, *, extension: Source | None = None) -> Contract:
    """The contract of a WSDL, with the extension's elements in their alphabetical places if one is given."""
    tree = parse(source)
    if extension is not None:
        extensions.graft(tree, parse(extension))
    return _contract(tree.getroot())


def read_own(*, extended: bool = True) -> Contract:
    """The contract of our own file."""
    return read(files.own_wsdl(), extension=files.extension() if extended else None)


def _contract(root: etree._Element) -> Contract:
    if root.tag != f"{{{WSDL}}}definitions":
        raise ContractError("not a WSDL 1.1 file")
    for node in _all(root, WSDL, "import"):
        raise ContractError(f"{at(node)}<import> of another file; only a WSDL in one file can be read")
    types = Types()
    for section in _all(root, WSDL, "types"):
        for schema in children(section):
            if not is_schema(schema, "schema"):
                raise ContractError(f"{at(schema)}<types> hold something that is no schema")
            types.read(schema)
    simple_types = types.simple_types()
    complex_types = types.complex_types()
    elements = types.global_elements(complex_types)
    binding, address = _bound(root)
    operations = _operations(root, binding)
    for operation in operations.values():
        for name in (operation.input, operation.output, *operation.headers, *operation.faults):
            if name not in elements:
                raise ContractError(f"operation {operation.name} uses {name}, which the file does not define")
    base = _object_base(operations, elements, complex_types)
    return Contract(
        version=_version(address),
        address=address,
        namespace=root.get("targetNamespace", ""),
        schemas=tuple(types.namespaces),
        simple_types=MappingProxyType(simple_types),
        complex_types=MappingProxyType(complex_types),
        elements=MappingProxyType(elements),
        operations=MappingProxyType(operations),
        error_codes=_error_codes(operations, elements, simple_types),
        object_base=base,
        objects=MappingProxyType(_objects(base, complex_types)),
    )


def _bound(root: etree._Element) -> tuple[etree._Element, str]:
    """The SOAP 1.1 binding of the one SOAP port, and that port's address."""
    bindings = _named(root, "binding")
    found: list[tuple[etree._Element, str]] = []
    for service in _all(root, WSDL, "service"):
        for port in _all(service, WSDL, "port"):
            for address in _all(port, SOAP, "address"):
                binding = bindings.get(resolve(port, "binding").name)
                if binding is None or not _all(binding, SOAP, "binding"):
                    raise ContractError(f"{at(port)}port {port.get('name')} has no SOAP 1.1 binding")
                found.append((binding, address.get("location", "")))
    if len(found) != 1:
        raise ContractError(f"the file has {len(found)} SOAP 1.1 ports; exactly one is needed")
    return found[0]


def _version(address: str) -> Version:
    segment = address.rstrip("/").rpartition("/")[2]
    try:
        return Version.parse(segment)
    except ValueError:
        raise ContractError(f"the address {shown(address)!r} does not end in a version") from None


def _operations(root: etree._Element, binding: etree._Element) -> dict[str, Operation]:
    messages = {name: _parts(node) for name, node in _named(root, "message").items()}
    port_type = _named(root, "portType").get(resolve(binding, "type").name)
    if port_type is None:
        raise ContractError(f"{at(binding)}the binding is of a port type that the file does not define")
    abstract = _named(port_type, "operation")
    style = _all(binding, SOAP, "binding")[0].get("style", "document")
    made: dict[str, Operation] = {}
    for node in _all(binding, WSDL, "operation"):
        name = node.get("name", "")
        if name not in abstract:
            raise ContractError(f"{at(node)}the binding has an operation {name} that the port type lacks")
        if name in made:
            raise ContractError(f"{at(node)}the binding has two operations {name}")
        _refuse_other_styles(node, style)
        made[name] = Operation(
            name=name,
            input=_only(messages, abstract[name], "input"),
            output=_only(messages, abstract[name], "output"),
            headers=tuple(_headers(messages, node)),
            faults=tuple(_element(messages, fault) for fault in _all(abstract[name], WSDL, "fault")),
        )
    return made


def _refuse_other_styles(node: etree._Element, style: str) -> None:
    for part in node.iter(f"{{{SOAP}}}operation"):
        style = part.get("style", style)
    if style != "document":
        raise ContractError(f"{at(node)}operation {node.get('name')} is {style}; only document style can be read")
    for part in node.iter(f"{{{SOAP}}}body", f"{{{SOAP}}}header", f"{{{SOAP}}}fault"):
        if part.get("use", "literal") != "literal":
            raise ContractError(f"{at(part)}operation {node.get('name')} is encoded; only literal use can be read")


def _headers(messages: dict[str, dict[str, QName]], node: etree._Element) -> list[QName]:
    names = []
    for direction in _all(node, WSDL, "input"):
        for header in _all(direction, SOAP, "header"):
            parts = messages.get(resolve(header, "message").name, {})
            part = header.get("part", "")
            if part not in parts:
                raise ContractError(
                    f"{at(header)}header {shown(part)!r} of {node.get('name')} is no part of its message"
                )
            names.append(parts[part])
    return names


def _parts(message: etree._Element) -> dict[str, QName]:
    # A part with a type instead of an element is RPC style, which no version of Zuora's file uses.
    return {
        part.get("name", ""): resolve(part, "element")
        for part in _all(message, WSDL, "part")
        if part.get("element") is not None
    }


def _only(messages: dict[str, dict[str, QName]], node: etree._Element, direction: str) -> QName:
    found = _all(node, WSDL, direction)
    if len(found) != 1:
        raise ContractError(f"{at(node)}operation {node.get('name')} has {len(found)} {direction} messages")
    return _element(messages, found[0])


def _element(messages: dict[str, dict[str, QName]], node: etree._Element) -> QName:
    name = resolve(node, "message").name
    parts = messages.get(name, {})
    if len(parts) != 1:
        raise ContractError(f"{at(node)}message {shown(name)!r} must have exactly one part with an element")
    return next(iter(parts.values()))


def _object_base(
    operations: dict[str, Operation], elements: dict[QName, Element], complex_types: dict[QName, ComplexType]
) -> QName | None:
    """The type that ``create`` takes: all objects derive from it (Zuora: SOAP API, zObject)."""
    create = operations.get("create")
    if create is None:
        return None
    fields = elements[create.input].fields
    return next((item.type for item in fields if item.type in complex_types), None)


def _objects(base: QName | None, complex_types: dict[QName, ComplexType]) -> dict[str, ComplexType]:
    found: dict[str, ComplexType] = {}
    for item in complex_types.values():
        above = item.base
        while above is not None and above != base:
            above = complex_types[above].base
        if above is not None:
            if item.name.name in found:
                raise ContractError(f"line {item.line}: two object types are called {item.name.name}")
            found[item.name.name] = item
    return found


def _error_codes(
    operations: dict[str, Operation], elements: dict[QName, Element], simple_types: dict[QName, SimpleType]
) -> tuple[str, ...]:
    """The enumeration that the faults' code is of."""
    for operation in operations.values():
        for fault in operation.faults:
            for item in elements[fault].fields:
                simple = simple_types.get(item.type)
                if simple is not None and simple.values:
                    return simple.values
    return ()


def _named(parent: etree._Element, kind: str) -> dict[str, etree._Element]:
    """The children of one kind by their names, each name once."""
    found: dict[str, etree._Element] = {}
    for node in _all(parent, WSDL, kind):
        name = node.get("name", "")
        if name in found:
            raise ContractError(f"{at(node)}two <{kind}> are called {shown(name)!r}")
        found[name] = node
    return found


def _all(parent: etree._Element, namespace: str, name: str) -> list[etree._Element]:
    return [child for child in parent if child.tag == f"{{{namespace}}}{name}"]
