"""One connection to the journal's database: opened, checked, durable, with transactions by hand.

The driver is used directly, in autocommit mode, so that every BEGIN and COMMIT is one of ours. Belongs to one thread
at a time. Must not know what is stored, nor lower durability: synchronous stays FULL and start refuses less.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from sqlalchemy import Connection, Dialect, create_engine
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.pool import StaticPool

from bridge.journal import migrations
from bridge.journal.errors import JournalRefused, Lost, Uncertain
from bridge.journal.mounts import MEMORY, file_system, network_file_system
from bridge.telemetry.log import get_logger

if TYPE_CHECKING:
    from bridge.journal import postgresql

log = get_logger("journal")

Answer = TypeVar("Answer")

PATIENCE = 5.0
"""Seconds a write waits for another process's lock. One commit takes milliseconds; five seconds is a stuck process."""

BUSY_MS = 8
"""One try for the lock: SQLite sleeps 1, 2 and 5 ms in it and would go on to 25 and 100 (sqlite3.c,
sqliteDefaultBusyCallback), several commits long, in which the other process takes the lock again. So try anew."""

PAUSES = (0.05, 1.0)
"""Seconds between attempts to connect again: the first pause and the longest."""

MIGRATION_LOCK = 0x6272696467650001  # "bridge" and 1: any number that no other user of this PostgreSQL takes


MIGRATION_LOCK_MS = 60_000

TABLE_LOCK_MS = 1_000
"""Who waits for a whole table keeps everybody waiting who comes after (PostgreSQL: Explicit Locking): shorter than what
running bridges bear, so that a long reader (a backup, a report) holds up the migration and not the calls."""

LOCK_NOT_AVAILABLE = "55P03"


class Locked(Exception):
    """Another process held the write lock for the whole of our patience; nothing was begun."""


class Cursor(Protocol):
    """What sqlite3 and psycopg have in common."""

    @property
    def rowcount(self) -> int: ...  # noqa: D102
    def execute(self, sql: str, parameters: Any = ..., /) -> Any: ...  # noqa: D102
    def executemany(self, sql: str, rows: Any, /) -> Any: ...  # noqa: D102
    def fetchall(self) -> list[Any]: ...  # noqa: D102


