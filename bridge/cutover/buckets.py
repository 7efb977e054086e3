"""Where an account stands between 0 and 100 %: the same place for ever, whatever rules there are.

A percentage takes the accounts below it. So raising one never moves an account back, lowering one moves the last ones
in and no others, and two rules of 5 % mean the same accounts. Must not know rules.
"""

from __future__ import annotations

import hashlib
from decimal import Decimal

PLACES = 10_000
"""Hundredths of a percent: fine enough for one account of ten thousand."""


def place(tenant: str, account_id: str) -> Decimal:
    """The account's place, 0 to 99.99: a percentage above it takes the account.

    Ids are compared as Zuora compares them, without regard to case. The tenant is part of it, so that the accounts
    that go first are not the first of every tenant whose ids were copied from another (Zuora: sandbox refresh).
    """
    digest = hashlib.sha256(f"account\x1f{tenant}\x1f{account_id.strip().lower()}".encode()).digest()
    return Decimal(int.from_bytes(digest[:8]) * PLACES >> 64) / 100
