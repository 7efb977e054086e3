"""What a call would do, without doing it: the same classification and planning as ``conduct``, and nothing recorded.

Must not yield anything but look-ups and composing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bridge.core import plan
from bridge.core.adapt import adapt
from bridge.core.classify import Forward, Prefer, Refused, Translate, Verdict, classify, together
from bridge.core.commands import Compose, Steps
from bridge.core.identity import Identity, acts, ordinals
from bridge.core.intent import Dispatch, Intent
from bridge.core.mapping.fields import dropped
from bridge.core.model import Call, Caller, CallFault, Op, Route, RowError, Tenant


@dataclass(frozen=True, slots=True)
class Seen:
    """One object: ``route`` is soap, action, rest or refused; ``dispatches`` are the ids of its requests, in order.

    ``decided`` is what the journal would keep of why; None where the call as a whole would be refused.
    """

    index: int
    route: str
    reason: str
    dispatches: tuple[str, ...] = ()
    decided: str | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """A dispatch with how its doubt would be settled and how it would be undone."""

    dispatch: Dispatch
    proof: str
    undo: str


@dataclass(frozen=True, slots=True)
class Preview:
    """Everything a call would do where nothing is refused on the way."""

    objects: tuple[Seen, ...]
    dispatches: tuple[Shown, ...]

    @property
    def refused(self) -> bool:
        """Whether any object would be refused."""
        return any(each.route == "refused" for each in self.objects)


def preview(call: Call, caller: Caller, tenant: Tenant, prefer: Prefer) -> Steps[Preview]:
    """Plan a call as ``conduct`` would for its first attempt."""
    fault = plan.check(call)
    if fault is not None:
        said = _fault(fault)
        return Preview(tuple(Seen(place, "refused", said) for place in range(len(call.objects))), ())
    call = adapt(call, tenant)
    asking = [classify(obj, call, tenant, prefer, own=caller.own) for obj in call.objects]
    verdicts = plan.permitted(call, caller, (yield from together(asking)))
    asked = acts(call, caller, tenant)
    places = ordinals([act.exact for act in asked])
    intents = [
        plan.intent(call, caller, "preview", "preview", place, Identity(act, ordinal), verdict, 0)
        for place, (act, ordinal, verdict) in enumerate(zip(asked, places, verdicts, strict=True))
    ]
    shown: list[Shown] = []
    batches: dict[Route, str] = {}
    for route in (Route.SOAP, Route.ACTION):
        forwards = [
            (intent, verdict)
            for intent, verdict in zip(intents, verdicts, strict=True)
            if isinstance(verdict, Forward) and verdict.route is route
        ]
        if forwards:
            objects = tuple(verdict.obj for _, verdict in forwards)
            composed = yield Compose(call.op, objects, call.single_transaction, route)
            members = [intent for intent, _ in forwards]
            batch = plan.batch_dispatch("preview", call.op, route, members, composed, 0, begins=False)
            shown.append(Shown(batch, _BATCH_PROOF[route], _undo(call, "")))
            batches[route] = batch.id
    seen: list[Seen] = []
    for place, (intent, verdict) in enumerate(zip(intents, verdicts, strict=True)):
        own = tuple(_own(call, intent, verdict, tenant, caller))
        shown += own
        ids = tuple(each.dispatch.id for each in own)
        if isinstance(verdict, Refused):
            way, reason = "refused", "; ".join(map(_error, verdict.errors))
        elif isinstance(verdict, Forward):
            way, reason, ids = verdict.route.value, verdict.reason + _behind(verdict), (batches[verdict.route],)
        else:
            way, reason = "rest", verdict.reason + _left_out(verdict, tenant)
        seen.append(Seen(place, way, reason, ids, intent.decided))
    return Preview(tuple(seen), tuple(shown))


_BATCH_PROOF = {
    Route.SOAP: "Zuora's answer alone: SOAP has no key",
    Route.ACTION: "the same bytes again under the same Idempotency-Key",
}


def _own(call: Call, intent: Intent, verdict: Verdict, tenant: Tenant, caller: Caller) -> Iterator[Shown]:
    """The requests of one object by itself, in the order in which they are sent."""
    if not isinstance(verdict, Translate):
        return
    dispatches = plan.rest_dispatches(intent, verdict, tenant, caller.entity, 0)
    if verdict.prelude is None:
        (made,) = dispatches
        yield Shown(made, _proof(made), _undo(call, made.path))
        return
    unapply, refund, again = dispatches
    yield Shown(unapply, "a read of the payment's parts", f"{again.method} {again.path}")
    yield Shown(refund, _proof(refund), f"{_undo(call, refund.path)}, then {again.method} {again.path}")


def _proof(dispatch: Dispatch) -> str:
    if dispatch.key is None:
        return "a read of the object: it has no key"
    marker = f", then a look-up by {dispatch.marker!r}" if dispatch.marker else ""
    return f"the same bytes again under the same Idempotency-Key{marker}"


def _undo(call: Call, path: str) -> str:
    what = "refund" if call.type == "Refund" else "payment"
    if call.op is not Op.CREATE:
        return "none"
    return f"PUT /v1/{what}s/{{id}}/cancel" + (", and apply again what it unapplied" if "/unapply" in path else "")


def _behind(verdict: Forward) -> str:
    """What follows only where Zuora refuses it, and is no part of the plan before."""
    request = verdict.fallback
    return "" if request is None else f"; where Zuora refuses that, {request.method} {request.path} may follow"


def _left_out(verdict: Translate, tenant: Tenant) -> str:
    names = dropped(verdict.obj, tenant.second_reference)
    return f"; leaves out {', '.join(names)}, which REST cannot carry" if names else ""


def _error(error: RowError) -> str:
    field = f" ({error.field})" if error.field else ""
    return f"{error.code}{field}: {error.message}"


def _fault(fault: CallFault) -> str:
    return f"{fault.code}: {fault.message}"
