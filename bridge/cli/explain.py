"""``bridge explain INTENT`` and ``bridge explain FILE``: which rule, place, revision and capability decided, and why.

Of an intent by what the journal kept when it was taken; of a SOAP file by the rules that count now, as if it were sent,
with look-ups at the configured tenant (GETs only). Exit 1 where there is nothing to explain. Must not send a write, and
must not make or change a journal.
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import typer

from bridge.cli.journal import JSON, reader
from bridge.core.model import Version
from bridge.cutover.explain import Explanation, of_intent, of_object
from bridge.cutover.standing import Unreadable, of
from bridge.settings import ConfigurationError, Settings, load


def explain(
    what: str = typer.Argument(
        ..., metavar="INTENT|FILE", help="an intent's id, as in Bridge-Intent, or a file with one SOAP envelope"
    ),
    version: str = typer.Option("107.0", help="of a file: the WSDL version the caller posts to"),
    caller: str | None = typer.Option(
        None, help="of a file: as if this caller sent it, a name in BRIDGE_CALLERS or a user"
    ),
    account: str | None = typer.Option(None, metavar="ID", help="of a file: as if its objects were of this account"),
    as_json: bool = JSON,
) -> None:
    """Say which rule, place, revision and capability decided about an intent, or would about a SOAP file."""
    try:
        asked = Version.parse(version)
    except ValueError:
        raise ConfigurationError("--version is a WSDL version such as 107.0") from None
    settings, file = load(), Path(what)
    if file.is_file():
        found = _file(settings, file, asked, caller, account)
        if as_json:
            typer.echo(json.dumps([each.whole for each in found], indent=2))
        else:
            typer.echo("\n\n".join(each.text for each in found))
        return
    explained = _intent(settings, what)
    typer.echo(json.dumps(explained.whole, indent=2) if as_json else explained.text)


def _intent(settings: Settings, intent_id: str) -> Explanation:
    with reader(settings) as opened:
        found = opened.intent(intent_id)
        if found is None:
            typer.echo(
                f"bridge: there is no intent and no file {intent_id}; take an id from `bridge journal list` or from a "
                "Bridge-Intent header, or name a file with one SOAP envelope",
                err=True,
            )
            raise typer.Exit(1)
        try:
            history = [of(each) for each in opened.revisions()]
        except Unreadable as error:
            raise ConfigurationError(f"{error}; use the newer bridge that wrote it") from None
        return of_intent(found, opened.dispatches(intent_id), history)


def _file(
    settings: Settings, file: Path, version: Version, caller: str | None, account: str | None
) -> list[Explanation]:
    # Of the two only this one needs the SOAP stack; who asks for an intent at night need not wait for it.
    from bridge.facade.preview import NotAWrite
    from bridge.planning import Planner, Source

    planner = Planner(settings)
    try:
        made = asyncio.run(planner.plan(file.read_bytes(), version, caller, account))
    except NotAWrite as error:
        typer.echo(f"bridge: {error}", err=True)
        raise typer.Exit(1) from None
    if planner.source is Source.PREFIXES:
        typer.echo("No tenant is configured: numbers are told by their prefixes, and ids count as invoices.", err=True)
    return [of_object(each, made.call, made.caller, planner.history) for each in made.preview.objects]
