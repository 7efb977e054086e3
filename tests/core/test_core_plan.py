"""From verdicts to dispatches: faults for a whole call, permission, one transaction, and the exact bytes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import pytest
from core_intents import dispatch, intent
from core_objects import ERP, STRANGER, TENANT, call, pays, refund

from bridge.core import plan
from bridge.core.classify import Forward, Refused, Translate, Verdict
from bridge.core.classify.verdicts import Prelude, Request
from bridge.core.commands import Composed
from bridge.core.facts import Kind, Part
from bridge.core.identity import Act, Identity, upstream_key
from bridge.core.intent import Intent, State
from bridge.core.model import CallFault, Op, Route, RowError

NOW = 5_000
OBJ = pays("d1", "80")
FORWARD = Forward(OBJ, "names only invoices")
TRANSLATE = Translate(OBJ, "/v1/payments", {"amount": Decimal("80.00"), "comment": "é"}, "a", "names a debit memo")
REFUSED = Refused((RowError("INVALID_VALUE", "m", "Amount"),))
UNSENT = Refused((RowError("TEMPORARY_ERROR", "not sent"),), unsent=True)


# ---------------------------------------------------------------- the whole call


@pytest.mark.parametrize("count", [0, 1, 50])
def test_up_to_fifty_objects_are_a_call(count: int) -> None:
    """Zuora's own limit."""
    assert plan.check(call(*[OBJ] * count)) is None


def test_fifty_one_objects_are_a_fault() -> None:
    """Nothing is processed, and a fault says so by definition (45, CHOICE-9)."""
    fault = plan.check(call(*[OBJ] * 51))
    assert fault is not None
    assert (fault.code, fault.kind, fault.status) == ("MAX_RECORDS_EXCEEDED", "UnexpectedErrorFault", 500)


def test_a_version_that_cannot_be_served_is_a_fault() -> None:
    """Before anything is looked up."""
    fault = plan.check(call(OBJ, version="0.9"))
    assert fault is not None
    assert (fault.code, fault.kind, fault.status) == ("INVALID_VERSION", "UnexpectedErrorFault", 500)


# ---------------------------------------------------------------- permission and one transaction


def codes(verdicts: Sequence[Verdict]) -> list[str]:
    """What each object comes to: its error's code, or the way it goes."""
    return [each.errors[0].code if isinstance(each, Refused) else type(each).__name__ for each in verdicts]


def test_only_what_goes_under_the_bridges_credential_needs_permission() -> None:
    """The other objects of the call go on."""
    verdicts = [TRANSLATE, FORWARD, REFUSED]
    assert codes(plan.permitted(call(OBJ), ERP, verdicts)) == ["Translate", "Forward", "INVALID_VALUE"]
    assert codes(plan.permitted(call(OBJ), STRANGER, verdicts)) == ["NO_PERMISSION", "Forward", "INVALID_VALUE"]


@pytest.mark.parametrize("allow", [{"Payment.create"}, {"Payment.*"}, {"*"}])
def test_permission_is_for_an_object_and_an_operation(allow: set[str]) -> None:
    """Payments do not allow refunds."""
    caller = replace(STRANGER, allow=frozenset(allow))
    assert codes(plan.permitted(call(OBJ), caller, [TRANSLATE])) == ["Translate"]
    told = codes(plan.permitted(call(refund()), caller, [TRANSLATE]))
    assert told == (["Translate"] if "*" in allow else ["NO_PERMISSION"])


@pytest.mark.parametrize(
    ("verdicts", "told", "unsent"),
    [
        ([FORWARD, FORWARD], ["Forward", "Forward"], [None, None]),
        ([FORWARD, TRANSLATE], ["INVALID_VALUE"] * 2, [False, False]),
        ([FORWARD, replace(FORWARD, route=Route.ACTION)], ["INVALID_VALUE"] * 2, [False, False]),
        ([TRANSLATE, UNSENT], ["INVALID_VALUE", "TEMPORARY_ERROR"], [False, True]),
        ([FORWARD, REFUSED], ["INVALID_VALUE"] * 2, [False, False]),
        ([FORWARD, UNSENT], ["TEMPORARY_ERROR"] * 2, [True, True]),
        ([FORWARD, UNSENT, REFUSED], ["INVALID_VALUE", "TEMPORARY_ERROR", "INVALID_VALUE"], [False, True, False]),
    ],
)
def test_one_transaction_is_all_soap_or_nothing(
    verdicts: list[Verdict], told: list[str], unsent: list[bool | None]
) -> None:
    """Every row an error, nothing done (47, CHOICE-3); where only a look-up is wanting, a repeat may succeed."""
    made = plan.permitted(call(OBJ, single_transaction=True), ERP, verdicts)
    assert codes(made) == told
    assert [each.unsent if isinstance(each, Refused) else None for each in made] == unsent


