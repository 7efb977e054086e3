"""A line to PostgreSQL that can go dead, break at a commit, or tell when a commit was answered.

It only copies bytes. The server's answer to a COMMIT is recognised by its CommandComplete message (PostgreSQL: Message
Formats); the request by its text. Must not change what it copies.
"""

from __future__ import annotations

import contextlib
import enum
import socket
import threading
from collections.abc import Callable

ASKED = b"COMMIT\x00"
ANSWERED = b"C\x00\x00\x00\x0bCOMMIT\x00"


class Break(enum.Enum):
    """Where the line breaks at the next commit: before the server hears of it, or before the client hears back."""

    BEFORE = "before"
    AFTER = "after"


class Wire:
    """A port before a server's. Use it as a context manager."""

    def __init__(self, port: int) -> None:
        self._server_port = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._open: set[socket.socket] = set()
        self._flowing = threading.Event()
        self._flowing.set()
        self._lock = threading.Lock()
        self.connectable = True
        self.break_at: Break | None = None
        self.broke = threading.Event()
        self.on_commit: Callable[[], None] | None = None

    def __enter__(self) -> Wire:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._flowing.set()
        self.cut()

    def hold(self) -> None:
        """Nothing arrives any more, in either direction; connections stay open."""
        self._flowing.clear()

    def release(self) -> None:
        """What was held arrives."""
        self._flowing.set()

    def cut(self) -> None:
        """Every connection breaks."""
        with self._lock:
            broken, self._open = self._open, set()
        for each in broken:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if not self.connectable:
                client.close()
                continue
            try:
                server = socket.create_connection(("127.0.0.1", self._server_port))
            except OSError:
                client.close()
                continue
            with self._lock:
                self._open |= {client, server}
            threading.Thread(target=self._copy, args=(client, server, self._asked), daemon=True).start()
            threading.Thread(target=self._copy, args=(server, client, self._answered), daemon=True).start()

    def _copy(self, source: socket.socket, sink: socket.socket, look: Callable[[bytes], bool]) -> None:
        with contextlib.suppress(OSError):
            while piece := source.recv(65536):
                if not look(piece):
                    self.cut()
                    self.broke.set()
                    return
                self._flowing.wait()
                sink.sendall(piece)
        for each in (source, sink):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def _asked(self, piece: bytes) -> bool:
        if self.break_at is Break.BEFORE and ASKED in piece:
            self.break_at = None
            return False
        return True

    def _answered(self, piece: bytes) -> bool:
        if ANSWERED not in piece:
            return True
        if self.break_at is Break.AFTER:
            self.break_at = None
            return False
        if self.on_commit is not None:
            self.on_commit()
        return True
