"""Writes README.md, the catalogue as a page: ``python tests/scenarios/page.py`` from the project's root.

Everything on the page comes from the data that the tests play, so the page cannot promise what is not tested.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
PAGE = HERE / "README.md"
# As a script it is outside of pytest, which puts these folders on the path for the tests.
sys.path[:0] = [str(HERE), str(HERE.parent)]

import catalogue  # noqa: E402
from harness import Obj  # noqa: E402
from scenario_terms import (  # noqa: E402
    Advance,
    Call,
    Err,
    Fault,
    Gone,
    JsonCall,
    ManyPayments,
    Ok,
    Order,
    Page,
    Relayed,
    Rest,
    Restart,
    Row,
    Silence,
    Soap,
    Story,
    Switch,
)

HEAD = """# Scenarios: what the bridge does, end to end

Written by `tests/scenarios/page.py` from `catalogue.py`; change the data, not this page. Numbers 1 to {last} are the
catalogue of what a correct bridge does; those from 1001 on are about authority, doubt, restarts and currencies. CI
plays all of it and compares this page with the data. `test_scenarios.py::11b` is the row 11b below, played by
`pytest tests/scenarios/test_scenarios.py -k 11b`; other names are test functions.

Each row starts from a fresh fixture and is played over real HTTP: a caller, the bridge with its journal, and the
simulated Zuora. A row holds only if the route of every object, every request that could change something (with its
exact JSON and its idempotency key), the bytes of the answer and the whole ledger are as written; what is not mentioned
did not happen.

## Fixture

{fixture}

Every payment also has the account, `EffectiveDate` 2026-02-20, the external method PMx, `Status` Processed and `Type`
External, unless the row says otherwise; every refund is external, by check, of 2026-02-20. `@I1` stands for the id of
I1. *SOAP create [0, 2]* is one SOAP request with the first and third object of the call, unchanged.

## Every number and its test

{index}
## Rows

"""
LATER = "it stands in for an object that Invoice Settlement has taken away (emulation), a later issue"
ROWS_IN = "test_scenarios.py"
COMMON = {"AccountId": "@A", "EffectiveDate": "2026-02-20", "PaymentMethodId": "@PMx", "Status": "Processed"}
COMMON_REFUND = {"MethodType": "Check", "RefundDate": "2026-02-20"}


def page() -> str:
    """The page as it should be."""
    fixture = (catalogue.__doc__ or "").partition("Fixture: ")[2].strip()
    played = [*((row.number, row.part, _row(row)) for row in catalogue.ROWS)]
    played += [(story.number, story.part, _story(story)) for story in catalogue.STORIES]
    told = "\n".join(text for *_, text in sorted(played, key=lambda each: each[:2]))
    head = HEAD.format(fixture=fixture[0].upper() + fixture[1:], index=_index(), last=catalogue.LAST)
    return head + told


def tests() -> Mapping[int, Sequence[str]]:
    """For each number of the catalogue the tests that play it; none for what is left for later."""
    found: dict[int, list[str]] = {number: [] for number in range(1, catalogue.LAST + 1)}
    for row in catalogue.ROWS:
        found.setdefault(row.number, []).append(f"{ROWS_IN}::{row.number}{row.part}")
    for story in catalogue.STORIES:
        found.setdefault(story.number, []).append(f"{_home(story)}::{story.test}")
    return dict(sorted(found.items()))


def _home(story: Story) -> str:
    """The module that has the story's test."""
    return next(path.name for path in sorted(HERE.glob("test_*.py")) if f"def {story.test}(" in path.read_text("utf-8"))


def _index() -> str:
    lines = ["| # | what | played by |", "|---|---|---|"]
    names = {each.number: each.name for each in reversed((*catalogue.ROWS, *catalogue.STORIES))}
    for number, played in tests().items():
        if played:
            lines.append(f"| {number} | {names[number]} | {', '.join(f'`{each}`' for each in dict.fromkeys(played))} |")
        else:
            lines.append(f"| {number} | {catalogue.LATER[number]} | not yet: {LATER} |")
    return "\n".join(lines) + "\n"


def _row(row: Row) -> str:
    lines = [f"### {row.number}{row.part} {row.name}", ""]
    if row.given:
        lines.append(f"- Given: {row.given}")
    for step in row.steps:
        match step:
            case Call():
                lines += _call(step)
            case JsonCall():
                lines += _json_call(step)
            case _:
                lines.append(f"- Given: {_arranged(step)}")
    lines.append(f"- Afterwards: {_after(row)}")
    return "\n".join(lines) + "\n"


def _story(story: Story) -> str:
    return (
        f"### {story.number}{story.part} {story.name}\n\n- Given: {story.given}\n- Call: {story.call}\n"
        f"- Answer: {story.answer}\n- Afterwards: {story.ledger}\n- Played by: `{story.test}`\n"
    )


