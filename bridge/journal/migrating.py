"""Brings a journal to the schema of this bridge without serving on it: for a job that runs before the replicas do.

Needs a database user that may change the schema and, on PostgreSQL, no key: nothing sealed is read or written. Bridges
may be running; of several that migrate at once one does. Must not check, write or delete anything but the schema.
"""

from __future__ import annotations

from bridge.journal import migrations
from bridge.journal.database import Database
from bridge.journal.keyfile import key_beside

HEAD = migrations.HEAD
"""The schema of this bridge."""


def migrate(url: str, *, key_is_given: bool) -> None:
    """Bring it to ``HEAD``; raises ``JournalRefused``. A SQLite journal without a key of its own gets its key first."""
    database = Database(url)
    if database.path is not None and not key_is_given:
        # A database without its key file would be refused by whoever opens it next.
        key_beside(database.path)
    database.open(lambda: None)
    database.close()
