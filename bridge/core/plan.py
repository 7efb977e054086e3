"""From verdicts to dispatches: who may, what one request carries, and its exact bytes.

Pure functions; ``conduct`` runs them and ``bridge plan`` shows them. Must not send, and must not read the journal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import quote

from bridge.core.classify import Forward, Refused, Translate, Verdict
from bridge.core.classify.verdicts import Request, decided, overruled
from bridge.core.commands import Composed
from bridge.core.facts import Part
from bridge.core.identity import MAX_OBJECTS, Identity, batch_key, dispatch_id, intent_id, upstream_key
from bridge.core.intent import Dispatch, Intent, State
from bridge.core.intent import check as check_move
from bridge.core.mapping.lexical import to_json
from bridge.core.mapping.payment import DOCUMENT_FIELDS
from bridge.core.model import NOTHING, Call, Caller, CallFault, Instant, Op, Route, RowError, Tenant
from bridge.core.refusals import forbidden, unsent
from bridge.core.versions import unserved

MARKERS: Mapping[str, tuple[str, ...]] = {
    # REST fields that a later look-up can find (Zuora: Object Query payments; List refunds).
    "Payment": ("referenceId", "gatewayOrderId"),
    "Refund": ("referenceId",),
}


def check(call: Call) -> CallFault | None:
    """A fault for the whole call, before anything is looked up; None if there is none."""
    if (why := unserved(call)) is not None:
        return CallFault("INVALID_VERSION", why)
    if len(call.objects) > MAX_OBJECTS:
        return CallFault(
            "MAX_RECORDS_EXCEEDED", f"At most {MAX_OBJECTS} objects are allowed in one call; nothing was processed."
        )
    return None


def permitted(call: Call, caller: Caller, verdicts: Sequence[Verdict]) -> list[Verdict]:
    """The verdicts after authority and after useSingleTransaction, which REST cannot honour.

    What is created by REST under the bridge's own credential names the caller's user where the caller's configuration
    says so: its CreatedById is the bridge's.
    """
    if call.single_transaction and not all(route_of(each) is Route.SOAP for each in verdicts):
        return _all_refused(call, verdicts)
    if caller.user_in and call.op is Op.CREATE and not caller.own:
        verdicts = [_signed(each, caller) if isinstance(each, Translate) else each for each in verdicts]
    return list(verdicts) if caller.may(call.type, call.op) else [_under_own_session(call, each) for each in verdicts]


def _signed(verdict: Translate, caller: Caller) -> Translate:
    """With the caller's user in a field that the caller left empty: what they wrote is never written over."""
    name = "comment" if caller.user_in == "Comment" else caller.user_in
    body = verdict.body or {}
    return verdict if body.get(name) else replace(verdict, body={**body, name: caller.username})


def _under_own_session(call: Call, verdict: Verdict) -> Verdict:
    """What is left to a caller who may cause nothing under the bridge's own credential: SOAP, without its fall-back."""
    if isinstance(verdict, Forward) and verdict.route is Route.SOAP:
        return replace(verdict, fallback=None) if verdict.fallback is not None else verdict
    return verdict if isinstance(verdict, Refused) else Refused(forbidden(call.type, call.op.value)).instead_of(verdict)


def _all_refused(call: Call, verdicts: Sequence[Verdict]) -> list[Verdict]:
    """Every row an error and nothing done: those that are refused say why, the others that these stop them."""
    if not all(route_of(each) in (Route.SOAP, None) for each in verdicts):
        why = "an object of this call cannot go by SOAP, and several REST requests cannot be one transaction"
    elif all(each.unsent for each in verdicts if isinstance(each, Refused)):
        # Only a look-up is wanting: the same call may succeed later.
        stopped = Refused(unsent(call.version, "another object of its transaction was not looked up"), unsent=True)
        return [each if isinstance(each, Refused) else stopped.instead_of(each) for each in verdicts]
    else:
        why = "another object of this call is refused"
    message = f"useSingleTransaction is not possible here: {why}. Nothing was processed."
    stopped = Refused((RowError("INVALID_VALUE", message),))
    return [each if isinstance(each, Refused) else stopped.instead_of(each) for each in verdicts]


