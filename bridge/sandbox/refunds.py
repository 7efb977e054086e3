"""What can be done with a refund: of a payment (with or without unapplying first), of a credit memo, cancel, delete.

Rules from Zuora: Refund a payment, Refund a payment with auto-unapplying, Refund a credit memo, Cancel a refund.
Must not know a wire format.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

from bridge.sandbox import gateway
from bridge.sandbox.custom import CustomValue
from bridge.sandbox.gateway import DECLINE_TEXT, Verdict
from bridge.sandbox.ledger import LIVE, POSTED, Tenant, unapplied
from bridge.sandbox.money import ZERO, plain, total
from bridge.sandbox.payments import ELECTRONIC, check_method, require_active
from bridge.sandbox.records import CreditMemo, Gateway, Item, Payment, PaymentMethod, Refund, RefundPart, Source
from bridge.sandbox.refusal import rule
from bridge.sandbox.settlement import Target, check_distinct, release, take_memo_items

DEFAULT_REASON = "Standard Refund"


@dataclass(frozen=True, kw_only=True)
class RefundOrder:
    """A refund somebody wants, read and with its references resolved."""

    by: str
    type: str
    amount: Decimal
    day: date
    method_type: str | None = None
    method: PaymentMethod | None = None
    gateway: Gateway | None = None
    comment: str | None = None
    reason_code: str | None = None
    reference_id: str | None = None
    second_reference_id: str | None = None
    soft_descriptor: str | None = None
    soft_descriptor_phone: str | None = None
    accounting_code: str | None = None
    transferred: str = "No"
    verdict: Verdict = ""
    gateway_options: Mapping[str, str] = field(default_factory=dict)
    memo_items: Mapping[str, Decimal] = field(default_factory=dict)
    custom: Mapping[str, CustomValue] = field(default_factory=dict)


def refund_payment(tenant: Tenant, payment: Payment, order: RefundOrder, targets: Sequence[Target] = ()) -> Refund:
    """Refund a payment, after releasing the given documents; without them only unapplied money is there to give."""
    if payment.status != LIVE:
        raise rule(f"The payment {payment.number} is {payment.status} and cannot be refunded.")
    if order.type == ELECTRONIC and payment.type != ELECTRONIC:
        raise rule(f"The payment {payment.number} is External; an Electronic refund of it is not possible.")
    if order.day < payment.day:
        raise rule("The refund date is earlier than the effective date of the payment.")
    tenant.require_open(order.day)
    check_distinct(targets)
    if payment.account_id is not None:
        require_active(tenant.accounts[payment.account_id])
    _require_kept(order)
    with tenant.change():
        parts = [_part(tenant, payment, target) for target in targets]
        for target in targets:
            release(tenant, payment, target)
        if order.amount > payment.unapplied:
            raise rule(
                f"The refund amount {plain(order.amount)} is greater than the unapplied amount"
                f" {plain(payment.unapplied)} of payment {payment.number}."
            )
        # Money that was not applied to a document makes up the rest.
        rest = order.amount - total(part.amount for part in parts)
        if rest < ZERO:
            raise rule(f"The refund amount {plain(order.amount)} is less than the sum to unapply from documents.")
        if rest:
            parts.append(RefundPart(tenant.new_id(), None, None, None, rest))
        refund = _make(tenant, payment, order, parts)
        refund.payment_id = payment.id
        if payment.type == ELECTRONIC and order.type == ELECTRONIC:
            # Zuora: Refund (SOAP): the gateway is inherited from the payment.
            refund.gateway_id = payment.gateway_id
            refund.payment_method_id = payment.payment_method_id
        tenant.add_refund(refund)
        _book(tenant, payment, refund)
    return refund


def spread(tenant: Tenant, payment: Payment, amount: Decimal) -> list[Target]:
    """Choose documents for a refund that names none: unapplied money first, then the parts in order."""
    left = amount - payment.unapplied
    chosen = []
    for part in payment.parts.values():
        if left <= ZERO:
            break
        take = min(left, part.amount)
        chosen.append(Target(tenant.documents[part.document_id], take))
        left -= take
    return chosen


def refund_memo(tenant: Tenant, memo: CreditMemo, order: RefundOrder) -> Refund:
    """Refund a credit memo's unapplied amount."""
    if memo.status != POSTED:
        raise rule(f"The credit memo {memo.number} is not posted and cannot be refunded.")
    if order.amount > memo.unapplied:
        raise rule(
            f"The refund amount {plain(order.amount)} is greater than the unapplied amount"
            f" {plain(memo.unapplied)} of credit memo {memo.number}."
        )
    if order.day < memo.day:
        raise rule("The refund date is earlier than the date of the credit memo.")
    if order.memo_items and total(order.memo_items.values()) != order.amount:
        raise rule("The item amounts do not sum to the refund amount.")
    tenant.require_open(order.day)
    account = tenant.accounts[str(memo.account_id)]
    require_active(account)
    if order.method is not None:
        check_method(order.method, account, order.type)
    if order.gateway is not None and not order.gateway.active:
        raise rule(f"The payment gateway {order.gateway.name} is not active.")
    _require_kept(order)
    with tenant.change():
        refund = _make(tenant, memo, order, [RefundPart(tenant.new_id(), None, None, None, order.amount)])
        refund.credit_memo_id = memo.id
        if refund.status == LIVE:
            tenant.touch(memo)
            refund.memo_items = take_memo_items(memo, order.amount, order.memo_items)
        tenant.add_refund(refund)
        _book(tenant, memo, refund)
    return refund


