"""Who uses what of the old API: counted in memory, name by name, until the journal takes it.

Only names are counted, never a value. They come from strangers, so a name has a shape and a process holds a bounded
number of them; what does not fit, and what could be a card's or an account's number, counts as ``(other)``. Must not
do IO or know a wire.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import NamedTuple

from bridge.telemetry.redact_shapes import mask_shapes

OTHER = "(other)"
UNPROVED = "(unproved)"
"""A caller that nobody has asked Zuora about: what passes through needs no proof."""

MOST = 5_000
"""Rows that a process holds between two of its visits to the journal."""

_NAME = re.compile(r"[A-Za-z0-9_.:/@+() -]{0,120}")
_FIELD = re.compile(r"[A-Za-z0-9_.:/]{1,120}")


class Use(NamedTuple):
    """One row. Without a ``field`` it counts the objects themselves, or the calls of an operation without any."""

    caller: str
    operation: str
    object_type: str
    field: str
    version: str
    route: str


class Usage:
    """What was used since the journal was last told; only for the event loop's thread."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._counts: Counter[Use] = Counter()

    def count(self, use: Use, fields: Iterable[str] = ()) -> None:
        """Count one object and its fields."""
        base = Use(*(_name(each) for each in use))
        self._add(base, 1)
        for field in dict.fromkeys(map(_field, fields)):
            self._add(base._replace(field=field), 1)

    def take(self) -> Mapping[Use, int]:
        """All there is, which is then no longer here."""
        taken, self._counts = self._counts, Counter()
        return taken

    def give_back(self, counts: Mapping[Use, int]) -> None:
        """What the journal did not take."""
        for use, number in counts.items():
            self._add(use, number)

    def _add(self, use: Use, number: int) -> None:
        if use not in self._counts and len(self._counts) >= self._most // 2:
            use = use._replace(field=OTHER if use.field else "", object_type=OTHER)
            if use not in self._counts and len(self._counts) >= self._most:
                use = Use(OTHER, OTHER, OTHER, OTHER, OTHER, OTHER)
        self._counts[use] += number


def _name(text: str) -> str:
    return text if _NAME.fullmatch(text) and _harmless(text) else OTHER


def _field(text: str) -> str:
    return text if _FIELD.fullmatch(text) and _harmless(text) else OTHER


@lru_cache(maxsize=4096)
def _harmless(name: str) -> bool:
    return mask_shapes(name) == name
