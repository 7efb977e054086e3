"""Looks at a journal without making or migrating one: for ``bridge doctor``, beside a bridge that may be running.

Must not change a database, make a key or take longer than one attempt at a lock.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import create_engine
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from bridge.journal import migrations
from bridge.journal.crypto import Keys
from bridge.journal.errors import JournalRefused
from bridge.journal.migrations import Standing
from bridge.journal.store import Journal


@dataclass(frozen=True, slots=True)
class Inspection:
    """``ready``: a bridge could start on it. ``found`` says what is there."""

    ready: bool
    found: str
    instruction: str = ""


def inspect(url: str, key: Keys | bytes | None) -> Inspection:
    """What ``serve`` would meet at this address."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        return Inspection(False, "BRIDGE_DATABASE_URL is no database URL", "BRIDGE_DATABASE_URL=sqlite:///bridge.db")
    path = _file(parsed)
    if path is not None and not (path.exists() and path.stat().st_size):
        folder = path.absolute().parent
        if not folder.is_dir() or not os.access(folder, os.W_OK):
            return Inspection(False, f"{path} is not there and cannot be made", f"Make {folder} writable.")
        return Inspection(True, f"none yet; `bridge serve` makes {path}")
    try:
        standing = _standing(parsed, path)
    except (SQLAlchemyError, ImportError) as error:
        reason = getattr(error, "orig", None) or type(error).__name__
        return Inspection(False, f"the database cannot be read: {reason}", "Check BRIDGE_DATABASE_URL.")
    if standing.schema is None:
        return Inspection(True, "an empty database; `bridge serve` makes the journal in it")
    found = f"a journal of schema {standing.schema}; this bridge has {migrations.HEAD}"
    if not standing.usable:
        # A newer one is refused at start; an older one is migrated there and not by someone who only looks.
        if standing.newer:
            return Inspection(False, found, "Use the bridge that wrote it, or a newer one.")
        return Inspection(True, f"{found}, to which `bridge serve` migrates it")
    try:
        Journal.open(url, key, "doctor").close()
    except JournalRefused as refused:
        return Inspection(False, refused.reason, refused.instruction)
    if standing.newer:
        return Inspection(True, f"{found}, which it serves as well: it opens, and the key fits")
    return Inspection(True, "it opens, and the key fits")


def present(url: str) -> bool:
    """Whether there is a journal at this address, of any schema; raises ``JournalRefused`` where nothing tells."""
    return standing_of(url).schema is not None


def standing_of(url: str) -> Standing:
    """How the journal at this address stands to this bridge; raises ``JournalRefused`` where nothing tells."""
    try:
        parsed = make_url(url)
        path = _file(parsed)
        if path is not None and not (path.exists() and path.stat().st_size):
            return Standing(None, usable=False)
        return _standing(parsed, path)
    except (ArgumentError, SQLAlchemyError, ImportError) as error:
        reason = getattr(error, "orig", None) or type(error).__name__
        raise JournalRefused(f"the database cannot be read: {reason}", "Check BRIDGE_DATABASE_URL.") from None


def _file(url: URL) -> Path | None:
    if url.get_backend_name() != "sqlite" or url.database in (None, "", ":memory:"):
        return None
    return Path(url.database or "")


def _standing(url: URL, path: Path | None) -> Standing:
    if path is not None:
        # Read-only: a look must not make a file or a WAL (https://sqlite.org/uri.html).
        url = URL.create("sqlite", database=f"file:{quote(str(path))}", query={"mode": "ro", "uri": "true"})
    elif url.get_backend_name() == "postgresql":
        url = url.set(drivername="postgresql+psycopg")
    engine = create_engine(url, poolclass=NullPool)
    try:
        with engine.connect() as connection:
            return migrations.standing_of(connection)
    finally:
        engine.dispose()
