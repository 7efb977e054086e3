"""Which intents a call may join, how delivery is marked, and which instances live."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

import pytest
from cost import Reference
from journal_examples import intent, journal_in, moved, opened, play

from bridge.core.commands import Matched, Opened
from bridge.core.intent import Intent, State
from bridge.core.model import Op
from bridge.journal import Journal
from bridge.journal.queries import Waiting
from bridge.journal.statements import WIDTHS, Statements


def names(found: Iterable[Intent]) -> list[str]:
    """The intents' ids."""
    return [each.id for each in found]


def test_unsettled_intents_match_whatever_their_age(tmp_path: Path) -> None:
    """Every state that is not settled, PARKED included; of the settled ones only APPLIED."""

    async def scene(journal: Journal) -> None:
        for number, state in enumerate(State):
            assert await journal.record([opened(state.value, state=state, fingerprint="f", generation=number)])
        found = await journal.match("10000|", ["f"], 10**15)
        assert {each.state for each in found.intents} == set(State) - {State.REFUSED, State.NOT_APPLIED}
        assert found.generations == {("f", 0): len(State)}

    play(tmp_path, scene)


def test_applied_intents_match_until_delivered_before_the_moment_asked_for(tmp_path: Path) -> None:
    """Undelivered ones match for ever, delivered ones from the moment on, inclusive."""

    async def scene(journal: Journal) -> None:
        for number, at in enumerate((None, 99, 100, 101)):
            applied = intent(f"i{number}", state=State.APPLIED, fingerprint="f", generation=number, delivered_at=at)
            assert await journal.record([Opened((applied,))])
        assert names((await journal.match("10000|", ["f"], 100)).intents) == ["i0", "i2", "i3"]

    play(tmp_path, scene)


def test_matches_come_oldest_first_then_by_ordinal(tmp_path: Path) -> None:
    """Over all fingerprints together."""

    async def scene(journal: Journal) -> None:
        for name, at, ordinal in (("i1", 5, 1), ("i2", 5, 0), ("i3", 4, 7)):
            assert await journal.record([opened(name, created_at=at, ordinal=ordinal)])
        prints = [f"print of {name}" for name in ("i1", "i2", "i3", "i1")]
        assert names((await journal.match("10000|", prints, 0)).intents) == ["i3", "i2", "i1"]

    play(tmp_path, scene)


def test_another_scope_or_fingerprint_does_not_match(tmp_path: Path) -> None:
    """Tenants and entities share nothing."""

    async def scene(journal: Journal) -> None:
        assert await journal.record([opened("i1", fingerprint="f")])
        nothing = Matched((), {})
        assert await journal.match("10000|entity", ["f"], 0) == nothing
        assert await journal.match("10000|", ["g"], 0) == nothing
        assert await journal.match("10000|", [], 0) == nothing

    play(tmp_path, scene)


def test_generations_count_all_that_ever_were_per_ordinal(tmp_path: Path) -> None:
    """Settled and old ones too, with gaps between the ordinals."""

    async def scene(journal: Journal) -> None:
        for ordinal, count in ((0, 3), (1, 1), (4, 2)):
            for generation in range(count):
                name = f"i{ordinal}.{generation}"
                refused = intent(name, state=State.REFUSED, fingerprint="f", ordinal=ordinal, generation=generation)
                assert await journal.record([Opened((refused,))])
        found = await journal.match("10000|", ["f", "g"], 0)
        assert found == Matched((), {("f", 0): 3, ("f", 1): 1, ("f", 4): 2})

    play(tmp_path, scene)


def test_more_fingerprints_than_any_statement_takes_are_matched(tmp_path: Path) -> None:
    """A long list is cut into slices."""
    count = WIDTHS[-1] + 44

    async def scene(journal: Journal) -> None:
        many = tuple(intent(f"i{number:03}", ordinal=number) for number in range(count))
        assert await journal.record([Opened(many)])
        found = await journal.match("10000|", [each.fingerprint for each in many], 0)
        assert found.intents == many
        assert len(found.generations) == count
        assert await journal.intents([each.id for each in many]) == many

    play(tmp_path, scene)


