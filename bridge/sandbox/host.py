"""A Zuora host without its sockets: a request in, an answer out, with the ordered faults in between.

Contract: ``answer`` does with a request what the server does, in the order in which it happens at Zuora, and may take
time where a fault says so. Whoever has requests of its own (the HTTP server, a simulation) gives it each of them with
the faults that are its own. Must not hold a rule of Zuora's: those live in the faces and the tenant.
"""

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

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
from bridge.sandbox.sessions import Grant, Sessions
from bridge.sandbox.soap.face import SoapFace
from bridge.sandbox.soap.faults import LIMIT_TEXT, ServerFault, unexpected

SOAP_PATH = "/apps/services/a/"
_CHARSET = re.compile(r"charset=\s*\"?([\w.:-]+)", re.IGNORECASE)
_HTML = (
    "<html>\r\n<head><title>{0}</title></head>\r\n<body>\r\n<center><h1>{0}</h1></center>\r\n"
    "<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
)


class Dropped(Exception):
    """The connection is to be closed without (or in the middle of) an answer."""


@dataclass(frozen=True)
class Arrived:
    """A request as it reached the host. Header names are in lower case; ``path`` is decoded, ``target`` is not."""

    method: str
    target: str
    path: str
    query: Sequence[tuple[str, str]]
    headers: Mapping[str, str]
    body: bytes
    host: str


class Host:
    """Tenants behind one address; `tenant` is the one the seed names."""

    def __init__(self) -> None:
        self.url = ""
        self.faults = Faults()

    def furnish(self, clock: TenantClock, tenants: Mapping[str, Tenant], first: str) -> None:
        """Forget everything and go on with these books; `first` names `tenant` among them."""
        self.clock = clock
        self.tenants = dict(tenants)
        self.tenant: Tenant = self.tenants[first]
        self.sessions = Sessions(self.tenants)
        self.soap = SoapFace(self.sessions)
        self.rest = RestFace(self.sessions, self.soap)
        self.keys = IdempotencyStore()
        self.recording = Recording(self.tenant.settings.request_log)
        self.faults.clear()

    def record(self, arrived: Arrived) -> Recorded:
        """Remember a request before anything is done about it."""
        face, body, operation = face_of(arrived.path), arrived.body, ""
        if face == "soap":
            body = as_utf8(body, arrived.headers.get("content-type", ""))
            operation = soap_operation(body)
        now = self.clock.now()
        return self.recording.add(now, face, arrived.method, arrived.target, arrived.headers, body, operation)

    async def answer(self, arrived: Arrived, record: Recorded, faults: Sequence[Fault]) -> Answer:
        """Answer one request that has these faults; raises ``Dropped``."""
        record.faults = [fault.kind for fault in faults]
        answer = await self._respond(arrived, record, faults)
        record.status = answer.status
        return answer

    async def _respond(self, request: Arrived, record: Recorded, faults: Sequence[Fault]) -> Answer:
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
            await _delay_before(faults)
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
            return self.limited(record, {"Retry-After": str(fault.retry_after)}, fault.message)
        if record.face == "soap":
            return None
        if fault.kind == "expired_token":
            return unauthenticated(record.path, record.headers)
        return plain_answer(409, fault.message or "A request with this idempotency key is in progress.", record.headers)

    def limited(self, record: Recorded, headers: Mapping[str, str], message: str | None = None) -> Answer:
        """Turn a request away for a limit, with headers that say for how long."""
        if record.face != "soap":
            return problem(70, message or LIMIT_TEXT, record.headers, extra=headers)
        answer = self._soap_answer(record, Orders(fault=unexpected("REQUEST_EXCEEDED_LIMIT", LIMIT_TEXT, 429)))
        return Answer(answer.status, {**answer.headers, **headers}, answer.body)

    async def _soap(self, request: Arrived, record: Recorded, faults: Sequence[Fault], fault: Fault | None) -> Answer:
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

    async def _rest(self, request: Arrived, record: Recorded, faults: Sequence[Fault], fault: Fault | None) -> Answer:
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

    def _rest_answer(self, request: Arrived, record: Recorded, grant: Grant, fault: Fault | None) -> Answer:
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
            query=request.query,
            headers=headers,
            body=record.body,
            base_url=f"http://{request.host}",
            orders=_orders(fault),
        )
        return self.rest.answer(asked)


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


def face_of(path: str) -> str:
    """Which face a path belongs to."""
    if path.startswith(SOAP_PATH):
        return "soap"
    if path == "/oauth/token":
        return "oauth"
    return "query" if path.startswith("/object-query/") else "rest"


async def _delay_before(faults: Sequence[Fault]) -> None:
    for one in faults:
        if one.kind == "delay" and one.when == "before":
            await asyncio.sleep(one.seconds)
