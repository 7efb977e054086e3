"""The way to Zuora and back, without sockets: every request has a fate, and outlives whoever sent it.

``Wire`` is ``upstream.transport.Transport`` with the sandbox's host behind it. A request leaves in its sender's own
steps (so it never leaves a dead or sleeping process), and travels in the world's: it may arrive minutes later, when its
sender has given up or died, it may arrive twice, and its answer may find nobody. Must not read or change a message.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl, unquote

from multidict import CIMultiDict, CIMultiDictProxy

from bridge.core.commands import Lost, NotSent
from bridge.core.intent import Dispatch
from bridge.sandbox.faults import Fault
from bridge.sandbox.host import Arrived, Dropped, Host
from bridge.sandbox.idempotency import Answer
from bridge.simulation.chance import Chance
from bridge.simulation.loop import ACTOR, Actor, of_the_world
from bridge.upstream.clock import ZuoraClock, fence_now
from bridge.upstream.transport import Exchange, Headers, Transport

ORIGIN: Final = "http://zuora.simulated"
HOST: Final = "zuora.simulated"

LATEST: Final = 120.0
"""How late a request may begin at Zuora: nobody holds a connection for longer than the sender does, 125 s."""

LONGEST: Final = 115.0
"""How long Zuora may take: it ends a request of its own accord after 120 s (Zuora: API limits)."""

LONGEST_READ: Final = 12.0

STALL: Final = 2.5
"""Longer than a first byte may take after its commit."""

SENDING: ContextVar[Dispatch] = ContextVar("sending")


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of one request. ``reset``: the sender sees the connection break, and does not wait for nothing."""

    name: str
    faults: tuple[Fault, ...] = ()
    leaves: bool = True
    arrives: bool = True
    heard: bool = True
    late: bool = False
    slow: bool = False
    twice: bool = False
    stalls: bool = False


def _with(name: str, kind: str, **options: object) -> Fate:
    return Fate(name, (Fault(0, kind, **options),))  # type: ignore[arg-type]


OK: Final = Fate("ok")

WRITES: Final = (
    Fate("unsent", leaves=False),
    Fate("stalled", stalls=True),
    Fate("lost", arrives=False, heard=False),
    Fate("answer lost", heard=False),
    Fate("late", heard=False, late=True),
    Fate("late", heard=False, late=True),
    Fate("late and slow", heard=False, late=True, slow=True),
    Fate("slow", slow=True),
    Fate("slow, answer lost", slow=True, heard=False),
    Fate("twice", twice=True),
    _with("502", "html_502"),
    _with("502 after commit", "html_502", commit=True),
    _with("503", "html_503"),
    _with("429", "rate_limited", retry_after=2),
    _with("401", "expired_token"),
    _with("409 in progress", "in_progress_409"),
    _with("lock", "lock"),
    _with("500 stored", "error_500_before", category=61),
    _with("500 not stored", "error_500_before", category=61, stored=False),
    _with("500 after commit", "error_500_after", category=60),
    _with("500 after commit, stored", "error_500_after", category=60, stored=True),
    _with("500 after commit of 99", "error_500_after", category=99, stored=True),
    _with("refused", "refuse", category=30),
    _with("200 refused", "success_false_200", category=30),
    _with("unknown fault", "soap_fault", code="UNKNOWN_ERROR"),
    _with("time-out fault", "soap_fault", code="TRANSACTION_TIMEOUT"),
)
"""What can become of a request that moves money."""

READS: Final = (
    Fate("unsent", leaves=False),
    Fate("lost", arrives=False, heard=False),
    Fate("slow", slow=True),
    _with("502", "html_502"),
    _with("429", "rate_limited"),
    _with("401", "expired_token"),
    _with("500", "error_500_before", category=61),
)
"""What can become of a look-up or of the bridge's own login."""


@dataclass(slots=True)
class Network:
    """Every wire of a world, and its weather. ``storm`` says how likely a mishap is now."""

    host: Host
    chance: Chance
    trace: Callable[..., None]
    first_byte: Callable[[Actor, Dispatch, str, str, bytes], None]
    done: Callable[[Dispatch | None, str], None]
    turned_away: Callable[[Dispatch], None]
    mishap: Callable[[], float]
    nap: Callable[[Actor, str], None]
    without: frozenset[str]
    under_way: int = 0
    calm: bool = False
    named: set[str] = field(default_factory=set)

    def fate(self, name: str, kinds: Sequence[Fate], share: float) -> Fate:
        """The fate of a request, by its name alone."""
        if self.calm or not self.chance.happens(self.mishap() * share, name, "mishap"):
            return OK
        key = f"{name}!"
        if key in self.without:
            return OK
        self.named.add(key)
        return self.chance.among(kinds, name, "fate")


