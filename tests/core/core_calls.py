"""The calls that are dropped, repeated and disturbed: one of each kind, and all of them together."""

from __future__ import annotations

from collections.abc import Mapping

from core_objects import FACTS, B, debit_memo, part, payment, pays, refund, refund_part

from bridge.core.facts import Fact, Question, WhichDocument
from bridge.core.model import ZObject

EURO_MEMO = pays("d4", "5", AccountId=B)

CALLS: Mapping[str, tuple[ZObject, ...]] = {
    "one SOAP payment": (pays("i1", "100"),),
    "one REST payment": (pays("d1", "80"),),
    "one SOAP refund": (refund(PaymentId="p1", Amount="45"),),
    "REST refunds of a payment and a credit memo": (
        refund(PaymentId="p2", Amount="50", RefundInvoicePaymentData=[refund_part("d5", "50")]),
        refund(PaymentId="c1", Amount="60"),
    ),
    "equal SOAP payments": (pays("i1", "10"), pays("i1", "10"), pays("i1", "10")),
    "equal REST payments": (pays("d1", "1"), pays("d1", "1.00"), pays("d1", "1")),
    "a mixed batch of several accounts": (
        pays("i1", "10"),
        pays("d1", "1"),
        payment(Amount="30", InvoicePaymentData=[part("i1", "10"), part("d1", "20")]),
        EURO_MEMO,
        pays("i1", "10"),
        pays("d1", "1"),
        pays("d2", "40"),
    ),
}

KNOWN: Mapping[Question, Fact] = {
    **FACTS,
    WhichDocument("d4"): debit_memo("d4", "30", account_id=B, currency="EUR"),
}
