"""Object Query: filtered reads of payments, refunds, documents and their applications.

Source: Zuora: Object Queries, "Expand, filter, fields, sort": several filters are AND, no OR; pageSize 1 to 99;
timestamps carry an offset. Must not change anything.
"""

import base64
import binascii
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from bridge.sandbox.clock import ZONE, query_date_time
from bridge.sandbox.ledger import Tenant
from bridge.sandbox.money import ZERO, Json, plain
from bridge.sandbox.records import (
    DEBIT_MEMO,
    INVOICE,
    CreditMemo,
    Document,
    Movement,
    Part,
    Payment,
    Record,
    Refund,
    Source,
)
from bridge.sandbox.refusal import INVALID_PARAMETER, INVALID_VALUE, Refusal, not_found
from bridge.sandbox.rest.errors import STRICT_PARAMETERS_SINCE, at_least

Row = dict[str, Any]
OBJECTS: Final = (
    *("payments", "refunds", "invoices", "debit-memos", "credit-memos"),
    *("payment-applications", "refund-applications"),
)
_DOCUMENT_FILTERS = "id accountid balance currency duedate status createddate updateddate"
_FILTERS: Final = {
    "payments": "id updateddate accountid amount effectivedate gatewayorderid gatewaystate paymentmethodid"
    " paymentmethodsnapshotid paymentnumber referenceid source sourcename status unappliedamount createddate",
    "refunds": "id accountid amount paymentmethodid reasoncode refunddate refundnumber sourcetype status type"
    " updateddate createddate",
    "invoices": f"{_DOCUMENT_FILTERS} amount invoicenumber invoicedate",
    "debit-memos": f"{_DOCUMENT_FILTERS} totalamount debitmemonumber debitmemodate",
    "credit-memos": "id accountid status creditmemonumber creditmemodate unappliedamount updateddate createddate",
    "payment-applications": "id paymentid invoiceid debitmemoid accountid createddate updateddate",
    "refund-applications": "id refundid paymentid creditmemoid accountid createddate updateddate",
}
_NUMBERS: Final = {
    "payments": "paymentNumber",
    "refunds": "refundNumber",
    "invoices": "invoiceNumber",
    "debit-memos": "debitMemoNumber",
    "credit-memos": "creditMemoNumber",
}
_FILTER = re.compile(r"([A-Za-z_]\w*)\.(EQ|NE|LT|GT|GE|LE|SW|IN):(.*)", re.DOTALL)
_PARAMETERS: Final = ("pageSize", "cursor", "filter[]", "fields[]", "expand[]", "sort[]", "includeNullFields")


def answer_list(
    tenant: Tenant, kind: str, query: Sequence[tuple[str, str]], headers: Mapping[str, str]
) -> dict[str, Json]:
    """Answer one page of a filtered list."""
    for name, _ in query:
        if name not in _PARAMETERS:
            raise _bad(headers, f"The query parameter {name} is not recognized.")
    asked = dict(query)
    size = asked.get("pageSize", "10")
    if not size.isdigit() or not 1 <= int(size) <= 99:
        raise _bad(headers, "The value of pageSize must be a number from 1 to 99.")
    filters = [_parsed(kind, text, headers) for name, text in query if name == "filter[]"]
    rows = [
        row
        for row in _rows(tenant, kind, filters)
        if all(_holds(row, name, operator, values, headers) for name, operator, values in filters)
    ]
    _sort(rows, [text for name, text in query if name == "sort[]"], headers)
    start = _offset(asked.get("cursor"), headers)
    end = start + int(size)
    expand = {text.lower() for name, text in query if name == "expand[]"}
    answer: dict[str, Json] = {"data": [_finished(tenant, row, asked, expand) for row in rows[start:end]]}
    if end < len(rows):
        answer["nextPage"] = base64.urlsafe_b64encode(f"offset={end}".encode()).decode()
    return answer


def answer_one(tenant: Tenant, kind: str, key: str, query: Sequence[tuple[str, str]]) -> dict[str, Json]:
    """Answer one object by id or number."""
    number = _NUMBERS.get(kind)
    expand = {text.lower() for name, text in query if name == "expand[]"}
    named = "id" if _is_id(key) else "paymentnumber"
    for row in _rows(tenant, kind, [(named, "EQ", [key])]):
        if row["id"] == key or (number is not None and row.get(number) == key):
            return _finished(tenant, row, dict(query), expand)
    raise not_found(key)


def _is_id(key: str) -> bool:
    return re.fullmatch(r"[0-9a-f]{32}", key) is not None


def _bad(headers: Mapping[str, str], message: str) -> Refusal:
    return Refusal(INVALID_PARAMETER if at_least(headers, STRICT_PARAMETERS_SINCE) else INVALID_VALUE, message)


