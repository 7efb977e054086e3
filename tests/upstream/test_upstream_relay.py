"""Pass-through changes no byte, and every answer tells Zuora's time."""

from __future__ import annotations

import asyncio
import gzip
import time
from email.utils import formatdate

import pytest
from upstream_servers import Request, Script, always, answer, serving, transporting

from bridge.core.commands import Lost
from bridge.upstream.clock import AHEAD_SECONDS, ZuoraClock, fence_now
from bridge.upstream.transport import Relayed, Transport

BODY = b"<create/>" * 100


async def post(transport: Transport, origin: str, deadline: float = 5.0, method: str = "POST", **options: float):
    """One request with a body."""
    return await transport.exchange(method, f"{origin}/x", (("Content-Type", "text/xml"),), BODY, deadline, **options)


async def _truncated(_: Request, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + b"x" * 999)
    await writer.drain()
    writer.close()


async def _closed(_: Request, writer: asyncio.StreamWriter) -> None:
    writer.close()


def test_a_relay_changes_no_byte_and_only_hop_by_hop_headers() -> None:
    """RFC 9110, 7.6.1: Connection and what it names stay behind; everything else goes on, duplicates and case too."""
    packed = gzip.compress(b"payload")

    async def run() -> tuple[object, Request]:
        raw = answer(
            200,
            packed,
            ("Content-Encoding", "gzip"),
            ("Set-Cookie", "a=1"),
            ("Set-Cookie", "b=2"),
            ("Connection", "keep-alive, X-Hop"),
            ("X-Hop", "1"),
            ("Date", "Fri, 20 Feb 2026 18:00:00 GMT"),
            reason="Very Well",
        )
        async with serving(always(raw)) as server, transporting() as transport:
            came = await transport.relay(
                "POST",
                f"{server.origin}/apps/services/a/83.0?a=%2F..%2f&b=+",
                [
                    ("Host", "bridge.example.com"),
                    ("SOAPAction", '""'),
                    ("X-dup", "1"),
                    ("X-dup", "2"),
                    ("TE", "trailers"),
                    ("Expect", "100-continue"),
                    ("Connection", "close, X-Mine"),
                    ("X-Mine", "1"),
                ],
                BODY,
            )
            return came, server.requests[0]

    came, request = asyncio.run(run())
    assert isinstance(came, Relayed)
    assert (came.status, came.reason, came.body) == (200, "Very Well", packed)
    assert came.headers == [
        ("Content-Length", str(len(packed))),
        ("Content-Encoding", "gzip"),
        ("Set-Cookie", "a=1"),
        ("Set-Cookie", "b=2"),
        ("Date", "Fri, 20 Feb 2026 18:00:00 GMT"),
    ]
    assert request.target == "/apps/services/a/83.0?a=%2F..%2f&b=+"
    assert request.body == BODY
    assert [pair for pair in request.headers if pair[0] not in ("Host", "Content-Length")] == [
        ("SOAPAction", '""'),
        ("X-dup", "1"),
        ("X-dup", "2"),
    ]
    assert (request.header("Host") or "").startswith("127.0.0.1:")


def test_a_relay_is_classified_and_never_repeated() -> None:
    """The same rules hold for bytes that pass through."""

    async def run(script: Script, method: str) -> tuple[object, int]:
        async with serving(script) as server, transporting() as transport:
            came = await transport.relay(method, f"{server.origin}/x", [], BODY, 5)
            await asyncio.sleep(0.05)
            return came, len(server.requests)

    for method in ("POST", "PUT", "GET"):
        for script in (_closed, _truncated):
            came, arrived = asyncio.run(run(script, method))
            assert isinstance(came, Lost)
            assert arrived == 1


