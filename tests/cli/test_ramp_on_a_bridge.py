"""A ramp on two real bridges before a simulated Zuora: it goes up under traffic, and back when its route fails."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import sqlite3
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any
from unittest import mock

from harness import World, payment, until

from bridge.cutover import gates
from bridge.cutover.buckets import place

NUMBERS = itertools.count(1)
SOON = 10.0
WHO = ("--reason", "a step", "--by", "alice", "--yes")
RAMP = """[[rule]]
name = "pilot"
caller = "erp"
operation = "create"
object = "Payment"
route = "rest"

[rule.ramp]
steps = [60, 70, 100]
error_rate = 0.4
samples = 15
soak = "0s"
"""


def run(world: World, *words: str, code: int = 0) -> Any:
    """What ``bridge cutover`` says as JSON."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("BRIDGE_")}
    done = subprocess.run(
        [sys.executable, "-m", "bridge", "cutover", *words, "--json"],
        capture_output=True,
        text=True,
        timeout=60,
        env=clean | {"BRIDGE_DATABASE_URL": f"sqlite:///{world.database}"},
    )
    assert done.returncode == code, done.stdout + done.stderr
    return json.loads(done.stdout)


def pay(world: World, name: str, bridge: int = 0) -> str | None:
    """Pay some cents of an account's invoice, each time others; the route it took."""
    amount = f"{Decimal(next(NUMBERS)) / 100:.2f}"
    account, invoice = {"inside": ("@Q", "@IQ"), "outside": ("@A", "@I1")}[name]
    one = payment(AccountId=account, Amount=amount, InvoiceId=invoice, AppliedInvoiceAmount=amount)
    return world.create(one, at=world.bridges[bridge].url).header("Bridge-Route")


def percent(world: World) -> Any:
    """Where the ramp stands."""
    return run(world, "show")["rules"][0]["percent"]


def counted_by_the_ramp(world: World) -> None:
    """Every new intent is one of the ramp's, whoever records it."""
    with contextlib.closing(sqlite3.connect(world.database, isolation_level=None)) as journal:
        journal.execute(
            "CREATE TRIGGER ramped AFTER INSERT ON intent WHEN NEW.ramp IS NULL "
            "BEGIN UPDATE intent SET ramp = 'pilot' WHERE id = NEW.id; END"
        )


def test_a_ramp_goes_up_under_traffic_and_back_when_its_route_fails(tmp_path: Path) -> None:
    """And the way back counts in both processes within a second."""
    with mock.patch.object(gates, "EVERY_SECONDS", 0.2), World(tmp_path, bridges=2) as world:
        assert place("10000", world.id("@Q")) < 60 < 70 < place("10000", world.id("@A"))
        (tmp_path / "rules.toml").write_text(RAMP, encoding="utf-8")
        counted_by_the_ramp(world)
        assert run(world, "set", str(tmp_path / "rules.toml"), *WHO)["revision"] == 1
        assert run(world, "ramps", code=3)[0]["verdict"] == "NOT ENOUGH DATA"
        until(lambda: pay(world, "inside") == "rest", SOON, "the rule")
        for _ in range(16):
            assert (pay(world, "inside"), pay(world, "outside", 1)) == ("rest", "soap")
        until(lambda: percent(world) == "70", SOON, "the next step")
        assert run(world, "history")[0]["author"] == "gate"
        world.fault("refuse", path="/v1/payments", method="POST", category=30, message="no", times=1000)
        for _ in range(60):
            pay(world, "outside")
            if pay(world, "inside", 1) == "soap":
                break
        assert percent(world) == "0"
        until(lambda: pay(world, "inside") == pay(world, "inside", 1) == "soap", 1.0, "the way back")
        (told,) = run(world, "ramps", code=1)
        assert (told["verdict"], "calls failed" in told["reason"]) == ("ROLLED BACK", True)
        assert run(world, "judgements", "pilot", "--limit", "1")[0]["verdict"] == "ROLL BACK"
        assert "rolled back" not in run(world, "rollback", *WHO)["what"]
        assert run(world, "show")["rules"] == []
