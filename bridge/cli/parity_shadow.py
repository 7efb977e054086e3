"""``bridge parity shadow``: what shadows have found, per rule, operation and object, and what it proves.

Reads the journal beside running bridges. Must not compare or change anything.
"""

from __future__ import annotations

import json

import typer

from bridge.cli.journal import JSON, reader
from bridge.cli.journal_terms import instant
from bridge.journal.told import iso
from bridge.parity.shadow_report import EXIT, TOLERANCE, Shadowed, summed, whole
from bridge.settings import load

MOST_CLUSTERS = 10


def shadow(
    since: str = typer.Option("7d", help="a day, a moment or an age such as 24h"),
    rule: str = typer.Option("", help="only this rule"),
    tolerance: float = typer.Option(TOLERANCE, min=0.0001, max=0.5, help="the largest upper bound of a mismatch rate"),
    as_json: bool = JSON,
) -> None:
    """Show what shadows found. Exit 0 pass, 1 something differs, 3 not enough data."""
    settings = load()
    with reader(settings) as opened:
        found = opened.comparisons(instant(since, settings), rule or None)
    groups = summed(found, tolerance)
    verdict = whole(groups)
    if as_json:
        told = {"verdict": verdict.value, "tolerance": tolerance, "groups": [each.as_json() for each in groups]}
        typer.echo(json.dumps(told, indent=2))
    else:
        for each in groups:
            _print(each)
        typer.echo(verdict.value if groups else f"{verdict.value}: no shadow has compared anything.")
    raise typer.Exit(EXIT[verdict])


def _print(group: Shadowed) -> None:
    typer.echo(f"{group.rule}: {group.operation} {group.object_type}: {group.verdict.value}: {group.why}")
    for name, count in (("noise", group.noise), ("known", group.known)):
        if count:
            typer.echo(f"    {name:<6} {count}")
    for each in group.clusters[:MOST_CLUSTERS]:
        money = ", money" if each.money else ""
        typer.echo(f"    {each.count} x {each.path} {each.kind}{money}")
        at = each.example.get("at")
        seen = f", seen {iso(at, seconds=True)}" if isinstance(at, int) else ""
        intent = f", {each.example['intent']}" if each.example.get("intent") else ""
        typer.echo(f"        {each.example.get('left')!r} beside {each.example.get('right')!r}{intent}{seen}")
    if len(group.clusters) > MOST_CLUSTERS:
        typer.echo(f"    and {len(group.clusters) - MOST_CLUSTERS} more; --json has them all")
