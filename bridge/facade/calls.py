"""A decoded call of a proved caller on its way to the runtime, for every door; and the note that its answer arrived.

Contract: ``run`` answers with a Reply and lets nothing but cancellation out as an exception. Must not know a wire.
"""

from __future__ import annotations

import asyncio

from aiohttp import web

from bridge.core.conduct import Errand
from bridge.core.model import Call, Caller, CallFault, Outcome, Reply, Settlement, Tenant
from bridge.cutover import Policy
from bridge.facade.usage import UsageCounter
from bridge.parity.shadow_writes import WriteShadow
from bridge.runtime import Runtime, Stopping, Visit
from bridge.telemetry.call import current, outcome_of
from bridge.telemetry.metrics import METRICS
from bridge.upstream.credential import Credential

STOPPED = (
    "New payments and refunds are stopped here for now; nothing was sent for this call, and what an earlier one like "
    "it came to stands. Repeat it later."
)
"""The reason is the owner's, and no caller's business. A repeat must not take it for the end of the first."""

NOT_READY = "The bridge has no REST credential for this tenant (see /readyz); nothing was sent."


def ready(tenant: Tenant, has_credential: bool) -> bool:
    """Whether journaled writes can be served: with settlement on, look-ups need the bridge's own credential."""
    return has_credential or tenant.settlement is Settlement.OFF


class Calls:
    """The one way from a door to the runtime."""

    def __init__(
        self,
        runtime: Runtime,
        tenant: Tenant,
        policy: Policy,
        *,
        ready: bool,
        used: UsageCounter | None = None,
        shadow: WriteShadow | None = None,
    ) -> None:
        self._used = used
        self._runtime = runtime
        self._policy = policy
        self._tenant = tenant
        self._ready = ready
        self._shadow = shadow

    def unready(self) -> CallFault | None:
        """The fault of every journaled write where the bridge cannot serve one, before the caller is even known."""
        return None if self._ready else CallFault("SERVER_UNAVAILABLE", NOT_READY)

    async def run(self, call: Call, caller: Caller, visit: Visit, credential: Credential) -> Reply:
        """What became of the call."""
        note = current()
        note.asks(call.op.value, call.type, call.version)
        note.by(caller)
        reply = await self._run(call, caller, visit, credential)
        note.replied(reply)
        _count(call, caller, reply)
        if self._used is not None:
            self._used.write(call, caller, reply)
        return reply

    async def _run(self, call: Call, caller: Caller, visit: Visit, credential: Credential) -> Reply:
        if self._policy.stopped() is not None:
            return CallFault("SERVER_UNAVAILABLE", STOPPED)
        prefer = self._policy.prefer(caller, call.op, call.type)
        errand = Errand(call, caller, self._tenant, current().call_id, self._runtime.instance, prefer)
        try:
            reply = await self._runtime.run(errand, visit, credential)
        except Stopping:
            return CallFault("SERVER_UNAVAILABLE", "The bridge is stopping; nothing was sent. Repeat it later.")
        if self._shadow is not None and self._policy.may_shadow(caller, call.op, call.type):
            self._shadow.take(call, caller, prefer, credential, reply)
        return reply

    async def deliver(self, request: web.BaseRequest, response: web.Response, outcomes: tuple[Outcome, ...]) -> None:
        """Write the answer; it counts as delivered when the socket has taken its last byte."""
        await response.prepare(request)
        await response.write_eof()
        transport = request.transport
        while transport is not None and not transport.is_closing() and transport.get_write_buffer_size():
            await asyncio.sleep(0.01)
        if transport is not None and not transport.is_closing():
            self._runtime.delivered(outcomes)


def visit_of(request: web.BaseRequest, caller: Caller) -> Visit:
    """How long this caller waits, and whether it is still there."""
    return Visit(caller.wait_seconds, lambda: request.transport is None or request.transport.is_closing())


def _count(call: Call, caller: Caller, reply: Reply) -> None:
    """Count the objects of one call."""
    for each in () if isinstance(reply, CallFault) else reply.outcomes:
        outcome = outcome_of(each)
        route = each.route.value if each.route is not None else "none"
        METRICS.objects.add(operation=call.op.value, object=call.type, route=route, outcome=outcome)
        if each.joined:
            METRICS.joins.add(state=each.told.value)
        if outcome == "twin":
            METRICS.twins.add(policy=caller.twins)
