"""Payments of debit memos and what they become: objects and bodies that several tests share. Must not test."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from core_objects import (
    METHOD,
    A,
    pays,
    zobject,
)

from bridge.core.model import ZObject

WHOLE: dict[str, object] = {
    "amount": Decimal("80"),
    "currency": "USD",
    "type": "External",
    "accountId": A,
    "paymentMethodId": METHOD,
    "effectiveDate": "2026-02-20",
    "debitMemos": [{"debitMemoId": "d1", "amount": Decimal("80")}],
}


def memo_part(key: str | None, amount: str | None, number: str | None = None) -> ZObject:
    """A row of DebitMemoPaymentData."""
    return zobject("DebitMemoPayment", DebitMemoId=key, Amount=amount, DebitMemoNumber=number)


def electronic(**more: Any) -> ZObject:
    """A card payment of debit memo d1."""
    return pays("d1", "80", **{"Type": "Electronic", **more})
