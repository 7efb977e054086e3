"""The key of a SQLite journal that was given none: a file of mode 0600 beside the database.

It is made whole or not at all, and never for a database that has rows already: a new key would not open them.
Must not print a key or repair a file's mode by itself: whoever opened it to others should learn of it.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from bridge.journal.crypto import KEY_BYTES
from bridge.journal.errors import JournalRefused


def key_beside(database: Path) -> bytes:
    """The key in ``<database>.key``, made on the first start."""
    path = database.with_name(database.name + ".key")
    # In this order: another process that is starting too makes the key first and the database after it.
    has_rows = database.exists() and database.stat().st_size > 0
    if not path.exists():
        if has_rows:
            raise JournalRefused(
                f"{database} exists and its key file {path} does not",
                "Restore the key file from your backup, or set BRIDGE_JOURNAL__KEY to the key of this database.",
            )
        _make(path)
    return _read(path)


def _make(path: Path) -> None:
    """Write beside, then link: link(2) fails where the name exists, so of two processes one makes the key."""
    handle, draft = tempfile.mkstemp(prefix=path.name + ".", dir=path.parent)  # mkstemp makes mode 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(os.urandom(KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            return
    finally:
        os.unlink(draft)
    # The name must be as durable as the first row that it locks.
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _read(path: Path) -> bytes:
    handle = os.open(path, os.O_RDONLY)
    with os.fdopen(handle, "rb") as file:
        mode = os.fstat(file.fileno()).st_mode & 0o777
        if mode & 0o077:
            raise JournalRefused(
                f"the key file {path} has mode {mode:04o}, so others on this machine can read or change it",
                f"Run `chmod 600 {path}`, and consider who may have read it.",
            )
        key = file.read(KEY_BYTES + 1)
    if len(key) != KEY_BYTES:
        raise JournalRefused(
            f"the key file {path} does not hold {KEY_BYTES} bytes",
            "Restore it from your backup; it is not text and must not be edited.",
        )
    return key
