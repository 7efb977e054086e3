"""The schema's history, run by Alembic from inside the package: no ini file, no environment script.

The caller owns the transaction. A database at ``HEAD`` is recognised without importing Alembic, which would cost every
start a tenth of a second. Must not differ from ``schema``: a test compares the two.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, inspect, text

from bridge.journal.errors import JournalRefused

if TYPE_CHECKING:
    from alembic.script import ScriptDirectory

HEAD = "0008"
BASE = "base"


def revision_of(connection: Connection) -> str | None:
    """The revision a database is at, or None where it has no journal."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()


def upgrade(connection: Connection) -> None:
    """Bring a database to ``HEAD``; refuses one that a newer bridge has been at."""
    at = revision_of(connection)
    if at == HEAD:
        return
    if at is not None and at not in {script.revision for script in scripts().walk_revisions()}:
        raise JournalRefused(
            f"the database is at schema {at}, which this bridge (schema {HEAD}) does not know",
            "Start the newer bridge again, or downgrade the database with it first.",
        )
    _run(connection, HEAD, up=True)


def downgrade(connection: Connection, revision: str = BASE) -> None:
    """Take a database back to ``revision``; what only newer schemas can hold is lost."""
    _run(connection, revision, up=False)


def scripts() -> ScriptDirectory:
    """The migrations that ship with this package."""
    from alembic.script import ScriptDirectory

    return ScriptDirectory(str(Path(__file__).parent))


def _run(connection: Connection, target: str, *, up: bool) -> None:
    from alembic.config import Config
    from alembic.runtime.environment import EnvironmentContext

    script = scripts()

    def steps(revision: Any, _: Any) -> Any:
        return script._upgrade_revs(target, revision) if up else script._downgrade_revs(target, revision)

    with EnvironmentContext(Config(), script, fn=steps, destination_rev=target) as environment:
        environment.configure(connection=connection)
        with environment.begin_transaction():
            environment.run_migrations()
