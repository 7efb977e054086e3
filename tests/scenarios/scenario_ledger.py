"""The sandbox's ledger in the words of the catalogue. Must not decide what is right."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from harness import World

from bridge.sandbox.payments import PaymentOrder, create_payment


def states(world: World) -> dict[str, str]:
    """What is open of every object of the fixture, by its name."""
    books = world.ledger()
    open_amounts = {one["name"]: one["balance"] for one in (*books["invoices"], *books["debitMemos"])}
    open_amounts |= {one["name"]: one["unappliedAmount"] for one in books["creditMemos"]}
    for one in books["payments"]:
        if one["name"] is not None:
            open_amounts[one["name"]] = f"{one['appliedAmount']}/{one['unappliedAmount']}/{one['refundAmount']}"
            if one["status"] != "Processed":
                open_amounts[one["name"]] = one["status"].lower()
    return open_amounts


def expected(before: Mapping[str, str], changed: Mapping[str, str]) -> dict[str, str]:
    """What should be open after the changes that a row names; what is ``gone`` is not there any more."""
    return {name: amount for name, amount in {**before, **changed}.items() if amount != "gone"}


def refunded(one: Mapping[str, Any], named: Mapping[str, str]) -> str:
    """A refund as ``60 of C1``, with its status where that is not Processed."""
    text = f"{one['amount']} of {named[one['paymentId'] or one['creditMemoId']]}"
    return text if one["status"] == "Processed" else f"{text}, {one['status'].lower()}"


def entry(world: World, name: str) -> Mapping[str, Any]:
    """What the books say of an object or item, by the name of the fixture or of the call that kept it."""
    wanted = world.names[name]
    return next(one for one in _entries(world.ledger()) if one["id"] == wanted)


def _entries(books: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for shelf in ("invoices", "debitMemos", "creditMemos", "payments", "refunds"):
        for one in books[shelf]:
            yield one
            yield from one.get("items", ())


def described(one: Mapping[str, Any], named: Mapping[str, str]) -> str:
    """A payment as ``120 = I1 100 + unapplied 20``."""
    if one["status"] != "Processed":
        return f"{one['amount']} = {one['status'].lower()}"
    terms = [f"{named[each['invoiceId'] or each['debitMemoId']]} {each['amount']}" for each in one["parts"]]
    terms += [f"{word} {one[key]}" for word, key in (("unapplied", "unappliedAmount"), ("refunded", "refundAmount"))]
    return sorted_terms(f"{one['amount']} = {' + '.join(term for term in terms if not term.endswith(' 0'))}")


def sorted_terms(text: str) -> str:
    """The same with its terms in a fixed order."""
    amount, _, terms = text.partition(" = ")
    return f"{amount} = {' + '.join(sorted(terms.split(' + ')))}"


def many_payments(world: World, count: int) -> None:
    """Made in the sandbox's books directly: nothing of them is under test."""
    tenant = world.sandbox.tenant
    order = PaymentOrder(
        by=world.id("@user"),
        type="External",
        amount=Decimal(1),
        currency="USD",
        day=date(2026, 2, 20),
        account=tenant.accounts[world.id("@A")],
        method=tenant.payment_methods[world.id("@PMx")],
    )
    for _ in range(count):
        create_payment(tenant, order)
