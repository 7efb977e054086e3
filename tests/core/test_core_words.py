"""The bridge's own sentences repeat little of a caller's, and no number that could be an account's (I9)."""

from __future__ import annotations

import pytest

from bridge.core.model import RowError
from bridge.core.refusals import invalid
from bridge.core.words import NUMBER, numberless, shown
from bridge.core.zoql.syntax import ZoqlError, malformed

ID = "2c92c0f94a5d7e0a014a5e1f3b6a0002"


@pytest.mark.parametrize(
    "number",
    ["4111111111111111", "4111 1111 1111 1111", "3782-822463-10005", "4222222222222", "DE89370400440532013000"],
)
@pytest.mark.parametrize("frame", ["{}", "C{}__c", "paid by {}, thanks", "{} 12/27"])
def test_a_long_number_is_not_repeated(number: str, frame: str) -> None:
    """Whatever stands around it, and wherever a message is cut."""
    for text in (numberless(frame.format(number)), *(shown(f"{'x' * n}{frame.format(number)}") for n in range(40))):
        assert number[2:-2] not in text
        assert not any(number[at : at + 8] in text for at in range(2, len(number) - 8))


@pytest.mark.parametrize(
    "text",
    ["", "INV00000001", ID, f"Equal to {ID} of 2026-02-20;", "100.00", "2026-02-20T10:00:00.000-08:00", "a" * 40],
)
def test_what_a_message_must_name_stays(text: str) -> None:
    """Documents, ids, amounts and moments."""
    assert numberless(text) == text


def test_a_number_of_thirty_two_digits_is_no_id() -> None:
    """Two card numbers side by side."""
    assert numberless("4111111111111111" * 2) == NUMBER


def test_a_long_text_is_cut() -> None:
    """To forty characters, unless another length is asked for."""
    assert shown("a" * 41) == "a" * 37 + "..."
    assert len(shown("ab" * 600, 100)) == 100


def test_refusals_repeat_no_long_number() -> None:
    """In the sentence, in the field's name, in queries."""
    (error,) = invalid("C4111111111111111__c", "C4111111111111111__c must be a number.").errors
    assert error == RowError("INVALID_VALUE", f"C{NUMBER}__c must be a number.", f"C{NUMBER}__c")
    assert NUMBER in ZoqlError("invalid field for query: Refund.4111111111111111").message
    assert NUMBER in malformed("'4111111111111111' is no number", 3).message
    assert invalid(None, "x").errors == (RowError("INVALID_VALUE", "x"),)
