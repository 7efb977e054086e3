"""The shadow's desk in the admin API: what shadows have found, and what it proves. Must not compare anything."""

from __future__ import annotations

from bridge.admin.asking import Answer, Answers, Asked, Wrong, looks
from bridge.journal import Journal
from bridge.journal.audit import now
from bridge.parity.shadow_report import TOLERANCE, summed, whole

DAYS = 7
DAY_MS = 24 * 60 * 60 * 1000
MOST = 20_000


class ShadowDesk:
    """Reads what was compared."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def answers(self) -> Answers:
        """What it answers."""
        return {("GET", "shadow"): looks(self._show)}

    async def _show(self, asked: Asked) -> Answer:
        """``since`` in milliseconds since 1970 (seven days ago), ``rule`` (all)."""
        text = asked.query.get("since", "")
        if text and not (text.isascii() and text.isdigit() and len(text) <= 15):
            raise Wrong(400, {"error": "since is a moment in milliseconds since 1970."})
        since = int(text) if text else now() - DAYS * DAY_MS
        if since > now():
            raise Wrong(400, {"error": "since is a moment in the past."})
        found = await self._journal.comparisons(since, asked.query.get("rule") or None, MOST)
        groups = summed(found)
        told = [each.as_json() for each in groups]
        return 200, {"verdict": whole(groups).value, "since": since, "tolerance": TOLERANCE, "groups": told}
