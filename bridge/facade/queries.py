"""Queries by REST, for every door: one service that runs ZOQL without Zuora's SOAP and hands out its pages.

Which queries come here is policy; what it cannot carry passes to Zuora unchanged. It never switches silently: a query
that policy sends here and that may not or cannot be answered is a fault. A process keeps what it found, within bounds,
for the next pages; where it does not (another process, a restart) the query is run again and its rows must be the very
same, else the locator has ended: a page never belongs to another result than the one whose size was told.
Must not know SOAP or JSON, and must not decide what a row holds (``core.zoql``).
"""

from __future__ import annotations

import asyncio
import secrets
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from bridge.core.mapping.query import SOURCES, source_of
from bridge.core.model import Caller, CallFault, Instant, Route, Tenant, Version
from bridge.core.zoql import Asked, Bound, Found, QueryOptions, QueryPage, Told, ZoqlError, bind, object_of, parse
from bridge.core.zoql.paging import as_before, digest, newest, page
from bridge.core.zoql.search import Row, search
from bridge.facade import locators
from bridge.facade.locators import Course, Locators, is_own
from bridge.telemetry.log import get_logger

__all__ = ["Queries", "QueryOptions", "QueryPage", "is_own"]

log = get_logger("queries")

SECONDS = 110.0
"""A little less than Zuora gives a request (Zuora: Making requests, time-out of 120 s)."""

KEPT_TEXTS = 400_000
"""Texts of rows that a process keeps for further pages: about 40 MB at most."""

EVERYTHING = "*"
"""Stands for a query whose object nobody can tell."""

Credential = Sequence[tuple[str, str]]


class Policy(Protocol):
    """Which route a query goes."""

    def query_route(self, caller: Caller, object_type: str) -> Route:
        """REST, or anything else for passing it through."""

    def query_may_rest(self, object_type: str) -> bool:
        """Whether any caller's query of this object goes by REST; asked before it is known who calls."""

    def query_may_shadow(self, object_type: str) -> bool:
        """Whether any caller's query of this object is shadowed; asked before it is known who calls."""

    def query_shadow(self, caller: Caller, object_type: str) -> str | None:
        """The rule for which a query that passes is compared with REST, or None."""


class Reader(Protocol):
    """What answers a search's questions."""

    async def tell(self, asked: Asked, entity: str, credential: Credential | None) -> Told:
        """The answer to one question."""


@dataclass(frozen=True, slots=True)
class _Kept:
    rows: tuple[Row, ...]
    texts: int


