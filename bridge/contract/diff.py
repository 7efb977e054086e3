"""What changed between two WSDLs for callers whose code was generated from the first, and whether it breaks them.

Pure. The rules are those of the stacks in the field (XML Schema 1.0; JAX-WS, Axis, .NET, zeep, suds, PHP): what a
caller sends must still be taken, and what it is answered must still fit its classes. An object's rows hold only what
the caller selected, so a new field of an object breaks nobody, unless an answer carries the object unasked. Must not
know any particular object type.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from bridge.contract.contract import ComplexType, Contract, Element, Field, Operation, QName, SimpleType

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Change:
    """One difference. ``where`` is a path such as ``Payment.Amount``; ``why`` says what it means for such a caller."""

    where: str
    what: str
    breaking: bool
    why: str


@dataclass(frozen=True, slots=True)
class _Uses:
    """Which types a caller sends and is answered with. ``selected`` arrive only with what the caller asked for."""

    sent: frozenset[QName]
    answered: frozenset[QName]
    selected: frozenset[QName]


def compare(old: Contract, new: Contract) -> tuple[Change, ...]:
    """Every difference, in the order of the old file; equal contracts give none."""
    uses = _uses(old)
    return (*_heads(old, new), *_operations(old, new), *_types(old, new, uses), *_elements(old, new))


def _heads(old: Contract, new: Contract) -> Iterator[Change]:
    if old.version != new.version:
        yield Change("version", f"{old.version} is now {new.version}", False, "a caller goes on posting to its own")
    if old.namespace != new.namespace:
        yield Change("namespace", f"{old.namespace} is now {new.namespace}", True, "every element is another one")
    for uri in old.schemas:
        if uri not in new.schemas:
            yield Change(f"schema {uri}", "removed", True, "its elements and types are not there")


# ------------------------------------------------------------------ operations


def _operations(old: Contract, new: Contract) -> Iterator[Change]:
    for name, operation in old.operations.items():
        other = new.operations.get(name)
        if other is None:
            yield Change(f"{name}()", "operation removed", True, "the call cannot be made")
        else:
            yield from _operation(operation, other)
    for name in _added(old.operations, new.operations):
        yield Change(f"{name}()", "operation added", False, "nobody calls it yet")


def _operation(old: Operation, new: Operation) -> Iterator[Change]:
    where = f"{old.name}()"
    if old.input != new.input:
        yield Change(where, f"takes {new.input.name} instead of {old.input.name}", True, "its request is another one")
    if old.output != new.output:
        yield Change(
            where, f"answers {new.output.name} instead of {old.output.name}", True, "its answer is another one"
        )
    for name in old.headers:
        if name not in new.headers:
            yield Change(where, f"header {name.name} removed", True, "what the header asks for is not done")
    for name in new.headers:
        if name not in old.headers:
            yield Change(where, f"header {name.name} added", False, "a header may be left out")
    for name in old.faults:
        if name not in new.faults:
            yield Change(where, f"fault {name.name} removed", False, "it is not raised any more")
    for name in new.faults:
        if name not in old.faults:
            yield Change(
                where, f"fault {name.name} added", False, "stacks raise a fault they do not know as a plain one"
            )


# ------------------------------------------------------------------ types


def _types(old: Contract, new: Contract, uses: _Uses) -> Iterator[Change]:
    for name, simple in old.simple_types.items():
        other = new.simple_types.get(name)
        if other is None:
            yield Change(name.name, "type removed", _used(name, uses), "what is of it is of another type now")
        else:
            yield from _simple(simple, other, uses)
    for name in _added(old.simple_types, new.simple_types):
        yield Change(name.name, "type added", False, "nothing of the caller's is of it")
    for name, known in old.complex_types.items():
        found = new.complex_types.get(name)
        if found is None:
            yield Change(name.name, "type removed", _used(name, uses), "objects of it can be neither sent nor read")
        else:
            yield from _complex(known, found, old, new, uses)
    for name in _added(old.complex_types, new.complex_types):
        yield Change(name.name, "type added", False, "nothing of the caller's is of it")


def _simple(old: SimpleType, new: SimpleType, uses: _Uses) -> Iterator[Change]:
    where = old.name.name
    if old.primitive != new.primitive:
        yield Change(
            where, f"{old.primitive} is now {new.primitive}", _used(old.name, uses), "texts are read otherwise"
        )
    if old.pattern != new.pattern:
        narrower = new.pattern is not None and old.name in uses.sent
        what = f"pattern {old.pattern or 'none'} is now {new.pattern or 'none'}"
        yield Change(
            where, what, narrower, "what the caller sends may be refused" if narrower else "nothing is refused"
        )
    for value in old.values:
        if value not in new.values:
            # Without an enumeration any value is taken.
            refused = old.name in uses.sent and bool(new.values)
            yield Change(where, f"value {value} removed", refused, "it is refused" if refused else "it does not come")
    for value in new.values:
        if value not in old.values:
            strict = old.name in uses.answered and bool(old.values)
            why = "a client that is strict about enumerations fails on it" if strict else "nobody sends it"
            yield Change(where, f"value {value} added", strict, why)


def _complex(old: ComplexType, new: ComplexType, before: Contract, after: Contract, uses: _Uses) -> Iterator[Change]:
    where = old.name.name
    if old.base != new.base:
        names = [each.name if each is not None else "nothing" for each in (old.base, new.base)]
        yield Change(
            where, f"extends {names[1]} instead of {names[0]}", _used(old.name, uses), "inherited fields differ"
        )
    sent, answered = old.name in uses.sent, old.name in uses.answered
    selected = old.name in uses.selected
    yield from _fields(where, old.own, new.own, before, after, sent=sent, answered=answered, selected=selected)


def _elements(old: Contract, new: Contract) -> Iterator[Change]:
    directions = _directions(old)
    for name, element in old.elements.items():
        other = new.elements.get(name)
        sent, answered = directions.get(name, (False, False))
        if other is None:
            yield Change(f"<{name.name}>", "element removed", sent or answered, "the message cannot be written or read")
        elif element.type != other.type:
            what = f"is of {_of(other)} instead of {_of(element)}"
            yield Change(f"<{name.name}>", what, sent or answered, "its content is another one")
        elif element.type is None:
            yield from _fields(
                name.name, element.fields, other.fields, old, new, sent=sent, answered=answered, selected=False
            )
    for name in _added(old.elements, new.elements):
        yield Change(f"<{name.name}>", "element added", False, "nobody sends it")


def _of(element: Element) -> str:
    return element.type.name if element.type is not None else "a type of its own"


# ------------------------------------------------------------------ fields


def _fields(
    owner: str,
    old: tuple[Field, ...],
    new: tuple[Field, ...],
    before: Contract,
    after: Contract,
    *,
    sent: bool,
    answered: bool,
    selected: bool,
) -> Iterator[Change]:
    known, found = {each.name: each for each in old}, {each.name: each for each in new}
    arrives = answered or selected
    for field in old:
        other = found.get(field.name)
        where = f"{owner}.{field.name}"
        if other is None:
            yield Change(where, "removed", sent or arrives, "what is sent in it is lost, and it is never answered")
        else:
            yield from _field(where, field, other, before, after, sent=sent, answered=arrives)
    for field in new:
        if field.name not in known:
            yield _added_field(f"{owner}.{field.name}", field, sent=sent, answered=answered)
    order = [each.name for each in old if each.name in found], [each.name for each in new if each.name in known]
    if order[0] != order[1]:
        first = next(new_name for old_name, new_name in zip(*order, strict=True) if old_name != new_name)
        yield Change(owner, f"order changed from {first} on", sent or arrives, "strict stacks read in the file's order")


def _added_field(where: str, field: Field, *, sent: bool, answered: bool) -> Change:
    if sent and field.minimum > 0:
        return Change(where, "added, required", True, "the caller does not send it")
    if answered:
        return Change(where, "added", True, "it arrives unasked, and strict stacks fail on an element they do not know")
    return Change(where, "added", False, "no older caller sends it, and none is answered it unasked")


def _field(
    where: str, old: Field, new: Field, before: Contract, after: Contract, *, sent: bool, answered: bool
) -> Iterator[Change]:
    if old.namespace != new.namespace:
        why = "it is another element"
        yield Change(where, f"namespace {old.namespace} is now {new.namespace}", sent or answered, why)
    if old.type != new.type:
        kinds = before.primitive(old.type), after.primitive(new.type)
        other = kinds[0] != kinds[1] or kinds[0] is None
        why = "values are written and read otherwise" if other else "the same kind of value under another name"
        yield Change(where, f"type {old.type.name} is now {new.type.name}", other and (sent or answered), why)
    if old.nillable != new.nillable:
        what = "nillable" if new.nillable else "not nillable any more"
        hurts = answered if new.nillable else sent
        fits = "nothing that such a caller sends or reads changes"
        why = "a class without null fails on it" if new.nillable else "stacks that send nil for what is unset fail"
        yield Change(where, f"is {what}", hurts, why if hurts else fits)
    if old.minimum != new.minimum:
        required = new.minimum > old.minimum
        hurts = sent if required else answered
        why = ("the caller may leave it out" if required else "the caller expects it") if hurts else "this fits"
        yield Change(where, f"minOccurs {old.minimum} is now {new.minimum}", hurts, why)
    if old.maximum != new.maximum:
        more = new.maximum is None or (old.maximum is not None and new.maximum > old.maximum)
        hurts = (answered and not old.repeats) if more else sent
        why = (
            ("a class with one value fails on several" if more else "the caller may send more")
            if hurts
            else "this fits"
        )
        yield Change(where, f"maxOccurs {_count(old.maximum)} is now {_count(new.maximum)}", hurts, why)


def _count(maximum: int | None) -> str:
    return "unbounded" if maximum is None else str(maximum)


# ------------------------------------------------------------------ who meets what


def _directions(contract: Contract) -> Mapping[QName, tuple[bool, bool]]:
    """Of each element of an operation: whether a caller sends it, and whether it is answered with it."""
    sent = {name for each in contract.operations.values() for name in (each.input, *each.headers)}
    answered = {name for each in contract.operations.values() for name in (each.output, *each.faults)}
    return {name: (name in sent, name in answered) for name in (*sent, *answered)}


def _uses(contract: Contract) -> _Uses:
    directions = _directions(contract)
    sent = [name for name, (asked, _) in directions.items() if asked]
    answered = [name for name, (_, told) in directions.items() if told]
    objects = [item.name for item in contract.objects.values()]
    base = contract.object_base
    taken = _reached(contract, sent)
    told = _reached(contract, answered)
    return _Uses(
        sent=_closed(contract, taken | set(objects)) if base in taken else frozenset(taken),
        answered=frozenset(told),
        selected=_closed(contract, set(objects)) if base in told else frozenset(),
    )


def _reached(contract: Contract, elements: list[QName]) -> set[QName]:
    """The types that these elements declare, and what those declare in turn; not what may stand in for a base."""
    start: set[QName] = set()
    for name in elements:
        element = contract.elements[name]
        start |= {element.type} if element.type is not None else set()
        start |= {field.type for field in element.fields}
    return set(_closed(contract, start))


def _closed(contract: Contract, start: set[QName]) -> frozenset[QName]:
    found: set[QName] = set()
    left = list(start)
    while left:
        name = left.pop()
        if name in found:
            continue
        found.add(name)
        known = contract.complex_types.get(name)
        if known is not None:
            left += [field.type for field in known.fields] + ([known.base] if known.base is not None else [])
    return frozenset(found)


def _used(name: QName, uses: _Uses) -> bool:
    return name in uses.sent or name in uses.answered or name in uses.selected


def _added(old: Mapping[_T, object], new: Mapping[_T, object]) -> list[_T]:
    return [name for name in new if name not in old]
