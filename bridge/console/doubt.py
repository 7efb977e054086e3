"""The queue of calls that nobody knows the end of, and a person's word about one of them.

A verdict decides what the ERP is told when it repeats its call, and so whether money moves again: the review says that
before anything is recorded. Must not settle anything: the API does.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from bridge.console.decisions import Decision
from bridge.console.visit import Page, Visit
from bridge.telemetry.redact import redact_text

_INTENT = re.compile(r"i-[0-9a-z-]{1,64}")


async def _show(visit: Visit) -> Page:
    told = await visit.get("doubt")
    parked = [each for each in told["rows"] if each.get("state") == "PARKED"]
    others = [each for each in told["rows"] if each.get("state") != "PARKED"]
    shown = {"parked": parked, "others": others, "rows": told["rows"], "more": told.get("more")}
    return Page("doubt.html.j2", shown, live="doubt.live.html.j2")


def _consequences(form: Mapping[str, str]) -> Sequence[str]:
    match form.get("state"):
        case "APPLIED":
            return (
                "When the ERP repeats this call it is told Success with the Id "
                f"{redact_text(form.get('zuoraId') or '(none given)')}. Nothing is sent to Zuora.",
                "If that object is not this call's, the ERP books what was never done: look at its amount, account "
                "and time in Zuora before you confirm.",
                "An Id settles one call only; an all but equal payment is refused until the ERP has repeated this one.",
            )
        case "NOT_APPLIED":
            return (
                "When the ERP repeats this call it is a new attempt: money moves then.",
                "If the object exists in Zuora after all, the customer pays twice.",
            )
        case "REFUSED":
            return (
                "Nothing is sent by this, and the bridge looks for it no more.",
                "The ERP's own repeat would be a new attempt and move money. If the object exists in Zuora after all, "
                "the customer pays twice.",
            )
        case _:
            return ("Choose first what became of it.",)


def _body(form: Mapping[str, str]) -> dict[str, object]:
    said: dict[str, object] = {"intent": form.get("intent", ""), "state": form.get("state", "")}
    if zuora_id := form.get("zuoraId", "").strip():
        said["zuoraId"] = zuora_id
    return said


def _evidence(form: Mapping[str, str]) -> str:
    return f"calls/{form.get('intent', '')}"


def _back(form: Mapping[str, str]) -> str:
    return _evidence(form) if _INTENT.fullmatch(form.get("intent", "")) else "doubt"


def _settled(form: Mapping[str, str], _told: Mapping[str, Any]) -> str:
    return f"{_evidence(form)}?done=1"


async def _call(visit: Visit) -> Mapping[str, Any]:
    told: Mapping[str, Any] = await visit.get(_evidence(visit.form))
    return told


RESOLVE = Decision(
    *("doubt/resolve", "Settle this call", "Record this verdict", _consequences, _back, _settled),
    body=_body,
    fields=("intent", "state", "zuoraId"),
    grave=True,
    about=_call,
)

PAGES = {("GET", "doubt"): _show, ("POST", "doubt/resolve"): RESOLVE.handler()}
