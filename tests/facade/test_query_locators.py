"""Locators as values: what they carry comes back to who got them, and to nobody else."""

from __future__ import annotations

import zlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.model import Caller, CallFault, Version
from bridge.facade.locators import LIFE, Course, Locators, is_own

ERP = Caller("10000", "erp@example.com")
V107 = Version(107)
NOW = 1_771_610_400_000
COURSE = Course("select Id from Payment", False, 3000, "d" * 16, "2026-02-20T18:00:00.000+00:00", "r" * 16, NOW)
LOCATORS = Locators(b"k" * 32)

COURSES = st.builds(
    Course,
    text=st.text(max_size=300),
    case_sensitive=st.booleans(),
    size=st.integers(1, 10_000),
    digest=st.text("0123456789abcdef", max_size=16),
    newest=st.text(max_size=30),
    result=st.text("0123456789abcdef", max_size=16),
    at=st.integers(0, NOW),
)


@given(COURSES, st.integers(0, 20_000))
def test_what_a_locator_carries_comes_back(course: Course, offset: int) -> None:
    """As long as there is such a row."""
    locator = LOCATORS.make(course, offset, V107, ERP)
    assert is_own(locator)
    read = LOCATORS.read(locator, V107, ERP, course.at)
    assert read == (course, offset) if offset < course.size else isinstance(read, CallFault)


@pytest.mark.parametrize(
    "other",
    [
        replace(ERP, tenant="20000"),
        replace(ERP, entity="e"),
        replace(ERP, username="erp2@example.com"),
        replace(ERP, tenant="10000e", username="rp@example.com"),
    ],
)
def test_a_locator_is_nothing_to_another_caller(other: Caller) -> None:
    """Tenant, entity and user, each for itself."""
    locator = LOCATORS.make(COURSE, 2000, V107, ERP)
    assert isinstance(LOCATORS.read(locator, V107, other, NOW), CallFault)
    assert LOCATORS.read(locator, V107, replace(ERP, name="other name", allow=frozenset({"*"})), NOW) == (COURSE, 2000)


def test_a_locator_is_nothing_under_another_key_or_version() -> None:
    """A process without the journal's key cannot make one."""
    locator = LOCATORS.make(COURSE, 2000, V107, ERP)
    assert isinstance(Locators(b"x" * 32).read(locator, V107, ERP, NOW), CallFault)
    assert isinstance(LOCATORS.read(locator, Version(107, 1), ERP, NOW), CallFault)


def test_a_locator_lives_for_a_quarter_of_an_hour() -> None:
    """To the millisecond; a clock that was set back does not end it."""
    locator = LOCATORS.make(COURSE, 2000, V107, ERP)
    for at, alive in ((NOW - 5000, True), (NOW + LIFE, True), (NOW + LIFE + 1, False)):
        assert isinstance(LOCATORS.read(locator, V107, ERP, at), CallFault) is not alive


@given(st.text(max_size=120) | st.from_regex(r"\A(b41d9e01)?[0-9a-fA-F]{0,120}-[0-9]{0,6}\Z"))
def test_any_text_is_a_fault_and_nothing_else(text: str) -> None:
    """Whatever a caller sends for a locator."""
    fault = LOCATORS.read(text, V107, ERP, NOW)
    assert isinstance(fault, CallFault)
    assert (fault.kind, fault.code) == ("InvalidQueryLocatorFault", "INVALID_VALUE")
    is_own(text)


@given(st.from_regex(r"\A[0-9a-f]{32}-[0-9]{1,7}\Z"))
def test_a_locator_of_zuoras_shape_is_never_the_bridges(text: str) -> None:
    """32 digits, a hyphen, an offset; also where they happen to begin alike."""
    assert not is_own(text)
    assert not is_own("b41d9e01" + text[8:])


def test_nobody_reads_a_query_out_of_its_locator() -> None:
    """It may ask for a card number, and a locator is kept in callers' logs (I9)."""
    course = Course("select Id from Payment where Comment = '4111111111111111'", False, 9, "d", "n", "r", NOW)
    made = [bytes.fromhex(LOCATORS.make(course, 1, V107, ERP).partition("-")[0]) for _ in range(2)]
    assert made[0] != made[1]
    for sealed in made:
        for start in range(len(sealed)):
            with pytest.raises(zlib.error):
                zlib.decompress(sealed[start:])
