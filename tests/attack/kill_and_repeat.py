"""``python -m tests.attack.kill_and_repeat --kills 300 --resume FILE``: a bridge killed under load, by the books.

A world is a sandbox, a file, and one ``bridge serve`` that is killed (SIGKILL) and started again so many times, each at
a seeded moment while three callers call, with a fault of Zuora's beside it; the callers repeat until they are told. A
round ends when nothing is on its way; only then does Zuora's clock go on. What was told is held against the ledger.

FILE keeps a line of JSON for every world that ended, so that a run that was stopped goes on behind it. Exit 1 where
anything was moved twice or lost. Must not read the bridge's journal: only what a caller and Zuora can see counts.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, fields
from decimal import Decimal
from itertools import count
from pathlib import Path
from random import Random
from threading import Event, Lock

# As a script it is outside of pytest, which puts these folders on the path for the tests.
sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1])]

from harness import Obj, World, payment, refund  # noqa: E402
from repeating_erp import LATER, Act, Erp  # noqa: E402

CALLERS = 3
KILLS = 20
"""Of a world."""

FAULTS = ("delay", "delay", "drop_before", "drop_after", "error_500_after", "")
SLOW = 0.4
"""Seconds of a delay; a request of a dead bridge still arrives so much later."""

AT_ONCE = 4
"""How often a caller repeats at once what got no answer, before it waits for Zuora's clock."""

LATER_TURNS = 4


@dataclass
class Tally:
    """What a world came to. ``told_*`` count answers to objects, ``lost_answers`` those that never came."""

    seed: int = 0
    kills: int = 0
    calls: int = 0
    told_success: int = 0
    told_failure: int = 0
    told_unknown: int = 0
    lost_answers: int = 0
    wanted: int = 0
    objects: int = 0
    doubles: int = 0
    lost: int = 0
    parked: int = 0
    seconds: float = 0.0
    notes: list[str] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """The sum of two."""
        for each in fields(self):
            if each.name != "seed":
                setattr(self, each.name, getattr(self, each.name) + getattr(other, each.name))

    @property
    def good(self) -> bool:
        """Nothing doubled, nothing lost."""
        return not self.doubles and not self.lost


class Crowd:
    """Callers before one bridge process at a time."""

    def __init__(self, world: World, chance: Random, tally: Tally) -> None:
        self._world = world
        self._chance = chance
        self._tally = tally
        self._erp = Erp(world, chance, wait_seconds=4)
        self._cents = iter(range(1, 2000))
        self.acts: list[Act] = []
        self._one_at_a_time = Lock()

    def act(self) -> Act:
        """Payments and refunds by SOAP, by REST and both, with and without a reference."""
        reference = f"ERP-{len(self.acts)}"
        kinds: dict[str, Callable[[], Sequence[Obj]]] = {
            "an invoice by reference": lambda: [self._pays("@I1", ReferenceId=reference)],
            "an invoice": lambda: [self._pays("@I1")],
            "a memo": lambda: [self._pays("@D1")],
            "a memo by reference": lambda: [self._pays("@D1", ReferenceId=reference)],
            "a batch": lambda: [self._pays("@I1", ReferenceId=reference), self._pays("@D1")],
            "a refund of a memo": lambda: [refund(PaymentId="@C1", Amount=self._amount())],
        }
        name = self._chance.choice(list(kinds))
        act = Act(f"{name} ({len(self.acts)})", kinds[name]())
        self.acts.append(act)
        self._tally.wanted += len(act.objects)
        return act

    def _amount(self) -> str:
        return str(Decimal(next(self._cents)) / 100)

    def _pays(self, document: str, **more: str) -> Obj:
        amount = self._amount()
        return payment(InvoiceId=document, Amount=amount, AppliedInvoiceAmount=amount, **more)

    def round(self, *, kills: bool) -> None:
        """Everybody calls once, disturbed; then everybody repeats until the answer is certain."""
        acts = [self.act() for _ in range(CALLERS)]
        self._disturb()
        seeds = [self._chance.random() for _ in acts]
        with ThreadPoolExecutor(CALLERS) as pool:
            calling = [pool.submit(self._call, act, Random(seed)) for act, seed in zip(acts, seeds, strict=True)]
            if kills:
                Event().wait(self._chance.choice([0.01, 0.05, 0.1, 0.2, 0.4, 0.8]) * self._chance.random() * 2)
                self._world.kill(self._erp.process)
                self._tally.kills += 1
                self._erp.serve()
            for each in calling:
                each.result()
        self._erp.clear_faults()
        for _ in range(LATER_TURNS):
            open_ = [act for act in acts if not _certain(act)]
            if not open_:
                break
            Event().wait(SLOW)
            self._world.quiet()
            self._world.advance(LATER)
            with ThreadPoolExecutor(CALLERS) as pool:
                list(pool.map(self._call, open_, [Random(seed) for seed in seeds[: len(open_)]]))

    def _disturb(self) -> None:
        kind, skip = self._chance.choice(FAULTS), self._chance.choice([0, 0, 1, 2])
        if kind == "delay":
            when, path = self._chance.choice(["before", "after"]), self._chance.choice(["/v1/payments", "/apps"])
            self._world.fault("delay", method="POST", skip=skip, seconds=SLOW, when=when, path=path)
        elif kind:
            path = self._chance.choice(["/v1/", "/apps"]) if kind.startswith("drop") else "/v1/"
            self._world.fault(kind, method="POST", path=path, skip=skip, times=self._chance.choice([1, 3]))

    def _call(self, act: Act, chance: Random) -> None:
        for _ in range(AT_ONCE):
            act.told = self._erp.say(act, json_door=chance.random() < 0.25)
            with self._one_at_a_time:
                self._count(act.told)
                self._hold(act)
            if "lost" not in act.told:
                return
            Event().wait(0.3)

    def _count(self, rows: Sequence[str]) -> None:
        tally = self._tally
        tally.calls += 1
        tally.lost_answers += rows.count("lost")
        tally.told_unknown += rows.count("unknown")
        tally.told_failure += rows.count("none")
        tally.told_success += sum(row not in ("lost", "unknown", "none") for row in rows)

    def _hold(self, act: Act) -> None:
        """What was told in between has to be true as well: a denial that the next repeat mends is still a lie."""
        said = Tally()
        books = self._world.ledger()
        judge([act], [one for one in (*books["payments"], *books["refunds"]) if one["name"] is None], said)
        self._tally.lost += said.lost
        self._tally.notes += said.notes

    def judge(self) -> None:
        """Hold what every act was told last against the books."""
        books, tally = self._world.ledger(), self._tally
        moved = [one for one in (*books["payments"], *books["refunds"]) if one["name"] is None]
        tally.objects = len(moved)
        tally.notes += [f"the books are wrong: {each}" for each in books["violations"]]
        tally.lost += len(books["violations"])
        judge(self.acts, moved, tally)


