"""The HTTP server of the sandbox: takes requests from sockets to the host and its answers back.

Must not hold a rule of Zuora's: those live in the faces and the tenant.
"""

import asyncio
import contextlib
import threading
from collections.abc import Mapping
from typing import Any

from aiohttp import web
from aiohttp.http_parser import RawRequestMessage
from aiohttp.streams import StreamReader

from bridge.sandbox import control
from bridge.sandbox.clock import TenantClock
from bridge.sandbox.host import Arrived, Dropped, Host
from bridge.sandbox.idempotency import Answer
from bridge.sandbox.ledger import Tenant
from bridge.sandbox.limits import Limits
from bridge.sandbox.seeds import BESIDE, SEEDS, sow

_LARGEST_BODY = 64 * 1024 * 1024
# Larger answers are sent chunked, as recorded.
_CHUNKED_FROM = 40_000


class Sandbox(Host):
    """A simulated Zuora host with the tenant of a seed, `tenant`, and strangers beside it."""

    def __init__(self, seed: str = "demo") -> None:
        super().__init__()
        self.reset(seed)
        self._runner: web.ServerRunner | None = None

    def reset(self, seed: str) -> None:
        """Forget everything and start from a seed."""
        if seed not in SEEDS:
            raise ValueError(f"unknown seed {seed!r}; known: {', '.join(SEEDS)}")
        clock = TenantClock()
        self.furnish(clock, {name: sow(name, clock) for name in BESIDE[seed]}, seed)
        self.limits = Limits(clock)

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
        arrived = Arrived(
            method=request.method,
            target=request.path_qs,
            path=path,
            query=list(request.query.items()),
            headers={name.lower(): value for name, value in request.headers.items()},
            body=await request.read(),
            host=request.host,
        )
        record = self.record(arrived)
        login = record.face == "oauth" or path == "/v1/connections" or record.operation == "login"
        # A reset gives new ones, and what is under way leaves the old ones.
        limits, settings = self.limits, self.tenant.settings
        if exceeded := limits.enter(record.face, login, settings):
            answer = self.limited(record, exceeded.headers)
            record.status = answer.status
            return self._http(answer, {})
        faults = self.faults.take(record.method, record.path, record.operation, record.body)
        try:
            answer = await self.answer(arrived, record, faults)
        except Dropped:
            _close(request, reset=any(fault.reset for fault in faults))
            return web.Response()
        finally:
            limits.leave()
        if any(fault.kind == "truncated" for fault in faults):
            return await self._truncated(request, answer)
        return self._http(answer, limits.told(record.face, answer.status, settings))

    def _http(self, answer: Answer, limits: Mapping[str, str]) -> web.Response:
        response = web.Response(status=answer.status, body=answer.body, headers={**answer.headers, **limits})
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
