"""What a person settles in the admin API: who may, whose name it bears, and that only what is open is settled."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from admin_world import ADMIN, ask, told
from harness import World, payment

MADE = "8ad0f4a1bd6e33c2cf1fbf8b0d6e0a11"
SEEN = {"reason": "looked in Zuora: it is not there"}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A bridge with one payment in doubt."""
    with World(tmp_path, admin=ADMIN) as made:
        made.fault("drop_before", operation="create", times=9)
        made.create(payment(Amount="7", InvoiceId="@I1", AppliedInvoiceAmount="7", ReferenceId="R-1"))
        yield made


def doubtful(world: World) -> dict[str, Any]:
    """The one that is in doubt."""
    (row,) = told(world, "doubt")["rows"]
    assert isinstance(row, dict)
    return row


def test_an_operator_settles_what_is_in_doubt_and_the_audit_says_who_and_why(world: World) -> None:
    """Dry first, which changes nothing; then for good."""
    intent = doubtful(world)["intent"]
    said = {"intent": intent, "state": "NOT_APPLIED", **SEEN}
    assert told(world, "doubt/resolve", {**said, "dryRun": True})["done"] is False
    assert doubtful(world)["state"] == "IN_DOUBT"
    assert told(world, "doubt/resolve", said) == {
        "intent": intent,
        "state": "NOT_APPLIED",
        "zuoraId": None,
        "done": True,
    }
    assert told(world, "doubt")["rows"] == []
    call = told(world, f"calls/{intent}")
    (resolved,) = [each for each in call["timeline"] if each["kind"] == "resolve"]
    assert resolved["text"] == "otto settled it as NOT_APPLIED: looked in Zuora: it is not there"
    assert call["state"] == "NOT_APPLIED"
    assert call["missing"] == []
    assert "a repeat by its caller is a new attempt" in call["next"][0]


def test_what_was_done_is_settled_with_its_id(world: World) -> None:
    """A repeat is then told that Id."""
    intent = doubtful(world)["intent"]
    told(world, "doubt/resolve", {"intent": intent, "state": "APPLIED", "zuoraId": MADE, "reason": "found it"})
    assert told(world, f"calls/{intent}")["told"] == f"Success, Id {MADE}"


@pytest.mark.parametrize(
    ("said", "status", "words"),
    [
        ({"state": "NOT_APPLIED", "reason": " "}, 400, "reason and by"),
        ({"state": "NOT_APPLIED", **SEEN, "by": "anna"}, 403, "names somebody else"),
        ({"state": "PARKED", **SEEN}, 400, "state is one of APPLIED, NOT_APPLIED, REFUSED"),
        ({"state": "APPLIED", **SEEN}, 409, "An Id is given exactly where it was applied"),
        ({"state": "APPLIED", "zuoraId": "x", **SEEN}, 409, "no Id of Zuora"),
        ({"state": "APPLIED", "zuoraId": 1, **SEEN}, 400, "zuoraId is a text"),
        ({"state": "REFUSED", **SEEN, "intent": "i-0"}, 404, "no such intent"),
        ({"state": "REFUSED", **SEEN, "intent": 1}, 400, "intent is needed"),
    ],
)
def test_a_word_that_is_at_fault_settles_nothing(world: World, said: dict[str, Any], status: int, words: str) -> None:
    """And says in a sentence why."""
    answer = ask(world, "otto", "doubt/resolve", {"intent": doubtful(world)["intent"], **said})
    assert (answer[0], words in answer[1]["error"]) == (status, True), answer
    assert doubtful(world)["state"] == "IN_DOUBT"


def test_what_is_settled_is_settled_once_and_by_operators_only(world: World) -> None:
    """A viewer may look; a second word comes too late."""
    intent = doubtful(world)["intent"]
    said = {"intent": intent, "state": "REFUSED", **SEEN}
    assert ask(world, "vera", "doubt/resolve", said)[0] == 403
    assert ask(world, "anna", "doubt/resolve", said)[0] == 200
    status, answer = ask(world, "otto", "doubt/resolve", said)
    assert (status, "only one that is IN_DOUBT or PARKED" in answer["error"]) == (409, True)
