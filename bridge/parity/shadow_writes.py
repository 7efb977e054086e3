"""Writes are never mirrored: what REST would have been sent is planned, and what SOAP did is read back and compared.

Behind every object that was done by SOAP or an Action and whose rule says shadow, two comparisons are made:

- **plan**: the very same object, classified as if policy had said REST. A refusal of what SOAP has done is a
  difference; so is an amount, a day or a name that REST would have been told otherwise. Of what SOAP refused, only the
  codes are compared, and only where the plan is refused as well: what Zuora's REST would have said nobody knows.
- **effect**: what REST's request asks for beside what is in Zuora now, read by GETs. Money is compared as decimals, at
  zero tolerance.

Planning comes after the deed, so what a refund took is given back to its payment first. Contract: ``take`` returns at
once and never raises. Must not send anything but GETs.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Protocol
from urllib.parse import unquote

from bridge.core.adapt import adapt, dated
from bridge.core.classify import Forward, Prefer, Preference, Refused, Translate, Verdict, classify
from bridge.core.facts import Fact, PaymentFact, Question, WhichSource
from bridge.core.mapping.fields import SECOND_REFERENCE, dropped, is_custom
from bridge.core.model import Call, Caller, Instant, Op, Outcome, Reply, Route, Rows, Tenant, Told, ZObject
from bridge.core.plan import permitted
from bridge.parity.shadow import Found, Shadow, Task, Unanswered, drop
from bridge.parity.terms import Difference, Kind
from bridge.telemetry.log import get_logger
from bridge.upstream import readings
from bridge.upstream.credential import Credential
from bridge.upstream.readings import Unusable
from bridge.upstream.rest import Json, UnusableKey, ZuoraRest, segment

log = get_logger("shadow")

MONEY = frozenset({"amount", "currency", "effectiveDate", "refundDate"})
"""What cannot change any more once a payment or refund was made, so that it has no noise."""

PATHS = {"Payment": "payments", "Refund": "refunds"}
_DOCUMENTS = {"invoices": "invoiceId", "debitMemos": "debitMemoId"}
_SHOWN = frozenset(
    {"accountId", "amount", "authTransactionId", "comment", "currency", "effectiveDate", "financeInformation"}
    | {"gatewayId", "gatewayOrderId", "methodType", "paymentMethodId", "reasonCode", "referenceId", "refundDate"}
    | {"secondRefundReferenceId", "softDescriptor", "softDescriptorPhone", "type"}
)
"""What a request asks for and a read shows again (Zuora: Retrieve a payment; Retrieve a refund)."""

_SAID: Mapping[str, Mapping[str, str]] = {
    # What a caller says in SOAP and the bridge in REST; ids that may be numbers are looked up, and not among them.
    "Payment": {
        "Amount": "amount",
        "Comment": "comment",
        "Currency": "currency",
        "EffectiveDate": "effectiveDate",
        "GatewayOrderId": "gatewayOrderId",
        "PaymentMethodId": "paymentMethodId",
        "ReferenceId": "referenceId",
        "Type": "type",
    },
    "Refund": {
        "Amount": "totalAmount",
        "Comment": "comment",
        "MethodType": "methodType",
        "ReferenceID": "referenceId",
        "RefundDate": "refundDate",
        "Type": "type",
    },
}


class Look(Protocol):
    """What answers core's questions by GETs."""

    def answer(self, questions: Iterable[Question], entity: str) -> Awaitable[dict[Question, Fact]]:
        """A fact for every question."""


@dataclass(frozen=True, slots=True)
class _Done:
    """One object of a call and what became of it."""

    call: Call
    caller: Caller
    prefer: Prefer
    own: tuple[tuple[str, str], ...] | None
    outcome: Outcome