def _parsed(kind: str, text: str, headers: Mapping[str, str]) -> tuple[str, str, list[str]]:
    found = _FILTER.fullmatch(text)
    if found is None:
        raise _bad(headers, f"The filter {text} is not of the form field.OPERATOR:value.")
    name, operator, value = found[1].lower(), found[2], found[3]
    if name not in _FILTERS[kind].split() and not name.endswith(("__c", "__ns")):
        raise _bad(headers, f"The field {found[1]} of {kind} cannot be filtered by.")
    if operator != "IN":
        return name, operator, [value]
    if not (value.startswith("[") and value.endswith("]")):
        raise _bad(headers, f"The values of {text} must be in square brackets.")
    return name, operator, [one.strip() for one in value[1:-1].split(",")]


def _rows(tenant: Tenant, kind: str, filters: Sequence[tuple[str, str, list[str]]]) -> Iterable[Row]:
    exact = {name: values for name, operator, values in filters if operator in ("EQ", "IN")}
    if kind == "payments":
        return [_payment(tenant, one) for one in _payments(tenant, exact)]
    if kind == "refunds":
        refunds: Iterable[Refund] = tenant.refunds.values()
        if "id" in exact:
            refunds = [tenant.refunds[key] for key in exact["id"] if key in tenant.refunds]
        return [_refund(tenant, one) for one in refunds]
    if kind == "credit-memos":
        return [_credit_memo(one) for one in tenant.credit_memos.values()]
    if kind in ("invoices", "debit-memos"):
        wanted = INVOICE if kind == "invoices" else DEBIT_MEMO
        documents: Iterable[Document] = tenant.documents.values()
        if "id" in exact:
            documents = [tenant.documents[key] for key in exact["id"] if key in tenant.documents]
        return [_document(one) for one in documents if one.kind == wanted]
    if kind == "payment-applications":
        payments = tenant.payments.values()
        chosen = [tenant.payments[key] for key in exact.get("paymentid", ()) if key in tenant.payments]
        return [row for one in (chosen or payments) for row in _payment_applications(one)]
    return [row for one in tenant.refunds.values() for row in _refund_applications(one)]


def _payments(tenant: Tenant, exact: Mapping[str, list[str]]) -> Iterable[Payment]:
    if "id" in exact:
        return [tenant.payments[key] for key in exact["id"] if key in tenant.payments]
    if "paymentnumber" in exact:
        return [tenant.payment_numbers[key] for key in exact["paymentnumber"] if key in tenant.payment_numbers]
    for name, index in (("referenceid", "reference"), ("gatewayorderid", "order"), ("accountid", "account")):
        if name in exact and "null" not in exact[name]:
            keys = exact[name] if index == "account" else {value.lower() for value in exact[name]}
            return [one for key in keys for one in tenant.payments_by.get((index, key), ())]
    return tenant.payments.values()


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
            wanted = Decimal(text)
        elif isinstance(actual, datetime):
            moment = datetime.fromisoformat(text)
            wanted = moment if moment.tzinfo else moment.replace(tzinfo=ZONE)
            actual = actual.replace(microsecond=0)
        elif isinstance(actual, date):
            wanted = date.fromisoformat(text[:10])
        else:
            actual = str(actual).lower()
    except (ValueError, InvalidOperation):
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


def _sort(rows: list[Row], sorts: Sequence[str], headers: Mapping[str, str]) -> None:
    for text in sorts:
        name, _, direction = text.partition(".")
        if direction.upper() not in ("ASC", "DESC"):
            raise _bad(headers, f"The sort {text} is not of the form field.ASC or field.DESC.")
        lower = name.lower()
        keyed = [
            (next((value for key, value in row.items() if key.lower() == lower), None), index)
            for index, row in enumerate(rows)
        ]
        order = sorted(keyed, key=lambda pair: (pair[0] is not None, pair[0] if pair[0] is not None else 0))
        if direction.upper() == "DESC":
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


def _finished(tenant: Tenant, row: Row, asked: Mapping[str, str], expand: set[str]) -> dict[str, Json]:
    nulls = asked.get("includeNullFields", "false").lower() == "true"
    finished = {key: _wire(value) for key, value in row.items() if nulls or value is not None}
    if "paymentapplications" in expand and row["id"] in tenant.payments:
        rows = _payment_applications(tenant.payments[row["id"]])
        finished["paymentApplications"] = [{key: _wire(value) for key, value in one.items()} for one in rows]
    if "refundapplications" in expand and row["id"] in tenant.refunds:
        rows = _refund_applications(tenant.refunds[row["id"]])
        finished["refundApplications"] = [{key: _wire(value) for key, value in one.items()} for one in rows]
    return finished