def _arranged(step: object) -> str:
    match step:
        case Order(kind, match, more):
            where = " ".join(f"{name} {value}" for name, value in match.items())
            how = ", ".join(f"{name} {value}" for name, value in more.items())
            return f"Zuora shows the fault `{kind}` on {where}" + (f" ({how})" if how else "")
        case Switch(name, value):
            return f"the tenant's setting {name} is {str(value).lower()}"
        case Advance(seconds):
            return f"{seconds // 3600} hours pass" if seconds >= 7200 else f"{seconds // 60} minutes pass"
        case ManyPayments(count):
            return f"{count} more unapplied payments of 1"
        case Restart():
            return "the bridge stops and starts again"
        case _:
            raise TypeError(step)


def _call(call: Call) -> list[str]:
    who = f" of {call.user}" if call.user else ""
    who += " under a session that Zuora does not know" if call.session else ""
    who += ", as one transaction" if call.single else ""
    who += ", while another program holds the journal's lock" if call.journal_locked else ""
    who += f", with the header `{call.headers}`" if call.headers else ""
    what = _times(_object(each) for each in call.objects) or f"`{call.body}`"
    lines = [f"- Call: {call.op}{who} at {call.version}: {what}"]
    if call.route:
        lines.append(f"- Route: {_times(word if word != '-' else 'none' for word in call.route.split())}")
    if call.sent:
        lines.append(f"- Zuora is asked to: {_times(_sent(each) for each in call.sent)}")
    elif not isinstance(call.told, Relayed):
        lines.append("- Zuora is asked to change nothing")
    if call.reads is not None:
        lines.append(f"- Look-ups: {_times(f'`{line}`' for line in call.reads) or 'none'}")
    joined = " (`Bridge-Joined: true`)" if call.joined else ""
    lines.append(f"- Answer: {_told(call)}{joined}")
    return lines


def _json_call(call: JsonCall) -> list[str]:
    lines = [f"- Call: {call.method} {call.path} `{call.body}`"]
    if call.route:
        lines.append(f"- Route: {call.route if call.route != '-' else 'none'}")
    asked = _times(_sent(each) for each in call.sent)
    lines.append(f"- Zuora is asked to: {asked}" if asked else "- Zuora is asked to change nothing")
    lines.append(f"- Answer: HTTP {call.status} `{call.answer}`")
    return lines


def _object(one: Obj) -> str:
    common: Mapping[str, Any] = COMMON if one.type == "Payment" else COMMON_REFUND
    shown = {name: _value(value) for name, value in one.fields.items() if common.get(name) != value}
    if shown.get("Type") == "External":
        del shown["Type"]
    return f"{one.type} {{{', '.join(f'{name} {value}' for name, value in sorted(shown.items()))}}}"


def _value(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "[" + ", ".join(" ".join(f"{n} {_value(v)}" for n, v in sorted(row.fields.items())) for row in value) + "]"


def _sent(each: Soap | Rest) -> str:
    if isinstance(each, Soap):
        single = " as one transaction" if each.single else ""
        return f"SOAP {each.op} [{', '.join(map(str, each.places))}]{single}"
    key = f" under {each.key}" if each.key else ""
    body = f" `{json.dumps(each.body)}`" if each.body is not None else ""
    return f"{each.method} {each.path}{body}{key}"


def _told(call: Call) -> str:
    match call.told:
        case Fault(code, kind, _, status, retry_after):
            later = f", Retry-After {retry_after}" if retry_after else ""
            return f"fault {kind} {code}, HTTP {status}{later}"
        case Silence():
            return "HTTP 504, no envelope"
        case Relayed(status, _):
            return f"Zuora's own, unchanged, HTTP {status}"
        case Page(rows):
            shown = _times(", ".join(f"{name} {value}" for name, value in row.items()) for row in rows)
            return f"the bridge's own page: {shown or 'no rows'}"
        case Gone(posts):
            return f"none: the caller closed its socket when {posts} POSTs had arrived"
        case told:
            return _times(_row_told(each) for each in told)


def _row_told(each: Ok | Err) -> str:
    if isinstance(each, Ok):
        return "ok, the first Id" if each.same_as else "ok"
    return f"{each.code}" + (f", Field {each.field}" if each.field else "")


def _after(row: Row) -> str:
    found = [f"{name} {value}" for name, value in row.ledger.items()]
    found += [f"payments {_times(row.payments)}"] if row.payments else []
    found += [f"refunds {_times(row.refunds)}"] if row.refunds else []
    for name, fields in row.books.items():
        found.append(f"{name} shows {', '.join(f'{field} {_shown(value)}' for field, value in fields.items())}")
    return "; ".join(found) or "nothing changed"


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _times(items: Iterable[str]) -> str:
    """A list in which repetitions are counted: neighbours, or pairs in turn."""
    listed = list(items)
    counted = _runs(listed)
    if len(counted) > 8:
        return ", ".join(f"{count} × {item}" if count > 1 else item for item, count in Counter(listed).items())
    return ", ".join(f"{count} × {item}" if count > 1 else item for item, count in counted)


def _runs(listed: Sequence[str]) -> list[tuple[str, int]]:
    return [(item, len(list(group))) for item, group in groupby(listed)]


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
