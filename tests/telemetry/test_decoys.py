"""I9 proved: more than a thousand decoys through every door and failure, and none in anything that is written down.

Answers are not written down but told to who made the call: ``ECHOES`` says which of them may hold what.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path

import decoy_console
import decoy_failures
import decoy_json_calls
import decoy_outages
import decoy_soap_calls
import pytest
from decoy_scene import ECHOES, Heard, Scene, staged
from decoy_search import Search
from decoy_sinks import AFTER, SINKS, taken
from decoys import Decoys

pytestmark = pytest.mark.xdist_group("decoys")

SEED = int(os.environ.get("BRIDGE_TEST_DECOYS", "20260220"))
"""Printed where a test fails; another one makes other decoys."""

CALLS = (*decoy_soap_calls.CALLS, *decoy_json_calls.CALLS, *decoy_outages.CALLS, *decoy_failures.CALLS)


class Proof:
    """What a scene has left behind."""

    def __init__(self, folder: Path) -> None:
        self.decoys = Decoys(SEED)
        with staged(folder, self.decoys) as scene:
            for calls in CALLS:
                calls(scene)
            decoy_json_calls.look_at_the_admin_api(scene)
            decoy_console.type_into_it(scene)
            self.asked = {f"{each.method} {each.path.rpartition('/')[2]}" for each in scene.world.writes()}
            self.scene: Scene = scene
            self.written = taken(SINKS, scene)
        self.written |= taken(AFTER, scene)
        self.search = Search(self.decoys.all)


@pytest.fixture(scope="module")
def proof(tmp_path_factory: pytest.TempPathFactory) -> Proof:
    """One scene for all sinks."""
    return Proof(tmp_path_factory.mktemp("decoys"))


@pytest.mark.parametrize("sink", [*SINKS, *AFTER])
def test_no_decoy_is_written_down(proof: Proof, sink: str) -> None:
    """Whatever the door, the field, the spelling and the failure."""
    assert len(proof.written[sink]) > 40, f"{sink} is empty"
    found = proof.search.found(proof.written[sink])
    assert not found, f"seed {SEED}, {sink}: {len(found)} decoys: {list(found.items())[:5]}"


def test_an_answer_holds_no_decoy_but_what_zuora_would_have_said(proof: Proof) -> None:
    """For a reason that is listed and where that says; none in a sentence of the bridge's own, none of another call."""
    wrong = [(each.name, found) for each in proof.scene.heard if (found := beyond(proof.search, each))]
    assert not wrong, f"seed {SEED}: {wrong[:5]}"


def beyond(search: Search, heard: Heard) -> dict[str, str]:
    """The decoys of an answer that no reason is given for, and where they stand."""
    found = search.found(ECHOES[heard.echo].sub(b" ", heard.said))
    if not found:
        return {}
    theirs = search.found(heard.zuora).keys()
    own = heard.own | search.found(heard.sent).keys()
    return {
        decoy.value: at
        for decoy, at in found.items()
        if decoy not in theirs or (decoy not in own and heard.echo != "rows")
    }


@pytest.mark.parametrize(
    ("said", "zuora", "echo", "good"),
    [
        ("<M>{own}</M>", "", "", False),
        ("<M>{own}</M>", "<F>{own}</F>", "", True),
        ("<M>{other}</M>", "<F>{other}</F>", "", False),
        ("<M>{other}</M>", "<F>{other}</F>", "rows", True),
        ("<M>{other}</M>", "<F>{own}</F>", "rows", False),
        ("<n:Id>{own}</n:Id>", "", "id", True),
        ("<n:Id>{own}</n:Id><M>{own}</M>", "", "id", False),
        ("https://{own}.example/x", "", "address", True),
        ("https://x.example/{own}", "", "address", False),
    ],
)
def test_what_an_answer_may_hold_is_no_more_than_that(said: str, zuora: str, echo: str, good: bool) -> None:
    """The rule itself, where it is kept and where it is broken."""
    decoys = Decoys(SEED)
    other, own = decoys.card(), decoys.card()
    text, theirs = (each.format(own=own, other=other).encode() for each in (said, zuora))
    heard = Heard("a call", b"", text, frozenset(decoys.all[1:]), theirs, echo)
    assert bool(beyond(Search(decoys.all), heard)) is not good


def test_the_scene_is_what_it_says(proof: Proof) -> None:
    """A thousand decoys of every kind; calls that were done, refused, in doubt, parked and left by every route."""
    kinds = Counter(decoy.kind for decoy in proof.decoys.all)
    assert len(proof.decoys.all) >= 1000
    assert set(kinds) == {"card", "iban", "account", "password", "session", "token", "secret"}
    listed = json.loads(proof.written["journal list --json"])["intents"]
    assert {one["route"] for one in listed} >= {"soap", "rest", "action"}
    assert {one["state"] for one in listed} >= {"APPLIED", "REFUSED", "IN_DOUBT", "PARKED"}
    assert {"PUT unapply", "POST refunds", "PUT apply"} <= proof.asked
    lines = [json.loads(line) for line in proof.scene.lines.getvalue().splitlines()]
    events = {one["event"] for one in lines}
    assert {"call", "dispatch", "looked for", "request failed", "not passed", "journal down"} <= events
    outcomes = {one["outcome"] for one in lines if one["event"] == "call"}
    assert outcomes >= {"applied", "refused", "unsent", "unknown", "fault", "passed"}, outcomes
    refusals = [line for line in proof.written["metrics"].decode().splitlines() if "guard_refusals" in line]
    assert len(refusals) > 15
