"""Exchanging the key: what was sealed under another key is sealed anew under the process's own, a little at a time.

Each batch is one transaction of the writer's, between those of callers. The check value comes last: from then on the
own key alone opens the journal. Audit rows stay as they are, since a chain that could be rewritten would prove nothing;
``verify`` takes the other keys for the chains of old processes. Must not choose, store or print a key.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Integer, bindparam, literal_column, select, update

from bridge.journal.crypto import Seal, Unreadable
from bridge.journal.database import Database
from bridge.journal.schema import discrepancy, dispatch, meta

BATCH = 200
"""Requests per transaction: some 20 ms."""


@dataclass(frozen=True, slots=True)
class Resealed:
    """One batch: how many it sealed anew, how many opened under no key, and where to go on (None: at the end)."""

    count: int
    unreadable: int
    after: str | None


class Rekeying:
    """Lives on the writer's thread. ``check`` is the name of the check value in ``meta``."""

    def __init__(self, database: Database, seal: Seal, check: str) -> None:
        self._database = database
        self._seal = seal
        self._check = check
        dialect = database.dialect
        wanted = (dispatch.c.id > bindparam("b_after")) & (dispatch.c.key_id != bindparam("b_key_id"))
        # Only what still is as it was read: settling may have written it anew meanwhile.
        same = (dispatch.c.id == bindparam("b_id")) & (dispatch.c.sealed == bindparam("b_was"))
        self._batch, self._put, self._breaks, self._put_break, self._put_check = (
            str(statement.compile(dialect=dialect))
            for statement in (
                select(dispatch.c.id, dispatch.c.sealed)
                .where(wanted)
                .order_by(dispatch.c.id)
                .limit(bindparam("b_n", type_=Integer))
                .offset(literal_column("0")),
                update(dispatch).where(same).values(sealed=bindparam("b_sealed"), key_id=bindparam("b_key_id")),
                select(discrepancy.c.id, discrepancy.c.sealed),
                update(discrepancy)
                .where((discrepancy.c.id == bindparam("b_id")) & (discrepancy.c.sealed == bindparam("b_was")))
                .values(sealed=bindparam("b_sealed")),
                update(meta).where(meta.c.name == bindparam("b_name")).values(value=bindparam("b_sealed")),
            )
        )

    def batch(self, after: str) -> Resealed:
        """Seal the next requests behind that id anew."""
        asked = {"b_after": after, "b_key_id": self._seal.key_id, "b_n": BATCH}
        rows = [(id_, bytes(sealed)) for id_, sealed in self._database.rows(self._batch, asked)]
        count = 0
        for id_, sealed in rows:
            anew = self._anew(id_, sealed)
            if anew is not None:
                count += 1
                self._database.run(self._put, anew | {"b_key_id": self._seal.key_id})
        return Resealed(count, len(rows) - count, rows[-1][0] if len(rows) == BATCH else None)

    def finish(self) -> Resealed:
        """The breaks and, if all of them opened, the check value."""
        rows = [(id_, bytes(sealed)) for id_, sealed in self._database.rows(self._breaks, {})]
        found = [self._anew(id_, sealed) for id_, sealed in rows]
        for anew in found:
            if anew is not None:
                self._database.run(self._put_break, anew)
        shut = found.count(None)
        if not shut:
            value = self._seal.close(b"bridge", self._check)
            self._database.run(self._put_check, {"b_name": self._check, "b_sealed": value})
        return Resealed(len(found) - shut, shut, None)

    def _anew(self, name: str, sealed: bytes) -> dict[str, object] | None:
        try:
            return {"b_id": name, "b_was": sealed, "b_sealed": self._seal.close(self._seal.open(sealed, name), name)}
        except Unreadable:
            return None
