"""Small HTTP servers for these tests, on raw asyncio streams, so that they can misbehave byte by byte."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from bridge.upstream.transport import Transport


@dataclass
class Request:
    """A request as it arrived."""

    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        """The first header of that name."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    @property
    def path(self) -> str:
        """The decoded path."""
        return unquote(urlsplit(self.target).path)

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """The query's parameters in their order, with those that come more than once."""
        return parse_qsl(urlsplit(self.target).query)

    @property
    def query(self) -> dict[str, str]:
        """The decoded query."""
        return dict(parse_qsl(urlsplit(self.target).query))


Script = Callable[[Request, asyncio.StreamWriter], Awaitable[None]]
"""Writes an answer, or does not. Closing the writer ends the connection."""


@dataclass
class Server:
    """A listening server, what it received, and the connections it saw."""

    port: int
    requests: list[Request] = field(default_factory=list)
    connections: int = 0

    @property
    def origin(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"


async def _read(reader: asyncio.StreamReader) -> Request | None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ")
    headers = [(name, value.strip()) for name, _, value in (line.partition(":") for line in lines if line)]
    length = next((int(value) for name, value in headers if name.lower() == "content-length"), 0)
    try:
        return Request(method, target, headers, await reader.readexactly(length))
    except (asyncio.IncompleteReadError, ConnectionError):
        return None


@contextlib.asynccontextmanager
async def serving(script: Script) -> AsyncIterator[Server]:
    """Serve on a free port until the block ends."""
    server = Server(0)
    tasks: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        server.connections += 1
        try:
            while not writer.is_closing():
                request = await _read(reader)
                if request is None:
                    break
                server.requests.append(request)
                await script(request, writer)
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError, asyncio.CancelledError):
                await writer.wait_closed()

    listener = await asyncio.start_server(connected, "127.0.0.1", 0)
    server.port = listener.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listener.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def answer(status: int = 200, body: bytes = b"", *headers: tuple[str, str], reason: str = "OK") -> bytes:
    """The bytes of a complete answer."""
    lines = [f"HTTP/1.1 {status} {reason}", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def always(raw: bytes) -> Script:
    """A script that answers everything with these bytes."""

    async def script(_: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(raw)
        await writer.drain()

    return script


def as_json(status: int, body: Any, *headers: tuple[str, str]) -> bytes:
    """A JSON answer; ``body`` may be a string of JSON, for numbers that must keep their spelling."""
    text = body if isinstance(body, str) else json.dumps(body)
    return answer(status, text.encode(), ("Content-Type", "application/json"), *headers)


@contextlib.asynccontextmanager
async def transporting(**options: Any) -> AsyncIterator[Transport]:
    """A transport that is closed at the end, with its sockets."""
    transport = Transport(**options)
    try:
        yield transport
    finally:
        await transport.close()
        await asyncio.sleep(0)


ID = "8ad08c8484bd99df0184bda9f7f94a27"

FAULT = (
    "<?xml version='1.0' encoding='UTF-8'?>"
    '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>'
    '<soapenv:Fault xmlns:fns="http://fault.api.zuora.com/"><faultcode>fns:INVALID_SESSION</faultcode>'
    "<faultstring>no</faultstring><detail><fns:UnexpectedErrorFault><fns:FaultCode>INVALID_SESSION</fns:FaultCode>"
    "<fns:FaultMessage>no</fns:FaultMessage></fns:UnexpectedErrorFault></detail></soapenv:Fault>"
    "</soapenv:Body></soapenv:Envelope>"
)


def saved(rows: str, operation: str = "create") -> bytes:
    """An answer in Zuora's own spelling."""
    return (
        "<?xml version='1.0' encoding='UTF-8'?>"
        '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>'
        f'<ns1:{operation}Response xmlns:ns1="http://api.zuora.com/">{rows}</ns1:{operation}Response>'
        "</soapenv:Body></soapenv:Envelope>"
    ).encode()


OK_ROW = f"<ns1:result><ns1:Id>{ID}</ns1:Id><ns1:Success>true</ns1:Success></ns1:result>"
