"""The near fingerprint: who pays or gets back how much for what, by which means, and nothing else.

Two creates with one near fingerprint differ at most in what a person may have edited between two attempts: a comment, a
date, a reference. Documents are a set with their amounts, in the caller's own spelling of ids and numbers, whose case
means nothing to Zuora. Pure hashing. Must not judge an object: what is no amount or names nothing equals only itself.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator

from bridge.core.mapping.directives import Expanded, expand
from bridge.core.mapping.lexical import reduced
from bridge.core.model import Tenant, ZObject
from bridge.core.refusals import Refusal

_DOCUMENTS = (
    "InvoiceId",
    "InvoiceNumber",
    "DebitMemoId",
    "DebitMemoNumber",
    "CreditMemoId",
    "CreditMemoNumber",
    "PaymentId",
)
"""The fields that name a document, or a refund's source; the first that is there counts."""

_AMOUNTS = ("AppliedInvoiceAmount", "RefundAmount", "Amount")
"""The fields that say how much is for it."""

_CONTAINERS = (
    "InvoicePaymentData",
    "DebitMemoPaymentData",
    "RefundInvoicePaymentData",
    "DebitMemoRefundData",
)
"""The containers whose rows are documents. Rows below them are items of one document."""

_MEANS = ("PaymentMethodId", "MethodType")


def near_fingerprint(obj: ZObject, tenant: Tenant) -> str:
    """The near fingerprint of a create: 64 hex characters. ``tenant`` says which custom fields name documents."""
    try:
        expanded = expand(obj, tenant)
    except Refusal:
        # It contradicts itself and will not be sent.
        expanded = Expanded(obj)
    obj = expanded.obj
    listed = {(row.document.casefold(), row.amount or "") for row in expanded.items if row.document is not None}
    said = [
        obj.type,
        _word(obj, "AccountId"),
        sorted({*_documents(obj)} | listed),
        _amount(obj, ("Amount", "AppliedInvoiceAmount", "AppliedCreditBalanceAmount")),
        _word(obj, "Type"),
        next(filter(None, (_word(obj, name) for name in _MEANS)), ""),
    ]
    return hashlib.sha256(json.dumps(["near", said]).encode()).hexdigest()


def _documents(obj: ZObject) -> Iterator[tuple[str, str]]:
    for each in (obj, *(row for name in _CONTAINERS for row in obj.children.get(name, ()))):
        named = next(filter(None, (_word(each, name) for name in _DOCUMENTS)), "")
        if named:
            yield named, _amount(each, _AMOUNTS)


def _amount(obj: ZObject, names: tuple[str, ...]) -> str:
    given = next(filter(None, (obj.word(name) for name in names)), "")
    return reduced(given) or given


def _word(obj: ZObject, name: str) -> str:
    return (obj.word(name) or "").casefold()
