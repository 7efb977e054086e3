"""The audit of one process: rows gathered while jobs run, chained and written right before their commit.

Lives on the writer's thread. A row stands in the transaction of the change it is about, so there is never one without
the other. The chain's head is signed once a minute, within a commit that is made anyway (a heartbeat, if nothing else).
Must not decide what is worth a row beyond ``WORTH``, and must not hold a request, a secret or an amount.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from itertools import takewhile
from typing import Any

from bridge.core.commands import Adopted, Moved, Opened
from bridge.core.intent import SETTLED, State
from bridge.core.model import Instant
from bridge.journal import chain
from bridge.journal.database import Database
from bridge.journal.statements import Statements
from bridge.telemetry import clocks
from bridge.telemetry.log import get_logger
from bridge.telemetry.redact import redact

log = get_logger("journal")

SEAL_SECONDS = 60.0
"""How often a head is signed: what can be cut off a chain unseen is at most what was written since."""

KNOWN_HEADS = 64
"""How many other chains a start says it saw."""

WORTH = SETTLED | {State.IN_DOUBT, State.PARKED}

_ENCODE = json.JSONEncoder(separators=(",", ":")).encode


def now() -> Instant:
    """This machine's time in milliseconds: for what happens to the bridge and not in Zuora."""
    return round(clocks.wall() * 1000)


