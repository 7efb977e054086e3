"""The worker alone: what it drops and why, that it never gets in anybody's way, and what it keeps of a difference."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import date

import pytest

from bridge.journal.comparisons import Comparison
from bridge.parity import shadow
from bridge.parity.known import Known
from bridge.parity.shadow import AT_ONCE, Found, Shadow, Task, Unanswered, bounded, judged, shape
from bridge.parity.terms import Difference, Kind
from bridge.telemetry.metrics import METRICS
from bridge.upstream.budget import Budget, Spare

FOUND = Found("read", "aside", "query", "Payment")
AMOUNT = Difference("queryResponse/result/records[0]/Amount", Kind.VALUE, "1", "2", money=True)
COMMENT = Difference("queryResponse/result/records[0]/Comment", Kind.VALUE, "paid by 4111111111111111", "x9!")
LEDGER = Known(
    path="*/records/*",
    kind=Kind.VALUE,
    operation="query",
    object="*",
    owner="someone",
    reason="so it is",
    ticket="T-1",
    expires=date(2999, 1, 1),
)


class Kept:
    """A journal that keeps in memory."""

    def __init__(self) -> None:
        self.rows: list[Comparison] = []

    def compared(self, made: Sequence[Comparison]) -> None:
        """Keep them."""
        self.rows += made


def dropped(reason: str) -> float:
    """How many were, so far."""
    return METRICS.shadow_dropped.value(reason=reason)


def task(*found: Found, size: int = 1) -> Task:
    """Finds this at once."""

    async def run() -> Sequence[Found]:
        return found

    return Task(run, size)


def play(scene: Callable[[Shadow, Kept, Budget], Awaitable[None]], ledger: Sequence[Known] = ()) -> None:
    """A scene with a running shadow."""

    async def run() -> None:
        kept, budget = Kept(), Budget(4)
        worker = Shadow(kept, budget, ledger)
        worker.start()
        await asyncio.wait_for(scene(worker, kept, budget), 20)
        await worker.stop()

    asyncio.run(run())


async def settled(kept: Kept, count: int) -> None:
    """As many rows."""
    while len(kept.rows) < count:
        await asyncio.sleep(0)


def test_a_full_queue_drops_and_counts() -> None:
    """Two are under way, as many wait as may, the next one is dropped: at once, and without an exception."""

    async def scene(worker: Shadow, kept: Kept, _budget: Budget) -> None:
        gate = asyncio.Event()

        async def run() -> Sequence[Found]:
            await gate.wait()
            return [FOUND]

        for _ in range(AT_ONCE):
            assert worker.take(Task(run, 1))
        await asyncio.sleep(0.01)
        before = dropped("queue")
        assert all(worker.take(Task(run, 1)) for _ in range(shadow.MOST_WAITING))
        assert not worker.take(Task(run, 1))
        assert dropped("queue") == before + 1
        gate.set()
        await settled(kept, AT_ONCE + shadow.MOST_WAITING)
        assert worker.take(task(FOUND))

    play(scene)


def test_memory_is_bounded() -> None:
    """By what tasks say they keep; what is done gives it back."""

    async def scene(worker: Shadow, kept: Kept, _budget: Budget) -> None:
        before = dropped("memory")
        assert worker.take(task(FOUND, size=shadow.MOST_BYTES))
        assert not worker.take(task(FOUND))
        assert dropped("memory") == before + 1
        await settled(kept, 1)
        await asyncio.sleep(0.01)
        assert worker.take(task(FOUND))

    play(scene)


def test_nothing_is_taken_while_calls_need_the_slots() -> None:
    """From half of them on; nor while Zuora wants to be left alone, nor once it is stopped."""

    async def scene(worker: Shadow, _kept: Kept, budget: Budget) -> None:
        async with budget.slot() as one, budget.slot() as other:
            assert (one, other) == (True, True)
            before = dropped("budget")
            assert not worker.take(task(FOUND))
            assert dropped("budget") == before + 1
        assert worker.take(task(FOUND))
        budget.limited(60)
        assert not worker.take(task(FOUND))
        await worker.stop()
        before = dropped("stopping")
        assert not worker.take(task(FOUND))
        assert dropped("stopping") == before + 1

    play(scene)


def test_what_waited_while_the_slots_filled_is_dropped() -> None:
    """The headroom counts when it begins, not when it was taken."""

    async def scene(worker: Shadow, kept: Kept, budget: Budget) -> None:
        before = dropped("budget")
        assert worker.take(task(FOUND))
        async with budget.slot(), budget.slot():
            while dropped("budget") == before:
                await asyncio.sleep(0)
        assert kept.rows == []

    play(scene)


def test_spare_slots_are_two_and_only_of_a_roomy_budget() -> None:
    """What they hold counts in the whole; where there is none to spare, nobody waits."""

    async def scene() -> None:
        whole = Budget(6, wait=0.05)
        spare = Spare(whole, 2)
        async with spare.slot() as one, spare.slot() as two:
            assert (one, two, spare.roomy, whole.roomy) == (True, True, False, True)
            async with spare.slot(0.01) as three:
                assert three is False
            async with whole.slot() as mine:
                assert (mine, whole.roomy) == (True, False)
        async with whole.slot(), whole.slot(), whole.slot(), spare.slot() as none:
            assert none is False
        assert whole.roomy
        spare.limited(60)
        async with spare.slot() as none:
            assert none is False

    asyncio.run(scene())


def test_no_answer_is_no_difference_and_gives_zuora_a_rest() -> None:
    """Nothing is recorded; the next ones are not even taken."""

    async def scene(worker: Shadow, kept: Kept, _budget: Budget) -> None:
        async def run() -> Sequence[Found]:
            raise Unanswered("unanswered")

        before = dropped("unanswered")
        assert worker.take(Task(run, 1))
        while dropped("unanswered") == before:
            await asyncio.sleep(0)
        assert not worker.take(task(FOUND))
        assert kept.rows == []

    play(scene)


def test_a_defect_of_one_comparison_is_not_the_next_one_s() -> None:
    """It is counted, and the worker goes on."""

    async def scene(worker: Shadow, kept: Kept, _budget: Budget) -> None:
        async def run() -> Sequence[Found]:
            raise ZeroDivisionError

        before = dropped("failed")
        for _ in range(AT_ONCE + 1):
            worker.take(Task(run, 1))
        worker.take(task(FOUND))
        await settled(kept, 1)
        assert dropped("failed") == before + AT_ONCE + 1

    play(scene)


def test_stopping_ends_what_is_under_way_in_bounded_time() -> None:
    """Nobody waits for a comparison that hangs."""

    async def scene(worker: Shadow, _kept: Kept, _budget: Budget) -> None:
        async def run() -> Sequence[Found]:
            await asyncio.Event().wait()
            return ()

        for _ in range(10):
            worker.take(Task(run, 1))
        await asyncio.sleep(0.01)
        await asyncio.wait_for(worker.stop(), 1)

    play(scene)


def test_one_call_counts_once() -> None:
    """By what differs, else by the last that was found; noise by nothing."""

    async def scene(worker: Shadow, kept: Kept, _budget: Budget) -> None:
        plan, effect = replace(FOUND, kind="plan"), replace(FOUND, kind="effect")
        wrong = replace(plan, differences=[AMOUNT])
        noisy = replace(effect, differences=[COMMENT], noise=True)
        for pair in ((plan, effect), (wrong, effect), (plan, noisy), (wrong, noisy)):
            worker.take(task(*pair))
        await settled(kept, 8)
        counts = [(each.equal, each.detail["calls"]) for each in kept.rows]
        assert counts == [
            (True, 0), (True, 1), (False, 1), (True, 0), (True, 0), (False, 0), (False, 1), (False, 0),
        ]  # fmt: skip

    play(scene)


@pytest.mark.parametrize("expires", [date(2999, 1, 1), date(2000, 1, 1)])
def test_the_ledger_accepts_what_is_no_money_until_it_expires(expires: date) -> None:
    """And only that."""
    found = replace(FOUND, differences=[AMOUNT, COMMENT])
    counts, accepted = judged(found, [replace(LEDGER, expires=expires)], date(2026, 2, 20))
    assert AMOUNT in counts
    assert (COMMENT in accepted) == (expires.year == 2999)


def test_what_is_kept_is_bounded_and_without_secrets() -> None:
    """A few KB, whatever there was; free text only by its length."""

    async def scene(worker: Shadow, kept: Kept, _budget: Budget) -> None:
        many = [replace(AMOUNT, path=f"records/{'f' * 400}{number}") for number in range(500)]
        worker.take(task(replace(FOUND, differences=[COMMENT, *many])))
        worker.take(task(replace(FOUND, differences=[COMMENT])))
        await settled(kept, 2)
        texts = [json.dumps(each.detail) for each in kept.rows]
        assert all(len(text) < shadow.LARGEST_DETAIL + 100 for text in texts)
        assert kept.rows[0].detail["money"] is True
        assert "4111" not in "".join(texts)
        assert kept.rows[1].detail["differences"][0]["left"] == "(text of 24 characters)"

    play(scene)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("12.50", "12.50"), ("-3", "-3"), ("2026-02-20", "2026-02-20"), ("Processed", "Processed"), ("", ""),
        ("2026-02-20T10:00:00.000-08:00", "2026-02-20T10:00:00.000-08:00"), ("a" * 32, "a" * 32),
        ("INVALID_VALUE, NO_PERMISSION", "INVALID_VALUE, NO_PERMISSION"),
        ("two words", "(text of 9 characters)"), ("K3y-with-digits", "(text of 15 characters)"),
    ],
)  # fmt: skip
def test_only_what_cannot_be_private_is_shown(text: str, shown: str) -> None:
    """Numbers, days, ids, codes, one word."""
    assert shape(text) == shown


def test_a_detail_without_lists_is_cut_to_its_facts() -> None:
    """Nothing is ever longer than it may be."""
    assert bounded({"money": True, "request": "x " * 5000}) == {"money": True, "cut": True}
