"""What a version may ask: fields, objects, filters and literals, refused in Zuora's own words."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from core_objects import TENANT
from zoql_tenant import V68, V83, V107, bound

from bridge.core.mapping.query import SOURCES, Kind, source_of
from bridge.core.model import Version
from bridge.core.versions import FIELDS_SINCE
from bridge.core.zoql import ZoqlError

EAST = timezone(timedelta(hours=1))
TYPED = replace(
    TENANT,
    custom_types={
        "Payment.Score__c": "decimal",
        "Payment.Due__c": "date",
        "Payment.Seen__c": "dateTime",
        "Payment.Vip__c": "boolean",
        "Payment.Kind__c": "string",
    },
)


def refused(text: str, version: Version = V107) -> tuple[str, str]:
    """Code and text of the refusal of a query."""
    with pytest.raises(ZoqlError) as error:
        bound(text, version)
    assert error.value.fault.kind == "MalformedQueryFault"
    return error.value.code, error.value.message


def value(condition: str, version: Version = V107, kind: str = "Payment") -> object:
    """The value that a condition's literal has."""
    ((test,),) = bound(f"select Id from {kind} where {condition}", version, TYPED).where
    return test.value


def test_rows_have_id_first_and_the_rest_in_the_order_of_the_wsdl() -> None:
    """Whatever the order, the case and the repetitions of the select list."""
    query = bound("select type, amount, X__c, Amount, accountid, ID from payment")
    assert [column.soap for column in query.columns] == ["Id", "AccountId", "Amount", "Type", "X__c"]
    assert [column.soap for column in bound("select Amount from Payment").columns] == ["Id", "Amount"]


@pytest.mark.parametrize(
    ("kind", "field", "version"),
    [
        ("Payment", "InvoicePaymentData", V107),
        ("Payment", "InvoiceId", V107),
        ("Payment", "InvoiceNumber", V107),
        ("Payment", "AppliedInvoiceAmount", V107),
        ("Payment", "GatewayOptionData", V107),
        ("Payment", "UnappliedAmount", Version(106)),
        ("Payment", "AppliedAmount", V83),
        ("Payment", "Currency", Version(76)),
        ("Payment", "Source", Version(64)),
        ("Payment", "PaymentMethodSnapshotId", Version(59)),
        ("Payment", "PaymentNumber", Version(22)),
        ("Payment", "CreatedDate", Version(19)),
        ("Payment", "Nonsense", V107),
        ("Payment", "ReferenceIdentity", V107),
        ("Refund", "PaymentId", V107),
        ("Refund", "RefundInvoicePaymentData", V107),
        ("Refund", "ReasonCode", Version(43)),
        ("RefundInvoicePayment", "InvoiceId", Version(63)),
        ("InvoicePayment", "X__c", V107),
    ],
)
@pytest.mark.parametrize("place", ["select Id, {0} from {1}", "select Id from {1} where {0} = null"])
def test_a_field_that_the_version_cannot_query_is_invalid(kind: str, field: str, version: Version, place: str) -> None:
    """The object as in the WSDL, the field in lower case, as recorded faults have it (I8)."""
    expected = f"invalid field for query: {kind}.{field.lower()}"
    assert refused(place.format(field, kind.lower()), version) == ("INVALID_FIELD", expected)


@pytest.mark.parametrize("name", ["PaymentMethodSnapshotId", "Source", "SourceName"])
def test_some_fields_can_be_selected_but_not_filtered_by(name: str) -> None:
    """Zuora: Payment object, "Query" without "Filter"."""
    bound(f"select {name} from Payment")
    assert refused(f"select Id from Payment where {name} = 'x'")[0] == "INVALID_FIELD"


def test_applied_and_unapplied_are_for_107_and_later() -> None:
    """Selected and filtered by from there on, never before."""
    query = bound("select AppliedAmount, UnappliedAmount from Payment where AppliedAmount > 0 and UnappliedAmount = 0")
    assert [column.soap for column in query.columns] == ["Id", "AppliedAmount", "UnappliedAmount"]


@pytest.mark.parametrize(
    ("text", "version", "shown"),
    [
        ("select Id from Account", V107, "Account"),
        ("select Id from nonsense", V107, "nonsense"),
        ("select Id from refund", Version(17), "Refund"),
        ("select Id from RefundInvoicePayment", Version(17), "RefundInvoicePayment"),
    ],
)
def test_an_object_that_is_not_there_is_an_invalid_type(text: str, version: Version, shown: str) -> None:
    """Another object, or one that the version does not have yet."""
    assert refused(text, version) == ("INVALID_TYPE", f"invalid type for query: {shown}")


