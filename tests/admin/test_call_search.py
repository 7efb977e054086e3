"""The search of sealed requests: one question opens a bounded number, and the next goes on where it stopped."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bridge.admin.search import Sought, search
from bridge.core.commands import Opened
from bridge.core.intent import Dispatch, Intent, State
from bridge.core.model import Op, Route
from bridge.journal import Journal
from bridge.journal.reading import Reader, Wanted

COUNT = 450
KEY = bytes(range(32))


async def fill(journal: Journal) -> None:
    """Payments of rising amounts, three of them at each moment."""
    intents, dispatches = [], []
    for number in range(COUNT):
        name, at = f"i{number:04}", 1000 + number // 3
        state = State.SENDING
        intents.append(Intent(name, "s", "erp", "c", 0, Op.CREATE, "Payment", name, 0, 0, Route.REST, state, at, "w"))
        body = f'{{"amount":{number}.10,"accountId":"A{number % 2}"}}'.encode()
        sent = Dispatch(f"d{number}", "c", Route.REST, Op.CREATE, "POST", "/v1/payments", (), body, (name,))
        dispatches.append(sent)
    assert await journal.record([Opened(tuple(intents), tuple(dispatches))])


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A journal of them."""
    folder: Path = tmp_path_factory.mktemp("search")
    where = f"sqlite:///{folder / 'bridge.db'}"
    with closing(Journal.open(where, KEY, "w")) as journal:
        asyncio.run(fill(journal))
    return where


def questions(url: str, sought: Sought, *, most_opened: int) -> tuple[list[str], int, int]:
    """What all questions together find, how many intents they looked at, and how many questions it took."""
    found: list[str] = []
    rows = asked = 0
    after = None
    with Reader(url, KEY) as reader:
        while True:
            made = search(reader, Wanted(), sought, limit=500, after=after, most_opened=most_opened, seconds=60)
            found += [one.id for one, _ in made.calls]
            rows, asked, after = rows + made.rows, asked + 1, made.next
            if after is None:
                return found, rows, asked


def test_one_question_opens_a_bounded_number(url: str) -> None:
    """Together they see every intent once."""
    sought = Sought.parse("a1", None, None, None)
    at_once, bit_by_bit = (questions(url, sought, most_opened=most) for most in (10_000, 100))
    assert at_once[0] == bit_by_bit[0]
    assert len(at_once[0]) == COUNT / 2
    assert (at_once[1:], bit_by_bit[1:]) == ((COUNT, 1), (COUNT, 5))


def test_amounts_are_compared_as_numbers(url: str) -> None:
    """As they were meant, however they are written."""
    for written in ("7.1", "7.10", "007.1000"):
        assert questions(url, Sought.parse(None, None, written, None), most_opened=1000)[0] == ["i0007"]
    assert questions(url, Sought.parse(None, None, "7.1000001", None), most_opened=1000)[0] == []
    with pytest.raises(ValueError, match="decimal number"):
        Sought.parse(None, None, "7,10", None)


def test_a_question_that_has_no_time_left_stops_and_says_where(url: str) -> None:
    """After a step, so that it always comes further."""
    with Reader(url, KEY) as reader:
        made = search(reader, Wanted(), Sought.parse("none", None, None, None), limit=5, after=None, seconds=0)
    assert made.next is not None
    assert made.rows > 0


def test_what_does_not_open_hides_nothing_else(url: str) -> None:
    """A request sealed under a key that is gone says nothing; the others are found."""
    path = url.removeprefix("sqlite:///")
    with closing(sqlite3.connect(path, isolation_level=None)) as journal:
        journal.execute("UPDATE dispatch SET sealed = X'00' WHERE id = 'd440'")
    found = questions(url, Sought.parse("A0", None, None, None), most_opened=1000)[0]
    assert "i0440" not in found
    assert "i0438" in found
