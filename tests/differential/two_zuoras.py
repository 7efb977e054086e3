"""Two Zuoras sown alike, one asked directly and one through a bridge, and what the same request does to each.

Ids, numbers and moments that differ by nature are written as what they stand for, and nothing else is smoothed over.
Must not know a case, nor which differences are meant.
"""

from __future__ import annotations

import re
import urllib.parse
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from differential_steps import Request, Step, action, crud, soap
from harness import Answer, World, envelope, post

ERP: Final = "erp@example.com"

_MADE = re.compile(rb'(?:<ns1:[Ii]d>|"[Ii]d":")([0-9a-f]{32})')
_NUMBER = re.compile(r"\b([PR])-(?!0000000[1-3]\b)[0-9]{8}\b")
"""The number of what was made; those of the fixture are the same on both sides."""
_OK = re.compile(rb"<ns1:Success>true</ns1:Success>|\"Success\":true")


@dataclass
class Side:
    """One of the two, as its caller sees it: an origin, a session, a token and what was made there so far."""

    world: World
    origin: str
    session: str
    token: str
    made: list[str] = field(default_factory=list)

    def resolve(self, text: str) -> str:
        """An id for ``@name`` or ``$n``; every other text as it is."""
        if text[:1] == "@" and text[1:] in self.world.names:
            return self.world.names[text[1:]]
        if text[:1] == "$" and text[1:].isdecimal():
            return self.made[int(text[1:]) - 1] if int(text[1:]) <= len(self.made) else "0" * 32
        return text

    def post(self, request: Request) -> Answer:
        """Send it here."""
        return post(self.origin + request.path, request.body, request.headers, method=request.method)


@dataclass(frozen=True)
class Seen:
    """An answer with what differs by nature taken out."""

    status: int
    headers: Mapping[str, str]
    body: str
    bridge: Mapping[str, str]


KEPT: Final = (
    "content-type",
    "retry-after",
    "cache-control",
    "pragma",
    "www-authenticate",
    "zuora-track-id",
    "location",
    "content-encoding",
    "allow",
)
"""Headers that a caller may act on."""


class Two:
    """The pair; ``zuora`` is asked directly, ``bridged`` through its bridge."""

    def __init__(self, zuora: Side, bridged: Side) -> None:
        self.zuora = zuora
        self.bridged = bridged

    @property
    def sides(self) -> tuple[Side, Side]:
        """Zuora itself first."""
        return self.zuora, self.bridged

    def control(self, path: str, given: object) -> None:
        """The same order to both Zuoras."""
        for side in self.sides:
            side.world.control(path, given)

    def forget(self) -> None:
        """What was made is no longer called ``$n``."""
        for side in self.sides:
            side.made.clear()

    def both(self, make: Callable[[Side], Request]) -> tuple[Seen, Seen]:
        """Send the same to both; Zuora's answer first."""
        first, second = (self._sent(side, make(side)) for side in self.sides)
        return first, second

    def _sent(self, side: Side, request: Request) -> Seen:
        answer = side.post(request)
        if _OK.search(answer.body) and not _deletes(request):
            # Only rows of success have an Id there, and they come in the order of the objects.
            side.made += [each.decode() for each in _MADE.findall(answer.body) if each.decode() not in side.made]
        return self.seen(side, answer)

    def seen(self, side: Side, answer: Answer) -> Seen:
        """An answer in neutral terms."""
        headers = {name.lower(): value for name, value in answer.headers}
        if headers.get("content-type", "").startswith("application/json"):
            # How Zuora spells the charset of JSON is not known, and means nothing (RFC 9110, 8.3.2).
            headers["content-type"] = headers["content-type"].lower()
        return Seen(
            answer.status,
            {name: headers[name] for name in KEPT if name in headers},
            self._neutral(side, answer.body.decode("utf-8", "backslashreplace")),
            {name: value for name, value in headers.items() if name.startswith("bridge-")},
        )

    @staticmethod
    def _neutral(side: Side, text: str) -> str:
        for place, key in enumerate(side.made, 1):
            text = text.replace(key, f"${place}")
        text = _NUMBER.sub(r"\1-number", text)
        return text.replace(side.origin, "http://zuora").replace(side.world.sandbox.url, "http://zuora")

    def ledgers(self) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """Both books in neutral terms; Zuora's first."""
        first, second = (books(side.world) for side in self.sides)
        return first, second


def _deletes(request: Request) -> bool:
    return request.method == "DELETE" or b":delete" in request.body or request.path.endswith("/delete")