class WriteShadow:
    """What the doors' calls are given to. ``rest`` reads with the shadow's own slots; ``now`` is Zuora's clock."""

    def __init__(
        self,
        shadow: Shadow,
        tenant: Tenant,
        rest: ZuoraRest,
        look: Callable[[ZuoraRest], Look],
        now: Callable[[], Instant],
    ) -> None:
        self._shadow = shadow
        self._tenant = tenant
        self._rest = rest
        self._directory = look
        self._look = look(rest)
        self._now = now

    def take(self, call: Call, caller: Caller, prefer: Prefer, credential: Credential, reply: Reply) -> None:
        """Take the objects of a call that were done, or refused by Zuora, by SOAP or an Action."""
        try:
            for place, outcome in enumerate(reply.outcomes if isinstance(reply, Rows) else ()):
                if outcome.limited is not None:
                    self._shadow.rest(outcome.limited)
                elif _comparable(outcome):
                    one = replace(call, objects=(call.objects[place],), places=(), message=None)
                    done = _Done(one, caller, prefer, credential.own, outcome)
                    self._shadow.take(Task(_runs(self._compared, done), _size(one.objects[0])))
        except Exception as error:  # the answer is the caller's, whatever becomes of its shadow
            log.warning("a write was not shadowed", error=type(error).__name__)
            drop("failed")

    # ------------------------------------------------------------------ in the shadow's own time

    async def _compared(self, done: _Done) -> Sequence[Found]:
        rest = self._rest if done.own is None else self._rest.under(done.own)
        look = self._look if done.own is None else self._directory(rest)
        outcome, call = done.outcome, adapt(done.call, self._tenant)
        today = datetime.fromtimestamp(self._now() / 1000, UTC).astimezone(self._tenant.zone).date()
        call = replace(call, objects=(dated(call.objects[0], call, today),))
        made: Mapping[str, Any] | None = None
        if outcome.told is Told.APPLIED:
            made = await self._read(rest, call.type, outcome.zuora_id or "", done.caller.entity)
            if made is not None and call.type == "Refund" and call.op is Op.CREATE:
                look = _Before(look, made)
        verdict = await self._plan(call, done, look)
        rule = verdict.preference.shadow if verdict.preference is not None else None
        if rule is None:
            return ()
        if isinstance(verdict, Forward):
            # Then no rule could send it by REST either.
            raise Unanswered("only soap")
        plan = Found("plan", rule, call.op.value, call.type, intent_id=outcome.intent_id)
        if outcome.told is Told.REFUSED:
            return _refusals(plan, outcome, verdict)
        if isinstance(verdict, Refused):
            codes = ", ".join(each.code for each in verdict.errors)
            return [replace(plan, differences=[Difference("plan/refused", Kind.STATUS, "done", codes)])]
        effect = replace(plan, kind="effect")
        changed = made is not None and made.get("updatedDate") != made.get("createdDate")
        differences = list(await self._effect(rest, call, verdict, made, done.caller.entity))
        if differences and changed and call.op is Op.CREATE:
            effect = replace(effect, noise=not any(each.where.rpartition("/")[2] in MONEY for each in differences))
        about = {"request": f"{verdict.method} {verdict.path}", "fields": sorted(verdict.body or ())}
        said = list(_said_otherwise(call.objects[0], verdict, self._tenant))
        left_out = [name for name in dropped(verdict.obj) if name != SECOND_REFERENCE]
        if left_out:
            about["ignored"] = left_out[:20]
        return [replace(plan, differences=said, about=about), replace(effect, differences=differences)]

    async def _plan(self, call: Call, done: _Done, look: Look) -> Verdict:
        """What would have become of it by REST; sends nothing."""
        tenant, caller = self._tenant, done.caller
        if call.type == "Refund":
            # How the money is unapplied before it is refunded cannot be planned after it was refunded.
            tenant = replace(tenant, enhanced_write_off=True)
        steps = classify(call.objects[0], call, tenant, _by_rest(done.prefer), own=caller.own)
        facts: dict[Question, Fact] | None = None
        while True:
            try:
                asked = next(steps) if facts is None else steps.send(facts)
            except StopIteration as end:
                found: Verdict = end.value
                break
            facts = await look.answer(asked, caller.entity)
        (verdict,) = permitted(call, caller, [found])
        if isinstance(verdict, Refused) and verdict.unsent:
            raise Unanswered("unanswered")
        return verdict

    async def _effect(
        self, rest: ZuoraRest, call: Call, verdict: Translate, made: Mapping[str, Any] | None, entity: str
    ) -> Sequence[Difference]:
        if call.op is Op.DELETE:
            return [] if made is None else [Difference("effect", Kind.EXTRA, "deleted", "there", money=True)]
        if made is None:
            return [Difference("effect", Kind.MISSING, "there", "not found", money=True)]
        if verdict.path.endswith("/cancel"):
            return list(_leaf("effect/status", "Canceled", made.get("status")))
        found = list(_shown(verdict.body or {}, made))
        if call.op is Op.CREATE and call.type == "Payment":
            found += await self._documents(rest, verdict.body or {}, str(made.get("id")), entity)
        elif call.op is Op.CREATE:
            source = unquote(verdict.path.split("/")[3])
            found += _leaf("effect/paymentId", source, made.get("paymentId"), money=True)
        return found

    async def _documents(
        self, rest: ZuoraRest, body: Mapping[str, object], payment: str, entity: str
    ) -> Sequence[Difference]:
        """The documents and amounts that a payment is applied to."""
        wanted: dict[str, Decimal] = {}
        for name, key in _DOCUMENTS.items():
            rows = body.get(name, ())
            assert isinstance(rows, Sequence)
            for row in rows:
                wanted[row[key]] = wanted.get(row[key], Decimal(0)) + Decimal(row["amount"])
        applied: dict[str, Decimal] = {}
        listed = await self._parts(rest, payment, entity)
        try:
            for part in readings.parts(listed)[0]:
                applied[part.id] = applied.get(part.id, Decimal(0)) + part.amount
        except Unusable:
            raise Unanswered("unreadable") from None
        return [
            each
            for key in dict.fromkeys((*wanted, *applied))
            for each in _leaf(f"effect/documents/{{id:{key}}}", wanted.get(key), applied.get(key), money=True)
        ]

    async def _parts(self, rest: ZuoraRest, payment: str, entity: str) -> list[Mapping[str, Any]]:
        """All parts of a payment (Zuora: List all parts of a payment, 40 on a page)."""
        listed: list[Mapping[str, Any]] = []
        for page in range(1, 10):
            params = (("page", str(page)), ("pageSize", "40"))
            body = await self._get(rest, f"/v1/payments/{segment(payment)}/parts", entity, params)
            if body is None:
                raise Unanswered("unanswered")
            listed += body.get("parts", ())
            if not body.get("nextPage"):
                return listed
        raise Unanswered("large")

    async def _read(self, rest: ZuoraRest, kind: str, zuora_id: str, entity: str) -> Mapping[str, Any] | None:
        try:
            path = f"/v1/{PATHS[kind]}/{segment(zuora_id)}"
        except UnusableKey:
            return None
        return await self._get(rest, path, entity)

    async def _get(
        self, rest: ZuoraRest, path: str, entity: str, params: Sequence[tuple[str, str]] = ()
    ) -> Mapping[str, Any] | None:
        """The body; None where Zuora said that there is none."""
        headers = (("Zuora-Entity-Ids", entity),) if entity else ()
        came = await rest.get(path, params, headers=headers)
        if not isinstance(came, Json):
            raise Unanswered("budget" if came.reason == "budget" else "unanswered")
        if came.not_found:
            return None
        if came.good is None:
            raise Unanswered("unanswered")
        return came.good


