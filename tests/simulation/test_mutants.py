"""Each guard is needed: without it the simulation finds a violation within few worlds."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

MOST = 24
"""Worlds per mutant; each is found in one of the first, until a change of the code shifts the lots."""

MUTANTS = (
    # What is taken away, the seed to begin with, what may be violated.
    ("record_after_sending", 1, {"I1"}),
    ("no_fence", 4, {"I2", "I3", "I5"}),
    ("no_join", 1, {"I2", "I3"}),
    ("no_pin", 1, {"I2", "I3", "I4"}),
    ("absent_at_once", 1, {"I2", "I3"}),
    ("one_id_for_many", 2, {"I3"}),
    ("new_key_after_doubt", 1, {"I2"}),
    ("no_delivery", 1, {"I3"}),
    ("no_lease", 3, {"I13"}),
    ("not_read_again", 8, {"I6"}),
    ("any_day", 20, {"I5"}),
    ("for_nobody", 2, {"I2", "I3", "I5"}),
)


@pytest.mark.parametrize(("name", "first", "violated"), MUTANTS, ids=[name for name, *_ in MUTANTS])
def test_a_missing_guard_is_noticed(name: str, first: int, violated: set[str]) -> None:
    """By the invariant that it keeps; the same seeds find nothing where it is there (``test_simulation``)."""
    script = Path(__file__).with_name("simulation_mutants.py")
    hunt = subprocess.run(
        [sys.executable, str(script), name, str(first), str(MOST)], capture_output=True, text=True, check=False
    )
    assert hunt.returncode == 0, hunt.stdout + hunt.stderr
    assert hunt.stdout.split(": ")[1] in violated, hunt.stdout
