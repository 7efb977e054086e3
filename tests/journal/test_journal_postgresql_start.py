"""Where the journal refuses a PostgreSQL or warns of it, and how its schema goes up and down there."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager

import next_release
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from harness import until
from journal_examples import KEY, opened
from postgresql_server import PostgreSQL
from sqlalchemy import Connection, create_engine, inspect, text
from sqlalchemy.pool import NullPool

from bridge.journal import Journal, JournalRefused, migrations
from bridge.journal.schema import metadata

COMMAND = [sys.executable, "-c", next_release.PROGRAM, "journal", "migrate", "--yes"]


@contextmanager
def configured(server: PostgreSQL, name: str, value: str) -> Iterator[None]:
    """The server with another setting."""

    def set_to(sql: str, expected: str) -> None:
        server.execute(sql)
        server.execute("SELECT pg_reload_conf()")
        until(lambda: server.execute(f"SHOW {name}") == [(expected,)], what=f"{name} = {expected}")

    ((before,),) = server.execute(f"SHOW {name}")
    set_to(f"ALTER SYSTEM SET {name} = {value}", value)
    try:
        yield
    finally:
        set_to(f"ALTER SYSTEM RESET {name}", before)


def test_a_server_without_fsync_is_refused(postgresql: PostgreSQL) -> None:
    """A commit that a power cut can undo is no record."""
    with (
        configured(postgresql, "fsync", "off"),
        pytest.raises(JournalRefused, match=r"fsync = off.*Set fsync = on"),
    ):
        Journal.open(postgresql.url(postgresql.new_place()), KEY, "w1")


def test_a_role_or_database_without_synchronous_commit_is_refused(postgresql: PostgreSQL) -> None:
    """Wherever it was switched off: what counts is what our connection has."""
    url = postgresql.url(postgresql.new_place())
    with pytest.raises(JournalRefused, match="synchronous_commit = off"):
        Journal.open(url + "%20-csynchronous_commit%3Doff", KEY, "w1")


def test_a_server_that_takes_no_writes_is_refused(postgresql: PostgreSQL) -> None:
    """A standby, or a role that may only read."""
    url = postgresql.url(postgresql.new_place())
    with pytest.raises(JournalRefused, match="read-only"):
        Journal.open(url + "%20-cdefault_transaction_read_only%3Don", KEY, "w1")


def test_a_server_that_is_not_there_is_refused_without_its_password(postgresql: PostgreSQL) -> None:
    """At start nothing is waited for: whoever starts the bridge starts it again."""
    with pytest.raises(JournalRefused, match="cannot be used") as refused:
        Journal.open("postgresql://bridge:hunter2@127.0.0.1:1/bridge", KEY, "w1")
    assert "hunter2" not in str(refused.value)


def test_another_encoding_than_utf_8_is_refused(postgresql: PostgreSQL) -> None:
    """A caller's name that the database cannot hold would take that caller's journal down for ever."""
    postgresql.execute("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    with pytest.raises(JournalRefused, match=r"LATIN1.*ENCODING 'UTF8'"):
        Journal.open(postgresql.url("public").replace("/postgres?", "/latin?"), KEY, "w1")


def test_a_server_without_full_page_writes_is_warned_of(
    postgresql: PostgreSQL, capsys: pytest.CaptureFixture[str]
) -> None:
    """Some file systems need none, so it is the operator's word against ours."""
    url = postgresql.url(postgresql.new_place())
    Journal.open(url, KEY, "w1").close()
    assert "full_page_writes" not in capsys.readouterr().out
    with configured(postgresql, "full_page_writes", "off"):
        Journal.open(url, KEY, "w1").close()
    assert "full_page_writes is off" in capsys.readouterr().out


def test_another_key_is_refused_on_postgresql(postgresql: PostgreSQL) -> None:
    """All processes of one database have one key."""
    url = postgresql.url(postgresql.new_place())
    Journal.open(url, KEY, "w1").close()
    with pytest.raises(JournalRefused, match="does not open this database"):
        Journal.open(url, bytes(32), "w2")


