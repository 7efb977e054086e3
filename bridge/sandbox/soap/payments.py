"""SOAP create, update and delete of Payment: what the object reference demands, then the tenant's own rules.

Source: Zuora: Payment (SOAP API object), Apply payments to an invoice (streamlined method). Must not write XML.
"""

from decimal import Decimal

from bridge.sandbox import gateway as test_gateway
from bridge.sandbox import permissions
from bridge.sandbox.custom import CustomValue, Fields
from bridge.sandbox.ledger import Tenant
from bridge.sandbox.money import ZERO, fits, plain, total
from bridge.sandbox.orders import Orders
from bridge.sandbox.payments import (
    ELECTRONIC,
    EXTERNAL,
    PaymentOrder,
    cancel_payment,
    create_payment,
    delete_payment,
)
from bridge.sandbox.records import DEBIT_MEMO, Account, Document, Gateway, Payment
from bridge.sandbox.refusal import INVALID_VALUE, MISSING_FIELD, Refusal
from bridge.sandbox.sessions import Grant
from bridge.sandbox.settlement import Target, check_distinct
from bridge.sandbox.soap.envelope import ZObject
from bridge.sandbox.soap.schema import SCHEMA

_LENGTHS = {
    "AccountingCode": 100,
    "AuthTransactionId": 50,
    "Comment": 255,
    "GatewayOrderId": 70,
    "InvoiceNumber": 255,
    "ReferenceId": 60,
    "SoftDescriptor": 35,
    "SoftDescriptorPhone": 20,
}
TRANSFERRED = ("Processing", "Yes", "Error", "Ignore")


def missing(name: str) -> Refusal:
    """Return the row error for a required field that was not given."""
    return Refusal(MISSING_FIELD, f"Missing required value: {name}")


def invalid(message: str, code: str = "INVALID_VALUE") -> Refusal:
    """Return the row error for a value that cannot be taken."""
    return Refusal(INVALID_VALUE, message, soap=code)


def create(grant: Grant, given: ZObject, version: int, orders: Orders) -> str:
    """Create a payment; return its id, also when the gateway declined it."""
    tenant = grant.tenant
    kind = _required(given, "Type")
    if kind not in (ELECTRONIC, EXTERNAL):
        raise invalid(f"The payment type {kind} is invalid.")
    account = _account(tenant, _required(given, "AccountId"))
    amount = positive(given, "Amount", account.currency)
    if amount is None:
        raise missing("Amount")
    day = given.day("EffectiveDate")
    if day is None:
        raise missing("EffectiveDate")
    method_id = given.text("PaymentMethodId")
    if method_id is None:
        # Zuora: WSDL version history: the code changed with 121.
        code = "INVALID_VALUE" if version >= 121 else "UNKNOWN_ERROR"
        raise invalid("The payment method id is invalid.", code)
    method = tenant.payment_methods.get(method_id)
    if method is None:
        raise invalid("The payment method id is invalid.", "INVALID_ID")
    status = _required(given, "Status")
    if status != "Processed":
        raise invalid(f"The payment status {status} is invalid; it must be Processed.")
    currency = given.text("Currency") or account.currency
    check_lengths(given, _LENGTHS)
    targets = _targets(tenant, given, amount, account)
    options = given.gateway_options()
    order = PaymentOrder(
        by=grant.user.id,
        type=kind,
        amount=amount,
        currency=currency,
        day=day,
        account=account,
        method=method,
        gateway=gateway(tenant, given, account) if kind == ELECTRONIC else None,
        targets=targets,
        gateway_order_id=given.text("GatewayOrderId"),
        auth_transaction_id=given.text("AuthTransactionId"),
        comment=given.text("Comment"),
        reference_id=given.text("ReferenceId"),
        soft_descriptor=given.text("SoftDescriptor"),
        soft_descriptor_phone=given.text("SoftDescriptorPhone"),
        accounting_code=given.text("AccountingCode"),
        verdict=test_gateway.asked(tenant.settings.decline, orders.verdict, options),
        gateway_options=options,
        custom=given.custom(tenant.settings.custom("Payment")),
    )
    return create_payment(tenant, order).id


def update(grant: Grant, given: ZObject) -> str:
    """Change status, booking state, accounting code or custom fields; everything else is ignored."""
    tenant, by = grant.tenant, grant.user.id
    payment = _existing(tenant, given.text("Id"), "update")
    on_debit_memo = any(part.kind == DEBIT_MEMO for part in payment.parts.values())
    if on_debit_memo and not tenant.settings.soap_updates_debit_memo_payments:
        raise invalid("The payment is applied to debit memos and cannot be updated with this call.")
    known = tenant.settings.custom("Payment")
    changed = {**given.custom(known), **nulled(given, known)}
    status = given.text("Status")
    transferred = given.text("TransferredToAccounting")
    if transferred is not None and transferred not in TRANSFERRED:
        raise invalid(f"The value {transferred} of TransferredToAccounting is invalid.")
    if status is not None and status != payment.status:
        wanted = "Voided" if payment.type == ELECTRONIC else "Canceled"
        if status != wanted:
            raise invalid(f"The status of an {payment.type} payment can only be changed to {wanted}.")
        permissions.require(tenant, grant.user, "Payment.cancel")
        if on_debit_memo and not tenant.settings.soap_cancels_debit_memo_payments:
            raise invalid("The payment is applied to debit memos and cannot be canceled with this call.")
        cancel_payment(tenant, payment, by, status)
    with tenant.change():
        tenant.touch(payment)
        cleared = None if "AccountingCode" in given.to_null else payment.accounting_code
        payment.accounting_code = given.text("AccountingCode") or cleared
        payment.transferred = transferred or payment.transferred
        payment.custom = {**payment.custom, **changed}
        payment.updated, payment.updated_by = tenant.clock.now(), by
    return payment.id


