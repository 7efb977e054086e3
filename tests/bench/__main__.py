"""``python -m tests.bench``: what a call costs in the bridge, beside a naive Spyne and zeep bridge, in one run."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

from tests.bench import peers, report
from tests.bench.measure import Plan, WrongAnswer, measure
from tests.bench.work import WORKS

QUICK = Plan(rounds=2, seconds=0.3, idle=1.0, warm=0.3)


def main() -> int:
    """Start everything, measure, print, stop everything."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="under 30 s: is it alive, and roughly what does it cost")
    parser.add_argument("--json", action="store_true", help="print JSON instead of the table")
    parser.add_argument("--rounds", type=int, default=7, help="how often every pair of work and peer has its turn")
    parser.add_argument("--seconds", type=float, default=1.5, help="the length of a turn")
    parser.add_argument("--idle", type=float, default=6.0, help="seconds over which the idle cost is measured")
    parser.add_argument("--warm", type=float, default=1.0, help="seconds that every peer is called unmeasured first")
    parser.add_argument("--clients", type=int, default=1, help="keep-alive connections that call at the same time")
    parser.add_argument("--work", action="append", choices=sorted(WORKS), help="only this work; may be repeated")
    parser.add_argument(
        "--against", action="append", default=[], metavar="PATH", help="another checkout of the bridge, measured too"
    )
    given = parser.parse_args()
    plan = QUICK if given.quick else Plan(given.rounds, given.seconds, given.idle, given.warm)
    names = given.work or list(WORKS)
    with (
        tempfile.TemporaryDirectory(prefix="bridge-bench-") as folder,
        peers.running(Path(folder), [Path(each).resolve() for each in given.against]) as group,
    ):
        try:
            found = measure(group, names, plan, clients=given.clients)
        except WrongAnswer as wrong:
            print(f"bench: {wrong}", file=sys.stderr)
            return 1
    print(json.dumps(found, indent=2) if given.json else report.table(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
