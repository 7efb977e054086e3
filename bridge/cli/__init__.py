"""The command line: one file per command noun. Exit 0 good, 1 the thing checked is bad, 2 usage, 3 not enough data.

A noun's file is imported when it is asked for: whoever lists the journal at night does not wait for a SOAP stack to
load. Must not import a noun, or what a noun works with, before that.
"""

from __future__ import annotations

import json
import sys
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

__all__ = ["main"]

NOUNS = (
    *("serve", "demo", "plan", "explain", "doctor", "sandbox", "wsdl"),
    *("journal", "cutover", "parity", "usage", "simulate"),
)
"""In the order of the help page. Each has a file of its name in this room, with a command of its name or a ``cli``."""


class Nouns(TyperGroup):
    """The nouns, each loaded by its name."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - the group's signature
        """All of them."""
        return list(NOUNS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 - the group's signature
        """The noun of that name, or None."""
        if cmd_name not in NOUNS:
            return None
        module = import_module(f"bridge.cli.{cmd_name}")
        noun = getattr(module, "cli", None)
        if noun is None:
            noun = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
            noun.command(cmd_name)(getattr(module, cmd_name))
        made = get_command(noun)
        made.name = cmd_name
        return made


cli = typer.Typer(
    cls=Nouns,
    name="bridge",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@cli.callback(invoke_without_command=True)
def bridge(
    context: typer.Context,
    version: bool = typer.Option(False, "--version", help="print version, build and WSDL version"),
    as_json: bool = typer.Option(False, "--json", help="with --version: print JSON"),
) -> None:
    """The SOAP retirement bridge for Zuora payments and refunds."""
    if version:
        _print_version(as_json)
        raise typer.Exit
    if as_json:
        raise typer.BadParameter("--json belongs to --version, or behind a command")
    if context.invoked_subcommand is None:
        raise typer.BadParameter("no command; bridge --help lists them")


def _print_version(as_json: bool) -> None:
    """What runs, and the WSDL that ``serve`` would use; whatever the settings are, it is told."""
    from bridge.contract.files import own_wsdl
    from bridge.settings import ConfigurationError, load
    from bridge.telemetry.build import build, wsdl_version

    made = build()
    file, problem = "", None
    try:
        path = load().zuora.wsdl or own_wsdl()
        file, told = str(path), wsdl_version(path)
    except ConfigurationError as error:
        told, problem = "unknown", str(error)
    if as_json:
        wsdl = {"version": told, "file": file or None, "problem": problem}
        shown = {"version": made.version, "build": made.revision, "origin": made.origin, "wsdl": wsdl}
        typer.echo(json.dumps(shown, indent=2))
        return
    typer.echo(f"{made}, WSDL {told} ({problem or file})")


def main() -> None:
    """The console script."""
    try:
        cli()
    except Exception as error:
        # What it takes to load them is loaded already where one of them was raised.
        from bridge.contract.errors import ContractError
        from bridge.journal.errors import JournalError
        from bridge.settings import ConfigurationError

        if not isinstance(error, ConfigurationError | ContractError | JournalError):
            raise
        print(f"bridge: {error}", file=sys.stderr)
        raise SystemExit(2) from None
