"""REST operations on payments.

Source: Zuora: Create a payment, Apply a payment, Unapply a payment, Transfer a payment, Cancel a payment, Delete a
payment, Update a payment. Must not write HTTP.
"""

from collections.abc import Mapping
from typing import Any

from bridge.sandbox import gateway as test_gateway
from bridge.sandbox.gateway import Verdict
from bridge.sandbox.ledger import Tenant
from bridge.sandbox.money import Json
from bridge.sandbox.payments import (
    ELECTRONIC,
    PaymentOrder,
    apply_payment,
    cancel_payment,
    create_payment,
    delete_payment,
    transfer_payment,
    unapply_payment,
)
from bridge.sandbox.records import Account
from bridge.sandbox.refusal import MISSING_FIELD, Refusal, rule
from bridge.sandbox.rest import references, shapes
from bridge.sandbox.rest.bodies import Spec, custom_fields, money, read_body
from bridge.sandbox.rest.references import DEBIT_MEMOS, INVOICES

METHOD_TYPES = (
    *("ACH", "ApplePay", "BankTransfer", "Cash", "Check", "CreditCard", "CreditCardReferenceTransaction"),
    *("DebitCard", "Other", "PayPal", "WireTransfer"),
)
TRANSFERRED = ("Processing", "Yes", "No", "Error", "Ignore")
# Known to the schema, but each needs a feature this tenant does not have.
_FEATURES = (
    *("mitTransactionSource", "paymentOption", "paymentScheduleKey", "prepayment", "standalone", "customRates"),
    *("cryptogram", "balanceRefresh"),
)
FINANCE = Spec(
    "financeInformation",
    "object",
    fields=(
        Spec("bankAccountAccountingCode", most=100),
        Spec("unappliedPaymentAccountingCode", most=100),
        Spec("transferredToAccounting", "enum", choices=TRANSFERRED),
    ),
)
# Taken and not kept: this tenant does not reconcile with its gateways.
RECONCILIATION = (Spec("gatewayReconciliationStatus"), Spec("gatewayReconciliationReason"), Spec("payoutId"))
_CREATE = (
    Spec("amount", "money", required=True),
    Spec("currency", "currency", required=True),
    Spec("type", "enum", required=True, choices=("External", "Electronic")),
    Spec("accountId", "id"),
    Spec("accountNumber"),
    Spec("effectiveDate", "date"),
    Spec("paymentMethodId", "id"),
    Spec("paymentMethodType", "enum", choices=METHOD_TYPES),
    Spec("gatewayId", "id"),
    Spec("paymentGatewayNumber"),
    Spec("gatewayOptions", "options"),
    Spec("gatewayOrderId", most=50),
    Spec("authTransactionId", most=50),
    Spec("comment"),
    Spec("referenceId", most=100),
    Spec("softDescriptor", most=35),
    Spec("softDescriptorPhone", most=20),
    Spec("number", most=16),
    INVOICES,
    DEBIT_MEMOS,
    FINANCE,
    *(Spec(name, "off") for name in _FEATURES),
)
_TRANSFER = (Spec("accountId", "id", required=True), Spec("effectiveDate", "date"))
_APPLY = (Spec("effectiveDate", "date"), INVOICES, DEBIT_MEMOS)
_UPDATE = (
    Spec("comment"),
    Spec("referenceId", most=100),
    Spec("gatewayState", "enum", choices=("NotSubmitted", "Submitted", "Settled", "FailedToSettle")),
    FINANCE,
    *RECONCILIATION,
    Spec("paymentScheduleKey", "off"),
)


def create(tenant: Tenant, given: Mapping[str, Any], by: str, *, verdict: Verdict) -> dict[str, Json]:
    """Create a payment; what an electronic one leaves behind when the gateway says no is `gateway`'s table."""
    body = read_body(given, _CREATE, custom=tenant.settings.custom("Payment"))
    for name in _FEATURES:
        if name in body:
            raise rule(f"The feature for {name} is not enabled.")
    account = references.named_account(tenant, body)
    kind, currency = body["type"], body["currency"]
    if kind == ELECTRONIC:
        for name, present in (
            ("accountId", account is not None),
            ("gatewayId", "gatewayId" in body or "paymentGatewayNumber" in body),
            ("effectiveDate", "effectiveDate" in body),
        ):
            if not present:
                raise Refusal(MISSING_FIELD, f"The required field {name} is missing.")
    today = tenant.clock.today()
    day = body.get("effectiveDate", today)
    if day != today and (kind == ELECTRONIC or tenant.settings.external_date_must_be_today):
        raise rule("The effectiveDate must be today.")
    if "number" in body and not tenant.settings.custom_payment_numbers:
        raise rule("Custom payment numbers are not enabled.")
    finance, options = body.get("financeInformation", {}), body.get("gatewayOptions", {})
    verdict = test_gateway.asked(tenant.settings.decline, verdict, options) if kind == ELECTRONIC else ""
    order = PaymentOrder(
        by=by,
        type=kind,
        amount=money(body["amount"], currency, "amount"),
        currency=currency,
        day=day,
        account=account,
        method=references.method(tenant, _method_id(body, account)),
        method_type=body.get("paymentMethodType"),
        gateway=references.gateway(tenant, body) if kind == ELECTRONIC else None,
        targets=references.targets(tenant, body, currency),
        gateway_order_id=body.get("gatewayOrderId"),
        auth_transaction_id=body.get("authTransactionId"),
        comment=body.get("comment"),
        reference_id=body.get("referenceId"),
        soft_descriptor=body.get("softDescriptor"),
        soft_descriptor_phone=body.get("softDescriptorPhone"),
        accounting_code=finance.get("bankAccountAccountingCode"),
        unapplied_code=finance.get("unappliedPaymentAccountingCode"),
        transferred=finance.get("transferredToAccounting", "No"),
        number=body.get("number"),
        verdict=verdict,
        gateway_options=options,
        custom=custom_fields(body),
    )
    if order.method is None and order.method_type is None:
        raise Refusal(MISSING_FIELD, "The required field paymentMethodId is missing; the account has no default.")
    payment = create_payment(tenant, order)
    test_gateway.answer_rest(verdict)
    return shapes.payment(tenant, payment)


