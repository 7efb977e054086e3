"""Proof by reading: what look-up tells whether a request without a verdict was carried out, and what its answer proves.

A create is found by its marker (a reference in the request that Zuora can be asked for) or, without one, by its look
(``alike``), an update by the values it was to leave, a delete by absence. Absence of a create's object proves nothing
until Zuora has certainly ended with the request and shows its ledger without delay; then it has to be seen twice. Must
not send anything but look-ups.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any
from urllib.parse import unquote

from bridge.core.commands import Ask, Lookup, Presence, Rivalry, Rivals, Steps, Wait
from bridge.core.conduct.errand import Errand
from bridge.core.facts import Absent, Fact, Made, Question, Several, Showing, Shows, WhichLike, WhichMade
from bridge.core.intent import Dispatch, Intent
from bridge.core.mapping.lexical import from_json, reduced, to_json
from bridge.core.model import NOTHING, Instant, Op, Route, ZObject
from bridge.core.verdict import Done

SEND_MS = 127_000
"""The send deadline of 125 s, and the 2 s that a sender may take from its commit: then it has left, or never will."""

ENDED_MS = 120_000
"""Zuora ends a request of its own accord after 120 s (Zuora: API limits)."""

CLOCK_MS = 30_000
"""How far the bridge's estimate of Zuora's clock may be off."""

SECOND_LOOK_SECONDS = 2

_CHANGED = re.compile(r"/v1/(?:payments|refunds)/([^/]+)")
_SOURCE = re.compile(r"/v1/(payments|credit-memos)/([^/]+)/refund")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MARKERS = {"Payment": (("ReferenceId", "referenceId"), ("GatewayOrderId", "gatewayOrderId"))}
_READABLE = {
    # What an update by SOAP may change and REST shows (Zuora: Payment object; Refund object).
    "Comment": "comment",
    "AccountingCode": "financeInformation.bankAccountAccountingCode",
    "ReasonCode": "reasonCode",
    "TransferredToAccounting": "financeInformation.transferredToAccounting",
}


class Look(enum.Enum):
    """What a look-up without a find says: nothing there (yet), nothing at all, or that none will ever tell."""

    MISSING = "missing"
    UNCLEAR = "unclear"
    AMBIGUOUS = "ambiguous"


def question_of(obj: ZObject, op: Op, dispatch: Dispatch | None) -> Question | None:
    """The question whose answer proves what became of the request; None where there is none.

    A REST request tells by itself; of SOAP and Actions the caller's object does.
    """
    if dispatch is not None and dispatch.route is Route.REST:
        return _of_rest(obj, op, dispatch)
    if op is Op.CREATE:
        return _of_create(obj)
    zuora_id = obj.word("Id")
    if zuora_id is None:
        return None
    if op is Op.DELETE:
        return Shows(obj.type, zuora_id)
    expected = list(_expected(obj))
    known = tuple((name, value) for name, value in expected if name is not None)
    return Shows(obj.type, zuora_id, known) if known and len(known) == len(expected) else None


def _of_create(obj: ZObject) -> WhichMade | WhichLike | None:
    amount = reduced(obj.word("Amount") or "")
    if amount is None:
        return None
    for soap, rest in _MARKERS.get(obj.type, ()):
        marker = obj.get(soap)
        if marker is not None:
            return WhichMade(obj.type, rest, marker, Decimal(amount), obj.word("AccountId"))
    if obj.type == "Refund":
        source = obj.word("PaymentId")
        return _like(obj.type, amount, None, obj.word("RefundDate"), obj.word("Type"), source) if source else None
    account = obj.word("AccountId")
    return _like(obj.type, amount, account, obj.word("EffectiveDate"), obj.word("Type")) if account else None


def _like(
    object_type: str,
    amount: object,
    account: str | None,
    day: str | None,
    kind: str | None,
    source: str | None = None,
    *,
    memo: bool = False,
) -> WhichLike:
    """The look of a create. An electronic one's day is Zuora's own, and of a time with a zone she decides the day."""
    dated = _DAY.fullmatch(day) if day is not None and kind == "External" else None
    return WhichLike(
        object_type,
        Decimal(str(amount)),
        account.casefold() if account is not None else None,
        dated[0] if dated is not None else None,
        kind,
        source.casefold() if source is not None else None,
        source_is_memo=memo,
    )


def _expected(obj: ZObject) -> Iterator[tuple[str | None, str]]:
    for name, value in obj.fields.items():
        if name == "Status":
            # REST has no Voided (Zuora: Payment status values), so what it shows then is not known.
            yield (None if value.strip() == "Voided" else "status"), value.strip()
        elif name != "Id":
            yield (_READABLE.get(name) or (name if name.endswith(("__c", "__NS")) else None)), value
    for name in (*obj.children, *obj.nulls, *obj.verbatim):
        yield None, name


def _of_rest(obj: ZObject, op: Op, dispatch: Dispatch) -> Question | None:
    body = from_json(dispatch.body) if dispatch.body else {}
    if op is Op.CREATE:
        return made_by(obj, dispatch.path, body) if dispatch.method == "POST" else None
    # What is changed by REST has an Id: its path is made of it.
    zuora_id = obj.word("Id") or ""
    if dispatch.path.endswith("/cancel"):
        return Shows(obj.type, zuora_id, (("status", "Canceled"),))
    expected = tuple(_flat(body))
    # Without anything to show, only a delete can be proved, by absence.
    return Shows(obj.type, zuora_id, expected) if expected or op is Op.DELETE else None


def made_by(obj: ZObject, path: str, body: Mapping[str, Any]) -> WhichMade | WhichLike | None:
    """The question about what a POST of this body made."""
    source = _SOURCE.match(path)
    amount = body.get("amount", body.get("totalAmount"))
    if amount is None:
        return None
    field = next((name for name in ("referenceId", "gatewayOrderId") if name in body), None)
    account, key = body.get("accountId"), unquote(source[2]) if source is not None else None
    memo = source is not None and source[1] == "credit-memos"
    if field is not None:
        return WhichMade(obj.type, field, str(body[field]), Decimal(amount), account, key, memo)
    if account is None and key is None:
        return None
    day = body.get("refundDate", body.get("effectiveDate"))
    return _like(obj.type, amount, account, day, body.get("type"), key, memo=memo)


def _flat(body: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, value in body.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            text = ("true" if value else "false") if isinstance(value, bool) else str(value)
            yield f"{prefix}{name}", text


def proves(question: Question, fact: Fact) -> Done | Look:
    """What the answer to a question of ``question_of`` proves."""
    match question, fact:
        case WhichMade(), Made(zuora_id):
            return Done(zuora_id)
        case WhichMade(), Several():
            return Look.AMBIGUOUS
        case Shows(_, zuora_id, ()), Absent():
            return Done(zuora_id)
        case Shows(_, zuora_id, (_, *_)), Showing(as_expected=True):
            return Done(zuora_id)
        case ((WhichMade() | Shows()), (Absent() | Showing())):
            return Look.MISSING
        case _:
            return Look.UNCLEAR


def look(question: Question | None, dispatch: Dispatch) -> Steps[Done | Look]:
    """Ask once what became of a request."""
    return (yield from look_for_all([question], dispatch))[0]


def look_for_all(questions: Sequence[Question | None], dispatch: Dispatch) -> Steps[list[Done | Look]]:
    """Ask once for many objects of a request, by one look-up; a look proves nothing so early (``alike``)."""
    asked = [
        replace(each, since=began(dispatch)) if isinstance(each, WhichMade) else each
        for each in questions
        if not isinstance(each, WhichLike | None)
    ]
    facts = (yield Lookup(tuple(dict.fromkeys(asked)))) if asked else {}
    return [Look.UNCLEAR if isinstance(each, WhichLike | None) else proves(each, facts[each]) for each in questions]


def began(dispatch: Dispatch) -> Instant:
    """From when on what the request makes can be there."""
    return dispatch.first_sent_at or dispatch.recorded_at


def ended(dispatch: Dispatch) -> Instant:
    """When Zuora has ended with the request, whatever became of it. Every send follows a commit that says when."""
    return (dispatch.last_sent_at or began(dispatch)) + SEND_MS + ENDED_MS


def quiet_since(errand: Errand, dispatch: Dispatch) -> Instant:
    """From when on an absence counts: nothing of this request can still be on its way, and all of it would be seen."""
    return quiet_after(dispatch, errand.tenant.visibility_seconds)


def quiet_after(dispatch: Dispatch, visibility_seconds: int) -> Instant:
    """``quiet_since`` for who has no errand."""
    return ended(dispatch) + CLOCK_MS + visibility_seconds * 1000


def absent(errand: Errand, dispatch: Dispatch, question: Question | None) -> Steps[Done | Look]:
    """``MISSING`` only where absence is proved: seen twice, the first time late enough."""
    first = yield from _its_own(errand, dispatch, question)
    presence: Presence = yield Ask()
    if isinstance(first, Done):
        return first
    if presence.now < quiet_since(errand, dispatch):
        return Look.UNCLEAR
    if first is not Look.MISSING:
        return first
    yield Wait(SECOND_LOOK_SECONDS)
    second = yield from _its_own(errand, dispatch, question)
    return second if second is not Look.MISSING or (yield from still_late(errand, dispatch)) else Look.UNCLEAR


def _its_own(errand: Errand, dispatch: Dispatch, question: Question | None) -> Steps[Done | Look]:
    """``look``, but what has settled another create of the journal has nothing to say of this one.

    An earlier attempt under the same marker, that somebody canceled by hand, would otherwise hide its repeat for ever.
    """
    if not isinstance(question, WhichMade):
        return (yield from look(question, dispatch))
    asked = replace(question, since=began(dispatch))
    fact = (yield Lookup((asked,)))[asked]
    ids = (fact.id,) if isinstance(fact, Made) else fact.ids if isinstance(fact, Several) else ()
    if ids:
        rivalry: Rivalry | None = yield Rivals(errand.caller.scope, question.object_type, ids)
        if rivalry is None:
            return Look.UNCLEAR
        left = [each for each in ids if each not in rivalry.claimed]
        if not left:
            return Look.MISSING
        if len(left) == 1 and not (isinstance(fact, Several) and fact.older):
            return Done(left[0])
    return proves(asked, fact)


def still_late(errand: Errand, dispatch: Dispatch) -> Steps[bool]:
    """Whether an absence counts by the second answer's time as well: one wrong Date must not prove anything."""
    presence: Presence = yield Ask()
    return presence.now >= quiet_since(errand, dispatch)


