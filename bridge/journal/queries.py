"""What the journal can be asked. Every answer is as of the moment it is read; nothing is cached.

Must not take a transaction: the caller says whether one is open.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from bridge.core.commands import Match, Matched, Rivalry
from bridge.core.intent import Dispatch, Intent, State
from bridge.core.model import Instant, Route
from bridge.journal.crypto import Seal
from bridge.journal.database import Database
from bridge.journal.rows import dispatch_from, intent_from
from bridge.journal.statements import Statements, spread, spread_pairs


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many intents of a state and route are not settled, and when the oldest of them began."""

    state: State
    route: Route | None
    count: int
    oldest: Instant


class Queries:
    """Reads intents, dispatches and instances."""

    def __init__(self, database: Database, statements: Statements, seal: Seal) -> None:
        self._database = database
        self._sql = statements
        self._seal = seal

    def match(self, asked: Match, told: Mapping[str, int]) -> Matched:
        """``told`` are marks that are not written yet; they count as if they were."""
        known = self._known(asked)
        generations: dict[tuple[str, int], int] = {}
        for width, parameters in spread(sorted(known)):
            parameters["b_scope"] = asked.scope
            for fingerprint, ordinal, highest in self._database.rows(self._sql.generations(width), parameters):
                generations[fingerprint, ordinal] = highest + 1
        intents: dict[str, Intent] = {}
        for names, since in ((asked.fingerprints, asked.delivered_since), (asked.keys, 0)):
            for intent in self._joinable(asked.scope, [name for name in names if name in known], since):
                intent = _told(intent, told)
                if not intent.state.settled or intent.delivered_at is None or intent.delivered_at >= since:
                    intents[intent.id] = intent
        near = self._near(asked.scope, [each for each in asked.nears if each in known]) if known else []
        return Matched(_in_order(intents.values()), generations, _in_order(_told(each, told) for each in near))

    def _known(self, asked: Match) -> set[str]:
        """The names and near fingerprints of which there is anything: one look for the many that are new."""
        names = list(dict.fromkeys((*asked.fingerprints, *asked.keys)))
        known: set[str] = set()
        for width, parameters in spread_pairs(names, list(dict.fromkeys(asked.nears))):
            parameters["b_scope"] = asked.scope
            for pair in self._database.rows(self._sql.known(width), parameters):
                known.update(each for each in pair if each is not None)
        return known

    def _joinable(self, scope: str, names: Sequence[str], since: int) -> Iterator[Intent]:
        for width, parameters in spread(list(names)):
            parameters |= {"b_scope": scope, "b_since": since}
            for statement in (self._sql.joinable(width), self._sql.aliased(width)):
                yield from map(intent_from, self._database.rows(statement, parameters))

    def _near(self, scope: str, nears: Sequence[str]) -> Iterator[Intent]:
        for width, parameters in spread(list(nears)):
            parameters["b_scope"] = scope
            yield from map(intent_from, self._database.rows(self._sql.near(width), parameters))

    def intents(self, ids: Sequence[str], told: Mapping[str, int]) -> tuple[Intent, ...]:
        """The intents in the order asked for; unknown ids are left out."""
        found: dict[str, Intent] = {}
        for width, parameters in spread(list(dict.fromkeys(ids))):
            for row in self._database.rows(self._sql.intents(width), parameters):
                found[row[0]] = _told(intent_from(row), told)
        return tuple(found[id_] for id_ in ids if id_ in found)

    def dispatches_of(self, intent_id: str) -> tuple[Dispatch, ...]:
        """The dispatches that carry an intent, unsealed, by step and attempt; raises ``Unreadable``."""
        return tuple(
            dispatch_from(row, self._carried(row[0]), self._seal)
            for row in self._database.rows(self._sql.dispatches, {"b_intent_id": intent_id})
        )

    def under_way(self, intent_id: str) -> bool:
        """Whether a request of this intent was begun to be sent and has no answer since."""
        return bool(self._database.rows(self._sql.under_way, {"b_intent_id": intent_id}))

    def settled_by(self, scope: str, object_type: str, zuora_id: str) -> tuple[str, ...]:
        """The intents whose create came to this object."""
        asked = {"b_scope": scope, "b_object_type": object_type, "b_zuora_id": zuora_id}
        return tuple(id_ for (id_,) in self._database.rows(self._sql.settled_by, asked))

    def rivals(self, scope: str, object_type: str, zuora_ids: Sequence[str], limit: int) -> Rivalry:
        """Which of these objects settled a create, and the creates that are not settled."""
        claimed = frozenset(each for each in zuora_ids if self.settled_by(scope, object_type, each))
        asked = {"b_scope": scope, "b_object_type": object_type, "b_limit": limit + 1}
        found = tuple(intent_from(row) for row in self._database.rows(self._sql.open_creates, asked))
        return Rivalry(claimed, found[:limit], complete=len(found) <= limit)

    def ages(self) -> tuple[Waiting, ...]:
        """What is not settled, by state and route."""
        rows = self._database.rows(self._sql.ages, {})
        return tuple(
            Waiting(State(state), Route(route) if route is not None else None, count, oldest)
            for state, route, count, oldest in rows
        )

    def _carried(self, dispatch_id: str) -> tuple[str, ...]:
        return tuple(id_ for (id_,) in self._database.rows(self._sql.carried, {"b_id": dispatch_id}))

    def unfinished(self, before: int, limit: int) -> tuple[Intent, ...]:
        """What is unsettled, not parked and older than ``before``, oldest first."""
        rows = self._database.rows(self._sql.orphans, {"b_before": before, "b_limit": limit})
        return tuple(intent_from(row) for row in rows)

    def living(self, at: int) -> tuple[str, ...]:
        """All processes that live at ``at``, by name."""
        rows = self._database.rows(self._sql.living, {"b_at": at})
        return tuple(id_ for (id_,) in rows)

    def alive(self, instances: Collection[str], at: int) -> frozenset[str]:
        """Those of the instances that live at ``at``, this machine's time; on PostgreSQL its server's time counts."""
        living: set[str] = set()
        for width, parameters in spread(sorted(set(instances))):
            parameters["b_at"] = at
            living.update(id_ for (id_,) in self._database.rows(self._sql.alive(width), parameters))
        return frozenset(living)


def _in_order(intents: Iterable[Intent]) -> tuple[Intent, ...]:
    return tuple(sorted(intents, key=lambda intent: (intent.created_at, intent.ordinal, intent.position, intent.id)))


def _told(intent: Intent, told: Mapping[str, int]) -> Intent:
    if intent.delivered_at is None and intent.id in told:
        return replace(intent, delivered_at=told[intent.id])
    return intent
