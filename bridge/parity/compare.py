"""Two answers to one call, and two books behind them: everything that differs, each with its path and its kind.

Contract: pure; ``answers(x, x)`` is empty; two answers for which it is empty are equal byte for byte but for what
``Neutral`` takes out. Money in books is compared as decimals, at zero tolerance. Must not send anything and must not
know which differences are accepted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from lxml import etree

from bridge.contract.contract import Contract
from bridge.parity import leaves, messages
from bridge.parity.envelope import local, parse, payload
from bridge.parity.json_walk import JsonWalk
from bridge.parity.terms import Answer, Difference, Kind, ParityError
from bridge.parity.trees import Walk

HEADERS = (
    "content-type",
    "retry-after",
    "cache-control",
    "pragma",
    "content-encoding",
    "www-authenticate",
    "allow",
    "location",
)
"""Headers that a caller may act on; Date, Server, framing and the bridge's own are the transport's."""

MONEY = frozenset({"amount", "balance", "appliedAmount", "unappliedAmount", "refundAmount", "currency"})
DAYS = frozenset({"effectiveDate", "refundDate"})

_WORD = re.compile(r"[0-9a-zA-Z][0-9a-zA-Z-]*")
_SESSION = re.compile(r"(<(?:[\w.-]+:)?session(?:\s[^<>]*)?>)[^<]*(?=<)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Neutral:
    """What is different by nature on one side: its ids and numbers by what they stand for, and its origins."""

    names: Mapping[str, str] = field(default_factory=dict)
    origins: tuple[str, ...] = ()

    def text(self, given: str) -> str:
        """The text with those taken out."""
        for origin in self.origins:
            given = given.replace(origin, "http://side")
        given = _SESSION.sub(r"\1{session}", given)
        if not self.names:
            return given
        return _WORD.sub(lambda found: self.names.get(found[0], found[0]), given)


class Comparison:
    """Compares by one contract; safe to share."""

    def __init__(self, contract: Contract) -> None:
        self._walk = Walk(contract)
        self._json = JsonWalk(contract)

    def answers(self, left: Answer, right: Answer, ours: Neutral, theirs: Neutral) -> list[Difference]:
        """Every difference of two answers."""
        if left.trouble or right.trouble:
            if bool(left.trouble) == bool(right.trouble):
                return []
            return [Difference("answer", Kind.SILENCE, left.trouble or "answered", right.trouble or "answered")]
        found = list(_heads(left, right))
        one, other = ours.text(_decoded(left)), theirs.text(_decoded(right))
        if one == other:
            return found
        if _is_json(one) and _is_json(other):
            return [*found, *self._json_bodies(one, other)]
        try:
            trees = parse(one.encode()), parse(other.encode())
        except ParityError:
            return [*found, Difference("body", Kind.TEXT, one[:300], other[:300])]
        inside = list(self._bodies(*trees))
        before = [text.partition(f"<{_opening(tree)}")[0] for text, tree in zip((one, other), trees, strict=True)]
        if before[0] != before[1]:
            inside.append(Difference("declaration", Kind.TEXT, before[0], before[1]))
        if not inside:
            # Whatever it is, it is not the same bytes, and the wire shape is frozen.
            inside.append(Difference("body", Kind.TEXT, *_parted(one, other)))
        return [*found, *inside]

    def _json_bodies(self, one: str, other: str) -> list[Difference]:
        try:
            inside = list(self._json.differences(messages.parse(one), messages.parse(other)))
        except ParityError:
            return [Difference("body", Kind.TEXT, one[:300], other[:300])]
        # Blanks between values and escapes in texts are the serialiser's, but they are not the same bytes.
        return inside or [Difference("body", Kind.TEXT, *_parted(one, other))]

    def _bodies(self, left: etree._Element, right: etree._Element) -> Iterator[Difference]:
        frames = [[local(each) for each in tree] for tree in (left, right)]
        if left.tag != right.tag or left.prefix != right.prefix:
            yield Difference("Envelope", Kind.PREFIX, _opening(left), _opening(right))
        if frames[0] != frames[1]:
            yield Difference("Envelope/*", Kind.CARDINALITY, " ".join(frames[0]), " ".join(frames[1]))
        one, other = payload(left), payload(right)
        if one is None or other is None:
            if (one is None) != (other is None):
                kind = Kind.EXTRA if one is None else Kind.MISSING
                yield Difference("Body", kind, "" if one is None else local(one), "" if other is None else local(other))
            return
        if local(one) != local(other):
            yield Difference("Body/*", Kind.TYPE, local(one), local(other))
            return
        yield from self._walk.differences(one, other)


def books(left: object, right: object, path: str = "", name: str = "") -> Iterator[Difference]:
    """Every difference of two books in neutral terms: mappings by key, rows by place, leaves as what they are."""
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        for key in dict.fromkeys((*left, *right)):
            inner = f"{path}/{key}" if path else str(key)
            if key not in left or key not in right:
                kind = Kind.MISSING if key in left else Kind.EXTRA
                one, other = (_told(side.get(key)) for side in (left, right))
                yield Difference(inner, kind, one, other, money=True)
            else:
                yield from books(left[key], right[key], inner, str(key))
    elif isinstance(left, list) and isinstance(right, list):
        if len(left) != len(right):
            yield Difference(path, Kind.CARDINALITY, str(len(left)), str(len(right)), money=True)
        for place, (one, other) in enumerate(zip(left, right, strict=False)):
            yield from books(one, other, f"{path}[{place}]", name)
    elif left != right:
        yield _leaf(left, right, path, name)


def _leaf(left: object, right: object, path: str, name: str) -> Difference:
    one, other = _told(left), _told(right)
    if left in (None, "") and right in (None, ""):
        return Difference(path, Kind.NIL, one, other)
    numbers = [leaves.decimal(str(each)) for each in (left, right)]
    # Keys of a mapping of items are ids or names; their values are amounts.
    money = name in MONEY or name in DAYS or "/items/" in path or "/memoItems/" in path
    if isinstance(numbers[0], Decimal) and numbers[0] == numbers[1]:
        return Difference(path, Kind.PRECISION, one, other)
    if left is None or right is None:
        return Difference(path, Kind.EXTRA if left is None else Kind.MISSING, one, other, money)
    return Difference(path, Kind.VALUE, one, other, money)


def _told(value: object) -> str:
    return "" if value is None else str(value)[:300]


def _heads(left: Answer, right: Answer) -> Iterator[Difference]:
    if left.status != right.status:
        yield Difference("HTTP", Kind.STATUS, str(left.status), str(right.status))
    for name in HEADERS:
        one, other = left.headers.get(name, ""), right.headers.get(name, "")
        if name == "content-type" and one.lower().startswith("application/json"):
            # RFC 9110, 8.3.1: neither a media type nor its charset goes by case.
            one, other = one.lower(), other.lower()
        if one != other:
            yield Difference(f"header/{name}", Kind.HEADER, one, other)


def _decoded(answer: Answer) -> str:
    return answer.body.decode("utf-8", "backslashreplace")


def _is_json(text: str) -> bool:
    return text.lstrip()[:1] in ("{", "[")


def _opening(tree: etree._Element) -> str:
    return f"{tree.prefix}:{local(tree)}" if tree.prefix else local(tree)


def _parted(one: str, other: str) -> tuple[str, str]:
    """Where two texts part, with a little before it."""
    at = next((place for place, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]), 0)
    start = max(0, at - 40)
    return one[start : at + 80], other[start : at + 80]
