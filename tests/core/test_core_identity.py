"""When two objects are the same act: what a fingerprint sees, and what it does not."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from core_objects import part, payment, pays, zobject
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.identity import AMOUNTS, dispatch_id, fingerprint, intent_id, ordinals, upstream_key
from bridge.core.model import Op, ZObject

NAMES = st.sampled_from(["Comment", "ReferenceId", "InvoiceId", "Gateway", "Region__c", "Type", "GatewayOrderId"])
FIELDS = st.dictionaries(NAMES, st.text(min_size=1), min_size=1)
PARTS = st.lists(st.builds(part, st.text("0123456789abcdef", min_size=1), st.just("1.00")), max_size=4)
CENTS = st.integers(1, 10**20)


def same(one: ZObject, other: ZObject) -> bool:
    """Whether a create of either is the same act."""
    return fingerprint(Op.CREATE, one) == fingerprint(Op.CREATE, other)


# ---------------------------------------------------------------- what makes no difference


@given(FIELDS, st.randoms(use_true_random=False), PARTS)
def test_the_order_of_fields_and_of_rows_makes_no_difference(
    fields: dict[str, str], chance: object, parts: list
) -> None:
    """A payment's parts are a set, and a stack may write fields in any order."""
    shuffled = list(fields.items())
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    others = list(parts)
    chance.shuffle(others)  # type: ignore[attr-defined]
    one = ZObject("Payment", fields, {"InvoicePaymentData": tuple(parts)})
    assert same(one, ZObject("Payment", dict(shuffled), {"InvoicePaymentData": tuple(others)}))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("100.5", "100.50"),
        ("100", "100.00"),
        ("100", "+100"),
        ("0.5", ".5"),
        ("7", "007"),
        ("100", " 100 "),
        ("0", "-0"),
    ],
)
def test_the_form_of_a_decimal_makes_no_difference(one: str, other: str) -> None:
    """Excel writes 100.5 where the first attempt wrote 100.50."""
    assert same(pays("d1", one), pays("d1", other))


@given(CENTS, st.integers(0, 6), st.integers(0, 6))
def test_equal_amounts_are_equal_however_they_are_padded(cents: int, left: int, right: int) -> None:
    """Zeros before and behind say nothing."""
    plain = format(Decimal(cents).scaleb(-2), "f")
    assert same(pays("d1", plain), pays("d1", "0" * left + plain + "0" * right))


@pytest.mark.parametrize(
    "text",
    [
        "2026-02-20",
        "2026-02-20Z",
        "2026-02-20-08:00",
        "2026-02-20T00:00:00",
        "2026-02-20T23:30:00-08:00",
        "2026-02-20T12:00:00.000Z",
        " 2026-02-20 ",
    ],
)
@pytest.mark.parametrize("field", ["EffectiveDate", "RefundDate"])
def test_a_date_and_a_datetime_of_the_same_day_are_the_same(field: str, text: str) -> None:
    """A retry may stamp another time of day."""
    assert same(payment(**{field: "2026-02-20"}), payment(**{field: text}))


def test_nil_makes_no_difference() -> None:
    """A field that is nil is absent from the object, so it is as if it were not sent."""
    assert same(payment(Amount="1", Comment=None), payment(Amount="1"))


# ---------------------------------------------------------------- what makes one


@given(CENTS, CENTS)
def test_different_amounts_are_different_acts(one: int, other: int) -> None:
    """Also where Decimal's 28 digits could not tell them apart."""
    texts = [format(Decimal(cents).scaleb(-2), "f") for cents in (one, other)]
    assert same(pays("d1", texts[0]), pays("d1", texts[1])) is (one == other)


def test_amounts_of_thirty_digits_are_told_apart() -> None:
    """No digit is rounded away."""
    assert not same(pays("d1", "12345678901234567890123456789.01"), pays("d1", "12345678901234567890123456789.02"))


@pytest.mark.parametrize("name", ["ReferenceId", "GatewayOrderId", "Comment", "InvoiceId", "AccountId", "Region__c"])
def test_any_field_makes_a_difference(name: str) -> None:
    """Another ReferenceId makes it a second payment."""
    assert not same(payment(**{name: "a"}), payment(**{name: "b"}))
    assert not same(payment(**{name: "a"}), payment(**{name: None}))


