"""Every ``bridge parity`` command of the README and of ``deploy/parity.md``, run as shown, in the order shown."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

from harness import World
from parity_answers import good, rows, said

from bridge.parity import known, tap
from bridge.parity.capture import entry, line
from bridge.parity.corpus import HEADERS, PATH, demo, envelope, payment, queried, saved

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "deploy" / "parity.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")
EXPECTED = {
    # Two or eight of each prove nothing.
    "bridge parity replay --twins --calls 8": 3,
    "bridge parity replay --twins --calls 2": 3,
}


def shown(text: str) -> list[str]:
    """The command lines of a page."""
    blocks = re.findall(r"^```console\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    lines = [each.removeprefix("$ ") for block in blocks for each in block.splitlines()]
    return [each for each in lines if each.startswith("bridge parity")]


def run(folder: Path, command: str) -> subprocess.CompletedProcess[str]:
    """As shown, without this machine's settings."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("BRIDGE_")}
    return subprocess.run(
        [sys.executable, "-m", *shlex.split(command)],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
        env=clean,
    )


def test_the_runbook_runs_as_shown(tmp_path: Path, world: World) -> None:
    """With a folder of calls and what a bridge recorded, one command after the other."""
    (tmp_path / "calls").mkdir()
    # Sixty of two operations: as few as the page's gate lets pass.
    for place in range(60):
        made = payment(world.names, "1", AppliedCreditBalanceAmount="1", ReferenceId=f"r-{place}")
        asked = f"select Id, Amount from Payment where ReferenceId = 'r-{place}'"
        for step, body in enumerate((saved("create", "Payment", made), queried(asked))):
            (tmp_path / "calls" / f"{place:02d}-{step}.xml").write_bytes(envelope(body))
    (tmp_path / "spool").mkdir()
    live = entry(0, PATH, HEADERS, envelope(next(demo(world.names))), answer=said(rows(good())).body)
    (tmp_path / "spool" / f"1{tap.SUFFIX}").write_text(line(live) + "\n")
    (tmp_path / "parity.key").write_text("k" * 32 + "\n")
    verbs = set()
    for command in shown(PAGE):
        verbs.add(command.split()[2])
        wanted = next((code for begin, code in EXPECTED.items() if command.startswith(begin)), 0)
        done = run(tmp_path, command)
        assert done.returncode == wanted, f"{command}\n{done.stdout}{done.stderr}"
    assert verbs == {"record", "replay", "show", "gate", "verify"}
    assert (tmp_path / "again.html").read_text() == (tmp_path / "parity-report" / "report.html").read_text()


def test_the_readme_s_two_lines_are_those_of_the_command_s_tests() -> None:
    """They are run by ``test_parity_command``; here only that they are still these."""
    assert shown(README) == ["bridge parity replay --twins", "bridge parity gate parity-report/report.json"]


def test_the_runbook_s_ledger_is_one(tmp_path: Path) -> None:
    """The TOML of the page can be read, and its kinds are all there are."""
    (text,) = re.findall(r"^```toml\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    (tmp_path / "known.toml").write_text(text)
    (one,) = known.read(tmp_path / "known.toml")
    assert one.ticket == "BILL-204"
    kinds = PAGE.partition("`kind` is ")[2].partition(". An entry")[0].replace("\n", " ").replace(" or ", ", ")
    assert {each.strip() for each in kinds.split(",")} == {each.value for each in known.Kind}
