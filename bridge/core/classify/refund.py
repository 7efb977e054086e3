"""Create of a Refund: of a payment by SOAP, of a payment with debit memo parts or of a credit memo by REST.

A credit memo is named by its id in PaymentId, by the extension elements, or is the account's one memo that covers
the amount where SourceType says CreditBalance (Zuora: Credit Balance, non-referenced refunds are refunds on credit
memos). An applied memo is never unapplied for the caller; an applied payment is, by Zuora where the tenant has the
enhanced write-off permission and by a step before the refund where it has not.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

from bridge.core.classify.choice import Choice
from bridge.core.classify.common import fact, gateway_of, names, required
from bridge.core.classify.verdicts import Asking, Forward, Prelude, Translate
from bridge.core.commands import Facts
from bridge.core.facts import (
    AccountFact,
    DocumentRef,
    GatewayFact,
    Kind,
    Memos,
    Part,
    PaymentFact,
    WhichAccount,
    WhichDocument,
    WhichMemos,
    WhichSource,
)
from bridge.core.mapping import items as item_table
from bridge.core.mapping import refund as table
from bridge.core.mapping.directives import ITEMS, Expanded
from bridge.core.mapping.items import Item
from bridge.core.mapping.lexical import amount, day, total
from bridge.core.mapping.refund import SPLITS, RefundParts
from bridge.core.model import RowError, Tenant, Version, ZObject
from bridge.core.refusals import Refusal, invalid
from bridge.core.versions import knows

_ID_FIELDS = {"RefundInvoicePaymentData": "InvoiceId", "DebitMemoRefundData": "DebitMemoId"}

_ITEM_ROWS = "CreditMemoItemRefundData"


def classify(said: Expanded, version: Version, tenant: Tenant, choice: Choice) -> Asking[Forward | Translate]:
    """Decide about one Refund; raises ``Refusal`` or ``NoVerdictError``."""
    obj = said.obj
    if _ITEM_ROWS in names(replace(obj, children={})) or any(_ITEM_ROWS in names(row) for row in _rows(obj)):
        raise invalid(_ITEM_ROWS, f"{_ITEM_ROWS} belongs in the refund itself, with rows of its own.")
    source = yield from _source(obj, tenant)
    if source is not None:
        # What is refunded is the account's, whatever the refund itself says.
        choice.found(source.account_id)
    elif questions := choice.questions:
        choice.hear((yield questions))
    if source is None:
        return Forward(obj, "names neither a payment nor a credit memo that Zuora has")
    if isinstance(source, DocumentRef):
        return (yield from _memo(said, source, tenant))
    if container := next((name for name, rows in _items_in(said) if rows), None):
        raise invalid(container, "Single items can be refunded of a credit memo, not of a payment.")
    if not source.debit_memo_ids and not obj.children.get("DebitMemoRefundData") and not choice.rest():
        return Forward(obj, "refunds a payment without debit memo parts", held=source.id)
    return (yield from _payment(obj, source, version, tenant))


def _rows(obj: ZObject) -> list[ZObject]:
    return [row for rows in obj.children.values() for row in rows]


def _items_in(said: Expanded) -> tuple[tuple[str, tuple[item_table.Row, ...]], ...]:
    """Where single items can be listed, and what is."""
    return (_ITEM_ROWS, item_table.rows_in(said.obj, _ITEM_ROWS)), (ITEMS, said.items)


def _source(obj: ZObject, tenant: Tenant) -> Asking[PaymentFact | DocumentRef | None]:
    payment_id = obj.word("PaymentId")
    memo_field = next((name for name in ("CreditMemoId", "CreditMemoNumber") if obj.word(name) is not None), None)
    if memo_field is not None:
        if payment_id is not None:
            raise invalid(memo_field, "A refund has one source: give either the credit memo or PaymentId.")
        return (yield from _named_memo(obj, memo_field))
    if payment_id is not None:
        question = WhichSource(payment_id)
        facts = yield (question,)
        answer = fact(facts, question)
        return answer if isinstance(answer, PaymentFact | DocumentRef) else None
    if obj.word("SourceType") in ("CreditBalance", "CreditMemo"):
        return (yield from _covering_memo(obj, tenant))
    return None


def _named_memo(obj: ZObject, field: str) -> Asking[DocumentRef]:
    question = WhichDocument(required(obj, field))
    facts = yield (question,)
    answer = fact(facts, question)
    if not isinstance(answer, DocumentRef):
        raise invalid(field, f"There is no single credit memo with this {field}.")
    if answer.kind is not Kind.CREDIT_MEMO:
        raise invalid(field, f"{field} names the {answer.kind.value} {answer.number}, not a credit memo.")
    number = obj.word("CreditMemoNumber")
    if field == "CreditMemoId" and number is not None and number.casefold() != answer.number.casefold():
        raise invalid("CreditMemoNumber", "CreditMemoId and CreditMemoNumber name different credit memos.")
    return answer


def _covering_memo(obj: ZObject, tenant: Tenant) -> Asking[DocumentRef]:
    account_id = required(obj, "AccountId")
    wanted = amount(required(obj, "Amount"), "Amount", None)
    facts = yield (WhichMemos(account_id),)
    answer = fact(facts, WhichMemos(account_id))
    memos = answer.memos if isinstance(answer, Memos) else ()
    covering = [memo for memo in memos if memo.open is not None and memo.open >= wanted]
    if len(covering) > 1 and tenant.covering_memo == "refuse":
        listed = ", ".join(memo.number for memo in covering[:5]) + (", ..." if len(covering) > 5 else "")
        raise invalid("SourceType", f"Several credit memos could be refunded: {listed}. Name one in PaymentId.")
    if covering:
        return covering[0]
    raise invalid(
        "Amount", "No single posted credit memo of this account has this much unapplied; refund them one by one."
    )


def _basics(obj: ZObject) -> None:
    required(obj, "Amount")
    kind = required(obj, "Type")
    if kind not in ("External", "Electronic"):
        raise invalid("Type", "Type must be External or Electronic.")
    if kind == "External" and required(obj, "MethodType") not in table.METHOD_TYPES:
        raise invalid("MethodType", "MethodType is not one of Zuora's payment method types.")


def _payment(obj: ZObject, payment: PaymentFact, version: Version, tenant: Tenant) -> Asking[Translate]:
    _basics(obj)
    if obj.word("SourceType") not in (None, "Payment"):
        # REST has no such field and would refund the payment all the same.
        raise invalid("SourceType", "SourceType must be Payment where PaymentId names a payment.")
    _check_account(obj, payment.account_id, "The payment")
    whole = amount(required(obj, "Amount"), "Amount", payment.currency)
    if whole > payment.refundable:
        raise invalid("Amount", f"Amount is more than what is left of the payment, {payment.refundable}.")
    split = yield from _split(obj, payment, whole)
    prelude: Prelude | None = None
    if not tenant.enhanced_write_off:
        takes = _taken(split, payment, whole, "RefundInvoicePaymentData" if _splits(version) else None)
        prelude = Prelude(payment.id, takes, payment.parts) if takes else None
    unapplies = tenant.enhanced_write_off
    parts = RefundParts(
        payment, whole, _refunded_on(obj, payment), split=tuple(part for part, _ in split), unapplies=unapplies
    )
    return Translate(
        obj,
        table.path(payment, unapplies=unapplies),
        table.body(obj, parts, tenant.custom_types),
        payment.account_id,
        "refunds a payment applied to a debit memo" if payment.debit_memo_ids else "refunds a payment by REST",
        prelude=prelude,
        held=payment.id,
    )


def _splits(version: Version) -> bool:
    return knows(version, "Refund", "RefundInvoicePaymentData")


_Split = tuple[tuple[Part, str], ...]
"""What each document gives back, with the container that says so."""


def _taken(split: _Split, payment: PaymentFact, whole: Decimal, blamed: str | None) -> tuple[Part, ...]:
    """What must be unapplied first: the split, or what the unapplied part does not give."""
    applied: dict[tuple[Kind, str], Decimal] = {}
    for part in payment.parts:
        applied[part.kind, part.id] = applied.get((part.kind, part.id), Decimal(0)) + part.amount
    if split:
        for part, container in split:
            if part.amount > applied.get((part.kind, part.id), Decimal(0)):
                raise invalid(container, "A row takes more than the payment has applied to its document.")
        return tuple(part for part, _ in split)
    rest = whole - payment.unapplied
    if rest <= 0:
        return ()
    if len(applied) > 1:
        raise invalid(
            blamed,
            "The payment is applied to several documents. Say in RefundInvoicePaymentData how much each gives back.",
        )
    if total(applied.values()) < rest:
        raise invalid("Amount", "Amount is more than what is left of the payment, applied and unapplied.")
    return tuple(Part(kind, key, rest) for kind, key in applied)


def _check_account(obj: ZObject, account_id: str, what: str) -> None:
    if (given := obj.word("AccountId")) is not None and given.casefold() != account_id.casefold():
        raise invalid("AccountId", f"{what} belongs to another account.")


def _split(obj: ZObject, payment: PaymentFact, whole: Decimal) -> Asking[_Split]:
    kinds = {part.id: part.kind for part in payment.parts} | dict.fromkeys(payment.debit_memo_ids, Kind.DEBIT_MEMO)
    rows = [(container, row) for container in SPLITS for row in obj.children.get(container, ())]
    keyed = [(container, _row_key(container, row), row) for container, row in rows]
    unknown = tuple(dict.fromkeys(WhichDocument(key) for _, key, _ in keyed if key not in kinds))
    facts: Facts = (yield unknown) if unknown else {}
    made: dict[str, tuple[Part, str]] = {}
    for container, key, row in keyed:
        part = amount(required(row, "RefundAmount"), "RefundAmount", payment.currency)
        key, kind = (key, kinds[key]) if key in kinds else _part(key, facts, container)
        if key in made:
            raise invalid(container, "A document is named twice; add the amounts up.")
        made[key] = Part(kind, key, part), container
    if made and total(part.amount for part, _ in made.values()) != whole:
        raise invalid("Amount", "Amount is not the sum of the RefundAmounts.")
    return tuple(made.values())


def _row_key(container: str, row: ZObject) -> str:
    field = _ID_FIELDS[container]
    key = row.word(field) or row.word("DebitMemoNumber")
    if key is None:
        raise Refusal(RowError("MISSING_REQUIRED_VALUE", f"Missing required value: {field}", container))
    return key


def _part(key: str, facts: Facts, container: str) -> tuple[str, Kind]:
    answer = fact(facts, WhichDocument(key))
    if not isinstance(answer, DocumentRef) or answer.kind is Kind.CREDIT_MEMO:
        raise invalid(container, "A row names no invoice or debit memo of this payment.")
    return answer.id, answer.kind


def _memo(said: Expanded, memo: DocumentRef, tenant: Tenant) -> Asking[Translate]:
    obj = said.obj
    _basics(obj)
    named = ("CreditMemoId", "CreditMemoNumber", "PaymentId", "SourceType")
    field = next(name for name in named if obj.word(name) is not None)
    if container := next((each for each in SPLITS if obj.children.get(each)), None):
        raise invalid(container, "The refund of a credit memo has no split over documents.")
    _check_account(obj, memo.account_id, memo.number)
    if memo.status != "Posted":
        raise invalid(field, f"{memo.number} is {memo.status}; only a posted credit memo can be refunded.")
    whole = amount(required(obj, "Amount"), "Amount", memo.currency)
    if memo.open is not None and whole > memo.open:
        raise invalid("Amount", f"Amount is more than what is unapplied of {memo.number}, {memo.open}.")
    items = _items(said, memo, tenant, whole)
    gateway: GatewayFact | None = None
    if obj.word("Type") == "Electronic":
        required(obj, "PaymentMethodId")
        facts = yield (WhichAccount(memo.account_id),)
        account = fact(facts, WhichAccount(memo.account_id))
        if isinstance(account, AccountFact):
            gateway = yield from gateway_of(obj, account)
    parts = RefundParts(memo, whole, _refunded_on(obj, memo), gateway, items=items)
    body = table.body(obj, parts, tenant.custom_types)
    return Translate(obj, table.path(memo), body, memo.account_id, "refunds a credit memo", held=memo.id)


def _items(said: Expanded, memo: DocumentRef, tenant: Tenant, whole: Decimal) -> tuple[Item, ...]:
    """The items of the memo, by the extension element or by a directive; both may say the same."""
    known = {None, memo.id.casefold(), memo.number.casefold()}
    if any(row.document is not None and row.document.casefold() not in known for row in said.items):
        raise invalid(ITEMS, f"{ITEMS} names a document that is not the credit memo of this refund.")
    found: tuple[Item, ...] = ()
    for container, rows in _items_in(said):
        if not rows:
            continue
        items = item_table.checked(rows, container, memo.currency, possible=tenant.item_settlement)
        if found and frozenset(items) != frozenset(found):
            raise invalid(container, f"{container} and {_ITEM_ROWS} list different items.")
        if item_table.whole(items) != whole:
            raise invalid(container, f"The items in {container} do not add up to Amount.")
        found = items
    return found


def _refunded_on(obj: ZObject, source: PaymentFact | DocumentRef) -> date | None:
    if obj.word("Type") == "Electronic" or (text := obj.word("RefundDate")) is None:
        return None
    when = day(text, "RefundDate")
    if source.dated is not None and when < source.dated:
        raise invalid("RefundDate", f"RefundDate is before {source.dated.isoformat()}, the date of what is refunded.")
    return when
