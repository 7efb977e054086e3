"""When are two calls the same act: fingerprints, ordinals, generations and the keys made of them.

An identity is (scope, fingerprint, ordinal, generation). The exact fingerprint covers the operation and every field
after normalising: dates cut to the day, decimals reduced, nil removed, order of elements ignored. Pure hashing; the
journal finds and stores (``journal``), ``conduct`` decides what a match means.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Sequence

from bridge.core import versions
from bridge.core.mapping.lexical import reduced
from bridge.core.model import Op, ZObject

JOIN_AFTER_DELIVERY_MS = 15 * 60 * 1000
"""How long a delivered answer is still joined: longer than any legacy stack's retry loop, shorter than the next
genuine payment of the same amount that a clerk enters."""

TWIN_MS = 72 * 60 * 60 * 1000
"""How long after its delivery an equal call is a twin, about which the caller's policy decides: a file that is sent
again after a weekend is still caught."""

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
    return hashlib.sha256("\x1f".join(map(str, parts)).encode()).hexdigest()


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
