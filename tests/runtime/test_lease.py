"""A process sends only while the others must take it for alive, and on the strength of a commit of that time.

The fence clock is moved as a suspension moves it; journal and driver are real.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

import pytest
from stage import Stage, pays, staged, unapplied

from bridge.core import commands as c
from bridge.core.intent import State
from bridge.core.model import Told
from bridge.journal.statements import ALIVE_FOR
from bridge.runtime import driver
from bridge.runtime.lease import FENCE_SECONDS, LEASE_SECONDS, Lease, Stand
from bridge.upstream.clock import fence_now


def test_a_lease_ends_before_a_heartbeat_counts_no_more() -> None:
    """What is sent at its last moment still leaves before anybody takes over."""
    assert LEASE_SECONDS + FENCE_SECONDS <= ALIVE_FOR / 1000


def test_a_heartbeat_in_time_keeps_the_term() -> None:
    """And moves the end of the lease, counted from before it was asked for."""
    lease = Lease()
    for asked in (100.0, 102.0, 108.0):
        lease.renewed(asked)
    assert lease.not_after(Stand(107.0, lease.term)) == 109.0
    assert lease.not_after(Stand(113.0, lease.term)) == 114.0


def test_a_heartbeat_too_late_begins_a_new_term() -> None:
    """Commits of the former one have no strength any more; those of the new one have."""
    lease = Lease()
    lease.renewed(100.0)
    old = Stand(100.5, lease.term)
    assert lease.not_after(old) == 102.5
    lease.renewed(106.5)
    assert lease.not_after(old) is None
    assert lease.not_after(Stand(107.0, lease.term)) == 109.0


class Suspended:
    """The fence clock of a process that sleeps now and then."""

    def __init__(self) -> None:
        self.slept = 0.0

    def __call__(self) -> float:
        """Seconds."""
        return fence_now() + self.slept


Test = Callable[[Stage, Suspended], Coroutine[Any, Any, None]]


@pytest.fixture
def play(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Test], None]:
    """Run a scene on a stage whose driver may be suspended."""
    clock = Suspended()
    monkeypatch.setattr(driver, "fence_now", clock)

    def run(scene: Test) -> None:
        async def bounded() -> None:
            async with staged(tmp_path) as stage:
                await asyncio.wait_for(scene(stage, clock), 20)

        asyncio.run(bounded())

    return run


def test_a_process_suspended_within_its_commit_wakes_up_behind_the_fence(play: Callable[[Test], None]) -> None:
    """The commit happened, and its answer is read much later: the first byte would leave too late."""

    async def scene(stage: Stage, clock: Suspended) -> None:
        record = stage.journal.record

        async def slow(changes: Sequence[c.Change]) -> bool:
            done = await record(changes)
            clock.slept = 5.0
            return done

        stage.journal.record = slow  # type: ignore[method-assign]
        await stage.run(unapplied("1"))
        (fence,) = stage.soap.fences
        assert fence is not None
        assert fence < clock()

    play(scene)


def test_who_was_silent_for_too_long_sends_nothing_on_an_old_commit(play: Callable[[Test], None]) -> None:
    """Suspended after its commit and alive again: somebody else may have the intent now, so nothing leaves."""

    async def scene(stage: Stage, clock: Suspended) -> None:
        record = stage.journal.record

        async def slow(changes: Sequence[c.Change]) -> bool:
            done = await record(changes)
            if not clock.slept:
                clock.slept = 7.0
                await stage.runtime._live()
            return done

        await stage.runtime._live()
        stage.journal.record = slow  # type: ignore[method-assign]
        told = await stage.run(unapplied("1"), wait=0.5)
        assert [each.told for each in told.outcomes] == [Told.UNSENT]
        assert stage.soap.sent == []

    play(scene)


def test_who_was_silent_sends_again_after_a_commit_of_its_own(play: Callable[[Test], None]) -> None:
    """The next call commits in the new term, and goes out."""

    async def scene(stage: Stage, clock: Suspended) -> None:
        await stage.runtime._live()
        clock.slept = 7.0
        await stage.runtime._live()
        told = await stage.run(pays("a1-1"))
        assert [each.told for each in told.outcomes] == [Told.APPLIED]
        (intent,) = await stage.intents(told.outcomes[0].intent_id)
        assert intent.state is State.APPLIED

    play(scene)


def test_who_cannot_give_a_heartbeat_sends_only_as_long_as_its_last_one_holds(play: Callable[[Test], None]) -> None:
    """Parted from the database it is taken for dead by the others, whatever it knows of itself."""

    async def scene(stage: Stage, clock: Suspended) -> None:
        lived = clock()
        await stage.runtime._live()
        clock.slept = LEASE_SECONDS - 1
        await stage.run(unapplied("1"))
        (fence,) = stage.soap.fences
        assert fence is not None
        assert fence <= lived + LEASE_SECONDS + 1 < clock() + FENCE_SECONDS

    play(scene)
