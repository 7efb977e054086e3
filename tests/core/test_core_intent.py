"""The transition table: every pair of states, and the README's picture of it."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest
from core_intents import intent
from diagram import BEGINS, ENDS, section

import bridge
from bridge.core.intent import SETTLED, TRANSITIONS, IllegalTransition, State, check

PAIRS = list(product(State, State))
MOVES = {
    "RECEIVED": "PLANNED REFUSED",
    "PLANNED": "SENDING REFUSED",
    "SENDING": "APPLIED REFUSED NOT_SENT IN_DOUBT",
    "NOT_SENT": "SENDING REFUSED",
    "IN_DOUBT": "APPLIED NOT_APPLIED PARKED",
    "NOT_APPLIED": "SENDING REFUSED",
    "PARKED": "APPLIED NOT_APPLIED REFUSED",
    "APPLIED": "",
    "REFUSED": "",
}
"""DESIGN's table, written a second time by hand."""


@pytest.mark.parametrize(("source", "target"), PAIRS, ids=lambda state: state.name)
def test_a_move_is_in_the_table_or_changes_nothing(source: State, target: State) -> None:
    """Each of the 81 pairs moves as the design says, or raises and leaves the intent as it was."""
    before = intent(state=source)
    if target.name in MOVES[source.name].split():
        assert target in TRANSITIONS[source]
        check(source, target)
        assert before.moved(target) == intent(state=target)
        return
    with pytest.raises(IllegalTransition, match=f"{source.name} to {target.name}; nothing was changed") as raised:
        before.moved(target)
    assert (raised.value.source, raised.value.target) == (source, target)
    assert before == intent(state=source)


def test_every_state_is_in_the_table() -> None:
    """No state lacks its row."""
    assert set(TRANSITIONS) == set(State)


def test_only_applied_and_refused_are_final() -> None:
    """Nothing leads out of them, and from every other state there is a way on."""
    assert {state for state in State if not TRANSITIONS[state]} == {State.APPLIED, State.REFUSED}


def test_every_state_can_be_reached() -> None:
    """From RECEIVED the table leads everywhere."""
    seen, left = set(), [State.RECEIVED]
    while left:
        state = left.pop()
        seen.add(state)
        left += TRANSITIONS[state] - seen
    assert seen == set(State)


@pytest.mark.parametrize("state", State, ids=lambda state: state.name)
def test_settled_means_that_the_journal_knows(state: State) -> None:
    """PARKED waits for a person and is therefore not settled."""
    assert state.settled is (state in {State.APPLIED, State.REFUSED, State.NOT_APPLIED}) is (state in SETTLED)


def test_doubt_is_never_sent_again_by_the_table() -> None:
    """Out of IN_DOUBT only proof leads on: applied, not applied, or parked (I5)."""
    assert State.SENDING not in TRANSITIONS[State.IN_DOUBT]


def test_the_readme_shows_the_table() -> None:
    """The diagram in ``bridge/README.md`` is the rendering of the table, to the letter."""
    readme = (Path(bridge.__file__).parent / "README.md").read_text(encoding="utf-8")
    begins, ends = readme.index(BEGINS), readme.index(ENDS) + len(ENDS)
    assert readme[begins:ends] == section(), "run `python tests/core/diagram.py` and paste its output"
