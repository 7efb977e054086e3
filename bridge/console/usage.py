"""The usage radar: who still calls what, and what would break without Zuora's SOAP. Must not judge."""

from __future__ import annotations

from bridge.console.visit import Page, Visit

ORDER = {"soap": 0, "lossy": 1, "rest": 2}


async def _show(visit: Visit) -> Page:
    told = await visit.get("usage")
    rows = sorted(told["uses"], key=lambda each: (ORDER.get(each["need"], 3), each["caller"], -each["count"]))
    return Page("usage.html.j2", {"told": told, "rows": rows})


PAGES = {("GET", "usage"): _show}
