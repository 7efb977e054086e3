"""What disturbs a world: the same seed disturbs it the same way.

An ERP repeats its calls, also while earlier repeats are on their way, at two processes that die, are taken for dead
while they live, lose their journal and their look-ups, and talk to a Zuora in changing moods. Callers lose patience,
hang up, or never hear the answer; between calls the clock may jump. The world checks the invariants all the time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import count
from random import Random

from core_objects import ERP
from core_world import World
from core_zuora import MOODS

from bridge.core.intent import State
from bridge.core.model import Call, Caller, Rows

QUIET_MS = 20 * 60_000
"""When nothing can be on its way any more, and Object Query shows everything."""

JUMPS_MS = (60_000, QUIET_MS, 3 * 3_600_000, 14 * 3_600_000, 25 * 3_600_000)

PATIENT = replace(ERP, twins="join")
"""The caller when the air has cleared: a late repeat means the same act."""


class Adversary:
    """Disturbs one world with calls out of ``acts``."""

    def __init__(self, seed: int, world: World, *, jumps: float = 0.0, caller: Caller = ERP) -> None:
        self.chance = Random(f"more than {seed}")
        self.world = world
        self.caller = caller
        self.acts: Sequence[Call] = ()
        self.processes = ["left", "right"]
        self._numbers = count(1)
        self._calm = self.chance.random()
        self._moods = self.chance.sample(MOODS, 4)
        self._outages = self.chance.choice([0.0, 0.0, 0.05, 0.2])
        self._hurry = self.chance.choice([0.02, 0.1, 0.3])
        self._patience = self.chance.choice([[50.0], [1.0, 5.0, 50.0]])
        self._jumps = jumps * self.chance.random()
        # A commit that happened though it was reported as failed, and a process that is dead for others only, are one
        # fault each; both at once would need a journal that is no journal.
        self._rumours = self.chance.random() < 0.5
        world.zuora.lag_ms = self.chance.choice([0, 0, 30_000, 60_000])
        world.mood = self._mood
        world.journal_state = self._journal_state
        world.dark = lambda: self.happens(0.1)
        self.mischief: list[Callable[[], None]] = []

    def happens(self, probability: float) -> bool:
        """Whether something does that is so likely."""
        return self.chance.random() < probability

    def _mood(self) -> str:
        return "ok" if self.chance.random() < self._calm else self.chance.choice(self._moods)

    def _journal_state(self) -> str:
        if self.chance.random() >= self._outages:
            return "up"
        return "down" if self._rumours else self.chance.choice(["down", "done, but reported as down"])

    def disturb(self) -> None:
        """One to six calls, in any interleaving."""
        calls = self.chance.randint(1, 6)
        while calls or self.world.plays:
            if calls and (not self.world.plays or self.happens(self._hurry)):
                calls -= 1
                self._call()
            else:
                self.world.turn(self.chance.choice)
            self._trouble()

    def _call(self) -> None:
        play = self.world.begin(
            self.chance.choice(self.acts),
            self.chance.choice(self.processes),
            caller=self.caller,
            patience=self.chance.choice(self._patience),
            hears=self.happens(0.5),
        )
        if self.happens(0.2):
            play.crash = self.chance.randint(1, 60), self.chance.choice(["before", "after"])

    def _trouble(self) -> None:
        world = self.world
        for place, process in enumerate(self.processes):
            busy = any(play.process == process for play in world.plays)
            if process not in world.alive and not busy and self.happens(0.1):
                self.processes[place] = f"{process.split()[0]} {next(self._numbers)}"
        if self._rumours and self.happens(0.05):
            world.alive ^= {self.chance.choice(self.processes)}
        if world.plays and self.happens(0.01):
            self.chance.choice(world.plays).gone = True
        # The fence keeps a clock from jumping between a check and the send that it allowed.
        if not world.plays and self.happens(self._jumps):
            world.pass_time(self.chance.choice(JUMPS_MS))
        for each in self.mischief:
            each()

    def calm(self) -> None:
        """All processes are dead, and everything works."""
        world = self.world
        world.mood = lambda: "ok"
        world.journal_state = lambda: "up"
        world.dark = lambda: False
        world.alive.clear()

    def recover(self) -> None:
        """Nobody repeats anything: the recoverer alone brings everything to an end, or to a person."""
        self.calm()
        world = self.world
        for _ in range(4):
            world.pass_time(QUIET_MS)
            for intent in list(world.journal.intents.values()):
                if not intent.state.settled and intent.state is not State.PARKED:
                    world.recover(intent.id)
        left = {each.state for each in world.journal.intents.values() if not each.state.settled}
        assert left <= {State.PARKED}, "neither settled nor parked"

    def clear(self, asked: Call, rounds: int = 6) -> Iterator[Rows]:
        """All processes are dead, everything works, and the caller goes on repeating, with long pauses."""
        self.calm()
        world = self.world
        for number in range(rounds):
            play = world.begin(asked, f"last {number}", caller=replace(self.caller, twins="join"))
            world.run()
            assert isinstance(play.reply, Rows)
            yield play.reply
            world.crash(f"last {number}")
            world.pass_time(QUIET_MS)


def seeded(seed: int, run: Callable[[int], None]) -> None:
    """Run it; a failure tells its seed."""
    try:
        run(seed)
    except Exception as error:
        error.add_note(f"seed {seed}")
        raise