# ---------------------------------------------------------------- questions that outlive their caller


def questions_of(op: Op, intents: Sequence[Intent], objects: Sequence[ZObject]) -> list[Question | None]:
    """What the intents of a batch would have to be asked for.

    Objects that differ and have one marker cannot be told apart by it, so that it proves nothing of either.
    """
    questions = [question_of(obj, op, None) for obj in objects]
    acts: dict[Question | None, set[str]] = {}
    for question, intent in zip(questions, intents, strict=True):
        acts.setdefault(question, set()).add(intent.fingerprint)
    return [each if isinstance(each, WhichLike) or len(acts[each]) == 1 else None for each in questions]


HELD = "held"
"""The name under which a batch keeps what it has the lease on."""


def questions_text(
    op: Op,
    intents: Sequence[Intent],
    objects: Sequence[ZObject],
    under: Mapping[str, object] = NOTHING,
    held: Mapping[str, str] = NOTHING,
) -> str:
    """The questions of a batch's intents, under whom it goes (``Errand.under``) and what it has the lease on by which
    of its intents, as JSON to keep with it.

    A REST request tells by itself (``question_of``). Of a batch the object must be known, which the journal keeps no
    other way.
    """
    questions = zip(intents, questions_of(op, intents, objects), strict=True)
    leases = {HELD: held} if held else {}
    return to_json(
        {**under, **leases, "questions": {intent.id: _to(each) for intent, each in questions if each is not None}}
    )


