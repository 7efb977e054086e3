"""Calls that nobody knows the end of, in the admin API: ``GET doubt``, and a person's word, ``POST doubt/resolve``.

A person says what became of a call, never makes the bridge send something. Must not hold a rule of settling.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bridge.admin.asking import Answer, Answers, Asked, Wrong, author_of, body_of, looks, operates
from bridge.admin.evidence import Knowing, case_of, living
from bridge.admin.missing import following, missing
from bridge.admin.record import Record
from bridge.admin.terms import call_json
from bridge.core.intent import State
from bridge.journal import Journal
from bridge.journal.operator import RESOLVABLE, VERDICTS, Verdict
from bridge.journal.reading import Reader
from bridge.journal.searching import carried, oldest_open, requests, whole

MOST = 200


class DoubtDesk:
    """Lists the oldest first, with what each lacks; records what a person found out."""

    def __init__(self, record: Record, journal: Journal, knowing: Callable[[], Knowing]) -> None:
        self._record = record
        self._journal = journal
        self._knowing = knowing

    def answers(self) -> Answers:
        """What it answers."""
        return {("GET", "doubt"): looks(self._show), ("POST", "doubt/resolve"): operates(self._resolve)}

    async def _show(self, _asked: Asked) -> Answer:
        knowing = self._knowing()
        return 200, await self._record.read(lambda reader: rows(reader, knowing))

    async def _resolve(self, asked: Asked) -> Answer:
        body = body_of(asked)
        intent_id, state, zuora_id = body.get("intent"), body.get("state"), body.get("zuoraId")
        if not isinstance(intent_id, str) or not intent_id:
            raise Wrong(400, {"error": "intent is needed: the id of a call."})
        targets = {each.name: each for each in VERDICTS}
        if not isinstance(state, str) or state not in targets:
            raise Wrong(400, {"error": f"state is one of {', '.join(sorted(targets))}."})
        if zuora_id is not None and not isinstance(zuora_id, str):
            raise Wrong(400, {"error": "zuoraId is a text, or absent."})
        reason, by = author_of(asked, body)
        dry = body.get("dryRun") is True
        if not await self._journal.intents([intent_id]):
            raise Wrong(404, {"error": "The journal has no such intent; its id stands in the header Bridge-Intent."})
        verdict = Verdict(intent_id, targets[state], zuora_id or None, reason, by)
        why = await self._journal.operator.resolve(verdict, dry=dry)
        if why is not None:
            raise Wrong(409, {"error": f"{why[:1].upper()}{why[1:]}; nothing was changed."})
        return 200, {"intent": intent_id, "state": state, "zuoraId": verdict.zuora_id, "done": not dry}


def rows(reader: Reader, knowing: Knowing) -> dict[str, Any]:
    """The oldest ``MOST`` of them; ``age`` in milliseconds since they came in."""
    found = oldest_open(reader, RESOLVABLE, MOST + 1)
    shown = found[:MOST]
    sent = requests(reader, [each.id for each in shown])
    ids = carried(reader, list({each.dispatch.id for some in sent.values() for each in some}))
    alive = living(reader, knowing)
    told = []
    for one in shown:
        dispatches = [whole(each, ids[each.dispatch.id]) for each in sent[one.id]]
        case = case_of(one, sent[one.id], dispatches, knowing, alive)
        told.append(
            {
                **call_json(one, case.asked),
                "age": max(0, knowing.zuora_now - one.created_at),
                "missing": missing(case),
                "next": following(case),
            }
        )
    return {"rows": told, "more": len(found) > MOST, "parked": sum(each.state is State.PARKED for each in shown)}
