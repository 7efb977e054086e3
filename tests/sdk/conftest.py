"""Collects the REST requests of the scenarios while they are played, for the tests of this folder, which run last.

Where a run has no scenarios, or only some of them, the tests play them all in a process of their own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from harness import REQUESTS

HERE = Path(__file__).resolve().parent
SCENARIOS = HERE.parent / "scenarios"
PLAY_SECONDS = 300

sys.path[:0] = [str(HERE.parent / "core"), str(HERE.parent / "clients")]

_kept: list[Path] = []


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Have every scenario of this run keep its requests, and put the tests of this folder behind them."""
    ours = [item for item in items if HERE in item.path.parents]
    files = {item.path for item in items}
    if ours and files.issuperset(SCENARIOS.glob("test_*.py")) and REQUESTS not in os.environ:
        handle, name = tempfile.mkstemp(suffix=".jsonl")
        os.close(handle)
        os.environ[REQUESTS] = name
        _kept.append(Path(name))
    items[:] = [item for item in items if item not in set(ours)] + ours


def pytest_sessionfinish() -> None:
    """Leave nothing behind."""
    for path in _kept:
        path.unlink(missing_ok=True)
        os.environ.pop(REQUESTS, None)


@pytest.fixture(scope="session")
def played(tmp_path_factory: pytest.TempPathFactory) -> Sequence[dict[str, Any]]:
    """The REST requests of all scenarios, with the test that caused each."""
    found = list(_read(_kept[0])) if _kept else []
    if not found:
        path = tmp_path_factory.mktemp("scenarios") / "requests.jsonl"
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(SCENARIOS)]
        done = subprocess.run(
            command, env={**os.environ, REQUESTS: str(path)}, capture_output=True, text=True, timeout=PLAY_SECONDS
        )
        # What a failing scenario sent is checked all the same; that it fails is told elsewhere.
        assert done.returncode in (0, 1), done.stdout[-2000:]
        found = list(_read(path))
    return found


def _read(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            one = json.loads(line)
            if one["test"].startswith("tests/scenarios/"):
                yield one
