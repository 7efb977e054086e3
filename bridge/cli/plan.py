"""``bridge plan FILE``: what a SOAP file would do, without doing it.

Looks documents up at the configured tenant (GETs only); without one it goes by number prefixes and says so. The rules
are those that count in the journal, where there is one. Exit 1 if an object would be refused. Must not send a write,
and must not make or change a journal.
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.table import Table

from bridge.core.model import Version
from bridge.core.preview import Preview
from bridge.facade.preview import NotAWrite
from bridge.planning import Planner, Source
from bridge.settings import ConfigurationError, load
from bridge.telemetry.redact import redact, redact_text


def plan(
    file: Path = typer.Argument(..., help="a file with one SOAP envelope", exists=True, dir_okay=False),
    version: str = typer.Option("107.0", help="the WSDL version the caller posts to"),
    caller: str | None = typer.Option(None, help="as if this caller sent it: a name in BRIDGE_CALLERS, or a user"),
    as_json: bool = typer.Option(False, "--json", help="print JSON"),
) -> None:
    """Print which route each object of a SOAP file would take, and the requests that would be sent."""
    try:
        asked = Version.parse(version)
    except ValueError:
        raise ConfigurationError("--version is a WSDL version such as 107.0") from None
    planner = Planner(load())
    try:
        made = asyncio.run(planner.plan(file.read_bytes(), asked, caller)).preview
    except NotAWrite as error:
        typer.echo(f"bridge: {error}", err=True)
        raise typer.Exit(1) from None
    if as_json:
        typer.echo(json.dumps(redact(_json(made, planner)), indent=2))
    else:
        _print(made, planner)
    raise typer.Exit(1 if made.refused else 0)


def _json(made: Preview, planner: Planner) -> dict[str, Any]:
    order = [each.dispatch.id for each in made.dispatches]
    return {
        "objects": [
            {"index": each.index, "route": each.route, "reason": each.reason}
            | {"dispatches": [order.index(dispatch) for dispatch in each.dispatches]}
            for each in made.objects
        ],
        "dispatches": [
            {
                "route": each.dispatch.route.value,
                "method": each.dispatch.method,
                "url": planner.url(each.dispatch),
                "headers": dict(each.dispatch.headers),
                "body": each.dispatch.body.decode(),
                "proof": each.proof,
                "undo": each.undo,
            }
            for each in made.dispatches
        ],
    }


def _print(made: Preview, planner: Planner) -> None:
    console = Console()
    if planner.source is Source.PREFIXES:
        console.print("No tenant is configured: numbers are told by their prefixes, and ids count as invoices.")
    objects = Table("object", "route", "reason")
    for each in made.objects:
        objects.add_row(str(each.index), each.route, redact_text(each.reason))
    console.print(objects)
    for shown in made.dispatches:
        dispatch = shown.dispatch
        url = redact_text(planner.url(dispatch))
        console.print(f"\n{dispatch.method} {url}  ({dispatch.route.value})", soft_wrap=True)
        for name, value in dispatch.headers:
            console.print(redact_text(f"  {name}: {value}"), highlight=False, markup=False, soft_wrap=True)
        if dispatch.body:
            console.print(redact_text(f"  {dispatch.body.decode()}"), highlight=False, markup=False, soft_wrap=True)
        console.print(redact_text(f"  proof: {shown.proof}"), highlight=False, markup=False, soft_wrap=True)
        console.print(f"  undo: {shown.undo}", highlight=False, markup=False, soft_wrap=True)
