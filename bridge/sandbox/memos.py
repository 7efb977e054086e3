"""Applying and unapplying credit memos.

Rules from Zuora: Apply a credit memo, Unapply a credit memo. Must not know a wire format.
"""

from collections.abc import Sequence
from datetime import date

from bridge.sandbox.ledger import POSTED, Tenant
from bridge.sandbox.payments import require_active
from bridge.sandbox.records import CreditMemo
from bridge.sandbox.refusal import rule
from bridge.sandbox.settlement import Target, apply, check_distinct, release


def apply_memo(tenant: Tenant, memo: CreditMemo, targets: Sequence[Target], day: date, by: str) -> None:
    """Settle documents from the memo's unapplied amount."""
    _require_posted(tenant, memo)
    tenant.require_open(day)
    check_distinct(targets)
    with tenant.change():
        tenant.touch(memo)
        for target in targets:
            apply(tenant, memo, target)
        memo.updated_by = by


def unapply_memo(tenant: Tenant, memo: CreditMemo, targets: Sequence[Target], day: date, by: str) -> None:
    """Release documents; no target means all of them."""
    _require_posted(tenant, memo)
    tenant.require_open(day)
    check_distinct(targets)
    with tenant.change():
        tenant.touch(memo)
        everything = [Target(tenant.documents[part.document_id], part.amount) for part in memo.parts.values()]
        for target in targets or everything:
            release(tenant, memo, target)
        memo.updated_by = by


def _require_posted(tenant: Tenant, memo: CreditMemo) -> None:
    if memo.status != POSTED:
        raise rule(f"The credit memo {memo.number} is not posted.")
    require_active(tenant.accounts[str(memo.account_id)])
