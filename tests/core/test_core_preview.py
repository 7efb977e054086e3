"""What a call would do, shown without doing it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from core_objects import ERP, FACTS, STRANGER, TENANT, A, call, pays, refund, rest, soap, zobject

from bridge.core.commands import Compose, Composed, Lookup
from bridge.core.facts import Absent, Kind, NoVerdict, Part, PaymentFact, WhichDocument, WhichSource
from bridge.core.model import Call, Caller, Op, Tenant
from bridge.core.preview import Preview, preview

ID = "8" * 32
NO_PERMISSION = replace(TENANT, enhanced_write_off=False)
ON_A_MEMO = PaymentFact(
    "p5",
    A,
    "Processed",
    "External",
    Decimal(50),
    debit_memo_ids=frozenset({"d5"}),
    parts=(Part(Kind.DEBIT_MEMO, "d5", Decimal(50)),),
)
SAGA = {WhichSource("p5"): ON_A_MEMO}


def shown(
    asked: Call, caller: Caller = ERP, facts: Any = FACTS, prefer: Any = soap, tenant: Tenant = TENANT
) -> Preview:
    """Run a preview; anything but look-ups and composing would be a defect."""
    steps = preview(asked, caller, tenant, prefer)
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
    assert [each.dispatches for each in seen.objects] == [(first.id,), (one.id,), (one.id,), (second.id,)]
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


def test_a_cancel_is_one_request_and_says_what_may_follow() -> None:
    """REST only behind a refusal by SOAP, so it is no part of the plan. There is nothing to undo."""
    seen = shown(call(zobject("Payment", Id=ID, Status="Canceled"), op=Op.UPDATE))
    (first,) = seen.dispatches
    (only,) = seen.objects
    assert (only.route, only.dispatches, first.undo) == ("soap", (first.dispatch.id,), "none")
    assert only.reason.endswith(f"; where Zuora refuses that, PUT /v1/payments/{ID}/cancel may follow")


def test_an_update_by_rest_is_proved_by_a_read() -> None:
    """It has no key, and nothing undoes it."""
    (only,) = shown(call(zobject("Payment", Id=ID, AccountingCode="c"), op=Op.UPDATE), prefer=rest).dispatches
    assert (only.dispatch.method, only.proof, only.undo) == ("PUT", "a read of the object: it has no key", "none")


def test_a_refund_in_steps_is_shown_step_by_step() -> None:
    """Unapply and refund, each with what undoes it."""
    seen = shown(call(refund(PaymentId="p5", Amount="50")), facts=SAGA, tenant=NO_PERMISSION)
    unapply, refunds = seen.dispatches
    assert [each.dispatch.path.rpartition("/")[2] for each in seen.dispatches] == ["unapply", "refunds"]
    assert seen.objects[0].dispatches == tuple(each.dispatch.id for each in seen.dispatches)
    assert (unapply.proof, unapply.undo) == ("a read of the payment's parts", "PUT /v1/payments/p5/apply")
    assert refunds.undo == "PUT /v1/refunds/{id}/cancel, then PUT /v1/payments/p5/apply"


def test_json_callers_go_by_actions() -> None:
    """Under a key of their own."""
    seen = shown(call(pays("i1", "1")), replace(ERP, own=True))
    assert [each.route for each in seen.objects] == ["action"]
    assert seen.dispatches[0].proof == "the same bytes again under the same Idempotency-Key"


def test_what_rest_leaves_out_is_said() -> None:
    """Zuora does not know it, and its SOAP would ignore it."""
    (only,) = shown(call(pays("d1", "1", Colour="red", Region__c="West"))).objects
    assert only.reason.endswith("; leaves out Colour, which REST cannot carry")


def test_a_preview_plans_what_conduct_would_send() -> None:
    """The same identity, key and bytes as the first attempt of the caller."""
    one, other = shown(call(pays("d1", "80"))), shown(call(pays("d1", "80")), replace(ERP, username="another"))
    assert one.dispatches == other.dispatches
