"""What is pushed to Object Query: as much as it can filter, and never what could lose a row."""

from __future__ import annotations

import pytest
from zoql_tenant import V68, V107, bound

from bridge.core.zoql.plan import Read, in_lists, plan

A, B = "a" * 32, "b" * 32


def reads(where: str, kind: str = "Payment", **more: object) -> list[list[str]]:
    """The filters of each read of a query."""
    planned = plan(bound(f"select Id from {kind} where {where}", **more))  # type: ignore[arg-type]
    return [[str(each) for each in read.filters] for read in planned.reads]


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        (f"Id = '{A}'", [f"id.EQ:{A}"]),
        (f"AccountId = '{A}' and Status = 'Processed'", [f"accountid.EQ:{A}", "status.EQ:Processed"]),
        ("Amount = 45.00", ["amount.EQ:45"]),
        ("Amount > 1 and Amount <= '82.80'", ["amount.GT:1", "amount.LE:82.8"]),
        ("Amount >= 1 and Amount < 2", ["amount.GE:1", "amount.LT:2"]),
        ("EffectiveDate >= '2026-02-10'", ["effectivedate.GE:2026-02-10"]),
        ("CreatedDate >= '2026-02-10T09:00:00-08:00'", ["createddate.GE:2026-02-10T17:00:00+00:00"]),
        ("CreatedDate > '2026-02-10T09:00:00.900-08:00'", ["createddate.GE:2026-02-10T17:00:00+00:00"]),
        ("CreatedDate <= '2026-02-10T09:00:00-08:00'", ["createddate.LE:2026-02-10T17:00:01+00:00"]),
        (
            "UpdatedDate = '2026-02-10T09:00:00-08:00'",
            ["updateddate.GE:2026-02-10T17:00:00+00:00", "updateddate.LE:2026-02-10T17:00:01+00:00"],
        ),
        ("PaymentNumber like 'P-0%'", ["paymentnumber.SW:P-0"]),
        ("PaymentNumber like 'P_0%'", ["paymentnumber.SW:P"]),
        ("PaymentNumber like 'P-1'", ["paymentnumber.EQ:P-1"]),
        ("ReferenceId != null", ["referenceid.NE:null"]),
        ("EffectiveDate = null", ["effectivedate.EQ:null"]),
        ("UnappliedAmount != null", ["unappliedamount.NE:null"]),
        # The same filter twice is one.
        ("Amount = 1 and Amount = 1.0", ["amount.EQ:1"]),
        # What cannot be pushed leaves what can.
        ("Type = 'External' and Amount = 1", ["amount.EQ:1"]),
    ],
)
def test_what_object_query_can_filter_is_pushed(where: str, expected: list[str]) -> None:
    """In its own spelling; dateTimes with room for the fraction of a second that its rows do not show."""
    assert reads(where) == [expected]


@pytest.mark.parametrize(
    "where",
    [
        "Type = 'External'",
        "Status != 'Error'",
        "Status > 'Error'",
        "Amount != 1",
        "EffectiveDate != '2026-02-10'",
        "CreatedDate != '2026-02-10T09:00:00-08:00'",
        "SettledOn > '2026-02-10T09:00:00-08:00'",
        "SettledOn = null",
        # Object Query may have an empty text there, which is null for ZOQL.
        "ReferenceId = null",
        # These would mean something else in a filter, or nobody knows what.
        "ReferenceId = 'NULL'",
        "ReferenceId = ''",
        "ReferenceId = ' a'",
        "ReferenceId = 'a,b'",
        "ReferenceId = '[a]'",
        "ReferenceId = 'a\\nb'",
        "ReferenceId = 'it\\'s'",
        "ReferenceId like '%a'",
        "ReferenceId like '_a%'",
        "Vip__c = true",
        "X__c = 'a'",
    ],
)
def test_what_could_lose_a_row_is_not_pushed(where: str) -> None:
    """Then everything is read and judged here."""
    assert reads(where) == [[]]


