"""Where the journal refuses to start, each time with an instruction."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
from journal_examples import KEY, journal_in, opened, url_of

from bridge.journal import Journal, JournalError, JournalRefused, database
from bridge.journal.errors import JournalDown
from bridge.journal.mounts import file_system, network_file_system

MOUNTS = """\
/dev/vda1 / ext4 rw 0 0
server:/export /mnt/nfs nfs4 rw 0 0
/dev/vdb1 /mnt/nfs/local xfs rw 0 0
//server/share /mnt/smb cifs rw 0 0
me@host:/ /mnt/ssh fuse.sshfs rw 0 0
overlay /mnt/overlay fuse.fuse-overlayfs rw 0 0
host /mnt/9p 9p rw 0 0
nas:/a /mnt/with\\040space nfs rw 0 0
/dev/vdc1 /mnt/over xfs rw 0 0
nas:/b /mnt/over nfs rw 0 0
broken
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/var/lib/bridge", None),
        ("/mnt/nfs", "nfs4"),
        ("/mnt/nfs/deep/er", "nfs4"),
        ("/mnt/nfs/local/deep", None),
        ("/mnt/nfsx", None),
        ("/mnt/smb/x", "cifs"),
        ("/mnt/ssh", "fuse.sshfs"),
        ("/mnt/overlay", None),
        ("/mnt/9p/x", "9p"),
        ("/mnt/with space/x", "nfs"),
        ("/mnt/over/x", "nfs"),
    ],
)
def test_a_network_file_system_is_recognised_by_the_mount_table(tmp_path: Path, path: str, kind: str | None) -> None:
    """The longest mount point counts, of equal ones the last."""
    table = tmp_path / "mounts"
    table.write_text(MOUNTS)
    assert network_file_system(Path(path), table) == kind


def test_without_a_mount_table_nothing_is_refused(tmp_path: Path) -> None:
    """Other systems have none."""
    assert network_file_system(Path("/"), tmp_path / "none") is None


def test_a_database_on_a_network_file_system_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And not even created there."""
    table = tmp_path / "mounts"
    table.write_text(f"nas:/x {tmp_path} nfs4 rw 0 0\n")
    monkeypatch.setattr(database, "network_file_system", lambda path: network_file_system(path, table))
    with pytest.raises(JournalRefused, match=r"nfs4.*PostgreSQL"):
        Journal.open(url_of(tmp_path), KEY, "w1")
    assert not (tmp_path / "bridge.db").exists()


def test_a_database_in_memory_is_allowed_with_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A container's scratch space is a fine place to try the bridge, and no place to keep money's record."""
    for kind, warned in (("ext4", False), ("overlay", False), ("tmpfs", True)):
        table = tmp_path / "mounts"
        table.write_text(f"x {tmp_path} {kind} rw 0 0\n")
        monkeypatch.setattr(database, "file_system", partial(file_system, table=table))
        with journal_in(tmp_path):
            pass
        assert ("lost when the machine" in capsys.readouterr().out) is warned


@pytest.mark.parametrize("url", ["mysql://host/x", "nonsense", "", "/var/lib/bridge.db"])
def test_another_kind_of_database_is_refused(url: str) -> None:
    """The instruction shows the URLs that work."""
    with pytest.raises(JournalRefused, match="sqlite:///"):
        Journal.open(url, KEY, "w1")


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    """A mistyped path must not make folders."""
    with pytest.raises(JournalRefused, match="mkdir -p"):
        Journal.open(f"sqlite:///{tmp_path / 'none' / 'bridge.db'}", KEY, "w1")


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    """And left as it is."""
    (tmp_path / "bridge.db").write_bytes(b"not a database, only some text " * 40)
    with pytest.raises(JournalRefused, match="cannot be used"):
        Journal.open(url_of(tmp_path), KEY, "w1")
    assert (tmp_path / "bridge.db").read_bytes().startswith(b"not a database")


def test_a_folder_in_the_place_of_the_database_is_refused(tmp_path: Path) -> None:
    """The operating system's reason is in the message."""
    (tmp_path / "bridge.db").mkdir()
    with pytest.raises(JournalRefused, match="directory"):
        Journal.open(url_of(tmp_path), KEY, "w1")


def test_a_database_locked_by_another_program_is_refused_after_our_patience(tmp_path: Path) -> None:
    """A start waits as long as a write does."""
    with closing(sqlite3.connect(tmp_path / "bridge.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(JournalRefused, match="held a lock"):
            Journal.open(url_of(tmp_path), KEY, "w1", patience=0.1)


def test_sqlite_syncs_every_commit_and_keeps_a_wal(tmp_path: Path) -> None:
    """On the connection that writes, and in the file."""
    with journal_in(tmp_path) as journal:
        asyncio.run(journal.record([opened("i1")]))
        connection = journal._database._connection
        told = {
            name: connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("synchronous", "journal_mode", "foreign_keys")
        }
    assert told == {"synchronous": 2, "journal_mode": "wal", "foreign_keys": 1}


def test_errors_say_whose_fault_it_is_whether_money_moved_and_what_to_do() -> None:
    """Both kinds are journal errors."""
    for error in (JournalDown("disk full"), JournalRefused("no key", "Set a key.")):
        assert isinstance(error, JournalError)
        assert "fault" in str(error)
        assert "money" in str(error)
    assert str(JournalRefused("no key", "Set a key.")).endswith("Set a key.")
