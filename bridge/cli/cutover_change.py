"""What all verbs share that change the rules: what counts now, and how a decision is shown, confirmed and recorded.

Must not decide anything itself.
"""

from __future__ import annotations

from collections.abc import Callable

import typer

from bridge.cli.journal import changed, confirm, done, reader, refuse
from bridge.cutover.standing import Standing, Unreadable, difference, of
from bridge.settings import ConfigurationError, Settings, load


def standing(settings: Settings) -> Standing:
    """What counts now."""
    return next(iter(history_of(settings, 1)), Standing())


def history_of(settings: Settings, limit: int | None = None) -> list[Standing]:
    """Every revision, the newest first."""
    with reader(settings) as opened:
        try:
            return [of(each) for each in opened.revisions(limit)]
        except Unreadable as error:
            raise ConfigurationError(f"{error}; use the newer bridge that wrote it") from None


def change(
    decide: Callable[[Standing], Standing],
    question: str,
    reason: str,
    by: str,
    dry_run: bool,
    yes: bool,
    *,
    as_json: bool,
) -> None:
    """Decide on top of what counts now: show what changes, ask, and record it with its reason and name.

    What is refused, or would change nothing, ends the command with 1.
    """
    if not reason.strip() or not by.strip():
        raise ConfigurationError("--reason and --by are needed: both go into the history and the audit")
    settings = load()
    now = standing(settings)
    new = decide(now)
    lines = difference(now, new)
    if not lines:
        refuse("that is what counts already")
    if not as_json:
        for line in lines:
            typer.echo(line)
    confirm(question, dry_run, yes)
    why = changed(settings, lambda opened: opened.operator.revise(now.number, new.decided(), reason, by, dry=dry_run))
    told: dict[str, object] = {"revision": now.number + 1, "what": new.what}
    done(why, told | ({"difference": lines} if as_json else {}), dry_run=dry_run, as_json=as_json)
