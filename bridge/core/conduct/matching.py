"""What a call asks the journal for, and which of what it finds each of its objects joins, or is refused for.

Unsettled intents come first, then undelivered ones, then delivered ones. A key (``identity.Act``) joins however late,
and never another content. Must not wait, and must not judge what a join comes to (``joins``).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from bridge.core.commands import Match, Matched
from bridge.core.conduct.errand import Errand
from bridge.core.conduct.joins import joinable
from bridge.core.identity import Act
from bridge.core.intent import Intent
from bridge.core.model import Instant, Outcome, Told
from bridge.core.refusals import reused


def question(errand: Errand, asked: Sequence[Act], whole: Sequence[str], since: Instant) -> Match:
    """The question for what these acts may join or come near to, and for all that came with their message before."""
    names = dict.fromkeys(act.exact for act in asked if not act.keyed)
    keys = dict.fromkeys((*(act.key for act in asked if act.key is not None), *whole))
    nears = dict.fromkeys(act.near for act in asked if act.near is not None)
    return Match(errand.caller.scope, tuple(names), since, tuple(keys), tuple(nears))


def said_twice(errand: Errand, asked: Sequence[Act]) -> dict[int, Outcome]:
    """Objects with the unique field's value of an earlier one of their call: it cannot be meant for both."""
    seen: set[str] = set()
    refused: dict[int, Outcome] = {}
    for position, act in enumerate(asked):
        if act.keyed and act.key is not None:
            if act.key in seen:
                why = f"This {errand.caller.unique_field} is that of an earlier object of this call"
                refused[position] = Outcome(Told.REFUSED, errors=reused(why, None))
            seen.add(act.key)
    return refused


def other_content(
    errand: Errand, matched: Matched, asked: Sequence[Act], pending: Sequence[int], whole: Collection[str]
) -> dict[int, Outcome]:
    """What comes under a key that stands for another content, of which something was done or may be.

    A message is one: where anything else came under its id, in whatever place, none of its objects is sent. What was
    refused has left nothing behind, so a message or value that was mended may be used again.
    """
    kept: dict[str, Intent] = {}
    for intent in matched.intents:
        if joinable(intent, errand.call.op):
            kept |= {name: intent for name in (intent.fingerprint, intent.alias) if name is not None}
    strange = next((p for p in pending if asked[p].by_message), None)
    if strange is not None:
        content = asked[strange].content
        other = next((kept[key] for key in whole if key in kept and kept[key].content != content), None)
        if other is not None:
            errors = reused("The message id was used before, for another content", other.zuora_id)
            return {position: Outcome(Told.REFUSED, errors=errors) for position in pending}
    refused = {}
    for position in pending:
        act = asked[position]
        found = kept.get(act.key) if act.keyed and act.key is not None else None
        if found is not None and found.content != act.content:
            why = f"This {errand.caller.unique_field} was used before, for another content"
            errors = reused(why, found.zuora_id)
            refused[position] = Outcome(Told.REFUSED, errors=errors)
    return refused


def by_key(act: Act, intent: Intent) -> bool:
    """Whether it is the act's key that the intent was found by."""
    return act.key is not None and act.key in (intent.fingerprint, intent.alias) and intent.content == act.content


def joins_of(
    errand: Errand,
    matched: Matched,
    asked: Sequence[Act],
    places: Sequence[int],
    pending: Sequence[int],
    taken: Collection[str],
) -> dict[int, Intent]:
    """Which intent each pending object joins: unsettled ones first, then undelivered, then delivered.

    Objects of one call are never duplicates of each other: what one of them has joined or become is not up for
    joining, nor is another attempt in its place, which repeats that very object and no other. Of several attempts in
    one place only the newest is: it was begun because the ones before it had come to nothing, or were canceled since.
    """
    held = {(asked[p].fingerprint, places[p]) for p in range(len(asked)) if p not in pending}
    possible = [intent for intent in matched.intents if joinable(intent, errand.call.op)]
    newest: dict[tuple[str, int], int] = {}
    for intent in possible:
        place = (intent.fingerprint, intent.ordinal)
        newest[place] = max(newest.get(place, 0), intent.generation)
    offers: dict[str, dict[int, Intent]] = {}
    for intent in sorted(possible, key=_rank):
        ours = intent.call_id == errand.call_id or intent.id in taken
        place = (intent.fingerprint, intent.ordinal)
        if not ours and place not in held and newest[place] == intent.generation:
            for name in (intent.fingerprint, intent.alias):
                if name is not None:
                    offers.setdefault(name, {}).setdefault(intent.ordinal, intent)
    joins: dict[int, Intent] = {}
    used: set[str] = set()
    for position in pending:
        act = asked[position]
        offered = (intent for name in act.names for intent in offers.get(name, {}).values() if _fits(act, name, intent))
        found = next((each for each in offered if each.id not in used), None)
        if found is not None:
            joins[position] = found
            used.add(found.id)
    return joins


def _fits(act: Act, name: str, intent: Intent) -> bool:
    return name != act.key or intent.content == act.content


def take_places(places: list[int], asked: Sequence[Act], joins: Mapping[int, Intent]) -> None:
    """An object that joins an intent stands in its place among the equal objects, and another one takes its own.

    Should it become a new attempt, its identity follows that intent's: two calls that repeat the same acts at the same
    time then meet in the same identities, whichever of their equal objects joined which intent (I2).
    """
    for position, intent in joins.items():
        place = intent.ordinal
        for other, act in enumerate(asked):
            if act.exact == asked[position].exact and places[other] == place:
                places[other] = places[position]
        places[position] = place


def _rank(intent: Intent) -> tuple[bool, bool, int, int]:
    return intent.state.settled, intent.delivered_at is not None, intent.created_at, intent.ordinal
