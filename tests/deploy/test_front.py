"""The front passes each call to one ready bridge and never to a second one: the real HAProxy before stand-ins."""

from __future__ import annotations

import http.client
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import front_proxy
import pytest
from front_proxy import CONFIGURATION, PROGRAM, Front
from harness_wire import Answer, post, until
from stand_in import ANSWER, StandIn, answer, die, hold, lost, watch

pytestmark = front_proxy.needed


@pytest.fixture
def one() -> Iterator[StandIn]:
    """A stand-in."""
    with StandIn() as made:
        yield made


@pytest.fixture
def other() -> Iterator[StandIn]:
    """Another one."""
    with StandIn() as made:
        yield made


@pytest.fixture
def front(tmp_path: Path, one: StandIn, other: StandIn) -> Iterator[Front]:
    """The front before both, when it has seen that they are ready."""
    with Front(tmp_path, [one.addresses, other.addresses]) as made:
        made.sees(bridge_1="UP", bridge_2="UP")
        yield made


def pay(front: Front, headers: tuple[tuple[str, str], ...] = ()) -> Answer:
    """A call as an ERP makes it."""
    return post(f"{front.url}/apps/services/a/107.0", b"<pay/>", headers)


def test_the_configuration_loads_where_no_bridge_can_be_found() -> None:
    """With nothing set, and names that resolve to nothing: it starts, and the bridges may come later."""
    done = subprocess.run(
        [str(PROGRAM), "-c", "-f", str(CONFIGURATION)], env={}, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert all("could not resolve address" in line for line in done.stderr.splitlines() if "WARNING" in line)


def test_no_second_bridge_gets_a_call_that_the_first_one_lost(front: Front, one: StandIn, other: StandIn) -> None:
    """The bridge's connection breaks after the call was read: the caller is told so, and nobody gets it again."""
    one.act = other.act = die
    told = pay(front)
    assert told.status == 502
    assert b"the outcome is unknown" in told.body
    assert len(one.calls) + len(other.calls) == 1


def test_on_a_connection_that_the_caller_keeps_a_lost_call_is_lost_without_a_word(
    front: Front, one: StandIn, other: StandIn
) -> None:
    """HAProxy closes it then: many a stack repeats such a call by itself, and the bridge joins the repeat."""
    wire = http.client.HTTPConnection("127.0.0.1", front.port("HTTP"), timeout=20)
    wire.request("POST", "/apps/services/a/107.0", b"<pay/>")
    assert wire.getresponse().read() == ANSWER
    one.act = other.act = die
    wire.request("POST", "/apps/services/a/107.0", b"<pay/>")
    with pytest.raises(ConnectionError):
        wire.getresponse()
    wire.close()
    assert len(one.calls) + len(other.calls) == 2


def test_a_call_goes_to_another_bridge_where_no_connection_was_made(tmp_path: Path, other: StandIn) -> None:
    """A killed replica's port refuses, before the front has noticed that: not one byte has left, so it is no repeat."""
    with StandIn() as one, Front(tmp_path, [one.addresses, other.addresses]) as front:
        front.sees(bridge_1="UP", bridge_2="UP")
        one.__exit__(None, None, None)
        assert [pay(front).status for _ in range(6)] == [200] * 6
    assert len(other.calls) == 6


def test_the_bridges_504_stays_an_empty_504(front: Front, one: StandIn, other: StandIn) -> None:
    """It tells the caller that the outcome is unknown, by its emptiness."""
    one.act = other.act = lost
    told = pay(front)
    assert (told.status, told.body, told.header("Content-Length")) == (504, b"", "0")
    assert len(one.calls) + len(other.calls) == 1


def test_without_a_ready_bridge_the_caller_is_told_that_nothing_was_sent(
    front: Front, one: StandIn, other: StandIn
) -> None:
    """503, and it is true."""
    one.ready = other.ready = False
    front.sees(bridge_1="DOWN", bridge_2="DOWN")
    told = pay(front)
    assert told.status == 503
    assert b"nothing was sent" in told.body
    assert one.calls == other.calls == []


def test_a_bridge_that_is_not_ready_keeps_what_it_has_and_gets_nothing_new(
    front: Front, one: StandIn, other: StandIn
) -> None:
    """The call that was in flight is answered when it is done."""
    one.act = other.act = hold
    with ThreadPoolExecutor(1) as threads:
        early = threads.submit(pay, front)
        until(lambda: one.calls or other.calls, 10, "a call")
        busy, idle = (one, other) if one.calls else (other, one)
        busy.ready = False
        front.sees(**{"bridge_1" if busy is one else "bridge_2": "DOWN"})
        idle.act = answer
        assert [pay(front).status for _ in range(4)] == [200] * 4
        assert (len(busy.calls), len(idle.calls)) == (1, 4)
        busy.release.set()
        assert early.result().body == ANSWER


def test_every_call_has_a_connection_of_its_own_to_the_bridge(front: Front, one: StandIn, other: StandIn) -> None:
    """Also where the caller keeps its own: a kept one could be closing while a call is written into it."""
    wire = http.client.HTTPConnection("127.0.0.1", front.port("HTTP"), timeout=20)
    for _ in range(4):
        wire.request("POST", "/apps/services/a/107.0", b"<pay/>")
        assert wire.getresponse().read() == ANSWER
    wire.close()
    calls = one.calls + other.calls
    assert len({each.peer for each in calls}) == len(calls) == 4


def test_a_caller_that_hangs_up_is_gone_for_the_bridge_too(front: Front, one: StandIn, other: StandIn) -> None:
    """The bridge looks at its caller's connection before each send."""
    one.act = other.act = watch
    wire = http.client.HTTPConnection("127.0.0.1", front.port("HTTP"), timeout=20)
    wire.request("POST", "/apps/services/a/107.0", b"<pay/>")
    until(lambda: one.calls or other.calls, 10, "a call")
    wire.close()
    until(lambda: one.gone.is_set() or other.gone.is_set(), 5, "the bridge's hearing of it")


def test_what_a_caller_says_of_its_origin_is_removed(front: Front, one: StandIn, other: StandIn) -> None:
    """Whatever the spelling: the bridge hears who really called, and of no certificate."""
    forged = (
        ("X-Forwarded-For", "198.51.100.7"),
        ("x-forwarded-for", "198.51.100.8"),
        ("X-Forwarded-Host", "evil.example"),
        ("X-FORWARDED-PROTO", "https"),
        ("X-Forwarded-Prefix", "/evil"),
        ("Forwarded", "for=198.51.100.7;host=evil.example;proto=https"),
        ("X-Real-IP", "198.51.100.7"),
        ("Bridge-Client-Subject", "CN=admin"),
        ("bridge-client-subject", "CN=root"),
    )
    assert pay(front, forged).status == 200
    (came,) = one.calls + other.calls
    assert came.all("X-Forwarded-For") == ["127.0.0.1"]
    assert came.all("X-Forwarded-Host") == [f"127.0.0.1:{front.port('HTTP')}"]
    assert came.all("X-Forwarded-Proto") == ["http"]
    text = repr(came.headers).lower()
    assert not any(word in text for word in ("evil", "198.51", "admin", "root", "prefix", "real-ip", "subject"))


def test_a_large_call_goes_through_whole(front: Front, one: StandIn, other: StandIn) -> None:
    """As large as the bridge's own limit, which is told by the bridge."""
    body = b"x" * (8 * 1024 * 1024 + 1)
    assert post(f"{front.url}/apps/services/a/107.0", body, ()).status == 200
    (came,) = one.calls + other.calls
    assert came.body == body


def test_a_person_can_drain_a_bridge_by_hand(front: Front, one: StandIn, other: StandIn) -> None:
    """What the upgrade's runbook does first: new calls go elsewhere while the bridge still says that it is ready."""
    front.command("set server bridges/bridge-1 state drain")
    assert [pay(front).status for _ in range(4)] == [200] * 4
    assert (len(one.calls), len(other.calls)) == (0, 4)
    front.command("set server bridges/bridge-1 state ready")
    assert [pay(front).status for _ in range(4)] == [200] * 4
    assert one.calls


def test_the_log_holds_no_query_and_no_header(front: Front) -> None:
    """A session may stand in both."""
    assert post(f"{front.url}/v1/accounts/A1?token=tok-3cr3t", b"", (("Authorization", "Bearer 3cr3t"),)).status == 200
    until(lambda: "/v1/accounts/A1" in front.log, 10, "a line of the log")
    assert "3cr3t" not in front.log


def test_its_own_metrics_tell_of_retries(front: Front) -> None:
    """For the dashboards, on a listener that is for inside only."""
    assert pay(front).status == 200
    assert "haproxy_backend_retry_warnings_total" in front.metrics()
