"""Comparison: nothing differs from itself, and each single change is found where it is and as what it is."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from parity_answers import (
    FIELDS,
    ID,
    OTHER,
    SPOILED,
    Spoiled,
    fault,
    found,
    good,
    record,
    refused,
    rows,
    said,
    whole,
)

from bridge.contract.reader import read_own
from bridge.parity.compare import Comparison, Neutral, books
from bridge.parity.leaves import kind_of
from bridge.parity.terms import Answer, Difference, Kind

COMPARISON = Comparison(read_own())
PLAIN = Neutral()


def differences(left: Answer, right: Answer) -> list[Difference]:
    """Of two answers as they are."""
    return COMPARISON.answers(left, right, PLAIN, PLAIN)


@pytest.mark.parametrize("spoiled", SPOILED, ids=lambda spoiled: spoiled.name)
def test_one_change_is_one_difference(spoiled: Spoiled) -> None:
    """With its path, its kind and whether money differs; nothing else is reported beside it."""
    text = whole()
    assert text.count(spoiled.before) >= 1
    left = said("")
    left = replace(left, body=text.encode())
    right = replace(left, body=text.replace(spoiled.before, spoiled.after, 1).encode())
    (one,) = differences(left, right)
    assert (one.path, one.kind, one.money) == (spoiled.path, spoiled.kind, spoiled.money)


@pytest.mark.parametrize("spoiled", SPOILED, ids=lambda spoiled: spoiled.name)
def test_a_change_is_found_from_the_other_side_too(spoiled: Spoiled) -> None:
    """At the same path; what is missing on one side is extra on the other."""
    text = whole()
    right = replace(said(""), body=text.encode())
    left = replace(right, body=text.replace(spoiled.before, spoiled.after, 1).encode())
    (one,) = differences(left, right)
    turned = {Kind.MISSING: Kind.EXTRA, Kind.EXTRA: Kind.MISSING}
    assert one.path.replace("tail()", "") == spoiled.path.replace("tail()", "")
    assert one.kind is turned.get(spoiled.kind, spoiled.kind)


_ROWS = st.lists(
    st.builds(
        lambda amount, comment, key: record(
            f"<ns2:Amount>{amount}</ns2:Amount><ns2:Comment>{comment}</ns2:Comment>", f"{key:032x}"
        ),
        st.decimals(0, 10**9, places=2, allow_nan=False),
        st.text("abc é&amp;".replace("&amp;", "z"), max_size=8),
        st.integers(0, 2**64),
    ),
    max_size=6,
)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(_ROWS)
def test_nothing_differs_from_itself(records: list[str]) -> None:
    """Whatever the answer."""
    assert differences(said(found(*records)), said(found(*records))) == []


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.binary(max_size=200), st.binary(max_size=200))
def test_any_bytes_can_be_compared_and_different_ones_differ(one: bytes, other: bytes) -> None:
    """Nothing raises, and clean means equal."""
    left, right = Answer(200, {}, one, 0.0), Answer(200, {}, other, 0.0)
    same = one.decode("utf-8", "backslashreplace") == other.decode("utf-8", "backslashreplace")
    assert (differences(left, right) == []) is same


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.integers(0, 10_000), st.data())
def test_any_character_that_changes_is_found(seed: int, data: st.DataObject) -> None:
    """The frozen wire shape: no byte of an answer may change unseen."""
    text = whole()
    at = data.draw(st.integers(0, len(text) - 1))
    changed = text[:at] + data.draw(st.sampled_from("abZ019 <>/\"'=")) + text[at + 1 :]
    left = replace(said(""), body=text.encode())
    right = replace(left, body=changed.encode())
    assert (differences(left, right) == []) is (changed == text)


def test_a_prefix_is_part_of_the_contract() -> None:
    """Legacy clients look for fns: and ns1: as text."""
    left = said(rows(good()))
    right = replace(left, body=left.body.replace(b"ns1:", b"zns:").replace(b"xmlns:ns1", b"xmlns:zns"))
    found_kinds = {one.kind for one in differences(left, right)}
    assert found_kinds == {Kind.PREFIX}


@pytest.mark.parametrize(
    ("left", "right", "path", "kind"),
    [
        (said(rows(good())), said(rows(good()), 500), "HTTP", Kind.STATUS),
        (
            said(rows(good())),
            said(rows(good()), **{"content-type": "text/xml; charset=UTF-8"}),
            "header/content-type",
            Kind.HEADER,
        ),
        (said(rows(good())), said(rows(good(), good())), "createResponse/result", Kind.CARDINALITY),
        (
            said(rows(refused())),
            said(rows(refused("INVALID_ID"))),
            "createResponse/result[0]/Errors[0]/Code",
            Kind.VALUE,
        ),
        (
            said(rows(refused())),
            said(rows(refused(message="never"))),
            "createResponse/result[0]/Errors[0]/Message",
            Kind.WORDS,
        ),
        (said(fault(), 500), said(fault("fns:INVALID_VALUE"), 500), "Fault/faultcode", Kind.VALUE),
        (said(fault(), 500), said(rows(good())), "Body/*", Kind.TYPE),
        (said(found()), said(found(record(""))), "queryResponse/result[0]/records", Kind.EXTRA),
    ],
)
def test_answers_differ_in_kind(left: Answer, right: Answer, path: str, kind: Kind) -> None:
    """Status, headers, rows, codes, words, faults."""
    assert (path, kind) in {(one.path, one.kind) for one in differences(left, right)}


def test_rows_in_another_order_are_compared_by_their_id() -> None:
    """One difference of order, none of values."""
    one, other = record(FIELDS), record("<ns2:Amount>1</ns2:Amount>", OTHER)
    (moved,) = differences(said(found(one, other)), said(found(other, one)))
    assert moved.kind is Kind.ORDER


def test_nil_empty_and_absent_are_three_spellings_of_nothing() -> None:
    """And not a missing value."""
    spellings = ["", "<ns2:Comment/>", '<ns2:Comment xsi:nil="1"/>']
    for left in spellings:
        for right in spellings:
            kinds = [one.kind for one in differences(said(found(record(left))), said(found(record(right))))]
            assert kinds == ([] if left == right else [Kind.NIL])


def test_ids_and_origins_are_compared_as_what_they_stand_for() -> None:
    """An id of each side's own is no difference, another one is."""
    ours, theirs = Neutral({ID: "{id:1.1}"}, ("http://one",)), Neutral({OTHER: "{id:1.1}"}, ("http://two",))
    assert COMPARISON.answers(said(rows(good(ID))), said(rows(good(OTHER))), ours, theirs) == []
    assert COMPARISON.answers(said(rows(good(ID))), said(rows(good(ID))), ours, theirs) != []


