"""What surrounds the bridge and changes with time: clocks, storms, the database's moods, the routes in force.

Stands in for the machine's clocks. Must not know the bridge's processes.
"""

from __future__ import annotations

from asyncio import AbstractEventLoop

from bridge.core.model import Route
from bridge.sandbox.clock import START
from bridge.simulation.chance import Chance
from bridge.simulation.plan import Event, Plan, What

STORMY = 0.8
"""How likely a mishap is while it storms."""

TURN = 0.002
"""Seconds that the writer takes for a turn."""

DATABASE = frozenset({What.DOWN, What.UNDONE, What.UNCERTAIN, What.SLOW})

FENCE_ZERO = 1000.0
"""The fence clock begins elsewhere than the steady one, so that nobody can mistake them."""


class Weather:
    """The weather of a plan, on a loop's time."""

    def __init__(self, plan: Plan, chance: Chance, loop: AbstractEventLoop) -> None:
        self._plan = plan
        self._chance = chance
        self._loop = loop
        self._storms: list[tuple[float, float]] = []
        self._spells: list[tuple[float, float, What]] = []
        self._set_by = 0.0
        self._turns = 0
        self.began = START.timestamp() + plan.start
        self.routes: dict[str, Route] = {}

    def wall(self) -> float:
        """Somebody may set it."""
        return self.began + self._set_by + self._loop.time()

    def steady(self) -> float:
        """As the loop's."""
        return self._loop.time()

    def fence(self) -> float:
        """As the loop's, from elsewhere."""
        return FENCE_ZERO + self._loop.time()

    def turns(self, event: Event) -> None:
        """It changes."""
        now = self._loop.time()
        if event.what is What.STORM:
            self._storms.append((now, now + event.seconds))
        elif event.what in DATABASE:
            self._spells.append((now, now + event.seconds, event.what))
        elif event.what is What.JUMP:
            self._set_by += event.seconds
        elif event.what is What.ROUTE and event.route is not None:
            self.routes[event.rule] = event.route

    def clears(self) -> None:
        """Everything works from now on. The clock stays as somebody has set it."""
        self._storms.clear()
        self._spells.clear()

    def mishap(self) -> float:
        """How likely it is now that a request has one."""
        now = self._loop.time()
        stormy = any(begin <= now < end for begin, end in self._storms)
        return STORMY if stormy else 1.0 - self._plan.calm

    def database(self) -> What | None:
        """What ails it now."""
        now = self._loop.time()
        return next((what for begin, end, what in self._spells if begin <= now < end), None)

    def ailed(self, since: float) -> bool:
        """Whether anything ailed the database since then."""
        return any(begin <= self._loop.time() and since < end for begin, end, _ in self._spells)

    def pause(self) -> float:
        """How long the writer's next turn takes."""
        if self.database() is not What.SLOW:
            return TURN
        self._turns += 1
        return self._chance.between(0.1, 9.0, "slow turn", self._turns)
