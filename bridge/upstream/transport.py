"""The one HTTP client that reaches Zuora, and the one place where "not sent" and "lost" are told apart.

``NotSent`` is returned only where this process never began to write the request; from the moment the first byte may
have left, every failure is ``Lost``. Nothing is ever resent: aiohttp would repeat GET, PUT and DELETE once after a
broken connection (RFC 9112, 9.3.1 allows it for idempotent methods), but Zuora's ``PUT .../apply`` applies again when
repeated. Must not follow redirects, keep cookies, read proxy settings, log, or look into a body.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

import aiohttp
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from bridge import __version__
from bridge.core.commands import Lost, NotSent
from bridge.telemetry import trace
from bridge.upstream.clock import ZuoraClock, fence_now

Headers = Iterable[tuple[str, str]]

MAX_ANSWER = 64 * 1024 * 1024
CONNECT_SECONDS = 5.0
POOL = 40

_KEEP_ALIVE = 4.0
"""Idle connections are dropped before common servers drop them (Node.js and Apache httpd close after 5 s by
default): a request written into a closing connection is Lost, and an unkeyed SOAP create is then in doubt."""

_HOP_BY_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
"""RFC 9110, 7.6.1 and RFC 2616, 13.5.1. What Connection itself names is added per message."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """A complete HTTP answer, inflated."""

    status: int
    headers: CIMultiDictProxy[str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Relayed:
    """A complete HTTP answer as it came: raw body, headers in their order without the hop-by-hop ones."""

    status: int
    reason: str
    headers: list[tuple[str, str]]
    body: bytes


@dataclass(frozen=True, slots=True)
class Streamed:
    """An answer whose body is still arriving; ``pieces`` raises ``Broken`` where it does not arrive whole."""

    status: int
    reason: str
    headers: list[tuple[str, str]]
    pieces: AsyncIterator[bytes]


class Broken(Exception):
    """A streamed answer ended before its end."""


class Fenced(Exception):
    """The fence had passed when the first byte was about to leave; nothing was written."""


class _Silent(Exception):
    """The connection broke. Not an aiohttp error, so that aiohttp does not send the request again."""


class _Flight:
    """One request: its fence, and whether writing it has begun. Runs as aiohttp middleware around one attempt."""

    __slots__ = ("began", "not_after")

    def __init__(self, not_after: float | None) -> None:
        self.not_after = not_after
        self.began = False

    async def __call__(
        self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        assert isinstance(request, _FencedRequest)
        request.flight = self
        try:
            return await handler(request)
        except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as broken:
            raise _Silent(_explain(broken)) from broken

    def check(self) -> None:
        """Raise ``Fenced`` where the first byte would leave too late."""
        if self.not_after is not None and fence_now() > self.not_after:
            raise Fenced

    def cross(self) -> None:
        """The next thing to happen is the first byte."""
        self.check()
        self.began = True


class _FencedRequest(aiohttp.ClientRequest):
    """aiohttp calls ``send`` once the connection is acquired and, where there is a body, writes the headers with its
    first piece in ``write_bytes``, possibly one turn of the loop later: the fence is checked directly before both."""

    flight: _Flight | None = None

    async def send(self, conn: aiohttp.connector.Connection) -> aiohttp.ClientResponse:
        if self.flight is not None:
            if self.body:
                self.flight.check()
            else:
                self.flight.cross()
        return await super().send(conn)

    async def write_bytes(
        self,
        writer: aiohttp.abc.AbstractStreamWriter,
        conn: aiohttp.connector.Connection,
        content_length: int | None = None,
    ) -> None:
        if self.flight is not None:
            try:
                self.flight.cross()
            except Fenced as fenced:
                # This may run as a task of its own; the error reaches the caller through the protocol it reads from.
                assert conn.protocol is not None
                conn.protocol.set_exception(fenced)
                return
        await super().write_bytes(writer, conn, content_length)


class Transport:
    """A pool of connections to Zuora. Create it inside the running loop and ``close`` it.

    ``limit`` connections at most; a request that gets none within the connect time is ``NotSent``. TLS is always
    verified, against the system's trust (OpenSSL reads SSL_CERT_FILE and SSL_CERT_DIR).
    """

    def __init__(self, *, clock: ZuoraClock | None = None, limit: int = POOL, max_answer: int = MAX_ANSWER) -> None:
        self.clock = clock or ZuoraClock()
        self._max_answer = max_answer
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=limit, keepalive_timeout=_KEEP_ALIVE, ttl_dns_cache=10),
            cookie_jar=aiohttp.DummyCookieJar(),
            request_class=_FencedRequest,
            trust_env=False,
            raise_for_status=False,
            skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
        )

    async def close(self) -> None:
        """Close every connection."""
        await self._session.close()

    async def exchange(
        self,
        method: str,
        url: str,
        headers: Headers,
        body: bytes | None,
        deadline: float,
        *,
        not_after: float | None = None,
    ) -> Exchange | NotSent | Lost:
        """Send one request, once. ``deadline`` bounds the whole of it in seconds, ``not_after`` its first byte."""
        asked = CIMultiDict(headers)
        asked.setdefault("User-Agent", f"bridge/{__version__}")
        asked.setdefault("Accept-Encoding", "gzip")
        if (here := trace.current.get()) is not None:
            # Like the credential no part of what was recorded: a resend belongs to the call that it is sent for.
            asked.extend(here.headers)
        flight = _Flight(not_after)
        began = fence_now()
        try:
            async with self._open(method, url, asked, body, deadline, flight, inflate=True) as answer:
                self.clock.observe(answer.headers.get("Date"), began, fence_now())
                received = await self._bounded(answer)
        except Exception as error:  # Whatever it was: the only question is whether a byte may have left.
            return _classified(flight, error)
        if received is None:
            return Lost(f"the answer is larger than {self._max_answer} bytes")
        return Exchange(answer.status, answer.headers, received)

    async def relay(
        self, method: str, url: str, headers: Headers, body: bytes | None, deadline: float = 125.0
    ) -> Relayed | NotSent | Lost:
        """Pass a request through: no header but the hop-by-hop ones and Host is changed, no body byte is."""
        flight = _Flight(None)
        began = fence_now()
        try:
            async with self._open(method, url, _end_to_end(headers), body, deadline, flight, inflate=False) as answer:
                self.clock.observe(answer.headers.get("Date"), began, fence_now())
                received = await self._bounded(answer)
        except Exception as error:  # As above.
            return _classified(flight, error)
        if received is None:
            return Lost(f"the answer is larger than {self._max_answer} bytes")
        return Relayed(answer.status, answer.reason or "", _as_received(answer), received)

    @asynccontextmanager
    async def stream(
        self, method: str, url: str, headers: Headers, body: AsyncIterable[bytes] | None, deadline: float
    ) -> AsyncIterator[Streamed | NotSent | Lost]:
        """As ``relay``, but neither body is held: pieces go on as they come."""
        flight = _Flight(None)
        began = fence_now()
        sent = _end_to_end(headers)
        if body is not None and (length := CIMultiDict(headers).get("Content-Length")) is not None:
            # Without it aiohttp would send a body of unknown length in chunks, which not every server takes.
            sent["Content-Length"] = length
        async with AsyncExitStack() as stack:
            try:
                answer = await stack.enter_async_context(
                    self._open(method, url, sent, body, deadline, flight, inflate=False)
                )
            except Exception as error:  # As above.
                yield _classified(flight, error)
                return
            self.clock.observe(answer.headers.get("Date"), began, fence_now())
            yield Streamed(answer.status, answer.reason or "", _as_received(answer), _whole(answer))

    def _open(
        self,
        method: str,
        url: str,
        headers: CIMultiDict[str],
        body: bytes | AsyncIterable[bytes] | None,
        deadline: float,
        flight: _Flight,
        *,
        inflate: bool,
    ) -> aiohttp.client._RequestContextManager:
        return self._session.request(
            method,
            URL(url, encoded=True),
            headers=headers,
            data=body or None,
            allow_redirects=False,
            auto_decompress=inflate,
            middlewares=(flight,),
            timeout=aiohttp.ClientTimeout(total=deadline, connect=CONNECT_SECONDS, sock_connect=CONNECT_SECONDS),
        )

    async def _bounded(self, answer: aiohttp.ClientResponse) -> bytes | None:
        pieces: list[bytes] = []
        size = 0
        async for piece in answer.content.iter_any():
            size += len(piece)
            if size > self._max_answer:
                answer.close()
                return None
            pieces.append(piece)
        return b"".join(pieces)


async def _whole(answer: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    try:
        async for piece in answer.content.iter_any():
            yield piece
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        raise Broken(_explain(error)) from None


def _classified(flight: _Flight, error: Exception) -> NotSent | Lost:
    if isinstance(error, Fenced):
        return NotSent("fenced")
    return Lost(_explain(error)) if flight.began else NotSent(_explain(error))


def _explain(error: BaseException) -> str:
    """Name a failure for the operator without any text that a header, a body or a URL's query could have reached."""
    if isinstance(error, _Silent):
        return str(error)
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "the host name was not resolved"
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return "the server's certificate was not accepted"
    if isinstance(error, aiohttp.ClientSSLError):
        return "the TLS handshake failed"
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return "no connection in time (connecting, or no free connection in the pool)"
    if isinstance(error, asyncio.TimeoutError):
        return "no complete answer before the deadline"
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return "the server closed the connection without an answer"
    if isinstance(error, aiohttp.ClientPayloadError):
        return "the answer broke off"
    if isinstance(error, OSError) and error.strerror:
        return f"{type(error).__name__}: {error.strerror}"
    return type(error).__name__


