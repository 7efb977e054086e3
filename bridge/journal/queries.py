"""What the journal can be asked. Every answer is as of the moment it is read; nothing is cached.

Must not take a transaction: the caller says whether one is open.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from bridge.core.commands import Matched, Rivalry
from bridge.core.intent import Dispatch, Intent, State
from bridge.core.model import Instant, Route
from bridge.journal.crypto import Seal
from bridge.journal.database import Database
from bridge.journal.rows import dispatch_from, intent_from
from bridge.journal.statements import Statements, spread


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

    def match(
        self, scope: str, fingerprints: Sequence[str], delivered_since: int, told: Mapping[str, int]
    ) -> Matched:  # fmt: skip
        """``told`` are marks that are not written yet; they count as if they were."""
        intents: list[Intent] = []
        generations: dict[tuple[str, int], int] = {}
        known: list[str] = []
        for width, parameters in spread(list(dict.fromkeys(fingerprints))):
            parameters["b_scope"] = scope
            known += [fingerprint for (fingerprint,) in self._database.rows(self._sql.known(width), parameters)]
        for width, parameters in spread(known):
            parameters["b_scope"] = scope
            for fingerprint, ordinal, highest in self._database.rows(self._sql.generations(width), parameters):
                generations[fingerprint, ordinal] = highest + 1
            parameters["b_since"] = delivered_since
            intents.extend(intent_from(row) for row in self._database.rows(self._sql.joinable(width), parameters))
        if told:
            intents = [
                intent
                for intent in (_told(intent, told) for intent in intents)
                if not intent.state.settled or intent.delivered_at is None or intent.delivered_at >= delivered_since
            ]
        intents.sort(key=lambda intent: (intent.created_at, intent.ordinal, intent.position, intent.id))
        return Matched(tuple(intents), generations)

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


def _told(intent: Intent, told: Mapping[str, int]) -> Intent:
    if intent.delivered_at is None and intent.id in told:
        return replace(intent, delivered_at=told[intent.id])
    return intent
