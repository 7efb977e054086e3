"""The kill-and-repeat run as CI plays it: twenty kills under load, then Zuora's faults alone, from one seed each."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import kill_and_repeat
import pytest
from kill_and_repeat import KILLS, Tally, play


def test_twenty_kills_under_load_double_nothing_and_lose_nothing() -> None:
    """Three callers that repeat, one file, SOAP and REST: what was told last is what the books say (I2, I3)."""
    tally = play(2026, KILLS)
    assert (tally.kills, tally.doubles, tally.lost, tally.notes) == (KILLS, 0, 0, [])
    # The run is worth something: calls were cut, and nearly everything came to an end all the same.
    assert tally.lost_answers > 0
    assert tally.objects <= tally.wanted
    assert tally.parked <= tally.wanted // 4


@pytest.mark.parametrize("seed", [1, 2])
def test_mixes_of_zuoras_faults_double_nothing_and_lose_nothing(seed: int) -> None:
    """Without a kill: delays, lost requests, lost answers and 500s after the commit, in a seeded order."""
    tally = play(seed, 0, calm=6)
    assert (tally.doubles, tally.lost, tally.notes) == (0, 0, [])
    assert tally.objects + tally.parked >= tally.wanted - tally.told_failure


def test_a_run_that_was_stopped_goes_on_behind_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A world that stands in the file is not played again; one double anywhere makes the exit code 1."""
    kept = tmp_path / "kills.jsonl"
    kept.write_text(json.dumps(asdict(Tally(seed=1, kills=20, doubles=1, notes=["two of 0.01"]))) + "\n", "utf-8")
    monkeypatch.setattr("sys.argv", ["kill_and_repeat", "--kills", "20", "--resume", str(kept)])
    assert kill_and_repeat.main() == 1
    told = capsys.readouterr().out
    assert "| all | 20 |" in told
    assert "seed 1: two of 0.01" in told
    assert len(kept.read_text("utf-8").splitlines()) == 1


def test_the_judge_sees_a_double_a_loss_and_a_denial() -> None:
    """Books that disagree with what was told are counted, each under its name."""
    act = kill_and_repeat.Act("x", [_paid("0.01"), _paid("0.02"), _paid("0.03"), _paid("0.04")])
    act.told = ["P1", "P9", "none", "unknown"]
    books = [("P1", "0.01"), ("P2", "0.01"), ("P3", "0.03"), ("P4", "0.04")]
    tally = Tally()
    kill_and_repeat.judge([act], [{"id": id_, "amount": amount} for id_, amount in books], tally)
    assert (tally.doubles, tally.lost, tally.parked) == (1, 3, 1)
    assert not tally.good


def _paid(amount: str) -> kill_and_repeat.Obj:
    return kill_and_repeat.payment(Amount=amount)
