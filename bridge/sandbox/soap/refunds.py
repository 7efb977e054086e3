"""SOAP create, update and delete of Refund.

Source: Zuora: Refund (SOAP API object), field descriptions. With Invoice Settlement a refund unapplies and refunds in
one go, and credit memos and credit balances are out of reach. Must not write XML.
"""

from decimal import Decimal

from bridge.sandbox import gateway as test_gateway
from bridge.sandbox import permissions
from bridge.sandbox.ledger import Tenant
from bridge.sandbox.money import plain, total
from bridge.sandbox.orders import Orders
from bridge.sandbox.payments import ELECTRONIC, EXTERNAL, everything
from bridge.sandbox.records import DEBIT_MEMO, Payment, Refund
from bridge.sandbox.refunds import DEFAULT_REASON, RefundOrder, cancel_refund, delete_refund, refund_payment
from bridge.sandbox.sessions import Grant
from bridge.sandbox.settlement import Target
from bridge.sandbox.soap.envelope import ZObject
from bridge.sandbox.soap.payments import TRANSFERRED, check_lengths, invalid, missing, nulled, positive

METHOD_TYPES = (
    *("ACH", "Cash", "Check", "CreditCard", "Other", "PayPal", "WireTransfer", "DebitCard"),
    "CreditCardReferenceTransaction",
)
_LENGTHS = {"Comment": 255, "ReasonCode": 32, "SoftDescriptor": 35, "SoftDescriptorPhone": 20}


def create(grant: Grant, given: ZObject, orders: Orders) -> str:
    """Create a refund of a payment; return its id, also when the gateway declined it."""
    tenant = grant.tenant
    kind = given.text("Type")
    if kind is None:
        raise missing("Type")
    if kind not in (ELECTRONIC, EXTERNAL):
        raise invalid(f"The refund type {kind} is invalid.")
    source = given.text("SourceType")
    if source not in (None, "Payment"):
        raise invalid(f"The source type {source} is invalid; with Invoice Settlement it must be Payment.")
    key = given.text("PaymentId")
    if key is None:
        raise missing("PaymentId")
    payment = tenant.payments.get(key)
    if payment is None:
        raise invalid("The payment id is invalid.")
    amount = positive(given, "Amount", payment.currency)
    if amount is None:
        raise missing("Amount")
    method_type = given.text("MethodType")
    if kind == EXTERNAL and method_type is None:
        raise missing("MethodType")
    if method_type is not None and method_type not in METHOD_TYPES:
        raise invalid(f"The method type {method_type} is invalid.")
    check_lengths(given, _LENGTHS)
    day = given.day("RefundDate") if kind == EXTERNAL else None
    options = given.gateway_options()
    order = RefundOrder(
        by=grant.user.id,
        type=kind,
        amount=amount,
        day=day or tenant.clock.today(),
        method_type=method_type if kind == EXTERNAL else None,
        comment=given.text("Comment"),
        reason_code=given.text("ReasonCode"),
        reference_id=given.text("ReferenceID"),
        second_reference_id=given.text("SecondRefundReferenceId"),
        soft_descriptor=given.text("SoftDescriptor"),
        soft_descriptor_phone=given.text("SoftDescriptorPhone"),
        verdict=test_gateway.asked(tenant.settings.decline, orders.verdict, options),
        gateway_options=options,
        custom=given.custom(tenant.settings.custom("Refund")),
    )
    return refund_payment(tenant, payment, order, _targets(tenant, given, payment, amount)).id


def update(grant: Grant, given: ZObject) -> str:
    """Cancel a refund or change its reason, booking state or custom fields; everything else is ignored."""
    tenant, by = grant.tenant, grant.user.id
    known = tenant.settings.custom("Refund")
    refund = _existing(tenant, given.text("Id"), "update")
    changed = {**given.custom(known), **nulled(given, known)}
    status = given.text("Status")
    transferred = given.text("TransferredToAccounting")
    if transferred is not None and transferred not in TRANSFERRED:
        raise invalid(f"The value {transferred} of TransferredToAccounting is invalid.")
    if status is not None and status != refund.status:
        permissions.require(tenant, grant.user, "Refund.cancel")
        if status != "Canceled":
            raise invalid(f"The status of a refund cannot be changed to {status}.")
        if refund.credit_memo_id is not None and not tenant.settings.soap_cancels_credit_memo_refunds:
            raise invalid("The refund of a credit memo cannot be canceled with this call.")
        cancel_refund(tenant, refund, by)
    with tenant.change():
        tenant.touch(refund)
        # An empty reason means the tenant's default one (Zuora: Refund, ReasonCode).
        cleared = DEFAULT_REASON if "ReasonCode" in given.to_null else refund.reason_code
        refund.reason_code = given.text("ReasonCode") or cleared
        refund.transferred = transferred or refund.transferred
        refund.custom = {**refund.custom, **changed}
        refund.updated, refund.updated_by = tenant.clock.now(), by
    return refund.id


def delete(tenant: Tenant, key: str) -> None:
    """Delete a canceled refund."""
    refund = _existing(tenant, key, "delete")
    if refund.status != "Canceled":
        raise invalid("The refund cannot be deleted; only canceled refunds can be.", "CANNOT_DELETE")
    delete_refund(tenant, refund)


def _existing(tenant: Tenant, key: str | None, verb: str) -> Refund:
    refund = tenant.refunds.get(key or "")
    if refund is None:
        raise invalid(f"invalid id for {verb}", "INVALID_ID")
    return refund


def _targets(tenant: Tenant, given: ZObject, payment: Payment, amount: Decimal) -> list[Target]:
    on_debit_memo = any(part.kind == DEBIT_MEMO for part in payment.parts.values())
    if on_debit_memo and not tenant.settings.soap_refunds_debit_memo_payments:
        raise invalid("The payment is applied to debit memos; refunding it with this call is not supported.")
    available = payment.unapplied + payment.applied
    if amount > available:
        raise invalid(f"The refund amount {plain(amount)} is greater than the refundable amount {plain(available)}.")
    rows = given.children("RefundInvoicePaymentData")
    if rows:
        targets = [_row_target(tenant, row, payment) for row in rows]
        if total(target.amount for target in targets) != amount:
            raise invalid("The refund amount is not the sum of the refund invoice payments.")
        return targets
    rest = amount - payment.unapplied
    if rest <= 0:
        return []
    applied = everything(tenant, payment)
    if len(applied) > 1 and rest < payment.applied:
        # Zuora: Refund: a partial refund over several invoices must say how it is split.
        raise invalid("RefundInvoicePaymentData is required to refund part of a payment applied to several invoices.")
    return applied if rest == payment.applied else [Target(applied[0].document, rest)]


def _row_target(tenant: Tenant, row: ZObject, payment: Payment) -> Target:
    invoice_id, amount = row.text("InvoiceId"), positive(row, "RefundAmount", payment.currency)
    if invoice_id is None:
        raise missing("InvoiceId")
    if amount is None:
        raise missing("RefundAmount")
    document = tenant.documents.get(invoice_id)
    if document is None or document.id not in payment.parts:
        raise invalid("The invoice id is invalid.")
    return Target(document, amount)
