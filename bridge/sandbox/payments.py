"""What can be done with a payment: create, apply, unapply, transfer, cancel or void, delete, mark.

Rules from Zuora: Create a payment, Apply a payment, Transfer a payment, Cancel a payment, Payment (SOAP). Must not know
a wire format: both faces build a `PaymentOrder` with their own reading of a request.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from bridge.sandbox import gateway
from bridge.sandbox.custom import CustomValue
from bridge.sandbox.gateway import DECLINE_TEXT, Verdict
from bridge.sandbox.ledger import LIVE, Tenant, unapplied
from bridge.sandbox.money import ZERO, plain, total
from bridge.sandbox.records import Account, Gateway, Payment, PaymentMethod
from bridge.sandbox.refusal import rule
from bridge.sandbox.settlement import Target, apply, check_distinct, check_target, release

ELECTRONIC = "Electronic"
EXTERNAL = "External"


@dataclass(frozen=True, kw_only=True)
class PaymentOrder:
    """A payment somebody wants, read and with its references resolved."""

    by: str
    type: str
    amount: Decimal
    currency: str
    day: date
    account: Account | None
    method: PaymentMethod | None
    method_type: str | None = None
    gateway: Gateway | None = None
    targets: Sequence[Target] = ()
    gateway_order_id: str | None = None
    auth_transaction_id: str | None = None
    comment: str | None = None
    reference_id: str | None = None
    soft_descriptor: str | None = None
    soft_descriptor_phone: str | None = None
    accounting_code: str | None = None
    unapplied_code: str | None = None
    transferred: str = "No"
    number: str | None = None
    verdict: Verdict = ""
    gateway_options: Mapping[str, str] = field(default_factory=dict)
    custom: Mapping[str, CustomValue] = field(default_factory=dict)


def create_payment(tenant: Tenant, order: PaymentOrder) -> Payment:
    """Make a payment and settle its documents; a declined one is kept in Status Error and settles nothing."""
    _check_order(tenant, order)
    now = tenant.clock.now()
    electronic = order.type == ELECTRONIC
    if electronic:
        gateway.require_kept(order.verdict)
    declined = electronic and (gateway.declined(order.verdict) or tenant.settings.decline)
    with tenant.change():
        number = order.number or tenant.new_number("P-")
        payment = Payment(
            id=tenant.new_id(),
            created=now,
            created_by=order.by,
            updated=now,
            updated_by=order.by,
            number=number,
            account_id=order.account.id if order.account else None,
            currency=order.currency,
            status="Error" if declined else LIVE,
            day=order.day,
            amount=order.amount,
            unapplied=ZERO if declined else order.amount,
            refunded=ZERO,
            parts={},
            type=order.type,
            comment=order.comment,
            gateway_id=order.gateway.id if order.gateway else None,
            gateway_response=(DECLINE_TEXT if declined else "Approved") if electronic else None,
            gateway_response_code=("declined" if declined else "Approved") if electronic else None,
            gateway_state="NotSubmitted" if declined or not electronic else "MarkedForSubmission",
            payment_method_id=order.method.id if order.method else None,
            reference_id=order.reference_id,
            soft_descriptor=order.soft_descriptor,
            soft_descriptor_phone=order.soft_descriptor_phone,
            accounting_code=order.accounting_code,
            transferred=order.transferred,
            submitted=now if electronic and not declined else None,
            gateway_options=dict(order.gateway_options),
            custom=dict(order.custom),
            unapplied_code=order.unapplied_code,
            auth_transaction_id=order.auth_transaction_id,
            # Zuora: Payment: GatewayOrderId defaults to the payment number.
            gateway_order_id=order.gateway_order_id or (number if electronic else None),
            method_type=order.method.type if order.method else order.method_type,
            unapplied_part_id=tenant.new_id(),
        )
        tenant.add_payment(payment)
        if not declined:
            if electronic and order.gateway and payment.gateway_order_id:
                tenant.claim_order_id(order.gateway.id, payment.gateway_order_id)
            tenant.post(
                payment.account_id,
                payment.currency,
                ("cash", payment.amount),
                (unapplied(payment), -payment.amount),
            )
            for target in order.targets:
                apply(tenant, payment, target)
    return payment


def _check_order(tenant: Tenant, order: PaymentOrder) -> None:
    account = order.account
    if account is not None:
        require_active(account)
        if order.currency != account.currency:
            raise rule(f"The currency {order.currency} is not the currency {account.currency} of the account.")
    if order.method is not None:
        check_method(order.method, account, order.type)
    if order.gateway is not None and not order.gateway.active:
        raise rule(f"The payment gateway {order.gateway.name} is not active.")
    tenant.require_open(order.day)
    settled = total(target.amount for target in order.targets)
    if settled > order.amount:
        raise rule(f"The amount {plain(order.amount)} is less than the sum {plain(settled)} to apply to documents.")
    check_distinct(order.targets)
    for target in order.targets:
        check_target(tenant, account.id if account else None, target)
    if order.number and order.number in tenant.payment_numbers:
        raise rule(f"The payment number {order.number} is a duplicate.", soap="DUPLICATE_VALUE")
    order_id = (order.gateway.id, order.gateway_order_id or "") if order.gateway else ("", "")
    if order.type == ELECTRONIC and order_id in tenant.order_ids:
        raise rule(
            f"Duplicate gateway order id {order.gateway_order_id}: the gateway has a transaction with it.",
            soap="DUPLICATE_VALUE",
        )


def require_active(account: Account) -> None:
    """Refuse an account that was canceled."""
    if account.status == "Canceled":
        raise rule(f"The account {account.number} is canceled.")


def check_method(method: PaymentMethod, account: Account | None, kind: str) -> None:
    """Refuse a payment method of the wrong kind or of somebody else."""
    if method.electronic != (kind == ELECTRONIC):
        raise rule(f"The payment method {method.id} of type {method.type} cannot be used for {kind} transactions.")
    if method.account_id is not None and (account is None or method.account_id != account.id):
        raise rule(f"The payment method {method.id} does not belong to the account.")


def apply_payment(tenant: Tenant, payment: Payment, targets: Sequence[Target], day: date, by: str) -> None:
    """Settle documents from the unapplied amount."""
    _require_processed(payment, "applied")
    tenant.require_open(day)
    if day < payment.day:
        raise rule("The effective date is earlier than the effective date of the payment.")
    check_distinct(targets)
    with tenant.change():
        for target in targets:
            apply(tenant, payment, target)
        payment.updated_by = by


def unapply_payment(tenant: Tenant, payment: Payment, targets: Sequence[Target], day: date, by: str) -> None:
    """Release documents; no target means all of them (Zuora: Unapply a payment)."""
    _require_processed(payment, "unapplied")
    tenant.require_open(day)
    check_distinct(targets)
    with tenant.change():
        tenant.touch(payment)
        for target in targets or everything(tenant, payment):
            release(tenant, payment, target)
        payment.updated_by = by


def transfer_payment(tenant: Tenant, payment: Payment, account: Account | None, by: str) -> None:
    """Move a wholly unapplied payment to another account, or to none (Zuora: Transfer a payment)."""
    _require_processed(payment, "transferred")
    if payment.parts or payment.refunded:
        raise rule(f"The payment {payment.number} is applied or refunded; only unapplied payments can be transferred.")
    if payment.type == ELECTRONIC and account is None:
        raise rule("An Electronic payment must belong to an account.")
    for one in (tenant.accounts.get(payment.account_id or ""), account):
        if one is not None:
            require_active(one)
    if account is not None and account.currency != payment.currency:
        raise rule(f"The currency {payment.currency} is not the currency {account.currency} of the account.")
    with tenant.change():
        amount = payment.unapplied
        tenant.post(payment.account_id, payment.currency, (unapplied(payment), amount), ("transfer", -amount))
        tenant.reassign_payment(payment, account.id if account else None)
        payment.updated, payment.updated_by = tenant.clock.now(), by
        tenant.post(payment.account_id, payment.currency, ("transfer", amount), (unapplied(payment), -amount))


def everything(tenant: Tenant, payment: Payment) -> list[Target]:
    """Return all that a payment settles at present."""
    return [Target(tenant.documents[part.document_id], part.amount) for part in payment.parts.values()]


def cancel_payment(tenant: Tenant, payment: Payment, by: str, status: str = "Canceled") -> None:
    """Cancel (or, electronic through SOAP, void) a payment: its documents are owed again."""
    if payment.status not in (LIVE, "Processing"):
        raise rule(f"The payment {payment.number} is {payment.status} and cannot be changed to {status}.")
    if payment.account_id is not None:
        require_active(tenant.accounts[payment.account_id])
    if payment.refunded:
        raise rule(f"The payment {payment.number} has refunds and cannot be changed to {status}.")
    if payment.gateway_state == "Settled":
        raise rule(f"The payment {payment.number} is settled and cannot be changed to {status}.")
    if payment.transferred == "Yes":
        raise rule(f"The payment {payment.number} was transferred to accounting.")
    if payment.parts and not tenant.settings.unapply_when_cancel:
        raise rule(f"The payment {payment.number} is applied; unapply it before canceling it.")
    tenant.require_open(payment.day)
    with tenant.change():
        for target in everything(tenant, payment):
            release(tenant, payment, target)
        tenant.touch(payment)
        amount = payment.unapplied
        payment.unapplied = ZERO
        payment.status = status
        payment.cancelled = payment.updated = tenant.clock.now()
        payment.updated_by = by
        tenant.post(payment.account_id, payment.currency, (unapplied(payment), amount), ("cash", -amount))


def delete_payment(tenant: Tenant, payment: Payment) -> None:
    """Delete a canceled payment."""
    if payment.status != "Canceled":
        raise rule(f"The payment {payment.number} is {payment.status}; only canceled payments can be deleted.")
    with tenant.change():
        tenant.remove_payment(payment)


def _require_processed(payment: Payment, word: str) -> None:
    if payment.status != LIVE:
        raise rule(f"The payment {payment.number} is {payment.status} and cannot be {word}.")
