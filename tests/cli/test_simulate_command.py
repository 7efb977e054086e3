"""``bridge simulate``: what it prints, what it keeps, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bridge.cli.simulate import simulate
from bridge.runtime.driver import Runtime
from bridge.settings import ConfigurationError

RUN = CliRunner()


def run(*arguments: str) -> tuple[int, str, BaseException | None]:
    """Exit code, standard output and what was raised."""
    import typer

    cli = typer.Typer()
    cli.command()(simulate)
    came = RUN.invoke(cli, list(arguments))
    return came.exit_code, came.stdout + (repr(came.exception) if came.exit_code else ""), came.exception


def test_a_good_campaign_says_what_was_done() -> None:
    """As a table, and as JSON with the same numbers."""
    code, text, _ = run("--seed", "1", "--calls", "150")
    assert code == 0, text
    assert "nothing was violated" in text
    assert "seeds 1 to 1" in text
    code, text, _ = run("--seed", "1", "--calls", "150", "--json")
    told = json.loads(text)
    assert (code, told["worlds"], told["first"]) == (0, 1, 1)
    assert told["calls"] >= 150
    assert sum(told["told"].values()) >= told["calls"]


def test_a_campaign_goes_on_from_its_file(tmp_path: Path) -> None:
    """A world is done once; a second command with the same file only makes up the rest."""
    kept = tmp_path / "campaign.json"
    assert run("--seed", "1", "--calls", "1", "--resume", str(kept))[0] == 0
    first = json.loads(kept.read_text())
    assert run("--seed", "1", "--calls", str(first["calls"] + 1), "--resume", str(kept))[0] == 0
    second = json.loads(kept.read_text())
    assert (first["next"], second["next"]) == (2, 3)
    assert run("--seed", "1", "--calls", "1", "--resume", str(kept))[0] == 0
    assert json.loads(kept.read_text()) == second


@pytest.mark.parametrize("text", ["{", "{}", '{"first": 7, "next": 7, "acts": 80, "told": {}, "parked": {}}'])
def test_a_file_of_something_else_is_refused(tmp_path: Path, text: str) -> None:
    """It is not overwritten."""
    kept = tmp_path / "campaign.json"
    kept.write_text(text)
    code, _, error = run("--seed", "1", "--calls", "1", "--resume", str(kept))
    assert code == 1
    assert isinstance(error, ConfigurationError)
    assert kept.read_text() == text


def test_a_violation_ends_it_with_the_smallest_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its seed, the invariant, what happened, and the command to see it again."""

    async def granted(*_: object, **__: object) -> None:
        raise RuntimeError("a defect")

    monkeypatch.setattr(Runtime, "_send", granted)
    code, text, _ = run("--seed", "1", "--calls", "5000")
    assert code == 1
    assert "VIOLATED by seed 1: defect: call broke off: RuntimeError: a defect" in text
    assert "bridge simulate --seed 1 --calls 1" in text
    assert len(text.splitlines()) < 40


def test_several_processes_do_the_same_worlds() -> None:
    """In the order of the seeds."""
    alone = json.loads(run("--seed", "1", "--calls", "300", "--json")[1])
    beside = json.loads(run("--seed", "1", "--calls", "300", "--jobs", "2", "--json")[1])
    for name in ("calls", "next", "told", "parked", "sends", "crashes"):
        assert alone[name] == beside[name]
