"""v1 list operations: exact filters, pages of at most 40, and Zuora's upside-down sort signs.

Source: Zuora: List payments ("-" is ascending, "+" descending; default number descending), List refunds, List credit
memos. Must not change anything.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from bridge.sandbox.ledger import Tenant
from bridge.sandbox.money import Json, number
from bridge.sandbox.records import DEBIT_MEMO, Payment, Refund
from bridge.sandbox.refusal import INVALID_PARAMETER, INVALID_VALUE, Refusal
from bridge.sandbox.rest import shapes
from bridge.sandbox.rest.errors import STRICT_PARAMETERS_SINCE, at_least

_STAMPS = ("createdById", "createdDate", "updatedById", "updatedDate")
FILTERS: dict[str, tuple[str, ...]] = {
    "payments": (
        *("accountId", "amount", "appliedAmount", "creditBalanceAmount", "currency", "effectiveDate", "number"),
        *("refundAmount", "status", "type", "unappliedAmount", *_STAMPS),
    ),
    "refunds": (
        *("accountId", "amount", "methodType", "number", "paymentId", "refundDate", "status", "type", *_STAMPS),
    ),
    "credit-memos": (
        *("accountId", "accountNumber", "amount", "appliedAmount", "creditMemoDate", "currency", "number"),
        *("refundAmount", "status", "unappliedAmount", *_STAMPS),
    ),
    "debit-memos": (
        *("accountId", "accountNumber", "amount", "balance", "beAppliedAmount", "currency", "debitMemoDate"),
        *("dueDate", "number", "status", *_STAMPS),
    ),
}
_NAMES = {"payments": "payments", "refunds": "refunds", "credit-memos": "creditmemos", "debit-memos": "debitmemos"}
_MOST = 40


def answer_list(
    tenant: Tenant, kind: str, query: Sequence[tuple[str, str]], headers: Mapping[str, str], base_url: str
) -> dict[str, Json]:
    """Answer one page of a list."""
    asked = dict(query)
    page = _whole(asked.pop("page", "1"), "page", 10**9)
    size = _whole(asked.pop("pageSize", str(tenant.settings.default_page)), "pageSize", _MOST)
    sort = asked.pop("sort", "")
    for name in asked:
        if name not in FILTERS[kind]:
            if at_least(headers, STRICT_PARAMETERS_SINCE):
                raise Refusal(INVALID_PARAMETER, f"The query parameter {name} is not recognized.")
            continue
    wanted = {name: value for name, value in asked.items() if name in FILTERS[kind]}
    rows = [row for row in _rows(tenant, kind, wanted) if all(_same(row[key], text) for key, text in wanted.items())]
    _sort(rows, sort)
    start = (page - 1) * size
    answer: dict[str, Json] = {_NAMES[kind]: [_without_success(row) for row in rows[start : start + size]]}
    if start + size < len(rows):
        rest = urlencode([(name, value) for name, value in query if name not in ("page", "pageSize")])
        answer["nextPage"] = f"{base_url}/v1/{kind}?page={page + 1}&pageSize={size}{'&' if rest else ''}{rest}"
    answer["success"] = True
    return answer


def all_rows(name: str, rows: Sequence[Json]) -> dict[str, Json]:
    """Answer a list of parts or items as a whole; `cut` makes a page of it."""
    return {name: list(rows), "success": True}


def cut(tenant: Tenant, whole: dict[str, Json], query: Sequence[tuple[str, str]], url: str) -> dict[str, Json]:
    """Leave one page of a whole answer, with the address of the next."""
    asked = dict(query)
    page = _whole(asked.get("page", "1"), "page", 10**9)
    size = _whole(asked.get("pageSize", str(tenant.settings.default_page)), "pageSize", _MOST)
    name, rows = next((key, value) for key, value in whole.items() if isinstance(value, list))
    start = (page - 1) * size
    answer: dict[str, Json] = {name: rows[start : start + size]}
    if start + size < len(rows):
        answer["nextPage"] = f"{url}?page={page + 1}&pageSize={size}"
    return answer | {"success": True}


def _rows(tenant: Tenant, kind: str, wanted: Mapping[str, str]) -> list[dict[str, Json]]:
    if kind == "payments":
        payments: Iterable[Payment] = tenant.payments.values()
        if "accountId" in wanted and wanted["accountId"] != "null":
            payments = tenant.payments_by.get(("account", wanted["accountId"]), ())
        return [shapes.payment(tenant, one) for one in payments if tenant.visible(one.created)]
    if kind == "refunds":
        refunds: Iterable[Refund] = tenant.refunds.values()
        if "paymentId" in wanted and wanted["paymentId"] != "null":
            refunds = tenant.refunds_of.get(wanted["paymentId"], ())
        return [shapes.refund(tenant, one) for one in refunds if tenant.visible(one.created)]
    if kind == "credit-memos":
        memos = tenant.credit_memos.values()
        return [shapes.credit_memo(tenant, one) for one in memos if tenant.visible(one.created)]
    documents = [one for one in tenant.documents.values() if one.kind == DEBIT_MEMO]
    return [shapes.debit_memo(tenant, one) for one in documents if tenant.visible(one.created)]


def _same(actual: Json, text: str) -> bool:
    if actual is None or text == "null":
        return actual is None and text == "null"
    if isinstance(actual, Decimal):
        try:
            return actual == number(text)
        except ValueError:
            raise Refusal(INVALID_VALUE, f"The value {text} is not a number.") from None
    # A day filters a timestamp too; both spellings are seen in clients.
    return str(actual) == text or (len(text) == 10 and str(actual)[10:11] == " " and str(actual)[:10] == text)


def _sort(rows: list[dict[str, Json]], sort: str) -> None:
    fields = [part for part in sort.split(",") if part] or ["+number"]
    for part in reversed(fields[:2]):
        # An unencoded "+" arrives as a blank.
        descending = part[0] in "+ "
        name = part.lstrip("+- ")
        if rows and name not in rows[0]:
            raise Refusal(INVALID_VALUE, f"The field {name} cannot be sorted by.")
        key: Callable[[dict[str, Json]], Any] = lambda row, name=name: (  # type: ignore[misc]  # noqa: E731
            row[name] is not None,
            row[name] if isinstance(row[name], Decimal) else str(row[name]),
        )
        rows.sort(key=key, reverse=descending)


def _whole(text: str, name: str, most: int) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= most:
        raise Refusal(INVALID_VALUE, f"The value of {name} must be a number from 1 to {most}.")
    return int(text)


def _without_success(row: dict[str, Json]) -> dict[str, Json]:
    return {name: value for name, value in row.items() if name != "success"}