def test_a_fingerprint_with_100_000_old_rows_matches_at_once(tmp_path: Path) -> None:
    """Neither the join nor the counting reads the old rows."""
    few = tmp_path / "few"
    few.mkdir()
    for folder, first in ((tmp_path, 0), (few, 99_998)):
        with journal_in(folder):
            pass
        with closing(sqlite3.connect(folder / "bridge.db")) as database, database:
            database.execute(
                f"WITH RECURSIVE n(n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM n WHERE n < 99999) INSERT INTO "
                "intent SELECT 'i' || n, 's', 'erp', 'c', 0, 'create', 'Payment', 'f', n % 2, n / 2, 'rest', "
                "'applied', n, 'w1', 'z' || n, '[]', 0, n, n, NULL, NULL, NULL, NULL, NULL, NULL FROM n"
            )

    with journal_in(tmp_path) as many, journal_in(few) as two:

        async def matches(journal: Journal) -> Matched:
            found = [await journal.match("s", ["f"], 99_998) for _ in range(20)]
            return found[-1]

        assert asyncio.run(matches(many)).generations == {("f", 0): 50_000, ("f", 1): 50_000}
        assert len(asyncio.run(matches(many)).intents) == len(asyncio.run(matches(two)).intents) == 2
        of_two = Reference(lambda: asyncio.run(matches(two)))
        # Reading 100,000 rows would cost a hundred times as much.
        assert of_two.ratio(lambda: asyncio.run(matches(many)), below=4) < 4


def test_sqlite_answers_a_match_from_the_partial_indexes(tmp_path: Path) -> None:
    """The plan seeks in the two small indexes and scans nothing."""
    with journal_in(tmp_path) as journal:
        statements = Statements(journal._database.dialect)
    parameters = {"b_scope": "s", "b_since": 0, "v0": "f", "v1": None, "v2": None, "v3": None}
    with closing(sqlite3.connect(tmp_path / "bridge.db")) as database:

        def plan(sql: str) -> list[str]:
            return [row[3] for row in database.execute("EXPLAIN QUERY PLAN " + sql, parameters)]

        joinable = [step for step in plan(statements.joinable(4)) if "intent" in step]
        assert [step.split(" (")[0] for step in joinable] == [
            "SEARCH intent USING INDEX intent_open",
            "SEARCH intent USING INDEX intent_told",
        ]
        assert all("delivered_at" in step for step in joinable[1:])
        generations = [step for step in plan(statements.generations(4)) if "intent" in step]
        assert all("USING COVERING INDEX" in step and step.startswith("SEARCH") for step in generations)


def test_a_delivery_is_seen_at_once_and_kept(tmp_path: Path) -> None:
    """Reads count a mark that waits for its transaction; after flush or close it is in the database."""

    async def scene(journal: Journal) -> None:
        assert await journal.record([opened("i1", fingerprint="f"), moved(zuora_id="z")])
        before = journal.commits
        journal.delivered(["i1"], 50)
        assert (await journal.intents(["i1"]))[0].delivered_at == 50
        assert names((await journal.match("10000|", ["f"], 50)).intents) == ["i1"]
        assert (await journal.match("10000|", ["f"], 51)).intents == ()
        assert journal.commits == before
        await journal.flush()
        assert journal.commits == before + 1
        assert (await journal.match("10000|", ["f"], 51)).intents == ()

    async def later(journal: Journal) -> None:
        assert (await journal.intents(["i1"]))[0].delivered_at == 50

    play(tmp_path, scene)
    play(tmp_path, later)


def test_the_first_delivery_counts(tmp_path: Path) -> None:
    """A repeat that is answered again does not lengthen the time in which repeats join."""

    async def scene(journal: Journal) -> None:
        assert await journal.record([opened("i1"), moved()])
        journal.delivered(["i1"], 50)
        journal.delivered(["i1"], 60)
        assert (await journal.intents(["i1"]))[0].delivered_at == 50
        await journal.flush()
        journal.delivered(["i1"], 70)
        assert (await journal.intents(["i1"]))[0].delivered_at == 50

    play(tmp_path, scene)


