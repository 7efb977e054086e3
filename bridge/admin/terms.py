"""The words of calls in the admin API: an intent with what its request says, as one row, redacted. Must not read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bridge.core.intent import Intent, State
from bridge.cutover.record import Unread, read
from bridge.journal.searching import Request
from bridge.telemetry.redact import redact_text
from bridge.upstream.recorded import Said, said

NEVER_TOLD = frozenset({State.RECEIVED, State.PLANNED, State.SENDING, State.NOT_SENT})


def asked_for(one: Intent, requests: Sequence[Request]) -> Said:
    """What an intent's requests say; they carry an intent's own id as the reference where the caller gave none."""
    found = said((each.place, each.dispatch) for each in requests)
    account = found.account or _decided_account(one)
    reference = None if found.reference == one.id else found.reference
    return Said(account, found.documents, found.amount, found.currency, reference, found.own_id)


def call_json(one: Intent, asked: Said) -> dict[str, Any]:
    """A row of a list of calls; moments in milliseconds since 1970, the amount as a decimal string."""
    return {
        "intent": one.id,
        "call": one.call_id,
        "position": one.position,
        "caller": _clean(one.caller),
        "operation": one.op.value,
        "object": one.object_type,
        "route": one.route.value if one.route is not None else None,
        "state": one.state.name,
        "created": one.created_at,
        "settled": one.settled_at,
        "delivered": one.delivered_at,
        "zuoraId": one.zuora_id or _clean(asked.own_id),
        "account": _clean(asked.account),
        "documents": [redact_text(each) for each in asked.documents],
        # A caller may have put anything there, a card number too.
        "amount": _clean(format(asked.amount, "f")) if asked.amount is not None else None,
        "currency": _clean(asked.currency),
        "reference": _clean(asked.reference),
        "told": told_of(one),
    }


def told_of(one: Intent) -> str | None:
    """What its caller is told, in words; None where it is told nothing yet."""
    if one.state is State.APPLIED:
        return f"Success, Id {one.zuora_id}"
    if one.errors:
        return "; ".join(f"{redact_text(each.code)}: {redact_text(each.message)}" for each in one.errors)
    if one.state in NEVER_TOLD:
        return None
    return "not done" if one.state.settled else "the outcome is unknown"


def _decided_account(one: Intent) -> str | None:
    try:
        return read(one.decided).account if one.decided is not None else None
    except Unread:
        return None


def _clean(text: str | None) -> str | None:
    return redact_text(text) if text is not None else None
