"""The hash chain of audit rows and the signatures of its heads: pure arithmetic.

Each row's digest is an HMAC-SHA-256 (RFC 2104) of the digest before it and of everything the row says, under a key
derived from the journal's, so that who can write the database and has no key can neither change a row nor add one. A
signed head says how far a writer's chain had come; a chain that ends before its head was cut. Must not read or store.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from bridge.core.model import Instant

ORIGIN = bytes(32)
"""What stands before a writer's first row."""

HEAD, GONE = "head", "gone"
"""The two marks of a chain: its signed head, and the last row of what was deleted from its beginning."""

_ENCODE = json.JSONEncoder(separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class Row:
    """One audit row. ``at`` is in milliseconds, ``detail`` is ASCII JSON; ``seq`` counts from 1 per ``writer``."""

    writer: str
    seq: int
    at: Instant
    kind: str
    subject: str
    detail: str
    digest: bytes


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a writer's chain, signed: its head, or the end of what was deleted."""

    writer: str
    part: str
    seq: int
    digest: bytes
    at: Instant
    signature: bytes


def digest(
    key: bytes, before: bytes, writer: str, seq: int, at: Instant, kind: str, subject: str, detail: str
) -> bytes:
    """The digest of a row behind the one with digest ``before``."""
    text = _ENCODE([writer, seq, at, kind, subject, detail])
    return hmac.digest(key, before + text.encode("ascii"), "sha256")


def signed(key: bytes, writer: str, part: str, seq: int, head: bytes, at: Instant) -> Mark:
    """A mark with its signature."""
    return Mark(writer, part, seq, head, at, _signature(key, writer, part, seq, head, at))


def is_signed(keys: Sequence[bytes], mark: Mark) -> bool:
    """Whether the signature is ours, under one of the keys."""
    ours = (_signature(key, mark.writer, mark.part, mark.seq, mark.digest, mark.at) for key in keys)
    return any(hmac.compare_digest(each, mark.signature) for each in ours)


def _signature(key: bytes, writer: str, part: str, seq: int, head: bytes, at: Instant) -> bytes:
    # "mark" stands where a row has its predecessor's 32 bytes, so that no row's digest is ever a signature.
    return hmac.digest(key, b"mark" + _ENCODE([writer, part, seq, head.hex(), at]).encode("ascii"), "sha256")


class Walk:
    """Checks one writer's rows as they come, in the order of ``seq``: ``begin``, ``see`` them, ``end``.

    ``keys`` are all that the journal had: a process keeps one for its whole chain, so the key of the first row is that
    of all; marks may be signed by a later process under a later key. ``known`` are rows of this writer that somebody
    else has seen: seq and digest.
    """

    def __init__(
        self, keys: Sequence[bytes], writer: str, head: Mark | None, gone: Mark | None, known: Mapping[int, bytes]
    ) -> None:
        self._keys = tuple(keys)
        self._key: bytes | None = None
        self._writer = writer
        self._head = head
        self._gone = gone
        self._known = known
        self._before = gone.digest if gone is not None else ORIGIN
        self.last = gone.seq if gone is not None else 0
        self.rows = 0

    def start_behind(self, seq: int, digest: bytes) -> None:
        """Walk from the row behind this one on, whose digest is taken as it stands; the chain before is not seen."""
        self.last, self._before = seq, digest

    def begin(self) -> Iterator[str]:
        """What is wrong with the marks."""
        if self._head is None:
            yield f"{self._writer}: its signed head is missing"
        for mark in (self._head, self._gone):
            if mark is not None and not is_signed(self._keys, mark):
                what = "its head" if mark.part == HEAD else "what was deleted"
                yield f"{self._writer}: the signature of {what} is wrong"

    def see(self, rows: Iterable[Row]) -> Iterator[str]:
        """What is wrong with these rows."""
        for row in rows:
            self.rows += 1
            follows = row.seq == self.last + 1
            if not follows:
                yield f"{self._writer}: {_gap(self.last + 1, row.seq)}"
            # Behind a gap the row before is not there to check against, and the gap was told.
            if follows and not self._ours(row):
                yield f"{self._writer}: row {row.seq} is not what was written, or not where it was written"
            if self._head is not None and row.seq == self._head.seq and row.digest != self._head.digest:
                yield f"{self._writer}: row {row.seq} is not the one its head was signed for"
            if self._known.get(row.seq, row.digest) != row.digest:
                yield f"{self._writer}: row {row.seq} is not the one that was seen before"
            self.last, self._before = row.seq, row.digest

    def _ours(self, row: Row) -> bool:
        for key in self._keys if self._key is None else (self._key,):
            ours = digest(key, self._before, row.writer, row.seq, row.at, row.kind, row.subject, row.detail)
            if hmac.compare_digest(ours, row.digest):
                self._key = key
                return True
        return False

    def end(self) -> Iterator[str]:
        """What is wrong with where the chain ends."""
        reach = max(self._known, default=0)
        if self._head is not None:
            reach = max(reach, self._head.seq)
        if self.last < reach:
            yield f"{self._writer}: {_gap(self.last + 1, reach + 1)} at its end"

    @property
    def unsealed(self) -> int:
        """How many rows are newer than the signed head."""
        return max(0, self.last - self._head.seq) if self._head is not None else self.rows


def _gap(first: int, found: int) -> str:
    if found < first:
        return f"row {found} stands twice or out of order"
    return f"row {first} is missing" if found == first + 1 else f"rows {first} to {found - 1} are missing"
