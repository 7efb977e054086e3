"""Calls to try two sides with, where there is no capture yet: the demo's, and as many more as are asked for, by a seed.

Written as a careful legacy client writes them, for the sandbox's fixture ``demo``. No two calls of a run ask for the
same, so that none is joined to another. Must not send anything and must not know a route.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from xml.sax.saxutils import escape

from bridge.parity.capture import entry
from bridge.parity.terms import Entry

TODAY = "2026-02-20"
PATH = "/apps/services/a/107.0"
HEADERS = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '""'}

FIRST_PAYMENTS = 6
"""Payments that every story begins with; refunds are of these."""

Fields = Mapping[str, object]
"""A text, a list of rows, or None to leave the element out."""


def envelope(body: str) -> bytes:
    """A SOAP 1.1 request with a session."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:ns1="http://api.zuora.com/" '
        'xmlns:ns2="http://object.api.zuora.com/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        "<soapenv:Header><ns1:SessionHeader><ns1:session>{session}</ns1:session></ns1:SessionHeader></soapenv:Header>"
        f"<soapenv:Body>{body}</soapenv:Body></soapenv:Envelope>"
    ).encode()


def saved(operation: str, kind: str, *objects: Fields) -> str:
    """The body of a create or update."""
    rows = "".join(f'<ns1:zObjects xsi:type="ns2:{kind}">{_fields(each)}</ns1:zObjects>' for each in objects)
    return f"<ns1:{operation}>{rows}</ns1:{operation}>"


def deleted(kind: str, *ids: str) -> str:
    """The body of a delete."""
    rows = "".join(f"<ns1:ids>{each}</ns1:ids>" for each in ids)
    return f"<ns1:delete><ns1:type>{kind}</ns1:type>{rows}</ns1:delete>"


def queried(text: str) -> str:
    """The body of a query."""
    return f"<ns1:query><ns1:queryString>{escape(text)}</ns1:queryString></ns1:query>"


def _fields(fields: Fields) -> str:
    # An update's Id belongs to the base type, so it stands first.
    ordered = sorted((name for name in fields if fields[name] is not None), key=lambda name: (name != "Id", name))
    return "".join(_field(name, fields[name]) for name in ordered)


def _field(name: str, value: object) -> str:
    if isinstance(value, list):
        row = name.removesuffix("Data")
        inner = "".join(f"<ns1:{row}>{_fields(each)}</ns1:{row}>" for each in value)
        return f"<ns2:{name}>{inner}</ns2:{name}>"
    return f"<ns2:{name}>{escape(str(value))}</ns2:{name}>"


def payment(names: Mapping[str, str], amount: str, **more: object) -> Fields:
    """An external payment of account A of today."""
    return {
        "AccountId": names["A"],
        "Amount": amount,
        "EffectiveDate": TODAY,
        "PaymentMethodId": names["PMx"],
        "Status": "Processed",
        "Type": "External",
        **more,
    }


def refund(amount: str, source: str, **more: object) -> Fields:
    """An external refund of today by check."""
    return {
        "Amount": amount,
        "MethodType": "Check",
        "PaymentId": source,
        "RefundDate": TODAY,
        "SourceType": "Payment",
        "Type": "External",
        **more,
    }


def pays(names: Mapping[str, str], document: str, amount: str, **more: object) -> Fields:
    """A payment of one document."""
    return payment(names, amount, InvoiceId=names[document], AppliedInvoiceAmount=amount, **more)


def demo(names: Mapping[str, str]) -> Iterator[str]:
    """The calls of ``bridge demo``."""
    yield saved("create", "Payment", pays(names, "I2", "20"))
    yield saved("create", "Payment", pays(names, "D1", "10"))
    rows = [{"Amount": "15", "InvoiceId": names["I1"]}, {"Amount": "10", "InvoiceId": names["D1"]}]
    yield saved("create", "Payment", payment(names, "25", InvoicePaymentData=rows))
    yield saved("create", "Refund", refund("45", names["P1"]))
    yield saved("create", "Refund", refund("60", names["C1"]))
    fifty = [pays(names, "D1" if place % 2 else "I1", "1") for place in range(50)]
    yield saved("create", "Payment", *fifty)
    yield queried(f"select Id, Amount, AppliedAmount, UnappliedAmount from Payment where AccountId = '{names['A']}'")
    yield saved("create", "Payment", pays(names, "D1", "10.00"))


