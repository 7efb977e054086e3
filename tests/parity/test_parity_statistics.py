"""The numbers of a verdict, against values that are known from elsewhere."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.parity.statistics import difference, needed, percentile, upper_bound


@pytest.mark.parametrize(
    ("hits", "trials", "bound"),
    [
        # 1 - 0.05^(1/n); for the others the beta quantile, as R's qbeta(0.95, k + 1, n - k) gives it.
        (0, 300, 0.009936),
        (0, 3000, 0.000998),
        (0, 59, 0.049508),
        (0, 1, 0.95),
        (1, 10, 0.394163),
        (2, 20, 0.282619),
        (5, 100, 0.102253),
        (9, 10, 0.994884),
        (10, 10, 1.0),
    ],
)
def test_the_bound_is_exact(hits: int, trials: int, bound: float) -> None:
    """Clopper and Pearson, one-sided at 95 %."""
    assert upper_bound(hits, trials) == pytest.approx(bound, abs=2e-6)


def test_three_over_n() -> None:
    """The rule of thumb for no hit."""
    assert upper_bound(0, 3000) == pytest.approx(3 / 3000, rel=0.01)


def test_large_numbers_do_not_underflow() -> None:
    """A million calls with some hits."""
    assert 0.0000050 < upper_bound(5, 1_000_000) < 0.0000110


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.integers(1, 500), st.data())
def test_the_bound_is_above_the_rate_and_grows_with_hits(trials: int, data: st.DataObject) -> None:
    """And leaves at most 5 % below it."""
    hits = data.draw(st.integers(0, trials))
    bound = upper_bound(hits, trials)
    assert hits / trials <= bound <= 1
    if hits < trials:
        assert bound < upper_bound(hits + 1, trials) + 1e-12
        tail = math.fsum(math.comb(trials, k) * bound**k * (1 - bound) ** (trials - k) for k in range(hits + 1))
        assert tail == pytest.approx(0.05, abs=1e-6)


@pytest.mark.parametrize(("tolerance", "calls"), [(0.05, 59), (0.01, 299), (0.001, 2995)])
def test_how_many_clean_calls_are_needed(tolerance: float, calls: int) -> None:
    """The fewest with which the bound holds, and not one less."""
    assert needed(tolerance) == calls
    assert upper_bound(0, calls) <= tolerance < upper_bound(0, calls - 1)


def test_no_rate_is_refused() -> None:
    """More hits than trials are a mistake of ours."""
    with pytest.raises(ValueError, match="no rate"):
        upper_bound(2, 1)


def test_percentiles_are_nearest_rank() -> None:
    """Always a value that was seen."""
    values = [15.0, 20.0, 35.0, 40.0, 50.0]
    assert [percentile(values, share) for share in (0.05, 0.30, 0.40, 0.50, 1.0)] == [15.0, 20.0, 20.0, 35.0, 50.0]


def test_a_difference_has_its_interval_and_is_repeatable() -> None:
    """A constant shift is found exactly; the same seed gives the same interval."""
    left = [float(value % 17) for value in range(200)]
    right = [value + 2.5 for value in left]
    found = difference(left, right, 0.5, seed=7)
    assert (found.value, found.low, found.high) == (2.5, 2.5, 2.5)
    mixed = [value * 1.1 for value in reversed(left)]
    assert difference(left, mixed, 0.95, seed=7) == difference(left, mixed, 0.95, seed=7)
    assert difference(left, mixed, 0.95, seed=7).low <= difference(left, mixed, 0.95, seed=7).high
