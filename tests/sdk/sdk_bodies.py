"""Every request that the mapping can write: objects with every field set, planned as ``conduct`` plans them.

Must not know what a request has to look like: that is the SDK's to say.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import cache
from types import MappingProxyType

from core_objects import ERP, FACTS, METHOD, TENANT, A, call, invoice, paid, policy, zobject
from core_objects import rest as by_rest
from core_objects import soap as by_soap

from bridge.contract.reader import read_own
from bridge.core.classify import Prefer
from bridge.core.commands import Compose, Lookup
from bridge.core.facts import Absent, Fact, Kind, Part, Question, WhichDocument, WhichSource
from bridge.core.intent import Dispatch
from bridge.core.mapping.fields import SECOND_REFERENCE, TABLE, Target
from bridge.core.model import Call, Caller, Op, Route, Tenant, ZObject
from bridge.core.preview import preview
from bridge.upstream.action import ZuoraActions

CUSTOM = {
    "Text__c": "free text",
    "Flag__c": "1",
    "Count__c": "+7",
    "Ratio__c": "0.10",
    "Day__c": "2026-02-20",
    "IntegrationId__NS": "ns-1",
    "Origin__NS": "ERP",
    "SyncDate__NS": "2026-02-20",
}
TYPES = {"Flag__c": "boolean", "Count__c": "int", "Ratio__c": "decimal", "Day__c": "date"}
TYPED = replace(
    TENANT,
    custom_types=MappingProxyType(
        {f"{kind}.{name}": each for kind in ("Payment", "Refund") for name, each in TYPES.items()}
    ),
)
BY_HAND = replace(TYPED, enhanced_write_off=False)
JSON_CALLER = replace(ERP, own=True)

SPLIT_PAYMENT = paid(
    "p2",
    "80",
    "d1",
    parts=(Part(Kind.DEBIT_MEMO, "d1", Decimal(50)), Part(Kind.INVOICE, "i1", Decimal(10))),
    unapplied=Decimal(20),
    currency="USD",
)
KNOWN: Mapping[Question, Fact] = {
    **FACTS,
    WhichDocument("I1"): invoice("i1"),
    WhichDocument("D1"): FACTS[WhichDocument("d1")],
    WhichDocument("C1"): FACTS[WhichDocument("c1")],
    WhichSource("p2"): SPLIT_PAYMENT,
}

OPTIONS = [zobject("GatewayOption", name="SecCode", value="WEB"), zobject("GatewayOption", name="empty")]


def filled(target: Target, **chosen: str | Sequence[ZObject] | None) -> ZObject:
    """An object with every field that travels as it is, as long as it may be, and with those that Zuora writes.

    ``chosen`` are the others; None leaves a field out.
    """
    known: dict[str, str | Sequence[ZObject] | None] = {
        "EffectiveDate": "2026-02-20",
        "RefundDate": "2026-02-20",
        "TransferredToAccounting": "Yes",
        **CUSTOM,
    }
    known = {name: value for name, value in known.items() if name in TABLE[target] or name in CUSTOM}
    for name, fate in TABLE[target].items():
        if fate.copied:
            known.setdefault(name, "x" * (fate.longest or 20))
        elif "left out" in fate.rule and name != SECOND_REFERENCE:
            known.setdefault(name, "1")
    return zobject(target.object_type, **(known | chosen))


# ------------------------------------------------------------------ objects


def _item(kind: str, name: str, amount: str) -> ZObject:
    return zobject(kind, **{name: f"item-{amount}"}, Amount=amount)


INVOICE_ITEMS = [
    _item("InvoiceItemPayment", "InvoiceItemId", "6"),
    _item("InvoiceItemPayment", "TaxItemId", "4"),
]
MEMO_ROW_ITEMS = [
    _item("InvoiceItemPayment", "InvoiceItemId", "15.50"),
    _item("InvoiceItemPayment", "TaxItemId", "4.50"),
]
MEMO_ITEMS = [
    _item("DebitMemoItemPayment", "DebitMemoItemId", "15.50"),
    _item("DebitMemoItemPayment", "TaxItemId", "4.50"),
]


def payments() -> Iterator[ZObject]:
    """Payments that name their documents in every way there is, external and electronic."""
    whole = {"Amount": "20", "AppliedInvoiceAmount": "20"}
    rows = [
        zobject("InvoicePayment", InvoiceId="i1", Amount="10", InvoiceItemPaymentData=INVOICE_ITEMS),
        zobject("InvoicePayment", InvoiceId="d1", InvoiceItemPaymentData=MEMO_ROW_ITEMS),
    ]
    ways: list[dict[str, str | Sequence[ZObject]]] = [
        {**whole, "InvoiceId": "d1"},
        {**whole, "InvoiceNumber": "D1"},
        {**whole, "DebitMemoId": "d1", "DebitMemoNumber": "D1"},
        {**whole, "InvoiceId": "i1", "InvoiceNumber": "I1"},
        {"InvoicePaymentData": rows, "AppliedCreditBalanceAmount": "5.25"},
        {"DebitMemoPaymentData": [zobject("DebitMemoPayment", DebitMemoId="d1", Amount="20")], "Amount": "25.75"},
        {
            "DebitMemoPaymentData": [
                zobject("DebitMemoPayment", DebitMemoNumber="D1", DebitMemoItemPaymentData=MEMO_ITEMS)
            ],
            "InvoicePaymentData": rows[:1],
            "Amount": "30",
        },
    ]
    common = {
        "AccountId": A,
        "PaymentMethodId": METHOD,
        "EffectiveDate": "2026-02-20",
        "Status": "Processed",
        "GatewayOptionData": OPTIONS,
    }
    for way in ways:
        yield filled(Target.CREATE_PAYMENT, Type="External", Currency="USD", **(common | way))
        yield filled(Target.CREATE_PAYMENT, Type="Electronic", Gateway="TestGateway", **(common | way))
        yield filled(Target.CREATE_PAYMENT, Type="Electronic", **(common | way))


def refunds_of_payments() -> Iterator[ZObject]:
    """Refunds of a payment, with and without a split, external and electronic."""
    splits: list[dict[str, Sequence[ZObject]]] = [
        {},
        {
            "RefundInvoicePaymentData": [
                zobject("RefundInvoicePayment", InvoiceId="i1", RefundAmount="5"),
                zobject("RefundInvoicePayment", InvoiceId="d1", RefundAmount="15"),
            ]
        },
        {"DebitMemoRefundData": [zobject("DebitMemoRefund", DebitMemoNumber="d1", RefundAmount="20")]},
        {"DebitMemoRefundData": [zobject("DebitMemoRefund", DebitMemoId="d1", RefundAmount="20")]},
    ]
    for split in splits:
        source = {"PaymentId": "p2", "SourceType": "Payment"}
        common = {**source, "AccountId": A, "Amount": "20", "GatewayOptionData": OPTIONS, **split}
        yield filled(Target.REFUND_PAYMENT, Type="External", MethodType="Check", RefundDate="2026-02-20", **common)
        yield filled(Target.REFUND_PAYMENT, Type="External", MethodType="ACH", ReferenceID=None, **common)
        yield filled(Target.REFUND_PAYMENT, Type="Electronic", **common)


def refunds_of_memos() -> Iterator[ZObject]:
    """Refunds of a credit memo, named in every way, external and electronic, with and without items."""
    items = [
        _item("CreditMemoItemRefund", "CreditMemoItemId", "15.50"),
        _item("CreditMemoItemRefund", "CreditTaxItemId", "4.50"),
    ]
    for way in (
        {"PaymentId": "c1"},
        {"CreditMemoId": "c1"},
        {"CreditMemoNumber": "C1", "CreditMemoItemRefundData": items},
        {"SourceType": "CreditBalance"},
    ):
        common = {"AccountId": A, "Amount": "20.00", "GatewayOptionData": OPTIONS, **way}
        yield filled(Target.REFUND_MEMO, Type="External", MethodType="WireTransfer", RefundDate="2026-02-20", **common)
        yield filled(Target.REFUND_MEMO, Type="Electronic", PaymentMethodId=METHOD, Gateway="TestGateway", **common)
        yield filled(Target.REFUND_MEMO, Type="Electronic", PaymentMethodId=METHOD, **common)


def updates(target: Target) -> Iterator[ZObject]:
    """Everything that can be changed, and a cancel."""
    yield filled(target, Id="e" * 32)
    for value in ("No", "Processing", "Error", "Ignore"):
        yield zobject(target.object_type, Id="e" * 32, TransferredToAccounting=value)
    yield zobject(target.object_type, Id="e" * 32, Status="Canceled")


# ------------------------------------------------------------------ planning


def planned(
    asked: Call, tenant: Tenant = TYPED, prefer: Prefer = by_rest, caller: Caller = ERP
) -> tuple[Dispatch, ...]:
    """The REST requests and Actions of a call; nothing of it may be refused."""
    steps = preview(asked, caller, tenant, prefer)
    event: object = None
    try:
        while True:
            command = steps.send(event)
            if isinstance(command, Lookup):
                event = {each: KNOWN.get(each, Absent()) for each in command.questions}
            else:
                assert isinstance(command, Compose)
                event = _actions().compose(command.op, command.objects)
    except StopIteration as done:
        seen = done.value
    assert not seen.refused, [each.reason for each in seen.objects]
    return tuple(each.dispatch for each in seen.dispatches if each.dispatch.route is not Route.SOAP)


@cache
def _actions() -> ZuoraActions:
    return ZuoraActions(read_own(), None)  # type: ignore[arg-type]


def by_target() -> Mapping[Target, list[Dispatch]]:
    """What becomes of every object whose home is a REST request."""
    made: dict[Target, list[Dispatch]] = {target: [] for target in Target}
    objects = {
        Target.CREATE_PAYMENT: list(payments()),
        Target.UPDATE_PAYMENT: list(updates(Target.UPDATE_PAYMENT)),
        Target.REFUND_PAYMENT: list(refunds_of_payments()),
        Target.REFUND_MEMO: list(refunds_of_memos()),
        Target.UPDATE_REFUND: list(updates(Target.UPDATE_REFUND)),
    }
    for target, found in objects.items():
        for obj in found:
            made[target] += planned(call(obj, op=target.op))
            if target is Target.REFUND_PAYMENT:
                # A saga has what is unapplied, the refund, and what is applied again.
                made[target] += planned(call(obj, op=target.op), BY_HAND)
    return made


def others() -> Iterator[Dispatch]:
    """Deletes, fall-backs behind SOAP, and Actions."""
    for kind in ("Payment", "Refund"):
        gone, canceled = zobject(kind, Id="e" * 32), zobject(kind, Id="e" * 32, Status="Canceled")
        for prefer in (by_rest, by_soap):
            yield from planned(call(gone, op=Op.DELETE), prefer=prefer)
            yield from planned(call(canceled, op=Op.UPDATE), prefer=prefer)
        yield from planned(call(gone, gone, op=Op.DELETE), prefer=by_action)
        yield from planned(call(gone, op=Op.DELETE), prefer=by_soap, caller=JSON_CALLER)
        changed = replace(canceled, nulls=("Comment",))
        yield from planned(call(changed, canceled, op=Op.UPDATE), prefer=by_action)
    paying = zobject("Payment", AccountId=A, Amount="10.00", InvoiceId="i1", AppliedInvoiceAmount="10.00", **CUSTOM)
    yield from planned(call(paying, paying), prefer=by_action)
    yield from planned(call(paying, paying), prefer=by_soap, caller=JSON_CALLER)


@policy
def by_action(_obj: ZObject) -> Route:
    """A policy that prefers Actions."""
    return Route.ACTION
