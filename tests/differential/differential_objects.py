"""Payments, refunds and the calls that carry them, as a careful caller writes them. Must not know an answer."""

from __future__ import annotations

from typing import Final

from differential_steps import NIL, Fields, Given, Step

TODAY: Final = "2026-02-20"
OLD_TODAY: Final = "2026-02-20T00:00:00"
"""Up to WSDL 68 these fields are dateTimes (Zuora: Date field changes in the WSDL)."""

DATED: Final = {"EffectiveDate", "RefundDate"}


def pay(**fields: Given | None) -> Fields:
    """A payment with everything Zuora requires; None takes a field away."""
    common: dict[str, Given] = {
        "AccountId": "@A",
        "Amount": "1",
        "EffectiveDate": TODAY,
        "PaymentMethodId": "@PMx",
        "Status": "Processed",
        "Type": "External",
    }
    return {name: value for name, value in {**common, **fields}.items() if value is not None}


def unapplied(amount: str = "1", **fields: Given | None) -> Fields:
    """A payment of no document."""
    return pay(**{"Amount": amount, "AppliedCreditBalanceAmount": amount, **fields})


def invoice(key: str = "@I1", amount: str = "1", **fields: Given | None) -> Fields:
    """A payment of one invoice."""
    return pay(**{"Amount": amount, "AppliedInvoiceAmount": amount, "InvoiceId": key, **fields})


def card(**fields: Given | None) -> Fields:
    """An unapplied electronic payment."""
    return unapplied(**{"Type": "Electronic", "PaymentMethodId": "@PMc", **fields})


def back(payment: str = "$1", amount: str = "1", **fields: Given | None) -> Fields:
    """An external refund of a payment."""
    common: dict[str, Given] = {
        "Amount": amount,
        "MethodType": "Check",
        "PaymentId": payment,
        "RefundDate": TODAY,
        "Type": "External",
    }
    return {name: value for name, value in {**common, **fields}.items() if value is not None}


def rows(*each: tuple[str, str]) -> list[Fields]:
    """The content of InvoicePaymentData."""
    return [{"Amount": amount, "InvoiceId": key} for key, amount in each]


def splits(*each: tuple[str, str]) -> list[Fields]:
    """The content of RefundInvoicePaymentData."""
    return [{"InvoiceId": key, "RefundAmount": amount} for key, amount in each]


def options(**each: str) -> list[Fields]:
    """The content of GatewayOptionData."""
    return [{"name": name, "value": value} for name, value in each.items()]


def create(*objects: Fields, kind: str = "Payment", single: bool = False, session: str | None = None) -> Step:
    """A create."""
    return Step("create", kind, objects, single=single, session=session)


def refunds(*objects: Fields) -> Step:
    """A create of refunds."""
    return create(*objects, kind="Refund")


def update(key: str = "$1", kind: str = "Payment", **fields: Given) -> Step:
    """An update of one object."""
    return Step("update", kind, ({"Id": key, **fields},))


def delete(*keys: str, kind: str = "Payment") -> Step:
    """A delete."""
    return Step("delete", kind, ids=keys)


def raw(body: str) -> Step:
    """A Body of SOAP written out."""
    return Step("create", raw=body)


SPECIAL: Final = "a & b < c > d \" ' caf\u00e9 \u6f22\u5b57 \U0001f600 tab\there"
EVERY_NIL: Final = dict.fromkeys(
    (
        *("AccountingCode", "AppliedInvoiceAmount", "AuthTransactionId", "BankIdentificationNumber", "CancelledOn"),
        *("CreatedById", "CreatedDate", "Gateway", "GatewayOptionData", "GatewayOrderId", "GatewayResponse", "Id"),
        *("GatewayState", "InvoiceId", "InvoiceNumber", "InvoicePaymentData", "MarkedForSubmissionOn", "ReferenceId"),
        *("PaymentMethodSnapshotId", "PaymentNumber", "RefundAmount", "SecondPaymentReferenceId", "SettledOn"),
        *("SoftDescriptor", "SoftDescriptorPhone", "Source", "SourceName", "SubmittedOn", "UpdatedById"),
        *("TransferredToAccounting", "UpdatedDate", "Region__c", "fieldsToNull"),
    ),
    NIL,
)

CUSTOM: Final = {
    "Region__c": "EU",
    "Amount__c": "7.50",
    "Approved__c": "true",
    "ValueDate__c": "2026-02-03",
    "IntegrationId__NS": "NS-1",
}


def dated(steps: list[Step], version: int, tag: str) -> list[Step]:
    """The steps as a caller of a version writes its days, each create told apart from every other by its comment."""
    return [
        Step(
            step.op,
            step.type,
            tuple(_dated(each, step, version, tag) for each in step.objects),
            step.ids,
            step.raw,
            step.single,
            step.session,
        )
        for step in steps
    ]


def _dated(given: Fields, step: Step, version: int, tag: str) -> Fields:
    made = {
        name: f"{value}T00:00:00" if name in DATED and version < 69 and _is_day(value) else value
        for name, value in given.items()
    }
    if step.op == "create" and step.type in ("Payment", "Refund"):
        made.setdefault("Comment", tag)
    return made


def _is_day(value: Given) -> bool:
    return isinstance(value, str) and len(value) == 10 and value[4] == "-"
