"""Migrations go up and down, end at the schema, and every statement suits both databases."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import next_release
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from journal_examples import KEY, journal_in, url_of
from sqlalchemy import Connection, Dialect, create_engine, inspect, text
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.postgresql import psycopg
from sqlalchemy.schema import CreateIndex, CreateTable

from bridge.core.intent import Intent
from bridge.journal import Journal, JournalRefused, migrations
from bridge.journal.inspection import standing_of
from bridge.journal.migrations import Standing
from bridge.journal.reading import Reader, Wanted
from bridge.journal.schema import UNSETTLED_SQL, intent, metadata
from bridge.journal.statements import WIDTHS, Statements

PROCESS_TIMES = {"beat": {"heartbeat_at"}, "alive": {"b_at"}, "living": {"b_at"}}
"""What only SQLite takes from the process: PostgreSQL has a clock that all processes share."""

POSTGRESQL: Dialect = psycopg.dialect()  # type: ignore[no-untyped-call]


@pytest.fixture
def connection() -> Iterator[Connection]:
    """An empty database in memory."""
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def made(connection: Connection) -> dict[str, str]:
    """The SQL of every table and index, without differences of spacing."""
    rows = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE tbl_name <> 'alembic_version'"))
    return {name: re.sub(r"\s+", " ", sql or "").replace('"', "") for name, sql in rows}


def test_migrations_end_at_the_schema(connection: Connection) -> None:
    """Same tables, columns, indexes and conditions as creating the schema at once."""
    migrations.upgrade(connection)
    assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    migrated = made(connection)
    other = create_engine("sqlite://")
    with other.connect() as fresh:
        metadata.create_all(fresh)
        assert made(fresh) == migrated
    other.dispose()


def test_migrations_go_down_to_nothing_and_up_again(connection: Connection) -> None:
    """No table is left behind."""
    migrations.upgrade(connection)
    whole = made(connection)
    migrations.downgrade(connection)
    assert [name for name in inspect(connection).get_table_names() if name != "alembic_version"] == []
    assert migrations.revision_of(connection) is None
    migrations.upgrade(connection)
    assert made(connection) == whole
    assert migrations.revision_of(connection) == migrations.HEAD


@pytest.mark.parametrize("revision", ["0001", "0002", "0003", "0004"])
def test_migrations_go_up_from_every_earlier_schema(connection: Connection, revision: str) -> None:
    """And down to it."""
    migrations.upgrade(connection)
    whole = made(connection)
    migrations.downgrade(connection, revision)
    assert migrations.revision_of(connection) == revision
    assert made(connection) != whole
    migrations.upgrade(connection)
    assert made(connection) == whole


def test_the_head_is_the_newest_migration() -> None:
    """A new migration must be entered as the head."""
    assert migrations.scripts().get_current_head() == migrations.HEAD


def test_a_current_database_is_opened_without_alembic(tmp_path: Path) -> None:
    """Its import costs every start a tenth of a second."""
    import subprocess
    import sys

    with journal_in(tmp_path):
        pass
    program = (
        f"import sys; from bridge.journal import Journal; Journal.open({url_of(tmp_path)!r}, {KEY!r}, 'w').close(); "
        "sys.exit('alembic' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_a_database_of_a_newer_bridge_is_refused(tmp_path: Path) -> None:
    """And not touched."""
    with journal_in(tmp_path):
        pass
    engine = create_engine(url_of(tmp_path))
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(JournalRefused, match=r"9999.*newer bridge"):
        Journal.open(url_of(tmp_path), KEY, "w1")


def test_a_database_that_the_next_bridge_has_migrated_is_opened_where_it_serves_this_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So old and new run side by side, and an upgrade can be taken back; what was migrated stays as it is."""
    with monkeypatch.context() as later:
        later.setattr(migrations, "HEAD", next_release.REVISION)
        later.setattr(migrations, "scripts", next_release.scripts)
        with journal_in(tmp_path):
            pass
    assert standing_of(url_of(tmp_path)) == Standing(next_release.REVISION, usable=True)
    Journal.open(url_of(tmp_path), KEY, "w1").close()
    with Reader(url_of(tmp_path), KEY) as reader:
        assert reader.intents(Wanted()) is not None
    assert standing_of(url_of(tmp_path)) == Standing(next_release.REVISION, usable=True)


