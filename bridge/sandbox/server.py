"""The HTTP server of the sandbox: routes a request to a face, applies ordered faults, records what came.

Must not hold a rule of Zuora's: those live in the faces and the tenant.
"""

import asyncio
import contextlib
import re
import threading
from typing import Any

from aiohttp import web
from aiohttp.http_parser import RawRequestMessage
from aiohttp.streams import StreamReader

from bridge.sandbox import control
from bridge.sandbox.clock import TenantClock
from bridge.sandbox.faults import EDGE, Fault, Faults
from bridge.sandbox.gateway import verdict_of
from bridge.sandbox.idempotency import LONGEST_KEY, Answer, IdempotencyStore
from bridge.sandbox.ledger import Tenant
from bridge.sandbox.orders import NONE, Orders
from bridge.sandbox.recording import Recorded, Recording, as_utf8, soap_operation
from bridge.sandbox.refusal import BUSINESS_RULE, Refusal
from bridge.sandbox.rest.access import is_legacy, unauthenticated
from bridge.sandbox.rest.errors import plain_answer, problem
from bridge.sandbox.rest.face import RestFace
from bridge.sandbox.rest.routes import RestRequest
from bridge.sandbox.seeds import BESIDE, SEEDS, sow
from bridge.sandbox.sessions import Grant, Sessions
from bridge.sandbox.soap.face import SoapFace
from bridge.sandbox.soap.faults import LIMIT_TEXT, ServerFault, unexpected

SOAP_PATH = "/apps/services/a/"
_LARGEST_BODY = 64 * 1024 * 1024
# Larger answers are sent chunked, as recorded.
_CHUNKED_FROM = 40_000
_CHARSET = re.compile(r"charset=\s*\"?([\w.:-]+)", re.IGNORECASE)
_HTML = (
    "<html>\r\n<head><title>{0}</title></head>\r\n<body>\r\n<center><h1>{0}</h1></center>\r\n"
    "<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
)


class Dropped(Exception):
    """The connection is to be closed without (or in the middle of) an answer."""


