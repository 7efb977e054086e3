"""What evidence an unsettled intent lacks, what the bridge will do by itself, and what a person can do: in sentences.

Each follows from a rule of core: what its request can be looked for by (``core.conduct.proof``, ``alike``), from when
on an absence counts, and what ``core.conduct.recovery`` does for whom nobody drives. Must not settle or look up.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import tzinfo

from bridge.admin.moments import when
from bridge.core.conduct.proof import SECOND_LOOK_SECONDS, began, kept_question, quiet_after
from bridge.core.conduct.saga import is_saga
from bridge.core.conduct.send import SAME_KEY_MS
from bridge.core.facts import Question, Shows, WhichLike, WhichMade
from bridge.core.intent import Dispatch, Intent, State
from bridge.core.mapping.lexical import zone_day
from bridge.core.model import Instant, Op, Route
from bridge.telemetry.redact import redact_text
from bridge.upstream.recorded import Said

NEVER_SENT = frozenset({State.RECEIVED, State.PLANNED})
LIMIT_SENTENCE = "127 s for the sending, 120 s until Zuora ends a request, 30 s for the clocks"


@dataclass(frozen=True, slots=True)
class Case:
    """One intent as it stands. ``now`` is Zuora's clock; ``driven``: the process that has it lives.

    ``readable``: its requests open under the journal's key.
    """

    intent: Intent
    dispatches: Sequence[Dispatch]
    asked: Said
    now: Instant
    visibility_seconds: int
    zone: tzinfo
    driven: bool
    readable: bool = True

    @property
    def last(self) -> Dispatch | None:
        """The request whose outcome is open: the newest that was sent, of a saga the newest step that was."""
        sent = [each for each in self.dispatches if _sent_at(each) is not None]
        return next(reversed(sent or list(self.dispatches)), None)

    @property
    def question(self) -> Question | None:
        """What a look-up would ask."""
        return kept_question(self.intent, self.last) if self.last is not None else None

    @property
    def quiet(self) -> Instant:
        """From when on an absence counts."""
        last = self.last
        return self.intent.created_at if last is None else quiet_after(last, self.visibility_seconds)


def missing(case: Case) -> list[str]:
    """What evidence is missing; nothing for what is settled."""
    return [] if case.intent.state.settled else list(_missing(case))


def following(case: Case) -> list[str]:
    """What the bridge will do by itself and when, then what a person can do."""
    return [*_by_itself(case), *_by_a_person(case)]


# ---------------------------------------------------------------- what is missing


def _missing(case: Case) -> Iterator[str]:
    last = case.last
    if case.intent.state in NEVER_SENT or last is None:
        yield "No request was sent for it, so there is nothing to prove: no money moved."
        return
    if case.intent.state is State.NOT_SENT:
        yield "No byte of its request left for Zuora, so there is nothing to prove: no money moved."
        return
    yield _answer(last)
    if not case.readable:
        return
    if is_saga(case.dispatches):
        yield (
            "It is a refund in three requests (unapply, refund, apply again). Each is proved by the payment's parts, "
            "before and after; if somebody else has changed the payment meanwhile, they prove nothing."
        )
        return
    question = case.question
    yield from _looked_for(case, question)
    if question is not None and not (isinstance(question, Shows) and question.expected):
        yield from _absence(case)


def _sent_at(dispatch: Dispatch) -> Instant | None:
    """When its last send began; that of the first is committed with the request itself."""
    return dispatch.last_sent_at or dispatch.first_sent_at


def _answer(last: Dispatch) -> str:
    sent = _sent_at(last)
    if sent is None:
        return f"Its request was recorded at {when(last.recorded_at)}; whether a byte of it left is not known."
    if last.answered_at is None or last.answered_at < sent:
        return f"No answer: the request was sent at {when(sent)} and nothing was recorded of its answer."
    return (
        f"No verdict: what came at {when(last.answered_at)} for the request sent at {when(sent)} proves neither that "
        f"it was done nor that it was not (recorded as {redact_text(last.verdict or 'nothing')})."
    )


def _looked_for(case: Case, question: Question | None) -> Iterator[str]:
    intent = case.intent
    match question:
        case WhichMade(field=field, marker=marker, amount=amount):
            yield (
                f"No {intent.object_type} with {field} {redact_text(marker)} and amount {redact_text(f'{amount:f}')} "
                "has been found yet: it counts as done when exactly one that is not older than the request has both."
            )
            if intent.state is State.PARKED:
                yield "It is parked because two objects have that marker, or only one that is older than the request."
        case WhichLike():
            gave = "names no marker" if intent.object_type == "Refund" else "has no ReferenceId and no GatewayOrderId"
            yield (
                f"No marker: the request {gave}, so a look-up can only be heuristic (account, amount, type, day and "
                "source, created after the send, by the same user)."
            )
            if question.creator is None:
                yield "Under which user it went is not known, so no object can be told for its own; only absence can."
            if intent.state is State.PARKED:
                yield (
                    "It is parked because a candidate is too many or unsure, or another open call looks the same: "
                    "nothing tells which object is whose."
                )
        case Shows(expected=expected) if expected:
            names = ", ".join(name for name, _ in expected)
            yield f"The values it was to leave ({redact_text(names)}) have not been seen on the {intent.object_type}."
        case Shows():
            yield f"The {intent.object_type} has not been seen to be gone."
        case _:
            yield _nothing(case)


def _nothing(case: Case) -> str:
    if case.intent.op is not Op.CREATE:
        return (
            "Nothing to look for: what it was to change (a void, a field to be cleared) is not shown by Zuora's REST, "
            "so no look-up will ever tell."
        )
    if case.asked.reference is not None:
        return (
            "Nothing to look for: other objects of the same call have the same reference and differ, so that what has "
            "it proves nothing of either."
        )
    return "Nothing to look for: the request names no reference and no account, so no look-up will ever tell."


def _absence(case: Case) -> Iterator[str]:
    rule = f"{LIMIT_SENTENCE}, {case.visibility_seconds} s until Zuora shows all"
    if case.now < case.quiet:
        yield f"That nothing is found proves nothing before {when(case.quiet)}: it may still be on its way ({rule})."
    else:
        yield (
            f"Absence counts since {when(case.quiet)} ({rule}), and must then be seen twice, {SECOND_LOOK_SECONDS} s "
            "apart, by answers that are both late enough; single looks are not kept."
        )


# ---------------------------------------------------------------- what happens next


def _by_itself(case: Case) -> Iterator[str]:
    intent, last = case.intent, case.last
    match intent.state:
        case State.APPLIED | State.REFUSED:
            return
        case State.NOT_APPLIED:
            yield "It was proved not to be done: a repeat by its caller is a new attempt, and moves money then."
            return
        case State.PARKED:
            yield "The bridge does nothing more by itself: it is parked, and no timer ends that."
            yield "A repeat by its caller is not sent: it waits for this one and is told that the outcome is unknown."
            return
        case State.RECEIVED | State.PLANNED:
            yield "If its process is gone, the bridge withdraws it; a repeat is a new attempt."
            return
    if case.driven:
        yield f"The process {intent.owner.split('/')[0]} lives and has it in hand."
    if intent.state is State.NOT_SENT:
        yield "It is sent while its caller waits, and otherwise withdrawn; a repeat is a new attempt."
        return
    yield from _repeated(case)
    if not case.readable:
        return
    if case.question is not None or is_saga(case.dispatches):
        yield (
            "The bridge looks for it again by itself, every 5 to 30 seconds and on every replica that lives, without "
            "sending it: found is APPLIED, absent twice is NOT_APPLIED, what nothing can tell is PARKED."
        )
        if case.now < case.quiet and isinstance(case.question, WhichLike):
            yield f"Neither a find nor an absence ends it before {when(case.quiet)}."
        elif case.now < case.quiet:
            yield f"It can be found at any time; an absence cannot end it before {when(case.quiet)}."
    elif last is not None:
        yield f"Nothing can be looked for, so it is parked for a person, at the earliest at {when(case.quiet)}."


def _repeated(case: Case) -> Iterator[str]:
    last = case.last
    if last is None:
        return
    if last.key is None:
        route = "SOAP" if last.route is Route.SOAP else "This request"
        yield f"{route} knows no key: it is never sent again for this call; a repeat by its caller waits for this one."
        return
    first = began(last)
    ends = first + SAME_KEY_MS
    if case.now <= ends and zone_day(first, case.zone) == zone_day(case.now, case.zone):
        yield (
            f"If its caller repeats it unchanged before {when(ends)} and before midnight ({case.zone}), the same "
            "bytes go out under the same key, and Zuora's answer to that settles it."
        )
    else:
        yield "Its key counts no more (20 hours, or another day of the tenant): a repeat is not sent, it is looked for."


def _by_a_person(case: Case) -> Iterator[str]:
    intent = case.intent
    if intent.state not in (State.IN_DOUBT, State.PARKED):
        return
    last = case.last
    if case.driven and last is not None and _sent_at(last) is not None and last.answered_at is None:
        yield "A person can settle it once the request that is under way has ended."
    yield (
        f"A person can look in Zuora for {_described(case)} and settle it: APPLIED with its Id, NOT_APPLIED or REFUSED "
        f"(here, or `bridge journal resolve {intent.id}`), with a reason that stands in the audit."
    )
    if case.now < case.quiet and intent.op is Op.CREATE:
        yield f"Do not settle it as NOT_APPLIED before {when(case.quiet)}: what is not there yet may still appear."


def _described(case: Case) -> str:
    intent, asked = case.intent, case.asked
    kind = intent.object_type
    if intent.op is not Op.CREATE:
        return f"the {kind} {redact_text(asked.own_id or intent.zuora_id or '(its Id stands in the request)')}"
    of = [f"a {kind}"]
    if asked.amount is not None:
        of.append(redact_text(f"of {asked.amount:f}{f' {asked.currency}' if asked.currency else ''}"))
    if asked.account is not None:
        of.append(f"on account {redact_text(asked.account)}")
    if asked.reference is not None:
        of.append(f"with reference {redact_text(asked.reference)}")
    last = case.last
    if last is not None:
        of.append(f"created from {when(began(last))} on")
    return " ".join(of)
