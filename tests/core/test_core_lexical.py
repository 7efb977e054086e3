"""Decimals, currencies, days and JSON: exact, or refused by name."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from core_objects import LOS_ANGELES
from hypothesis import example, given
from hypothesis import strategies as st

from bridge.core.mapping.lexical import (
    amount,
    day,
    decimal,
    from_json,
    minor_units,
    reduced,
    to_json,
    total,
    zone_day,
)
from bridge.core.refusals import Refusal

DECIMAL_TEXTS = st.from_regex(r"[+-]?(?:[0-9]{1,18}(?:\.[0-9]{0,18})?|\.[0-9]{1,18})", fullmatch=True)
AMOUNTS = st.decimals("0.01", "99999999999999.99", places=2)


def refusal(run: object, *arguments: object) -> tuple[str, str | None]:
    """Code and field of the refusal that a reader raises."""
    with pytest.raises(Refusal) as raised:
        run(*arguments)  # type: ignore[operator]
    (error,) = raised.value.errors
    return error.code, error.field


# ---------------------------------------------------------------- decimals


@pytest.mark.parametrize(
    ("text", "shortest"),
    [
        ("100.50", "100.5"),
        ("+0100.", "100"),
        (".5", "0.5"),
        ("-0.10", "-0.1"),
        ("-0.00", "0"),
        ("000", "0"),
        (" 7 ", "7"),
        ("100", "100"),
        ("12345678901234567890123456789.01", "12345678901234567890123456789.01"),
    ],
)
def test_a_decimal_has_one_shortest_form(text: str, shortest: str) -> None:
    """Signs, zeros and white space that say nothing are gone; every digit that says something stays."""
    assert reduced(text) == shortest


@pytest.mark.parametrize(
    "text",
    ["", " ", ".", "+", "-.", "1e3", "1E999999999", "NaN", "sNaN", "Infinity", "1_000", "1,5", "١٠٠", "0x1", "1 2"],
)
def test_what_is_no_xml_decimal_has_no_form_and_is_refused_by_name(text: str) -> None:
    """Python's Decimal takes most of these; money does not."""
    assert reduced(text) is None
    assert refusal(decimal, text, "Amount") == ("INVALID_VALUE", "Amount")


def test_a_number_of_absurd_length_is_refused_at_once() -> None:
    """Forty characters are more than any amount has."""
    assert decimal("9" * 40, "Amount") == Decimal("9" * 40)
    assert refusal(decimal, "9" * 41, "Amount") == ("INVALID_VALUE", "Amount")
    assert reduced("0." + "0" * 100_000 + "1" + "0" * 100_000) == "0." + "0" * 100_000 + "1"


@given(DECIMAL_TEXTS)
def test_the_shortest_form_is_the_same_number(text: str) -> None:
    """Nothing is rounded, and the form of the form is itself."""
    shortest = reduced(text)
    assert shortest is not None
    assert Decimal(shortest) == Decimal(text)
    assert reduced(shortest) == shortest


@given(st.lists(DECIMAL_TEXTS.map(Decimal), max_size=200))
@example([Decimal("1E+30"), Decimal("1E-9")])
@example([])
def test_a_sum_loses_no_digit(values: list[Decimal]) -> None:
    """Decimal's own sum keeps 28 digits; fractions keep all."""
    assert Fraction(total(values)) == sum(map(Fraction, values))


# ---------------------------------------------------------------- amounts


@pytest.mark.parametrize(
    ("currency", "units"), [("USD", 2), ("usd", 2), ("JPY", 0), ("KRW", 0), ("BHD", 3), ("KWD", 3), ("XXX", 2)]
)
def test_a_currency_has_its_minor_units(currency: str, units: int) -> None:
    """ISO 4217; what is not listed has two decimals."""
    assert minor_units(currency) == units


@pytest.mark.parametrize(
    ("text", "currency"),
    [
        ("0.01", "USD"),
        ("100.5", "USD"),
        ("100.5000", "USD"),
        ("1000.00", "JPY"),
        ("0.001", "BHD"),
        ("0.0001", None),
        ("1" * 30, "USD"),
        ("1" * 37 + ".01", "USD"),
    ],
)
def test_an_amount_keeps_its_digits(text: str, currency: str | None) -> None:
    """What the currency can express is taken as it is, however long."""
    assert str(amount(text, "Amount", currency)) == text


