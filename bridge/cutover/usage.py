"""What each use of the old API needs, and so when the bridge and Zuora's SOAP can be done without.

Two questions, two answers. If Zuora's SOAP went away today: what would break behind the bridge? And: who still needs
the bridge, because nobody has changed them? Pure; the tables are core's. Must not read a clock or keep anything.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass

from bridge.core.mapping.fields import FIELDS_TO_NULL, SECOND_REFERENCE, dropped
from bridge.core.mapping.query import source_of
from bridge.core.model import Instant, ZObject
from bridge.journal.usage import Used
from bridge.telemetry.usage import OTHER, Use

DAY_MS = 24 * 3600 * 1000
QUIET_DAYS = 35
"""A month and what a month-end closing may be late."""

JOURNALED = ("Payment", "Refund")


class Need(enum.Enum):
    """What a use needs of Zuora."""

    REST = "rest"
    LOSSY = "lossy"
    SOAP = "soap"


@dataclass(frozen=True, slots=True)
class Judged:
    """A row with what it needs, and why in one sentence."""

    used: Used
    need: Need
    why: str


@dataclass(frozen=True, slots=True)
class Radar:
    """Everything that was seen. ``callers`` still call; ``quiet`` have not for so many days; ``days`` were observed."""

    rows: tuple[Judged, ...]
    callers: tuple[str, ...]
    quiet: tuple[str, ...]
    days: int
    quiet_days: int

    @property
    def breaking(self) -> tuple[Judged, ...]:
        """What callers of today do that would break without Zuora's SOAP."""
        return tuple(each for each in self.rows if each.need is Need.SOAP and each.used.use.caller in self.callers)

    @property
    def observed(self) -> bool:
        """Whether it was watched for long enough to say that nobody calls."""
        return self.days >= self.quiet_days

    @property
    def verdict(self) -> str:
        """The answer in one sentence."""
        live = [each for each in self.rows if each.used.use.caller in self.callers]
        if self.callers:
            needs = "1 caller still needs" if len(self.callers) == 1 else f"{len(self.callers)} callers still need"
            return (
                f"{needs} the bridge; the end of Zuora's SOAP would break {len(self.breaking)} of {len(live)} uses "
                "behind it."
            )
        if not self.observed:
            return f"Nobody was seen, but only {self.days} of {self.quiet_days} days were observed."
        return f"Nobody has called for {self.quiet_days} days: the bridge can be switched off."


def radar(used: Sequence[Used], now: Instant, quiet_days: int = QUIET_DAYS, second_reference: str = "refuse") -> Radar:
    """Judge all rows. It has been watched since the first of them was seen.

    ``second_reference`` is what the tenant wants of SecondPaymentReferenceId by REST (``core.model.Tenant``).
    """
    since = min((each.first_seen for each in used), default=now)
    last: dict[str, Instant] = {}
    for each in used:
        last[each.use.caller] = max(last.get(each.use.caller, 0), each.last_seen)
    edge = now - quiet_days * DAY_MS
    return Radar(
        tuple(Judged(each, *needs(each.use, second_reference)) for each in used),
        tuple(sorted(name for name, at in last.items() if at >= edge)),
        tuple(sorted(name for name, at in last.items() if at < edge)),
        max(0, (now - since) // DAY_MS),
        quiet_days,
    )


def needs(use: Use, second_reference: str = "refuse") -> tuple[Need, str]:
    """What one use needs of Zuora, and why; ``second_reference`` as for ``radar``."""
    if OTHER in (use.operation, use.object_type):
        return Need.SOAP, "nobody can tell what it was: too many names were seen, or one that is none"
    operation = use.operation.removeprefix("action ").removeprefix("crud ")
    if operation == "login":
        return Need.SOAP, "a login is answered by Zuora's SOAP alone"
    if operation.endswith(" in one transaction"):
        return Need.SOAP, "useSingleTransaction has no counterpart in REST"
    if operation == "query":
        return _query(use)
    if operation not in ("create", "update", "delete") or use.object_type not in JOURNALED:
        return Need.SOAP, f"{use.operation} of {use.object_type or 'the API'} passes through to Zuora's SOAP"
    if operation == "update" and use.field == FIELDS_TO_NULL:
        return Need.SOAP, "clearing a field is documented for SOAP alone"
    if (operation, use.object_type, use.field) == ("create", "Payment", SECOND_REFERENCE):
        if second_reference == "refuse":
            return Need.SOAP, f"REST cannot set {SECOND_REFERENCE}; BRIDGE_ZUORA__SECOND_REFERENCE says what else to do"
    elif use.field == SECOND_REFERENCE:
        second_reference = ""
    if use.field and dropped(_with(use.object_type, use.field), second_reference):
        return Need.LOSSY, f"REST has no place for {use.field}; it is left out"
    return Need.REST, "the bridge carries it by REST"


def _with(kind: str, path: str) -> ZObject:
    """An object that has this field and no other; ``path`` names the containers it stands in."""
    name, _, rest = path.partition("/")
    if not rest:
        return ZObject(kind, {name: "x"})
    return ZObject(kind, children={name: (_with(name, rest),)})


def _query(use: Use) -> tuple[Need, str]:
    source = source_of(use.object_type)
    if source is None:
        return Need.SOAP, f"queries of {use.object_type} pass through to Zuora's SOAP"
    if use.field and use.field.lower() not in source.columns and not use.field.lower().endswith("__c"):
        return Need.LOSSY, f"REST shows no {use.field}"
    return Need.REST, "the bridge answers it by REST"


def radar_json(seen: Radar) -> dict[str, object]:
    """As the command and the admin API tell it; moments in milliseconds since 1970."""
    return {
        "verdict": seen.verdict,
        "callers": list(seen.callers),
        "quiet": list(seen.quiet),
        "days": seen.days,
        "quiet_days": seen.quiet_days,
        "breaking": len(seen.breaking),
        "uses": [
            {
                **each.used.use._asdict(),
                "count": each.used.count,
                "first_seen": each.used.first_seen,
                "last_seen": each.used.last_seen,
                "need": each.need.value,
                "why": each.why,
            }
            for each in seen.rows
        ],
    }
