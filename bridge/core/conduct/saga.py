"""A refund of applied money where Zuora has no single request for it: unapply, refund, undo if that is refused.

The lease on the payment is held over all of it. Each step is recorded before it is sent, and the state before the first
is kept with it, so that a read tells whether a step without a verdict happened. A payment that somebody else changed
meanwhile is left as it is: the intent is parked for a person. Must not be begun without the lease.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from bridge.core.classify.verdicts import Prelude
from bridge.core.commands import (
    Added,
    Adopted,
    Answered,
    Ask,
    Change,
    Lookup,
    Presence,
    Record,
    Recorded,
    Send,
    SendEvent,
    Sent,
    Steps,
    Wait,
)
from bridge.core.conduct.alike import proved
from bridge.core.conduct.ends import End, end_of
from bridge.core.conduct.errand import BACK_OFF, Errand, may_wait
from bridge.core.conduct.proof import SECOND_LOOK_SECONDS, Look, kept_question, quiet_since
from bridge.core.conduct.send import (
    FOUND,
    Sending,
    exchange,
    pauses,
    reopened,
    rest_sending,
    same_key_allowed,
    still_ours,
    word,
)
from bridge.core.facts import Part, Parts, WhichParts
from bridge.core.intent import Dispatch, Intent, State
from bridge.core.mapping.directives import names_of
from bridge.core.mapping.lexical import from_json, total
from bridge.core.model import RowError, Told, ZObject
from bridge.core.plan import REFUND, UNAPPLY, UNDO, next_attempt
from bridge.core.verdict import Busy, Done, Doubt, No, Unsent, Verdict, judge_rest

UNDO_TRIES = (*BACK_OFF, 8)
"""Seconds before a further try to apply again what was unapplied, whether or not the caller still waits."""

LEFT_OVER = "left over"
"""The verdict of an undo that did not succeed: an operator has to apply the amount again."""


CHANGED = "the payment has just been changed"
"""Why a saga is not begun as it was planned."""


class Seen(enum.Enum):
    """How a payment's parts compare with those of the snapshot."""

    BEFORE = "before"
    AFTER = "after"
    OTHER = "other"
    UNREAD = "unread"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What the first step takes from which parts of the payment, and all its parts before."""

    payment_id: str
    takes: Mapping[str, Decimal]
    before: Mapping[str, Decimal]

    @classmethod
    def of(cls, dispatch: Dispatch) -> Snapshot:
        """The snapshot that was recorded with a step."""
        kept = from_json((dispatch.snapshot or "").encode())
        return cls(kept["payment"], _amounts(kept["takes"]), _amounts(kept["before"]))

    def compare(self, parts: Sequence[Part]) -> Seen:
        """Whether the payment is as before the first step, as right after it, or otherwise."""
        now = {part.id: part.amount for part in parts if part.amount}
        if now == self.before:
            return Seen.BEFORE
        after = {key: amount - self.takes.get(key, Decimal(0)) for key, amount in self.before.items()}
        return Seen.AFTER if now == {key: amount for key, amount in after.items() if amount} else Seen.OTHER

    @property
    def left(self) -> str:
        """For people: how much of which document stays unapplied."""
        return ", ".join(f"{amount} of {key}" for key, amount in self.takes.items())


def _amounts(rows: Sequence[Sequence[str]]) -> dict[str, Decimal]:
    made: dict[str, list[Decimal]] = {}
    for _, key, amount in rows:
        made.setdefault(key, []).append(Decimal(amount))
    return {key: total(amounts) for key, amounts in made.items()}


def is_saga(dispatches: Sequence[Dispatch]) -> bool:
    """Whether these are the steps of a saga."""
    return any(each.step == UNDO for each in dispatches)


def unchanged(prelude: Prelude) -> Steps[str | None]:
    """Under the lease and before anything is sent: why the plan no longer fits the payment, or None."""
    fact = (yield Lookup((WhichParts(prelude.payment_id),)))[WhichParts(prelude.payment_id)]
    if not isinstance(fact, Parts):
        return "the payment could not be read"
    now = {part.id: part.amount for part in fact.parts if part.amount}
    return None if now == {part.id: part.amount for part in prelude.before} else CHANGED


@dataclass(frozen=True, slots=True)
class Resumed:
    """The end of what another process began; ``again``: nothing came of it, so the repeat is a new attempt."""

    end: End
    again: bool = False


@dataclass(frozen=True, slots=True)
class Saga:
    """One refund on its way through its steps. ``source`` is where the journal has its intent."""

    errand: Errand
    position: int
    intent: Intent
    obj: ZObject
    steps: Mapping[int, Dispatch]
    source: State = State.SENDING

    @classmethod
    def of(cls, errand: Errand, position: int, intent: Intent, obj: ZObject, dispatches: Sequence[Dispatch]) -> Saga:
        """The saga with the newest attempt of each step."""
        newest = {each.step: each for each in sorted(dispatches, key=lambda each: (each.step, each.attempt))}
        return cls(errand, position, intent, obj, newest, intent.state)

    @property
    def snapshot(self) -> Snapshot:
        """What was recorded before the first step."""
        return Snapshot.of(self.steps[UNAPPLY])

    def run(self) -> Steps[End]:
        """From the first step; the intent is SENDING."""
        answered, verdict, seen = yield from self._unapply()
        if isinstance(verdict, Done):
            return (yield from self._refund(answered))
        return (yield from self._end(verdict, answered, parked=seen is Seen.OTHER))

    def resume(self, *, permitted: bool, for_nobody: bool = False) -> Steps[Resumed]:
        """Go on after another process. Only where that is ``permitted`` is the refund sent.

        ``for_nobody`` repeats no key (I5): a refund in doubt is looked for, and begun anew once it is proved absent.
        """
        if self.steps[UNDO].first_sent_at is not None:
            return (yield from self._finish_undo())
        if self.steps[REFUND].first_sent_at is not None:
            return Resumed((yield from self._finish_refund(permitted=permitted, for_nobody=for_nobody)))
        seen = yield from self._seen()
        now: Presence = yield Ask()
        if seen is Seen.AFTER and permitted and now.waiting:
            answered = Answered(self.steps[UNAPPLY].id, "done by look-up", now.now)
            return Resumed((yield from self._refund(answered, for_nobody=for_nobody)))
        if seen is Seen.BEFORE and now.now >= quiet_since(self.errand, self.steps[UNAPPLY]):
            yield Wait(SECOND_LOOK_SECONDS)
            if (yield from self._seen()) is Seen.BEFORE:
                end = yield from self._end(Doubt("it was not unapplied"))
                changes = self.errand.not_applied(self.intent, self.source, now.now)
                unsent = self.errand.not_sent(self.intent, "it was proved absent")
                return Resumed(replace(end, changes=changes, outcome=unsent), again=True)
        doubt = Doubt("whether it was unapplied is not known")
        return Resumed((yield from self._end(doubt, parked=seen is Seen.OTHER)))

    # ------------------------------------------------------------ the first step

    def _unapply(self) -> Steps[tuple[Answered, Verdict, Seen]]:
        dispatch, tries, waits, seen = self.steps[UNAPPLY], iter(BACK_OFF), pauses(), Seen.UNREAD
        while True:
            verdict = self._judge((yield Send(dispatch)))
            presence: Presence = yield Ask(word((verdict,)))
            pause = next(tries, None)
            if not isinstance(verdict, Unsent | Busy) or pause is None or not may_wait(presence, pause):
                break
            yield Wait(pause)
            presence = yield Ask()
            if not presence.waiting:
                break
            if (yield Record(still_ours(self.errand, dispatch, presence.now))) is not Recorded.DONE:
                break
        while isinstance(verdict, Doubt):
            seen = yield from self._seen()
            presence = yield Ask()
            if seen is Seen.AFTER:
                verdict = Done(self.snapshot.payment_id)
            pause = next(waits)
            if seen in (Seen.AFTER, Seen.OTHER) or not may_wait(presence, pause):
                break
            yield Wait(pause)
        return Answered(dispatch.id, word((verdict,)), presence.now), verdict, seen

    # ------------------------------------------------------------ the refund

    def _refund(self, answered: Answered, *, for_nobody: bool = False) -> Steps[End]:
        """The recovery point lies before it: that the first step is done, and that this one begins."""
        presence: Presence = yield Ask()
        ours = reopened(self.errand, self.intent, self.source, presence.now)
        begun = yield from self._begin(self.steps[REFUND], answered, ours)
        if begun is None:
            end = yield from self._end(Doubt("the journal could not record the refund"))
            return replace(end, changes=())
        here = replace(self, source=State.SENDING)
        return (yield from here._send_refund(begun, doubted=False, for_nobody=for_nobody))

    def _send_refund(self, dispatch: Dispatch, *, doubted: bool, for_nobody: bool) -> Steps[End]:
        sending = rest_sending(
            self.position,
            self.intent,
            dispatch,
            self.obj,
            errand=self.errand,
            source=self.source,
            doubted=doubted,
        )
        sent: Sending = yield from exchange(self.errand, sending, for_nobody=for_nobody, waited=False)
        here = replace(self, source=sent.source)
        if sent.answered is None:
            # Another process may have recorded the next attempt instead, and may be sending it.
            return replace((yield from here._end(sent.came_to)), changes=())
        if isinstance(sent.came_to, Done | Doubt):
            return (yield from here._end(sent.came_to, sent.answered))
        return (yield from here._undo(sent.came_to, sent.answered))

    def _finish_refund(self, *, permitted: bool, for_nobody: bool) -> Steps[End]:
        dispatch = self.steps[REFUND]
        presence: Presence = yield Ask()
        question = kept_question(self.intent, dispatch)
        found = yield from proved(self.errand, self.intent, dispatch, question)
        presence = yield Ask()
        if isinstance(found, Done):
            return (yield from self._end(found, Answered(dispatch.id, FOUND, presence.now)))
        if not (permitted and presence.waiting):
            parked = found is Look.AMBIGUOUS and not same_key_allowed(self.errand, dispatch, presence.now)
            return (yield from self._end(Doubt("nobody waits for it"), parked=parked))
        if found is Look.MISSING:
            again = next_attempt(dispatch, self.intent, presence.now)
            ours = reopened(self.errand, self.intent, self.source, presence.now)
            if (yield Record((*ours, Added(again)))) is not Recorded.DONE:
                return replace((yield from self._end(Doubt("no next attempt could be recorded"))), changes=())
            here = replace(self, source=State.SENDING)
            return (yield from here._send_refund(again, doubted=False, for_nobody=for_nobody))
        if for_nobody:
            # Every repeat would put off the moment from which its absence counts.
            parked = found is Look.AMBIGUOUS and not same_key_allowed(self.errand, dispatch, presence.now)
            return (yield from self._end(Doubt("it may still be on its way"), parked=parked))
        if not same_key_allowed(self.errand, dispatch, presence.now):
            return (yield from self._end(Doubt("its key is too old")))
        if (yield Record(still_ours(self.errand, dispatch, presence.now))) is not Recorded.DONE:
            return replace((yield from self._end(Doubt("the repeat could not be recorded"))), changes=())
        return (yield from self._send_refund(dispatch, doubted=True, for_nobody=for_nobody))

    # ------------------------------------------------------------ taking the first step back

    def _undo(self, why: Verdict, answered: Answered) -> Steps[End]:
        seen = yield from self._seen()
        if seen is Seen.BEFORE:
            return (yield from self._end(why, answered))
        if seen is Seen.OTHER:
            return (yield from self._end(Doubt("somebody else changed the payment"), answered, parked=True))
        ours = (Adopted(self.intent.id, self.errand.owner, self.errand.owner),)
        begun = yield from self._begin(self.steps[UNDO], answered, ours)
        if begun is None:
            end = yield from self._end(Doubt("the journal could not record the compensation"))
            return replace(end, changes=())
        tries = iter(UNDO_TRIES)
        while True:
            verdict = self._judge((yield Send(begun, waited=False)))
            if isinstance(verdict, Done):
                return (yield from self._end(why, self._word(begun, verdict)))
            if isinstance(verdict, Doubt):
                return (yield from self._undone(why))
            pause = next(tries, None)
            if pause is None:
                return (yield from self._left_over(why))
            yield Wait(pause)
            presence: Presence = yield Ask(word((verdict,)))
            if (yield Record(still_ours(self.errand, begun, presence.now))) is not Recorded.DONE:
                return replace((yield from self._end(Doubt("the compensation could not be recorded"))), changes=())

    def _undone(self, why: Verdict) -> Steps[End]:
        """The undo got no verdict. It adds to what is applied, so it is sent once only: from here on we only look."""
        undo = self.steps[UNDO]
        for pause in (*UNDO_TRIES, None):
            seen = yield from self._seen()
            if seen is Seen.BEFORE:
                return (yield from self._end(why, self._word(undo, Done(self.snapshot.payment_id))))
            if seen is Seen.OTHER:
                return (yield from self._end(Doubt("somebody else changed the payment"), parked=True))
            if pause is not None:
                yield Wait(pause)
        # It may still arrive, so nothing is settled, and nobody else gets the lease: a later look or repeat ends it.
        doubt = Doubt("whether it was applied again is not known")
        end = yield from self._end(doubt, self._word(undo, doubt))
        note = f" It is not known whether {self.snapshot.left} is applied to the payment again: look before you do it."
        return replace(end, outcome=self.errand.outcome(self.intent, Told.REFUSED, self._noted(why, note)))

    def _finish_undo(self) -> Steps[Resumed]:
        """Zuora had refused the refund, so once the undo is certain the repeat is a new attempt."""
        undo, why = self.steps[UNDO], No((RowError("TRANSACTION_FAILED", "Zuora refused the refund."),))
        seen = yield from self._seen()
        presence: Presence = yield Ask()
        if seen is Seen.BEFORE:
            return Resumed((yield from self._end(why, self._word(undo, Done(self.snapshot.payment_id)))), again=True)
        if seen is Seen.AFTER and presence.now >= quiet_since(self.errand, undo):
            end = yield from self._undo(why, Answered(undo.id, "not applied", presence.now))
            return Resumed(end, again=not isinstance(end.verdict, Doubt))
        parked = seen is Seen.OTHER
        return Resumed((yield from self._end(Doubt("whether it was applied again is not known"), parked=parked)))

    def _left_over(self, why: Verdict) -> Steps[End]:
        """The refund is refused for certain; what stays unapplied is told to the caller and to the operator."""
        told = self._noted(why, f" The payment stays unapplied by {self.snapshot.left}: apply it again.")
        presence: Presence = yield Ask()
        return (yield from self._end(No(told), Answered(self.steps[UNDO].id, LEFT_OVER, presence.now)))

    def _noted(self, why: Verdict, note: str) -> tuple[RowError, ...]:
        errors = why.errors if isinstance(why, No | Busy) else self.errand.not_sent(self.intent, "no connection").errors
        return tuple(replace(error, message=error.message + note) for error in errors)

    # ------------------------------------------------------------ shared

    def _begin(self, dispatch: Dispatch, answered: Answered, ours: tuple[Change, ...]) -> Steps[Dispatch | None]:
        presence: Presence = yield Ask()
        if (yield Record((answered, *ours, Sent(dispatch.id, presence.now)))) is not Recorded.DONE:
            return None
        first = dispatch.first_sent_at if dispatch.first_sent_at is not None else presence.now
        return replace(dispatch, first_sent_at=first, last_sent_at=presence.now)

    def _judge(self, event: SendEvent) -> Verdict:
        known = self.snapshot.payment_id
        names = names_of(self.obj, self.errand.tenant)
        return judge_rest(event, self.obj, known=known, own=self.errand.caller.own, names=names)

    def _word(self, dispatch: Dispatch, verdict: Verdict) -> Answered:
        return Answered(dispatch.id, word((verdict,)), 0)

    def _seen(self) -> Steps[Seen]:
        question = WhichParts(self.snapshot.payment_id)
        fact = (yield Lookup((question,)))[question]
        return self.snapshot.compare(fact.parts) if isinstance(fact, Parts) else Seen.UNREAD

    def _end(self, verdict: Verdict, answered: Answered | None = None, *, parked: bool = False) -> Steps[End]:
        presence: Presence = yield Ask()
        end = end_of(self.errand, self.position, self.intent, self.source, verdict, presence.now)
        changes: tuple[Change, ...] = end.changes
        if parked:
            park = self.errand.move(self.intent, State.IN_DOUBT, State.PARKED, presence.now)
            changes = (*changes, park)
        if answered is not None:
            changes = (replace(answered, at=presence.now), *changes)
        found = answered is not None and answered.verdict == FOUND
        return replace(end, changes=changes, found=found)
