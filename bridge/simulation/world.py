"""One simulated world: a plan is played, two replicas and the ERPs live through it, and the oracle watches.

Time is the loop's. What is to happen at a known time is the plan's; the fates of single requests are chance's, by
name. When all acts have been said, the air clears, the recoverer has its five minutes, and everything must be settled.
Must not decide what is right: the oracle does.
"""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import structlog

from bridge.core.conduct import Errand
from bridge.core.model import Reply, Route, Told, ZObject
from bridge.core.model import Tenant as Configured
from bridge.runtime import Stopping, Visit
from bridge.sandbox.clock import START, ZONE
from bridge.sandbox.host import Host
from bridge.simulation import erp
from bridge.simulation.books import USER, sow
from bridge.simulation.chance import Chance
from bridge.simulation.erp import Visited
from bridge.simulation.loop import Actor, Stuck, VirtualLoop, of_the_world, task_of
from bridge.simulation.network import Network
from bridge.simulation.oracle import Oracle, marked
from bridge.simulation.plan import EPOCHS, Act, Event, Plan, Try, What
from bridge.simulation.replica import Replica
from bridge.simulation.storage import storage
from bridge.telemetry import clocks
from bridge.upstream.credential import Credential

LONGEST_WAIT = 50

SETTLE_SECONDS = 300.0
"""I13: how long after the send deadline what can be found must be settled."""

SEND_DEADLINE = 125.0

IDLE = 20.0
"""Seconds without anything under way and nothing before the next caller: the night may begin."""

EVENING = 480.0
"""How long the recoverer may work before a night."""

FOR_EVER = 2**62