def delete(tenant: Tenant, key: str) -> None:
    """Delete a canceled payment."""
    payment = _existing(tenant, key, "delete")
    if payment.status != "Canceled":
        raise invalid("The payment cannot be deleted; only canceled payments can be.", "CANNOT_DELETE")
    delete_payment(tenant, payment)


def positive(given: ZObject, name: str, currency: str) -> Decimal | None:
    """Return an amount that is more than zero and fits the currency, or None when not given."""
    amount = given.decimal(name)
    if amount is None:
        return None
    if amount <= ZERO or not fits(amount, currency):
        raise invalid(f"The value {plain(amount)} of {name} is invalid.")
    return amount


def check_lengths(given: ZObject, lengths: dict[str, int]) -> None:
    """Refuse strings longer than the field table allows."""
    for name, soap_most in lengths.items():
        most = given.longest.get(name, soap_most)
        if len(given.text(name) or "") > most:
            raise invalid(f"The length of {name} must not be more than {most} characters.")


def gateway(tenant: Tenant, given: ZObject, account: Account) -> Gateway:
    """Find the gateway instance by name; without one the account's (Zuora: Payment, Gateway)."""
    name = given.text("Gateway")
    if name is None:
        found = tenant.gateways.get(account.gateway_id or "")
    else:
        found = next((one for one in tenant.gateways.values() if one.name == name), None)
    if found is None:
        raise invalid("The gateway is invalid.")
    return found


def nulled(given: ZObject, known: Fields) -> dict[str, CustomValue]:
    """Return the custom fields to clear; other fields that SOAP cannot update are ignored, unknown ones refused."""
    for name in given.to_null:
        if name not in known and name not in SCHEMA[given.type]:
            raise invalid(f"invalid field: {given.type}.{name}", "INVALID_FIELD")
    return {name: None for name in given.to_null if name in known}


def _required(given: ZObject, name: str) -> str:
    value = given.text(name)
    if value is None:
        raise missing(name)
    return value


def _account(tenant: Tenant, key: str) -> Account:
    account = tenant.accounts.get(key)
    if account is None:
        # Zuora: SOAP API error handling: INVALID_ID is an id that is malformed or unknown.
        raise invalid("The account id is invalid.", "INVALID_ID")
    return account


def _existing(tenant: Tenant, key: str | None, verb: str) -> Payment:
    payment = tenant.payments.get(key or "")
    if payment is None:
        raise invalid(f"invalid id for {verb}", "INVALID_ID")
    return payment


def _targets(tenant: Tenant, given: ZObject, amount: Decimal, account: Account) -> list[Target]:
    invoice_id, number = given.text("InvoiceId"), given.text("InvoiceNumber")
    rows = given.children("InvoicePaymentData")
    unapplied = given.decimal("AppliedCreditBalanceAmount")
    applied = positive(given, "AppliedInvoiceAmount", account.currency)
    if rows and (invoice_id or number):
        raise invalid("InvoicePaymentData cannot be combined with InvoiceId or InvoiceNumber.")
    if applied is not None and not (rows or invoice_id or number):
        raise missing("InvoiceId")
    if unapplied is not None and (unapplied < ZERO or not fits(unapplied, account.currency)):
        raise invalid(f"The value {plain(unapplied)} of AppliedCreditBalanceAmount is invalid.")
    targets: list[Target] = []
    if rows:
        if len(rows) > 200:
            raise invalid("InvoicePaymentData must not hold more than 200 invoice payments.")
        targets = [_row_target(tenant, row, account) for row in rows]
    elif invoice_id or number:
        document = _invoice(tenant, invoice_id, number)
        if applied is None and unapplied is None:
            raise missing("AppliedInvoiceAmount")
        if applied is not None:
            targets = [Target(document, applied)]
    elif unapplied is None:
        raise missing("AppliedCreditBalanceAmount")
    settled = total(target.amount for target in targets)
    if rows and applied not in (None, settled):
        raise invalid("AppliedInvoiceAmount is not the sum of the invoice payments.")
    if settled > amount or (unapplied is not None and settled + unapplied != amount):
        raise invalid("The payment amount is not the sum of the applied amounts.")
    check_distinct(targets)
    return targets


def _row_target(tenant: Tenant, row: ZObject, account: Account) -> Target:
    invoice_id, amount = row.text("InvoiceId"), positive(row, "Amount", account.currency)
    if invoice_id is None:
        raise missing("InvoiceId")
    if amount is None:
        raise missing("Amount")
    return Target(_invoice(tenant, invoice_id, None), amount)


def _invoice(tenant: Tenant, invoice_id: str | None, number: str | None) -> Document:
    # A debit memo is as unknown here as any other id (Zuora: Invoice Settlement API impacts).
    by_id = tenant.documents.get(invoice_id) if invoice_id else None
    by_number = tenant.document_numbers.get(("invoice", number)) if number else None
    if invoice_id and (by_id is None or by_id.kind == DEBIT_MEMO):
        raise invalid("The invoice id is invalid.")
    if number and by_number is None:
        raise invalid(f"The invoice number {number} is invalid.")
    if by_id and by_number and by_id is not by_number:
        raise invalid("The invoice id and the invoice number name different invoices.")
    return by_id or by_number  # type: ignore[return-value]
