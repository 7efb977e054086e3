"""A ramp on two real bridges before a simulated Zuora: it goes up under traffic, and back when its route fails."""

from __future__ import annotations

import itertools
import json
import urllib.request
from decimal import Decimal
from pathlib import Path
from typing import Any
from unittest import mock

from harness import World, payment, until

from bridge.cutover import gates
from bridge.cutover.buckets import place

NUMBERS = itertools.count(1)
SOON = 10.0
TOKEN = "an-owner's-token-0123456789"
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


def ask(world: World, name: str, said: dict[str, object] | None = None) -> Any:
    """The admin API's answer; a change is alice's."""
    body = None if said is None else json.dumps(said | {"reason": "a step", "by": "alice"}).encode()
    headers = {"Authorization": f"Bearer {TOKEN}"}
    request = urllib.request.Request(f"{world.bridges[0].admin_url}/admin/api/{name}", body, headers)
    with urllib.request.urlopen(request, timeout=10) as came:
        return json.load(came)


def pay(world: World, name: str, bridge: int = 0) -> str | None:
    """Pay some cents of an account's invoice, each time others; the route it took."""
    amount = f"{Decimal(next(NUMBERS)) / 100:.2f}"
    account, invoice = {"inside": ("@Q", "@IQ"), "outside": ("@A", "@I1")}[name]
    one = payment(AccountId=account, Amount=amount, InvoiceId=invoice, AppliedInvoiceAmount=amount)
    return world.create(one, at=world.bridges[bridge].url).header("Bridge-Route")


def percent(world: World) -> Any:
    """Where the ramp stands."""
    return ask(world, "cutover")["rules"][0]["percent"]


def test_a_ramp_goes_up_under_traffic_and_back_when_its_route_fails(tmp_path: Path) -> None:
    """And the way back counts in both processes within a second."""
    admin = {"listen": "127.0.0.1:0", "token": TOKEN}
    looks: list[object] = []
    look = gates.Gates.look

    async def counted(gate: gates.Gates) -> None:
        await look(gate)
        looks.append(gate)

    often, counting = mock.patch.object(gates, "EVERY_SECONDS", 0.2), mock.patch.object(gates.Gates, "look", counted)
    with often, counting, World(tmp_path, bridges=0, admin=admin) as world:
        for _ in range(2):
            world.add_bridge()
        assert place("10000", world.id("@Q")) < 60 < 70 < place("10000", world.id("@A"))
        assert ask(world, "cutover/set", {"toml": RAMP})["revision"] == 1
        until(lambda: pay(world, "inside") == pay(world, "inside", 1) == "rest", SOON, "the rule")
        (told,) = ask(world, "ramps")["ramps"]
        assert told["judgement"] is None or told["judgement"]["verdict"] == "NOT ENOUGH DATA"
        for _ in range(16):
            assert (pay(world, "inside"), pay(world, "outside", 1)) == ("rest", "soap")
        until(lambda: percent(world) == "70", SOON, "the next step")
        assert ask(world, "cutover/history")[0]["author"] == "gate"
        world.fault("refuse", path="/v1/payments", method="POST", category=30, message="no", times=1000)
        for number in range(100):
            pay(world, "outside")
            if pay(world, "inside", 1) == "soap":
                break
            if number % 5 == 4:
                # A gate that had no time to look, on a busy machine, is not what is tested.
                looked = len(looks)
                until(lambda looked=looked: len(looks) > looked + 1, SOON, "two looks")
        assert percent(world) == "0"
        until(lambda: pay(world, "inside") == pay(world, "inside", 1) == "soap", 1.0, "the way back")
        (told,) = ask(world, "ramps")["ramps"]
        assert (told["rule"]["ramp"]["halted"], told["judgement"]["verdict"]) == (True, "ROLL BACK")
        assert "calls failed" in told["judgement"]["reason"]
        assert ask(world, "ramps/judgements?rule=pilot&limit=1")[0]["new"]["refused"] < 60
        assert ask(world, "ramps/resume", {"rule": "pilot"})["what"] == "resume"
        assert percent(world) == "60"
        assert ask(world, "cutover/rollback", {})["what"] == "rollback"
        assert ask(world, "cutover")["rules"] == []
