"""W3C Trace Context: what is valid goes on, what is not counts as none."""

from __future__ import annotations

import pytest

from bridge.telemetry.trace import TraceContext, begun, received

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SPAN = "00f067aa0ba902b7"
GOOD = f"00-{TRACE}-{SPAN}-01"


def test_a_valid_parent_is_taken_and_told_with_a_place_of_our_own() -> None:
    """Trace-id and flags stay, the parent-id is new."""
    found = received([GOOD], ["rojo=00f067aa0ba902b7", "congo=t61rcWkgMzE"])
    assert found == TraceContext(TRACE, SPAN, 1, "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE")
    child = found.child()
    assert child.span_id != SPAN
    assert child.headers == (
        ("traceparent", f"00-{TRACE}-{child.span_id}-01"),
        ("tracestate", "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"),
    )


@pytest.mark.parametrize(
    "parent",
    [
        "", "garbage", GOOD.upper(), GOOD + "-00", GOOD + "0", GOOD[:-1], f"ff-{TRACE}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01", f"00-{TRACE}-{'0' * 16}-01", f"00-{TRACE}-{SPAN}-0g", f"0-{TRACE}-{SPAN}-01",
        f"00_{TRACE}_{SPAN}_01", f"00-{TRACE[:-1]}\u0661-{SPAN}-01", f"01-{TRACE}-{SPAN}-01x",
    ],
)  # fmt: skip
def test_an_invalid_parent_counts_as_none(parent: str) -> None:
    """Section 3.2.2.3: restart the trace, and do not read the state."""
    assert received([parent], ["a=1"]) is None


def test_two_parents_are_none() -> None:
    """Nobody can say which one it is."""
    assert received([GOOD, GOOD], []) is None
    assert received([], ["a=1"]) is None


def test_a_later_version_is_read_as_far_as_it_is_known() -> None:
    """Section 4.3: the first four fields, sent on as version 00 with the flags that we know."""
    found = received([f"cc-{TRACE}-{SPAN}-ff-what-else"], [])
    assert found is not None
    assert found.flags == 3
    assert found.headers[0][1].startswith("00-")


@pytest.mark.parametrize(
    ("states", "kept"),
    [
        (["a=1", "b=2"], "a=1,b=2"),
        ([" a=1 ,\tb=2, ,"], "a=1,b=2"),
        (["fw529a3039@dt=FfSx-DoS,a/b*c_d-e=x"], "fw529a3039@dt=FfSx-DoS,a/b*c_d-e=x"),
        (["a=1,a=2"], ""),
        (["A=1"], ""),
        (["a"], ""),
        (["a=1=2"], ""),
        (["a="], ""),
        (["a=\u00e9"], ""),
        ([",".join(f"k{n}=1" for n in range(32))], ",".join(f"k{n}=1" for n in range(32))),
        ([",".join(f"k{n}=1" for n in range(33))], ""),
        (
            [f"a=1,b={'x' * 200},c={'y' * 100},d={'z' * 200},e={'v' * 100}"],
            f"a=1,b={'x' * 200},c={'y' * 100},e={'v' * 100}",
        ),
    ],
)
def test_a_state_is_kept_whole_or_not_at_all(states: list[str], kept: str) -> None:
    """Section 3.3: of too long a one whole members go, the large ones first."""
    found = received([GOOD], states)
    assert found is not None
    assert found.state == kept


def test_a_trace_of_our_own_is_random_and_says_so() -> None:
    """Never all zero, not sampled: nothing here records it."""
    one, other = begun(), begun()
    assert one.trace_id != other.trace_id
    assert one.headers[0][1].endswith("-02")
    assert len(one.headers) == 1
