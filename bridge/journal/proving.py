"""Whether the audit rows of one intent are what was written: only the chains they stand in are walked, and boundedly.

A row is proved by its own digest, by every link from it up to its chain's signed head, and by that head's signature.
What is newer than the last signature is not sealed yet: a minute later it is. Must not repair anything.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from bridge.journal.chain import GONE, HEAD, ORIGIN, Mark, Row, Walk
from bridge.journal.reading import Reader, mark_from, row_from
from bridge.journal.schema import audit, audit_mark

MOST_ROWS = 20_000
"""Links that are followed from a row towards its head. A process that has served for weeks has written more."""


class Proof(enum.Enum):
    """What the walk says."""

    INTACT = "intact"
    UNSEALED = "unsealed"
    """What there is fits, and some of it is newer than the last signature."""

    PARTLY = "partly"
    """What was walked fits; the signed head is further away than ``MOST_ROWS``: verify the whole audit."""

    BROKEN = "broken"
    NONE = "none"
    """There is no row about it."""


@dataclass(frozen=True, slots=True)
class Proved:
    """What was walked: how many rows of how many chains, and what is wrong."""

    proof: Proof
    rows: int
    chains: int
    wrong: tuple[str, ...] = ()


def prove(reader: Reader, rows: Sequence[Row], most: int = MOST_ROWS) -> Proved:
    """The verdict on these rows, which are of one subject; from each chain's first of them on ``most`` are walked."""
    spans: dict[str, tuple[int, int]] = {}
    for row in rows:
        first, last = spans.get(row.writer, (row.seq, row.seq))
        spans[row.writer] = min(first, row.seq), max(last, row.seq)
    wrong: list[str] = []
    walked = 0
    found = {Proof.INTACT}
    for writer, (first, last) in sorted(spans.items()):
        marks = {
            mark.part: mark
            for mark in map(mark_from, reader.rows(select(audit_mark).where(audit_mark.c.writer == writer)))
        }
        head = marks.get(HEAD)
        before = _before(reader, writer, first, marks.get(GONE))
        if before is None:
            wrong.append(f"{writer}: row {first - 1} is missing")
            continue
        target = max(last, head.seq if head is not None else last)
        until = min(target, first + most)
        near = head if head is not None and head.seq <= until else None
        walk = Walk(reader.seal.audit_keys, writer, head, None, {})
        wrong += walk.begin()
        walk.start_behind(first - 1, before)
        wrong += walk.see(_between(reader, writer, first, until))
        if near is not None:
            wrong += walk.end()
        elif walk.last < until:
            wrong.append(f"{writer}: rows up to {until} are missing")
        walked += walk.rows
        if head is not None and last > head.seq:
            found.add(Proof.UNSEALED)
        elif near is None:
            found.add(Proof.PARTLY)
    if wrong:
        proof = Proof.BROKEN
    elif not rows:
        proof = Proof.NONE
    else:
        proof = next(each for each in (Proof.PARTLY, Proof.UNSEALED, Proof.INTACT) if each in found)
    return Proved(proof, walked, len(spans), tuple(wrong))


def _before(reader: Reader, writer: str, first: int, gone: Mark | None) -> bytes | None:
    """The digest that the first row is chained to."""
    if first == 1:
        return ORIGIN
    if gone is not None and gone.seq == first - 1:
        return gone.digest
    query = select(audit.c.digest).where(audit.c.writer == writer, audit.c.seq == first - 1)
    return next((bytes(digest) for (digest,) in reader.rows(query)), None)


def _between(reader: Reader, writer: str, first: int, last: int) -> Iterator[Row]:
    query = select(audit).where(audit.c.writer == writer, audit.c.seq.between(first, last)).order_by(audit.c.seq)
    return map(row_from, reader.rows(query))
