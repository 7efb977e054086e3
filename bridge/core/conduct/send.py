"""Sending one request until there is a verdict: what is repeated under its key, what is tried anew, what is looked up.

A keyed request without a verdict is repeated byte for byte while its caller waits, on the same tenant day and within 20
hours (I5). Without a key it is sent once. Where repeating cannot help, or may not, a look-up by the request's marker is
the last word (``proof``). Every send follows a commit (I1). Must not classify, join or choose a route.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import chain, repeat

from bridge.core.commands import (
    Added,
    Adopted,
    Answered,
    Ask,
    Change,
    Presence,
    Record,
    Recorded,
    Send,
    SendEvent,
    Sent,
    Steps,
    Wait,
)
from bridge.core.conduct.ends import End, end_of
from bridge.core.conduct.errand import BACK_OFF, Errand, may_wait
from bridge.core.conduct.proof import look, question_of
from bridge.core.facts import Question
from bridge.core.intent import Dispatch, Intent, State
from bridge.core.mapping.directives import names_of
from bridge.core.mapping.lexical import zone_day
from bridge.core.model import Instant, ZObject
from bridge.core.plan import next_attempt
from bridge.core.verdict import Busy, Done, Doubt, No, Verdict, judge_rest

SAME_KEY_MS = 20 * 60 * 60 * 1000
"""How long a key may be repeated: Zuora forgets keys after 24 hours (Zuora: Idempotent requests)."""

Judge = Callable[[SendEvent, bool], Verdict]
"""The verdict on an event; the flag says that an earlier send of the same bytes got none."""


@dataclass(frozen=True, slots=True)
class Sending:
    """A request on its way: whose it is, where the journal has its intent, how its answers are judged and proved."""

    position: int
    intent: Intent
    dispatch: Dispatch
    judge: Judge
    question: Question | None
    source: State = State.SENDING
    doubted: bool = False
    verdict: Verdict | None = None
    answered: Answered | None = None

    @property
    def came_to(self) -> Verdict:
        """The verdict; before anything was sent there is none to know."""
        return self.verdict if self.verdict is not None else Doubt("not sent yet")


def rest_sending(
    position: int,
    intent: Intent,
    dispatch: Dispatch,
    obj: ZObject,
    *,
    errand: Errand,
    source: State = State.SENDING,
    doubted: bool = False,
) -> Sending:
    """The sending of a REST request for ``obj``."""
    own, names = errand.caller.own, names_of(obj, errand.tenant)
    known = obj.word("Id")
    question = question_of(obj, intent.op, dispatch)
    # A fall-back and an update tell no Id of their own in every answer; a create must.
    known = None if dispatch.key is not None else known

    def judge(event: SendEvent, again: bool) -> Verdict:
        return judge_rest(event, obj, doubted=again, known=known, own=own, op=intent.op, names=names)

    return Sending(position, intent, dispatch, judge, question, source, doubted)


def pauses() -> Iterator[float]:
    """Seconds between repeats under the same key."""
    return chain(BACK_OFF, repeat(8.0))


def same_key_allowed(errand: Errand, dispatch: Dispatch, now: Instant) -> bool:
    """I5: keyed, on the same tenant day and at most 20 hours since the first send."""
    first = dispatch.first_sent_at if dispatch.first_sent_at is not None else dispatch.recorded_at
    zone = errand.tenant.zone
    return dispatch.key is not None and now - first <= SAME_KEY_MS and zone_day(first, zone) == zone_day(now, zone)


def send(errand: Errand, sending: Sending) -> Steps[End]:
    """Send until there is a verdict or the caller's time is up; its end is yet to be recorded."""
    sent = yield from exchange(errand, sending)
    presence: Presence = yield Ask()
    if sent.answered is None:
        # Another process may have recorded the next attempt instead, and may be sending it.
        return replace(end_of(errand, sent.position, sent.intent, sent.source, sent.came_to, presence.now), changes=())
    end = end_of(errand, sent.position, sent.intent, sent.source, sent.came_to, presence.now)
    return replace(end, changes=(sent.answered, *end.changes), found=sent.answered.verdict == FOUND)


