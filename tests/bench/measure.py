"""Turns: every peer does every work in every round, so that what disturbs the machine disturbs all of them.

A turn lasts a fixed time. Its cost is the CPU time that the peer's process used in it, less what the same process
uses when nobody calls, divided by the calls answered. Latency is what the client saw, with the driver's own share in
it. CPU time is not free of the neighbours: a busy sibling of the core makes the same instructions slower, so a fixed
loop is timed before every turn, and its spread says how much to believe. Must not start a process.
"""

from __future__ import annotations

import itertools
import os
import platform
import statistics
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.bench.client import Client
from tests.bench.peers import Group, Peer
from tests.bench.work import WORKS, Request, Work


@dataclass(frozen=True, slots=True)
class Plan:
    """How many rounds; how long a turn, the idle measurement and a warm-up last, in seconds."""

    rounds: int
    seconds: float
    idle: float
    warm: float = 1.0


@dataclass(slots=True)
class Turns:
    """What the turns of one peer at one work came to."""

    cpu_ms: list[float] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)
    calls: int = 0


class WrongAnswer(Exception):
    """A peer answered something else than success: what it costs would mean nothing."""


class Driver:
    """The callers of one peer at one work."""

    def __init__(self, peer: Peer, name: str, work: Work, request: Request, clients: int) -> None:
        self.peer = peer
        self.name = name
        self._good = work.good
        self._request = request
        self._clients = [Client(peer.process.url) for _ in range(clients)]

    def turn(self, seconds: float, numbers: Iterator[int]) -> list[float]:
        """Call for ``seconds``, at least once; the latency of each call."""
        if len(self._clients) == 1:
            return self._caller(self._clients[0], seconds, numbers)
        found: list[list[float]] = [[] for _ in self._clients]
        wrong: list[BaseException] = []

        def run(place: int) -> None:
            try:
                found[place] = self._caller(self._clients[place], seconds, numbers)
            except BaseException as error:
                wrong.append(error)

        threads = [threading.Thread(target=run, args=(place,)) for place in range(len(self._clients))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if wrong:
            raise wrong[0]
        return [latency for each in found for latency in each]

    def close(self) -> None:
        """Close the connections."""
        for client in self._clients:
            client.close()

    def _caller(self, client: Client, seconds: float, numbers: Iterator[int]) -> list[float]:
        latencies: list[float] = []
        end = time.perf_counter() + seconds
        while True:
            filled = self._request.filled(next(numbers) * max(1, self._request.references))
            before = time.perf_counter()
            status, body = client.call(filled)
            after = time.perf_counter()
            if not self._good(status, body):
                raise WrongAnswer(f"{self.peer.name} answered {self.name} with HTTP {status}: {body[:600]!r}")
            latencies.append(after - before)
            if after >= end:
                return latencies


def measure(group: Group, names: Sequence[str], plan: Plan, *, clients: int = 1) -> dict[str, Any]:
    """Everything that is reported, as JSON has it."""
    # References never repeat, over all works and peers: those of a batch are 50 times its number and what follows.
    numbers = itertools.count(10**9)
    drivers = [driver for name in names for driver in _drivers(group, name, clients)]
    turns = {(driver.peer.name, driver.name): Turns() for driver in drivers}
    for driver in drivers:
        driver.turn(plan.warm, numbers)
    idle = _idle(group, plan.idle)
    loops: list[float] = []
    for number in range(plan.rounds):
        for name in names:
            those = [driver for driver in drivers if driver.name == name]
            # The order turns with the rounds: nobody always follows the same neighbour.
            start = number % len(those)
            for driver in those[start:] + those[:start]:
                loops.append(_loop_ms())
                _turn(driver, turns[driver.peer.name, name], plan.seconds, numbers, idle[driver.peer.name])
    for driver in drivers:
        driver.close()
    return {
        "machine": {
            "cpus": os.cpu_count(),
            "python": platform.python_version(),
            "kernel": platform.release(),
            "loop_ms": _spread(loops),
        },
        "plan": {"rounds": plan.rounds, "seconds": plan.seconds, "clients": clients},
        "peers": {
            peer.name: {
                "idle_cpu_ms_per_s": round(idle[peer.name] * 1000, 3),
                "rss_mb": round(peer.process.resident / 2**20, 1),
            }
            for peer in group.peers
        },
        "works": {name: _told(name, group, turns) for name in names},
    }


def _drivers(group: Group, name: str, clients: int) -> list[Driver]:
    work = WORKS[name]
    made = []
    for peer in group.peers:
        build = work.direct if peer.direct else work.through
        if build is not None:
            made.append(Driver(peer, name, work, build(peer.process.url, group.tenant), clients))
    return made


def _idle(group: Group, seconds: float) -> dict[str, float]:
    """CPU seconds per second of every process while nobody calls."""
    before = {peer.name: peer.process.cpu for peer in group.peers}
    began = time.perf_counter()
    time.sleep(seconds)
    lasted = time.perf_counter() - began
    return {peer.name: (peer.process.cpu - before[peer.name]) / lasted for peer in group.peers}


def _turn(driver: Driver, turns: Turns, seconds: float, numbers: Iterator[int], idle: float) -> None:
    process = driver.peer.process
    cpu, began = process.cpu, time.perf_counter()
    latencies = driver.turn(seconds, numbers)
    lasted = time.perf_counter() - began
    used = process.cpu - cpu - idle * lasted
    turns.cpu_ms.append(used * 1000 / len(latencies))
    turns.rates.append(len(latencies) / lasted)
    turns.latencies += latencies
    turns.calls += len(latencies)


def _told(name: str, group: Group, turns: dict[tuple[str, str], Turns]) -> dict[str, Any]:
    work = WORKS[name]
    peers = {peer.name: _figures(turns[peer.name, name]) for peer in group.peers if (peer.name, name) in turns}
    bridge = peers["bridge"]
    return {
        "title": work.title,
        "budget_cpu_ms": work.budget,
        "peers": peers,
        "ratios": {
            other: {
                "cpu": _ratio(figures["cpu_ms"]["median"], bridge["cpu_ms"]["median"]),
                "p50": _ratio(figures["latency_ms"]["p50"], bridge["latency_ms"]["p50"]),
            }
            for other, figures in peers.items()
            if other != "bridge"
        },
    }


def _ratio(other: float, ours: float) -> float:
    return round(other / ours, 2) if ours > 0 else 0.0


def _figures(turns: Turns) -> dict[str, Any]:
    latencies = sorted(turns.latencies)
    return {
        "calls": turns.calls,
        "calls_per_s": round(statistics.median(turns.rates), 1),
        "cpu_ms": _spread(turns.cpu_ms),
        "latency_ms": {
            "p50": round(latencies[len(latencies) // 2] * 1000, 2),
            "p99": round(latencies[min(len(latencies) - 1, len(latencies) * 99 // 100)] * 1000, 2),
        },
    }


def _spread(values: Sequence[float]) -> dict[str, float]:
    return {
        "median": round(statistics.median(values), 3),
        "min": round(min(values), 3),
        "max": round(max(values), 3),
    }


def _loop_ms() -> float:
    """CPU milliseconds of a fixed piece of Python."""
    before = time.process_time()
    seen: dict[int, str] = {}
    for number in range(30_000):
        seen[number & 1023] = str(number)
    return (time.process_time() - before) * 1000