@pytest.mark.parametrize(
    ("text", "currency"),
    [("0", "USD"), ("-1", "USD"), ("0.00", "JPY"), ("1.001", "USD"), ("0.5", "JPY"), ("1.0001", "BHD"), ("x", "USD")],
)
def test_an_amount_that_the_currency_cannot_express_is_refused(text: str, currency: str) -> None:
    """Zero, negative and finer than the smallest unit (I7)."""
    assert refusal(amount, text, "AppliedInvoiceAmount", currency) == ("INVALID_VALUE", "AppliedInvoiceAmount")


# ---------------------------------------------------------------- days


@pytest.mark.parametrize("text", ["2026-02-20", " 2026-02-20 ", "2026-02-20Z", "2026-02-20-08:00", "2026-02-20+14:00"])
def test_a_date_is_its_literal_day(text: str) -> None:
    """A zone beside a date does not move the booking to another day."""
    assert day(text, "EffectiveDate") == date(2026, 2, 20)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0000-00-00",
        "2026-02-30",
        "2026-2-20",
        "20260220",
        "2026-02-20T00:00:00",
        "2026-02-20x",
        "２０２６-02-20",
        "x",
    ],
)
def test_what_is_no_date_is_refused_by_name(text: str) -> None:
    """Also a dateTime, which Zuora refuses from WSDL 69 on."""
    assert refusal(day, text, "RefundDate") == ("INVALID_VALUE", "RefundDate")


@pytest.mark.parametrize(
    ("instant", "local"),
    [(1_771_574_399_999, date(2026, 2, 19)), (1_771_574_400_000, date(2026, 2, 20)), (0, date(1969, 12, 31))],
)
def test_an_instant_has_the_tenants_day(instant: int, local: date) -> None:
    """Midnight in Los Angeles is 08:00 in Greenwich."""
    assert zone_day(instant, LOS_ANGELES) == local


# ---------------------------------------------------------------- JSON


@given(st.decimals(allow_nan=False, allow_infinity=False, places=9).filter(lambda value: abs(value) < 10**30))
def test_a_decimal_survives_json_exactly(value: Decimal) -> None:
    """Written without exponent and without float, read back as the same number with the same scale."""
    text = to_json([value])
    assert "e" not in text.lower()
    (back,) = from_json(text.encode())
    assert (back, back.as_tuple().exponent) == (value, value.as_tuple().exponent)


@given(AMOUNTS)
def test_an_amount_is_written_as_the_caller_wrote_it(value: Decimal) -> None:
    """``100.50`` stays ``100.50``: the scale is the caller's."""
    text = format(value, "f")
    assert to_json({"amount": decimal(text, "Amount")}) == f'{{"amount":{text}}}'


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
        max_leaves=20,
    )
)
def test_everything_else_is_plain_json(value: object) -> None:
    """The standard library reads it back."""
    assert json.loads(to_json(value)) == value


def test_the_order_of_keys_is_kept_and_tuples_are_lists() -> None:
    """The bytes of a dispatch do not depend on anything but its content."""
    assert to_json({"b": (1, "é"), "a": Decimal("1E+2")}) == '{"b":[1,"\\u00e9"],"a":100}'


def test_a_float_is_refused() -> None:
    """Nothing in core makes one; should it happen, nothing is sent."""
    with pytest.raises(TypeError, match="float"):
        to_json({"amount": [0.1]})


def test_numbers_are_read_as_decimals() -> None:
    """0.1 is a tenth."""
    assert from_json(b'{"a":0.1,"b":2,"c":1E2}') == {"a": Decimal("0.1"), "b": 2, "c": Decimal("1E2")}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff\xfe\xfd",
        b"NaN",
        b'{"a":Infinity}',
        b"<html>",
        b"[" * 100_000,
        b"9" * 5_000,
        b'{"a":1e99999999999999999999}',
        b'{"a":-1E-99999999999999999999}',
    ],
)
def test_what_is_not_json_is_a_value_error_whatever_it_is(body: bytes) -> None:
    """An answer of Zuora must never raise anything else: the payment may have happened."""
    with pytest.raises(ValueError, match="not JSON"):
        from_json(body)
