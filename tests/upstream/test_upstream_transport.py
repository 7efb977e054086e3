"""The transport: every way a request can fail is classified right, and nothing is ever sent twice."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import socket
import sys
import time

import pytest
from upstream_servers import Request, Script, always, answer, serving, transporting

from bridge import __version__
from bridge.core.commands import Lost, NotSent
from bridge.upstream import transport as module
from bridge.upstream.clock import fence_now
from bridge.upstream.transport import Exchange, Transport

BODY = b"<create/>" * 100


async def post(transport: Transport, origin: str, deadline: float = 5.0, method: str = "POST", **options: float):
    """One request with a body."""
    return await transport.exchange(method, f"{origin}/x", (("Content-Type", "text/xml"),), BODY, deadline, **options)


def misbehave(script: Script, method: str = "POST", deadline: float = 5.0) -> tuple[object, int]:
    """What one request to a misbehaving server comes to, and how many arrived."""

    async def run() -> tuple[object, int]:
        async with serving(script) as server, transporting() as transport:
            came = await post(transport, server.origin, deadline, method)
            await asyncio.sleep(0.05)
            return came, len(server.requests)

    return asyncio.run(run())


def test_a_complete_answer_is_an_exchange() -> None:
    """Status, headers and body arrive as they were sent."""
    came, arrived = misbehave(always(answer(200, b"hello", ("X-One", "1"))))
    assert isinstance(came, Exchange)
    assert (came.status, came.body, came.headers["x-one"], arrived) == (200, b"hello", "1", 1)


def test_the_request_carries_our_name_and_no_surprise() -> None:
    """User-Agent and Accept-Encoding are set, cookies and other automatic headers are not."""

    async def run() -> list[Request]:
        script = always(answer(200, b"", ("Set-Cookie", "JSESSIONID=1; Path=/")))
        async with serving(script) as server, transporting() as transport:
            await post(transport, server.origin)
            await post(transport, server.origin)
            return server.requests

    for request in asyncio.run(run()):
        names = sorted(name.lower() for name, _ in request.headers)
        assert names == ["accept-encoding", "content-length", "content-type", "host", "user-agent"]
        assert request.header("User-Agent") == f"bridge/{__version__}"
        assert request.body == BODY


def test_redirects_are_answers_and_are_not_followed() -> None:
    """A 307 to elsewhere would carry a payment to another host."""
    came, arrived = misbehave(always(answer(307, b"", ("Location", "/elsewhere"))))
    assert isinstance(came, Exchange)
    assert (came.status, arrived) == (307, 1)


def test_html_with_a_502_is_an_exchange_for_the_reader_to_judge() -> None:
    """The transport classifies the wire, not the meaning."""
    came, _ = misbehave(always(answer(502, b"<html><body>Bad Gateway</body></html>", reason="Bad Gateway")))
    assert isinstance(came, Exchange)
    assert came.status == 502


async def _reset_after_headers(_: Request, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\npart")
    await writer.drain()
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    writer.transport.abort()


async def _half_headers(_: Request, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Len")
    await writer.drain()
    writer.close()


async def _truncated(_: Request, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + b"x" * 999)
    await writer.drain()
    writer.close()


async def _truncated_chunks(_: Request, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
    await writer.drain()
    writer.close()


async def _closed(_: Request, writer: asyncio.StreamWriter) -> None:
    writer.close()


async def _aborted(_: Request, writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


async def _garbage(_: Request, writer: asyncio.StreamWriter) -> None:
    writer.write(b"\x00\x01 not http\r\n\r\n")
    await writer.drain()


async def _broken_gzip(_: Request, writer: asyncio.StreamWriter) -> None:
    body = gzip.compress(b"x" * 10_000)[:-20] + b"\xff" * 20
    writer.write(answer(200, body, ("Content-Encoding", "gzip")))
    await writer.drain()


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "GET"])
@pytest.mark.parametrize(
    "script",
    [
        _reset_after_headers,
        _half_headers,
        _truncated,
        _truncated_chunks,
        _closed,
        _aborted,
        _garbage,
        _broken_gzip,
    ],
)
def test_whatever_goes_wrong_after_the_first_byte_is_lost_and_arrives_once(script: Script, method: str) -> None:
    """aiohttp would send GET, PUT and DELETE again; a PUT apply that is repeated applies again."""
    came, arrived = misbehave(script, method)
    assert isinstance(came, Lost), came
    assert arrived == 1


async def _drip(_: Request, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    for _byte in range(1000):
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.05)


async def _silence(_: Request, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(30)


@pytest.mark.parametrize("script", [_drip, _silence])
def test_the_deadline_is_total_and_lost(script: Script) -> None:
    """A server that drips a byte now and then does not stretch the deadline."""
    began = time.monotonic()
    came, arrived = misbehave(script, deadline=0.4)
    assert isinstance(came, Lost)
    assert arrived == 1
    # The server goes on for half a minute and more.
    assert time.monotonic() - began < 15


def test_a_stale_keep_alive_connection_loses_the_request_and_does_not_resend() -> None:
    """A server that closes on the second request of a connection may have read it."""

    async def run(method: str) -> tuple[object, int, int]:
        seen = 0

        async def script(_: Request, writer: asyncio.StreamWriter) -> None:
            nonlocal seen
            seen += 1
            if seen > 1:
                writer.transport.abort()
                return
            writer.write(answer(200, b"ok"))
            await writer.drain()

        async with serving(script) as server, transporting() as transport:
            await post(transport, server.origin)
            came = await post(transport, server.origin, method=method)
            await asyncio.sleep(0.05)
            return came, len(server.requests), server.connections

    for method in ("POST", "PUT", "DELETE", "GET"):
        came, arrived, connections = asyncio.run(run(method))
        assert isinstance(came, Lost)
        assert (arrived, connections) == (2, 1)


def test_a_connection_the_server_closed_while_idle_is_not_used() -> None:
    """The close was seen, so a new connection carries the request."""

    async def run() -> tuple[object, int]:
        async def script(_: Request, writer: asyncio.StreamWriter) -> None:
            writer.write(answer(200, b"ok"))
            await writer.drain()
            writer.close()

        async with serving(script) as server, transporting() as transport:
            await post(transport, server.origin)
            await asyncio.sleep(0.1)
            return await post(transport, server.origin), server.connections

    came, connections = asyncio.run(run())
    assert isinstance(came, Exchange)
    assert connections == 2


def test_a_refused_port_is_not_sent() -> None:
    """Nothing listens there."""

    async def run() -> object:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        async with transporting() as transport:
            return await post(transport, f"http://127.0.0.1:{port}")

    assert isinstance(asyncio.run(run()), NotSent)


def test_an_unknown_host_is_not_sent() -> None:
    """The name does not resolve (RFC 6761 reserves .invalid for that)."""

    async def run() -> object:
        async with transporting() as transport:
            return await post(transport, "http://nowhere.invalid")

    assert asyncio.run(run()) == NotSent("the host name was not resolved")


def test_tls_to_a_plain_port_is_not_sent() -> None:
    """The handshake fails before a byte of the request exists."""

    async def run() -> object:
        async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

        listener = await asyncio.start_server(plain, "127.0.0.1", 0)
        try:
            async with transporting() as transport:
                return await post(transport, f"https://127.0.0.1:{listener.sockets[0].getsockname()[1]}")
        finally:
            listener.close()
            await listener.wait_closed()

    assert isinstance(asyncio.run(run()), NotSent)


def test_a_server_that_never_ends_the_handshake_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connecting has its own short time."""
    monkeypatch.setattr(module, "CONNECT_SECONDS", 0.3)

    async def run() -> object:
        # Connections are taken by the backlog, never accepted: the TLS greeting is never answered.
        with socket.create_server(("127.0.0.1", 0)) as listener:
            async with transporting() as transport:
                return await post(transport, f"https://127.0.0.1:{listener.getsockname()[1]}")

    assert isinstance(asyncio.run(run()), NotSent)


