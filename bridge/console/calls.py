"""Calls: the search, how far it has come, and one call's evidence from what came in to what was answered.

What stands in sealed requests can only be found by opening them one by one, so a search may end before the journal
does: the page says how far it came and goes on from there. Must not open a request: the API does.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from urllib.parse import urlencode

from aiohttp import web

from bridge.console.visit import Page, Said, Visit, whole
from bridge.telemetry.redact import redact_text

TEXTS = ("account", "document", "amount", "reference", "zuora_id", "caller")
CHOICES = {
    "state": ("APPLIED", "REFUSED", "IN_DOUBT", "PARKED", "NOT_APPLIED", "NOT_SENT", "SENDING"),
    "operation": ("create", "update", "delete"),
    "object": ("Payment", "Refund"),
    "route": ("soap", "action", "rest"),
}
MOMENTS = ("since", "until")
NAMES = (*TEXTS, *CHOICES, *MOMENTS)
_SPAN = re.compile(r"([0-9]{1,5})([mhd])")
_SPANS = {"m": 60_000, "h": 3_600_000, "d": 86_400_000}


async def _search(visit: Visit) -> Page:
    asked = {name: value for name in NAMES if (value := visit.query.get(name, "").strip())}
    shown = {"asked": asked, "choices": CHOICES, "found": None, "said": None, "onward": None}
    try:
        query = asked | {name: str(moment(asked[name], visit.zuora_now)) for name in MOMENTS if name in asked}
        if before := visit.query.get("before", ""):
            query["before"] = before
        found = await visit.get("calls", query)
    except Said as said:
        if said.status != 400:
            raise
        return Page("calls.html.j2", shown | {"said": said}, 400)
    searched = (whole(visit.query.get("rows", "")) or 0) + int((found.get("searched") or {}).get("rows") or 0)
    if found.get("next"):
        shown["onward"] = "calls?" + urlencode(asked | {"before": found["next"], "rows": str(searched)})
    return Page("calls.html.j2", shown | {"found": found, "searched": searched, "further": bool(before)})


async def _evidence(visit: Visit) -> Page:
    call = await visit.get(f"calls/{visit.name}")
    return Page("evidence.html.j2", {"call": call, "done": visit.query.get("done") == "1"})


async def _export(visit: Visit) -> web.Response:
    intent = visit.path.split("/")[1]
    told = await visit.get(f"calls/{intent}/export")
    name = re.sub(r"[^A-Za-z0-9-]", "", intent)
    return web.Response(
        text=json.dumps(told, indent=2, ensure_ascii=False),
        content_type="application/json",
        headers={"Content-Disposition": f'attachment; filename="{name}.json"'},
    )


def moment(text: str, now: int) -> int:
    """A day, a moment (UTC where it says no zone) or an age such as 2h, in milliseconds; raises ``Said``."""
    if found := _SPAN.fullmatch(text):
        return now - int(found[1]) * _SPANS[found[2]]
    try:
        made = datetime.fromisoformat(text)
    except ValueError:
        shown = redact_text(text)[:40]
        said = f"{shown} is no time: write 2026-02-19, 2026-02-19 10:00 (UTC) or 2h for the last two hours."
        raise Said(400, {"error": said}) from None
    since = (made if made.tzinfo is not None else made.replace(tzinfo=UTC)) - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1000 + since.microseconds // 1000


PAGES = {("GET", "calls"): _search, ("GET", "calls/"): _evidence, ("GET", "export/"): _export}
