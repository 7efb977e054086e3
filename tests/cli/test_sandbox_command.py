"""``bridge sandbox serve``: what it says about a seed that is none."""

from __future__ import annotations

import subprocess
import sys


def test_an_unknown_seed_is_refused_in_one_sentence() -> None:
    """Usage, so exit 2, and no traceback."""
    done = subprocess.run(
        [sys.executable, "-m", "bridge", "sandbox", "serve", "--listen", "127.0.0.1:0", "--seed", "nope"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 2
    assert done.stderr.splitlines() == ["bridge: --seed: there is no fixture 'nope'"]
