"""What an entry of the page of every way to charge twice is. Must not hold an entry."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Entry:
    """One way. ``invariants`` are those of bridge/README.md; ``boundary`` is where the guarantee ends."""

    name: str
    wrong: str
    mechanism: str
    guarantee: str
    invariants: str
    boundary: str
    proofs: tuple[str, ...]


@dataclass(frozen=True)
class Part:
    """Entries of one place on the way from the caller to the gateway."""

    name: str
    entries: tuple[Entry, ...]


UNMARKED = (
    "A SOAP create without a reference has neither key nor marker: it is never sent again, and is found by its look "
    "alone (see below)."
)
