"""How each change of core becomes rows: conditions are counts, never exceptions.

Every function answers whether its condition held. What it wrote before a condition failed stays to be undone by the
caller, who owns the transaction. Must not decide whether a change is wise: that is core's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby

from bridge.core.commands import Added, Adopted, Answered, Change, Moved, Opened, Sent
from bridge.core.intent import TRANSITIONS, Dispatch, IllegalTransition, Intent
from bridge.journal.audit import Audit
from bridge.journal.crypto import Seal
from bridge.journal.database import Database
from bridge.journal.erasing import Erasing
from bridge.journal.rows import dispatch_row, errors_text, intent_row, lease_name
from bridge.journal.statements import Statements


def check(changes: Sequence[Change]) -> None:
    """Raise ``IllegalTransition`` for a move that core's table does not have, before anything is queued."""
    for change in changes:
        if isinstance(change, Moved) and change.target not in TRANSITIONS[change.source]:
            raise IllegalTransition(change.source, change.target)


def steps(changes: Sequence[Change]) -> int:
    """How many statements the changes take; one statement undoes itself when its condition fails."""
    return sum(2 if isinstance(change, Opened | Added) else 1 for change in changes)


def order(changes: Sequence[Change]) -> tuple[object, ...] | None:
    """The first identity that is opened, for changes that open some: the order in which all processes open them."""
    opened = [_identity(intent) for change in changes if isinstance(change, Opened) for intent in change.intents]
    return min(opened, default=None)


class Changes:
    """Applies changes within the caller's transaction."""

    def __init__(self, database: Database, statements: Statements, seal: Seal, audit: Audit) -> None:
        self._database = database
        self._audit = audit
        self._sql = statements
        self._seal = seal
        self.erasing = Erasing(database, seal)

    def apply(self, changes: Sequence[Change]) -> bool:
        """All changes in order; False at the first whose condition fails."""
        for kind, some in groupby(changes, key=type):
            if kind is Moved:
                if not self._moves([change for change in some if isinstance(change, Moved)]):
                    return False
            elif not all(self._apply(change) for change in some):
                return False
        self.erasing.settled(changes)
        return True

    def _moves(self, moves: Sequence[Moved]) -> bool:
        """Moves in a row, in one statement per kind where no intent is moved twice."""
        if len({move.intent_id for move in moves}) < len(moves):
            return all(self._apply(move) for move in moves)
        for sql, some in (
            (self._sql.move, [move for move in moves if move.zuora_id is None]),
            (self._sql.move_and_settle, [move for move in moves if move.zuora_id is not None]),
        ):
            if some and self._database.run_many(sql, [_move_row(move) for move in some]) != len(some):
                return False
        for move in moves:
            self._audit.moved(move)
        return True

    def _apply(self, change: Change) -> bool:
        match change:
            case Moved():
                return self._move(change)
            case Answered(dispatch_id, verdict, at, status):
                return self._changed(
                    self._sql.answer, {"b_id": dispatch_id, "b_at": at, "b_verdict": verdict, "b_status": status}
                )
            case Sent(dispatch_id, at):
                return self._changed(self._sql.send, {"b_id": dispatch_id, "b_at": at})
            case Opened():
                return self._open(change)
            case Added(dispatch):
                return self._dispatch((dispatch,))
            case Adopted(intent_id, previous, owner):
                self._audit.adopted(change)
                return self._changed(
                    self._sql.adopt, {"b_id": intent_id, "b_previous": previous, "b_owner": owner}
                )  # fmt: skip

    def hold(self, scope: str, key: str, intent_id: str, *, whole: bool) -> bool:
        """Take a lease; False where somebody has it."""
        row = {"scope": scope, "key": lease_name(key), "intent_id": intent_id, "whole": int(whole)}
        return self._changed(self._sql.hold, row)

    def deliver(self, told: Mapping[str, int]) -> None:
        """Mark verdicts as told, each at its first time: a window that began must not begin anew."""
        self._database.run_many(self._sql.deliver, [{"b_id": id_, "b_at": at} for id_, at in told.items()])

    def _open(self, opened: Opened) -> bool:
        self._audit.opened(opened)
        # One order for all processes: PostgreSQL would otherwise see two calls wait for each other's keys.
        rows = [intent_row(intent) for intent in sorted(opened.intents, key=_identity)]
        if len(rows) == 1:
            if not self._changed(self._sql.open_intent, rows[0]):
                return False
        elif rows and self._database.run_many(self._sql.open_intent, rows) != len(rows):
            return False
        return self._dispatch(opened.dispatches)

    def _dispatch(self, dispatches: Sequence[Dispatch]) -> bool:
        for dispatch in dispatches:
            row = dispatch_row(dispatch, self._seal)
            # What was erased is no request any more, nor is a further attempt at it.
            if dispatch.erased or not self._changed(self._sql.open_dispatch, row):
                return False
            if row["options"]:
                self.erasing.holds(dispatch.intent_ids)
            carried = [
                {"dispatch_id": dispatch.id, "position": position, "intent_id": intent_id}
                for position, intent_id in enumerate(dispatch.intent_ids)
            ]
            if carried and self._database.run_many(self._sql.carry_intent, carried) != len(carried):
                return False
        return True

    def _move(self, moved: Moved) -> bool:
        self._audit.moved(moved)
        sql = self._sql.move if moved.zuora_id is None else self._sql.move_and_settle
        return self._changed(sql, _move_row(moved))

    def _changed(self, sql: str, parameters: Mapping[str, object]) -> bool:
        return self._database.run(sql, parameters) == 1


def _identity(intent: Intent) -> tuple[object, ...]:
    # What is equal is near as well, so this orders both things that two calls may both want.
    near = (intent.near or "", intent.near_place or 0)
    return intent.scope, *near, intent.fingerprint, intent.ordinal, intent.generation


def _move_row(moved: Moved) -> Mapping[str, object]:
    return {
        "b_id": moved.intent_id,
        "b_source": moved.source.value,
        "b_target": moved.target.value,
        "b_owner": moved.owner,
        "b_errors": errors_text(moved.errors),
        "b_unsent": int(moved.unsent),
        "b_settled_at": moved.at if moved.target.settled else None,
        "b_zuora_id": moved.zuora_id,
    }
