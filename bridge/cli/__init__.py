"""The command line: one file per command noun. Exit 0 good, 1 the thing checked is bad, 2 usage, 3 not enough data.

A noun's file is imported when it is asked for: whoever lists the journal at night does not wait for a SOAP stack to
load. Must not import a noun, or what a noun works with, before that.
"""

from __future__ import annotations

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


@cli.callback()
def bridge() -> None:
    """The SOAP retirement bridge for Zuora payments and refunds."""


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
