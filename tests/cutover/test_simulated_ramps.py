"""Whole ramps in virtual time, on a real journal and real gates: good, slowly failing, quiet, and through a spike.

Arrivals and failures are seeded; an hour takes a fraction of a second. What goes by which route is the rules' decision.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bridge.core.commands import Opened
from bridge.core.intent import Intent, State
from bridge.core.model import Op, Route
from bridge.cutover import Live
from bridge.cutover.gates import Gates
from bridge.cutover.ramp import Verdict
from bridge.cutover.rules import Asked, Ramp, Rule, Way, decide
from bridge.cutover.standing import back, halt, of, promote, resume, with_rules
from bridge.journal import Journal
from bridge.telemetry import clocks
from bridge.telemetry.metrics import METRICS

START = 1_790_000_000.0
MINUTE = 60.0
Fails = Callable[[Route, float], float]
"""The share of calls that fail, by route and by the seconds since the start."""


def journal_in(folder: Path, instance: str) -> closing[Journal]:
    """The folder's journal."""
    return closing(Journal.open(f"sqlite:///{folder / 'bridge.db'}", bytes(32), instance))


class Clock:
    """A machine whose time is not real."""

    def __init__(self) -> None:
        self.now = START

    def wall(self) -> float:
        """Since 1970."""
        return self.now

    def steady(self) -> float:
        """The same."""
        return self.now

    def fence(self) -> float:
        """The same."""
        return self.now

    def ms(self) -> int:
        """As the journal has it."""
        return round(self.now * 1000)


class Tenant:
    """A tenant under a ramp: calls arrive, gates look."""

    def __init__(self, journal: Journal, clock: Clock, seed: int, per_minute: float, fails: Fails) -> None:
        self.journal = journal
        self.clock = clock
        self.chance = random.Random(seed)
        self.per_minute = per_minute
        self.fails = fails
        self.live = Live(journal)
        self.gates = Gates(journal, self.live, clock.ms, clock.ms)
        self.look = MINUTE
        """Seconds between looks here; a gate looks oftener, which only makes it quicker."""
        self.failed = {Route.REST: 0, Route.SOAP: 0}
        self.calls = 0

    async def begin(self, percent: int = 1, **ramp: Any) -> None:
        """Set the rule."""
        rule = Rule("pilot", Way.REST, percent=Decimal(percent), ramp=Ramp(**({"soak_ms": 600_000} | ramp)))
        decided = with_rules(self.live.standing, [rule]).decided()
        assert await self.journal.operator.revise(0, decided, "a ramp", "alice") is None
        await self.live.look()

    @property
    def rule(self) -> Rule:
        """As it stands."""
        return self.live.standing.rules[0]

    async def run(self, minutes: float, until: Callable[[], bool] = lambda: False) -> list[Decimal | None]:
        """Let time pass; the percentages that were."""
        seen = [self.rule.percent]
        for _ in range(round(minutes * MINUTE / self.look)):
            await self._arrive()
            self.clock.now += self.look
            await self.gates.look()
            if self.rule.percent != seen[-1]:
                seen.append(self.rule.percent)
            if until():
                break
        return seen

    async def _arrive(self) -> None:
        opened = []
        for _ in range(self._count()):
            at = self.clock.now + self.chance.random() * self.look
            asked = Asked("t", "erp", "create", "Payment", f"account {self.chance.randrange(2000)}", 0)
            route = decide(self.live.standing.rules, asked).route
            bad = self.chance.random() < self.fails(route, at - START)
            self.failed[route] += bad
            self.calls += 1
            ms = round(at * 1000)
            opened.append(
                Intent(
                    f"i{self.calls}", "10000|", "erp", f"c{self.calls}", 0, Op.CREATE, "Payment", f"p{self.calls}", 0,
                    0, route, State.REFUSED if bad else State.APPLIED, ms, "w1", ramp="pilot",
                    settled_at=ms + self.chance.randrange(100, 900),
                )
            )  # fmt: skip
        if opened:
            assert await self.journal.record([Opened(tuple(opened), ())])

    def _count(self) -> int:
        wanted = self.per_minute * self.look / MINUTE
        return int(wanted) + (self.chance.random() < wanted % 1)


def play(folder: Path, per_minute: float, fails: Fails, scene: Callable[[Tenant], Awaitable[None]]) -> None:
    """Run a scene on a tenant of its own."""

    async def run() -> None:
        with journal_in(folder, "w1") as journal:
            await scene(Tenant(journal, clock, 7, per_minute, fails))

    clock = Clock()
    with clocks.replaced(clock):
        asyncio.run(run())


def test_a_good_ramp_reaches_the_end_step_by_step(tmp_path: Path) -> None:
    """One of a hundred calls fails on both routes, as calls do; each step is an author's and has its numbers."""

    async def scene(tenant: Tenant) -> None:
        tenant.look = 5 * MINUTE
        await tenant.begin(samples=100)
        seen = await tenant.run(24 * 60, lambda: tenant.rule.percent == 100)
        assert seen == [1, 5, 20, 50, 100]
        history = [of(each) for each in await tenant.journal.revisions()]
        assert [each.author for each in history] == ["gate"] * 4 + ["alice"]
        assert "at most" in history[0].reason
        acts = [each for each in await tenant.journal.judgements("pilot", 10_000) if each.verdict == "PROMOTE"]
        assert [(each.detail["step"], each.detail["bound"] <= 0.02) for each in acts] == [
            ("100", True),
            ("50", True),
            ("20", True),
            ("5", True),
        ]
        assert await tenant.run(30) == [100]
        assert back(tenant.live.standing, history).rules == ()
        assert METRICS.ramp_percent.value(rule="pilot") == 100
        assert b'bridge_ramp_verdict{rule="pilot",verdict="' in METRICS.render()

    play(tmp_path, 200, lambda _route, _at: 0.01, scene)