class _Before:
    """The facts as they were before a refund: its amount is still in its payment."""

    def __init__(self, look: Look, refund: Mapping[str, Any]) -> None:
        self._look = look
        self._payment = refund.get("paymentId")
        self._amount = _number(refund.get("amount")) or Decimal(0)

    async def answer(self, questions: Iterable[Question], entity: str) -> dict[Question, Fact]:
        """A fact for every question."""
        facts = await self._look.answer(questions, entity)
        return {question: self._restored(question, fact) for question, fact in facts.items()}

    def _restored(self, question: Question, fact: Fact) -> Fact:
        if isinstance(question, WhichSource) and isinstance(fact, PaymentFact) and fact.id == self._payment:
            return replace(fact, refundable=fact.refundable + self._amount)
        return fact


def _comparable(outcome: Outcome) -> bool:
    """Whether Zuora itself has answered for it now, by SOAP or an Action."""
    if outcome.route not in (Route.SOAP, Route.ACTION) or outcome.joined:
        return False
    return outcome.told is Told.APPLIED or (outcome.told is Told.REFUSED and bool(outcome.errors))


def _runs(run: Callable[[_Done], Awaitable[Sequence[Found]]], done: _Done) -> Callable[[], Awaitable[Sequence[Found]]]:
    return lambda: run(done)


