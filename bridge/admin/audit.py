"""The audit in the admin API: ``POST audit/verify`` begins a check of every chain, ``GET audit`` tells how far it is.

One check at a time per process, on a thread that breathes between rows, so that calls go on. Must not repair anything.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from bridge.admin.asking import Answer, Answers, Asked, looks
from bridge.admin.record import Record
from bridge.core.model import Instant
from bridge.journal import JournalDown, JournalRefused
from bridge.journal.audit import now as machine_now
from bridge.journal.reading import Checked, Reader

SECONDS = 30 * 60.0


@dataclass(slots=True)
class Check:
    """One check, running or over. ``failed`` says why it did not come to its end."""

    started: Instant
    by: str
    seen: Checked = field(default_factory=lambda: Checked(0, 0, 0, ()))
    ended: Instant | None = None
    failed: str | None = None


class AuditDesk:
    """Keeps the last check that was asked of this process."""

    def __init__(self, record: Record, now: Callable[[], Instant] = machine_now) -> None:
        self._record = record
        self._now = now
        self._check: Check | None = None
        self._task: asyncio.Task[None] | None = None

    def answers(self) -> Answers:
        """What it answers."""
        return {("GET", "audit"): looks(self._show), ("POST", "audit/verify"): looks(self._verify)}

    async def _show(self, _asked: Asked) -> Answer:
        return 200, self._told()

    async def _verify(self, asked: Asked) -> Answer:
        if self._task is None or self._task.done():
            self._check = Check(self._now(), asked.person.name)
            self._task = asyncio.create_task(self._run(self._check))
        return 202, self._told()

    async def _run(self, check: Check) -> None:
        def look(reader: Reader) -> None:
            for seen in reader.verify():
                check.seen = seen

        try:
            await self._record.read(look, SECONDS)
        except JournalRefused as refused:
            check.failed = f"{refused.reason}. {refused.instruction}"
        except JournalDown as down:
            check.failed = str(down)
        finally:
            check.ended = self._now()

    def _told(self) -> dict[str, Any]:
        check = self._check
        if check is None:
            return {"running": False, "chains": None, "rows": None, "unsealed": None, "wrong": [], "good": None} | {
                "started": None,
                "ended": None,
                "by": None,
                "failed": None,
            }
        over = check.ended is not None
        good = not check.seen.wrong if over and check.failed is None else None
        return {
            "running": not over,
            "chains": check.seen.writers,
            "rows": check.seen.rows,
            "unsealed": check.seen.unsealed,
            "wrong": list(check.seen.wrong),
            "good": False if check.seen.wrong else good,
            "started": check.started,
            "ended": check.ended,
            "by": check.by,
            "failed": check.failed,
        }
