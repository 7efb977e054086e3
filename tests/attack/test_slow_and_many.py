"""Senders that are slow and senders that are many: each is let go in time, and everybody else is served meanwhile."""

from __future__ import annotations

import contextlib
import resource
import socket
import time
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from urllib.parse import urlsplit

import pytest
from aiohttp import web
from harness import World, envelope, payment, post, raw, until

from bridge.facade import listener, receiving
from bridge.telemetry.metrics import METRICS

HEAD = b"POST /apps/services/a/107.0 HTTP/1.1\r\nHost: zuora\r\nContent-Type: text/xml\r\n"
QUERY = "<ns1:query><ns1:queryString>select Id from Account</ns1:queryString></ns1:query>"
SOON = 1.0


@contextlib.contextmanager
def wire(url: str, sent: bytes = b"") -> Iterator[socket.socket]:
    """A connection, and what is sent over it at once."""
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname or "", parts.port or 80), 10) as made:
        made.sendall(sent)
        yield made


def over(connection: socket.socket) -> bool:
    """Whether the other side has ended it; says so at once."""
    connection.settimeout(0.01)
    try:
        return connection.recv(65536) == b""
    except TimeoutError:
        return False
    except OSError:
        return True


def dribble(connection: socket.socket) -> bool:
    """One byte more of a header that never ends; whether the other side has had enough."""
    with contextlib.suppress(OSError):
        connection.sendall(b"a")
    return over(connection)


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[World]:
    """A bridge that waits less long for a request than it would."""
    for module in (listener, receiving):
        monkeypatch.setattr(module, "RECEIVE_SECONDS", SOON)
    with World(tmp_path, admin={"listen": "127.0.0.1:0", "token": "an-owner-0123456789"}) as world:
        yield world


def paid(world: World, amount: str) -> bool:
    """Whether a payment of this amount gets through."""
    return len(world.create(payment(Amount=amount, AppliedCreditBalanceAmount=amount)).ids) == 1


@pytest.mark.parametrize("admin", [False, True], ids=["callers", "admin"])
@pytest.mark.parametrize("sent", [b"", HEAD + b"X-Slow: "], ids=["nothing", "half a head"])
def test_a_head_that_does_not_come_ends_its_connection(hurried: World, sent: bytes, *, admin: bool) -> None:
    """However steadily it dribbles, and without keeping anybody else."""
    before = METRICS.refusals.value(reason="head")
    with wire(hurried.bridges[0].admin_url if admin else hurried.url, sent) as slow:
        assert paid(hurried, "7.01")
        until(lambda: dribble(slow) if sent else over(slow))
    assert METRICS.refusals.value(reason="head") == before + 1


def test_an_idle_connection_stays_and_its_next_head_is_due_like_the_first(hurried: World) -> None:
    """A legacy stack's pool may call again whenever it likes; what it has begun it must end."""
    request = b"GET /apps/services/a/107.0?wsdl HTTP/1.1\r\nHost: zuora\r\n\r\n"
    with wire(hurried.url) as pooled:
        for _ in range(2):
            pooled.settimeout(10)
            pooled.sendall(request)
            answer = b""
            while b"definitions>" not in answer:
                answer += pooled.recv(1 << 20)
            assert answer.startswith(b"HTTP/1.1 200")
            time.sleep(2 * SOON)
            assert not over(pooled)
        pooled.sendall(request[:20])
        until(lambda: dribble(pooled))


@pytest.mark.parametrize(
    ("head", "status", "text"),
    [
        (HEAD, b"500", b"did not arrive within"),
        (HEAD.replace(b"/apps/services/a/107.0", b"/v1/action/create").replace(b"text/xml", b"application/json"),
         b"408", b"did not arrive within"),
    ],
    ids=["soap", "action"],
)  # fmt: skip
def test_a_body_that_does_not_come_is_answered_and_nothing_is_sent(
    hurried: World, head: bytes, status: bytes, text: bytes
) -> None:
    """In the door's own words; the connection is over with it."""
    mark = hurried.mark()
    with wire(hurried.url, head + b"Content-Length: 500\r\n\r\n<") as slow:
        answer = b""
        while more := slow.recv(65536):
            answer += more
    assert answer.split()[1] == status
    assert text in answer
    assert hurried.requests(mark) == []


