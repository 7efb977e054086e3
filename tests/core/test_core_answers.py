"""How outcomes are told: rows, a fault or silence, by what is in doubt and by what the caller's version knows."""

from __future__ import annotations

from dataclasses import replace

import pytest
from core_objects import ERP, call, pays

from bridge.core.answers import partial, reply
from bridge.core.model import CallFault, Outcome, Route, RowError, Rows, Silence, Told
from bridge.core.refusals import Refusal, forbidden, invalid, missing, tells_twin, twin, unsent

OBJ = pays("d1", "80")
DONE = Outcome(Told.APPLIED, "8" * 32, route=Route.REST, intent_id="i-1")
NO = Outcome(Told.REFUSED, errors=(RowError("INVALID_VALUE", "m", "Amount"),))
LATER = Outcome(Told.UNSENT, errors=(RowError("TEMPORARY_ERROR", "not sent"),))
UNKNOWN = Outcome(Told.UNKNOWN, route=Route.SOAP, intent_id="i-2", joined=True)
LIMITED = Outcome(Told.REFUSED, errors=(RowError("REQUEST_EXCEEDED_LIMIT", "limit"),), limited=120)


def answer(*outcomes: Outcome, version: str = "107.0", in_doubt: str = "auto") -> object:
    """The reply to a call with these outcomes."""
    caller = replace(ERP, in_doubt=in_doubt)
    return reply(call(*[OBJ] * len(outcomes), version=version), caller, outcomes)


@pytest.mark.parametrize("outcomes", [(DONE,), (NO,), (LATER,), (DONE, NO, LATER), ()])
def test_what_is_known_is_told_row_by_row(outcomes: tuple[Outcome, ...]) -> None:
    """In input order, as it is."""
    assert answer(*outcomes) == Rows(outcomes)


@pytest.mark.parametrize(
    ("version", "in_doubt", "outcomes", "shape"),
    [
        ("107.0", "auto", (UNKNOWN,), "row"),
        ("60.0", "auto", (UNKNOWN, UNKNOWN), "row"),
        ("59.0", "auto", (UNKNOWN,), "silence"),
        ("59.0", "auto", (UNKNOWN, UNKNOWN), "silence"),
        ("59.0", "auto", (UNKNOWN, DONE), "row"),
        ("59.0", "row", (UNKNOWN,), "row"),
        ("107.0", "504", (UNKNOWN, UNKNOWN), "silence"),
        ("107.0", "504", (UNKNOWN, DONE), "row"),
        ("107.0", "fault", (UNKNOWN,), "fault"),
        ("59.0", "fault", (UNKNOWN,), "fault"),
        ("107.0", "fault", (UNKNOWN, NO), "row"),
    ],
)
def test_doubt_is_told_as_the_caller_can_take_it(
    version: str, in_doubt: str, outcomes: tuple[Outcome, ...], shape: str
) -> None:
    """A row where the version knows the code or others are known, otherwise as a lost answer; or as configured."""
    told = answer(*outcomes, version=version, in_doubt=in_doubt)
    code = "TRANSACTION_TIMEOUT" if version != "59.0" else "UNKNOWN_ERROR"
    if shape == "silence":
        assert told == Silence(outcomes)
    elif shape == "fault":
        assert isinstance(told, CallFault)
        assert (told.code, told.status) == (code, 500)
        assert told.message.startswith("OUTCOME UNKNOWN, repeat unchanged")
    else:
        assert isinstance(told, Rows)
        (error,) = told.outcomes[0].errors
        assert error.code == code
        assert error.message.startswith("OUTCOME UNKNOWN, repeat unchanged")
        assert replace(told.outcomes[0], errors=()) == UNKNOWN
        assert told.outcomes[1:] == (outcomes[1:] if DONE in outcomes or NO in outcomes else told.outcomes[1:])


@pytest.mark.parametrize("outcomes", [(LIMITED,), (LIMITED, replace(LIMITED, limited=7))])
def test_the_limit_on_a_whole_call_is_a_fault(outcomes: tuple[Outcome, ...]) -> None:
    """HTTP 429 with the longest patience, as Zuora answers it (64)."""
    expected = CallFault("REQUEST_EXCEEDED_LIMIT", "limit", status=429, retry_after=120)
    assert answer(*outcomes) == expected


@pytest.mark.parametrize("other", [DONE, NO, LATER, UNKNOWN])
def test_the_limit_on_a_part_of_a_call_is_a_row(other: Outcome) -> None:
    """What is done must be told (65)."""
    told = answer(LIMITED, other)
    assert isinstance(told, Rows)
    assert told.outcomes[0] == LIMITED


# ---------------------------------------------------------------- when time is up


def test_what_was_begun_is_unknown_and_the_rest_was_not_sent() -> None:
    """Known rows are told; nothing begun is ever called unsent."""
    told = partial(call(*[OBJ] * 4), ERP, {0: DONE, 2: NO}, frozenset({0, 1}))
    assert isinstance(told, Rows)
    assert [each.told for each in told.outcomes] == [Told.APPLIED, Told.UNKNOWN, Told.REFUSED, Told.UNSENT]
    assert told.outcomes[3].errors[0].code == "TEMPORARY_ERROR"
    assert "not sent" in told.outcomes[3].errors[0].message


def test_an_old_caller_with_everything_begun_hears_nothing() -> None:
    """Every stack takes that as a lost answer, which is the truth."""
    told = partial(call(OBJ, OBJ, version="50.0"), ERP, {}, frozenset({0, 1}))
    assert isinstance(told, Silence)
    assert [each.told for each in told.outcomes] == [Told.UNKNOWN] * 2


# ---------------------------------------------------------------- wording


@pytest.mark.parametrize(("version", "code"), [("60.0", "TEMPORARY_ERROR"), ("59.0", "UNKNOWN_ERROR")])
def test_unsent_has_a_code_that_the_caller_knows(version: str, code: str) -> None:
    """TEMPORARY_ERROR came with WSDL 60."""
    (error,) = unsent(call(OBJ, version=version).version, "a reason")
    assert error.code == code
    assert "not sent to Zuora (a reason)" in error.message


def test_refusals_speak_zuoras_language() -> None:
    """Code, field and a sentence; as an exception they read as their messages."""
    assert missing("AccountId").errors == (
        RowError("MISSING_REQUIRED_VALUE", "Missing required value: AccountId", "AccountId"),
    )
    assert invalid(None, "no").errors == (RowError("INVALID_VALUE", "no", None),)
    assert str(Refusal(RowError("A", "one"), RowError("B", "two"))) == "one; two"
    assert forbidden("Refund", "create")[0].code == "NO_PERMISSION"


def test_a_row_refused_as_a_twin_is_told_from_any_other() -> None:
    """By the bridge's own words: Zuora has DUPLICATE_VALUE as well."""
    assert tells_twin(twin("8ad0", "2026-02-20"))
    zuoras = (RowError("DUPLICATE_VALUE", "The number is taken."),)
    assert not any(map(tells_twin, (zuoras, (), (*twin("8ad0", "2026-02-20"), *zuoras))))
