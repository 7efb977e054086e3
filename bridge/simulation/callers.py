"""The ERPs at work: each act is said as often as planned, to whichever replica answers, until it is known to be done.

A caller belongs to no process, so nothing of the bridge's can stop it but its own patience. Must not judge an answer.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from bridge.core.classify import Prefer, Preference
from bridge.core.conduct import Errand
from bridge.core.model import Caller, Reply, Route, Rows, Told
from bridge.core.model import Tenant as Configured
from bridge.runtime import Stopping, Visit
from bridge.simulation import erp
from bridge.simulation.chance import Chance
from bridge.simulation.erp import Visited
from bridge.simulation.loop import Actor, of_the_world, task_of
from bridge.simulation.network import Network
from bridge.simulation.oracle import Oracle
from bridge.simulation.plan import EPOCHS, Act, Mail, Plan, Try
from bridge.simulation.replica import Replica
from bridge.simulation.weather import Weather
from bridge.upstream.credential import Credential

CLOSES = 15.0
"""Seconds that an ERP's socket waits longer than the bridge was told to take."""

LAST_STEP = 60
"""A call that is to be stopped is stopped within so many steps; few have more."""

QUIET = 1.0
"""Seconds within which a crash may still lose the note that an answer was delivered."""


@dataclass(slots=True)
class Callers:
    """All ERPs of a world. ``slots`` are the replicas as they stand at any time."""

    plan: Plan
    chance: Chance
    network: Network
    oracle: Oracle
    weather: Weather
    tenant: Configured
    names: Mapping[str, str]
    session: str
    slots: Sequence[Replica | None]
    note: Callable[..., None]
    calls: int = 0
    open: int = 0
    calm: bool = False
    alarms: Counter[float] = field(default_factory=Counter)
    stops: dict[str, str] = field(default_factory=dict)

    async def until(self, when: float) -> None:
        """Sleep so that the night knows when the day begins."""
        loop = asyncio.get_running_loop()
        if when > loop.time():
            self.alarms[when] += 1
            await asyncio.sleep(when - loop.time())
            self.alarms[when] -= 1
            if not self.alarms[when]:
                del self.alarms[when]

    async def act(self, act: Act) -> None:
        """Say it as often as planned, until it is known to be done; and perhaps want the same once more."""
        done: list[tuple[float, Replica, Rows]] = []
        begun: list[asyncio.Task[None]] = []
        loop = asyncio.get_running_loop()

        async def say(place: int, said: Try) -> None:
            reply, replica = await self.say(act, f"{act.name}.{place}", said, "fault")
            if isinstance(reply, Rows) and all(one.told is Told.APPLIED for one in reply.outcomes):
                assert replica is not None
                done.append((loop.time(), replica, reply))

        for place, said in enumerate(act.tries):
            if not said.beside:
                await asyncio.gather(*begun)
            if done and not act.stubborn:
                break
            await self.until(max(EPOCHS[said.epoch], loop.time()) + said.pause)
            begun.append(of_the_world(say(place, said)))
        await asyncio.gather(*begun)
        if act.again is not None and done:
            await self._again(act, act.again, *done[0])

    async def _again(self, act: Act, said: Try, told_at: float, replica: Replica, reply: Rows) -> None:
        """The same words, meaning another payment: the note that the first was delivered must tell them apart."""
        loop = asyncio.get_running_loop()
        await asyncio.sleep(QUIET)
        sure = not replica.dead and not replica.asleep and not self.weather.ailed(told_at)
        await self.until(max(EPOCHS[said.epoch], told_at + erp.TWINS_AFTER) + said.pause)
        if sure and loop.time() - told_at < erp.TWINS_UNTIL:
            self.oracle.wanted(act)
            first = frozenset(one.zuora_id or "" for one in reply.outcomes)
            await self.say(act, f"{act.name}{erp.AGAIN}", said, "allow", first)

    async def say(
        self, act: Act, name: str, said: Try, twins: str, not_these: frozenset[str] = frozenset()
    ) -> tuple[Reply | None, Replica | None]:
        """One call: what the ERP hears (None: nothing), and from whom."""
        slots = self.slots[said.slot], self.slots[1 - said.slot]
        replica = next((each for each in slots if each is not None and each.serving), None)
        if replica is None:
            self.note(name, "nobody answers")
            return None, None
        loop = asyncio.get_running_loop()
        self.calls += 1
        self.open += 1
        visited = Visited(name, act, said, loop.time(), loop.create_future(), not_these=not_these)
        call_id = f"{name}@{self.calls}"
        self.oracle.opened(visited, call_id)
        stop_at, leaves = self._stop(name), self._leaves(name, said)
        self.note(name, act.kind.name, "at", replica.name, f"{self.stops[name]} at {stop_at}" if stop_at else "")
        replica.open[name] = lambda: self.hang_up(visited, None)
        task_of(
            Actor(name, replica, stop_at, visited),
            self._served(replica, visited, call_id, self._caller(act, said, twins)),
        )
        timer = loop.call_later(leaves, self.hang_up, visited, None)
        reply = await visited.answer
        timer.cancel()
        visited.leave()
        replica.open.pop(name, None)
        self.oracle.closed(visited)
        self.open -= 1
        return reply, replica

    def _caller(self, act: Act, said: Try, twins: str) -> Caller:
        return erp.caller(said.patience, self.names["user"], twins=twins, keeps_ids=act.mail is Mail.KEPT)

    def _stop(self, name: str) -> int:
        """At which step the process of this call dies or falls asleep; 0 for never."""
        for how, share, mark in (("dies", self.plan.crashes, "*"), ("sleeps", self.plan.naps, "~")):
            if not self.calm and self.chance.happens(share, name, how) and f"{name}{mark}" not in self.plan.without:
                self.network.named.add(f"{name}{mark}")
                self.stops[name] = how
                return self.chance.number(1, LAST_STEP, name, "at step")
        return 0

    def _leaves(self, name: str, said: Try) -> float:
        patience = said.patience + CLOSES
        if said.leaves is None or self.calm or f"{name}-" in self.plan.without:
            return patience
        self.network.named.add(f"{name}-")
        return min(patience, said.leaves)

    def hang_up(self, visited: Visited, reply: Reply | None) -> None:
        """The connection ends, with an answer or without."""
        visited.leave()
        if not visited.answer.done():
            if reply is None:
                self.note(visited.name, "hears nothing")
            visited.answer.set_result(reply)

    async def _served(self, replica: Replica, visited: Visited, call_id: str, caller: Caller) -> None:
        """In the replica: the call is conducted, answered, and perhaps delivered."""
        act, said = visited.act, visited.said
        call = erp.call(act, self.names, visited.name)
        route = self.weather.routes.get(f"{call.type}.{call.op.value}", Route.SOAP)
        errand = Errand(call, caller, self.tenant, call_id, replica.name, _prefers(route))
        visit = Visit(said.patience, lambda: not visited.waiting)
        try:
            reply = await replica.runtime.run(errand, visit, Credential(self.session))
        except Stopping:
            self.hang_up(visited, None)
            return
        self.oracle.answered(visited, call_id, reply)
        self.note(visited.name, "is told", _words(reply))
        if visited.waiting and said.hears:
            visited.answer.set_result(reply)
            replica.runtime.delivered(getattr(reply, "outcomes", ()))
        else:
            self.hang_up(visited, None)


def _prefers(route: Route) -> Prefer:
    said = Preference(route)
    return Prefer(lambda _obj, _account: said)


def _words(reply: Reply) -> str:
    """An answer in a trace: rows with their ends, or a fault."""
    outcomes = getattr(reply, "outcomes", None)
    if outcomes is None:
        return f"fault {reply.code}"  # type: ignore[union-attr]
    return " ".join(
        f"{one.told.value}{'+' if one.joined else ''}"
        + (f":{one.zuora_id[-6:]}" if one.zuora_id else "")
        + "".join(f":{error.code}" for error in one.errors[:1])
        for one in outcomes
    )