class Sandbox:
    """A simulated Zuora host with the tenant of a seed, `tenant`, and strangers beside it."""

    def __init__(self, seed: str = "demo") -> None:
        self.url = ""
        self.faults = Faults()
        self.reset(seed)
        self._runner: web.ServerRunner | None = None

    def reset(self, seed: str) -> None:
        """Forget everything and start from a seed."""
        if seed not in SEEDS:
            raise ValueError(f"unknown seed {seed!r}; known: {', '.join(SEEDS)}")
        self.clock = TenantClock()
        self.tenants = {name: sow(name, self.clock) for name in BESIDE[seed]}
        self.tenant: Tenant = self.tenants[seed]
        self.sessions = Sessions(self.tenants)
        self.soap = SoapFace(self.sessions)
        self.rest = RestFace(self.sessions, self.soap)
        self.keys = IdempotencyStore()
        self.recording = Recording(self.tenant.settings.request_log)
        self.faults.clear()

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Bind and serve in the running loop."""
        server = web.Server(self._handle, request_factory=_request, access_log=None)
        self._runner = web.ServerRunner(server, shutdown_timeout=0.5)
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port)
        await site.start()
        bound = self._runner.addresses[0]
        self.url = f"http://{host}:{bound[1]}"

    async def stop(self) -> None:
        """Stop serving."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        path = request.path
        if path == "/sandbox" or path.startswith("/sandbox/"):
            status, text = control.answer(self, request.method, path, dict(request.query), await request.read())
            return web.Response(status=status, text=text, content_type="application/json")
        body = await request.read()
        face = _face(path)
        headers = {name.lower(): value for name, value in request.headers.items()}
        if face == "soap":
            body = as_utf8(body, headers.get("content-type", ""))
        operation = soap_operation(body) if face == "soap" else ""
        record = self.recording.add(self.clock.now(), face, request.method, request.path_qs, headers, body, operation)
        faults = self.faults.take(request.method, request.path_qs, operation, body)
        record.faults = [fault.kind for fault in faults]
        try:
            answer = await self._respond(request, record, faults)
        except Dropped:
            _close(request, reset=any(fault.reset for fault in faults))
            return web.Response()
        record.status = answer.status
        if any(fault.kind == "truncated" for fault in faults):
            return await self._truncated(request, answer)
        return self._http(answer)

    async def _respond(self, request: web.BaseRequest, record: Recorded, faults: list[Fault]) -> Answer:
        fault = next((one for one in faults if one.kind != "delay"), None)
        edge: Answer | None = None
        if fault is not None and fault.kind in EDGE:
            if not fault.commit:
                await _delay_before(faults)
            edge = self._edge(record, fault)
            if edge is not None and not fault.commit:
                return edge
        if record.face == "soap":
            answer = await self._soap(request, record, faults, fault)
        elif record.face == "oauth":
            answer = self.rest.token(record.method, record.headers, record.body)
        else:
            answer = await self._rest(request, record, faults, fault)
        for one in faults:
            if one.kind == "delay" and one.when == "after":
                await asyncio.sleep(one.seconds)
        if fault is not None and fault.kind == "drop_after":
            record.status = 0
            raise Dropped
        if fault is not None and fault.kind == "error_500_after" and not fault.stored:
            return self._error_500(record, fault)
        return edge or answer

    def _edge(self, record: Recorded, fault: Fault) -> Answer | None:
        if fault.kind == "drop_before":
            raise Dropped
        if fault.kind.startswith("html_"):
            title = "502 Bad Gateway" if fault.kind == "html_502" else "503 Service Temporarily Unavailable"
            return Answer(int(title[:3]), {"Content-Type": "text/html"}, _HTML.format(title).encode())
        if fault.kind == "rate_limited":
            retry = {"Retry-After": str(fault.retry_after)}
            if record.face == "soap":
                limit = Orders(fault=unexpected("REQUEST_EXCEEDED_LIMIT", LIMIT_TEXT, 429))
                answer = self._soap_answer(record, limit)
                return Answer(answer.status, {**answer.headers, **retry}, answer.body)
            return problem(70, fault.message or LIMIT_TEXT, record.headers, extra=retry)
        if record.face == "soap":
            return None
        if fault.kind == "expired_token":
            return unauthenticated(record.path, record.headers)
        return plain_answer(409, fault.message or "A request with this idempotency key is in progress.", record.headers)

    async def _soap(
        self, request: web.BaseRequest, record: Recorded, faults: list[Fault], fault: Fault | None
    ) -> Answer:
        await _delay_before(faults)
        orders = _orders(fault)
        if fault is not None and fault.kind == "error_500_before":
            orders = Orders(fault=ServerFault(fault.message or "unknown"))
        elif fault is not None and fault.kind == "expired_session":
            orders = Orders(fault=unexpected("INVALID_SESSION", "invalid session"))
        return self._soap_answer(record, orders, host=request.host)

    def _soap_answer(self, record: Recorded, orders: Orders = NONE, *, host: str = "") -> Answer:
        if record.method != "POST":
            return Answer(405, {"Content-Type": "text/html"}, _HTML.format("405 Method Not Allowed").encode())
        version = record.path.partition("?")[0].removeprefix(SOAP_PATH).strip("/")
        found = _CHARSET.search(record.headers.get("content-type", ""))
        asked = found[1] if found else "UTF-8"
        token = asked if asked.lower() == "utf-8" else "UTF-8"
        server_url = f"http://{host}{SOAP_PATH}{version}" if host else f"{self.url}{SOAP_PATH}{version}"
        answer = self.soap.answer(record.body, version, server_url, token, orders=orders)
        media = "application/soap+xml" if answer.soap12 else "text/xml"
        headers = {
            "Content-Type": f"{media};charset={token}",
            "Cache-Control": "max-age=0, no-cache, no-store",
            "Pragma": "no-cache",
            "Expires": self.clock.date_header(),
        }
        return Answer(answer.status, headers, answer.body)

    def _error_500(self, record: Recorded, fault: Fault) -> Answer:
        if record.face == "soap":
            return self._soap_answer(record, Orders(fault=ServerFault(fault.message or "unknown")))
        return problem(fault.category or 60, fault.message or "Internal error", record.headers, status=500)

    async def _rest(
        self, request: web.BaseRequest, record: Recorded, faults: list[Fault], fault: Fault | None
    ) -> Answer:
        headers = record.headers
        path = record.path.partition("?")[0]
        if path == "/v1/connections":
            return self.rest.connect(record.method, headers)
        grant = self.rest.admit(path, headers)
        if isinstance(grant, Answer):
            return grant
        if fault is not None and fault.kind == "expired_session":
            return unauthenticated(path, headers)
        key = headers.get("idempotency-key") if record.method in ("POST", "PATCH") else None
        if key is not None:
            if not key or len(key) >= LONGEST_KEY:
                return problem(20, "The Idempotency-Key must be shorter than 255 characters.", headers)
            scope = (grant.tenant.tenant_id, record.method, record.path)
            claimed = self.keys.begin(key, scope, self.clock.now())
            if isinstance(claimed, Answer):
                record.replayed = True
                return claimed
            if claimed:
                return plain_answer(claimed, _KEY_TEXTS[claimed], headers)
        try:
            await _delay_before(faults)
            answer = self._rest_answer(request, record, grant, fault)
            keep = answer
            if fault is not None and fault.kind == "error_500_after" and fault.stored:
                keep = answer = self._error_500(record, fault)
        except BaseException:
            if key is not None:
                self.keys.abandon(key)
            raise
        if key is not None:
            # Failures are stored too, unless the fault says that they came from in front of the store.
            if fault is not None and fault.kind in ("error_500_before", "lock", "refuse") and fault.stored is False:
                self.keys.abandon(key)
            else:
                self.keys.finish(key, keep)
        return answer

    def _rest_answer(self, request: web.BaseRequest, record: Recorded, grant: Grant, fault: Fault | None) -> Answer:
        kind = fault.kind if fault is not None else ""
        headers = record.headers
        if fault is not None and kind == "error_500_before":
            return problem(fault.category or 61, fault.message or "Temporary error", headers, status=500)
        if fault is not None and not is_legacy(record.path):
            if kind == "lock":
                return problem(50, fault.message or _LOCK_TEXT, headers)
            if kind == "refuse":
                return problem(fault.category or BUSINESS_RULE, fault.message or _REFUSED_TEXT, headers)
        if fault is not None and kind == "success_false_200":
            return problem(fault.category or 30, fault.message or _REFUSED_TEXT, headers, status=200)
        asked = RestRequest(
            grant=grant,
            method=record.method,
            path=request.path,
            query=[(name, value) for name, value in request.query.items()],
            headers=headers,
            body=record.body,
            base_url=f"http://{request.host}",
            orders=_orders(fault),
        )
        return self.rest.answer(asked)

    def _http(self, answer: Answer) -> web.Response:
        response = web.Response(status=answer.status, body=answer.body, headers=answer.headers)
        response.headers["Date"] = self.clock.date_header()
        response.headers["Server"] = "Zuora App"
        if len(answer.body) > _CHUNKED_FROM:
            response.enable_chunked_encoding()
        return response

    async def _truncated(self, request: web.BaseRequest, answer: Answer) -> web.StreamResponse:
        response = web.StreamResponse(status=answer.status, headers=answer.headers)
        response.content_length = len(answer.body)
        response.headers["Date"] = self.clock.date_header()
        await response.prepare(request)
        await response.write(answer.body[: len(answer.body) // 2])
        _close(request, reset=False)
        return response


_LOCK_TEXT = "Operation failed due to a lock competition, please retry later."
_REFUSED_TEXT = "The operation was refused."


def _orders(fault: Fault | None) -> Orders:
    if fault is None:
        return NONE
    if fault.kind == "refuse":
        refusal = Refusal(fault.category or BUSINESS_RULE, fault.message or _REFUSED_TEXT, soap=fault.code)
        return Orders(refuse=refusal)
    if fault.kind == "soap_fault":
        return Orders(fault=unexpected(fault.code or "UNKNOWN_ERROR", fault.message or _REFUSED_TEXT))
    if fault.kind == "lock":
        return Orders(fault=unexpected("LOCK_COMPETITION", fault.message or _LOCK_TEXT))
    return Orders(verdict=verdict_of(fault.kind))


_KEY_TEXTS = {
    409: "A request with this idempotency key is in progress.",
    422: "The idempotency key was used for another request.",
}


def _face(path: str) -> str:
    if path.startswith(SOAP_PATH):
        return "soap"
    if path == "/oauth/token":
        return "oauth"
    return "query" if path.startswith("/object-query/") else "rest"


async def _delay_before(faults: list[Fault]) -> None:
    for one in faults:
        if one.kind == "delay" and one.when == "before":
            await asyncio.sleep(one.seconds)


def _close(request: web.BaseRequest, *, reset: bool) -> None:
    transport = request.transport
    if transport is None:
        return
    if reset:
        transport.abort()
    else:
        transport.close()


def _request(
    message: RawRequestMessage,
    payload: StreamReader,
    protocol: Any,
    writer: Any,
    task: "asyncio.Task[None]",
) -> web.BaseRequest:
    loop = asyncio.get_running_loop()
    return web.BaseRequest(message, payload, protocol, writer, task, loop, client_max_size=_LARGEST_BODY)


class SandboxThread:
    """A sandbox in a thread of its own, for tests and demos."""

    def __init__(self, seed: str = "demo", host: str = "127.0.0.1", port: int = 0) -> None:
        self.sandbox = Sandbox(seed)
        self._host, self._port = host, port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="sandbox", daemon=True)
        self._started = threading.Event()
        self._failure: BaseException | None = None

    @property
    def url(self) -> str:
        """Where the sandbox listens."""
        return self.sandbox.url

    @property
    def tenant(self) -> Tenant:
        """The tenant, for inspection."""
        return self.sandbox.tenant

    def __enter__(self) -> "SandboxThread":
        self._thread.start()
        self._started.wait(10)
        if self._failure is not None:
            raise self._failure
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop the sandbox and its thread."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(10)
        elif not self._loop.is_closed():
            self._loop.close()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self.sandbox.start(self._host, self._port))
        except BaseException as error:
            self._failure = error
            self._started.set()
            return
        self._started.set()
        try:
            self._loop.run_forever()
        finally:
            self._loop.run_until_complete(self.sandbox.stop())
            with contextlib.suppress(RuntimeError):
                self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.close()
