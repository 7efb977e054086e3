"""Many worlds, one after another or side by side, until so many calls were made; and where one failed, its trace.

What is done is kept in a small file, so that a long campaign can be run in pieces: a seed is either done or not begun.
Must not judge a world.
"""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import asdict, dataclass, field
from itertools import count
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from bridge.simulation.plan import make
from bridge.simulation.shrink import smallest
from bridge.simulation.world import Result, World

ACTS = 80
"""Acts of a world: some 180 calls."""

SAVE_SECONDS = 10.0


class Unusable(Exception):
    """The file to resume from is not one, or is of another campaign."""


@dataclass(slots=True)
class Tally:
    """What a campaign has done so far. ``next`` is the first seed that is not done; ``cpu`` is in seconds."""

    first: int
    next: int
    acts: int = ACTS
    calls: int = 0
    sends: int = 0
    mishaps: int = 0
    crashes: int = 0
    virtual: float = 0.0
    cpu: float = 0.0
    told: dict[str, int] = field(default_factory=dict)
    parked: dict[str, int] = field(default_factory=dict)

    def add(self, seed: int, done: Done) -> None:
        """One more world."""
        self.next = seed + 1
        self.calls += done.calls
        self.sends += done.sends
        self.mishaps += done.mishaps
        self.crashes += done.crashes
        self.virtual += done.virtual
        self.cpu += done.cpu
        self.told = dict(Counter(self.told) + Counter(done.told))
        self.parked = dict(Counter(self.parked) + Counter(done.parked))

    def save(self, path: Path) -> None:
        """Whole or not at all."""
        beside = path.with_name(f"{path.name}.new")
        beside.write_text(json.dumps(asdict(self), indent=1), encoding="utf-8")
        os.replace(beside, path)

    @classmethod
    def load(cls, path: Path, first: int) -> Tally:
        """What a file says; a new one where there is none. Raises ``Unusable``."""
        if not path.exists():
            return cls(first, first)
        try:
            kept: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            found = cls(**kept)
        except (ValueError, TypeError) as error:
            raise Unusable(f"{path} is no file of a simulation: {error}") from None
        if found.first != first or found.acts != ACTS:
            raise Unusable(
                f"{path} is of a campaign from seed {found.first}; give --seed {found.first} or another file"
            )
        return found


@dataclass(frozen=True, slots=True)
class Done:
    """One world, small enough to be sent between processes."""

    seed: int
    calls: int
    sends: int
    mishaps: int
    crashes: int
    virtual: float
    cpu: float
    told: dict[str, int]
    parked: dict[str, int]
    violations: tuple[str, ...]


def one(seed: int) -> Done:
    """Run the world of a seed."""
    began = time.process_time()
    result = World(make(seed, ACTS)).run()
    return Done(
        seed, result.calls, result.sends, len(result.mishaps), result.crashes, result.seconds,
        time.process_time() - began, dict(result.told), dict(result.parked), result.violations,
    )  # fmt: skip


def run(tally: Tally, calls: int, jobs: int, progress: Callable[[Tally], None], keep: Path | None) -> Done | None:
    """Go on until so many calls were made, or a world fails: that one."""
    saved = time.monotonic()
    for done in _worlds(tally.next, calls - tally.calls, jobs):
        if done.violations:
            return done
        tally.add(done.seed, done)
        progress(tally)
        if keep is not None and time.monotonic() - saved > SAVE_SECONDS:
            tally.save(keep)
            saved = time.monotonic()
    if keep is not None:
        tally.save(keep)
    return None


def explain(seed: int) -> Result:
    """The smallest failing world of a seed that fails."""
    return smallest(World(make(seed, ACTS)).run())


def _worlds(first: int, calls: int, jobs: int) -> Iterator[Done]:
    """Worlds in the order of their seeds until they have made so many calls."""
    if jobs == 1:
        for seed in count(first):
            if calls <= 0:
                return
            done = one(seed)
            calls -= done.calls
            yield done
    # Worlds are processes' own: nothing is shared but the seed. ``spawn``: a fork would copy a parsed WSDL half used.
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        ahead: dict[int, Future[Done]] = {}
        following = first
        try:
            for seed in count(first):
                if calls <= 0:
                    return
                while len(ahead) < 2 * jobs:
                    ahead[following] = pool.submit(one, following)
                    following += 1
                wait([ahead[seed]], return_when=FIRST_COMPLETED)
                done = ahead.pop(seed).result()
                calls -= done.calls
                yield done
        finally:
            pool.shutdown(cancel_futures=True)