def test_custom_fields_have_the_tenants_types_and_spelling() -> None:
    """What is not listed is text and spelled as the caller spells it."""
    query = bound("select score__C, Kind__c, Vip__c, IntegrationId__NS, Other__c from Payment", V83, TYPED)
    assert {column.soap: column.kind for column in query.columns[1:]} == {
        "Score__c": Kind.DECIMAL,
        "Kind__c": Kind.TEXT,
        "Vip__c": Kind.BOOLEAN,
        "IntegrationId__NS": Kind.TEXT,
        "Other__c": Kind.TEXT,
    }


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("Amount = 45.00", Decimal(45)),
        ("Amount = '45.50'", Decimal("45.5")),
        ("Amount = -.5", Decimal("-0.5")),
        ("PaymentNumber = 5", "5"),
        ("Comment = ' a '", " a "),
        ("Comment = null", None),
        ("EffectiveDate = '2026-02-10'", date(2026, 2, 10)),
        ("EffectiveDate != null", None),
        ("CreatedDate > '2026-02-10T09:00:00.500-08:00'", datetime(2026, 2, 10, 17, 0, 0, 500_000, UTC)),
        ("CreatedDate > '2026-02-10T09:00:00Z'", datetime(2026, 2, 10, 9, tzinfo=UTC)),
        ("CreatedDate > '2026-02-10T09:00:00'", datetime(2026, 2, 10, 17, tzinfo=UTC)),
        ("CreatedDate > '2026-07-10T09:00:00'", datetime(2026, 7, 10, 16, tzinfo=UTC)),
        ("Vip__c = true", True),
        ("Vip__c = 'NO'", False),
        ("Vip__c = 1", True),
        ("Score__c = 2", Decimal(2)),
        ("Due__c = '2026-02-10'", date(2026, 2, 10)),
        ("Comment like 'a%'", "a%"),
        ("AccountId like '%'", "%"),
    ],
)
def test_literals_become_values_of_their_field(condition: str, expected: object) -> None:
    """Numbers and booleans also in quotes; a dateTime without offset is in the tenant's zone."""
    assert value(condition) == expected


@pytest.mark.parametrize(
    ("condition", "version"),
    [
        ("Amount = 'x'", V107),
        ("Amount = true", V107),
        ("Amount = ''", V107),
        ("Comment = true", V107),
        ("EffectiveDate = '2026-02-10T00:00:00-08:00'", V107),
        ("EffectiveDate = '2026-02-10T00:00:00'", Version(69)),
        ("EffectiveDate = 'soon'", V68),
        ("EffectiveDate = 20260210", V107),
        ("EffectiveDate = '2026-02-30'", V107),
        ("CreatedDate > '2026-02-10'", Version(69)),
        ("CreatedDate > '2026-02-10 09:00:00'", V107),
        ("CreatedDate > '2026-02-30T00:00:00'", V107),
        ("CreatedDate > '2026-02-10T24:00:00'", V107),
        ("CreatedDate > '0001-01-01T00:00:00Z'", V107),
        ("CreatedDate > '9999-12-31T23:59:59'", V107),
        ("CreatedDate > 2026", V68),
        ("Vip__c = 'maybe'", V107),
        ("Vip__c = 2", V107),
        ("Due__c = null", V107),
        ("Seen__c != null", V107),
    ],
)
def test_a_literal_of_another_kind_is_an_invalid_value(condition: str, version: Version) -> None:
    """The text says the field, the place and what it must be."""
    with pytest.raises(ZoqlError) as error:
        value(condition, version)
    assert error.value.code == "INVALID_VALUE"
    assert f" for {condition.split()[0]} (at character 30): it must be " in error.value.message


@pytest.mark.parametrize(
    ("literal", "expected"),
    [
        ("2026-02-10", date(2026, 2, 10)),
        ("2026-02-10T00:00:00.000-08:00", date(2026, 2, 10)),
        ("2026-02-10T00:00:00Z", date(2026, 2, 10)),
        ("2026-02-10T23:30:00Z", date(2026, 2, 10)),
        ("2026-02-10T05:00:00Z", date(2026, 2, 9)),
        ("2026-02-10T05:00:00", date(2026, 2, 10)),
    ],
)
def test_up_to_68_a_date_time_means_the_day_that_a_write_means(literal: str, expected: date) -> None:
    """Midnight in any offset is the written day, another time the day in the tenant's zone."""
    assert value(f"EffectiveDate = '{literal}'", V68) == expected


def test_up_to_68_the_zone_of_a_day_can_be_set() -> None:
    """As for writes: the written day, or that of another zone."""
    text = "select Id from Payment where EffectiveDate = '2026-02-10T05:00:00Z'"
    for old_dates, expected in (("literal", 10), (ZoneInfo("Asia/Tokyo"), 10), (ZoneInfo("Pacific/Honolulu"), 9)):
        ((test,),) = bound(text, V68, replace(TENANT, old_dates=old_dates)).where
        assert test.value == date(2026, 2, expected)


def test_up_to_68_a_date_is_the_tenants_midnight() -> None:
    """In a dateTime field."""
    assert value("CreatedDate >= '2026-02-10'", V68) == datetime(2026, 2, 10, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("condition", "why"),
    [
        ("Amount > null", "null is compared by = or != only"),
        ("Amount like '5%'", "like compares a text field with a text"),
        ("Comment like 5", "like compares a text field with a text"),
        ("Comment like null", "like compares a text field with a text"),
        ("Comment like '%a%'", "like takes % once, as the first or the last character"),
        ("Comment like 'a%b'", "like takes % once, as the first or the last character"),
    ],
)
def test_comparisons_that_zoql_does_not_have_are_malformed(condition: str, why: str) -> None:
    """MALFORMED_QUERY, with the place."""
    code, message = refused(f"select Id from Payment where {condition}")
    assert (code, message) == (
        "MALFORMED_QUERY",
        f"You have an error in your ZOQL syntax: {why} (at character 30)",
    )


def test_every_field_with_a_first_version_is_in_the_tables() -> None:
    """The table of versions and the table of sources name the same fields."""
    for kind, fields in FIELDS_SINCE.items():
        assert fields.keys() <= {column.soap for column in SOURCES[kind].columns.values()}


def test_sources_are_found_in_any_case() -> None:
    """And nothing but the four objects is one."""
    assert source_of("REFUNDINVOICEPAYMENT") is SOURCES["RefundInvoicePayment"]
    assert source_of("Account") is None
