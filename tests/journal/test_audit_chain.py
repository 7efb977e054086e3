"""The audit's chain: what is written is found again, and whatever is done to it behind the bridge's back is seen."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from journal_examples import KEY, intent, journal_in, moved, opened, play, url_of

from bridge.core.commands import Adopted, Opened
from bridge.core.intent import State
from bridge.core.model import RowError
from bridge.journal import Journal, JournalRefused
from bridge.journal.audit import SEAL_SECONDS
from bridge.journal.chain import ORIGIN, digest
from bridge.journal.reading import Checked, Reader


def checked(folder: Path, known: dict[str, dict[int, bytes]] | None = None, key: bytes = KEY) -> Checked:
    """The whole of a check."""
    with Reader(url_of(folder), key) as reader:
        return list(reader.verify(known))[-1]


def kinds(folder: Path, subject: str) -> list[tuple[str, dict[str, object]]]:
    """Kind and detail of the rows about something."""
    with Reader(url_of(folder), None if (folder / "bridge.db.key").exists() else KEY) as reader:
        return [(row.kind, json.loads(row.detail)) for row in reader.history(subject)]


def tampered(folder: Path, sql: str, *parameters: object) -> None:
    """Change the database as somebody would who has no key."""
    with closing(sqlite3.connect(folder / "bridge.db", isolation_level=None)) as other:
        other.execute(sql, parameters)


def filled(folder: Path, instance: str = "w1", count: int = 6, *, start: bool = True) -> None:
    """A journal of one process that settled some intents, at 2,000."""

    async def scene(journal: Journal) -> None:
        if start:
            await journal.started("1.0", "configuration")
        for number in range(count):
            name = f"{instance}-{number}"
            assert await journal.record([opened(name, owner=instance)])
            assert await journal.record([moved(name, owner=instance)])

    play(folder, scene, instance=instance)


# ---------------------------------------------------------------- what gets a row


def test_every_move_that_settles_parks_or_doubts_is_in_the_audit(tmp_path: Path) -> None:
    """With the state before, the Id and the codes of a refusal; moves on the way are not."""

    async def scene(journal: Journal) -> None:
        assert await journal.record([opened("a", state=State.PLANNED)])
        assert await journal.record([moved("a", State.PLANNED, State.SENDING)])
        assert await journal.record([moved("a", target=State.IN_DOUBT)])
        assert await journal.record([moved("a", State.IN_DOUBT, State.PARKED), Adopted("a", "w1", "w2")])
        assert await journal.record([moved("a", State.PARKED, zuora_id="z" * 32, owner="w2")])
        assert await journal.record([opened("b"), opened("c")])
        refused = moved("b", target=State.REFUSED, errors=(RowError("INVALID_VALUE", "no"),), unsent=True)
        assert await journal.record([refused, moved("c", zuora_id="y" * 32)])

    play(tmp_path, scene)
    assert kinds(tmp_path, "a")[-1] == ("adopt", {"from": "w1", "to": "w2"})
    assert [detail for kind, detail in kinds(tmp_path, "a") if kind == "move"] == [
        {"from": "sending", "to": "in_doubt"},
        {"from": "in_doubt", "to": "parked"},
        {"from": "parked", "to": "applied", "id": "z" * 32},
    ]
    refusal = {"from": "sending", "to": "refused", "codes": ["INVALID_VALUE"], "unsent": True}
    assert kinds(tmp_path, "b") == [("move", refusal)]
    assert [kind for kind, _ in kinds(tmp_path, "c")] == ["move"]
    assert checked(tmp_path) == Checked(1, 6, 0, ())


def test_an_intent_recorded_as_settled_has_its_row(tmp_path: Path) -> None:
    """A refusal before anything was sent is a verdict too."""
    play(tmp_path, lambda journal: journal.record([Opened((intent("i1", state=State.REFUSED),))]))
    assert kinds(tmp_path, "i1") == [("move", {"to": "refused", "codes": []})]


def test_an_attempt_after_proved_absence_is_in_the_audit(tmp_path: Path) -> None:
    """It takes a verdict back."""

    async def scene(journal: Journal) -> None:
        assert await journal.record([opened("i1", state=State.NOT_APPLIED)])
        assert await journal.record([moved("i1", State.NOT_APPLIED, State.SENDING)])

    play(tmp_path, scene)
    assert kinds(tmp_path, "i1")[-1] == ("move", {"from": "not_applied", "to": "sending"})


def test_a_change_that_is_undone_leaves_no_row_and_no_gap(tmp_path: Path) -> None:
    """Alone and beside others that are kept, with one statement and with several."""

    async def scene(journal: Journal) -> None:
        assert await journal.record([opened("a")])
        assert not await journal.record([moved("a", owner="another")])
        assert not await journal.record([moved("a"), moved("none")])
        told = await asyncio.gather(
            journal.record([opened("b")]),
            journal.record([moved("a", owner="another")]),
            journal.record([moved("a"), moved("none")]),
            journal.record([opened("bad", caller="\ud800"), moved("b")]),
            journal.record([moved("b")]),
            return_exceptions=True,
        )
        assert [each for each in told if isinstance(each, bool)] == [True, False, False, True]

    play(tmp_path, scene)
    assert kinds(tmp_path, "a") == []
    assert [kind for kind, _ in kinds(tmp_path, "b")] == ["move"]
    assert checked(tmp_path) == Checked(1, 1, 0, ())


def test_a_start_says_version_configuration_and_the_heads_it_saw(tmp_path: Path) -> None:
    """The configuration as a keyed hash: equal for equal ones, nothing to guess passwords by."""
    filled(tmp_path, "w1")
    filled(tmp_path, "w2")
    first, second = (kinds(tmp_path, each)[0] for each in ("w1", "w2"))
    assert first[0] == second[0] == "start"
    assert first[1]["version"] == "1.0"
    assert first[1]["configuration"] == second[1]["configuration"]
    assert len(str(first[1]["configuration"])) == 64
    assert first[1]["heads"] == []
    assert [head[:2] for head in second[1]["heads"]] == [["w1", 7]]  # type: ignore[attr-defined]


def test_a_process_that_comes_back_under_its_name_goes_on_with_its_chain(tmp_path: Path) -> None:
    """Also after everything of it was deleted for its age."""
    filled(tmp_path)
    play(tmp_path, lambda journal: journal.record([opened("more"), moved("more")]))
    assert checked(tmp_path) == Checked(1, 8, 0, ())


def test_two_processes_keep_a_chain_each(tmp_path: Path) -> None:
    """At the same time, on one database."""
    with journal_in(tmp_path, "w1") as one, journal_in(tmp_path, "w2") as other:

        async def scene() -> None:
            for number in range(5):
                for journal in (one, other):
                    name = f"{journal.instance}-{number}"
                    assert await journal.record([opened(name, owner=journal.instance)])
                    assert await journal.record([moved(name, owner=journal.instance)])

        asyncio.run(scene())
    assert checked(tmp_path) == Checked(2, 10, 0, ())


# ---------------------------------------------------------------- what is seen


TAMPERINGS: dict[str, tuple[tuple[str, ...], str]] = {
    "detail": (("UPDATE audit SET detail = replace(detail, 'applied', 'refused') WHERE seq = 3",), "row 3 is not what"),
    "subject": (("UPDATE audit SET subject = 'other' WHERE seq = 3",), "row 3 is not what"),
    "time": (("UPDATE audit SET at = at + 1 WHERE seq = 7",), "row 7 is not what"),
    "kind": (("UPDATE audit SET kind = 'resolve' WHERE seq = 2",), "row 2 is not what"),
    "digest": (("UPDATE audit SET digest = zeroblob(32) WHERE seq = 4",), "row 4 is not what"),
    "removed": (("DELETE FROM audit WHERE seq = 3",), "row 3 is missing"),
    "removed first": (("DELETE FROM audit WHERE seq = 1",), "row 1 is missing"),
    "several removed": (("DELETE FROM audit WHERE seq IN (3, 4)",), "rows 3 to 4 are missing"),
    "closed up": (
        ("DELETE FROM audit WHERE seq = 3", "UPDATE audit SET seq = seq - 1 WHERE seq > 3"),
        "row 3 is not what was written, or not where",
    ),
    "inserted": (
        ("INSERT INTO audit SELECT writer, 8, at, kind, 'made up', detail, digest FROM audit WHERE seq = 7",),
        "row 8 is not what",
    ),
    "swapped": (
        (
            "UPDATE audit SET seq = 100 WHERE seq = 3",
            "UPDATE audit SET seq = 3 WHERE seq = 4",
            "UPDATE audit SET seq = 4 WHERE seq = 100",
        ),
        "row 3 is not what",
    ),
    "tail": (("DELETE FROM audit WHERE seq > 5",), "rows 6 to 7 are missing at its end"),
    "all rows": (("DELETE FROM audit",), "rows 1 to 7 are missing at its end"),
    "tail and head": (
        ("DELETE FROM audit WHERE seq > 5", "UPDATE audit_mark SET seq = 5"),
        "the signature of its head is wrong",
    ),
    "head": (("DELETE FROM audit_mark",), "its signed head is missing"),
    "a made up deletion": (
        (
            "INSERT INTO audit_mark SELECT writer, 'gone', seq, digest, at, signature FROM audit_mark",
            "DELETE FROM audit",
        ),
        "the signature of what was deleted is wrong",
    ),
}


@pytest.mark.parametrize("name", TAMPERINGS)
def test_whatever_is_done_to_the_chain_is_seen(tmp_path: Path, name: str) -> None:
    """Changed, removed, inserted, reordered and cut rows, each with the row it begins at."""
    statements, words = TAMPERINGS[name]
    filled(tmp_path)
    assert checked(tmp_path).wrong == ()
    for sql in statements:
        tampered(tmp_path, sql)
    assert words in " ".join(checked(tmp_path).wrong)


def test_a_chain_that_vanished_as_a_whole_is_seen_by_a_later_start(tmp_path: Path) -> None:
    """Rows and head are gone, and the process that started after it had seen them."""
    filled(tmp_path, "w1")
    filled(tmp_path, "w2")
    for table in ("audit", "audit_mark"):
        tampered(tmp_path, f"DELETE FROM {table} WHERE writer = 'w1'")
    assert checked(tmp_path).wrong == (
        "w1: its signed head is missing",
        "w1: rows 1 to 7 are missing at its end",
    )


def test_a_head_kept_elsewhere_shows_a_chain_that_was_cut_with_its_head(tmp_path: Path) -> None:
    """An older signed head put back in its place is genuine; only what was kept outside tells."""
    filled(tmp_path, count=1)
    with closing(sqlite3.connect(tmp_path / "bridge.db")) as other:
        ((seq, *_, signature),) = other.execute("SELECT seq, digest, at, signature FROM audit_mark").fetchall()
        older = other.execute("SELECT digest, at FROM audit_mark").fetchone()
    play(tmp_path, lambda journal: journal.record([opened("x"), moved("x")]))
    with closing(sqlite3.connect(tmp_path / "bridge.db")) as other:
        ((head_seq, head),) = other.execute("SELECT seq, digest FROM audit_mark").fetchall()
    tampered(tmp_path, "DELETE FROM audit WHERE seq > ?", seq)
    tampered(tmp_path, "UPDATE audit_mark SET seq = ?, digest = ?, at = ?, signature = ?", seq, *older, signature)
    assert checked(tmp_path).wrong == ()
    assert checked(tmp_path, {"w1": {head_seq: head}}).wrong == ("w1: row 3 is missing at its end",)


def test_another_key_is_refused_before_it_calls_everything_wrong(tmp_path: Path) -> None:
    """The chain is keyed: without the key nobody can write or check it."""
    filled(tmp_path)
    with pytest.raises(JournalRefused, match="does not open this database"):
        checked(tmp_path, key=bytes(32))
    with Reader(url_of(tmp_path), KEY) as reader:
        rows = reader.history("w1-0")
    assert rows[0].digest != digest(bytes(32), ORIGIN, "w1", 2, 2_000, "move", "w1-0", rows[0].detail)


def test_a_head_is_signed_at_most_once_a_minute_and_at_the_end(tmp_path: Path) -> None:
    """Within a commit that is made anyway; rows since then are told as unsealed."""
    now = [0.0]

    async def scene(journal: Journal) -> None:
        journal.audit._clock = lambda: now[0]

        async def seen() -> tuple[int, int]:
            told = checked(tmp_path)
            assert told.wrong == ()
            return told.rows, told.unsealed

        assert await journal.record([opened("a"), moved("a")])
        assert await seen() == (1, 0)
        now[0] = SEAL_SECONDS - 1
        assert await journal.record([opened("b"), moved("b")])
        assert await seen() == (2, 1)
        now[0] = SEAL_SECONDS
        await journal.heartbeat(1)
        assert await seen() == (2, 0)
        assert await journal.record([opened("c"), moved("c")])
        assert await seen() == (3, 1)

    play(tmp_path, scene)
    assert checked(tmp_path) == Checked(1, 3, 0, ())


def test_old_rows_are_deleted_from_the_beginning_and_their_last_hash_is_kept(tmp_path: Path) -> None:
    """The rest still verifies, and each deletion is in the audit."""
    filled(tmp_path, start=False)

    async def scene(journal: Journal) -> None:
        audit = journal.audit

        async def pruned(before: int, most: int = 5000) -> int:
            counts: list[int] = []

            def run() -> None:
                counts.append(audit.prune(before, most))

            assert await journal.operator.change(run) is None
            return counts[-1]

        assert await pruned(2_000) == 0
        assert await pruned(2_001, most=2) == 2
        assert checked(tmp_path).wrong == ()
        assert await pruned(2_001) == 4

    play(tmp_path, scene)
    told = checked(tmp_path)
    assert (told.wrong, told.rows) == ((), 2)
    assert [(detail["from"], detail["to"]) for _, detail in kinds(tmp_path, "w1")] == [(1, 2), (3, 6)]
    tampered(tmp_path, "DELETE FROM audit WHERE seq = 7")
    assert "row 7 is missing" in checked(tmp_path).wrong[0]


def test_a_chain_that_was_deleted_to_its_end_goes_on_behind_it(tmp_path: Path) -> None:
    """Its numbers never begin anew."""
    filled(tmp_path, "w1", start=False)

    async def scene(journal: Journal) -> None:
        assert await journal.operator.change(lambda: _void(journal.audit.prune(2_001))) is None

    play(tmp_path, scene, instance="w2")
    play(tmp_path, lambda journal: journal.record([opened("more"), moved("more")]))
    assert checked(tmp_path).wrong == ()
    with closing(sqlite3.connect(tmp_path / "bridge.db")) as other:
        assert other.execute("SELECT seq FROM audit WHERE writer = 'w1'").fetchall() == [(7,)]


def _void(_: object) -> None:
    return None


def test_a_commit_of_unknown_outcome_does_not_break_the_chain(tmp_path: Path) -> None:
    """After an error the chain's end is read again before the next row."""

    async def scene(journal: Journal) -> None:
        assert await journal.record([opened("a"), moved("a")])
        database = journal._database
        commit = type(database).commit

        def broken() -> None:
            database.commit = lambda: commit(database)  # type: ignore[method-assign]
            commit(database)
            raise OSError("the connection broke behind the COMMIT")

        database.commit = broken  # type: ignore[method-assign]
        with pytest.raises(Exception, match="broke behind"):
            await journal.record([opened("b"), moved("b")])
        assert await journal.record([opened("c"), moved("c")])

    play(tmp_path, scene)
    assert checked(tmp_path) == Checked(1, 3, 0, ())


