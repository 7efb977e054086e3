"""Create of a Payment: which documents it names, and whether SOAP can pay them.

Invoices alone, or nothing, go by SOAP; a debit memo makes it one REST payment with all its documents (Zuora: Invoice
Settlement API impacts: SOAP does not pay debit memos). A document nobody knows is forwarded, so that the caller sees
Zuora's own error. Checks use the state read in the same call; Zuora stays the judge.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from bridge.core.classify.common import fact, gateway_of, required
from bridge.core.classify.verdicts import Asking, Forward, Prefer, Translate, Verdict
from bridge.core.commands import Facts
from bridge.core.facts import Absent, AccountFact, Ambiguous, DocumentRef, Kind, WhichAccount, WhichDocument
from bridge.core.mapping import payment as table
from bridge.core.mapping.lexical import amount, day, decimal
from bridge.core.mapping.payment import PaymentParts, Share
from bridge.core.model import Route, RowError, Version, ZObject
from bridge.core.refusals import KNOWS_NO_METHOD_IS_INVALID, Refusal, invalid, missing

MAX_ROWS = 200
"""Rows of InvoicePaymentData (Zuora: Payment object)."""


@dataclass(frozen=True, slots=True)
class _Named:
    """A document as the caller named it. ``memo``: by an extension element, so it must be a debit memo."""

    key: str
    field: str
    amount: str | None
    amount_field: str
    memo: bool = False


def classify(obj: ZObject, version: Version, prefer: Prefer) -> Asking[Verdict]:
    """Decide about one Payment; raises ``Refusal`` or ``NoVerdictError``."""
    if not table.ITEM_LEVEL.isdisjoint(_names(obj)):
        raise invalid(None, "Payments to single items are not possible through this bridge yet.")
    named = tuple(_documents(obj))
    if not named:
        return Forward(obj, "names no document")
    facts = yield tuple(dict.fromkeys(WhichDocument(each.key) for each in named))
    found = [(each, _document(each, facts)) for each in named]
    memos = any(each.memo or (document is not None and document.kind is Kind.DEBIT_MEMO) for each, document in found)
    if not memos:
        if all(document is not None for _, document in found) and prefer(obj) is Route.REST:
            return (yield from _translate(obj, version, found, "names only invoices, and the cutover rule says rest"))
        reason = "names only invoices" if all(document for _, document in found) else "names a document Zuora lacks"
        return Forward(_with_amount(obj, named), reason)
    return (yield from _translate(obj, version, found, "names a debit memo"))


def _names(obj: ZObject) -> Iterator[str]:
    yield from obj.children
    yield from obj.verbatim
    for rows in obj.children.values():
        for each in rows:
            yield from _names(each)


def _documents(obj: ZObject) -> Iterator[_Named]:
    whole = obj.get("AppliedInvoiceAmount")
    for field, memo in (
        ("InvoiceId", False),
        ("InvoiceNumber", False),
        ("DebitMemoId", True),
        ("DebitMemoNumber", True),
    ):
        if (key := obj.get(field)) is not None:
            yield _Named(key.strip(), field, whole, "AppliedInvoiceAmount", memo)
    for container, memo in (("InvoicePaymentData", False), ("DebitMemoPaymentData", True)):
        for row in obj.children.get(container, ()):
            field = "InvoiceId" if not memo else "DebitMemoId"
            key = row.get(field) or row.get("DebitMemoNumber" if memo else "InvoiceNumber")
            if key is None:
                raise missing(field)
            yield _Named(key.strip(), field, row.get("Amount"), "Amount", memo)


def _document(named: _Named, facts: Facts) -> DocumentRef | None:
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
    """The object with an absent Amount filled by the documented sum; old callers never sent it, settlement needs it."""
    if obj.get("Amount") is not None or any(each.amount is None for each in named):
        return obj
    total = sum((decimal(each.amount or "", each.amount_field) for each in _distinct(named)), Decimal(0))
    if (rest := obj.get("AppliedCreditBalanceAmount")) is not None:
        total += decimal(rest, "AppliedCreditBalanceAmount")
    return replace(obj, fields={**obj.fields, "Amount": format(total, "f")})


def _distinct(named: tuple[_Named, ...]) -> Iterator[_Named]:
    """InvoiceId and InvoiceNumber together name one document once."""
    single = False
    for each in named:
        if each.amount_field == "AppliedInvoiceAmount":
            if single:
                continue
            single = True
        yield each


def _translate(
    obj: ZObject, version: Version, found: list[tuple[_Named, DocumentRef | None]], reason: str
) -> Asking[Verdict]:
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
        effective=day(obj.fields["EffectiveDate"], "EffectiveDate"),
        shares=shares,
        gateway=gateway,
    )
    return Translate(obj, table.PATH, table.body(obj, parts), account.id, reason)


def _check_required(obj: ZObject, version: Version) -> None:
    """Zuora: Payment object, required fields. REST would take the default payment method instead of refusing."""
    if obj.get("PaymentMethodId") is None:
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


def _shares(
    obj: ZObject, found: list[tuple[_Named, DocumentRef | None]], account: AccountFact
) -> tuple[tuple[Share, ...], str]:
    single = [document for named, document in found if named.amount_field == "AppliedInvoiceAmount"]
    if single and len(single) < len(found):
        raise invalid("InvoicePaymentData", "Name documents either singly or in a list, not both.")
    if len({document.id for document in single if document is not None}) > 1 or (None in single and len(single) > 1):
        raise invalid("InvoiceNumber", "The ids and numbers name different documents.")
    if single:
        found = found[:1]
    if len(found) > MAX_ROWS:
        raise invalid("InvoicePaymentData", f"At most {MAX_ROWS} documents are possible in one payment.")
    currency = obj.get("Currency") or _currency(found, account)
    shares: dict[str, Share] = {}
    for named, document in found:
        if document is None:
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


def _currency(found: list[tuple[_Named, DocumentRef | None]], account: AccountFact) -> str:
    """The documents' currency; one that differs from the account's is refused rather than converted."""
    for named, document in found:
        if document is not None and document.currency is not None and document.account_id == account.id:
            if document.currency != account.currency:
                raise invalid(named.field, f"{document.number} is in {document.currency}, not {account.currency}.")
            return document.currency
    return account.currency


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
    applied = sum((share.amount for share in shares), Decimal(0))
    rest_text = obj.get("AppliedCreditBalanceAmount")
    rest = Decimal(0) if rest_text is None else decimal(rest_text, "AppliedCreditBalanceAmount")
    if rest < 0:
        raise invalid("AppliedCreditBalanceAmount", "AppliedCreditBalanceAmount must not be negative.")
    if (text := obj.get("Amount")) is None:
        return amount(format(applied + rest, "f"), "AppliedCreditBalanceAmount", currency)
    total = amount(text, "Amount", currency)
    if total < applied or (rest_text is not None and total != applied + rest):
        raise invalid("Amount", "Amount is not the sum of the amounts for documents and AppliedCreditBalanceAmount.")
    return total