class Database:
    """A journal's database. ``path`` is the file, or None for PostgreSQL and for SQLite in memory."""

    def __init__(self, url: str, patience: float = PATIENCE) -> None:
        self._url = _parsed(url)
        self.patience = patience
        self.in_memory = self._url.get_backend_name() == "sqlite" and self._url.database in (None, "", ":memory:")
        self.path: Path | None = None
        self.commits = 0
        self.connections = 0
        # PostgreSQL: which cluster on which timeline; another one has been restored or promoted.
        self.place: str | None = None
        if self._url.get_backend_name() == "sqlite":
            self.dialect: Dialect = sqlite.dialect(paramstyle="named")
            if not self.in_memory:
                self.path = Path(self._url.database or "")
                _check_folder(self.path)
            self._server: postgresql.Server | None = None
        else:
            self._server, self.dialect = _postgresql(self._url, patience)
        self._connection: Any = None
        self._cursor: Cursor | None = None
        self._transaction = ""
        self._lost_at: float | None = None
        self._retry_at = 0.0
        self._pause = PAUSES[0]

    # ------------------------------------------------------------ opening

    def open(self, check: Callable[[], None]) -> None:
        """Connect, see that commits are durable, migrate, then ``check``; raises ``JournalRefused``."""
        try:
            self._connect()
            self._migrate()
            check()
        except Exception as error:
            self.close()
            if isinstance(error, JournalRefused):
                raise
            cause = error.orig if isinstance(error, DBAPIError) else error
            raise JournalRefused(
                f"its database {self._url.render_as_string(hide_password=True)} cannot be used: {cause}",
                "Check that it exists or can be made, is a journal, is writable by this user, is not locked by another "
                "program and has space.",
            ) from error

    def close(self) -> None:
        """Close the connection; harmless when there is none."""
        connection, self._connection, self._cursor = self._connection, None, None
        if connection is not None:
            with suppress(Exception):
                connection.close()

    def _connect(self) -> None:
        if self._server is None:
            self._connect_sqlite()
        elif not self.connections:
            self._connection = self._server.connect()
        else:
            self._connect_again(self._server)
        self._cursor = self._connection.cursor()
        self.connections += 1
        if self._server is not None:
            self.place = _place(self._cursor)

    def _connect_again(self, server: postgresql.Server) -> None:
        """Try until patience ends, counted from the loss; from then on only once a pause. Raises ``Lost``."""
        if self._lost_at is None:
            self._lost_at, self._retry_at, self._pause = time.monotonic(), 0.0, PAUSES[0]
        while True:
            now = time.monotonic()
            if now >= self._retry_at:
                try:
                    self._connection = server.connect()
                except Exception as error:
                    why = f"PostgreSQL cannot be reached: {error}"
                    self._retry_at = time.monotonic() + self._pause
                    self._pause = min(2 * self._pause, PAUSES[1])
                    if self._retry_at - self._lost_at > self.patience:
                        raise Lost(why) from error
                else:
                    self._lost_at = None
                    return
            elif now - self._lost_at > self.patience:
                raise Lost("PostgreSQL cannot be reached, and was tried a moment ago")
            time.sleep(max(0.0, self._retry_at - time.monotonic()))

    def _connect_sqlite(self) -> None:
        if self.path is not None:
            # SQLite gives the WAL the mode of the database file (https://sqlite.org/wal.html); callers' names and
            # references are in it, so nobody else reads them.
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
        connection = sqlite3.connect(
            self.path or ":memory:", timeout=BUSY_MS / 1000, isolation_level=None, check_same_thread=False
        )
        self._connection = connection
        # https://sqlite.org/pragma.html: FULL syncs the WAL at every commit (NORMAL may lose the last ones);
        # fullfsync reaches the platter on macOS and means nothing elsewhere; foreign keys are off by default.
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "fullfsync=ON", "checkpoint_fullfsync=ON"):
            self._pragma(pragma)
        self._pragma("foreign_keys=ON")
        # The default of 2 MB holds too little of five indexes. The WAL stays at SQLite's 1000 pages: a rarer, longer
        # checkpoint saves CPU and is paid by the one call that has to wait for it.
        self._pragma("cache_size=-8192")
        mode, synchronous = self._pragma("journal_mode"), self._pragma("synchronous")
        if synchronous != 2 or mode != ("memory" if self.in_memory else "wal"):
            raise JournalRefused(
                f"SQLite answers journal_mode={mode}, synchronous={synchronous} instead of wal, 2 (FULL)",
                "Put the database on a local disk that supports WAL, with a SQLite that was not built without it.",
            )

    def _pragma(self, pragma: str) -> Any:
        """Some read the file, which another process may be making at this moment."""
        row = self._patiently(lambda: self._connection.execute(f"PRAGMA {pragma}").fetchone())
        return row[0] if row else None

    def _migrate(self) -> None:
        """Under a lock from the first look on, so that of two processes starting together one migrates."""
        engine = create_engine(
            "sqlite://" if self._server is None else self._url,
            creator=lambda: self._connection,
            poolclass=StaticPool,
        )
        with engine.connect() as connection:
            if self._server is None:
                self._patiently(lambda: self.cursor.execute("BEGIN IMMEDIATE"))
                migrations.upgrade(connection)
                connection.commit()
                return
            # Both limits are for calls that wait; an index on a large table takes as long as it takes.
            self._connection.patience = None
            until = time.monotonic() + MIGRATION_LOCK_MS / 1000
            while not _migrated(connection, until):
                time.sleep(TABLE_LOCK_MS / 1000)
            self._connection.patience = self.patience

    # ------------------------------------------------------------ transactions

    def begin(self) -> None:
        """Begin a write transaction; raises ``Locked`` when patience ends. Connects anew after a lost connection."""
        if self._cursor is None:
            self._connect()
        if self._server is None:
            # IMMEDIATE takes the write lock now: a deferred transaction that turns writer after another process has
            # written fails without waiting (https://sqlite.org/isolation.html, SQLITE_BUSY_SNAPSHOT).
            self._patiently(lambda: self.cursor.execute("BEGIN IMMEDIATE"))
            return
        try:
            self._transaction = self._server.begin(self._connection, self.cursor)
        except self._server.ERRORS as error:
            raise self._meaning(error) from error

    def commit(self) -> None:
        """Durable when this returns. Raises ``Uncertain`` where nobody can say; any other error means undone.

        A COMMIT of SQLite that failed may in theory have happened; who reads from then on does not see it.
        """
        if self._server is None:
            self.cursor.execute("COMMIT")
        else:
            try:
                self._server.commit(self._connection, self.cursor)
            except Uncertain as error:
                self._find_out(self._server, self._transaction, error)
            except self._server.ERRORS as error:
                raise self._meaning(error) from error
        self.commits += 1

    def _find_out(self, server: postgresql.Server, transaction: str, why: Uncertain) -> None:
        """Returns where the server says that it was committed; raises ``Lost`` or ``Uncertain`` where not."""
        place, until = self.place, time.monotonic() + self.patience
        self.close()
        while True:
            try:
                self._connect()
                became = server.became(self._connection, transaction)
            except Exception as error:
                self.close()
                if time.monotonic() > until:
                    raise why from error
                continue
            # On another timeline the same number is another transaction's.
            known = became if place is not None and self.place == place else None
            if known == "committed":
                return
            if known == "aborted":
                raise Lost(f"the connection broke and the transaction was undone: {why}")
            if known is None or time.monotonic() > until:
                raise why
            time.sleep(PAUSES[0])

    def rollback(self) -> None:
        """Undo the transaction, if there is one; a connection that cannot even do that is dropped."""
        if self._connection is None:
            return
        try:
            # SQLite has ended the transaction itself after some errors (https://sqlite.org/lang_transaction.html).
            if self._server is not None or self._connection.in_transaction:
                self.cursor.execute("ROLLBACK")
            if self._server is not None:
                self._connection.until = None
        except Exception:
            if not self.in_memory:
                self.close()

    def savepoint(self) -> None:
        """Begin a part of the transaction that can be undone alone."""
        self.run("SAVEPOINT part", {})

    def release(self, *, keep: bool) -> None:
        """End that part, kept or undone."""
        if not keep:
            self.run("ROLLBACK TO SAVEPOINT part", {})
        self.run("RELEASE SAVEPOINT part", {})

    # ------------------------------------------------------------ statements

    @property
    def cursor(self) -> Cursor:
        """The one cursor; connects first where a connection was lost."""
        if self._cursor is None:
            self._connect()
        assert self._cursor is not None
        return self._cursor

    def run(self, sql: str, parameters: Mapping[str, object]) -> int:
        """Run one statement; the number of rows it changed."""
        cursor = self.cursor
        if self._server is None:
            cursor.execute(sql, parameters)
        else:
            self._told(lambda: cursor.execute(sql, parameters))
        return cursor.rowcount

    def run_many(self, sql: str, rows: Sequence[Mapping[str, object]]) -> int:
        """Run one statement per row of parameters; the number of rows changed by all."""
        if len(rows) == 1:
            return self.run(sql, rows[0])
        cursor = self.cursor
        if self._server is None:
            cursor.executemany(sql, rows)
        else:
            self._told(lambda: cursor.executemany(sql, rows))
        return cursor.rowcount

    def rows(self, sql: str, parameters: Mapping[str, object]) -> list[Any]:
        """The rows of a query."""
        cursor = self.cursor
        if self._server is None:
            # Even a read may find the database busy, while another process repairs the WAL (https://sqlite.org/wal.html).
            self._patiently(lambda: cursor.execute(sql, parameters))
        else:
            self._told(lambda: cursor.execute(sql, parameters))
        return cursor.fetchall()

    def _told(self, attempt: Callable[[], object]) -> None:
        """Say what the driver's errors mean: ``Lost``, ``Blocked`` or themselves."""
        assert self._server is not None
        try:
            attempt()
        except self._server.ERRORS as error:
            raise self._meaning(error) from error

    def _meaning(self, error: Exception) -> Exception:
        assert self._server is not None
        meant = self._server.meaning(error, self._connection)
        if isinstance(meant, Lost):
            self.close()
        return meant

    def _patiently(self, attempt: Callable[[], Answer]) -> Answer:
        """Try until the lock is ours or patience ends."""
        deadline = time.monotonic() + self.patience
        while True:
            try:
                return attempt()
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                    raise
                if time.monotonic() > deadline:
                    raise Locked(f"another program has held a lock for {self.patience:g} s") from error
            time.sleep(0.0005)  # not every kind of busy makes SQLite sleep


