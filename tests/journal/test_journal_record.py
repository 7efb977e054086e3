"""What each change does to the journal, and that a failed condition does nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from journal_examples import answered, dispatch, intent, moved, newest, opened, play, state_of

from bridge.core.commands import Added, Adopted, Change, Moved, Opened, Sent
from bridge.core.intent import TRANSITIONS, IllegalTransition, State
from bridge.core.model import Op, RowError
from bridge.journal import Journal, JournalDown

ILLEGAL = [(source, target) for source in State for target in State if target not in TRANSITIONS[source]]
LEGAL = [(source, target) for source in State for target in TRANSITIONS[source]]


def test_opened_intents_and_dispatches_are_there_afterwards(tmp_path: Path) -> None:
    """What was opened can be read."""

    async def scene(journal: Journal) -> None:
        both = (intent("i1"), intent("i2", position=1))
        sent = dispatch("d1", "i2", "i1")
        assert await journal.record([Opened(both, (sent,))])
        assert await journal.intents(["i2", "unknown", "i1"]) == (both[1], both[0])
        assert await newest(journal, "i1") == sent

    play(tmp_path, scene)


@pytest.mark.parametrize("size", [1, 3])
def test_an_identity_opens_once(tmp_path: Path, size: int) -> None:
    """A second Opened with one known identity fails as a whole."""

    async def scene(journal: Journal) -> None:
        assert await journal.record([opened("i1", fingerprint="same")])
        twins = tuple(intent(f"t{n}", fingerprint="same" if n == size - 1 else f"other {n}") for n in range(size))
        assert not await journal.record([Opened(twins, (dispatch("d2", "t0"),))])
        assert await journal.intents([twin.id for twin in twins]) == ()
        assert await newest(journal, "t0") is None
        assert await journal.record([opened("i2", fingerprint="same", generation=1)])
        assert await journal.record([opened("i3", fingerprint="same", ordinal=1)])
        assert await journal.record([opened("i4", fingerprint="same", scope="10000|entity")])

    play(tmp_path, scene)


@pytest.mark.parametrize(
    "second",
    [
        Opened((intent("i2"),), (dispatch("d-i1", "i2"),)),
        Opened((intent("i1", fingerprint="another"),)),
        Opened((intent("i2"),), (dispatch("d2", "i2", "nobody"),)),
        Added(dispatch("d2", "nobody")),
        Sent("nothing", 1),
        answered("nothing"),
        moved("nobody"),
        Adopted("nobody", "w1", "w2"),
    ],
    ids=lambda change: type(change).__name__,
)
def test_a_change_to_what_is_not_there_or_is_there_already_fails(tmp_path: Path, second: Change) -> None:
    """Ids are unique, and nothing refers to what does not exist."""

    async def scene(journal: Journal) -> None:
        assert await journal.record([opened("i1")])
        assert not await journal.record([moved("i1"), second])
        assert await state_of(journal, "i1") is State.SENDING
        assert await state_of(journal, "i2") is None

    play(tmp_path, scene)


def test_a_failed_job_leaves_nothing_while_its_neighbours_commit(tmp_path: Path) -> None:
    """In one batch a job that fails after its first write is undone alone."""

    async def scene(journal: Journal) -> None:
        assert await journal.record([opened("i1")])
        import asyncio

        jobs: list[list[Change]] = [[opened(f"n{n}")] for n in range(10)]
        jobs.insert(5, [opened("bad"), moved("i1"), Sent("nothing", 1)])
        before = journal.commits
        told = await asyncio.gather(*(journal.record(job) for job in jobs))
        assert told == [True] * 5 + [False] + [True] * 5
        assert journal.commits - before < len(jobs)
        assert await state_of(journal, "bad") is None
        assert await state_of(journal, "i1") is State.SENDING
        assert len(await journal.intents([f"n{n}" for n in range(10)])) == 10

    play(tmp_path, scene)


def test_a_move_replaces_the_verdict_and_its_instants(tmp_path: Path) -> None:
    """Errors, unsent, settlement and delivery belong to a state, the Zuora Id to the intent."""
    wrong = (RowError("INVALID_VALUE", "no", "Amount"), RowError("X", "ü\x00\ud800"))

    async def scene(journal: Journal) -> None:
        assert await journal.record([opened("i1", zuora_id="z0", op=Op.UPDATE)])
        assert await journal.record([moved(target=State.IN_DOUBT, errors=wrong)])
        (found,) = await journal.intents(["i1"])
        assert (found.errors, found.settled_at, found.zuora_id) == (wrong, None, "z0")
        assert await journal.record([moved(source=State.IN_DOUBT, target=State.NOT_APPLIED, at=3_000)])
        journal.delivered(["i1"], 3_100)
        (found,) = await journal.intents(["i1"])
        assert (found.errors, found.settled_at, found.delivered_at) == ((), 3_000, 3_100)
        assert await journal.record([moved(source=State.NOT_APPLIED, target=State.SENDING)])
        (found,) = await journal.intents(["i1"])
        assert (found.settled_at, found.delivered_at) == (None, None)
        assert await journal.record([moved(target=State.REFUSED, unsent=True)])
        (found,) = await journal.intents(["i1"])
        assert (found.unsent, found.settled_at, found.zuora_id) == (True, 2_000, "z0")

    play(tmp_path, scene)


@pytest.mark.parametrize("wrong", [{"source": State.NOT_SENT, "target": State.REFUSED}, {"owner": "w2"}])
def test_a_move_needs_the_state_and_the_owner(tmp_path: Path, wrong: dict[str, Any]) -> None:
    """Compare and swap: a process that lost the intent cannot move it."""

    async def scene(journal: Journal) -> None:
        assert await journal.record([opened("i1")])
        assert not await journal.record([moved(**wrong)])
        assert await state_of(journal, "i1") is State.SENDING

    play(tmp_path, scene)


def test_every_legal_move_is_made(tmp_path: Path) -> None:
    """Whatever core's table has, the journal does."""

    async def scene(journal: Journal) -> None:
        for number, (source, target) in enumerate(LEGAL):
            assert await journal.record([opened(f"i{number}", state=source)])
            assert await journal.record([moved(f"i{number}", source, target)])
            assert await state_of(journal, f"i{number}") is target

    play(tmp_path, scene)


