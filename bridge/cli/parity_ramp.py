"""``bridge parity gate --ramp``: a report's decision, recorded for a rule's ramp and acted on.

A report promotes a ramp whose own gate has not enough data, or says PROMOTE; never one that its gate holds. One that
must not be used rolls back. Must not decide what a report says: ``parity.gate`` does.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

import typer

from bridge.cli.journal import changed, reader, refuse
from bridge.cutover.standing import NoStep, Standing, halt, of, promote, ramp_of
from bridge.journal.ramps import Act, Judged
from bridge.parity.gate import Decision, Step
from bridge.settings import ConfigurationError, load
from bridge.telemetry import clocks

WORDS = {Step.PROMOTE: "PROMOTE", Step.ROLL_BACK: "ROLL BACK", Step.HOLD: "HOLD"}
HOLDING = frozenset({"HOLD", "ROLL BACK"})


def act(
    rule: str, report: Mapping[str, Any], decision: Decision, reason: str, by: str, *, dry_run: bool, as_json: bool
) -> NoReturn:
    """Record the decision and do what it says; exits 0 promoted, 1 rolled back, 3 held."""
    if not reason.strip() or not by.strip():
        raise ConfigurationError("--reason and --by are needed with --ramp: both go into the history and the audit")
    settings = load()
    with reader(settings) as opened:
        now = next((of(each) for each in opened.revisions(1)), Standing())
        last = next(iter(opened.judgements(rule, 1)), None)
    step, new, said = decision.step, None, decision.reason
    try:
        one, _ = ramp_of(now, rule)
        if step is Step.PROMOTE and last is not None and last.revision == now.number and last.verdict in HOLDING:
            step, said = Step.HOLD, f"{said} But the gate of {rule} says {last.verdict}: {last.detail.get('reason')}."
        if step is Step.PROMOTE:
            new = promote(now, rule)
        elif step is Step.ROLL_BACK and one.percent:
            new = halt(now, rule, back=True)
    except NoStep as why:
        refuse(str(why))
    detail = {"percent": str(one.percent), "reason": said, "by": by, "why": reason, "report": report.get("digest")}
    at = round(clocks.wall() * 1000)
    made = Judged(rule, now.number, at, WORDS[step], detail)
    follows = None if new is None else Act(new.decided(), f"{reason} ({said})", by)
    rows = comparisons(rule, report, at)
    why_not = changed(settings, lambda opened: opened.operator.judged(made, follows, rows, dry=dry_run))
    if why_not is not None:
        refuse(why_not)
    told = {"decision": step.name.lower(), "reason": said, "rule": rule, "done": not dry_run}
    told["percent"] = str(one.percent if new is None else ramp_of(new, rule)[0].percent)
    typer.echo(json.dumps(told) if as_json else f"{said}\n{rule} is at {told['percent']} %")
    raise typer.Exit(step.value)


def comparisons(rule: str, report: Mapping[str, Any], at: int) -> Sequence[Mapping[str, object]]:
    """A row for each group of calls in the report, under an id that is the same whenever it is recorded."""
    rows = []
    for each in report["groups"]:
        calls, unequal = int(each["calls"]), int(each.get("counted", 0))
        name = f"{rule}\x1f{report.get('digest')}\x1f{each['operation']}\x1f{each['object']}"
        detail = {"calls": calls, "unequal": unequal, "money": bool(each["money"]), "report": report.get("digest")}
        rows.append(
            {
                "id": hashlib.sha256(name.encode()).hexdigest(),
                "at": at,
                "kind": "report",
                "rule": rule,
                "operation": each["operation"],
                "object_type": each["object"],
                "intent_id": None,
                "equal": int(not unequal),
                "detail": json.dumps(detail),
            }
        )
    return rows
