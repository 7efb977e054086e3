"""The operator's listener: health, readiness, metrics. Must not be reachable from the callers' listener."""

from __future__ import annotations

import json
from collections.abc import Callable

from aiohttp import web

__all__ = ["Admin"]

Reasons = Callable[[], list[str]]


class Admin:
    """Answers ``/healthz``, ``/readyz`` and ``/metrics``; they need no token and tell no secret."""

    def __init__(self, reasons: Reasons, metrics: Callable[[], str]) -> None:
        self._reasons = reasons
        self._metrics = metrics

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        if request.method not in ("GET", "HEAD"):
            return web.Response(status=405, text="Only GET is served here.")
        match request.path:
            case "/healthz":
                return web.Response(text="ok")
            case "/readyz":
                reasons = self._reasons()
                body = {"ready": not reasons} if not reasons else {"ready": False, "reasons": reasons}
                return web.Response(
                    status=503 if reasons else 200, text=json.dumps(body), content_type="application/json"
                )
            case "/metrics":
                return web.Response(text=self._metrics(), content_type="text/plain", charset="utf-8")
            case _:
                return web.Response(status=404, text="There is nothing here.")
