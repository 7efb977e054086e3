"""An event loop whose time is not real, and the processes that live on it.

When nothing is ready, time jumps to the next timer; so a day takes as long as what happens in it, and the same program
takes the same steps in the same order. Everything runs for somebody: an ``Actor``, carried by a context variable, or,
without one, for the world around the processes. What a dead process had still to do is never done, not even its
``finally``; what a sleeping one has to do waits until it wakes. Must not sleep, start a thread or draw lots.
"""

from __future__ import annotations

import asyncio
import heapq
from collections import deque
from collections.abc import Callable, Coroutine
from contextlib import suppress
from contextvars import Context, ContextVar, copy_context
from typing import Any, TypeVar, cast

T = TypeVar("T")

_MANY = 500


class Process:
    """What runs, dies and sleeps as a whole."""

    __slots__ = ("asleep", "backlog", "dead", "name")

    def __init__(self, name: str) -> None:
        self.name = name
        self.dead = False
        self.asleep = False
        self.backlog: list[_Step] = []


class Actor:
    """One strand of work of a process. Before the step ``stop_at``, counted from 1, the loop tells ``on_stop``."""

    __slots__ = ("call", "looks", "name", "process", "sends", "steps", "stop_at")

    def __init__(self, name: str, process: Process, stop_at: int = 0, call: object = None) -> None:
        self.name = name
        self.process = process
        self.stop_at = stop_at
        self.call = call
        self.steps = 0
        self.sends = 0
        self.looks = 0


ACTOR: ContextVar[Actor] = ContextVar("actor")


class Stuck(Exception):
    """Nothing will ever happen again, and what was asked for has not."""


class _Step:
    """A callback that is to run, or a timer."""

    __slots__ = ("_cancelled", "_when", "args", "callback", "context")

    def __init__(self, callback: Callable[..., object], args: tuple[Any, ...], context: Context, when: float) -> None:
        self.callback = callback
        self.args = args
        self.context = context
        self._when = when
        self._cancelled = False

    def cancel(self) -> None:
        self._cancelled = True

    def cancelled(self) -> bool:
        return self._cancelled

    def when(self) -> float:
        return self._when


class VirtualLoop(asyncio.AbstractEventLoop):
    """``run`` a coroutine to its end. ``on_stop`` may let the actor's process die or sleep."""

    def __init__(self, on_stop: Callable[[Actor], None] = lambda _: None) -> None:
        self._now = 0.0
        self._ready: deque[_Step] = deque()
        self._timers: list[tuple[float, int, _Step]] = []
        self._count = 0
        self._over = False
        self._on_stop = on_stop
        self._tasks: list[asyncio.Task[Any]] = []
        self._many = _MANY
        self.broken: list[str] = []

    # ------------------------------------------------------------ running

    def run(self, main: Coroutine[Any, Any, T]) -> T:
        """Run until ``main`` is done; everything else is dropped where it stands. Raises ``Stuck``."""
        before = asyncio._get_running_loop()
        asyncio._set_running_loop(self)
        try:
            task = self.create_task(main, context=Context())
            while not task.done():
                self._turn()
            return task.result()
        finally:
            self._over = True
            self._ready.clear()
            self._timers.clear()
            self._drop()
            asyncio._set_running_loop(before)

    def _drop(self) -> None:
        """End what is left without letting it do anything more: ``close`` runs a ``finally``, and no step after it."""
        for task in self._tasks:
            coroutine = task.get_coro()
            if not task.done() and isinstance(coroutine, Coroutine):
                with suppress(BaseException):
                    coroutine.close()
        self._tasks.clear()

    def _turn(self) -> None:
        ready, timers = self._ready, self._timers
        if not ready:
            while timers and timers[0][2]._cancelled:
                heapq.heappop(timers)
            if not timers:
                raise Stuck("nothing will ever happen again")
            self._now = max(self._now, timers[0][0])
            while timers and timers[0][0] <= self._now:
                ready.append(heapq.heappop(timers)[2])
        while ready:
            step = ready.popleft()
            if step._cancelled:
                continue
            actor = step.context.get(ACTOR)
            if actor is not None:
                process = actor.process
                if not process.dead and not process.asleep:
                    actor.steps += 1
                    if actor.steps == actor.stop_at:
                        self._on_stop(actor)
                if process.dead:
                    continue
                if process.asleep:
                    process.backlog.append(step)
                    continue
            try:
                step.context.run(step.callback, *step.args)
            except Exception as error:
                self.broken.append(f"{type(error).__name__}: {error}")

    def wake(self, process: Process) -> None:
        """A sleeping process goes on: all that has come due meanwhile happens now, in its order."""
        process.asleep = False
        self._ready.extend(process.backlog)
        process.backlog.clear()

    # ------------------------------------------------------------ what asyncio asks of a loop

    def time(self) -> float:
        """Virtual seconds since the loop was made."""
        return self._now

    def call_soon(  # type: ignore[override]
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        """Run it in the next turn."""
        step = _Step(callback, args, context if context is not None else copy_context(), self._now)
        if not self._over:
            self._ready.append(step)
        return cast("asyncio.Handle", step)

    def call_soon_threadsafe(  # type: ignore[override]
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        """There is one thread."""
        return self.call_soon(callback, *args, context=context)

    def call_later(  # type: ignore[override]
        self, delay: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """Run it after ``delay`` seconds."""
        return self.call_at(self._now + delay, callback, *args, context=context)

    def call_at(  # type: ignore[override]
        self, when: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """Run it at ``when``; timers of one moment run in the order in which they were set."""
        step = _Step(callback, args, context if context is not None else copy_context(), when)
        if not self._over:
            self._count += 1
            heapq.heappush(self._timers, (when, self._count, step))
        return cast("asyncio.TimerHandle", step)

    def create_future(self) -> asyncio.Future[Any]:
        """A future of this loop."""
        return asyncio.Future(loop=self)

    def create_task(  # type: ignore[override]
        self, coro: Coroutine[Any, Any, T], *, name: str | None = None, context: Context | None = None
    ) -> asyncio.Task[T]:
        """A task of this loop. When the world ends it is dropped without a word."""
        task = asyncio.Task(coro, loop=self, name=name, context=context)
        task._log_destroy_pending = False  # type: ignore[attr-defined]
        # What is dead must not be collected either: that would run its ``finally`` in the middle of the world.
        self._tasks.append(task)
        if len(self._tasks) > self._many:
            self._tasks = [each for each in self._tasks if not each.done()]
            self._many = 2 * len(self._tasks) + _MANY
        return task

    def get_debug(self) -> bool:
        """Never: asyncio would look at real clocks."""
        return False

    def is_running(self) -> bool:
        """Until ``run`` returns."""
        return not self._over

    def is_closed(self) -> bool:
        """As soon as it is over."""
        return self._over

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """asyncio reports what nobody caught: a defect."""
        if not self._over:
            self.broken.append(f"{context.get('message')}: {context.get('exception')!r}")


def task_of(actor: Actor, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
    """Begin a strand of work of a process, from whoever's turn it is."""
    context = Context()
    context.run(ACTOR.set, actor)
    return asyncio.get_running_loop().create_task(work, context=context)


def of_the_world(work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
    """Begin something that no process's death ends: a message on its way, a caller. What it raises is a defect."""
    loop = asyncio.get_running_loop()
    task = loop.create_task(work, context=Context())
    task.add_done_callback(_tell_defect, context=Context())
    return task


def _tell_defect(task: asyncio.Task[Any]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        task.get_loop().call_exception_handler({"message": "the world broke", "exception": error})