def exchange(errand: Errand, sending: Sending, *, for_nobody: bool = False, waited: bool = True) -> Steps[Sending]:
    """Send until there is a verdict or the caller's time is up. Without ``answered`` another process may have it.

    ``for_nobody``: no caller is there, so that what is in doubt is looked up and not repeated (I5). ``waited``: as of
    ``Send``.
    """
    waits, tries = pauses(), iter(BACK_OFF)
    now = sending
    while True:
        looked = False
        verdict = now.judge((yield Send(now.dispatch, waited)), now.doubted)
        presence: Presence = yield Ask(word((verdict,)))
        doubted = now.doubted or isinstance(verdict, Doubt)
        now = replace(now, verdict=verdict, doubted=doubted, answered=_answered(now.dispatch, verdict, presence.now))
        if isinstance(verdict, Done):
            return now
        if isinstance(verdict, No):
            # Zuora's REST refuses to cancel what is canceled; its SOAP calls that done (Zuora: Payment object, Status).
            return (yield from _looked(now)) if now.dispatch.path.endswith("/cancel") else now
        if isinstance(verdict, Doubt):
            if verdict.stored:
                # What Zuora has stored under the key is all that a repeat would get.
                now, looked = (yield from _looked(now)), True
                if isinstance(now.verdict, Done):
                    return now
            pause: float | None = next(waits) if now.dispatch.key is not None and not for_nobody else None
        else:
            pause = next(tries, None)
            if isinstance(verdict, Busy) and pause is not None:
                pause = max(pause, verdict.retry_after or 0)
        if pause is None or not may_wait(presence, pause):
            break
        yield Wait(pause)
        looked = False
        presence = yield Ask()
        if not presence.waiting or (now.doubted and not same_key_allowed(errand, now.dispatch, presence.now)):
            break
        if isinstance(verdict, Busy):
            again = next_attempt(now.dispatch, now.intent, presence.now)
            changes = (now.answered, *reopened(errand, now.intent, now.source, presence.now), Added(again))
            if (yield Record(tuple(change for change in changes if change is not None))) is not Recorded.DONE:
                return replace(now, verdict=Doubt("the journal could not record the next attempt"), answered=None)
            now = replace(now, dispatch=again, source=State.SENDING, doubted=False)
        elif (yield Record(still_ours(errand, now.dispatch, presence.now))) is not Recorded.DONE:
            break
    return (yield from _looked(now)) if isinstance(now.verdict, Doubt) and not looked else now


def still_ours(errand: Errand, dispatch: Dispatch, now: Instant) -> tuple[Change, ...]:
    """What must be recorded before a request is sent once more: that nobody else has any of its intents.

    A process may have slept since its last commit. Whoever has one of them may prove it absent, and begin anew.
    """
    ours = (Adopted(each, errand.owner, errand.owner) for each in dispatch.intent_ids)
    return (*ours, Sent(dispatch.id, now))


def _answered(dispatch: Dispatch, verdict: Verdict, now: Instant) -> Answered:
    return Answered(dispatch.id, word((verdict,)), now)


def _looked(now: Sending) -> Steps[Sending]:
    """In doubt: whether the marker finds what was made."""
    found = yield from look(now.question, now.dispatch)
    if not isinstance(found, Done) or now.answered is None:
        return now
    return replace(now, verdict=found, answered=replace(now.answered, verdict=FOUND))


FOUND = "done by look-up"
"""What an operator reads of a request whose answer was no verdict."""


def word(verdicts: tuple[Verdict, ...]) -> str:
    """For the operator: what kinds of verdict an answer held."""
    return " ".join(dict.fromkeys(type(each).__name__.lower() for each in verdicts))


def reopened(errand: Errand, intent: Intent, source: State, now: Instant) -> tuple[Change, ...]:
    """What makes a further attempt ours: nobody else may have taken the intent over, and begun one, in the meantime.

    Out of doubt it is a definite "not now": proved not applied, and sent again for the caller who repeated.
    """
    if source is not State.IN_DOUBT:
        return (Adopted(intent.id, errand.owner, errand.owner),)
    return (
        errand.move(intent, State.IN_DOUBT, State.NOT_APPLIED, now),
        errand.move(intent, State.NOT_APPLIED, State.SENDING, now),
    )
