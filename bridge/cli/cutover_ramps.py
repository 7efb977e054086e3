"""``bridge cutover ramps`` and its like: where each ramp stands, and a person's word about it.

What a gate judged is read from the journal, as the serving processes left it there. Must not judge a ramp.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import typer

from bridge.cli.cutover_change import change, standing
from bridge.cli.journal import DRY, JSON, YES, reader, refuse
from bridge.cutover.gates import not_ready
from bridge.cutover.reading import plain
from bridge.cutover.standing import NoStep, Standing, halt, promote, ramp_of, resume
from bridge.journal.ramps import Judged
from bridge.journal.told import iso
from bridge.settings import load

RULE = typer.Argument(..., metavar="RULE", help="the name of a rule with a ramp")
REASON = typer.Option("", help="why; it stands in the history and in the audit")
BY = typer.Option("", help="your name")


def ramps(as_json: bool = JSON) -> None:
    """Show where each ramp stands and what its gate says. Exit 1 halted or rolled back, 3 not enough data."""
    now, last = _now()
    told = [_told(now, each.name, last.get(each.name)) for each in now.rules if each.ramp is not None]
    if as_json:
        typer.echo(json.dumps(told, indent=2))
    elif not told:
        typer.echo("No rule has a ramp.")
    for each in told if not as_json else ():
        typer.echo(f"{each['rule']}: {each['percent']} % of {', '.join(each['steps'])}: {each['verdict']}")
        for name in ("reason", "bound", "ready_at", "judged_at"):
            if each[name] is not None:
                typer.echo(f"    {name.replace('_', ' '):<10} {each[name]}")
        for name in ("new", "other"):
            if numbers := each["numbers"].get(name):
                typer.echo(f"    {name:<10} {', '.join(f'{key} {value}' for key, value in numbers.items())}")
        if each["awaits_approval"]:
            typer.echo(f"    it waits for `bridge cutover promote '{each['rule']}'`")
    verdicts = {each["verdict"] for each in told}
    if verdicts & {"HALTED", "ROLLED BACK"}:
        raise typer.Exit(1)
    if "NOT ENOUGH DATA" in verdicts:
        raise typer.Exit(3)


def judgements(
    rule: str = typer.Argument("", metavar="[RULE]", help="the name of a rule; without it, all"),
    limit: int = typer.Option(20, min=1, help="at most so many, the newest first"),
    as_json: bool = JSON,
) -> None:
    """Show what gates judged, the newest first, each with its numbers."""
    with reader(load()) as opened:
        found = opened.judgements(rule or None, limit)
    if as_json:
        made = [{"rule": each.rule, "revision": each.revision, "at": iso(each.at)} for each in found]
        both = zip(made, found, strict=True)
        typer.echo(json.dumps([one | {"verdict": each.verdict, **each.detail} for one, each in both], indent=2))
        return
    for each in found:
        said = each.detail
        typer.echo(f"{iso(each.at)}  {each.rule} at {said.get('percent')} %: {each.verdict}: {said.get('reason')}")
    if not found:
        typer.echo("No gate has judged anything yet.")


def promote_(
    rule: str = RULE,
    force: bool = typer.Option(False, "--force", help="whatever its gate says"),
    reason: str = REASON,
    by: str = BY,
    dry_run: bool = DRY,
    yes: bool = YES,
    as_json: bool = JSON,
) -> None:
    """Take the next step of a ramp, if its gate says PROMOTE."""

    def up(now: Standing) -> Standing:
        if not force and (why := not_ready(now, rule, next(iter(_last(rule)), None))) is not None:
            refuse(why)
        return promote(now, rule)

    _move(up, f"Take the next step of {rule}?", reason, by, dry_run, yes, as_json=as_json)


def hold(
    rule: str = RULE, reason: str = REASON, by: str = BY, dry_run: bool = DRY, yes: bool = YES, as_json: bool = JSON
) -> None:
    """Let a ramp stay where it is; its gate goes on watching, and rolls back at a breach."""
    _move(lambda now: halt(now, rule, back=False), f"Hold {rule}?", reason, by, dry_run, yes, as_json=as_json)


def resume_(
    rule: str = RULE, reason: str = REASON, by: str = BY, dry_run: bool = DRY, yes: bool = YES, as_json: bool = JSON
) -> None:
    """Let a ramp that is halted go on; from its first step, if it was rolled back."""
    _move(lambda now: resume(now, rule), f"Resume {rule}?", reason, by, dry_run, yes, as_json=as_json)


def register(cli: typer.Typer) -> None:
    """Add the verbs to ``bridge cutover``."""
    cli.command()(ramps)
    cli.command()(judgements)
    cli.command("promote")(promote_)
    cli.command()(hold)
    cli.command("resume")(resume_)


def _now() -> tuple[Standing, dict[str, Judged]]:
    now = standing(load())
    return now, {each.name: one for each in now.rules if each.ramp is not None for one in _last(each.name)}


def _last(rule: str) -> list[Judged]:
    with reader(load()) as opened:
        return opened.judgements(rule, 1)


def _told(now: Standing, name: str, last: Judged | None) -> dict[str, Any]:
    rule, ramp = ramp_of(now, name)
    said = last.detail if last is not None else {}
    current = last is not None and last.revision == now.number
    verdict = last.verdict if last is not None and current else "NOT ENOUGH DATA"
    if ramp.halted:
        verdict = "HALTED" if rule.percent else "ROLLED BACK"
    ready = said.get("ready_at")
    return {
        "rule": name,
        "percent": str(rule.percent),
        "steps": plain(rule)["ramp"]["steps"],  # type: ignore[index]
        "verdict": verdict,
        "reason": said.get("reason"),
        "bound": said.get("bound"),
        "wanting": said.get("wanting", {}) if current else {},
        "ready_at": iso(ready) if isinstance(ready, int) and current else None,
        "judged_at": iso(last.at) if last is not None else None,
        "awaits_approval": current and bool(said.get("awaits_approval")),
        "numbers": {each: said.get(each) for each in ("new", "other", "compared", "unequal", "soaked_ms")},
    }


def _move(
    decide: Callable[[Standing], Standing],
    question: str,
    reason: str,
    by: str,
    dry_run: bool,
    yes: bool,
    *,
    as_json: bool,
) -> None:
    def step(now: Standing) -> Standing:
        try:
            return decide(now)
        except NoStep as why:
            refuse(str(why))

    change(step, question, reason, by, dry_run, yes, as_json=as_json)
