"""What a call would do, shown without doing it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from core_objects import ERP, FACTS, STRANGER, TENANT, call, pays, refund, soap, zobject

from bridge.core.commands import Compose, Composed, Lookup
from bridge.core.facts import Absent, NoVerdict, WhichDocument
from bridge.core.model import Call, Caller, Op
from bridge.core.preview import Preview, preview


def shown(asked: Call, caller: Caller = ERP, facts: Any = FACTS) -> Preview:
    """Run a preview; anything but look-ups and composing would be a defect."""
    steps = preview(asked, caller, TENANT, soap)
    event: Any = None
    while True:
        try:
            command = steps.send(event)
        except StopIteration as done:
            made: Preview = done.value
            return made
        if isinstance(command, Lookup):
            event = {each: facts.get(each, Absent()) for each in command.questions}
        else:
            assert isinstance(command, Compose)
            event = Composed("/apps/services/a/107.0", (), b"<create/>")


def test_a_mixed_call_is_shown_object_by_object() -> None:
    """Route, reason and dispatch of each, SOAP's first; nothing is refused."""
    seen = shown(call(pays("d1", "80"), pays("i1", "100"), pays("i2", "1"), pays("d1", "1", ReferenceId="R-7")))
    assert [(each.index, each.route) for each in seen.objects] == [(0, "rest"), (1, "soap"), (2, "soap"), (3, "rest")]
    one, first, second = (each.dispatch for each in seen.dispatches)
    assert [each.dispatch for each in seen.objects] == [first.id, one.id, one.id, second.id]
    assert (one.body, first.path) == (b"<create/>", "/v1/payments")
    assert not seen.refused


def test_proof_and_undo_are_told() -> None:
    """How doubt would be settled, and how it would be taken back."""
    seen = shown(call(pays("i1", "1"), pays("d1", "1", ReferenceId="R-7"), pays("d1", "2")))
    soap_shown, marked, plain = seen.dispatches
    assert "no key" in soap_shown.proof
    assert marked.proof.endswith("look-up by 'R-7'")
    assert plain.proof.endswith("Idempotency-Key")
    assert soap_shown.undo == marked.undo == "PUT /v1/payments/{id}/cancel"


def test_a_refund_that_unapplies_says_what_must_be_applied_again() -> None:
    """A credit memo's refund needs nothing more."""
    seen = shown(call(refund(PaymentId="p2", Amount="50"), refund(PaymentId="c1", Amount="60")))
    unapplied, memo = seen.dispatches
    assert unapplied.undo == "PUT /v1/refunds/{id}/cancel, and apply again what it unapplied"
    assert memo.undo == "PUT /v1/refunds/{id}/cancel"


@pytest.mark.parametrize(
    ("asked", "caller", "reason"),
    [
        (call(pays("d2", "40")), ERP, "INVALID_VALUE (InvoiceId)"),
        (call(pays("d1", "80")), STRANGER, "NO_PERMISSION: "),
        (call(*[pays("i1", "1")] * 51), ERP, "MAX_RECORDS_EXCEEDED: "),
        (call(pays("i1", "1"), pays("d1", "1"), single_transaction=True), ERP, "INVALID_VALUE: useSingleTransaction"),
    ],
)
def test_what_would_be_refused_says_why(asked: Call, caller: Caller, reason: str) -> None:
    """Every object of it, and no dispatch."""
    seen = shown(asked, caller)
    assert seen.refused
    assert len(seen.objects) == len(asked.objects)
    assert all(each.route == "refused" and each.reason.startswith(reason) for each in seen.objects)
    assert seen.dispatches == ()


def test_what_could_not_be_looked_up_would_not_be_sent() -> None:
    """It is shown as refused, beside the others."""
    facts = {**FACTS, WhichDocument("d1"): NoVerdict("HTTP 500")}
    seen = shown(call(pays("d1", "1"), pays("i1", "1")), facts=facts)
    assert [each.route for each in seen.objects] == ["refused", "soap"]


def test_updates_have_no_undo() -> None:
    """There is nothing to cancel."""
    obj = zobject("Payment", Id="p1", Status="Canceled")
    (only,) = shown(call(obj, op=Op.UPDATE)).dispatches
    assert only.undo == "none"


def test_a_preview_plans_what_conduct_would_send() -> None:
    """The same identity, key and bytes as the first attempt of the caller."""
    one, other = shown(call(pays("d1", "80"))), shown(call(pays("d1", "80")), replace(ERP, username="another"))
    assert one.dispatches == other.dispatches