@contextmanager
def two_zuoras(folder: Path, *, zuora: Mapping[str, Any] | None = None, **settings: Any) -> Iterator[Two]:
    """Start both; ``settings`` are the bridge's, ``zuora`` those of its Zuora."""
    for name in ("zuora", "bridged"):
        (folder / name).mkdir()
    with (
        World(folder / "zuora", bridges=0) as alone,
        World(folder / "bridged", zuora=zuora, **settings) as before,
    ):
        yield Two(_side(alone, alone.sandbox.url), _side(before, before.url))


def _side(world: World, origin: str) -> Side:
    login = f"<ns1:login><ns1:username>{ERP}</ns1:username><ns1:password>demo</ns1:password></ns1:login>"
    answer = post(f"{origin}/apps/services/a/107.0", envelope(login))
    session = str(answer.payload.findtext("{*}result/{*}Session"))
    form = urllib.parse.urlencode(
        {"client_id": "demo-client", "client_secret": "demo-secret", "grant_type": "client_credentials"}
    )
    headers = (("Content-Type", "application/x-www-form-urlencoded"),)
    token = re.search(rb'"access_token": ?"([^"]+)"', post(f"{origin}/oauth/token", form.encode(), headers).body)
    assert token is not None
    return Side(world, origin, session, token[1].decode())


Door = Callable[[Step, str, Side], "Request | None"]


def _by_soap11(step: Step, version: str, side: Side) -> Request:
    return soap(step, version, side.session, side.resolve)


def _by_soap12(step: Step, version: str, side: Side) -> Request:
    return soap(step, version, side.session, side.resolve, soap12=True)


def _authorized(request: Request, step: Step, side: Side) -> Request:
    token = side.token if step.session is None else step.session
    more = (("Authorization", f"Bearer {token}"),) if token else ()
    return Request(request.method, request.path, (*request.headers, *more), request.body)


def _by_action(step: Step, version: str, side: Side) -> Request | None:
    if step.raw or step.single:
        return None
    return _authorized(action(step, version, side.resolve), step, side)


def _by_crud(step: Step, version: str, side: Side) -> Request | None:
    rows = step.ids if step.op == "delete" else step.objects
    if step.raw or step.single or len(rows) != 1:
        return None
    if step.op == "update" and not isinstance(step.objects[0].get("Id"), str):
        return None
    return _authorized(crud(step, version, side.resolve), step, side)


DOORS: Final[Mapping[str, Door]] = {
    "soap11": _by_soap11,
    "soap12": _by_soap12,
    "action": _by_action,
    "crud": _by_crud,
}


# ------------------------------------------------------------------ the books


def books(world: World) -> Mapping[str, Any]:
    """Everything that a tenant holds, by names that are the same on both sides."""
    given = world.ledger()
    names = {key: name for name, key in given["names"].items()}
    made = {"payments": "payment", "refunds": "refund"}
    for shelf, word in made.items():
        fresh = [one for one in given[shelf] if one["name"] is None]
        # Requests of one call may be carried out in any order, so what was made is told by its content.
        seen: Counter[str] = Counter()
        for one in sorted(fresh, key=_content):
            comment = f"{word} {one['comment']}"
            seen[comment] += 1
            names[one["id"]] = f"{comment} #{seen[comment]}"
    shelves = ("accounts", "invoices", "debitMemos", "creditMemos", "payments", "refunds")
    told: dict[str, Any] = {
        shelf: {names.get(one["id"], one["number"]): _neutral(one, names) for one in given[shelf]} for shelf in shelves
    }
    return {**told, "violations": given["violations"]}


_BY_NATURE: Final = frozenset({"id", "name", "number", "createdDate"})
_UNSORTED: Final = _BY_NATURE | {"parts", "paymentId", "createdById"}


def _content(one: Mapping[str, Any]) -> str:
    plain = {name: value for name, value in one.items() if name not in _UNSORTED}
    amounts = sorted(str(part["amount"]) for part in one["parts"])
    return f"{one['comment']} {sorted((name, str(value)) for name, value in plain.items())} {amounts}"


def _neutral(one: Mapping[str, Any], names: Mapping[str, str]) -> Mapping[str, Any]:
    made = one.get("name") is None
    plain = {name: value for name, value in one.items() if not (made and name in _BY_NATURE)}
    return {name: _named(value, names, made=made) for name, value in plain.items()}


def _named(value: Any, names: Mapping[str, str], *, made: bool) -> Any:
    if isinstance(value, str):
        # The gateway's order id is the payment's number where the caller gave none.
        return names.get(value) or _NUMBER.sub(r"\1-number", value)
    if isinstance(value, list):
        parts = [_named(each, names, made=made) for each in value]
        return sorted(parts, key=str) if all(isinstance(each, dict) for each in parts) else parts
    if isinstance(value, dict):
        # Parts come and go with what is applied; their own ids say nothing.
        return {
            names.get(name, name): _named(each, names, made=made)
            for name, each in value.items()
            if not (name == "id" and each not in names)
        }
    return value