def _end_to_end(headers: Headers) -> CIMultiDict[str]:
    listed = list(headers)
    # Expect asks whoever holds the body to wait for a 100; the body is here, so that has been answered (RFC 9110,
    # 10.1.1), and waiting again could last until the deadline.
    dropped = _HOP_BY_HOP | {"host", "content-length", "expect"} | _named_by_connection(listed)
    return CIMultiDict((name, value) for name, value in listed if name.lower() not in dropped)


def _as_received(answer: aiohttp.ClientResponse) -> list[tuple[str, str]]:
    raw = [
        (name.decode("utf-8", "surrogateescape"), value.decode("utf-8", "surrogateescape"))
        for name, value in answer.raw_headers
    ]
    dropped = _HOP_BY_HOP | _named_by_connection(raw)
    return [(name, value) for name, value in raw if name.lower() not in dropped]


def _named_by_connection(headers: list[tuple[str, str]]) -> set[str]:
    return {
        token.strip().lower()
        for name, value in headers
        if name.lower() == "connection"
        for token in value.split(",")
        if token.strip()
    }


def retry_after(headers: Mapping[str, str]) -> int | None:
    """The Retry-After header in whole seconds (RFC 9110, 10.2.3: a number, or a date), or None."""
    value = headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit() and len(value) <= 9:
        return int(value)
    try:
        seconds = parsedate_to_datetime(value) - parsedate_to_datetime(headers["Date"])
    except (KeyError, ValueError, TypeError, IndexError, OverflowError):
        return None
    return max(0, int(seconds.total_seconds()))
