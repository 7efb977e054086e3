"""Object Query: filtered reads of payments, refunds, documents and their applications.

Source: Zuora: Object Queries, "Expand, filter, fields, sort": several filters are AND, no OR; pageSize 1 to 99;
timestamps carry an offset. Must not change anything.
"""

import base64
import binascii
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from bridge.sandbox.clock import ZONE, query_date_time
from bridge.sandbox.custom import is_indexed
from bridge.sandbox.ledger import Tenant
from bridge.sandbox.money import Json, number, plain
from bridge.sandbox.refusal import INVALID_PARAMETER, INVALID_VALUE, Refusal, not_found
from bridge.sandbox.rest import query_rows
from bridge.sandbox.rest.errors import STRICT_PARAMETERS_SINCE, at_least
from bridge.sandbox.rest.query_rows import Candidates, Row

# What each object may be filtered and sorted by. Nobody publishes payment parts and items: by id and owner here.
_FILTERS: Final = {
    "payments": "id updateddate accountid amount effectivedate gatewayorderid gatewaystate paymentmethodid"
    " paymentmethodsnapshotid paymentnumber referenceid source sourcename status unappliedamount createddate",
    "refunds": "id accountid amount paymentmethodid reasoncode refunddate refundnumber sourcetype status type"
    " updateddate",
    "invoices": "id updateddate accountid amount balance duedate invoicedate invoicenumber reversed sourceid sourcetype"
    " status einvoicestatus",
    "debit-memos": "id updateddate balance creditmemoid einvoicestatus memodate memonumber sourcetype status"
    " totalamount invoiceid accountid",
    "credit-memos": "id updateddate balance einvoicestatus memodate memonumber sourcetype status totalamount invoiceid"
    " accountid",
    "payment-applications": "id updateddate effectivedate accountid paymentid applicationgroupid",
    "refund-applications": "id updateddate accountid applicationgroupid creditmemoid effectivedate paymentid refundid",
    "payment-parts": "id updateddate paymentid",
    "invoice-items": "id updateddate invoiceid",
    "debit-memo-items": "id updateddate debitmemoid",
    "credit-memo-items": "id updateddate creditmemoid",
}
OBJECTS: Final = tuple(_FILTERS)
_EXPANSIONS: Final = {
    "payments": ("account", "paymentapplications"),
    "refunds": ("account", "refundapplications", "refundapplications.payment"),
    "invoices": ("account", "invoiceitems"),
    "debit-memos": ("account", "debitmemoitems"),
    "credit-memos": ("account", "creditmemoitems"),
    "payment-applications": ("payment",),
    "refund-applications": ("refund", "payment"),
}
_CUSTOM: Final = {"payments": "Payment", "refunds": "Refund"}
_NUMBERS: Final = {
    "payments": "paymentNumber",
    "refunds": "refundNumber",
    "invoices": "invoiceNumber",
    "debit-memos": "memoNumber",
    "credit-memos": "memoNumber",
}
_FILTER = re.compile(r"([A-Za-z_]\w*)\.(EQ|NE|LT|GT|GE|LE|SW|IN):(.*)", re.DOTALL)
_PARAMETERS: Final = ("pageSize", "cursor", "filter[]", "expand[]", "sort[]", "includeNullFields")
Query = Sequence[tuple[str, str]]


def answer_list(tenant: Tenant, kind: str, query: Query, headers: Mapping[str, str]) -> dict[str, Json]:
    """Answer one page of a filtered list."""
    _check_parameters(kind, query, headers)
    asked = dict(query)
    size = asked.get("pageSize", "10")
    if not size.isdecimal() or not 1 <= int(size) <= 99:
        raise _bad(headers, "The value of pageSize must be a number from 1 to 99.")
    filters = [_parsed(tenant, kind, text, headers) for name, text in query if name == "filter[]"]
    sorts = [_sort_order(kind, text, headers) for name, text in query if name == "sort[]"]
    if len(sorts) > 1:
        raise _bad(headers, "Only one field can be sorted by.")
    start = _offset(asked.get("cursor"), headers)
    end = start + int(size)
    found = query_rows.candidates(tenant, kind, _exact(filters))
    rows, count = _page(tenant, found, filters, sorts, start, end, headers)
    answer: dict[str, Json] = {"data": [_finished(tenant, kind, row, query) for row in rows]}
    if end < count:
        answer["nextPage"] = base64.urlsafe_b64encode(f"offset={end}".encode()).decode()
    return answer


