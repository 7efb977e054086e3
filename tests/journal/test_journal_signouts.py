"""What console sessions were signed out of, in the journal: known to all processes, and not for ever."""

from __future__ import annotations

import asyncio
from contextlib import closing
from pathlib import Path

from journal_examples import KEY, play
from postgresql_server import PostgreSQL

from bridge.journal import Journal
from bridge.journal.audit import now

HOUR = 60 * 60 * 1000


async def told(journal: Journal) -> None:
    """Two sign out, one of them twice; one of them would have been over long ago."""
    await journal.sign_out("vera's", now() + HOUR)
    await journal.sign_out("vera's", now() + HOUR)
    await journal.sign_out("otto's", now() - HOUR)
    assert [await journal.signed_out(name) for name in ("vera's", "anna's")] == [True, False]


def test_who_signed_out_is_known_after_a_restart_on_sqlite(tmp_path: Path) -> None:
    """And what a cookie's age has ended is forgotten at the next sign-out."""

    async def later(journal: Journal) -> None:
        await journal.sign_out("anna's", now() + HOUR)
        names = ("vera's", "otto's", "anna's")
        assert [await journal.signed_out(name) for name in names] == [True, False, True]

    play(tmp_path, told)
    play(tmp_path, later)


def test_who_signed_out_at_one_process_is_so_at_another_on_postgresql(postgresql: PostgreSQL) -> None:
    """At once: nothing is kept in between."""
    url = postgresql.url(postgresql.new_place())

    async def scene() -> None:
        with closing(Journal.open(url, KEY, "w1")) as one, closing(Journal.open(url, KEY, "w2")) as two:
            await told(one)
            assert await two.signed_out("vera's")

    asyncio.run(scene())
