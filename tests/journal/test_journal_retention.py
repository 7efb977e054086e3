"""What was settled long ago is let go in small batches between the callers' own; nothing else ever is."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from journal_examples import KEY, answered, dispatch, intent, moved, opened, url_of

from bridge.core.commands import Opened
from bridge.core.intent import State
from bridge.journal import Journal, JournalDown, retention
from bridge.journal.erasing import Swept
from bridge.journal.retention import BATCH, DAY_MS, keep, sweep

Scene = Callable[[Journal], Awaitable[None]]
NOW = 500 * DAY_MS
BEFORE = NOW - 400 * DAY_MS


@pytest.fixture(params=["sqlite", "postgresql"])
def play(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[Scene], None]:
    """Run a scene on a journal of either kind."""
    if request.param == "sqlite":
        url = url_of(tmp_path)
    else:
        server = request.getfixturevalue("postgresql")
        url = server.url(server.new_place())

    def run(scene: Scene) -> None:
        async def bounded() -> None:
            with closing(Journal.open(url, KEY, "w1")) as journal:
                await asyncio.wait_for(scene(journal), 60)

        asyncio.run(bounded())

    return run


async def settle(journal: Journal, name: str, at: int, target: State = State.APPLIED) -> None:
    """An intent that was settled at an instant."""
    assert await journal.record([opened(name)])
    assert await journal.record([replace(moved(name, target=target), at=at), answered(f"d-{name}")])


async def left(journal: Journal, *names: str) -> set[str]:
    """Which of these intents the journal still has."""
    return {each.id for each in await journal.intents(names)}


def test_only_what_was_settled_long_ago_is_let_go(play: Callable[[Scene], None]) -> None:
    """With its requests; unsettled and parked intents stay, however old, and so does what is not old enough."""

    async def scene(journal: Journal) -> None:
        await settle(journal, "old", BEFORE - 1)
        await settle(journal, "refused", BEFORE - 1, State.REFUSED)
        await settle(journal, "young", BEFORE)
        assert await journal.record([opened("sending"), opened("parked")])
        assert await journal.record(
            [moved("parked", target=State.IN_DOUBT), moved("parked", State.IN_DOUBT, State.PARKED)]
        )
        assert await sweep(journal, BEFORE) == 2
        names = ("old", "refused", "young", "sending", "parked")
        assert await left(journal, *names) == {"young", "sending", "parked"}
        assert [bool(await journal.dispatches_of(name)) for name in names] == [False, False, True, True, True]
        assert await sweep(journal, BEFORE) == 0

    play(scene)


def test_a_request_stays_as_long_as_an_intent_of_it(play: Callable[[Scene], None]) -> None:
    """Of two objects of one call one is parked: what was sent for it is still needed."""

    async def scene(journal: Journal) -> None:
        both = (intent("done"), intent("parked"))
        assert await journal.record([Opened(both, (dispatch("d1", "done", "parked"),))])
        assert await journal.record([replace(moved("done"), at=1), moved("parked", target=State.IN_DOUBT)])
        assert await journal.record([moved("parked", State.IN_DOUBT, State.PARKED)])
        assert await sweep(journal, BEFORE) == 1
        (kept,) = await journal.dispatches_of("parked")
        assert kept.intent_ids == ("parked",)
        assert await journal.record([replace(moved("parked", State.PARKED, State.NOT_APPLIED), at=1)])
        assert await sweep(journal, BEFORE) == 1
        assert await journal.dispatches_of("parked") == ()

    play(scene)


def test_a_lease_of_what_is_let_go_is_free(play: Callable[[Scene], None]) -> None:
    """It was free before, and its row does not keep the intent."""

    async def scene(journal: Journal) -> None:
        assert await journal.record([opened("old"), opened("new")])
        assert await journal.hold("10000|", "P-1", "old", whole=True)
        assert await journal.record([replace(moved("old"), at=1)])
        assert await sweep(journal, BEFORE) == 1
        assert await journal.hold("10000|", "P-1", "new", whole=True)

    play(scene)


def test_callers_commit_between_two_batches(play: Callable[[Scene], None], monkeypatch: pytest.MonkeyPatch) -> None:
    """However much there is to let go: no transaction of it is larger than a batch, and the callers' come between."""

    async def scene(journal: Journal) -> None:
        names = [f"i{n}" for n in range(3 * BATCH + 1)]
        await asyncio.gather(*(settle(journal, name, 1) for name in names))
        order: list[str] = []
        let_go = journal.let_go

        async def counted(before: int) -> int:
            count = await let_go(before)
            order.append(f"batch of {count}")
            return count

        monkeypatch.setattr(journal, "let_go", counted)

        async def caller() -> None:
            for n in range(3):
                await asyncio.sleep(0)
                while len(order) <= n:
                    await asyncio.sleep(0.001)
                assert await journal.record([opened(f"caller {n}")])
                order.append("caller")

        monkeypatch.setattr(retention, "PAUSES", 1000)
        sweeping = asyncio.create_task(sweep(journal, BEFORE))
        await caller()
        monkeypatch.setattr(retention, "PAUSES", 0)
        sweeping.cancel()
        await asyncio.gather(sweeping, return_exceptions=True)
        assert order[:2] == [f"batch of {BATCH}", "caller"]
        await sweep(journal, BEFORE)
        assert {each for each in order if each != "caller"} == {f"batch of {n}" for n in (BATCH, 1, 0)}
        assert await left(journal, *names) == set()
        assert await left(journal, "caller 0", "caller 1", "caller 2") == {"caller 0", "caller 1", "caller 2"}

    play(scene)


def test_the_deletion_is_in_the_audit(play: Callable[[Scene], None]) -> None:
    """How many, and from when to when."""

    async def scene(journal: Journal) -> None:
        await settle(journal, "a", NOW - 1)
        await settle(journal, "b", NOW - 2)
        assert await sweep(journal, NOW) == 2
        rows = await journal._read(
            lambda: journal._database.rows("SELECT detail FROM audit WHERE kind = 'deleted' ORDER BY seq", {})
        )
        (detail,) = rows[0]
        assert detail == f'{{"table":"intent","from":{NOW - 2},"to":{NOW - 1},"rows":2}}'

    play(scene)


def test_keeping_goes_on_after_the_journal_was_down(monkeypatch: pytest.MonkeyPatch) -> None:
    """A round that fails is followed by the next."""
    rounds: list[int] = []

    class Down:
        async def let_go(self, before: int) -> int:
            rounds.append(before)
            if len(rounds) == 1:
                raise JournalDown("disk full")
            return 0

        async def let_go_of_the_rest(self, before: int) -> int:
            return 0

        async def erase_options(self, after: str) -> Swept:
            return Swept(0, 0, None)

    async def scene() -> None:
        monkeypatch.setattr(retention, "ROUND_SECONDS", 0)
        task = asyncio.create_task(keep(Down(), 400, lambda: NOW))
        while len(rounds) < 3:
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(scene())
    assert rounds[:3] == [BEFORE] * 3
