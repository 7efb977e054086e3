"""The audit, the reader and the place of a database on a real PostgreSQL."""

from __future__ import annotations

import asyncio
import json
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from journal_examples import KEY, moved, opened

from bridge.core.intent import State
from bridge.core.reconcile import Break, Finding
from bridge.journal import Journal, JournalDown
from bridge.journal.look_up_first import named
from bridge.journal.operator import Verdict
from bridge.journal.reading import Reader, Wanted

if TYPE_CHECKING:
    from postgresql_server import PostgreSQL


@pytest.fixture
def url(postgresql: PostgreSQL) -> str:
    """An empty place of its own."""
    return postgresql.url(postgresql.new_place())


def sql(url: str, statement: str) -> None:
    """Change the database as somebody would who has no key."""
    import psycopg

    with psycopg.connect(url.replace("postgresql+psycopg", "postgresql"), autocommit=True) as connection:
        connection.execute(statement.encode())


def test_the_audit_verifies_and_shows_tampering_on_postgresql(url: str) -> None:
    """Two processes, a person's verdict and a break, read beside them in a read-only transaction."""

    async def scene(one: Journal, other: Journal) -> None:
        await one.started("1", "{}")
        await other.started("1", "{}")
        assert await one.record([opened("a"), opened("b")])
        assert await one.record([moved("a"), moved("b", target=State.IN_DOUBT)])
        assert not await other.record([moved("a")])
        verdict = Verdict("b", State.APPLIED, "z" * 32, "seen", "Ada")
        assert await other.operator.resolve(verdict, dry=True) is None
        assert await other.operator.resolve(verdict) is None
        finding = Finding(Break.WITHOUT_INTENT, "10000|", "Payment", "y" * 32, None, "nothing", "7")
        for _ in range(2):
            await other.operator.reconciled([finding], {"y" * 32})
        assert await other.operator.accept(finding.id, "right", "Ada") is None
        await other.operator.reconciled([finding], {"y" * 32})
        await other.operator.reconciled([], {"y" * 32})

    with closing(Journal.open(url, KEY, "w1")) as one, closing(Journal.open(url, KEY, "w2")) as other:
        asyncio.run(scene(one, other))
        with Reader(url, KEY) as reader:
            assert list(reader.verify())[-1].wrong == ()
            assert [each.id for each in reader.intents(Wanted(states=frozenset({State.APPLIED})), 5)] == ["a", "b"]
            assert [row.kind for row in reader.history("b")][-1] == "resolve"
            (kept,) = reader.breaks()
            assert (kept.found, kept.reason, kept.closed_by) == ("7", "right", "Ada")
            assert reader.dispatches("a")[0].body == b'{"amount": 10.00}'
    sql(url, "UPDATE audit SET subject = 'c' WHERE kind = 'resolve'")
    with Reader(url, KEY) as reader:
        assert len(list(reader.verify())[-1].wrong) == 1


def test_another_place_begins_look_up_first_on_postgresql(url: str) -> None:
    """The server tells its system identifier and timeline; what the journal remembers is another."""
    with closing(Journal.open(url, KEY, "w1")) as journal:
        assert asyncio.run(journal.look_up_first_until()) is None
        place = journal._database.place
    assert place is not None
    system, _, timeline = place.partition("/")
    assert system.isdigit()
    assert timeline == "00000001"
    sql(url, f"UPDATE meta SET value = convert_to('{system}/00000009', 'UTF8') WHERE name = 'place'")
    with closing(Journal.open(url, KEY, "w1")) as journal:
        assert asyncio.run(journal.look_up_first_until()) is not None
    with Reader(url, KEY) as reader:
        (row,) = [row for row in reader.history("") if row.kind == "look up first"]
    assert json.loads(row.detail)["why"] == f"PostgreSQL was {named(f'{system}/00000009')} and is {named(place)}"


def test_a_reconnection_to_another_place_refuses_what_was_under_way_on_postgresql(url: str) -> None:
    """And only that."""

    async def scene(journal: Journal) -> None:
        assert await journal.record([opened("a")])
        sql(url, "UPDATE meta SET value = convert_to('7/00000001', 'UTF8') WHERE name = 'place'")
        journal._database.close()
        with pytest.raises(JournalDown, match="another took over"):
            await journal.record([opened("b")])
        assert await journal.record([opened("b")])

    with closing(Journal.open(url, KEY, "w1")) as journal:
        asyncio.run(scene(journal))


def test_old_rows_are_deleted_on_postgresql(url: str) -> None:
    """What is left verifies."""

    async def scene(journal: Journal) -> None:
        assert await journal.record([opened("a"), moved("a")])
        assert await journal.operator.change(lambda: None if journal.audit.prune(2_001) == 1 else "not deleted") is None

    with closing(Journal.open(url, KEY, "w1")) as journal:
        asyncio.run(scene(journal))
    with Reader(url, KEY) as reader:
        assert list(reader.verify())[-1].wrong == ()
