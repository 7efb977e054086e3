"""Writes of payments and refunds by Actions and CRUD: the same acts as by SOAP, in JSON's shapes.

Over real HTTP against the sandbox; what reached it and its books are the judge.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from harness import TODAY, Answer, Headers, Obj, World, part, payment, refund
from json_callers import (
    D1_WHOLE,
    ON_ACCOUNT,
    action,
    bearer,
    cookie,
    crud,
    deleting,
    keys,
    rows,
    session,
    told,
    written,
)

I1_WHOLE = payment(Amount="100.00", InvoiceId="@I1", AppliedInvoiceAmount="100.00")
DRAFT = payment(Amount="40", InvoiceId="@D2", AppliedInvoiceAmount="40")
C1_REFUND = refund(PaymentId="@C1", Amount="60")


def posts(world: World, mark: int) -> list[tuple[str, object]]:
    """What changed something at Zuora: line and body."""
    return [(one.line, one.json) for one in world.writes(mark)]


# ------------------------------------------------------------------ the scenarios


def test_scenario_20_an_action_pays_a_debit_memo(world: World) -> None:
    """By REST, under the caller's own bearer, answered as Actions are."""
    who, mark = bearer(world), 0
    mark = world.mark()
    answer = action(world, "create", [D1_WHOLE], who)
    (made,) = world.payments()
    assert answer.body == b'[{"Id":"%s","Success":true}]' % made["id"].encode()
    assert answer.header("Content-Type") == "application/json;charset=utf-8"
    assert answer.header("Bridge-Route") == "rest"
    ((line, body),) = posts(world, mark)
    assert line == "POST /v1/payments"
    assert body["debitMemos"] == [{"debitMemoId": world.id("@D1"), "amount": "80"}]
    assert world.document("D1")["balance"] == "0"


def test_scenario_21_crud_pays_a_debit_memo(world: World) -> None:
    """The same act, one object."""
    answer = crud(world, "POST", "payment", D1_WHOLE, bearer(world))
    (made,) = world.payments()
    assert (answer.status, answer.body) == (200, b'{"Success":true,"Id":"%s"}' % made["id"].encode())
    assert world.document("D1")["balance"] == "0"


def test_scenario_22_crud_tells_a_refusal_by_its_status(world: World) -> None:
    """A draft memo: 400, and nothing is sent."""
    who = bearer(world)
    mark = world.mark()
    answer = crud(world, "POST", "payment", DRAFT, who)
    assert answer.status == 400
    said = told(answer)
    assert (list(said), said["Success"]) == (["Success", "Errors"], False)
    (error,) = said["Errors"]  # type: ignore[misc]
    assert (list(error), error["Code"]) == (["Code", "Message"], "INVALID_VALUE")  # type: ignore[call-overload]
    assert posts(world, mark) == []
    assert world.payments() == []


def test_scenario_105_an_action_refunds_a_credit_memo(world: World) -> None:
    """A list, as for payments."""
    answer = action(world, "create", [C1_REFUND], bearer(world))
    (made,) = world.refunds()
    assert answer.body == b'[{"Id":"%s","Success":true}]' % made["id"].encode()
    assert world.document("C1")["unappliedAmount"] == "0"


# ------------------------------------------------------------------ one act, several doors

DOORS: dict[str, Callable[[World, Obj, Headers], Answer]] = {
    "SOAP": lambda world, one, who: world.create(one),
    "Actions": lambda world, one, who: action(world, "create", [one], who),
    "CRUD": lambda world, one, who: crud(world, "POST", one.type.lower(), one, who),
}


