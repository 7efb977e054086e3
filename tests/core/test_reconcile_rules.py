"""What reconciliation calls a break, and what it leaves alone."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from bridge.core.intent import Intent, State
from bridge.core.model import Op, Route
from bridge.core.reconcile import Break, Expected, Movement, in_our_name, judge_intent, judge_movement

SCOPE = "10000|"
EXPECTED = Expected("i-1", SCOPE, "Payment", "z1", Decimal("10.00"))
SEEN = Movement("Payment", "z1", Decimal("10"), "Processed", "u1", 1_000)
INTENT = Intent(
    "i-1", SCOPE, "erp", "c1", 0, Op.CREATE, "Payment", "f", 0, 0, Route.REST, State.APPLIED, 1, "w1", zuora_id="z1"
)  # fmt: skip


@pytest.mark.parametrize(
    ("expected", "found", "kinds"),
    [
        (EXPECTED, SEEN, []),
        (EXPECTED, None, [Break.MISSING]),
        (replace(EXPECTED, changed=True), None, []),
        (EXPECTED, replace(SEEN, amount=Decimal("10.01")), [Break.AMOUNT]),
        (replace(EXPECTED, amount=None), replace(SEEN, amount=Decimal("99")), []),
        (EXPECTED, replace(SEEN, status="Error"), [Break.FALLEN]),
        (EXPECTED, replace(SEEN, status="voided"), [Break.FALLEN]),
        (replace(EXPECTED, changed=True), replace(SEEN, status="Canceled"), []),
        (EXPECTED, replace(SEEN, status="Processing"), []),
        (EXPECTED, replace(SEEN, amount=Decimal("1"), status="Canceled"), [Break.AMOUNT, Break.FALLEN]),
    ],
)
def test_an_applied_intent_is_judged_by_its_object(
    expected: Expected, found: Movement | None, kinds: list[Break]
) -> None:
    """Missing, of another amount, or fallen by nobody's request to the bridge."""
    assert [each.kind for each in judge_intent(expected, found)] == kinds


@pytest.mark.parametrize(
    ("found", "intents", "kinds"),
    [
        (SEEN, [INTENT], []),
        (SEEN, [], [Break.WITHOUT_INTENT]),
        (SEEN, [replace(INTENT, zuora_id="z2")], [Break.WITHOUT_INTENT]),
        (SEEN, [replace(INTENT, object_type="Refund")], [Break.WITHOUT_INTENT]),
        (SEEN, [replace(INTENT, scope="10000|other")], [Break.WITHOUT_INTENT]),
        (SEEN, [replace(INTENT, state=State.REFUSED, zuora_id=None)], [Break.DENIED]),
        (SEEN, [replace(INTENT, state=State.NOT_APPLIED, zuora_id=None)], [Break.DENIED]),
        (replace(SEEN, status="Error"), [], []),
        (replace(SEEN, status="Canceled"), [replace(INTENT, state=State.REFUSED, zuora_id=None)], []),
        *[
            (SEEN, [replace(INTENT, state=state, zuora_id=None)], [])
            for state in State
            if state not in (State.APPLIED, State.REFUSED, State.NOT_APPLIED)
        ],
    ],
)
def test_a_movement_is_judged_by_the_intents_it_can_be_of(
    found: Movement, intents: list[Intent], kinds: list[Break]
) -> None:
    """An unsettled one may become its own; one that was denied is the worst."""
    assert [each.kind for each in judge_movement(SCOPE, found, intents)] == kinds


def test_a_movement_is_in_our_name_by_its_maker_or_by_an_intent_s_id() -> None:
    """A reference that only looks a little like one is a caller's."""
    assert in_our_name(SEEN, frozenset({"u1"}))
    assert not in_our_name(SEEN, frozenset())
    assert in_our_name(replace(SEEN, markers=frozenset({"i-" + "0a" * 15})), frozenset())
    assert not in_our_name(replace(SEEN, markers=frozenset({"i-" + "0a" * 16, "i-1"})), frozenset())


def test_a_break_has_the_same_id_in_every_run_and_another_for_another_thing() -> None:
    """Also when the amounts in its words change."""
    (first,) = judge_intent(EXPECTED, replace(SEEN, amount=Decimal("1")))
    (again,) = judge_intent(EXPECTED, replace(SEEN, amount=Decimal("2")))
    (other,) = judge_intent(EXPECTED, None)
    assert first.id == again.id != other.id
    assert [kind.of_movement for kind in Break] == [False, False, False, True, True]
