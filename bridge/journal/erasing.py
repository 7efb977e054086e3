"""Erasing the values of gateway options from requests whose intents are all settled for good (I9).

With the settlement, in its transaction, where this process has recorded or read the request; whatever is left, by a
crash or by another process's settlement, is found through an index that holds nothing else. What is not settled for
good stays whole, as it may be sent again. Lives on the writer's thread. Must not decide that anything is settled.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from sqlalchemy import ClauseElement, Integer, Text, bindparam, exists, literal_column, select, text, update

from bridge.core.commands import Change, Moved
from bridge.journal.crypto import Seal, Unreadable
from bridge.journal.database import Database
from bridge.journal.rows import without_options
from bridge.journal.schema import (
    ERASED,
    NOT_FOR_GOOD_SQL,
    SETTLED_FOR_GOOD,
    TO_ERASE_SQL,
    dispatch,
    dispatch_intent,
    intent,
)
from bridge.journal.statements import spread

BATCH = 64
"""Requests per transaction of the sweep: some 5 ms."""

REMEMBERED = 10_000
"""Intents whose requests hold options. One that is forgotten is left to the sweep."""


@dataclass(frozen=True, slots=True)
class Swept:
    """One batch: how many it erased, how many it could not read, and where to go on (None: at the end)."""

    erased: int
    unreadable: int
    after: str | None


class Erasing:
    """What is known to hold options, and how they are erased."""

    def __init__(self, database: Database, seal: Seal) -> None:
        self._database = database
        self._seal = seal
        self._known: OrderedDict[str, None] = OrderedDict()
        dialect = database.dialect

        def sql(statement: ClauseElement) -> str:
            return str(statement.compile(dialect=dialect))

        open_still = (
            exists(select(1))
            .where(dispatch_intent.c.dispatch_id == dispatch.c.id, intent.c.id == dispatch_intent.c.intent_id)
            .where(text(NOT_FOR_GOOD_SQL))
            .correlate(dispatch)
        )
        ripe = select(dispatch.c.id, dispatch.c.sealed, dispatch.c.key_id).where(text(TO_ERASE_SQL), ~open_still)
        # Two replicas at it take different ones; SQLite has no such words, and one writer at a time.
        self._next = sql(
            ripe.where(dispatch.c.id > bindparam("b_after", type_=Text))
            .order_by(dispatch.c.id)
            .limit(bindparam("b_limit", type_=Integer))
            .offset(literal_column("0"))
            .with_for_update(skip_locked=True)
        )

        def of(width: int) -> str:
            asked = [bindparam(f"v{number}", type_=Text) for number in range(width)]
            carriers = select(dispatch_intent.c.dispatch_id).where(dispatch_intent.c.intent_id.in_(asked))
            return sql(ripe.where(dispatch.c.id.in_(carriers)).order_by(dispatch.c.id))

        self._of = cache(of)
        # Only what still is as it was read: it may have been sealed under another key meanwhile.
        same = (dispatch.c.id == bindparam("b_id")) & (dispatch.c.sealed == bindparam("b_was"))
        self._put = sql(
            update(dispatch)
            .where(same)
            .values(
                sealed=bindparam("b_sealed"),
                key_id=bindparam("b_key_id"),
                options=bindparam("b_options", type_=Integer),
            )
        )

    def holds(self, intent_ids: Iterable[str]) -> None:
        """Requests of these intents hold options."""
        for each in intent_ids:
            self._known[each] = None
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)

    def forget(self) -> None:
        """As after a start."""
        self._known.clear()

    def settled(self, changes: Sequence[Change]) -> None:
        """Erase what these changes have settled for good; nothing is asked of the database where nothing is known."""
        if self._known:
            # Kept in mind: where the transaction is undone, the changes come again.
            self.erase(
                change.intent_id
                for change in changes
                if isinstance(change, Moved) and change.target in SETTLED_FOR_GOOD and change.intent_id in self._known
            )

    def erase(self, intent_ids: Iterable[str]) -> None:
        """Erase the requests of these intents, as far as all that a request carries is settled for good."""
        for width, parameters in spread(list(intent_ids)):
            self._all(self._database.rows(self._of(width), parameters))

    def sweep(self, after: str) -> Swept:
        """Erase the next that are left behind that id."""
        rows = self._database.rows(self._next, {"b_after": after, "b_limit": BATCH})
        erased, unreadable = self._all(rows)
        return Swept(erased, unreadable, rows[-1][0] if len(rows) == BATCH else None)

    def _all(self, rows: Sequence[Sequence[object]]) -> tuple[int, int]:
        erased = unreadable = 0
        for id_, kept, key_id in rows:
            sealed = bytes(kept)  # type: ignore[call-overload]
            try:
                anew = without_options(sealed, str(id_), self._seal)
            except (Unreadable, ValueError):
                # A settlement does not fail for it. The sweep comes again, and tells.
                unreadable += 1
                continue
            put = {"b_sealed": sealed, "b_key_id": key_id, "b_options": None}
            if anew is not None:
                put = {"b_sealed": anew, "b_key_id": self._seal.key_id, "b_options": ERASED}
            done = self._database.run(self._put, {"b_id": id_, "b_was": sealed} | put)
            erased += done if anew is not None else 0
        return erased, unreadable
