"""Create of a Payment: which documents it names, and whether SOAP can pay them.

Invoices alone, or nothing, go by SOAP; a debit memo or single items make it one REST payment with all its documents
(Zuora: Invoice Settlement API impacts: SOAP pays neither debit memos nor items). A document nobody knows is forwarded,
so that the caller sees Zuora's own error. Checks use the state read in the same call; Zuora stays the judge.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from bridge.core.classify.choice import Choice
from bridge.core.classify.common import fact, gateway_of, required
from bridge.core.classify.verdicts import Asking, Forward, Translate
from bridge.core.commands import Facts
from bridge.core.facts import Absent, AccountFact, Ambiguous, DocumentRef, Kind, WhichAccount, WhichDocument
from bridge.core.mapping import items as item_table
from bridge.core.mapping import payment as table
from bridge.core.mapping.directives import ITEMS, Expanded
from bridge.core.mapping.items import Item, Row
from bridge.core.mapping.lexical import amount, day, decimal, total
from bridge.core.mapping.payment import PaymentParts, Share
from bridge.core.model import RowError, Tenant, Version, ZObject
from bridge.core.refusals import KNOWS_NO_METHOD_IS_INVALID, Refusal, invalid, missing

MAX_ROWS = 200
"""Rows of InvoicePaymentData (Zuora: Payment object)."""

NO_METHOD = "PaymentMethodId is required."


@dataclass(frozen=True, slots=True)
class _Named:
    """A document as the caller named it: by ``key`` in ``field``, for ``amount`` in ``amount_field``.

    ``container`` is where the row stands, if it is one. ``memo``: an extension element, so it must be a debit memo.
    ``items`` are those that ``items_in`` lists for it.
    """

    key: str | None
    field: str
    amount: str | None
    amount_field: str
    container: str | None = None
    memo: bool = False
    items: tuple[Row, ...] = ()
    items_in: str = ITEMS


def classify(
    said: Expanded, version: Version, tenant: Tenant, choice: Choice, *, only_rest: bool = False
) -> Asking[Forward | Translate]:
    """Decide about one Payment; raises ``Refusal`` or ``NoVerdictError``.

    ``only_rest``: neither SOAP nor Actions can carry it, so that policy has no say.
    """
    obj = said.obj
    _check_method(obj, version)
    named = _all_named(said)
    if len(named) > MAX_ROWS:
        # Nothing is looked up for what Zuora refuses anyway, in its own words.
        return Forward(obj, f"names more than {MAX_ROWS} documents")
    documents = dict.fromkeys(WhichDocument(each.key) for each in named if each.key is not None)
    questions = (*documents, *choice.questions)
    facts: Facts = (yield questions) if questions else {}
    choice.hear(facts)
    found = [(each, _document(each, facts)) for each in named]
    if choice.account is None:
        # A payment that names no account is of that of its documents, of which the first that is known answers.
        choice.found(next((document.account_id for _, document in found if document is not None), None))
    why: str | None = None
    soap_could = False
    if any(each.memo or (document is not None and document.kind is Kind.DEBIT_MEMO) for each, document in found):
        why = "names a debit memo"
    elif said.items or any(each.items for each in named):
        why = "pays single items"
    elif only_rest and (not named or _one_amount_each(obj, named)) and all(document for _, document in found):
        why = "has a ReferenceId of a length that only REST takes"
    elif not named:
        return Forward(_with_amount(obj, named), "names no document")
    elif any(document is None for _, document in found):
        return Forward(_with_amount(obj, named), "names a document Zuora lacks")
    elif choice.rest() and _one_amount_each(obj, named):
        why, soap_could = "names only invoices, and the cutover rule says rest", True
    if why is None:
        return Forward(_with_amount(obj, named), "names only invoices")
    return (yield from _translate(said, version, tenant, found, why, as_soap=soap_could))


def _all_named(said: Expanded) -> tuple[_Named, ...]:
    """The documents, with the items of their rows; where only a directive names any, those."""
    obj = said.obj
    _check_places(obj)
    named = tuple(_documents(obj))
    if named or not said.items:
        return named
    keys = tuple(dict.fromkeys(row.document for row in said.items))
    if None in keys:
        raise invalid(ITEMS, f"{ITEMS} must name the document of each item, as in DM00000001/item=amount.")
    if len(keys) == 1:
        return (_Named(keys[0], ITEMS, obj.word("AppliedInvoiceAmount"), "AppliedInvoiceAmount"),)
    return tuple(_Named(key, ITEMS, None, ITEMS, ITEMS) for key in keys)


_HOMES = {"InvoicePaymentData": "InvoiceItemPaymentData", "DebitMemoPaymentData": "DebitMemoItemPaymentData"}
"""Which single items the rows of a container may have."""


def _check_places(obj: ZObject, home: str | None = None) -> None:
    """Refuse single items in a place where they would be overlooked."""
    for name in (*obj.fields, *obj.verbatim, *(name for name in obj.children if name != home)):
        if name in table.ITEM_LEVEL:
            where = next(rows for rows, items in _HOMES.items() if items == name)
            raise invalid(name, f"{name} belongs in a row of {where}, with rows of its own.")
    for name, rows in obj.children.items():
        for row in rows:
            _check_places(row, _HOMES.get(name))


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
            items = item_table.rows_in(row, _HOMES[container])
            inside = _HOMES[container] if items else ITEMS
            yield _Named(row.word(field), field, row.word("Amount"), "Amount", container, memo, items, inside)


def _one_amount_each(obj: ZObject, named: Sequence[_Named]) -> bool:
    """Whether every invoice has its amount in one place, which is all that REST can say.

    SOAP also takes an invoice for which nothing is applied, only AppliedCreditBalanceAmount given (Zuora: Apply
    payments to an invoice), and a sum beside the rows.
    """
    in_rows = any(each.container is not None for each in named)
    return in_rows != (obj.word("AppliedInvoiceAmount") is not None)


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


def _translate(
    said: Expanded, version: Version, tenant: Tenant, found: _Found, reason: str, *, as_soap: bool
) -> Asking[Translate]:
    obj = said.obj
    account_id = required(obj, "AccountId")
    _check_required(obj, version, as_soap=as_soap)
    facts = yield (WhichAccount(account_id),)
    account = fact(facts, WhichAccount(account_id))
    if not isinstance(account, AccountFact):
        raise Refusal(RowError("INVALID_ID", "There is no account with this AccountId.", "AccountId"))
    shares, currency = _shares(said, tenant, found, account)
    gateway = yield from gateway_of(obj, account)
    parts = PaymentParts(
        account_id=account.id,
        currency=currency,
        amount=_total(obj, shares, currency),
        effective=day(required(obj, "EffectiveDate"), "EffectiveDate"),
        shares=shares,
        gateway=gateway,
    )
    body = table.body(obj, parts, tenant.custom_types, tenant.second_reference)
    return Translate(obj, table.PATH, body, account.id, reason)


def _check_method(obj: ZObject, version: Version) -> None:
    """Refuse an object that lacks nothing but its method, for callers to whom Zuora says INVALID_VALUE.

    Forwarded, it would be answered in the terms of the tenant's file, which may be older than the caller's.
    """
    others = ("Type", "AccountId", "Amount", "EffectiveDate")
    if version >= KNOWS_NO_METHOD_IS_INVALID and all(obj.word(name) is not None for name in others):
        _check_method_named(obj, version)


def _check_method_named(obj: ZObject, version: Version, *, as_soap: bool = False) -> None:
    if obj.word("PaymentMethodId") is not None:
        return
    if version >= KNOWS_NO_METHOD_IS_INVALID:
        raise invalid("PaymentMethodId", NO_METHOD)
    if as_soap:
        # Zuora: SOAP API version history, 121: below it the code was UNKNOWN_ERROR. The way of a payment that both
        # routes carry is nothing its caller should notice.
        raise Refusal(RowError("UNKNOWN_ERROR", NO_METHOD, "PaymentMethodId"))
    raise missing("PaymentMethodId")


def _check_required(obj: ZObject, version: Version, *, as_soap: bool) -> None:
    """Zuora: Payment object, required fields. REST would take the default payment method instead of refusing.

    ``as_soap``: SOAP could have carried it, so what is missing is told in SOAP's own code.
    """
    _check_method_named(obj, version, as_soap=as_soap)
    required(obj, "EffectiveDate")
    if required(obj, "Type") not in ("External", "Electronic"):
        raise invalid("Type", "Type must be External or Electronic.")
    status = required(obj, "Status")
    if status != "Processed":
        raise invalid(
            "Status", "Status must be Processed; name the documents in InvoiceId or InvoicePaymentData in one call."
        )


def _shares(said: Expanded, tenant: Tenant, found: _Found, account: AccountFact) -> tuple[tuple[Share, ...], str]:
    _check_one_way(said.obj, [named for named, _ in found])
    if found and found[0][0].container is None:
        found = _one_document(found)
    currency = _currency(said.obj, found, account)
    shares: dict[str, Share] = {}
    listed = _listed(said, found)
    for place, (named, document) in enumerate(found):
        if document is None:
            if named.key is None:
                raise missing(named.field)
            raise invalid(named.field, f"{named.field} names a document that Zuora does not know.")
        if document.id in shares:
            raise invalid(named.field, f"{document.number} is named twice; add the amounts up.")
        if document.account_id != account.id:
            raise invalid(named.field, f"{document.number} belongs to another account.")
        share = _share(named, document, _items(named, listed.get(place, ()), tenant, currency), currency)
        _check_open(share)
        shares[document.id] = share
    return tuple(shares.values()), currency


def _share(named: _Named, document: DocumentRef, items: tuple[Item, ...], currency: str) -> Share:
    """The document's part: its amount is what its items come to, where it has any."""
    if named.amount is None:
        if not items:
            raise missing(named.amount_field)
        # No amount of the caller's is to blame for the sum, so their items are.
        return Share(document, item_table.whole(items), named.field, named.items_in, items)
    value = amount(named.amount, named.amount_field, currency)
    if items and value != item_table.whole(items):
        raise invalid(
            named.items_in,
            f"The items of {document.number} in {named.items_in} do not add up to its {named.amount_field}.",
        )
    return Share(document, value, named.field, named.amount_field, items)


