"""The scenario catalogue's own calls, replayed by route soap against route rest: what is left behind is the same.

Each scenario on twins of its own. The codes and words of a refusal may differ between the routes, money may not.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[1] / "scenarios"))

from catalogue import ROWS
from harness import Obj, deleted, saved
from scenario_terms import Call, Row

from bridge.cli.parity_twins import fresh
from bridge.contract.reader import read_own
from bridge.parity import capture
from bridge.parity.compare import Comparison
from bridge.parity.corpus import HEADERS, PATH, envelope
from bridge.parity.replay import neutrals, replay
from bridge.parity.terms import Entry
from bridge.parity.verdict import judge


def plain(row: Row) -> bool:
    """Calls of today's version by the ERP, without an order to Zuora, a setting or another caller."""
    return (
        not (row.settings or row.zuora)
        and all(isinstance(step, Call) for step in row.steps)
        and all(
            isinstance(step, Call)
            and step.objects
            and step.op in ("create", "update", "delete")
            and step.version == "107.0"
            and not (step.user or step.session or step.body or step.headers or step.single or step.journal_locked)
            for step in row.steps
        )
    )


def entries(row: Row, names: dict[str, str]) -> list[Entry]:
    """Its calls; ``@kept`` is what an earlier call made first."""
    kept = dict(names)
    made = []
    for number, step in enumerate(row.steps, 1):
        assert isinstance(step, Call)
        objects = [_resolved(each, kept) for each in step.objects]
        if step.op == "delete":
            body = deleted(objects[0].type, [str(each.fields["Id"]) for each in objects])
        else:
            body = saved(step.op, objects)
        made.append(capture.entry(number, PATH, HEADERS, envelope(body), source=f"scenario {row.number}"))
        if step.keep:
            kept[step.keep] = f"{{id:{number}.1}}"
    return made


def _resolved(one: Obj, names: dict[str, str]) -> Obj:
    fields = {}
    for name, value in one.fields.items():
        if isinstance(value, str):
            fields[name] = names[value[1:]] if value[:1] == "@" else value
        else:
            fields[name] = None if value is None else [_resolved(each, names) for each in value]
    return Obj(one.type, fields)


PLAIN = [row for row in ROWS if plain(row)]


def test_most_of_the_catalogue_is_plain() -> None:
    """The replay below would prove little on a few."""
    assert len(PLAIN) > 60


@pytest.mark.parametrize("row", PLAIN, ids=lambda row: str(row.number))
def test_a_scenario_leaves_the_same_behind(row: Row, tmp_path: Path) -> None:
    """Whichever route carries what both can."""
    with fresh(tmp_path, {"left": "soap", "right": "rest"}) as started:
        sides = [twin.side() for twin in started.values()]
        names = started["left"].books().names()
        run = replay(entries(row, names), sides, {name: twin.books() for name, twin in started.items()})
    around = neutrals(run, sides, [twin.sandbox for twin in started.values()])
    assert not any(b"OUTCOME UNKNOWN" in each.body for one in run.exchanges for each in one.answers.values())
    found = judge(run, COMPARISON, around, between="rest soap", tolerance=0.05)
    assert [(str(each.key), each.sample) for each in found.classes if each.money] == []
    told = [each for each in found.classes if each.key.path.lower().endswith(("/success", "http", "body/*"))]
    assert [(str(each.key), each.sample) for each in told] == []


COMPARISON = Comparison(read_own())
