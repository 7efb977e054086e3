"""The gates of all ramps, in every serving process: they judge every few seconds, and act on what they judge.

A breach rolls back at once, also while a person's approval is awaited. Each act is a revision on top of the one that
was judged, so of several replicas one acts and the others are refused. While the journal is down nothing is judged.
Must not decide what a breach is (``ramp``), nor wait for a person.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from bridge.core.model import Instant
from bridge.cutover.live import Live
from bridge.cutover.ramp import Facts, Judgement, Verdict, judge
from bridge.cutover.rules import ROUTES, Rule
from bridge.cutover.standing import Standing, began, halt, of, promote, ramp_of
from bridge.journal import Journal, JournalDown
from bridge.journal.ramps import Act, Counted, Judged
from bridge.telemetry.log import get_logger
from bridge.telemetry.metrics import METRICS

log = get_logger("cutover")

EVERY_SECONDS = 5.0
IDLE = 20
"""A look is followed by so many times its length: the journal's writer is the callers'."""

AUTHOR = "gate"
DAY_MS = 86_400_000
BEFORE_DAYS = 7
"""How far back the other route is looked at where a step leaves it no call."""


class Gates:
    """Judges the ramps of ``live``; ``here`` is this machine's time, ``zuora`` Zuora's."""

    def __init__(self, journal: Journal, live: Live, here: Callable[[], Instant], zuora: Callable[[], Instant]) -> None:
        self._journal = journal
        self._live = live
        self._here = here
        self._zuora = zuora
        self._task: asyncio.Task[None] | None = None
        self._history: tuple[int, list[Standing]] = (-1, [])

    def start(self) -> None:
        """Judge from now on."""
        self._task = asyncio.create_task(self._watch())

    async def stop(self) -> None:
        """Judge no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        took = 0.0
        while True:
            await asyncio.sleep(max(EVERY_SECONDS, IDLE * took))
            began_at = loop.time()
            try:
                await self.look()
            except JournalDown as down:
                log.warning("journal down", error=str(down))
            except Exception:
                # A gate that ended would never roll back again.
                log.exception("a ramp could not be judged; it stays where it is until it can")
            took = loop.time() - began_at

    async def look(self) -> None:
        """Judge every ramp once."""
        standing = self._live.standing
        verdicts: dict[tuple[str, ...], float] = {}
        for rule in standing.rules:
            # Rolled back: nothing goes by its route, so nothing can be judged until a person resumes it.
            if rule.ramp is None or not rule.percent:
                continue
            made = await self.judged(rule, standing)
            verdicts[rule.name, made.verdict.value] = 1
            if await self._act(rule, standing, made):
                # What is judged next would be judged on top of what counts no more.
                break
        ramps = [each for each in standing.rules if each.ramp is not None]
        METRICS.ramp_percent.only({(each.name,): float(each.percent or 0) for each in ramps})
        METRICS.ramp_verdict.only(verdicts)

    async def judged(self, rule: Rule, standing: Standing) -> Judgement:
        """Judge one rule as it stands."""
        assert rule.ramp is not None
        journal, route = self._journal, ROUTES[rule.way]
        if self._history[0] != standing.number:
            every = [of(each) for each in await journal.revisions() if each.number <= standing.number]
            self._history = (standing.number, every or [standing])
        now, zuora_now = self._here(), self._zuora()
        since = began(rule, self._history[1]).at
        # A revision's moment is this machine's, an intent's Zuora's.
        zuora_since = since + zuora_now - now
        counted = await journal.ramp_counted(rule.name, route, zuora_since)
        before: list[Counted] = []
        if all(each.route is route for each in counted):
            week = await journal.ramp_counted(rule.name, route, zuora_since - BEFORE_DAYS * DAY_MS)
            before = [each for each in week if each.route is not route]
        compared = await journal.ramp_compared(rule.name, now - rule.ramp.parity_max_age_ms)
        wrong = await journal.ramp_wrong_money(rule.name, route, zuora_since)
        hard = [f"reconciliation found {wrong} breaks of money that went by this route"] if wrong else []
        hard += [compared.money] if compared.money else []
        facts = Facts(since, now, zuora_now, before, compared.calls, compared.unequal, hard)
        # Bounds take some milliseconds, which callers need not wait for.
        return await asyncio.to_thread(judge, rule, counted, facts)

    async def _act(self, rule: Rule, standing: Standing, made: Judgement) -> bool:
        assert rule.ramp is not None
        kept = Judged(rule.name, standing.number, self._here(), made.verdict.value, detail(rule, made))
        new: Standing | None = None
        if made.verdict is Verdict.ROLL_BACK:
            new = halt(standing, rule.name, back=True)
        elif made.verdict is Verdict.PROMOTE and not rule.ramp.approval:
            new = promote(standing, rule.name)
        if new is None:
            await self._journal.operator.judged(kept)
            return False
        said = f"{rule.name}: {made.verdict.value}: {made.reason}"
        why = await self._journal.operator.judged(kept, Act(new.decided(), said, AUTHOR))
        if why is not None:
            log.info("another was quicker", rule=rule.name, verdict=made.verdict.value, why=why)
        await self._live.look()
        return True


def detail(rule: Rule, made: Judgement) -> dict[str, Any]:
    """A judgement as the journal keeps it and commands show it."""
    return {
        "percent": str(rule.percent),
        "reason": made.reason,
        "bound": None if made.bound is None else round(made.bound, 6),
        "wanting": made.wanting,
        "ready_at": made.ready_at,
        "step": None if made.step is None else str(made.step),
        "awaits_approval": made.verdict is Verdict.PROMOTE and rule.ramp is not None and rule.ramp.approval,
        **made.numbers,
    }


def not_ready(now: Standing, rule: str, last: Judged | None) -> str | None:
    """Why a person cannot promote without force, or None."""
    ramp_of(now, rule)
    if last is None or last.revision != now.number:
        return f"no gate has judged {rule} as it stands now; is a bridge serving? (force goes without)"
    if last.verdict != Verdict.PROMOTE.value:
        return f"the gate of {rule} says {last.verdict}: {last.detail.get('reason')} (force goes against it)"
    return None
