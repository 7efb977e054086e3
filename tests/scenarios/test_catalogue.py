"""The catalogue itself: complete, without doubles, and its page up to date."""

from __future__ import annotations

import ast
from pathlib import Path

import page
from catalogue import ROWS, STORIES

HERE = Path(__file__).parent

REQUIRED = {
    *range(1, 11),
    14,
    *range(23, 29),
    *range(31, 36),
    39,
    *range(41, 44),
    45,
    47,
    48,
    *range(52, 55),
    *range(61, 65),
    67,
    *range(77, 81),
    *range(83, 87),
    *range(91, 100),
    101,
    102,
    106,
}


def test_every_required_number_has_a_row() -> None:
    """A number that tests and documents name does not silently vanish."""
    assert {row.number for row in ROWS} >= REQUIRED


def test_numbers_are_stable_names() -> None:
    """No two rows or stories have the same number and part."""
    names = [f"{row.number}{row.part}" for row in ROWS] + [str(story.number) for story in STORIES]
    assert sorted(names) == sorted(set(names))


def test_every_story_is_played_by_a_test() -> None:
    """A story in the catalogue names a test function that exists."""
    found = {
        node.name
        for path in HERE.glob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef)
    }
    assert {story.test for story in STORIES} <= found


def test_the_page_says_what_the_data_says() -> None:
    """README.md is what page.py writes; run ``python tests/scenarios/page.py`` where this fails."""
    assert page.PAGE.read_text(encoding="utf-8") == page.page()