def test_of_several_migrations_the_one_that_serves_the_fewest_counts(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bridge of two releases ago is served by the newest one, but not by what lies between."""
    scripts = next_release.scripts()
    monkeypatch.setattr(migrations, "HEAD", next_release.REVISION)
    monkeypatch.setattr(migrations, "scripts", lambda: scripts)
    newest = scripts.get_revision(next_release.REVISION)
    assert newest is not None
    monkeypatch.setattr(newest.module, "serves", "0001")
    migrations.upgrade(connection)
    served = connection.execute(text("SELECT value FROM meta WHERE name = :name"), {"name": migrations.SERVES})
    assert served.scalar_one() == f"{next_release.REVISION} 0007".encode()


def migrated_since_the_rule() -> list[str]:
    """The migrations that old bridges may meet, and the example of the next one."""
    every = [script.revision for script in next_release.scripts().walk_revisions()]
    return every[: every.index("0007")]


@pytest.mark.parametrize("revision", migrated_since_the_rule())
def test_a_migration_only_adds(connection: Connection, monkeypatch: pytest.MonkeyPatch, revision: str) -> None:
    """It serves the one before, or older ones: nothing is taken away or renamed, and new columns need no old bridge."""
    script = next_release.scripts().get_revision(revision)
    assert script is not None
    before = str(script.module.serves)
    assert before in [
        each.revision for each in next_release.scripts().walk_revisions("0007", str(script.down_revision))
    ]
    monkeypatch.setattr(migrations, "scripts", next_release.scripts)
    monkeypatch.setattr(migrations, "HEAD", before)
    migrations.upgrade(connection)
    old = shape(connection)
    monkeypatch.setattr(migrations, "HEAD", revision)
    migrations.upgrade(connection)
    new = shape(connection)
    for table, (columns, unique) in old.items():
        assert columns.items() <= new[table][0].items()
        assert all(bearable for _, bearable in (new[table][0][name] for name in new[table][0].keys() - columns.keys()))
        assert new[table][1] == unique


def shape(connection: Connection) -> dict[str, tuple[dict[str, tuple[str, bool]], list[object]]]:
    """Per table its columns (type, and whether a row may come without it), and what must be unique."""
    seen = inspect(connection)
    return {
        table: (
            {
                each["name"]: (str(each["type"]), bool(each["nullable"] or each["default"] is not None))
                for each in seen.get_columns(table)
            },
            [each["column_names"] for each in seen.get_indexes(table) if each["unique"]],
        )
        for table in seen.get_table_names()
    }


def test_the_schema_keeps_every_field_of_an_intent_in_its_order() -> None:
    """Rows are read by position."""
    assert [column.name for column in intent.columns] == list(Intent.__dataclass_fields__)


def test_unsettled_is_what_core_calls_unsettled() -> None:
    """The index's condition is text that migrations repeat."""
    assert UNSETTLED_SQL == "state NOT IN ('applied', 'not_applied', 'refused')"


def test_the_schema_compiles_for_postgresql() -> None:
    """With the same partial indexes."""
    for table in metadata.sorted_tables:
        assert "CREATE TABLE" in str(CreateTable(table).compile(dialect=POSTGRESQL))
        for index in table.indexes:
            made_by = [str(CreateIndex(index).compile(dialect=each)) for each in (POSTGRESQL, sqlite.dialect())]
            assert made_by[0] == made_by[1].replace('"', "")


def test_every_statement_compiles_for_postgresql_with_the_same_parameters() -> None:
    """Named parameters, one set for both drivers."""
    ours, theirs = (Statements(dialect) for dialect in (sqlite.dialect(paramstyle="named"), POSTGRESQL))
    seen = 0
    for name, statement in vars(ours).items():
        if name.startswith("_"):
            continue
        for width in WIDTHS if callable(statement) else (None,):
            one, other = (
                getattr(each, name)(width) if width else getattr(each, name) for each in (ours, theirs)
            )  # fmt: skip
            asked, theirs_too = (set(re.findall(r":(\w+)", one)), set(re.findall(r"%\((\w+)\)s", other)))
            assert asked - theirs_too == PROCESS_TIMES.get(name, set()), name
            assert theirs_too <= asked, name
            seen += 1
    assert seen > 15
