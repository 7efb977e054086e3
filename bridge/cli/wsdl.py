"""``bridge wsdl check`` and ``bridge wsdl diff``: a tenant's WSDL file judged, and two of them compared.

Reads files and nothing else: no tenant is asked. Exit 1 where something has to be done, 2 where a file is no WSDL that
can be read. Must not hold a rule: those are in ``upstream.probe_file`` and ``contract.diff``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import typer
from rich.console import Console
from rich.text import Text

from bridge.contract.contract import Contract
from bridge.contract.diff import Change, compare
from bridge.contract.errors import ContractError
from bridge.contract.files import extension
from bridge.contract.reader import read
from bridge.settings import load
from bridge.upstream.probe_file import custom_fields, examine
from bridge.upstream.probe_findings import Finding, State, any_wrong

cli = typer.Typer(help="Judge a tenant's WSDL file, or compare two.", no_args_is_help=True, add_completion=False)

_FILE = typer.Argument(..., exists=True, dir_okay=False, help="a WSDL file as downloaded from Zuora")


@cli.callback()
def wsdl() -> None:
    """Judge a tenant's WSDL file, or compare two."""


@cli.command()
def check(file: Path = _FILE, as_json: bool = typer.Option(False, "--json", help="print JSON")) -> None:
    """Say whether a file can be used as BRIDGE_ZUORA__WSDL, and what it tells of the tenant."""
    settlement = load().zuora.settlement
    try:
        # What the extension adds is ours and says nothing of the tenant, but it has to fit.
        read(file, extension=extension())
        contract = read(file)
    except ContractError as error:
        if as_json:
            typer.echo(json.dumps({"file": str(file), "error": str(error)}, indent=2))
        typer.echo(f"bridge: {file}: {error}", err=True)
        raise typer.Exit(1) from None
    findings = examine(contract, settlement)
    if as_json:
        typer.echo(json.dumps(_checked(file, contract, findings), indent=2))
    else:
        show(findings)
    raise typer.Exit(1 if any_wrong(findings) else 0)


@cli.command()
def diff(
    old: Path = _FILE, new: Path = _FILE, as_json: bool = typer.Option(False, "--json", help="print JSON")
) -> None:
    """Say what changes for callers generated from OLD when the file is NEW; exit 1 if something breaks them."""
    changes = compare(_readable(old), _readable(new))
    breaking = [each for each in changes if each.breaking]
    if as_json:
        told = [{"where": e.where, "what": e.what, "breaking": e.breaking, "why": e.why} for e in changes]
        typer.echo(json.dumps({"old": str(old), "new": str(new), "breaking": len(breaking), "changes": told}, indent=2))
    else:
        _print_changes(changes)
    raise typer.Exit(1 if breaking else 0)


def _readable(file: Path) -> Contract:
    try:
        return read(file)
    except ContractError as error:
        typer.echo(f"bridge: {file}: {error}", err=True)
        raise typer.Exit(2) from None


def _checked(file: Path, contract: Contract, findings: Iterable[Finding]) -> dict[str, object]:
    return {
        "file": str(file),
        "version": str(contract.version),
        "address": contract.address,
        "objects": list(contract.objects),
        "operations": list(contract.operations),
        "customFields": custom_fields(contract),
        "findings": [each.as_json() for each in findings],
    }


STYLES = {State.AGREES: "green", State.WRONG: "bold red", State.UNKNOWN: "yellow", State.NOTE: "dim"}


def show(findings: Iterable[Finding]) -> None:
    """Print each finding on a line, and below it what to do, as lines that can be copied."""
    console = Console()
    for each in findings:
        configured = f" (configured: {each.configured})" if each.configured else ""
        line = Text(f"{each.state.value:<17}", STYLES[each.state])
        console.print(line.append(f" {each.subject}: {each.found}{configured}", "default"), soft_wrap=True)
        for advice in each.advice:
            console.print(Text(f"{'':<17}  {advice}", "bold"), soft_wrap=True)


def _print_changes(changes: Sequence[Change]) -> None:
    console = Console()
    if not changes:
        console.print("The files say the same.")
        return
    for each in changes:
        line = Text(f"{'breaking' if each.breaking else '':<9}", "bold red")
        console.print(line.append(f" {each.where}: {each.what}; {each.why}", "default"), soft_wrap=True)
    breaking = sum(each.breaking for each in changes)
    console.print(f"{len(changes)} changes, {breaking} of them breaking for callers generated from the first file.")
