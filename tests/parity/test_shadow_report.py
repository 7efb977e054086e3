"""Comparisons summed up, and the command that shows them beside a running bridge."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from harness import payment
from shadow_scene import WRITES, shadowed, wait_for

from bridge.journal.comparisons import Comparison
from bridge.parity.shadow_report import summed, whole
from bridge.parity.verdict import Verdict
from bridge.sandbox.rest import shapes

ONE = Comparison("0", 100, "read", "aside", "query", "Payment", None, True, {"calls": 1})
WRONG = {"path": "records/Amount", "kind": "value", "money": True, "left": "1", "right": "2"}


def many(count: int, **other: Any) -> list[Comparison]:
    """As many alike."""
    return [replace(ONE, id=f"{other.get('kind', '')}{each}", **other) for each in range(count)]


@pytest.mark.parametrize(
    ("found", "verdict", "words"),
    [
        ([], Verdict.NOT_ENOUGH, ""),
        (many(298), Verdict.NOT_ENOUGH, "none of 298 differs, but 299 are needed to bound the rate at 1.00%"),
        (many(299), Verdict.PASS, "none of 299 differs: below 1.00% at 95 %"),
        (many(299) + many(1, kind="plan", equal=False, detail={"differences": [WRONG], "money": True}), Verdict.FAIL,
         "1 of 300 differ, money in 1"),
        (many(9, detail={"noise": True}, equal=False), Verdict.NOT_ENOUGH, "none of 0 differs"),
    ],
)  # fmt: skip
def test_a_verdict_needs_data(found: list[Comparison], verdict: Verdict, words: str) -> None:
    """Exact bounds; one difference fails, and noise proves nothing."""
    groups = summed(found)
    assert whole(groups) is verdict
    assert all(each.why.startswith(words) for each in groups)


def test_all_must_pass() -> None:
    """Each rule, operation and object by itself."""
    groups = summed([*many(299), *many(3, rule="other", kind="plan")])
    assert [each.rule for each in groups] == ["aside", "other"]
    assert whole(groups) is Verdict.NOT_ENOUGH


def test_plan_and_effect_of_an_intent_are_one() -> None:
    """It differs where either does; where one is noise and none differs, it says nothing."""
    plan, effect = replace(ONE, id="p", kind="plan", intent_id="i"), replace(ONE, id="e", kind="effect", intent_id="i")
    wrong = replace(effect, equal=False, detail={"differences": [WRONG], "money": True})
    noisy = replace(effect, equal=False, detail={"noise": True})
    for pair, counts in (((plan, effect), (1, 0, 0)), ((plan, wrong), (1, 1, 0)), ((plan, noisy), (0, 0, 1))):
        (group,) = summed(pair)
        assert (group.compared, group.mismatched, group.noise) == counts


def test_clusters_have_the_smallest_example_and_money_comes_first() -> None:
    """What differs alike is one, by its place and kind."""
    long = {"path": "records/Comment", "kind": "value", "money": False, "left": "a" * 9, "right": "b" * 9}
    short = {**long, "left": "a", "right": "b"}
    found = [replace(ONE, id=str(at), equal=False, detail={"differences": [each]}) for at, each in enumerate([long, short, WRONG])]  # fmt: skip  # noqa: E501
    found.append(replace(ONE, id="cut", equal=False, detail={"cut": True}))
    (group,) = summed(found)
    assert [(each.path, each.count) for each in group.clusters] == [
        ("records/Amount", 1), ("records/Comment", 2), ("(cut)", 1),
    ]  # fmt: skip
    assert group.clusters[1].example["left"] == "a"


def run(database: Path, *words: str, code: int) -> str:
    """What the command prints."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("BRIDGE_")}
    done = subprocess.run(
        [sys.executable, "-m", "bridge", "parity", "shadow", *words],
        capture_output=True,
        text=True,
        timeout=60,
        env=clean | {"BRIDGE_DATABASE_URL": f"sqlite:///{database}"},
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


def test_the_command_shows_what_was_found(tmp_path: Path) -> None:
    """Exit 3 without enough data, 1 where something differs; as JSON for scripts."""
    shown = shapes.payment
    with shadowed(tmp_path, WRITES) as world:
        assert run(world.database, code=3) == "NOT ENOUGH DATA: no shadow has compared anything.\n"
        assert json.loads(run(world.database, "--json", code=3))["groups"] == []
        world.create(payment(Amount="3", InvoiceId="@I1", AppliedInvoiceAmount="3"))
        wait_for(world, 2)
        assert "create Payment: NOT ENOUGH DATA: none of 1 differs" in run(world.database, code=3)
        with mock.patch.object(shapes, "payment", lambda tenant, one: {**shown(tenant, one), "currency": "EUR"}):
            answer = world.create(payment(Amount="4", InvoiceId="@I1", AppliedInvoiceAmount="4"))
            wait_for(world, 4)
        text = run(world.database, "--since", "1h", "--rule", "writes aside", code=1)
        assert "writes aside: create Payment: FAIL: 1 of 2 differ, money in 1" in text
        assert "1 x effect/currency value, money" in text
        assert f"'USD' beside 'EUR', {answer.header('Bridge-Intent')}" in text
        told = json.loads(run(world.database, "--json", code=1))
        assert (told["verdict"], told["groups"][0]["clusters"][0]["path"]) == ("FAIL", "effect/currency")
        assert json.loads(run(world.database, "--json", "--rule", "other", code=3))["groups"] == []
