"""Queries on the JSON doors that policy sends by REST: Actions query and queryMore, and the read of one CRUD object.

Contract: ``action`` and ``crud`` give None for what is to pass to Zuora unchanged. Rows are read under the caller's own
credential, so Zuora judges what it may see; a locator is good for that credential alone. Shapes: Zuora: Actions: query,
queryMore; CRUD: Retrieve a payment (nulls left out, Id always there, numbers as numbers). Must not run a query.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import Final

from bridge.core.mapping.lexical import to_json
from bridge.core.mapping.query import SOURCES, Kind
from bridge.core.model import Caller, CallFault, Version
from bridge.core.versions import knows
from bridge.facade.json_guard import Value
from bridge.facade.json_tenancy import UNAUTHENTICATED, Tenancy
from bridge.facade.json_wire import Door, JsonRenderer, Written
from bridge.facade.queries import Queries, QueryOptions, QueryPage, is_own
from bridge.upstream.credential import Credential

NOT_FOUND: Final = b'{"records":[],"size":0,"done":true}'
"""Zuora: CRUD: Retrieve a payment, 404."""

_ID: Final = re.compile(r"[0-9a-zA-Z]{1,32}\Z")


@dataclass(frozen=True, slots=True)
class JsonRead:
    """A query of Actions, or (``one``) the read of one object of CRUD, as a query."""

    door: Door
    text: str
    version: Version
    credential: Credential | None
    entities: Sequence[str]
    options: QueryOptions
    one: bool = False


class JsonQueries:
    """Answers the queries of JSON callers that go by REST."""

    def __init__(self, queries: Queries, tenancy: Tenancy, renderer: JsonRenderer) -> None:
        self._queries = queries
        self._tenancy = tenancy
        self._renderer = renderer

    def wants(self, kind: str) -> bool:
        """Whether a read of this object could come here, so that its caller must be known."""
        return self._queries.candidate(f"select Id from {kind}") is not None  # noqa: S608

    async def action(
        self,
        given: Value,
        version: Version,
        credential: Credential | None,
        entities: Sequence[str],
        *,
        more: bool,
    ) -> Written | None:
        """The answer to a query or queryMore; None where Zuora is to answer it."""
        text = given.get("queryLocator" if more else "queryString") if isinstance(given, dict) else None
        if not isinstance(given, dict) or not isinstance(text, str):
            return None
        candidate = (text if is_own(text) else None) if more else self._queries.candidate(text)
        if candidate is None:
            return None
        caller = self._caller(credential, entities)
        if isinstance(caller, CallFault) or credential is None:
            return self._fault(Door.ACTION, caller, version)
        if not more and not self._queries.by_rest(caller, candidate):
            return None
        options = _options(given.get("conf"))
        if options is None:
            fault = CallFault("INVALID_VALUE", "conf must be an object whose batchSize is a number; nothing was read.")
            return self._fault(Door.ACTION, fault, version)
        run = self._queries.more if more else self._queries.query
        answer = await run(text, version, caller, options, credential.own)
        return self.written(JsonRead(Door.ACTION, text, version, credential, entities, options), answer)

    async def crud(
        self,
        kind: str,
        zuora_id: str,
        fields: str | None,
        version: Version,
        credential: Credential | None,
        entities: Sequence[str],
    ) -> Written | None:
        """The answer to the read of one object; None where Zuora is to answer it."""
        if not self.wants(kind):
            return None
        caller = self._caller(credential, entities)
        if isinstance(caller, CallFault) or credential is None:
            return self._fault(Door.CRUD, caller, version)
        if not self._queries.by_rest(caller, kind):
            return None
        if not _ID.match(zuora_id):
            return Written(404, NOT_FOUND)
        read = self._one(kind, zuora_id, fields, version, credential, entities)
        return self.written(read, await self._queries.query(read.text, version, caller, credential=credential.own))

    def read_of_action(
        self, given: Value, version: Version, credential: Credential | None, entities: Sequence[str]
    ) -> JsonRead | None:
        """A query that has passed to Zuora; None where it is none that can be read."""
        text = given.get("queryString") if isinstance(given, dict) else None
        found = _options(given.get("conf")) if isinstance(given, dict) else None
        if not isinstance(text, str) or found is None:
            return None
        return JsonRead(Door.ACTION, text, version, credential, entities, found)

    def read_of_crud(
        self,
        kind: str,
        zuora_id: str,
        fields: str | None,
        version: Version,
        credential: Credential | None,
        entities: Sequence[str],
    ) -> JsonRead | None:
        """A read of one object that has passed to Zuora."""
        return self._one(kind, zuora_id, fields, version, credential, entities) if _ID.match(zuora_id) else None

    def _one(
        self,
        kind: str,
        zuora_id: str,
        fields: str | None,
        version: Version,
        credential: Credential | None,
        entities: Sequence[str],
    ) -> JsonRead:
        names = ", ".join(_names(kind, version, fields, self._queries.custom_fields(kind)))
        text = f"select {names} from {kind} where Id = '{zuora_id}'"  # noqa: S608
        return JsonRead(Door.CRUD, text, version, credential, entities, QueryOptions(), one=True)

    def caller_of(self, read: JsonRead) -> Caller | CallFault:
        """Who asked."""
        return self._caller(read.credential, read.entities)

    def written(self, read: JsonRead, answer: QueryPage | CallFault) -> Written:
        """The bridge's answer to it."""
        if isinstance(answer, CallFault):
            return self._fault(read.door, answer, read.version)
        if not read.one:
            return Written(200, _page(answer).encode())
        if not answer.rows:
            return Written(404, NOT_FOUND)
        return Written(200, _record(answer, answer.rows[0]).encode())

    def _caller(self, credential: Credential | None, entities: Sequence[str]) -> Caller | CallFault:
        if credential is None:
            return UNAUTHENTICATED
        caller = self._tenancy.who(credential, entities)
        # A locator goes with what its pages are read under.
        return caller if isinstance(caller, CallFault) else replace(caller, username=credential.digest.hex())

    def _fault(self, door: Door, fault: Caller | CallFault, version: Version) -> Written:
        assert isinstance(fault, CallFault)
        return self._renderer.fault(door, fault, version)


