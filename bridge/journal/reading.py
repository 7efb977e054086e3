"""Reads a journal beside running bridges, for commands: nothing is made, migrated or changed, no lock is held.

SQLite is opened with ``mode=ro`` (https://sqlite.org/uri.html), PostgreSQL in a read-only transaction. What is read is
as of one moment: that of the first read. The key is needed for requests and the audit only. Raises ``JournalRefused``
where there is no journal of this bridge's schema. Must not serve calls: SQLAlchemy's execution layer is slow.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Executable, Select, create_engine, func, select, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from bridge.core.intent import Dispatch, Intent, State
from bridge.core.model import Instant, Op, Route
from bridge.journal import migrations
from bridge.journal.chain import GONE, HEAD, Mark, Row, Walk
from bridge.journal.comparisons import MOST_READ, Comparison, comparison_of, found
from bridge.journal.crypto import KEY_BYTES, Keys, Seal, keys_of
from bridge.journal.discrepancies import Kept, kept
from bridge.journal.errors import JournalDown, JournalRefused
from bridge.journal.keyfile import key_beside
from bridge.journal.look_up_first import Mode, read
from bridge.journal.ramps import Judged, judged
from bridge.journal.revisions import Revision, from_row
from bridge.journal.rows import dispatch_from, intent_from
from bridge.journal.schema import (
    OPEN_SQL,
    audit,
    audit_mark,
    discrepancy,
    dispatch,
    dispatch_intent,
    intent,
    judgement,
    meta,
    revision,
    usage,
)
from bridge.journal.statements import DISPATCH_COLUMNS
from bridge.journal.store import CHECK, check_key
from bridge.journal.usage import Used
from bridge.journal.usage import from_row as used_from

BATCH = 500


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which intents: every given part must fit. ``since`` and ``until`` are of ``created_at``, the latter excluded.

    ``settled_since`` asks for those settled from then on.
    """

    states: frozenset[State] = frozenset()
    caller: str | None = None
    op: Op | None = None
    object_type: str | None = None
    route: Route | None = None
    zuora_id: str | None = None
    since: Instant | None = None
    until: Instant | None = None
    settled_since: Instant | None = None


@dataclass(frozen=True, slots=True)
class Checked:
    """What ``verify`` saw: chains, their rows, rows newer than the last signature, and what is wrong."""

    writers: int
    rows: int
    unsealed: int
    wrong: tuple[str, ...]


