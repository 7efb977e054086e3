"""The overview: what counts is true, of all replicas, and told at once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from admin_world import ADMIN, USERS, ask, told
from harness import World, payment, until


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Two bridges on one journal."""
    with World(tmp_path, admin=ADMIN, bridges=2) as made:
        yield made


def test_each_person_is_told_who_they_are(world: World) -> None:
    """So that a page can offer what they may do, and no more."""
    seen = [ask(world, who, "whoami")[1] for who in USERS]
    assert seen == [{"name": name, "role": user["role"], "shared": False} for name, user in USERS.items()]


def test_the_overview_counts_what_all_replicas_did(world: World) -> None:
    """What was done by route, what was refused, what nobody knows, whichever bridge it came to."""
    one = payment(Amount="1", InvoiceId="@I1", AppliedInvoiceAmount="1", ReferenceId="R-1")
    world.create(one)
    world.create(one.but(Amount="2", AppliedInvoiceAmount="2", ReferenceId="R-2"), at=world.bridges[1].url)
    world.create(payment(Amount="3", InvoiceId="@D1", AppliedInvoiceAmount="3", ReferenceId="R-3"))
    world.create(payment(Amount="4", InvoiceId="@I1", AppliedInvoiceAmount="9", ReferenceId="R-4"))
    world.fault("drop_after", operation="create")
    world.create(one.but(Amount="5", AppliedInvoiceAmount="5", ReferenceId="R-5"))
    for bridge in (0, 1):
        status, seen = ask(world, "vera", "overview?minutes=15", at=bridge)
        assert status == 200
        totals = seen["totals"]
        assert (totals["intents"], totals["refused"]) == (5, 1), seen
        assert totals["applied"] + totals["unknown"] == 4
        assert (totals["byRoute"]["rest"], totals["byRoute"]["action"]) == (1, 0)
        assert len(seen["traffic"]) == 60
        assert sum(each["soap"] + each["unknown"] for each in seen["traffic"]) == 3
        assert len([each for each in seen["instances"] if each["alive"]]) == 2
        assert (seen["ready"], seen["stopped"], seen["tenant"], seen["wsdl"]) == (True, False, "10000", "107.0")
        assert seen["latency"]["soap"]["n"] >= 2
        assert seen["latency"]["soap"]["p50"] <= seen["latency"]["soap"]["p99"]


def test_the_overview_shows_what_an_operator_has_decided(world: World) -> None:
    """Stopped, by which revision, and what each ramp stands at."""
    rule = {"name": "pilot", "operation": "create", "object": "Payment", "route": "rest", "ramp": {}}
    assert ask(world, "anna", "cutover/set", {"rules": [rule], "reason": "a pilot"})[0] == 200
    assert ask(world, "otto", "cutover/stop", {"reason": "an incident"})[0] == 200
    until(lambda: told(world, "overview")["stopped"], 5)
    seen = told(world, "overview")
    assert seen["revision"] == 2
    assert [(each["rule"], each["percent"]) for each in seen["ramps"]] == [("pilot", "1")]


@pytest.mark.parametrize("minutes", ["0", "61", "x", "-15", "15.0"])
def test_a_window_that_is_not_offered_is_refused(world: World, minutes: str) -> None:
    """In a sentence."""
    assert ask(world, "vera", f"overview?minutes={minutes}") == (400, {"error": "minutes is one of 15, 60, 1440."})
