"""Bodies on their way in: within a time, and never more of them at once than memory has room for.

A call's body is held until the call is answered, since it may be passed on as it came. What is small is simply taken;
from ``SMALL`` bytes on a body reserves what it grows to, doubling or by its Content-Length, and waits until others have
gone, its sender with it (TCP). So senders of large bodies slow one another down and not the process's other callers;
who has reserved and sends no more is let go when its time is up. Must not look at what a body says.
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
"""About fifty payments, as wordy legacy stacks spell them."""

HELD = 4 * DEFAULT_LIMITS.body_bytes
"""Bytes of larger bodies at once: four of the largest, or some 150 of 200 kB."""

LARGE = 256 * 1024
"""From here a body is parsed beside the event loop, two at a time: a tree can need twenty times its text."""

_GROWS = 1032
"""Deflate's largest ratio (zlib: Technical Details, Maximum Compression Factor)."""

_STEP = 64
"""Bytes of a compressed body that are taken in any case; they grow to no more than a small body."""

_RESERVED = web.RequestKey("bridge.reserved", int)

Refused = TypeVar("Refused", covariant=True)
Result = TypeVar("Result")


class Taking(Protocol[Refused]):
    """What takes a body."""

    @property
    def held(self) -> int:
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
        most, known = DEFAULT_LIMITS.body_bytes, False
        if not into.gzip and request.content_length is not None:
            # What a sender claims holds: HTTP's framing ends the body there.
            most, known = min(most, request.content_length), True
        allowed = SMALL
        async with asyncio.timeout(RECEIVE_SECONDS):
            async for piece in request.content.iter_any():
                at = 0
                while at < len(piece):
                    wanted = into.held if into.gzip else into.held + len(piece) - at
                    if wanted > allowed and allowed < most:
                        allowed = most if known else min(most, max(2 * allowed, wanted))
                        await self._reserve(request, allowed)
                    end = at + max(_STEP, (allowed - into.held) // _GROWS) if into.gzip else len(piece)
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

    async def _reserve(self, request: web.BaseRequest, whole: int) -> None:
        """Have so much reserved for a request, with what it has already."""
        size = whole - request.get(_RESERVED, 0)
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
        request[_RESERVED] = whole

    def _give(self, size: int) -> None:
        self._free += size
        while self._queue and (self._queue[0][1].cancelled() or self._queue[0][0] <= self._free):
            wanted, turn = self._queue.popleft()
            if not turn.cancelled():
                self._free -= wanted
                turn.set_result(None)
