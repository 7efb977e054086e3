"""A bridge that logs everything, before a Zuora that says what it is told; what was asked and what was answered.

Calls are made by ``ask``: the decoys that were made since the last one are this call's own, and ``echo`` says why its
answer may hold some of them. Must not judge an answer: that is the proof's.
"""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import io
import logging
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import structlog
from decoy_zuora import Edge, Said
from decoys import Decoy, Decoys
from harness import Answer, Headers, World, post
from otel_collector import Collector

from bridge.background import AppThread
from bridge.cutover.reading import parse
from bridge.cutover.standing import FIRST, with_rules
from bridge.journal import Journal
from bridge.runtime.recoverer import Recoverer
from bridge.settings import Settings
from bridge.telemetry import log

TOKEN = "an-owner's-token-0123456789"
KEY = "Mz8W0Qm4Jw0q3C1m0vVn3h6n0yq2Wc1s9d8f7g6h5j4="
RULES = """[[rule]]
name = "refunds are read by rest"
operation = "query"
object = "Refund"
route = "rest"

[[rule]]
name = "queries aside"
operation = "query"
route = "shadow"

[[rule]]
name = "writes aside"
operation = ["create", "update", "delete"]
route = "shadow"
"""

_USUAL = 260
"""So many calls are answered at once; of later ones some stay in doubt, so their amounts come once."""

ECHOES: Mapping[str, re.Pattern[bytes]] = {
    # Zuora's own words to this very call, about what is this call's: passed on byte for byte (I10), or a row's text.
    "": re.compile(rb"(?!)"),
    # A query is answered with what Zuora has, whoever put it there: its answer to this very call has it as well.
    "rows": re.compile(rb"(?!)"),
    # A delete's failure names the id it was asked for, as Zuora's does (Zuora: Actions: delete).
    "id": re.compile(rb"<(?:\w+:)?[iI]d>[^<]*</|\"[iI]d\" ?: ?\"[^\"]*\""),
    # The address in ?wsdl and in a login is the one by which this caller reached the bridge.
    # Who types into a form of the console finds it in that field again, and in the links that go on with the search.
    "typed": re.compile(
        rb"<input\b[^>]*>|<textarea\b[^>]*>[^<]*</textarea>|href=\"/console/calls\?[^\"]*\""
        rb"|Location: /console/login\?next=[^\r\n]*"
    ),
    "address": re.compile(rb"https?://[^/<\"\s]*"),
}
"""Why an answer may hold a decoy, and the places where then. There is no other reason."""


@dataclass
class Heard:
    """A request and its answer, the decoys made for it, what Zuora said meanwhile, and the reason among ``ECHOES``."""

    name: str
    sent: bytes
    said: bytes
    own: frozenset[Decoy]
    zuora: bytes = b""
    echo: str = ""


@dataclass
class Scene:
    """One bridge and all that it writes down."""

    world: Behind
    decoys: Decoys
    edge: Edge
    collector: Collector
    lines: io.StringIO
    console: io.StringIO
    heard: list[Heard] = field(default_factory=list)
    admin: list[Heard] = field(default_factory=list)
    offset: int = 0
    """In cents: each door pays amounts of its own, so that none waits for what another has left open."""
    bridge: int = 0
    """Which of the world's is asked."""
    _planted: int = 0
    _count: int = 0

    def ask(
        self,
        name: str,
        path: str,
        body: bytes = b"",
        headers: Headers = (),
        *,
        method: str = "POST",
        echo: str = "",
        admin: bool = False,
    ) -> Answer:
        """One request to the bridge. An answer that never came is an empty one."""
        assert echo in ECHOES
        before, own = len(self.edge.told), frozenset(self.decoys.all[self._planted :])
        self._planted = len(self.decoys.all)
        bridge = self.world.bridges[self.bridge]
        base = bridge.admin_url if admin else bridge.url
        try:
            answer = post(base + path, body, headers, method=method)
        except (OSError, http.client.HTTPException):
            answer = Answer(0, (), b"")
        zuora = b"\n".join(self.edge.told[before:])
        head = "".join(f"{key}: {value}\r\n" for key, value in answer.headers).encode("utf-8", "surrogateescape")
        sent = b"\n".join((path.encode(), *(f"{key}: {value}".encode() for key, value in headers), body))
        (self.admin if admin and not echo else self.heard).append(
            Heard(name, sent, head + answer.body, own, zuora, echo)
        )
        return answer

    def say(self, match: str, status: int = 500, body: bytes = b"", *headers: tuple[str, str], **more: Any) -> None:
        """What Zuora answers next to what holds ``match``."""
        given = headers or (("Content-Type", "text/html"),)
        self.edge.will(Said(match.encode(), status, body, given, **more))

    def amount(self) -> str:
        """One that no call nearby has: equal ones wait for each other. All together, an invoice can bear them."""
        self._count += 1
        cents = self.offset + (self._count % 40 + 1 if self._count <= _USUAL else self._count - _USUAL + 40)
        return f"{cents // 100}.{cents % 100:02}"


