"""Every ``bridge journal`` command that the pages of ``deploy/`` show, run as shown before a simulated tenant."""

from __future__ import annotations

import os
import re
import shlex
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest
from harness import World, payment

PAGES = sorted((Path(__file__).parents[2] / "deploy").glob("*.md"))
"""Those of ``deploy/runbooks`` are run by ``test_runbooks``, each in a situation of its own."""
RUNBOOKS = sorted((Path(__file__).parents[2] / "deploy" / "runbooks").glob("*.md"))
EXAMPLE = "i-0123456789abcdef0123456789abcd"


def shown(pages: Sequence[Path] = PAGES) -> list[str]:
    """The command lines, each once."""
    found: dict[str, None] = {}
    for page in pages:
        for block in re.findall(
            r"^ *```console\n(.*?)^ *```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
        ):
            lines = (line.strip().removeprefix("$ ") for line in block.splitlines())
            found |= dict.fromkeys(line for line in lines if line.startswith("bridge journal"))
    return list(found)


def test_the_pages_show_every_verb() -> None:
    """A new verb needs its line, and a line that is gone is missed."""
    verbs = {line.split()[2] for line in shown([*PAGES, *RUNBOOKS])}
    assert verbs >= {"list", "show", "resolve", "verify", "reconcile", "restore", "rekey", "migrate", "export"}


@pytest.mark.parametrize("line", shown())
def test_a_command_of_the_pages_runs_as_shown(world: World, line: str) -> None:
    """On a journal with a payment in doubt; the example's id is replaced by that one's."""
    world.fault("drop_after", operation="create")
    world.create(payment(Amount="20", InvoiceId="@I1", AppliedInvoiceAmount="20"))
    with closing(sqlite3.connect(world.database)) as journal:
        ((intent_id,),) = journal.execute("SELECT id FROM intent").fetchall()
    clean = {name: value for name, value in os.environ.items() if not name.startswith("BRIDGE_")}
    done = subprocess.run(
        [sys.executable, "-m", *shlex.split(line.replace(EXAMPLE, intent_id))],
        capture_output=True,
        text=True,
        timeout=60,
        env=clean
        | {
            "BRIDGE_DATABASE_URL": f"sqlite:///{world.database}",
            "BRIDGE_ZUORA__REST_URL": world.sandbox.url,
            "BRIDGE_ZUORA__CLIENT_ID": "demo-client",
            "BRIDGE_ZUORA__CLIENT_SECRET": "demo-secret",
        },
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_command_says_what_it_is_for() -> None:
    """``--help`` of each verb, with --json, and --dry-run and --yes where something changes."""
    for verb, options in {
        "list": ("--json",),
        "show": ("--json",),
        "export": ("--since",),
        "verify": ("--json",),
        "resolve": ("--json", "--dry-run", "--yes"),
        "reconcile": ("--json", "--dry-run", "--yes"),
        "restore": ("--json", "--dry-run", "--yes"),
        "rekey": ("--json", "--dry-run", "--yes"),
        "migrate": ("--wait", "--json", "--dry-run", "--yes"),
    }.items():
        done = subprocess.run(
            [sys.executable, "-m", "bridge", "journal", verb, "--help"],
            capture_output=True,
            text=True,
            timeout=60,
            env={**os.environ, "COLUMNS": "200", "TERM": "dumb"},
        )
        assert done.returncode == 0
        assert [option for option in options if option not in done.stdout] == [], verb
