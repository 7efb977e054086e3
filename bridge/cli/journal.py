"""``bridge journal``: look at what the bridge did, settle what it could not, and check that nobody changed the record.

Works on the database of BRIDGE_DATABASE_URL while bridges run; what changes nothing opens it read-only. Exit 1 where
the thing checked is bad or a change was refused. Must not hold a rule: those are in ``core.intent`` and ``journal``.
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import sys
from collections.abc import Awaitable, Callable
from contextlib import closing
from typing import NoReturn, TypeVar

import typer
from rich.box import SIMPLE
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from bridge.cli.journal_terms import instant, one_of
from bridge.core.intent import State
from bridge.core.model import Op, Route
from bridge.journal import Journal
from bridge.journal.audit import now
from bridge.journal.look_up_first import HOURS
from bridge.journal.operator import Verdict
from bridge.journal.reading import Checked, Reader, Wanted
from bridge.journal.told import dispatch_as_json, intent_as_json, iso, row_as_json
from bridge.settings import ConfigurationError, Settings, load
from bridge.telemetry import log

Answer = TypeVar("Answer")

cli = typer.Typer(help="What the bridge did, and what a person settles.", no_args_is_help=True, add_completion=False)

JSON = typer.Option(False, "--json", help="print JSON")
DRY = typer.Option(False, "--dry-run", help="say what would be done, and do nothing")
YES = typer.Option(False, "--yes", help="do it without asking")
SINCE = "a day (2026-02-19), a moment (2026-02-19T10:00:00Z) or an age (90m, 24h, 7d)"


@cli.callback()
def journal() -> None:
    """What the bridge did, and what a person settles."""


@cli.command("list")
def list_(
    state: list[str] = typer.Option([], help="such as IN_DOUBT or PARKED; several times for several"),
    caller: str | None = typer.Option(None, help="the caller's name in BRIDGE_CALLERS, or a user"),
    operation: str | None = typer.Option(None, help="create, update or delete"),
    object_type: str | None = typer.Option(None, "--object", help="Payment or Refund"),
    route: str | None = typer.Option(None, help="soap, action or rest"),
    zuora_id: str | None = typer.Option(None, help="the Id of a payment or refund"),
    account: str | None = typer.Option(None, help="the account that a request names"),
    document: str | None = typer.Option(None, help="an invoice, memo or refunded payment that a request names"),
    amount: str | None = typer.Option(None, help="the amount of a request, as a number: 12.5 finds 12.50"),
    reference: str | None = typer.Option(None, help="the ReferenceId or GatewayOrderId of a request"),
    since: str | None = typer.Option(None, help=f"received since {SINCE}"),
    until: str | None = typer.Option(None, help="received before"),
    limit: int = typer.Option(50, min=1, help="at most so many"),
    as_json: bool = JSON,
) -> None:
    """List intents, the newest first. What only requests say is searched by opening them, which takes its time."""
    settings = load()
    wanted = Wanted(
        states=frozenset(one_of(State, each) for each in state),
        caller=caller,
        op=one_of(Op, operation) if operation else None,
        object_type=object_type,
        route=one_of(Route, route) if route else None,
        zuora_id=zuora_id,
        since=instant(since, settings) if since else None,
        until=instant(until, settings) if until else None,
    )
    said = {"account": account, "document": document, "amount": amount, "reference": reference}
    with reader(settings) as opened:
        if any(each is not None for each in said.values()):
            # Reading requests takes tools that the other commands need not wait for.
            from bridge.cli.journal_search import searched

            with progress() as bar:
                found = searched(opened, wanted, said, limit + 1, bar)
        else:
            found = list(opened.intents(wanted, limit + 1))
    more = len(found) > limit
    if as_json:
        typer.echo(json.dumps({"intents": [intent_as_json(each) for each in found[:limit]], "more": more}, indent=2))
        return
    # Two lines a row: an id that is cut off cannot be copied into the next command.
    table = Table(box=SIMPLE, pad_edge=False)
    table.add_column("intent\nZuora Id", no_wrap=True)
    table.add_column("state\nreceived", no_wrap=True)
    table.add_column("what\nroute, caller")
    for each in found[:limit]:
        what = f"{each.object_type}.{each.op.value}"
        route_ = each.route.value if each.route else "-"
        received = iso(each.created_at, seconds=True)
        table.add_row(
            f"{each.id}\n{each.zuora_id or '-'}", f"{each.state.name}\n{received}", f"{what}\n{route_}, {each.caller}"
        )
    console = Console()
    console.print(table)
    if more:
        console.print(f"There are more than {limit}; see --limit and the filters.")


@cli.command()
def show(
    intent_id: str = typer.Argument(..., metavar="INTENT", help="an intent's id, as in Bridge-Intent"),
    request: bool = typer.Option(False, "--request", help="also the requests as they were sent, without secrets"),
    as_json: bool = JSON,
) -> None:
    """Show all that is known of one intent: its states over time and its requests."""
    with reader(load()) as opened:
        found = opened.intent(intent_id)
        if found is None:
            refuse(f"the journal has no intent {intent_id}")
        history = [row_as_json(row) for row in opened.history(intent_id)]
        dispatches = [dispatch_as_json(each, request=request) for each in opened.dispatches(intent_id)]
    told = {**intent_as_json(found), "history": history, "dispatches": dispatches}
    if as_json:
        typer.echo(json.dumps(told, indent=2))
        return
    for name, value in told.items():
        if name not in ("history", "dispatches") and value not in (None, []):
            typer.echo(f"{name:<11} {value if isinstance(value, str | int) else json.dumps(value)}")
    typer.echo("\nhistory")
    typer.echo(f"  {told['received']}  received")
    for row in history:
        typer.echo(f"  {row['at']}  {row['kind']:<8} {json.dumps(row['detail'])}  by {row['writer']}")
    for each in dispatches:
        typer.echo(f"\n{each['id']}")
        for name, value in each.items():
            if name not in ("id", "request") and value is not None:
                typer.echo(f"  {name:<9} {value if isinstance(value, str | int) else json.dumps(value)}")
        for line in each.get("request", ()):
            typer.echo(f"  | {line}")


@cli.command()
def export(
    since: str = typer.Option(..., help=f"received since {SINCE}"),
    until: str | None = typer.Option(None, help="received before"),
    request: bool = typer.Option(False, "--request", help="also the requests as they were sent, without secrets"),
) -> None:
    """Print intents with their history and dispatches as JSON lines, the newest first, without secrets."""
    settings = load()
    wanted = Wanted(since=instant(since, settings), until=instant(until, settings) if until else None)
    with reader(settings) as opened, progress() as bar:
        task = bar.add_task("export", total=opened.count(wanted))
        for each in opened.intents(wanted):
            history = [row_as_json(row) for row in opened.history(each.id)]
            dispatches = [dispatch_as_json(one, request=request) for one in opened.dispatches(each.id)]
            typer.echo(json.dumps({**intent_as_json(each), "history": history, "dispatches": dispatches}))
            bar.advance(task)


@cli.command()
def verify(
    head: list[str] = typer.Option(
        [], help="WRITER:SEQ:HEAD of a line `audit head signed` kept elsewhere; several times for several"
    ),
    as_json: bool = JSON,
) -> None:
    """Check the audit: whether a row was changed, removed, added, moved, or cut off."""
    known: dict[str, dict[int, bytes]] = {}
    for each in head:
        try:
            writer, seq, digest = each.rsplit(":", 2)
            known.setdefault(writer, {})[int(seq)] = bytes.fromhex(digest)
        except ValueError:
            raise ConfigurationError("--head is WRITER:SEQ:HEAD as in a log line `audit head signed`") from None
    told = Checked(0, 0, 0, ())
    with reader(load()) as opened, progress() as bar:
        task = bar.add_task("verify", total=None)
        for told in opened.verify(known):
            bar.update(task, completed=told.writers, description=f"verify: {told.rows} rows")
    if as_json:
        typer.echo(
            json.dumps(
                {"good": not told.wrong, "chains": told.writers, "rows": told.rows, "unsealed": told.unsealed}
                | {"wrong": list(told.wrong)},
                indent=2,
            )
        )
    else:
        typer.echo(f"{told.rows} rows in {told.writers} chains, {told.unsealed} of them newer than the last signature")
        for line in told.wrong:
            typer.echo(f"WRONG  {line}")
        typer.echo("Something was changed behind the bridge's back." if told.wrong else "Nothing was changed.")
    raise typer.Exit(1 if told.wrong else 0)


@cli.command()
def resolve(
    intent_id: str = typer.Argument(..., metavar="INTENT", help="an intent that is IN_DOUBT or PARKED"),
    applied: str | None = typer.Option(None, metavar="ID", help="it was done: the Id of the object in Zuora"),
    not_applied: bool = typer.Option(False, "--not-applied", help="it was not done; a repeat is a new attempt"),
    refused: bool = typer.Option(False, "--refused", help="Zuora refused it; a repeat is a new attempt"),
    reason: str = typer.Option("", help="what you looked at and saw"),
    by: str = typer.Option("", help="your name"),
    dry_run: bool = DRY,
    yes: bool = YES,
    as_json: bool = JSON,
) -> None:
    """Say what became of an intent, after looking in Zuora. It stands in the audit with your name and reason."""
    chosen = [applied is not None, not_applied, refused]
    if sum(chosen) != 1:
        raise ConfigurationError("say exactly one of --applied ID, --not-applied and --refused")
    target = (State.APPLIED, State.NOT_APPLIED, State.REFUSED)[chosen.index(True)]
    if not reason.strip() or not by.strip():
        raise ConfigurationError("--reason and --by are needed: both go into the audit")
    settings = load()
    confirm(f"Settle {intent_id} as {target.name}? If that is wrong, money moves twice or not at all.", dry_run, yes)
    verdict = Verdict(intent_id, target, applied, reason, by)
    done(
        changed(settings, lambda opened: opened.operator.resolve(verdict, dry=dry_run)),
        {"intent": intent_id, "state": target.name, "zuoraId": applied},
        dry_run=dry_run,
        as_json=as_json,
    )


@cli.command()
def reconcile(
    since: str = typer.Option("", help=f"compare what was settled or made since {SINCE}"),
    user_id: list[str] = typer.Option(
        [], help="createdById of what the bridge's client makes; several times for several"
    ),
    assign: str = typer.Option("", metavar="BREAK", help="give a break an owner, with --to"),
    to: str = typer.Option("", help="the owner's name"),
    accept: str = typer.Option("", metavar="BREAK", help="close a break that is right as it is"),
    reason: str = typer.Option("", help="why it is right"),
    by: str = typer.Option("", help="your name"),
    dry_run: bool = DRY,
    yes: bool = YES,
    as_json: bool = JSON,
) -> None:
    """Compare journal and Zuora both ways; without --since, list the breaks that are open. Exit 1 while any is."""
    # Of all these commands it alone speaks to Zuora; the others need not wait for what that takes.
    from bridge.cli.journal_reconcile import compared, tell

    settings = load()
    if sum(map(bool, (since, assign, accept))) > 1:
        raise ConfigurationError("say one of --since, --assign and --accept")
    if assign:
        confirm(f"Give {assign} to {to}?", dry_run, yes)
        why = changed(settings, lambda opened: opened.operator.assign(assign, to, dry=dry_run))
        return done(why, {"break": assign, "owner": to}, dry_run=dry_run, as_json=as_json)
    if accept:
        if not reason.strip() or not by.strip():
            raise ConfigurationError("--reason and --by are needed: both go into the audit")
        confirm(f"Close {accept} as right?", dry_run, yes)
        why = changed(settings, lambda opened: opened.operator.accept(accept, reason, by, dry=dry_run))
        return done(why, {"break": accept, "reason": reason}, dry_run=dry_run, as_json=as_json)
    run = compared(settings, since, user_id) if since else None
    if run is not None and not dry_run:
        found, examined = run.findings, run.examined
        changed(settings, lambda opened: opened.operator.reconciled(found, examined))
    with reader(settings) as opened:
        still_open = opened.breaks(still_open=True)
    tell(run, still_open, json_=as_json)
    raise typer.Exit(1 if still_open or (run is not None and dry_run and run.findings) else 0)


@cli.command()
def restore(
    reason: str = typer.Option("", help="what was restored, from when"),
    by: str = typer.Option("", help="your name"),
    hours: int = typer.Option(HOURS, min=1, max=24 * 31, help="how long look-up-first mode lasts"),
    end: bool = typer.Option(False, "--end", help="end the mode instead"),
    status: bool = typer.Option(False, "--status", help="only say whether the mode is on"),
    dry_run: bool = DRY,
    yes: bool = YES,
    as_json: bool = JSON,
) -> None:
    """After a backup was restored or a failover: look every create up in Zuora before it is sent, for 72 hours."""
    settings = load()
    if status:
        with reader(settings) as opened:
            mode = opened.mode()
        on = settings.journal.look_up_first or (mode is not None and mode.until > now())
        ends = iso(mode.until) if mode is not None and mode.until else None
        if as_json:
            told = {"on": on, "until": ends, "why": mode.why if mode else None}
            typer.echo(json.dumps(told | {"always": settings.journal.look_up_first}, indent=2))
        else:
            always = " (BRIDGE_JOURNAL__LOOK_UP_FIRST)" if settings.journal.look_up_first else f" until {ends}"
            typer.echo(f"look-up-first mode is on{always}" if on else "look-up-first mode is off")
        return
    if not reason.strip() or not by.strip():
        raise ConfigurationError("--reason and --by are needed: both go into the audit")
    until = None if end else now() + hours * 3_600_000
    question = f"Look every create up before it is sent, for {hours} hours?" if until else "End look-up-first mode?"
    confirm(question, dry_run, yes)
    done(
        changed(settings, lambda opened: opened.operator.look_up_first(until, reason, by, dry=dry_run)),
        {"lookUpFirst": until is not None, "until": iso(until)},
        dry_run=dry_run,
        as_json=as_json,
    )


@cli.command()
def rekey(
    reason: str = typer.Option("", help="why the key is exchanged"),
    by: str = typer.Option("", help="your name"),
    dry_run: bool = DRY,
    yes: bool = YES,
    as_json: bool = JSON,
) -> None:
    """Seal all requests anew under BRIDGE_JOURNAL__KEY, so that BRIDGE_JOURNAL__OTHER_KEYS opens nothing any more."""
    from bridge.cli.journal_rekey import resealed

    if not reason.strip() or not by.strip():
        raise ConfigurationError("--reason and --by are needed: both go into the audit")
    settings = load()
    with reader(settings) as opened:
        count = opened.sealed_otherwise()
    confirm(f"Seal {count} requests anew under BRIDGE_JOURNAL__KEY?", dry_run, yes)
    if dry_run:
        done(None, {"requests": count}, dry_run=True, as_json=as_json)
        return
    with progress() as bar:
        task = bar.add_task("rekey", total=count)
        told = changed(settings, lambda opened: resealed(opened, reason, by, lambda n: bar.advance(task, n)))
    done(None, {"requests": told.count, "unreadable": told.unreadable or None}, dry_run=False, as_json=as_json)
    if told.unreadable:
        typer.echo("bridge: the unreadable ones open under none of the keys; keep the other keys set", err=True)
        raise typer.Exit(1)


@cli.command()
def migrate(
    wait: float | None = typer.Option(
        None, metavar="SECONDS", min=0, help="change nothing; wait so long until it is migrated, exit 1 if it is not"
    ),
    dry_run: bool = DRY,
    yes: bool = YES,
    as_json: bool = JSON,
) -> None:
    """Bring the journal to this bridge's schema without serving; makes it where there is none. Needs no key."""
    from bridge.cli import journal_migrate as schema

    settings = load()
    if wait is not None:
        if dry_run or yes:
            raise ConfigurationError("--wait changes nothing, so it goes without --dry-run and --yes")
        schema.wait(settings, wait, as_json=as_json)
    found = schema.there(settings)
    if not found.usable:
        confirm(schema.question(found), dry_run, yes)
    if not dry_run:
        schema.bring(settings, found)
    done_now = not dry_run and not found.usable
    schema.tell(found, done=done_now, dry_run=dry_run, as_json=as_json)