def _wire(value: Any) -> Json:
    if isinstance(value, datetime):
        return query_date_time(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return Decimal(plain(value))
    return value  # type: ignore[no-any-return]


def _stamps(one: Record | Part) -> Row:
    return {
        "createdById": one.created_by,
        "createdDate": one.created,
        "updatedById": one.updated_by,
        "updatedDate": one.updated,
    }


def _movement(tenant: Tenant, one: Movement) -> Row:
    gateway = tenant.gateways.get(one.gateway_id or "")
    return {
        "accountingCode": one.accounting_code,
        "cancelledOn": one.cancelled,
        "comment": one.comment or "",
        "gateway": gateway.name if gateway else None,
        "gatewayResponse": one.gateway_response,
        "gatewayResponseCode": one.gateway_response_code,
        "gatewayState": one.gateway_state,
        "markedForSubmissionOn": one.submitted,
        "submittedOn": one.submitted,
        "paymentMethodId": one.payment_method_id,
        "softDescriptor": one.soft_descriptor,
        "softDescriptorPhone": one.soft_descriptor_phone,
        "transferredToAccounting": one.transferred,
        "type": one.type,
        **one.custom,
    }


def _payment(tenant: Tenant, one: Payment) -> Row:
    return {
        "id": one.id,
        "paymentNumber": one.number,
        "accountId": one.account_id,
        "amount": one.amount,
        "appliedAmount": one.applied,
        "appliedCreditBalanceAmount": ZERO,
        "unappliedAmount": one.unapplied,
        "refundAmount": one.refunded,
        "authTransactionId": one.auth_transaction_id,
        "currency": one.currency,
        "effectiveDate": one.day,
        "gatewayOrderId": one.gateway_order_id,
        "referenceId": one.reference_id,
        "secondPaymentReferenceId": one.second_reference_id,
        "source": one.origin,
        "sourceName": None,
        "status": one.status,
        **_movement(tenant, one),
        **_stamps(one),
    }


def _refund(tenant: Tenant, one: Refund) -> Row:
    return {
        "id": one.id,
        "refundNumber": one.number,
        "accountId": one.account_id,
        "amount": one.amount,
        "currency": one.currency,
        "associatedTransactionNumber": _associated(tenant, one),
        "methodType": one.method_type,
        "reasonCode": one.reason_code,
        "referenceID": one.reference_id,
        "refundDate": one.day,
        "refundTransactionTime": one.created,
        "secondRefundReferenceId": one.second_reference_id,
        "sourceType": "Payment" if one.payment_id else "CreditMemo",
        "status": one.status,
        **_movement(tenant, one),
        **_stamps(one),
    }


def _associated(tenant: Tenant, one: Refund) -> str | None:
    source: Source | None = tenant.payments.get(one.payment_id or "") or tenant.credit_memos.get(
        one.credit_memo_id or ""
    )
    return source.number if source else None


def _document(one: Document) -> Row:
    name = "invoice" if one.kind == INVOICE else "debitMemo"
    return {
        "id": one.id,
        f"{name}Number": one.number,
        f"{name}Date": one.day,
        "accountId": one.account_id,
        "amount" if name == "invoice" else "totalAmount": one.total,
        "balance": one.balance,
        "currency": one.currency,
        "dueDate": one.due,
        "status": one.status,
        "transferredToAccounting": "No",
        **_stamps(one),
    }


def _credit_memo(one: CreditMemo) -> Row:
    return {
        "id": one.id,
        "creditMemoNumber": one.number,
        "creditMemoDate": one.day,
        "accountId": one.account_id,
        "totalAmount": one.amount,
        "appliedAmount": one.applied,
        "unappliedAmount": one.unapplied,
        "refundAmount": one.refunded,
        "balance": one.unapplied,
        "currency": one.currency,
        "reasonCode": one.reason_code,
        "sourceType": "Standalone",
        "status": one.status,
        **_stamps(one),
    }


def _payment_applications(one: Payment) -> list[Row]:
    return [
        {
            "id": part.id,
            "paymentId": one.id,
            "accountId": one.account_id,
            "applyAmount": part.amount,
            "effectiveDate": one.day,
            "invoiceId": part.document_id if part.kind == INVOICE else None,
            "debitMemoId": part.document_id if part.kind == DEBIT_MEMO else None,
            **_stamps(part),
        }
        for part in one.parts.values()
    ]


def _refund_applications(one: Refund) -> list[Row]:
    # A refund application carries no debit memo (Zuora: Object Queries, refund applications).
    return [
        {
            "id": part.id,
            "refundId": one.id,
            "paymentId": one.payment_id,
            "creditMemoId": one.credit_memo_id,
            "accountId": one.account_id,
            "applyAmount": part.amount,
            "effectiveDate": one.day,
            "invoiceId": part.document_id if part.kind == INVOICE else None,
            **_stamps(one),
        }
        for part in one.parts
    ]
