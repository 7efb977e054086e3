"""What shadows prove and what reconciliation has left open, as numbers for Prometheus; by the process that tells them.

Must not judge: ``shadow_report`` does. Must not look often: the journal's writer is the callers'.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final

from bridge.journal import Journal, JournalDown
from bridge.journal.audit import now
from bridge.parity.shadow_report import Shadowed, summed
from bridge.parity.verdict import Verdict
from bridge.telemetry.log import get_logger
from bridge.telemetry.metrics import METRICS

log = get_logger("parity")

EVERY_SECONDS: Final = 300.0
SINCE_MS: Final = 7 * 24 * 60 * 60 * 1000
NEWEST: Final = 5_000

_WORST: Final = (Verdict.FAIL, Verdict.NOT_ENOUGH, Verdict.PASS)


async def measure(journal: Journal, every_seconds: float = EVERY_SECONDS) -> None:
    """Look from now on, again and again."""
    while True:
        try:
            await look(journal)
        except JournalDown as down:
            log.warning("journal down", error=str(down))
        except Exception:
            log.exception("what shadows prove could not be measured")
        await asyncio.sleep(every_seconds)


async def look(journal: Journal) -> None:
    """Look once."""
    METRICS.reconciliation_open.set(await journal.operator.open_breaks())
    found = await journal.comparisons(now() - SINCE_MS, None, NEWEST)
    groups = await asyncio.to_thread(summed, found)
    METRICS.parity_verdict.only(_verdicts(groups))


def _verdicts(groups: list[Shadowed]) -> Mapping[tuple[str, ...], float]:
    """By operation and object the worst that any rule's shadow proves."""
    worst: dict[tuple[str, str], Verdict] = {}
    for each in groups:
        key = each.operation, each.object_type
        worst[key] = min((worst.get(key, each.verdict), each.verdict), key=_WORST.index)
    return {(*key, verdict.value): 1 for key, verdict in worst.items()}
