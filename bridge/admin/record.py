"""The journal as people read it: beside the serving connection, on threads of its own, in bounded time.

A long look must neither keep a payment waiting nor be without an end. Must not change anything.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from bridge.journal.reading import Reader

Answer = TypeVar("Answer")

SECONDS = 10.0
BREATH = 0.005
"""Seconds after each batch of rows in which calls have the interpreter to themselves."""

AT_ONCE = 3
"""Looks at a time; further ones wait. What they take of the processor, calls lack."""


class Record:
    """Reads by ``open``, which makes a reader that ends after so many seconds."""

    def __init__(self, open_: Callable[[float], Reader]) -> None:
        self._open = open_
        self._reading: set[Reader] = set()
        self._over = False
        self._threads = ThreadPoolExecutor(AT_ONCE, "admin-reads")

    async def read(self, look: Callable[[Reader], Answer], seconds: float = SECONDS) -> Answer:
        """What ``look`` finds; raises ``JournalRefused``, and ``JournalDown`` where it takes longer."""

        def run() -> Answer:
            with self._open(seconds) as reader:
                reader.breath = BREATH
                self._reading.add(reader)
                try:
                    if self._over:
                        reader.end()
                    return look(reader)
                finally:
                    self._reading.discard(reader)

        return await asyncio.get_running_loop().run_in_executor(self._threads, run)

    def close(self) -> None:
        """End the looks under way."""
        self._over = True
        for reader in tuple(self._reading):
            reader.end()
        self._threads.shutdown(wait=True, cancel_futures=True)