class Behind(World):
    """A world whose bridge reaches its Zuora by an edge; ``database`` takes the file's place."""

    edge: Edge
    database_url = ""

    @property
    def settings(self) -> Settings:
        """Those of a world, but for where Zuora is and where the journal."""
        made = super().settings
        zuora = made.zuora.model_copy(update={"soap_url": self.edge.url, "rest_url": self.edge.url})
        changed: dict[str, Any] = {"zuora": zuora}
        if self.database_url:
            changed["database_url"] = self.database_url
        return made.model_copy(update=changed)

    def add_bridge(self) -> AppThread:
        """One that often looks for what is in doubt."""
        with mock.patch.dict(Recoverer.__init__.__kwdefaults__, {"every_seconds": 0.5}):
            return super().add_bridge()

    def add_another(self) -> None:
        """A bridge that soon gives the journal up, and refunds in several steps."""
        self._patience = 0.1
        self._zuora["enhanced_write_off"] = False
        self.control("settings", {"enhancedWriteOff": False})
        self.add_bridge()


@contextlib.contextmanager
def staged(folder: Path, decoys: Decoys, database_url: str = "", **settings: Any) -> Iterator[Scene]:
    """A scene; when it ends, everything has been written down."""
    given: dict[str, Any] = {
        "admin": {"listen": "127.0.0.1:0", "token": TOKEN},
        "capture": {"folder": folder / "captures"},
        "parity": {"reports": folder / "reports"},
        "journal": {"key": KEY} if database_url else {},
        "callers": {
            "erp": {"usernames": ["erp@example.com"], "allow": ["*"], "wait_seconds": 1},
            "json": {"usernames": [], "wait_seconds": 1},
        },
        **settings,
    }
    with (
        both_formats() as (lines, console),
        contextlib.closing(Collector()) as collector,
        mock.patch.dict(os.environ, {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url}),
        Behind(folder, bridges=0, **given) as world,
        Edge(world.sandbox.url) as edge,
    ):
        world.edge, world.database_url = edge, database_url
        url = database_url or f"sqlite:///{world.database}"
        asyncio.run(_decide(url, world.settings))
        world.control("settings", {"sessionSeconds": 10**8})
        world.add_bridge()
        try:
            yield Scene(world, decoys, edge, collector, lines, console)
        finally:
            for bridge in world.bridges:
                bridge.stop()


async def _decide(url: str, settings: Settings) -> None:
    with contextlib.closing(Journal.open(url, settings.journal_key, "owner")) as journal:
        assert await journal.operator.revise(0, with_rules(FIRST, parse(RULES)).decided(), "a test", "alice") is None


@contextlib.contextmanager
def both_formats() -> Iterator[tuple[io.StringIO, io.StringIO]]:
    """Everything is logged, from DEBUG on, as JSON and as a person's terminal shows it."""
    root = logging.getLogger()
    before, streams = (root.handlers, root.level), (io.StringIO(), io.StringIO())
    chains, handlers = [], []
    for stream, people in zip(streams, (False, True), strict=True):
        log.configure("DEBUG", stream=stream, terminal=people)
        chains.append(structlog.get_config()["processors"])
        handlers += root.handlers

    def tee(logger: Any, method: str, event: Any) -> Any:
        for stream, chain in zip(streams, chains, strict=True):
            told: Any = dict(event)
            for processor in chain:
                told = processor(logger, method, told)
            stream.write(f"{told}\n")
        raise structlog.DropEvent

    structlog.configure(processors=[tee])
    root.handlers, root.level = handlers, logging.DEBUG
    try:
        yield streams
    finally:
        structlog.reset_defaults()
        root.handlers, root.level = before


def as_environment(scene: Scene) -> Mapping[str, str]:
    """What a command beside this bridge is given."""
    url = scene.world.database_url or f"sqlite:///{scene.world.database}"
    return {
        "BRIDGE_DATABASE_URL": url,
        **({"BRIDGE_JOURNAL__KEY": KEY} if scene.world.database_url else {}),
    }


__all__ = ["ECHOES", "TOKEN", "Behind", "Heard", "Scene", "as_environment", "staged"]
