"""``bridge journal migrate``: the job before the replicas, on SQLite, and on PostgreSQL for a user with less rights."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import postgresql_server
from postgresql_server import PostgreSQL

from bridge.journal import Journal
from bridge.journal.migrations import HEAD

KEY = b"k" * 32
ROLES = Path(__file__).parents[2] / "deploy" / "journal-roles.sql"


def run(url: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run it without any other setting, also without a key."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("BRIDGE_")}
    done = subprocess.run(
        [sys.executable, "-m", "bridge", "journal", "migrate", *words],
        capture_output=True,
        text=True,
        timeout=60,
        env=clean | {"BRIDGE_DATABASE_URL": url},
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


def told(url: str, *words: str, code: int = 0) -> Any:
    """What it says as JSON."""
    done = run(url, *words, "--json")
    assert done.returncode == code, done.stdout + done.stderr
    return json.loads(done.stdout)


def test_it_makes_a_journal_with_its_key_that_a_bridge_then_opens(tmp_path: Path) -> None:
    """Twice is once; without --yes nothing happens where nobody can be asked."""
    url = f"sqlite:///{tmp_path / 'bridge.db'}"
    assert run(url).returncode == 2
    assert told(url, "--dry-run") == {"found": None, "schema": HEAD, "ready": False, "done": False, "dryRun": True}
    assert told(url, "--wait", "0", code=1)["ready"] is False
    assert list(tmp_path.iterdir()) == []
    assert told(url, "--yes") == {"found": None, "schema": HEAD, "ready": True, "done": True, "dryRun": False}
    assert told(url) == {"found": HEAD, "schema": HEAD, "ready": True, "done": False, "dryRun": False}
    assert told(url, "--wait", "0")["ready"] is True
    assert (tmp_path / "bridge.db.key").stat().st_mode & 0o777 == 0o600
    Journal.open(url, None, "w1").close()


def test_an_older_journal_is_brought_up_and_a_newer_one_is_left_alone(tmp_path: Path) -> None:
    """The last step down and up again; a schema that nobody knows is exit 2 and one sentence."""
    from sqlalchemy import create_engine

    from bridge.journal import migrations

    url = f"sqlite:///{tmp_path / 'bridge.db'}"
    told(url, "--yes")
    before = f"{int(HEAD) - 1:04}"
    engine = create_engine(url)
    with engine.begin() as connection:
        migrations.downgrade(connection, before)
    engine.dispose()
    assert f"from schema {before} to schema {HEAD}" in run(url, "--dry-run").stdout
    assert f"at schema {before}; this bridge needs schema {HEAD}" in run(url, "--wait", "0").stderr
    assert told(url, "--yes")["found"] == before
    with closing(sqlite3.connect(tmp_path / "bridge.db", isolation_level=None)) as other:
        other.execute("UPDATE alembic_version SET version_num = '9999'")
    for words in (("--yes",), ("--dry-run",), ("--wait", "0")):
        done = run(url, *words)
        assert done.returncode == 2
        assert "at schema 9999, which this bridge" in done.stderr
        assert len(done.stderr.splitlines()) == 1


def test_waiting_changes_nothing_so_it_takes_no_yes(tmp_path: Path) -> None:
    """A misuse is exit 2."""
    done = run(f"sqlite:///{tmp_path / 'bridge.db'}", "--wait", "1", "--yes")
    assert done.returncode == 2
    assert "--wait changes nothing" in done.stderr


@postgresql_server.needed
def test_after_it_a_user_who_may_not_change_the_schema_serves(postgresql: PostgreSQL) -> None:
    """The owner migrates without a key while another process waits; the serving user reads and writes rows only."""
    place = postgresql.new_place()
    sql = ROLES.read_text(encoding="utf-8").replace("SCHEMA public", f"SCHEMA {place}").replace("bridge_", f"{place}_")
    postgresql.execute(sql)
    owner, serving = (postgresql.url(place).replace("//bridge@", f"//{place}_{who}@") for who in ("owner", "serving"))
    # Nobody can migrate for it, so it says so and does not make half a journal.
    refused = run(serving, "--yes")
    assert refused.returncode == 2
    assert "permission denied" in refused.stderr
    clean = {name: value for name, value in os.environ.items() if not name.startswith("BRIDGE_")}
    with subprocess.Popen(
        [sys.executable, "-m", "bridge", "journal", "migrate", "--wait", "50", "--json"],
        stdout=subprocess.PIPE,
        env=clean | {"BRIDGE_DATABASE_URL": serving},
    ) as waiting:
        assert told(owner, "--yes")["done"] is True
        out, _ = waiting.communicate(timeout=60)
    assert json.loads(out)["ready"] is True
    assert waiting.returncode == 0

    async def serve() -> None:
        with closing(Journal.open(serving, KEY, "w1")) as journal:
            await journal.started("test", "{}")
            await journal.heartbeat(1)
            await journal.used({})

    asyncio.run(serve())
