"""Intents, dispatches and small conveniences for the journal's tests."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from bridge.core.commands import Answered, Moved, Opened
from bridge.core.intent import Dispatch, Intent, State
from bridge.core.model import Op, Route
from bridge.journal import Journal

KEY = bytes(range(32))


async def newest(journal: Journal, intent_id: str) -> Dispatch | None:
    """The newest dispatch of an intent."""
    kept = await journal.dispatches_of(intent_id)
    return kept[-1] if kept else None


def intent(name: str = "i1", **fields: Any) -> Intent:
    """A create of a payment that is being sent; its fingerprint is its name unless given."""
    known: dict[str, Any] = {
        "id": name,
        "scope": "10000|",
        "caller": "erp",
        "call_id": "c1",
        "position": 0,
        "op": Op.CREATE,
        "object_type": "Payment",
        "fingerprint": f"print of {name}",
        "ordinal": 0,
        "generation": 0,
        "route": Route.REST,
        "state": State.SENDING,
        "created_at": 1_000,
        "owner": "w1",
    }
    return Intent(**(known | fields))


def dispatch(name: str = "d1", *intent_ids: str, **fields: Any) -> Dispatch:
    """A REST request that carries the intents."""
    known: dict[str, Any] = {
        "id": name,
        "call_id": "c1",
        "route": Route.REST,
        "op": Op.CREATE,
        "method": "POST",
        "path": "/v1/payments",
        "headers": (("Content-Type", "application/json"), ("Zuora-Version", "2025-08-12")),
        "body": b'{"amount": 10.00}',
        "intent_ids": intent_ids or ("i1",),
        "key": "key of " + name,
        "marker": "INV-1",
        "recorded_at": 1_000,
    }
    return Dispatch(**(known | fields))


def opened(name: str = "i1", **fields: Any) -> Opened:
    """One new intent with its dispatch, ``d-`` and its name."""
    return Opened((intent(name, **fields),), (dispatch(f"d-{name}", name),))


def moved(name: str = "i1", source: State = State.SENDING, target: State = State.APPLIED, **fields: Any) -> Moved:
    """A move by the owner w1 at 2,000."""
    known: dict[str, Any] = {"intent_id": name, "source": source, "target": target, "owner": "w1", "at": 2_000}
    return Moved(**(known | fields))


def answered(name: str = "d1") -> Answered:
    """A dispatch that was applied."""
    return Answered(name, "applied", 2_000, 200)


def url_of(folder: Path) -> str:
    """The SQLite journal of a folder."""
    return f"sqlite:///{folder / 'bridge.db'}"


@contextmanager
def journal_in(folder: Path, instance: str = "w1", **options: Any) -> Iterator[Journal]:
    """An open journal under ``KEY``."""
    with closing(Journal.open(url_of(folder), KEY, instance, **options)) as journal:
        yield journal


def play(folder: Path, scene: Callable[[Journal], Awaitable[Any]], **options: Any) -> Any:
    """Run a scene on an event loop with a journal that is closed afterwards."""

    async def scene_on_loop() -> Any:
        with journal_in(folder, **options) as journal:
            return await scene(journal)

    return asyncio.run(scene_on_loop())


async def state_of(journal: Journal, name: str) -> State | None:
    """The state the journal has an intent in, or None where it has none."""
    found = await journal.intents([name])
    return found[0].state if found else None
