"""REST operations on refunds: of payments, of credit memos, cancel, update, delete.

Source: Zuora: Refund a payment, Refund a payment with auto-unapplying, Refund a credit memo, Cancel a refund. Must
not write HTTP.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from bridge.sandbox import gateway as test_gateway
from bridge.sandbox.gateway import Verdict
from bridge.sandbox.ledger import Tenant
from bridge.sandbox.money import Json
from bridge.sandbox.payments import ELECTRONIC
from bridge.sandbox.records import CreditMemo, Gateway, PaymentMethod, Refund
from bridge.sandbox.refunds import (
    RefundOrder,
    cancel_refund,
    delete_refund,
    refund_memo,
    refund_payment,
    spread,
)
from bridge.sandbox.refusal import MISSING_FIELD, PERMISSION, Refusal, rule
from bridge.sandbox.rest import references, shapes
from bridge.sandbox.rest.bodies import Spec, custom_fields, money, read_body
from bridge.sandbox.rest.payments import RECONCILIATION, TRANSFERRED
from bridge.sandbox.rest.references import DEBIT_MEMOS, INVOICES

METHOD_TYPES = (
    *("ACH", "Cash", "Check", "CreditCard", "Other", "PayPal", "WireTransfer", "DebitCard"),
    *("CreditCardReferenceTransaction", "BankTransfer"),
)
_FINANCE = Spec(
    "financeInformation",
    "object",
    fields=(
        Spec("bankAccountAccountingCode", most=100),
        Spec("unappliedPaymentAccountingCode", most=100),
        Spec("onAccountAccountingCode", most=100),
        Spec("transferredToAccounting", "enum", choices=TRANSFERRED),
    ),
)
_COMMON = (
    Spec("type", "enum", required=True, choices=("External", "Electronic")),
    Spec("methodType", "enum", choices=METHOD_TYPES),
    Spec("refundDate", "date"),
    Spec("comment"),
    Spec("reasonCode", most=32),
    Spec("referenceId", most=100),
    Spec("secondRefundReferenceId", most=100),
    Spec("softDescriptor", most=35),
    Spec("softDescriptorPhone", most=20),
    Spec("gatewayOptions", "options"),
    _FINANCE,
    Spec("customRates", "off"),
)
_AMOUNT = Spec("totalAmount", "money", required=True)
_PAYMENT = (_AMOUNT, *_COMMON, Spec("refundTransactionType"))
_UNAPPLY = (
    Spec("totalAmount", "money"),
    *_COMMON,
    INVOICES,
    DEBIT_MEMOS,
    Spec("refundTransactionType"),
    Spec("writeOff", "flag"),
    Spec("writeOffOptions", "off"),
)
_MEMO = (
    _AMOUNT,
    *_COMMON,
    Spec("paymentMethodId", "id"),
    Spec("gatewayId", "id"),
    Spec("paymentGatewayNumber"),
    Spec(
        "items",
        "list",
        fields=(
            Spec("amount", "money", required=True),
            Spec("creditMemoItemId", "id"),
            Spec("creditTaxItemId", "id"),
        ),
    ),
)
_UPDATE = (
    Spec("comment"),
    Spec("reasonCode", most=32),
    Spec("referenceId", most=100),
    _FINANCE,
    *RECONCILIATION,
)


def of_payment(tenant: Tenant, key: str, given: Mapping[str, Any], by: str, *, verdict: Verdict) -> dict[str, Json]:
    """Refund the unapplied part of a payment."""
    payment = references.payment(tenant, key)
    body = read_body(given, _PAYMENT, custom=tenant.settings.custom("Refund"))
    amount = money(body["totalAmount"], payment.currency, "totalAmount")
    order = _order(tenant, body, amount, by, verdict=verdict)
    return _answer(tenant, refund_payment(tenant, payment, order), order.verdict)


def of_payment_unapplying(
    tenant: Tenant, key: str, given: Mapping[str, Any], by: str, *, verdict: Verdict
) -> dict[str, Json]:
    """Unapply and refund in one go; only with the enhanced write-off permission."""
    if not tenant.settings.enhanced_write_off:
        raise Refusal(PERMISSION, "You do not have the permission to refund a payment with auto-unapplying.")
    payment = references.payment(tenant, key)
    body = read_body(given, _UNAPPLY, custom=tenant.settings.custom("Refund"))
    if body.get("writeOff") or "writeOffOptions" in body:
        raise rule("Write-off during a refund is not enabled.")
    targets = references.targets(tenant, body, payment.currency)
    if "totalAmount" in body:
        amount = money(body["totalAmount"], payment.currency, "totalAmount")
    elif targets:
        amount = sum((target.amount for target in targets), Decimal(0))
    else:
        # Neither amount nor documents: everything is unapplied and refunded.
        amount = payment.unapplied + payment.applied
    order = _order(tenant, body, amount, by, verdict=verdict)
    refund = refund_payment(tenant, payment, order, targets or spread(tenant, payment, amount))
    return _answer(tenant, refund, order.verdict)


def of_credit_memo(tenant: Tenant, key: str, given: Mapping[str, Any], by: str, *, verdict: Verdict) -> dict[str, Json]:
    """Refund the unapplied part of a credit memo."""
    memo = references.credit_memo(tenant, key)
    body = read_body(given, _MEMO, custom=tenant.settings.custom("Refund"))
    amount = money(body["totalAmount"], memo.currency, "totalAmount")
    names = ("creditMemoItemId", "creditTaxItemId")
    items = references.item_amounts(body.get("items", ()), names, memo.items, memo.currency)
    if items and not tenant.settings.item_settlement:
        raise rule("Invoice Item Settlement is not enabled; items cannot be specified.")
    method, gateway = _memo_method(tenant, memo, body)
    order = _order(tenant, body, amount, by, verdict=verdict, items=items, method=method, gateway=gateway)
    return _answer(tenant, refund_memo(tenant, memo, order), order.verdict)


def cancel(tenant: Tenant, key: str, by: str) -> dict[str, Json]:
    """Cancel a refund."""
    refund = references.refund(tenant, key)
    cancel_refund(tenant, refund, by)
    return shapes.refund(tenant, refund)


def delete(tenant: Tenant, key: str) -> dict[str, Json]:
    """Delete a canceled refund."""
    delete_refund(tenant, references.refund(tenant, key))
    return {"success": True}


def update(tenant: Tenant, key: str, given: Mapping[str, Any], by: str) -> dict[str, Json]:
    """Change comment, reason, reference (external only), booking state or custom fields."""
    refund = references.refund(tenant, key)
    body = read_body(given, _UPDATE, custom=tenant.settings.custom("Refund"))
    if "referenceId" in body and refund.type == ELECTRONIC:
        raise rule("The referenceId of an Electronic refund cannot be changed.")
    finance = body.get("financeInformation", {})
    with tenant.change():
        tenant.touch(refund)
        refund.comment = body.get("comment", refund.comment)
        refund.reason_code = body.get("reasonCode", refund.reason_code)
        refund.reference_id = body.get("referenceId", refund.reference_id)
        refund.accounting_code = finance.get("bankAccountAccountingCode", refund.accounting_code)
        refund.transferred = finance.get("transferredToAccounting", refund.transferred)
        refund.custom = {**refund.custom, **custom_fields(body)}
        refund.updated, refund.updated_by = tenant.clock.now(), by
    return shapes.refund(tenant, refund)


def _order(
    tenant: Tenant,
    body: Mapping[str, Any],
    amount: Decimal,
    by: str,
    *,
    verdict: Verdict,
    items: Mapping[str, Decimal] | None = None,
    method: PaymentMethod | None = None,
    gateway: Gateway | None = None,
) -> RefundOrder:
    finance, options = body.get("financeInformation", {}), body.get("gatewayOptions", {})
    if "customRates" in body:
        raise rule("The feature for customRates is not enabled.")
    return RefundOrder(
        by=by,
        type=body["type"],
        amount=amount,
        day=_day(tenant, body),
        method_type=_method_type(body),
        method=method,
        gateway=gateway,
        comment=body.get("comment"),
        reason_code=body.get("reasonCode"),
        reference_id=body.get("referenceId"),
        second_reference_id=body.get("secondRefundReferenceId"),
        soft_descriptor=body.get("softDescriptor"),
        soft_descriptor_phone=body.get("softDescriptorPhone"),
        accounting_code=finance.get("bankAccountAccountingCode"),
        transferred=finance.get("transferredToAccounting", "No"),
        verdict=test_gateway.asked(tenant.settings.decline, verdict, options) if body["type"] == ELECTRONIC else "",
        gateway_options=options,
        memo_items=items or {},
        custom=custom_fields(body),
    )


def _method_type(body: Mapping[str, Any]) -> str | None:
    given = body.get("methodType")
    if body["type"] == ELECTRONIC and given is not None:
        raise rule("The methodType must be empty for Electronic refunds.")
    if body["type"] != ELECTRONIC and given is None:
        raise Refusal(MISSING_FIELD, "The required field methodType is missing.")
    return given


def _day(tenant: Tenant, body: Mapping[str, Any]) -> date:
    if body["type"] == ELECTRONIC and "refundDate" in body:
        raise rule("The refundDate can be specified for External refunds only.")
    day: date = body.get("refundDate", tenant.clock.today())
    return day


def _memo_method(
    tenant: Tenant, memo: CreditMemo, body: Mapping[str, Any]
) -> tuple[PaymentMethod | None, Gateway | None]:
    electronic = body["type"] == ELECTRONIC
    if not electronic:
        for name in ("paymentMethodId", "gatewayId", "paymentGatewayNumber"):
            if name in body:
                raise rule(f"The {name} must be empty for External refunds.")
        return None, None
    if "paymentMethodId" not in body:
        raise Refusal(MISSING_FIELD, "The required field paymentMethodId is missing.")
    account = tenant.accounts[str(memo.account_id)]
    gateway = references.gateway(tenant, body) or tenant.gateways.get(account.gateway_id or "")
    return references.method(tenant, body["paymentMethodId"]), gateway


def _answer(tenant: Tenant, refund: Refund, verdict: Verdict) -> dict[str, Json]:
    test_gateway.answer_rest(verdict)
    return shapes.refund(tenant, refund)
