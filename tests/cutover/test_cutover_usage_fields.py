"""Fields that decide whether SOAP can be done without: cleared, nested, or no name at all."""

import pytest

from bridge.cutover.usage import Need, needs
from bridge.telemetry.usage import OTHER, Usage, Use


@pytest.mark.parametrize(
    ("operation", "field", "need"),
    [
        ("update", "fieldsToNull", Need.SOAP),
        ("create", "fieldsToNull", Need.REST),
        ("create", "InvoicePaymentData/Bogus", Need.LOSSY),
        ("create", "InvoicePaymentData/Amount", Need.REST),
    ],
)
def test_cleared_and_nested_fields_are_judged(operation: str, field: str, need: Need) -> None:
    """A clear needs SOAP; an unknown name in a row is lost as one at the top is."""
    assert needs(Use("erp", operation, "Payment", field, "107", "soap"))[0] is need


def test_a_field_that_looks_like_a_value_is_counted_without_its_name() -> None:
    """An address or a number with spaces is no name of a field."""
    usage = Usage()
    usage.count(Use("erp", "create", "Payment", "", "107", "soap"), ["joe@example.com", "4111 1111 1111 1111"])
    assert {each.field for each in usage.take()} == {"", OTHER}


def test_a_name_that_could_be_a_card_number_is_counted_without_it() -> None:
    """Of a field, of an object."""
    usage = Usage()
    usage.count(Use("erp", "query", "Refund4111111111111111", "", "107", "soap"), ["C5555555555554444__c", "Region__c"])
    assert {(each.object_type, each.field) for each in usage.take()} == {
        (OTHER, ""),
        (OTHER, OTHER),
        (OTHER, "Region__c"),
    }
