"""Reconciliation by tables: what an applied create must have in Zuora, and what a movement must have in the journal."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from core_intents import intent

from bridge.core.intent import Intent, State
from bridge.core.reconcile import Break, Expected, Finding, Movement, in_our_name, judge_intent, judge_movement

ID = "8ad09bce" * 4
SCOPE = intent().scope
EXPECTED = Expected("i-1", SCOPE, "Payment", ID, Decimal("80.00"))
MOVED = Movement("Payment", ID, Decimal(80), "Processed", "bridge", 1_000)


@pytest.mark.parametrize(
    ("expected", "found", "kinds"),
    [
        (EXPECTED, MOVED, []),
        (replace(EXPECTED, amount=None), replace(MOVED, amount=Decimal(5)), []),
        (EXPECTED, None, [Break.MISSING]),
        (replace(EXPECTED, amount=None), None, [Break.MISSING]),
        (replace(EXPECTED, changed=True), None, []),
        (EXPECTED, replace(MOVED, amount=Decimal("80.01")), [Break.AMOUNT]),
        (EXPECTED, replace(MOVED, status="Canceled"), [Break.FALLEN]),
        (replace(EXPECTED, changed=True), replace(MOVED, status="Canceled"), []),
        (EXPECTED, replace(MOVED, status="VOIDED", amount=Decimal(1)), [Break.AMOUNT, Break.FALLEN]),
    ],
)
def test_an_applied_create_has_its_object_of_its_amount_standing(
    expected: Expected, found: Movement | None, kinds: list[Break]
) -> None:
    """What the bridge itself changed later is no break."""
    findings = list(judge_intent(expected, found))
    assert [each.kind for each in findings] == kinds
    assert all((each.zuora_id, each.intent_id, each.kind.of_movement) == (ID, "i-1", False) for each in findings)


def of(state: State, **more: object) -> Intent:
    """An intent that the movement may be of."""
    return replace(intent(state=state), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("found", "intents", "kind"),
    [
        (MOVED, [], Break.WITHOUT_INTENT),
        (MOVED, [of(State.APPLIED, zuora_id=ID)], None),
        (MOVED, [of(State.APPLIED, zuora_id="another")], Break.WITHOUT_INTENT),
        (MOVED, [of(State.SENDING)], None),
        (MOVED, [of(State.IN_DOUBT)], None),
        (MOVED, [of(State.PARKED)], None),
        (MOVED, [of(State.REFUSED)], Break.DENIED),
        (MOVED, [of(State.NOT_APPLIED)], Break.DENIED),
        (MOVED, [of(State.SENDING, object_type="Refund")], Break.WITHOUT_INTENT),
        (MOVED, [of(State.SENDING, scope="another|")], Break.WITHOUT_INTENT),
        (replace(MOVED, status="Error"), [], None),
    ],
)
def test_a_movement_in_the_bridges_name_has_its_intent(
    found: Movement, intents: list[Intent], kind: Break | None
) -> None:
    """What is not settled yet may become its own; what moved nothing needs none."""
    findings = list(judge_movement(SCOPE, found, intents))
    assert [each.kind for each in findings] == ([] if kind is None else [kind])
    assert all(each.kind.of_movement and each.found == "80, Processed" for each in findings)


def test_a_movement_of_an_intent_that_came_to_another_object_names_both() -> None:
    """For the person who looks."""
    (finding,) = judge_movement(SCOPE, MOVED, [of(State.APPLIED, zuora_id="another")])
    assert finding.expected == f"nothing: {intent().id} came to another"
    assert finding.intent_id == intent().id


@pytest.mark.parametrize(
    ("movement", "ours"),
    [
        (MOVED, True),
        (replace(MOVED, creator="somebody"), False),
        (replace(MOVED, creator=None, markers=frozenset({"i-" + "0" * 30})), True),
        (replace(MOVED, creator=None, markers=frozenset({"i-" + "0" * 29, "ERP-1"})), False),
    ],
)
def test_a_movement_is_the_bridges_by_its_creator_or_its_marker(movement: Movement, ours: bool) -> None:
    """Refunds carry the intent's id where the caller gave no reference."""
    assert in_our_name(movement, frozenset({"bridge"})) is ours


def test_a_break_has_the_same_name_in_every_run() -> None:
    """Whatever its amounts say meanwhile."""
    first = Finding(Break.AMOUNT, SCOPE, "Payment", ID, "i-1", "80", "79")
    assert first.id == replace(first, found="78").id
    assert first.id != replace(first, kind=Break.MISSING).id != replace(first, intent_id=None).id
