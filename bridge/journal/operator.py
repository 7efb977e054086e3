"""What a person changes in the journal: parked intents, breaks, routes, look-up-first mode. All of it is in the audit.

Each method gives the words of a refusal, or None where it was done (or, dry, could be done). A person may say what
became of an intent, never make the bridge send something. Must not ask Zuora: the person has looked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from bridge.core.commands import Adopted, Moved
from bridge.core.intent import Intent, State
from bridge.core.model import Instant, Op
from bridge.core.reconcile import Finding
from bridge.journal.audit import Audit, now
from bridge.journal.changes import Changes
from bridge.journal.discrepancies import Discrepancies
from bridge.journal.look_up_first import LookUpFirst, Mode
from bridge.journal.queries import Queries
from bridge.journal.ramps import Act, Judged, Ramps
from bridge.journal.revisions import Revisions
from bridge.journal.schema import SETTLED_FOR_GOOD
from bridge.journal.writer import Job, Writer
from bridge.telemetry.redact import redact_text

RESOLVABLE = frozenset({State.IN_DOUBT, State.PARKED})
VERDICTS = frozenset({State.APPLIED, State.NOT_APPLIED, State.REFUSED})
_ZUORA_ID = re.compile(r"[0-9a-zA-Z]{32}")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a person found out about an intent. ``zuora_id`` is given exactly where ``target`` is APPLIED."""

    intent_id: str
    target: State
    zuora_id: str | None
    reason: str
    by: str