def _items(named: _Named, listed: tuple[Row, ...], tenant: Tenant, currency: str) -> tuple[Item, ...]:
    """The items of one document, from its row or from a directive; both may say the same."""
    rows = named.items or listed
    if not rows:
        return ()
    items = item_table.checked(rows, named.items_in, currency, possible=tenant.item_settlement)
    if named.items and listed:
        again = item_table.checked(listed, ITEMS, currency, possible=True)
        if frozenset(items) != frozenset(again):
            raise invalid(ITEMS, f"{ITEMS} and {named.items_in} list different items.")
    return items


def _listed(said: Expanded, found: _Found) -> dict[int, tuple[Row, ...]]:
    """A directive's items by the place of their document among those found."""
    listed: dict[int, tuple[Row, ...]] = {}
    for row in said.items:
        places = [
            place
            for place, (named, document) in enumerate(found)
            if row.document is None or row.document.casefold() in _keys(named, document)
        ]
        if len(places) != 1:
            what = "does not say which document an item belongs to"
            if row.document is not None:
                what = f"names {row.document}, which is not a document of this payment"
            raise invalid(ITEMS, f"{ITEMS} {what}.")
        listed[places[0]] = (*listed.get(places[0], ()), row)
    return listed


def _keys(named: _Named, document: DocumentRef | None) -> set[str]:
    keys = (named.key, document.id, document.number) if document is not None else (named.key,)
    return {key.casefold() for key in keys if key is not None}


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
