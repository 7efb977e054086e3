"""``bridge journal migrate``: the schema, before the bridges that need it start. Must not open what is recorded."""

from __future__ import annotations

import json
import time
from typing import NoReturn

import typer

from bridge.journal.errors import JournalRefused
from bridge.journal.inspection import standing_of
from bridge.journal.migrating import HEAD, migrate
from bridge.journal.migrations import Standing
from bridge.settings import Settings
from bridge.telemetry import log

__all__ = ["HEAD", "bring", "question", "tell", "there", "wait"]

POLL_SECONDS = 0.5


def there(settings: Settings) -> Standing:
    """What is there; raises ``JournalRefused`` where it is a newer bridge's that does not serve this one."""
    found = standing_of(settings.database_url)
    if found.newer and not found.usable:
        raise JournalRefused(
            f"the database is at schema {found.schema}, which this bridge (schema {HEAD}) does not know",
            "Start the newer bridge again, or downgrade the database with it first.",
        )
    return found


def question(found: Standing) -> str:
    """What a person is asked."""
    return (
        f"Bring the journal from {name(found.schema)} to schema {HEAD}? Running bridges of the release before go on; "
        "older ones cannot start on it any more."
    )


def name(found: str | None) -> str:
    """A schema as people call it."""
    return "nothing" if found is None else f"schema {found}"


def bring(settings: Settings, found: Standing) -> None:
    """Migrate what is not there yet."""
    log.configure("ERROR")
    if not found.usable:
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
            if found.usable or left <= 0:
                break
        time.sleep(min(POLL_SECONDS, left))
    tell(found, done=False, dry_run=False, as_json=as_json)
    raise typer.Exit(0 if found.usable else 1)


def tell(found: Standing, *, done: bool, dry_run: bool, as_json: bool) -> None:
    """What was there, what this bridge needs, and whether it is there now."""
    if as_json:
        ready = done or found.usable
        told = {"found": found.schema, "schema": HEAD, "ready": ready, "done": done, "dryRun": dry_run}
        typer.echo(json.dumps(told, indent=2))
    elif found.schema == HEAD:
        typer.echo(f"the journal is at schema {HEAD}; there is nothing to do")
    elif found.usable:
        typer.echo(f"the journal is at {name(found.schema)} of a newer bridge, which serves this one ({HEAD}) too")
    elif done:
        typer.echo(f"done: from {name(found.schema)} to schema {HEAD}")
    elif dry_run:
        typer.echo(f"would be done: from {name(found.schema)} to schema {HEAD}")
    else:
        typer.echo(f"the journal is at {name(found.schema)}; this bridge needs schema {HEAD}", err=True)
