"""Look-up-first mode as the journal keeps it: begun by a person or by a PostgreSQL that is another than before."""

from __future__ import annotations

import asyncio
import json
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from journal_examples import KEY, journal_in, opened, play, state_of, url_of

from bridge.core.intent import State
from bridge.journal import Journal, JournalDown
from bridge.journal.audit import now
from bridge.journal.database import Database
from bridge.journal.look_up_first import FOR_EVER, HOURS, named
from bridge.journal.reading import Reader

HOUR = 3_600_000


class Placed:
    """Stands for PostgreSQL's answers: every new connection finds the database at ``at``."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, at: str | None) -> None:
        self.at = at
        connect = Database._connect

        def placed(database: Database) -> None:
            connect(database)
            database.place = self.at

        monkeypatch.setattr(Database, "_connect", placed)


def until(folder: Path) -> Any:
    """The end of the mode as a process that just started sees it."""
    return play(folder, lambda journal: journal.look_up_first_until())


def notes(folder: Path) -> list[dict[str, Any]]:
    """What the audit says of the mode."""
    with Reader(url_of(folder), KEY) as reader:
        rows = [row for row in reader.history("") if row.kind == "look up first"]
        assert list(reader.verify())[-1].wrong == ()
    return [json.loads(row.detail) for row in rows]


def test_a_person_begins_and_ends_the_mode_for_every_process(tmp_path: Path) -> None:
    """Seen at once by another process; an end that is over is none."""
    with journal_in(tmp_path, "w1") as one, journal_in(tmp_path, "w2") as other:

        async def scene() -> None:
            assert await one.look_up_first_until() is None
            end = now() + HOUR
            assert await one.operator.look_up_first(end, "restored", "Ada") is None
            assert await other.look_up_first_until() == end
            assert await other.operator.look_up_first(end - 1, "again", "Ada") is None
            assert await one.look_up_first_until() == end
            assert await other.operator.look_up_first(None, "checked", "Ada") is None
            assert await one.look_up_first_until() is None
            assert await one.operator.look_up_first(now() - 1, "too late", "Ada") is None
            assert await one.look_up_first_until() is None
            assert await one.operator.look_up_first(end, "", "Ada") is not None

        asyncio.run(scene())
    # Within one millisecond, two chains have no order.
    assert sorted(note["on"] for note in notes(tmp_path)) == [False, True, True, True]


def test_the_setting_holds_for_its_process_and_as_long_as_it_lives(tmp_path: Path) -> None:
    """Another process is not affected."""

    async def scene(journal: Journal) -> None:
        await journal.started("1", "{}", look_up_first=True)
        assert await journal.look_up_first_until() == FOR_EVER

    play(tmp_path, scene)
    assert until(tmp_path) is None


def test_a_fresh_database_never_begins_the_mode(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is given its place; so is one of a bridge that kept none."""
    Placed(monkeypatch, "7/00000001")
    assert until(tmp_path) is None
    assert until(tmp_path) is None
    assert notes(tmp_path) == []


@pytest.mark.parametrize("place", ["7/00000002", "8/00000001"])
def test_another_timeline_or_cluster_begins_it_for_72_hours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """At a start: a backup restored, or a standby promoted. Once, not at every start."""
    placed = Placed(monkeypatch, "7/00000001")
    assert until(tmp_path) is None
    placed.at = place
    began = now()
    first = until(tmp_path)
    assert began + HOURS * HOUR <= first <= now() + HOURS * HOUR
    assert until(tmp_path) == first
    (note,) = notes(tmp_path)
    assert (note["on"], note["by"]) == (True, "the bridge")
    assert note["why"] == f"PostgreSQL was {named('7/00000001')} and is {named(place)}"


def test_a_failover_under_a_running_bridge_refuses_what_was_under_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it was about to record rests on reads of the former place: nothing may be sent on it."""
    placed = Placed(monkeypatch, "7/00000001")

    async def scene(journal: Journal) -> None:
        assert await journal.record([opened("a")])
        journal._database.close()
        placed.at = "7/00000002"
        told = await asyncio.gather(
            journal.record([opened("b")]), journal.record([opened("c")]), return_exceptions=True
        )
        assert [type(each) for each in told] == [JournalDown, JournalDown]
        assert "another took over" in str(told[0])
        assert [await state_of(journal, name) for name in "abc"] == [State.SENDING, None, None]
        assert await journal.look_up_first_until() is not None
        assert await journal.record([opened("b")])

    play(tmp_path, scene)
    assert len(notes(tmp_path)) == 1


def test_a_lost_connection_to_the_same_place_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next write goes on."""
    Placed(monkeypatch, "7/00000001")

    async def scene(journal: Journal) -> None:
        assert await journal.record([opened("a")])
        journal._database.close()
        assert await journal.record([opened("b")])
        assert await journal.look_up_first_until() is None

    play(tmp_path, scene)


def test_a_server_that_does_not_tell_its_place_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A managed one may not; the runbook says what to do."""
    placed = Placed(monkeypatch, "7/00000001")
    assert until(tmp_path) is None
    placed.at = None
    assert until(tmp_path) is None
    with closing(Journal.open("sqlite://", None, "w1")) as journal:
        assert asyncio.run(journal.look_up_first_until()) is None


def test_every_match_tells_the_mode(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Within a second also where another process began it; at once where this one saw another place."""

    async def on(journal: Journal) -> bool:
        return (await journal.match("10000|", ["f"], 0)).look_up_first

    with journal_in(tmp_path, "w1") as one, journal_in(tmp_path, "w2") as other:

        async def scene() -> None:
            assert (await on(one), await on(other)) == (False, False)
            await one.operator.look_up_first(now() + HOUR, "restored", "Ada")
            assert await on(one)
            while not await on(other):
                await asyncio.sleep(0.05)
            await one.operator.look_up_first(None, "clean", "Ada")
            assert not await on(one)

        asyncio.run(scene())
    placed = Placed(monkeypatch, "first")
    with journal_in(tmp_path, "w3") as moved_away:

        async def failover() -> None:
            assert not await on(moved_away)
            placed.at = "second"
            moved_away._database.connections += 1
            moved_away._database.place = "second"
            with pytest.raises(JournalDown):
                await moved_away.record([opened("i1")])
            assert await on(moved_away)

        asyncio.run(failover())
