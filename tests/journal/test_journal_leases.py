"""The lease on a payment or memo: who has it, and when it is free, on both databases."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path

import pytest
from journal_examples import KEY, moved, opened, url_of

from bridge.core.intent import State
from bridge.journal import Journal

Scene = Callable[[Journal], Awaitable[None]]


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


def test_one_lease_that_is_free_frees_no_other(play: Callable[[Scene], None]) -> None:
    """Each row is judged by its own intent, whatever other rows there are."""

    async def scene(journal: Journal) -> None:
        assert await journal.record([opened("over"), opened("going"), opened("next")])
        assert await journal.hold("10000|", "P-1", "over", whole=True)
        assert await journal.hold("10000|", "P-2", "going", whole=True)
        assert await journal.record([moved("over")])
        assert not await journal.hold("10000|", "P-2", "next", whole=True)
        assert await journal.hold("10000|", "P-1", "next", whole=True)

    play(scene)


@pytest.mark.parametrize(("whole", "free"), [(True, False), (False, True)])
def test_doubt_keeps_a_whole_lease_and_frees_another(play: Callable[[Scene], None], whole: bool, free: bool) -> None:
    """A saga in doubt may still have to change the payment; a single request has left and cannot be helped."""

    async def scene(journal: Journal) -> None:
        assert await journal.record([opened("doubtful"), opened("next")])
        assert await journal.hold("10000|", "P-1", "doubtful", whole=whole)
        assert not await journal.hold("10000|", "P-1", "next", whole=False)
        assert await journal.hold("10000|", "P-1", "doubtful", whole=whole)
        assert await journal.record([moved("doubtful", target=State.IN_DOUBT)])
        assert await journal.hold("10000|", "P-1", "next", whole=False) is free

    play(scene)


def test_a_lease_is_of_its_scope(play: Callable[[Scene], None]) -> None:
    """Entities share no payments."""

    async def scene(journal: Journal) -> None:
        assert await journal.record([opened("one"), opened("other")])
        assert await journal.hold("10000|", "P-1", "one", whole=True)
        assert await journal.hold("10000|E2", "P-1", "other", whole=True)

    play(scene)
