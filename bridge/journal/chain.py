"""The hash chain of audit rows and the signatures of its heads: pure arithmetic.

Each row's digest is an HMAC-SHA-256 (RFC 2104) of the digest before it and of everything the row says, under a key
derived from the journal's, so that who can write the database and has no key can neither change a row nor add one. A
signed head says how far a writer's chain had come; a chain that ends before its head was cut. Must not read or store.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterable, Iterator
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


def digest(key: bytes, before: bytes, writer: str, seq: int, at: Instant, kind: str, subject: str, detail: str) -> bytes:
    """The digest of a row behind the one with digest ``before``."""
    text = _ENCODE([writer, seq, at, kind, subject, detail])
    return hmac.digest(key, before + text.encode("ascii"), "sha256")


def signed(key: bytes, writer: str, part: str, seq: int, head: bytes, at: Instant) -> Mark:
    """A mark with its signature."""
    return Mark(writer, part, seq, head, at, _signature(key, writer, part, seq, head, at))


def is_signed(key: bytes, mark: Mark) -> bool:
    """Whether the signature is ours."""
    ours = _signature(key, mark.writer, mark.part, mark.seq, mark.digest, mark.at)
    return hmac.compare_digest(ours, mark.signature)


def _signature(key: bytes, writer: str, part: str, seq: int, head: bytes, at: Instant) -> bytes:
    # "mark" stands where a row has its predecessor's 32 bytes, so that no row's digest is ever a signature.
    return hmac.digest(key, b"mark" + _ENCODE([writer, part, seq, head.hex(), at]).encode("ascii"), "sha256")


class Walk:
    """Checks one writer's rows as they come, in the order of ``seq``; call ``end`` behind the last."""

    def __init__(self, key: bytes, writer: str, head: Mark | None, gone: Mark | None) -> None:
        self._key = key
        self._writer = writer
        self._head = head
        self._before = gone.digest if gone is not None else ORIGIN
        self._gone = gone.seq if gone is not None else 0
        self.last = self._gone
        self.rows = 0
        self._seen_head = gone is not None and head is not None and head.seq <= gone.seq

    def begin(self) -> Iterator[str]:
        """What is wrong with the marks."""
        if self._head is None:
            yield f"{self._writer}: its signed head is missing"
        elif not is_signed(self._key, self._head):
            yield f"{self._writer}: the signature of its head is wrong"

    def see(self, rows: Iterable[Row]) -> Iterator[str]:
        """What is wrong with these rows."""
        for row in rows:
            self.rows += 1
            if row.seq != self.last + 1:
                yield f"{self._writer}: {_missing(self.last + 1, row.seq)}"
                # The digests behind a gap are checked against the row before them that is left: report the gap once.
                self._before = b""
            ours = digest(
                self._key, self._before, row.writer, row.seq, row.at, row.kind, row.subject, row.detail
            )  # fmt: skip
            if self._before and not hmac.compare_digest(ours, row.digest):
                yield f"{self._writer}: row {row.seq} is not what was written, or not where it was written"
            self.last, self._before = row.seq, row.digest
            if self._head is not None and row.seq == self._head.seq:
                self._seen_head = True
                if row.digest != self._head.digest:
                    yield f"{self._writer}: row {row.seq} is not the one its head was signed for"

    def end(self) -> Iterator[str]:
        """What is wrong with where the chain ends."""
        if self._head is not None and not self._seen_head and self.last < self._head.seq:
            yield f"{self._writer}: rows {self.last + 1} to {self._head.seq} are missing at its end"

    @property
    def unsealed(self) -> int:
        """How many rows are newer than the signed head."""
        return max(0, self.last - self._head.seq) if self._head is not None else self.last - self._gone


def _missing(first: int, found: int) -> str:
    if found <= first - 1:
        return f"row {found} stands twice or out of order"
    return f"row {first} is missing" if found == first + 1 else f"rows {first} to {found - 1} are missing"
