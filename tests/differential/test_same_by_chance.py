"""Calls that nobody thought of, drawn from a seed: to both Zuoras, whatever they ask, the same happens."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from differential_known import DEFAULT, Level, allowed, differences, successes
from differential_objects import CUSTOM, OLD_TODAY, SPECIAL, TODAY, options, rows, splits
from differential_steps import NIL, Fields, Given, Step
from same_as_zuora import told_alike
from two_zuoras import DOORS, Two, two_zuoras

CALLS = 150
AMOUNTS = ("1", "1", "2", "1.5", "0.01", "1.00", "0", "-1", "1.005", "9000")
SOME: dict[str, tuple[Given, ...]] = {
    # What neither a version nor a route tells apart: those differences are listed elsewhere.
    "AccountId": ("@A", "@A", "@A", "@Q", "@X", "@J"),
    "AccountingCode": ("1000", "", NIL, "A" * 101),
    "AuthTransactionId": ("auth", "A" * 51),
    "AppliedCreditBalanceAmount": AMOUNTS,
    "AppliedInvoiceAmount": AMOUNTS,
    "Gateway": ("TestGateway", "RetiredGateway", NIL),
    "GatewayOptionData": (options(CVV="1"), options(decline="true")),
    "GatewayOrderId": ("order-1", "order-2", "G" * 71),
    "InvoiceId": ("@I1", "@I2", "@I3", "@IQ", NIL),
    "InvoiceNumber": ("INV00000001", "INV00000002", "INV99999999"),
    "Nonsense": ("x", ""),
    "PaymentMethodId": ("@PMx", "@PMx", "@PMc", "@PMq"),
    "ReferenceId": (SPECIAL[:30], " r ", ""),
    "Region__c": ("EU", ""),
    "SoftDescriptor": ("soft", "S" * 36),
    "Status": ("Processed", "Processed", "Draft", "Gone"),
    "Type": ("External", "External", "Electronic", "electronic"),
}
REFUND: dict[str, tuple[Given, ...]] = {
    "GatewayOptionData": (options(decline="true"),),
    "MethodType": ("Check", "Cash", "Cheque", NIL),
    "ReasonCode": ("Chargeback", "Because", ""),
    "Region__c": ("EU",),
    "SourceType": ("Payment", NIL),
    "Type": ("External", "Electronic", "x"),
}
CHANGES: dict[str, tuple[Given, ...]] = {
    "AccountingCode": ("2000", NIL),
    "Amount": ("9",),
    "Approved__c": ("true", "false", "maybe"),
    "Comment": ("new",),
    "Region__c": ("US", ""),
    "Status": ("Canceled", "Voided", "Processed", "Gone"),
    "TransferredToAccounting": ("Yes", "Processing", "Never"),
    "fieldsToNull": (["Region__c"], ["AccountingCode"], ["Comment", "Amount"], ["Nonsense"]),
}


UNLIKE = frozenset({"Approved__c", "Gateway"})
"""What REST takes otherwise, as ``differential_known`` says."""


class Draw:
    """Calls from a seed, for callers of a version."""

    def __init__(self, seed: int, version: int, policy: str) -> None:
        self.routed = policy == "rest"
        self.random = random.Random(seed)
        self.today = TODAY if version >= 69 else OLD_TODAY
        self.made = 0

    def step(self, place: int) -> Step:
        """The next call."""
        one = self.random.choice(("payments", "payments", "refunds", "updates", "deletes"))
        if one == "deletes":
            kind = self.random.choice(("Payment", "Refund"))
            return Step("delete", kind, ids=tuple(self.key() for _ in range(self.random.randint(1, 3))))
        make = {"payments": self.payment, "refunds": self.refund, "updates": self.change}[one]
        objects = tuple(make(place) for _ in range(self.random.choice((1, 1, 2, 5))))
        kind = "Refund" if one == "refunds" else "Payment"
        return Step("update" if one == "updates" else "create", kind, objects)

    def key(self) -> str:
        """Something made before, or nothing at all."""
        return f"${self.random.randint(1, self.made)}" if self.made and self.random.random() < 0.9 else "0" * 32

    def some(self, pool: dict[str, tuple[Given, ...]], most: int) -> dict[str, Given]:
        """A few fields with any of their values."""
        names = [each for each in sorted(pool) if not (self.routed and each in UNLIKE)]
        return {
            name: self.random.choice(pool[name]) for name in self.random.sample(names, self.random.randint(0, most))
        }

    def payment(self, place: int) -> Fields:
        """A payment that may be good: unapplied, of an invoice or of several."""
        amount = self.random.choice(AMOUNTS)
        documents: dict[str, Given] = self.random.choice(
            (
                {"AppliedCreditBalanceAmount": amount},
                {"AppliedInvoiceAmount": amount, "InvoiceId": self.random.choice(("@I1", "@I2"))},
                {"InvoicePaymentData": rows(("@I1", amount), ("@I2", self.random.choice(AMOUNTS)))},
            )
        )
        good: dict[str, Given] = {
            "AccountId": "@A",
            "Amount": amount,
            "Comment": f"call {place}",
            "EffectiveDate": self.today,
            "PaymentMethodId": "@PMx",
            "Status": "Processed",
            "Type": "External",
        }
        custom: dict[str, Given] = dict(CUSTOM) if self.random.random() < 0.1 and not self.routed else {}
        return {**good, **documents, **custom, **self.some(SOME, 2)}

    def refund(self, place: int) -> Fields:
        """A refund of something made before."""
        good: dict[str, Given] = {
            "Amount": self.random.choice(AMOUNTS),
            "Comment": f"call {place}",
            "MethodType": "Check",
            "PaymentId": f"${self.random.randint(1, self.made)}" if self.made else "@P1",
            "RefundDate": self.today,
            "Type": "External",
        }
        split = {"RefundInvoicePaymentData": splits(("@I1", "1"))} if self.random.random() < 0.2 else {}
        return {**good, **split, **self.some(REFUND, 1)}

    def change(self, _place: int) -> Fields:
        """Some fields of something made before."""
        return {"Id": self.key(), **self.some(CHANGES, 2)}


@pytest.mark.parametrize(
    ("seed", "door", "version", "policy"),
    [
        (1, "soap11", "83.0", DEFAULT),
        (2, "soap11", "68.0", DEFAULT),
        (3, "soap12", "153.0", DEFAULT),
        (4, "soap11", "107.0", "action"),
        (5, "action", "107.0", DEFAULT),
        (6, "soap11", "83.0", "rest"),
        (7, "soap11", "153.0", "rest"),
    ],
)
def test_whatever_is_asked_the_same_happens(seed: int, door: str, version: str, policy: str, tmp_path: Path) -> None:
    """Answers byte for byte, and the books; where REST refuses, and to JSON callers, it may be in other words."""
    draw = Draw(seed, int(version.partition(".")[0]), policy)
    with two_zuoras(tmp_path, routes={} if policy == DEFAULT else {"*": policy}) as two:
        for place in range(CALLS):
            step = draw.step(place)
            where = f"seed {seed}, call {place}: {step}"
            assert _same(two, door, step, version, policy), where
            draw.made = len(two.zuora.made)
            assert draw.made == len(two.bridged.made), where
            if place % 10 == 9:
                zuora, bridged = two.ledgers()
                assert not differences(zuora, told_alike(bridged, door, policy)), where
        assert draw.made > CALLS // 4


def _same(two: Two, door: str, step: Step, version: str, policy: str) -> bool:
    zuora, bridged = two.both(lambda side: DOORS[door](step, version, side))  # type: ignore[arg-type,return-value]
    if (zuora.status, zuora.headers, zuora.body) == (bridged.status, bridged.headers, bridged.body):
        return True
    if policy == "rest":
        # Of several things wrong with one object REST may name another one first.
        return zuora.status == bridged.status and successes(zuora.body) == successes(bridged.body)
    return door == "action" and allowed(Level.WORDS, zuora, bridged)
