"""The audit in the admin API: all chains on demand, a call's with its evidence; what was changed is found."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from admin_world import ADMIN, ask, told
from harness import World, payment, until


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A bridge that has done one payment."""
    with World(tmp_path, admin=ADMIN) as made:
        made.create(payment(Amount="7", InvoiceId="@I1", AppliedInvoiceAmount="7", ReferenceId="R-1"))
        yield made


def verified(world: World) -> dict[str, Any]:
    """What a check of everything says in the end."""
    status, begun = ask(world, "vera", "audit/verify", {})
    assert (status, begun["by"]) == (202, "vera")
    until(lambda: not told(world, "audit")["running"], 20)
    seen: dict[str, Any] = told(world, "audit")
    return seen


def evidence(world: World) -> dict[str, Any]:
    """That of the payment."""
    (call,) = told(world, "calls")["calls"]
    seen: dict[str, Any] = told(world, f"calls/{call['intent']}")
    return seen


def sql(world: World, statement: str) -> None:
    """What somebody with access to the file does behind the bridge's back."""
    with contextlib.closing(sqlite3.connect(world.database, isolation_level=None)) as journal:
        journal.execute(statement)


def test_nothing_is_known_before_somebody_asks(world: World) -> None:
    """No check runs by itself, and none is claimed."""
    seen = told(world, "audit")
    assert (seen["running"], seen["good"], seen["rows"]) == (False, None, None)


def test_a_whole_audit_is_good(world: World) -> None:
    """Every chain, every row."""
    seen = verified(world)
    assert (seen["good"], seen["wrong"], seen["failed"]) == (True, [], None)
    assert seen["rows"] >= 2
    assert seen["chains"] >= 1


def test_what_is_newer_than_the_last_signature_is_not_sealed_yet(world: World) -> None:
    """And is, once the process has signed its head."""
    assert evidence(world)["audit"]["verdict"] == "unsealed"
    world.restart()
    audit = evidence(world)["audit"]
    assert (audit["verdict"], audit["wrong"]) == ("intact", [])


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET detail = replace(detail, 'sending', 'planned') WHERE kind = 'move'",
        "UPDATE audit SET at = at + 1 WHERE kind = 'move'",
        "UPDATE audit_mark SET at = at + 1",
        "DELETE FROM audit_mark",
    ],
)
def test_what_was_changed_behind_the_bridge_s_back_is_found(world: World, statement: str) -> None:
    """By the call's evidence as by the check of everything."""
    world.restart()
    sql(world, statement)
    audit = evidence(world)["audit"]
    assert audit["verdict"] == "broken"
    assert audit["wrong"]
    seen = verified(world)
    assert seen["good"] is False
    assert seen["wrong"]
