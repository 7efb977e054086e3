"""Decisions about routes in the journal: one after another, with an author, on both databases."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from journal_examples import KEY, play, url_of
from postgresql_server import PostgreSQL

from bridge.journal import Journal
from bridge.journal.reading import Reader

Scene = Callable[[Journal], Awaitable[None]]


async def decisions(journal: Journal) -> None:
    """Three people decide, two of them at once."""
    operator = journal.operator
    assert await journal.revision_unlike(0, 0) is None
    assert await operator.revise(0, "first", "", "alice") == "a reason and the name of who decides are needed"
    assert await operator.revise(0, "first", "pilot", " ") == "a reason and the name of who decides are needed"
    assert await operator.revise(0, "dry", "pilot", "alice", dry=True) is None
    assert await journal.revision_unlike(0, 0) is None
    assert await operator.revise(0, "first", "pilot", "alice") is None
    second, late = await asyncio.gather(
        operator.revise(1, "second", "more", "bob"), operator.revise(1, "other", "less", "carol")
    )
    refused = late if second is None else second
    assert refused is not None
    assert refused.startswith("the rules were changed at this moment (revision 2 by ")
    (newest,) = await journal.revision_unlike(1, 0) or (None,)
    assert newest is not None
    assert (newest.number, newest.decided in ("second", "other")) == (2, True)
    assert await journal.revision_unlike(newest.number, newest.at) is None
    assert await journal.revision_unlike(3, newest.at) == (newest,)
    assert await operator.revise(7, "far", "jump", "dave") is not None


def seen(url: str) -> list[tuple[int, str]]:
    """The history, and that the audit knows every revision."""
    with Reader(url, KEY) as reader:
        history = reader.revisions()
        assert reader.revisions(1) == history[:1]
        for each in history:
            (row,) = reader.history(str(each.number))
            assert (row.kind, each.author in row.detail, each.decided in row.detail) == ("cutover", True, True)
        *_, told = reader.verify()
        assert told.wrong == ()
    return [(each.number, each.author) for each in history]


def test_decisions_follow_each_other_on_sqlite(tmp_path: Path) -> None:
    """Nobody overwrites what they have not seen."""
    play(tmp_path, decisions)
    (two, by), one = seen(url_of(tmp_path))
    assert (two, by in ("bob", "carol"), one) == (2, True, (1, "alice"))


def test_decisions_follow_each_other_on_postgresql(postgresql: PostgreSQL) -> None:
    """Likewise, and of two replicas only one decides."""
    url = postgresql.url(postgresql.new_place())

    async def scene() -> Any:
        with closing(Journal.open(url, KEY, "w1")) as one, closing(Journal.open(url, KEY, "w2")) as two:
            await decisions(one)
            said = await asyncio.gather(
                one.operator.revise(2, "a", "why", "erin"), two.operator.revise(2, "b", "why", "frank")
            )
            (newest,) = await two.revision_unlike(2, 0) or (None,)
            return said, newest

    said, newest = asyncio.run(scene())
    assert sorted(each is None for each in said) == [False, True]
    assert newest is not None
    assert (newest.number, newest.author) == (3, "erin" if said[0] is None else "frank")
    assert [number for number, _ in seen(url)] == [3, 2, 1]


def test_a_secret_in_a_reason_is_not_kept(tmp_path: Path) -> None:
    """People paste what they have at hand."""
    card = "4111111111111111"

    async def scene(journal: Journal) -> None:
        assert await journal.operator.revise(0, "x", f"card {card}", f"alice {card}") is None

    play(tmp_path, scene)
    with Reader(url_of(tmp_path), KEY) as reader:
        (kept,) = reader.revisions()
        assert card not in kept.reason + kept.author + "".join(row.detail for row in reader.history("1"))


@pytest.mark.parametrize("text", ["", "é\n" * 20_000])
def test_any_text_is_kept_as_it_is(tmp_path: Path, text: str) -> None:
    """What it decides is no concern of the journal's."""

    async def scene(journal: Journal) -> None:
        assert await journal.operator.revise(0, text, "why", "alice") is None
        (newest,) = await journal.revision_unlike(0, 0) or (None,)
        assert newest is not None
        assert newest.decided == text

    play(tmp_path, scene)
