"""The recoverer over a real journal: whose intents it looks for, how often, and that it sends nothing for nobody."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from stage import NOW, TENANT, Stage, paid, pays, staged

from bridge.core.commands import Lost, Opened
from bridge.core.facts import Absent, Fact, Made, Question, WhichMade
from bridge.core.intent import Intent, State
from bridge.core.model import Op, Route, Rows, Told
from bridge.journal import Journal
from bridge.runtime import Recoverer, machine_now
from bridge.telemetry.metrics import METRICS

LATER_MS = 20 * 60_000


def recovering(stage: Stage) -> Recoverer:
    """A recoverer that runs when it is told to."""
    return Recoverer(stage.runtime, stage.journal, TENANT, zuora_now=lambda: stage.clock.at, here=machine_now)


def showing(stage: Stage, fact: Fact) -> None:
    """What Zuora shows of every marker."""
    usual = stage.look._fact

    def shown(question: Question) -> Fact:
        return fact if isinstance(question, WhichMade) else usual(question)

    stage.look._fact = shown  # type: ignore[method-assign]


def orphan(name: str, owner: str) -> Intent:
    """An intent that was being sent, a while ago, and of which no request is kept."""
    return Intent(
        name, "10000|", "erp", "c1", 0, Op.CREATE, "Payment", f"print of {name}", 0, 0, Route.REST, State.SENDING,
        NOW - 10_000, owner,
    )  # fmt: skip


async def doubted(stage: Stage) -> str:
    """A marked payment whose answer was lost, told as unknown."""

    async def lost(_: object) -> Any:
        return Lost("reset")

    stage.rest.reply = lost
    showing(stage, Absent())
    obj = pays("a1-1")
    reply = await stage.run(replace(obj, fields={**obj.fields, "ReferenceId": "E"}), wait=0.5)
    assert isinstance(reply, Rows)
    (outcome,) = reply.outcomes
    assert outcome.told is Told.UNKNOWN
    assert outcome.intent_id is not None
    # The call is conducted to its end after its caller was answered.
    while await stage.runtime.driven((await stage.intents(outcome.intent_id))[0]):
        await asyncio.sleep(0.01)
    stage.clock.at += 10_000
    return outcome.intent_id


def test_what_was_done_is_found_without_a_repeat(tmp_path: Path) -> None:
    """And nothing is sent."""

    async def scene() -> None:
        async with staged(tmp_path) as stage:
            name = await doubted(stage)
            sent = len(stage.rest.sent)
            showing(stage, Made("f" * 32, "Processed"))
            assert await recovering(stage).round() == 1
            (intent,) = await stage.intents(name)
            assert (intent.state, intent.zuora_id) == (State.APPLIED, "f" * 32)
            assert len(stage.rest.sent) == sent
            assert await recovering(stage).round() == 0

    asyncio.run(scene())


def test_a_repeat_joins_what_the_recoverer_found(tmp_path: Path) -> None:
    """Its caller comes back at last."""

    async def scene() -> None:
        async with staged(tmp_path) as stage:
            await doubted(stage)
            showing(stage, Made("f" * 32, "Processed"))
            await recovering(stage).round()
            obj = pays("a1-1")
            reply = await stage.run(replace(obj, fields={**obj.fields, "ReferenceId": "E"}))
            assert isinstance(reply, Rows)
            assert (reply.outcomes[0].zuora_id, reply.outcomes[0].joined) == ("f" * 32, True)

    asyncio.run(scene())


def test_absence_settles_it_once_nothing_can_be_on_its_way(tmp_path: Path) -> None:
    """The next call is a new attempt; the recoverer itself makes none."""

    async def scene() -> None:
        async with staged(tmp_path) as stage:
            name = await doubted(stage)
            recoverer = recovering(stage)
            await recoverer.round()
            assert (await stage.intents(name))[0].state is State.IN_DOUBT
            stage.clock.at += LATER_MS
            sent = len(stage.rest.sent)
            # Asked so soon again it would not look.
            assert await recoverer.round() == 0
            assert await recovering(stage).round() == 1
            assert (await stage.intents(name))[0].state is State.NOT_APPLIED
            assert len(stage.rest.sent) == sent

    asyncio.run(scene())


def test_what_is_being_driven_is_left_alone(tmp_path: Path) -> None:
    """A call that takes long is somebody's."""

    async def scene() -> None:
        async with staged(tmp_path) as stage:
            gate = asyncio.Event()

            async def slow(_: object) -> Any:
                await gate.wait()
                return paid()

            stage.rest.reply = slow
            call = asyncio.create_task(stage.run(pays("a1-1")))
            while not stage.rest.sent:
                await asyncio.sleep(0.01)
            stage.clock.at += 60_000
            assert await recovering(stage).round() == 1
            (name,) = stage.begun(stage.rest)
            assert (await stage.intents(name))[0].state is State.SENDING
            gate.set()
            reply = await call
            assert reply.outcomes[0].told is Told.APPLIED

    asyncio.run(scene())


