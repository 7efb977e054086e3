"""What can go wrong with the journal, told to the person who has to act.

Every error says whose fault it is, whether money may have moved because of it, and what to do. Must not be raised
for a condition that failed (an identity that exists, another owner): that is an answer, not an error.
"""

from __future__ import annotations


class JournalError(Exception):
    """Anything the journal raises; never raised itself."""


class JournalDown(JournalError):
    """The journal could not commit or read. Nothing was changed by this request and nothing may be sent on it."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"the journal is down: {reason}. The bridge's database is at fault, not the caller. Nothing was changed "
            "and nothing may be sent, so no money moves because of this; a dispatch that left before stays recorded "
            "as sending and is settled by look-up. Repair the database (space, permissions, locks, connection): the "
            "journal goes on by itself."
        )
        self.reason = reason


class JournalUncertain(JournalDown):
    """The journal cannot say whether it committed. Nothing may be sent on it, and what it was may be found in it."""

    def __init__(self, reason: str) -> None:
        JournalError.__init__(
            self,
            f"the journal does not know whether it committed: {reason}. The bridge's database is at fault, not the "
            "caller. Nothing may be sent on it, so no money moves because of this; what was recorded all the same is "
            "found by a repeat and by the recoverer. Repair the database (connection, failover): the journal goes on "
            "by itself.",
        )
        self.reason = reason


class JournalRefused(JournalError):
    """The journal refuses to start. Nothing was sent and nothing can be, until ``instruction`` is followed."""

    def __init__(self, reason: str, instruction: str) -> None:
        super().__init__(
            f"the journal refuses to start: {reason}. The installation is at fault. No money moved because of it. "
            f"{instruction}"
        )
        self.reason = reason
        self.instruction = instruction


class Lost(Exception):
    """Within the journal: the connection is gone or cannot be had, and what was not committed is undone."""


class Blocked(Exception):
    """Within the journal: another transaction stands in the way of this one, which is undone and may be tried again."""


class Uncertain(Exception):
    """Within the journal: a COMMIT was sent and nobody can say what came of it."""