DATABASE = frozenset({What.DOWN, What.UNDONE, What.UNCERTAIN, What.SLOW})


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
        self._chance = Chance(plan.seed)
        self._loop = VirtualLoop(self._crashed)  # type: ignore[abstract]
        self._trace: list[tuple[float, tuple[object, ...]]] = []
        self._violations: list[str] = []
        self._over = asyncio.Future(loop=self._loop)  # type: asyncio.Future[None]
        self._wall = 0.0
        self._began = (START.timestamp() + plan.start) if plan else 0.0
        self._storage = storage().fresh()
        self._storage.database.weather = self._weather
        self._host = Host()
        tenant = sow(plan, self._loop.time)
        self._host.furnish(tenant.clock, {"simulation": tenant}, "simulation")
        self._books = tenant
        grant = self._host.sessions.check(USER, "simulated")
        assert grant is not None
        self._session = self._host.sessions.open(grant)
        self._oracle = Oracle(plan, tenant, self._storage, self._session, self._loop.time, self._violated)
        self._network = Network(
            self._host, self._chance, self._note, self._oracle.first_byte, self._oracle.done, self._mishap, plan.without
        )
        self._configured = Configured(
            ZONE,
            enhanced_write_off=plan.write_off,
            longest_wait_seconds=LONGEST_WAIT,
        )
        self._slots: list[Replica | None] = [None, None]
        self._born = 0
        self._routes: dict[str, Route] = {}
        self._storms: list[tuple[float, float]] = []
        self._spells: list[tuple[float, float, What]] = []
        self._alarms: Counter[float] = Counter()
        self._open = 0
        self._calls = 0
        self._crashes = 0
        self._calm = False

    # ------------------------------------------------------------ the machine's clocks

    def wall(self) -> float:
        """Somebody may set it."""
        return self._began + self._wall + self._loop.time()

    def steady(self) -> float:
        """As the loop's."""
        return self._loop.time()

    def fence(self) -> float:
        """As the loop's, from elsewhere."""
        return 1000.0 + self._loop.time()

    # ------------------------------------------------------------ running

    def run(self) -> Result:
        """Play the plan."""
        with clocks.replaced(self), self._listening():
            try:
                parked = self._loop.run(self._play())
            except Stuck as stuck:
                parked = {}
                self._violated(f"stuck: {stuck}")
        for broken in self._loop.broken:
            self._violations.append(f"defect: {broken}")
        return Result(
            self.plan,
            tuple(self._violations),
            tuple(f"{at:12.3f} {' '.join(map(str, words))}" for at, words in self._trace),
            self._calls,
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
        acts = [of_the_world(self._act(act)) for act in self.plan.acts]
        nights = of_the_world(self._nights())
        if acts:
            done = asyncio.gather(*acts)
            done.add_done_callback(lambda _: self._end())
            await self._over
            done.cancel()
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

    @contextmanager
    def _listening(self) -> Iterator[None]:
        """The bridge's own cry for help is a finding: nothing here should be beyond its rules."""
        before = structlog.get_config()

        def hear(_logger: object, _method: str, event: Any) -> Any:
            text = str(event.get("event"))
            if "broke off" in text:
                error = sys.exc_info()[1]
                self._violated(f"defect: {text}: {type(error).__name__}: {error}")
            raise structlog.DropEvent

        structlog.configure(
            processors=[hear],
            wrapper_class=structlog.make_filtering_bound_logger(40),
            logger_factory=structlog.ReturnLoggerFactory(),
            cache_logger_on_first_use=False,
        )
        try:
            yield
        finally:
            structlog.configure(**before)

    # ------------------------------------------------------------ replicas

    def _begin(self, slot: int) -> None:
        self._born += 1
        name = f"r{self._born}"
        self._note(name, "begins in slot", slot)
        self._slots[slot] = Replica(name, self._storage, self._network, self._configured, self._session, self._pause)

    def _crashed(self, actor: Actor) -> None:
        """The step at which an actor's process was to die."""
        replica = actor.process
        assert isinstance(replica, Replica)
        self._die(replica, f"in {actor.name} at step {actor.steps}")

    def _die(self, replica: Replica, why: str, seconds: float | None = None) -> None:
        if replica.dead:
            return
        slot = self._slots.index(replica)
        self._note(replica.name, "dies", why)
        self._crashes += 1
        replica.die()
        self._slots[slot] = None
        if seconds is None:
            seconds = self._chance.among((0.2, 2.0, 20.0, 60.0), replica.name, "away")
        self._loop.call_later(seconds, self._revive, slot)

    def _revive(self, slot: int) -> None:
        if self._slots[slot] is None:
            self._begin(slot)

    def _sleep(self, replica: Replica, seconds: float) -> None:
        if replica.dead or replica.asleep:
            return
        self._note(replica.name, "sleeps for", round(seconds, 3))
        replica.asleep = True
        self._loop.call_later(seconds, self._wake, replica)

    def _wake(self, replica: Replica) -> None:
        self._note(replica.name, "wakes")
        self._loop.wake(replica)

    # ------------------------------------------------------------ weather

    def _mishap(self) -> float:
        now = self._loop.time()
        if any(begin <= now < end for begin, end in self._storms):
            return 0.8
        return 1.0 - self.plan.calm

    def _weather(self) -> What | None:
        now = self._loop.time()
        for begin, end, what in self._spells:
            if begin <= now < end:
                return what
        return None

    def _pause(self) -> float:
        if self._weather() is What.SLOW:
            return self._chance.between(0.1, 9.0, "slow turn", round(self._loop.time(), 6))
        return 0.002

    async def _happen(self, event: Event) -> None:
        if event.at > 0:
            await self._until(event.at)
        if self._calm:
            return
        self._note(event.name, event.what.value, round(event.seconds, 3), event.rule, event.route and event.route.value)
        now = self._loop.time()
        replica = self._slots[event.slot]
        if event.what is What.ROUTE and event.route is not None:
            self._routes[event.rule] = event.route
        elif event.what is What.STORM:
            self._storms.append((now, now + event.seconds))
        elif event.what in DATABASE:
            self._spells.append((now, now + event.seconds, event.what))
        elif event.what is What.JUMP:
            self._wall += event.seconds
        elif event.what is What.CRASH and replica is not None:
            self._die(replica, "as planned", event.seconds)
        elif event.what is What.SLEEP and replica is not None:
            self._sleep(replica, event.seconds)

    async def _until(self, when: float) -> None:
        """Sleep so that the night knows when the day begins."""
        if when > self._loop.time():
            self._alarms[when] += 1
            await asyncio.sleep(when - self._loop.time())
            self._alarms[when] -= 1
            if not self._alarms[when]:
                del self._alarms[when]

    async def _nights(self) -> None:
        """Where nobody calls for long, the recoverer gets its time or none, and then all machines sleep."""
        idle_since: float | None = None
        number = 0
        while True:
            await asyncio.sleep(5.0)
            now = self._loop.time()
            dawn = min(self._alarms, default=now)
            if self._open or self._network.under_way or dawn - now < IDLE:
                idle_since = None
                continue
            if idle_since is None:
                idle_since, number = now, number + 1
            worked = self._chance.happens(0.5, "evening", number)
            if self._unfinished() and worked and now - idle_since < EVENING:
                continue
            night = dawn - now - self._chance.among((0.0, 1.0, 9.0), "dawn", number)
            for replica in [each for each in self._slots if each is not None]:
                if self._chance.happens(0.3, "night", number, replica.name):
                    self._die(replica, "for the night", night)
                else:
                    self._sleep(replica, night)
            await asyncio.sleep(night)

    def _unfinished(self) -> bool:
        return bool(self._storage.queries.unfinished(FOR_EVER, 1))

    # ------------------------------------------------------------ callers

    async def _act(self, act: Act) -> None:
        """Say it as often as planned, until it is known to be done."""
        content = False
        begun: list[asyncio.Task[None]] = []
        heard: list[bool] = []

        async def say(place: int, said: Try) -> None:
            nonlocal content
            reply = await self._say(act, place, said)
            if reply is not None and said.hears and hasattr(reply, "outcomes"):
                rows = reply.outcomes
                content = bool(rows) and all(one.told is Told.APPLIED for one in rows)
                heard.append(content)

        for place, said in enumerate(act.tries):
            if content and not act.stubborn:
                break
            if not said.beside and begun:
                await asyncio.gather(*begun)
                if content and not act.stubborn:
                    break
            await self._until(max(EPOCHS[said.epoch], self._loop.time()) + said.pause)
            begun.append(of_the_world(say(place, said)))
        await asyncio.gather(*begun)

    async def _say(self, act: Act, place: int, said: Try) -> Reply | None:
        """One call; what the ERP hears, None for nothing."""
        name = f"{act.name}.{place}"
        slots = self._slots[said.slot], self._slots[1 - said.slot]
        replica = next((each for each in slots if each is not None and each.serving), None)
        if replica is None:
            self._note(name, "nobody answers")
            return None
        self._calls += 1
        self._open += 1
        visited = Visited(name, act, said, self._loop.time(), self._loop.create_future())
        call_id = f"{name}@{self._calls}"
        self._oracle.opened(visited, call_id)
        crash_at = 0
        if not self._calm and self._chance.happens(self.plan.crashes, name, "crash"):
            crash = f"{name}*"
            if crash not in self.plan.without:
                self._network.named.add(crash)
                crash_at = self._chance.number(1, 60, name, "crash at")
        self._note(name, act.kind.name, "at", replica.name, f"crash {crash_at}" if crash_at else "")
        replica.open[name] = lambda: self._hang_up(visited, None)
        actor = Actor(name, replica, crash_at, visited)
        task_of(actor, self._served(replica, visited, call_id))
        patience = said.patience + 15.0
        if said.leaves is not None and f"{name}-" not in self.plan.without:
            self._network.named.add(f"{name}-")
            patience = min(patience, said.leaves)
        # With the world's context, so that no process's sleep delays it.
        timer = self._loop.call_later(patience, self._hang_up, visited, None)
        reply = await visited.answer
        timer.cancel()
        visited.leave()
        replica.open.pop(name, None)
        self._oracle.closed(visited)
        self._open -= 1
        return reply

    def _hang_up(self, visited: Visited, reply: Reply | None) -> None:
        visited.leave()
        if not visited.answer.done():
            if reply is None:
                self._note(visited.name, "hears nothing")
            visited.answer.set_result(reply)

    async def _served(self, replica: Replica, visited: Visited, call_id: str) -> None:
        """In the replica: the call is conducted, answered, and perhaps delivered."""
        act, said = visited.act, visited.said
        call = erp.call(act, self._books.names)
        caller = erp.caller(said.patience)
        route = self._routes.get(f"{call.type}.{call.op.value}", Route.SOAP)
        errand = Errand(call, caller, self._configured, call_id, replica.name, _prefers(route))
        visit = Visit(said.patience, lambda: not visited.waiting)
        try:
            reply = await replica.runtime.run(errand, visit, Credential(self._session))
        except Stopping:
            self._hang_up(visited, None)
            return
        self._oracle.answered(visited, call_id, reply)
        self._note(visited.name, "is told", _words(reply))
        if visited.waiting and said.hears:
            visited.answer.set_result(reply)
            replica.runtime.delivered(getattr(reply, "outcomes", ()))
        else:
            self._hang_up(visited, None)

    # ------------------------------------------------------------ the end

    async def _settle(self) -> None:
        """The air clears: with Zuora reachable, what can be found is settled five minutes after its send deadline."""
        self._calm = self._network.calm = True
        self._storms.clear()
        self._spells.clear()
        self._note("the air clears")
        for slot, replica in enumerate(self._slots):
            if replica is None:
                self._begin(slot)
            elif replica.asleep:
                self._wake(replica)
        began = self._loop.time()
        while not self._violations:
            left = self._storage.queries.unfinished(FOR_EVER, 10_000)
            if not left and not self._network.under_way and not self._open:
                return
            for intent in left:
                sent = self._oracle.last_sent.get(intent.id, intent.created_at / 1000 - self._began)
                due = max(began, sent + SEND_DEADLINE) + SETTLE_SECONDS
                late, age = self._loop.time() - due, self._loop.time() - sent
                if late > 0 and marked(self._oracle.thing_of(intent), intent.route):
                    self._violated(f"I13: {intent.id} is {intent.state.value} {age:.0f} s later")
                elif late > SETTLE_SECONDS:
                    self._violated(f"I13: {intent.id} is neither settled nor parked {age:.0f} s later")
            await asyncio.sleep(5.0)


def _prefers(route: Route) -> Any:
    def prefer(_obj: ZObject) -> Route:
        return route

    return prefer


def _words(reply: Reply) -> str:
    outcomes = getattr(reply, "outcomes", None)
    if outcomes is None:
        return f"fault {reply.code}"  # type: ignore[union-attr]
    return " ".join(
        f"{one.told.value}{'+' if one.joined else ''}"
        + (f":{one.zuora_id[-6:]}" if one.zuora_id else "")
        + "".join(f":{error.code}" for error in one.errors[:1])
        for one in outcomes
    )
