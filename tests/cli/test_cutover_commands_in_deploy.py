"""Every command of ``deploy/cutover.md``, run as shown, in the order shown, with its rules."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

from harness import World, envelope, payment, saved

from bridge.cli.cutover import cli
from bridge.cutover.reading import parse

PAGE = (Path(__file__).parents[2] / "deploy" / "cutover.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """The page's fenced blocks of a language."""
    return re.findall(rf"^ *```{language}\n(.*?)^ *```", PAGE, re.DOTALL | re.MULTILINE)


def shown() -> list[str]:
    """The command lines."""
    lines = (line.strip().removeprefix("$ ") for block in blocks("console") for line in block.splitlines())
    return [line for line in lines if line.startswith("bridge ")]


def test_the_page_shows_every_verb() -> None:
    """A new verb needs its line, and a line that is gone is missed."""
    verbs = {command.name or command.callback.__name__ for command in cli.registered_commands if command.callback}
    assert {line.split()[2] for line in shown() if line.startswith("bridge cutover")} == verbs
    assert any(line.startswith("bridge explain i-") for line in shown())


def test_the_rules_of_the_page_are_rules() -> None:
    """As they stand there."""
    first, shadow, second = blocks("toml")
    assert [rule.name for rule in parse(first)] == ["refunds stay for now", "the ERP's payments, step by step"]
    ways = [(rule.way.value, rule.otherwise.value) for rule in parse(shadow)]
    assert ways == [("shadow", "soap"), ("rest", "shadow")]
    assert [rule.ramp is not None for rule in parse(second)] == [True]


def test_the_runbook_runs_as_shown(world: World) -> None:
    """One command after the other, beside a running bridge."""
    for name, text in zip(("rules.toml", "shadow.toml", "ramp.toml"), blocks("toml"), strict=True):
        (world.folder / name).write_text(text, encoding="utf-8")
    one = payment(Amount="1.25", InvoiceId="@I1", AppliedInvoiceAmount="1.25")
    (world.folder / "call.xml").write_bytes(envelope(saved("create", [world.resolve(one)])))
    intent = world.create(one).header("Bridge-Intent") or ""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("BRIDGE_")}
    for line in (re.sub(r"i-[0-9a-f]{30}", intent, each) for each in shown()):
        done = subprocess.run(
            [sys.executable, "-m", *shlex.split(line)],
            cwd=world.folder,
            capture_output=True,
            text=True,
            timeout=60,
            env=clean | {"BRIDGE_DATABASE_URL": f"sqlite:///{world.database}"},
        )
        # Nobody has called yet, so a ramp has not enough data.
        wanted = {"bridge cutover ramps": (3,), "bridge usage": (1, 3), "bridge usage --fields": (1, 3)}.get(line, (0,))
        wanted = (3,) if line.startswith("bridge parity shadow") else wanted
        assert done.returncode in wanted, f"{line}\n{done.stdout}{done.stderr}"