def test_a_slowly_failing_ramp_goes_back_by_itself(tmp_path: Path) -> None:
    """The share of failures of one route grows by a tenth an hour: back before 50 %, after few failed calls."""

    async def scene(tenant: Tenant) -> None:
        await tenant.begin(samples=100)
        seen = await tenant.run(48 * 60, lambda: tenant.rule.percent == 0)
        assert seen[-1] == 0
        assert max(each or 0 for each in seen) < 50
        assert tenant.failed[Route.REST] < 150
        assert tenant.rule.ramp is not None
        assert tenant.rule.ramp.halted
        newest = of((await tenant.journal.revisions(1))[0])
        assert (newest.what, newest.author, "ROLL BACK" in newest.reason) == ("halt", "gate", True)
        assert await tenant.run(20) == [0]

    play(tmp_path, 100, lambda route, at: 0.01 + (at / 36_000 if route is Route.REST else 0), scene)


def test_a_quiet_tenant_is_neither_promoted_nor_rolled_back(tmp_path: Path) -> None:
    """A call every four minutes, for two days: it says what is wanting and about when."""

    async def scene(tenant: Tenant) -> None:
        tenant.look = 5 * MINUTE
        await tenant.begin()
        assert await tenant.run(2 * 24 * 60) == [1]
        judgements = await tenant.journal.judgements("pilot", 10_000)
        assert {each.verdict for each in judgements} == {Verdict.NOT_ENOUGH_DATA.value}
        wanting = judgements[0].detail["wanting"]["calls by this route"]
        assert 150 < wanting <= 200
        assert judgements[0].detail["ready_at"] is None or judgements[0].detail["ready_at"] > tenant.clock.ms()

    play(tmp_path, 0.25, lambda _route, _at: 0.0, scene)


def test_a_spike_of_both_routes_holds_and_then_goes_on(tmp_path: Path) -> None:
    """For five minutes Zuora fails, whichever way it is asked."""

    async def scene(tenant: Tenant) -> None:
        await tenant.begin(20, samples=100)
        await tenant.run(5)
        begun = tenant.clock.now - START
        tenant.fails = lambda _route, at: 1.0 if 120 < at - begun < 420 else 0.01
        seen = await tenant.run(24 * 60, lambda: tenant.rule.percent == 50)
        assert seen == [20, 50]
        assert tenant.failed[Route.REST] > 20
        assert all(each.verdict != "ROLL BACK" for each in await tenant.journal.judgements("pilot", 10_000))

    play(tmp_path, 100, lambda _route, _at: 0.01, scene)


def test_a_breach_rolls_back_while_approval_is_awaited(tmp_path: Path) -> None:
    """It is promoted by nobody, and does not wait for a person to go back."""

    async def scene(tenant: Tenant) -> None:
        await tenant.begin(20, samples=100, approval=True)
        await tenant.run(60)
        (waiting,) = await tenant.journal.judgements("pilot", 1)
        assert (tenant.rule.percent, waiting.verdict, waiting.detail["awaits_approval"]) == (20, "PROMOTE", True)
        begun = tenant.failed[Route.REST]
        tenant.fails = lambda route, _at: 1.0 if route is Route.REST else 0.01
        assert await tenant.run(60, lambda: tenant.rule.percent == 0) == [20, 0]
        assert tenant.failed[Route.REST] - begun < 60

    play(tmp_path, 200, lambda _route, _at: 0.01, scene)


def test_of_two_replicas_one_promotes(tmp_path: Path) -> None:
    """Both judge the same; one step is taken."""

    async def scene(tenant: Tenant) -> None:
        await tenant.begin(20, samples=100)
        with journal_in(tmp_path, "w2") as other:
            live = Live(other)
            second = Gates(other, live, tenant.clock.ms, tenant.clock.ms)
            for _ in range(60):
                await tenant._arrive()
                tenant.clock.now += tenant.look
                await live.look()
                await asyncio.gather(tenant.gates.look(), second.look())
                if tenant.rule.percent != 20:
                    break
            await live.look()
            assert [each.number for each in await other.revisions()] == [2, 1]
            assert live.standing.rules[0].percent == tenant.rule.percent == 50

    play(tmp_path, 200, lambda _route, _at: 0.0, scene)


@pytest.mark.parametrize("stays", [True, False])
def test_a_person_holds_and_resumes(tmp_path: Path, stays: bool) -> None:
    """A held ramp stays where it is; one that was rolled back begins anew."""

    async def scene(tenant: Tenant) -> None:
        await tenant.begin(samples=100)
        now = promote(tenant.live.standing, "pilot")
        assert await tenant.journal.operator.revise(1, now.decided(), "up", "alice") is None
        await tenant.live.look()
        now = halt(tenant.live.standing, "pilot", back=not stays)
        assert await tenant.journal.operator.revise(2, now.decided(), "wait", "alice") is None
        await tenant.live.look()
        assert await tenant.run(60) == [5 if stays else 0]
        again = resume(tenant.live.standing, "pilot")
        assert again.rules[0].percent == (5 if stays else 1)
        assert (again.origin, again.before) == (4, 0)

    play(tmp_path, 100, lambda _route, _at: 0.0, scene)
