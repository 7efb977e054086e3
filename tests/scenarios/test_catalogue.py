"""The catalogue itself: complete, without doubles, and its page up to date."""

from __future__ import annotations

import ast
from pathlib import Path

import page
from catalogue import LAST, LATER, ROWS, STORIES

HERE = Path(__file__).parent
OURS = {*range(1001, 1013), *range(1021, 1025), *range(1041, 1045)}
"""Authority, doubt, restarts and currencies: numbers of our own, which tests and documents name."""


def test_every_number_is_played_or_left_out_with_a_reason() -> None:
    """No number of the catalogue silently vanishes, and what is left for later is not played in part."""
    played = {each.number for each in (*ROWS, *STORIES)}
    assert played.isdisjoint(LATER)
    assert played | set(LATER) == set(range(1, LAST + 1)) | OURS


def test_numbers_are_stable_names() -> None:
    """No two rows or stories have the same number and part."""
    names = [f"{each.number}{each.part}" for each in (*ROWS, *STORIES)]
    assert sorted(names) == sorted(set(names))


def test_every_story_is_played_by_a_test_that_names_its_number() -> None:
    """A story in the catalogue names a test function that exists, in one place, and that says which one it plays."""
    found: dict[str, list[str]] = {}
    for path in HERE.glob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                found.setdefault(node.name, []).append(ast.get_docstring(node) or "")
    for story in STORIES:
        (described,) = found[story.test]
        assert described.startswith(f"{story.number}: "), story.test


def test_the_page_says_what_the_data_says() -> None:
    """README.md is what page.py writes; run ``python tests/scenarios/page.py`` where this fails."""
    assert page.PAGE.read_text(encoding="utf-8") == page.page()


def test_the_page_lists_every_number_once() -> None:
    """Its first table has a line for each number, in order."""
    listed = [line.split("|")[1].strip() for line in page.page().splitlines() if line.startswith("| ")]
    numbers = [int(each) for each in listed if each.isdigit()]
    assert numbers[:LAST] == list(range(1, LAST + 1))
    assert numbers == sorted(set(numbers))
