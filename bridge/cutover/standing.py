"""What counts now, and how one decision follows another: rules, stop and start, and the way back.

A revision of the journal holds a decision as JSON text; this is its one reader and writer. ``origin`` is the revision
that first set the rules that count, ``before`` the origin of the rules that counted until then. So a rollback goes to
what was before, and a second one further back: never forth again to what was just rolled back. Must not keep or fetch
anything.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from bridge.core.model import Instant
from bridge.cutover.reading import from_plain, plain, toml
from bridge.cutover.rules import Rule
from bridge.journal.revisions import Revision

What = Literal["set", "rollback", "stop", "start"]


@dataclass(frozen=True, slots=True)
class Standing:
    """The rules and whether new money calls are refused, as of revision ``number``. ``what`` was done by it."""

    number: int = 0
    rules: tuple[Rule, ...] = ()
    stopped: bool = False
    origin: int = 0
    before: int = 0
    what: What = "set"
    at: Instant = 0
    author: str = ""
    reason: str = ""

    def decided(self) -> str:
        """The text that the journal keeps."""
        return json.dumps(
            {
                "what": self.what,
                "rules": [plain(rule) for rule in self.rules],
                "stopped": self.stopped,
                "origin": self.origin,
                "before": self.before,
            },
            ensure_ascii=False,
            separators=(",", ":"),
        )


FIRST = Standing()
"""Before anybody has decided anything: no rules."""


class Unreadable(ValueError):
    """A revision that this bridge cannot read: a newer one has written it. Nothing was changed."""


def of(revision: Revision | None) -> Standing:
    """What a revision says; raises ``Unreadable``."""
    if revision is None:
        return FIRST
    try:
        said = json.loads(revision.decided)
        return Standing(
            revision.number,
            from_plain(said["rules"]),
            bool(said["stopped"]),
            int(said["origin"]),
            int(said["before"]),
            said["what"],
            revision.at,
            revision.author,
            revision.reason,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise Unreadable(f"cutover revision {revision.number} cannot be read by this bridge: {error}") from None


def with_rules(now: Standing, rules: Sequence[Rule]) -> Standing:
    """Other rules from the next revision on. A stop goes on."""
    return replace(now, rules=tuple(rules), origin=now.number + 1, before=now.origin, what="set")


def stop(now: Standing) -> Standing:
    """No new money call from the next revision on."""
    return replace(now, stopped=True, what="stop")


def start(now: Standing) -> Standing:
    """Money calls again from the next revision on."""
    return replace(now, stopped=False, what="start")


class NoWayBack(Exception):
    """There is nothing to go back to; nothing was changed."""


def back(now: Standing, history: Sequence[Standing], number: int | None = None) -> Standing:
    """The rules of revision ``number`` from the next revision on, or those before the rules that count now.

    What the earlier revision stopped or started is not done again. Raises ``NoWayBack``.
    """
    if number is None and now.number == 0:
        raise NoWayBack("nobody has set rules yet, so there is nothing to go back to")
    wanted = now.before if number is None else number
    to = next((each for each in (*history, FIRST) if each.number == wanted), None)
    if to is None:
        raise NoWayBack(f"there is no revision {wanted}")
    return replace(now, rules=to.rules, origin=to.origin, before=to.before, what="rollback")


def difference(old: Standing, new: Standing) -> list[str]:
    """What changes, as the lines of a unified diff; empty where nothing does."""
    before, after = (
        [*toml(each.rules).splitlines(), *(["# new money calls are refused"] if each.stopped else [])]
        for each in (old, new)
    )
    names = (f"revision {old.number}", f"revision {new.number}" if new.number > old.number else "new")
    return list(difflib.unified_diff(before, after, *names, lineterm="", n=2))
