"""Bodies on their way in: within a time, and never more of them at once than memory has room for.

A call's body is held until the call is answered, since it may be passed on as it came. What is small is simply taken;
from ``SMALL`` bytes on a body first reserves what it may grow to, and waits until others have gone, its sender with it
(TCP). So many senders of large bodies slow one another down and not the process's other callers. Must not look at what
a body says.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Protocol, TypeVar

from aiohttp import web

from bridge.facade.guard_terms import DEFAULT_LIMITS
from bridge.facade.responses import RECEIVE_SECONDS
from bridge.telemetry.stages import stage

SMALL = 64 * 1024
"""Fifty payments, as the wordiest legacy stack spells them."""

HELD = 4 * DEFAULT_LIMITS.body_bytes
"""Bytes of larger bodies at once: four of the largest, or some 150 of 200 kB."""

LARGE = 256 * 1024
"""From here a body is parsed beside the event loop, two at a time: a tree can need twenty times its text."""

_STEP = 1024
"""Of a compressed body as long as nothing is reserved: it may grow a hundredfold."""

_RESERVED = web.RequestKey("bridge.reserved", int)

Refused = TypeVar("Refused", covariant=True)
Result = TypeVar("Result")


class Taking(Protocol[Refused]):
    """What takes a body."""

    @property
    def size(self) -> int:
        """Bytes that it holds."""

    @property
    def gzip(self) -> bool:
        """Whether it may hold more than came."""

    def feed(self, piece: bytes) -> Refused | None:
        """Take the next bytes; a refusal is final."""


class Receiving:
    """Shared by all doors of a process."""

    def __init__(self, held: int = HELD) -> None:
        self._free = held
        self._queue: deque[tuple[int, asyncio.Future[None]]] = deque()
        self._large = asyncio.Semaphore(2)

    async def body(self, request: web.BaseRequest, into: Taking[Refused]) -> Refused | None:
        """Everything of a request's body, or why it is refused. Raises TimeoutError after ``RECEIVE_SECONDS``."""
        reserved = False
        async with asyncio.timeout(RECEIVE_SECONDS):
            async for piece in request.content.iter_any():
                at = 0
                while at < len(piece):
                    if not reserved and into.size + len(piece) > SMALL:
                        reserved = await self._reserve(request, into)
                    end = at + _STEP if into.gzip and not reserved else len(piece)
                    refused = into.feed(piece[at:end])
                    if refused is not None:
                        return refused
                    at = end
        return None

    async def parsed(self, received: bytes, parse: Callable[[], Result]) -> Result:
        """The result of parsing what was received: here, or beside the event loop where it may take its time."""
        if len(received) < LARGE:
            with stage("guard"):
                return parse()
        async with self._large:
            with stage("guard"):
                return await asyncio.to_thread(parse)

    def done(self, request: web.BaseRequest) -> None:
        """The call is answered, and its body is held no more."""
        if _RESERVED in request:
            self._give(request[_RESERVED])
            del request[_RESERVED]

    async def _reserve(self, request: web.BaseRequest, into: Taking[object]) -> bool:
        most = DEFAULT_LIMITS.body_bytes
        # A length that a sender claims holds: HTTP's framing ends the body there.
        size = most if into.gzip or request.content_length is None else min(most, request.content_length)
        if self._queue or size > self._free:
            turn = asyncio.get_running_loop().create_future()
            self._queue.append((size, turn))
            try:
                await turn
            except asyncio.CancelledError:
                # Cancelled while it waited, or after its turn had come.
                self._give(0 if turn.cancelled() else size)
                raise
        else:
            self._free -= size
        request[_RESERVED] = size
        return True

    def _give(self, size: int) -> None:
        self._free += size
        while self._queue and (self._queue[0][1].cancelled() or self._queue[0][0] <= self._free):
            wanted, turn = self._queue.popleft()
            if not turn.cancelled():
                self._free -= wanted
                turn.set_result(None)
