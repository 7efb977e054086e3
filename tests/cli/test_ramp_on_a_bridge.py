"""A ramp on two real bridges before a simulated Zuora: it goes up under traffic, and back when its route fails."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any
from unittest import mock

from harness import World, payment

from bridge.cutover import gates

NUMBERS = itertools.count(1)
WHO = ("--reason", "a step", "--by", "alice", "--yes")
RAMP = """[[rule]]
name = "pilot"
caller = "erp"
operation = "create"
object = "Payment"
route = "rest"
percent = 50
[rule.ramp]
steps = [50, 99.99, 100]
error_rate = 0.4
samples = 8
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


def pay(world: World, bridge: int, account: str, invoice: str) -> str | None:
    """Pay some cents, each time others; the route it took."""
    amount = f"{Decimal(next(NUMBERS)) / 100:.2f}"
    one = payment(AccountId=account, Amount=amount, InvoiceId=invoice, AppliedInvoiceAmount=amount)
    return world.create(one, at=world.bridges[bridge].url).header("Bridge-Route")


def percent(world: World) -> Any:
    """Where the ramp stands."""
    return run(world, "show")["rules"][0]["percent"]


def test_a_ramp_goes_up_under_traffic_and_back_when_its_route_fails(tmp_path: Path) -> None:
    """And the way back counts in both processes within a second."""
    with mock.patch.object(gates, "EVERY_SECONDS", 0.2), World(tmp_path, bridges=2) as world:
        (tmp_path / "rules.toml").write_text(RAMP, encoding="utf-8")
        assert run(world, "set", str(tmp_path / "rules.toml"), *WHO)["revision"] == 1
        _counted_by_the_ramp(world)
        print(world.names)
        assert run(world, "ramps", code=3)[0]["verdict"] == "NOT ENOUGH DATA"