def answer_one(tenant: Tenant, kind: str, key: str, query: Query) -> dict[str, Json]:
    """Answer one object by id or number."""
    numbered = _NUMBERS.get(kind)
    named = "id" if _is_id(key) else "paymentnumber"
    for entry in query_rows.candidates(tenant, kind, {named: [key]}).entries:
        row = entry.write()
        if (row["id"] == key or (numbered is not None and row.get(numbered) == key)) and tenant.visible(entry.created):
            return _finished(tenant, kind, row, query)
    raise not_found(key)


def _check_parameters(kind: str, query: Query, headers: Mapping[str, str]) -> None:
    for name, value in query:
        if name not in _PARAMETERS and not name.endswith("fields[]"):
            raise _bad(headers, f"The query parameter {name} is not recognized.")
        if name == "expand[]" and value.lower() not in _EXPANSIONS.get(kind, ()):
            raise _bad(headers, f"The expansion {value} of {kind} is not recognized.")


def _exact(filters: Sequence[tuple[str, str, list[str]]]) -> dict[str, list[str]]:
    # Of two filters on one field both must hold; an index answers for one of them only.
    names = [name for name, _, _ in filters]
    return {name: values for name, operator, values in filters if operator in ("EQ", "IN") and names.count(name) == 1}


def _page(
    tenant: Tenant,
    found: Candidates,
    filters: Sequence[tuple[str, str, list[str]]],
    sorts: Sequence[tuple[str, bool]],
    start: int,
    end: int,
    headers: Mapping[str, str],
) -> tuple[list[Row], int]:
    entries = [entry for entry in found.entries if tenant.visible(entry.created)]
    left = [one for one in filters if one[0] not in found.covered]
    if not left and [name for name, _ in sorts] in ([], ["id"]):
        for _, descending in sorts:
            entries.sort(key=lambda entry: entry.id, reverse=descending)
        return [entry.write() for entry in entries[start:end]], len(entries)
    rows = [row for entry in entries for row in (entry.write(),) if all(_holds(row, *one, headers) for one in left)]
    for name, descending in sorts:
        _sort(rows, name, descending=descending)
    return rows[start:end], len(rows)


def _is_id(key: str) -> bool:
    return re.fullmatch(r"[0-9a-f]{32}", key) is not None


def _bad(headers: Mapping[str, str], message: str) -> Refusal:
    return Refusal(INVALID_PARAMETER if at_least(headers, STRICT_PARAMETERS_SINCE) else INVALID_VALUE, message)


def _parsed(tenant: Tenant, kind: str, text: str, headers: Mapping[str, str]) -> tuple[str, str, list[str]]:
    found = _FILTER.fullmatch(text)
    if found is None:
        raise _bad(headers, f"The filter {text} is not of the form field.OPERATOR:value.")
    name, operator, value = found[1].lower(), found[2], found[3]
    own = is_indexed(tenant.settings.custom(_CUSTOM.get(kind, "")), name)
    if name not in _FILTERS[kind].split() and not own:
        raise _bad(headers, f"The field {found[1]} of {kind} cannot be filtered by.")
    if operator != "IN":
        return name, operator, [value]
    if not (value.startswith("[") and value.endswith("]")):
        raise _bad(headers, f"The values of {text} must be in square brackets.")
    return name, operator, [one.strip() for one in value[1:-1].split(",")]


def _sort_order(kind: str, text: str, headers: Mapping[str, str]) -> tuple[str, bool]:
    name, _, direction = text.partition(".")
    if direction.upper() not in ("ASC", "DESC"):
        raise _bad(headers, f"The sort {text} is not of the form field.ASC or field.DESC.")
    if name.lower() not in _FILTERS[kind].split():
        raise _bad(headers, f"The field {name} of {kind} cannot be sorted by.")
    return name.lower(), direction.upper() == "DESC"


def _holds(row: Row, name: str, operator: str, values: list[str], headers: Mapping[str, str]) -> bool:
    actual = next((value for key, value in row.items() if key.lower() == name), None)
    if operator == "IN":
        return any(_compare(actual, "EQ", value, headers) for value in values)
    return _compare(actual, operator, values[0], headers)


