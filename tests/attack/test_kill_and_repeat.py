"""An ERP that repeats against a bridge that is killed: real processes, real sockets, a real file, one seed a world.

Every act has an amount of its own, so the sandbox's books tell exactly what it moved. After every answer, and once more
before the next repeat, the books must bear out what was said; in the end nothing was moved twice. The seed is in the
test's name and, where one fails, in a note. ``BRIDGE_TEST_SEEDS`` runs others: ``100-150``.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random

import pytest
from harness import World
from repeating_erp import Act, Erp, read_soap

ACTS = 4
"""How many acts a world has; the bridge is killed in the middle of most of them."""


def _seeds() -> list[int]:
    first, _, last = os.environ.get("BRIDGE_TEST_SEEDS", "4-6").partition("-")
    return list(range(int(first), int(last or first) + 1))


@pytest.fixture
def world(tmp_path: Path):  # type: ignore[no-untyped-def]
    """A sandbox whose sessions outlast its clock, and no bridge yet."""
    with World(tmp_path, bridges=0) as made:
        made.control("settings", {"sessionSeconds": 10**8, "enhancedWriteOff": False})
        yield made


@pytest.mark.parametrize("seed", _seeds())
def test_a_killed_bridge_and_a_repeating_erp_move_everything_once(world: World, seed: int) -> None:
    """Whatever dies and wherever, no call is paid twice, denied though it was done, or confirmed though it was not."""
    chance = Random(seed)
    world.control("settings", {"visibilitySeconds": chance.choice([0, 45])})
    erp = Erp(world, chance)
    acts: list[Act] = []
    try:
        for _ in range(ACTS):
            act = erp.act()
            acts.append(act)
            erp.settle(act)
        for act in acts:
            erp.check(act, act.told)
        erp.check_parts(acts)
    except BaseException as error:
        error.add_note("\n".join([f"seed {seed}", *erp.log]))
        raise


def test_two_processes_on_one_file_pay_a_call_once_that_both_get_at_once(world: World) -> None:
    """Duplicates of every kind, eight at a time: one of them pays, and all are told the same."""
    chance = Random(7)
    erp = Erp(world, chance)
    first = world.url
    world.serve(**erp.settings)
    urls = [first, world.url]
    assert world.session
    with ThreadPoolExecutor(8) as pool:
        for _ in range(6):
            act = erp.act(at_once=True)
            waiting = [pool.submit(erp.soap, act, urls[number % 2]) for number in range(8)]
            told = [read_soap(each.result(), act) for each in waiting]
            for rows in told:
                erp.check(act, rows)
            for place in range(len(act.objects)):
                assert len({rows[place] for rows in told}) == 1, (act.name, told)
