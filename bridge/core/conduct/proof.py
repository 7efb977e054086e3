"""Proof by reading: what look-up tells whether a request without a verdict was carried out, and what its answer proves.

A create is found by its marker (a reference in the request that Zuora can be asked for), an update by the values it was
to leave, a delete by absence. Absence of a create's object proves nothing until Zuora has certainly ended with the
request and shows its ledger without delay; then it has to be seen twice. Must not send anything but look-ups.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any
from urllib.parse import unquote

from bridge.core.commands import Ask, Lookup, Presence, Steps, Wait
from bridge.core.conduct.errand import Errand
from bridge.core.facts import Absent, Fact, Made, Question, Showing, Shows, WhichMade
from bridge.core.intent import Dispatch, Intent
from bridge.core.mapping.lexical import from_json, reduced, to_json
from bridge.core.model import Instant, Op, Route, ZObject
from bridge.core.verdict import Done

SEND_MS = 125_000
"""The send deadline: when a request that was begun has certainly left, or not."""

FENCE_MS = 2_000
"""How long after its commit a first byte may leave (``runtime.lease``)."""

ENDED_MS = 120_000
"""Zuora ends a request of its own accord after 120 s (Zuora: API limits)."""

SECOND_LOOK_SECONDS = 2

_CHANGED = re.compile(r"/v1/(?:payments|refunds)/([^/]+)")
_SOURCE = re.compile(r"/v1/(payments|credit-memos)/([^/]+)/refund")
_MARKERS = {"Payment": (("ReferenceId", "referenceId"), ("GatewayOrderId", "gatewayOrderId"))}
_READABLE = {
    # What an update by SOAP may change and REST shows (Zuora: Payment object; Refund object).
    "AccountingCode": "financeInformation.bankAccountAccountingCode",
    "ReasonCode": "reasonCode",
    "TransferredToAccounting": "financeInformation.transferredToAccounting",
}


class Look(enum.Enum):
    """What a look-up without a find says: nothing there (yet), or nothing at all."""

    MISSING = "missing"
    UNCLEAR = "unclear"


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


def _of_create(obj: ZObject) -> WhichMade | None:
    amount = reduced(obj.word("Amount") or "")
    for soap, rest in _MARKERS.get(obj.type, ()):
        marker = obj.get(soap)
        if marker is not None and amount is not None:
            return WhichMade(obj.type, rest, marker, Decimal(amount), obj.word("AccountId"))
    return None


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
        source = _SOURCE.match(dispatch.path)
        amount = body.get("amount", body.get("totalAmount"))
        field = next((name for name in ("referenceId", "gatewayOrderId") if name in body), None)
        if field is None or amount is None or dispatch.method != "POST":
            return None
        marker, whole, account = str(body[field]), Decimal(amount), body.get("accountId")
        if source is None:
            return WhichMade(obj.type, field, marker, whole, account)
        return WhichMade(obj.type, field, marker, whole, account, unquote(source[2]), source[1] == "credit-memos")
    # What is changed by REST has an Id: its path is made of it.
    zuora_id = obj.word("Id") or ""
    if dispatch.path.endswith("/cancel"):
        return Shows(obj.type, zuora_id, (("status", "Canceled"),))
    expected = tuple(_flat(body))
    # Without anything to show, only a delete can be proved, by absence.
    return Shows(obj.type, zuora_id, expected) if expected or op is Op.DELETE else None


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
    """Ask once for many objects of a request, by one look-up."""
    began = dispatch.first_sent_at or dispatch.recorded_at
    asked = tuple(
        replace(each, since=began) if isinstance(each, WhichMade) else each
        for each in dict.fromkeys(each for each in questions if each is not None)
    )
    facts = (yield Lookup(asked)) if asked else {}
    return [Look.UNCLEAR if each is None else proves(each, facts[each]) for each in questions]


def quiet_since(errand: Errand, dispatch: Dispatch) -> Instant:
    """From when on an absence counts: nothing of this request can still be on its way, and all of it would be seen.

    Counted from its last send, answered or not: no send goes without a commit, and whoever asks has the intent by now,
    so that the former driver cannot commit to another one (I13 leaves five minutes from the end of the last).
    """
    began = dispatch.last_sent_at or dispatch.first_sent_at or dispatch.recorded_at
    return began + FENCE_MS + SEND_MS + ENDED_MS + errand.tenant.visibility_seconds * 1000


def absent(errand: Errand, dispatch: Dispatch, question: Question | None) -> Steps[Done | Look]:
    """``MISSING`` only where absence is proved: seen twice, the first time late enough."""
    first = yield from look(question, dispatch)
    presence: Presence = yield Ask()
    if first is not Look.MISSING:
        return first
    if presence.now < quiet_since(errand, dispatch):
        return Look.UNCLEAR
    yield Wait(SECOND_LOOK_SECONDS)
    return (yield from look(question, dispatch))


# ---------------------------------------------------------------- questions that outlive their caller


def questions_of(op: Op, intents: Sequence[Intent], objects: Sequence[ZObject]) -> list[Question | None]:
    """What the intents of a batch would have to be asked for.

    Objects that differ and have one marker cannot be told apart by it, so that it proves nothing of either.
    """
    questions = [question_of(obj, op, None) for obj in objects]
    acts: dict[Question | None, set[str]] = {}
    for question, intent in zip(questions, intents, strict=True):
        acts.setdefault(question, set()).add(intent.fingerprint)
    return [each if len(acts[each]) == 1 else None for each in questions]


def questions_text(op: Op, intents: Sequence[Intent], objects: Sequence[ZObject]) -> str:
    """The questions of a batch's intents, as JSON to keep with it.

    A REST request tells by itself (``question_of``). Of a batch the object must be known, which the journal keeps no
    other way.
    """
    questions = zip(intents, questions_of(op, intents, objects), strict=True)
    return to_json({"questions": {intent.id: _to(each) for intent, each in questions if each is not None}})


def kept_question(intent: Intent, dispatch: Dispatch) -> Question | None:
    """The question of an intent without its caller's object."""
    if dispatch.route is Route.REST:
        path = _CHANGED.match(dispatch.path)
        fields = {"Id": unquote(path[1])} if path is not None else {}
        return question_of(ZObject(intent.object_type, fields), intent.op, dispatch)
    kept = from_json(dispatch.snapshot.encode())["questions"] if dispatch.snapshot is not None else {}
    return _from(intent.object_type, kept[intent.id]) if intent.id in kept else None


def _to(question: Question) -> Mapping[str, object]:
    if isinstance(question, WhichMade):
        return {
            "field": question.field,
            "marker": question.marker,
            "amount": format(question.amount, "f"),
            "account": question.account_id,
        }
    assert isinstance(question, Shows)
    return {"id": question.zuora_id, "expected": question.expected}


def _from(object_type: str, kept: Mapping[str, Any]) -> Question:
    if "marker" in kept:
        return WhichMade(object_type, kept["field"], kept["marker"], Decimal(kept["amount"]), kept["account"])
    return Shows(object_type, kept["id"], tuple((name, text) for name, text in kept["expected"]))
