"""The first page: whether the bridge takes calls, what goes which way, what fails, what waits for a person.

The part below the heading refreshes itself. Must not judge: the numbers are the API's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bridge.console import charts, words
from bridge.console.visit import Page, Visit

WINDOWS = (("15", "15 minutes"), ("60", "1 hour"), ("1440", "24 hours"))
USUAL = "60"


async def _show(visit: Visit) -> Page:
    asked = visit.query.get("minutes", USUAL)
    minutes = asked if asked in dict(WINDOWS) else USUAL
    told = await visit.get("overview", {"minutes": minutes})
    shown = {
        "told": told,
        "minutes": minutes,
        "windows": WINDOWS,
        "waiting": waiting(told),
        "troubles": list(_troubles(told)),
        "traffic": charts.traffic(told.get("traffic") or [], int(minutes)),
        "slowest": charts.slowest(told.get("latency") or {}),
    }
    return Page("overview.html.j2", shown, live="overview.live.html.j2")


def waiting(told: Mapping[str, Any]) -> int:
    """How many calls wait to be settled."""
    doubt = told.get("doubt") or {}
    return int(doubt.get("in_doubt") or 0) + int(doubt.get("parked") or 0)


def _troubles(told: Mapping[str, Any]) -> Iterator[str]:
    """What somebody should look at besides, one sentence each."""
    if not told.get("ready", True):
        yield "Not ready: " + "; ".join(str(each) for each in told.get("reasons") or ["nobody says why"]) + "."
    look_up_first = told.get("lookUpFirst") or {}
    if look_up_first.get("on"):
        yield f"Every create is looked up before it is sent: {look_up_first.get('why') or 'look-up-first is on'}."
    gone = [each for each in told.get("instances") or [] if not each.get("alive")]
    if gone:
        yield f"{words.some(len(gone), 'process has', 'processes have')} gone silent: {words.listed(gone, 'id')}."
    breaks = told.get("breaks") or {}
    if breaks.get("open"):
        yield f"{words.some(breaks['open'], 'break is', 'breaks are')} open between journal and Zuora."


PAGES = {("GET", ""): _show}
