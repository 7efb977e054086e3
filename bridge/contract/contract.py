"""The ``Contract``: what one WSDL says, as frozen values, in the file's order.

Holds types, elements and operations with every reference resolved to a ``QName`` that exists. Must not parse, must not
know any particular object type; only the envelope's base type is named here, because ``xsi:type`` polymorphism rests
on it and it is the same in every public file (Zuora: SOAP API WSDL).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from bridge.contract.errors import ContractError
from bridge.core.model import Version

XSD = "http://www.w3.org/2001/XMLSchema"
XSI = "http://www.w3.org/2001/XMLSchema-instance"

CUSTOM_SUFFIXES = ("__c", "__NS")
"""What a tenant's own fields, and those of its NetSuite connector, end in."""


class QName(NamedTuple):
    """A namespace and a local name."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{{{self.namespace}}}{self.name}" if self.namespace else self.name


@dataclass(frozen=True, slots=True)
class Field:
    """One element of a sequence. ``maximum`` is None for unbounded; ``line`` is where it stands in the file."""

    name: str
    namespace: str
    type: QName
    minimum: int = 1
    maximum: int | None = 1
    nillable: bool = False
    line: int = field(default=0, compare=False, repr=False)

    @property
    def repeats(self) -> bool:
        """Whether the element may occur more than once."""
        return self.maximum is None or self.maximum > 1


@dataclass(frozen=True, slots=True)
class SimpleType:
    """A named restriction. ``primitive`` is the XML Schema built-in it rests on."""

    name: QName
    primitive: str
    pattern: str | None = None
    values: tuple[str, ...] = ()
    line: int = field(default=0, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class ComplexType:
    """A named sequence. ``own`` are its own fields, ``fields`` those of its bases before them."""

    name: QName
    base: QName | None
    own: tuple[Field, ...]
    fields: tuple[Field, ...]
    line: int = field(default=0, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Element:
    """A global element: of a named ``type``, or with its own sequence (then ``type`` is None)."""

    name: QName
    type: QName | None
    fields: tuple[Field, ...]
    line: int = field(default=0, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation; all names are global elements."""

    name: str
    input: QName
    output: QName
    headers: tuple[QName, ...]
    faults: tuple[QName, ...]


@dataclass(frozen=True, slots=True)
class Contract:
    """One WSDL. ``namespace`` is the definitions' own; ``schemas`` are the schemas' target namespaces in order."""

    version: Version
    address: str
    namespace: str
    schemas: tuple[str, ...]
    simple_types: Mapping[QName, SimpleType]
    complex_types: Mapping[QName, ComplexType]
    elements: Mapping[QName, Element]
    operations: Mapping[str, Operation]
    error_codes: tuple[str, ...]
    object_base: QName | None
    objects: Mapping[str, ComplexType]
    """The types derived from ``object_base``, by local name: what an ``xsi:type`` may name."""

    def require(self, version: Version) -> None:
        """Raise unless this file is of ``version`` or later."""
        if self.version < version:
            raise ContractError(f"the WSDL is version {self.version}; {version} or later is needed")

    def is_object(self, name: QName) -> bool:
        """Whether the type is the object base or derived from it."""
        return self.object_base is not None and self.object_base in self.lineage(name)

    def lineage(self, name: QName) -> Iterator[QName]:
        """The type and its bases, nearest first."""
        current: QName | None = name
        while current is not None:
            yield current
            found = self.complex_types.get(current)
            current = found.base if found is not None else None

    def primitive(self, name: QName) -> str | None:
        """The XML Schema built-in behind a simple type; None for a complex one."""
        if name.namespace == XSD:
            return name.name
        simple = self.simple_types.get(name)
        return simple.primitive if simple is not None else None

    @property
    def custom_types(self) -> dict[str, str]:
        """The XML Schema built-ins of the objects' custom fields, by ``Payment.Fee__c`` (Zuora: Custom fields)."""
        return {
            f"{name}.{item.name}": self.primitive(item.type) or item.type.name
            for name, kind in self.objects.items()
            for item in kind.own
            if item.name.endswith(CUSTOM_SUFFIXES)
        }

    @property
    def patterns(self) -> dict[str, re.Pattern[str]]:
        """What a text must match in the fields whose type has a pattern, ids that is, by ``Payment.AccountId``.

        A pattern that Python reads in another way than XML Schema part 2 is left out: it judges nothing.
        """
        found: dict[str, re.Pattern[str]] = {}
        for name, kind in self.objects.items():
            for item in kind.fields:
                simple = self.simple_types.get(item.type)
                if simple is not None and simple.pattern is not None:
                    try:
                        found[f"{name}.{item.name}"] = re.compile(simple.pattern, re.ASCII)
                    except re.error:
                        continue
        return found

    def operation(self, name: str) -> Operation:
        """The operation of that name; ``ContractError`` if the file has none."""
        try:
            return self.operations[name]
        except KeyError:
            raise ContractError(f"the WSDL has no operation {name}") from None

    def result_of(self, name: str) -> tuple[Field, ComplexType]:
        """The result field of an operation's answer, with its complex type."""
        answer = self.elements[self.operation(name).output]
        for result in answer.fields:
            found = self.complex_types.get(result.type)
            if found is not None:
                return result, found
        raise ContractError(f"the answer of {name} holds no complex result")
