"""The doors that are not SOAP: Actions and CRUD go to the JSON door, every other path is streamed unparsed.

Must not look into what it streams, nor hold it.
"""

from __future__ import annotations

from aiohttp import web

from bridge.facade.json_door import JsonDoor
from bridge.facade.passing import Passing, came_back, no_answer
from bridge.facade.paths import Door, Found
from bridge.facade.responses import as_sent, go_on, relay
from bridge.telemetry.call import current
from bridge.telemetry.log import get_logger
from bridge.upstream.transport import Broken, Streamed

log = get_logger("facade")


class RestDoor:
    """Answers what goes to Zuora's REST host."""

    def __init__(self, passing: Passing, json: JsonDoor) -> None:
        self._passing = passing
        self._json = json

    async def __call__(self, request: web.BaseRequest, found: Found) -> web.StreamResponse:
        """Answer one request of the doors ACTION, CRUD and REST."""
        await go_on(request)
        if found.door is Door.REST:
            return await self._stream(request)
        return await self._json(request, found)

    async def _stream(self, request: web.BaseRequest) -> web.StreamResponse:
        note, reads = current(), request.method in ("GET", "HEAD", "OPTIONS")
        note.asks("read" if reads else "write")
        body = request.content.iter_any() if request.body_exists else None
        async with self._passing.stream(request.method, request.raw_path, as_sent(request), body) as came:
            if not isinstance(came, Streamed):
                log.warning("not passed", came=type(came).__name__.lower(), reason=came.reason)
                passed = no_answer(came)
                note.came_to("pass", came_back(passed, changes=not reads))
                return relay(passed)
            note.came_to("pass", "passed")
            response = web.StreamResponse(status=came.status, reason=came.reason)
            response.headers.clear()
            response.headers.extend(came.headers)
            await response.prepare(request)
            try:
                async for piece in came.pieces:
                    await response.write(piece)
            except Broken:
                # The status is gone already: only a connection that ends early tells the caller.
                if request.transport is not None:
                    request.transport.abort()
                return response
            await response.write_eof()
            return response
