"""The table of evidence in ``bridge/README.md`` says what core keeps with what it sends."""

from __future__ import annotations

from evidence_table import ACTS, BEGIN, END, PAGE, page, table


def test_the_page_has_the_table() -> None:
    """Run ``python tests/core/evidence_table.py`` where this fails."""
    text = PAGE.read_text(encoding="utf-8")
    assert text.count(BEGIN) == text.count(END) == 1
    assert page(text) == text


def test_keyed_and_marked_acts_are_parked_only_for_what_callers_did() -> None:
    """No create that a marker names is parked for want of evidence (I13)."""
    rows = [row.strip("| ").split(" | ") for row in table().splitlines()[2:]]
    assert {name for name, *_ in rows} >= {name for name, _, _ in ACTS}
    assert all("always" not in row for row in rows if "its marker" in row)
    assert {row[0] for row in rows if row[-1] == "always"} == {
        "a payment without AccountId",
        "a void",
        "an update that clears fields",
    }
