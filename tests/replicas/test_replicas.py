"""Any number of bridges on one PostgreSQL: money moves once, and what a dead one left is taken over.

Real processes, a real database, real sockets. A takeover is a look first: only what the proofs allow is sent again.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from harness import Answer, Obj, payment, until
from postgresql_server import PostgreSQL
from postgresql_wire import Wire
from replicas import Replica, Replicas, replicated

MEMO = payment(Amount="80", InvoiceId="@D1", AppliedInvoiceAmount="80")
"""Pays a debit memo: always by REST, under a key."""


def unapplied(amount: str, **more: str) -> Obj:
    """A payment of no document: by SOAP, which has no key."""
    return payment(Amount=amount, AppliedCreditBalanceAmount=amount, **more)


def small(cents: int, **more: str) -> Obj:
    """So many cents of a debit memo."""
    amount = f"{cents // 100}.{cents % 100:02}"
    return payment(Amount=amount, InvoiceId="@D1", AppliedInvoiceAmount=amount, **more)


POSTS = {"method": "POST", "path": "/v1/payments"}
TAKEOVER_SECONDS = 10.0


@pytest.fixture
def replicas(tmp_path: Path, postgresql: PostgreSQL) -> Iterator[Replicas]:
    """A place in the database, a simulated Zuora, and no replica yet."""
    with replicated(tmp_path, postgresql) as made:
        yield made


def at(replicas: Replicas, replica: Replica, one: Obj, session: str) -> Answer:
    """Create one object at a replica."""
    return replicas.world.create(one, session=session, at=replica.url)


def test_the_same_call_at_two_replicas_at_once_moves_money_once(replicas: Replicas) -> None:
    """Both answer the same, by either route: one of them sent it and the other waited for it."""
    world = replicas.world
    both = [replicas.start(), replicas.start()]
    session = world.session
    world.fault("delay", seconds=0.2, times=100, **POSTS)
    calls = [MEMO, *(unapplied(f"{n}", ReferenceId=f"R{n}") for n in range(1, 9))]
    with ThreadPoolExecutor(16) as threads:
        for one in calls:
            told = [threads.submit(at, replicas, each, one, session) for each in both * 2]
            assert len({each.result().ids[0] for each in told}) == 1
    assert len(world.payments()) == len(calls)


def test_what_a_killed_replica_left_is_taken_over_by_the_repeat(replicas: Replicas) -> None:
    """Within ten seconds of the kill, under the same key: one payment, and the repeat is told its Id."""
    world = replicas.world
    first, second = replicas.start(), replicas.start()
    session = world.session
    world.fault("delay", seconds=2, when="before", **POSTS)
    with ThreadPoolExecutor(2) as threads:
        lost = threads.submit(at, replicas, first, MEMO, session)
        replicas.begun()
        first.kill()
        killed = time.monotonic()
        with suppress(OSError):
            lost.result()
        (paid,) = at(replicas, second, MEMO, session).ids
    assert time.monotonic() - killed < TAKEOVER_SECONDS
    assert [one["id"] for one in world.payments()] == [paid]
    assert len({one.headers["idempotency-key"] for one in world.writes()}) == 1
    ((state, owner),) = replicas.intents()
    assert state == "applied"
    assert owner.startswith(f"{second.process.pid}-")


@pytest.mark.parametrize(("one", "paid_by_repeat"), [(MEMO, True), (unapplied("5"), False)], ids=["rest", "soap"])
def test_a_replica_suspended_after_its_commit_sends_nothing_when_it_wakes(
    tmp_path: Path, postgresql: PostgreSQL, one: Obj, paid_by_repeat: bool
) -> None:
    """Its commit is answered while it sleeps; another one takes the intent over; what wakes up finds the fence passed.

    By REST the repeat is sent under the same key. By SOAP nothing is sent again, since nobody can prove that nothing
    was: the caller is told that it is unknown.
    """
    with replicated(tmp_path, postgresql) as replicas, Wire(postgresql.port) as wire:
        world = replicas.world
        sleeper, other = replicas.start(wire.port), replicas.start(wait_seconds=15)
        session = world.login()
        asleep = threading.Event()

        def suspend_with_the_intent() -> None:
            if replicas.intents():
                wire.on_commit = None
                sleeper.suspend()
                asleep.set()

        wire.on_commit = suspend_with_the_intent
        with ThreadPoolExecutor(2) as threads:
            late: Future[Answer] = threads.submit(at, replicas, sleeper, one, session)
            assert asleep.wait(20)
            assert world.writes() == []
            repeat = at(replicas, other, one, session)
            sent = world.writes()
            assert len(sent) == int(paid_by_repeat)
            sleeper.wake()
            late.result()
            world.quiet()
        assert world.writes() == sent
        assert len(world.payments()) == int(paid_by_repeat)
        assert (repeat.status == 200 and repeat.rows[0]["success"] == "true") is paid_by_repeat
        assert len(replicas.intents()) == 1


def test_a_replica_without_its_database_refuses_before_anything_is_sent(tmp_path: Path, postgresql: PostgreSQL) -> None:
    """SERVER_UNAVAILABLE, and it goes on by itself when the database answers again."""
    with replicated(tmp_path, postgresql) as replicas, Wire(postgresql.port) as wire:
        replica = replicas.start(wire.port)
        session = replicas.world.login()
        wire.hold()
        refused = at(replicas, replica, MEMO, session)
        assert refused.fault["code"] == "SERVER_UNAVAILABLE"
        assert replicas.world.writes() == []
        wire.release()
        deadline = time.monotonic() + 30
        while (answer := at(replicas, replica, MEMO, session)).status != 200:
            assert time.monotonic() < deadline
        assert [one["id"] for one in replicas.world.payments()] == answer.ids


class Caller:
    """Makes its payments one after another, repeating each at any replica until it is told an Id."""

    def __init__(self, replicas: Replicas, running: list[Replica], session: str, deadline: float, seed: int) -> None:
        self._replicas = replicas
        self._running = running
        self._session = session
        self._deadline = deadline
        self._choose = random.Random(seed)
        self.repeats = 0

    def pay(self, one: Obj) -> str:
        """The Id of the payment."""
        while time.monotonic() < self._deadline:
            with suppress(OSError, AssertionError):
                return at(self._replicas, self._choose.choice(self._running), one, self._session).ids[0]
            self.repeats += 1
            time.sleep(0.05)
        raise AssertionError(f"no answer for {one.fields['ReferenceId']}")


def test_replicas_killed_under_load_pay_everything_once(replicas: Replicas) -> None:
    """Three replicas, four callers, four kills: every call ends with one payment, and none is doubled."""
    world, kills, most = replicas.world, 4, 31
    running = [replicas.start(wait_seconds=12) for _ in range(3)]
    session = world.session
    # So that a kill finds something under way.
    world.fault("delay", seconds=0.6, times=10_000, **POSTS)
    over = threading.Event()

    def reap() -> None:
        choose = random.Random(4)
        try:
            for number in range(kills):
                done = len(world.payments())
                until(lambda done=done: len(world.payments()) >= done + 3, 60, "a payment between two kills")
                place = choose.randrange(len(running))
                running[place].kill()
                running[place] = replicas.start(wait_seconds=12)
                print(f"kill {number + 1} after {done} payments")
        finally:
            over.set()

    crowd = [Caller(replicas, running, session, time.monotonic() + 150, seed) for seed in range(4)]

    def work(number: int) -> list[str]:
        told: list[str] = []
        while not over.is_set() and len(told) < most:
            # Each of another amount: beside one that is all but equal and not yet heard of, none is paid.
            cents = 1 + number + len(crowd) * len(told)
            told.append(crowd[number].pay(small(cents, ReferenceId=f"R{number}-{len(told)}")))
        return told

    with ThreadPoolExecutor(len(crowd) + 1) as threads:
        reaper = threads.submit(reap)
        paid = [id_ for told in threads.map(work, range(len(crowd))) for id_ in told]
        reaper.result()
    made = [one["id"] for one in world.payments()]
    print(f"{len(paid)} calls, {sum(one.repeats for one in crowd)} repeats, {len(made)} payments")
    assert len(paid) == len(set(paid)) >= kills
    assert sorted(paid) == sorted(made)
