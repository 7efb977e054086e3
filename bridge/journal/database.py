"""One connection to the journal's database: opened, checked, durable, with transactions by hand.

The driver is used directly, in autocommit mode, so that every BEGIN and COMMIT is one of ours. Belongs to one thread
at a time. Must not know what is stored, nor lower durability: synchronous stays FULL and start refuses less.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Protocol, TypeVar, cast

from sqlalchemy import Dialect, create_engine
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.pool import StaticPool

from bridge.journal import migrations
from bridge.journal.errors import JournalRefused
from bridge.journal.mounts import network_file_system

Answer = TypeVar("Answer")

PATIENCE = 5.0
"""Seconds a write waits for another process's lock. One commit takes milliseconds; five seconds is a stuck process."""

BUSY_MS = 8
"""One try for the lock: SQLite sleeps 1, 2 and 5 ms in it and would go on to 25 and 100 (sqlite3.c,
sqliteDefaultBusyCallback), several commits long, in which the other process takes the lock again. So try anew."""

MIGRATION_LOCK = 0x6272696467650001  # "bridge" and 1: any number that no other user of this PostgreSQL takes


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
        self._patience = patience
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
        else:
            self.dialect = _postgresql_dialect(self._url)
        self._connection: Any = None
        self._cursor: Cursor | None = None

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
        if self.dialect.name == "postgresql":
            self._connect_postgresql()
        else:
            self._connect_sqlite()
        self._cursor = self._connection.cursor()
        self.connections += 1

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

    def _connect_postgresql(self) -> None:
        arguments, options = self.dialect.create_connect_args(self._url)
        self._connection = self.dialect.connect(*arguments, **options, autocommit=True)
        with closing(self._connection.cursor()) as cursor:
            for name in ("fsync", "synchronous_commit"):
                value = cursor.execute(f"SHOW {name}").fetchone()[0]
                if value == "off":
                    raise JournalRefused(
                        f"PostgreSQL runs with {name} = off, so a commit may be lost",
                        f"Set {name} = on for this server, database and role.",
                    )
            self.place = _place(cursor)

    def _migrate(self) -> None:
        """Under a lock from the first look on, so that of two processes starting together one migrates."""
        engine = create_engine(
            self._url if self.dialect.name == "postgresql" else "sqlite://",
            creator=lambda: self._connection,
            poolclass=StaticPool,
        )
        with engine.connect() as connection:
            if self.dialect.name == "postgresql":
                connection.exec_driver_sql("BEGIN")
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})")
            else:
                self._patiently(lambda: self.cursor.execute("BEGIN IMMEDIATE"))
            migrations.upgrade(connection)
            connection.commit()

    # ------------------------------------------------------------ transactions

    def begin(self) -> None:
        """Begin a write transaction; raises ``Locked`` when patience ends. Connects anew after a lost connection."""
        if self._cursor is None:
            self._connect()
        if self.dialect.name == "postgresql":
            self.cursor.execute("BEGIN")
        else:
            # IMMEDIATE takes the write lock now: a deferred transaction that turns writer after another process has
            # written fails without waiting (https://sqlite.org/isolation.html, SQLITE_BUSY_SNAPSHOT).
            self._patiently(lambda: self.cursor.execute("BEGIN IMMEDIATE"))

    def commit(self) -> None:
        """Durable when this returns. A COMMIT that failed may still have happened; the caller treats it as not."""
        self.cursor.execute("COMMIT")
        self.commits += 1

    def rollback(self) -> None:
        """Undo the transaction, if there is one; a connection that cannot even do that is dropped."""
        if self._connection is None:
            return
        try:
            # SQLite has ended the transaction itself after some errors (https://sqlite.org/lang_transaction.html).
            if self.dialect.name == "postgresql" or self._connection.in_transaction:
                self.cursor.execute("ROLLBACK")
        except Exception:
            if not self.in_memory:
                self.close()

    def savepoint(self) -> None:
        """Begin a part of the transaction that can be undone alone."""
        self.cursor.execute("SAVEPOINT part")

    def release(self, *, keep: bool) -> None:
        """End that part, kept or undone."""
        if not keep:
            self.cursor.execute("ROLLBACK TO SAVEPOINT part")
        self.cursor.execute("RELEASE SAVEPOINT part")

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
        cursor.execute(sql, parameters)
        return cursor.rowcount

    def run_many(self, sql: str, rows: Sequence[Mapping[str, object]]) -> int:
        """Run one statement per row of parameters; the number of rows changed by all."""
        cursor = self.cursor
        cursor.executemany(sql, rows)
        return cursor.rowcount

    def rows(self, sql: str, parameters: Mapping[str, object]) -> list[Any]:
        """The rows of a query."""
        cursor = self.cursor
        # Even a read may find the database busy, while another process repairs the WAL (https://sqlite.org/wal.html).
        self._patiently(lambda: cursor.execute(sql, parameters))
        return cursor.fetchall()

    def _patiently(self, attempt: Callable[[], Answer]) -> Answer:
        """Try until the lock is ours or patience ends."""
        deadline = time.monotonic() + self._patience
        while True:
            try:
                return attempt()
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                    raise
                if time.monotonic() > deadline:
                    raise Locked(f"another program has held a lock for {self._patience:g} s") from error
            time.sleep(0.0005)  # not every kind of busy makes SQLite sleep


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


def _postgresql_dialect(url: URL) -> Dialect:
    from sqlalchemy.dialects.postgresql import psycopg

    dialect: Any = psycopg.dialect
    try:
        driver = dialect.import_dbapi()
    except ImportError:
        raise JournalRefused(
            f"the database is {url.get_backend_name()} and its driver psycopg is not installed",
            "Install it: `pip install 'psycopg[binary]>=3.2'`.",
        ) from None
    return cast(Dialect, dialect(dbapi=driver))
