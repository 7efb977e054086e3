"""``bridge journal migrate``: the schema, before the bridges that need it start. Must not open what is recorded."""

from __future__ import annotations

import json
import time
from typing import NoReturn

import typer

from bridge.journal.errors import JournalRefused
from bridge.journal.inspection import schema_of
from bridge.journal.migrating import HEAD, migratable, migrate
from bridge.settings import Settings
from bridge.telemetry import log

__all__ = ["HEAD", "bring", "question", "tell", "there", "wait"]

POLL_SECONDS = 0.5


def there(settings: Settings) -> str | None:
    """The schema that is there; raises ``JournalRefused`` where it is a newer bridge's."""
    found = schema_of(settings.database_url)
    if not migratable(found):
        raise JournalRefused(
            f"the database is at schema {found}, which this bridge (schema {HEAD}) does not know",
            "Start the newer bridge again, or downgrade the database with it first.",
        )
    return found


def question(found: str | None) -> str:
    """What a person is asked."""
    return f"Bring the journal from {name(found)} to schema {HEAD}? Bridges that are older cannot start on it any more."


def name(found: str | None) -> str:
    """A schema as people call it."""
    return "nothing" if found is None else f"schema {found}"


def bring(settings: Settings, found: str | None) -> None:
    """Migrate what is not there yet."""
    log.configure("ERROR")
    if found != HEAD:
        migrate(settings.database_url, key_is_given=settings.journal.key is not None)


def wait(settings: Settings, seconds: float, *, as_json: bool) -> NoReturn:
    """Change nothing; exit 0 as soon as somebody has migrated, 1 where nobody has in time."""
    until = time.monotonic() + seconds
    while True:
        left = until - time.monotonic()
        try:
            found = there(settings)
        except JournalRefused:
            # A database that is only now being started is waited for as well.
            if left <= 0:
                raise
        else:
            if found == HEAD or left <= 0:
                break
        time.sleep(min(POLL_SECONDS, left))
    tell(found, done=False, dry_run=False, as_json=as_json)
    raise typer.Exit(0 if found == HEAD else 1)


def tell(found: str | None, *, done: bool, dry_run: bool, as_json: bool) -> None:
    """What was there, what this bridge needs, and whether it is there now."""
    if as_json:
        told = {"found": found, "schema": HEAD, "ready": done or found == HEAD, "done": done, "dryRun": dry_run}
        typer.echo(json.dumps(told, indent=2))
    elif found == HEAD:
        typer.echo(f"the journal is at schema {HEAD}; there is nothing to do")
    elif done:
        typer.echo(f"done: from {name(found)} to schema {HEAD}")
    elif dry_run:
        typer.echo(f"would be done: from {name(found)} to schema {HEAD}")
    else:
        typer.echo(f"the journal is at {name(found)}; this bridge needs schema {HEAD}", err=True)
