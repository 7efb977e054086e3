"""Create of a Payment: which documents it names, and whether SOAP can pay them.

Invoices alone, or nothing, go by SOAP; a debit memo makes it one REST payment with all its documents (Zuora: Invoice
Settlement API impacts: SOAP does not pay debit memos). A document nobody knows is forwarded, so that the caller sees
Zuora's own error. Checks use the state read in the same call; Zuora stays the judge.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from bridge.core.classify.common import fact, gateway_of, names, required
from bridge.core.classify.verdicts import Asking, Forward, Prefer, Translate, Verdict
from bridge.core.commands import Facts
from bridge.core.facts import Absent, AccountFact, Ambiguous, DocumentRef, Kind, WhichAccount, WhichDocument
from bridge.core.mapping import payment as table
from bridge.core.mapping.lexical import amount, day, decimal, total
from bridge.core.mapping.payment import PaymentParts, Share
from bridge.core.model import Route, RowError, Version, ZObject
from bridge.core.refusals import KNOWS_NO_METHOD_IS_INVALID, Refusal, invalid, missing

MAX_ROWS = 200
"""Rows of InvoicePaymentData (Zuora: Payment object)."""


@dataclass(frozen=True, slots=True)
class _Named:
    """A document as the caller named it: by ``key`` in ``field``, for ``amount`` in ``amount_field``.

    ``container`` is where the row stands, if it is one. ``memo``: an extension element, so it must be a debit memo.
    """

    key: str | None
    field: str
    amount: str | None
    amount_field: str
    container: str | None = None
    memo: bool = False


def classify(obj: ZObject, version: Version, prefer: Prefer) -> Asking[Verdict]:
    """Decide about one Payment; raises ``Refusal`` or ``NoVerdictError``."""
    if not table.ITEM_LEVEL.isdisjoint(names(obj)):
        raise invalid(None, "Payments to single items are not possible through this bridge yet.")
    named = tuple(_documents(obj))
    if len(named) > MAX_ROWS:
        # Nothing is looked up for what Zuora refuses anyway, in its own words.
        return Forward(obj, f"names more than {MAX_ROWS} documents")
    questions = tuple(dict.fromkeys(WhichDocument(each.key) for each in named if each.key is not None))
    facts: Facts = (yield questions) if questions else {}
    found = [(each, _document(each, facts)) for each in named]
    if any(each.memo or (document is not None and document.kind is Kind.DEBIT_MEMO) for each, document in found):
        return (yield from _translate(obj, version, found, "names a debit memo"))
    if not named:
        return Forward(_with_amount(obj, named), "names no document")
    if any(document is None for _, document in found):
        return Forward(_with_amount(obj, named), "names a document Zuora lacks")
    if prefer(obj) is Route.REST:
        return (yield from _translate(obj, version, found, "names only invoices, and the cutover rule says rest"))
    return Forward(_with_amount(obj, named), "names only invoices")


def _documents(obj: ZObject) -> Iterator[_Named]:
    whole = obj.word("AppliedInvoiceAmount")
    for field, memo in (
        ("InvoiceId", False),
        ("InvoiceNumber", False),
        ("DebitMemoId", True),
        ("DebitMemoNumber", True),
    ):
        if (key := obj.word(field)) is not None:
            yield _Named(key, field, whole, "AppliedInvoiceAmount", None, memo)
    for container, by_id, by_number, memo in (
        ("InvoicePaymentData", "InvoiceId", "InvoiceNumber", False),
        ("DebitMemoPaymentData", "DebitMemoId", "DebitMemoNumber", True),
    ):
        for row in obj.children.get(container, ()):
            field = by_id if row.word(by_id) is not None or row.word(by_number) is None else by_number
            yield _Named(row.word(field), field, row.word("Amount"), "Amount", container, memo)


def _document(named: _Named, facts: Facts) -> DocumentRef | None:
    if named.key is None:
        return None
    answer = fact(facts, WhichDocument(named.key))
    if isinstance(answer, Ambiguous):
        kinds = " and ".join(kind.value for kind in answer.kinds)
        raise invalid(named.field, f"{named.field} is ambiguous: {kinds} have this number. Use the id.")
    if isinstance(answer, Absent):
        if named.memo:
            raise invalid(named.field, f"There is no debit memo with this {named.field}.")
        return None
    assert isinstance(answer, DocumentRef)
    if answer.kind is Kind.CREDIT_MEMO:
        raise invalid(named.field, f"{named.field} names the credit memo {answer.number}; a payment cannot pay it.")
    if named.memo and answer.kind is not Kind.DEBIT_MEMO:
        raise invalid(named.field, f"{named.field} names the {answer.kind.value} {answer.number}, not a debit memo.")
    return answer


def _with_amount(obj: ZObject, named: tuple[_Named, ...]) -> ZObject:
    """The object with an absent Amount filled by the documented sum; old callers never sent it, settlement needs it.

    Amounts that cannot be added up are left as they are: Zuora says what is wrong with them.
    """
    texts = [each.amount for each in named if each.container is not None]
    others = ("AppliedCreditBalanceAmount",) if texts else ("AppliedInvoiceAmount", "AppliedCreditBalanceAmount")
    texts += [text for name in others if (text := obj.word(name)) is not None]
    if obj.word("Amount") is not None or not texts:
        return obj
    try:
        whole = total(decimal(text or "", "Amount") for text in texts)
    except Refusal:
        return obj
    return replace(obj, fields={**obj.fields, "Amount": format(whole, "f")})


_Found = Sequence[tuple[_Named, DocumentRef | None]]


def _translate(obj: ZObject, version: Version, found: _Found, reason: str) -> Asking[Verdict]:
    account_id = required(obj, "AccountId")
    _check_required(obj, version)
    facts = yield (WhichAccount(account_id),)
    account = fact(facts, WhichAccount(account_id))
    if not isinstance(account, AccountFact):
        raise Refusal(RowError("INVALID_ID", "There is no account with this AccountId.", "AccountId"))
    shares, currency = _shares(obj, found, account)
    gateway = yield from gateway_of(obj, account)
    parts = PaymentParts(
        account_id=account.id,
        currency=currency,
        amount=_total(obj, shares, currency),
        effective=day(required(obj, "EffectiveDate"), "EffectiveDate"),
        shares=shares,
        gateway=gateway,
    )
    return Translate(obj, table.PATH, table.body(obj, parts), account.id, reason)


def _check_required(obj: ZObject, version: Version) -> None:
    """Zuora: Payment object, required fields. REST would take the default payment method instead of refusing."""
    if obj.word("PaymentMethodId") is None:
        if version >= KNOWS_NO_METHOD_IS_INVALID:
            raise invalid("PaymentMethodId", "PaymentMethodId is required.")
        raise missing("PaymentMethodId")
    required(obj, "EffectiveDate")
    if required(obj, "Type") not in ("External", "Electronic"):
        raise invalid("Type", "Type must be External or Electronic.")
    status = required(obj, "Status")
    if status != "Processed":
        raise invalid(
            "Status", "Status must be Processed; name the documents in InvoiceId or InvoicePaymentData in one call."
        )


def _shares(obj: ZObject, found: _Found, account: AccountFact) -> tuple[tuple[Share, ...], str]:
    _check_one_way(obj, [named for named, _ in found])
    if found[0][0].container is None:
        found = _one_document(found)
    currency = _currency(obj, found, account)
    shares: dict[str, Share] = {}
    for named, document in found:
        if document is None:
            if named.key is None:
                raise missing(named.field)
            raise invalid(named.field, f"Zuora knows no document with this {named.field}.")
        if document.id in shares:
            raise invalid(named.field, f"{document.number} is named twice; add the amounts up.")
        if document.account_id != account.id:
            raise invalid(named.field, f"{document.number} belongs to another account.")
        if named.amount is None:
            raise missing(named.amount_field)
        share = Share(document, amount(named.amount, named.amount_field, currency), named.field, named.amount_field)
        _check_open(share)
        shares[document.id] = share
    return tuple(shares.values()), currency


def _check_one_way(obj: ZObject, named: Sequence[_Named]) -> None:
    """Documents are named singly, with AppliedInvoiceAmount, or in rows with an amount each."""
    container = next((each.container for each in named if each.container is not None), None)
    if container is None:
        return
    if any(each.container is None for each in named):
        raise invalid(container, "Name documents either singly or in a list, not both.")
    if obj.word("AppliedInvoiceAmount") is not None:
        raise invalid("AppliedInvoiceAmount", f"AppliedInvoiceAmount cannot be given beside {container}.")


def _one_document(found: _Found) -> _Found:
    """An id and a number may both be given where they name the same document."""
    (_, first), *others = found
    for named, document in others:
        if document is None or first is None or document.id != first.id:
            raise invalid(named.field, f"{found[0][0].field} and {named.field} name different documents.")
    return found[:1]


def _currency(obj: ZObject, found: _Found, account: AccountFact) -> str:
    """The caller's or the account's currency; a document in another one is refused rather than converted."""
    for named, document in found:
        if document is None or document.currency is None or document.account_id != account.id:
            continue
        if document.currency != account.currency:
            raise invalid(named.field, f"{document.number} is in {document.currency}, not {account.currency}.")
    return obj.word("Currency") or account.currency


def _check_open(share: Share) -> None:
    document = share.document
    if document.kind is not Kind.DEBIT_MEMO:
        return
    if document.status is not None and document.status != "Posted":
        raise invalid(share.field, f"{document.number} is {document.status}; only a posted debit memo can be paid.")
    if document.open is not None and share.amount > document.open:
        raise invalid(
            share.amount_field, f"{share.amount_field} is more than the balance of {document.number}, {document.open}."
        )


def _total(obj: ZObject, shares: tuple[Share, ...], currency: str) -> Decimal:
    """Amount; absent: the documents plus AppliedCreditBalanceAmount, which settlement leaves unapplied."""
    applied = total(share.amount for share in shares)
    rest_text = obj.word("AppliedCreditBalanceAmount")
    rest = Decimal(0) if rest_text is None else decimal(rest_text, "AppliedCreditBalanceAmount")
    if rest < 0:
        raise invalid("AppliedCreditBalanceAmount", "AppliedCreditBalanceAmount must not be negative.")
    documented = total((applied, rest))
    if (text := obj.word("Amount")) is None:
        return amount(format(documented, "f"), "AppliedCreditBalanceAmount", currency)
    whole = amount(text, "Amount", currency)
    if whole < applied or (rest_text is not None and whole != documented):
        raise invalid("Amount", "Amount is not the sum of the amounts for documents and AppliedCreditBalanceAmount.")
    return whole
