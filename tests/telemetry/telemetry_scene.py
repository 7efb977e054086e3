"""A bridge before a sandbox that is called through every door, its log lines, and what Prometheus reads of it."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from typing import Any

import structlog
from harness import World
from prometheus_client.parser import text_string_to_metric_families

from bridge.telemetry.log import configure


@contextlib.contextmanager
def heard(level: str = "INFO") -> Iterator[io.StringIO]:
    """What is logged within, by every bridge of this process."""
    root = logging.getLogger()
    before = (root.handlers, root.level)
    stream = io.StringIO()
    configure(level, stream=stream, terminal=False)
    try:
        yield stream
    finally:
        structlog.reset_defaults()
        root.handlers, root.level = before[0], before[1]


def lines(out: io.StringIO, event: str) -> list[dict[str, Any]]:
    """The lines of one event, in order."""
    return lines_of(out.getvalue(), event)


def lines_of(text: str, event: str) -> list[dict[str, Any]]:
    """The same of a text."""
    found = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    return [each for each in found if each["event"] == event]


def scraped(world: World) -> dict[str, dict[tuple[tuple[str, str], ...], float]]:
    """Every sample by its name, then by its labels, when no call is under way: a call may be told after its answer."""

    def look() -> bool:
        found.append(read(world.bridges[0].admin_url))
        return total(found[-1].get("bridge_calls_in_flight", {})) == 0

    found: list[dict[str, dict[tuple[tuple[str, str], ...], float]]] = []
    Eventually.true(look)
    return found[-1]


def read(admin_url: str) -> dict[str, dict[tuple[tuple[str, str], ...], float]]:
    """As ``scraped``, at an address."""
    with urllib.request.urlopen(f"{admin_url}/metrics", timeout=10) as came:
        assert came.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
        text = came.read().decode()
    made: dict[str, dict[tuple[tuple[str, str], ...], float]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            made.setdefault(sample.name, {})[tuple(sorted(sample.labels.items()))] = sample.value
    return made


def total(found: Mapping[tuple[tuple[str, str], ...], float], **labels: str) -> float:
    """The sum of the samples that have these labels."""
    return sum(value for key, value in found.items() if labels.items() <= dict(key).items())


def ask(url: str, body: object = None, *, method: str = "", **headers: str) -> tuple[int, bytes]:
    """An HTTP request; JSON where the body is no bytes."""
    raw = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    if raw is not None:
        named.setdefault("Content-Type", "application/json")
    request = urllib.request.Request(url, raw, named, method=method or None)
    try:
        with urllib.request.urlopen(request, timeout=30) as came:
            return came.status, came.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


class Eventually:
    """Waits for what another thread is about to do."""

    @staticmethod
    def true(condition: Any, seconds: float = 15.0) -> None:
        """Until it holds."""
        pause = threading.Event()
        for _ in range(int(seconds / 0.02)):
            if condition():
                return
            pause.wait(0.02)
        raise AssertionError("it never came to be")
