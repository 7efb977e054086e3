"""PostgreSQL under the journal: how a connection is made, what of it is durable, and what its errors mean.

A server that does not answer is given up after our patience, so that a stuck database is an answer and no wait. What a
COMMIT came to when the connection broke in it is asked of the server (``pg_xact_status``), never guessed. Must not
know what is stored.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any, cast

import psycopg
from psycopg import errors
from psycopg.pq import TransactionStatus
from sqlalchemy import Dialect
from sqlalchemy.dialects.postgresql import psycopg as sqlalchemy_psycopg

from bridge.journal.errors import Blocked, JournalRefused, Lost, Uncertain
from bridge.telemetry.log import get_logger

log = get_logger("journal")

OLDEST = 13
"""The first with ``pg_current_xact_id``."""

LOCK_MS = 200
"""How long a statement waits for a row. A commit takes milliseconds, so what waits longer waits for somebody who is
stuck; the transaction is undone, its jobs run one by one, and one that still waits does not keep the others. It also
ends a deadlock before PostgreSQL looks for one (deadlock_timeout, 1 s)."""

IDLE_MS = 2_000
"""How long a transaction of ours may lie open without a statement. Who is suspended in one keeps rows locked."""

CONNECT_SECONDS = 3


class _Connection(psycopg.Connection[Any]):
    """Gives the server up where it does not answer in time: the socket is closed, and nothing can be sent on it."""

    patience: float | None = None
    until: float | None = None

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        limits = [each for each in (timeout, self.patience) if each is not None]
        if self.until is not None:
            limits.append(max(0.0, self.until - time.monotonic()))
        if not limits:
            return super().wait(gen, interval)
        deadline = time.monotonic() + min(limits)
        try:
            return super().wait(gen, interval, min(limits))
        except Exception:
            if time.monotonic() < deadline:
                raise
            # Whatever was asked may still be carried out; only a closed connection makes sure that nobody goes on.
            self.pgconn.finish()
            raise psycopg.OperationalError(f"no answer within {min(limits):.3g} s") from None


def dialect() -> Dialect:
    """What SQLAlchemy needs to write SQL for the driver."""
    made: Any = sqlalchemy_psycopg.dialect
    return cast(Dialect, made(dbapi=made.import_dbapi()))


_IN_THE_WAY = (
    errors.LockNotAvailable,
    errors.DeadlockDetected,
    errors.SerializationFailure,
    # Two transactions that could not see each other; the one that is tried again sees the other's row.
    errors.UniqueViolation,
)


class Server:
    """One PostgreSQL. ``patience`` is in seconds, for one answer and for one transaction."""

    ERRORS: tuple[type[Exception], ...] = (psycopg.Error,)

    def __init__(self, arguments: Sequence[Any], options: Mapping[str, Any], patience: float) -> None:
        self._arguments = arguments
        self._options = {
            "application_name": "bridge",
            "connect_timeout": CONNECT_SECONDS,
            "client_encoding": "utf8",
            # A standby takes no writes (PostgreSQL: libpq, Parameter Key Words).
            "target_session_attrs": "read-write",
            # A peer that vanished without a word, as after a failover of its address.
            "keepalives_idle": 5,
            "keepalives_interval": 2,
            "keepalives_count": 3,
            **options,
        }
        self._patience = patience
        self._warned = False

    def connect(self) -> Any:
        """A connection in autocommit mode with every limit set; raises ``JournalRefused`` where it is not durable."""
        connection = _Connection.connect(*self._arguments, **self._options, autocommit=True)
        connection.patience = self._patience
        try:
            self._prepare(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _prepare(self, connection: psycopg.Connection[Any]) -> None:
        milliseconds = round(self._patience * 1000)
        connection.execute(
            f"SET lock_timeout = {LOCK_MS}; SET statement_timeout = {milliseconds}; "
            f"SET idle_in_transaction_session_timeout = {IDLE_MS}; "
            "SET default_transaction_isolation = 'read committed'; SET standard_conforming_strings = on",
            prepare=False,
        )
        names = (
            *("server_version_num", "server_encoding"),
            *("fsync", "synchronous_commit", "full_page_writes", "synchronous_standby_names"),
        )
        row = connection.execute(
            # A platform that is compatible with PostgreSQL may lack a setting.
            "SELECT " + ", ".join(f"current_setting('{name}', true)" for name in names)
        ).fetchone()
        assert row is not None
        self._check(dict(zip(names, row, strict=True)))

    def _check(self, setting: Mapping[str, str | None]) -> None:
        for name in ("fsync", "synchronous_commit"):
            if setting[name] == "off":
                raise JournalRefused(
                    f"PostgreSQL runs with {name} = off, so a commit may be lost",
                    f"Set {name} = on for this server, database and role.",
                )
        if int(setting["server_version_num"] or 0) // 10_000 < OLDEST:
            raise JournalRefused(f"PostgreSQL is older than {OLDEST}", f"Upgrade it to {OLDEST} or later.")
        if setting["server_encoding"] != "UTF8":
            raise JournalRefused(
                f"the database's encoding is {setting['server_encoding']}, which cannot hold every caller's name",
                "Create it with `CREATE DATABASE bridge ENCODING 'UTF8' TEMPLATE template0`.",
            )
        if self._warned:
            return
        self._warned = True
        if setting["full_page_writes"] == "off":
            log.warning("full_page_writes is off: a crash of the machine may damage the journal; set it to on")
        if setting["synchronous_standby_names"] and setting["synchronous_commit"] in ("local", "remote_write"):
            log.warning(
                "synchronous_commit is weaker than on: the last commits may be missing after a failover",
                synchronous_commit=setting["synchronous_commit"],
            )

    def begin(self, connection: Any, cursor: Any) -> str:
        """Begin a transaction; the id by which the server will know what became of it."""
        connection.until = time.monotonic() + self._patience
        cursor.execute("BEGIN; SELECT pg_current_xact_id()::text", prepare=False)
        cursor.nextset()
        return str(cursor.fetchone()[0])

    def commit(self, connection: Any, cursor: Any) -> None:
        """Raises ``Uncertain`` where the connection broke in it, and what the server says where it refused."""
        try:
            cursor.execute("COMMIT", prepare=False)
        except psycopg.Error as error:
            if _is_lost(connection):
                raise Uncertain(str(error)) from error
            raise
        finally:
            connection.until = None
        if cursor.statusmessage != "COMMIT":
            # A transaction in which a statement failed is undone by COMMIT, without an error.
            raise Blocked(f"PostgreSQL answered COMMIT with {cursor.statusmessage}")

    def became(self, connection: Any, transaction: str) -> str | None:
        """``committed``, ``aborted`` or ``in progress``; None where the server has forgotten."""
        row = connection.execute("SELECT pg_xact_status(%s::xid8)", (transaction,)).fetchone()
        return cast("str | None", row[0])

    def meaning(self, error: Exception, connection: Any) -> Exception:
        """What an error within a transaction or of a read means to the journal."""
        if isinstance(error, errors.ReadOnlySqlTransaction):
            # The server has become a standby; elsewhere, or later, there is a primary.
            connection.close()
            return Lost(str(error))
        if _is_lost(connection):
            return Lost(str(error))
        return Blocked(str(error)) if isinstance(error, _IN_THE_WAY) else error


def _is_lost(connection: Any) -> bool:
    """Whether nothing more can be asked on it."""
    return connection.closed or connection.info.transaction_status is TransactionStatus.UNKNOWN
