"""``bridge journal rekey``: seal everything anew, batch by batch, beside running bridges. Must not know a key."""

from __future__ import annotations

from collections.abc import Callable

from bridge.journal import Journal
from bridge.journal.rekeying import Resealed


async def resealed(journal: Journal, reason: str, by: str, tell: Callable[[int], object]) -> Resealed:
    """All requests, then the breaks and the check value; ``tell`` hears how many each batch sealed."""
    count = unreadable = 0
    after: str | None = ""
    while after is not None:
        batch = await journal.reseal(after)
        count, unreadable, after = count + batch.count, unreadable + batch.unreadable, batch.after
        tell(batch.count)
    if not unreadable:
        unreadable = (await journal.finish_resealing(reason, by)).unreadable
    return Resealed(count, unreadable, None)
