"""The tap in a bridge's facade: takes copies of live calls, redacts and writes them off the caller's path.

Contract: ``take`` returns at once and never raises; it may drop, and counts what it drops. A thread of its own redacts
before it writes, keeps of an answer only the ids that later calls may name, and stops for good at the cap. Off unless
``BRIDGE_CAPTURE__FOLDER`` is set. Must not delay a call, change one, or hold more than it is allowed to.
"""

from __future__ import annotations

import os
import queue
import random
import secrets
import threading
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from bridge.parity import capture
from bridge.parity.terms import Entry, ParityError
from bridge.telemetry.log import get_logger

log = get_logger("parity")

SUFFIX = ".tap.jsonl"
MOST_WAITING = 500
LARGEST = 256 * 1024
"""A larger request or answer is dropped: with the queue's length it bounds the memory."""


class _Call(NamedTuple):
    at: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    answer: bytes
    method: str


class Tap:
    """One per process. ``rate`` is the share of calls that are taken, ``cap`` how many at most."""

    def __init__(self, folder: Path, rate: float, cap: int) -> None:
        self.taken = self.dropped = 0
        self._rate, self._cap = rate, cap
        self._file = folder / f"{os.getpid()}-{secrets.token_hex(4)}{SUFFIX}"
        self._waiting: queue.Queue[_Call | None] = queue.Queue(MOST_WAITING)
        folder.mkdir(parents=True, exist_ok=True)
        self._file.touch(mode=0o600)
        self._thread = threading.Thread(target=self._write, name="parity tap", daemon=True)
        self._thread.start()

    def take(self, path: str, headers: Mapping[str, str], body: bytes, answer: object, method: str = "POST") -> None:
        """Take a copy, or not. ``answer`` is a body's bytes; anything else was streamed and is not looked at."""
        if self.taken >= self._cap or random.random() >= self._rate:  # noqa: S311 - a sample, no secret
            return
        heard = answer if isinstance(answer, bytes) else b""
        if len(body) > LARGEST or len(heard) > LARGEST or "content-encoding" in {name.lower() for name in headers}:
            self.dropped += 1
            return
        kept = {name: headers[name] for name in headers}
        try:
            self._waiting.put_nowait(
                _Call(datetime.now(UTC).isoformat(timespec="milliseconds"), path, kept, body, heard, method)
            )
        except queue.Full:
            self.dropped += 1
        else:
            self.taken += 1

    def close(self) -> None:
        """Write what waits and end."""
        if self._thread.is_alive():
            self._waiting.put(None)
            self._thread.join(10)

    def _write(self) -> None:
        with self._file.open("a", encoding="utf-8") as file:
            while (call := self._waiting.get()) is not None:
                try:
                    one = capture.entry(
                        0,
                        call.path,
                        call.headers,
                        call.body,
                        answer=call.answer,
                        at=call.at,
                        source="live",
                        method=call.method,
                    )
                    file.write(capture.line(one) + "\n")
                    file.flush()
                except ParityError:
                    self.dropped += 1
                except OSError as error:
                    log.warning("the capture cannot be written and has stopped", error=type(error).__name__)
                    self._cap = 0
                    while self._waiting.get() is not None:
                        self.dropped += 1
                    return


def recorded(folder: Path) -> Iterator[Entry]:
    """What the taps of a bridge's processes wrote, in the order of their moments."""
    found = [one for file in sorted(folder.glob(f"*{SUFFIX}")) for one in capture.lines(file)]
    yield from sorted(found, key=lambda one: one.at)
