"""``bridge journal reconcile``: journal and Zuora compared both ways, and the breaks that are open.

Composes the journal's reader, Zuora's REST API and ``core.reconcile``; sends GETs only. A run that could not read
something keeps nothing and exits 3: half a comparison would close breaks that are still there. Must not hold a rule.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.table import Table

from bridge.cli.journal_terms import instant
from bridge.core.intent import Intent, State
from bridge.core.model import Instant, Op, Route
from bridge.core.reconcile import Break, Expected, Finding, Movement, in_our_name, judge_intent, judge_movement
from bridge.journal.audit import now
from bridge.journal.discrepancies import Kept
from bridge.journal.reading import Reader, Wanted
from bridge.journal.told import iso
from bridge.settings import ConfigurationError, Settings
from bridge.upstream.budget import Budget
from bridge.upstream.clock import ZuoraClock
from bridge.upstream.movements import PATHS, MovementReader, amount_asked
from bridge.upstream.oauth import OAuthClient
from bridge.upstream.readings import Unusable
from bridge.upstream.rest import ZuoraRest
from bridge.upstream.transport import Transport

YOUNG_MS = 10 * 60 * 1000
"""A movement this young may be of a call that is not settled yet."""

UNSETTLED = frozenset(State) - {State.APPLIED, State.REFUSED, State.NOT_APPLIED}

Place = tuple[str, str]
"""Scope and object type."""


@dataclass(slots=True)
class Ours:
    """What the journal says: applied creates, by place; the scopes; and who can claim a movement, by Id and marker."""

    expected: dict[Place, list[Expected]] = field(default_factory=lambda: defaultdict(list))
    scopes: set[str] = field(default_factory=set)
    by_rest: set[str] = field(default_factory=set)
    claims: dict[str, list[Intent]] = field(default_factory=lambda: defaultdict(list))
    again: dict[Place, list[str]] = field(default_factory=lambda: defaultdict(list))


@dataclass(slots=True)
class Run:
    """What a run found, what it looked at, and what it has to say besides."""

    findings: list[Finding] = field(default_factory=list)
    examined: set[str] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)
    intents: int = 0
    movements: int = 0


def ours(reader: Reader, since: Instant) -> Ours:
    """The journal's side: creates applied since then, and whatever an open break is about."""
    found = Ours()
    wanted = Wanted(states=frozenset({State.APPLIED}), op=Op.CREATE, settled_since=since)
    applied = {one.id: one for one in reader.intents(wanted) if one.object_type in PATHS}
    for each in reader.breaks(still_open=True):
        found.scopes.add(each.scope)
        about = reader.intent(each.intent_id) if each.intent_id is not None else None
        if about is not None and about.state is State.APPLIED:
            applied[about.id] = about
        if each.zuora_id is not None and Break(each.kind).of_movement:
            found.again[each.scope, each.object_type].append(each.zuora_id)
    changed = {
        (one.scope, one.zuora_id)
        for one in reader.with_zuora_ids([one.zuora_id for one in applied.values() if one.zuora_id is not None])
        if one.op is not Op.CREATE and one.state is State.APPLIED
    }
    for one in applied.values():
        assert one.zuora_id is not None
        amount = amount_asked(reader.dispatches(one.id), one.id)
        later = (one.scope, one.zuora_id) in changed
        found.expected[one.scope, one.object_type].append(
            Expected(one.id, one.scope, one.object_type, one.zuora_id, amount, later)
        )
        if one.route is Route.REST:
            found.by_rest.add(one.zuora_id)
    found.scopes |= {one.scope for one in applied.values()}
    for one in reader.intents(Wanted(states=UNSETTLED, op=Op.CREATE)):
        found.scopes.add(one.scope)
        for dispatch in reader.dispatches(one.id):
            if dispatch.marker is not None:
                found.claims[dispatch.marker].append(one)
    return found


def claim(reader: Reader, found: Ours, movements: Collection[Movement]) -> None:
    """Add who can claim these movements: by their Id, or because they carry the intent's own id."""
    for one in reader.with_zuora_ids([each.zuora_id for each in movements]):
        if one.op is Op.CREATE and one.zuora_id is not None:
            found.claims[one.zuora_id].append(one)
    for marker in {marker for each in movements for marker in each.markers}:
        about = reader.intent(marker)
        if about is not None:
            found.claims[marker].append(about)


