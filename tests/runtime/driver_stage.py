"""How an async test plays on a stage of its own, and what it waits for there. Must not test."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from stage import Stage, staged

Test = Callable[..., Coroutine[Any, Any, None]]


def on_stage(test: Test) -> Callable[..., None]:
    """Run an async test on a stage of its own."""

    def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        more = {"monkeypatch": monkeypatch} if "monkeypatch" in test.__annotations__ else {}

        async def play() -> None:
            async with staged(tmp_path) as stage:
                await asyncio.wait_for(test(stage, **more), 20)

        asyncio.run(play())

    run.__name__, run.__doc__, run.__module__ = test.__name__, test.__doc__, test.__module__
    return run


async def soon(condition: Callable[[], Any], seconds: float = 5.0) -> None:
    """Wait for a condition."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.005)


async def settled(stage: Stage, intent_id: str) -> Any:
    """The intent, once it is settled."""
    async with asyncio.timeout(5):
        while True:
            (intent,) = await stage.intents(intent_id)
            if intent.state.settled:
                return intent
            await asyncio.sleep(0.01)
