"""The conduct of a query: pages, limits, rows in the caller's shape, and what happens when Zuora does not answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from core_objects import TENANT
from hypothesis import given
from hypothesis import strategies as st
from zoql_tenant import V68, V83, V107, ObjectQuery, bound, run, shown

from bridge.core.mapping.query import SOURCES, Column, Kind
from bridge.core.model import CallFault, Version
from bridge.core.zoql import MOST_ROWS, Found, PaidBy, ReadPage, RowsRead, Unread, search
from bridge.core.zoql import values as field_values
from bridge.core.zoql.paging import QueryOptions, as_before, digest, newest, page
from bridge.core.zoql.search import Row
from bridge.core.zoql.values import Unreadable

A, B = "a" * 32, "b" * 32
PAYMENT: dict[str, Any] = {
    "id": A,
    "accountId": B,
    "amount": Decimal("82.80"),
    "appliedAmount": Decimal("100.00"),
    "unappliedAmount": 0,
    "comment": "",
    "createdDate": "2015-12-28T10:14:58+00:00",
    "currency": "USD",
    "effectiveDate": "2016-07-08",
    "gateway": "Gateway A",
    "source": "API",
    "sourceName": None,
    "transferredToAccounting": False,
}


def one(row: Mapping[str, Any], fields: str, version: Version = V107, kind: str = "Payment") -> dict[str, str]:
    """The one row of a query, as the caller sees it."""
    query = bound(f"select {fields} from {kind}", version)
    (found,) = shown(query, ObjectQuery({query.source.resource: [row]}))
    return found


# ------------------------------------------------------------------ rows


def test_a_row_has_the_formats_of_recorded_answers() -> None:
    """Decimals without trailing zeros, dateTimes with milliseconds in the tenant's zone, nulls omitted."""
    row = one(
        PAYMENT, "Amount, AppliedAmount, UnappliedAmount, Comment, CreatedDate, EffectiveDate, SourceName, Source"
    )
    assert list(row.items()) == [
        ("Id", A),
        ("Amount", "82.8"),
        ("AppliedAmount", "100"),
        ("CreatedDate", "2015-12-28T02:14:58.000-08:00"),
        ("EffectiveDate", "2016-07-08"),
        ("Source", "API"),
        ("UnappliedAmount", "0"),
    ]


def test_up_to_68_a_date_is_the_tenants_midnight() -> None:
    """With the offset of that day."""
    assert one(PAYMENT, "EffectiveDate", V68)["EffectiveDate"] == "2016-07-08T00:00:00.000-07:00"
    assert one(PAYMENT, "EffectiveDate", Version(69))["EffectiveDate"] == "2016-07-08"


@pytest.mark.parametrize(("given_", "shown_"), [(False, "No"), (True, "Yes"), ("No", "No"), ("Ignore", "Ignore")])
def test_a_boolean_of_rest_is_a_word_of_soap(given_: object, shown_: str) -> None:
    """TransferredToAccounting comes as a text or as a boolean."""
    assert one({**PAYMENT, "transferredToAccounting": given_}, "TransferredToAccounting") == {
        "Id": A,
        "TransferredToAccounting": shown_,
    }


def test_custom_fields_are_shown_by_their_types() -> None:
    """And as text where nobody knows them."""
    tenant = replace(
        TENANT, custom_types={"Payment.N__c": "decimal", "Payment.B__c": "boolean", "Payment.D__c": "date"}
    )
    row = {**PAYMENT, "N__c": "7.50", "B__c": "Yes", "D__c": "2026-02-10T23:00:00-08:00", "T__c": True, "U__c": 7}
    query = bound("select N__c, B__c, D__c, T__c, U__c, V__c from Payment", V83, tenant)
    assert shown(query, ObjectQuery({"payments": [{**row, "V__c": Decimal("1.50")}]}), tenant) == [
        {"Id": A, "B__c": "true", "D__c": "2026-02-10", "N__c": "7.5", "T__c": "true", "U__c": "7", "V__c": "1.5"}
    ]