class Reconciliation:
    """One run against Zuora. ``users`` are the ids in whose name the bridge moves money, if they were given."""

    def __init__(self, settings: Settings, since: Instant, users: Collection[str]) -> None:
        self._settings = settings
        self._since = since
        self._users = frozenset(users)
        self.run = Run()

    async def compare(self) -> Run:
        """Both ways; raises ``Unusable`` where Zuora could not be read."""
        settings, zuora = self._settings, self._settings.zuora
        if not (zuora.rest_url and zuora.client_id and zuora.client_secret):
            raise ConfigurationError("BRIDGE_ZUORA__REST_URL, __CLIENT_ID and __CLIENT_SECRET must be set to ask Zuora")
        transport = Transport()
        try:
            oauth = OAuthClient(transport, zuora.rest_url, zuora.client_id, zuora.client_secret.get_secret_value())
            rest = ZuoraRest(transport, zuora.rest_url, oauth, Budget(), zuora.rest_version)
            zuora_side = MovementReader(rest, ZoneInfo(zuora.time_zone))
            # Read, and closed again: reading Zuora takes minutes, and an open snapshot keeps a WAL from shrinking.
            with Reader(settings.database_url, settings.journal_key) as reader:
                journal = ours(reader, self._since)
            creators = self._users or await self._creators(zuora_side, journal)
            await self._intents(zuora_side, journal)
            seen = [each async for each in self._movements(zuora_side, journal, creators, transport.clock)]
        finally:
            await transport.close()
        with Reader(settings.database_url, settings.journal_key) as reader:
            claim(reader, journal, [movement for _, movement in seen])
        for scope, movement in {(scope, each.zuora_id): (scope, each) for scope, each in seen}.values():
            self.run.movements += 1
            self.run.examined.add(movement.zuora_id)
            known = {one.id: one for name in (movement.zuora_id, *movement.markers) for one in journal.claims[name]}
            self.run.findings += judge_movement(scope, movement, known.values())
        return self.run

    async def _creators(self, zuora: MovementReader, journal: Ours) -> frozenset[str]:
        """In whose name: whoever made what went by REST."""
        names: set[str] = set()
        for (scope, kind), expected in journal.expected.items():
            ids = [each.zuora_id for each in expected if each.zuora_id in journal.by_rest][:99]
            found = await zuora.by_ids(kind, ids, _entity(scope))
            names |= {each.creator for each in found.values() if each is not None and each.creator is not None}
        if not names:
            self.run.notes.append(
                "nothing by REST was found, so the id of the bridge's own user is not known: payments without an "
                "intent were not looked for. Give it with --user-id (createdById of what the bridge's client makes)"
            )
        return frozenset(names)

    async def _intents(self, zuora: MovementReader, journal: Ours) -> None:
        for (scope, kind), expected in journal.expected.items():
            found = await zuora.by_ids(kind, [each.zuora_id for each in expected], _entity(scope))
            for each in expected:
                self.run.intents += 1
                self.run.examined.add(each.intent_id)
                self.run.findings += judge_intent(each, found[each.zuora_id])

    async def _movements(
        self, zuora: MovementReader, journal: Ours, creators: frozenset[str], clock: ZuoraClock
    ) -> AsyncIterator[tuple[str, Movement]]:
        for scope in sorted(journal.scopes or {f"{self._settings.zuora.tenant_id or ''}|"}):
            entity = _entity(scope)
            lists = [zuora.since("Payment", self._since, entity, each) for each in sorted(creators)]
            # Refunds carry the intent's id, so all of them are read: they are few.
            for listed in (*lists, zuora.since("Refund", self._since, entity)):
                async for each in listed:
                    if (
                        each.created is not None
                        and each.created < clock.now() - YOUNG_MS
                        and in_our_name(each, creators)
                    ):
                        yield scope, each
            for kind in PATHS:
                again = await zuora.by_ids(kind, journal.again[scope, kind], entity)
                for zuora_id, one in again.items():
                    self.run.examined.add(zuora_id)
                    if one is not None:
                        yield scope, one


def _entity(scope: str) -> str:
    return scope.partition("|")[2]


# ---------------------------------------------------------------- telling


def as_json(one: Kept) -> dict[str, Any]:
    """A break; its age is in seconds, up to its closing where it is closed."""
    return {
        "id": one.id,
        "kind": one.kind,
        "object": one.object_type,
        "zuoraId": one.zuora_id,
        "intent": one.intent_id,
        "expected": one.expected,
        "found": one.found,
        "since": iso(one.found_at),
        "seen": iso(one.seen_at),
        "age": ((one.closed_at or now()) - one.found_at) // 1000,
        "owner": one.owner,
        "closed": iso(one.closed_at),
        "closedBy": one.closed_by,
        "reason": one.reason,
    }


def tell(run: Run | None, breaks: list[Kept], *, json_: bool) -> None:
    """Print a run and the breaks that are open."""
    if json_:
        told: dict[str, Any] = {"open": [as_json(each) for each in breaks]}
        if run is not None:
            found = [{"id": each.id, "kind": each.kind.value, "zuoraId": each.zuora_id} for each in run.findings]
            told |= {"intents": run.intents, "movements": run.movements, "found": found, "notes": run.notes}
        typer.echo(json.dumps(told, indent=2))
        return
    console = Console()
    if run is not None:
        console.print(
            f"{run.intents} applied intents and {run.movements} movements in the bridge's name were compared."
        )
        for note in run.notes:
            console.print(f"Note: {note}.", soft_wrap=True)
    if not breaks:
        console.print("No break is open.")
        return
    table = Table("break", "what", "object", "intent", "expected", "found", "age", "owner")
    for each in breaks:
        about = f"{each.object_type} {each.zuora_id}"
        hours = (now() - each.found_at) // 3_600_000
        age = f"{hours // 24} d {hours % 24} h"
        table.add_row(
            each.id, each.kind, about, each.intent_id or "-", each.expected, each.found, age, each.owner or "-"
        )
    console.print(table)


def compared(settings: Settings, since: str, users: Collection[str]) -> Run:
    """Run it; exit 3 where Zuora could not be read."""
    reconciliation = Reconciliation(settings, instant(since, settings), users)
    with Console(stderr=True).status("Reading Zuora") if sys.stderr.isatty() else Console(quiet=True).status(""):
        try:
            return asyncio.run(reconciliation.compare())
        except Unusable as unusable:
            typer.echo(f"bridge: Zuora could not be read: {unusable}; nothing was kept or closed", err=True)
            raise typer.Exit(3) from None
