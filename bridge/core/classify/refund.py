"""Create of a Refund: of a payment by SOAP, of a payment with debit memo parts or of a credit memo by REST.

A credit memo is named by its id in PaymentId, by the extension elements, or is the account's one memo that covers
the amount where SourceType says CreditBalance (Zuora: Credit Balance, non-referenced refunds are refunds on credit
memos). An applied memo is never unapplied for the caller.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from bridge.core.classify.common import fact, gateway_of, names, required
from bridge.core.classify.verdicts import Asking, Forward, Prefer, Translate, Verdict
from bridge.core.commands import Facts
from bridge.core.facts import (
    AccountFact,
    DocumentRef,
    GatewayFact,
    Kind,
    Memos,
    PaymentFact,
    WhichAccount,
    WhichDocument,
    WhichMemos,
    WhichSource,
)
from bridge.core.mapping import refund as table
from bridge.core.mapping.lexical import amount, day, total
from bridge.core.mapping.refund import SPLITS, RefundParts
from bridge.core.model import Route, RowError, Tenant, ZObject
from bridge.core.refusals import Refusal, invalid

_ID_FIELDS = {"RefundInvoicePaymentData": "InvoiceId", "DebitMemoRefundData": "DebitMemoId"}

_Part = tuple[str, str, str, Decimal]
"""REST array, id key, id and amount of one document, as ``RefundParts.split`` has them."""


def classify(obj: ZObject, tenant: Tenant, prefer: Prefer) -> Asking[Verdict]:
    """Decide about one Refund; raises ``Refusal`` or ``NoVerdictError``."""
    if not table.ITEM_LEVEL.isdisjoint(names(obj)):
        raise invalid(None, "Refunds of single credit memo items are not possible through this bridge yet.")
    source = yield from _source(obj)
    if source is None:
        return Forward(obj, "names neither a payment nor a credit memo that Zuora has")
    if isinstance(source, PaymentFact):
        by_policy = tenant.enhanced_write_off and prefer(obj) is Route.REST
        if not source.debit_memo_ids and not obj.children.get("DebitMemoRefundData") and not by_policy:
            return Forward(obj, "refunds a payment without debit memo parts")
        return (yield from _payment(obj, source, tenant))
    return (yield from _memo(obj, source))


def _source(obj: ZObject) -> Asking[PaymentFact | DocumentRef | None]:
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
        return (yield from _covering_memo(obj))
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


def _covering_memo(obj: ZObject) -> Asking[DocumentRef]:
    account_id = required(obj, "AccountId")
    wanted = amount(required(obj, "Amount"), "Amount", None)
    facts = yield (WhichMemos(account_id),)
    answer = fact(facts, WhichMemos(account_id))
    memos = answer.memos if isinstance(answer, Memos) else ()
    for memo in memos:
        if memo.open is not None and memo.open >= wanted:
            return memo
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


def _payment(obj: ZObject, payment: PaymentFact, tenant: Tenant) -> Asking[Verdict]:
    _basics(obj)
    if not tenant.enhanced_write_off:
        raise invalid(
            "PaymentId",
            "This payment is applied to a debit memo; refunding it needs Zuora's enhanced write-off permission. "
            "Unapply the payment first.",
        )
    _check_account(obj, payment.account_id, "The payment")
    whole = amount(required(obj, "Amount"), "Amount", None)
    if whole > payment.refundable:
        raise invalid("Amount", f"Amount is more than what is left of the payment, {payment.refundable}.")
    parts = RefundParts(payment, whole, _refunded_on(obj, payment), split=(yield from _split(obj, payment, whole)))
    body = table.body(obj, parts)
    return Translate(obj, table.path(payment), body, payment.account_id, "refunds a payment applied to a debit memo")


def _check_account(obj: ZObject, account_id: str, what: str) -> None:
    if (given := obj.word("AccountId")) is not None and given.casefold() != account_id.casefold():
        raise invalid("AccountId", f"{what} belongs to another account.")


def _split(obj: ZObject, payment: PaymentFact, whole: Decimal) -> Asking[tuple[_Part, ...]]:
    rows = [(container, row) for container in SPLITS for row in obj.children.get(container, ())]
    keyed = [(container, _row_key(container, row), row) for container, row in rows]
    unknown = tuple(dict.fromkeys(WhichDocument(key) for _, key, _ in keyed if key not in payment.debit_memo_ids))
    facts: Facts = (yield unknown) if unknown else {}
    made: dict[str, _Part] = {}
    for container, key, row in keyed:
        part = amount(required(row, "RefundAmount"), "RefundAmount", None)
        key, kind = (key, Kind.DEBIT_MEMO) if key in payment.debit_memo_ids else _part(key, facts, container)
        if key in made:
            raise invalid(container, "A document is named twice; add the amounts up.")
        array, name = ("debitMemos", "debitMemoId") if kind is Kind.DEBIT_MEMO else ("invoices", "invoiceId")
        made[key] = (array, name, key, part)
    if made and total(part for *_, part in made.values()) != whole:
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


def _memo(obj: ZObject, memo: DocumentRef) -> Asking[Verdict]:
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
    gateway: GatewayFact | None = None
    if obj.word("Type") == "Electronic":
        required(obj, "PaymentMethodId")
        facts = yield (WhichAccount(memo.account_id),)
        account = fact(facts, WhichAccount(memo.account_id))
        if isinstance(account, AccountFact):
            gateway = yield from gateway_of(obj, account)
    parts = RefundParts(memo, whole, _refunded_on(obj, memo), gateway)
    return Translate(obj, table.path(memo), table.body(obj, parts), memo.account_id, "refunds a credit memo")


def _refunded_on(obj: ZObject, source: PaymentFact | DocumentRef) -> date | None:
    if obj.word("Type") == "Electronic" or (text := obj.word("RefundDate")) is None:
        return None
    when = day(text, "RefundDate")
    if source.dated is not None and when < source.dated:
        raise invalid("RefundDate", f"RefundDate is before {source.dated.isoformat()}, the date of what is refunded.")
    return when
