"""The HTTP server under every listener: aiohttp's, but for what it answers to what is no HTTP.

aiohttp repeats the line at fault, which may be a credential or a card number with a character that no header can hold.
Must not answer anything else, nor log more than aiohttp does.
"""

from __future__ import annotations

from aiohttp import web

NOT_HTTP = "The request is not HTTP as this server reads it; nothing was done."


class Listener(web.Server):
    """Makes a handler for each connection."""

    def __call__(self) -> web.RequestHandler:
        """One connection's."""
        return _Handler(self, loop=self._loop, **self._kwargs)


class _Handler(web.RequestHandler):
    __slots__ = ()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """As aiohttp's, without a word of the request."""
        return super().handle_error(request, status, exc, NOT_HTTP if message is not None else None)
