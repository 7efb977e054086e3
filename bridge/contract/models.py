"""Spyne models of a contract: one class per type, element, header and fault, and the decorator of each operation.

Spyne is the shell that routes on the body element; reading and writing XML is done by ``decode`` and ``wire``, so these
classes carry names, order, occurrence and namespaces and no behaviour. Must not know any particular object type.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from bridge.contract.compat import ComplexModel, ComplexModelMeta, Fault, TypeInfo, primitive, rpc
from bridge.contract.contract import Contract, Field, Operation, QName

Model = type[Any]

_PRIMITIVES: dict[str, Any] = {
    "boolean": primitive.Boolean,
    "date": primitive.Date,
    "dateTime": primitive.DateTime,
    "decimal": primitive.Decimal,
    "double": primitive.Double,
    "float": primitive.Float,
    "int": primitive.Integer32,
    "integer": primitive.Integer,
    "long": primitive.Integer64,
    "short": primitive.Integer16,
    "time": primitive.Time,
}


@dataclass(frozen=True, slots=True)
class OperationModels:
    """One operation's classes. ``input`` is None where the body element is empty."""

    operation: Operation
    input: Model | None
    output: Model
    headers: tuple[Model, ...]
    faults: tuple[Model, ...]

    def expose(self, handler: Callable[..., object]) -> Any:
        """``handler`` as a Spyne method, bare, under the operation's own element names."""
        return rpc(
            *(() if self.input is None else (self.input,)),
            _args=() if self.input is None else ("message",),
            _body_style="bare",
            _returns=self.output,
            _in_message_name=str(self.operation.input),
            _out_message_name=str(self.operation.output),
            _in_header=self.headers,
            _throws=list(self.faults),
        )(handler)


@dataclass(frozen=True, slots=True)
class Models:
    """The registry: everything a facade needs to declare its service."""

    contract: Contract
    types: Mapping[QName, Model]
    operations: Mapping[str, OperationModels]
    headers: Mapping[str, Model]
    faults: Mapping[str, Model]


def build(contract: Contract) -> Models:
    """All models of a contract."""
    builder = _Builder(contract)
    types = {name: builder.named(name) for name in contract.complex_types}
    headers: dict[QName, Model] = {}
    faults: dict[QName, Model] = {}
    operations = {}
    for operation in contract.operations.values():
        for name in operation.headers:
            if name not in headers:
                headers[name] = builder.element(name)
        for name in operation.faults:
            if name not in faults:
                faults[name] = _fault(name)
        operations[operation.name] = OperationModels(
            operation,
            builder.element(operation.input) if contract.elements[operation.input].fields else None,
            builder.element(operation.output),
            tuple(headers[name] for name in operation.headers),
            tuple(faults[name] for name in operation.faults),
        )
    return Models(
        contract,
        MappingProxyType(types),
        MappingProxyType(operations),
        MappingProxyType({name.name: model for name, model in headers.items()}),
        MappingProxyType({name.name: model for name, model in faults.items()}),
    )


def _fault(name: QName) -> Model:
    return type(name.name, (Fault,), {"__namespace__": name.namespace, "__type_name__": name.name})


class _Builder:
    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._made: dict[QName, Model] = {}
        # customize() makes a class; the same type with the same occurrence comes back hundreds of times.
        self._customized: dict[tuple[QName, int, int | None, bool, str], Any] = {}

    def named(self, name: QName) -> Any:
        made = self._made.get(name)
        if made is None:
            simple = self._contract.primitive(name)
            if simple is not None:
                made = self._simple(name, simple)
            else:
                item = self._contract.complex_types[name]
                base = self.named(item.base) if item.base is not None else ComplexModel
                made = self._complex(name, base, item.own)
            self._made[name] = made
        return made

    def element(self, name: QName) -> Any:
        item = self._contract.elements[name]
        if item.type is not None:
            return self.named(item.type)
        return self._complex(name, ComplexModel, item.fields)

    def _simple(self, name: QName, simple: str) -> Any:
        base = _PRIMITIVES.get(simple, primitive.Unicode)
        if name not in self._contract.simple_types:
            return base
        made = base.customize(type_name=name.name)
        made.__namespace__ = name.namespace
        return made

    def _complex(self, name: QName, base: Any, fields: tuple[Field, ...]) -> Any:
        members = TypeInfo([(item.name, self._member(item, name.namespace)) for item in fields])
        body = {"__namespace__": name.namespace, "__type_name__": name.name, "_type_info": members}
        return ComplexModelMeta(name.name, (base,), body)

    def _member(self, item: Field, namespace: str) -> Any:
        key = (
            item.type,
            item.minimum,
            item.maximum,
            item.nillable,
            item.namespace if item.namespace != namespace else "",
        )
        made = self._customized.get(key)
        if made is None:
            maximum = "unbounded" if item.maximum is None else item.maximum
            options: dict[str, Any] = {"min_occurs": item.minimum, "max_occurs": maximum, "nillable": item.nillable}
            if key[4]:
                options["sub_ns"] = key[4]
            made = self._customized[key] = self.named(item.type).customize(**options)
        return made