class Audit:
    """Gathers rows with ``note`` and its like; the writer calls the five methods from ``begin`` to ``forget``."""

    def __init__(
        self,
        database: Database,
        statements: Statements,
        key: bytes,
        writer: str,
        *,
        clock: Callable[[], float] = clocks.steady,
    ) -> None:
        self.writer = writer
        self._database = database
        self._sql = statements
        self._key = key
        self._clock = clock
        self._pending: list[tuple[Instant, str, str, str]] = []
        self._head = (0, chain.ORIGIN)
        self._made = self._head
        self._signed = 0
        self._signing = False
        self._sign_at = 0.0
        self._known = False

    # ------------------------------------------------------------ what is worth a row

    def moved(self, change: Moved) -> None:
        """An intent was settled, parked, put in doubt, or taken out of NOT_APPLIED again."""
        if change.target in WORTH or change.source is State.NOT_APPLIED:
            detail: dict[str, Any] = {"from": change.source.value, "to": change.target.value}
            if change.zuora_id is not None:
                detail["id"] = change.zuora_id
            if change.errors:
                detail["codes"] = [error.code for error in change.errors]
            if change.unsent:
                detail["unsent"] = True
            self._pending.append((change.at, "move", change.intent_id, _ENCODE(detail)))

    def opened(self, change: Opened) -> None:
        """An intent that was settled when it was recorded."""
        for intent in change.intents:
            if intent.state in WORTH:
                detail = {"to": intent.state.value, "codes": [error.code for error in intent.errors]}
                self._pending.append((intent.created_at, "move", intent.id, _ENCODE(detail)))

    def adopted(self, change: Adopted) -> None:
        """Another process drives an intent from now on (behind a slash stands what for: no concern of the audit)."""
        if change.previous.split("/")[0] == change.owner.split("/")[0]:
            return
        detail = {"from": change.previous, "to": change.owner}
        self._pending.append((now(), "adopt", change.intent_id, _ENCODE(detail)))

    def note(self, kind: str, subject: str, detail: Mapping[str, object], at: Instant | None = None) -> None:
        """Anything else, redacted: a start, a person's word, a deletion, a mode."""
        text = _ENCODE(redact(dict(detail)))
        self._pending.append((now() if at is None else at, kind, subject, text))

    def started(self, version: str, configuration: str, *, look_up_first: bool) -> None:
        """This process begins. It says how far the other chains are, so that none can vanish as a whole."""
        heads = []
        for (writer,) in self._database.rows(self._sql.heads, {})[:KNOWN_HEADS]:
            if writer != self.writer:
                heads += [[writer, seq, digest.hex()] for seq, digest in self._last(writer)]
        # Keyed: a plain hash would let who reads it try out passwords.
        hashed = hmac.digest(self._key, b"configuration" + configuration.encode(), "sha256").hex()
        detail: dict[str, Any] = {"version": version, "configuration": hashed, "heads": heads}
        if look_up_first:
            detail["look_up_first"] = True
        self._pending.append((now(), "start", self.writer, _ENCODE(detail)))

    # ------------------------------------------------------------ within the writer's transaction

    def size(self) -> int:
        """A place to ``cut`` back to."""
        return len(self._pending)

    def cut(self, size: int) -> None:
        """The job that noted what came since was undone."""
        del self._pending[size:]

    def flush(self) -> None:
        """Chain and insert what was noted; sign the head where it is time to."""
        if not self._pending and (self._made[0] == self._signed or self._clock() < self._sign_at):
            return
        if not self._known:
            self._read_head()
        seq, digest = self._head
        rows: list[Mapping[str, object]] = []
        for at, kind, subject, detail in self._pending:
            seq += 1
            digest = chain.digest(self._key, digest, self.writer, seq, at, kind, subject, detail)
            rows.append(
                {"writer": self.writer, "seq": seq, "at": at, "kind": kind}
                | {"subject": subject, "detail": detail, "digest": digest}
            )
        if rows:
            self._database.run_many(self._sql.add_audit, rows)
        self._made = (seq, digest)
        self._signing = seq > self._signed and self._clock() >= self._sign_at
        if self._signing:
            self._put(chain.signed(self._key, self.writer, chain.HEAD, seq, digest, now()))

    def kept(self) -> None:
        """The transaction was committed."""
        self._pending.clear()
        self._head = self._made
        if self._signing:
            self._signing = False
            self._signed = self._head[0]
            self._sign_at = self._clock() + SEAL_SECONDS
            # Outside of the database, a head shows even a chain that was cut together with its mark.
            log.info("audit head signed", writer=self.writer, seq=self._head[0], head=self._head[1].hex())

    def forget(self) -> None:
        """The transaction was undone, or nobody knows: what is stored is read again before the next row."""
        self._pending.clear()
        self._signing = self._known = False
        self._made = self._head

    def last_seal(self) -> None:
        """Have the next ``flush`` sign, whatever the time: the process ends."""
        self._sign_at = 0.0

    @property
    def unsigned(self) -> bool:
        """Whether there are rows behind the signed head."""
        return self._head[0] > self._signed

    # ------------------------------------------------------------ deleting

    def prune(self, before: Instant, most: int = 5000) -> int:
        """Delete rows older than ``before`` from the beginning of every chain, at most ``most``; how many it were.

        What is left begins behind the last one deleted, whose digest stays, signed.
        """
        gone = 0
        for (writer,) in self._database.rows(self._sql.heads, {}):
            begun = self._marks(writer).get(chain.GONE, (0, chain.ORIGIN))[0]
            oldest = self._database.rows(self._sql.oldest_audit, {"b_writer": writer, "b_to": begun + most - gone})
            old = list(takewhile(lambda row: row[1] < before, oldest))
            if not old:
                continue
            (first, *_), (seq, _, digest) = old[0], old[-1]
            self._put(chain.signed(self._key, writer, chain.GONE, seq, bytes(digest), now()))
            gone += self._database.run(self._sql.drop_audit, {"b_writer": writer, "b_seq": seq})
            self.note("deleted", writer, {"table": "audit", "from": first, "to": seq, "digest": bytes(digest).hex()})
        return gone

    # ------------------------------------------------------------ reading and writing marks

    def _put(self, mark: chain.Mark) -> None:
        names = ("writer", "part", "seq", "digest", "at", "signature")
        self._database.run(self._sql.put_mark, {name: getattr(mark, name) for name in names})

    def _last(self, writer: str) -> Sequence[tuple[int, bytes]]:
        row = self._database.rows(self._sql.last_audit, {"b_writer": writer})
        return [(seq, bytes(digest)) for seq, digest in row]

    def _marks(self, writer: str) -> Mapping[str, tuple[int, bytes]]:
        rows = self._database.rows(self._sql.marks_of, {"b_writer": writer})
        return {part: (seq, bytes(digest)) for part, seq, digest in rows}

    def _read_head(self) -> None:
        marks = self._marks(self.writer)
        last = self._last(self.writer)
        self._head = self._made = last[0] if last else marks.get(chain.GONE, (0, chain.ORIGIN))
        self._signed = marks.get(chain.HEAD, (0, b""))[0]
        self._known = True
