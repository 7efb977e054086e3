"""The schema's history, run by Alembic from inside the package: no ini file, no environment script.

The caller owns the transaction. A database at ``HEAD`` is recognised without importing Alembic, which would cost every
start a tenth of a second. Must not differ from ``schema``: a test compares the two.

Old and new bridges share a database while replicas are upgraded one after another, and again where the upgrade is taken
back. So a migration only adds (an index may give way to a better one: whoever looks finds the same), and says in
``serves`` the oldest schema whose bridges can still work on what it leaves behind; it is written into the database,
because those bridges do not have the migration. What nobody needs any more is taken away a release later.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, inspect, text

from bridge.journal.errors import JournalRefused
from bridge.telemetry.log import get_logger

if TYPE_CHECKING:
    from alembic.script import Script, ScriptDirectory

log = get_logger("journal")

HEAD = "0011"
BASE = "base"

SERVES = "schema serves"
"""The name in ``meta`` of two words: the schema that is there, and the oldest whose bridges can work on it."""


def revision_of(connection: Connection) -> str | None:
    """The revision a database is at, or None where it has no journal."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()


@dataclass(frozen=True, slots=True)
class Standing:
    """The schema of a database, None where it has no journal; and whether this bridge can work on it as it is."""

    schema: str | None
    usable: bool

    @property
    def newer(self) -> bool:
        """Whether a newer bridge has been at it."""
        return self.schema is not None and self.schema not in _known()


def standing_of(connection: Connection) -> Standing:
    """How a database stands to this bridge: usable is its own schema, or a newer one that serves it."""
    at = revision_of(connection)
    if at is None or at == HEAD:
        return Standing(at, usable=at == HEAD)
    known = _known()
    return Standing(at, usable=at not in known and _serves(connection, at) in known)


def upgrade(connection: Connection) -> None:
    """Bring a database to ``HEAD``, or leave a newer one that serves this bridge as it is; refuses any other."""
    standing = standing_of(connection)
    if standing.usable:
        if standing.schema != HEAD:
            log.warning("a newer bridge has migrated the journal, and it serves this one too", schema=standing.schema)
        return
    if standing.newer:
        raise JournalRefused(
            f"the database is at schema {standing.schema}, which this bridge (schema {HEAD}) does not know",
            "Start the newer bridge again, or downgrade the database with it first.",
        )
    _run(connection, HEAD, up=True)
    _tell_whom_it_serves(connection)


def downgrade(connection: Connection, revision: str = BASE) -> None:
    """Take a database back to ``revision``; what only newer schemas can hold is lost."""
    _run(connection, revision, up=False)
    if revision != BASE:
        _tell_whom_it_serves(connection)


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


def _known() -> set[str]:
    return {script.revision for script in scripts().walk_revisions()}


def _serves(connection: Connection, at: str) -> str | None:
    """The oldest schema that is served; None where nothing was said of the schema that is there."""
    found = connection.execute(text("SELECT value FROM meta WHERE name = :name"), {"name": SERVES}).scalar_one_or_none()
    of, _, oldest = ("" if found is None else bytes(found).decode()).partition(" ")
    return oldest if of == at else None


def _tell_whom_it_serves(connection: Connection) -> None:
    at = revision_of(connection)
    assert at is not None
    # From the newest down; the first that serves no older one than another says it for all.
    chain = [*scripts().walk_revisions(BASE, at)]
    order = [script.revision for script in chain]
    oldest = min((_served_by(script) for script in chain), key=order.index)
    connection.execute(text("DELETE FROM meta WHERE name = :name"), {"name": SERVES})
    connection.execute(
        text("INSERT INTO meta (name, value) VALUES (:name, :value)"),
        {"name": SERVES, "value": f"{at} {oldest}".encode()},
    )


def _served_by(script: Script) -> str:
    """What the migration says; those of before this rule serve nobody but their own bridges."""
    return str(getattr(script.module, "serves", script.revision))
