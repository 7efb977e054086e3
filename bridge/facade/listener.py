"""The HTTP server under every listener: aiohttp's, but for what it answers to what is no HTTP, and for how long and how
many connections may wait.

aiohttp repeats the line at fault, which may be a credential or a card number with a character that no header can hold.
It also waits an hour for the rest of a request's head and takes connections until the process has no file left for
Zuora or the journal; whoever can reach the port could bring that about without a session. Must not answer anything
else, nor log more than aiohttp does, nor end a connection that has a request under way.
"""

from __future__ import annotations

import asyncio
import resource
from typing import Any, cast

from aiohttp import web

from bridge.facade.responses import RECEIVE_SECONDS
from bridge.telemetry.log import get_logger
from bridge.telemetry.metrics import METRICS

NOT_HTTP = "The request is not HTTP as this server reads it; nothing was done."

IDLE_SECONDS = 120.0
"""Longer than legacy stacks keep an idle connection for their next call, so that it is they who end it: .NET's
``ServicePointManager.MaxServicePointIdleTime`` is 100 s (Microsoft Learn)."""

MOST_CONNECTIONS = 1000
"""A tenant has 40 requests under way at Zuora; the rest waits or is idle."""

SAID_SECONDS = 60.0

log = get_logger("listener")


def most_connections() -> int:
    """Of all listeners together: half of what this process may have open is left for Zuora, the database and files."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST_CONNECTIONS if files == resource.RLIM_INFINITY else min(MOST_CONNECTIONS, files // 2)


class Listener(web.Server):
    """Makes a handler for each connection, for at most so many; then who waits for longest makes room."""

    def __init__(self, handler: Any, *, most: int, **how: Any) -> None:
        super().__init__(handler, keepalive_timeout=IDLE_SECONDS, **how)
        self._most = most
        self._open = 0
        self._said = float("-inf")

    def __call__(self) -> web.RequestHandler:
        """One connection's."""
        return _Handler(self, loop=self._loop, **self._kwargs)

    def connection_made(self, handler: web.RequestHandler, transport: asyncio.Transport) -> None:
        """As aiohttp's; and one too many ends the one that has been silent for longest, or itself."""
        super().connection_made(handler, transport)
        self._open += 1
        if self._open <= self._most:
            return
        waiting = [each for each in cast("list[_Handler]", self.connections) if each.waits and each is not handler]
        METRICS.refusals.add(reason="connections")
        now = self._loop.time()
        if now - self._said >= SAID_SECONDS:
            self._said = now
            log.warning("too many connections", most=self._most, waiting=len(waiting))
        if waiting:
            min(waiting, key=lambda each: each.heard).force_close()
        else:
            # Soon: its own set-up goes on after this.
            self._loop.call_soon(handler.force_close)

    def connection_lost(self, handler: web.RequestHandler, exc: BaseException | None = None) -> None:
        """As aiohttp's."""
        self._open -= 1
        super().connection_lost(handler, exc)


class _Handler(web.RequestHandler):
    __slots__ = ("_due", "heard")

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.heard = self._loop.time()
        self._due: asyncio.TimerHandle | None = self._loop.call_later(RECEIVE_SECONDS, self._overdue)
        super().connection_made(transport)

    def connection_lost(self, exc: BaseException | None) -> None:
        self._in_time()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        before = self._request_count
        super().data_received(data)
        self.heard = self._loop.time()
        if self._request_count != before:
            self._in_time()
        elif self._due is None and self.waits:
            self._due = self._loop.call_later(RECEIVE_SECONDS, self._overdue)

    @property
    def waits(self) -> bool:
        """Whether it has nothing under way and waits for a request."""
        waiter = self._waiter
        return not self._force_close and (self._request_count == 0 if waiter is None else not waiter.done())

    def _in_time(self) -> None:
        if self._due is not None:
            self._due.cancel()
            self._due = None

    def _overdue(self) -> None:
        self._due = None
        if self.waits:
            METRICS.refusals.add(reason="head")
            self.force_close()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """As aiohttp's, without a word of the request."""
        return super().handle_error(request, status, exc, NOT_HTTP if message is not None else None)
