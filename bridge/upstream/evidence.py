"""Evidence about a movement that got no verdict: what has its marker, what an object shows now, what a payment pays.

Payments are found on Object Query by their marker, which may lag behind Zuora's ledger; refunds on the list of refunds,
which has no such filter, row by row (Zuora: Object Query, Payments; Zuora: List refunds). A row counts only if marker,
amount and source agree. Anything but a plain answer raises ``Unusable``. Must not send anything but GETs, or conclude.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from bridge.core.facts import (
    Absent,
    Alike,
    Fact,
    Kind,
    Like,
    Made,
    Part,
    Parts,
    Several,
    Showing,
    Shows,
    WhichLike,
    WhichMade,
    WhichParts,
)
from bridge.core.model import Instant
from bridge.upstream import readings
from bridge.upstream.readings import Body, Unusable
from bridge.upstream.rest import segment

Params = Sequence[tuple[str, str]]
Read = Callable[[str, Params], Awaitable[Body | None]]
"""GET a path: the body, None where Zuora said "not found"; raises ``Unusable``."""

Pages = Callable[[str, Params, tuple[str, ...]], Awaitable[list[Body]]]
"""GET all pages of a list, its rows under one of the names; raises ``Unusable``."""

_PATHS = {"Payment": "payments", "Refund": "refunds"}
_QUERY_ROWS = "99"

_NULL = "null"

_INTENT = re.compile(r"i-[0-9a-f]{30}")
"""An intent's id (``core.identity``)."""

_CLOCKS = timedelta(seconds=30)
"""How far the bridge's estimate of Zuora's clock may be off."""

_ZONES = _CLOCKS + timedelta(hours=12)
"""How much later than it reads as UTC a time without an offset may be: in the zone furthest behind UTC."""


async def made(question: WhichMade, read: Read, pages: Pages) -> Fact:
    """The one object with the marker, ``Several``, or ``Absent``."""
    _searchable(question.marker)
    if question.object_type == "Payment":
        rows = await _payments(((question.field, "EQ", question.marker),), read)
    else:
        rows = await _refunds(question, read, pages)
    agreeing = {str(row["id"]): row for row in rows if _agrees(row, question)}
    found = {zuora_id: row for zuora_id, row in agreeing.items() if not _older(row, question.since)}
    if agreeing and not found:
        # Ours would be younger, unless the clocks were wrong: that is for a person to tell.
        return Several(tuple(agreeing), older=True)
    if len(found) > 1:
        return Several(tuple(found))
    for zuora_id, row in found.items():
        return Made(zuora_id, str(row.get("status", "")))
    return Absent()


def _searchable(marker: str) -> None:
    if marker != marker.strip() or marker.casefold() == _NULL:
        # Zuora may keep it without its blanks, and Object Query takes the word for a field that is empty: a search for
        # it would find nothing, which must not look like absence.
        raise Unusable("the marker is none that can be searched for")


async def _payments(filters: Sequence[tuple[str, str, str]], read: Read) -> list[Body]:
    params = [("filter[]", f"{name}.{operator}:{value}") for name, operator, value in filters]
    body = await read("/object-query/payments", (*params, ("pageSize", _QUERY_ROWS)))
    if body is None:
        raise Unusable("Zuora has no Object Query of payments")
    if body.get("nextPage"):
        raise Unusable("more payments alike than fit a page")
    return readings.rows(body, "data")


async def _refunds(question: WhichMade | WhichLike, read: Read, pages: Pages) -> list[Body]:
    source = question.source
    params: list[tuple[str, str]] = [("amount", format(question.amount, "f"))]
    if source is not None and question.source_is_memo:
        memo = await read(f"/v1/credit-memos/{segment(source)}", ())
        if memo is None:
            return []
        params.append(("accountId", str(memo.get("accountId"))))
    elif source is not None:
        params = [("paymentId", source)]
    elif question.account_id is not None:
        params.append(("accountId", question.account_id))
    return await pages("/v1/refunds", params, ("refunds",))


async def alike(question: WhichLike, read: Read, pages: Pages) -> Fact:
    """The objects that look like it, or ``Absent``; ``Unusable`` where one of them does not say when it was made."""
    if question.marker is not None:
        _searchable(question.marker)
    if question.object_type == "Payment":
        rows = [row for row in await _payments(_narrowed(question), read) if _looks(row, question)]
    else:
        rows = [row for row in await _refunds(question, read, pages) if _looks(row, question)]
        stamps = await _stamps([str(row["id"]) for row in rows], read)
        # v1's own times do not say their zone (Zuora: Retrieve a refund).
        rows = [{**row, "createdDate": stamps[str(row["id"])]} for row in rows]
    found = {each.id: each for each in map(_like, rows) if question.since is None or _late(each, question.since)}
    objects = sorted(found.values(), key=lambda each: (each.created or 0, each.id))
    return Alike(tuple(objects)) if objects else Absent()


def _narrowed(question: WhichLike) -> list[tuple[str, str, str]]:
    if question.marker is not None:
        return [(str(question.field), "EQ", question.marker)]
    filters = [("accountId", "EQ", str(question.account_id)), ("amount", "EQ", format(question.amount, "f"))]
    if question.since is not None:
        filters.append(("createdDate", "GE", _moment(question.since).isoformat(timespec="seconds")))
    elif question.day is not None:
        filters.append(("effectiveDate", "EQ", question.day))
    return filters