@pytest.mark.parametrize(
    "one",
    [
        D1_WHOLE,
        C1_REFUND,
        payment(
            Amount="3.50",
            Comment='é "x" <&>',
            InvoicePaymentData=[
                part("InvoicePayment", InvoiceId="@I1", Amount="1.25"),
                part("InvoicePayment", InvoiceId="@D1", Amount="2.25"),
            ],
        ),
        payment(Amount="5", DebitMemoNumber="DM00000001", AppliedInvoiceAmount="5"),
        payment(
            Amount="10",
            DebitMemoPaymentData=[
                part(
                    "DebitMemoPayment",
                    Amount="10",
                    DebitMemoId="@D1",
                    DebitMemoItemPaymentData=[part("DebitMemoItemPayment", Amount="10", TaxItemId="@dt1")],
                )
            ],
        ),
    ],
    ids=["a debit memo", "a credit memo", "two documents", "an extension element", "an item"],
)
def test_every_door_sends_zuora_the_same(one: Obj, tmp_path: Path) -> None:
    """One object model behind all doors: method, path, body and key of the REST request are equal."""
    sent = {}
    for name, call in DOORS.items():
        folder = tmp_path / name
        folder.mkdir()
        with World(folder) as world:
            who = bearer(world)
            mark = world.mark()
            assert call(world, one, who).status == 200
            (seen,) = world.writes(mark)
            sent[name] = (seen.method, seen.path, seen.body, seen.headers["idempotency-key"])
    assert sent["SOAP"] == sent["Actions"] == sent["CRUD"]


@pytest.mark.parametrize("second", ["Actions", "CRUD"])
@pytest.mark.parametrize("first", ["SOAP", "Actions", "CRUD"])
def test_the_same_act_by_another_door_is_joined(first: str, second: str, world: World) -> None:
    """Identity is the tenant's and the object's, not the door's: one payment, one Id."""
    who = bearer(world)
    DOORS[first](world, D1_WHOLE, who)
    mark = world.mark()
    again = DOORS[second](world, D1_WHOLE, who)
    (made,) = world.payments()
    assert again.header("Bridge-Joined") == "true"
    assert made["id"].encode() in again.body
    assert posts(world, mark) == []


def test_an_act_by_json_is_joined_by_soap(world: World) -> None:
    """The other way round."""
    action(world, "create", [D1_WHOLE], bearer(world))
    again = world.create(D1_WHOLE)
    assert again.header("Bridge-Joined") == "true"
    assert again.ids == [world.payments()[0]["id"]]


# ------------------------------------------------------------------ the route of Actions


def test_what_actions_can_carry_goes_as_an_action(world: World) -> None:
    """An invoice: numbers as they were written, the tenant's version, a key, and the caller's own credential."""
    who = keys()
    mark = world.mark()
    answer = action(world, "create", [I1_WHOLE, ON_ACCOUNT], who)
    assert [row["Success"] for row in rows(answer)] == [True, True]
    assert answer.header("Bridge-Route") == "action,action"
    (seen,) = world.writes(mark)
    assert seen.line == "POST /v1/action/create"
    assert seen.headers["x-zuora-wsdl-version"] == "107.0"
    assert seen.headers["apiaccesskeyid"] == "erp@example.com"
    assert seen.headers["idempotency-key"]
    assert seen.json == {
        "type": "Payment",
        "objects": [
            json.loads(written(world.resolve(one)), parse_float=str, parse_int=str) for one in (I1_WHOLE, ON_ACCOUNT)
        ],
    }
    assert world.document("I1")["balance"] == "0"


def test_a_batch_is_answered_in_its_order(world: World) -> None:
    """An Action, REST and a refusal before sending, each in its place."""
    answer = action(world, "create", [D1_WHOLE, DRAFT, I1_WHOLE], bearer(world))
    made = rows(answer)
    assert [row["Success"] for row in made] == [True, False, True]
    assert answer.header("Bridge-Route") == "rest,,action"
    assert [list(row) for row in made] == [["Id", "Success"], ["Success", "Errors"], ["Id", "Success"]]
    errors = made[1]["Errors"]
    assert isinstance(errors, list)
    assert [list(error) for error in errors] == [["Code", "Message"]]


def test_updates_and_deletes_by_actions(world: World) -> None:
    """An external payment is cancelled and deleted; delete rows are in lower case and name their ids."""
    world.control("settings", {"soapDeletes": True})
    (made,) = rows(action(world, "create", [ON_ACCOUNT], bearer(world)))
    one = str(made["Id"])
    canceled = action(world, "update", [Obj("Payment", {"Id": one, "Status": "Canceled"})], bearer(world))
    assert canceled.body == b'[{"Id":"%s","Success":true}]' % one.encode()
    answer = deleting(world, "Payment", [one, "@P1"], bearer(world))
    first, second = rows(answer)
    assert first == {"id": one, "success": True}
    assert list(second) == ["success", "id", "errors"]
    assert (second["success"], second["id"]) == (False, world.id("@P1"))
    assert one not in {each["id"] for each in world.payments()}


