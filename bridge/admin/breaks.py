"""Reconciliation's breaks in the admin API: ``GET breaks``, and what a person says of one.

``POST breaks/assign`` gives it an owner, ``POST breaks/accept`` closes it as right. Must not compare anything.
"""

from __future__ import annotations

from typing import Any

from bridge.admin.asking import Answer, Answers, Asked, Person, Wrong, author_of, body_of, looks, operates
from bridge.admin.record import Record
from bridge.core.model import Instant
from bridge.journal import Journal
from bridge.journal.audit import now
from bridge.journal.discrepancies import Kept
from bridge.telemetry.redact import redact_text

MOST = 500


class BreaksDesk:
    """Lists the oldest first; open ones, or with ``?closed=1`` all."""

    def __init__(self, record: Record, journal: Journal) -> None:
        self._record = record
        self._journal = journal

    def answers(self) -> Answers:
        """What it answers."""
        return {
            ("GET", "breaks"): looks(self._show),
            ("POST", "breaks/assign"): operates(self._assign),
            ("POST", "breaks/accept"): operates(self._accept),
        }

    async def _show(self, asked: Asked) -> Answer:
        still_open = asked.query.get("closed") != "1"
        found = await self._record.read(lambda reader: reader.breaks(still_open=still_open, limit=MOST + 1))
        at = now()
        return 200, {"breaks": [break_json(each, at) for each in found[:MOST]], "more": len(found) > MOST}

    async def _assign(self, asked: Asked) -> Answer:
        body = body_of(asked)
        break_id, to = _named(body.get("break")), body.get("to")
        if not isinstance(to, str) or not to.strip():
            raise Wrong(400, {"error": "to is needed: who is to look at it."})
        dry = body.get("dryRun") is True
        by = _signed(asked.person, body.get("by"))
        _refused(await self._journal.operator.assign(break_id, to.strip(), by, dry=dry))
        return 200, {"break": break_id, "owner": redact_text(to.strip()), "done": not dry}

    async def _accept(self, asked: Asked) -> Answer:
        body = body_of(asked)
        break_id = _named(body.get("break"))
        reason, by = author_of(asked, body)
        dry = body.get("dryRun") is True
        _refused(await self._journal.operator.accept(break_id, reason, by, dry=dry))
        return 200, {"break": break_id, "reason": redact_text(reason), "done": not dry}


def _named(text: object) -> str:
    if not isinstance(text, str) or not text.strip():
        raise Wrong(400, {"error": "break is needed: the id of a break."})
    return text.strip()


def _signed(person: Person, by: object) -> str:
    """Who assigns it; it takes no reason."""
    if not person.shared or not isinstance(by, str) or not by.strip():
        return person.name
    return by.strip()


def _refused(why: str | None) -> None:
    if why is not None:
        raise Wrong(409, {"error": f"{why[:1].upper()}{why[1:]}; nothing was changed."})


def break_json(one: Kept, at: Instant) -> dict[str, Any]:
    """A break; moments and ``age`` in milliseconds by this machine's clock."""
    return {
        "break": one.id,
        "kind": one.kind,
        "object": one.object_type,
        "zuoraId": one.zuora_id,
        "intent": one.intent_id,
        "expected": redact_text(one.expected),
        "found": redact_text(one.found),
        "since": one.found_at,
        "seen": one.seen_at,
        "age": max(0, (one.closed_at or at) - one.found_at),
        "owner": one.owner,
        "closed": one.closed_at,
        "closedBy": one.closed_by,
        "reason": one.reason,
    }
