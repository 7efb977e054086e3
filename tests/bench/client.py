"""A keep-alive HTTP/1.1 client that does as little as possible: bytes out, status and body back.

It shares the machine with what it measures, so it must not be what is measured. It trusts its peers to speak HTTP.
"""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

TIMEOUT = 60.0


class Client:
    """One connection to one peer; opened anew where the peer closed it."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._address = (parts.hostname or "", parts.port or 80)
        self._socket: socket.socket | None = None
        self._held = b""

    def call(self, request: bytes) -> tuple[int, bytes]:
        """Send one request and read its answer."""
        if self._socket is None:
            self._socket = socket.create_connection(self._address, TIMEOUT)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.sendall(request)
        head = self._until(b"\r\n\r\n").lower()
        length = head.partition(b"\r\ncontent-length:")[2]
        if length:
            body = self._exactly(int(length.partition(b"\r\n")[0]))
        elif b"\r\ntransfer-encoding: chunked" in head:
            body = self._chunks()
        else:
            raise ConnectionError(f"an answer without a length: {head[:200]!r}")
        if b"\r\nconnection: close" in head:
            self.close()
        return int(head[9:12]), body

    def close(self) -> None:
        """Close the connection."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        self._held = b""

    def _more(self) -> None:
        assert self._socket is not None
        came = self._socket.recv(262144)
        if not came:
            raise ConnectionError("the peer closed the connection in the middle of an answer")
        self._held += came

    def _until(self, mark: bytes) -> bytes:
        while (at := self._held.find(mark)) < 0:
            self._more()
        found, self._held = self._held[:at], self._held[at + len(mark) :]
        return found + b"\r\n"

    def _exactly(self, size: int) -> bytes:
        while len(self._held) < size:
            self._more()
        found, self._held = self._held[:size], self._held[size:]
        return found

    def _chunks(self) -> bytes:
        pieces = []
        while size := int(self._until(b"\r\n").partition(b";")[0], 16):
            pieces.append(self._exactly(size))
            self._exactly(2)
        self._exactly(2)
        return b"".join(pieces)
