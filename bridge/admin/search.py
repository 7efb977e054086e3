"""Searches calls from the newest back: by what the database knows, and by what only the sealed requests say.

Requests are opened one by one, so one question looks at a bounded number of them and says where it stopped; whoever
asks goes on from there. Accounts, documents and references are compared without regard to case, amounts as Decimals.
Must not change anything: who shows what was opened redacts it (``admin.terms``).
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from decimal import Decimal

from bridge.admin.terms import asked_for
from bridge.core.intent import Intent
from bridge.core.mapping.lexical import reduced
from bridge.core.model import Instant
from bridge.journal.reading import Reader, Wanted
from bridge.journal.searching import Place, requests, step
from bridge.upstream.recorded import Said

MOST_OPENED = 2000
"""Intents whose requests one question opens."""

MOST_ROWS = 20_000
"""Intents that one question looks at, opened or not."""

SECONDS = 2.0
ROWS_A_STEP = 2000
OPENED_AT_ONCE = 100

BREATH = 0.001
"""Seconds between two steps in which calls have the interpreter to themselves."""


@dataclass(frozen=True, slots=True)
class Sought:
    """What the sealed requests must say; every given part must fit."""

    account: str | None = None
    document: str | None = None
    amount: Decimal | None = None
    reference: str | None = None

    @classmethod
    def parse(cls, account: str | None, document: str | None, amount: str | None, reference: str | None) -> Sought:
        """As people write it; raises ``ValueError`` with a sentence where the amount is none."""
        plain = reduced(amount) if amount is not None else None
        if amount is not None and plain is None:
            raise ValueError("amount is a decimal number such as 12.50")
        return cls(account, document, Decimal(plain) if plain is not None else None, reference)

    @property
    def anything(self) -> bool:
        """Whether a request has to be opened to know."""
        return any(each is not None for each in (self.account, self.document, self.amount, self.reference))

    def fits(self, asked: Said) -> bool:
        """Whether a request says all of it."""
        return (
            (self.account is None or self.account.casefold() == (asked.account or "").casefold())
            and (self.document is None or asked.names(self.document))
            and (self.amount is None or self.amount == asked.amount)
            and (self.reference is None or self.reference.casefold() == (asked.reference or "").casefold())
        )


@dataclass(frozen=True, slots=True)
class Found:
    """The calls, how many intents were looked at and from when to when; ``next`` is None where all were."""

    calls: list[tuple[Intent, Said]]
    rows: int
    since: Instant | None
    until: Instant | None
    next: Place | None


def search(
    reader: Reader,
    wanted: Wanted,
    sought: Sought,
    *,
    limit: int,
    after: Place | None,
    seconds: float = SECONDS,
    most_opened: int = MOST_OPENED,
) -> Found:
    """The newest ``limit`` calls behind ``after`` that fit, as far as one question goes."""
    ends = time.monotonic() + seconds
    calls: list[tuple[Intent, Said]] = []
    place, rows, opened = after, 0, 0
    until = after.created_at if after is not None else wanted.until
    a_step = OPENED_AT_ONCE
    while True:
        made = step(reader, wanted, place, a_step)
        until = until if until is not None or not made.found else made.found[0].created_at
        for begin in range(0, len(made.found), OPENED_AT_ONCE):
            part = made.found[begin : begin + OPENED_AT_ONCE]
            carried = requests(reader, [each.id for each in part])
            opened += len(part)
            for number, one in enumerate(part, start=1):
                asked = asked_for(one, carried[one.id])
                if sought.fits(asked):
                    calls.append((one, asked))
                if len(calls) == limit:
                    here = Place(one.created_at, one.id)
                    last = made.last is None and begin + number == len(made.found)
                    return Found(calls, rows + begin + number, one.created_at, until, None if last else here)
        rows += made.rows
        place = made.last
        if place is None:
            return Found(calls, rows, wanted.since, until, None)
        if opened >= most_opened or rows >= MOST_ROWS or time.monotonic() >= ends:
            return Found(calls, rows, place.created_at, until, place)
        # What is rare is looked for in longer steps, unless each row of them has to be opened.
        a_step = a_step if sought.anything else min(4 * a_step, ROWS_A_STEP)
        time.sleep(BREATH)
