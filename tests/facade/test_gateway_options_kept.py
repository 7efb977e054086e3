"""Gateway options on every route: Zuora gets their values, and the journal forgets them once the payment is settled.

Over real HTTP against the sandbox; the journal's file is opened with its key and read whole (I9).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest
from harness import Answer, Obj, World, part, payment
from harness_wire import until
from json_callers import D1_WHOLE, action, bearer, crud

from bridge.core.intent import Dispatch, State
from bridge.journal.erasing import Erasing
from bridge.journal.reading import Reader, Wanted
from bridge.journal.told import request_lines
from bridge.upstream.recorded import said

CODE = "value-of-an-option"
OPTIONS = [part("GatewayOption", name="orderCode", value=CODE)]
ON_ACCOUNT = payment(Amount="7.10", AppliedCreditBalanceAmount="7.10", GatewayOptionData=OPTIONS)
OF_A_MEMO = Obj("Payment", {**D1_WHOLE.fields, "GatewayOptionData": OPTIONS})
Call = Callable[[World], Answer]

CALLS: dict[str, tuple[str, Call]] = {
    "SOAP": ("soap", lambda world: world.create(ON_ACCOUNT)),
    "SOAP for a debit memo": ("rest", lambda world: world.create(OF_A_MEMO)),
    "Actions": ("action", lambda world: action(world, "create", [ON_ACCOUNT], bearer(world))),
    "CRUD": ("action", lambda world: crud(world, "POST", "payment", ON_ACCOUNT, bearer(world))),
    "CRUD for a debit memo": ("rest", lambda world: crud(world, "POST", "payment", OF_A_MEMO, bearer(world))),
}


def kept(world: World) -> list[tuple[State, Dispatch]]:
    """Every request in the journal's file, opened, with the state of its intent."""
    with Reader(f"sqlite:///{world.database}", None) as reader:
        return [(each.state, one) for each in reader.intents(Wanted()) for one in reader.dispatches(each.id)]


def given(world: World) -> list[object]:
    """The options as the payments in Zuora's books have them."""
    return [each["gatewayOptions"] for each in world.payments()]


@pytest.mark.parametrize("by", CALLS)
def test_zuora_gets_the_values_and_the_journal_forgets_them(world: World, by: str) -> None:
    """What else was sent can still be read, and an equal call joins the payment without anything being sent."""
    route, call = CALLS[by]
    answer = call(world)
    assert answer.status == 200, answer.body
    assert answer.header("Bridge-Route") == route
    assert given(world) == [{"orderCode": CODE}]
    ((state, one),) = kept(world)
    assert (state, one.erased) == (State.APPLIED, True)
    assert CODE not in one.body.decode()
    assert "orderCode" in one.body.decode()
    assert said([(0, one)]).amount is not None
    assert CODE not in "\n".join(request_lines(one))
    mark = world.mark()
    world.restart()
    again = call(world)
    assert again.header("Bridge-Joined") == "true"
    assert again.status == 200
    assert world.writes(mark) == []
    assert kept(world) == [(state, one)]


def test_a_request_in_doubt_keeps_them_and_is_repeated_whole(world: World) -> None:
    """Under its key, byte for byte; then they go."""
    world.fault("drop_after", method="POST", path="/v1/payments", times=1)
    mark = world.mark()
    answer = world.create(OF_A_MEMO)
    assert answer.status == 200, answer.body
    first, second = (one.body for one in world.requests(mark) if one.line == "POST /v1/payments")
    assert first == second
    assert json.loads(first)["gatewayOptions"] == {"orderCode": CODE}
    ((state, one),) = kept(world)
    assert (state, one.erased) == (State.APPLIED, True)


def test_a_refusal_is_settled_too(world: World) -> None:
    """Zuora said no: nothing of it is ever sent again."""
    refused = Obj("Payment", {**ON_ACCOUNT.fields, "PaymentMethodId": "2c92" + "0" * 28})
    assert b"Success>false<" in world.create(refused).body
    assert {(state, one.erased, CODE in one.body.decode()) for state, one in kept(world)} == {
        (State.REFUSED, True, False)
    }


def test_what_a_killed_bridge_left_is_erased_by_the_next_one(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its first round finds what is settled and still whole, and an auditor finds that it did."""
    with monkeypatch.context() as gone:
        gone.setattr(Erasing, "settled", lambda *_: None)
        world.create(ON_ACCOUNT)
    ((state, one),) = kept(world)
    assert (state, one.erased, CODE in one.body.decode()) == (State.APPLIED, False, True)
    world.restart()
    until(lambda: kept(world)[0][1].erased)
    ((state, now),) = kept(world)
    assert now == replace(one, body=one.body.replace(CODE.encode(), b"[erased]"), erased=True)
    with Reader(f"sqlite:///{world.database}", None) as reader:
        assert [row.kind for row in reader.history("")] == ["erased"]
        assert [each.wrong for each in reader.verify()][-1] == ()
