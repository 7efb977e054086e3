"""The scenarios that a table cannot hold: several bridges, several callers, processes that are killed."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from harness import World, payment, until

D1_WHOLE = payment(Amount="80", InvoiceId="@D1", AppliedInvoiceAmount="80")
POSTS = {"method": "POST", "path": "/v1/payments"}


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[World]:
    """A world whose bridges are processes; none runs yet."""
    with World(tmp_path, bridges=0) as world:
        yield world


def _posts(world: World) -> int:
    return sum(one.line == "POST /v1/payments" for one in world.writes())


def test_two_bridges_with_one_journal_pay_once(tmp_path: Path) -> None:
    """1041: the same call at two bridges in the same moment is one payment, and both callers get its Id (I2)."""
    with World(tmp_path, bridges=2) as world:
        world.fault("delay", **POSTS, seconds=0.2)
        session = world.session
        with ThreadPoolExecutor(2) as threads:
            calls = [threads.submit(world.create, D1_WHOLE, at=each.url, session=session) for each in world.bridges]
            answers = [call.result() for call in calls]
        assert answers[0].ids == answers[1].ids == [one["id"] for one in world.payments()]
        assert _posts(world) == 1
        assert sorted(str(answer.header("Bridge-Joined")) for answer in answers) == ["None", "true"]


def test_equal_calls_at_the_same_moment_pay_once(world: World) -> None:
    """1044: eight connections with the same call are one payment with one answer (I6)."""
    world.fault("delay", **POSTS, seconds=0.2)
    session = world.session
    with ThreadPoolExecutor(8) as threads:
        calls = [threads.submit(world.create, D1_WHOLE, session=session) for _ in range(8)]
        ids = {call.result().ids[0] for call in calls}
    assert ids == {one["id"] for one in world.payments()}
    assert len(ids) == _posts(world) == 1


def test_a_bridge_killed_in_the_middle_of_a_post_pays_once(processes: World) -> None:
    """1042: after SIGKILL between the first byte and the answer, the repeat finds the payment and makes no other."""
    world = processes
    world.fault("delay", **POSTS, seconds=0.3)
    bridge = world.serve()
    session = world.session
    with ThreadPoolExecutor(1) as threads:
        lost = threads.submit(world.create, D1_WHOLE, session=session)
        until(lambda: _posts(world))
        world.kill(bridge)
        with pytest.raises(OSError, match=r".*"):
            lost.result()
    world.serve()
    (paid,) = world.create(D1_WHOLE, session=session).ids
    assert [one["id"] for one in world.payments()] == [paid]
    assert len({one.headers["idempotency-key"] for one in world.writes()}) == 1


def test_a_bridge_told_to_stop_settles_what_it_began(processes: World) -> None:
    """1043: after SIGTERM new money calls are refused, nothing sent, what was begun is answered, the exit code is 0."""
    world = processes
    world.fault("delay", **POSTS, seconds=1.0)
    bridge = world.serve()
    session = world.session
    with ThreadPoolExecutor(1) as threads:
        begun = threads.submit(world.create, D1_WHOLE, session=session)
        until(lambda: _posts(world))
        bridge.send_signal(signal.SIGTERM)
        until(lambda: world.create(payment(Amount="-1"), session=session).status == 500)
        late = world.create(payment(Amount="5"), session=session)
        assert late.fault["code"] == "SERVER_UNAVAILABLE"
        assert "nothing was sent" in late.fault["message"]
        (paid,) = begun.result().ids
    assert bridge.wait(10) == 0
    assert [one["id"] for one in world.payments()] == [paid]