# ---------------------------------------------------------------- what the verbs share


def reader(settings: Settings) -> Reader:
    """The journal, read-only."""
    return Reader(settings.database_url, settings.journal_key)


def changed(settings: Settings, scene: Callable[[Journal], Awaitable[Answer]]) -> Answer:
    """Open the journal to change something; it must be one that a bridge of this version has made."""
    with reader(settings):
        pass
    log.configure("ERROR")
    instance = f"cli-{os.getpid()}-{secrets.token_hex(6)}"

    async def on_loop() -> Answer:
        with closing(Journal.open(settings.database_url, settings.journal_key, instance)) as opened:
            return await scene(opened)

    return asyncio.run(on_loop())


def confirm(question: str, dry_run: bool, yes: bool) -> None:
    """Ask at a terminal; elsewhere ``--yes`` is needed."""
    if dry_run or yes:
        return
    if not sys.stdin.isatty():
        raise ConfigurationError("there is no terminal to ask at: say --yes, or --dry-run to see what would be done")
    typer.confirm(question, abort=True, err=True)


def done(why_not: str | None, told: dict[str, object], *, dry_run: bool, as_json: bool) -> None:
    """Say what came of a change; exit 1 where it was refused."""
    if as_json:
        outcome = {"done": why_not is None and not dry_run, "dryRun": dry_run, "refused": why_not}
        typer.echo(json.dumps(told | outcome, indent=2))
    elif why_not is None:
        given = ", ".join(f"{name} {value}" for name, value in told.items() if value is not None)
        typer.echo(f"{'would be done' if dry_run else 'done'}: {given}")
    if why_not is not None:
        refuse(why_not)


def refuse(why: str) -> NoReturn:
    """Exit 1 with a sentence."""
    typer.echo(f"bridge: {why}; nothing was changed", err=True)
    raise typer.Exit(1)


def progress() -> Progress:
    """A bar on stderr, where a person looks at it."""
    return Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty())
