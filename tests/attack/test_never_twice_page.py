"""The page of every way to charge twice stands on tests that exist."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import never_twice_page
import pytest
from never_twice_entries import PARTS
from never_twice_terms import Entry

TESTS = Path(__file__).parents[1]
ENTRIES = [each for part in PARTS for each in part.entries]


@cache
def _tests_of(module: str) -> frozenset[str]:
    tree = ast.parse((TESTS / module).read_text(encoding="utf-8"))
    functions = (each for each in ast.walk(tree) if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef))
    return frozenset(each.name for each in functions if each.name.startswith("test_"))


@cache
def _scenarios() -> frozenset[str]:
    text = (TESTS / "scenarios" / "README.md").read_text(encoding="utf-8")
    return frozenset(re.findall(r"^### (\w+) ", text, re.MULTILINE))


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda each: each.name)
def test_an_entry_is_proved_by_tests_that_exist(entry: Entry) -> None:
    """At least one, each found in its file or among the scenarios, whose page another test holds."""
    assert entry.proofs
    missing = [
        each
        for each in entry.proofs
        if (each not in _scenarios() if "::" not in each else each.split("::")[1] not in _tests_of(each.split("::")[0]))
    ]
    assert missing == []


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda each: each.name)
def test_an_entry_names_invariants_that_exist(entry: Entry) -> None:
    """By their numbers in bridge/README.md."""
    text = (TESTS.parent / "bridge" / "README.md").read_text(encoding="utf-8")
    assert [each for each in entry.invariants.split(", ") if f"**{each}**" not in text] == []


def test_names_are_told_once_and_every_entry_says_everything() -> None:
    """No name twice, no part of an entry empty."""
    assert len({each.name for each in ENTRIES}) == len(ENTRIES) >= 25
    assert [each.name for each in ENTRIES if not all(vars(each).values())] == []


def test_the_page_is_written_from_the_entries() -> None:
    """If not: python tests/attack/never_twice_page.py."""
    assert never_twice_page.PAGE.read_text(encoding="utf-8") == never_twice_page.page()
