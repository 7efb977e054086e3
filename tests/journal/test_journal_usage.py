"""Who uses what, in the journal: summed over processes, on both databases, within bounds."""

from __future__ import annotations

import asyncio
from contextlib import closing
from pathlib import Path
from unittest import mock

from journal_examples import KEY, play, url_of
from postgresql_server import PostgreSQL

from bridge.journal import Journal
from bridge.journal import usage as table
from bridge.journal.reading import Reader
from bridge.telemetry.usage import OTHER, Use

PAID = Use("erp", "create", "Payment", "", "83.0", "rest")
AMOUNT = PAID._replace(field="Amount")


async def told(journal: Journal) -> None:
    """One process tells, and later again."""
    await journal.used({PAID: 2, AMOUNT: 2})
    await journal.used({PAID: 3})
    rows = {each.use: each for each in await journal.usage()}
    assert (rows[PAID].count, rows[AMOUNT].count) == (5, 2)
    assert rows[PAID].first_seen <= rows[PAID].last_seen


async def no_more(journal: Journal) -> None:
    """The table is full, so a new name is one of the others."""
    with mock.patch.object(table, "MOST_ROWS", 2):
        await journal.used({PAID: 1, PAID._replace(object_type="Made_up"): 4, PAID._replace(object_type="Other"): 1})
    rows = {each.use: each.count for each in await journal.usage()}
    assert (rows[PAID], rows[AMOUNT], rows[Use(*[OTHER] * 6)]) == (6, 2, 5)
    assert not any(each.object_type == "Made_up" for each in rows)


def test_what_is_used_is_summed_on_sqlite(tmp_path: Path) -> None:
    """Counts add up, and a command reads them beside the bridge."""
    play(tmp_path, told)
    with Reader(url_of(tmp_path), KEY) as reader:
        assert {each.use: each.count for each in reader.usage()} == {PAID: 5, AMOUNT: 2}
    play(tmp_path, no_more)


def test_what_is_used_is_summed_over_processes_on_postgresql(postgresql: PostgreSQL) -> None:
    """Two processes that tell at once add up to both."""
    url = postgresql.url(postgresql.new_place())

    async def scene() -> dict[Use, int]:
        with closing(Journal.open(url, KEY, "w1")) as one, closing(Journal.open(url, KEY, "w2")) as two:
            many = {PAID._replace(field=f"F{number}"): 1 for number in range(50)}
            await asyncio.gather(*(each.used(many) for each in (one, two) * 5))
            await told(one)
            await no_more(two)
            return {each.use: each.count for each in await two.usage()}

    found = asyncio.run(scene())
    assert {count for use, count in found.items() if use.field.startswith("F")} == {10}
