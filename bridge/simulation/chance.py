"""Chance by name: every decision has a name of its own and its own lot, whatever else is decided.

So a decision can be taken away and all others stay as they were, which is what makes a trace smaller. The lots are a
hash of seed and name: the same on every machine and under every hash seed. Must not keep a state.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")

_WHOLE = float(1 << 64)


class Chance:
    """The lots of one seed."""

    __slots__ = ("_begun",)

    def __init__(self, seed: int) -> None:
        self._begun = hashlib.blake2b(f"{seed}/".encode(), digest_size=8)

    def at(self, *name: object) -> float:
        """A number from 0 up to but not 1."""
        drawn = self._begun.copy()
        drawn.update("/".join(map(str, name)).encode())
        return int.from_bytes(drawn.digest()) / _WHOLE

    def happens(self, probability: float, *name: object) -> bool:
        """Whether something does that is so likely."""
        return self.at(*name) < probability

    def among(self, choices: Sequence[T], *name: object) -> T:
        """One of them, each as likely."""
        return choices[int(self.at(*name) * len(choices))]

    def between(self, low: float, high: float, *name: object) -> float:
        """A number from ``low`` up to ``high``."""
        return low + (high - low) * self.at(*name)

    def number(self, low: int, high: int, *name: object) -> int:
        """A whole number from ``low`` to ``high``, both included."""
        return low + int(self.at(*name) * (high - low + 1))
