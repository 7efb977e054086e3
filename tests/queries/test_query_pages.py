"""Pages: sizes, locators that work on every process that shares the journal, and locators that do not (any more)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from harness import ERP, Answer, World, payment
from query_calls import BY_REST, Page, options, page, query, query_more

ALL = "select Id, Amount from Payment"
CALLERS = {
    "erp": {"usernames": [ERP], "allow": ["Payment.query", "Payment.create"]},
    "viewer": {"usernames": ["viewer@example.com"], "allow": ["*"]},
}


def make(folder: Path, seed: str | None = None, **settings: Any) -> World:
    """A world whose queries go by REST and whose sessions outlive a locator."""
    world = World(folder, routes=BY_REST, callers=CALLERS, **settings)
    world.__enter__()
    if seed is not None:
        world.names = dict(world.control("seed", {"name": seed})["names"])
    world.control("settings", {"sessionSeconds": 28800})
    return world


@pytest.fixture
def small(tmp_path: Path) -> Iterator[World]:
    """The fixture's three payments."""
    world = make(tmp_path)
    yield world
    world.__exit__()


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """More payments than two pages hold, and two bridges on one journal."""
    world = make(tmp_path_factory.mktemp("many"), "many", bridges=2)
    yield world
    world.__exit__()


def reads(world: World, after: int) -> int:
    """How many pages of Object Query were read."""
    return sum("/object-query/" in one.path for one in world.requests(after))


def walk(world: World, first: Page, headers: str = "", at: str | None = None) -> list[Page]:
    """All pages of a query."""
    pages = [first]
    while pages[-1].locator is not None:
        pages.append(page(query_more(world, pages[-1].locator, headers=headers, at=at)))
    return pages


def invalid(answer: Answer, text: str = "invalid query locator") -> None:
    """An InvalidQueryLocatorFault with this text."""
    assert answer.status == 500, answer.body
    fault = answer.fault
    assert (fault["faultcode"], fault["kind"], fault["message"]) == (
        "fns:INVALID_VALUE",
        "InvalidQueryLocatorFault",
        text,
    )


def test_thousands_of_rows_come_in_pages_of_2000(many: World) -> None:
    """size is the whole query's on every page; done and the locator say whether there is more."""
    pages = walk(many, page(query(many, ALL)))
    total = pages[0].size
    assert total > 4000
    assert [len(each.rows) for each in pages] == [2000, 2000, total - 4000]
    assert {each.size for each in pages} == {total}
    assert [each.done for each in pages] == [False, False, True]
    assert len({key for each in pages for key in each.ids}) == total
    theirs = page(query(many, ALL, direct=True))
    assert theirs.size == total


def test_further_pages_are_not_read_anew_by_the_process_that_has_them(many: World) -> None:
    """What was found is kept for the next pages."""
    first = page(query(many, ALL))
    mark = many.mark()
    assert len(walk(many, first)) == 3
    assert reads(many, mark) == 0


def test_another_process_on_the_same_journal_goes_on_with_a_locator(many: World) -> None:
    """It runs the query again and finds the very same rows."""
    first = page(query(many, ALL))
    mark = many.mark()
    pages = walk(many, first, at=many.bridges[1].url)
    assert len({key for each in pages for key in each.ids}) == first.size
    assert {each.size for each in pages} == {first.size}
    assert reads(many, mark) > 40


@pytest.mark.parametrize(("asked", "rows"), [(1, 1), (1999, 1999), (2000, 2000), (0, 2000), (5000, 2000)])
def test_the_caller_says_how_many_rows_a_page_has(many: World, asked: int, rows: int) -> None:
    """1 to 2000; 0 and more are 2000. A later page may have another size."""
    first = page(query(many, ALL, headers=options(asked)))
    assert len(first.rows) == rows
    assert first.locator is not None
    second = page(query_more(many, first.locator, headers=options(7)))
    assert len(second.rows) == 7
    assert not set(first.ids) & set(second.ids)


def test_a_locator_has_the_shape_that_clients_split(small: World) -> None:
    """Hexadecimal digits, a hyphen, the offset; it grows by the page."""
    first = page(query(small, ALL, headers=options(1)))
    second = page(query_more(small, first.locator or "", headers=options(1)))
    assert re.fullmatch(r"[0-9a-f]{65,}-1", first.locator or "")
    assert re.fullmatch(r"[0-9a-f]{65,}-2", second.locator or "")
    last = page(query_more(small, second.locator or "", headers=options(1)))
    assert (last.done, last.locator, last.size, len(last.rows)) == (True, None, 3, 1)


def test_a_locator_can_be_used_again_and_at_any_offset(small: World) -> None:
    """As long as there is such a row: the offset is the caller's to choose."""
    first = page(query(small, ALL, headers=options(1)))
    opaque, _, _ = (first.locator or "").rpartition("-")
    assert page(query_more(small, f"{opaque}-0", headers=options(1))).ids == first.ids
    assert len(page(query_more(small, f"{opaque}-1")).rows) == 2
    assert len(page(query_more(small, f" {opaque.upper()}-2 \n")).rows) == 1
    for offset in ("3", "-1", "x", "", "99999999999", "1.0", "\u0661"):
        invalid(query_more(small, f"{opaque}-{offset}"))


