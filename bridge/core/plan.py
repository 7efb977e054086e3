"""From verdicts to dispatches: who may, what one request carries, and its exact bytes.

Pure functions; ``conduct`` runs them and ``bridge plan`` shows them. Must not send, and must not read the journal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from bridge.core.classify import Forward, Refused, Translate, Verdict
from bridge.core.commands import Composed
from bridge.core.identity import dispatch_id, intent_id, upstream_key
from bridge.core.intent import Dispatch, Intent, State
from bridge.core.intent import check as check_move
from bridge.core.mapping.lexical import DATES_ARE_DATES, to_json
from bridge.core.model import Call, Caller, CallFault, Instant, Op, Route, RowError, Tenant
from bridge.core.refusals import forbidden, unsent

MAX_OBJECTS = 50
"""Objects per create, update or delete (Zuora: create() call)."""

_ROUTES = {Forward: Route.SOAP, Translate: Route.REST}
_DATED = ("EffectiveDate", "RefundDate")

MARKERS: Mapping[str, tuple[str, ...]] = {
    # REST fields that a later look-up can find (Zuora: Object Query payments; List refunds).
    "Payment": ("referenceId", "gatewayOrderId"),
    "Refund": ("referenceId",),
}


def check(call: Call) -> CallFault | None:
    """A fault for the whole call, before anything is looked up; None if there is none."""
    if len(call.objects) > MAX_OBJECTS:
        return CallFault(
            "MAX_RECORDS_EXCEEDED", f"At most {MAX_OBJECTS} objects are allowed in one call; nothing was processed."
        )
    if call.version < DATES_ARE_DATES and any(obj.get(name) is not None for obj in call.objects for name in _DATED):
        return CallFault(
            "INVALID_VERSION",
            f"This bridge reads EffectiveDate and RefundDate from WSDL {DATES_ARE_DATES} on, not from {call.version}; "
            "nothing was processed.",
        )
    return None


def permitted(call: Call, caller: Caller, verdicts: Sequence[Verdict]) -> list[Verdict]:
    """The verdicts after authority and after useSingleTransaction, which REST cannot honour."""
    if call.single_transaction and not all(isinstance(each, Forward) for each in verdicts):
        return _all_refused(call, verdicts)
    if caller.may(call.type, call.op):
        return list(verdicts)
    return [Refused(forbidden(call.type, call.op.value)) if isinstance(each, Translate) else each for each in verdicts]


def _all_refused(call: Call, verdicts: Sequence[Verdict]) -> list[Verdict]:
    """Every row an error and nothing done: those that are refused say why, the others that these stop them."""
    if any(isinstance(each, Translate) for each in verdicts):
        why = "an object of this call cannot go by SOAP, and several REST requests cannot be one transaction"
    elif all(each.unsent for each in verdicts if isinstance(each, Refused)):
        # Only a look-up is wanting: the same call may succeed later.
        stopped = Refused(unsent(call.version, "another object of its transaction was not looked up"), unsent=True)
        return [each if isinstance(each, Refused) else stopped for each in verdicts]
    else:
        why = "another object of this call is refused"
    message = f"useSingleTransaction is not possible here: {why}. Nothing was processed."
    stopped = Refused((RowError("INVALID_VALUE", message),))
    return [each if isinstance(each, Refused) else stopped for each in verdicts]


@dataclass(frozen=True, slots=True)
class Item:
    """One object of a call on its way: its place, its verdict, its intent and (REST) its dispatch."""

    position: int
    verdict: Verdict
    intent: Intent
    dispatch: Dispatch | None = None


def intent(
    call: Call,
    caller: Caller,
    call_id: str,
    owner: str,
    position: int,
    each: str,
    ordinal: int,
    generation: int,
    verdict: Verdict,
    now: Instant,
    *,
    begins: bool = False,
) -> Intent:
    """The intent of one object: PLANNED, SENDING where it ``begins`` at once, or REFUSED before anything was sent."""
    refused = verdict if isinstance(verdict, Refused) else None
    path = (State.REFUSED,) if refused is not None else (State.PLANNED, State.SENDING)[: 1 + begins]
    state = State.RECEIVED
    for target in path:
        check_move(state, target)
        state = target
    # One value with its final state: copying a frozen dataclass costs more than everything else here.
    return Intent(
        id=intent_id(caller.scope, each, ordinal, generation),
        scope=caller.scope,
        caller=caller.name or caller.username,
        call_id=call_id,
        position=position,
        op=call.op,
        object_type=call.type,
        fingerprint=each,
        ordinal=ordinal,
        generation=generation,
        route=_ROUTES.get(type(verdict)),
        state=state,
        created_at=now,
        owner=owner,
        errors=refused.errors if refused is not None else (),
        unsent=refused is not None and refused.unsent,
        settled_at=None if refused is None else now,
    )


def rest_dispatch(
    planned: Intent, verdict: Translate, tenant: Tenant, entity: str, now: Instant, *, begins: bool = False
) -> Dispatch:
    """The request of one object: path, pinned version, key and JSON bytes.

    A refund without the caller's own reference carries the intent's id, so that a look-up can find it.
    """
    body = dict(verdict.body or {})
    if planned.object_type == "Refund" and tenant.refund_reference:
        body.setdefault("referenceId", planned.id)
    marker = next((str(body[name]) for name in MARKERS[planned.object_type] if name in body), None)
    key = upstream_key(planned.scope, planned.fingerprint, planned.ordinal, planned.generation, 0, 0)
    headers = [
        ("Content-Type", "application/json"),
        ("Idempotency-Key", key),
        ("Zuora-Track-Id", planned.id),
        ("Zuora-Version", tenant.rest_version),
    ]
    if entity:
        headers.append(("Zuora-Entity-Ids", entity))
    return Dispatch(
        id=dispatch_id((planned.id,), 0, 0),
        call_id=planned.call_id,
        route=Route.REST,
        op=planned.op,
        method="POST",
        path=verdict.path,
        headers=tuple(headers),
        body=to_json(body).encode(),
        intent_ids=(planned.id,),
        key=key,
        marker=marker,
        recorded_at=now,
        first_sent_at=now if begins else None,
    )


def next_attempt(dispatch: Dispatch, owner_of_key: Intent, now: Instant) -> Dispatch:
    """The same request under a new key: only after Zuora said that nothing happened under the old one."""
    attempt = dispatch.attempt + 1
    identity = owner_of_key
    key = upstream_key(
        identity.scope, identity.fingerprint, identity.ordinal, identity.generation, dispatch.step, attempt
    )
    headers = tuple((name, key if name == "Idempotency-Key" else value) for name, value in dispatch.headers)
    return replace(
        dispatch,
        id=dispatch_id(dispatch.intent_ids, dispatch.step, attempt),
        attempt=attempt,
        key=key,
        headers=headers,
        recorded_at=now,
        first_sent_at=now,
    )


def soap_dispatch(call_id: str, op: Op, intents: Sequence[Intent], composed: Composed, now: Instant) -> Dispatch:
    """One SOAP request with all objects of a call that go by SOAP, in the caller's order."""
    ids = tuple(each.id for each in intents)
    return Dispatch(
        id=dispatch_id(ids, 0, 0),
        call_id=call_id,
        route=Route.SOAP,
        op=op,
        method="POST",
        path=composed.path,
        headers=composed.headers,
        body=composed.body,
        intent_ids=ids,
        recorded_at=now,
        first_sent_at=now,
    )


def lanes(items: Sequence[Item]) -> list[list[Item]]:
    """REST items by account, each lane in the caller's order: two payments on one memo must not race."""
    made: dict[str, list[Item]] = {}
    for item in items:
        assert isinstance(item.verdict, Translate)
        made.setdefault(item.verdict.lane, []).append(item)
    return list(made.values())