def kept_question(intent: Intent, dispatch: Dispatch) -> Question | None:
    """The question of an intent without its caller's object."""
    kept = kept_with(dispatch)
    if dispatch.route is Route.REST:
        path = _CHANGED.match(dispatch.path)
        fields = {"Id": unquote(path[1])} if path is not None else {}
        question = question_of(ZObject(intent.object_type, fields), intent.op, dispatch)
    else:
        questions = kept.get("questions", {})
        question = _from(intent.object_type, questions[intent.id]) if intent.id in questions else None
    return replace(question, creator=kept.get("by")) if isinstance(question, WhichLike) else question


def kept_with(dispatch: Dispatch) -> Mapping[str, Any]:
    """What was kept with a request; an older journal kept nothing."""
    kept: Mapping[str, Any] = from_json(dispatch.snapshot.encode()) if dispatch.snapshot is not None else {}
    return kept


def _to(question: Question) -> Mapping[str, object]:
    if isinstance(question, WhichMade):
        return {
            "field": question.field,
            "marker": question.marker,
            "amount": format(question.amount, "f"),
            "account": question.account_id,
        }
    if isinstance(question, WhichLike):
        return {
            "like": format(question.amount, "f"),
            "account": question.account_id,
            "day": question.day,
            "kind": question.kind,
            "source": question.source,
        }
    assert isinstance(question, Shows)
    return {"id": question.zuora_id, "expected": question.expected}


def _from(object_type: str, kept: Mapping[str, Any]) -> Question:
    if "marker" in kept:
        return WhichMade(object_type, kept["field"], kept["marker"], Decimal(kept["amount"]), kept["account"])
    if "like" in kept:
        look = Decimal(kept["like"])
        return WhichLike(object_type, look, kept["account"], kept["day"], kept["kind"], kept["source"])
    return Shows(object_type, kept["id"], tuple((name, text) for name, text in kept["expected"]))
