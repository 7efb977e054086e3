"""The SOAP operations: who calls, what is asked, and the rows or fault that answer it.

Source: Zuora: SOAP API calls. Must not know HTTP: it gets bytes and gives back a status and bytes.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bridge.sandbox.ledger import InvariantBroken, Tenant
from bridge.sandbox.orders import NONE, Orders
from bridge.sandbox.sessions import Grant, Sessions
from bridge.sandbox.soap import answers, billing, zoql
from bridge.sandbox.soap.envelope import Request, arguments, read_request, zobjects
from bridge.sandbox.soap.faults import ServerFault, TypedFault, unexpected
from bridge.sandbox.soap.rows import Row
from bridge.sandbox.soap.schema import NEWEST
from bridge.sandbox.soap.writes import delete_objects, write_objects

MOST_ROWS = 2000
OLD_PAGES = 5
LOCATOR_LIFE = timedelta(minutes=15)


@dataclass
class Cursor:
    """A query whose further pages can be asked for."""

    query: zoql.Query
    rows: list[Row]
    until: datetime


@dataclass(frozen=True)
class SoapAnswer:
    """What to send back."""

    status: int
    body: bytes
    soap12: bool


class SoapFace:
    """Zuora's SOAP API for all tenants on this host."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._cursors: dict[str, Cursor] = {}

    def answer(
        self,
        raw: bytes,
        version: str,
        server_url: str,
        token: str,
        orders: Orders = NONE,
    ) -> SoapAnswer:
        """Answer one envelope."""
        soap12, number = False, NEWEST
        try:
            request = read_request(raw)
            soap12 = request.soap12
            number = _version(version)
            if orders.fault is not None:
                raise orders.fault
            inner = self._dispatch(request, number, server_url, orders)
        except (TypedFault, ServerFault) as problem:
            status = problem.status if isinstance(problem, TypedFault) else 500
            body = answers.fault(problem, soap12=soap12, version=number)
            return SoapAnswer(status, answers.envelope(body, soap12=soap12, token=token), soap12)
        except InvariantBroken as problem:
            body = answers.fault(ServerFault(f"unknown: {problem}"), soap12=soap12, version=number)
            return SoapAnswer(500, answers.envelope(body, soap12=soap12, token=token), soap12)
        return SoapAnswer(200, answers.envelope(inner, soap12=soap12, token=token), soap12)

    def _dispatch(self, request: Request, version: int, server_url: str, orders: Orders) -> str:
        operation = request.operation
        if operation == "login":
            return self._login(request, server_url)
        known = ("getUserInfo", "create", "update", "delete", "query", "queryMore", *billing.OPERATIONS)
        if operation not in known:
            raise ServerFault(f"The endpoint reference (EPR) for the Operation not found is {operation}")
        grant = self._sessions.by_session(request.session)
        if grant is None:
            raise unexpected("INVALID_SESSION", "invalid session")
        if operation == "getUserInfo":
            return _user_info(grant)
        if operation == "query":
            return self._query(request, grant.tenant, version)
        if operation == "queryMore":
            return self._query_more(request, grant.tenant, version)
        if operation == "delete":
            kind, ids = _deletions(request)
            return answers.delete_response(delete_objects(grant, kind, ids, version, orders=orders), version)
        if operation in billing.OPERATIONS:
            return billing.answer_soap(grant.tenant, request)
        objects = zobjects(request, version)
        single = request.single_transaction
        results = write_objects(grant, operation, objects, version, single=single, orders=orders)
        return answers.save_response(operation, results, version)

    def _login(self, request: Request, server_url: str) -> str:
        given: dict[str, str] = {}
        allowed = ["username", "password", "entityId", "entityName"]
        for name, text in arguments(request):
            # The engine reads login's arguments in schema order and trips over anything else.
            if name not in allowed:
                raise ServerFault(f"Unexpected subelement {name}")
            del allowed[: allowed.index(name) + 1]
            given[name] = text
        if "entityId" in given and "entityName" in given:
            raise TypedFault("LoginFault", "INVALID_VALUE", "Only one of entityId and entityName can be specified.")
        grant = self._sessions.check(given.get("username", "").strip(), given.get("password", ""))
        if grant is None:
            message = "Invalid login. User name and password do not match."
            raise TypedFault("LoginFault", "INVALID_VALUE", message)
        entity = given.get("entityId") or given.get("entityName") or ""
        inside = grant.within(entity)
        if inside is None:
            raise TypedFault("LoginFault", "INVALID_VALUE", f"The entity {entity} is invalid.")
        return answers.login_response(self._sessions.open(inside), server_url)

    def _query(self, request: Request, tenant: Tenant, version: int) -> str:
        text = next((value for name, value in arguments(request) if name == "queryString"), "")
        fields = tenant.settings.custom_fields
        query = zoql.parse(text, version, custom=fields, case_sensitive=request.case_sensitive)
        rows = zoql.run(tenant, query)
        locator = ""
        size = page_size(request.batch_size, version)
        if len(rows) > size:
            locator = self.remember(query, rows, tenant.clock.now())
        return _page("query", query, rows, 0, size, locator, version)

    def _query_more(self, request: Request, tenant: Tenant, version: int) -> str:
        text = next((value for name, value in arguments(request) if name == "queryLocator"), "").strip()
        cursor, locator, offset = self.cursor(text, tenant)
        return _page(
            "queryMore", cursor.query, cursor.rows, offset, page_size(request.batch_size, version), locator, version
        )

    def remember(self, query: zoql.Query, rows: list[Row], now: datetime) -> str:
        """Keep a query's rows for further pages; return the locator's fixed part."""
        for old in [key for key, cursor in self._cursors.items() if now >= cursor.until]:
            del self._cursors[old]
        locator = secrets.token_hex(16)
        self._cursors[locator] = Cursor(query, rows, now + LOCATOR_LIFE)
        return locator

    def cursor(self, text: str, tenant: Tenant) -> tuple[Cursor, str, int]:
        """Find a locator's rows; 15 minutes without use end it (Zuora: queryMore)."""
        locator, _, offset = text.rpartition("-")
        cursor = self._cursors.get(locator)
        now = tenant.clock.now()
        if cursor is None or not offset.isdecimal() or cursor.rows[0].tenant is not tenant or now >= cursor.until:
            raise TypedFault("InvalidQueryLocatorFault", "INVALID_VALUE", "invalid query locator")
        cursor.until = now + LOCATOR_LIFE
        return cursor, locator, int(offset)


