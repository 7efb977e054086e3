"""The recoverer: on start and from then on, it brings to an end what nobody drives any more.

Of several processes each takes its share of the intents, so that one intent is looked for by one of them; should two
take the same, the journal lets only one go on. It asks again the longer the less has come of it, and never sends on
its own: ``core.conduct.recovery`` says what it may. Must not hold a rule.
"""

from __future__ import annotations

import asyncio
import contextlib
import zlib
from collections.abc import Awaitable, Callable

from structlog.contextvars import bound_contextvars

from bridge.core.classify import Prefer, Preference
from bridge.core.conduct import Errand
from bridge.core.conduct.recovery import recover
from bridge.core.intent import Intent, State
from bridge.core.model import Call, Caller, Route, Tenant, Version, ZObject
from bridge.journal import Journal, JournalDown
from bridge.runtime.driver import DRIVEN, Runtime
from bridge.runtime.unsettled import Unsettled
from bridge.runtime.visit import Visit
from bridge.telemetry.log import get_logger
from bridge.telemetry.metrics import METRICS
from bridge.telemetry.stages import Leg
from bridge.upstream.clock import fence_now

log = get_logger("recoverer")

EVERY_SECONDS = 5.0
AT_ONCE = 4
"""Intents looked for side by side: a tenth of what Zuora takes at once, for nobody waits."""

MANY = 500
YOUNG_MS = 3_000
"""A call that began just now is somebody's."""

LONGEST_SECONDS = 30.0
"""Between two looks. An absence takes two of them, the first once nothing can be on its way any more; I13 has 30 s to
spare for both."""
STOP_SECONDS = 30.0
PATIENCE_SECONDS = 900.0
"""A saga may wait for a lock; nobody else does."""


async def _knows() -> bool:
    return True


_REST = Prefer(lambda _obj, _account: Preference(Route.REST))
"""Nothing is classified in a recovery."""


class Recoverer:
    """One process's share. ``zuora_now`` is Zuora's clock, ``here`` this machine's, by which processes see others.

    ``knows_time`` says whether Zuora has told hers yet; until then nothing is concluded from how long ago a send was.
    """

    def __init__(
        self,
        runtime: Runtime,
        journal: Journal,
        tenant: Tenant,
        *,
        zuora_now: Callable[[], int],
        here: Callable[[], int],
        every_seconds: float = EVERY_SECONDS,
        knows_time: Callable[[], Awaitable[bool]] = _knows,
    ) -> None:
        self._runtime = runtime
        self._journal = journal
        self._tenant = tenant
        self._zuora_now = zuora_now
        self._here = here
        self._every = every_seconds
        self._knows_time = knows_time
        self._unsettled = Unsettled(journal, zuora_now)
        self._next: dict[str, tuple[float, float]] = {}
        self._task: asyncio.Task[None] | None = None
        self._over = asyncio.Event()

    def start(self) -> None:
        """Begin; the first round is at once."""
        self._task = asyncio.create_task(self._rounds())

    async def stop(self) -> None:
        """End after what is being looked for; whoever starts next goes on."""
        self._over.set()
        if self._task is not None:
            await asyncio.wait({self._task}, timeout=STOP_SECONDS)
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _rounds(self) -> None:
        while not self._over.is_set():
            try:
                await self.round()
            except JournalDown as down:
                log.warning("journal down", error=str(down))
            except Exception:
                log.exception("a round of the recoverer broke off")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._every):
                    await self._over.wait()

    async def round(self) -> int:
        """Look once for everything that is due and this process's; how many intents that were."""
        if not await self._knows_time():
            return 0
        unfinished = await self._journal.unfinished(self._zuora_now() - YOUNG_MS, MANY)
        living = await self._journal.living(self._here())
        names = {intent.id for intent in unfinished}
        self._next = {name: due for name, due in self._next.items() if name in names}
        METRICS.unfinished.set(len(unfinished))
        await self._unsettled.measure()
        due = [intent for intent in unfinished if self._is_due(intent) and self._is_ours(intent, living)]
        places = asyncio.Semaphore(AT_ONCE)

        async def one(intent: Intent) -> None:
            async with places:
                if not await self._runtime.driven(intent):
                    await self._recover(intent)

        await asyncio.gather(*(one(intent) for intent in due))
        return len(due)

    def _is_due(self, intent: Intent) -> bool:
        return fence_now() >= self._next.get(intent.id, (0.0, 0.0))[0]

    def _is_ours(self, intent: Intent, living: tuple[str, ...]) -> bool:
        owner = intent.owner.partition("/")[0]
        if intent.state in DRIVEN and owner in living:
            # Only its owner knows whether it still drives it: what was to end it may not have been recorded.
            return owner == self._runtime.instance
        if self._runtime.instance not in living:
            return not living
        return zlib.crc32(intent.id.encode()) % len(living) == living.index(self._runtime.instance)

    async def _recover(self, intent: Intent) -> None:
        tenant_id, _, entity = intent.scope.partition("|")
        caller = Caller(tenant=tenant_id, username="", name=intent.caller, entity=entity, allow=frozenset({"*"}))
        call = Call(intent.op, Version(107), intent.object_type, (ZObject(intent.object_type),))
        errand = Errand(call, caller, self._tenant, f"recovery-{intent.id}", self._runtime.instance, _REST)
        visit = Visit(PATIENCE_SECONDS, self._over.is_set)
        leg = Leg("recovery", None, kind="internal", begins=True)
        assert leg.here is not None
        try:
            with bound_contextvars(call=errand.call_id, trace_id=leg.here.trace_id):
                found = await self._runtime.recover(recover(errand, intent), errand, visit)
        finally:
            leg.end({"intent": intent.id, "was": intent.state.value})
        state = found.state if found is not None else State.NOT_APPLIED
        METRICS.recovered.add(came=state.value)
        log.info("looked for", intent=intent.id, was=intent.state.value, came=state.value)
        wait = min(LONGEST_SECONDS, 2 * self._next.get(intent.id, (0.0, self._every))[1])
        self._next[intent.id] = fence_now() + wait, wait
