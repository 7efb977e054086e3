"""One call being conducted: who, what, by which process; and how a verdict becomes journal changes and an outcome."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bridge.core.classify import Prefer
from bridge.core.commands import Change, Moved, Presence
from bridge.core.intent import Intent, State, check
from bridge.core.model import Call, Caller, Instant, Outcome, Route, RowError, Tenant, Told
from bridge.core.refusals import unsent

BACK_OFF = (1.0, 2.0, 4.0)
"""Seconds before a further attempt after a lock or before trying an unreachable Zuora again."""


def may_wait(presence: Presence, seconds: float) -> bool:
    """Whether the caller is there and will still be after that time."""
    return presence.waiting and seconds < presence.remaining


@dataclass(frozen=True, slots=True)
class Errand:
    """Everything that does not change while a call is conducted. ``owner`` is this process's instance id."""

    call: Call
    caller: Caller
    tenant: Tenant
    call_id: str
    owner: str
    prefer: Prefer

    def under(self, route: Route, presence: Presence) -> Mapping[str, object]:
        """What a dispatch keeps of its credential: whether it is the caller's own, and whose user's, if known.

        SOAP goes under the caller's session, all else under the caller's own credential or the bridge's (DESIGN 8).
        """
        own = self.caller.own
        us = None if own else presence.us
        user = self.caller.user_id if route is Route.SOAP else us
        return {"own": own, "by": user.casefold() if user is not None else None}

    def may_resend(self, intent: Intent, kept: Mapping[str, object]) -> bool:
        """Whether this caller may cause it once more: only under the credential that it was made for.

        A key is the tenant's, but what a user may do and who an object is by is not; another caller only looks.
        """
        own = bool(kept.get("own", False))
        same = not own or intent.caller == (self.caller.name or self.caller.username)
        return own == self.caller.own and same and self.caller.may(intent.object_type, intent.op)

    def move(self, intent: Intent, source: State, target: State, now: Instant, **rest: object) -> Moved:
        """A journal change; raises ``IllegalTransition`` for a move the table lacks."""
        check(source, target)
        return Moved(intent.id, source, target, self.owner, now, **rest)  # type: ignore[arg-type]

    def applied(self, intent: Intent, source: State, zuora_id: str, now: Instant) -> tuple[Change, ...]:
        """The intent is done."""
        return (self.move(intent, source, State.APPLIED, now, zuora_id=zuora_id),)

    def refused(self, intent: Intent, source: State, errors: tuple[RowError, ...], now: Instant) -> tuple[Change, ...]:
        """Zuora said no. Out of doubt, that proves the earlier sends moved nothing either."""
        target = State.NOT_APPLIED if source is State.IN_DOUBT else State.REFUSED
        return (self.move(intent, source, target, now, errors=errors),)

    def withdrawn(self, intent: Intent, source: State, why: str, now: Instant) -> tuple[Change, ...]:
        """Proved unsent and given up: a repeat is simply a new attempt."""
        errors = unsent(self.call.version, why)
        path = (State.NOT_SENT, State.REFUSED) if source is State.SENDING else (State.REFUSED,)
        changes: list[Change] = []
        for target in path:
            final = target is State.REFUSED
            changes.append(self.move(intent, source, target, now, errors=errors if final else (), unsent=final))
            source = target
        return tuple(changes)

    def not_applied(self, intent: Intent, source: State, now: Instant) -> tuple[Change, ...]:
        """Proved by absence that nothing was done; a repeat is a new attempt."""
        doubt = (self.move(intent, source, State.IN_DOUBT, now),) if source is State.SENDING else ()
        return (*doubt, self.move(intent, State.IN_DOUBT, State.NOT_APPLIED, now))

    def outcome(self, intent: Intent, told: Told, errors: tuple[RowError, ...] = (), **rest: object) -> Outcome:
        """What this intent's row says."""
        return Outcome(told, errors=errors, route=intent.route, intent_id=intent.id, **rest)  # type: ignore[arg-type]

    def not_sent(self, intent: Intent, why: str) -> Outcome:
        """The row of an intent that was withdrawn."""
        return self.outcome(intent, Told.UNSENT, unsent(self.call.version, why))
