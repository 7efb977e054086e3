"""What a call uses, told to the counter: by the names in it, whichever door it came through.

Must not decide anything, keep a value, or stand in a call's way.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence

from bridge.core.mapping.fields import FIELDS_TO_NULL
from bridge.core.model import Call, Caller, Reply, Rows, Silence, Version, ZObject
from bridge.core.zoql import ZoqlError, object_of, parse
from bridge.journal import Journal, JournalDown
from bridge.telemetry.usage import OTHER, UNPROVED, Usage, Use

EVERY_SECONDS = 10.0
"""How often the journal is told; a process that is killed loses that much at most."""

SOAP, REST, NONE = "soap", "rest", "none"


class UsageCounter:
    """Counts for all doors of a process."""

    def __init__(self, usage: Usage) -> None:
        self._usage = usage

    def write(self, call: Call, caller: Caller, reply: Reply) -> None:
        """A write that was decoded and answered."""
        name, operation = caller.name or caller.username, call.op.value
        if caller.own:
            operation = f"{'crud' if call.crud else 'action'} {operation}"
        if call.single_transaction:
            operation += " in one transaction"
        outcomes = reply.outcomes if isinstance(reply, Rows | Silence) else ()
        for place, obj in enumerate(call.objects):
            route = outcomes[place].route if place < len(outcomes) else None
            use = Use(name, operation, obj.type, "", str(call.version), route.value if route is not None else NONE)
            self._usage.count(use, _fields(obj))

    def query(self, text: str, caller: Caller | None, version: Version | None, route: str) -> None:
        """A query, by the object and the fields that it selects."""
        kind, fields = _selected(text)
        name = UNPROVED if caller is None else caller.name or caller.username
        self._usage.count(Use(name, "query", kind, "", str(version or OTHER), route), fields)

    def passed(self, operation: str, kind: str, caller: Caller | None, version: Version | None) -> None:
        """A call of SOAP that went to Zuora unread."""
        name = UNPROVED if caller is None else caller.name or caller.username
        self._usage.count(Use(name, operation, kind, "", str(version or OTHER), SOAP))


def _fields(obj: ZObject, above: str = "") -> Iterator[str]:
    for name in (*obj.fields, *obj.verbatim, *obj.nulls):
        yield above + name
    if obj.nulls:
        yield above + FIELDS_TO_NULL
    for container, rows in obj.children.items():
        for row in rows:
            yield from _fields(row, f"{above}{container}/")


def _selected(text: str) -> tuple[str, Sequence[str]]:
    try:
        query = parse(text)
    except ZoqlError:
        return object_of(text) or OTHER, ()
    return query.object, query.fields


async def keep_usage(usage: Usage, journal: Journal) -> None:
    """Tell the journal again and again, until it is cancelled."""
    while True:
        await asyncio.sleep(EVERY_SECONDS)
        await tell_usage(usage, journal)


async def tell_usage(usage: Usage, journal: Journal) -> None:
    """Tell the journal what was counted; where it is down, it is counted on."""
    taken = usage.take()
    if not taken:
        return
    try:
        await journal.used(taken)
    except JournalDown:
        usage.give_back(taken)