def _by_rest(prefer: Prefer) -> Prefer:
    """The same policy, but what it shadows goes by REST."""

    def of(obj: ZObject, account: str | None) -> Preference:
        said = prefer.of(obj, account)
        return said if said.shadow is None else replace(said, route=Route.REST)

    return replace(prefer, of=of)


def _refusals(plan: Found, outcome: Outcome, verdict: Refused | Translate) -> Sequence[Found]:
    if isinstance(verdict, Translate):
        raise Unanswered("refused by soap")
    left, right = outcome.errors[0].code, verdict.errors[0].code
    return [replace(plan, differences=list(_leaf("plan/Errors/Code", left, right)))]


def _said_otherwise(obj: ZObject, verdict: Translate, tenant: Tenant) -> Iterator[Difference]:
    """What REST would have been told otherwise than SOAP was."""
    if tenant.second_reference == "drop" and (text := obj.get(SECOND_REFERENCE)) is not None:
        yield Difference(f"plan/{SECOND_REFERENCE}", Kind.MISSING, text, "")
    body = verdict.body or {}
    for name, key in _SAID[obj.type].items():
        text = obj.word(name)
        if text is None or (body.get(key) is None and name != "Amount") or verdict.method != "POST":
            continue
        yield from _leaf(f"plan/{name}", text, body.get(key), money=name in ("Amount", "Currency") or "Date" in name)


def _shown(body: Mapping[str, object], made: Mapping[str, Any], path: str = "effect") -> Iterator[Difference]:
    """What a request asks for and a read does not show."""
    for asked, wanted in body.items():
        name = "amount" if asked == "totalAmount" else asked
        if name not in _SHOWN and not is_custom(name) and path == "effect":
            continue
        found = made.get(name)
        if name == "referenceId" and found is None:
            found = made.get("referenceID")
        if isinstance(wanted, Mapping):
            yield from _shown(wanted, found if isinstance(found, Mapping) else {}, f"{path}/{name}")
        else:
            yield from _leaf(f"{path}/{name}", wanted, found, money=name in MONEY or name == "accountId")


def _leaf(path: str, wanted: object, found: object, *, money: bool = False) -> Iterator[Difference]:
    """One value; numbers as decimals, days without their time, what is empty as absent."""
    if wanted in (None, "") and found in (None, ""):
        return
    if path.endswith("Date"):
        wanted, found = str(wanted)[:10], str(found)[:10] if found is not None else None
    numbers = _number(wanted), _number(found)
    if None not in numbers and (numbers[0] == numbers[1]):
        return
    left, right = _text(wanted), _text(found)
    if left == right or (path.endswith("Id") and left.casefold() == right.casefold()):
        return
    kind = Kind.EXTRA if wanted in (None, "") else Kind.MISSING if found in (None, "") else Kind.VALUE
    yield Difference(path, kind, left, right, money)


def _number(value: object) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        return None
    try:
        found = Decimal(value)
    except ArithmeticError:
        return None
    return found if found.is_finite() else None


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return format(value, "f") if isinstance(value, Decimal) else "" if value is None else str(value)


def _size(obj: ZObject) -> int:
    """About how many bytes an object keeps."""
    texts = (*obj.fields.items(), *obj.verbatim.items())
    inner = sum(_size(row) for rows in obj.children.values() for row in rows)
    return 500 + sum(100 + len(name) + len(text) for name, text in texts) + inner