def test_an_object_that_stops_a_transaction_keeps_its_own_error() -> None:
    """The others say that it stopped them."""
    made = plan.permitted(call(OBJ, single_transaction=True), ERP, [REFUSED, FORWARD])
    assert made[0] is REFUSED
    assert isinstance(made[1], Refused)
    assert "useSingleTransaction" in made[1].errors[0].message


# ---------------------------------------------------------------- intents


@pytest.mark.parametrize(
    ("verdict", "state", "route"),
    [
        (FORWARD, State.PLANNED, Route.SOAP),
        (TRANSLATE, State.PLANNED, Route.REST),
        (REFUSED, State.REFUSED, None),
        (UNSENT, State.REFUSED, None),
    ],
)
def test_an_intent_is_planned_or_refused(verdict: Verdict, state: State, route: Route | None) -> None:
    """The route is pinned to it (I4); a refusal is settled at once and keeps its errors."""
    made = plan.intent(call(OBJ), ERP, "c1", "first", 3, Identity(Act("print", "print"), 1, 2), verdict, NOW)
    assert (made.state, made.route, made.position, made.owner) == (state, route, 3, "first")
    assert (made.scope, made.fingerprint, made.ordinal, made.generation) == (ERP.scope, "print", 1, 2)
    assert made.caller == "erp"
    if isinstance(verdict, Refused):
        assert (made.errors, made.unsent, made.settled_at) == (verdict.errors, verdict.unsent, NOW)


def test_a_caller_without_a_configured_name_is_its_username() -> None:
    """The journal says who it was."""
    caller = replace(ERP, name="")
    assert (
        plan.intent(call(OBJ), caller, "c", "o", 0, Identity(Act("p", "p")), FORWARD, NOW).caller == "erp@example.com"
    )


# ---------------------------------------------------------------- dispatches


def planned(kind: str = "Payment", **fields: object) -> Intent:
    """An intent that is not sent yet."""
    return intent(state=State.PLANNED, object_type=kind, **fields)


def test_a_rest_dispatch_is_pinned_to_the_byte() -> None:
    """Path, version, key and JSON; no session and no credential in it (I9)."""
    (made,) = plan.rest_dispatches(planned(), TRANSLATE, TENANT, "", NOW)
    key = upstream_key(ERP.scope, "print of i-1", 0, 0, 0, 0)
    assert (made.method, made.path, made.route, made.op) == ("POST", "/v1/payments", Route.REST, Op.CREATE)
    assert made.body == b'{"amount":80.00,"comment":"\\u00e9"}'
    assert dict(made.headers) == {
        "Content-Type": "application/json",
        "Idempotency-Key": key,
        "Zuora-Track-Id": "i-1",
        "Zuora-Version": "2025-08-12",
    }
    assert (made.key, made.intent_ids, made.recorded_at, made.first_sent_at) == (key, ("i-1",), NOW, None)


def test_an_entity_is_named_to_zuora() -> None:
    """A token may be valid for several (117)."""
    (made,) = plan.rest_dispatches(planned(), TRANSLATE, TENANT, "e2", NOW)
    assert ("Zuora-Entity-Ids", "e2") in made.headers


@pytest.mark.parametrize(
    ("kind", "body", "marker", "reference"),
    [
        ("Payment", {}, None, None),
        ("Payment", {"referenceId": "r", "gatewayOrderId": "g"}, "r", "r"),
        ("Payment", {"gatewayOrderId": "g"}, "g", None),
        ("Refund", {}, "i-1", "i-1"),
        ("Refund", {"referenceId": "r"}, "r", "r"),
    ],
)
def test_a_marker_is_what_a_later_look_up_can_find(
    kind: str, body: dict[str, str], marker: str | None, reference: str | None
) -> None:
    """Nothing is added to payments; a refund without a reference carries the intent's id."""
    (made,) = plan.rest_dispatches(planned(kind), replace(TRANSLATE, body=body), TENANT, "", NOW)
    assert made.marker == marker
    assert json.loads(made.body).get("referenceId") == reference


def test_refunds_can_be_left_without_a_marker() -> None:
    """The owner may switch it off."""
    tenant = replace(TENANT, refund_reference=False)
    (made,) = plan.rest_dispatches(planned("Refund"), replace(TRANSLATE, body={}), tenant, "", NOW)
    assert (made.body, made.marker) == (b"{}", None)


def test_the_next_attempt_is_the_same_request_under_a_new_key() -> None:
    """Only the key, and what is made of it, changes."""
    first = dispatch()
    second = plan.next_attempt(first, intent(), NOW)
    third = plan.next_attempt(second, intent(), NOW)
    assert (second.body, second.path, second.intent_ids) == (first.body, first.path, first.intent_ids)
    assert len({first.key, second.key, third.key}) == len({first.id, second.id, third.id}) == 3
    assert dict(second.headers) == {"Idempotency-Key": second.key, "Zuora-Version": "2025-08-12"}
    assert [each.attempt for each in (first, second, third)] == [0, 1, 2]
    assert second.first_sent_at == NOW


