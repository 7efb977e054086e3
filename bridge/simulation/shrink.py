"""Makes a failing plan smaller while it still fails: fewer acts, fewer events, fewer mishaps.

Whole groups are taken away first, then single ones (Zeller, Hildebrandt: Simplifying and Isolating Failure-Inducing
Input). What counts as the same failure is the same invariant. Must not look inside a world.
"""

from __future__ import annotations

from collections.abc import Sequence

from bridge.simulation.plan import Plan
from bridge.simulation.world import Result, World

MOST_RUNS = 150
"""Worlds to try: a minute at most."""


def invariant(result: Result) -> str:
    """What was violated first: ``I2``, or the word before the colon."""
    return result.violations[0].partition(":")[0]


def smallest(failed: Result, most: int = MOST_RUNS) -> Result:
    """The smallest world found that fails in the same way."""
    best, runs = failed, 0
    begun = True
    while begun and runs < most:
        begun = False
        size = max(1, len(_names(best)) // 2)
        while size and runs < most:
            names, place = _names(best), 0
            while place < len(names) and runs < most:
                runs += 1
                tried = _run(best.plan, names[place : place + size])
                if tried.violations and invariant(tried) == invariant(failed):
                    begun, best, names = True, tried, _names(tried)
                else:
                    place += size
            size //= 2
    return best


def _names(result: Result) -> list[str]:
    plan = result.plan
    return [
        *(act.name for act in plan.acts),
        *(event.name for event in plan.events),
        *sorted(result.mishaps - plan.without),
    ]


def _run(plan: Plan, names: Sequence[str]) -> Result:
    return World(plan.smaller(frozenset(names))).run()