class Operator:
    """A person's changes, each in one transaction on the writer's thread."""

    def __init__(
        self,
        writer: Writer,
        changes: Changes,
        queries: Queries,
        audit: Audit,
        mode: LookUpFirst,
        discrepancies: Discrepancies,
        revisions: Revisions,
        ramps: Ramps,
    ) -> None:
        self._writer = writer
        self._changes = changes
        self._queries = queries
        self._audit = audit
        self._mode = mode
        self._discrepancies = discrepancies
        self._revisions = revisions
        self._ramps = ramps

    async def resolve(self, verdict: Verdict, *, dry: bool = False) -> str | None:
        """Settle an intent that is in doubt or parked; raises ``JournalDown``.

        One in doubt is parked first, so that the audit shows that a person took it. Its owner becomes this process, so
        that whoever drove it can record nothing any more.
        """
        if not verdict.reason.strip() or not verdict.by.strip():
            return "a reason and the name of who decides are needed"
        return await self.change(lambda: self._resolve(verdict), dry=dry)

    async def look_up_first(self, until: Instant | None, why: str, by: str, *, dry: bool = False) -> str | None:
        """Begin the mode until then (or make it longer), or end it with None; raises ``JournalDown``."""
        if not why.strip() or not by.strip():
            return "a reason and the name of who decides are needed"
        return await self.change(lambda: self._look_up_first(until, redact_text(why), redact_text(by)), dry=dry)

    async def reconciled(self, findings: Sequence[Finding], examined: Collection[str]) -> None:
        """Keep the breaks of a run, and close those that are no more; raises ``JournalDown``."""
        await self._writer.ask(Job(lambda: self._discrepancies.record(findings, examined), atomic=False))

    async def assign(self, break_id: str, to: str, by: str | None = None, *, dry: bool = False) -> str | None:
        """Give a break an owner, in the name of ``by``; raises ``JournalDown``."""
        if not to.strip():
            return "an owner's name is needed"
        return await self.change(lambda: self._discrepancies.assign(break_id, to, by), dry=dry)

    async def open_breaks(self) -> int:
        """How many breaks nobody has closed."""
        count: int = await self._writer.ask(Job(self._discrepancies.open, writes=False))
        return count

    async def accept(self, break_id: str, reason: str, by: str, *, dry: bool = False) -> str | None:
        """Close a break that is right as it is; raises ``JournalDown``."""
        if not reason.strip() or not by.strip():
            return "a reason and the name of who decides are needed"
        return await self.change(lambda: self._discrepancies.accept(break_id, reason, by), dry=dry)

    async def revise(self, seen: int, decided: str, reason: str, by: str, *, dry: bool = False) -> str | None:
        """Decide about routes on top of revision ``seen``; raises ``JournalDown``."""
        if not reason.strip() or not by.strip():
            return "a reason and the name of who decides are needed"
        return await self.change(lambda: self._revisions.add(seen, decided, by, reason), dry=dry)

    async def judged(
        self,
        made: Judged,
        act: Act | None = None,
        compared: Sequence[Mapping[str, object]] = (),
        *,
        dry: bool = False,
    ) -> str | None:
        """Keep a gate's judgement, what it compared, and the revision it leads to, all or none of it.

        Raises ``JournalDown``.
        """

        def run() -> str | None:
            if compared:
                self._ramps.compare(compared)
            return self._ramps.keep(made, act)

        return await self.change(run, dry=dry)

    async def mode(self) -> Mode | None:
        """The mode as it stands in the journal, over or not; raises ``JournalDown``."""
        found: Mode | None = await self._writer.ask(Job(self._mode.mode, writes=False))
        return found

    async def change(self, run: Callable[[], str | None], *, dry: bool = False) -> str | None:
        """Run a change on the writer's thread; undone where it answers with a refusal, or is dry."""
        told: list[str | None] = []

        def job() -> bool:
            told.append(run())
            return told[-1] is None and not dry

        await self._writer.ask(Job(job, atomic=False))
        # A neighbour's failure may have made it run twice; the last run is the one that counts.
        return told[-1]

    def _look_up_first(self, until: Instant | None, why: str, by: str) -> None:
        if until is None:
            self._mode.end(why, by)
        else:
            self._mode.begin(until, why, by)

    def _resolve(self, verdict: Verdict) -> str | None:
        found = self._queries.intents([verdict.intent_id], {})
        if not found:
            return "the journal has no such intent"
        (intent,) = found
        if why := self._why_not(intent, verdict):
            return why
        owner, at = self._audit.writer, now()
        changes: list[Adopted | Moved] = []
        if intent.owner != owner:
            changes.append(Adopted(intent.id, intent.owner, owner))
        if intent.state is State.IN_DOUBT:
            changes.append(Moved(intent.id, State.IN_DOUBT, State.PARKED, owner, at))
        changes.append(Moved(intent.id, State.PARKED, verdict.target, owner, at, zuora_id=verdict.zuora_id))
        if not all(self._changes.apply([change]) for change in changes):
            return self._claimed(intent, verdict) or "the intent changed at this moment; look again"
        if verdict.target in SETTLED_FOR_GOOD:
            self._changes.erasing.erase([intent.id])
        detail = {"to": verdict.target.value, "id": verdict.zuora_id, "reason": verdict.reason, "by": verdict.by}
        self._audit.note("resolve", intent.id, detail, at)
        return None

    def _why_not(self, intent: Intent, verdict: Verdict) -> str | None:
        if verdict.target not in VERDICTS:
            return f"{verdict.target.name} is no verdict"
        if intent.state not in RESOLVABLE:
            return f"it is {intent.state.name}; only one that is IN_DOUBT or PARKED can be resolved"
        # An owner's name may carry the call behind a slash; what lives is the process.
        process = intent.owner.split("/")[0]
        if self._queries.under_way(intent.id) and self._queries.alive([process], now()):
            return f"{intent.owner} is sending for it at this moment; wait for the end of that and look again"
        if (verdict.zuora_id is not None) != (verdict.target is State.APPLIED):
            return "an Id is given exactly where it was applied"
        if verdict.zuora_id is not None and not _ZUORA_ID.fullmatch(verdict.zuora_id):
            return "that is no Id of Zuora: 32 letters and digits"
        return self._claimed(intent, verdict)

    def _claimed(self, intent: Intent, verdict: Verdict) -> str | None:
        if intent.op is not Op.CREATE or verdict.zuora_id is None:
            return None
        others = self._queries.settled_by(intent.scope, intent.object_type, verdict.zuora_id)
        taken = [other for other in others if other != intent.id]
        return f"{taken[0]} was settled by that object; it cannot be both" if taken else None
