"""Writes whose plan and effect are compared aside, and which are never mirrored: a real bridge, a simulated tenant."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from harness import ERP, Obj, deleted, part, payment, post, refund, saved
from shadow_scene import WRITES, Kept, ask, kept, only_reads, shadowed, wait_for

from bridge.cutover.buckets import place
from bridge.sandbox.rest import shapes

CARD = "4111111111111111"
JSON = (("Content-Type", "application/json"),)
KEYS = (("apiAccessKeyId", ERP), ("apiSecretAccessKey", "demo"))
INVOICE = payment(Amount="40", InvoiceId="@I1", AppliedInvoiceAmount="25.50", AppliedCreditBalanceAmount="14.50")


def showing(kind: str, **lies: Any) -> Any:
    """REST shows a payment or refund otherwise than it is."""
    shown = getattr(shapes, kind)
    return mock.patch.object(shapes, kind, lambda tenant, one: {**shown(tenant, one), **lies})


def told(found: list[Kept]) -> list[tuple[str, bool, list[str]]]:
    """Each comparison in a few words."""
    return [(each.kind, each.equal, each.paths) for each in found]


BOTH_EQUAL = [("plan", True, []), ("effect", True, [])]


def test_plan_and_effect_of_a_payment_are_equal_and_nothing_is_written_for_it(tmp_path: Path) -> None:
    """SOAP alone creates it; its shadow sends GETs and is recorded beside the intent."""
    with shadowed(tmp_path, WRITES) as world:
        world.create(payment(Amount="1", InvoiceId="@I2", AppliedInvoiceAmount="1"))
        mark = wait_for(world, 2) and world.mark()
        answer = world.create(INVOICE)
        assert (answer.header("Bridge-Route"), len(answer.ids)) == ("soap", 1)
        plan, effect = wait_for(world, 4)[2:]
        assert told([plan, effect]) == BOTH_EQUAL
        assert {plan.intent_id, effect.intent_id} == {answer.header("Bridge-Intent")}
        assert plan.detail["request"] == "POST /v1/payments"
        assert (plan.detail["calls"], effect.detail["calls"]) == (0, 1)
        writes = world.writes(mark)
        assert [(one.face, one.operation) for one in writes] == [("soap", "create")]
        assert only_reads(world, writes[0].seq)
        assert [each["amount"] for each in world.payments()] == ["1", "40"]


def test_a_payment_of_several_invoices_by_number_is_equal_in_its_documents(tmp_path: Path) -> None:
    """Rows, an absent Amount, and what neither route is told."""
    rows = [part("InvoicePayment", InvoiceId="@I1", Amount="3.10"), part("InvoicePayment", InvoiceId="@I2", Amount="2")]
    with shadowed(tmp_path, WRITES) as world:
        one = payment(InvoicePaymentData=rows, ReferenceId="r-1", Comment="two of them")
        assert world.create(one).header("Bridge-Route") == "soap"
        assert told(wait_for(world, 2)) == BOTH_EQUAL


def test_a_refund_is_planned_as_if_it_had_not_been_made(tmp_path: Path) -> None:
    """All of a payment was refunded: REST would have done that, before."""
    with shadowed(tmp_path, WRITES) as world:
        answer = world.create(refund(PaymentId="@P1", Amount="45", Comment="all of it"))
        assert answer.header("Bridge-Route") == "soap"
        assert answer.ids
        found = wait_for(world, 2)
        assert told(found) == BOTH_EQUAL
        assert found[0].detail["request"] == f"POST /v1/payments/{world.id('@P1')}/refunds/unapply"


@pytest.mark.parametrize(
    ("lies", "path", "money"),
    [
        ({"amount": Decimal("40.01")}, "effect/amount", True),
        ({"currency": "EUR"}, "effect/currency", True),
        ({"effectiveDate": "2026-01-01"}, "effect/effectiveDate", True),
        ({"paymentMethodId": "0" * 32}, "effect/paymentMethodId", False),
        ({"accountId": "0" * 32}, "effect/accountId", True),
    ],
)
def test_a_wrong_effect_is_found(tmp_path: Path, lies: dict[str, Any], path: str, money: bool) -> None:
    """What is in Zuora is not what REST would have been asked for."""
    with shadowed(tmp_path, WRITES) as world, showing("payment", **lies):
        world.create(INVOICE)
        plan, effect = wait_for(world, 2)
        assert (plan.equal, effect.equal, effect.paths, effect.detail["money"]) == (True, False, [path], money)
        assert ask(world, "shadow")["verdict"] == "FAIL"


def test_documents_that_are_not_paid_as_asked_are_found(tmp_path: Path) -> None:
    """Another amount on another document, both by what they are of."""
    with shadowed(tmp_path, WRITES) as world:
        other = world.id("@I2")
        rows = [{"id": "1" * 32, "amount": Decimal("40"), "invoiceId": other, "debitMemoId": None}]
        with mock.patch.object(shapes, "parts", return_value=rows):
            world.create(INVOICE)
            _, effect = wait_for(world, 2)
        assert (effect.equal, effect.paths, effect.detail["money"]) == (False, ["effect/documents/*"] * 2, True)
        assert {(each["left"], each["right"]) for each in effect.detail["differences"]} == {("25.50", ""), ("", "40")}


def test_what_rest_would_have_refused_is_a_difference(tmp_path: Path) -> None:
    """SOAP did it; under the bridge's credential this caller could not have."""
    callers = {"erp": {"usernames": [ERP], "allow": ["Payment.update"]}}
    with shadowed(tmp_path, WRITES, callers=callers) as world:
        assert world.create(INVOICE).ids
        (plan,) = wait_for(world, 1)
        assert (plan.equal, plan.paths, plan.detail["differences"][0]["right"]) == (
            False,
            ["plan/refused"],
            "NO_PERMISSION",
        )