def test_a_lost_answer_is_a_difference_unless_both_are_lost() -> None:
    """What neither side answered says nothing about either."""
    lost = Answer(0, {}, b"", 1.0, trouble="TimeoutError")
    assert [one.kind for one in differences(lost, said(rows(good())))] == [Kind.SILENCE]
    assert differences(lost, lost) == []


@pytest.mark.parametrize(
    ("left", "right", "primitive", "kind"),
    [
        ("1", "1.0", "decimal", Kind.PRECISION),
        ("1E2", "100", "double", Kind.PRECISION),
        ("0.1", "0.10000000000000001", "decimal", Kind.VALUE),
        ("true", "1", "boolean", Kind.TEXT),
        ("true", "false", "boolean", Kind.VALUE),
        ("true", "yes", "boolean", Kind.TYPE),
        ("2026-02-20", "2026-02-20Z", "date", Kind.TIMEZONE),
        ("2026-02-20", "yesterday", "date", Kind.TYPE),
        ("1", "01", "int", Kind.PRECISION),
        ("1", "01", "string", Kind.VALUE),
        ("1", "01", None, Kind.VALUE),
        ("x", "x", "decimal", None),
    ],
)
def test_texts_are_compared_as_what_the_contract_says(left: str, right: str, primitive: str, kind: Kind | None) -> None:
    """Decimals as decimals, never as binary fractions; moments as moments."""
    assert kind_of(left, right, "Field", primitive) is kind


# ------------------------------------------------------------------ books


BOOK = {
    "payments": {
        "P": {"amount": "80", "comment": None, "parts": [{"amount": "50", "invoiceId": "I1"}], "status": "Processed"}
    }
}


@pytest.mark.parametrize(
    ("path", "change", "kind", "money"),
    [
        ("payments/P/amount", {"amount": "81"}, Kind.VALUE, True),
        ("payments/P/amount", {"amount": "80.00"}, Kind.PRECISION, False),
        ("payments/P/comment", {"comment": ""}, Kind.NIL, False),
        ("payments/P/comment", {"comment": "x"}, Kind.EXTRA, False),
        ("payments/P/parts[0]/amount", {"parts": [{"amount": "51", "invoiceId": "I1"}]}, Kind.VALUE, True),
        ("payments/P/parts", {"parts": []}, Kind.CARDINALITY, True),
        ("payments/P/status", {"status": "Error"}, Kind.VALUE, False),
    ],
)
def test_books_differ_where_they_differ(path: str, change: dict[str, object], kind: Kind, money: bool) -> None:
    """Money as decimals and at zero tolerance."""
    other = {"payments": {"P": {**BOOK["payments"]["P"], **change}}}
    (one,) = books(BOOK, other)
    assert (one.path, one.kind, one.money) == (path, kind, money)


def test_a_payment_of_one_side_only_is_money() -> None:
    """Whatever its fields say."""
    (one,) = books(BOOK, {"payments": {}})
    assert (one.kind, one.money) == (Kind.MISSING, True)
    assert list(books(BOOK, BOOK)) == []
