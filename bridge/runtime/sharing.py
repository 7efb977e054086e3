"""The processes of a deployment share what Zuora lets a tenant have under way at once, evenly.

Who lives, the journal tells: a new replica counts within seconds, a dead one is forgotten as its heartbeat is. While
the journal is down the last division stands; nothing that moves money is sent then. Must not know what a slot is for.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sized
from typing import Protocol

from bridge.core.model import Instant
from bridge.journal import JournalDown

SECONDS = 2.0


class Living(Protocol):
    """What is needed of the journal."""

    def living(self, at: Instant) -> Awaitable[Sized]:
        """The processes that give heartbeats."""


class Shared(Protocol):
    """What is needed of the budget."""

    def share(self, among: int) -> None:
        """Keep one part of so many."""


async def share(journal: Living, budget: Shared, here: Callable[[], Instant]) -> None:
    """Divide anew every two seconds, until cancelled; ``here`` is this machine's time."""
    while True:
        with contextlib.suppress(JournalDown):
            budget.share(len(await journal.living(here())))
        await asyncio.sleep(SECONDS)