def test_a_soap_dispatch_carries_its_objects_in_order_and_no_key() -> None:
    """Zuora has none for SOAP."""
    composed = Composed("/apps/services/a/107.0", (("SOAPAction", ""),), b"<x/>")
    made = plan.batch_dispatch("c1", Op.UPDATE, Route.SOAP, [intent("i-2"), intent("i-1")], composed, NOW, begins=True)
    assert (made.path, made.headers, made.body) == (composed.path, composed.headers, composed.body)
    assert (made.intent_ids, made.key, made.op, made.first_sent_at) == (("i-2", "i-1"), None, Op.UPDATE, NOW)


def test_an_action_has_a_key_of_all_that_it_carries() -> None:
    """Zuora takes Idempotency-Key for Actions; another set of intents is another request."""
    composed = Composed("/v1/action/create", (("Content-Type", "application/json"),), b"{}")
    both, one = (
        plan.batch_dispatch("c1", Op.CREATE, Route.ACTION, intents, composed, NOW, begins=False)
        for intents in ([intent("i-1"), intent("i-2")], [intent("i-1")])
    )
    assert both.headers == (*composed.headers, ("Idempotency-Key", both.key), ("Zuora-Track-Id", both.id))
    assert both.key != one.key
    assert (both.route, both.first_sent_at) == (Route.ACTION, None)


PRELUDE = Prelude("p2", (Part(Kind.DEBIT_MEMO, "d5", Decimal("50")),), (Part(Kind.DEBIT_MEMO, "d5", Decimal("50.00")),))


def test_a_saga_is_three_requests_recorded_at_once() -> None:
    """Unapply, refund, and what takes the first back; only the refund has a key and a marker."""
    verdict = replace(TRANSLATE, path="/v1/payments/p2/refunds", body={"totalAmount": Decimal(50)}, prelude=PRELUDE)
    unapply, refunds, undo = plan.rest_dispatches(planned("Refund"), verdict, TENANT, "", NOW)
    assert [(each.method, each.path, each.step) for each in (unapply, refunds, undo)] == [
        ("PUT", "/v1/payments/p2/unapply", 0),
        ("POST", "/v1/payments/p2/refunds", 1),
        ("PUT", "/v1/payments/p2/apply", 2),
    ]
    assert unapply.body == undo.body == b'{"debitMemos":[{"debitMemoId":"d5","amount":50}]}'
    assert [each.key is None for each in (unapply, refunds, undo)] == [True, False, True]
    assert "Idempotency-Key" not in dict(unapply.headers)
    assert json.loads(unapply.snapshot or "") == {
        "payment": "p2",
        "takes": [["debit memo", "d5", "50"]],
        "before": [["debit memo", "d5", "50.00"]],
    }


def test_a_request_without_a_body_says_nothing_of_one() -> None:
    """A cancel or a delete has none."""
    verdict = replace(TRANSLATE, method="PUT", path="/v1/payments/p2/cancel", body=None)
    (made,) = plan.rest_dispatches(planned(), verdict, TENANT, "", NOW)
    assert (made.body, made.key, made.marker) == (b"", None, None)
    assert "Content-Type" not in dict(made.headers)
    again = plan.next_attempt(made, planned(), NOW)
    assert (again.key, again.headers, again.attempt) == (None, made.headers, 1)
    assert again.id != made.id


def test_whom_the_owner_allows_nothing_keeps_soap_without_its_fall_back() -> None:
    """Actions go under the bridge's credential too, unless the caller has its own."""
    cancel = Request("PUT", "/v1/payments/p2/cancel")
    behind, action = replace(FORWARD, fallback=cancel), replace(FORWARD, route=Route.ACTION)
    assert plan.permitted(call(OBJ), STRANGER, [behind]) == [FORWARD]
    assert codes(plan.permitted(call(OBJ), STRANGER, [action])) == ["NO_PERMISSION"]
    assert plan.permitted(call(OBJ), replace(STRANGER, own=True), [action, behind]) == [action, behind]


def test_lanes_are_accounts_in_the_callers_order() -> None:
    """Two payments on one memo must not race (43)."""
    items = [
        plan.Item(place, replace(TRANSLATE, lane=lane), planned(position=place)) for place, lane in enumerate("abcab")
    ]
    assert [[item.position for item in lane] for lane in plan.lanes(items)] == [[0, 3], [1, 4], [2]]
    assert plan.lanes([]) == []


def test_a_fault_says_that_nothing_was_processed() -> None:
    """Whatever its reason."""
    faults = [plan.check(call(*[OBJ] * 51)), plan.check(call(OBJ, version="0.9"))]
    assert all(isinstance(fault, CallFault) and "nothing was processed" in fault.message for fault in faults)