def demo_calls(names: Mapping[str, str]) -> list[Entry]:
    """The demo's calls as entries."""
    return [_entry(place, body, "demo") for place, body in enumerate(demo(names), 1)]


def calls(names: Mapping[str, str], each: int, seed: int, *, memos: bool = True) -> list[Entry]:
    """``each`` calls of every operation and object, in a seeded order that keeps what they need before them.

    Without ``memos`` they ask only for what Zuora's own SOAP can do.
    """
    return Story(names, each, seed, memos=memos).entries()


class Story:
    """Writes the calls; it knows which call made what, by number, and nothing about how it was answered."""

    def __init__(self, names: Mapping[str, str], each: int, seed: int, *, memos: bool = True) -> None:
        self._memo = "D1" if memos else "I1"
        self._memos = memos
        self._names = names
        self._draw = random.Random(seed)  # noqa: S311 - the same seed must give the same calls
        self._each = each
        self._number = 0
        self._payments: list[str] = []
        self._applied: list[str] = []
        self._refunds: list[str] = []
        self._canceled: list[str] = []
        self._unrefunded: list[str] = []

    def entries(self) -> list[Entry]:
        """All of them."""
        turns: tuple[Callable[[], str], ...] = (
            self._pay,
            self._change_payment,
            self._repay,
            self._change_refund,
            self._drop_payment,
            self._drop_refund,
            self._ask_payments,
            self._ask_refunds,
        )
        # What everything else rests on is made first.
        made = [self._written(self._pay_unapplied) for _ in range(FIRST_PAYMENTS)]
        made += [self._written(self._repay) for _ in range(3)]
        for _ in range(self._each):
            for turn in turns:
                made.append(self._written(turn))
        return made

    def _written(self, turn: Callable[[], str]) -> Entry:
        self._number += 1
        return _entry(self._number, turn(), f"seeded {turn.__name__.strip('_')}")

    def _amount(self, low: int = 1, high: int = 9) -> str:
        cents = Decimal(self._draw.randint(low, high)) / 100
        return str(cents) if self._draw.random() < 0.8 else f"{cents}0"

    def _marked(self) -> dict[str, object]:
        return {"Comment": f"parity call {self._number}", "ReferenceId": f"parity-{self._number}"}

    def _here(self, row: int = 1) -> str:
        return f"{{id:{self._number}.{row}}}"

    def _pay(self) -> str:
        ways = (
            self._pay_invoice,
            self._pay_number,
            self._pay_memo,
            self._pay_both,
            self._pay_unapplied,
            self._pay_batch,
            self._pay_card,
            self._pay_yen,
            self._pay_wrong,
        )
        return self._draw.choice(ways)()

    def _pay_invoice(self) -> str:
        self._applied.append(self._here())
        return saved("create", "Payment", pays(self._names, "I1", self._amount(), **self._marked()))

    def _pay_number(self) -> str:
        amount = self._amount()
        more = self._marked() | {"InvoiceNumber": "INV00000001", "AppliedInvoiceAmount": amount}
        return saved("create", "Payment", payment(self._names, amount, **more))

    def _pay_memo(self) -> str:
        return saved("create", "Payment", pays(self._names, self._memo, self._amount(), **self._marked()))

    def _pay_both(self) -> str:
        other = self._memo if self._memos else "I2"
        rows = [{"Amount": "0.02", "InvoiceId": self._names["I1"]}, {"Amount": "0.03", "InvoiceId": self._names[other]}]
        return saved("create", "Payment", payment(self._names, "0.05", InvoicePaymentData=rows, **self._marked()))

    def _pay_unapplied(self) -> str:
        self._payments.append(self._here())
        amount = self._amount(20, 90)
        more = self._marked() | {"AppliedCreditBalanceAmount": amount}
        return saved("create", "Payment", payment(self._names, amount, **more))

    def _pay_card(self) -> str:
        amount = self._amount()
        more = self._marked() | {"Type": "Electronic", "PaymentMethodId": self._names["PMc"]}
        return saved("create", "Payment", pays(self._names, "I1", amount, **more))

    def _pay_yen(self) -> str:
        more = self._marked() | {"AccountId": self._names["J"], "AppliedCreditBalanceAmount": "7"}
        return saved("create", "Payment", payment(self._names, "7", **more))

    def _pay_batch(self) -> str:
        count = self._draw.randint(2, 5)
        objects = [
            pays(
                self._names,
                self._draw.choice(("I1", self._memo)),
                self._amount(),
                ReferenceId=f"parity-{self._number}-{place}",
            )
            for place in range(count)
        ]
        if self._draw.random() < 0.3:
            objects[0] = {**objects[0], "Amount": "-1", "AppliedInvoiceAmount": "-1"}
        return saved("create", "Payment", *objects)

    def _pay_wrong(self) -> str:
        wrong: Fields = self._draw.choice(
            (
                {"Amount": "-1", "AppliedInvoiceAmount": "-1"},
                {"Amount": "5000", "AppliedInvoiceAmount": "5000"},
                {"Status": "Draft"},
                {"InvoiceId": self._names["I3"]},
                {"AccountId": "0" * 32},
                {"PaymentMethodId": None},
                {"PaymentMethodId": "0" * 32},
            )
        )
        return saved("create", "Payment", {**pays(self._names, "I1", "0.05"), **self._marked(), **wrong})

    def _change_payment(self) -> str:
        chance = self._draw.random()
        if chance < 0.4 and len(self._payments) > FIRST_PAYMENTS:
            # Only what was never refunded can be canceled, and the newest never was.
            self._canceled.append(self._payments.pop())
            return saved("update", "Payment", {"Id": self._canceled[-1], "Status": "Canceled"})
        target = "0" * 32 if chance < 0.5 else self._draw.choice(self._payments)
        return saved("update", "Payment", {"Id": target, "Comment": f"changed by call {self._number}"})

    def _repay(self) -> str:
        more: dict[str, object] = {"Comment": f"parity call {self._number}"}
        chance = self._draw.random()
        if chance < 0.15:
            return saved("create", "Refund", refund("0.01", "0" * 32, **more))
        if chance < 0.3:
            return saved("create", "Refund", refund("5000", self._draw.choice(self._payments[:FIRST_PAYMENTS]), **more))
        self._refunds.append(self._here())
        if chance < 0.5 and self._memos:
            return saved("create", "Refund", refund("0.02", self._names["C1"], **more))
        return saved("create", "Refund", refund("0.01", self._draw.choice(self._payments[:FIRST_PAYMENTS]), **more))

    def _change_refund(self) -> str:
        chance = self._draw.random()
        if chance < 0.4 and len(self._refunds) > FIRST_PAYMENTS:
            self._unrefunded.append(self._refunds.pop())
            return saved("update", "Refund", {"Id": self._unrefunded[-1], "Status": "Canceled"})
        target = "0" * 32 if chance < 0.5 else self._draw.choice(self._refunds)
        return saved("update", "Refund", {"Id": target, "Comment": f"changed by call {self._number}"})

    def _drop_payment(self) -> str:
        if self._canceled and self._draw.random() < 0.5:
            return deleted("Payment", self._canceled.pop())
        return deleted("Payment", self._draw.choice(self._applied or self._payments))

    def _drop_refund(self) -> str:
        if self._unrefunded and self._draw.random() < 0.5:
            return deleted("Refund", self._unrefunded.pop())
        return deleted("Refund", "0" * 32 if self._draw.random() < 0.3 else self._draw.choice(self._refunds))

    def _ask_payments(self) -> str:
        one = self._draw.choice(self._payments)
        asked = (
            f"select Id, Amount, AppliedAmount, UnappliedAmount, Status from Payment where Id = '{one}'",
            "select Id, PaymentNumber, Amount, EffectiveDate, Type from Payment where Amount > 0.5",
            f"select Amount, ReferenceId, Comment from Payment where ReferenceId = 'parity-{self._number - 8}'",
            "select Nonsense from Payment",
            "select Id from Payment where Amount >",
            "select Id from Payment where Status = 'Error'",
        )
        return queried(self._draw.choice(asked))

    def _ask_refunds(self) -> str:
        one = self._draw.choice(self._refunds)
        asked = (
            f"select Id, Amount, RefundDate, Status, Type from Refund where Id = '{one}'",
            "select Id, RefundNumber, Amount from Refund where Amount > 0.01",
            f"select Id, PaymentId from Refund where PaymentId = '{self._draw.choice(self._payments)}'",
            "select Id from Refund where Amount = 'x'",
        )
        return queried(self._draw.choice(asked))


def _entry(number: int, body: str, source: str) -> Entry:
    return entry(number, PATH, HEADERS, envelope(body), at=f"{TODAY}T10:00:00-08:00", source=source)
