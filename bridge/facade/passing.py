"""Pass-through: a request's bytes to Zuora and the answer's bytes back, never retried.

The only byte that changes is a login's ServerUrl, so that clients that switch to it stay with the bridge. Must not
be given a body that holds a journaled write: the door decides that before.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

from lxml import etree

from bridge.core.commands import Lost, NotSent
from bridge.telemetry.log import get_logger
from bridge.upstream.transport import Relayed, Streamed, Transport

log = get_logger("passing")

PASS_SECONDS = 130.0
"""A little more than Zuora's own 120 s, so that its own time-out is what a caller sees."""

STREAM_SECONDS = 3600.0
"""A file may take its time; each of its pieces still goes on at once."""

_PARSER = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False, load_dtd=False)


@dataclass(frozen=True, slots=True)
class Passed:
    """An answer to relay as it is. ``lost``: Zuora may have been reached and did not answer."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes
    lost: bool = False


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """What a login's answer told: ``server_host`` is the host of Zuora's ServerUrl."""

    session: str
    server_host: str


class Passing:
    """Relays to the two faces of Zuora."""

    def __init__(self, transport: Transport, soap_origin: str, rest_origin: str) -> None:
        self._transport = transport
        self._scheme = urlsplit(soap_origin).scheme
        self._soap = soap_origin
        self._rest = rest_origin

    async def soap(
        self, method: str, target: str, headers: Iterable[tuple[str, str]], body: bytes, host: str | None = None
    ) -> Passed:
        """To the SOAP host, or to ``host`` where the session's ServerUrl named another."""
        origin = self._soap if host is None else f"{self._scheme}://{host}"
        return await self._relay(method, origin + target, headers, body)

    async def rest(self, method: str, target: str, headers: Iterable[tuple[str, str]], body: bytes) -> Passed:
        """To the REST host, with a body that was looked at."""
        return await self._relay(method, self._rest + target, headers, body)

    def stream(
        self, method: str, target: str, headers: Iterable[tuple[str, str]], body: AsyncIterable[bytes] | None
    ) -> AbstractAsyncContextManager[Streamed | NotSent | Lost]:
        """To the REST host, neither body held or looked at."""
        return self._transport.stream(method, self._rest + target, headers, body, STREAM_SECONDS)

    async def _relay(self, method: str, url: str, headers: Iterable[tuple[str, str]], body: bytes) -> Passed:
        came = await self._transport.relay(method, url, headers, body or None, PASS_SECONDS)
        if isinstance(came, Relayed):
            return Passed(came.status, came.headers, came.body)
        log.warning("not passed", event_kind=type(came).__name__, reason=came.reason)
        return no_answer(came)


def came_back(passed: Passed, *, changes: bool = False) -> str:
    """One word for what became of it. ``changes``: what is lost may have been done."""
    if passed.lost:
        return "unknown" if changes else "fault"
    return "fault" if passed.status == 502 and not passed.headers else "passed"


def no_answer(came: NotSent | Lost) -> Passed:
    """RFC 9110, 15.6.3 and 15.6.5: 502 where Zuora was not reached, 504 where it may have been and did not answer."""
    return Passed(502, [], b"") if isinstance(came, NotSent) else Passed(504, [], b"", lost=True)


def rewritten_login(passed: Passed, server_url: str) -> tuple[Passed, LoggedIn | None]:
    """The login answer with ``server_url`` in place of Zuora's, and what it told; unchanged where it is no success."""
    if passed.status != 200:
        return passed, None
    try:
        root = etree.fromstring(passed.body, _PARSER)
    except (etree.XMLSyntaxError, ValueError):
        return passed, None
    if root.getroottree().docinfo.doctype:
        return passed, None
    texts = {etree.QName(each).localname: each.text or "" for each in root.iter(etree.Element)}
    session, real = texts.get("Session", ""), texts.get("ServerUrl", "")
    old = f">{escape(real)}</".encode()
    if not session or not real or old not in passed.body:
        return passed, None
    body = passed.body.replace(old, f">{escape(server_url)}</".encode(), 1)
    headers = [(name, str(len(body)) if name.lower() == "content-length" else value) for name, value in passed.headers]
    return Passed(passed.status, headers, body), LoggedIn(session, urlsplit(real).netloc.lower())
