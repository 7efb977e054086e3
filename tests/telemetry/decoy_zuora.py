"""What stands between a bridge and the sandbox: passes on what comes, and answers by itself what it was told to.

So any bytes can be Zuora's: a fault with a card number, an edge's page, a cookie, half an answer, silence. Must not
know a decoy.
"""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from urllib.parse import urlsplit

_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length", "host", "accept-encoding"})


@dataclass
class Said:
    """An answer for requests whose head and body hold ``match``, ``times`` over. A ``status`` of 0 breaks off.

    ``first`` happens when the request has come and before it is answered; with ``passes`` Zuora itself answers.
    """

    match: bytes
    status: int = 500
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = (("Content-Type", "text/html"),)
    times: int = 1
    seconds: float = 0.0
    first: Callable[[], object] | None = None
    passes: bool = False


class Edge:
    """``with Edge(sandbox.url) as edge``: Zuora is at ``edge.url``, and ``told`` is all that it answered."""

    def __init__(self, origin: str) -> None:
        self.answers: list[Said] = []
        self.told: list[bytes] = []
        self._origin = urlsplit(origin).netloc
        self._lock = threading.Lock()
        edge = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, format: str, *args: object) -> None:
                """Nothing on stderr."""

            def __getattr__(self, name: str) -> object:
                if name.startswith("do_"):
                    return self._answer
                raise AttributeError(name)

            def _answer(self) -> None:
                edge._serve(self)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Edge:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()

    def will(self, said: Said) -> None:
        """Answer so from now on, as often as it says."""
        with self._lock:
            self.answers.append(said)

    def _taken(self, request: bytes) -> Said | None:
        with self._lock:
            for said in self.answers:
                if said.times > 0 and said.match in request:
                    said.times -= 1
                    return said
        return None

    def _serve(self, handler: BaseHTTPRequestHandler) -> None:
        body = _received(handler)
        request = f"{handler.command} {handler.path}\r\n{handler.headers}".encode() + body
        said = self._taken(request)
        if said is not None and said.first is not None:
            said.first()
        if said is None or said.passes:
            if said is not None:
                time.sleep(said.seconds)
            status, headers, answer = self._passed(handler, body)
        else:
            time.sleep(said.seconds)
            if said.status == 0:
                handler.close_connection = True
                handler.connection.close()
                return
            status, headers, answer = said.status, list(said.headers), said.body
        self.told.append("".join(f"{name}: {value}\n" for name, value in headers).encode("latin-1", "replace") + answer)
        try:
            handler.send_response_only(status)
            for name, value in headers:
                handler.send_header(name, value)
            handler.send_header("Content-Length", str(len(answer)))
            handler.end_headers()
            if handler.command != "HEAD":
                handler.wfile.write(answer)
        except OSError:
            # Whoever asked has gone: that is what some are for.
            handler.close_connection = True

    def _passed(self, handler: BaseHTTPRequestHandler, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        wire = http.client.HTTPConnection(self._origin, timeout=20)
        headers = {name: value for name, value in handler.headers.items() if name.lower() not in _HOP}
        try:
            wire.request(handler.command, handler.path, body or None, headers)
            came = wire.getresponse()
            kept = [(name, value) for name, value in came.getheaders() if name.lower() not in _HOP]
            return came.status, kept, came.read()
        finally:
            wire.close()


def _received(handler: BaseHTTPRequestHandler) -> bytes:
    if "chunked" in handler.headers.get("Transfer-Encoding", "").lower():
        whole = b""
        while size := int(handler.rfile.readline().split(b";")[0], 16):
            whole += handler.rfile.read(size)
            handler.rfile.readline()
        handler.rfile.readline()
        return whole
    return handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