class Reader:
    """``with Reader(url, key) as reader``. ``seconds`` bound all that it does: then it raises ``JournalDown``.

    ``breath`` are seconds that it sleeps after every ``BATCH`` rows, where others need the interpreter meanwhile.
    """

    def __init__(self, url: str, key: Keys | bytes | None, seconds: float | None = None) -> None:
        self._url, self._path = _read_only(url)
        self.breath = 0.0
        self._ends = None if seconds is None else time.monotonic() + seconds
        self._given = keys_of(key)
        self._seal: Seal | None = None
        self._connection: Connection | None = None
        self._engine = create_engine(self._url, poolclass=NullPool)

    def __enter__(self) -> Reader:
        try:
            self._connection = self._engine.connect()
            # sqlite3 begins a transaction of its own accord for writes only (Python: sqlite3, Transaction control).
            one_moment = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY" if self.on_server else "BEGIN"
            self._connection.execute(text(one_moment))
            self._bound(self._connection)
            standing = migrations.standing_of(self._connection)
        except (SQLAlchemyError, ImportError) as error:
            self.__exit__(None, None, None)
            reason = getattr(error, "orig", None) or error
            raise JournalRefused(f"the database cannot be read: {reason}", "Check BRIDGE_DATABASE_URL.") from None
        if not standing.usable:
            self.__exit__(None, None, None)
            found = "no journal" if standing.schema is None else f"a journal of schema {standing.schema}"
            raise JournalRefused(
                f"there is {found}; this bridge reads schema {migrations.HEAD}",
                "Use the bridge that serves on it; `bridge journal migrate` or `serve` makes or migrates one.",
            )
        return self

    def _bound(self, connection: Connection) -> None:
        """Have the database itself end what takes longer."""
        if self._ends is None:
            return
        if self.on_server:
            connection.execute(text(f"SET LOCAL statement_timeout = {max(1, int(self.time_left * 1000))}"))
        else:
            driver: Any = connection.connection.driver_connection
            driver.set_progress_handler(lambda: int(self.time_left <= 0), 10_000)

    def end(self) -> None:
        """Have whatever is read on another thread end now, with ``JournalDown``."""
        self._ends = 0.0

    @property
    def on_server(self) -> bool:
        """Whether it is a PostgreSQL, whose clock counts for what its processes say of themselves."""
        return self._engine.dialect.name == "postgresql"

    @property
    def time_left(self) -> float:
        """How many of its seconds are left; infinite without a bound."""
        return float("inf") if self._ends is None else self._ends - time.monotonic()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._connection is not None:
            self._connection.close()
        self._engine.dispose()

    @property
    def seal(self) -> Seal:
        """The journal's seal; raises ``JournalRefused`` without its key."""
        if self._seal is None:
            key = self._given.own
            if key is None and self._path is not None:
                key = key_beside(self._path)
            if key is None or len(key) != KEY_BYTES:
                raise JournalRefused("it needs its key", "Set BRIDGE_JOURNAL__KEY to the key of this database.")
            seal = Seal(key, self._given.others)
            for (sealed,) in self._rows(select(meta.c.value).where(meta.c.name == CHECK)):
                check_key(seal, bytes(sealed))
            self._seal = seal
        return self._seal

    # ------------------------------------------------------------ intents

    def intents(self, wanted: Wanted, limit: int | None = None) -> Iterator[Intent]:
        """The newest first; all of them without a limit."""
        query = narrowed(select(intent), wanted).order_by(intent.c.created_at.desc(), intent.c.id)
        return (intent_from(row) for row in self._rows(query if limit is None else query.limit(limit)))

    def count(self, wanted: Wanted) -> int:
        """How many they are."""
        ((count,),) = self._rows(narrowed(select(func.count()).select_from(intent), wanted))
        return int(count)

    def intent(self, intent_id: str) -> Intent | None:
        """One intent."""
        return next((intent_from(row) for row in self._rows(select(intent).where(intent.c.id == intent_id))), None)

    def with_zuora_ids(self, ids: Sequence[str]) -> list[Intent]:
        """The intents that came to these objects, updates and deletes included."""
        found: list[Intent] = []
        for start in range(0, len(ids), BATCH):
            query = select(intent).where(intent.c.zuora_id.in_(ids[start : start + BATCH]))
            found += [intent_from(row) for row in self._rows(query)]
        return found

    def dispatches(self, intent_id: str) -> list[Dispatch]:
        """The requests that carried an intent, opened; raises ``Unreadable``."""
        query = (
            select(*DISPATCH_COLUMNS)
            .join(dispatch_intent, dispatch_intent.c.dispatch_id == dispatch.c.id)
            .where(dispatch_intent.c.intent_id == intent_id)
            .order_by(dispatch.c.step, dispatch.c.attempt, dispatch.c.recorded_at, dispatch.c.id)
        )
        return [dispatch_from(tuple(row), self._carried(row[0]), self.seal) for row in self._rows(query)]

    def sealed_otherwise(self) -> int:
        """How many requests are sealed under another key than the own one."""
        query = select(func.count()).select_from(dispatch).where(dispatch.c.key_id != self.seal.key_id)
        ((count,),) = self._rows(query)
        return int(count)

    def _carried(self, dispatch_id: str) -> tuple[str, ...]:
        query = select(dispatch_intent.c.intent_id).where(dispatch_intent.c.dispatch_id == dispatch_id)
        return tuple(id_ for (id_,) in self._rows(query.order_by(dispatch_intent.c.position)))

    def history(self, subject: str) -> list[Row]:
        """The audit rows about an intent, in the order they were written as far as their times tell."""
        query = select(audit).where(audit.c.subject == subject).order_by(audit.c.at, audit.c.writer, audit.c.seq)
        return [row_from(row) for row in self._rows(query)]

    def breaks(self, *, still_open: bool = False, limit: int | None = None) -> list[Kept]:
        """What reconciliation found, the oldest first."""
        query = select(discrepancy).order_by(discrepancy.c.found_at, discrepancy.c.id)
        if still_open:
            query = query.where(discrepancy.c.closed_at.is_(None))
        rows = self._rows(query if limit is None else query.limit(limit))
        return [kept(tuple(row), self.seal) for row in rows]

    def usage(self) -> list[Used]:
        """Who uses what."""
        return [used_from(tuple(row)) for row in self._rows(select(usage))]

    def revisions(self, limit: int | None = None) -> list[Revision]:
        """What was decided about routes, the newest first."""
        query = select(revision).order_by(revision.c.number.desc())
        return [from_row(tuple(row)) for row in self._rows(query if limit is None else query.limit(limit))]

    def judgements(self, rule: str | None = None, limit: int | None = None) -> list[Judged]:
        """What gates judged of a rule's ramp, or of all, the newest first."""
        query = select(judgement).order_by(judgement.c.at.desc(), judgement.c.rule)
        if rule is not None:
            query = query.where(judgement.c.rule == rule)
        return [judged(tuple(row)) for row in self._rows(query if limit is None else query.limit(limit))]

    def comparisons(self, since: Instant, rule: str | None = None) -> list[Comparison]:
        """What shadows found from then on (this machine's time), the newest first; ``MOST_READ`` of them at most."""
        return [comparison_of(tuple(row)) for row in self._rows(found(since, rule).limit(MOST_READ))]

    def mode(self) -> Mode | None:
        """Look-up-first mode as it stands in the journal, over or not."""
        rows = list(self._rows(select(meta.c.value).where(meta.c.name == "look up first until")))
        return read(bytes(rows[0][0])) if rows else None

    # ------------------------------------------------------------ audit

    def verify(self, known: Mapping[str, Mapping[int, bytes]] | None = None) -> Iterator[Checked]:
        """Check every chain; yields what was seen so far after each, the whole at last.

        ``known`` are heads that were kept elsewhere: per writer seq and digest.
        """
        keys = self.seal.audit_keys
        marks = {(mark.writer, mark.part): mark for mark in map(mark_from, self._rows(select(audit_mark)))}
        seen = self._seen_by_starts()
        for writer, heads in (known or {}).items():
            seen.setdefault(writer, {}).update(heads)
        chains = {writer for (writer,) in self._rows(select(audit.c.writer).distinct())}
        writers = sorted(chains | {writer for writer, _ in marks} | set(seen))
        wrong: list[str] = []
        rows = unsealed = 0
        for count, writer in enumerate(writers, start=1):
            walk = Walk(keys, writer, marks.get((writer, HEAD)), marks.get((writer, GONE)), seen.get(writer, {}))
            query = select(audit).where(audit.c.writer == writer).order_by(audit.c.seq)
            wrong += [*walk.begin(), *walk.see(map(row_from, self._rows(query))), *walk.end()]
            rows, unsealed = rows + walk.rows, unsealed + walk.unsealed
            yield Checked(count, rows, unsealed, tuple(wrong))
        if not writers:
            yield Checked(0, 0, 0, ())

    def _seen_by_starts(self) -> dict[str, dict[int, bytes]]:
        """What each process saw of the other chains when it started."""
        seen: dict[str, dict[int, bytes]] = {}
        for (detail,) in self._rows(select(audit.c.detail).where(audit.c.kind == "start")):
            for writer, seq, digest in json.loads(detail).get("heads", []):
                seen.setdefault(writer, {})[seq] = bytes.fromhex(digest)
        return seen

    # ------------------------------------------------------------ underneath

    def rows(self, query: Executable) -> Iterator[Any]:
        """What a query of this room selects; raises ``JournalDown`` where it cannot be read in time."""
        return self._rows(query)

    def _rows(self, query: Executable) -> Iterator[Any]:
        # Closed also where whoever asks takes no more: PostgreSQL keeps a cursor for it.
        with self._reading() as connection, connection.execution_options(yield_per=BATCH).execute(query) as found:
            for count, row in enumerate(found, start=1):
                yield row
                if count % BATCH == 0:
                    if self.time_left <= 0:
                        raise JournalDown("reading it took too long")
                    time.sleep(self.breath)

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        assert self._connection is not None
        try:
            yield self._connection
        except SQLAlchemyError as error:
            raise JournalDown(f"it cannot be read: {getattr(error, 'orig', None) or error}") from error


