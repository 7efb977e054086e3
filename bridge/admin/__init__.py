"""The operator's listener: health, readiness, metrics, the admin API. Never reachable from the callers' listener."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable

from aiohttp import web

from bridge.admin.api import PREFIX, Api
from bridge.telemetry.metrics import CONTENT_TYPE

__all__ = ["Admin", "Api"]

Reasons = Callable[[], list[str]]
Pages = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]

CONSOLE = "/console"


class Admin:
    """Answers ``/healthz``, ``/readyz`` and ``/metrics``, which need no token and tell no secret, the API,
    and the pages of ``console`` below ``/console``.
    """

    def __init__(self, reasons: Reasons, metrics: Callable[[], bytes], api: Api, console: Pages) -> None:
        self._reasons = reasons
        self._metrics = metrics
        self._api = api
        self._console = console

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        if request.path.startswith(PREFIX):
            return await self._api(request)
        if request.path == CONSOLE or request.path.startswith(f"{CONSOLE}/"):
            return await self._console(request)
        if request.method not in ("GET", "HEAD"):
            return web.Response(status=405, text="Only GET is served here.")
        match request.path:
            case "/healthz":
                return web.Response(text="ok")
            case "/readyz":
                reasons = self._reasons()
                told = {"ready": not reasons} if not reasons else {"ready": False, "reasons": reasons}
                return web.Response(
                    status=503 if reasons else 200, text=json.dumps(told), content_type="application/json"
                )
            case "/metrics":
                # Of several workers' numbers a rendering is some milliseconds, in which callers would wait.
                body = await asyncio.to_thread(self._metrics)
                return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE})
            case _:
                return web.Response(status=404, text="There is nothing here.")
