"""A parity report in a terminal: verdict first, then a row per operation, then what counts. Must not judge."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from rich.console import Console
from rich.markup import escape
from rich.progress import Progress
from rich.table import Table

from bridge.parity.report import FORMAT
from bridge.parity.terms import ParityError

COLOURS = {"PASS": "green", "FAIL": "red", "NOT ENOUGH DATA": "yellow"}
MOST_CLASSES = 8

_T = TypeVar("_T")


def as_read(file: Path) -> dict[str, Any]:
    """A report from its file; ``ParityError`` where it is none."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise ParityError(f"{file} is no report.json of `bridge parity replay`") from None
    if not isinstance(found, dict) or found.get("parity_report") != FORMAT:
        raise ParityError(f"{file} is no parity report of format {FORMAT}")
    return found


def progress(console: Console) -> Progress:
    """A bar for a person; nothing where the output is no terminal."""
    return Progress(console=console, transient=True, disable=not console.is_terminal)


def steps(console: Console, listed: Sequence[_T], what: str) -> Iterator[_T]:
    """The list's items, with a bar beside them."""
    with progress(console) as bar:
        yield from bar.track(listed, description=what)


def summary(console: Console, report: Mapping[str, Any], folder: Path) -> None:
    """Everything that one needs to know before opening the page."""
    verdict = str(report["verdict"])
    console.print(f"[bold {COLOURS[verdict]}]{verdict}[/]  {escape(report['sentence'])}", highlight=False)
    sides = report["sides"]
    noise = f", noise from {sides['control']}" if report["control"] else ", without a control pair"
    console.print(
        escape(
            f"{sides['left']} against {sides['right']}{noise}; {report['calls']} calls, WSDL "
            f"{report['capture']['wsdl']}, tolerance {report['tolerance']:.2%} at 95 %"
        ),
        style="dim",
        highlight=False,
    )
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("operation")
    table.add_column("verdict")
    for name in ("calls", "raw", "noise", "count", "95 % bound"):
        table.add_column(name, justify="right")
    for each in report["groups"]:
        books = each["operation"] == "books"
        table.add_row(
            escape(f"{each['operation']} {each['object']}"),
            f"[{COLOURS[each['verdict']]}]{each['verdict']}[/]",
            str(each["calls"]),
            _percent(each["raw_rate"]),
            _percent(each["noise_rate"]),
            str(each["counted"]),
            "all" if books else _percent(each["bound"]),
        )
    console.print(table)
    counting = [each for each in report["classes"] if each["counts"]]
    for each in counting[:MOST_CLASSES]:
        mark = "MONEY " if each["money"] else ""
        console.print(
            f"[red]✕[/] {escape(f'''{mark}{each['operation']} {each['object']} {each['path']} {each['kind']}''')}: "
            f"{each['calls']} of {each['trials']}; {escape(_sample(each))}",
            highlight=False,
        )
        if each["command"]:
            console.print(f"  {escape(each['command'])}", style="dim", highlight=False, soft_wrap=True)
    if len(counting) > MOST_CLASSES:
        console.print(f"  and {len(counting) - MOST_CLASSES} more", style="dim")
    for fault in report["ledger_faults"]:
        console.print(f"[red]✕[/] known differences: {escape(fault)}", highlight=False)
    console.print(f"{folder / 'report.html'}", style="dim", highlight=False, soft_wrap=True)


def _percent(rate: float | None) -> str:
    return "–" if rate is None else "0 %" if rate == 0 else f"{rate * 100:.2f} %"


def _sample(one: Mapping[str, Any]) -> str:
    sample = one["sample"]
    return f"{sample['left'][:60]!r} against {sample['right'][:60]!r}"
