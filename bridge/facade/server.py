"""The callers' listener: receive, guard, find the door, answer, and note whether the answer was delivered.

One aiohttp handler without a router: every path is somebody's. Receiving is bounded in time and size before anything
is parsed. Must not decide about payments, and must not answer with a trace, a path or another caller's words.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Mapping
from email.utils import formatdate
from functools import lru_cache
from typing import Protocol
from urllib.parse import urlsplit

from aiohttp import HttpVersion11, web

from bridge.contract.decode import session as session_of
from bridge.contract.errors import DecodeError
from bridge.contract.wire import Style, encoding_token, server_fault
from bridge.core.conduct import Errand
from bridge.core.model import Call, Caller, CallFault, Outcome, Reply, Rows, Settlement, Silence, Tenant, Version
from bridge.cutover import default_route
from bridge.facade import json_doors
from bridge.facade.door import WRITES, Seen, Way, look
from bridge.facade.guard import DEFAULT_LIMITS, Inspected, Intake, Refusal, admit, inspect_received
from bridge.facade.passing import Passed, Passing, no_answer, rewritten_login
from bridge.facade.paths import Door, Found, find
from bridge.facade.service import Exchange, Facade
from bridge.facade.sessions import Sessions
from bridge.runtime import Runtime, Stopping, Visit
from bridge.telemetry.log import get_logger
from bridge.telemetry.metrics import METRICS
from bridge.upstream.transport import Broken, Streamed

log = get_logger("facade")

RECEIVE_SECONDS = 30.0
LARGE = 256 * 1024
"""From here a body is inspected beside the event loop, two at a time: a tree can need twenty times its text."""

_NEWEST = Version(9999)
_NO_STORE = {"Cache-Control": "max-age=0, no-cache, no-store", "Pragma": "no-cache", "Server": "bridge"}


class Wsdl(Protocol):
    """The served WSDL."""

    def served(self, address: str, *, extended: bool) -> bytes:
        """The file for callers at ``address`` (an origin)."""


class Server:
    """Handles one request at a time per connection; shared by all connections."""

    def __init__(
        self,
        *,
        facade: Facade,
        passing: Passing,
        sessions: Sessions,
        runtime: Runtime,
        wsdl: Wsdl,
        tenant: Tenant,
        ready: bool,
        public_url: str | None,
        soap_hosts: frozenset[str],
    ) -> None:
        self._facade = facade
        self._passing = passing
        self._sessions = sessions
        self._runtime = runtime
        self._wsdl = wsdl
        self._tenant = tenant
        self._ready = ready
        self._public_url = public_url
        self._soap_hosts = soap_hosts
        self._large = asyncio.Semaphore(2)

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request. Nothing but cancellation leaves as an exception."""
        try:
            found = find(request.rel_url.raw_path)
            match found.door:
                case Door.UNCLEAR:
                    return _plain(400, "The path can be read in more than one way; nothing was sent.")
                case Door.WSDL:
                    return self._file(request)
                case Door.SOAP | Door.APPS:
                    if request.method in ("GET", "HEAD") and found.door is Door.SOAP and _asks_wsdl(request):
                        return self._file(request)
                    if request.method == "POST":
                        return await self._soap(request, found)
                    return await self._pass_apps(request)
                case _:
                    return await self._rest(request, found)
        except TimeoutError:
            text = f"The request did not arrive within {RECEIVE_SECONDS:.0f} seconds; nothing was sent to Zuora."
            response = _bytes(500, server_fault(text, Style(_NEWEST)), "UTF-8")
            response.force_close()
            return response
        except (ConnectionError, web.HTTPException):
            raise
        except Exception:
            log.exception("request failed")
            return _bytes(500, server_fault("The bridge could not process the request.", Style(_NEWEST)), "UTF-8")

    # ------------------------------------------------------------------ SOAP

    async def _soap(self, request: web.BaseRequest, found: Found) -> web.StreamResponse:
        inspected, raw = await self._receive(request)
        if isinstance(inspected, Refusal):
            METRICS.refusals.add(reason=inspected.reason)
            log.info("refused", reason=inspected.reason)
            if inspected.status != 500:
                return _plain(inspected.status, inspected.text, close=True)
            token = _token(request)
            return _bytes(500, server_fault(inspected.text, Style(_NEWEST, encoding=token)), token)
        seen = look(inspected.payload)
        token = encoding_token(inspected.admission.charset)
        if seen.way in (Way.PASS, Way.LOGIN):
            return await self._pass_soap(request, found, inspected, seen, raw)
        try:
            version = Version.parse(found.rest)
        except ValueError:
            fault = CallFault("INVALID_VERSION", "The endpoint's path names no WSDL version; nothing was processed.")
            return self._fault(fault, seen, Style(_NEWEST, encoding=token))
        style = Style(version, encoding=token)
        if seen.way is Way.REFUSE:
            return self._fault(CallFault("INVALID_TYPE", seen.why, "InvalidTypeFault"), seen, style)
        return await self._journaled(request, inspected, seen, style)

    async def _receive(self, request: web.BaseRequest) -> tuple[Inspected | Refusal, bytes]:
        """The body as the guard sees it, and as it came. Nothing is read where the headers are refused."""
        admission = admit(request.headers)
        if isinstance(admission, Refusal):
            return admission, b""
        await _go_on(request)
        intake = Intake(admission)
        # Kept beside the inflated body, because a pass-through sends on what came.
        compressed = bytearray()
        async with asyncio.timeout(RECEIVE_SECONDS):
            async for piece in request.content.iter_any():
                refusal = intake.feed(piece)
                if refusal is not None:
                    return refusal, b""
                if admission.gzip:
                    compressed += piece
        received = intake.close()
        if isinstance(received, Refusal):
            return received, b""
        raw = bytes(compressed) if admission.gzip else received
        if len(received) < LARGE:
            return inspect_received(received, admission), raw
        async with self._large:
            return await asyncio.to_thread(inspect_received, received, admission), raw

    async def _pass_soap(
        self, request: web.BaseRequest, found: Found, inspected: Inspected, seen: Seen, raw: bytes
    ) -> web.StreamResponse:
        host = None
        login = seen.way is Way.LOGIN
        try:
            session = None if login else session_of(inspected.header)
        except DecodeError:
            session = None
        if session is not None:
            host = self._sessions.host(session)
        # A login's answer is read, so it must not come compressed.
        headers = [(n, v) for n, v in _as_sent(request) if not (login and n.lower() == "accept-encoding")]
        passed = await self._passing.soap("POST", request.raw_path, headers, raw, host)
        if login:
            passed = self._learn(request, found, inspected, passed)
        return _relay(passed)

    def _learn(self, request: web.BaseRequest, found: Found, inspected: Inspected, passed: Passed) -> Passed:
        """Put the bridge's own address into a login's answer and remember Zuora's."""
        passed, logged_in = rewritten_login(passed, f"{self._address(request)}/apps/services/a/{found.rest}")
        if logged_in is not None:
            host: str | None = logged_in.server_host
            if host not in self._soap_hosts:
                log.warning("a ServerUrl outside BRIDGE_ZUORA__SOAP_HOSTS was ignored", host=host)
                host = None
            self._sessions.learn(logged_in.session, host, _entity(inspected))
        return passed

    async def _journaled(
        self, request: web.BaseRequest, inspected: Inspected, seen: Seen, style: Style
    ) -> web.StreamResponse:
        assert inspected.payload is not None
        if not self._ready:
            return self._fault(CallFault("SERVER_UNAVAILABLE", NOT_READY), seen, style)
        try:
            session = session_of(inspected.header)
        except DecodeError as error:
            return _bytes(500, server_fault(str(error), style), style.encoding)
        if session is None:
            return self._fault(CallFault("INVALID_SESSION", "invalid session"), seen, style)
        proved = await self._sessions.prove(session)
        if isinstance(proved, CallFault):
            return self._fault(proved, seen, style)
        caller: Caller = proved
        visit = Visit(caller.wait_seconds, lambda: request.transport is None or request.transport.is_closing())

        async def handle(call: Call) -> Reply:
            errand = Errand(call, caller, self._tenant, uuid.uuid4().hex, self._runtime.instance, default_route)
            try:
                return await self._runtime.run(errand, visit, session, self._sessions.host(session))
            except Stopping:
                return CallFault("SERVER_UNAVAILABLE", "The bridge is stopping; nothing was sent. Repeat it later.")

        exchange = Exchange(inspected.payload, inspected.header, style, seen.type, handle)
        began = time.monotonic()
        body, reply = await self._facade.answer(exchange)
        if reply is not None:
            METRICS.call_seconds.observe(time.monotonic() - began, op=seen.operation, route=_route(reply))
            _count(seen.operation, reply)
        if body is None:
            assert isinstance(reply, Silence)
            return _bytes(504, b"", style.encoding, _told(reply.outcomes))
        if isinstance(reply, Rows):
            response = _bytes(200, body, style.encoding, _told(reply.outcomes))
            await self._deliver(request, response, reply.outcomes)
            return response
        status, retry_after = (reply.status, reply.retry_after) if isinstance(reply, CallFault) else (500, None)
        return _bytes(status, body, style.encoding, _retry(retry_after))

    async def _deliver(self, request: web.BaseRequest, response: web.Response, outcomes: tuple[Outcome, ...]) -> None:
        """Write the answer; it counts as delivered when the socket has taken its last byte."""
        await response.prepare(request)
        await response.write_eof()
        transport = request.transport
        while transport is not None and not transport.is_closing() and transport.get_write_buffer_size():
            await asyncio.sleep(0.01)
        if transport is not None and not transport.is_closing():
            self._runtime.delivered(outcomes)

    def _fault(self, fault: CallFault, seen: Seen, style: Style) -> web.Response:
        body = self._facade.renderer.fault(fault, seen.operation, style)
        return _bytes(fault.status, body, style.encoding, _retry(fault.retry_after))

    # ------------------------------------------------------------------ the rest

    def _file(self, request: web.BaseRequest) -> web.Response:
        extended = any(name.lower() == "extended" for name in request.rel_url.query)
        body = self._wsdl.served(self._address(request), extended=extended)
        return web.Response(body=body, headers={"Content-Type": "text/xml;charset=UTF-8", "Server": "bridge"})

    async def _pass_apps(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.method not in ("GET", "HEAD", "OPTIONS"):
            return _plain(405, "Only GET and POST are served here; nothing was sent.")
        return _relay(await self._passing.soap(request.method, request.raw_path, _as_sent(request), b""))

    async def _rest(self, request: web.BaseRequest, found: Found) -> web.StreamResponse:
        """Actions and CRUD are looked at before they pass; every other path is streamed unparsed."""
        await _go_on(request)
        if found.door is Door.REST:
            return await self._stream(request)
        body = bytearray()
        async with asyncio.timeout(RECEIVE_SECONDS):
            async for piece in request.content.iter_any():
                body += piece
                if len(body) > DEFAULT_LIMITS.body_bytes:
                    return _plain(413, "The request is too large; nothing was sent.", close=True)
        if found.door is Door.ACTION and found.rest in WRITES and "Content-Encoding" in request.headers:
            return _plain(415, "A compressed body is not read on this path; nothing was sent.")
        refused = json_doors.refusal(request.method, found.rest, bytes(body), crud=found.door is Door.CRUD)
        if refused is not None:
            headers = {"Content-Type": "application/json", "Server": "bridge"}
            return web.Response(status=refused[0], body=refused[1], headers=headers)
        passed = await self._passing.rest(request.method, request.raw_path, _as_sent(request), bytes(body))
        return _relay(passed)

    async def _stream(self, request: web.BaseRequest) -> web.StreamResponse:
        body = request.content.iter_any() if request.body_exists else None
        async with self._passing.stream(request.method, request.raw_path, _as_sent(request), body) as came:
            if not isinstance(came, Streamed):
                log.warning("not passed", came=type(came).__name__.lower(), reason=came.reason)
                return _relay(no_answer(came))
            response = web.StreamResponse(status=came.status, reason=came.reason)
            response.headers.clear()
            response.headers.extend(came.headers)
            await response.prepare(request)
            try:
                async for piece in came.pieces:
                    await response.write(piece)
            except Broken:
                # The status is gone already: only a connection that ends early tells the caller.
                if request.transport is not None:
                    request.transport.abort()
                return response
            await response.write_eof()
            return response

    def _address(self, request: web.BaseRequest) -> str:
        """The bridge's own origin as this caller reaches it."""
        if self._public_url is not None:
            return self._public_url
        host = request.headers.get("Host", "")
        parts = urlsplit(f"http://{host}")
        # The header goes into XML that other clients may cache: only what can be a host is repeated.
        if not host or parts.netloc != host or not host.isascii() or parts.username is not None:
            return "http://127.0.0.1"
        return f"http://{host}"


NOT_READY = "The bridge has no REST credential for this tenant (see /readyz); nothing was sent."


def ready(tenant: Tenant, has_credential: bool) -> bool:
    """Whether journaled writes can be served: with settlement on, look-ups need the bridge's own credential."""
    return has_credential or tenant.settlement is Settlement.OFF


def _token(request: web.BaseRequest) -> str:
    """How the caller spells the charset, where no body was read."""
    admission = admit(request.headers)
    return encoding_token(None if isinstance(admission, Refusal) else admission.charset)


async def _go_on(request: web.BaseRequest) -> None:
    """Tell a caller that waits for it that the body may come (RFC 9110, 10.1.1); .NET and PHP proxies wait."""
    if request.version >= HttpVersion11 and request.headers.get("Expect", "").lower() == "100-continue":
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        # The answer proper has not begun.
        request.writer.output_size = 0


def _as_sent(request: web.BaseRequest) -> list[tuple[str, str]]:
    """The headers as they came, spelling and repetition included."""
    return [(name.decode("latin-1"), value.decode("utf-8", "surrogateescape")) for name, value in request.raw_headers]


def _asks_wsdl(request: web.BaseRequest) -> bool:
    return any(name.lower() == "wsdl" for name in request.rel_url.query)


def _entity(inspected: Inspected) -> str:
    """The entity that a login named, by its id or its name (Zuora: login() call, multi-entity)."""
    assert inspected.payload is not None
    for child in inspected.payload:
        if isinstance(child.tag, str) and child.tag.rpartition("}")[2] in ("entityId", "entityName"):
            return (child.text or "").strip()
    return ""


def _route(reply: Reply) -> str:
    """The route of a call for its metrics: one of a few words."""
    routes = {each.route.value for each in getattr(reply, "outcomes", ()) if each.route is not None}
    return routes.pop() if len(routes) == 1 else ("mixed" if routes else "none")


def _count(operation: str, reply: Reply) -> None:
    if isinstance(reply, CallFault):
        METRICS.calls.add(op=operation, route="none", told="fault")
        return
    for each in reply.outcomes:
        METRICS.calls.add(op=operation, route=each.route.value if each.route else "none", told=each.told.value)


def _told(outcomes: tuple[Outcome, ...]) -> dict[str, str]:
    headers = {
        "Bridge-Intent": ",".join(each.intent_id or "" for each in outcomes),
        "Bridge-Route": ",".join(each.route.value if each.route is not None else "" for each in outcomes),
    }
    if any(each.joined for each in outcomes):
        headers["Bridge-Joined"] = "true"
    return headers


def _retry(seconds: int | None) -> dict[str, str]:
    return {} if seconds is None else {"Retry-After": str(seconds)}


@lru_cache(maxsize=1)
def _date(second: int) -> str:
    return formatdate(second, usegmt=True)


def _bytes(status: int, body: bytes, token: str, more: Mapping[str, str] | None = None) -> web.Response:
    headers = {**_NO_STORE, "Expires": _date(int(time.time())), **(more or {})}
    # Without a space after the semicolon, as Zuora writes it: one Ruby stack fails on any other spelling.
    headers["Content-Type"] = f"text/xml;charset={token}"
    return web.Response(status=status, body=body, headers=headers)


def _plain(status: int, text: str, *, close: bool = False) -> web.Response:
    headers = {"Content-Type": "text/plain;charset=UTF-8", "Server": "bridge"}
    # RFC 9110, 15.5.14; Pythons before 3.13 still call it otherwise, and the bytes shall not depend on that.
    reason = "Content Too Large" if status == 413 else None
    response = web.Response(status=status, reason=reason, body=text.encode(), headers=headers)
    if close:
        response.force_close()
    return response


def _relay(passed: Passed) -> web.Response:
    response = web.Response(status=passed.status, body=passed.body)
    response.headers.clear()
    for name, value in passed.headers:
        if name.lower() != "content-length":
            response.headers.add(name, value)
    return response
