"""Reconciliation's breaks: where journal and Zuora disagree, who looks at it, and that one may stay as it is.

Must not compare anything or close a break: the API does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bridge.console.decisions import Decision
from bridge.console.visit import Page, Visit
from bridge.telemetry.redact import redact_text


async def _show(visit: Visit) -> Page:
    told = await visit.get("breaks")
    return Page("breaks.html.j2", {"breaks": told["breaks"], "more": told.get("more")})


def _accept(_form: Mapping[str, str]) -> Sequence[str]:
    return (
        "The break is closed and stays closed while it stays as it is; a further difference opens it again.",
        "No money moves by this, and neither the journal nor Zuora is changed.",
    )


def _assign(form: Mapping[str, str]) -> Sequence[str]:
    return (f"The break is {redact_text(form.get('to') or 'nobody')}'s to look at. Nothing else changes.",)


def _to_breaks(_form: Mapping[str, str]) -> str:
    return "breaks"


def _done(_form: Mapping[str, str], _told: Mapping[str, Any]) -> str:
    return "breaks"


def _break_of(form: Mapping[str, str]) -> dict[str, object]:
    named: dict[str, object] = {"break": form.get("break", "")}
    return named | {"to": form["to"].strip()} if "to" in form else named


ACCEPT = Decision(
    *("breaks/accept", "Accept the break", "Accept it", _accept, _to_breaks, _done),
    body=_break_of,
    fields=("break",),
    grave=True,
)
ASSIGN = Decision(
    *("breaks/assign", "Assign the break", "Assign it", _assign, _to_breaks, _done),
    body=_break_of,
    fields=("break", "to"),
    reasoned=False,
)

PAGES = {("GET", "breaks"): _show, **{("POST", each.api): each.handler() for each in (ACCEPT, ASSIGN)}}
