"""``bridge cutover``: which route carries what more than one can carry, changed while bridges run.

Every change is a revision with an author and a reason, counts in all processes within a second, and can be rolled back
in one step; what is on its way stays on its route. Exit 1 where the thing checked is bad or a change was refused. Must
not hold a rule: those are in ``cutover``.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.table import Table

from bridge.cli import cutover_ramps
from bridge.cli.cutover_change import change, history_of, standing
from bridge.cli.journal import DRY, JSON, YES, refuse
from bridge.cutover.policy import fixed
from bridge.cutover.reading import RulesRefused, parse, plain, toml
from bridge.cutover.rules import Rule
from bridge.cutover.standing import NoWayBack, Standing, back, difference, start, stop, with_rules
from bridge.journal.told import iso
from bridge.settings import load

cli = typer.Typer(help="Which route carries what more than one can carry.", no_args_is_help=True, add_completion=False)

FILE = typer.Argument(..., help="rules as TOML, a [[rule]] table each", exists=True, dir_okay=False)
REASON = typer.Option("", help="why; it stands in the history and in the audit")
BY = typer.Option("", help="your name")


cutover_ramps.register(cli)


@cli.callback()
def cutover() -> None:
    """Which route carries what more than one can carry."""


@cli.command()
def show(
    as_toml: bool = typer.Option(False, "--toml", help="print the file that `set` takes, to edit it"),
    as_json: bool = JSON,
) -> None:
    """Show the rules that count now, in their order."""
    settings = load()
    now = standing(settings)
    if as_toml:
        typer.echo(toml(now.rules), nl=False)
        return
    last = fixed(settings.routes)
    if as_json:
        typer.echo(json.dumps(_standing_json(now) | {"fixed": [plain(rule) for rule in last]}, indent=2))
        return
    typer.echo(_headline(now))
    if now.rules or last:
        Console().print(_table([*now.rules, *last]))
    typer.echo("Whatever no rule matches goes by soap, of JSON callers by action; what only REST can do goes by rest.")


@cli.command()
def check(file: Path = FILE, as_json: bool = JSON) -> None:
    """Read a file of rules and say everything that is wrong with it. Exit 1 if anything is."""
    rules: tuple[Rule, ...] = ()
    wrong: tuple[str, ...] = ()
    try:
        rules = parse(file.read_text(encoding="utf-8"))
    except RulesRefused as refused:
        wrong = refused.sentences
    except UnicodeDecodeError:
        wrong = ("It is no UTF-8.",)
    if as_json:
        typer.echo(json.dumps({"good": not wrong, "rules": len(rules), "wrong": list(wrong)}, indent=2))
    else:
        for sentence in wrong:
            typer.echo(f"WRONG  {sentence}")
        if not wrong:
            typer.echo(f"{len(rules)} rules, nothing is wrong with them")
    raise typer.Exit(1 if wrong else 0)


@cli.command("set")
def set_(
    file: Path = FILE,
    reason: str = REASON,
    by: str = BY,
    dry_run: bool = DRY,
    yes: bool = YES,
    as_json: bool = JSON,
) -> None:
    """Let the rules of a file count, in place of all that count now; shows what changes and asks."""
    try:
        rules = parse(file.read_text(encoding="utf-8"))
    except (RulesRefused, UnicodeDecodeError) as error:
        refuse(f"{file}: {error}")
    change(lambda now: with_rules(now, rules), "Let these rules count?", reason, by, dry_run, yes, as_json=as_json)


@cli.command()
def rollback(
    to: int | None = typer.Option(None, min=0, help="the revision to go back to; without it, the rules before these"),
    reason: str = REASON,
    by: str = BY,
    dry_run: bool = DRY,
    yes: bool = YES,
    as_json: bool = JSON,
) -> None:
    """Let earlier rules count again. What is on its way stays on its route; a retry of it too."""

    def earlier(now: Standing) -> Standing:
        try:
            return back(now, history_of(load()), to)
        except NoWayBack as why:
            refuse(str(why))

    change(earlier, "Let these earlier rules count?", reason, by, dry_run, yes, as_json=as_json)


@cli.command("stop")
def stop_(
    reason: str = REASON,
    by: str = BY,
    dry_run: bool = DRY,
    yes: bool = YES,
    as_json: bool = JSON,
) -> None:
    """Refuse all new payments and refunds at once, and go on settling what is on its way. Queries go on."""
    change(stop, "Refuse all new payments and refunds?", reason, by, dry_run, yes, as_json=as_json)


@cli.command("start")
def start_(
    reason: str = REASON,
    by: str = BY,
    dry_run: bool = DRY,
    yes: bool = YES,
    as_json: bool = JSON,
) -> None:
    """Take payments and refunds again after a stop."""
    change(start, "Take payments and refunds again?", reason, by, dry_run, yes, as_json=as_json)


@cli.command()
def history(
    limit: int = typer.Option(20, min=1, help="at most so many, the newest first"),
    diff: bool = typer.Option(False, "--diff", help="with what each changed"),
    as_json: bool = JSON,
) -> None:
    """Show who changed what, when and why, the newest first."""
    every = history_of(load())
    shown = every[:limit]
    if as_json:
        typer.echo(json.dumps([_standing_json(each) for each in shown], indent=2))
        return
    if not shown:
        typer.echo("Nobody has changed anything yet.")
        return
    older = {each.number: before for each, before in zip(every, [*every[1:], Standing()], strict=True)}
    for each in shown:
        typer.echo(_headline(each))
        if diff:
            for line in difference(older[each.number], each):
                typer.echo(f"    {line}")


# ---------------------------------------------------------------- what the verbs share


def _headline(now: Standing) -> str:
    if not now.number:
        return "No rules were ever set."
    what = {
        "set": f"{len(now.rules)} rules set",
        "rollback": f"rolled back to revision {now.origin}" if now.origin else "rolled back to no rules",
        "stop": "new payments and refunds stopped",
        "start": "payments and refunds taken again",
        "promote": "a ramp's next step",
        "halt": "a ramp halted",
        "resume": "a ramp resumed",
    }[now.what]
    stopped = "; new payments and refunds are refused" if now.stopped and now.what != "stop" else ""
    return f"revision {now.number}, {iso(now.at)}: {what} by {now.author}: {now.reason}{stopped}"


def _table(rules: Sequence[Rule]) -> Table:
    table = Table("rule", "for", "accounts", "route")
    for rule in rules:
        whom = [" or ".join(sorted(each)) for each in (rule.callers, rule.operations, rule.objects) if each]
        accounts = [f"{len(rule.accounts)} listed"] if rule.accounts else []
        accounts += [f"below {rule.account_percent} %"] if rule.account_percent is not None else []
        route = rule.way.value
        if rule.percent is not None:
            route = f"{route} below {rule.percent} %, others {rule.otherwise.value}"
        if rule.since is not None:
            route = f"{route} from {iso(rule.since)}"
        table.add_row(rule.name, ", ".join(whom) or "everything", ", ".join(accounts) or "all", route)
    return table


def _standing_json(now: Standing) -> dict[str, Any]:
    return {
        "revision": now.number,
        "what": now.what,
        "at": iso(now.at) if now.number else None,
        "author": now.author,
        "reason": now.reason,
        "stopped": now.stopped,
        "rules": [plain(rule) for rule in now.rules],
    }
