"""``bridge cutover`` from an operator's seat, beside bridges that run."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from harness import Answer, Obj, World, payment, post, until

PILOT = '[[rule]]\nname = "pilot"\ncaller = "erp"\noperation = "create"\nobject = "Payment"\nroute = "rest"\n'
SOON = 5.0
"""Seconds: a change is in force within one, and a busy machine takes its time to notice."""

NUMBERS = itertools.count(1)
WHO = ("--reason", "a step", "--by", "alice", "--yes")


def run(folder: Path, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run ``bridge cutover`` on the journal of a folder."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("BRIDGE_")}
    given = {"DATABASE_URL": f"sqlite:///{folder / 'bridge.db'}", **env}
    done = subprocess.run(
        [sys.executable, "-m", "bridge", "cutover", *words],
        capture_output=True,
        text=True,
        timeout=60,
        env=clean | {"COLUMNS": "160"} | {f"BRIDGE_{name}": value for name, value in given.items()},
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


def told(folder: Path, *words: str, code: int = 0, **env: str) -> Any:
    """What a command says as JSON."""
    done = run(folder, *words, "--json", **env)
    assert done.returncode == code, done.stdout + done.stderr
    return json.loads(done.stdout)


def rules(folder: Path, text: str) -> str:
    """A file of rules."""
    path = folder / "rules.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def pay(world: World, bridge: int = 0) -> str | None:
    """Pay some cents of an invoice, each time others; the route it took."""
    amount = f"{Decimal(next(NUMBERS)) / 100:.2f}"
    one = payment(Amount=amount, InvoiceId="@I1", AppliedInvoiceAmount=amount)
    answer = world.create(one, at=world.bridges[bridge].url)
    assert answer.ids
    return answer.header("Bridge-Route")


def test_a_change_counts_in_every_process_within_a_second(tmp_path: Path) -> None:
    """Set, rollback, stop and start, seen by two bridges on one journal; nothing is restarted."""
    with World(tmp_path, bridges=2) as world:
        assert [pay(world, 0), pay(world, 1)] == ["soap", "soap"]
        assert told(tmp_path, "set", rules(tmp_path, PILOT), *WHO)["revision"] == 1
        until(lambda: {pay(world, 0), pay(world, 1)} == {"rest"}, SOON, "the change")
        assert told(tmp_path, "rollback", *WHO)["what"] == "rollback"
        until(lambda: {pay(world, 0), pay(world, 1)} == {"soap"}, SOON, "the rollback")
        assert told(tmp_path, "stop", *WHO)["what"] == "stop"
        one = payment(Amount="1", InvoiceId="@I1", AppliedInvoiceAmount="1")
        for bridge in world.bridges:
            answer = until(lambda at=bridge.url: _fault(world, one, at), SOON, "the stop")
            assert (answer.fault["code"], "nothing was sent" in answer.fault["message"]) == ("SERVER_UNAVAILABLE", True)
        query = world.message("<ns1:query><ns1:queryString>select Id from Payment</ns1:queryString></ns1:query>")
        assert post(world.endpoint(), query).status == 200
        assert told(tmp_path, "start", *WHO)["what"] == "start"
        until(lambda: world.create(one).status == 200, SOON, "the start")


def _fault(world: World, one: Obj, at: str) -> Answer | None:
    answer = world.create(one, at=at)
    return answer if answer.status == 500 else None


def test_the_history_says_who_what_when_and_why(world: World) -> None:
    """The newest first, with what each changed."""
    folder = world.folder
    nothing = told(folder, "show")
    assert (nothing["revision"], nothing["rules"], nothing["fixed"], nothing["stopped"]) == (0, [], [], False)
    assert "Nobody has changed anything yet." in run(folder, "history").stdout
    run(folder, "set", rules(folder, PILOT), *WHO)
    run(folder, "set", rules(folder, PILOT + "percent = 20\n"), "--reason", "slower", "--by", "bob", "--yes")
    newest, oldest = told(folder, "history")
    assert (newest["author"], newest["reason"], newest["rules"][0]["percent"]) == ("bob", "slower", "20")
    assert (oldest["author"], oldest["revision"], len(told(folder, "history", "--limit", "1"))) == ("alice", 1, 1)
    said = run(folder, "history", "--diff").stdout
    assert "1 rules set by bob: slower" in said
    assert "    +percent = 20" in said
    shown = run(folder, "show", ROUTES='{"*.query": "rest"}').stdout
    assert "rest below 20 %, others soap" in shown
    assert "BRIDGE_ROUTES *.query" in shown
    assert run(folder, "show", "--toml").stdout == run(folder, "show", "--toml").stdout != ""


def test_what_show_prints_is_what_set_takes(world: World) -> None:
    """To change a rule is to edit it."""
    folder = world.folder
    run(folder, "set", rules(folder, PILOT + "percent = 12.5\nsince = 2026-03-01T00:00:00Z\n"), *WHO)
    printed = run(folder, "show", "--toml").stdout
    refused = run(folder, "set", rules(folder, printed), *WHO)
    assert (refused.returncode, "that is what counts already" in refused.stderr) == (1, True)
    assert told(folder, "check", rules(folder, printed)) == {"good": True, "rules": 1, "wrong": []}


def test_wrong_rules_are_refused_with_every_reason(world: World) -> None:
    """By check and by set; nothing changes."""
    folder = world.folder
    bad = rules(folder, PILOT + 'percent = 200\n[[rule]]\nname = "b"\nroute = "fax"\n')
    assert len(told(folder, "check", bad, code=1)["wrong"]) == 2
    assert run(folder, "check", bad).stdout.count("WRONG  Rule") == 2
    refused = run(folder, "set", bad, *WHO)
    assert (refused.returncode, "Rule 2 (b): route" in refused.stderr) == (1, True)
    (folder / "rules.toml").write_bytes(b"\xff")
    assert told(folder, "check", bad, code=1)["wrong"] == ["It is no UTF-8."]
    assert told(folder, "history") == []


def test_a_change_needs_a_reason_a_name_and_a_yes(world: World) -> None:
    """Without a terminal to ask at, --yes; --dry-run shows what would change."""
    folder = world.folder
    file = rules(folder, PILOT)
    assert run(folder, "set", file, "--by", "alice", "--yes").returncode == 2
    assert run(folder, "set", file, "--reason", "why", "--yes").returncode == 2
    assert "--yes" in run(folder, "set", file, "--reason", "why", "--by", "alice").stderr
    dry = run(folder, "set", file, "--reason", "why", "--by", "alice", "--dry-run")
    assert (dry.returncode, "would be done" in dry.stdout, '+name = "pilot"' in dry.stdout) == (0, True, True)
    assert told(folder, "history") == []


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("rollback",), "there is nothing to go back to"),
        (("rollback", "--to", "9"), "there is no revision 9"),
        (("start",), "that is what counts already"),
    ],
)
def test_what_cannot_be_changed_is_said(world: World, words: tuple[str, ...], why: str) -> None:
    """Exit 1, and nothing is recorded."""
    refused = run(world.folder, *words, *WHO)
    assert (refused.returncode, why in refused.stderr) == (1, True)


def test_a_rollback_may_name_its_revision(world: World) -> None:
    """Revision 0 is before anybody decided."""
    folder = world.folder
    for percent in ("10", "20", "30"):
        run(folder, "set", rules(folder, f"{PILOT}percent = {percent}\n"), *WHO)
    run(folder, "rollback", "--to", "1", *WHO)
    assert told(folder, "show")["rules"][0]["percent"] == "10"
    run(folder, "rollback", "--to", "0", *WHO)
    assert told(folder, "show")["rules"] == []


def test_a_restarted_bridge_goes_by_the_rules(world: World) -> None:
    """They are in the journal, not in the process."""
    run(world.folder, "set", rules(world.folder, PILOT), *WHO)
    world.restart()
    assert pay(world) == "rest"
