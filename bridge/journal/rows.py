"""Intents and dispatches as rows, exactly: what is loaded equals what was stored, but for secrets in texts of errors.

A dispatch's method, path, headers and body are one sealed value bound to its id; nothing that could be a card number
stands beside it in clear (I9). Must not touch a database.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from bridge.core.intent import Dispatch, Intent, State
from bridge.core.model import Op, Route, RowError
from bridge.journal.crypto import Seal
from bridge.journal.options import holds_options, without_values
from bridge.journal.schema import ERASED, HOLDS
from bridge.telemetry.redact import redact_text

Row = Mapping[str, object]

_ZUORA_ID = re.compile(r"[0-9a-f]{32}")


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
    """Errors as ASCII JSON: PostgreSQL's text refuses NUL, and no encoding takes a lone surrogate.

    Redacted: Zuora's texts repeat what a caller sent, and a field is named as the caller named it. Who asked is told
    as it came; only who joins later, and the operator, see it so.
    """
    return json.dumps([_safe(error) for error in errors]) if errors else "[]"


def _safe(error: RowError) -> list[str | None]:
    field = redact_text(error.field) if error.field is not None else None
    return [error.code, redact_text(error.message), field]


def lease_name(key: str) -> str:
    """What a lease on ``key`` is called: an Id is called by itself, what could be a card number by a short hash.

    The hash fits so many numbers that it tells none of them; two that share one only wait for each other. It depends on
    no key of the journal's, so that all processes call it the same while keys are changed.
    """
    if _ZUORA_ID.fullmatch(key) or (safe := redact_text(key)) == key:
        return key
    return f"{safe} {hashlib.sha256(key.encode('utf-8', 'surrogatepass')).hexdigest()[:6]}"


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
        "marker": None if dispatch.marker is None else redact_text(dispatch.marker),
        "recorded_at": dispatch.recorded_at,
        "first_sent_at": dispatch.first_sent_at,
        "options": HOLDS if holds_options(dispatch) else None,
        "key_id": seal.key_id,
        "sealed": seal.close(_packed(dispatch), dispatch.id),
    }


def dispatch_from(row: Sequence[Any], intent_ids: tuple[str, ...], seal: Seal) -> Dispatch:
    """The dispatch of a row in the order of ``statements.DISPATCH_COLUMNS``; raises ``Unreadable``."""
    (id_, call_id, route, op, step, attempt, key, marker, recorded_at, first_sent_at, *later, sealed) = row
    last_sent_at, answered_at, verdict, options = later
    (method, path, headers, *more), body = _unpacked(seal.open(sealed, id_))
    return Dispatch(
        id=id_,
        call_id=call_id,
        route=Route(route),
        op=Op(op),
        method=method,
        path=path,
        headers=tuple((name, value) for name, value in headers),
        body=body,
        intent_ids=intent_ids,
        key=key,
        marker=more[1] if len(more) > 1 else marker,
        step=step,
        attempt=attempt,
        recorded_at=recorded_at,
        first_sent_at=first_sent_at,
        last_sent_at=last_sent_at,
        answered_at=answered_at,
        verdict=verdict,
        snapshot=more[0] if more else None,
        erased=options == ERASED,
    )


def _packed(dispatch: Dispatch) -> bytes:
    """Length of the head (4 bytes), the head as ASCII JSON, the body as it is.

    The head ends with the snapshot and the marker, where there is one and where the marker's column says less than it.
    """
    more: list[Any] = [dispatch.snapshot] if dispatch.snapshot is not None else []
    if dispatch.marker is not None and redact_text(dispatch.marker) != dispatch.marker:
        more = [dispatch.snapshot, dispatch.marker]
    return _bound([dispatch.method, dispatch.path, dispatch.headers, *more], dispatch.body)


def _bound(head: list[Any], body: bytes) -> bytes:
    written = json.dumps(head).encode("ascii")
    return len(written).to_bytes(4) + written + body


def _unpacked(packed: bytes) -> tuple[list[Any], bytes]:
    end = 4 + int.from_bytes(packed[:4])
    return json.loads(packed[4:end]), packed[end:]


def without_options(sealed: bytes, name: str, seal: Seal) -> bytes | None:
    """What is sealed of a dispatch, sealed anew without the values of gateway options; None where it has none.

    Raises ``Unreadable``, and ValueError for what is no request of the bridge's.
    """
    (method, path, headers, *more), body = _unpacked(seal.open(sealed, name))
    if more and more[0] is not None:
        more[0] = without_values(more[0].encode()).decode()
    packed = _bound([method, path, headers, *more], without_values(body))
    return None if packed == seal.open(sealed, name) else seal.close(packed, name)
