"""What a world holds a join against: the act, and what the call has looked at. Must not hold a test."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.core import commands as c
from bridge.core.facts import (
    StillStands,
    WhichLike,
)
from bridge.core.identity import Act
from bridge.core.intent import Intent
from bridge.core.model import Outcome, Told

if TYPE_CHECKING:
    from core_world import Play


def same(act: Act, intent: Intent) -> bool:
    """Whether an intent is of this act."""
    return act.fingerprint == intent.fingerprint and (not act.keyed or act.content == intent.content)


def may_be_joined(play: Play, outcome: Outcome) -> bool:
    """What is joined was waited for or, applied already, read anew; "not known" needs neither."""
    watched = any(isinstance(each, c.Watch) and outcome.intent_id in each.intent_ids for each in play.commands)
    read = any(
        isinstance(question, StillStands) and question.zuora_id == outcome.zuora_id
        for each in play.commands
        if isinstance(each, c.Lookup)
        for question in each.questions
    )
    lost = outcome.intent_id is None and any(
        isinstance(question, WhichLike)
        for each in play.commands
        if isinstance(each, c.Lookup)
        for question in each.questions
    )
    return watched or lost or (read and outcome.told is Told.APPLIED) or outcome.told is Told.UNKNOWN
