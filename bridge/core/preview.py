"""What a call would do, without doing it: the same classification and planning as ``conduct``, and nothing recorded.

Must not yield anything but look-ups and composing.
"""

from __future__ import annotations

from dataclasses import dataclass

from bridge.core import plan
from bridge.core.classify import Forward, Prefer, Refused, Translate, classify, together
from bridge.core.commands import Compose, Steps
from bridge.core.identity import fingerprint, ordinals
from bridge.core.intent import Dispatch
from bridge.core.model import Call, Caller, CallFault, RowError, Tenant


@dataclass(frozen=True, slots=True)
class Seen:
    """One object: ``route`` is soap, rest or refused."""

    index: int
    route: str
    reason: str
    dispatch: str | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """A dispatch with how its doubt would be settled and how it would be undone."""

    dispatch: Dispatch
    proof: str
    undo: str


@dataclass(frozen=True, slots=True)
class Preview:
    """Everything a call would do."""

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
    verdicts = plan.permitted(
        call, caller, (yield from together([classify(obj, call, tenant, prefer) for obj in call.objects]))
    )
    prints = [fingerprint(call.op, obj) for obj in call.objects]
    intents = [
        plan.intent(call, caller, "preview", "preview", place, each, ordinal, 0, verdict, 0)
        for place, (each, ordinal, verdict) in enumerate(zip(prints, ordinals(prints), verdicts, strict=True))
    ]
    shown: list[Shown] = []
    seen: dict[int, Seen] = {}
    soap = [place for place, verdict in enumerate(verdicts) if isinstance(verdict, Forward)]
    if soap:
        objects = tuple(verdict.obj for verdict in verdicts if isinstance(verdict, Forward))
        composed = yield Compose(call.op, objects, call.single_transaction)
        dispatch = plan.soap_dispatch("preview", call.op, [intents[place] for place in soap], composed, 0)
        shown.append(Shown(dispatch, "Zuora's answer alone: SOAP has no key", _undo(call, "")))
    for place, verdict in enumerate(verdicts):
        match verdict:
            case Refused(errors):
                seen[place] = Seen(place, "refused", "; ".join(map(_error, errors)))
            case Translate():
                made = plan.rest_dispatch(intents[place], verdict, tenant, caller.entity, 0)
                shown.append(Shown(made, _proof(made), _undo(call, made.path)))
                seen[place] = Seen(place, "rest", verdict.reason, made.id)
            case _:
                seen[place] = Seen(place, "soap", verdict.reason, shown[0].dispatch.id)
    return Preview(tuple(seen[place] for place in range(len(verdicts))), tuple(shown))


def _proof(dispatch: Dispatch) -> str:
    marker = f", then a look-up by {dispatch.marker!r}" if dispatch.marker else ""
    return f"the same bytes again under the same Idempotency-Key{marker}"


def _undo(call: Call, path: str) -> str:
    what = "refund" if call.type == "Refund" else "payment"
    if call.op.value != "create":
        return "none"
    return f"PUT /v1/{what}s/{{id}}/cancel" + (", and apply again what it unapplied" if "/unapply" in path else "")


def _error(error: RowError) -> str:
    field = f" ({error.field})" if error.field else ""
    return f"{error.code}{field}: {error.message}"


def _fault(fault: CallFault) -> str:
    return f"{fault.code}: {fault.message}"