class Queries:
    """``key`` signs locators; ``now`` is Zuora's clock in milliseconds. Without a ``reader`` every query is refused."""

    def __init__(
        self,
        *,
        policy: Policy,
        reader: Reader | None,
        tenant: Tenant,
        key: bytes | None,
        now: Callable[[], Instant],
        settlement_rows: bool = False,
    ) -> None:
        self._policy = policy
        self._reader = reader
        self._tenant = tenant
        self._locators = Locators(key if key is not None else secrets.token_bytes(32))
        self._now = now
        self._settlement_rows = settlement_rows
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._texts = 0

    # ------------------------------------------------------------------ whose query it is

    def custom_fields(self, kind: str) -> list[str]:
        """The custom fields that the tenant's file has of an object (Zuora: Custom fields)."""
        return [name.removeprefix(f"{kind}.") for name in self._tenant.custom_types if name.startswith(f"{kind}.")]

    def candidate(self, text: str) -> str | None:
        """The object of a query that policy might send here; None: it passes to Zuora, without a look at the caller."""
        asked = object_of(text)
        source = source_of(asked) if asked is not None else None
        if asked is not None and source is None:
            return None
        name = source.object if source is not None else EVERYTHING
        return name if self._policy.query_may_rest(name) else None

    def shadowed(self, text: str) -> str | None:
        """The object of a query that could be shadowed where it passes; None for all others, at little cost."""
        asked = object_of(text)
        source = source_of(asked) if asked is not None else None
        return source.object if source is not None and self._policy.query_may_shadow(source.object) else None

    def shadow(self, caller: Caller, kind: str) -> str | None:
        """The rule for which this caller's query is shadowed, or None."""
        return self._policy.query_shadow(caller, kind)

    def by_rest(self, caller: Caller, candidate: str) -> bool:
        """Whether this caller's query goes by REST."""
        return self._policy.query_route(caller, candidate) is Route.REST

    # ------------------------------------------------------------------ answers

    async def query(
        self,
        text: str,
        version: Version,
        caller: Caller,
        options: QueryOptions = QueryOptions(),  # noqa: B008 - frozen
        credential: Credential | None = None,
    ) -> QueryPage | CallFault:
        """The first page of a query, or the fault that it deserves. ``credential`` is a JSON caller's own."""
        bound = self._bound(text, version, caller, case_sensitive=options.case_sensitive)
        if isinstance(bound, CallFault):
            return bound
        found = await self._run(bound, caller, credential)
        if isinstance(found, CallFault):
            return found
        course = Course(
            text=text,
            case_sensitive=options.case_sensitive,
            size=len(found.rows),
            digest=digest(found.rows),
            newest=newest(found.rows),
            result=secrets.token_hex(8),
            at=self._now(),
        )
        return self._paged(bound, found.rows, 0, course, options, caller)

    async def more(
        self,
        locator: str,
        version: Version,
        caller: Caller,
        options: QueryOptions = QueryOptions(),  # noqa: B008 - frozen
        credential: Credential | None = None,
    ) -> QueryPage | CallFault:
        """The page that one of the bridge's own locators leads to."""
        read = self._locators.read(locator, version, caller, self._now())
        if isinstance(read, CallFault):
            return read
        course, offset = read
        bound = self._bound(course.text, version, caller, case_sensitive=course.case_sensitive)
        if isinstance(bound, CallFault):
            return bound
        kept = self._kept.get(course.result)
        if kept is not None:
            rows = kept.rows
        else:
            found = await self._run(bound, caller, credential)
            if isinstance(found, CallFault):
                return found
            rows = as_before(found.rows, course.newest)
            if digest(rows) != course.digest:
                return locators.changed()
        return self._paged(bound, rows, offset, replace(course, at=self._now()), options, caller)

    def _bound(self, text: str, version: Version, caller: Caller, *, case_sensitive: bool) -> Bound | CallFault:
        """A query that may be run, or why it may not."""
        if self._reader is None:
            return CallFault(
                "SERVER_UNAVAILABLE",
                "The bridge has no REST credential for this tenant (see /readyz); nothing was read.",
            )
        try:
            query = parse(text)
            source = source_of(query.object)
            kind = source.object if source is not None else query.object
            if not _may(caller, kind):
                return _forbidden(kind)
            if source is not None and source.synthetic and not self._settlement_rows:
                return _no_rows(kind)
            names = {} if caller.credit_memo_as == "CreditMemo" else {_CREDIT_MEMO: caller.credit_memo_as}
            return bind(query, version, self._tenant, case_sensitive=case_sensitive, names=names)
        except ZoqlError as error:
            return error.fault

    async def _run(self, bound: Bound, caller: Caller, credential: Credential | None) -> Found | CallFault:
        assert self._reader is not None
        if bound.source.synthetic:
            log.info("synthetic rows", object=bound.source.object, made_of=bound.source.resource)
        steps = search(bound, self._tenant, own=credential is not None)
        try:
            async with asyncio.timeout(SECONDS):
                asked = next(steps)
                while True:
                    asked = steps.send(await self._reader.tell(asked, caller.entity, credential))
        except StopIteration as end:
            found: Found | CallFault = end.value
            return found
        except TimeoutError:
            return CallFault(
                "TRANSACTION_TERMINATED",
                f"This query took longer than {SECONDS:.0f} seconds without Zuora's SOAP. Nothing was changed. Narrow "
                "it with further conditions that are joined by and.",
            )

    # ------------------------------------------------------------------ pages

    def _paged(
        self, bound: Bound, rows: tuple[Row, ...], offset: int, course: Course, options: QueryOptions, caller: Caller
    ) -> QueryPage:
        made = page(bound, rows, offset, options)
        following = offset + options.rows
        if following >= len(rows):
            return made
        self._keep(course.result, rows, len(bound.columns))
        return replace(made, locator=self._locators.make(course, following, bound.version, caller))

    def _keep(self, result: str, rows: tuple[Row, ...], columns: int) -> None:
        """Keep the newest results; what is dropped is found again when it is asked for."""
        if result not in self._kept:
            texts = len(rows) * (columns + 2)
            self._kept[result] = _Kept(rows, texts)
            self._texts += texts
        self._kept.move_to_end(result)
        while self._texts > KEPT_TEXTS and len(self._kept) > 1:
            _, dropped = self._kept.popitem(last=False)
            self._texts -= dropped.texts


_CREDIT_MEMO = ("SourceType", "CreditMemo")


def _may(caller: Caller, kind: str) -> bool:
    """As for writes: what goes under the bridge's own credential is allowed by name, or not at all."""
    return caller.own or not caller.allow.isdisjoint({"*", f"{kind}.*", f"{kind}.query"})


def _forbidden(kind: str) -> CallFault:
    return CallFault(
        "NO_PERMISSION",
        f"This user may not query {kind if kind in SOURCES else 'this object'} through the bridge's REST credential. "
        "Nothing was read; the owner of the bridge can allow it.",
    )


def _no_rows(kind: str) -> CallFault:
    return CallFault(
        "INVALID_TYPE",
        f"{kind} cannot be queried without Zuora's SOAP as the bridge is set up: with Invoice Settlement its rows "
        "would be made of payment or refund applications. Nothing was read. The owner of the bridge can switch that on "
        f"(BRIDGE_ZUORA__SETTLEMENT_ROWS=true) or send {kind}.query to Zuora's SOAP (BRIDGE_ROUTES).",
    )
