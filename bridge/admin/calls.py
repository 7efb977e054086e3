"""Calls in the admin API: searched, one with all its evidence, and the same for an auditor with a digest of itself.

``GET calls``, ``GET calls/{intent}``, ``GET calls/{intent}/export``. Must not change anything.
"""

from __future__ import annotations

import enum
import hashlib
import json
from collections.abc import Callable
from typing import Any, TypeVar

from bridge.admin.asking import Answer, Answers, Asked, Wrong, looks, number_in
from bridge.admin.evidence import Knowing, evidence
from bridge.admin.record import Record
from bridge.admin.search import Found, Sought, search
from bridge.admin.terms import call_json
from bridge.core.intent import State
from bridge.core.model import Instant, Op, Route
from bridge.journal.reading import Reader, Wanted
from bridge.journal.searching import Place

MOST = 500
LONGEST = 255

Member = TypeVar("Member", bound=enum.Enum)


class CallsDesk:
    """Reads by ``record``; ``knowing`` is what the sentences about doubt need beside the journal."""

    def __init__(self, record: Record, knowing: Callable[[], Knowing]) -> None:
        self._record = record
        self._knowing = knowing

    def answers(self) -> Answers:
        """What it answers."""
        return {
            ("GET", "calls"): looks(self._search),
            ("GET", "calls/"): looks(self._one),
            ("GET", "calls//export"): looks(self._export),
        }

    async def _search(self, asked: Asked) -> Answer:
        wanted, sought = wanted_of(asked), _sought_of(asked)
        limit = number_in(asked, "limit", 50, MOST)
        after = None
        if text := asked.query.get("before"):
            after = Place.parse(text)
            if after is None:
                raise Wrong(400, {"error": "before is the next of an earlier answer."})
        found = await self._record.read(lambda reader: search(reader, wanted, sought, limit=limit, after=after))
        return 200, found_json(found)

    async def _one(self, asked: Asked) -> Answer:
        return 200, await self._evidence(asked.name)

    async def _export(self, asked: Asked) -> Answer:
        told = await self._evidence(asked.path.split("/")[-2])
        told["digest"] = digest(told)
        return 200, told

    async def _evidence(self, intent_id: str) -> dict[str, Any]:
        knowing = self._knowing()

        def look(reader: Reader) -> dict[str, Any] | None:
            one = reader.intent(intent_id)
            return None if one is None else evidence(reader, one, knowing)

        told = await self._record.read(look)
        if told is None:
            raise Wrong(404, {"error": "The journal has no such intent; its id stands in the header Bridge-Intent."})
        return told


def digest(told: dict[str, Any]) -> str:
    """SHA-256 over everything but itself: of its JSON with sorted keys, ASCII, without blanks between."""
    rest = {name: value for name, value in told.items() if name != "digest"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def found_json(found: Found) -> dict[str, Any]:
    """What a search answers."""
    return {
        "calls": [call_json(one, asked) for one, asked in found.calls],
        "next": str(found.next) if found.next is not None else None,
        "searched": {"rows": found.rows, "from": found.since, "until": found.until},
        "complete": found.next is None,
    }


def wanted_of(asked: Asked) -> Wanted:
    """What the database is to look for; raises ``Wrong``."""
    state = _one_of(asked, "state", State)
    return Wanted(
        states=frozenset({state} if state is not None else ()),
        caller=_text(asked, "caller"),
        op=_one_of(asked, "operation", Op),
        object_type=_text(asked, "object"),
        route=_one_of(asked, "route", Route),
        zuora_id=_text(asked, "zuora_id"),
        since=_moment(asked, "since"),
        until=_moment(asked, "until"),
    )


def _sought_of(asked: Asked) -> Sought:
    names = ("account", "document", "amount", "reference")
    try:
        return Sought.parse(*(_text(asked, name) for name in names))
    except ValueError as error:
        raise Wrong(400, {"error": f"{error}."}) from None


def _text(asked: Asked, name: str) -> str | None:
    text = asked.query.get(name, "").strip()
    if len(text) > LONGEST or "\0" in text:
        raise Wrong(400, {"error": f"{name} has at most {LONGEST} characters."})
    return text or None


def _moment(asked: Asked, name: str) -> Instant | None:
    text = asked.query.get(name, "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 15):
        raise Wrong(400, {"error": f"{name} is a moment in milliseconds since 1970."})
    return int(text)


def _one_of(asked: Asked, name: str, kind: type[Member]) -> Member | None:
    text = asked.query.get(name, "").strip()
    if not text:
        return None
    try:
        return kind(text.lower())
    except ValueError:
        known = ", ".join(str(each.value) for each in kind)
        raise Wrong(400, {"error": f"{name} is one of {known}."}) from None
