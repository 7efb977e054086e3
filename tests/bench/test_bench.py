"""Does the bench run, and does it say what it promises? Never how fast: times belong to machines, not to tests."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

from tests.bench.capacity_page import FIGURES, PAGE, page, recorded
from tests.bench.report import table
from tests.bench.work import WORKS, Request

ROOT = Path(__file__).resolve().parents[2]


def test_the_bench_measures_every_peer_at_every_work() -> None:
    """One short round: every figure is there and none is nonsense."""
    command = [sys.executable, "-m", "tests.bench", "--json", "--rounds", "1"]
    command += ["--seconds", "0.1", "--idle", "0.2", "--warm", "0.1"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert set(found) == {"machine", "plan", "peers", "works"}
    assert set(found["peers"]) == {"sandbox", "naive", "bridge"}
    assert all(peer["rss_mb"] > 0 for peer in found["peers"].values())
    assert list(found["works"]) == list(WORKS)
    for name, work in found["works"].items():
        assert set(work["peers"]) == {"naive", "bridge"} | ({"sandbox"} if WORKS[name].direct else set())
        assert set(work["ratios"]) == set(work["peers"]) - {"bridge"}
        for figures in work["peers"].values():
            assert figures["calls"] > 0
            assert figures["cpu_ms"]["min"] <= figures["cpu_ms"]["median"] <= figures["cpu_ms"]["max"]
            assert 0 < figures["latency_ms"]["p50"] <= figures["latency_ms"]["p99"]
    assert "create-50-soap" in table(found)


def test_no_two_calls_carry_the_same_reference() -> None:
    """Otherwise payments would join, and a joined payment costs something else."""
    request = Request((b"<a>", b"</a><a>", b"</a>"))
    assert request.references == 2
    assert request.filled(7) == b"<a>000000000007</a><a>000000000008</a>"


def test_the_capacity_bench_runs_and_its_calls_are_answered() -> None:
    """One point for two seconds; the figures the page is made of are there."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.capacity", "--quick"], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (point,) = json.loads(done.stdout)["points"]
    assert point["calls"] > 0
    assert point["bridge_cpu_ms"] > 0
    assert point["commits_per_call"] > 0
    assert point["journal_bytes_per_call"] > 0


def test_memory_is_watched_by_calls() -> None:
    """Each reading is of a bridge that has answered so many and is still there."""
    command = [sys.executable, "-m", "tests.bench.memory", "--calls", "60"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    watched = json.loads(done.stdout)["watched"]
    assert [each["calls"] for each in watched] == sorted(each["calls"] for each in watched)
    assert watched[-1]["calls"] >= 60
    assert all(each["memory_mb"] > 10 and each["handles"] > 3 for each in watched)


def test_the_capacity_page_shows_what_was_recorded() -> None:
    """Nobody edits a figure by hand."""
    found = recorded()
    text = PAGE.read_text(encoding="utf-8")
    assert page(text, found) == text
    assert set(re.findall(r"<!-- figures: (\w+) -->", text)) == set(FIGURES)
    assert all(each["wrong"] == 0 for each in found["points"])
