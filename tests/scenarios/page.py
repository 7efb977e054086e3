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
    ManyPayments,
    Ok,
    Order,
    Post,
    Relayed,
    Restart,
    Row,
    Silence,
    Soap,
    Story,
    Switch,
)

HEAD = """# Scenarios: what the bridge does, end to end

Written by `tests/scenarios/page.py` from `catalogue.py`; change the data, not this page.
Each row starts from a fresh fixture and is played over real HTTP: a caller, the bridge with its journal, and the
simulated Zuora. A row holds only if the route of every object, every request that could change something (with its
exact JSON and its idempotency key), the bytes of the answer and the whole ledger are as written; what is not mentioned
did not happen.

## Fixture

{fixture}

Every payment also has the account, `EffectiveDate` 2026-02-20, the external method PMx, `Status` Processed and `Type`
External, unless the row says otherwise; every refund is external, by check, of 2026-02-20. `@I1` stands for the id of
I1. *SOAP create [0, 2]* is one SOAP request with the first and third object of the call, unchanged.

## Rows

"""
COMMON = {"AccountId": "@A", "EffectiveDate": "2026-02-20", "PaymentMethodId": "@PMx", "Status": "Processed"}
COMMON_REFUND = {"MethodType": "Check", "RefundDate": "2026-02-20"}


def page() -> str:
    """The page as it should be."""
    fixture = (catalogue.__doc__ or "").partition("Fixture: ")[2].strip()
    rows = "\n".join(_row(each) for each in catalogue.ROWS)
    stories = "\n".join(_story(each) for each in catalogue.STORIES)
    return HEAD.format(fixture=fixture[0].upper() + fixture[1:]) + rows + "\n" + stories


def _row(row: Row) -> str:
    lines = [f"### {row.number}{row.part} {row.name}", ""]
    if row.given:
        lines.append(f"- Given: {row.given}")
    for step in row.steps:
        lines += _call(step) if isinstance(step, Call) else [f"- Given: {_arranged(step)}"]
    lines.append(f"- Afterwards: {_after(row)}")
    return "\n".join(lines) + "\n"


def _story(story: Story) -> str:
    return (
        f"### {story.number} {story.name}\n\n- Given: {story.given}\n- Call: {story.call}\n- Answer: {story.answer}\n"
        f"- Afterwards: {story.ledger}\n- Played by: `{story.test}`\n"
    )


def _arranged(step: object) -> str:
    match step:
        case Order(kind, match, more):
            where = " ".join(f"{name} {value}" for name, value in match.items())
            how = ", ".join(f"{name} {value}" for name, value in more.items())
            return f"Zuora shows the fault `{kind}` on {where}" + (f" ({how})" if how else "")
        case Switch(name, value):
            return f"the tenant's setting {name} is {value}"
        case Advance(seconds):
            return f"{seconds // 60} minutes pass"
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


def _object(one: Obj) -> str:
    common: Mapping[str, Any] = COMMON if one.type == "Payment" else COMMON_REFUND
    shown = {name: _value(value) for name, value in one.fields.items() if common.get(name) != value}
    if shown.get("Type") == "External":
        del shown["Type"]
    return f"{one.type} {{{', '.join(f'{name} {value}' for name, value in sorted(shown.items()))}}}"


def _value(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "[" + ", ".join(" ".join(f"{n} {v}" for n, v in sorted(row.fields.items())) for row in value) + "]"


def _sent(each: Soap | Post) -> str:
    if isinstance(each, Soap):
        return f"SOAP {each.op} [{', '.join(map(str, each.places))}]"
    key = f" under {each.key}" if each.key else ""
    return f"POST {each.path} `{json.dumps(each.body)}`{key}"


def _told(call: Call) -> str:
    match call.told:
        case Fault(code, kind, _, status, retry_after):
            later = f", Retry-After {retry_after}" if retry_after else ""
            return f"fault {kind} {code}, HTTP {status}{later}"
        case Silence():
            return "HTTP 504, no envelope"
        case Relayed(status, _):
            return f"Zuora's own, unchanged, HTTP {status}"
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
    return "; ".join(found) or "nothing changed"


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
