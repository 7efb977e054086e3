"""The shadow of a process: answers again by the other route what was answered already, compares, and records.

Contract: ``take`` returns at once and never raises; it drops, and counts what it drops: where its queue or its memory
is full, where Zuora has refused something for its limits or not answered, and where half of the upstream slots are in
use. What it does use are two slots at most. ``stop`` ends in bounded time. Its readers can send GETs, and repeat a
query that was answered: nothing here has a way to write. Must not delay a call, or keep a secret: what is recorded is
redacted and bounded.
"""

from __future__ import annotations

import asyncio
import json
import re
import secrets
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any, Protocol

from bridge.journal.comparisons import Comparison
from bridge.parity.known import Known
from bridge.parity.terms import ClassKey, Difference
from bridge.telemetry import clocks
from bridge.telemetry.log import get_logger
from bridge.telemetry.metrics import METRICS
from bridge.telemetry.redact import redact, redact_text
from bridge.upstream.budget import Budget

log = get_logger("shadow")

AT_ONCE = 2
"""Comparisons under way, and slots of the budget in use."""

MOST_WAITING = 200
MOST_BYTES = 16 * 1024 * 1024
SECONDS = 30.0
"""For one comparison, all in all."""

REST_SECONDS = 10.0
"""Without shadows after Zuora has not answered one."""

STOP_SECONDS = 2.0

MOST_DIFFERENCES = 20
LARGEST_DETAIL = 4096
BETWEEN = "rest soap"

_PLAIN = re.compile(
    r"[+-]?\d{1,20}(?:\.\d{1,20})?"
    r"|\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?)?"
    r"|[0-9a-f]{32}|\(empty\)"
    r"|[A-Za-z_]{1,30}|[A-Z_]{3,40}(?:, [A-Z_]{3,40}){0,5}"
)


class Unanswered(Exception):
    """The other route gave no answer, which says nothing of it; the text is one of a few words, for the metrics."""


@dataclass(frozen=True, slots=True)
class Found:
    """What one comparison came to.

    ``about`` is what helps to see it: shapes and names. ``noise``: it differs because the data changed in between.
    """

    kind: str
    rule: str
    operation: str
    object_type: str
    differences: Sequence[Difference] = ()
    intent_id: str | None = None
    noise: bool = False
    about: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Task:
    """One thing to compare: ``run`` reads and compares, ``size`` is about how many bytes it keeps until then."""

    run: Callable[[], Awaitable[Sequence[Found]]]
    size: int


class Keeps(Protocol):
    """What is needed of the journal."""

    def compared(self, made: Sequence[Comparison]) -> None:
        """Keep them; returns at once."""


class Shadow:
    """One per process; ``start`` it inside the running loop. Its readers take of ``budget`` what is to spare."""

    def __init__(self, journal: Keeps, budget: Budget, ledger: Sequence[Known] = ()) -> None:
        self._journal = journal
        self._budget = budget
        self._ledger = ledger
        self._waiting: asyncio.Queue[Task] = asyncio.Queue(MOST_WAITING)
        self._bytes = 0
        self._resting_until = float("-inf")
        self._workers: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """From here on ``take`` takes."""
        self._workers = [asyncio.create_task(self._work()) for _ in range(AT_ONCE)]

    def take(self, task: Task) -> bool:
        """Take something to compare, or drop it: whether it was taken."""
        reason = self._against(task)
        if reason is None:
            try:
                self._waiting.put_nowait(task)
            except asyncio.QueueFull:
                reason = "queue"
            else:
                self._bytes += task.size
                return True
        drop(reason)
        return False

    def rest(self, seconds: float = REST_SECONDS) -> None:
        """Nothing is taken for so long."""
        self._resting_until = max(self._resting_until, clocks.steady() + seconds)

    async def stop(self) -> None:
        """Drop what waits, and end what is under way, in ``STOP_SECONDS``."""
        workers, self._workers = self._workers, []
        for each in workers:
            each.cancel()
        while not self._waiting.empty():
            self._bytes -= self._waiting.get_nowait().size
            drop("stopping")
        if workers:
            await asyncio.wait(workers, timeout=STOP_SECONDS)

    def _against(self, task: Task) -> str | None:
        if not self._workers:
            return "stopping"
        if clocks.steady() < self._resting_until:
            return "resting"
        if not self._budget.roomy:
            return "budget"
        return "memory" if self._bytes + task.size > MOST_BYTES else None

    async def _work(self) -> None:
        while True:
            task = await self._waiting.get()
            try:
                await self._run(task)
            except Exception as error:  # whatever it was, the next comparison may be a good one
                log.warning("a comparison failed", error=type(error).__name__)
                drop("failed")
            finally:
                self._bytes -= task.size

    async def _run(self, task: Task) -> None:
        # What was true when it was taken may have changed while it waited.
        if clocks.steady() < self._resting_until or not self._budget.roomy:
            drop("resting" if clocks.steady() < self._resting_until else "budget")
            return
        try:
            async with asyncio.timeout(SECONDS):
                found = await task.run()
        except Unanswered as none:
            drop(str(none))
            if str(none) == "unanswered":
                self.rest()
            return
        except TimeoutError:
            drop("slow")
            self.rest()
            return
        self._journal.compared(_counted_once([self._kept(each) for each in found]))

    def _kept(self, found: Found) -> Comparison:
        """The comparison as it is recorded: what the ledger accepts is no difference, money is never accepted."""
        open_, accepted = judged(found, self._ledger, datetime.fromtimestamp(clocks.wall(), UTC).date())
        equal = not open_ and not found.noise
        METRICS.shadow_comparisons.add(kind=found.kind, equal="noise" if found.noise else str(int(equal)))
        detail: dict[str, Any] = {"money": any(each.money for each in open_) and not found.noise, **found.about}
        if open_:
            detail["differences"] = [_told(each) for each in _first_of_each(open_)]
        if accepted:
            detail["known"] = sorted({f"{each.where} {each.kind.value}" for each in accepted})[:MOST_DIFFERENCES]
        if found.noise:
            detail["noise"] = True
        return Comparison(
            secrets.token_hex(16),
            round(clocks.wall() * 1000),
            found.kind,
            found.rule,
            found.operation,
            found.object_type,
            found.intent_id,
            equal,
            bounded(detail),
        )


