"""Intents and dispatches as rows, exactly: what is loaded equals what was stored.

A dispatch's method, path, headers and body are one sealed value bound to its id. Must not touch a database.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from bridge.core.intent import Dispatch, Intent, State
from bridge.core.model import Op, Route, RowError
from bridge.journal.crypto import Seal

Row = Mapping[str, object]


def intent_row(intent: Intent) -> Row:
    """The row of ``schema.intent``."""
    return {
        "id": intent.id,
        "scope": intent.scope,
        "caller": intent.caller,
        "call_id": intent.call_id,
        "position": intent.position,
        "op": intent.op.value,
        "object_type": intent.object_type,
        "fingerprint": intent.fingerprint,
        "ordinal": intent.ordinal,
        "generation": intent.generation,
        "route": intent.route.value if intent.route else None,
        "state": intent.state.value,
        "created_at": intent.created_at,
        "owner": intent.owner,
        "zuora_id": intent.zuora_id,
        "errors": errors_text(intent.errors),
        "unsent": int(intent.unsent),
        "settled_at": intent.settled_at,
        "delivered_at": intent.delivered_at,
        "near": intent.near,
        "near_place": intent.near_place,
        "alias": intent.alias,
        "content": intent.content,
        "decided": intent.decided,
        "ramp": intent.ramp,
    }


def intent_from(row: Sequence[Any]) -> Intent:
    """The intent of a row whose columns are in the order of ``schema.intent``, which is that of ``Intent``."""
    (id_, scope, caller, call_id, position, op, object_type, fingerprint, ordinal, generation, *rest) = row
    (route, state, created_at, owner, zuora_id, errors, unsent, settled_at, delivered_at, *names) = rest
    near, near_place, alias, content, decided, ramp = names
    return Intent(
        id=id_,
        scope=scope,
        caller=caller,
        call_id=call_id,
        position=position,
        op=Op(op),
        object_type=object_type,
        fingerprint=fingerprint,
        ordinal=ordinal,
        generation=generation,
        route=Route(route) if route is not None else None,
        state=State(state),
        created_at=created_at,
        owner=owner,
        zuora_id=zuora_id,
        errors=_errors_from(errors),
        unsent=bool(unsent),
        settled_at=settled_at,
        delivered_at=delivered_at,
        near=near,
        near_place=near_place,
        alias=alias,
        content=content,
        decided=decided,
        ramp=ramp,
    )


def errors_text(errors: tuple[RowError, ...]) -> str:
    """Errors as ASCII JSON: PostgreSQL's text refuses NUL, and no encoding takes a lone surrogate."""
    return json.dumps([[error.code, error.message, error.field] for error in errors]) if errors else "[]"


def _errors_from(text: str) -> tuple[RowError, ...]:
    return tuple(RowError(code, message, field) for code, message, field in json.loads(text)) if text != "[]" else ()


def dispatch_row(dispatch: Dispatch, seal: Seal) -> Row:
    """The row of ``schema.dispatch``, without what the answer adds."""
    return {
        "id": dispatch.id,
        "call_id": dispatch.call_id,
        "route": dispatch.route.value,
        "op": dispatch.op.value,
        "step": dispatch.step,
        "attempt": dispatch.attempt,
        "key": dispatch.key,
        "marker": dispatch.marker,
        "recorded_at": dispatch.recorded_at,
        "first_sent_at": dispatch.first_sent_at,
        "key_id": seal.key_id,
        "sealed": seal.close(_packed(dispatch), dispatch.id),
    }


def dispatch_from(row: Sequence[Any], intent_ids: tuple[str, ...], seal: Seal) -> Dispatch:
    """The dispatch of a row in the order of ``statements.DISPATCH_COLUMNS``; raises ``Unreadable``."""
    (id_, call_id, route, op, step, attempt, key, marker, recorded_at, first_sent_at, *later, sealed) = row
    last_sent_at, answered_at, verdict = later
    packed = seal.open(sealed, id_)
    end = 4 + int.from_bytes(packed[:4])
    method, path, headers, *snapshot = json.loads(packed[4:end])
    return Dispatch(
        id=id_,
        call_id=call_id,
        route=Route(route),
        op=Op(op),
        method=method,
        path=path,
        headers=tuple((name, value) for name, value in headers),
        body=packed[end:],
        intent_ids=intent_ids,
        key=key,
        marker=marker,
        step=step,
        attempt=attempt,
        recorded_at=recorded_at,
        first_sent_at=first_sent_at,
        last_sent_at=last_sent_at,
        answered_at=answered_at,
        verdict=verdict,
        snapshot=snapshot[0] if snapshot else None,
    )


def _packed(dispatch: Dispatch) -> bytes:
    """Length of the head (4 bytes), the head as ASCII JSON, the body as it is."""
    more = [dispatch.snapshot] if dispatch.snapshot is not None else []
    head = json.dumps([dispatch.method, dispatch.path, dispatch.headers, *more]).encode("ascii")
    return len(head).to_bytes(4) + head + dispatch.body
