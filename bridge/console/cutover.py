"""The cutover's pages: what counts now, its ramps, the rules as a file, the history, and each decision about them.

Must not decide a route or hold a rule: the API does, and refuses what may not be.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

from bridge.console.decisions import Decision
from bridge.console.visit import Page, Said, Visit, whole
from bridge.cutover.reading import RulesRefused, from_plain, toml

SHOWN_REVISIONS = 25
MOST_REVISIONS = "1000"
SHOWN_JUDGEMENTS = "40"


async def _show(visit: Visit) -> Page:
    standing = await visit.get("cutover")
    ramps = await visit.get("ramps")
    history = await visit.get("cutover/history", {"limit": str(SHOWN_REVISIONS)})
    done = visit.query.get("done", "")
    shown = {
        "standing": standing,
        "ramps": ramps["ramps"],
        "history": history,
        "toml": written(standing["rules"]),
        "done": next((each for each in history if str(each["revision"]) == done), None),
    }
    return Page("cutover.html.j2", shown)


async def _rules(visit: Visit) -> Page:
    standing = await visit.get("cutover")
    return Page("rules.html.j2", {"standing": standing, "toml": written(standing["rules"]), "said": None})


async def _changed(visit: Visit) -> Page:
    """Another text of the rules: checked, then shown beside what counts; with its faults where it has some."""
    text = visit.form.get("toml", "")
    standing = await visit.get("cutover")
    try:
        await visit.post("cutover/check", {"toml": text})
    except Said as said:
        if said.status != 400:
            raise
        return Page("rules.html.j2", {"standing": standing, "toml": text, "said": said}, 400)
    if not visit.administers:
        return Page("rules.html.j2", {"standing": standing, "toml": text, "said": None, "good": True})
    made = await SET.handler()(visit)
    assert isinstance(made, Page)
    return made


async def _difference(visit: Visit) -> Page:
    history = await visit.get("cutover/history", {"limit": MOST_REVISIONS})
    by_number = {each["revision"]: each for each in history} | {0: {"revision": 0, "rules": [], "stopped": False}}
    new = by_number.get(whole(visit.query.get("to", "")))
    if new is None:
        raise Said(404, {"error": "There is no such revision."})
    wanted = whole(visit.query.get("from", ""))
    before = max((number for number in by_number if number < new["revision"]), default=0)
    old = by_number.get(before if wanted is None else wanted)
    if old is None:
        raise Said(404, {"error": "There is no such revision to compare with."})
    return Page("difference.html.j2", {"old": old, "new": new, "lines": compared(old, new)})


async def _judgements(visit: Visit) -> Page:
    rule = visit.query.get("rule", "")
    found = await visit.get("ramps/judgements", {"limit": SHOWN_JUDGEMENTS} | ({"rule": rule} if rule else {}))
    return Page("judgements.html.j2", {"rule": rule, "judgements": found})


def written(rules: object) -> str:
    """Rules of the API as the text of a file."""
    try:
        return toml(from_plain(rules))
    except RulesRefused as refused:
        return "".join(f"# {each}\n" for each in refused.sentences)


def compared(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """What changed between two revisions, as the lines of a unified diff."""
    before, after = (
        [*written(each["rules"]).splitlines(), *(["# new money calls are refused"] if each["stopped"] else [])]
        for each in (old, new)
    )
    names = (f"revision {old['revision']}", f"revision {new['revision']}")
    return list(difflib.unified_diff(before, after, *names, lineterm="", n=3))


# ---------------------------------------------------------------- decisions

PINNED = "What is on its way stays on its route, and so does every repeat of it: no retry goes another way."


def _revised(_form: Mapping[str, str], told: Mapping[str, Any]) -> str:
    return f"cutover?done={told['revision']}"


def _to_cutover(_form: Mapping[str, str]) -> str:
    return "cutover"


def _rule_of(form: Mapping[str, str]) -> dict[str, object]:
    return {"rule": form.get("rule", "")}


def _stop(_form: Mapping[str, str]) -> Sequence[str]:
    return (
        "Within a second every replica refuses payments and refunds with SERVER_UNAVAILABLE: nothing is sent, and the "
        "ERP is told to repeat later.",
        "No money moves by this, and none is taken back. What is on its way goes on to its end and is settled.",
        "A repeat of a call in doubt is refused as well, and told that what the first one came to stands. Queries and "
        "logins go on.",
    )


def _start(_form: Mapping[str, str]) -> Sequence[str]:
    return (
        "Within a second every replica takes payments and refunds again, by the rules that count now.",
        "What the ERP was refused meanwhile it sends again by itself or not at all; the bridge sends none of it.",
    )


def _rollback(_form: Mapping[str, str]) -> Sequence[str]:
    return (
        "From the next second on new calls go by the earlier rules.",
        PINNED,
        "No money moves by this, and none is taken back.",
    )


def _set(_form: Mapping[str, str]) -> Sequence[str]:
    return ("From the next second on new calls go by these rules.", PINNED, "No money moves by this.")


def _promote(form: Mapping[str, str]) -> Sequence[str]:
    forced = ("The gate has not agreed: this is on your word alone.",) if form.get("force") == "yes" else ()
    return (
        *forced,
        "From the next second on the accounts of the next step go by the new route.",
        PINNED,
        "If the new route fails more often, the gate takes the step back by itself.",
    )


def _hold(_form: Mapping[str, str]) -> Sequence[str]:
    return ("The ramp stays at its percentage until somebody resumes it.", PINNED)


def _resume(_form: Mapping[str, str]) -> Sequence[str]:
    return ("The ramp goes on from its percentage, or from its first step if it was rolled back.", PINNED)


def _rollback_body(form: Mapping[str, str]) -> dict[str, object]:
    to = whole(form.get("to", ""))
    return {} if to is None else {"to": to}


def _promote_body(form: Mapping[str, str]) -> dict[str, object]:
    return _rule_of(form) | ({"force": True} if form.get("force") == "yes" else {})


STOP = Decision("cutover/stop", "Stop new money calls", "Stop now", _stop, _to_cutover, _revised, grave=True)
START = Decision("cutover/start", "Take money calls again", "Start now", _start, _to_cutover, _revised)
ROLLBACK = Decision(
    *("cutover/rollback", "Roll back the rules", "Roll back now", _rollback, _to_cutover, _revised),
    body=_rollback_body,
    fields=("to",),
    grave=True,
)
SET = Decision(
    *("cutover/set", "Set these rules", "Set them now", _set, lambda _form: "cutover/rules", _revised),
    body=lambda form: {"toml": form.get("toml", "")},
    fields=("toml",),
    grave=True,
)
PROMOTE = Decision(
    *("ramps/promote", "Take the next step", "Take it now", _promote, _to_cutover, _revised),
    body=_promote_body,
    fields=("rule", "force"),
)
HOLD = Decision(
    *("ramps/hold", "Hold the ramp", "Hold it now", _hold, _to_cutover, _revised),
    body=_rule_of,
    fields=("rule",),
)
RESUME = Decision(
    *("ramps/resume", "Resume the ramp", "Resume it now", _resume, _to_cutover, _revised),
    body=_rule_of,
    fields=("rule",),
)

PAGES = {
    ("GET", "cutover"): _show,
    ("GET", "cutover/rules"): _rules,
    ("POST", "cutover/rules"): _changed,
    ("GET", "cutover/difference"): _difference,
    ("GET", "cutover/judgements"): _judgements,
    **{("POST", each.api): each.handler() for each in (STOP, START, ROLLBACK, SET, PROMOTE, HOLD, RESUME)},
}
