"""The SOAP side of queries by REST: whose query it is, its options, and the page as Zuora writes it.

Contract: ``answer`` gives None for every query that is to pass to Zuora unchanged: what policy leaves to SOAP, what
nobody can read the object of, and Zuora's own locators. The default costs no look at the caller. Must not run a query.
"""

from __future__ import annotations

from aiohttp import web

from bridge.contract.decode import session as session_of
from bridge.contract.errors import DecodeError
from bridge.contract.query_wire import QueryRenderer, argument, options
from bridge.contract.wire import Renderer, Style, server_fault
from bridge.core.model import Caller, CallFault, Version
from bridge.facade.guard import Inspected
from bridge.facade.queries import Queries, QueryOptions, QueryPage, is_own
from bridge.facade.responses import retry, soap
from bridge.facade.sessions import Sessions
from bridge.telemetry.call import current

QUERY = "query"
QUERY_MORE = "queryMore"


class SoapQueries:
    """Answers the queries of SOAP callers that go by REST."""

    def __init__(self, queries: Queries, sessions: Sessions, pages: QueryRenderer, faults: Renderer) -> None:
        self._queries = queries
        self._sessions = sessions
        self._pages = pages
        self._faults = faults

    async def answer(self, inspected: Inspected, version: Version, style: Style) -> web.Response | None:
        """The answer to a body that holds a query or queryMore; None where Zuora is to answer it."""
        assert inspected.payload is not None
        more = str(inspected.payload.tag).rpartition("}")[2].lower() != QUERY
        operation = QUERY_MORE if more else QUERY
        try:
            text = argument(inspected.payload, "queryLocator" if more else "queryString")
            candidate = self._candidate(text, more=more)
            if candidate is None:
                return None
            batch_size, case_sensitive = options(inspected.header)
            session = session_of(inspected.header)
        except DecodeError as error:
            # What the bridge cannot read it leaves to Zuora, unless nothing may go there.
            return None if self._queries.candidate("") is None else soap(500, server_fault(str(error), style), style)
        if session is None:
            return self._fault(CallFault("INVALID_SESSION", "invalid session"), operation, style)
        caller = await self._sessions.prove(session)
        if isinstance(caller, CallFault):
            return self._fault(caller, operation, style)
        if not more and not self._queries.by_rest(caller, candidate):
            return None
        current().by(caller)
        current().asks(operation, candidate)
        answer = await self._run(text, version, caller, QueryOptions(batch_size, case_sensitive), more=more)
        told = "fault" if isinstance(answer, CallFault) else "page"
        current().came_to("rest", told)
        if isinstance(answer, CallFault):
            return self._fault(answer, operation, style)
        body = self._pages.page(
            operation, answer.object, answer.names, answer.rows, size=answer.size, locator=answer.locator, style=style
        )
        return soap(200, body, style, {"Bridge-Route": "rest"})

    def _candidate(self, text: str, *, more: bool) -> str | None:
        if more:
            return text if is_own(text) else None
        return self._queries.candidate(text)

    async def _run(
        self, text: str, version: Version, caller: Caller, how: QueryOptions, *, more: bool
    ) -> QueryPage | CallFault:
        if more:
            return await self._queries.more(text, version, caller, how)
        return await self._queries.query(text, version, caller, how)

    def _fault(self, fault: CallFault, operation: str, style: Style) -> web.Response:
        body = self._faults.fault(fault, operation, style)
        return soap(fault.status, body, style, retry(fault.retry_after))
