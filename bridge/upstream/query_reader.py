"""Reads the pages of Object Query, and of v1 where it lacks something, that a query needs.

Answers are read tolerantly (the next page is a cursor or a whole address, categories are numbers or texts) and numbers
never as float. A read that met a passing trouble is made again, twice: reading moves nothing. Sources: Zuora: Object
Queries, "Expand, filter, fields, and sort"; "List all application parts of an invoice". Must not judge a row or choose
what to read.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qs, urlsplit

from bridge.core.zoql import Asked, PaidBy, Payments, ReadPage, RowsRead, Told, Unread
from bridge.telemetry.log import get_logger
from bridge.upstream import readings
from bridge.upstream.readings import Unusable
from bridge.upstream.rest import Json, UnusableKey, ZuoraRest, segment

log = get_logger("queries")

PAGE_ROWS = 99
"""Zuora: Object Queries: pageSize is 1 to 99."""

AT_ONCE = 10
"""Reads under way at once, a quarter of what a tenant has by default (Zuora: Rate and concurrency limits): payments go
out beside them, and must not wait for a query."""

_PARTS_PAGE = 40
_MOST_PAGES = 250
_TRIES = 3

Credential = Sequence[tuple[str, str]]
"""A JSON caller's own headers; None stands for the bridge's OAuth client."""


class QueryReader:
    """Answers what a search asks. ``pause`` is how many seconds pass before a read is made again, doubled each time."""

    def __init__(self, rest: ZuoraRest, *, pause: float = 0.5) -> None:
        self._rest = rest
        self._pause = pause
        self._gate = asyncio.Semaphore(AT_ONCE)

    async def tell(self, asked: Asked, entity: str = "", credential: Credential | None = None) -> Told:
        """The answer to one question of a search."""
        headers = (("Zuora-Entity-Ids", entity),) if entity else ()
        try:
            if isinstance(asked, ReadPage):
                return await self._page(asked, headers, credential)
            return await self._paid_by(asked, headers, credential)
        except Unusable as unusable:
            told = Unread(str(unusable), 500)
        except _Refused as refused:
            told = refused.told
        except UnusableKey:
            # Nothing in Zuora can have this id.
            return Payments(())
        log.warning("a read of a query failed", why=told.why)
        return told

    async def _page(self, asked: ReadPage, headers: Credential, credential: Credential | None) -> RowsRead:
        params = [("filter[]", str(each)) for each in asked.filters]
        # Sorted by something unique, so that rows do not move between pages while others are made.
        params += [("sort[]", "id.ASC"), ("pageSize", str(PAGE_ROWS))]
        if asked.cursor is not None:
            params.append(("cursor", asked.cursor))
        body = await self._read(f"/object-query/{asked.resource}", params, headers, credential)
        return RowsRead(tuple(readings.rows(body, "data")), _cursor(body.get("nextPage")))

    async def _paid_by(self, asked: PaidBy, headers: Credential, credential: Credential | None) -> Payments:
        path = f"/v1/invoices/{segment(asked.invoice)}/application-parts"
        found: list[str] = []
        for page in range(1, _MOST_PAGES + 1):
            params = [("page", str(page)), ("pageSize", str(_PARTS_PAGE))]
            try:
                body = await self._read(path, params, headers, credential)
            except _NotFound:
                return Payments(())
            parts = readings.rows(body, "applicationParts", "parts")
            found += [each for part in parts if isinstance(each := part.get("paymentId"), str) and each]
            if not body.get("nextPage"):
                return Payments(tuple(found))
        raise Unusable("an invoice with more application parts than can be read")

    async def _read(
        self, path: str, params: list[tuple[str, str]], headers: Credential, credential: Credential | None
    ) -> dict[str, Any]:
        for tried in range(_TRIES):
            if tried:
                await asyncio.sleep(self._pause * 2 ** (tried - 1))
            async with self._gate:
                came = await self._rest.get(path, params, headers=headers, credential=credential)
            if isinstance(came, Json) and came.status < 500:
                break
        if not isinstance(came, Json):
            raise _Refused(Unread(f"no answer: {came.reason}"))
        if came.not_found:
            raise _NotFound(Unread(came.trouble, came.status, (40,)))
        if came.good is None:
            raise _Refused(Unread(came.trouble, came.status, _categories(came.body)))
        return came.good


class _Refused(Exception):
    def __init__(self, told: Unread) -> None:
        super().__init__(told.why)
        self.told = told


class _NotFound(_Refused):
    """Zuora itself said that there is no such thing."""


def _cursor(following: object) -> str | None:
    """The cursor of the next page, which may come as that page's address."""
    if not isinstance(following, str) or not following:
        return None
    if "cursor=" in following:
        return parse_qs(urlsplit(following).query).get("cursor", [following])[0]
    return following


def _categories(body: object) -> tuple[int, ...]:
    reasons = body.get("reasons") if isinstance(body, dict) else None
    codes = [str(each.get("code", "")) for each in reasons if isinstance(each, dict)] if reasons else []
    return tuple(int(code[-2:]) for code in codes if code.isascii() and code.isdigit())