def test_updates_and_deletes_by_crud(world: World) -> None:
    """One object at its own path; Zuora's delete pages write a payment's answer in capitals, a refund's not."""
    world.control("settings", {"soapDeletes": True})
    who = bearer(world)
    one = str(told(crud(world, "POST", "payment", ON_ACCOUNT, who))["Id"])
    canceled = crud(world, "PUT", f"payment/{one}", Obj("Payment", {"Status": "Canceled"}), who)
    assert (canceled.status, canceled.body) == (200, b'{"Success":true,"Id":"%s"}' % one.encode())
    gone = crud(world, "DELETE", f"payment/{one}", None, who)
    assert (gone.status, gone.body) == (200, b'{"Id":"%s","Success":true}' % one.encode())
    two = str(told(crud(world, "POST", "refund", refund(PaymentId="@P1", Amount="45"), who))["Id"])
    crud(world, "PUT", f"refund/{two}", Obj("Refund", {"Status": "Canceled"}), who)
    gone = crud(world, "DELETE", f"refund/{two}", None, who)
    assert (gone.status, gone.body) == (200, b'{"id":"%s","success":true}' % two.encode())


def test_a_crud_update_is_of_the_object_in_its_path(world: World) -> None:
    """An Id in the body that names another one is refused."""
    who = bearer(world)
    mark = world.mark()
    answer = crud(world, "PUT", f"payment/{world.id('@P2')}", Obj("Payment", {"Id": "@P1", "Status": "Canceled"}), who)
    assert (answer.status, told(answer)["Success"]) == (400, False)
    assert posts(world, mark) == []


def test_a_soap_caller_goes_by_action_where_the_owner_says_so(tmp_path: Path) -> None:
    """Under the bridge's own OAuth client, with a key; the answer is SOAP's."""
    with World(tmp_path, routes={"Payment.create": "action"}) as world:
        mark = world.mark()
        answer = world.create(I1_WHOLE)
        assert answer.ids == [world.payments()[0]["id"]]
        (seen,) = world.writes(mark)
    assert seen.line == "POST /v1/action/create"
    assert seen.headers["authorization"].startswith("Bearer ")
    assert answer.header("Bridge-Route") == "action"


def test_a_json_caller_goes_by_rest_where_the_owner_says_so(tmp_path: Path) -> None:
    """BRIDGE_ROUTES governs all doors."""
    with World(tmp_path, routes={"Payment.create": "rest"}) as world:
        mark = world.mark()
        answer = action(world, "create", [I1_WHOLE], bearer(world))
        assert rows(answer)[0]["Success"] is True
        assert [one.line for one in world.writes(mark) if one.path != "/oauth/token"] == ["POST /v1/payments"]


def test_a_json_caller_never_goes_by_soap(tmp_path: Path) -> None:
    """It has no session."""
    with World(tmp_path, routes={"*": "soap"}) as world:
        answer = action(world, "create", [I1_WHOLE], bearer(world))
    assert answer.header("Bridge-Route") == "action"


# ------------------------------------------------------------------ versions


def test_without_a_version_the_caller_is_of_79(world: World) -> None:
    """Zuora: Actions; at 50 the code of a passing trouble is another one."""
    for headers, code in (((), "TEMPORARY_ERROR"), ((("X-Zuora-WSDL-Version", "50"),), "UNKNOWN_ERROR")):
        world.fault("html_502", method="GET", path=f"/v1/accounts/{world.id('@A')}", times=1)
        (row,) = rows(action(world, "create", [payment(Amount="1")], keys(), *headers))
        errors = row["Errors"]
        assert isinstance(errors, list)
        assert errors[0]["Code"] == code


@pytest.mark.parametrize("version", ["latest", "", "1.2.3", "-1"])
def test_a_version_that_is_none_is_refused(version: str, world: World) -> None:
    """As an endpoint without one is."""
    answer = action(world, "create", [payment(Amount="1")], bearer(world), ("X-Zuora-WSDL-Version", version))
    assert (answer.status, told(answer)["FaultCode"]) == (400, "INVALID_VERSION")
    assert world.payments() == []


# ------------------------------------------------------------------ doubt and refusal by Zuora


