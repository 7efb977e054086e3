"""The seeded adversary with payments that are all but equal: none is ever sent beside an unsettled other one.

Three attempts of one payment under references of their own, in any interleaving at processes that die, by callers with
message ids and without. The world looks at every first send for a near twin that is under way.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from core_adversary import Adversary, seeded
from core_calls import KNOWN
from core_objects import ERP, call, pays
from core_world import World

from bridge.core.identity import harvested
from bridge.core.model import Call, Told

SEEDS_PER_TEST = 100
POLICIES = ("fault", "join", "allow")


def attempts(seed: int) -> list[Call]:
    """One payment in three versions; of some seeds each has a message id, of some two share a batch."""
    objects = [pays("d1", "1", ReferenceId=reference) for reference in "abc"]
    made = [call(*objects[:2]), call(objects[2])] if seed % 3 == 0 else [call(each) for each in objects]
    if seed % 2:
        return [harvested(each, {"Idempotency-Key": f"m{place}"}) for place, each in enumerate(made)]
    return made


def run(seed: int) -> None:
    """Disturb, let the recoverer come, then let every attempt be repeated."""
    keyed = ("Idempotency-Key",) if seed % 4 == 1 else ()
    caller = replace(ERP, twins=POLICIES[seed % len(POLICIES)], message_ids=keyed)
    adversary = Adversary(seed, World(facts=KNOWN), caller=caller)
    adversary.acts = attempts(seed)
    adversary.disturb()
    adversary.recover()
    world = adversary.world
    for asked in adversary.acts:
        # An hour has passed: what was told is a twin now, of which a caller with ``allow`` would get a second.
        play = world.begin(asked, "last", caller=replace(caller, twins="join"))
        world.run()
        assert {each.told for each in play.outcomes()} <= {Told.APPLIED, Told.REFUSED}


@pytest.mark.parametrize("first", range(0, 12 * SEEDS_PER_TEST, SEEDS_PER_TEST), ids="from seed {}".format)
def test_no_seed_sends_a_payment_beside_its_near_twin(first: int) -> None:
    """Whatever happens; and in the end everybody is told what is so."""
    for seed in range(first, first + SEEDS_PER_TEST):
        seeded(seed, run)
