"""The slots of a tenant: handed out in order, never lost, never too many, and shared by the processes that live."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from harness import World, until
from hypothesis import given
from hypothesis import strategies as st

from bridge.upstream.budget import Budget


async def hold(budget: Budget, entered: list[int], number: int, leave: asyncio.Event, wait: float = 5.0) -> bool:
    """Hold a slot until told to leave; whether there was one."""
    async with budget.slot(wait) as free:
        if free:
            entered.append(number)
            await leave.wait()
        return free


def test_a_slot_goes_to_whoever_has_waited_longest() -> None:
    """Also past one who gave up and one who was cancelled in between."""

    async def scene() -> None:
        budget, entered, leave = Budget(1), [], [asyncio.Event() for _ in range(5)]
        first = asyncio.create_task(hold(budget, entered, 0, leave[0]))
        await asyncio.sleep(0)
        others = [asyncio.create_task(hold(budget, entered, n, leave[n], 0.01 if n == 1 else 5.0)) for n in range(1, 5)]
        assert await others[0] is False
        others[1].cancel()
        for place in (0, 3, 4):
            leave[place].set()
        assert await asyncio.gather(first, others[2], others[3]) == [True] * 3
        assert entered == [0, 3, 4]
        assert budget.used == 0

    asyncio.run(scene())


def test_one_who_is_cancelled_with_a_slot_in_hand_hands_it_on() -> None:
    """The moment between being given a slot and waking up loses none."""

    async def scene() -> None:
        budget, entered, leave = Budget(1), [], asyncio.Event()
        first = asyncio.create_task(hold(budget, entered, 0, leave))
        await asyncio.sleep(0)
        second = asyncio.create_task(hold(budget, entered, 1, leave))
        third = asyncio.create_task(hold(budget, entered, 2, leave))
        await asyncio.sleep(0)
        leave.set()
        await first
        second.cancel()
        assert await third is True
        assert (entered, budget.used) == ([0, 2], 0)

    asyncio.run(scene())


def test_a_smaller_share_ends_nothing_and_lets_nobody_in_until_there_is_room() -> None:
    """What has begun goes on; a larger share lets the waiting in at once."""

    async def scene() -> None:
        budget, entered, leave = Budget(4), [], asyncio.Event()
        held = [asyncio.create_task(hold(budget, entered, n, leave)) for n in range(4)]
        await asyncio.sleep(0)
        budget.share(2)
        assert (budget.limit, budget.used) == (2, 4)
        late = asyncio.create_task(hold(budget, entered, 4, leave, 5.0))
        await asyncio.sleep(0.01)
        assert entered == [0, 1, 2, 3]
        budget.share(1)
        held[0].cancel()
        await asyncio.gather(held[0], return_exceptions=True)
        await asyncio.sleep(0.01)
        assert entered == [0, 1, 2, 3, 4]
        leave.set()
        await asyncio.gather(late, *held[1:])
        assert budget.used == 0

    asyncio.run(scene())


@given(
    limit=st.integers(1, 6),
    acts=st.lists(st.sampled_from(["in", "out", "cancel", "share1", "share2", "share9"]), max_size=40),
)
def test_slots_are_never_lost_and_never_too_many(limit: int, acts: list[str]) -> None:
    """Whatever comes, goes, gives up or is divided: in the end all of them are there."""

    async def scene() -> None:
        budget, tasks, entered = Budget(limit), [], []
        leaves: list[asyncio.Event] = []
        for number, act in enumerate(acts):
            if act == "in":
                leaves.append(asyncio.Event())
                tasks.append(asyncio.create_task(hold(budget, entered, number, leaves[-1])))
            elif act == "out" and leaves:
                leaves[number % len(leaves)].set()
            elif act == "cancel" and tasks:
                tasks[number % len(tasks)].cancel()
            elif act.startswith("share"):
                budget.share(int(act[5:]))
            await asyncio.sleep(0)
            assert budget.used <= limit
        budget.share(1)
        for leave in leaves:
            leave.set()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert (budget.used, budget.limit) == (0, limit)
        async with AsyncExitStack() as stack:
            assert all([await stack.enter_async_context(budget.slot(0)) for _ in range(limit)])

    asyncio.run(scene())


def test_the_bridges_of_a_journal_share_the_tenants_slots(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two that live have half each; one that is left alone has all of them again."""
    made: list[Budget] = []
    begin = Budget.__init__

    def remembered(self: Budget, limit: int = 40, wait: float = 5.0) -> None:
        begin(self, limit, wait)
        made.append(self)

    monkeypatch.setattr(Budget, "__init__", remembered)
    with World(tmp_path, bridges=2, zuora={"concurrent": 10}) as world:
        shared = [each for each in made if each.limit in (5, 10)]
        until(lambda: [each.limit for each in shared if each.limit in (5, 10)] == [5, 5], 20, "half each")
        world.bridges.pop().stop()
        until(lambda: shared[0].limit == 10, 30, "all of them")
