"""The parts of a replay by themselves: ids and numbers, books in neutral terms, the smallest call that shows it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from parity_answers import ID, OTHER, call, found, good, record, refused, rows, said

from bridge.cli.parity_twins import twins
from bridge.parity import envelope, state
from bridge.parity.corpus import deleted, queried, saved
from bridge.parity.replay import needed
from bridge.parity.shrink import MOST_TRIES, smallest
from bridge.parity.side import NOBODY, Side, origin
from bridge.parity.terms import Entry, ParityError

FIVE = saved("create", "Payment", *({"Amount": str(place)} for place in range(5)))


@pytest.mark.parametrize(
    ("body", "about"),
    [
        (FIVE, ("create", "Payment", 5)),
        (saved("update", "Refund", {"Id": ID}), ("update", "Refund", 1)),
        (deleted("Payment", ID, OTHER), ("delete", "Payment", 2)),
        (queried("select Id  FROM Payment where Id = 'x'"), ("query", "Payment", 1)),
        ("<ns1:getUserInfo/>", ("getUserInfo", "", 1)),
    ],
)
def test_what_a_call_is_about(body: str, about: tuple[str, str, int]) -> None:
    """Operation, object type and how many objects."""
    one = call(1, body)
    assert (one.operation, one.object, one.objects) == about


def test_the_ids_of_an_answer_are_found_by_place() -> None:
    """A refused row keeps its place; a query's rows are its ids."""
    assert envelope.made(said(rows(good(), refused(), good(OTHER))).body) == ((ID, "", OTHER), "")
    assert envelope.made(said(found(record("", OTHER))).body)[0] == (OTHER,)
    assert envelope.made(b"<html>") == ((), "")


def test_a_later_call_names_what_this_side_made() -> None:
    """By its place, or by the id that the capture has for it; what was never made is nobody."""
    side = Side("left", "http://x", "user", "password")
    side.made[1, 1] = OTHER
    side.given[ID] = OTHER
    body = saved("update", "Payment", {"Id": "{id:1.1}"}, {"Id": ID}, {"Id": "{id:9.1}"})
    spoken = side.spoken(call(2, body))
    assert spoken.count(OTHER) == 2
    assert NOBODY in spoken


def test_a_call_is_replayed_with_what_it_rests_on() -> None:
    """And nothing else."""
    made = call(1, FIVE)
    other = call(2, queried("select Id from Payment"))
    changed = call(3, saved("update", "Payment", {"Id": "{id:1.2}"}))
    assert needed([made, other, changed], [3]) == [made, changed]
    with pytest.raises(ParityError, match="no call 9"):
        needed([made], [9])


@given(st.integers(0, 4))
def test_the_smallest_call_is_the_one_row(guilty: int) -> None:
    """Whichever row it is."""

    def shows(entries: Sequence[Entry]) -> bool:
        return f"<ns2:Amount>{guilty}<" in entries[-1].body

    reduced = smallest([call(1, FIVE)], 1, shows)
    assert reduced is not None
    assert (reduced[-1].objects, reduced[-1].body.count("<ns1:zObjects")) == (1, 1)
    assert shows(reduced)


def test_what_does_not_show_again_is_not_made_smaller() -> None:
    """And a try that never ends is ended."""
    assert smallest([call(1, FIVE)], 1, lambda _: False) is None
    tried: list[int] = []
    fifty = saved("create", "Payment", *({"Amount": str(place)} for place in range(50)))

    def only_whole(entries: Sequence[Entry]) -> bool:
        tried.append(entries[-1].objects)
        return entries[-1].objects == 50

    reduced = smallest([call(1, fifty)], 1, only_whole)
    assert reduced is not None
    assert reduced[-1].objects == 50
    assert len(tried) <= MOST_TRIES + 1


def test_books_are_told_by_what_things_stand_for() -> None:
    """Made objects by their call, the fixture's by name, what nobody was told of by its content."""
    shelves = {
        "payments": [
            {
                "id": ID,
                "name": None,
                "number": "P-00000009",
                "amount": "5",
                "gatewayOrderId": "P-00000009",
                "parts": [],
            },
            {"id": OTHER, "name": "P1", "number": "P-00000001", "amount": "45", "parts": [{"id": "x", "amount": "45"}]},
            {"id": "f" * 32, "name": None, "number": "P-00000010", "amount": "7", "parts": []},
        ],
    }
    tokens = {ID: "{id:3.1}"}
    names = tokens | state.numbers(shelves, tokens)
    payments = state.neutral(shelves, names)["payments"]
    assert list(payments) == ["{id:3.1}", "P1", "payment nobody was told of #1"]
    made = payments["{id:3.1}"]
    assert made == {"number": "{number:3.1}", "amount": "5", "gatewayOrderId": "{number:3.1}", "parts": []}


def test_only_ids_are_asked_for() -> None:
    """Not a locator, nor a longer number."""
    assert state.touched([f"<a>{ID}</a> '{OTHER}'", f"{'0' * 33}"], [f"{ID}-2000"]) == [ID, OTHER]


@pytest.mark.parametrize("text", ["", "ftp://x", "https://", "https://user:pass@x", "x"])
def test_an_origin_is_an_origin(text: str) -> None:
    """Also without credentials in it, which would end in a report."""
    with pytest.raises(ParityError, match="is no origin"):
        origin(text)
    assert origin("https://x:1/apps/services/a/107.0") == "https://x:1"


def test_twins_are_sown_alike_and_end_with_the_block(tmp_path: Path) -> None:
    """The same ids by the seed, on ports of their own; nothing listens afterwards."""
    with twins(tmp_path, {"left": "direct", "right": "direct"}) as started:
        left, right = started["left"], started["right"]
        assert left.books().names() == right.books().names()
        assert left.origin != right.origin
    with pytest.raises(ParityError, match="cannot be read"):
        left.books().names()
