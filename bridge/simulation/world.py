"""One simulated world: a plan is played, two replicas and the ERPs live through it, and the oracle watches.

Time is the loop's. What is to happen at a known time is the plan's; the fates of single requests are chance's, by
name. When all acts have been said, the air clears, the recoverer has its five minutes, and everything must be settled.
Must not decide what is right: the oracle does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextvars import Context
from dataclasses import dataclass

from bridge.core.intent import Intent
from bridge.core.model import Tenant as Configured
from bridge.sandbox.clock import ZONE
from bridge.sandbox.host import Host
from bridge.simulation.books import USER, sow
from bridge.simulation.callers import Callers
from bridge.simulation.chance import Chance
from bridge.simulation.listening import listening
from bridge.simulation.loop import Actor, Stuck, VirtualLoop, of_the_world
from bridge.simulation.network import Network
from bridge.simulation.oracle import Oracle
from bridge.simulation.plan import Event, Plan, What
from bridge.simulation.replica import Replica
from bridge.simulation.storage import storage
from bridge.simulation.weather import Weather
from bridge.telemetry import clocks

SEND_DEADLINE = 127.0
"""When a request that was begun has left, or never will (``core.conduct.proof``)."""

SETTLE_SECONDS = 300.0
"""I13: how long after the send deadline what can be found must be settled."""

IDLE = 20.0
"""Seconds without anything under way and nothing before the next caller: the night may begin."""

EVENING = 480.0
"""How long the recoverer may work before a night."""

NAPS = (1.5, 2.5, 9.0, 400.0, 1500.0)
"""Within the fence, beyond it, beyond a heartbeat, until absence is proved, until the next rush is over."""

FOR_EVER = 2**62


@dataclass(frozen=True, slots=True)
class Result:
    """How a world ended: what was violated (nothing, if all is well), what happened, and how much of it."""

    plan: Plan
    violations: tuple[str, ...]
    trace: tuple[str, ...]
    calls: int
    told: Mapping[str, int]
    parked: Mapping[str, int]
    sends: int
    mishaps: frozenset[str]
    crashes: int
    seconds: float


class World:
    """``run`` it once."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._chance = chance = Chance(plan.seed)
        self._loop = VirtualLoop(self._stopped)  # type: ignore[abstract]
        self._trace: list[tuple[float, tuple[object, ...]]] = []
        self._violations: list[str] = []
        self._over: asyncio.Future[None] = self._loop.create_future()
        self._weather = Weather(plan, chance, self._loop)
        self._storage = storage().fresh()
        self._storage.database.weather = self._weather.database
        host = Host()
        self._books = sow(plan, self._loop.time)
        host.furnish(self._books.clock, {"simulation": self._books}, "simulation")
        grant = host.sessions.check(USER, "simulated")
        assert grant is not None
        self._session = host.sessions.open(grant)
        self._oracle = Oracle(plan, self._books, self._storage, self._session, self._loop.time, self._violated)
        self._network = Network(
            host,
            chance,
            self._note,
            self._oracle.first_byte,
            self._oracle.done,
            self._oracle.turned_away,
            self._weather.mishap,
            self._nap,
            plan.without,
        )
        self._tenant = Configured(ZONE, enhanced_write_off=plan.write_off)
        self._slots: list[Replica | None] = [None, None]
        self._born = 0
        self._crashes = 0
        self._callers = Callers(
            plan,
            chance,
            self._network,
            self._oracle,
            self._weather,
            self._tenant,
            self._books.names,
            self._session,
            self._slots,
            self._note,
        )

    # ------------------------------------------------------------ running

    def run(self) -> Result:
        """Play the plan."""
        parked: Mapping[str, int] = {}
        with clocks.replaced(self._weather), listening(self._violated):
            try:
                parked = self._loop.run(self._play())
            except Stuck as stuck:
                self._violated(f"stuck: {stuck}")
        self._violations += [f"defect: {broken}" for broken in self._loop.broken]
        return Result(
            self.plan,
            tuple(self._violations),
            tuple(f"{at:12.3f} {' '.join(map(str, words))}" for at, words in self._trace),
            self._callers.calls,
            dict(self._oracle.told),
            parked,
            len(self._oracle.last_sent),
            frozenset(self._network.named),
            self._crashes,
            self._loop.time(),
        )

    async def _play(self) -> Mapping[str, int]:
        for slot in (0, 1):
            self._begin(slot)
        for event in self.plan.events:
            of_the_world(self._happen(event))
        acts = asyncio.gather(*(of_the_world(self._callers.act(act)) for act in self.plan.acts))
        acts.add_done_callback(lambda _: self._end())
        nights = of_the_world(self._nights())
        await self._over
        nights.cancel()
        if not self._violations:
            await self._settle()
        return self._oracle.at_the_end() if not self._violations else {}

    def _end(self) -> None:
        if not self._over.done():
            self._over.set_result(None)

    def _note(self, *words: object) -> None:
        self._trace.append((self._loop.time(), words))

    def _violated(self, what: str) -> None:
        self._note("VIOLATED", what)
        self._violations.append(what)
        self._end()

    # ------------------------------------------------------------ replicas

    def _begin(self, slot: int) -> None:
        if self._slots[slot] is None:
            self._born += 1
            name = f"r{self._born}"
            self._note(name, "begins in slot", slot)
            self._slots[slot] = Replica(
                name, self._storage, self._network, self._tenant, self._session, self._weather.pause
            )

    def _stopped(self, actor: Actor) -> None:
        """The step has come at which an actor's process was to die or to fall asleep."""
        replica = actor.process
        assert isinstance(replica, Replica)
        if self._callers.stops[actor.name] == "dies":
            self._die(replica, f"in {actor.name}", self._chance.among((0.2, 2.0, 20.0, 60.0), actor.name, "away"))
        else:
            self._nap(actor, actor.name)

    def _nap(self, actor: Actor, name: str) -> None:
        """An actor's process falls asleep, in worlds where processes do."""
        replica = actor.process
        assert isinstance(replica, Replica)
        # What was to fall asleep before the air cleared stays awake now: I13 is about processes that live.
        if self.plan.naps and not self._callers.calm:
            self._sleep(replica, self._chance.among(NAPS, name, "nap"))

    def _die(self, replica: Replica, why: str, seconds: float) -> None:
        if not replica.dead:
            slot = self._slots.index(replica)
            self._note(replica.name, "dies", why)
            self._crashes += 1
            replica.die()
            self._slots[slot] = None
            self._loop.call_later(seconds, self._begin, slot, context=Context())

    def _sleep(self, replica: Replica, seconds: float) -> None:
        if not replica.dead and not replica.asleep:
            self._note(replica.name, "sleeps for", round(seconds, 3))
            replica.asleep = True
            # The world's context: a process that sleeps does not wake itself.
            self._loop.call_later(seconds, self._wake, replica, context=Context())

    def _wake(self, replica: Replica) -> None:
        if replica.asleep:
            self._note(replica.name, "wakes")
            self._loop.wake(replica)

    # ------------------------------------------------------------ what happens

    async def _happen(self, event: Event) -> None:
        await self._callers.until(event.at)
        if self._callers.calm:
            return
        words = (event.rule, event.route.value) if event.route is not None else (f"{event.seconds:.3f}",)
        self._note(event.name, event.what.value, *words)
        self._weather.turns(event)
        replica = self._slots[event.slot]
        if event.what is What.FOREIGN:
            self._note(event.name, self._oracle.canceled_elsewhere(self._chance.at(event.name, "which")))
        elif event.what is What.CRASH and replica is not None:
            self._die(replica, "as planned", event.seconds)
        elif event.what is What.SLEEP and replica is not None:
            self._sleep(replica, event.seconds)

    async def _nights(self) -> None:
        """Where nobody calls for long, the recoverer gets its time or none, and then all machines sleep."""
        idle_since: float | None = None
        number = 0
        while True:
            await asyncio.sleep(5.0)
            now = self._loop.time()
            dawn = min(self._callers.alarms, default=now)
            if self._callers.open or self._network.under_way or dawn - now < IDLE:
                idle_since = None
                continue
            if idle_since is None:
                idle_since, number = now, number + 1
            worked = self._chance.happens(0.5, "evening", number)
            if self._unfinished(1) and worked and now - idle_since < EVENING:
                continue
            night = dawn - now - self._chance.among((0.0, 1.0, 9.0), "dawn", number)
            for replica in [each for each in self._slots if each is not None]:
                if self._chance.happens(0.3, "night", number, replica.name):
                    self._die(replica, "for the night", night)
                else:
                    self._sleep(replica, night)
            await asyncio.sleep(night)

    def _unfinished(self, most: int) -> tuple[Intent, ...]:
        """What is neither settled nor parked."""
        return self._storage.queries.unfinished(FOR_EVER, most)

    # ------------------------------------------------------------ the end

    async def _settle(self) -> None:
        """The air clears: with Zuora reachable, what can be found is settled five minutes after its send deadline."""
        self._callers.calm = self._network.calm = True
        self._weather.clears()
        self._note("the air clears")
        for slot, replica in enumerate(self._slots):
            if replica is None:
                self._begin(slot)
            else:
                self._wake(replica)
        began = self._loop.time()
        while not self._violations:
            left = [one for one in self._unfinished(1000) if not self._oracle.ambiguous(one)]
            if not left and not self._network.under_way and not self._callers.open:
                return
            for intent in left:
                self._overdue(intent, began)
            await asyncio.sleep(5.0)

    def _overdue(self, intent: Intent, began: float) -> None:
        # A send that was given up at the fence left nothing, but only its own process knows: the others have to count
        # from the moment that was committed for it.
        noted = (each.last_sent_at for each in self._storage.queries.dispatches_of(intent.id))
        last = max((at for at in noted if at is not None), default=intent.created_at)
        sent = max(self._oracle.last_sent.get(intent.id, 0.0), last / 1000 - self._weather.began)
        due = max(began, sent + SEND_DEADLINE) + SETTLE_SECONDS
        now, intent_id = self._loop.time(), intent.id
        if now <= due:
            return
        if self._oracle.marked(intent):
            self._violated(f"I13: {intent_id} is {intent.state.value} {now - sent:.0f} s after it was sent")
        elif now > due + SETTLE_SECONDS:
            self._violated(f"I13: {intent_id} is neither settled nor parked {now - sent:.0f} s after it was sent")