def route_of(verdict: Verdict) -> Route | None:
    """The route a verdict takes; None where it is refused."""
    if isinstance(verdict, Forward):
        return verdict.route
    return Route.REST if isinstance(verdict, Translate) else None


def held_of(verdict: Verdict) -> str | None:
    """What a verdict needs the lease on; None for what changes nothing that is there."""
    return None if isinstance(verdict, Refused) else verdict.held


@dataclass(frozen=True, slots=True)
class Item:
    """One object of a call on its way: its place, its verdict, its intent and (REST) its dispatches by step."""

    position: int
    verdict: Verdict
    intent: Intent
    dispatches: tuple[Dispatch, ...] = ()


def intent(
    call: Call,
    caller: Caller,
    call_id: str,
    owner: str,
    position: int,
    identity: Identity,
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
    act, ordinal, generation = identity.act, identity.ordinal, identity.generation
    route, said = route_of(verdict), verdict.preference
    # What policy did not decide says nothing of its ramp.
    ramp = said.ramp if said is not None and not overruled(verdict, route) else None
    # One value with its final state: copying a frozen dataclass costs more than everything else here.
    return Intent(
        id=intent_id(caller.scope, act.fingerprint, ordinal, generation),
        scope=caller.scope,
        caller=caller.name or caller.username,
        call_id=call_id,
        position=position,
        op=call.op,
        object_type=call.type,
        fingerprint=act.fingerprint,
        ordinal=ordinal,
        generation=generation,
        route=route,
        state=state,
        created_at=now,
        owner=owner,
        errors=refused.errors if refused is not None else (),
        unsent=refused is not None and refused.unsent,
        settled_at=None if refused is None else now,
        near=act.near,
        near_place=identity.near_place if act.near is not None else None,
        alias=act.alias,
        content=act.content,
        decided=decided(verdict, route),
        ramp=ramp,
    )


UNAPPLY, REFUND, UNDO = 0, 1, 2
"""The steps of a saga."""

FALL_BACK = 1
"""The step of a REST request that follows a refusal by SOAP."""


def rest_dispatches(
    planned: Intent,
    verdict: Translate,
    tenant: Tenant,
    entity: str,
    now: Instant,
    *,
    begins: bool = False,
    under: Mapping[str, object] = NOTHING,
) -> tuple[Dispatch, ...]:
    """The requests of one object, byte for byte, by step: one, or a saga's three of which the last only undoes.

    ``under`` is what is kept of the credential they go under.

    A refund without the caller's own reference carries the intent's id, so that a look-up can find it.
    """
    body = verdict.body
    if planned.op is Op.CREATE and planned.object_type == "Refund" and tenant.refund_reference:
        body = {**(body or {}), "referenceId": (body or {}).get("referenceId", planned.id)}
    request = Request(verdict.method, verdict.path, body)
    prelude = verdict.prelude
    if prelude is None:
        kept = to_json(under) if under and request.keyed else None
        return (rest_dispatch(planned, request, tenant, entity, now, begins=begins, snapshot=kept),)
    path = f"/v1/payments/{quote(prelude.payment_id, safe='')}"
    parts = _parts_body(prelude.takes)
    steps = (Request("PUT", f"{path}/unapply", parts), request, Request("PUT", f"{path}/apply", parts))
    taken, before = _parts_text(prelude.takes), _parts_text(prelude.before)
    snapshot = to_json({**under, "payment": prelude.payment_id, "takes": taken, "before": before})
    return tuple(
        rest_dispatch(planned, each, tenant, entity, now, step=step, snapshot=snapshot)
        for step, each in enumerate(steps)
    )


def rest_dispatch(
    planned: Intent,
    request: Request,
    tenant: Tenant,
    entity: str,
    now: Instant,
    *,
    step: int = 0,
    begins: bool = False,
    snapshot: str | None = None,
) -> Dispatch:
    """One request: path, pinned version, key (POST) and JSON bytes."""
    body = request.body
    names = MARKERS[planned.object_type] if request.keyed else ()
    marker = next((str(body[name]) for name in names if body is not None and name in body), None)
    key = None
    headers = [("Zuora-Track-Id", planned.id), ("Zuora-Version", tenant.rest_version)]
    if request.keyed:
        key = upstream_key(planned.scope, planned.fingerprint, planned.ordinal, planned.generation, step, 0)
        headers.insert(0, ("Idempotency-Key", key))
    if body is not None:
        headers.insert(0, ("Content-Type", "application/json"))
    if entity:
        headers.append(("Zuora-Entity-Ids", entity))
    return Dispatch(
        id=dispatch_id((planned.id,), step, 0),
        call_id=planned.call_id,
        route=Route.REST,
        op=planned.op,
        method=request.method,
        path=request.path,
        headers=tuple(headers),
        body=b"" if body is None else to_json(body).encode(),
        intent_ids=(planned.id,),
        key=key,
        marker=marker,
        step=step,
        recorded_at=now,
        first_sent_at=now if begins else None,
        snapshot=snapshot,
    )


def _parts_body(parts: Sequence[Part]) -> Mapping[str, object]:
    """The documents and amounts of an apply or unapply (Zuora: Apply a payment; Unapply a payment)."""
    made: dict[str, list[Mapping[str, object]]] = {}
    for part in parts:
        array, name = DOCUMENT_FIELDS[part.kind]
        made.setdefault(array, []).append({name: part.id, "amount": part.amount})
    return made


def _parts_text(parts: Sequence[Part]) -> list[tuple[str, str, str]]:
    return [(part.kind.value, part.id, format(part.amount, "f")) for part in parts]


def next_attempt(dispatch: Dispatch, owner_of_key: Intent, now: Instant) -> Dispatch:
    """The same request, keyed ones under a new key: only after Zuora said that nothing happened under the old one."""
    attempt = dispatch.attempt + 1
    identity = owner_of_key
    key, headers = dispatch.key, dispatch.headers
    if key is not None:
        key = upstream_key(
            identity.scope, identity.fingerprint, identity.ordinal, identity.generation, dispatch.step, attempt
        )
        headers = tuple((name, key if name == "Idempotency-Key" else value) for name, value in headers)
    return replace(
        dispatch,
        id=dispatch_id(dispatch.intent_ids, dispatch.step, attempt),
        attempt=attempt,
        key=key,
        headers=headers,
        recorded_at=now,
        first_sent_at=now,
        last_sent_at=None,
        answered_at=None,
        verdict=None,
    )


def replanned(dispatches: Sequence[Dispatch], before: Sequence[Dispatch], planned: Intent) -> tuple[Dispatch, ...]:
    """These requests in place of those ``before`` them, none of which was begun: as their next attempts."""
    attempts = {each.step: each.attempt for each in before}
    anew = (next_attempt(replace(each, attempt=attempts[each.step]), planned, each.recorded_at) for each in dispatches)
    return tuple(replace(each, first_sent_at=None) for each in anew)


def batch_dispatch(
    call_id: str,
    op: Op,
    route: Route,
    intents: Sequence[Intent],
    composed: Composed,
    now: Instant,
    *,
    begins: bool,
    snapshot: str | None = None,
) -> Dispatch:
    """One SOAP request or Action with all objects of a call that go that way, in the caller's order.

    An Action has a key (Zuora: Actions, Idempotency-Key), made of its intents' ids, which are hashes of identities.
    """
    ids = tuple(each.id for each in intents)
    key, headers = None, composed.headers
    if route is Route.ACTION:
        key = batch_key(ids)
        headers = (*headers, ("Idempotency-Key", key), ("Zuora-Track-Id", dispatch_id(ids, 0, 0)))
    return Dispatch(
        id=dispatch_id(ids, 0, 0),
        call_id=call_id,
        route=route,
        op=op,
        method="POST",
        path=composed.path,
        headers=headers,
        body=composed.body,
        intent_ids=ids,
        key=key,
        recorded_at=now,
        first_sent_at=now if begins else None,
        snapshot=snapshot,
    )


def lanes(items: Sequence[Item]) -> list[list[Item]]:
    """REST items by account, each lane in the caller's order: two payments on one memo must not race."""
    made: dict[str, list[Item]] = {}
    for item in items:
        assert isinstance(item.verdict, Translate)
        made.setdefault(item.verdict.lane, []).append(item)
    return list(made.values())
