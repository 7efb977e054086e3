"""What all desks share that change the rules: what counts now, and how a decision is checked and recorded.

A change names its author and reason, and may name the revision it was decided on (``seen``). Must not decide anything.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bridge.admin.api import Answer, Wrong
from bridge.cutover.standing import FIRST, Standing, difference, of
from bridge.journal import Journal


async def current(journal: Journal) -> Standing:
    """What counts now."""
    return next((of(each) for each in await journal.revisions(1)), FIRST)


async def revise(journal: Journal, body: Mapping[str, Any], decide: Callable[[Standing], Standing]) -> Answer:
    """Decide on top of what counts now and record it; raises ``Wrong``, and what ``decide`` raises."""
    reason, by, seen = body.get("reason"), body.get("by"), body.get("seen")
    if not isinstance(reason, str) or not isinstance(by, str) or not reason.strip() or not by.strip():
        raise Wrong(400, {"error": "reason and by are needed: both go into the history and the audit."})
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
