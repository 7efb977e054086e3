"""What shadows found: added lazily, read by rule, let go of when it is old or too much, on both databases."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from journal_examples import KEY, url_of

from bridge.core.commands import Opened
from bridge.journal import Journal, comparisons
from bridge.journal.comparisons import Comparison
from bridge.journal.reading import Reader
from bridge.journal.retention import sweep

Scene = Callable[[Journal], Awaitable[None]]
ONE = Comparison("1", 100, "read", "aside", "query", "Payment", None, True, {"calls": 1})


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A journal's place, of either kind."""
    if request.param == "sqlite":
        return url_of(tmp_path)
    server = request.getfixturevalue("postgresql")
    return str(server.url(server.new_place()))


def play(url: str, scene: Scene) -> None:
    """Run a scene on it."""

    async def bounded() -> None:
        with closing(Journal.open(url, KEY, "w1")) as journal:
            await asyncio.wait_for(scene(journal), 60)

    asyncio.run(bounded())


def test_what_is_added_is_read_by_rule_and_moment(url: str) -> None:
    """By the journal and by whoever reads beside it; what other kinds say is none of it."""
    other = replace(ONE, id="2", at=200, rule="other", kind="plan", intent_id="i-1", equal=False)
    half = replace(ONE, id="3", at=300, detail={"differences": [{"left": "\ud83d"}]})

    async def scene(journal: Journal) -> None:
        journal.compared([])
        journal.compared([ONE, other])
        journal.compared([ONE, half, replace(ONE, id="4", at=400, kind="report")])
        await journal.flush()
        assert await journal.comparisons(0) == [half, other, ONE]
        assert await journal.comparisons(200, "aside") == [half]
        assert await journal.comparisons(0, limit=1) == [half]

    play(url, scene)
    with Reader(url, None) as reader:
        assert reader.comparisons(0) == [half, other, ONE]
        assert reader.comparisons(150, "other") == [other]
        assert reader.comparisons(500) == []


def test_old_ones_and_too_many_are_let_go(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """In batches, with everything else that is old; of a rule the newest stay."""
    monkeypatch.setattr(comparisons, "BATCH", 4)
    monkeypatch.setattr(comparisons, "MOST_OF_A_RULE", 5)

    async def scene(journal: Journal) -> None:
        journal.compared([replace(ONE, id=f"old-{each}", at=each) for each in range(10)])
        journal.compared([replace(ONE, id=f"new-{each}", at=1000 + each) for each in range(11)])
        journal.compared([replace(ONE, id=f"few-{each}", at=1000 + each, rule="few") for each in range(3)])
        await journal.flush()
        await sweep(journal, 500)
        assert [each.id for each in await journal.comparisons(0, "aside")] == [f"new-{10 - at}" for at in range(5)]
        assert len(await journal.comparisons(0, "few")) == 3

    play(url, scene)


def test_what_cannot_be_kept_hinders_nobody(tmp_path: Path) -> None:
    """Nobody waits for it, also where the journal is closed already."""

    async def scene(journal: Journal) -> None:
        journal.compared([replace(ONE, equal=None)])  # type: ignore[arg-type]
        assert await journal.record([Opened((), ())])
        journal.compared([replace(ONE, kind=None)])  # type: ignore[arg-type]
        await journal.flush()
        journal.compared([ONE])
        await journal.flush()
        assert ONE in await journal.comparisons(0)
        journal.close()
        journal.compared([ONE])

    play(url_of(tmp_path), scene)
