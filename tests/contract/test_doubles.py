"""Amounts of callers up to WSDL 18, whose type is xs:double: written out as decimals, exactly."""

from decimal import Decimal

import pytest
from contract_samples import decoder, payment
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.model import Version

DOUBLES = st.from_regex(r"[+-]?(?:[0-9]{1,12}(?:\.[0-9]{0,12})?|\.[0-9]{1,12})(?:[eE][+-]?[0-9]{1,2})?", fullmatch=True)
NESTED = (
    "<ons:InvoicePaymentData><zns:InvoicePayment><ons:Amount>1.05E1</ons:Amount></zns:InvoicePayment>"
    "</ons:InvoicePaymentData>"
)


def amount(text: str, version: Version) -> str:
    """What Amount holds once it was read."""
    return decoder().object(payment(f"<ons:Amount>{text}</ons:Amount>"), version).fields["Amount"]


@given(DOUBLES.filter(lambda text: abs(int(text.lower().partition("e")[2] or 0)) <= 30))
def test_every_digit_of_a_double_is_kept(text: str) -> None:
    """The same number without an exponent; what had none stays as it was written."""
    read = amount(text, Version(18))
    assert "e" not in read.lower()
    assert Decimal(read) == Decimal(text)
    if "e" not in text.lower():
        assert read == text


@pytest.mark.parametrize(
    ("java", "value"),
    [("40.0", "40.0"), ("1.2345678912E8", "123456789.12"), ("1.0E-2", "0.010"), ("0.30000000000000004",) * 2],
)
def test_doubles_as_java_prints_them(java: str, value: str) -> None:
    """Nothing is rounded, not even what only a binary fraction explains: Zuora says what is wrong with it."""
    assert amount(java, Version(11)) == value


def test_amounts_inside_containers_are_doubles_too() -> None:
    """At any depth."""
    (row,) = decoder().object(payment(NESTED), Version(18)).children["InvoicePaymentData"]
    assert row.fields["Amount"] == "10.5"


@pytest.mark.parametrize("version", [Version(18, 1), Version(18, 99)])
def test_the_boundary_is_19(version: Version) -> None:
    """Everything before it writes doubles."""
    assert amount("1E1", version) == "10"