def _options(conf: Value) -> QueryOptions | None:
    if conf is None:
        return QueryOptions()
    if not isinstance(conf, dict):
        return None
    size = conf.get("batchSize") or "0"
    if not (isinstance(size, str) and size.isascii() and size.isdigit() and len(size) < 10):
        return None
    return QueryOptions(int(size), conf.get("caseSensitive") is True)


_CUSTOM = re.compile(r"[A-Za-z0-9_]+__(?:c|NS)")


def _names(kind: str, version: Version, fields: str | None, custom: Sequence[str]) -> list[str]:
    """What this version can read of an object; of the ``fields`` asked for, those it has.

    ``custom`` are those of the tenant's file; others are read where they are asked for.
    """
    columns = SOURCES[kind].columns.values()
    names = [each.soap for each in columns if each.queryable and knows(version, kind, each.soap)]
    if fields is None:
        return [*names, *custom]
    wanted = [name.strip() for name in fields.split(",")]
    known = [name for name in names if name in wanted and name != "Id"]
    return ["Id", *known, *dict.fromkeys(name for name in wanted if _CUSTOM.fullmatch(name))]


def _page(page: QueryPage) -> str:
    records = ",".join(_record(page, row) for row in page.rows)
    done = "true" if page.done else "false"
    more = "" if page.locator is None else f',"queryLocator":{json.dumps(page.locator)}'
    return f'{{"size":{page.size},"records":[{records}],"done":{done}{more}}}'


def _record(page: QueryPage, row: Sequence[str | None]) -> str:
    values: Mapping[str, object] = {
        name: _value(kind, text)
        for name, kind, text in zip(page.names, page.kinds, row, strict=True)
        if text is not None
    }
    return to_json(values)


def _value(kind: Kind, text: str) -> object:
    if kind is Kind.DECIMAL:
        try:
            return Decimal(text)
        except InvalidOperation:
            return text
    if kind is Kind.BOOLEAN and text in ("true", "false"):
        return text == "true"
    return text
