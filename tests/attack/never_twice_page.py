"""Writes ``deploy/never-twice.md``: ``python tests/attack/never_twice_page.py`` from the project's root.

Its entries come from ``never_twice_entries.py`` and ``never_twice_beyond.py``, whose proofs a test looks up; its table
from ``recorded_kills.jsonl``, which ``tests.attack.kill_and_repeat`` has written. Must not hold a figure of its own.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

# As a script it is outside of pytest, which puts this folder on the path for the tests.
sys.path[:0] = [str(Path(__file__).parent)]

from kill_and_repeat import Tally, table  # noqa: E402
from never_twice_entries import PARTS  # noqa: E402
from never_twice_terms import Entry  # noqa: E402

PAGE = Path(__file__).parents[2] / "deploy" / "never-twice.md"
KILLS = Path(__file__).parent / "recorded_kills.jsonl"
RECORDED = """## A recorded run of kills

One bridge process, killed (SIGKILL) under load at seeded moments and started again, three callers that repeat by SOAP
and JSON actions, Zuora's faults beside it. A call is one HTTP request; told, lost and parked count objects, and
*parked* is what was still unknown to its caller in the end. Again, or further where it was stopped:

```console
$ python -m tests.attack.kill_and_repeat --kills 300 --resume FILE
```

"""
HEAD = """# Every way we know to charge twice or lose a payment

Written by `tests/attack/never_twice_page.py`; change `never_twice_entries.py` or `never_twice_beyond.py`, not the
page. A test fails where they differ, where a test named here does not exist, and where an entry has none. I1 to I13
are the invariants of `bridge/README.md`; numbers are rows of `tests/scenarios/README.md`, other names are tests under
`tests/`.

The last part of the entries says what cannot be guaranteed. Read it first.

"""


def page() -> str:
    """The page as it should be."""
    told, number = [HEAD], 0
    for part in PARTS:
        told.append(f"## {part.name}\n\n")
        for entry in part.entries:
            number += 1
            told.append(_entry(number, entry))
    kept = [Tally(**json.loads(line)) for line in KILLS.read_text("utf-8").splitlines()]
    told += [RECORDED, table(sorted(kept, key=lambda each: each.seed))]
    return "".join(told).rstrip() + "\n"


def _entry(number: int, one: Entry) -> str:
    proofs = ", ".join(f"`{each}`" if "::" in each else f"scenario {each}" for each in one.proofs)
    return (
        f"### {number}. {one.name}\n\n"
        f"- Wrong: {one.wrong}\n- Mechanism: {one.mechanism}\n- Guarantee ({one.invariants}): {one.guarantee}\n"
        f"- Boundary: {one.boundary}\n- Proved by: {proofs}\n\n"
    )


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