def test_every_connection_bounds_what_it_waits_for(postgresql: PostgreSQL) -> None:
    """Rows, statements, and a transaction left open by a process that was suspended in it."""
    with closing(Journal.open(postgresql.url(postgresql.new_place()), KEY, "w1", patience=3.0)) as journal:
        cursor = journal._database._connection.cursor()
        names = ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout", "synchronous_commit")
        told = {name: cursor.execute(f"SHOW {name}").fetchone()[0] for name in names}
        assert told == dict(zip(names, ("200ms", "3s", "2s", "on"), strict=True))


# ------------------------------------------------------------------ migrations


@pytest.fixture
def connection(postgresql: PostgreSQL) -> Iterator[Connection]:
    """A connection to an empty place."""
    url = postgresql.url(postgresql.new_place()).replace("postgresql://", "postgresql+psycopg://")
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def made(connection: Connection) -> dict[str, str]:
    """Every column and index of the place, as the server describes them."""
    here = "current_schema()"
    columns = connection.execute(
        text(
            "SELECT table_name || '.' || column_name, data_type || ' ' || is_nullable FROM information_schema.columns "
            f"WHERE table_schema = {here} AND table_name <> 'alembic_version'"
        )
    )
    found = {row[0]: row[1] for row in columns}
    indexes = connection.execute(
        text(f"SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = {here} AND tablename <> 'alembic_version'")
    )
    return found | {row[0]: row[1] for row in indexes}


def test_migrations_end_at_the_schema_on_postgresql(connection: Connection) -> None:
    """Same tables, columns and indexes as creating the schema at once."""
    migrations.upgrade(connection)
    assert compare_metadata(MigrationContext.configure(connection), metadata) == []


@pytest.mark.parametrize("revision", ["base", "0001", "0002", "0003"])
def test_migrations_go_down_and_up_again_on_postgresql(connection: Connection, revision: str) -> None:
    """From every earlier schema, and from nothing."""
    migrations.upgrade(connection)
    whole = made(connection)
    migrations.downgrade(connection, revision)
    assert migrations.revision_of(connection) == (None if revision == "base" else revision)
    if revision == "base":
        assert set(inspect(connection).get_table_names()) <= {"alembic_version"}
    migrations.upgrade(connection)
    assert made(connection) == whole
    assert migrations.revision_of(connection) == migrations.HEAD


def test_a_database_of_a_newer_bridge_is_refused_on_postgresql(postgresql: PostgreSQL) -> None:
    """And not touched."""
    place = postgresql.new_place()
    Journal.open(postgresql.url(place), KEY, "w1").close()
    postgresql.execute("UPDATE alembic_version SET version_num = '9999'", place)
    with pytest.raises(JournalRefused, match=r"9999.*newer bridge"):
        Journal.open(postgresql.url(place), KEY, "w1")


def test_processes_that_start_at_once_migrate_once(postgresql: PostgreSQL) -> None:
    """The others wait for the one that does."""
    url = postgresql.url(postgresql.new_place())
    with ThreadPoolExecutor(6) as threads:
        for each in threads.map(lambda n: Journal.open(url, KEY, f"w{n}"), range(6)):
            each.close()


def test_a_long_reader_holds_up_the_migration_and_not_the_bridges_that_run(postgresql: PostgreSQL) -> None:
    """A backup has every table open: who waits for one must let the others pass meanwhile."""
    place = postgresql.new_place()
    url = postgresql.url(place)
    environment = {"PATH": os.environ["PATH"], "BRIDGE_DATABASE_URL": url}
    running = Journal.open(url, KEY, "old")
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"), poolclass=NullPool)
    with closing(running), ThreadPoolExecutor(1) as threads:
        with engine.connect() as backup:
            backup.execute(text("SELECT count(*) FROM intent"))
            migrating = threads.submit(subprocess.run, COMMAND, env=environment, check=True, timeout=60)
            waiting = "SELECT 1 FROM pg_locks WHERE NOT granted AND locktype = 'relation'"
            until(lambda: postgresql.execute(waiting), 30, "the migration's waiting")
            began = time.monotonic()
            assert asyncio.run(running.record([opened("i1")]))
            assert time.monotonic() - began < 3
            assert not migrating.done()
        migrating.result()
        assert postgresql.execute("SELECT version_num FROM alembic_version", place) == [(next_release.REVISION,)]
        assert asyncio.run(running.record([opened("i2")]))
