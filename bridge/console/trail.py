"""The audit's page: whether every chain is whole, and a check of all of them whose progress is seen.

Must not verify anything: the API does.
"""

from __future__ import annotations

from aiohttp import web

from bridge.console.visit import Page, Visit, elsewhere


async def _show(visit: Visit) -> Page:
    return Page("audit.html.j2", {"told": await visit.get("audit")}, live="audit.live.html.j2")


async def _verify(visit: Visit) -> web.Response:
    await visit.post("audit/verify", {})
    return elsewhere("audit")


PAGES = {("GET", "audit"): _show, ("POST", "audit/verify"): _verify}
