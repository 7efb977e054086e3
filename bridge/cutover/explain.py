"""Why an object went, or would go, its way: one paragraph for people, and the same as data.

Of an intent by what the journal kept with it; of an object nobody has sent by what its preview says. Names come from
the history of the rules, so that what counted then is told and not what counts now. Must not decide, look up or keep
anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice

from bridge.core.intent import Dispatch, Intent, State
from bridge.core.model import Call, Caller, Instant
from bridge.core.preview import Seen
from bridge.cutover.policy import FIXED
from bridge.cutover.reading import plain
from bridge.cutover.record import Decided, Unread, read
from bridge.cutover.rules import Rule
from bridge.cutover.standing import FIRST, Standing
from bridge.telemetry.redact import redact_text

SHOWN_REQUESTS = 5
NOT_KEPT = "Why it went that way was not kept: a bridge from before this was recorded took it."

_STATES = {
    State.NOT_SENT: "was not sent yet",
    State.IN_DOUBT: "is in doubt: nobody knows yet whether it was done",
    State.PARKED: "waits for a person",
    State.NOT_APPLIED: "was proved not to be done",
}


@dataclass(frozen=True, slots=True)
class Explanation:
    """``text`` is one paragraph; ``told`` the same as values that JSON has."""

    text: str
    told: dict[str, object]

    @property
    def whole(self) -> dict[str, object]:
        """All of it as JSON."""
        return {**self.told, "text": self.text}


def of_intent(intent: Intent, dispatches: Sequence[Dispatch], history: Sequence[Standing]) -> Explanation:
    """Why an intent went its way. ``history`` is every revision, the newest first."""
    route = intent.route.value if intent.route is not None else None
    errors = [
        {"code": each.code, "message": redact_text(each.message), "field": each.field and redact_text(each.field)}
        for each in intent.errors
    ]
    told: dict[str, object] = {
        "intent": intent.id,
        "object": intent.object_type,
        "operation": intent.op.value,
        "caller": intent.caller,
        "received": _when(intent.created_at),
        "state": intent.state.name,
        "zuoraId": intent.zuora_id,
        "route": route,
        "errors": errors,
        "dispatches": [
            {
                "route": each.route.value,
                "method": each.method,
                "path": redact_text(each.path),
                "step": each.step,
                "attempt": each.attempt,
                "verdict": each.verdict,
            }
            for each in dispatches
        ],
    }
    what = f"{intent.object_type}.{intent.op.value} {intent.id} of {intent.caller}"
    sentences = [f"{what}, received {_when(intent.created_at)}, {_fate(intent)}."]
    if errors:
        sentences.append("It was told " + "; ".join(f"{each['code']}: {each['message']}" for each in errors) + ".")
    decided, unread = _read(intent.decided)
    if unread is not None:
        told["decided"] = None
        sentences.append(unread)
    else:
        assert decided is not None
        told |= _told(decided, history)
        sentences += _decision(decided, history, route)
        sentences += _since(decided, history)
    sentences.append(_requests(dispatches))
    return Explanation(" ".join(sentences), told)


def of_object(seen: Seen, call: Call, caller: Caller, history: Sequence[Standing]) -> Explanation:
    """Why an object that nobody has sent would go its way."""
    route = None if seen.route == "refused" else seen.route
    name = caller.name or caller.username
    told: dict[str, object] = {
        "index": seen.index,
        "object": call.type,
        "operation": call.op.value,
        "caller": name,
        "route": route,
        "refused": redact_text(seen.reason) if route is None else None,
    }
    what = f"Object {seen.index}, {call.type}.{call.op.value} of {name}"
    fate = f"would go by {route}" if route is not None else "would be refused, and nothing would be sent"
    sentences = [f"{what}, {fate}."]
    if route is None:
        sentences.append(f"It would be told {redact_text(seen.reason)}.")
    if seen.decided is None:
        told["decided"] = None
        sentences.append("The call as a whole is refused before policy is asked.")
    else:
        decided = read(seen.decided)
        told |= _told(decided, history)
        sentences += _decision(decided, history, route)
    return Explanation(" ".join(sentences), told)


def _read(text: str | None) -> tuple[Decided | None, str | None]:
    if text is None:
        return None, NOT_KEPT
    try:
        return read(text), None
    except Unread as unread:
        return None, f"{str(unread)[:1].upper()}{str(unread)[1:]}; use the newer bridge that wrote it."


# ---------------------------------------------------------------- the revision


def _standing(number: int, history: Sequence[Standing]) -> Standing | None:
    return next((each for each in (*history, FIRST) if each.number == number), None)


def _set_by(number: int, history: Sequence[Standing]) -> Standing | None:
    """The revision since which the rules of this one have counted: stops and starts between change none."""
    return next((each for each in history if each.number <= number and each.what in ("set", "rollback")), None)


def _rule(decided: Decided, history: Sequence[Standing]) -> Rule | None:
    standing = _standing(decided.revision, history)
    return next((rule for rule in standing.rules if rule.name == decided.rule), None) if standing is not None else None


def _made(standing: Standing) -> str:
    origin = f"revision {standing.origin}" if standing.origin else "no rules"
    did = "set" if standing.what == "set" else f"a return to {origin}"
    return f"{did} by {standing.author} at {_when(standing.at)}: {standing.reason}"


# ---------------------------------------------------------------- as data


def _told(decided: Decided, history: Sequence[Standing]) -> dict[str, object]:
    rule, setter = _rule(decided, history), _set_by(decided.revision, history)
    return {
        "decided": "capability" if decided.overruled else _by(decided),
        "revision": decided.revision,
        "set": {
            "revision": setter.number,
            "what": setter.what,
            "author": setter.author,
            "at": _when(setter.at),
            "reason": setter.reason,
        }
        if setter is not None
        else None,
        "rule": decided.rule,
        "conditions": plain(rule) if rule is not None else None,
        "policyRoute": decided.route,
        "shadowed": decided.shadowed,
        "account": decided.account,
        "place": str(decided.place) if decided.place is not None else None,
        "inside": decided.inside,
        "passed": [{"rule": name, "why": why} for name, why in decided.passed],
        "passedMore": decided.more,
        "capability": {"reason": redact_text(decided.reason), "overruled": decided.overruled},
    }


def _by(decided: Decided) -> str:
    if decided.rule is None:
        return "default"
    return "fixed" if decided.rule.startswith(f"{FIXED} ") else "rule"


# ---------------------------------------------------------------- in words


def _fate(intent: Intent) -> str:
    way = f"by {intent.route.value}" if intent.route is not None else "by no route"
    if intent.state is State.APPLIED:
        return f"went {way} and was done: {intent.object_type} {intent.zuora_id}"
    if intent.state is State.REFUSED:
        return f"was to go {way} and was refused" if intent.route is not None else "was refused before it was sent"
    return f"goes {way} and {_STATES.get(intent.state, 'is being sent')}"


def _decision(decided: Decided, history: Sequence[Standing], route: str | None) -> Iterator[str]:
    rule = _rule(decided, history)
    by = _by(decided)
    if by == "rule":
        yield f'Policy said {decided.route}, by the rule "{decided.rule}" of revision {decided.revision}.'
    elif by == "fixed":
        yield f"Policy said {decided.route}, by {decided.rule}: no rule of revision {decided.revision} answered."
    else:
        yield f"Policy said {decided.route}, by default: no rule of revision {decided.revision} answered."
    if decided.shadowed:
        yield "REST is compared with it afterwards, as its shadow."
    yield _history(decided, history)
    yield _place(decided, rule)
    if decided.passed:
        over = "; ".join(f'"{name}" ({why})' for name, why in decided.passed)
        yield f"Passed over: {over}" + (f"; and {decided.more} more." if decided.more else ".")
    reason = redact_text(decided.reason)
    if decided.overruled:
        yield f"Capability overruled that ({reason}), so the route is {route}."
    elif reason:
        yield f"Capability agreed ({reason})."


def _history(decided: Decided, history: Sequence[Standing]) -> str:
    setter = _set_by(decided.revision, history)
    if _standing(decided.revision, history) is None:
        return "That revision is not in the history any more, as after a restore."
    if setter is None:
        return "Nobody had set rules."
    return f"Its rules came with revision {setter.number}, {_made(setter)}."


def _place(decided: Decided, rule: Rule | None) -> str:
    if decided.account is None:
        return "No account counted: the object names none, or none was needed."
    if decided.place is None:
        return f"Its account is {decided.account}; no percentage asked for its place."
    text = f"Its account {decided.account} stands at {decided.place} %"
    if rule is not None and rule.percent is not None and decided.inside is not None:
        return f"{text}, {'inside' if decided.inside else 'not inside'} the {rule.percent} % of the rule."
    if rule is not None and rule.account_percent is not None:
        return f"{text}, inside the {rule.account_percent} % that the rule is for."
    return f"{text}."


def _since(decided: Decided, history: Sequence[Standing]) -> Iterator[str]:
    latest = next((each for each in history if each.what in ("set", "rollback")), None)
    if latest is not None and latest.number > decided.revision:
        yield (
            f"The rules have changed since, last by revision {latest.number}, {_made(latest)}; "
            "this and every repeat of it stays on its route."
        )


def _requests(dispatches: Sequence[Dispatch]) -> str:
    if not dispatches:
        return "No request was recorded for it."
    shown = "; ".join(
        f"{each.method} {redact_text(each.path)} by {each.route.value} ({each.verdict or 'no verdict'})"
        for each in islice(dispatches, SHOWN_REQUESTS)
    )
    more = f"; and {len(dispatches) - SHOWN_REQUESTS} more" if len(dispatches) > SHOWN_REQUESTS else ""
    return f"Its requests: {shown}{more}."


def _when(at: Instant) -> str:
    return datetime.fromtimestamp(at // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