@pytest.mark.parametrize("processes", [2, 3])
def test_each_intent_is_one_processs(tmp_path: Path, processes: int) -> None:
    """All living processes share them; a process that is not known to live takes none."""

    async def scene() -> None:
        async with staged(tmp_path) as stage:
            name = await doubted(stage)
            (intent,) = await stage.intents(name)
            living = tuple(f"p{number}" for number in range(processes))
            takers = []
            for each in living:
                stage.runtime.instance = each
                takers.append(recovering(stage)._is_ours(intent, living))
            assert sum(takers) == 1
            stage.runtime.instance = "unknown"
            assert not recovering(stage)._is_ours(intent, living)
            assert recovering(stage)._is_ours(intent, ())

    asyncio.run(scene())


def test_what_a_living_process_no_longer_drives_is_its_own_to_find(tmp_path: Path) -> None:
    """Its end could not be recorded, say; to all others it is driven, so no share of theirs may hold it."""

    async def scene() -> None:
        async with staged(tmp_path) as stage:
            other = await asyncio.to_thread(Journal.open, f"sqlite:///{tmp_path / 'journal.db'}", None, "other")
            await other.heartbeat(machine_now())
            names = [f"i{number}" for number in range(8)]
            for name in names:
                assert await stage.journal.record([Opened((orphan(name, stage.runtime.instance),))])
            assert await recovering(stage).round() == len(names)
            assert {each.state for each in await stage.intents(*names)} == {State.PARKED}
            assert await stage.journal.record([Opened((orphan("theirs", "other"),))])
            assert await recovering(stage).round() == 0
            await asyncio.to_thread(other.close)

    asyncio.run(scene())


def test_it_begins_at_once_and_ends_when_told(tmp_path: Path) -> None:
    """Started after a crash, it does not wait for its first turn."""

    async def scene() -> None:
        async with staged(tmp_path) as stage:
            name = await doubted(stage)
            showing(stage, Made("f" * 32, "Processed"))
            recoverer = recovering(stage)
            recoverer.start()
            while (await stage.intents(name))[0].state is not State.APPLIED:
                await asyncio.sleep(0.01)
            await recoverer.stop()

    asyncio.run(scene())


def test_a_journal_that_is_down_ends_no_recoverer(tmp_path: Path) -> None:
    """The next round tries again."""

    async def scene() -> None:
        async with staged(tmp_path) as stage:
            recoverer = recovering(stage)
            rounds = 0

            async def broken() -> int:
                nonlocal rounds
                rounds += 1
                raise RuntimeError("a defect")

            recoverer.round = broken  # type: ignore[method-assign]
            recoverer._every = 0.001
            recoverer.start()
            while rounds < 3:
                await asyncio.sleep(0.01)
            await recoverer.stop()

    asyncio.run(scene())


def test_a_young_call_is_nobodys_orphan(tmp_path: Path) -> None:
    """Three seconds by Zuora's clock."""

    async def scene() -> None:
        async with staged(tmp_path) as stage:
            await doubted(stage)
            stage.clock.at = NOW
            assert await recovering(stage).round() == 0

    asyncio.run(scene())


def test_what_is_not_settled_is_measured_by_state_route_and_age(tmp_path: Path) -> None:
    """The zeros too, so that an alert can tell silence from health (I13)."""

    async def scene() -> None:
        async with staged(tmp_path) as stage:
            await doubted(stage)
            stage.clock.at += 50_000
            await recovering(stage).round()
            doubted_ones = {"state": "in_doubt", "route": "rest"}
            assert METRICS.unsettled.value(**doubted_ones) == 1
            lines = METRICS.render().decode().splitlines()
            assert 'bridge_unsettled{route="rest",state="parked"} 0.0' in lines
            assert 60 <= METRICS.oldest_seconds.value(**doubted_ones) < 70
            showing(stage, Made("f" * 32, "Processed"))
            await recovering(stage).round()
            await recovering(stage).round()
            assert 'bridge_unsettled{route="rest",state="in_doubt"} 0.0' in METRICS.render().decode().splitlines()

    asyncio.run(scene())


def test_before_zuora_has_told_her_time_nothing_is_looked_for(tmp_path: Path) -> None:
    """This machine's clock may be far ahead, and what was sent just now would seem to be long absent."""

    async def scene() -> None:
        async with staged(tmp_path) as stage:
            name = await doubted(stage)
            known: list[bool] = []

            async def knows() -> bool:
                return bool(known)

            clock = stage.clock
            recoverer = Recoverer(
                stage.runtime, stage.journal, TENANT, zuora_now=lambda: clock.at, here=machine_now, knows_time=knows
            )
            clock.at += 10 * LATER_MS
            assert await recoverer.round() == 0
            assert (await stage.intents(name))[0].state is State.IN_DOUBT
            known.append(True)
            assert await recoverer.round() == 1

    asyncio.run(scene())
