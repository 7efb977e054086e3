"""Executes the commands of ``core.conduct`` for many calls at once.

A call runs in a task of its own: when its caller's time is up the caller is answered, and what was SENDING goes on to
be settled. Exceptions of core or of an edge never become a verdict: what was begun is told as unknown. Must not hold
a rule: every decision is core's.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from typing import Any

from bridge.core import answers
from bridge.core import commands as c
from bridge.core.conduct import Errand, conduct
from bridge.core.facts import Fact, NoVerdict, Question, StillStands
from bridge.core.intent import Dispatch, Intent, State
from bridge.core.model import CallFault, Instant, Outcome, Reply, Route, Told
from bridge.journal import Journal, JournalDown
from bridge.runtime.lease import Lease, Stand
from bridge.runtime.routes import ActionRoute, Clock, Look, RestRoute, SoapRoute
from bridge.runtime.telling import Sending, looked_up, notice, warn
from bridge.runtime.visit import Visit
from bridge.telemetry import clocks
from bridge.telemetry.log import get_logger
from bridge.telemetry.stages import stage
from bridge.upstream.clock import fence_now
from bridge.upstream.credential import Credential

log = get_logger("runtime")

HEARTBEAT_SECONDS = 2.0
POLL_SECONDS = 0.25

DRIVEN = frozenset({State.RECEIVED, State.PLANNED, State.SENDING, State.NOT_SENT})


def machine_now() -> Instant:
    """This machine's own time, by which its processes see each other alive.

    Not Zuora's: a process that has had no answer yet does not know it, and would take the others for dead.
    """
    return round(clocks.wall() * 1000)


class Stopping(Exception):
    """The bridge is stopping and takes no new money call; nothing was recorded or sent."""


class Context:
    """The credential and the patience of one call: what commands need beside themselves."""

    __slots__ = ("call", "credential", "entity", "ids", "opened", "tenant", "visit")

    def __init__(self, visit: Visit, credential: Credential, errand: Errand) -> None:
        self.entity = errand.caller.entity
        self.call = errand.call
        self.tenant = errand.tenant
        self.visit = visit
        self.credential = credential
        self.ids: set[str] = set()
        self.opened: dict[int, Intent] = {}

    def partial(self, errand: Errand) -> Reply:
        """What can be told now: what was begun and has no outcome yet is unknown, under its own intent and route."""
        known = {
            place: Outcome(Told.UNKNOWN, route=intent.route, intent_id=intent.id)
            for place, intent in self.opened.items()
            if place in self.visit.committed
        }
        return answers.partial(errand.call, errand.caller, known | self.visit.known, frozenset(self.visit.committed))


class Runtime:
    """One process's driver. ``instance`` is its name in the journal.

    ``look`` asks under the bridge's own credential, if it has one; ``own_look`` under that of a JSON caller.
    ``us`` is Zuora's id of the user behind the bridge's own, where it is known.
    """

    def __init__(
        self,
        journal: Journal,
        soap: SoapRoute,
        rest: RestRoute | None,
        look: Look | None,
        clock: Clock,
        instance: str,
        *,
        actions: ActionRoute | None = None,
        own_look: Callable[[Sequence[tuple[str, str]]], Look] | None = None,
        us: Callable[[], str | None] = lambda: None,
    ) -> None:
        self.instance = instance
        self.stopping = False
        self._journal = journal
        self._soap = soap
        self._rest = rest
        self._actions = actions
        self._look = look
        self._own_look = own_look
        self._clock = clock
        self._us = us
        self._driving: Counter[str] = Counter()
        self._tasks: set[asyncio.Task[Reply]] = set()
        self._pulse = asyncio.Event()
        self._beat: asyncio.Task[None] | None = None
        self._lease = Lease()

    async def start(self) -> None:
        """Say in the journal that this process lives, and go on saying it."""
        await self._live()
        self._beat = asyncio.create_task(self._heartbeat())

    async def stop(self, seconds: float) -> None:
        """Take no new call; wait until what is in flight is settled, at most ``seconds``."""
        self.stopping = True
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)
        if self._beat is not None:
            self._beat.cancel()
            await asyncio.gather(self._beat, return_exceptions=True)
        await self._journal.flush()

    async def run(self, errand: Errand, visit: Visit, credential: Credential) -> Reply:
        """Conduct a call and return what to answer, at the latest when the caller's time is up."""
        if self.stopping:
            raise Stopping
        context = Context(visit, credential, errand)
        task = asyncio.create_task(self._conduct(errand, context))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        await asyncio.wait({task}, timeout=visit.remaining)
        if task.done():
            return task.result()
        visit.end()
        return context.partial(errand)

    async def recover(self, steps: c.Steps[Intent | None], errand: Errand, visit: Visit) -> Intent | None:
        """Run the recoverer's generator under the bridge's own credential, for nobody."""
        context = Context(visit, Credential(), errand)
        try:
            return await self._drive(steps, context, self._stand())  # type: ignore[no-any-return]
        finally:
            self._end(set(context.ids), context)
            self._wake()

    async def driven(self, intent: Intent) -> bool:
        """Whether a living process is driving the intent."""
        return await self._driven([intent])

    def delivered(self, outcomes: Sequence[Outcome]) -> None:
        """The answer with these outcomes was written to its last byte."""
        ids = [each.intent_id for each in outcomes if each.intent_id is not None and each.told is Told.APPLIED]
        if ids:
            self._journal.delivered(ids, self._clock.now())

    async def _conduct(self, errand: Errand, context: Context) -> Reply:
        try:
            return await self._drive(conduct(errand), context, self._stand())  # type: ignore[no-any-return]
        except Exception:
            # A defect of ours: whatever was begun may have moved money, so it is unknown and never "no".
            log.exception("call broke off", call=errand.call_id)
            if not context.visit.committed and not context.visit.known:
                return CallFault("SERVER_UNAVAILABLE", "The bridge could not process the call; nothing was sent.")
            context.visit.end()
            return context.partial(errand)
        finally:
            self._end(set(context.ids), context)
            self._wake()

    def _stand(self) -> Stand:
        return Stand(fence_now(), self._lease.term)

    async def _drive(self, steps: c.Steps[Any], context: Context, stand: Stand) -> Any:
        """Run one generator to its end. ``stand`` is on the strength of which commit it sends."""
        event: Any = None
        sending: Sending | None = None
        try:
            while True:
                try:
                    command = steps.send(event)
                except StopIteration as done:
                    return done.value
                if sending is not None:
                    sending.heard(command)
                match command:
                    case c.Record(changes):
                        # From before the commit: who is suspended within it wakes up with the fence passed.
                        asked = self._stand()
                        event = await self._record(changes, context)
                        stand = asked if event is c.Recorded.DONE else stand
                    case c.Send(dispatch, waited):
                        sending = Sending(dispatch)
                        event = await self._send(dispatch, context, stand, sending, waited=waited)
                    case c.Wait(seconds):
                        await self._wait(seconds, context.visit)
                        # Nobody has taken anything over meanwhile, unless the term has ended.
                        event, stand = None, Stand(fence_now(), stand.term)
                    case c.Fork(lanes, limit):
                        event = await self._fork(lanes, limit, context, stand)
                    case c.Watch(ids):
                        event = await self._watch(ids, context)
                    case _:
                        event = await self._simple(command, context)
        finally:
            # Where core broke off before it could judge, what was sent is told all the same.
            if sending is not None:
                sending.judged()

    async def _simple(self, command: c.Command, context: Context) -> Any:
        visit = context.visit
        match command:
            case c.Ask():
                return c.Presence(visit.waiting, visit.remaining, self._clock.now(), self._us())
            case c.Commit(positions):
                visit.committed.update(positions)
                return None
            case c.Tell(position, outcome):
                visit.known[position] = outcome
                return None
            case c.Lookup(questions):
                return await self._lookup(questions, context)
            case c.Match(scope, fingerprints, since, keys, nears):
                try:
                    return await self._journal.match(scope, fingerprints, since, keys, nears)
                except JournalDown as down:
                    log.warning("journal down", error=str(down))
                    return None
            case c.Compose(op, objects, single_transaction, route):
                if route is Route.ACTION:
                    assert self._actions is not None
                    return self._actions.compose(op, objects, context.entity)
                return self._soap.compose(op, objects, single_transaction)
            case c.LoadDispatches(intent_id):
                return await self._journal.dispatches_of(intent_id)
            case c.Rivals(scope, object_type, zuora_ids):
                try:
                    return await self._journal.rivals(scope, object_type, zuora_ids)
                except JournalDown as down:
                    log.warning("journal down", error=str(down))
                    return None
            case c.Hold(scope, key, intent_id, whole):
                return await self._hold(scope, key, intent_id, whole=whole)
            case _:
                raise TypeError(f"unknown command {type(command).__name__}")

    async def _hold(self, scope: str, key: str, intent_id: str, *, whole: bool) -> c.Recorded:
        try:
            held = await self._journal.hold(scope, key, intent_id, whole=whole)
        except JournalDown as down:
            log.warning("journal down", error=str(down))
            return c.Recorded.DOWN
        return c.Recorded.DONE if held else c.Recorded.CONFLICT

    async def _lookup(self, questions: Sequence[Question], context: Context) -> dict[Question, Fact]:
        with stage("lookup"):
            facts = await self._facts(questions, context)
        looked_up(facts.values())
        return facts

    async def _facts(self, questions: Sequence[Question], context: Context) -> dict[Question, Fact]:
        if self._look is not None:
            return await self._look.answer(questions, context.entity)
        credential = context.credential
        if credential.own is not None and self._own_look is not None:
            return await self._own_look(credential.own).answer(questions, context.entity)
        # Settlement is off and there is no REST credential: nothing is classified, only repeats are read again.
        return {
            question: await self._soap.standing(question, credential.session, credential.host)
            if isinstance(question, StillStands)
            else NoVerdict("the bridge has no REST credential")
            for question in questions
        }

    async def _record(self, changes: Sequence[c.Change], context: Context) -> c.Recorded:
        # Before the commit: whoever finds the intent from then on must see that it is driven.
        begun = self._begin(changes, context)
        try:
            with stage("journal"):
                done = await self._journal.record(changes)
        except JournalDown as down:
            log.warning("journal down", error=str(down))
            self._end(begun, context)
            return c.Recorded.DOWN
        if not done:
            log.warning("journal refused a change", changes=[type(change).__name__ for change in changes])
            # The identity is another call's: to count as its driver would make this one wait for itself.
            self._end(begun, context)
        for change in changes if done else ():
            if isinstance(change, c.Opened):
                context.opened |= {intent.position: intent for intent in change.intents}
                warn(change, context.call, context.tenant)
            notice(change)
        self._wake()
        return c.Recorded.DONE if done else c.Recorded.CONFLICT

    def _begin(self, changes: Sequence[c.Change], context: Context) -> set[str]:
        """Count this call as the driver of what it opens or adopts; returns what is new."""
        ids: set[str] = set()
        for change in changes:
            if isinstance(change, c.Opened):
                ids |= {intent.id for intent in change.intents}
            elif isinstance(change, c.Adopted):
                ids.add(change.intent_id)
        ids -= context.ids
        context.ids |= ids
        self._driving.update(ids)
        return ids

    def _end(self, ids: set[str], context: Context) -> None:
        """Drive these no longer. Only what this call drove: adding counters would walk over what all calls drive."""
        context.ids -= ids
        for each in ids:
            self._driving[each] -= 1
            if self._driving[each] <= 0:
                del self._driving[each]

    async def _send(
        self, dispatch: Dispatch, context: Context, stand: Stand, sending: Sending, *, waited: bool
    ) -> c.SendEvent:
        event: c.SendEvent | None = None
        try:
            gone = waited and not context.visit.waiting
            event = c.NotSent("the caller had gone") if gone else await self._sent(dispatch, context, stand)
            return event
        finally:
            sending.came(event)

    async def _sent(self, dispatch: Dispatch, context: Context, stand: Stand) -> c.SendEvent:
        if dispatch.erased:
            raise RuntimeError(f"{dispatch.id} was settled for good and its gateway options erased; it cannot be sent")
        credential = context.credential
        not_after = self._lease.not_after(stand)
        if not_after is None:
            return c.NotSent("this process was silent for so long that another may have taken over")
        if dispatch.route is Route.SOAP:
            return await self._soap.send(dispatch, credential.session, credential.host, not_after)
        if dispatch.route is Route.ACTION:
            assert self._actions is not None
            return await self._actions.send(dispatch, not_after, credential.own)
        if self._rest is None:
            raise RuntimeError("a REST dispatch without a REST credential; start should have refused this tenant")
        return await self._rest.send(dispatch, not_after, credential.own)

    async def _wait(self, seconds: float, visit: Visit) -> None:
        until = fence_now() + seconds
        while visit.waiting and (left := until - fence_now()) > 0:
            await asyncio.sleep(min(left, POLL_SECONDS))

    async def _fork(self, lanes: Sequence[c.Steps[Any]], limit: int, context: Context, stand: Stand) -> list[Any]:
        places = asyncio.Semaphore(limit)

        async def lane(steps: c.Steps[Any]) -> Any:
            async with places:
                return await self._drive(steps, context, stand)

        return await asyncio.gather(*(lane(steps) for steps in lanes))

    async def _watch(self, ids: Sequence[str], context: Context) -> c.Watched:
        visit = context.visit
        while True:
            pulse = self._pulse
            intents = await self._journal.intents(ids)
            if not visit.waiting:
                return c.Watched(intents, waiting=False)
            unsettled = [intent for intent in intents if not intent.state.settled]
            if not await self._driven(unsettled, context.ids):
                # Read again: an intent may have been settled between the first read and the end of its driver.
                return c.Watched(await self._journal.intents(ids), visit.waiting)
            try:
                async with asyncio.timeout(POLL_SECONDS):
                    await pulse.wait()
            except TimeoutError:
                continue

    async def _driven(self, intents: Sequence[Intent], own: Collection[str] = ()) -> bool:
        """Whether anybody but the call that drives ``own`` does."""
        # A process that takes over what it drove before signs as instance/call: it lives as long as the instance.
        owners = {intent.owner.partition("/")[0] for intent in intents if intent.state in DRIVEN}
        others = owners - {self.instance}
        if any(self._driving[intent.id] > (intent.id in own) for intent in intents):
            return True
        return bool(others and await self._journal.alive(others, machine_now()))

    def _wake(self) -> None:
        self._pulse.set()
        self._pulse = asyncio.Event()

    async def _live(self) -> None:
        asked = fence_now()
        await self._journal.heartbeat(machine_now())
        self._lease.renewed(asked)

    async def _heartbeat(self) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT_SECONDS)
            try:
                await self._live()
            except JournalDown as down:
                log.warning("journal down", error=str(down))
