"""The ERPs' side: what they send for an act, and one call of theirs as they see it.

The same act is the same objects however often it is said. Must not know what became of it in Zuora.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from bridge.core.identity import harvested
from bridge.core.model import Call, Caller, Reply, Version, ZObject
from bridge.simulation.books import TENANT_ID, USER, cents
from bridge.simulation.plan import Act, Kind, Mail, Thing, Try

TODAY = "2026-02-20"
PAYMENTS = (Kind.INVOICE, Kind.MEMO, Kind.UNAPPLIED)

TWINS_AFTER = 16 * 60.0
"""Seconds after its delivery when the same words no longer mean the same payment (``core.identity``: 15 minutes)."""

AGAIN = ".again"
"""Ends the name of a call that wants a second act with the words of the first."""

TWINS_UNTIL = 71 * 3600.0


WSA = "wsa:MessageID"


def caller(patience: float, user_id: str, *, twins: str = "fault", keeps_ids: bool = False) -> Caller:
    """Who calls. All are one ERP user, whose patience differs by act; ``keeps_ids``: one that says so of its ids."""
    return Caller(
        TENANT_ID,
        USER,
        "erp with ids" if keeps_ids else "erp",
        allow=frozenset({"*"}),
        wait_seconds=int(patience),
        twins=twins,
        in_doubt="row",
        user_id=user_id,
        message_ids=(WSA,) if keeps_ids else (),
    )


def call(act: Act, names: Mapping[str, str], visit: str) -> Call:
    """The act as a decoded call with its message id; ``names`` are the ids of the books, ``visit`` names the call."""
    objects = tuple(_object(act, thing, names) for thing in act.things)
    made = Call(act.op, Version.parse(act.version), objects[0].type, objects)
    if act.mail is Mail.NONE:
        return made
    # A second act with the same words is another message.
    once = visit if act.mail is Mail.CHANGING or visit.endswith(AGAIN) else act.name
    return harvested(made, {WSA: once})


def _object(act: Act, thing: Thing, names: Mapping[str, str]) -> ZObject:
    account = thing.about.partition(".")[0]
    amount = cents(thing.cents)
    if thing.kind is Kind.CANCEL:
        return ZObject("Payment", {"Id": names[thing.about], "Status": "Canceled"})
    if thing.kind not in PAYMENTS:
        return _refund(act, thing, names, account, amount)
    fields = {
        "AccountId": names[account],
        "Amount": amount,
        "EffectiveDate": TODAY,
        "PaymentMethodId": names["check"],
        "Status": "Processed",
        "Type": "External",
    }
    if thing.kind is Kind.UNAPPLIED:
        # Zuora's SOAP wants it said where the money goes.
        fields["AppliedCreditBalanceAmount"] = amount
    else:
        fields |= {"InvoiceId": names[thing.about], "AppliedInvoiceAmount": amount}
    if thing.reference is not None:
        fields["ReferenceId"] = thing.reference
    return ZObject("Payment", fields)


def _refund(act: Act, thing: Thing, names: Mapping[str, str], account: str, amount: str) -> ZObject:
    fields = {"Amount": amount, "MethodType": "Check", "RefundDate": TODAY, "Type": "External"}
    fields["PaymentId"] = names[thing.about]
    children: dict[str, tuple[ZObject, ...]] = {}
    if thing.kind is not Kind.REFUND_CREDIT and act.version == "107.0":
        kind = Kind.INVOICE if thing.kind is Kind.REFUND else Kind.MEMO
        document = names[f"{account}.{kind.name}.{thing.about.rpartition('.')[2]}"]
        row = ZObject("RefundInvoicePayment", {"InvoiceId": document, "RefundAmount": amount})
        children["RefundInvoicePaymentData"] = (row,)
    return ZObject("Refund", fields, children)


@dataclass(slots=True, eq=False)
class Visited:
    """One call of an ERP. ``left_at`` is when nobody waited for it any more."""

    name: str
    act: Act
    said: Try
    began: float
    answer: asyncio.Future[Reply | None]
    left_at: float | None = None
    not_these: frozenset[str] = frozenset()

    @property
    def waiting(self) -> bool:
        """Whether somebody is there to be answered."""
        return self.left_at is None

    def leave(self) -> None:
        """The caller's end of the connection is closed."""
        if self.left_at is None:
            self.left_at = self.answer.get_loop().time()
