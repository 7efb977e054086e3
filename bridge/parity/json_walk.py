"""Two JSON answers, walked side by side: names, values by their type in the contract, order and number of rows.

The counterpart of ``trees``. A number is compared as the decimal that it is (1 and 1.00 differ in precision only); a
null, an absent name and an empty text are told apart. Must not know which differences are accepted.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bridge.contract.contract import Contract
from bridge.contract.decode_json import Number
from bridge.parity.leaves import decimal, is_money, kind_of
from bridge.parity.messages import dump
from bridge.parity.terms import Difference, Kind

OBJECTS = ("Payment", "Refund", "InvoicePayment", "RefundInvoicePayment")
WORDS = frozenset({"message", "Message", "FaultMessage"})


class JsonWalk:
    """Compares by one contract; safe to share."""

    def __init__(self, contract: Contract) -> None:
        self._primitives: dict[str, str | None] = {}
        for name in OBJECTS:
            found = contract.objects.get(name)
            declared = contract.complex_types.get(found.name) if found is not None else None
            for each in declared.fields if declared is not None else ():
                self._primitives.setdefault(each.name, contract.primitive(each.type))

    def differences(self, left: Any, right: Any, path: str = "answer", name: str = "") -> Iterator[Difference]:
        """All differences of two parsed messages."""
        if isinstance(left, dict) and isinstance(right, dict):
            yield from self._objects(left, right, path)
        elif isinstance(left, list) and isinstance(right, list):
            yield from self._rows(left, right, path, name)
        elif left != right or _sort(left) is not _sort(right):
            yield self._leaf(left, right, path, name)

    def _objects(self, left: dict[str, Any], right: dict[str, Any], path: str) -> Iterator[Difference]:
        common = [[name for name in side if name in other] for side, other in ((left, right), (right, left))]
        if common[0] != common[1]:
            yield Difference(f"{path}/*", Kind.ORDER, " ".join(common[0]), " ".join(common[1]))
        for name in dict.fromkeys((*left, *right)):
            inner = f"{path}/{name}"
            if name in left and name in right:
                yield from self.differences(left[name], right[name], inner, name)
                continue
            only = left.get(name, right.get(name))
            kind = Kind.NIL if only in (None, "", []) else Kind.MISSING if name in left else Kind.EXTRA
            shown = (_shown(only), "") if name in left else ("", _shown(only))
            yield Difference(inner, kind, *shown, kind is not Kind.NIL and self._money(name))

    def _rows(self, left: list[Any], right: list[Any], path: str, name: str) -> Iterator[Difference]:
        if len(left) != len(right):
            yield Difference(path, Kind.CARDINALITY, str(len(left)), str(len(right)))
        if name == "records":
            ids = [[row.get("Id") if isinstance(row, dict) else None for row in side] for side in (left, right)]
            told = None not in ids[0] and len(set(ids[0])) == len(ids[0])
            if told and ids[0] != ids[1] and sorted(map(str, ids[0])) == sorted(map(str, ids[1])):
                yield Difference(path, Kind.ORDER, " ".join(map(str, ids[0]))[:300], " ".join(map(str, ids[1]))[:300])
                places = dict(zip(ids[1], right, strict=True))
                right = [places[one] for one in ids[0]]
        for place, (one, other) in enumerate(zip(left, right, strict=False)):
            yield from self.differences(one, other, f"{path}[{place}]", name)

    def _leaf(self, left: Any, right: Any, path: str, name: str) -> Difference:
        one, other = _shown(left), _shown(right)
        if left in (None, "", []) and right in (None, "", []):
            return Difference(path, Kind.NIL, one, other)
        if left is None or right is None or left == "" or right == "":
            kind = Kind.EXTRA if left in (None, "") else Kind.MISSING
            return Difference(path, kind, one, other, self._money(name))
        if _sort(left) is not _sort(right):
            same = isinstance(left, str) and isinstance(right, str) and str(left) == str(right)
            return Difference(path, Kind.TYPE, dump(left)[:300], dump(right)[:300], self._money(name) and not same)
        if name in WORDS:
            return Difference(path, Kind.WORDS, one, other)
        if isinstance(left, Number):
            kind = Kind.PRECISION if decimal(left) is not None and decimal(left) == decimal(right) else Kind.VALUE
        else:
            kind = kind_of(one, other, name, self._primitives.get(name)) or Kind.TYPE
        return Difference(path, kind, one, other, kind in (Kind.VALUE, Kind.TYPE) and self._money(name))

    def _money(self, name: str) -> bool:
        return is_money(name, self._primitives.get(name))


def _sort(value: Any) -> type:
    """JSON's own kinds: a number and a text are two, whatever they read."""
    return type(value)


def _shown(value: Any) -> str:
    if value is None:
        return "null"
    return (str(value) if isinstance(value, str) else dump(value))[:300]
