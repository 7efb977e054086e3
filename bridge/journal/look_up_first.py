"""Look-up-first: until when the journal may lack what Zuora has, kept in the journal for all its processes.

After a restore or a failover the last intents may be missing, so that their repeats would look like new acts. The mark
is set by a person, or where PostgreSQL is found at another place: another cluster, or another timeline of the same one
(PostgreSQL: Continuous Archiving and Point-in-Time Recovery, "Timelines"). A database that has no place yet is only
given one. Lives on the writer's thread. Must not decide what a call does in this mode: that is core's.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass

from bridge.core.model import Instant
from bridge.journal.audit import Audit, now
from bridge.journal.database import Database
from bridge.journal.statements import Statements

HOURS = 72
"""How long: a file that is sent again after a weekend is still caught."""

FOR_EVER: Instant = 2**62
"""The end of a mode that lasts as long as a setting does."""

_UNTIL = "look up first until"
_PLACE = "place"


class Elsewhere(Exception):
    """The database behind the address is another than before: the mode has begun, and this request was not done."""


@dataclass(frozen=True, slots=True)
class Mode:
    """Look-up-first until this instant of this machine's clock, and why."""

    until: Instant
    why: str


class LookUpFirst:
    """Reads and sets the mark, and sees where the database is."""

    def __init__(self, database: Database, statements: Statements, audit: Audit) -> None:
        self._database = database
        self._sql = statements
        self._audit = audit
        self._seen = 0
        self._known: Instant | None = None
        self._known_until = 0.0
        self.always = False

    def mode(self) -> Mode | None:
        """The mode as it stands in the journal, over or not."""
        rows = self._database.rows(self._sql.get_meta, {"b_name": _UNTIL})
        return read(bytes(rows[0][0])) if rows else None

    def until(self) -> Instant | None:
        """When the mode ends; None where it is over or never began."""
        if self.always:
            return FOR_EVER
        mode = self.mode()
        return mode.until if mode is not None and mode.until > now() else None

    def on(self) -> bool:
        """Whether the mode is on, as known for at most a second: every call asks, and the mark seldom moves.

        Where this process sees another place, it knows at once.
        """
        if time.monotonic() >= self._known_until:
            self._known = self.until()
            self._known_until = time.monotonic() + 1.0
        return self._known is not None and self._known > now()

    def begin(self, until: Instant, why: str, by: str) -> Instant:
        """Begin the mode, or make it longer; never shorter. Returns its end."""
        known = self.mode()
        until = max(until, known.until if known is not None else 0)
        self._set(Mode(until, why))
        self._audit.note("look up first", "", {"on": True, "until": until, "why": why, "by": by})
        return until

    def end(self, why: str, by: str) -> None:
        """End the mode."""
        self._set(Mode(0, why))
        self._audit.note("look up first", "", {"on": False, "why": why, "by": by})

    def _set(self, mode: Mode) -> None:
        value = json.dumps([mode.until, mode.why]).encode("ascii")
        self._database.run(self._sql.set_meta, {"name": _UNTIL, "value": value})
        self._known_until = 0.0

    # ------------------------------------------------------------ where the database is

    def arrive(self) -> None:
        """After every connection, within a transaction: note the place, and begin the mode where it is another.

        Raises ``Elsewhere`` in that case; the caller commits what was written and refuses what it was about to do: its
        reads were made at the former place.
        """
        if self._seen == self._database.connections:
            return
        self._audit.forget()
        place = self._database.place
        if place is not None:
            rows = self._database.rows(self._sql.get_meta, {"b_name": _PLACE})
            known = bytes(rows[0][0]).decode() if rows else None
            if known != place:
                self._database.run(self._sql.set_meta, {"name": _PLACE, "value": place.encode()})
            if known not in (None, place):
                why = f"PostgreSQL was {named(known)} and is {named(place)}"
                self.begin(now() + HOURS * 3_600_000, why, "the bridge")
                raise Elsewhere(f"{why}: it was restored or another took over")

    def arrived(self) -> None:
        """What ``arrive`` wrote is committed."""
        self._seen = self._database.connections


def read(value: bytes) -> Mode:
    """The mark of a stored value."""
    until, why = json.loads(value)
    return Mode(until, why)


def named(place: str | None) -> str:
    """A place for people, in hexadecimal: one decimal number in ten passes for a card's, and would be hidden."""
    system, _, timeline = (place or "").partition("/")
    return f"cluster {int(system):x} timeline {timeline}" if system.isdigit() else str(place)