@pytest.mark.parametrize(
    "other",
    [
        zobject("Refund", Amount="1"),
        zobject("Payment", Amount="1", InvoicePaymentData=[part("i1", "1")]),
        replace(zobject("Payment", Amount="1"), nulls=("Comment",)),
        replace(zobject("Payment", Amount="1"), verbatim={"New": "<New/>"}),
    ],
    ids=["type", "rows", "nulls", "unknown elements"],
)
def test_everything_an_object_has_makes_a_difference(other: ZObject) -> None:
    """Type, rows, fieldsToNull and elements that the contract does not know."""
    assert not same(zobject("Payment", Amount="1"), other)


def test_the_operation_makes_a_difference() -> None:
    """A delete is not a repeat of a create."""
    obj = zobject("Payment", Id="1")
    assert len({fingerprint(op, obj) for op in Op}) == len(Op)


@pytest.mark.parametrize(
    ("field", "texts"),
    [
        ("Amount", ["1E999999999", "1e2", "NaN", "sNaN", "Infinity", "1_000", "١٠٠", "", "x"]),
        ("EffectiveDate", ["0000-00-00x", "2026-02-20garbage", "2026-02-20T", "20/02/2026", "２０２６-02-20"]),
        ("Comment", ["\ud800", "\x00", "𝔘", "ﬁ", "fi"]),
    ],
)
def test_what_is_no_value_of_its_type_equals_only_itself(field: str, texts: list[str]) -> None:
    """Nothing a caller writes makes fingerprinting fail, guess, or take long."""
    others = [*texts, "100", "1000", "2026-02-20"]
    assert len({fingerprint(Op.CREATE, payment(**{field: text})) for text in others}) == len(others)


def test_a_field_of_a_mebibyte_takes_no_time() -> None:
    """Zeros are cut in one pass, not by backtracking (I12)."""
    text = "0." + "0" * 500_000 + "1" * 500_000
    assert same(pays("d1", text), pays("d1", text + "0" * 1000))


def test_amount_fields_are_those_of_the_four_objects() -> None:
    """Payment, Refund and their rows; a text field is never read as a number."""
    assert {"Amount", "AppliedInvoiceAmount", "AppliedCreditBalanceAmount", "RefundAmount"} == AMOUNTS
    assert not same(payment(ReferenceId="7"), payment(ReferenceId="07"))


# ---------------------------------------------------------------- ordinals and keys


@given(st.lists(st.sampled_from("abc"), max_size=30))
def test_equal_objects_of_one_call_are_numbered(prints: list[str]) -> None:
    """Each gets its place among its equals, in the caller's order; together they are all different."""
    places = ordinals(prints)
    assert len(set(zip(prints, places, strict=True))) == len(prints)
    for each in set(prints):
        own = [place for print_, place in zip(prints, places, strict=True) if print_ == each]
        assert own == list(range(len(own)))


PIECES = st.tuples(st.sampled_from(["10000|", "10000|e"]), st.sampled_from("ab"), st.integers(0, 2), st.integers(0, 2))


@given(PIECES, PIECES, st.integers(0, 2), st.integers(0, 2))
def test_an_id_and_a_key_belong_to_one_identity(one: tuple, other: tuple, step: int, attempt: int) -> None:
    """Scope, fingerprint, ordinal and generation each count; for the key also step and attempt."""
    assert (intent_id(*one) == intent_id(*other)) is (one == other)
    assert (upstream_key(*one, step, attempt) == upstream_key(*other, 0, 0)) is ((one, step, attempt) == (other, 0, 0))


def test_ids_fit_where_they_are_written() -> None:
    """Zuora-Track-Id: at most 64 characters without colon, semicolon, quote and space; the key under 255."""
    made = intent_id("10000|", "f" * 64, 0, 0)
    assert len(made) <= 64
    assert not set(made) & set(":; \"'")
    assert len(upstream_key("10000|", "f" * 64, 0, 0, 0, 0)) == 64


def test_a_dispatch_has_an_id_of_its_own_for_each_attempt() -> None:
    """Members, step and attempt."""
    ids = {
        dispatch_id(("a", "b"), 0, 0),
        dispatch_id(("a",), 0, 0),
        dispatch_id(("a",), 1, 0),
        dispatch_id(("a",), 0, 1),
    }
    assert len(ids) == 4
