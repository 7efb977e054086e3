"""A server of plain sockets in Zuora's place: shows every byte that arrived and answers with given bytes.

For what a friendly HTTP server would hide: header spelling and order, framing, connections that break.
"""

from __future__ import annotations

import socket
import threading
from types import TracebackType


class RawZuora:
    """Answers each request with the next of ``answers`` (the last one again and again); None drops the connection.

    A request for a token, which the bridge makes on its own account whenever it likes, is neither shown nor counted.
    """

    def __init__(self, *answers: bytes | None) -> None:
        self.arrived: list[bytes] = []
        self._answers = list(answers)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._open: list[socket.socket] = []

    def __enter__(self) -> RawZuora:
        self._threads[0].start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        # Closing alone does not wake a thread that waits in accept or recv.
        for each in (self._listener, *self._open):
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue
        for thread in self._threads:
            thread.join()
        for each in (self._listener, *self._open):
            each.close()

    def close(self) -> None:
        """Listen no more."""
        self.__exit__(None, None, None)

    def _accept(self) -> None:
        while True:
            try:
                wire, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(wire)
            thread = threading.Thread(target=self._serve, args=(wire,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, wire: socket.socket) -> None:
        try:
            while (request := _request(wire)) is not None:
                if request.startswith(b"POST /oauth/token "):
                    wire.sendall(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")
                    continue
                self.arrived.append(request)
                answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
                if answer is None:
                    break
                wire.sendall(answer)
                if b"Connection: close" in answer:
                    break
        except OSError:
            return
        finally:
            wire.close()


def _request(wire: socket.socket) -> bytes | None:
    """One whole request as it came."""
    came = b""
    while b"\r\n\r\n" not in came:
        piece = wire.recv(65536)
        if not piece:
            return None
        came += piece
    head, _, body = came.partition(b"\r\n\r\n")
    lower = head.lower()
    if b"transfer-encoding: chunked" in lower:
        while not body.endswith(b"0\r\n\r\n"):
            body += wire.recv(65536)
    elif b"content-length:" in lower:
        length = int(lower.partition(b"content-length:")[2].split(b"\r\n")[0])
        while len(body) < length:
            body += wire.recv(65536)
    return head + b"\r\n\r\n" + body


def headers_of(message: bytes) -> list[tuple[str, str]]:
    """The headers of a message in their order."""
    lines = message.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")[1:]
    return [(name, value.strip()) for name, _, value in (line.partition(":") for line in lines)]


def body_of(message: bytes) -> bytes:
    """The body of a message, still framed."""
    return message.partition(b"\r\n\r\n")[2]
