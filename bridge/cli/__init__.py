"""The command line: one file per command noun. Exit 0 good, 1 the thing checked is bad, 2 usage, 3 not enough data."""

from __future__ import annotations

import sys

import typer

from bridge.cli.demo import demo
from bridge.cli.doctor import doctor
from bridge.cli.journal import cli as journal
from bridge.cli.plan import plan
from bridge.cli.sandbox import cli as sandbox
from bridge.cli.serve import serve
from bridge.cli.wsdl import cli as wsdl
from bridge.contract.errors import ContractError
from bridge.journal import JournalError
from bridge.settings import ConfigurationError

__all__ = ["main"]

cli = typer.Typer(
    name="bridge",
    help="The SOAP retirement bridge for Zuora payments and refunds.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
cli.command()(serve)
cli.command()(demo)
cli.command()(plan)
cli.command()(doctor)
cli.add_typer(sandbox, name="sandbox")
cli.add_typer(wsdl, name="wsdl")
cli.add_typer(journal, name="journal")


def main() -> None:
    """The console script."""
    try:
        cli()
    except (ConfigurationError, ContractError, JournalError) as error:
        print(f"bridge: {error}", file=sys.stderr)
        raise SystemExit(2) from None