def test_a_delivery_is_written_soon_without_any_other_write(tmp_path: Path) -> None:
    """A quiet bridge keeps its marks too, and closing writes the last ones."""
    import asyncio

    async def scene(journal: Journal) -> None:
        assert await journal.record([opened("i1"), moved()])
        before = journal.commits
        journal.delivered(["i1"], 50)
        for _ in range(100):
            await asyncio.sleep(0.02)
            if journal.commits > before:
                break
        assert journal.commits == before + 1
        assert await journal.record([opened("i2"), moved("i2")])
        journal.delivered(["i2"], 60)

    async def later(journal: Journal) -> None:
        assert [each.delivered_at for each in await journal.intents(["i1", "i2"])] == [50, 60]

    play(tmp_path, scene)
    play(tmp_path, later)


def test_an_instance_lives_for_eight_seconds_after_its_heartbeat(tmp_path: Path) -> None:
    """And one with a heartbeat far in the future does not live until then."""

    async def scene(journal: Journal) -> None:
        assert await journal.alive(["w1", "w2"], 0) == frozenset()
        await journal.heartbeat(100_000)
        for at, living in ((100_000, True), (108_000, True), (108_001, False), (92_000, True), (91_999, False)):
            assert await journal.alive({"w1", "w2"}, at) == (frozenset({"w1"}) if living else frozenset())
        await journal.heartbeat(200_000)
        assert await journal.alive(["w1"], 205_000) == frozenset({"w1"})
        assert await journal.alive([], 205_000) == frozenset()

    play(tmp_path, scene)


def test_rivals_are_the_claims_and_the_open_creates_of_a_type(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of one scope; more than are told at once is said."""

    async def scene(journal: Journal) -> None:
        await journal.record([opened("i1", state=State.IN_DOUBT, fingerprint="a", created_at=1)])
        await journal.record([opened("i2", state=State.PARKED, fingerprint="b", created_at=2)])
        await journal.record([opened("i3", state=State.APPLIED, fingerprint="c", zuora_id="p1")])
        await journal.record([opened("i4", state=State.APPLIED, fingerprint="d", zuora_id="p2", op=Op.UPDATE)])
        await journal.record([opened("i5", state=State.IN_DOUBT, fingerprint="e", op=Op.UPDATE)])
        await journal.record([opened("i6", state=State.IN_DOUBT, fingerprint="f", scope="10000|b")])
        await journal.record([opened("i7", state=State.REFUSED, fingerprint="g")])
        found = await journal.rivals("10000|", "Payment", ("p1", "p2", "p3"))
        assert (found.claimed, names(found.open), found.complete) == ({"p1"}, ["i1", "i2"], True)
        assert names((await journal.rivals("10000|", "Refund", ("p1",))).open) == []
        monkeypatch.setattr("bridge.journal.store.MANY", 1)
        found = await journal.rivals("10000|", "Payment", ())
        assert (found.claimed, names(found.open), found.complete) == (frozenset(), ["i1"], False)

    play(tmp_path, scene)


def test_ages_are_counted_by_state_and_route(tmp_path: Path) -> None:
    """Parked ones too; what is settled is not."""

    async def scene(journal: Journal) -> None:
        await journal.record([opened("i1", state=State.IN_DOUBT, fingerprint="a", created_at=5)])
        await journal.record([opened("i2", state=State.IN_DOUBT, fingerprint="b", created_at=3)])
        await journal.record([opened("i3", state=State.PARKED, fingerprint="c", created_at=4, route=None)])
        await journal.record([opened("i4", state=State.APPLIED, fingerprint="d", created_at=1)])
        route = intent("i1").route
        assert set(await journal.ages()) == {
            Waiting(State.IN_DOUBT, route, 2, 3),
            Waiting(State.PARKED, None, 1, 4),
        }

    play(tmp_path, scene)
