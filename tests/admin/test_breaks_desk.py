"""Breaks in the admin API: listed with their age, given an owner, closed by a person with a reason."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from admin_world import ADMIN, ask, told
from harness import World

from bridge.core.reconcile import Break, Finding
from bridge.journal import Journal

FOUND = Finding(Break.WITHOUT_INTENT, "10000|", "Payment", "y" * 32, None, "nothing", "7.10, Processed")
PATH = "breaks"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A bridge on whose journal a reconciliation found one break."""
    with World(tmp_path, admin=ADMIN) as made:
        settings = made.settings
        with closing(Journal.open(settings.database_url, settings.journal_key, "reconciler")) as journal:
            asyncio.run(journal.operator.reconciled([FOUND], set()))
        yield made


def test_a_break_is_listed_with_what_was_expected_and_found(world: World) -> None:
    """And counted in the overview."""
    (one,) = told(world, PATH)["breaks"]
    assert (one["break"], one["kind"], one["zuoraId"]) == (FOUND.id, "without intent", "y" * 32)
    assert (one["expected"], one["found"], one["owner"], one["closed"]) == ("nothing", "7.10, Processed", None, None)
    assert one["age"] >= 0
    assert told(world, "overview")["breaks"] == {"open": 1, "oldest": one["since"]}


def test_a_break_is_given_an_owner(world: World) -> None:
    """In the name of whose token it is."""
    assert ask(world, "vera", "breaks/assign", {"break": FOUND.id, "to": "Ada"})[0] == 403
    assert told(world, "breaks/assign", {"break": FOUND.id, "to": "Ada", "dryRun": True})["done"] is False
    assert told(world, PATH)["breaks"][0]["owner"] is None
    assert told(world, "breaks/assign", {"break": FOUND.id, "to": "Ada"})["owner"] == "Ada"
    assert told(world, PATH)["breaks"][0]["owner"] == "Ada"


def test_a_break_that_is_right_is_closed_with_a_reason(world: World) -> None:
    """Once; it is shown among the closed ones from then on."""
    said = {"break": FOUND.id, "reason": "made by hand, ticket 7"}
    assert ask(world, "vera", "breaks/accept", said)[0] == 403
    assert ask(world, "otto", "breaks/accept", {"break": FOUND.id})[0] == 400
    assert told(world, "breaks/accept", said)["done"] is True
    assert told(world, PATH) == {"breaks": [], "more": False}
    (closed,) = told(world, "breaks?closed=1")["breaks"]
    assert (closed["closedBy"], closed["reason"]) == ("otto", "made by hand, ticket 7")
    assert ask(world, "otto", "breaks/accept", said)[0] == 409


@pytest.mark.parametrize(
    ("name", "said", "status"),
    [
        ("breaks/assign", {"break": FOUND.id}, 400),
        ("breaks/assign", {"to": "Ada"}, 400),
        ("breaks/assign", {"break": "b-0", "to": "Ada"}, 409),
        ("breaks/accept", {"break": 1, "reason": "x"}, 400),
        ("breaks/accept", {"break": "b-0", "reason": "x"}, 409),
    ],
)
def test_what_is_at_fault_changes_nothing(world: World, name: str, said: dict[str, object], status: int) -> None:
    """It is said in a sentence."""
    answer = ask(world, "otto", name, said)
    assert (answer[0], bool(answer[1]["error"])) == (status, True)
    assert told(world, PATH)["breaks"][0]["owner"] is None
