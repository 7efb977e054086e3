"""Sends every call of a capture to all sides, each on its own twin, and reads what each was left with.

One call at a time and the sides in a seeded order, so that none is always the warm one. Ids made on a side are put into
its later calls; ids of a capture that later calls name are followed. Must not compare.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from bridge.parity.compare import Neutral
from bridge.parity.redaction import captured
from bridge.parity.side import Side
from bridge.parity.state import Books, neutral, numbers, touched
from bridge.parity.terms import SOAP, Entry, Exchange, ParityError, Run
from bridge.telemetry.redact import redact_text

_NAMED = re.compile(r"\{id:(\d+)\.\d+\}")


def replay(
    entries: Sequence[Entry],
    sides: Sequence[Side],
    books: Mapping[str, Books],
    *,
    seed: int = 1,
    progress: Callable[[], None] | None = None,
) -> Run:
    """The whole run. ``books`` has a reader per side's name; a side without one leaves no state to compare."""
    order = random.Random(seed)  # noqa: S311 - which side goes first must be repeatable
    run = Run(sides={side.name: side.title or side.origin for side in sides})
    for side in sides:
        side.login()
    for entry in entries:
        answers = {}
        for side in order.sample(list(sides), len(sides)):
            spoken = _shown(entry, side)
            answers[side.name] = replace(side.send(entry), sent=spoken)
        run.exchanges.append(Exchange(entry, answers))
        if progress is not None:
            progress()
    for side in sides:
        names = dict(side.tokens)
        reader = books.get(side.name)
        if reader is not None:
            sent = [each.answers[side.name].sent for each in run.exchanges]
            shelves = reader.read(touched(sent, side.tokens))
            names |= numbers(shelves, side.tokens)
            run.books[side.name] = neutral(shelves, names)
        run.neutral[side.name] = names
    return run


def _shown(entry: Entry, side: Side) -> str:
    spoken = side.spoken(entry)
    # Where an entry of the JSON doors was made, its secrets went by their names.
    return captured(spoken) if entry.door == SOAP else redact_text(spoken)


def neutrals(run: Run, sides: Sequence[Side], beside: Sequence[str] = ()) -> dict[str, Neutral]:
    """Per side what is different by nature; ``beside`` are further origins that may be named in an answer."""
    return {side.name: Neutral(run.neutral[side.name], (side.origin, *beside)) for side in sides}


def needed(entries: Sequence[Entry], wanted: Sequence[int]) -> list[Entry]:
    """The entries of these numbers with every call before them that made what they name."""
    by_number = {each.number: each for each in entries}
    missing = [number for number in wanted if number not in by_number]
    if missing:
        raise ParityError(f"the capture has no call {missing[0]}")
    makers = {made: each.number for each in entries if each.verb == "create" for made in each.made if made}
    keep: set[int] = set()
    todo = list(wanted)
    while todo:
        number = todo.pop()
        if number in keep:
            continue
        keep.add(number)
        body = f"{by_number[number].path}\n{by_number[number].body}"
        before = {int(found) for found in _NAMED.findall(body)}
        before |= {maker for made, maker in makers.items() if made in body}
        todo += [each for each in before if each in by_number and each < number]
    return [each for each in entries if each.number in keep]