def _method_id(body: Mapping[str, Any], account: Account | None) -> str | None:
    if "paymentMethodId" in body:
        return str(body["paymentMethodId"])
    if "paymentMethodType" in body and body["type"] != ELECTRONIC:
        return None
    # Without either, the account's default is taken, whatever its kind (Zuora: Create a payment).
    return account.payment_method_id if account else None


def apply(tenant: Tenant, key: str, given: Mapping[str, Any], by: str) -> dict[str, Json]:
    """Apply unapplied money; a repeat applies again."""
    payment = references.payment(tenant, key)
    body = read_body(given, _APPLY)
    targets = references.targets(tenant, body, payment.currency)
    if not targets:
        raise Refusal(MISSING_FIELD, "At least one of invoices and debitMemos is required.")
    apply_payment(tenant, payment, targets, body.get("effectiveDate", max(tenant.clock.today(), payment.day)), by)
    return shapes.payment(tenant, payment)


def unapply(tenant: Tenant, key: str, given: Mapping[str, Any], by: str) -> dict[str, Json]:
    """Take back what is applied; an empty body means all of it."""
    payment = references.payment(tenant, key)
    body = read_body(given, _APPLY)
    targets = references.targets(tenant, body, payment.currency)
    unapply_payment(tenant, payment, targets, body.get("effectiveDate", tenant.clock.today()), by)
    return shapes.payment(tenant, payment)


def cancel(tenant: Tenant, key: str, by: str) -> dict[str, Json]:
    """Cancel a payment."""
    payment = references.payment(tenant, key)
    cancel_payment(tenant, payment, by)
    return shapes.payment(tenant, payment)


def transfer(tenant: Tenant, key: str, given: Mapping[str, Any], by: str) -> dict[str, Json]:
    """Move an unapplied payment to another account; an empty accountId leaves it without one."""
    payment = references.payment(tenant, key)
    account: Account | None = None
    if given.get("accountId") == "":
        read_body({key: value for key, value in given.items() if key != "accountId"}, _TRANSFER[1:])
    else:
        account = references.account(tenant, read_body(given, _TRANSFER)["accountId"])
    transfer_payment(tenant, payment, account, by)
    return shapes.payment(tenant, payment)


def delete(tenant: Tenant, key: str) -> dict[str, Json]:
    """Delete a canceled payment."""
    delete_payment(tenant, references.payment(tenant, key))
    return {"success": True}


def update(tenant: Tenant, key: str, given: Mapping[str, Any], by: str) -> dict[str, Json]:
    """Change comment, reference (external only), booking state or custom fields."""
    payment = references.payment(tenant, key)
    body = read_body(given, _UPDATE, custom=tenant.settings.custom("Payment"))
    if "paymentScheduleKey" in body:
        raise rule("The feature for paymentScheduleKey is not enabled.")
    if "referenceId" in body and payment.type == ELECTRONIC:
        raise rule("The referenceId of an Electronic payment cannot be changed.")
    finance = body.get("financeInformation", {})
    with tenant.change():
        tenant.touch(payment)
        payment.comment = body.get("comment", payment.comment)
        payment.gateway_state = body.get("gatewayState", payment.gateway_state)
        if payment.gateway_state == "Settled":
            payment.settled = payment.settled or tenant.clock.now()
        payment.unapplied_code = finance.get("unappliedPaymentAccountingCode", payment.unapplied_code)
        payment.accounting_code = finance.get("bankAccountAccountingCode", payment.accounting_code)
        payment.transferred = finance.get("transferredToAccounting", payment.transferred)
        payment.custom = {**payment.custom, **custom_fields(body)}
        payment.updated, payment.updated_by = tenant.clock.now(), by
        if "referenceId" in body:
            tenant.reindex_reference(payment, body["referenceId"])
    return shapes.payment(tenant, payment)