def cancel_refund(tenant: Tenant, refund: Refund, by: str) -> None:
    """Cancel a refund: its money is unapplied again, whatever it was taken from (Zuora: Refund (SOAP))."""
    if refund.status not in (LIVE, "Processing"):
        raise rule(f"The refund {refund.number} is {refund.status} and cannot be canceled.")
    if refund.transferred == "Yes":
        raise rule(f"The refund {refund.number} was transferred to accounting.")
    tenant.require_open(refund.day)
    source = source_of(tenant, refund)
    with tenant.change():
        tenant.touch(refund)
        tenant.touch(source)
        refund.status = "Canceled"
        refund.cancelled = refund.updated = tenant.clock.now()
        refund.updated_by = by
        source.unapplied += refund.amount
        source.refunded -= refund.amount
        source.updated = refund.updated
        if isinstance(source, CreditMemo):
            source.items = {key: _opened(item, refund.memo_items.get(key, ZERO)) for key, item in source.items.items()}
        tenant.post(refund.account_id, refund.currency, ("cash", refund.amount), (unapplied(source), -refund.amount))


def delete_refund(tenant: Tenant, refund: Refund) -> None:
    """Delete a canceled refund."""
    if refund.status != "Canceled":
        raise rule(f"The refund {refund.number} is {refund.status}; only canceled refunds can be deleted.")
    with tenant.change():
        tenant.remove_refund(refund)


def source_of(tenant: Tenant, refund: Refund) -> Source:
    """Return the payment or credit memo that a refund gave back."""
    if refund.payment_id is not None:
        return tenant.payments[refund.payment_id]
    return tenant.credit_memos[str(refund.credit_memo_id)]


def _make(tenant: Tenant, source: Source, order: RefundOrder, parts: Sequence[RefundPart]) -> Refund:
    now = tenant.clock.now()
    electronic = order.type == ELECTRONIC
    declined = electronic and (gateway.declined(order.verdict) or tenant.settings.decline)
    return Refund(
        id=tenant.new_id(),
        created=now,
        created_by=order.by,
        updated=now,
        updated_by=order.by,
        number=tenant.new_number("R-"),
        account_id=source.account_id,
        currency=source.currency,
        status="Error" if declined else LIVE,
        day=order.day,
        amount=order.amount,
        type=order.type,
        method_type=order.method_type,
        comment=order.comment,
        gateway_id=order.gateway.id if order.gateway else None,
        gateway_response=(DECLINE_TEXT if declined else "Approved") if electronic else None,
        gateway_response_code=("declined" if declined else "Approved") if electronic else None,
        gateway_state="NotSubmitted" if declined or not electronic else "MarkedForSubmission",
        payment_method_id=order.method.id if order.method else None,
        reference_id=order.reference_id,
        second_reference_id=order.second_reference_id,
        reason_code=order.reason_code or DEFAULT_REASON,
        soft_descriptor=order.soft_descriptor,
        soft_descriptor_phone=order.soft_descriptor_phone,
        accounting_code=order.accounting_code,
        transferred=order.transferred,
        submitted=now if electronic and not declined else None,
        parts=tuple(parts),
        gateway_options=dict(order.gateway_options),
        custom=dict(order.custom),
    )


def _require_kept(order: RefundOrder) -> None:
    if order.type == ELECTRONIC:
        gateway.require_kept(order.verdict)


def _part(tenant: Tenant, payment: Payment, target: Target) -> RefundPart:
    part = payment.parts.get(target.document.id)
    return RefundPart(
        tenant.new_id(), target.document.id, target.document.kind, part.id if part else None, target.amount
    )


def _book(tenant: Tenant, source: Source, refund: Refund) -> None:
    if refund.status != LIVE:
        return
    tenant.touch(source)
    source.unapplied -= refund.amount
    source.refunded += refund.amount
    source.updated = refund.updated
    source.updated_by = refund.created_by
    tenant.post(refund.account_id, refund.currency, (unapplied(source), refund.amount), ("cash", -refund.amount))


def _opened(item: Item, amount: Decimal) -> Item:
    return replace(item, open=item.open + amount)
