"""SOAP writes on Account and InvoicePayment, in the simple form that pass-through of other types needs.

Source: Zuora: Account and InvoicePayment (SOAP API objects). Must not write XML.
"""

from bridge.sandbox.ledger import Tenant
from bridge.sandbox.payments import apply_payment, unapply_payment
from bridge.sandbox.records import DEBIT_MEMO, Account
from bridge.sandbox.settlement import Target
from bridge.sandbox.soap.envelope import ZObject
from bridge.sandbox.soap.payments import invalid, missing, positive


def create_account(tenant: Tenant, given: ZObject, by: str) -> str:
    """Create an account from its name and currency."""
    name, currency = given.text("Name"), given.text("Currency")
    if name is None:
        raise missing("Name")
    if currency is None:
        raise missing("Currency")
    number = given.text("AccountNumber") or tenant.new_number("A1")
    if number in tenant.account_numbers:
        raise invalid(f"The account number {number} is invalid.")
    now = tenant.clock.now()
    account = Account(
        id=tenant.new_id(),
        created=now,
        created_by=by,
        updated=now,
        updated_by=by,
        number=number,
        name=name,
        currency=currency,
        notes=given.text("Notes") or "",
        gateway_id=next((one.id for one in tenant.gateways.values() if one.default), None),
        custom=given.custom(tenant.settings.custom("Account")),
    )
    with tenant.change():
        tenant.add_account(account)
    return account.id


def update_account(tenant: Tenant, given: ZObject, by: str) -> str:
    """Change an account's name, notes or status."""
    account = tenant.accounts.get(given.text("Id") or "")
    if account is None:
        raise invalid("invalid id for update", "INVALID_ID")
    with tenant.change():
        tenant.touch(account)
        account.name = given.text("Name") or account.name
        account.notes = given.text("Notes") or account.notes
        account.status = given.text("Status") or account.status
        account.custom = {**account.custom, **given.custom(tenant.settings.custom("Account"))}
        account.updated, account.updated_by = tenant.clock.now(), by
    return account.id


def create_invoice_payment(tenant: Tenant, given: ZObject, by: str) -> str:
    """Apply a payment to an invoice, where the tenant still may; return the part's id."""
    _require_legacy(tenant, "created")
    payment = tenant.payments.get(given.text("PaymentId") or "")
    document = tenant.documents.get(given.text("InvoiceId") or "")
    if payment is None:
        raise invalid("The payment id is invalid.")
    if document is None or document.kind == DEBIT_MEMO:
        raise invalid("The invoice id is invalid.")
    amount = positive(given, "Amount", payment.currency)
    if amount is None:
        raise missing("Amount")
    apply_payment(tenant, payment, [Target(document, amount)], max(payment.day, tenant.clock.today()), by)
    return payment.parts[document.id].id


def update_invoice_payment(tenant: Tenant, given: ZObject, by: str) -> str:
    """Change how much of a payment settles an invoice, where the tenant still may."""
    _require_legacy(tenant, "updated")
    key = given.text("Id") or ""
    found = next(
        ((one, part) for one in tenant.payments.values() for part in one.parts.values() if part.id == key), None
    )
    if found is None or found[1].kind == DEBIT_MEMO:
        raise invalid("invalid id for update", "INVALID_ID")
    payment, part = found
    amount = positive(given, "Amount", payment.currency)
    if amount is None:
        raise missing("Amount")
    document, more = tenant.documents[part.document_id], amount - part.amount
    day = max(payment.day, tenant.clock.today())
    if more > 0:
        apply_payment(tenant, payment, [Target(document, more)], day, by)
    elif more < 0:
        unapply_payment(tenant, payment, [Target(document, -more)], day, by)
    return part.id


def _require_legacy(tenant: Tenant, done: str) -> None:
    if not tenant.settings.legacy_invoice_payments:
        # Clients in the field branch on this text: the objects are deprecated under Invoice Settlement.
        text = f"InvoicePayment cannot be {done}: the tenant has the ARSettlement permission."
        raise invalid(text, "UNKNOWN_ERROR")