def _migrated(connection: Connection, until: float) -> bool:
    """Try on PostgreSQL; False where a table was in use and ``until`` has not come: others got their turn meanwhile."""
    connection.exec_driver_sql("BEGIN")
    connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
    connection.exec_driver_sql(f"SET LOCAL lock_timeout = {MIGRATION_LOCK_MS}")
    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})")
    connection.exec_driver_sql(f"SET LOCAL lock_timeout = {TABLE_LOCK_MS}")
    try:
        migrations.upgrade(connection)
    except DBAPIError as error:
        connection.rollback()
        if getattr(error.orig, "sqlstate", None) != LOCK_NOT_AVAILABLE or time.monotonic() > until:
            raise
        log.warning("a table of the journal is in use; the migration is tried again")
        return False
    connection.commit()
    return True


def _place(cursor: Any) -> str | None:
    """System identifier and timeline; None where the server does not tell (a managed one may not)."""
    try:
        # The name of a WAL file begins with its timeline (PostgreSQL: System Administration Functions).
        return str(
            cursor.execute(
                "SELECT system_identifier || '/' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) "
                "FROM pg_control_system()"
            ).fetchone()[0]
        )
    except Exception:
        return None


def _parsed(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError:
        parsed = None
    if parsed is None or parsed.get_backend_name() not in ("sqlite", "postgresql"):
        raise JournalRefused(
            "BRIDGE_DATABASE_URL is neither a sqlite nor a postgresql URL",
            "Use sqlite:///bridge.db (a file in the working directory), sqlite:////var/lib/bridge/bridge.db or "
            "postgresql://user:password@host/database.",
        )
    # Without a driver's name SQLAlchemy 2.0 means psycopg2 and 2.1 psycopg.
    return parsed if parsed.get_backend_name() == "sqlite" else parsed.set(drivername="postgresql+psycopg")


def _check_folder(path: Path) -> None:
    if not path.parent.is_dir():
        raise JournalRefused(f"the folder {path.parent} does not exist", f"Create it: `mkdir -p {path.parent}`.")
    kind = network_file_system(path.parent)
    if kind is not None:
        raise JournalRefused(
            f"{path} lies on a network file system ({kind}), where SQLite cannot keep its promises",
            "Put the database on a local disk, or set BRIDGE_DATABASE_URL to a PostgreSQL.",
        )
    if file_system(path.parent) in MEMORY:
        log.warning("the journal lies in memory and is lost when the machine or container restarts", path=str(path))


def _postgresql(url: URL, patience: float) -> tuple[postgresql.Server, Dialect]:
    try:
        from bridge.journal import postgresql
    except ImportError:
        raise JournalRefused(
            "the database is PostgreSQL and its driver psycopg is not installed",
            "Install it: `pip install 'psycopg[binary]>=3.3'`.",
        ) from None
    dialect = postgresql.dialect()
    arguments, options = dialect.create_connect_args(url)
    return postgresql.Server(arguments, options, patience), dialect
