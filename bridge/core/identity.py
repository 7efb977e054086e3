"""When are two calls the same act: fingerprints, message ids, ordinals, generations and the keys made of them.

An identity is (scope, fingerprint, ordinal, generation). The exact fingerprint covers the operation and every field
after normalising: dates cut to the day, decimals reduced, nil removed, order of elements ignored. Where the caller's
configuration says that a message id or a field identifies, a hash of that stands in the fingerprint's place. Pure
hashing; the journal finds and stores (``journal``), ``conduct`` decides what a match means (``near`` has the near
fingerprint).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from bridge.core import versions
from bridge.core.mapping.lexical import reduced
from bridge.core.model import Call, Caller, Message, Op, Tenant, ZObject
from bridge.core.near import near_fingerprint

JOIN_AFTER_DELIVERY_MS = 15 * 60 * 1000
"""How long a delivered answer is still joined: longer than any legacy stack's retry loop, shorter than the next
genuine payment of the same amount that a clerk enters."""

TWIN_MS = 72 * 60 * 60 * 1000
"""How long after its delivery an equal call is a twin, about which the caller's policy decides: a file that is sent
again after a weekend is still caught."""

MESSAGE_KINDS = ("Idempotency-Key", "wsa:MessageID", "sap:GUID")
"""The kinds of message id, in the order in which one of a call's is taken."""

MAX_OBJECTS = 50
"""Objects per create, update or delete (Zuora: create() call)."""

LONGEST_ID = 255
"""Characters of a message id; a longer one counts as none (Zuora's own keys are as long at most)."""

DATES = frozenset[str]().union(*versions.DATES.values())
AMOUNTS = frozenset({"Amount", "AppliedInvoiceAmount", "AppliedCreditBalanceAmount", "RefundAmount"})
_NORMALISED = DATES | AMOUNTS
_ENCODE = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_DAY = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(T[0-9:.]+)?(Z|[+-][0-9]{2}:[0-9]{2})?\Z")


def _normal(name: str, text: str) -> str:
    """The value in its one spelling; what is no value of its type stays as it is, so that it equals only itself."""
    if name in AMOUNTS:
        return reduced(text) or text
    if name in DATES and (day := _DAY.match(text.strip())):
        return day[1]
    return text


def _canonical(obj: ZObject) -> list[object]:
    fields = sorted([(name, _normal(name, text) if name in _NORMALISED else text) for name, text in obj.fields.items()])
    # The order of rows in a container carries no meaning in Zuora (a payment's parts are a set).
    children = (
        sorted((name, sorted((_canonical(row) for row in rows), key=json.dumps)) for name, rows in obj.children.items())
        if obj.children
        else []
    )
    return [obj.type, fields, children, sorted(obj.nulls), sorted(obj.verbatim.items())]


def fingerprint(op: Op, obj: ZObject) -> str:
    """The exact fingerprint of one object: 64 hex characters."""
    text = _ENCODE([op.value, _canonical(obj)])
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def ordinals(fingerprints: Sequence[str]) -> tuple[int, ...]:
    """The place of each object among the equal objects of its call: equal objects of one call are distinct acts."""
    seen: Counter[str] = Counter()
    places = []
    for each in fingerprints:
        places.append(seen[each])
        seen[each] += 1
    return tuple(places)


def _digest(*parts: object) -> str:
    return hashlib.sha256("\x1f".join(map(str, parts)).encode("utf-8", "surrogatepass")).hexdigest()


def harvested(call: Call, found: Mapping[str, str]) -> Call:
    """The call with the message ids it came with, by kind, as hashes. An update or delete has no use for them: it joins
    while unsettled only."""
    ids = {kind: _digest("message", kind, text) for kind, text in found.items() if 0 < len(text) <= LONGEST_ID}
    if not ids or call.op is not Op.CREATE:
        return call
    content = _ENCODE([call.type, call.single_transaction, [_canonical(obj) for obj in call.objects]])
    return replace(call, message=Message(ids, _digest("content", content)))