def test_zuoras_clock_is_read_from_every_answer() -> None:
    """The Date header moves the clock; the error shrinks with answers that fall elsewhere in a second."""

    async def run() -> tuple[ZuoraClock, float]:
        script = always(answer(200, b"", ("Date", "Fri, 20 Feb 2026 18:00:00 GMT")))
        async with serving(script) as server, transporting() as transport:
            assert transport.clock.error is None
            await post(transport, server.origin)
            return transport.clock, 1771610400.0

    clock, expected = asyncio.run(run())
    assert abs(clock.now() / 1000 - expected) < 2
    assert clock.error is not None
    assert clock.error < 1


def test_the_clock_narrows_follows_a_jump_and_ignores_nonsense() -> None:
    """Intervals are intersected; a disjoint one means that a clock was set, as a sandbox's is."""
    clock = ZuoraClock(simulated=True)
    base = fence_now()
    clock.observe("Fri, 20 Feb 2026 18:00:00 GMT", base, base + 0.01)
    wide = clock.error
    clock.observe("Fri, 20 Feb 2026 18:00:01 GMT", base + 0.3, base + 0.31)
    assert clock.error is not None
    assert wide is not None
    assert clock.error < wide
    for nonsense in (None, "", "yesterday", "Fri, 99 Feb 2026 18:00:00 GMT", "9" * 100):
        before = clock.now()
        clock.observe(nonsense, base, base + 1)
        assert abs(clock.now() - before) < 50
    clock.observe("Sat, 20 Feb 2027 18:00:00 GMT", base + 1, base + 1.01)
    assert clock.now() / 1000 > 1771610400 + 300 * 86400


def at(seconds: float) -> str:
    """A Date header this far from this machine's time."""
    return formatdate(time.time() + seconds, usegmt=True)


def ahead(clock: ZuoraClock) -> float:
    """How far the clock is ahead of this machine's, in seconds."""
    return clock.now() / 1000 - time.time()


@pytest.mark.parametrize(
    ("first", "simulated"), [(9 * -86_400.0, True), (7_200.0, True), (-60.0, False), (20.0, False)]
)
def test_the_first_answer_tells_a_simulated_tenant_from_a_real_one(first: float, simulated: bool) -> None:
    """No real Zuora is hours away; a sandbox's clock stands where its user has set it, and may jump."""
    clock = ZuoraClock()
    base = fence_now()
    clock.observe(at(first), base, base + 0.01)
    before = ahead(clock)
    clock.observe(at(first + 1_000), base + 1, base + 1.01)
    assert clock.simulated is simulated
    assert (ahead(clock) - before > 900) is simulated


@pytest.mark.parametrize("first", [3600.0, 0.0, -3600.0])
def test_a_date_far_ahead_hastens_nothing(first: float) -> None:
    """Neither the first one nor any later one: a proof of absence waits for time that has passed here as well."""
    clock = ZuoraClock(simulated=False)
    base = fence_now()
    clock.observe(at(first), base, base + 0.01)
    assert ahead(clock) < AHEAD_SECONDS + 1
    before = ahead(clock)
    for second in range(1, 30):
        clock.observe(at(86_400), base + second, base + second + 0.01)
    assert ahead(clock) - before < 2.0


def test_a_date_behind_is_believed_and_what_follows_is_approached() -> None:
    """It can only delay; the right time comes back at once, and no faster than it was ever believed to go."""
    clock = ZuoraClock(simulated=False)
    base = fence_now()
    clock.observe(at(0), base, base + 0.01)
    clock.observe(at(-600), base + 1, base + 1.01)
    assert ahead(clock) < -590
    clock.observe(at(2), base + 2, base + 2.01)
    assert -2 < ahead(clock) < 2.5


def test_a_long_silence_lets_the_clock_make_up_no_more_than_a_minutes_worth() -> None:
    """An hour without an answer, and then a wrong one."""
    clock = ZuoraClock(simulated=False)
    base = fence_now()
    clock.observe(at(0), base, base + 0.01)
    clock.observe(at(7200), base + 3600, base + 3600.01)
    assert ahead(clock) < 3