def test_of_what_soap_refuses_only_the_code_is_compared(tmp_path: Path) -> None:
    """And only where the plan is refused as well: what REST itself would have said nobody knows."""
    with shadowed(tmp_path, WRITES) as world:
        unknown = payment(Amount="9", InvoiceId="@I1", AppliedInvoiceAmount="9", AccountId="8" * 32)
        (row,) = world.create(unknown).rows
        assert row["success"] == "false"
        (plan,) = wait_for(world, 1)
        assert (plan.kind, plan.equal) == ("plan", True), plan
        too_much = payment(Amount="99999", InvoiceId="@I1", AppliedInvoiceAmount="99999", PaymentMethodId="9" * 32)
        assert world.create(too_much).rows[0]["success"] == "false"
        world.create(INVOICE)
        assert [each.kind for each in wait_for(world, 3)] == ["plan", "plan", "effect"]


def test_updates_cancels_and_deletes_are_compared_too(tmp_path: Path) -> None:
    """What a PUT would have been told, the status, and that it is gone."""
    with shadowed(tmp_path, WRITES) as world:
        (made,) = world.create(INVOICE).ids
        wait_for(world, 2)
        changes = [
            saved("update", [Obj("Payment", {"Id": made, "AccountingCode": "1000"})]),
            saved("update", [Obj("Payment", {"Id": made, "Status": "Canceled"})]),
            deleted("Payment", [made]),
        ]
        for count, body in enumerate(changes, 2):
            answer = post(world.endpoint(), world.message(body))
            assert answer.header("Bridge-Route") == "soap"
            assert answer.rows[0]["success"] == "true", answer.body
            found = wait_for(world, 2 * count)
            assert told(found[-2:]) == BOTH_EQUAL, found[-2:]
        assert [each.operation for each in kept(world)][2::2] == ["update", "update", "delete"]


def test_an_action_is_shadowed_under_the_caller_s_own_credential(tmp_path: Path) -> None:
    """JSON callers have no SOAP; the default is an Action."""
    with shadowed(tmp_path, WRITES) as world:
        one = {
            "AccountId": world.id("@A"), "Amount": 12.5, "AppliedCreditBalanceAmount": 12.5, "Type": "External",
            "EffectiveDate": "2026-02-20", "PaymentMethodId": world.id("@PMx"), "Status": "Processed",
            "AppliedInvoiceAmount": 12.5, "InvoiceId": world.id("@I1"),
        }  # fmt: skip
        del one["AppliedCreditBalanceAmount"]
        body = json.dumps({"type": "Payment", "objects": [one]}).encode()
        answer = post(f"{world.url}/v1/action/create", body, (*JSON, *KEYS))
        assert answer.header("Bridge-Route") == "action", answer.body
        assert told(wait_for(world, 2)) == BOTH_EQUAL


def test_one_part_of_the_accounts_moves_and_the_other_is_shadowed(tmp_path: Path) -> None:
    """``otherwise`` may be shadow: the comparisons are those of the rule that moves."""
    rule = '[[rule]]\nname = "pilot"\noperation = "create"\nroute = "rest"\npercent = 60\notherwise = "shadow"\n'
    with shadowed(tmp_path, rule) as world:
        assert place("10000", world.id("@Q")) < 60 < place("10000", world.id("@A"))
        moved = payment(AccountId="@Q", Amount="2", InvoiceId="@IQ", AppliedInvoiceAmount="2")
        assert world.create(moved).header("Bridge-Route") == "rest"
        assert world.create(INVOICE).header("Bridge-Route") == "soap"
        assert {(each.rule, each.equal) for each in wait_for(world, 2)} == {("pilot", True)}


def test_a_repeat_and_a_doubt_are_no_evidence(tmp_path: Path) -> None:
    """A joined answer was compared when it was made; what nobody knows cannot be compared."""
    with shadowed(tmp_path, WRITES) as world:
        world.create(INVOICE)
        wait_for(world, 2)
        assert world.create(INVOICE).header("Bridge-Joined") == "true"
        world.fault("drop_after", operation="create")
        world.create(payment(Amount="6.25", InvoiceId="@I2", AppliedInvoiceAmount="6.25"))
        world.create(payment(Amount="7.25", InvoiceId="@I2", AppliedInvoiceAmount="7.25"))
        found = wait_for(world, 4)
        assert len({each.intent_id for each in found}) == 2


def test_no_secret_is_kept(tmp_path: Path) -> None:
    """A card number in a comment and the session that brought it: nowhere in the database's comparisons."""
    with shadowed(tmp_path, WRITES) as world, showing("payment", comment=f"paid with {CARD}, token=abcdef123456"):
        session = world.session
        world.create(INVOICE.but(Comment=f"card {CARD} of {session}"))
        plan, effect = wait_for(world, 2)
        assert effect.paths == ["effect/comment"]
        text = json.dumps([plan.detail, effect.detail, ask(world, "shadow")])
        assert CARD not in text
        assert "abcdef123456" not in text
        assert session not in text