def test_an_application_is_an_invoice_payment_only_of_an_invoice() -> None:
    """What is applied to a debit memo has no row, as in Zuora's own object; nothing of what is left is refunded."""
    rows = [
        {"id": A, "paymentId": B, "invoiceId": "i", "applyAmount": Decimal(45)},
        {"id": B, "paymentId": B, "debitMemoId": "d", "invoiceId": None, "applyAmount": Decimal(50)},
    ]
    query = bound("select PaymentId, InvoiceId, Amount, RefundAmount from InvoicePayment")
    assert shown(query, ObjectQuery({"payment-applications": rows})) == [
        {"Id": A, "Amount": "45", "InvoiceId": "i", "PaymentId": B, "RefundAmount": "0"}
    ]


def test_a_refund_application_is_a_refund_invoice_payment() -> None:
    """Which application was refunded, nobody can tell: InvoicePaymentId is null."""
    rows = [{"id": A, "refundId": B, "invoiceId": "i", "applyAmount": Decimal("5.10")}]
    query = bound("select RefundAmount, RefundId, InvoicePaymentId, InvoiceId from RefundInvoicePayment", V83)
    assert shown(query, ObjectQuery({"refund-applications": rows})) == [
        {"Id": A, "InvoiceId": "i", "RefundAmount": "5.1", "RefundId": B}
    ]


@pytest.mark.parametrize(
    ("field", "name", "value"),
    [
        ("Amount", "amount", "x"),
        ("Amount", "amount", True),
        ("Amount", "amount", [1]),
        ("Amount", "amount", Decimal("Infinity")),
        ("Amount", "amount", Decimal("1E+999999")),
        ("CreatedDate", "createdDate", "yesterday"),
        ("CreatedDate", "createdDate", 5),
        ("CreatedDate", "createdDate", "0001-01-01T00:00:00+00:00"),
        ("EffectiveDate", "effectiveDate", "2026-02-30"),
        ("EffectiveDate", "effectiveDate", {}),
        ("Status", "status", {"a": 1}),
    ],
)
def test_what_cannot_be_read_is_a_fault_and_no_guess(field: str, name: str, value: object) -> None:
    """The text names the field and never the value."""
    query = bound(f"select {field} from Payment")
    fault = run(query, ObjectQuery({"payments": [{**PAYMENT, name: value}]}))
    assert isinstance(fault, CallFault)
    assert (fault.code, fault.kind) == ("UNKNOWN_ERROR", "UnexpectedErrorFault")
    assert f"{field} of a row of Zuora's is no" in fault.message


@pytest.mark.parametrize(("given_", "expected"), [("true", "true"), (1, "true"), (False, "false")])
def test_booleans_are_read_in_every_spelling(given_: object, expected: str) -> None:
    """A tenant's boolean field."""
    column = Column("B__c", Kind.BOOLEAN, "B__c")
    value = field_values.read(column, {"B__c": given_}, TENANT.zone)
    assert value is not None
    assert field_values.shown(value, V107, TENANT.zone) == expected
    with pytest.raises(Unreadable):
        field_values.read(column, {"B__c": "maybe"}, TENANT.zone)


def test_moments_without_an_offset_are_the_tenants() -> None:
    """As v1 writes them (Zuora: Retrieve a payment)."""
    assert one({**PAYMENT, "createdDate": "2026-02-10 09:00:00"}, "CreatedDate")["CreatedDate"] == (
        "2026-02-10T09:00:00.000-08:00"
    )
    assert one({**PAYMENT, "effectiveDate": "2026-02-10 09:00:00"}, "EffectiveDate")["EffectiveDate"] == "2026-02-10"


@given(
    st.dictionaries(
        st.sampled_from([column.row for column in SOURCES["Payment"].columns.values() if column.row]),
        st.none() | st.text(max_size=8) | st.booleans() | st.integers() | st.decimals() | st.lists(st.none()),
    ),
    st.sampled_from([V68, V107]),
)
def test_any_row_is_shown_or_a_fault(row: dict[str, Any], version: Version) -> None:
    """Nothing that Zuora could say makes the search fail in another way."""
    names = ", ".join(column.soap for column in SOURCES["Payment"].columns.values() if column.queryable)
    names = names if version >= V107 else "Amount, EffectiveDate, CreatedDate, Status"
    result = run(bound(f"select {names} from Payment", version), ObjectQuery({"payments": [{"id": A, **row}]}))
    assert isinstance(result, Found | CallFault)


