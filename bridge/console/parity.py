"""Parity: what shadows have found, the reports of replays, and a whole report in a box of its own.

A report shows what was captured, so its page may do nothing in the console's name: it is served in a sandbox without
scripts, forms or the console's origin. Must not compare or judge.
"""

from __future__ import annotations

from aiohttp import web

from bridge.console.visit import Page, Visit
from bridge.parity.page import page

SANDBOX = (
    "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)


async def _show(visit: Visit) -> Page:
    return Page("parity.html.j2", {"shadow": await visit.get("shadow"), "reports": await visit.get("reports")})


async def _report(visit: Visit) -> web.Response:
    report = await visit.get(f"reports/{visit.name}")
    return web.Response(
        text=page(report),
        content_type="text/html",
        charset="utf-8",
        headers={"Content-Security-Policy": SANDBOX, "Referrer-Policy": "no-referrer"},
    )


PAGES = {("GET", "parity"): _show, ("GET", "parity/"): _report}
