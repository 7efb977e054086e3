"""The list of items in a custom field: a small grammar, read strictly, refused by the field's own name."""

from __future__ import annotations

import pytest
from core_objects import TENANT, zobject
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.mapping.directives import names_of, parse
from bridge.core.mapping.items import Row
from bridge.core.refusals import Refusal


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("a=1", (Row("a", None, "1"),)),
        ("tax:a=1", (Row(None, "a", "1"),)),
        ("TAX:a=1", (Row(None, "a", "1"),)),
        ("tax=1", (Row("tax", None, "1"),)),
        ("a=1,b=2.50", (Row("a", None, "1"), Row("b", None, "2.50"))),
        ("D-1/a=1,tax:b=2", (Row("a", None, "1", "D-1"), Row(None, "b", "2", "D-1"))),
        ("D_1/a=1;D2/b=2", (Row("a", None, "1", "D_1"), Row("b", None, "2", "D2"))),
        ("D1/a=1;b=2", (Row("a", None, "1", "D1"), Row("b", None, "2"))),
        ("D1/a=1;D1/b=2", (Row("a", None, "1", "D1"), Row("b", None, "2", "D1"))),
        (
            " D1 / a = 1 , tax: b =2 ;\tc= 3\n",
            (Row("a", None, "1", "D1"), Row(None, "b", "2", "D1"), Row("c", None, "3")),
        ),
        ("a=-1", (Row("a", None, "-1"),)),
        ("a=1.2.3", (Row("a", None, "1.2.3"),)),
    ],
)
def test_a_list_is_read(text: str, rows: tuple[Row, ...]) -> None:
    """Documents in groups, items in a group; whether an amount is one is judged with its currency."""
    assert parse(text, "Items__c") == rows


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("", 1),
        ("a", 2),
        ("a=", 3),
        ("a=x", 3),
        ("=1", 1),
        ("a=1,", 5),
        ("a=1;", 5),
        (";a=1", 1),
        ("a=1;;b=2", 5),
        ("D1/", 4),
        ("/a=1", 1),
        ("D1/D2/a=1", 6),
        ("a=1 b=2", 5),
        ("a=1,5", 6),
        ("a=1e5", 4),
        ("a=€1", 3),
        ("tax:=1", 5),
        ("é=1", 1),
        ("a" * 81 + "=1", 81),
        ("a=" + "1" * 42, 44),
    ],
)
def test_what_is_no_list_is_refused_where_it_goes_wrong(text: str, at: int) -> None:
    """By the custom field's name and the character, so that it can be mended."""
    with pytest.raises(Refusal) as refusal:
        parse(text, "Items__c")
    (error,) = refusal.value.errors
    assert (error.code, error.field) == ("INVALID_VALUE", "Items__c")
    assert error.message.startswith("Items__c ")
    assert error.message.endswith(f"expected at character {at}.")


@given(st.text(alphabet="ab1.=/,; \ttax:TAX-é", max_size=60))
def test_any_text_is_a_list_or_a_refusal(text: str) -> None:
    """No other exception leaves."""
    try:
        rows = parse(text, "Items__c")
    except Refusal:
        return
    assert all((row.item is None) != (row.tax_item is None) and row.amount for row in rows)


_NAME = st.text(alphabet="abcXYZ012_-", min_size=1, max_size=32)
_ROWS = st.lists(
    st.builds(
        lambda name, tax, cents, document: Row(
            None if tax else name, name if tax else None, f"{cents / 100:.2f}", document
        ),
        _NAME,
        st.booleans(),
        st.integers(1, 10**6),
        st.none() | _NAME,
    ),
    min_size=1,
    max_size=6,
)


@given(_ROWS)
def test_what_is_written_by_the_grammar_reads_back(rows: list[Row]) -> None:
    """Every list has a text."""
    text = ";".join(
        (f"{row.document}/" if row.document else "")
        + (f"tax:{row.tax_item}" if row.tax_item else str(row.item))
        + f"={row.amount}"
        for row in rows
    )
    assert parse(text, "Items__c") == tuple(rows)


def test_names_for_errors_are_those_the_caller_sent() -> None:
    """By Zuora's or our own name the caller's; containers at any depth, fields of the object alone."""
    tenant = TENANT.__class__(zone=TENANT.zone, directives={("Payment", "Memo__c"): "DebitMemoNumber"})
    rows = [zobject("DebitMemoPayment", DebitMemoItemPaymentData=[zobject("DebitMemoItemPayment", Amount="1")])]
    obj = zobject("Payment", Amount="1", Memo__c="DM1", DebitMemoPaymentData=rows)
    assert names_of(obj, tenant) == {
        "Amount": "Amount",
        "Memo__c": "Memo__c",
        "DebitMemoNumber": "Memo__c",
        "DebitMemoPaymentData": "DebitMemoPaymentData",
        "DebitMemoItemPaymentData": "DebitMemoItemPaymentData",
    }
    assert names_of(zobject("Refund", Memo__c="x"), tenant) == {"Memo__c": "Memo__c"}