def judge(acts: Sequence[Act], moved: Sequence[Mapping[str, str]], tally: Tally) -> None:
    """Count what was told wrongly last; an answer that is still unknown is parked, whatever the books say."""
    for act in acts:
        for amount, row in zip(act.amounts, act.told, strict=True):
            ids = [one["id"] for one in moved if Decimal(one["amount"]) == amount]
            tally.doubles += max(0, len(ids) - 1)
            unsure = row in ("unknown", "lost")
            tally.parked += unsure
            wrong = not unsure and ids != ([] if row == "none" else [row])
            tally.lost += wrong
            if wrong or len(ids) > 1:
                tally.notes.append(f"{act.name}: {amount}: told {row}, the books say {ids}")


def _certain(act: Act) -> bool:
    return not {"unknown", "lost", "none"} & set(act.told)


def play(seed: int, kills: int, *, calm: int = 0) -> Tally:
    """One world: so many rounds with a kill, and so many with Zuora's faults alone."""
    tally, chance, since = Tally(seed), Random(seed), time.monotonic()
    with tempfile.TemporaryDirectory() as folder, World(Path(folder), bridges=0) as world:
        world.control("settings", {"sessionSeconds": 10**8, "enhancedWriteOff": False})
        crowd = Crowd(world, chance, tally)
        assert world.session
        for number in range(kills + calm):
            crowd.round(kills=number < kills)
        world.quiet()
        crowd.judge()
    tally.seconds = round(time.monotonic() - since, 1)
    return tally


def table(worlds: Sequence[Tally]) -> str:
    """A row a world, and their sum, as a table of Markdown."""
    total = Tally()
    for each in worlds:
        total.add(each)
    names = [each.name for each in fields(Tally) if each.name not in ("seed", "notes")]
    lines = ["| seed | " + " | ".join(name.replace("_", " ") for name in names) + " |", "|---" * (len(names) + 1) + "|"]
    for first, one in [*((str(each.seed), each) for each in worlds), ("all", total)]:
        lines.append(f"| {first} | " + " | ".join(f"{getattr(one, name):.7g}" for name in names) + " |")
    return "\n".join([*lines, *(f"seed {each.seed}: {note}" for each in worlds for note in each.notes)])


def main() -> int:
    """Play what FILE lacks, print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.attack.kill_and_repeat", description=__doc__)
    parser.add_argument("--kills", type=int, default=300, help="kills in all, twenty a world")
    parser.add_argument("--seed", type=int, default=1, help="of the first world")
    parser.add_argument("--resume", type=Path, help="keep what was played in this file, and go on behind it")
    given = parser.parse_args()
    kept = given.resume.read_text("utf-8").splitlines() if given.resume and given.resume.exists() else []
    worlds = [Tally(**json.loads(line)) for line in kept]
    while (done := sum(each.kills for each in worlds)) < given.kills:
        played = {each.seed for each in worlds}
        seed = next(each for each in count(given.seed) if each not in played)
        worlds.append(play(seed, min(KILLS, given.kills - done)))
        if given.resume:
            with given.resume.open("a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(worlds[-1])) + "\n")
        print(f"{done + worlds[-1].kills} of {given.kills} kills", file=sys.stderr, flush=True)
    print(table(worlds))
    return 0 if all(each.good for each in worlds) else 1


if __name__ == "__main__":
    raise SystemExit(main())
