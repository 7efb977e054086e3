"""Makes an example smaller: the fewest objects of a call, after the calls that it rests on, that still show a class.

Works only where each try may start on fresh twins. Bounded: a report is wanted today. Must not compare by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from bridge.parity import envelope, messages
from bridge.parity.replay import needed
from bridge.parity.terms import SOAP, Entry

MOST_TRIES = 14

Shows = Callable[[Sequence[Entry]], bool]
"""Replays these calls on fresh twins; whether the last of them shows the class."""


def smallest(entries: Sequence[Entry], number: int, shows: Shows) -> list[Entry] | None:
    """The calls of the smallest reproduction, the reduced one last; None where a fresh replay does not show it at all.

    Halves first, then single objects (Zeller and Hildebrandt's ddmin, cut short).
    """
    *before, last = needed([each for each in entries if each.number <= number], [number])
    if not shows([*before, last]):
        return None
    keep = list(range(last.objects))
    best = last
    without_rows = envelope.without_rows if last.door == SOAP else messages.without_rows
    tries = 0
    size = len(keep) // 2
    while size >= 1 and tries < MOST_TRIES and len(keep) > 1:
        for start in range(0, len(keep), size):
            rest = keep[:start] + keep[start + size :]
            if not rest or tries >= MOST_TRIES:
                continue
            tries += 1
            smaller = replace(last, body=without_rows(last.body, rest), objects=len(rest))
            if shows([*before, smaller]):
                keep, best = rest, smaller
                size = min(size, max(1, len(keep) // 2)) + 1
                break
        size = size // 2 if size > 1 else 0
    return [*before, best]
