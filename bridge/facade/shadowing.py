"""Queries that have passed to Zuora, given to the shadow: who asked, what, and what the answer was.

Contract: ``soap`` and ``json`` return at once and never raise; all else happens in the shadow's own time. Then the
caller is proved if nobody has yet, the bridge's own reader answers the same query by REST, and the answers are
compared. Where they differ Zuora is asked once more, with the very bytes that passed: if it says something else by now
than before, the difference is noise. Sessions and credentials live until then, in memory. Must not send anything but
GETs, getUserInfo and the query itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from bridge.contract.contract import Contract
from bridge.contract.decode import session as session_of
from bridge.contract.errors import DecodeError
from bridge.contract.query_wire import QueryRenderer, argument, options
from bridge.contract.wire import Renderer, Style
from bridge.core.model import Caller, CallFault, Version
from bridge.facade.guard import Inspected
from bridge.facade.json_queries import JsonQueries, JsonRead
from bridge.facade.passing import Passed
from bridge.facade.queries import Queries, QueryOptions, QueryPage
from bridge.facade.sessions import Sessions
from bridge.parity.compare import Comparison
from bridge.parity.shadow import Found, Shadow, Task, Unanswered, drop
from bridge.parity.shadow_pages import (
    LOCATOR,
    MOST_ROWS,
    Heard,
    Uncomparable,
    answer,
    json_differences,
    json_size,
    soap_differences,
    soap_size,
)
from bridge.parity.terms import Answer, Difference
from bridge.telemetry.log import get_logger
from bridge.upstream.budget import Budget

log = get_logger("shadow")

QUERY = "query"

PASSING = frozenset(
    {"REQUEST_EXCEEDED_LIMIT", "SERVER_UNAVAILABLE", "TEMPORARY_ERROR", "TRANSACTION_TERMINATED", "UNKNOWN_ERROR"}
)
"""Faults that say nothing of the query: the reads behind it were not answered."""

Again = Callable[[], Awaitable[Passed]]
"""Sends the very bytes that have passed once more."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """A query and Zuora's answer to it. ``differences`` compares the answer, or a later one, with the bridge's."""

    kind: str
    operation: str
    text: str
    heard: Heard
    again: Again
    size: Callable[[bytes], int]
    ours: Callable[[Caller], Awaitable[Answer]]
    differences: Callable[[Answer, Answer], list[Difference]]


class Shadowing:
    """What the doors give their queries to. ``queries`` reads with the shadow's own slots; ``budget`` are those."""

    def __init__(
        self,
        *,
        shadow: Shadow,
        queries: Queries,
        sessions: Sessions,
        pages: QueryRenderer,
        faults: Renderer,
        contract: Contract,
        budget: Budget,
    ) -> None:
        self._shadow = shadow
        self._queries = queries
        self._sessions = sessions
        self._pages = pages
        self._faults = faults
        self._contract = contract
        self._comparison = Comparison(contract)
        self._budget = budget

    def soap(
        self, inspected: Inspected, version: Version, style: Style, passed: Passed, sent: int, again: Again
    ) -> None:
        """Take a SOAP query that has passed; ``sent`` is how many bytes it had."""
        try:
            self._soap(inspected, version, style, passed, sent, again)
        except Exception as error:  # the answer is the caller's, whatever becomes of its shadow
            log.warning("a query was not shadowed", error=type(error).__name__)
            drop("failed")

    def _soap(
        self, inspected: Inspected, version: Version, style: Style, passed: Passed, sent: int, again: Again
    ) -> None:
        assert inspected.payload is not None
        if str(inspected.payload.tag).rpartition("}")[2] != QUERY:
            return
        try:
            text = argument(inspected.payload, "queryString")
            kind = self._queries.shadowed(text)
            session = session_of(inspected.header) if kind is not None else None
            batch, case_sensitive = options(inspected.header)
        except DecodeError:
            return
        if kind is None or session is None or not self._answered(passed):
            return
        rows = QueryOptions(batch).rows
        # The tree of a request is about twenty times its text.
        size = 20 * sent + len(passed.body)

        async def who() -> Caller | CallFault:
            return await self._sessions.prove(session)

        async def ours(caller: Caller) -> Answer:
            page = await self._queries.query(text, version, caller, QueryOptions(0, case_sensitive))
            if isinstance(page, CallFault):
                return answer(page.status, style.content_type, self._faults.fault(_said(page), QUERY, style))
            locator = LOCATOR if page.size > rows else None
            body = self._pages.page(
                QUERY, page.object, page.names, page.rows, size=page.size, locator=locator, style=style
            )
            return answer(200, style.content_type, body)

        def differences(left: Answer, right: Answer) -> list[Difference]:
            return soap_differences(self._comparison, left, right)

        asked = _Asked(kind, QUERY, text, _heard(passed), again, soap_size, ours, differences)
        self._take(asked, who, size)

    def json(self, read: JsonRead, answers: JsonQueries, passed: Passed, sent: int, again: Again) -> None:
        """Take a query of Actions, or a read of CRUD, that has passed."""
        try:
            kind = self._queries.shadowed(read.text)
            if kind is None or not self._answered(passed):
                return

            async def who() -> Caller | CallFault:
                return answers.caller_of(read)

            async def ours(caller: Caller) -> Answer:
                page = await self._queries.query(
                    read.text,
                    read.version,
                    caller,
                    QueryOptions(0, read.options.case_sensitive),
                    read.credential.own if read.credential is not None else None,
                )
                if isinstance(page, QueryPage) and not read.one and page.size > read.options.rows:
                    page = replace(page, locator=LOCATOR)
                written = answers.written(read, _said(page) if isinstance(page, CallFault) else page)
                return answer(written.status, "", written.body)

            def differences(left: Answer, right: Answer) -> list[Difference]:
                plain = replace(left, headers={})
                return json_differences(self._contract, kind, plain, replace(right, headers={}))

            operation = "retrieve" if read.one else QUERY
            asked = _Asked(kind, operation, read.text, _heard(passed), again, json_size, ours, differences)
            self._take(asked, who, sent + len(passed.body))
        except Exception as error:  # as above
            log.warning("a query was not shadowed", error=type(error).__name__)
            drop("failed")

    # ------------------------------------------------------------------ in the shadow's own time

    def _answered(self, passed: Passed) -> bool:
        """Whether there is something to compare with."""
        if passed.status == 429:
            self._shadow.rest(_seconds(passed))
        return not passed.lost and (passed.status < 429 or passed.status == 500)

    def _take(self, asked: _Asked, who: Callable[[], Awaitable[Caller | CallFault]], size: int) -> None:
        async def run() -> Sequence[Found]:
            caller = await who()
            if isinstance(caller, CallFault):
                raise Unanswered("caller")
            rule = self._queries.shadow(caller, asked.kind)
            if rule is None:
                return ()
            try:
                return [await self._compared(asked, caller, rule)]
            except Uncomparable as why:
                raise Unanswered(str(why)) from None

        self._shadow.take(Task(run, size))

    async def _compared(self, asked: _Asked, caller: Caller, rule: str) -> Found:
        heard = asked.heard
        left = answer(heard.status, heard.header("content-type"), heard.text())
        if left.status < 400 and asked.size(left.body) > MOST_ROWS:
            raise Uncomparable("large")
        right = await asked.ours(caller)
        # Two thousand rows take their time: beside the loop, which has callers to answer.
        differences = await asyncio.to_thread(asked.differences, left, right)
        noise = bool(differences) and await self._changed(asked, left)
        return Found("read", rule, asked.operation, asked.kind, differences, noise=noise)

    async def _changed(self, asked: _Asked, left: Answer) -> bool:
        """Whether Zuora answers otherwise by now than it did."""
        async with self._budget.slot() as free:
            if not free:
                raise Unanswered("budget")
            passed = await asked.again()
        if not self._answered(passed):
            raise Unanswered("unanswered")
        heard = _heard(passed)
        now = answer(heard.status, heard.header("content-type"), heard.text())
        return bool(await asyncio.to_thread(asked.differences, left, now))


def _said(fault: CallFault) -> CallFault:
    """A fault that says something of the query; raises ``Unanswered`` for those that do not."""
    if fault.code in PASSING:
        raise Unanswered("unanswered")
    return fault


def _heard(passed: Passed) -> Heard:
    return Heard(passed.status, passed.headers, passed.body)


def _seconds(passed: Passed) -> float:
    """Retry-After, as far as it is a number (RFC 9110, 10.2.3)."""
    text = _heard(passed).header("retry-after").strip()
    return float(text) if text.isascii() and text.isdigit() and len(text) < 6 else 120.0