class Wire(Transport):
    """One process's way to Zuora."""

    def __init__(self, network: Network) -> None:
        self.clock = ZuoraClock()
        self._net = network

    async def close(self) -> None:
        """There is nothing to close."""

    async def exchange(
        self,
        method: str,
        url: str,
        headers: Headers,
        body: bytes | None,
        deadline: float,
        *,
        not_after: float | None = None,
    ) -> Exchange | NotSent | Lost:
        """Send one request, once, as its fate will have it."""
        net, actor, began = self._net, ACTOR.get(), fence_now()
        target = url.removeprefix(ORIGIN)
        dispatch = None if method == "GET" or target == "/oauth/token" else SENDING.get(None)
        if dispatch is not None:
            actor.sends += 1
            name = f"{actor.name}>{actor.sends}"
            fate = net.fate(name, WRITES, 1.0)
            if fate.twice and dispatch.key is None:
                # Nobody sends a request without a key twice; a network that did would pay twice with any client.
                fate = OK
        else:
            actor.looks += 1
            name = f"{actor.name}?{actor.looks}"
            fate = net.fate(name, READS, 0.2)
        wait = net.chance.between(0.001, 0.03, name, "connect")
        if fate.stalls:
            net.nap(actor, name)
        await asyncio.sleep(wait + (STALL if fate.stalls else 0.0))
        if not fate.leaves:
            net.trace(name, method, target, "not sent")
            return NotSent("no connection in time")
        if not_after is not None and fence_now() > not_after:
            net.trace(name, method, target, "fenced")
            return NotSent("fenced")
        if dispatch is not None:
            net.first_byte(actor, dispatch, method, target, body or b"")
        net.trace(name, method, target, fate.name)
        answer: asyncio.Future[Exchange | Lost] = asyncio.get_running_loop().create_future()
        arrived = _arrived(method, target, headers, body or b"")
        if fate.arrives:
            net.under_way += 1
            of_the_world(self._carry(name, arrived, fate, dispatch, answer))
        if not fate.heard:
            hangs = net.chance.happens(0.3, name, "hangs")
            patience = deadline if hangs else min(deadline, net.chance.between(0.05, 3.0, name, "breaks"))
        else:
            patience = deadline
        timer = asyncio.get_running_loop().call_later(patience, _give_up, answer)
        came = await answer
        timer.cancel()
        if isinstance(came, Exchange):
            if dispatch is not None and came.status == 401:
                net.turned_away(dispatch)
            self.clock.observe(came.headers.get("Date"), began, fence_now())
        return came

    async def _carry(
        self,
        name: str,
        arrived: Arrived,
        fate: Fate,
        dispatch: Dispatch | None,
        answer: asyncio.Future[Exchange | Lost],
    ) -> None:
        net = self._net
        try:
            there = net.chance.between(0.5, LATEST, name, "late") if fate.late else 0.02
            await asyncio.sleep(there)
            again = fate.twice
            came = await self._at_zuora(name, arrived, fate, dispatch)
            await asyncio.sleep(0.01)
            if fate.heard and came is not None and not answer.done():
                answer.set_result(came)
            if again:
                await asyncio.sleep(net.chance.between(0.0, LATEST, name, "again"))
                net.trace(name, arrived.method, arrived.target, "once more")
                await self._at_zuora(name, arrived, OK, dispatch)
        finally:
            net.under_way -= 1

    async def _at_zuora(self, name: str, arrived: Arrived, fate: Fate, dispatch: Dispatch | None) -> Exchange | None:
        net = self._net
        faults, after = list(fate.faults), 0.0
        if fate.slow:
            seconds = net.chance.between(1.0, LONGEST if dispatch is not None else LONGEST_READ, name, "slow")
            if net.chance.happens(0.6, name, "slow before"):
                faults.append(Fault(0, "delay", seconds=seconds, when="before"))
            else:
                after = seconds
        record = net.host.record(arrived)
        try:
            came = await net.host.answer(arrived, record, faults)
        except Dropped:
            return None
        if dispatch is not None:
            # At once: what is done later is somebody else's.
            net.done(dispatch, name)
        if after:
            await asyncio.sleep(after)
        return _exchange(came, net.host.clock.date_header())


def _give_up(answer: asyncio.Future[Exchange | Lost]) -> None:
    if not answer.done():
        answer.set_result(Lost("no complete answer"))


def _arrived(method: str, target: str, headers: Headers, body: bytes) -> Arrived:
    path, _, query = target.partition("?")
    lower: Mapping[str, str] = {name.lower(): value for name, value in headers}
    return Arrived(method, target, unquote(path), parse_qsl(query, keep_blank_values=True), lower, body, HOST)


def _exchange(answer: Answer, date: str) -> Exchange:
    headers = CIMultiDict(answer.headers)
    headers["Date"] = date
    return Exchange(answer.status, CIMultiDictProxy(headers), answer.body)
