"""Scenarios of refunds that take two steps: what is left over, and what a crash between the steps leaves to do.

The tenant lacks the enhanced write-off permission, so that the payment is unapplied first and refunded then.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from unittest import mock

import pytest
from harness import Obj, World, part, post, refund, until


def _from_d5(amount: str, **more: str) -> Obj:
    """The refund of so much of what P2 has paid of D5."""
    rows = [part("RefundInvoicePayment", InvoiceId="@D5", RefundAmount=amount)]
    return refund(PaymentId="@P2", Amount=amount, RefundInvoicePaymentData=rows, **more)


FROM_D5 = _from_d5("50")
FORM = (("Content-Type", "application/x-www-form-urlencoded"),)
CLIENT = b"client_id=demo-client&client_secret=demo-secret&grant_type=client_credentials"
WITHOUT = {"enhanced_write_off": False}


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[World]:
    """A world whose bridges are processes; none runs yet."""
    with World(tmp_path, bridges=0) as world:
        world.control("settings", {"enhancedWriteOff": False})
        yield world


def _steps(world: World) -> list[str]:
    """What changed the payment, in order, without its id."""
    return [one.line.replace(world.id("@P2"), "P2") for one in world.writes()]


def _killed_during(world: World, line: str, meanwhile: Callable[[], None] = lambda: None) -> None:
    """The bridge is killed while the request of this line is on its way; another one runs after ``meanwhile``."""
    method, _, path = line.partition(" ")
    world.fault("delay", method=method, path=path.replace("P2", world.id("@P2")), seconds=0.3)
    bridge = world.serve(ZUORA__ENHANCED_WRITE_OFF="false")
    session = world.session
    with ThreadPoolExecutor(1) as threads:
        lost = threads.submit(world.create, FROM_D5, session=session)
        until(lambda: line in _steps(world))
        world.kill(bridge)
        with pytest.raises(OSError, match=r".*"):
            lost.result()
    meanwhile()
    world.serve(ZUORA__ENHANCED_WRITE_OFF="false")


def test_what_cannot_be_applied_again_is_told_and_recorded(tmp_path: Path) -> None:
    """89: the refund is refused and the way back is locked: the row names what is left over, and so does the journal.

    The compensation is tried again, at times of milliseconds here.
    """
    # Only the pauses are shortened.
    hasty = mock.patch("bridge.core.conduct.saga.UNDO_TRIES", (0.01, 0.01))
    with World(tmp_path, zuora=WITHOUT) as world, hasty:
        world.control("settings", {"enhancedWriteOff": False})
        world.fault(
            "refuse", method="POST", path="/v1/payments/", body="totalAmount", category=30, message="No, says a rule."
        )
        world.fault("lock", method="PUT", path=f"/v1/payments/{world.id('@P2')}/apply", times=99)
        (row,) = world.create(FROM_D5).rows
        (error,) = row["errors"]
        assert (row["success"], error["Code"]) == ("false", "TRANSACTION_FAILED")
        assert f"The payment stays unapplied by 50 of {world.id('@D5')}: apply it again." in error["Message"]
        assert _steps(world) == [
            "PUT /v1/payments/P2/unapply",
            "POST /v1/payments/P2/refunds",
            *["PUT /v1/payments/P2/apply"] * 3,
        ]
        left = world.document("P2")
        assert (left["appliedAmount"], left["unappliedAmount"], left["refundAmount"]) == ("0", "80", "0")
        assert (world.document("D5")["balance"], world.refunds()) == ("50", [])
        with contextlib.closing(sqlite3.connect(world.database)) as journal:
            verdicts = journal.execute("select verdict from dispatch order by step").fetchall()
        assert [verdict for (verdict,) in verdicts] == ["done", "no", "left over"]


@pytest.mark.parametrize("line", ["PUT /v1/payments/P2/unapply", "POST /v1/payments/P2/refunds"])
def test_a_refund_of_two_steps_goes_on_after_a_crash(processes: World, line: str) -> None:
    """90: killed in the first or in the second step; the repeat does what is left to do, once."""
    world = processes
    _killed_during(world, line)
    (refunded,) = world.create(FROM_D5, session=world.session).ids
    assert [one["id"] for one in world.refunds()] == [refunded]
    assert _steps(world).count("PUT /v1/payments/P2/unapply") == 1
    assert len({one.headers["idempotency-key"] for one in world.writes() if one.method == "POST"}) == 1
    payment = world.document("P2")
    assert (payment["appliedAmount"], payment["unappliedAmount"], payment["refundAmount"]) == ("0", "30", "50")
    assert world.document("D5")["balance"] == "50"
    assert world.ledger()["violations"] == []


def test_a_refund_goes_on_after_a_crash_on_the_way_back(processes: World) -> None:
    """90: the refund was refused, the bridge killed while it applied again; a repeat is a new attempt, done whole.

    Who repeats while the bridge is still clearing up is told how the first attempt ended, and has to repeat once more.
    """
    world = processes
    rule = {"category": 30, "message": "No, says a rule."}
    world.fault("refuse", method="POST", path="/v1/payments/", body="totalAmount", **rule)
    _killed_during(world, "PUT /v1/payments/P2/apply")
    (row,) = world.create(FROM_D5, session=world.session).rows
    if row["success"] == "false":
        assert [error["Code"] for error in row["errors"]] == ["TRANSACTION_FAILED"]
        assert (world.refunds(), world.document("D5")["balance"]) == ([], "0")
        (row,) = world.create(FROM_D5, session=world.session).rows
    refunded = row["id"]
    assert [one["id"] for one in world.refunds()] == [refunded]
    assert _steps(world) == [
        "PUT /v1/payments/P2/unapply",
        "POST /v1/payments/P2/refunds",
        "PUT /v1/payments/P2/apply",
        "PUT /v1/payments/P2/unapply",
        "POST /v1/payments/P2/refunds",
    ]
    assert world.document("D5")["balance"] == "50"
    assert world.ledger()["violations"] == []


def test_a_payment_that_somebody_else_changed_meanwhile_is_left_to_a_person(processes: World) -> None:
    """90: killed in the first step, then another user applies some of it; nothing is sent and the row says unknown."""
    world = processes

    def applies() -> None:
        # Before the next bridge starts: its recoverer would finish the refund first.
        until(lambda: world.document("P2")["unappliedAmount"] == "80")
        token = json.loads(post(f"{world.sandbox.url}/oauth/token", CLIENT, FORM).body)["access_token"]
        applied = post(
            f"{world.sandbox.url}/v1/payments/{world.id('@P2')}/apply",
            json.dumps({"invoices": [{"invoiceId": world.id("@I2"), "amount": 20}]}).encode(),
            (("Authorization", f"Bearer {token}"), ("Content-Type", "application/json")),
            method="PUT",
        )
        assert applied.status == 200

    _killed_during(world, "PUT /v1/payments/P2/unapply", applies)
    mark = world.mark()
    for _ in range(2):
        (row,) = world.create(FROM_D5, session=world.session).rows
        assert [error["Code"] for error in row["errors"]] == ["TRANSACTION_TIMEOUT"]
    assert (world.writes(mark), world.refunds()) == ([], [])
    with contextlib.closing(sqlite3.connect(world.database)) as journal:
        assert journal.execute("select state from intent").fetchall() == [("parked",)]


def test_two_refunds_of_one_payment_take_turns(tmp_path: Path) -> None:
    """87: with two bridges on one journal, the steps of one refund are never between those of the other.

    The second was planned for a payment that the first has changed meanwhile: it is planned anew under the lease.
    """
    with World(tmp_path, zuora=WITHOUT, bridges=2) as world:
        world.control("settings", {"enhancedWriteOff": False})
        world.fault("delay", method="PUT", seconds=1)
        session = world.session
        one, other = _from_d5("20", ReferenceId="a"), _from_d5("15", ReferenceId="b")
        with ThreadPoolExecutor(1) as threads:
            first = threads.submit(world.create, one, session=session)
            until(lambda: _steps(world))
            (late,) = world.create(other, at=world.bridges[1].url, session=session).ids
            (refunded,) = first.result().ids
        assert {refunded, late} == {each["id"] for each in world.refunds()}
        assert _steps(world) == ["PUT /v1/payments/P2/unapply", "POST /v1/payments/P2/refunds"] * 2
        payment = world.document("P2")
        assert (payment["appliedAmount"], payment["unappliedAmount"], payment["refundAmount"]) == ("15", "30", "35")