def test_a_query_without_conditions_reads_everything() -> None:
    """One read without filters."""
    assert plan(bound("select Id from Payment")).reads == (Read(),)


def test_each_alternative_is_a_read_of_its_own() -> None:
    """Object Query has no OR; equal alternatives are one read."""
    assert reads("Amount = 1 and Status = 'a' or Amount > 5 or Amount > 5.0") == [
        ["amount.EQ:1", "status.EQ:a"],
        ["amount.GT:5"],
    ]


def test_one_alternative_that_cannot_be_pushed_makes_it_one_read_of_everything() -> None:
    """Several reads beside it would only read rows twice."""
    assert reads("Amount = 1 or Type = 'External'") == [[]]


def test_alternatives_of_one_value_are_one_read() -> None:
    """ZOQL has no IN, so callers write long ors of ids; Object Query has it."""
    assert reads(f"Id = '{A}' or Id = '{B}' or Amount > 1") == [[f"id.IN:[{A},{B}]"], ["amount.GT:1"]]
    assert reads(f"Id = '{A}'") == [[f"id.EQ:{A}"]]
    # A value that could break a list stays alone.
    assert reads("ReferenceId = 'a' or ReferenceId = 'b c' or ReferenceId = 'd'") == [
        ["referenceid.IN:[a,d]"],
        ["referenceid.EQ:b c"],
    ]


def test_a_list_has_at_most_50_values() -> None:
    """A longer one is several reads."""
    many = " or ".join(f"Id = '{n:032x}'" for n in range(120))
    planned = reads(many)
    assert [len(filters[0].split(",")) for filters in planned] == [50, 50, 20]
    assert [str(each) for each in in_lists("id", ["x"])] == ["id.EQ:x"]
    assert in_lists("id", []) == []


def test_what_was_created_since_was_updated_since() -> None:
    """Refunds cannot be filtered by their creation, but a lower bound on the update loses none of them."""
    since = "2026-02-10T17:00:00+00:00"
    assert reads("CreatedDate >= '2026-02-10T09:00:00-08:00'", "Refund") == [[f"updateddate.GE:{since}"]]
    assert reads("CreatedDate < '2026-02-10T09:00:00-08:00'", "Refund") == [[]]


def test_a_source_type_that_is_shown_by_another_name_is_not_pushed() -> None:
    """The caller's word is none of Zuora's."""
    names = {("SourceType", "CreditMemo"): "CreditBalance"}
    assert reads("SourceType = 'CreditBalance' and Amount = 1", "Refund", names=names) == [["amount.EQ:1"]]
    assert reads("SourceType = 'CreditMemo'", "Refund") == [["sourcetype.EQ:CreditMemo"]]


def test_the_payments_of_an_invoice_are_found_by_the_invoice() -> None:
    """Object Query cannot filter applications by it, the invoice's application parts name its payments."""

    def planned(where: str) -> tuple[Read, ...]:
        return plan(bound(f"select Id from InvoicePayment where {where}")).reads

    assert planned(f"InvoiceId = '{A}'") == (Read((), A),)
    (read,) = planned(f"InvoiceId = '{A}' and UpdatedDate > '2026-02-10T09:00:00Z'")
    assert (read.invoice, len(read.filters)) == (A, 1)
    # A payment is nearer than an invoice; what is no id could be no path.
    assert planned(f"InvoiceId = '{A}' and PaymentId = '{B}'")[0].invoice is None
    assert planned("InvoiceId = '../x'") == (Read(),)
    assert planned(f"InvoiceId != '{A}'") == (Read(),)
    assert len(planned(f"InvoiceId = '{A}' or InvoiceId = '{B}'")) == 2


def test_versions_up_to_68_push_days_too() -> None:
    """A dateTime in a date field is a day before it is a filter."""
    assert reads("EffectiveDate = '2026-02-10T00:00:00'", version=V68) == [["effectivedate.EQ:2026-02-10"]]
    assert reads("EffectiveDate = '2026-02-10'", version=V107) == [["effectivedate.EQ:2026-02-10"]]
