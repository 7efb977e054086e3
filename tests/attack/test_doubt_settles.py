"""I13 over the real bridge: what is in doubt when a process is killed settles by itself within its five minutes.

A bridge process is killed with kill -9 while Zuora has its request, on every route; nobody repeats the call. Zuora's
clock is moved on to where absence counts, and the recoverer of the next process does the rest by itself.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest
from harness import World, payment, post, refund, saved, until

from bridge.core.conduct.proof import CLOCK_MS, ENDED_MS, SEND_MS

I13_SECONDS = 125 + 5 * 60
"""From the send: the send deadline and five minutes."""

QUIET_SECONDS = (SEND_MS + ENDED_MS + CLOCK_MS) // 1000 + 60
ROUTES = {
    "soap": "{}",
    "rest": '{"Payment.create": "rest"}',
    "action": '{"Payment.create": "action"}',
}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A sandbox whose sessions outlast its clock, and no bridge yet."""
    with World(tmp_path, bridges=0) as made:
        made.control("settings", {"sessionSeconds": 10**8})
        yield made


@dataclass(frozen=True)
class Left:
    """An act that a killed process left, by its amount, and whether Zuora has made it."""

    amount: str
    made: bool


def leave(world: World, route: str, left: Left, **fields: str) -> None:
    """A payment whose process is killed while Zuora has its request; it is made, or never arrives."""
    process = world.serve(ROUTES=ROUTES[route])
    # Its token and its proof are there already, so that the next request is the payment.
    assert world.session
    if left.made:
        world.fault("delay", method="POST", seconds=3, when="after", **_writes(route))
    else:
        world.fault("drop_before", method="POST", times=99, **_writes(route))
    one = payment(Amount=left.amount, InvoiceId="@I1", AppliedInvoiceAmount=left.amount, **fields)
    body = world.message(saved("create", [world.resolve(one)]))
    with ThreadPoolExecutor() as pool:
        said = pool.submit(_call, world.url, body)
        until(lambda: any(each["used"] for each in world.control("faults")), 30)
        world.kill(process)
        said.result()
    post(f"{world.sandbox.url}/sandbox/faults", b"", (), method="DELETE")


def _writes(route: str) -> dict[str, str]:
    return {"soap": {"operation": "create"}, "rest": {"path": "/v1/payments"}, "action": {"path": "/v1/action"}}[route]


def _call(url: str, body: bytes) -> None:
    with contextlib.suppress(OSError):
        post(f"{url}/apps/services/a/107.0", body)


def journal(world: World, sql: str) -> list[tuple[object, ...]]:
    """What the journal says, read beside the bridge."""
    with contextlib.closing(sqlite3.connect(f"file:{world.database}?mode=ro", uri=True)) as database:
        return database.execute(sql).fetchall()


@pytest.mark.parametrize("marked", [True, False], ids=["marked", "unmarked"])
@pytest.mark.parametrize("route", ROUTES)
def test_what_a_killed_process_leaves_settles_in_time(world: World, route: str, *, marked: bool) -> None:
    """Found or proved absent, never parked, and nothing is sent for nobody (I5)."""
    acts = [Left("3.01", made=True), Left("3.02", made=False)]
    for act in acts:
        leave(world, route, act, **({"ReferenceId": f"ERP-{act.amount}"} if marked else {}))
    mark = world.mark()
    world.serve(ROUTES=ROUTES[route])
    world.advance(QUIET_SECONDS)
    began = time.monotonic()
    open_ = "SELECT state FROM intent WHERE state NOT IN ('applied', 'not_applied')"
    until(lambda: not journal(world, open_), 75)
    assert time.monotonic() - began < I13_SECONDS - QUIET_SECONDS
    took = """SELECT i.state, i.route, (i.settled_at - d.first_sent_at) / 1000 FROM intent i
        JOIN dispatch_intent c ON c.intent_id = i.id JOIN dispatch d ON d.id = c.dispatch_id"""
    rows = journal(world, took)
    assert sorted((str(state), by) for state, by, _ in rows) == [("applied", route), ("not_applied", route)]
    assert all(isinstance(seconds, int) and seconds <= I13_SECONDS for _, _, seconds in rows)
    assert [Decimal(each["amount"]) for each in world.payments()] == [Decimal("3.01")]
    assert world.writes(mark) == []


# ---------------------------------------------------------------- after a restore


@pytest.mark.parametrize("kind", ["an invoice", "a memo", "by reference", "a refund"])
def test_what_a_restored_journal_lacks_is_not_paid_again(world: World, kind: str) -> None:
    """The file of before is put back, the mode begins, and the ERP repeats what was paid since."""
    acts = {
        "an invoice": payment(Amount="4", InvoiceId="@I1", AppliedInvoiceAmount="4"),
        "a memo": payment(Amount="4", InvoiceId="@D1", AppliedInvoiceAmount="4"),
        "by reference": payment(Amount="4", InvoiceId="@I1", AppliedInvoiceAmount="4", ReferenceId="E"),
        "a refund": refund(PaymentId="@C1", Amount="4"),
    }
    process = world.serve()
    world.kill(process)
    before = world.database.read_bytes()
    process = world.serve()
    (paid,) = world.create(acts[kind]).ids
    world.kill(process)
    for more in ("-wal", "-shm"):
        world.database.with_name(world.database.name + more).unlink(missing_ok=True)
    world.database.write_bytes(before)
    world.serve(JOURNAL__LOOK_UP_FIRST="true")
    world.advance(26 * 3600)  # The keys are forgotten: only the look-up can tell.
    (row,) = world.create(acts[kind]).rows
    assert row["success"] == "false"
    assert [each["Code"] for each in row["errors"]] == ["DUPLICATE_VALUE"]
    assert row["errors"][0]["Message"].startswith(f"Equal to {paid} of 2026-02-20;")
    assert len(world.payments()) + len(world.refunds()) == 1
    (other,) = world.create(payment(Amount="6", InvoiceId="@I2", AppliedInvoiceAmount="6")).ids
    assert other != paid
