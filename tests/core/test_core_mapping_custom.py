"""Custom fields: the tenant's types decide what JSON they become, exactly, and what is no such type is refused."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from core_objects import TENANT, pays, refused, translated, zobject
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.mapping.custom import customs
from bridge.core.mapping.lexical import from_json, to_json
from bridge.core.refusals import Refusal


def value(text: str, kind: str | None) -> object:
    """One field of this type, or of none that is known."""
    types = {} if kind is None else {"Payment.X__c": kind}
    return customs(zobject("Payment", X__c=text), types)["X__c"]


@pytest.mark.parametrize(
    ("text", "kind", "made"),
    [
        ("1.50", None, "1.50"),
        ("true", None, "true"),
        (" two words ", "string", " two words "),
        ("1.50", "decimal", Decimal("1.50")),
        (" -0.001 ", "decimal", Decimal("-0.001")),
        ("1.5E3", "double", Decimal("1500")),
        (".5", "float", Decimal("0.5")),
        ("+7", "int", 7),
        ("-007", "long", -7),
        ("9" * 40, "integer", int("9" * 40)),
        ("true", "boolean", True),
        ("Yes", "boolean", True),
        ("1", "boolean", True),
        ("false", "boolean", False),
        ("no", "boolean", False),
        (" 0 ", "boolean", False),
        ("2026-02-20", "date", "2026-02-20"),
        ("2026-02-20-08:00", "date", "2026-02-20"),
        ("2026-02-20T01:02:03.000-08:00", "dateTime", "2026-02-20T01:02:03.000-08:00"),
        ("x", "anyType", "x"),
    ],
)
def test_a_value_becomes_json_by_its_type(text: str, kind: str | None, made: object) -> None:
    """What is not typed, or typed as something else, is text as it came."""
    found = value(text, kind)
    assert found == made
    assert type(found) is type(made)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("much", "decimal"),
        ("1e3", "decimal"),
        ("1" * 41, "decimal"),
        ("NaN", "double"),
        ("1e999", "double"),
        ("٣", "double"),
        ("1.0", "int"),
        ("1" * 41, "int"),
        ("٣", "int"),
        ("on", "boolean"),
        ("2", "boolean"),
        ("20.02.2026", "date"),
        ("2026-02-30", "date"),
        ("2026-02-20T00:00:00", "date"),
    ],
)
def test_what_is_no_such_type_is_refused_by_its_name(text: str, kind: str) -> None:
    """Nothing is guessed."""
    with pytest.raises(Refusal) as refusal:
        value(text, kind)
    (error,) = refusal.value.errors
    assert (error.code, error.field) == ("INVALID_VALUE", "X__c")
    assert error.message.startswith("X__c ")


def test_types_belong_to_an_object_and_other_fields_to_nobody() -> None:
    """A name on another object, and a name that is not custom, are left alone."""
    obj = zobject("Refund", X__c="1", Y__NS="2", Comment="3", x__C="4")
    assert customs(obj, {"Payment.X__c": "int", "Refund.Y__NS": "int"}) == {"X__c": "1", "Y__NS": 2}


@given(st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**20), max_value=10**20))
def test_no_digit_is_lost_on_the_way_to_json(number: Decimal) -> None:
    """A typed number is the same number after Zuora has read it."""
    body = from_json(
        to_json(customs(zobject("Payment", X__c=format(number, "f")), {"Payment.X__c": "decimal"})).encode()
    )
    assert Decimal(body["X__c"]) == number


@given(st.text(max_size=50), st.sampled_from(["decimal", "double", "int", "boolean", "date"]))
def test_any_text_is_a_value_or_a_refusal(text: str, kind: str) -> None:
    """No other exception leaves, and what is made can be written as JSON."""
    try:
        made = value(text, kind)
    except Refusal:
        return
    assert to_json(made)


def test_payments_and_refunds_carry_them() -> None:
    """The whole way: typed in the request, refused before it is sent."""
    tenant = replace(TENANT, custom_types={"Payment.Rate__c": "decimal"})
    assert translated(pays("d1", "80", Rate__c="1.10"), tenant=tenant).body["Rate__c"] == Decimal("1.10")
    assert refused(pays("d1", "80", Rate__c="?"), tenant=tenant) == ("INVALID_VALUE", "Rate__c")