# ------------------------------------------------------------------ reads


def test_all_pages_are_read_and_the_rows_are_sorted_by_id() -> None:
    """So that the same rows are the same list on every process."""
    zuora = ObjectQuery({"payments": [{"id": f"{n:032x}"} for n in range(25)]}, size=10)
    found = run(bound("select Id from Payment"), zuora)
    assert isinstance(found, Found)
    assert [int(row.id, 16) for row in found.rows] == list(range(25))
    assert [each.cursor for each in zuora.asked if isinstance(each, ReadPage)] == [None, "10", "20"]


def test_rows_of_several_alternatives_are_one_list() -> None:
    """A row that satisfies two alternatives is there once."""
    zuora = ObjectQuery({"payments": [{"id": A, "amount": 5, "status": "x"}, {"id": B, "amount": 1, "status": "x"}]})
    found = run(bound("select Id from Payment where Amount > 3 or Status = 'x'"), zuora)
    assert isinstance(found, Found)
    assert [row.id for row in found.rows] == [A, B]
    assert zuora.filters == [("status.EQ:x",), ("amount.GT:3",)]


def test_invoice_payments_of_an_invoice_are_those_of_its_payments() -> None:
    """First which payments paid it, then their applications; of an unpaid invoice nothing is read."""
    rows = [
        {"id": A, "paymentId": "p1", "invoiceId": "i1", "applyAmount": 1},
        {"id": B, "paymentId": "p1", "invoiceId": "i2", "applyAmount": 2},
        {"id": "c" * 32, "paymentId": "p2", "invoiceId": "i1", "applyAmount": 3},
    ]
    zuora = ObjectQuery({"payment-applications": rows})
    zuora.paid_by = {"i1": ("p1", "p1")}
    assert shown(bound("select InvoiceId from InvoicePayment where InvoiceId = 'i1'"), zuora) == [
        {"Id": A, "InvoiceId": "i1"}
    ]
    assert zuora.asked == [PaidBy("i1"), ReadPage("payment-applications", zuora.asked[1].filters)]  # type: ignore[union-attr]
    assert zuora.filters == [("paymentid.EQ:p1",)]
    assert shown(bound("select Id from InvoicePayment where InvoiceId = 'i9'"), zuora) == []


def test_10000_rows_are_the_most() -> None:
    """The next one ends the query, with advice, whether it matches or was only read."""
    zuora = ObjectQuery({"payments": [{"id": f"{n:032x}", "amount": n} for n in range(MOST_ROWS)]})
    found = run(bound("select Id from Payment"), zuora)
    assert isinstance(found, Found)
    assert len(found.rows) == MOST_ROWS
    more = ObjectQuery({"payments": [{"id": f"{n:032x}", "amount": n} for n in range(MOST_ROWS + 1)]})
    for where in ("", " where Type = 'External'"):
        fault = run(bound(f"select Id from Payment{where}"), more)
        assert isinstance(fault, CallFault)
        assert (fault.code, fault.kind, fault.status) == ("TRANSACTION_TERMINATED", "UnexpectedErrorFault", 500)
        assert "more than 10000 rows" in fault.message
        assert "joined by and, on AccountId, Amount, CreatedDate, EffectiveDate" in fault.message
    assert isinstance(run(bound("select Id from Payment where Amount > 5"), more), Found)


