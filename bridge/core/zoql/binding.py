"""A query checked against what the caller's version knows: names become columns, literals become values.

A field that the version lacks, that only create takes or that cannot be filtered by is INVALID_FIELD in Zuora's own
words, the object as in the WSDL and the field in lower case (I8). Names are taken in any case. Custom fields (``__c``,
``__NS``) are those of Payment and Refund, of the tenant's types where these are known and text otherwise.
Raises ``ZoqlError``. Must not read a row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from bridge.core.mapping.query import CUSTOM_KINDS, Column, Kind, Source, source_of
from bridge.core.model import NOTHING, Tenant, Version
from bridge.core.versions import knows
from bridge.core.zoql import literals
from bridge.core.zoql.syntax import Condition, Operator, Select, ZoqlError
from bridge.core.zoql.values import Value

_SUFFIXES = ("__c", "__ns")


@dataclass(frozen=True, slots=True)
class Test:
    """One comparison; ``value`` is None for null."""

    column: Column
    operator: Operator
    value: Value | None


@dataclass(frozen=True, slots=True)
class Bound:
    """A query that can be answered. ``columns`` are those of a row, Id first, the others in the WSDL's order.

    ``names`` shows a value by another one: a caller may know a credit memo's refund only as one of credit balance.
    """

    source: Source
    columns: tuple[Column, ...]
    where: tuple[tuple[Test, ...], ...]
    version: Version
    case_sensitive: bool = False
    names: Mapping[tuple[str, str], str] = field(default_factory=lambda: MappingProxyType({}))


def bind(
    query: Select,
    version: Version,
    tenant: Tenant,
    *,
    case_sensitive: bool = False,
    names: Mapping[tuple[str, str], str] | None = None,
) -> Bound:
    """The query as ``version`` may ask it."""
    source = source_of(query.object)
    if source is None or version < source.since:
        raise ZoqlError(f"invalid type for query: {source.object if source else query.object}", "INVALID_TYPE")
    binder = _Binder(source, version, tenant)
    selected = {column.soap: column for column in (binder.column(name) for name in query.fields)}
    selected.pop("Id", None)
    ordered = sorted(selected.values(), key=lambda column: column.soap.lower())
    where = tuple(tuple(binder.test(condition) for condition in both) for both in query.where)
    columns = (source.columns["id"], *ordered)
    return Bound(source, columns, where, version, case_sensitive, MappingProxyType(dict(names or {})))


@dataclass(frozen=True, slots=True)
class _Binder:
    source: Source
    version: Version
    tenant: Tenant

    def column(self, name: str) -> Column:
        lower = name.lower()
        if self.source.custom and lower.endswith(_SUFFIXES):
            return _custom(self.source.object, name, self.tenant.custom_types)
        found = self.source.columns.get(lower)
        if found is None or not found.queryable or not knows(self.version, self.source.object, found.soap):
            raise self._invalid(name)
        return found

    def test(self, condition: Condition) -> Test:
        column = self.column(condition.field)
        if not column.filterable:
            raise self._invalid(condition.field)
        custom = column.soap.lower() not in self.source.columns
        value = literals.value(condition, column, self.version, self.tenant, custom=custom)
        return Test(column, condition.operator, value)

    def _invalid(self, name: str) -> ZoqlError:
        return ZoqlError(f"invalid field for query: {self.source.object}.{name.lower()}", "INVALID_FIELD")


def _custom(object_type: str, name: str, types: Mapping[str, str]) -> Column:
    """A tenant's own field, spelled as its WSDL spells it where that is known, otherwise as the caller does."""
    asked = f"{object_type}.{name}"
    listed = asked if asked in types else next((each for each in types if each.lower() == asked.lower()), asked)
    spelled = listed.partition(".")[2]
    kind = CUSTOM_KINDS.get((types or NOTHING).get(listed, ""), Kind.TEXT)
    return Column(spelled, kind, spelled, spelled)
