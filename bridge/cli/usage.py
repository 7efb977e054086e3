"""``bridge usage``: who still calls the old API, with what, and what would break without Zuora's SOAP.

Exit 0: nobody needs the bridge any more. 1: somebody does. 3: nobody was seen, but not for long enough to say so. Must
not judge: that is ``cutover.usage``.
"""

from __future__ import annotations

import json

import typer
from rich.console import Console
from rich.table import Table

from bridge.cli.journal import JSON, reader
from bridge.cutover.usage import QUIET_DAYS, Radar, radar, radar_json
from bridge.journal.audit import now
from bridge.journal.told import iso
from bridge.settings import load


def usage(
    caller: str = typer.Option("", help="only this caller's rows"),
    quiet_days: int = typer.Option(
        QUIET_DAYS, min=1, help="days without a call, after which a caller needs it no more"
    ),
    fields: bool = typer.Option(False, "--fields", help="a row per field as well"),
    as_json: bool = JSON,
) -> None:
    """Show who still calls the old API, with what, and what would break without Zuora's SOAP."""
    settings = load()
    with reader(settings) as journal:
        used = journal.usage()
    if caller:
        used = [each for each in used if each.use.caller == caller]
    seen = radar(used, now(), quiet_days, settings.tenant.second_reference)
    if as_json:
        typer.echo(json.dumps(radar_json(seen), indent=2))
    else:
        typer.echo(seen.verdict)
        _print(seen, fields=fields)
    if seen.callers:
        raise typer.Exit(1)
    raise typer.Exit(0 if seen.observed else 3)


def _print(seen: Radar, *, fields: bool) -> None:
    shown = [each for each in seen.rows if fields or not each.used.use.field]
    if not shown:
        return
    table = Table("caller", "operation", "object", *(["field"] if fields else []), "version", "route", "count", "last")
    table.add_column("without SOAP", overflow="fold")
    for each in sorted(shown, key=lambda each: (each.used.use.caller, each.need.value != "soap", each.used.use)):
        use = each.used.use
        names = (use.caller, use.operation, use.object_type, *([use.field] if fields else []), use.version, use.route)
        table.add_row(*names, str(each.used.count), iso(each.used.last_seen), f"{each.need.value}: {each.why}")
    Console().print(table)
    for name in seen.quiet:
        typer.echo(f"{name} has not called for {seen.quiet_days} days.")