def test_no_free_connection_in_the_pool_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waiting in our own queue is not sending."""
    monkeypatch.setattr(module, "CONNECT_SECONDS", 0.3)

    async def run() -> tuple[object, int]:
        async with serving(_silence) as server, transporting(limit=1) as transport:
            first = asyncio.create_task(post(transport, server.origin))
            await asyncio.sleep(0.1)
            second = await post(transport, server.origin)
            first.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await first
            return second, len(server.requests)

    came, arrived = asyncio.run(run())
    assert isinstance(came, NotSent), came
    assert arrived == 1


def test_an_answer_over_the_bound_is_lost() -> None:
    """Memory is bounded, inflated size counted."""

    async def run(raw: bytes) -> object:
        async with serving(always(raw)) as server, transporting(max_answer=10_000) as transport:
            return await post(transport, server.origin)

    assert isinstance(asyncio.run(run(answer(200, b"x" * 10_001))), Lost)
    bomb = gzip.compress(b"0" * 1_000_000)
    assert isinstance(asyncio.run(run(answer(200, bomb, ("Content-Encoding", "gzip")))), Lost)
    assert isinstance(asyncio.run(run(answer(200, b"x" * 10_000))), Exchange)


@pytest.mark.parametrize("method", ["POST", "GET"])
def test_a_passed_fence_sends_nothing(method: str) -> None:
    """A machine that slept between commit and send must not send."""

    async def run() -> tuple[object, int]:
        async with serving(always(answer())) as server, transporting() as transport:
            body = BODY if method == "POST" else None
            came = await transport.exchange(method, f"{server.origin}/x", (), body, 5, not_after=fence_now() - 0.001)
            await asyncio.sleep(0.05)
            return came, len(server.requests)

    assert asyncio.run(run()) == (NotSent("fenced"), 0)


def test_the_fence_is_checked_after_the_wait_for_a_connection() -> None:
    """The wait in the pool counts, for a new connection and for a reused one."""

    async def run() -> tuple[object, int]:
        async def script(_: Request, writer: asyncio.StreamWriter) -> None:
            await asyncio.sleep(0.4)
            writer.write(answer())
            await writer.drain()

        async with serving(script) as server, transporting(limit=1) as transport:
            first = asyncio.create_task(post(transport, server.origin))
            await asyncio.sleep(0.05)
            second = await post(transport, server.origin, not_after=fence_now() + 0.1)
            assert isinstance(await first, Exchange)
            third = await post(transport, server.origin, not_after=fence_now() + 2)
            assert isinstance(third, Exchange)
            return second, len(server.requests)

    assert asyncio.run(run()) == (NotSent("fenced"), 2)


def test_the_fence_holds_while_the_writer_waits_its_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """aiohttp writes a body in a task of its own; a stall between acquiring and writing is still before the byte."""
    real_send = module._FencedRequest.send

    async def stalled(self: object, conn: object) -> object:
        came = await real_send(self, conn)  # type: ignore[arg-type]
        time.sleep(0.2)  # the whole process stands still
        return came

    monkeypatch.setattr(module._FencedRequest, "send", stalled)

    async def run() -> tuple[object, int]:
        async with serving(always(answer())) as server, transporting() as transport:
            came = await post(transport, server.origin, not_after=fence_now() + 0.1)
            await asyncio.sleep(0.05)
            return came, len(server.requests)

    came, arrived = asyncio.run(run())
    if sys.version_info < (3, 12):
        assert (came, arrived) == (NotSent("fenced"), 0)
    else:  # The task runs at once, before the stall: the byte was in time.
        assert isinstance(came, Exchange)
        assert arrived == 1


def test_reasons_hold_no_secret() -> None:
    """A failure's text names the failure, not what was sent."""

    async def run() -> list[str]:
        reasons = []
        for script in (_closed, _garbage, _truncated):
            async with serving(script) as server, transporting() as transport:
                came = await transport.exchange(
                    "POST",
                    f"{server.origin}/x?token=s3cret",
                    (("Authorization", "Bearer s3cret"),),
                    b"<session>s3cret</session>",
                    5,
                )
                assert isinstance(came, Lost)
                reasons.append(came.reason)
        return reasons

    assert not any("s3cret" in reason for reason in asyncio.run(run()))
