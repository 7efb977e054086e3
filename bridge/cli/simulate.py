"""``bridge simulate``: the production core and journal under a seeded adversary, world after world.

Exit 0 where nothing was violated, 1 where something was (with its seed and the smallest trace), 2 for usage. Must not
judge: the oracle of ``bridge.simulation`` does.
"""

from __future__ import annotations

import json
import shlex
import sys
import time
from dataclasses import asdict
from pathlib import Path

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from bridge.settings import ConfigurationError
from bridge.simulation.campaign import Done, Tally, Unusable, explain, run
from bridge.simulation.world import Result

LONGEST_TRACE = 200


def simulate(
    seed: int = typer.Option(1, min=0, help="the first world's seed; the following worlds have the following seeds"),
    calls: int = typer.Option(5000, min=1, help="how many calls the ERPs are to make"),
    resume: Path | None = typer.Option(None, dir_okay=False, help="keep what is done in this file, and go on from it"),
    jobs: int = typer.Option(1, min=1, help="processes"),
    as_json: bool = typer.Option(False, "--json", help="print JSON"),
) -> None:
    """Crash, lose, delay and repeat everything, and see that nothing is paid twice, denied or forgotten."""
    try:
        tally = Tally.load(resume, seed) if resume is not None else Tally(seed, seed)
    except Unusable as error:
        raise ConfigurationError(f"--resume: {error}") from None
    began = time.monotonic()
    with _progress() as bar:
        task = bar.add_task("simulate", total=calls, completed=min(tally.calls, calls))

        def advance(now: Tally) -> None:
            bar.update(task, completed=min(now.calls, calls))

        failed = run(tally, calls, jobs, advance, resume)
    seconds = time.monotonic() - began
    smallest = explain(failed.seed) if failed is not None else None
    if as_json:
        typer.echo(json.dumps(_as_json(tally, seconds, failed, smallest), indent=2))
    else:
        _show(tally, seconds, failed, smallest)
    raise typer.Exit(1 if failed is not None else 0)


def _progress() -> Progress:
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    return Progress(*columns, console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty())


def _as_json(tally: Tally, seconds: float, failed: Done | None, smallest: Result | None) -> dict[str, object]:
    made: dict[str, object] = {**asdict(tally), "worlds": tally.next - tally.first, "seconds": round(seconds, 1)}
    made["cpu"], made["virtual"] = round(tally.cpu, 1), round(tally.virtual)
    if failed is not None and smallest is not None:
        made["failed"] = {
            "seed": failed.seed,
            "violations": failed.violations,
            "without": sorted(smallest.plan.without),
            "trace": smallest.trace,
        }
    return made


def _show(tally: Tally, seconds: float, failed: Done | None, smallest: Result | None) -> None:
    console = Console(width=None if Console().is_terminal else 150, highlight=False)
    worlds = tally.next - tally.first
    table = Table(show_header=False, box=None)
    for name, value in (
        ("worlds", f"{worlds}, seeds {tally.first} to {tally.next - 1}" if worlds else "none"),
        ("calls", f"{tally.calls}"),
        ("intents sent", f"{tally.sends}"),
        ("mishaps", f"{tally.mishaps}, and {tally.crashes} crashes"),
        ("rows told", ", ".join(f"{count} {told}" for told, count in sorted(tally.told.items()))),
        ("parked", ", ".join(f"{count} {kind}" for kind, count in sorted(tally.parked.items())) or "none"),
        ("time", f"{tally.virtual / 86_400:.1f} days in {tally.cpu:.0f} CPU-seconds; this run took {seconds:.0f} s"),
    ):
        table.add_row(name, value)
    console.print(table)
    if failed is None or smallest is None:
        console.print("nothing was violated")
        return
    console.print(f"\nVIOLATED by seed {failed.seed}: {failed.violations[0]}", markup=False)
    console.print(f"the smallest world that does it ({smallest.calls} calls): {smallest.violations[0]}", markup=False)
    for line in smallest.trace[-LONGEST_TRACE:]:
        console.print(line, markup=False, soft_wrap=True)
    again = shlex.join(["bridge", "simulate", "--seed", str(failed.seed), "--calls", "1"])
    console.print(f"again: {again}", markup=False)
