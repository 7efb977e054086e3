"""The usage desk in the admin API: who calls what, and what would break without Zuora's SOAP.

Must not judge: that is ``cutover.usage``.
"""

from __future__ import annotations

from collections.abc import Callable

from bridge.admin.asking import Answer, Answers, Asked, looks, number_in
from bridge.core.model import Instant
from bridge.cutover.usage import QUIET_DAYS, radar, radar_json
from bridge.journal import Journal
from bridge.journal.audit import now as machine_now

MOST_DAYS = 3650


class UsageDesk:
    """Reads the journal; what a process has counted in the last ten seconds is not in it yet."""

    def __init__(self, journal: Journal, second_reference: str, now: Callable[[], Instant] = machine_now) -> None:
        self._journal = journal
        self._second_reference = second_reference
        self._now = now

    def answers(self) -> Answers:
        """What it answers."""
        return {("GET", "usage"): looks(self._show)}

    async def _show(self, asked: Asked) -> Answer:
        days = number_in(asked, "quiet_days", QUIET_DAYS, MOST_DAYS)
        return 200, radar_json(radar(await self._journal.usage(), self._now(), days, self._second_reference))
