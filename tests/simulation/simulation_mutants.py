"""Guards taken away, one at a time, in a process of its own: the simulation must notice each.

``python simulation_mutants.py NAME FIRST MOST`` runs worlds from a seed on until one fails, and prints what it found
after how many calls; exit 1 where nothing was found. A mutant replaces a rule and nothing else. Must not be imported.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Generator, Sequence
from dataclasses import replace
from typing import Any

from bridge.core import commands as c
from bridge.core import conduct
from bridge.core.conduct import alike, batch, joins, proof, recovery, saga, send
from bridge.core.model import Route, Told
from bridge.core.verdict import Busy, Doubt
from bridge.journal import Journal
from bridge.journal.statements import Statements
from bridge.runtime.driver import Runtime
from bridge.runtime.lease import Lease
from bridge.runtime.visit import Visit
from bridge.simulation.campaign import one
from bridge.simulation.storage import storage

HASTY: set[asyncio.Task[bool]] = set()


def record_after_sending() -> None:
    """What is to be sent is recorded beside the sending, not before it."""
    careful = Runtime._record

    async def hasty(self: Any, changes: Sequence[c.Change], context: Any) -> c.Recorded:
        if not any(isinstance(each, c.Sent | c.Opened) for each in changes):
            return await careful(self, changes, context)
        self._begin(changes, context)
        HASTY.add(asyncio.create_task(self._journal.record(changes)))
        return c.Recorded.DONE

    Runtime._record = hasty  # type: ignore[method-assign]


def no_fence() -> None:
    """A process that slept sends what it was about to send."""
    Lease.not_after = lambda *_: float("inf")  # type: ignore[method-assign]


def no_join() -> None:
    """A repeat is a new attempt."""
    conduct.joins_of = lambda *_: {}  # type: ignore[attr-defined]
    conduct.near_twins = lambda *_: []  # type: ignore[attr-defined]


def no_pin() -> None:
    """Where policy has changed its mind, a repeat goes the new way."""
    joins_of, near_twins = conduct.joins_of, conduct.near_twins  # type: ignore[attr-defined]
    batched = (Route.SOAP, Route.ACTION)
    errands: list[Any] = []

    def unpinned(matched: c.Matched) -> c.Matched:
        errand = errands[-1]
        now = errand.prefer.of(errand.call.objects[0], None).route
        kept = [
            each for each in matched.intents if now is each.route or now not in batched or each.route not in batched
        ]
        return replace(matched, intents=tuple(kept))

    def joins_unpinned(errand: Any, matched: c.Matched, *rest: Any) -> Any:
        errands[:] = [errand]
        return joins_of(errand, unpinned(matched), *rest)

    conduct.joins_of = joins_unpinned  # type: ignore[attr-defined]
    conduct.near_twins = lambda act, matched, *rest: near_twins(act, unpinned(matched), *rest)  # type: ignore[attr-defined]


def absent_at_once() -> None:
    """What is not seen now counts as never done."""
    for module in (alike, proof, recovery, saga):
        module.quiet_since = lambda *_: 0  # type: ignore[attr-defined]


def one_id_for_many() -> None:
    """A Zuora Id settles as many intents as claim it, and whose it is already is not asked."""
    proof._its_own = lambda _errand, dispatch, question: proof.look(question, dispatch)  # type: ignore[attr-defined]
    storage().database.run("DROP INDEX intent_zuora_id", {})
    sql = storage().statements
    before, _, _ = sql.move_and_settle.partition(" AND (intent.op != ")
    sql.move_and_settle = before


def new_key_after_doubt() -> None:
    """A lost answer is taken for "not now": the next attempt has a key of its own."""
    judged = send.judge_rest  # type: ignore[attr-defined]

    def hasty(*given: Any, **more: Any) -> Any:
        verdict = judged(*given, **more)
        return Busy((), None, limited=False) if isinstance(verdict, Doubt) else verdict

    send.judge_rest = hasty  # type: ignore[attr-defined]


def no_delivery() -> None:
    """That an answer arrived is not noted."""
    Runtime.delivered = lambda *_: None  # type: ignore[method-assign]


def no_lease() -> None:
    """Everybody has the payment to themselves."""

    async def granted(*_: Any, **__: Any) -> bool:
        return True

    Journal.hold = granted  # type: ignore[method-assign, assignment]


def not_read_again() -> None:
    """What was applied once is joined without looking whether it still stands."""

    def blind(errand: Any, intent: Any) -> Generator[Any, Any, Any]:
        return errand.outcome(intent, Told.APPLIED, zuora_id=intent.zuora_id, joined=True)
        yield

    joins._standing = blind  # type: ignore[assignment]


def any_day() -> None:
    """A key is repeated however old it is."""
    for module in (batch, joins, saga, send):
        module.same_key_allowed = lambda _errand, dispatch, _now: dispatch.key is not None  # type: ignore[attr-defined]


def no_owner() -> None:
    """Whoever drove an intent before may still record its end, and its next send."""
    sql: Statements = storage().statements
    for name in ("move", "move_and_settle"):
        setattr(sql, name, getattr(sql, name).replace(" AND intent.owner = :b_owner", " AND :b_owner = :b_owner"))
    sql.adopt = sql.adopt.replace(" AND intent.owner = :b_previous", " AND :b_previous = :b_previous")


def for_nobody() -> None:
    """What was to be sent is sent, whoever still waits for it."""
    Visit.waiting = property(lambda _: True)  # type: ignore[method-assign, assignment]


MUTANTS: dict[str, Callable[[], None]] = {
    each.__name__: each
    for each in (
        record_after_sending,
        no_fence,
        no_join,
        no_pin,
        absent_at_once,
        one_id_for_many,
        new_key_after_doubt,
        no_delivery,
        no_lease,
        not_read_again,
        any_day,
        no_owner,
        for_nobody,
    )
}


def main(name: str, first: int, most: int) -> int:
    """Hunt one mutant."""
    MUTANTS[name]()
    calls = 0
    for seed in range(first, first + most):
        done = one(seed)
        calls += done.calls
        if done.violations:
            print(f"{name}: {done.violations[0]} (seed {seed}, {calls} calls)")
            return 0
    print(f"{name}: not found in {calls} calls")
    return 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
