"""Reconciliation: where the journal and Zuora say different things about money. Pure comparison, both ways.

An intent that was applied must have its object, of its amount, standing; a movement in the bridge's name must have an
intent. What the bridge itself changed later (an update or delete that was applied) is no break, and a movement that did
not succeed moved nothing. Amounts are Decimal. Must not read, and must not mend: a person does.
"""

from __future__ import annotations

import enum
import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from bridge.core.intent import Intent, State
from bridge.core.model import Instant

_FALLEN = frozenset({"error", "canceled", "cancelled", "voided"})
_INTENT = re.compile(r"i-[0-9a-f]{30}")


class Break(enum.Enum):
    """What is wrong. The value is what the journal keeps."""

    MISSING = "missing"
    """Applied, and Zuora has no such object."""

    AMOUNT = "amount"
    """Applied, and the object has another amount."""

    FALLEN = "fallen"
    """Applied, and the object is Error, Canceled or Voided now, by nobody's request to the bridge."""

    WITHOUT_INTENT = "without intent"
    """A movement in the bridge's name that no intent of the journal is about."""

    DENIED = "denied"
    """A movement of an intent that the journal has as refused or not applied."""

    @property
    def of_movement(self) -> bool:
        """Whether it was found from Zuora's side."""
        return self in (Break.WITHOUT_INTENT, Break.DENIED)


@dataclass(frozen=True, slots=True)
class Expected:
    """An applied create. ``amount`` is None where the caller left it to Zuora; ``changed``: later, by the bridge."""

    intent_id: str
    scope: str
    object_type: str
    zuora_id: str
    amount: Decimal | None
    changed: bool = False


@dataclass(frozen=True, slots=True)
class Movement:
    """A payment or refund as Zuora shows it. ``markers`` are its references."""

    object_type: str
    zuora_id: str
    amount: Decimal
    status: str
    creator: str | None
    created: Instant | None
    markers: frozenset[str] = frozenset()

    @property
    def fallen(self) -> bool:
        """Whether it moved nothing, or no longer does."""
        return self.status.casefold() in _FALLEN


@dataclass(frozen=True, slots=True)
class Finding:
    """One break. ``expected`` and ``found`` are words for a person; they hold amounts."""

    kind: Break
    scope: str
    object_type: str
    zuora_id: str
    intent_id: str | None
    expected: str
    found: str

    @property
    def id(self) -> str:
        """The same for the same break in every run."""
        parts = (self.kind.value, self.scope, self.object_type, self.zuora_id, self.intent_id or "")
        return "b-" + hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:16]


def judge_intent(expected: Expected, found: Movement | None) -> Iterator[Finding]:
    """What is wrong with an applied create, given its object (None: Zuora says that there is none)."""

    def finding(kind: Break, wanted: str, seen: str) -> Finding:
        return Finding(
            kind, expected.scope, expected.object_type, expected.zuora_id, expected.intent_id, wanted, seen
        )  # fmt: skip

    wanted = "any amount" if expected.amount is None else _plain(expected.amount)
    if found is None:
        if not expected.changed:
            yield finding(Break.MISSING, wanted, "no such object")
        return
    if expected.amount is not None and found.amount != expected.amount:
        yield finding(Break.AMOUNT, wanted, _plain(found.amount))
    if found.fallen and not expected.changed:
        yield finding(Break.FALLEN, "an object that stands", found.status)


def judge_movement(scope: str, found: Movement, intents: Iterable[Intent]) -> Iterator[Finding]:
    """What is wrong with a movement in the bridge's name, given the intents that it can be of.

    ``intents`` are the creates that came to its Id, and those whose id or marker it carries. An intent that is not
    settled yet may become its own.
    """
    if found.fallen:
        return
    of_it = [each for each in intents if each.object_type == found.object_type and each.scope == scope]
    if any(each.zuora_id == found.zuora_id or each.state not in SETTLED_OTHERWISE for each in of_it):
        return
    seen = f"{_plain(found.amount)}, {found.status}"
    denied = next((each for each in of_it if each.state in DENYING), None)
    if denied is not None:
        said = f"nothing: the journal has {denied.state.name}"
        yield Finding(Break.DENIED, scope, found.object_type, found.zuora_id, denied.id, said, seen)
        return
    said, intent_id = "nothing: no intent is about it", None
    for another in of_it[:1]:
        said, intent_id = f"nothing: {another.id} came to {another.zuora_id}", another.id
    yield Finding(Break.WITHOUT_INTENT, scope, found.object_type, found.zuora_id, intent_id, said, seen)


DENYING = frozenset({State.REFUSED, State.NOT_APPLIED})
SETTLED_OTHERWISE = DENYING | {State.APPLIED}


def in_our_name(found: Movement, creators: frozenset[str]) -> bool:
    """Whether a movement was made by the bridge's client, or carries an intent's id."""
    return found.creator in creators or any(_INTENT.fullmatch(each) for each in found.markers)


def _plain(amount: Decimal) -> str:
    return format(amount.normalize(), "f")