def page_size(batch_size: int, version: int) -> int:
    """Return rows per page: 0 and everything above 2000 mean 2000, up to WSDL 5 it is 100 (Zuora: query, queryMore)."""
    most = MOST_ROWS if version > OLD_PAGES else 100
    return batch_size if 0 < batch_size <= most else most


def _deletions(request: Request) -> tuple[str, list[str]]:
    given = arguments(request)
    kind = next((text.strip() for name, text in given if name == "type"), "")
    return kind, [text.strip() for name, text in given if name == "ids"]


def _user_info(grant: Grant) -> str:
    return answers.user_info_response(
        [
            ("TenantId", grant.tenant.tenant_id),
            ("TenantName", grant.tenant.title),
            ("UserEmail", grant.user.name),
            ("UserFullName", "API User"),
            ("UserId", grant.user.id),
            ("Username", grant.user.name),
        ]
    )


def _page(
    operation: str, query: zoql.Query, rows: Sequence[Row], offset: int, size: int, locator: str, version: int
) -> str:
    page = rows[offset : offset + size]
    written = [
        f"<ns2:Id>{row.id}</ns2:Id>"
        + answers.record(((name, row.value(query.kind, name)) for name in query.fields), version)
        for row in page
    ]
    end = offset + size
    more = f"{locator}-{end}" if locator and end < len(rows) else None
    return answers.query_response(operation, query.kind, written, locator=more, size=len(rows))


def _version(text: str) -> int:
    major, _, minor = text.partition(".")
    if not major.isdecimal() or (minor and not minor.isdecimal()) or not 1 <= int(major) <= NEWEST:
        raise unexpected("INVALID_VERSION", f"invalid version: {text[:20]}")
    return int(major)
