"""How much is not settled, and for how long: measured also where it is nothing, because an alert needs the zero (I13).

Must not settle anything.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import product

from bridge.core.conduct.recovery import UNSETTLED
from bridge.core.intent import State
from bridge.core.model import Route
from bridge.journal import Journal, JournalDown
from bridge.telemetry.log import get_logger
from bridge.telemetry.metrics import METRICS

log = get_logger("runtime")

EVERY_SECONDS = 5.0

Place = tuple[State, Route | None]

EVERYWHERE: frozenset[Place] = frozenset(product((*UNSETTLED, State.PARKED), (*Route, None)))


class Unsettled:
    """What the journal has of it, by state and route; ``zuora_now`` is Zuora's clock."""

    def __init__(self, journal: Journal, zuora_now: Callable[[], int]) -> None:
        self._journal = journal
        self._zuora_now = zuora_now
        self._shown: frozenset[Place] = EVERYWHERE

    async def measure(self) -> None:
        """Look once; raises ``JournalDown``."""
        now = self._zuora_now()
        known = {(each.state, each.route): each for each in await self._journal.ages()}
        for place in self._shown - known.keys():
            _show(place, 0, 0)
        for place, found in known.items():
            _show(place, found.count, max(0, now - found.oldest) / 1000)
        self._shown = frozenset(known)

    async def keep(self) -> None:
        """Look again and again: for a bridge that has no recoverer, because nothing can be looked up."""
        while True:
            try:
                await self.measure()
            except JournalDown as down:
                log.warning("journal down", error=str(down))
            except Exception:
                log.exception("what is not settled could not be measured")
            await asyncio.sleep(EVERY_SECONDS)


def _show(place: Place, count: int, age: float) -> None:
    state, route = place
    labels = {"state": state.value, "route": route.value if route is not None else "none"}
    METRICS.unsettled.set(count, **labels)
    METRICS.oldest_seconds.set(age, **labels)
