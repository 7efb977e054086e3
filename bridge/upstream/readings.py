"""Zuora's REST bodies read into core's facts: strictly, because money will be sent on them.

A body that lacks what a fact needs raises ``Unusable``, which becomes ``NoVerdict``: never a guess, never a zero.
Field names are those of the Zuora API Reference ("Retrieve an invoice", "Retrieve a debit memo", ...). Must not
reach the network or cache.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from bridge.core.facts import (
    FALLEN,
    AccountFact,
    DocumentRef,
    GatewayFact,
    Kind,
    Part,
    PaymentFact,
    Standing,
)

Body = Mapping[str, Any]


class Unusable(Exception):
    """No fact can be had from this answer; the text is for the operator."""


@dataclass(frozen=True, slots=True)
class Document:
    """A document and whether it is a draft: a draft's number changes when it is posted, so it is never remembered
    (Zuora Knowledge Center, "Configure numbering for billing documents")."""

    ref: DocumentRef
    draft: bool


def document(kind: Kind, body: Body, key: str | None = None) -> Document:
    """An invoice or a memo; ``key`` is what was asked for, and must be what was answered."""
    identity = _text(body, "id")
    number = _text(body, "invoiceNumber", "number") if kind is Kind.INVOICE else _text(body, "number")
    if key is not None and key.casefold() not in (identity.casefold(), number.casefold()):
        raise Unusable(f"Zuora answered with another {kind.value} than the one asked for")
    account = _text(body, "accountId")
    status = _text(body, "status")
    currency = _maybe_text(body, "currency")
    draft = status.casefold() == "draft"
    if kind is Kind.INVOICE:
        return Document(DocumentRef(kind, identity, number, account, currency), draft)
    amount, dated = ("balance", "debitMemoDate") if kind is Kind.DEBIT_MEMO else ("unappliedAmount", "creditMemoDate")
    return Document(
        DocumentRef(kind, identity, number, account, currency, status, _amount(body, amount), _date(body, dated)),
        draft,
    )


def payment(body: Body, listed: Iterable[Body], key: str) -> PaymentFact:
    """A payment with what it is applied to."""
    identity = _text(body, "id")
    if key.casefold() not in (identity.casefold(), str(body.get("number", "")).casefold()):
        raise Unusable("Zuora answered with another payment than the one asked for")
    refunded = _amount(body, "refundAmount") if body.get("refundAmount") is not None else Decimal(0)
    applied, unapplied = parts(listed)
    return PaymentFact(
        id=identity,
        account_id=_text(body, "accountId"),
        status=_text(body, "status"),
        type=_text(body, "type"),
        refundable=_amount(body, "amount") - refunded,
        dated=_date(body, "effectiveDate"),
        debit_memo_ids=frozenset(part.id for part in applied if part.kind is Kind.DEBIT_MEMO),
        parts=applied,
        unapplied=unapplied,
        currency=_maybe_text(body, "currency"),
    )


def parts(listed: Iterable[Body]) -> tuple[tuple[Part, ...], Decimal]:
    """What a payment is applied to, in Zuora's order, and what is left: a part that names no document (Zuora:
    Retrieve all parts of a payment)."""
    applied: list[Part] = []
    unapplied = Decimal(0)
    for row in listed:
        amount = _amount(row, "amount")
        invoice, memo = _maybe_text(row, "invoiceId"), _maybe_text(row, "debitMemoId")
        if invoice is not None and memo is not None:
            raise Unusable("a payment part of two documents")
        if memo is not None:
            applied.append(Part(Kind.DEBIT_MEMO, memo, amount))
        elif invoice is not None:
            applied.append(Part(Kind.INVOICE, invoice, amount))
        else:
            unapplied += amount
    return tuple(applied), unapplied


def account(body: Body) -> AccountFact:
    """An account, from the two parts its answer has."""
    basic, billing = _inner(body, "basicInfo"), _inner(body, "billingAndPayment")
    return AccountFact(
        _text(basic, "id"), _text(billing, "currency"), _text(basic, "status"), _maybe_text(billing, "paymentGateway")
    )


def gateways(body: Body) -> dict[str, GatewayFact]:
    """The gateway instances by name; of two with one name, the active one."""
    found: dict[str, GatewayFact] = {}
    for row in rows(body, "paymentgateways", "paymentGateways"):
        each = GatewayFact(_text(row, "id"), _text(row, "name"), row.get("isActive") is True)
        if each.active or each.name not in found:
            found[each.name] = each
    return found


def prefixes(body: Body) -> dict[str, Kind]:
    """Number prefixes by the kind they belong to; one that serves two kinds is no hint and left out."""
    kinds = {"invoice": Kind.INVOICE, "debitMemo": Kind.DEBIT_MEMO, "creditMemo": Kind.CREDIT_MEMO}
    found: dict[str, set[Kind]] = {}
    for row in rows(body, "sequenceSets"):
        for name, kind in kinds.items():
            part = row.get(name)
            prefix = _maybe_text(part, "prefix") if isinstance(part, Mapping) else None
            if prefix:
                found.setdefault(prefix, set()).add(kind)
    return {prefix: kinds.pop() for prefix, kinds in found.items() if len(kinds) == 1}


def standing(body: Body) -> Standing:
    """Whether a payment or refund stands by its status."""
    return standing_of(_text(body, "status"))


def standing_of(status: str) -> Standing:
    """The same of a status by itself."""
    return Standing(status.casefold() not in FALLEN, status)


def owner(body: Body, key: str) -> str | None:
    """The account of a payment or refund, if it has one; ``key`` is what was asked for and must be answered."""
    if key.casefold() not in (_text(body, "id").casefold(), str(body.get("number", "")).casefold()):
        raise Unusable("Zuora answered with another object than the one asked for")
    return _maybe_text(body, "accountId")


def rows(body: Body, *names: str) -> list[Body]:
    """The list under the first of ``names`` that is there."""
    for name in names:
        found = body.get(name)
        if isinstance(found, list) and all(isinstance(row, Mapping) for row in found):
            return found
    raise Unusable(f"an answer without {names[0]}")


def _inner(body: Body, name: str) -> Body:
    part = body.get(name)
    if not isinstance(part, Mapping):
        raise Unusable(f"an answer without {name}")
    return part


def _text(body: Body, *names: str) -> str:
    for name in names:
        value = body.get(name)
        if isinstance(value, str) and value:
            return value
    raise Unusable(f"an answer without {names[0]}")


def _maybe_text(body: Body, name: str) -> str | None:
    value = body.get(name)
    return value if isinstance(value, str) and value else None


def _amount(body: Body, name: str) -> Decimal:
    value = body.get(name)
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise Unusable(f"an answer whose {name} is no number")
    return Decimal(value)


def _date(body: Body, name: str) -> date | None:
    value = _maybe_text(body, name)
    if value is None:
        return None
    try:
        return date.fromisoformat(value[:10])
    except ValueError:
        raise Unusable(f"an answer whose {name} is no date") from None
