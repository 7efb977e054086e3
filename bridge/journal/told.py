"""The journal's intents, requests and audit rows as JSON, for people: the terminal, the admin API, an auditor.

Everything that leaves here is redacted. Must not read a journal.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, cast

from bridge.core.intent import Dispatch, Intent
from bridge.core.model import Instant
from bridge.journal.chain import Row
from bridge.telemetry.redact import redact, redact_text


def iso(at: Instant | None, *, seconds: bool = False) -> str | None:
    """``2026-02-20T18:00:00.000Z``, or in whole ``seconds``."""
    if at is None:
        return None
    try:
        return datetime.fromtimestamp(at // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S") + (
            "Z" if seconds else f".{at % 1000:03}Z"
        )
    except (ValueError, OverflowError, OSError):
        return str(at)


def intent_as_json(one: Intent) -> dict[str, Any]:
    """An intent, with the text of its errors redacted."""
    return {
        "id": one.id,
        "state": one.state.name,
        "object": one.object_type,
        "operation": one.op.value,
        "route": one.route.value if one.route else None,
        "caller": one.caller,
        "scope": one.scope,
        "call": one.call_id,
        "position": one.position,
        "generation": one.generation,
        "zuoraId": one.zuora_id,
        "received": iso(one.created_at),
        "settled": iso(one.settled_at),
        "delivered": iso(one.delivered_at),
        "owner": one.owner,
        "errors": [
            {
                "code": error.code,
                "message": redact_text(error.message),
                "field": None if error.field is None else redact_text(error.field),
            }
            for error in one.errors
        ],
    }


def dispatch_as_json(one: Dispatch, *, request: bool) -> dict[str, Any]:
    """A dispatch; with ``request`` its lines as they were sent, without secrets."""
    told: dict[str, Any] = {
        "id": one.id,
        "route": one.route.value,
        "operation": one.op.value,
        "step": one.step,
        "attempt": one.attempt,
        "key": one.key,
        "marker": None if one.marker is None else redact_text(one.marker),
        "intents": list(one.intent_ids),
        "verdict": one.verdict,
        "recorded": iso(one.recorded_at),
        "firstSent": iso(one.first_sent_at),
        "lastSent": iso(one.last_sent_at),
        "answered": iso(one.answered_at),
    }
    if request:
        told["request"] = request_lines(one)
    return told


def request_lines(one: Dispatch) -> list[str]:
    """The lines of a request as it was sent, without secrets: the request line, headers, a blank, the body."""
    # Pairs are redacted by their names, the body by what stands in it.
    headers = cast("tuple[tuple[str, str], ...]", redact(one.headers))
    head = [f"{one.method} {redact_text(one.path)}", *(f"{name}: {value}" for name, value in headers)]
    body = redact_text(one.body.decode("utf-8", "replace"))
    return [*head, "", *body.splitlines()] if body else head


def row_as_json(row: Row) -> dict[str, Any]:
    """An audit row."""
    detail = json.loads(row.detail)
    return {"at": iso(row.at), "kind": row.kind, "detail": detail, "writer": row.writer, "seq": row.seq}
