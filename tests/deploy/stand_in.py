"""A stand-in for a bridge behind the front: it keeps what reaches it and does as it is told. Must not be clever."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType

ANSWER = b"<answer/>"


@dataclass(frozen=True, slots=True)
class Came:
    """One request: its first line's parts, its headers as they came, its body, and whose connection it came on."""

    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    peer: int

    def all(self, name: str) -> list[str]:
        """The values of a header, in order."""
        return [value for each, value in self.headers if each.lower() == name.lower()]


class StandIn:
    """Two listeners, as a bridge has. ``act`` is what is done with a call once it is read; it may hold or break it."""

    def __init__(self) -> None:
        self.calls: list[Came] = []
        self.ready = True
        self.act: Callable[[Handler], None] = answer
        self.release = threading.Event()
        self.gone = threading.Event()
        self._callers = _server(self, _Callers)
        self._admin = _server(self, _Admin)

    @property
    def addresses(self) -> tuple[str, str]:
        """Where callers and operators ask."""
        callers, admin = (f"http://127.0.0.1:{each.server_address[1]}" for each in (self._callers, self._admin))
        return callers, admin

    def __enter__(self) -> StandIn:
        for each in (self._callers, self._admin):
            threading.Thread(target=each.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.release.set()
        for each in (self._callers, self._admin):
            each.shutdown()
            each.server_close()


class Server(ThreadingHTTPServer):
    """One listener of a stand-in."""

    daemon_threads = True
    stand_in: StandIn

    def handle_error(self, request: object, client_address: object) -> None:
        """Nothing: the other end may go away at any moment."""


class Handler(BaseHTTPRequestHandler):
    """What the two listeners have in common."""

    protocol_version = "HTTP/1.1"
    server: Server

    @property
    def stand_in(self) -> StandIn:
        """Whose listener it is."""
        return self.server.stand_in

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""

    def tell(self, status: int, body: bytes) -> None:
        """Answer, with the length of the body and no type."""
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class _Callers(Handler):
    def do_GET(self) -> None:
        self._take()

    def do_POST(self) -> None:
        self._take()

    def _take(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        headers = tuple((name, value) for name, value in self.headers.items())
        self.stand_in.calls.append(Came(self.command, self.path, headers, body, self.client_address[1]))
        self.stand_in.act(self)


class _Admin(Handler):
    def do_GET(self) -> None:
        assert self.path == "/readyz"
        self.tell(200 if self.stand_in.ready else 503, b"")


def answer(call: Handler) -> None:
    """200 at once."""
    call.tell(200, ANSWER)


def lost(call: Handler) -> None:
    """504 without a body, as the bridge tells that an outcome is unknown."""
    call.tell(504, b"")


def die(call: Handler) -> None:
    """Break the connection without an answer."""
    call.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    call.close_connection = True
    call.connection.close()


def hold(call: Handler) -> None:
    """200 when it is released."""
    call.stand_in.release.wait(20)
    answer(call)


def watch(call: Handler) -> None:
    """Wait for the caller's end of the connection to close."""
    call.connection.settimeout(20)
    try:
        ended = call.connection.recv(1) == b""
    except ConnectionResetError:
        ended = True
    if ended:
        call.stand_in.gone.set()
    call.close_connection = True


def _server(stand_in: StandIn, handler: type[Handler]) -> Server:
    server = Server(("127.0.0.1", 0), handler)
    server.stand_in = stand_in
    return server