def test_a_locator_lives_on_after_a_restart(small: World) -> None:
    """The journal's key outlives the process, and so does the query in it."""
    first = page(query(small, ALL, headers=options(2)))
    small.restart()
    rest = page(query_more(small, first.locator or ""))
    assert (rest.size, rest.done) == (3, True)
    assert len({*first.ids, *rest.ids}) == 3


def test_a_row_that_came_later_does_not_move_the_pages(small: World) -> None:
    """Also where the query is run again: a result is what was there at its first page."""
    first = page(query(small, ALL, headers=options(2)))
    small.advance(2)
    (new,) = small.create(payment(Amount="1.00", AppliedCreditBalanceAmount="1.00")).ids
    kept = page(query_more(small, first.locator or ""))
    small.restart()
    again = page(query_more(small, first.locator or ""))
    assert kept.ids == again.ids
    assert kept.size == again.size == 3
    assert new not in {*first.ids, *again.ids}


def test_rows_that_left_end_the_locator_where_nobody_remembers_them(small: World) -> None:
    """A process that has the result goes on with it; another one must not tell the size of a result that is gone."""
    first = page(query(small, f"{ALL} where TransferredToAccounting = 'No'", headers=options(1)))
    small.control("edit", {"key": "P1", "transferredToAccounting": "Yes"})
    assert page(query_more(small, first.locator or "")).size == 3
    small.restart()
    text = "The rows of the query have changed since its first page; run the query again."
    invalid(query_more(small, first.locator or ""), text)


def test_a_quarter_of_an_hour_without_use_ends_a_locator(small: World) -> None:
    """Each page begins it anew, by Zuora's clock."""
    locator = page(query(small, ALL, headers=options(1))).locator or ""
    small.advance(800)
    following = page(query_more(small, locator, headers=options(1))).locator or ""
    small.advance(200)
    page(query_more(small, following, headers=options(1)))
    # Any answer of Zuora's tells the bridge what time it is there.
    query(small, "select Id from Account", session=small.login())
    invalid(query_more(small, locator), "The query locator has expired; run the query again.")


def test_a_locator_is_of_the_version_that_made_it(small: World) -> None:
    """Another version could show other fields."""
    locator = page(query(small, "select Id, UnappliedAmount from Payment", headers=options(1))).locator or ""
    invalid(query_more(small, locator, "83.0"))
    invalid(query_more(small, locator, "107.1"))
    assert page(query_more(small, locator)).done


def test_a_locator_is_of_the_user_who_got_it(small: World) -> None:
    """Also within one tenant."""
    locator = page(query(small, ALL, headers=options(1))).locator or ""
    invalid(query_more(small, locator, session=small.login("viewer@example.com")))
    assert page(query_more(small, locator, session=small.login(ERP))).done


@pytest.mark.parametrize("place", [0, 8, 20, 60, -10])
def test_a_changed_locator_is_nobodys(small: World, place: int) -> None:
    """Whatever digit is changed; one that does not look like the bridge's is Zuora's to judge."""
    opaque, _, offset = (page(query(small, ALL, headers=options(1))).locator or "").rpartition("-")
    digit = "0" if opaque[place] != "0" else "1"
    forged = opaque[:place] + digit + opaque[place:][1:]
    mark = small.mark()
    invalid(query_more(small, f"{forged}-{offset}"))
    asked = [one.operation for one in small.requests(mark)]
    assert ("queryMore" in asked) is (place == 0)


def test_a_cut_locator_is_nobodys(small: World) -> None:
    """Not even half a byte is read."""
    opaque, _, offset = (page(query(small, ALL, headers=options(1))).locator or "").rpartition("-")
    invalid(query_more(small, f"{opaque[:-1]}-{offset}"))
    invalid(query_more(small, f"{opaque[:-2]}-{offset}"))
    invalid(query_more(small, f"{opaque}zz-{offset}"))


def test_a_locator_of_zuoras_passes_to_zuora(small: World) -> None:
    """Unchanged, although queries go by REST now."""
    theirs = page(query(small, ALL, direct=True, headers=options(2)))
    mark = small.mark()
    assert page(query_more(small, theirs.locator or "")).size == 3
    assert [one.operation for one in small.requests(mark)] == ["queryMore"]
    invalid(query_more(small, "0" * 32 + "-2000"))


def test_a_query_may_be_as_long_as_zuora_takes_it(small: World) -> None:
    """Its locator carries it, 200 conditions and all."""
    text = f"{ALL} where " + " or ".join(f"Id = '{n:032x}'" for n in range(197))
    text += "".join(f" or Id = '@P{n}'" for n in (1, 2, 3))
    first = page(query(small, text, headers=options(2)))
    assert first.size == 3
    small.restart()
    assert len(page(query_more(small, first.locator or "")).rows) == 1
