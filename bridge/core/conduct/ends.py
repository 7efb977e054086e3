"""The end of a sending: what its verdict means for each intent, recorded so that no verdict gets lost.

All ends of a dispatch are committed together. Where a condition of the journal fails (another process has taken an
intent over, or Zuora's Id has settled another intent), they are recorded one by one, and what could not be recorded is
told only as far as it holds whoever drives the intent now (I3). Must not send, and must not judge (``verdict``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bridge.core.commands import Adopted, Ask, Change, Match, Matched, Presence, Record, Recorded, Steps
from bridge.core.conduct.errand import Errand
from bridge.core.intent import Intent, State
from bridge.core.model import Instant, Outcome, Route, Told
from bridge.core.verdict import Busy, Done, Doubt, No, Unsent, Verdict

TURNS = 3
"""How often the journal is read again to find out who has a contested intent."""


@dataclass(frozen=True, slots=True)
class End:
    """What a verdict on one intent changes in the journal and what its row says.

    ``found``: the Id is not of Zuora's answer to the request but of a look-up, and may turn out to be another's.
    """

    position: int
    intent: Intent
    source: State
    verdict: Verdict
    changes: tuple[Change, ...]
    outcome: Outcome
    found: bool = False

    @property
    def lasting(self) -> bool:
        """Whether the outcome holds even if another process drives the intent from now on.

        An Id of Zuora's answer does; one that was found does not, since only the journal can say whose it is. A "no"
        does not where the intent may be sent again under its key, or under the next one; SOAP is sent once, and what
        was never begun is withdrawn by whoever takes it over. Absence lasts only when recorded: the object of a new
        attempt would be found by the marker of the old one.
        """
        once = self.intent.route is Route.SOAP or self.source is State.PLANNED
        return not self.found if isinstance(self.verdict, Done) else once and not isinstance(self.verdict, Doubt)


def end_of(errand: Errand, position: int, intent: Intent, source: State, verdict: Verdict, now: Instant) -> End:
    """The end of an intent that the journal has in ``source``."""
    changes: tuple[Change, ...]
    match verdict:
        case Done(zuora_id):
            changes = errand.applied(intent, source, zuora_id, now)
            outcome = errand.outcome(intent, Told.APPLIED, zuora_id=zuora_id)
        case No(errors):
            changes = errand.refused(intent, source, errors, now)
            outcome = errand.outcome(intent, Told.REFUSED, errors)
        case Busy(errors, retry_after, limited):
            changes = errand.refused(intent, source, errors, now)
            seconds = (retry_after or 120) if limited else None
            outcome = errand.outcome(intent, Told.REFUSED, errors, limited=seconds)
        case Unsent(reason):
            changes = errand.withdrawn(intent, source, reason, now)
            outcome = errand.not_sent(intent, reason)
        case _:
            changes = () if source is State.IN_DOUBT else (errand.move(intent, source, State.IN_DOUBT, now),)
            outcome = errand.outcome(intent, Told.UNKNOWN)
    return End(position, intent, source, verdict, changes, outcome)


def changes_of(ends: Sequence[End]) -> tuple[Change, ...]:
    """What is to be recorded for all of them."""
    return tuple(change for end in ends for change in end.changes)


def close(errand: Errand, ends: Sequence[End], *also: Change) -> Steps[list[Outcome]]:
    """Record the ends and return what their rows say."""
    changes = (*also, *changes_of(ends))
    recorded: Recorded = (yield Record(changes)) if changes else Recorded.DONE
    if recorded is not Recorded.CONFLICT:
        return [_told(errand, end, recorded) for end in ends]
    if also:
        yield Record(also)
    outcomes = []
    for end in ends:
        recorded = (yield Record(end.changes)) if end.changes else Recorded.DONE
        contested = recorded is Recorded.CONFLICT
        outcomes.append((yield from _contested(errand, end)) if contested else _told(errand, end, recorded))
    return outcomes


def _told(errand: Errand, end: End, recorded: Recorded) -> Outcome:
    certain = recorded is Recorded.DONE or end.lasting
    return end.outcome if certain else errand.outcome(end.intent, Told.UNKNOWN)


def _contested(errand: Errand, end: End) -> Steps[Outcome]:
    """Zuora's Id stays true whoever drives the intent now; a "no" may be overtaken by another driver's attempt."""
    unknown = errand.outcome(end.intent, Told.UNKNOWN)
    if isinstance(end.verdict, Doubt):
        return unknown
    done = isinstance(end.verdict, Done)
    for _ in range(TURNS):
        presence: Presence = yield Ask()
        now = presence.now
        found = yield from as_recorded(end.intent, now)
        if found is not None and found.state is State.APPLIED:
            return errand.outcome(found, Told.APPLIED, zuora_id=found.zuora_id)
        if found is not None and found.owner == errand.owner:
            # Nobody else has it, so it is the Id that was refused: it has settled another intent already.
            if done and found.state is State.SENDING:
                yield Record((errand.move(found, State.SENDING, State.IN_DOUBT, now),))
            return unknown
        if found is None or found.state is not State.IN_DOUBT or not (done or found.route is Route.SOAP):
            return end.outcome if done else unknown
        # Who took it over could only say "in doubt", and here is the proof. SOAP is sent once, so even "no" holds.
        if isinstance(end.verdict, Done):
            proof = errand.applied(found, State.IN_DOUBT, end.verdict.zuora_id, now)
        else:
            proof = errand.refused(found, State.IN_DOUBT, end.outcome.errors, now)
        if (yield Record((Adopted(found.id, found.owner, errand.owner), *proof))) is not Recorded.CONFLICT:
            return end.outcome
    return unknown


def as_recorded(intent: Intent, now: Instant) -> Steps[Intent | None]:
    """The intent as the journal has it; None where it was settled otherwise or the journal cannot be read."""
    matched: Matched | None = yield Match(intent.scope, (intent.fingerprint,), now)
    intents = matched.intents if matched is not None else ()
    return next((each for each in intents if each.id == intent.id), None)