def test_who_is_silent_for_longest_makes_room(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Connections that only wait are ended where there are too many, never one whose call is under way."""
    monkeypatch.setattr(listener, "MOST_CONNECTIONS", 16)
    before = METRICS.refusals.value(reason="connections")
    with World(tmp_path) as world, contextlib.ExitStack() as many, ThreadPoolExecutor(1) as aside:
        assert world.session
        world.fault("delay", operation="create", seconds=1.5)
        mark = world.mark()
        under_way = aside.submit(paid, world, "7.03")
        until(lambda: world.writes(mark))
        held = [many.enter_context(wire(world.url)) for _ in range(40)]
        until(lambda: sum(map(over, held)) >= 25)
        assert not over(held[-1])
        assert paid(world, "7.05")
        assert under_way.result() is True
    assert METRICS.refusals.value(reason="connections") >= before + 25


@pytest.mark.parametrize(
    ("files", "most"), [(256, 128), (1024, 512), (65536, listener.MOST_CONNECTIONS), (resource.RLIM_INFINITY, 1000)]
)
def test_half_of_what_may_be_open_is_left_for_zuora_and_the_journal(
    monkeypatch: pytest.MonkeyPatch, files: int, most: int
) -> None:
    """Where nothing limits it, the bridge's own number does."""
    monkeypatch.setattr(resource, "getrlimit", lambda _: (files, files))
    assert listener.most_connections() == most


def test_the_admin_listener_can_be_filled_without_the_callers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Each has connections of its own."""
    monkeypatch.setattr(listener, "MOST_CONNECTIONS", 16)
    with World(tmp_path) as world, contextlib.ExitStack() as many, wire(world.url) as idle:
        held = [many.enter_context(wire(world.bridges[0].admin_url)) for _ in range(8)]
        until(lambda: sum(map(over, held)) >= 6)
        assert not over(idle)
        assert paid(world, "7.07")


def chunked(body: bytes) -> bytes:
    """One chunk."""
    return b"%x\r\n%b\r\n" % (len(body), body)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """What bodies have reserved, or wait for, so far."""
    found, reserve = [], receiving.Receiving._reserve

    async def seen(self: receiving.Receiving, request: web.BaseRequest, whole: int) -> None:
        found.append(whole)
        await reserve(self, request, whole)

    monkeypatch.setattr(receiving.Receiving, "_reserve", seen)
    return found


def test_a_compressed_body_that_inflates_to_nothing_is_held_all_the_same(world: World, asked: list[int]) -> None:
    """Empty blocks (RFC 1951, 3.2.4) without end: what came is kept for passing on, so it reserves as it grows."""
    head = HEAD + b"Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"
    packer = zlib.compressobj(9, wbits=31)
    empty = packer.flush(zlib.Z_SYNC_FLUSH) + b"\x00\x00\x00\xff\xff" * (receiving.SMALL // 2)
    with wire(world.url, head + chunked(empty)):
        until(lambda: asked and asked[-1] >= len(empty))


def test_large_bodies_wait_for_one_another_and_small_ones_for_none(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, asked: list[int]
) -> None:
    """A sender that stops half way keeps the next large body waiting, until it goes or its time is up."""
    monkeypatch.setattr(receiving.Receiving.__init__, "__defaults__", (3 * receiving.SMALL,))
    with World(tmp_path) as world, ThreadPoolExecutor(2) as aside:
        session = world.session
        large = envelope(QUERY, session) + b" " * (receiving.SMALL + 1)
        stopped = HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(large)
        with wire(world.url, stopped) as first:
            until(lambda: len(asked) == 1)
            with wire(world.url, stopped):
                until(lambda: len(asked) == 2)
                waiting = aside.submit(post, world.endpoint(), large)
                until(lambda: len(asked) == 3)
            assert paid(world, "7.09")
            assert not waiting.done()
            first.close()
        assert waiting.result(10).status == 200
        # Whatever was reserved was given back: as much fits as at first.
        assert [aside.submit(post, world.endpoint(), large).result(10).status for _ in range(3)] == [200] * 3


def test_many_bodies_of_no_told_length_go_side_by_side(world: World) -> None:
    """A batch in chunks reserves what it has grown to, not what it might: a dozen wait for Zuora at the same time."""
    world.fault("delay", operation="query", seconds=4, times=12)
    large = envelope(QUERY, world.session) + b" " * 100_000
    sent = HEAD + b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(large) + b"0\r\n\r\n"
    mark = world.mark()
    with ThreadPoolExecutor(12) as aside:
        answers = [aside.submit(raw, world.url, sent) for _ in range(12)]
        until(lambda: sum(each.operation == "query" for each in world.requests(mark)) == 12)
        assert not any(each.done() for each in answers)
        assert [each.result().status for each in answers] == [200] * 12


def test_who_waits_for_room_in_vain_is_told_so_and_leaves_none_reserved(
    monkeypatch: pytest.MonkeyPatch, hurried: World
) -> None:
    """Each has its own time; what was reserved, and what was only waited for, is free again."""
    monkeypatch.setattr(receiving.Receiving.__init__, "__defaults__", (3 * receiving.SMALL,))
    hurried.restart()
    large = envelope(QUERY, hurried.session) + b" " * (receiving.SMALL + 1)
    stopped = HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(large)
    for _ in range(2):
        with contextlib.ExitStack() as many:
            for each in [many.enter_context(wire(hurried.url, stopped)) for _ in range(3)]:
                answer = b""
                while more := each.recv(65536):
                    answer += more
                assert b"did not arrive within" in answer
        assert post(hurried.endpoint(), large).status == 200


def test_bodies_that_grow_are_held_within_bounds(tmp_path: Path) -> None:
    """A hundred senders, each of a few kilobytes that inflate to five megabytes and never end, take no gigabyte."""
    # Just as compressible as may be: what grows more than a hundredfold is refused at once.
    packer, noise = zlib.compressobj(9, wbits=31), Random(7)
    grown = b"".join(noise.randbytes(100) + b"x" * 7000 for _ in range(700))
    bomb = packer.compress(grown) + packer.flush(zlib.Z_SYNC_FLUSH)
    assert 50 < len(grown) / len(bomb) < 100
    head = HEAD + b"Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"
    with World(tmp_path) as world, contextlib.ExitStack() as many:
        world.bridges.pop().stop()
        process = world.serve()
        assert paid(world, "7.11")
        before, held = resident(process.pid), []
        for _ in range(100):
            held.append(many.enter_context(wire(world.url, head + chunked(bomb))))
        time.sleep(2.0)
        assert not any(map(over, held))
        assert paid(world, "7.13")
        assert resident(process.pid) - before < 120 * 2**20


def resident(pid: int) -> int:
    """Bytes of memory that a process holds."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise AssertionError("no such line")