def _compare(actual: Any, operator: str, text: str, headers: Mapping[str, str]) -> bool:
    if text.lower() == "null":
        return (actual is None) == (operator == "EQ")
    if actual is None:
        return operator == "NE"
    wanted: Any = text.lower()
    try:
        if isinstance(actual, Decimal):
            wanted = number(text)
        elif isinstance(actual, datetime):
            moment = datetime.fromisoformat(text)
            wanted = moment if moment.tzinfo else moment.replace(tzinfo=ZONE)
            actual = actual.replace(microsecond=0)
        elif isinstance(actual, date):
            wanted = date.fromisoformat(text[:10])
        else:
            actual = str(actual).lower()
    except ValueError:
        raise _bad(headers, f"The value {text} is invalid for this filter.") from None
    if operator == "SW":
        return str(actual).startswith(text.lower())
    return _COMPARE[operator](actual, wanted)


_COMPARE: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "EQ": lambda actual, wanted: bool(actual == wanted),
    "NE": lambda actual, wanted: bool(actual != wanted),
    "LT": lambda actual, wanted: bool(actual < wanted),
    "GT": lambda actual, wanted: bool(actual > wanted),
    "LE": lambda actual, wanted: bool(actual <= wanted),
    "GE": lambda actual, wanted: bool(actual >= wanted),
}


def _sort(rows: list[Row], name: str, *, descending: bool) -> None:
    keyed = [
        (next((value for key, value in row.items() if key.lower() == name), None), index)
        for index, row in enumerate(rows)
    ]
    order = sorted(keyed, key=lambda pair: (pair[0] is not None, pair[0] if pair[0] is not None else 0))
    if descending:
        order.reverse()
    rows[:] = [rows[index] for _, index in order]


def _offset(cursor: str | None, headers: Mapping[str, str]) -> int:
    if cursor is None:
        return 0
    try:
        text = base64.urlsafe_b64decode(cursor.encode()).decode()
        return int(text.removeprefix("offset="))
    except (ValueError, binascii.Error):
        raise _bad(headers, "The cursor is invalid.") from None


def _finished(tenant: Tenant, kind: str, row: Row, query: Query) -> dict[str, Json]:
    nulls = dict(query).get("includeNullFields", "false").lower() == "true"
    wanted = {
        name.strip().lower()
        for key, text in query
        if key in ("fields[]", f"{kind.removesuffix('s').replace('-', '')}.fields[]")
        for name in text.split(",")
    }
    finished = _written(row if not wanted else {k: v for k, v in row.items() if k.lower() in wanted}, nulls=nulls)
    for name in sorted({text.lower() for key, text in query if key == "expand[]"}):
        finished |= _expanded(tenant, row, name, nulls=nulls)
    return finished


def _written(row: Row, *, nulls: bool) -> dict[str, Json]:
    return {key: _wire(value) for key, value in row.items() if nulls or value is not None}


def _expanded(tenant: Tenant, row: Row, name: str, *, nulls: bool) -> dict[str, Json]:
    key = row["id"]
    if name == "paymentapplications":
        applied = query_rows.payment_applications(tenant.payments[key])
        return {"paymentApplications": [_written(one, nulls=nulls) for one in applied]}
    if name.startswith("refundapplications"):
        taken = [_written(one, nulls=nulls) for one in query_rows.refund_applications(tenant.refunds[key])]
        if name.endswith(".payment"):
            taken = [one | _expanded(tenant, one, "payment", nulls=nulls) for one in taken]
        return {"refundApplications": list(taken)}
    if name.endswith("items"):
        owner = tenant.documents.get(key) or tenant.credit_memos[key]
        listed = {"invoiceitems": "invoiceItems", "debitmemoitems": "debitMemoItems"}.get(name, "creditMemoItems")
        return {listed: [_written(one, nulls=nulls) for one in query_rows.items(owner)]}
    if name == "account" and row.get("accountId") in tenant.accounts:
        return {"account": _written(query_rows.account(tenant.accounts[row["accountId"]]), nulls=nulls)}
    if name == "payment" and row.get("paymentId") in tenant.payments:
        paid = tenant.payments[row["paymentId"]]
        return {"payment": _written(query_rows.payment(tenant, paid), nulls=nulls)}
    if name == "refund" and row.get("refundId") in tenant.refunds:
        refund = tenant.refunds[row["refundId"]]
        return {"refund": _written(query_rows.refund(tenant, refund), nulls=nulls)}
    return {}


def _wire(value: Any) -> Json:
    if isinstance(value, datetime):
        return query_date_time(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return Decimal(plain(value))
    return value  # type: ignore[no-any-return]
