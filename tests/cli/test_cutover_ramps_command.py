"""``bridge cutover ramps`` and its like, and a report of parity that moves a ramp, beside a bridge that runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from harness import World

from bridge.parity.report import FORMAT, digest

WHO = ("--reason", "a step", "--by", "alice")
RULES = '[[rule]]\nname = "pilot"\nroute = "rest"\noperation = "create"\n[rule.ramp]\nsoak = "1h"\n'


def run(world: World, *words: str, code: int = 0) -> Any:
    """What a command says as JSON."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("BRIDGE_")}
    done = subprocess.run(
        [sys.executable, "-m", "bridge", *words, "--json"],
        capture_output=True,
        text=True,
        timeout=60,
        env=clean | {"BRIDGE_DATABASE_URL": f"sqlite:///{world.database}"},
    )
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    return json.loads(done.stdout) if done.stdout.startswith(("{", "[")) else done.stderr


def begun(world: World) -> None:
    """A ramp at its first step."""
    (world.folder / "rules.toml").write_text(RULES, encoding="utf-8")
    run(world, "cutover", "set", str(world.folder / "rules.toml"), *WHO, "--yes")


def report(folder: Path, verdict: str) -> str:
    """A report of 300 calls."""
    group = {"operation": "create", "object": "Payment", "verdict": verdict, "why": "because", "calls": 300}
    made: dict[str, Any] = {
        "parity_report": FORMAT,
        "groups": [group | {"counted": 0 if verdict == "PASS" else 9, "bound": 0.0099, "money": 0}],
        "ledger_faults": [],
        "latency": [],
    }
    path = folder / f"{verdict}.json"
    path.write_text(json.dumps(made | {"digest": digest(made)}), encoding="utf-8")
    return str(path)


def test_a_person_moves_a_ramp(world: World) -> None:
    """Not past what its gate says, unless by force."""
    assert run(world, "cutover", "ramps") == []
    begun(world)
    (told,) = run(world, "cutover", "ramps", code=3)
    assert (told["rule"], told["percent"], told["verdict"]) == ("pilot", "1", "NOT ENOUGH DATA")
    run(world, "cutover", "promote", "pilot", *WHO, "--yes", code=1)
    assert run(world, "cutover", "promote", "pilot", "--force", *WHO, "--yes")["what"] == "promote"
    assert run(world, "cutover", "hold", "pilot", *WHO, "--yes")["what"] == "halt"
    (held,) = run(world, "cutover", "ramps", code=1)
    assert (held["percent"], held["verdict"]) == ("5", "HALTED")
    run(world, "cutover", "promote", "pilot", "--force", *WHO, "--yes", code=1)
    assert run(world, "cutover", "resume", "pilot", *WHO, "--dry-run")["done"] is False
    assert run(world, "cutover", "resume", "pilot", *WHO, "--yes")["what"] == "resume"
    run(world, "cutover", "hold", "nobody", *WHO, "--yes", code=1)
    run(world, "cutover", "hold", "pilot", "--yes", code=2)


def test_a_report_moves_a_ramp(world: World) -> None:
    """Up by one step, or back to nothing; the rules and the judgements show it."""
    folder = world.folder
    begun(world)
    gate = ("parity", "gate")
    run(world, *gate, report(folder, "PASS"), "--ramp", "pilot", code=2)
    dry = run(world, *gate, report(folder, "PASS"), "--ramp", "pilot", *WHO, "--dry-run")
    assert (dry["done"], dry["percent"]) == (False, "5")
    assert run(world, *gate, report(folder, "PASS"), "--ramp", "pilot", *WHO)["percent"] == "5"
    assert run(world, *gate, report(folder, "FAIL"), "--ramp", "pilot", *WHO, code=1)["percent"] == "0"
    verdicts = [each["verdict"] for each in run(world, "cutover", "judgements", "pilot")]
    assert [each for each in verdicts if each != "NOT ENOUGH DATA"] == ["ROLL BACK", "PROMOTE"]
    assert run(world, "cutover", "ramps", code=1)[0]["verdict"] == "ROLLED BACK"
    assert run(world, "cutover", "history")[0]["author"] == "alice"
