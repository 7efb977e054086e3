"""What counts now, and how one decision follows another: rules, stop and start, and the way back.

A revision of the journal holds a decision as JSON text; this is its one reader and writer. ``origin`` is the revision
that first had the rules that count, ``before`` the one a rollback goes to. So a rollback goes to what was before, and a
second one further back: never forth again to what was just rolled back. A step of a ramp has an ``origin`` of its own
but no new ``before``: from any step a rollback goes to the rules before the ramp began, and from rules that were set
later to the step where the ramp stood, halted if it was. Must not keep or fetch anything.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal

from bridge.core.model import Instant
from bridge.cutover.reading import from_plain, plain, toml
from bridge.cutover.rules import Ramp, Rule
from bridge.journal.revisions import Revision

What = Literal["set", "rollback", "stop", "start", "promote", "halt", "resume"]


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


class NoStep(Exception):
    """A ramp cannot be moved like that; nothing was changed."""


def ramp_of(now: Standing, name: str) -> tuple[Rule, Ramp]:
    """The rule of this name and its ramp; raises ``NoStep``."""
    rule = next((each for each in now.rules if each.name == name), None)
    if rule is None:
        raise NoStep(f"there is no rule {name}")
    if rule.ramp is None:
        raise NoStep(f"the rule {name} has no ramp")
    return rule, rule.ramp


def next_step(rule: Rule) -> Decimal | None:
    """The step after the one where the ramp stands; None at the last one."""
    assert rule.ramp is not None
    return next((each for each in rule.ramp.steps if each > (rule.percent or 0)), None)


def promote(now: Standing, name: str) -> Standing:
    """One step up, never two; raises ``NoStep`` where there is none or the ramp is halted."""
    rule, ramp = ramp_of(now, name)
    if ramp.halted:
        raise NoStep(f"the ramp of {name} is halted; `resume` sets it going again")
    if (step := next_step(rule)) is None:
        raise NoStep(f"the ramp of {name} is at its last step")
    return _moved(now, replace(rule, percent=step), "promote")


def halt(now: Standing, name: str, *, back: bool) -> Standing:
    """No further step; with ``back`` everything goes by the other route again, at 0 %. Raises ``NoStep``."""
    rule, ramp = ramp_of(now, name)
    percent = Decimal(0) if back else rule.percent
    if ramp.halted and percent == rule.percent:
        raise NoStep(f"the ramp of {name} is halted already")
    return _moved(now, replace(rule, percent=percent, ramp=replace(ramp, halted=True)), "halt")


def resume(now: Standing, name: str) -> Standing:
    """Go on where it stands, or from the first step where it was rolled back; raises ``NoStep``."""
    rule, ramp = ramp_of(now, name)
    if not ramp.halted:
        raise NoStep(f"the ramp of {name} is not halted")
    percent = rule.percent or ramp.steps[0]
    return _moved(now, replace(rule, percent=percent, ramp=replace(ramp, halted=False)), "resume")


def _moved(now: Standing, rule: Rule, what: What) -> Standing:
    rules = tuple(rule if each.name == rule.name else each for each in now.rules)
    return replace(now, rules=rules, origin=now.number + 1, what=what)


def began(rule: Rule, history: Sequence[Standing]) -> Standing:
    """The decision since which the rule stands as it does: what was counted before it is of another step.

    ``history`` has the newest first, with the rule in its first.
    """
    found = history[0]
    for each in history:
        if rule not in each.rules:
            break
        found = each
    return found


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