def test_a_lost_action_is_settled_under_its_key(world: World) -> None:
    """The answer is lost once: the same bytes under the same key bring it, and there is one payment."""
    world.fault("drop_after", path="/v1/action/create", times=1)
    who = bearer(world)
    mark = world.mark()
    answer = action(world, "create", [I1_WHOLE], who)
    (made,) = world.payments()
    assert rows(answer) == [{"Id": made["id"], "Success": True}]
    first, second = world.writes(mark)
    assert (first.body, first.headers["idempotency-key"]) == (second.body, second.headers["idempotency-key"])


def test_a_row_in_doubt_says_so(tmp_path: Path) -> None:
    """Actions: TRANSACTION_TIMEOUT, as for SOAP; CRUD, which has no row beside its status: 504 without a body."""
    patience = {"callers": {"json": {"usernames": ["json"], "wait_seconds": 2}}}
    with World(tmp_path, **patience) as world:
        who = bearer(world)
        world.fault("drop_after", path="/v1/payments", times=50)
        part_of_it = payment(Amount="30", InvoiceId="@D1", AppliedInvoiceAmount="30")
        (row,) = rows(action(world, "create", [part_of_it], who))
        errors = row["Errors"]
        assert isinstance(errors, list)
        assert errors[0]["Code"] == "TRANSACTION_TIMEOUT"
        assert str(errors[0]["Message"]).startswith("OUTCOME UNKNOWN, repeat unchanged")
        other = payment(Amount="1", InvoiceId="@D1", AppliedInvoiceAmount="1")
        answer = crud(world, "POST", "payment", other, who)
        assert (answer.status, answer.body, answer.header("Content-Length")) == (504, b"", "0")


def test_zuoras_limit_is_429_with_retry_after(world: World) -> None:
    """Both shapes."""
    who = bearer(world)
    world.fault("rate_limited", path="/v1/action/create", times=2)
    answer = action(world, "create", [I1_WHOLE], who)
    assert (answer.status, told(answer)["FaultCode"]) == (429, "REQUEST_EXCEEDED_LIMIT")
    assert answer.header("Retry-After") == "120"
    answer = crud(world, "POST", "payment", I1_WHOLE, who)
    assert (answer.status, list(told(answer))) == (429, ["Success", "Errors"])
    assert answer.header("Retry-After") == "120"


def test_a_fault_of_zuora_is_relayed(world: World) -> None:
    """Call-level: 400 with code and text."""
    world.fault("soap_fault", code="LOCK_COMPETITION", path="/v1/action/create")
    answer = action(world, "create", [I1_WHOLE], bearer(world))
    assert (answer.status, told(answer)["FaultCode"]) == (400, "LOCK_COMPETITION")
    assert world.payments() == []


def test_the_track_id_is_echoed(world: World) -> None:
    """Zuora: Tracing: Zuora-Track-Id comes back."""
    answer = action(world, "create", [I1_WHOLE], bearer(world), ("Zuora-Track-Id", "erp-7"))
    assert answer.header("Zuora-Track-Id") == "erp-7"


@pytest.mark.parametrize(
    "who", [bearer, session, cookie, lambda _: keys()], ids=["bearer", "session", "cookie", "keys"]
)
@pytest.mark.parametrize("one", [D1_WHOLE, I1_WHOLE], ids=["by rest", "by action"])
def test_every_credential_is_taken_as_zuora_takes_it(one: Obj, who: Callable[[World], Headers], world: World) -> None:
    """And goes on with every request that the call causes but the bridge's own look-ups."""
    headers = who(world)
    mark = world.mark()
    assert rows(action(world, "create", [one], headers))[0]["Success"] is True
    name = headers[0][0].lower()
    (seen,) = world.writes(mark)
    proof = next(each for each in world.requests(mark) if each.path.startswith("/v1/accounts/"))
    assert seen.headers[name] == proof.headers[name]
    assert (name == "authorization") or "authorization" not in seen.headers


def test_crud_pays_without_a_date_today(world: World) -> None:
    """An external payment may leave its date out (Zuora: CRUD, Create payment); Actions still want one."""
    who, one = bearer(world), D1_WHOLE.but(EffectiveDate=None)
    refused = json.loads(action(world, "create", [one], who).body)[0]
    assert refused["Errors"][0]["Code"] == "MISSING_REQUIRED_VALUE"
    assert crud(world, "POST", "payment", one, who).status == 200
    (made,) = world.payments()
    assert made["effectiveDate"] == TODAY