async def _stamps(ids: Sequence[str], read: Read) -> dict[str, object]:
    found: dict[str, object] = {}
    for start in range(0, len(ids), int(_QUERY_ROWS)):
        part = ids[start : start + int(_QUERY_ROWS)]
        params = (("filter[]", f"id.IN:[{','.join(part)}]"), ("pageSize", _QUERY_ROWS))
        body = await read("/object-query/refunds", params)
        rows = readings.rows(body, "data") if body is not None else []
        found |= {str(row.get("id")): row.get("createdDate") for row in rows}
    if not found.keys() >= set(ids):
        raise Unusable("Object Query does not know a refund yet")
    return found


def _looks(row: Body, question: WhichLike) -> bool:
    """Whether it may be what was asked for. What a row does not say agrees: a candidate too many only asks a person."""
    amount, account, kind = row.get("amount"), row.get("accountId"), row.get("type")
    if not isinstance(row.get("id"), str) or not _is_number(amount):
        raise Unusable("an object without id or amount")
    if Decimal(str(amount)) != question.amount:
        return False
    if question.account_id is not None and account is not None and not _same(account, question.account_id):
        return False
    if question.source is not None and not _same(
        row.get("creditMemoId" if question.source_is_memo else "paymentId"), question.source
    ):
        return False
    if question.marker is not None:
        return str(row.get(str(question.field), row.get("referenceID"))) == question.marker
    if kind is not None and question.kind is not None and not _same(kind, question.kind):
        return False
    # An external one has the references that its request had; an electronic one may have got its gateway's.
    if kind == "External" and any(
        _is_marked(row.get(name)) for name in ("referenceId", "referenceID", "gatewayOrderId")
    ):
        return False
    day = row.get("effectiveDate", row.get("refundDate"))
    return question.day is None or not isinstance(day, str) or day[:10] == question.day


def _is_marked(value: object) -> bool:
    """Whether a caller gave this reference; the bridge's own on a refund says nothing of the act."""
    return isinstance(value, str) and value != "" and _INTENT.fullmatch(value) is None


def _like(row: Body) -> Like:
    created, creator = row.get("createdDate"), row.get("createdById")
    try:
        moment = datetime.fromisoformat(created) if isinstance(created, str) else None
    except ValueError:
        moment = None
    known = int(moment.timestamp()) * 1000 if moment is not None and moment.tzinfo is not None else None
    status = str(row.get("status", ""))
    return Like(str(row["id"]), status, known, creator if isinstance(creator, str) else None)


def _late(each: Like, since: Instant) -> bool:
    return each.created is None or each.created >= since


def _moment(instant: Instant) -> datetime:
    return datetime.fromtimestamp(instant // 1000, UTC)


def _agrees(row: Body, question: WhichMade) -> bool:
    # Object Query has "referenceID" on refunds and compares without regard to case, so the row is compared anew.
    marker = row.get(question.field, row.get("referenceID"))
    amount = row.get("amount")
    if marker != question.marker or not isinstance(row.get("id"), str) or not _is_number(amount):
        return False
    source = row.get("creditMemoId" if question.source_is_memo else "paymentId")
    account = row.get("accountId")
    return (
        Decimal(str(amount)) == question.amount
        and (question.account_id is None or _same(account, question.account_id))
        and (question.source is None or _same(source, question.source))
    )


def _older(row: Body, since: Instant | None) -> bool:
    """Whether the row was there before the request; its time has an offset in Object Query and none in v1 lists."""
    created = row.get("createdDate")
    if since is None or not isinstance(created, str):
        return False
    try:
        moment = datetime.fromisoformat(created)
    except ValueError:
        return False
    slack = _CLOCKS if moment.tzinfo is not None else _ZONES
    made = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return made + slack < datetime.fromtimestamp(since / 1000, UTC)


def _is_number(value: object) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def _same(shown: object, wanted: str) -> bool:
    return isinstance(shown, str) and shown.casefold() == wanted.casefold()


async def showing(question: Shows, read: Read) -> Fact:
    """Whether the object shows what is expected, or ``Absent``."""
    body = await read(f"/v1/{_PATHS[question.object_type]}/{segment(question.zuora_id)}", ())
    if body is None:
        return Absent()
    status = body.get("status")
    if not isinstance(status, str):
        raise Unusable("an object without a status")
    return Showing(all(_shown(body, name) == _plain(text) for name, text in question.expected), status)


def _shown(body: Body, name: str) -> str | None:
    value: Any = body
    for inner in name.split("."):
        value = value.get(inner) if isinstance(value, Mapping) else None
    if name.endswith("transferredToAccounting") and value is False:
        # Zuora's own samples have both spellings (Zuora: Retrieve a payment).
        value = "No"
    return None if value is None else _plain(("true" if value else "false") if isinstance(value, bool) else str(value))


def _plain(text: str) -> str:
    """One spelling for a number, so that 50 and 50.00 agree; any other text is itself."""
    try:
        number = Decimal(text)
    except ArithmeticError:
        return text
    return format(number.normalize(), "f") if number.is_finite() else text


async def parts(question: WhichParts, pages: Pages) -> Parts:
    """What the payment is applied to now."""
    rows = await pages(f"/v1/payments/{segment(question.payment_id)}/parts", (), ("parts",))
    applied = tuple(part for part in map(_part, rows) if isinstance(part, Part))
    unapplied = sum((part for part in map(_part, rows) if isinstance(part, Decimal)), Decimal(0))
    return Parts(applied, unapplied)


def _part(row: Body) -> Part | Decimal:
    amount = row.get("amount")
    if not _is_number(amount):
        raise Unusable("a payment part without an amount")
    value = Decimal(str(amount))
    for kind, key in _documents(row):
        return Part(kind, key, value)
    return value


def _documents(row: Body) -> Iterator[tuple[Kind, str]]:
    for kind, name in ((Kind.DEBIT_MEMO, "debitMemoId"), (Kind.INVOICE, "invoiceId")):
        key = row.get(name)
        if isinstance(key, str) and key:
            yield kind, key