@pytest.mark.parametrize(
    ("told", "code", "status"),
    [
        (Unread("x", 429), "REQUEST_EXCEEDED_LIMIT", 429),
        (Unread("x", 200, (70,)), "REQUEST_EXCEEDED_LIMIT", 429),
        (Unread("x", 403), "NO_PERMISSION", 500),
        (Unread("x", 200, (10,)), "NO_PERMISSION", 500),
        (Unread("x"), "TEMPORARY_ERROR", 500),
        (Unread("x", 503), "TEMPORARY_ERROR", 500),
        (Unread("HTTP 400, category 27", 400, (27,)), "UNKNOWN_ERROR", 500),
        (Unread("x", 401), "UNKNOWN_ERROR", 500),
    ],
)
@pytest.mark.parametrize("where", ["", " where InvoiceId = 'i'"])
def test_a_read_without_an_answer_is_a_fault_that_says_whose_it_is(
    told: Unread, code: str, status: int, where: str
) -> None:
    """Nothing was changed, whatever it is; a limit says when to come again."""
    steps = search(bound(f"select Id from InvoicePayment{where}"), TENANT)
    next(steps)
    with pytest.raises(StopIteration) as end:
        steps.send(told)
    fault = end.value.value
    assert (fault.code, fault.status, fault.kind) == (code, status, "UnexpectedErrorFault")
    assert "Nothing was changed" in fault.message
    assert (fault.retry_after is not None) == (status == 429)


@pytest.mark.parametrize("told", [Unread("x", 401), Unread("x", 200, (11,))])
def test_a_credential_of_the_callers_own_that_ended_is_the_callers_to_renew(told: Unread) -> None:
    """Under the bridge's own it is nothing that the caller could mend."""
    for own, code in ((True, "INVALID_SESSION"), (False, "UNKNOWN_ERROR")):
        steps = search(bound("select Id from Payment"), TENANT, own=own)
        next(steps)
        with pytest.raises(StopIteration) as end:
            steps.send(told)
        assert end.value.value.code == code


@pytest.mark.parametrize(
    "last",
    [RowsRead(({"id": A},), "1"), RowsRead((), "2"), RowsRead(({"amount": 1},)), RowsRead(({"id": ""},))],
    ids=["same cursor", "empty page", "no id", "empty id"],
)
def test_a_list_that_makes_no_sense_is_a_fault(last: RowsRead) -> None:
    """A cursor that does not move, an empty page that is not the last, a row without an id."""
    steps = search(bound("select Id from Payment"), TENANT)
    next(steps)
    steps.send(RowsRead(({"id": B},), "1"))
    with pytest.raises(StopIteration) as end:
        steps.send(last)
    assert end.value.value.code == "UNKNOWN_ERROR"


# ------------------------------------------------------------------ pages


def made(count: int) -> tuple[Row, ...]:
    """Rows created one day after the other."""
    return tuple(Row(f"{n:032x}", f"2026-01-{n + 1:02d}", (f"{n:032x}",)) for n in range(count))


@pytest.mark.parametrize(("asked", "rows"), [(0, 2000), (1, 1), (2000, 2000), (2001, 2000), (-5, 2000)])
def test_a_page_has_1_to_2000_rows(asked: int, rows: int) -> None:
    """Zuora: QueryOptions: 0 and what is out of bounds mean 2000."""
    assert QueryOptions(asked).rows == rows


def test_a_page_tells_the_size_of_the_whole_query() -> None:
    """The same on every page."""
    query = bound("select Amount from Payment")
    for offset, count in ((0, 2), (2, 2), (4, 1)):
        cut = page(query, made(5), offset, QueryOptions(2))
        assert (len(cut.rows), cut.size, cut.object) == (count, 5, "Payment")
        assert (cut.names, cut.kinds) == (("Id", "Amount"), (Kind.ID, Kind.DECIMAL))
        assert cut.done
    assert not replace(page(query, made(5), 0, QueryOptions(2)), locator="x").done


def test_what_came_later_is_told_from_what_was_there() -> None:
    """A row created after every row of a result was none of it; any other difference shows in the digest."""
    five = made(5)
    four = five[:4]
    assert newest(four) == "2026-01-04"
    assert newest(()) == ""
    assert as_before(five, newest(four)) == four
    assert digest(four) != digest(five)
    assert digest(as_before(five, newest(four))) == digest(four)
