"""The SOAP door: receive, guard, look; then pass the same bytes on, or decode, run and answer.

Receiving is bounded in time and size before anything is parsed. Must not decide about payments, and must not answer
with a trace, a path or another caller's words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from aiohttp import web

from bridge.contract.decode import session as session_of
from bridge.contract.errors import DecodeError
from bridge.contract.query_wire import argument
from bridge.contract.wire import Style, encoding_token, server_fault
from bridge.core.identity import harvested
from bridge.core.model import Call, Caller, CallFault, Reply, Rows, Silence, Version
from bridge.core.versions import NO_VERSION
from bridge.facade.calls import Calls, visit_of
from bridge.facade.door import Seen, Way, look
from bridge.facade.guard import Inspected, Intake, Refusal, admit, inspect_received
from bridge.facade.message_ids import message_ids
from bridge.facade.passing import Passed, Passing, came_back, rewritten_login
from bridge.facade.paths import Found
from bridge.facade.receiving import Receiving
from bridge.facade.responses import (
    BEFORE_READING,
    FAILED,
    as_sent,
    go_on,
    plain,
    relay,
    retry,
    soap,
    told,
)
from bridge.facade.service import Exchange, Facade
from bridge.facade.sessions import Sessions
from bridge.facade.shadowing import Shadowing
from bridge.facade.soap_queries import SoapQueries
from bridge.facade.usage import UsageCounter
from bridge.parity.tap import Tap
from bridge.telemetry.call import current
from bridge.telemetry.log import get_logger
from bridge.telemetry.metrics import METRICS
from bridge.telemetry.stages import stage
from bridge.upstream.credential import Credential

log = get_logger("facade")

QUERIES = frozenset({"query", "querymore"})

READS = QUERIES | {"getuserinfo", "login"}
"""What changes nothing at Zuora, so that a lost answer is only lost. What nobody knows is not among them."""

LOST = CallFault(
    "TRANSACTION_TIMEOUT",
    "Zuora did not answer in time. What this call asks for may still be created or changed; the bridge has not "
    "repeated the call. Look at Zuora before you do.",
)


class SoapDoor:
    """Answers a POST to an address of SOAP; shared by all connections."""

    def __init__(
        self,
        *,
        facade: Facade,
        passing: Passing,
        sessions: Sessions,
        calls: Calls,
        soap_hosts: frozenset[str],
        receiving: Receiving,
        queries: SoapQueries | None = None,
        tap: Tap | None = None,
        used: UsageCounter | None = None,
        shadowing: Shadowing | None = None,
    ) -> None:
        self._used = used
        self._queries = queries
        self._shadowing = shadowing
        self._tap = tap
        self._facade = facade
        self._passing = passing
        self._sessions = sessions
        self._calls = calls
        self._soap_hosts = soap_hosts
        self._receiving = receiving

    async def __call__(self, request: web.BaseRequest, found: Found, origin: str) -> web.StreamResponse:
        """Answer one request; ``origin`` is the bridge as this caller reaches it. Raises TimeoutError."""
        inspected, raw = await self._receive(request)
        if isinstance(inspected, Refusal):
            METRICS.refusals.add(reason=inspected.reason)
            current().reason = inspected.reason
            if inspected.status != 500:
                return plain(inspected.status, inspected.text, close=True)
            style = replace(BEFORE_READING, soap12=inspected.soap12, encoding=_token(request))
            return soap(500, server_fault(inspected.text, style), style)
        style = replace(BEFORE_READING, soap12=inspected.soap12, encoding=encoding_token(inspected.admission.charset))
        try:
            response = await self._answer(request, found, inspected, raw, origin, style)
        except (ConnectionError, web.HTTPException):
            raise
        except Exception:
            log.exception("request failed")
            current().broke()
            return soap(500, server_fault(FAILED, style), style)
        if self._tap is not None:
            self._tap.take(request.path, request.headers, raw, getattr(response, "body", None))
        return response

    async def _answer(
        self, request: web.BaseRequest, found: Found, inspected: Inspected, raw: bytes, origin: str, style: Style
    ) -> web.StreamResponse:
        seen = look(inspected.payload)
        current().asks(seen.operation, seen.type, _version(found))
        if seen.way is Way.LOGIN:
            return await self._login(request, found, inspected, raw, origin)
        if seen.way is Way.PASS:
            if seen.operation.lower() in QUERIES:
                return await self._query(request, found, inspected, raw, style)
            return await self._pass(request, found, inspected, raw, seen, style)
        try:
            version = Version.parse(found.rest)
        except ValueError:
            return self._fault(CallFault("INVALID_VERSION", NO_VERSION), seen, style)
        style = replace(style, version=version)
        if seen.way is Way.UNREAD:
            return soap(500, server_fault(seen.why, style), style)
        if seen.way is Way.REFUSE:
            return self._fault(CallFault("INVALID_TYPE", seen.why, "InvalidTypeFault"), seen, style)
        return await self._journaled(request, inspected, seen, style)

    async def _receive(self, request: web.BaseRequest) -> tuple[Inspected | Refusal, bytes]:
        """The body as the guard sees it, and as it came. Nothing is read where the headers are refused."""
        admission = admit(request.headers)
        if isinstance(admission, Refusal):
            return admission, b""
        await go_on(request)
        intake = Intake(admission)
        refusal = await self._receiving.body(request, intake)
        received = intake.close() if refusal is None else refusal
        if isinstance(received, Refusal):
            return received, b""
        inspected = await self._receiving.parsed(received, lambda: inspect_received(received, admission))
        return inspected, intake.came(received)

    # ------------------------------------------------------------------ what goes to Zuora unchanged

    async def _passed(self, request: web.BaseRequest, inspected: Inspected, raw: bytes) -> Passed:
        return await self._passed_once(request.raw_path, as_sent(request), inspected, raw)

    async def _passed_once(
        self, path: str, headers: Sequence[tuple[str, str]], inspected: Inspected, raw: bytes
    ) -> Passed:
        try:
            session = session_of(inspected.header)
        except DecodeError:
            session = None
        host = self._sessions.host(session) if session is not None else None
        return await self._passing.soap("POST", path, headers, raw, host)

    async def _pass(
        self, request: web.BaseRequest, found: Found, inspected: Inspected, raw: bytes, seen: Seen, style: Style
    ) -> web.StreamResponse:
        """Anything but a query: without an answer from Zuora, the caller is told what that may mean."""
        passed = await self._passed(request, inspected, raw)
        version = _version(found)
        reads = seen.operation.lower() in READS
        current().came_to("pass", came_back(passed, changes=not reads))
        if self._used is not None:
            self._used.passed(seen.operation, seen.type, self._known(inspected), version)
        if passed.lost and version is not None and not reads:
            return self._fault(LOST, seen, replace(style, version=version))
        return relay(passed)

    async def _query(
        self, request: web.BaseRequest, found: Found, inspected: Inspected, raw: bytes, style: Style
    ) -> web.StreamResponse:
        """A query or queryMore passes at the caller's own version, unless policy sends it by REST."""
        answer, version = None, _version(found)
        if version is not None:
            style = replace(style, version=version)
        if self._queries is not None and version is not None:
            answer = await self._queries.answer(inspected, version, style)
        if self._used is not None and (text := _query_text(inspected)) is not None:
            self._used.query(text, self._known(inspected), version, "soap" if answer is None else "rest")
        if answer is not None:
            return answer
        passed = await self._passed(request, inspected, raw)
        current().came_to("pass", came_back(passed))
        if self._shadowing is not None and version is not None:
            again = partial(self._passed_once, request.raw_path, as_sent(request), inspected, raw)
            self._shadowing.soap(inspected, version, style, passed, len(raw), again)
        return relay(passed)

    async def _login(
        self, request: web.BaseRequest, found: Found, inspected: Inspected, raw: bytes, origin: str
    ) -> web.StreamResponse:
        """Put the bridge's own address into the answer and remember Zuora's."""
        # The answer is read, so it must not come compressed.
        headers = [(name, value) for name, value in as_sent(request) if name.lower() != "accept-encoding"]
        passed = await self._passing.soap("POST", request.raw_path, headers, raw)
        current().came_to("pass", came_back(passed))
        if self._used is not None:
            self._used.passed("login", "", None, _version(found))
        return relay(self._learn(found, inspected, passed, origin))

    def _learn(self, found: Found, inspected: Inspected, passed: Passed, origin: str) -> Passed:
        passed, logged_in = rewritten_login(passed, f"{origin}/apps/services/a/{found.rest}")
        if logged_in is not None:
            host: str | None = logged_in.server_host
            if host not in self._soap_hosts:
                log.warning("a ServerUrl outside BRIDGE_ZUORA__SOAP_HOSTS was ignored", host=host)
                host = None
            self._sessions.learn(logged_in.session, host, entity_of(inspected))
        return passed

    # ------------------------------------------------------------------ what the bridge answers

    async def _journaled(
        self, request: web.BaseRequest, inspected: Inspected, seen: Seen, style: Style
    ) -> web.StreamResponse:
        assert inspected.payload is not None
        unready = self._calls.unready()
        if unready is not None:
            return self._fault(unready, seen, style)
        try:
            session = session_of(inspected.header)
        except DecodeError as error:
            return soap(500, server_fault(str(error), style), style)
        if session is None:
            return self._fault(CallFault("INVALID_SESSION", "invalid session"), seen, style)
        with stage("session"):
            caller = await self._sessions.prove(session)
        if isinstance(caller, CallFault):
            return self._fault(caller, seen, style)
        visit, proved = visit_of(request, caller), caller
        credential = Credential(session, self._sessions.host(session))

        ids = message_ids(as_sent(request), request.query_string, inspected.header)

        async def handle(call: Call) -> Reply:
            return await self._calls.run(harvested(call, ids), proved, visit, credential)

        exchange = Exchange(inspected.payload, inspected.header, style, seen.type, handle)
        body, reply = await self._facade.answer(exchange)
        if reply is None:
            current().reason = "unreadable"
        if body is None:
            assert isinstance(reply, Silence)
            return soap(504, b"", style, told(reply.outcomes))
        if isinstance(reply, Rows):
            response = soap(200, body, style, told(reply.outcomes))
            await self._calls.deliver(request, response, reply.outcomes)
            return response
        status, retry_after = (reply.status, reply.retry_after) if isinstance(reply, CallFault) else (500, None)
        return soap(status, body, style, retry(retry_after))

    def _known(self, inspected: Inspected) -> Caller | None:
        try:
            session = session_of(inspected.header)
        except DecodeError:
            return None
        return self._sessions.known(session) if session is not None else None

    def _fault(self, fault: CallFault, seen: Seen, style: Style) -> web.Response:
        current().reason = fault.code
        body = self._facade.renderer.fault(fault, seen.operation, style)
        return soap(fault.status, body, style, retry(fault.retry_after))


def _token(request: web.BaseRequest) -> str:
    """How the caller spells the charset, where no body was read."""
    admission = admit(request.headers)
    return encoding_token(None if isinstance(admission, Refusal) else admission.charset)


def _query_text(inspected: Inspected) -> str | None:
    """The text of a query; None of a queryMore, which was counted with its first page."""
    assert inspected.payload is not None
    try:
        return argument(inspected.payload, "queryString")
    except DecodeError:
        return None


def _version(found: Found) -> Version | None:
    """The caller's WSDL version; None where the path names none, which is for Zuora to judge."""
    try:
        return Version.parse(found.rest)
    except ValueError:
        return None


def entity_of(inspected: Inspected) -> str:
    """The entity that a login named, by its id or its name (Zuora: login() call, multi-entity).

    .NET and PHP send both elements, the one that was not set as nil or empty.
    """
    assert inspected.payload is not None
    for child in inspected.payload:
        ours = isinstance(child.tag, str) and child.tag.rpartition("}")[2] in ("entityId", "entityName")
        if ours and (named := (child.text or "").strip()):
            return named
    return ""
