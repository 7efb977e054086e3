"""One call's evidence, complete and redacted: what came in, why it went its way, what was sent, answered and told.

With its timeline, the audit's verdict on the rows about it, what is missing and what happens next. Must not judge:
``journal.proving`` does the audit, ``admin.missing`` the sentences.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from bridge.admin.missing import Case, following, missing
from bridge.admin.terms import asked_for, call_json
from bridge.core.intent import Dispatch, Intent
from bridge.core.model import NOTHING, Instant
from bridge.cutover.explain import of_intent
from bridge.cutover.standing import of
from bridge.journal import survey
from bridge.journal.chain import Row
from bridge.journal.proving import prove
from bridge.journal.reading import Reader
from bridge.journal.searching import Request, carried, of_call, other_attempts, requests, whole
from bridge.journal.told import request_lines
from bridge.telemetry.redact import redact, redact_text

NOTES = (
    "The caller's own message is not kept; what it asked for stands in the requests that were made of it.",
    "Of an answer its verdict is kept, not its bytes. A repeat that joined this call leaves no trace of its own.",
)

_MOVES = {
    "in_doubt": "nobody knows whether it was done",
    "parked": "it waits for a person",
    "applied": "it was done",
    "refused": "it was refused",
    "not_applied": "it was proved not to be done",
    "sending": "it is sent anew",
}


@dataclass(frozen=True, slots=True)
class Knowing:
    """What the sentences need beside the journal: Zuora's time, this machine's, and two settings."""

    zuora_now: Instant
    now: Instant
    visibility_seconds: int
    zone: tzinfo


def evidence(reader: Reader, one: Intent, knowing: Knowing) -> dict[str, Any]:
    """All of it as JSON; moments in milliseconds since 1970."""
    found = requests(reader, [one.id])[one.id]
    ids = carried(reader, [each.dispatch.id for each in found])
    dispatches = [whole(each, ids[each.dispatch.id]) for each in found]
    rows = reader.history(one.id)
    proved = prove(reader, rows)
    case = case_of(one, found, dispatches, knowing, living(reader, knowing))
    return {
        **call_json(one, case.asked),
        "why": of_intent(one, dispatches, [of(each) for each in reader.revisions()]).whole,
        "dispatches": [_dispatch(request, each) for request, each in zip(found, dispatches, strict=True)],
        "timeline": _timeline(one, dispatches, rows),
        "siblings": [_short(each) for each in of_call(reader, one)],
        "joins": [_short(each) | {"generation": each.generation} for each in other_attempts(reader, one)],
        "audit": {
            "verdict": proved.proof.value,
            "rows": proved.rows,
            "chains": proved.chains,
            "wrong": list(proved.wrong),
        },
        "missing": [*_unreadable(found), *missing(case)],
        "next": following(case),
        "notes": list(NOTES),
    }


def case_of(
    one: Intent, found: Sequence[Request], dispatches: Sequence[Dispatch], knowing: Knowing, alive: frozenset[str]
) -> Case:
    """What the sentences are about."""
    return Case(
        one,
        dispatches,
        asked_for(one, found),
        knowing.zuora_now,
        knowing.visibility_seconds,
        knowing.zone,
        one.owner.split("/")[0] in alive,
        all(each.readable for each in found),
    )


def living(reader: Reader, knowing: Knowing) -> frozenset[str]:
    """The processes that live."""
    return frozenset(each.id for each in survey.processes(reader, knowing.now) if each.alive)


def _unreadable(found: Sequence[Request]) -> Iterator[str]:
    for each in found:
        if not each.readable:
            yield (
                f"The bytes of {each.dispatch.id} do not open under this journal's key, so what was sent is not shown "
                "and nothing follows from it."
            )


def _dispatch(request: Request, one: Dispatch) -> dict[str, Any]:
    return {
        "id": one.id,
        "route": one.route.value,
        "operation": one.op.value,
        "step": one.step,
        "attempt": one.attempt,
        "key": one.key,
        "marker": redact_text(one.marker) if one.marker is not None else None,
        "place": request.place,
        "intents": list(one.intent_ids),
        "recorded": one.recorded_at,
        "firstSent": one.first_sent_at,
        "lastSent": one.last_sent_at,
        "answered": one.answered_at,
        "verdict": redact_text(one.verdict) if one.verdict is not None else None,
        "httpStatus": request.status,
        "request": request_lines(one) if request.readable else None,
        "answer": None,
    }


def _short(one: Intent) -> dict[str, Any]:
    return {
        "intent": one.id,
        "position": one.position,
        "object": one.object_type,
        "operation": one.op.value,
        "route": one.route.value if one.route is not None else None,
        "state": one.state.name,
        "zuoraId": one.zuora_id,
        "created": one.created_at,
    }


# ---------------------------------------------------------------- the timeline


def _timeline(one: Intent, dispatches: Sequence[Dispatch], rows: Sequence[Row]) -> list[dict[str, Any]]:
    events = [*_came(one), *_sent(dispatches), *(_audited(each) for each in rows)]
    # Of what happened in one millisecond, in the order of what leads to what.
    return sorted(events, key=lambda each: each["at"])


def _event(
    at: Instant, kind: str, text: str, by: str | None = None, detail: Mapping[str, Any] = NOTHING
) -> dict[str, Any]:
    return {"at": at, "kind": kind, "text": text, "detail": redact(detail), "by": by}


def _came(one: Intent) -> Iterator[dict[str, Any]]:
    yield _event(one.created_at, "received", f"{one.object_type}.{one.op.value} came in from {redact_text(one.caller)}")
    if one.delivered_at is not None:
        yield _event(one.delivered_at, "delivered", "the caller's side took the answer's last byte")


def _sent(dispatches: Sequence[Dispatch]) -> Iterator[dict[str, Any]]:
    for each in dispatches:
        of = {"dispatch": each.id}
        what = f"{each.route.value} request, step {each.step}, attempt {each.attempt}"
        yield _event(each.recorded_at, "recorded", f"{what}: recorded before a byte of it was sent", detail=of)
        if each.first_sent_at is not None:
            yield _event(each.first_sent_at, "sent", f"{what}: sent", detail=of)
        if each.last_sent_at is not None and each.last_sent_at != each.first_sent_at:
            yield _event(each.last_sent_at, "sent", f"{what}: the same bytes again", detail=of)
        if each.answered_at is not None:
            said = f"{what}: {each.verdict or 'no verdict'}"
            yield _event(each.answered_at, "answered", redact_text(said), detail=of)


def _audited(row: Row) -> dict[str, Any]:
    detail: dict[str, Any] = json.loads(row.detail)
    match row.kind:
        case "move":
            to = str(detail.get("to"))
            text = f"{to.upper()}: {_MOVES.get(to, 'it moved')}"
        case "adopt":
            text = "another process took it over"
        case "resolve":
            text = f"{detail.get('by')} settled it as {str(detail.get('to')).upper()}: {detail.get('reason')}"
        case _:
            text = row.kind
    by = detail.get("by")
    return _event(row.at, row.kind, redact_text(text), redact_text(by) if isinstance(by, str) else row.writer, detail)
