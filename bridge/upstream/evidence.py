"""Evidence about a movement that got no verdict: what has its marker, what an object shows now, what a payment pays.

Payments are found on Object Query by their marker, which may lag behind Zuora's ledger; refunds on the list of refunds,
which has no such filter, row by row (Zuora: Object Query, Payments; Zuora: List refunds). A row counts only if marker,
amount and source agree. Anything but a plain answer raises ``Unusable``. Must not send anything but GETs, or conclude.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from bridge.core.facts import Absent, Fact, Kind, Made, Part, Parts, Several, Showing, Shows, WhichMade, WhichParts
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

_CLOCKS = timedelta(seconds=30)
"""How far the bridge's estimate of Zuora's clock may be off."""

_ZONES = _CLOCKS + timedelta(hours=12)
"""How much later than it reads as UTC a time without an offset may be: in the zone furthest behind UTC."""


async def made(question: WhichMade, read: Read, pages: Pages) -> Fact:
    """The one object with the marker, ``Several``, or ``Absent``."""
    if question.marker != question.marker.strip() or question.marker.casefold() == _NULL:
        # Zuora may keep it without its blanks, and Object Query takes the word for a field that is empty: a search for
        # it would find nothing, which must not look like absence.
        raise Unusable("the marker is none that can be searched for")
    rows = await (_payments(question, read) if question.object_type == "Payment" else _refunds(question, read, pages))
    agreeing = {str(row["id"]): row for row in rows if _agrees(row, question)}
    found = {zuora_id: row for zuora_id, row in agreeing.items() if not _older(row, question.since)}
    if agreeing and not found:
        raise Unusable("only an older object has the marker")
    if len(found) > 1:
        return Several(tuple(found))
    for zuora_id, row in found.items():
        return Made(zuora_id, str(row.get("status", "")))
    return Absent()


async def _payments(question: WhichMade, read: Read) -> list[Body]:
    params = (("filter[]", f"{question.field}.EQ:{question.marker}"), ("pageSize", _QUERY_ROWS))
    body = await read("/object-query/payments", params)
    if body is None:
        raise Unusable("Zuora has no Object Query of payments")
    if body.get("nextPage"):
        raise Unusable("more payments with one marker than fit a page")
    return readings.rows(body, "data")


async def _refunds(question: WhichMade, read: Read, pages: Pages) -> list[Body]:
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