@dataclass(frozen=True, slots=True)
class Act:
    """What one object of a call is the same as.

    ``fingerprint`` is its identity: the exact one or, where the caller's configuration has a key for it, that of its
    key. ``exact`` is the exact one, ``near`` a create's near one. Behind ``key`` an intent with the same ``content`` is
    joined however late; ``keyed`` says that nothing else is, and that another content under the key is refused.
    """

    exact: str
    fingerprint: str
    near: str | None = None
    key: str | None = None
    content: str | None = None
    keyed: bool = False

    @property
    def alias(self) -> str | None:
        """The other name that an intent of this act is found by."""
        return self.exact if self.keyed else self.key

    @property
    def by_message(self) -> bool:
        """Whether a message id is its identity, which stands for the whole call."""
        return self.keyed and self.content != self.exact

    @property
    def names(self) -> tuple[str, ...]:
        """The names of intents that it may join, the surest first."""
        keys = (self.key,) if self.key is not None else ()
        return keys if self.keyed else (*keys, self.exact)


def acts(call: Call, caller: Caller, tenant: Tenant) -> list[Act]:
    """The acts of a call, one for each object. Only creates have keys and near fingerprints."""
    exact = [fingerprint(call.op, obj) for obj in call.objects]
    if call.op is not Op.CREATE:
        return [Act(each, each) for each in exact]
    message, keyed = _message_id(call, caller)
    made = []
    for position, (obj, each) in enumerate(zip(call.objects, exact, strict=True)):
        near = near_fingerprint(obj, tenant)
        value = obj.word(caller.unique_field) if caller.unique_field is not None else None
        if value is not None:
            key = _digest("field", _whose(caller), call.type, caller.unique_field, value)
            made.append(Act(each, key, near, key, each, keyed=True))
        elif call.message is not None:
            place = call.places[position] if call.places else position
            key = _object_key(caller, message, place)
            made.append(Act(each, key if keyed else each, near, key, call.message.content, keyed=keyed))
        else:
            made.append(Act(each, each, near))
    return made


def message_keys(call: Call, caller: Caller) -> tuple[str, ...]:
    """The keys of all objects that a message with this id may ever have held; none unless the id identifies."""
    message, keyed = _message_id(call, caller)
    return tuple(_object_key(caller, message, place) for place in range(MAX_OBJECTS)) if keyed else ()


def _message_id(call: Call, caller: Caller) -> tuple[str, bool]:
    """The hash of the call's message id, and whether this caller's configuration says that it identifies."""
    if call.message is None or call.op is not Op.CREATE:
        return "", False
    ids = call.message.ids
    found = next((ids[kind] for kind in caller.message_ids if kind in ids), None)
    return (found, True) if found is not None else (next(ids[kind] for kind in MESSAGE_KINDS if kind in ids), False)


def _object_key(caller: Caller, message: str, place: int) -> str:
    return _digest("object", _whose(caller), message, place)


def _whose(caller: Caller) -> str:
    """What a caller says of its ids is true of its own."""
    return caller.name or caller.username


@dataclass(frozen=True, slots=True)
class Identity:
    """Which intent an object becomes: its act, its place among equals, its generation, its place among near ones."""

    act: Act
    ordinal: int = 0
    generation: int = 0
    near_place: int = 0


def intent_id(scope: str, each: str, ordinal: int, generation: int) -> str:
    """The id of the intent with this identity. Also fit for Zuora-Track-Id: no ``: ; " '`` and under 64 characters."""
    return "i-" + _digest("intent", scope, each, ordinal, generation)[:30]


def upstream_key(scope: str, each: str, ordinal: int, generation: int, step: int, attempt: int) -> str:
    """The Idempotency-Key of one attempt of one step (Zuora: Idempotent requests; fewer than 255 characters)."""
    return _digest("key", scope, each, ordinal, generation, step, attempt)


def batch_key(intent_ids: Sequence[str]) -> str:
    """The Idempotency-Key of an Action with these intents."""
    return _digest("batch", *intent_ids)


def dispatch_id(intent_ids: Sequence[str], step: int, attempt: int) -> str:
    """The id of the dispatch that carries these intents in this step and attempt."""
    return "d-" + _digest("dispatch", *intent_ids, step, attempt)[:30]