def test_no_secret_of_a_note_reaches_the_audit(tmp_path: Path) -> None:
    """What a person types is redacted like a log line (I9)."""

    async def scene(journal: Journal) -> None:
        def run() -> None:
            journal.audit.note("resolve", "i1", {"reason": "card 4111 1111 1111 1111 was charged", "token": "abc"})

        assert await journal.operator.change(run) is None

    play(tmp_path, scene)
    ((_, detail),) = kinds(tmp_path, "i1")
    assert "4111" not in str(detail)
    assert "abc" not in str(detail)


def test_a_row_s_digest_depends_on_every_part_of_it() -> None:
    """And on where one part ends and the next begins."""
    parts = (ORIGIN, "w", 1, 2, "move", "i1", "{}")
    whole = digest(KEY, *parts)
    others = [
        digest(bytes(32), *parts),
        digest(KEY, bytes(31) + b"\1", *parts[1:]),
        digest(KEY, ORIGIN, "v", 1, 2, "move", "i1", "{}"),
        digest(KEY, ORIGIN, "w", 2, 2, "move", "i1", "{}"),
        digest(KEY, ORIGIN, "w", 1, 3, "move", "i1", "{}"),
        digest(KEY, ORIGIN, "w", 1, 2, "movei", "1", "{}"),
        digest(KEY, ORIGIN, "w", 1, 2, "move", "i1{", "}"),
    ]
    assert len({whole, *others}) == 1 + len(others)