def narrowed(query: Select[Any], wanted: Wanted) -> Select[Any]:
    """A query of intents with all that is wanted of them."""
    exact = {
        intent.c.caller: wanted.caller,
        intent.c.op: wanted.op.value if wanted.op else None,
        intent.c.object_type: wanted.object_type,
        intent.c.route: wanted.route.value if wanted.route else None,
        intent.c.zuora_id: wanted.zuora_id,
    }
    for column, value in exact.items():
        if value is not None:
            query = query.where(column == value)
    if wanted.states:
        query = query.where(intent.c.state.in_(sorted(state.value for state in wanted.states)))
        if not any(state.settled for state in wanted.states):
            # The term by which the database knows that its small index of what is open will do.
            query = query.where(text(OPEN_SQL))
    if wanted.since is not None:
        query = query.where(intent.c.created_at >= wanted.since)
    if wanted.until is not None:
        query = query.where(intent.c.created_at < wanted.until)
    if wanted.settled_since is not None:
        query = query.where(intent.c.settled_at >= wanted.settled_since)
    return query


def row_from(row: Any) -> Row:
    """The audit row of a row in the order of ``schema.audit``."""
    writer, seq, at, kind, subject, detail, digest = row
    return Row(writer, seq, at, kind, subject, detail, bytes(digest))


def mark_from(row: Any) -> Mark:
    """The mark of a row in the order of ``schema.audit_mark``."""
    writer, part, seq, digest, at, signature = row
    return Mark(writer, part, seq, bytes(digest), at, bytes(signature))


def _read_only(url: str) -> tuple[URL, Path | None]:
    try:
        parsed = make_url(url)
    except ArgumentError:
        parsed = None
    if parsed is None or parsed.get_backend_name() not in ("sqlite", "postgresql"):
        raise JournalRefused("BRIDGE_DATABASE_URL is neither a sqlite nor a postgresql URL", "Set it as for `serve`.")
    if parsed.get_backend_name() == "postgresql":
        return parsed.set(drivername="postgresql+psycopg"), None
    path = Path(parsed.database or "")
    if not parsed.database or not path.is_file() or not path.stat().st_size:
        raise JournalRefused(f"there is no journal in {path}", "Set BRIDGE_DATABASE_URL to the one of `bridge serve`.")
    return URL.create("sqlite", database=f"file:{quote(str(path))}", query={"mode": "ro", "uri": "true"}), path
