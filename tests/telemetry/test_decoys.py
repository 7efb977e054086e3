"""I9 proved: more than a thousand decoys through every door and failure, and none in anything that is written down.

Answers are not written down but told: they may hold a decoy of their own call where Zuora would have said the same, for
one of the reasons in ``ECHOES``, and never another's.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path

import decoy_failures
import decoy_json_calls
import decoy_soap_calls
import pytest
from decoy_scene import Heard, Scene, staged
from decoy_search import Search
from decoy_sinks import AFTER, SINKS, taken
from decoys import Decoys

pytestmark = pytest.mark.xdist_group("decoys")

SEED = int(os.environ.get("BRIDGE_TEST_DECOYS", "20260220"))
"""Printed where a test fails; another one makes other decoys."""

CALLS = (*decoy_soap_calls.CALLS, *decoy_json_calls.CALLS, *decoy_failures.CALLS)


class Proof:
    """What a scene has left behind."""

    def __init__(self, folder: Path) -> None:
        self.decoys = Decoys(SEED)
        with staged(folder, self.decoys) as scene:
            for calls in CALLS:
                calls(scene)
            decoy_json_calls.look_at_the_admin_api(scene)
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
    """Its own call's, for a reason that is listed; never one of the bridge's own sentences, never another call's."""
    wrong = [(each.name, found) for each in proof.scene.heard if (found := _beyond(proof, each))]
    assert not wrong, f"seed {SEED}: {wrong[:5]}"


def _beyond(proof: Proof, heard: Heard) -> dict[str, str]:
    found = proof.search.found(heard.said)
    theirs = proof.search.found(heard.zuora).keys() if found else set()
    return {
        decoy.value: at
        for decoy, at in found.items()
        if decoy not in heard.own or (decoy not in theirs and not heard.echo)
    }


def test_the_scene_is_what_it_says(proof: Proof) -> None:
    """A thousand decoys of every kind; calls that were done, refused, in doubt, parked and left by every route."""
    kinds = Counter(decoy.kind for decoy in proof.decoys.all)
    assert len(proof.decoys.all) >= 1000
    assert set(kinds) == {"card", "iban", "account", "password", "session", "token", "secret"}
    listed = json.loads(proof.written["journal list --json"])["intents"]
    assert {one["route"] for one in listed} >= {"soap", "rest", "action"}
    assert {one["state"] for one in listed} >= {"APPLIED", "REFUSED", "IN_DOUBT"}
    events = Counter(json.loads(line)["event"] for line in proof.scene.lines.getvalue().splitlines())
    assert {"sent", "looked for", "refused", "request failed", "not passed", "journal down"} <= events.keys()
    refusals = [line for line in proof.written["metrics"].decode().splitlines() if "guard_refusals" in line]
    assert len(refusals) > 15