def test_every_illegal_move_raises_and_changes_nothing(tmp_path: Path) -> None:
    """A move that core's table lacks is a bug, whatever else was asked with it."""

    async def scene(journal: Journal) -> None:
        for number, (source, target) in enumerate(ILLEGAL):
            assert await journal.record([opened(f"i{number}", state=source)])
            with pytest.raises(IllegalTransition):
                await journal.record([opened(f"x{number}"), moved(f"i{number}", source, target)])
            assert await state_of(journal, f"i{number}") is source
            assert await state_of(journal, f"x{number}") is None

    play(tmp_path, scene)


def test_a_zuora_id_settles_one_create_only(tmp_path: Path) -> None:
    """Two creates cannot claim one payment; another type, scope or operation may name it."""

    async def scene(journal: Journal) -> None:
        assert await journal.record([opened("i1"), opened("i2"), opened("i3", object_type="Refund")])
        assert await journal.record([opened("i4", scope="10000|e"), opened("i5", op=Op.UPDATE)])
        assert await journal.record([moved("i1", zuora_id="z1")])
        assert not await journal.record([moved("i2", zuora_id="z1")])
        assert await state_of(journal, "i2") is State.SENDING
        for other in ("i3", "i4", "i5"):
            assert await journal.record([moved(other, zuora_id="z1")])
        assert await journal.record([moved("i2", zuora_id="z2")])
        assert not await journal.record([opened("i6", zuora_id="z2")])

    play(tmp_path, scene)


def test_a_zuora_id_claimed_twice_in_one_record_undoes_both(tmp_path: Path) -> None:
    """The condition also holds within one transaction."""

    async def scene(journal: Journal) -> None:
        assert await journal.record([opened("i1"), opened("i2")])
        assert not await journal.record([moved("i1", zuora_id="z1"), moved("i2", zuora_id="z1")])
        assert await state_of(journal, "i1") is State.SENDING

    play(tmp_path, scene)


def test_an_adopted_intent_has_a_new_owner_once(tmp_path: Path) -> None:
    """Of two that adopt an orphan one succeeds, and the old owner can no longer move it."""

    async def scene(journal: Journal) -> None:
        assert await journal.record([opened("i1")])
        assert await journal.record([Adopted("i1", "w1", "w2")])
        assert not await journal.record([Adopted("i1", "w1", "w3")])
        assert not await journal.record([moved()])
        assert await journal.record([moved(owner="w2")])

    play(tmp_path, scene)


def test_the_first_sending_is_remembered(tmp_path: Path) -> None:
    """A resend does not move the moment from which 20 hours count (I5)."""

    async def scene(journal: Journal) -> None:
        assert await journal.record([opened("i1")])
        assert await journal.record([Sent("d-i1", 5)])
        assert await journal.record([Sent("d-i1", 9)])
        found = await newest(journal, "i1")
        assert found is not None
        assert found.first_sent_at == 5

    play(tmp_path, scene)


def test_an_answer_is_kept_with_its_dispatch(tmp_path: Path) -> None:
    """The verdict's word and the HTTP status are there for the operator."""
    import sqlite3
    from contextlib import closing

    async def scene(journal: Journal) -> None:
        assert await journal.record([opened("i1")])
        assert await journal.record([moved(zuora_id="z1"), answered("d-i1")])

    play(tmp_path, scene)
    with closing(sqlite3.connect(tmp_path / "bridge.db")) as database:
        assert database.execute("SELECT verdict, http_status, answered_at FROM dispatch").fetchall() == [
            ("applied", 200, 2_000)
        ]


def test_the_newest_dispatch_is_the_highest_step_then_attempt_then_the_last_recorded(tmp_path: Path) -> None:
    """Not the one that was inserted last."""

    async def scene(journal: Journal) -> None:
        assert await newest(journal, "i1") is None
        order = [(1, 1, 5), (0, 9, 9), (1, 0, 9), (1, 1, 4)]
        assert await journal.record([Opened((intent("i1"),))])
        for number, (step, attempt, at) in enumerate(order):
            assert await journal.record([Added(dispatch(f"d{number}", step=step, attempt=attempt, recorded_at=at))])
        found = await newest(journal, "i1")
        assert found is not None
        assert found.id == "d0"

    play(tmp_path, scene)


def test_nothing_to_record_is_recorded(tmp_path: Path) -> None:
    """An empty list of changes holds trivially."""

    async def scene(journal: Journal) -> None:
        assert await journal.record([])

    play(tmp_path, scene)


def test_a_closed_journal_is_down(tmp_path: Path) -> None:
    """After close nothing is accepted, nothing hangs, and closing again is harmless."""

    async def scene(journal: Journal) -> None:
        assert await journal.record([opened("i1")])
        journal.close()
        journal.close()
        journal.delivered(["i1"], 1)
        with pytest.raises(JournalDown):
            await journal.record([opened("i2")])

    play(tmp_path, scene)


def test_a_move_type_is_what_core_says() -> None:
    """The tables above cover every pair of states."""
    assert len(ILLEGAL) + len(LEGAL) == len(State) ** 2
    assert Moved("i", State.SENDING, State.APPLIED, "w", 1).unsent is False
