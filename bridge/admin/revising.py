"""What all desks share that change the rules: what counts now, and how a decision is checked and recorded.

A change names its author and reason, and may name the revision it was decided on (``seen``). Must not decide anything.
"""

from __future__ import annotations

from collections.abc import Callable

from bridge.admin.asking import Answer, Asked, Wrong, author_of, body_of
from bridge.cutover.standing import FIRST, Standing, difference, of
from bridge.journal import Journal


async def current(journal: Journal) -> Standing:
    """What counts now."""
    return next((of(each) for each in await journal.revisions(1)), FIRST)


async def revise(journal: Journal, asked: Asked, decide: Callable[[Standing], Standing]) -> Answer:
    """Decide on top of what counts now and record it; raises ``Wrong``, and what ``decide`` raises."""
    body = body_of(asked)
    reason, by = author_of(asked, body)
    seen = body.get("seen")
    now = await current(journal)
    if seen is not None and seen != now.number:
        said = f"The rules were changed since: they are at revision {now.number} by {now.author}; look again."
        raise Wrong(409, {"error": said, "revision": now.number})
    new = decide(now)
    lines = difference(now, new)
    if not lines:
        raise Wrong(409, {"error": "That is what counts already.", "revision": now.number})
    dry = body.get("dryRun") is True
    why = await journal.operator.revise(now.number, new.decided(), reason, by, dry=dry)
    if why is not None:
        raise Wrong(409, {"error": f"{why[:1].upper()}{why[1:]}."})
    return 200, {"revision": now.number + 1, "what": new.what, "difference": lines, "done": not dry}
