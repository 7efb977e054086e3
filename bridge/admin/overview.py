"""The first look of whoever is called at night: ``GET overview?minutes=60``.

Whether the bridge takes calls, what went which way, how long Zuora took, what waits for whom. Everything but the
headroom is true of all replicas. Must not judge.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from bridge import __version__
from bridge.admin.asking import Answer, Answers, Asked, Wrong, looks
from bridge.admin.record import Record
from bridge.core.intent import State
from bridge.core.model import Instant, Route
from bridge.cutover.standing import FIRST, Standing, of
from bridge.journal import survey
from bridge.journal.audit import now as machine_now
from bridge.journal.reading import Reader
from bridge.upstream.budget import Headroom

WINDOWS = (15, 60, 1440)


@dataclass(frozen=True, slots=True)
class About:
    """What the settings and the tenant's file say of this bridge. ``look_up_first``: by a setting, for ever."""

    wsdl: str
    tenant: str | None
    settlement: str
    look_up_first: bool


class OverviewDesk:
    """``reasons`` say why this process is not ready; ``headroom`` what it last heard of Zuora's limits.

    Intents are dated by Zuora's clock, processes and breaks by this machine's.
    """

    def __init__(
        self,
        record: Record,
        about: About,
        reasons: Callable[[], list[str]],
        headroom: Callable[[], Sequence[Headroom]],
        zuora_now: Callable[[], Instant],
        now: Callable[[], Instant] = machine_now,
    ) -> None:
        self._record = record
        self._about = about
        self._reasons = reasons
        self._headroom = headroom
        self._now = now
        self._zuora_now = zuora_now
        self._known: survey.Known = {}

    def answers(self) -> Answers:
        """What it answers."""
        return {("GET", "overview"): looks(self._show)}

    async def _show(self, asked: Asked) -> Answer:
        text = asked.query.get("minutes", "60")
        if text not in map(str, WINDOWS):
            raise Wrong(400, {"error": f"minutes is one of {', '.join(map(str, WINDOWS))}."})
        now, zuora_now, reasons = self._now(), self._zuora_now(), self._reasons()
        told = await self._record.read(lambda reader: self._read(reader, now, zuora_now, int(text)))
        return 200, {
            "now": now,
            "zuoraNow": zuora_now,
            "version": __version__,
            "wsdl": self._about.wsdl,
            "tenant": self._about.tenant,
            "settlement": self._about.settlement,
            "ready": not reasons,
            "reasons": reasons,
            **told,
            "headroom": [
                {"limit": each.limit, "of": each.of, "remaining": each.remaining, "at": each.at}
                for each in self._headroom()
            ],
        }

    def _read(self, reader: Reader, now: Instant, zuora_now: Instant, minutes: int) -> dict[str, Any]:
        buckets = survey.traffic(reader, zuora_now, minutes, self._known)
        standing = next((of(each) for each in reader.revisions(1)), FIRST)
        doubt, parked = survey.waiting(reader, State.IN_DOUBT), survey.waiting(reader, State.PARKED)
        breaks = survey.open_breaks(reader)
        return {
            "instances": [
                {"id": each.id, "started": each.started, "heartbeat": each.heartbeat, "alive": each.alive}
                for each in survey.processes(reader, now)
            ],
            "stopped": standing.stopped,
            "revision": standing.number,
            "lookUpFirst": self._look_up_first(reader, now),
            "traffic": [
                {"at": each.at, **{route.value: count for route, count in each.by_route.items()}}
                | {"refused": each.refused, "unknown": each.unknown}
                for each in buckets
            ],
            "totals": _totals(buckets),
            "latency": {
                route.value: {"n": each.n, **each.shares}
                for route, each in survey.latency(reader, zuora_now - minutes * 60_000).items()
            },
            "doubt": {
                "in_doubt": doubt.count,
                "parked": parked.count,
                "oldest": min((each.oldest for each in (doubt, parked) if each.oldest is not None), default=None),
            },
            "breaks": {"open": breaks.count, "oldest": breaks.oldest},
            "ramps": list(_ramps(reader, standing)),
        }

    def _look_up_first(self, reader: Reader, now: Instant) -> dict[str, object]:
        if self._about.look_up_first:
            return {"on": True, "until": None, "why": "BRIDGE_JOURNAL__LOOK_UP_FIRST is set"}
        mode = reader.mode()
        on = mode is not None and mode.until > now
        return {"on": on, "until": mode.until if mode and on else None, "why": mode.why if mode and on else None}


def _totals(buckets: Sequence[survey.Bucket]) -> dict[str, object]:
    by_route = {route: sum(each.by_route[route] for each in buckets) for route in Route}
    applied = sum(by_route.values())
    refused = sum(each.refused for each in buckets)
    unknown = sum(each.unknown for each in buckets)
    all_ = applied + refused + unknown
    share = Decimal(refused + unknown) / all_ if all_ else Decimal(0)
    return {
        "intents": all_,
        "applied": applied,
        "refused": refused,
        "unknown": unknown,
        "byRoute": {route.value: count for route, count in by_route.items()},
        "errorShare": format(share.quantize(Decimal("0.0001")), "f"),
    }


def _ramps(reader: Reader, standing: Standing) -> list[dict[str, object]]:
    told: list[dict[str, object]] = []
    for rule in standing.rules:
        if rule.ramp is not None:
            last = next(iter(reader.judgements(rule.name, 1)), None)
            told.append(
                {"rule": rule.name, "percent": str(rule.percent), "verdict": None if last is None else last.verdict}
            )
    return told