def _counted_once(kept: Sequence[Comparison]) -> list[Comparison]:
    """What tells most of a call counts for it: what differs, else the last; noise leaves it uncounted."""
    unequal = [each for each in kept if not each.equal and not each.noise]
    best = unequal[0] if unequal else kept[-1] if kept and not any(each.noise for each in kept) else None
    return [replace(each, detail={**each.detail, "calls": int(each is best)}) for each in kept]


def drop(reason: str) -> None:
    """Count what is not compared. ``reason`` is one of our own words."""
    METRICS.shadow_dropped.add(reason=reason)


def judged(found: Found, ledger: Sequence[Known], today: date) -> tuple[list[Difference], list[Difference]]:
    """The differences that count, and those that the ledger accepts on that day."""
    counts: list[Difference] = []
    accepted: list[Difference] = []
    for each in found.differences:
        key = ClassKey(found.operation, found.object_type, each.where, each.kind)
        known = not each.money and any(one.expires >= today and one.covers(key, BETWEEN) for one in ledger)
        (accepted if known else counts).append(each)
    return counts, accepted


def bounded(detail: Mapping[str, Any]) -> dict[str, Any]:
    """The detail without secrets, of a few KB at most: of differences those that there is room for."""
    made: dict[str, Any] = {redact_text(name): redact(value) for name, value in detail.items()}
    while len(json.dumps(made)) > LARGEST_DETAIL:
        listed = next((name for name in ("differences", "known") if len(made.get(name, ())) > 1), None)
        if listed is None:
            return {name: made[name] for name in ("money", "noise") if name in made} | {"cut": True}
        made[listed] = made[listed][:-1]
        made["cut"] = True
    return made


def _first_of_each(differences: Iterable[Difference]) -> list[Difference]:
    """One example of each class, money first."""
    kept: dict[tuple[str, str], Difference] = {}
    for each in sorted(differences, key=lambda one: not one.money):
        kept.setdefault((each.where, each.kind.value), each)
    return list(kept.values())[:MOST_DIFFERENCES]


def _told(one: Difference) -> dict[str, object]:
    """A difference with both values, as far as they can hold nothing private."""
    name = one.where.rpartition("/")[2]
    both = {side: redact({name: shape(text)}) for side, text in (("left", one.left), ("right", one.right))}
    plain = {side: str(value[name]) if isinstance(value, dict) else "" for side, value in both.items()}
    return {"path": one.where, "kind": one.kind.value, "money": one.money, **plain}


def shape(text: str) -> str:
    """A number, a day, an id, codes or one word as they are; of any other text how long it is.

    What callers write freely can hold anything, a session without a name included.
    """
    return text if not text or _PLAIN.fullmatch(text) else f"(text of {len(text)} characters)"
