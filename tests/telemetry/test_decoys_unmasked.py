"""The proof can fail: with the rules of redaction taken away, decoys are found in every sink.

A smaller scene than the proof's, with the same search. Must not be the proof of anything else.
"""

from __future__ import annotations

from contextlib import ExitStack
from unittest import mock

import decoy_console
import decoy_failures
import decoy_json_calls
import decoy_soap_calls
import pytest
from decoy_scene import Scene, staged
from decoy_search import Search
from decoy_sinks import AFTER, SINKS, taken
from decoys import Decoys

from bridge.telemetry import redact

pytestmark = pytest.mark.xdist_group("decoys-unmasked")

CALLS = (
    decoy_soap_calls.names_and_options,
    decoy_soap_calls.logins_and_sessions,
    decoy_soap_calls.queries,
    decoy_soap_calls.what_is_none,
    decoy_json_calls.values_of_other_types,
    decoy_json_calls.what_passes,
    decoy_json_calls.the_admin_api,
    decoy_failures.zuora_says_no,
    decoy_failures.zuora_says_nothing,
    decoy_failures.the_bridge_breaks,
    decoy_json_calls.look_at_the_admin_api,
    decoy_console.type_into_it,
)

WORDLESS = {"journal list"}
"""Shows ids, states, routes and names out of the settings: there is no rule to take away."""


class Everything:
    """A closed set that has been left open."""

    def __contains__(self, _: object) -> bool:
        return True

    def get(self, name: str, _: str) -> str:
        """Whatever it is."""
        return name


def _as_it_is(text: str) -> str:
    return text


def _forget() -> None:
    redact._short_key.cache_clear()
    redact._HARMLESS.clear()


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """The kinds of decoys in each sink of a bridge that redacts nothing."""
    decoys = Decoys(1)
    with ExitStack() as without:
        without.callback(_forget)
        for rule in ("redact.mask_named", "redact.mask_shapes", "redact.mask_spelled", "usage.mask_shapes"):
            without.enter_context(mock.patch(f"bridge.telemetry.{rule}", _as_it_is))
        without.enter_context(mock.patch("bridge.telemetry.redact.is_secret_name", return_value=False))
        for words in ("_OBJECTS", "_OPERATIONS"):
            without.enter_context(mock.patch(f"bridge.telemetry.call.{words}", Everything()))
        _forget()
        with staged(tmp_path_factory.mktemp("unmasked"), decoys) as scene:
            _use(scene)
            for calls in CALLS:
                calls(scene)
            written = taken(SINKS, scene)
        written |= taken(AFTER, scene)
    search = Search(decoys.all)
    return {sink: {each.kind for each in search.found(said)} for sink, said in written.items()}


def _use(scene: Scene) -> None:
    """What callers use is written down when a bridge stops."""
    scene.world.add_another()
    scene.bridge = 1
    decoy_soap_calls.names_and_options(scene)
    decoy_json_calls.names_options_and_headers(scene)
    scene.world.bridges[1].stop()
    scene.bridge = 0


@pytest.mark.parametrize("sink", [each for each in (*SINKS, *AFTER) if each not in WORDLESS])
def test_without_redaction_the_proof_fails(found: dict[str, set[str]], sink: str) -> None:
    """For each sink by itself."""
    assert "card" in found[sink], f"nothing but {sorted(found[sink])} was found in {sink}"


def test_without_redaction_secrets_are_found_as_well_as_numbers(found: dict[str, set[str]]) -> None:
    """Wherever texts of Zuora's and callers' are kept."""
    for sink in ("logs as JSON", "logs on a terminal", "captures", "parity report", "console", "journal: rows"):
        assert {"card", "password", "secret"} <= found[sink], sink
