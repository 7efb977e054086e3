"""Verdicts: bounds, noise, known differences, money; and what the gate makes of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from parity_answers import FIELDS, call, fault, found, good, record, refused, rows, run_of, said

from bridge.contract.reader import read_own
from bridge.parity import gate, known, report
from bridge.parity.capture import Capture
from bridge.parity.compare import Comparison, Neutral
from bridge.parity.corpus import deleted, queried, saved
from bridge.parity.gate import Limits, Step, decide
from bridge.parity.terms import Answer, ClassKey, Entry, Kind, ParityError, Run
from bridge.parity.verdict import Judgement, Verdict, judge

COMPARISON = Comparison(read_own())
ASKED = queried("select Id, Amount from Payment")
PAID = saved("create", "Payment", {"Amount": "1"})
CLEAN = said(found(record(FIELDS)))
OTHER = said(found(record(FIELDS.replace(">x<", ">y<"))))
DEAR = said(found(record(FIELDS.replace("82.8", "82.9"))))
TODAY = date(2026, 11, 28)


def judged(run: Run, tolerance: float = 0.05, ledger: tuple[known.Known, ...] = ()) -> Judgement:
    """Judge with everything neutral already."""
    return judge(run, COMPARISON, {name: Neutral() for name in run.sides}, ledger=ledger, tolerance=tolerance)


def calls(
    left: Answer, right: Answer, control: Answer, count: int, body: str = ASKED
) -> list[tuple[Entry, Mapping[str, Answer]]]:
    """So many equal exchanges."""
    return [(call(n, body), {"left": left, "right": right, "control": control}) for n in range(1, count + 1)]


def made(run: Run, **more: Any) -> dict[str, Any]:
    """A report."""
    verdicts = judged(run, **more)
    told = report.Told(
        Capture(()), "capture.jsonl", "2026-11-28T12:00:00+00:00", 1.0, 1, more.get("ledger", ()), "replay", {}
    )
    return report.build(run, verdicts, told, {name: Neutral() for name in run.sides}, {})


@pytest.mark.parametrize(
    ("count", "tolerance", "verdict"),
    [
        (59, 0.05, Verdict.PASS),
        (58, 0.05, Verdict.NOT_ENOUGH),
        (299, 0.01, Verdict.PASS),
        (298, 0.01, Verdict.NOT_ENOUGH),
    ],
)
def test_a_pass_needs_enough_clean_calls(count: int, tolerance: float, verdict: Verdict) -> None:
    """Exactly as many as the bound wants."""
    assert judged(run_of(calls(CLEAN, CLEAN, CLEAN, count)), tolerance).verdict is verdict


def test_one_difference_above_the_noise_fails() -> None:
    """Among a hundred clean calls."""
    pairs = calls(CLEAN, CLEAN, CLEAN, 100) + calls(CLEAN, OTHER, CLEAN, 1)
    found_ = judged(run_of(pairs))
    assert found_.verdict is Verdict.FAIL
    (one,) = found_.classes
    assert one.key == ClassKey("query", "Payment", "queryResponse/result/records/Comment", Kind.VALUE)
    assert one.counts


def test_a_difference_that_the_control_pair_has_too_is_noise() -> None:
    """Both rates are kept, nothing counts."""
    found_ = judged(run_of(calls(CLEAN, OTHER, OTHER, 60)))
    (one,) = found_.classes
    assert (len(one.calls), one.noise, one.counts) == (60, 60, False)
    assert found_.verdict is Verdict.PASS
    assert (found_.groups[0].raw, found_.groups[0].noise) == (60, 60)


@pytest.mark.parametrize(
    ("raw", "noise", "counts"), [(60, 50, False), (60, 30, True), (20, 20, False), (10, 12, False)]
)
def test_the_noise_rule_is_diffys(raw: int, noise: int, counts: bool) -> None:
    """raw > noise, and their distance more than a fifth of their sum."""
    pairs = []
    for n in range(100):
        answers = {"left": CLEAN, "right": OTHER if n < raw else CLEAN, "control": OTHER if n < noise else CLEAN}
        pairs.append((call(n + 1, ASKED), answers))
    (one,) = judged(run_of(pairs)).classes
    assert one.counts is counts


def test_money_has_no_noise() -> None:
    """Also where the control pair differs as much."""
    found_ = judged(run_of(calls(CLEAN, DEAR, DEAR, 60)))
    assert found_.verdict is Verdict.FAIL
    assert found_.groups[0].money == 60
    assert "money differs" in found_.groups[0].why


def test_without_a_control_pair_every_difference_counts() -> None:
    """Nothing is known of the noise."""
    run = run_of([(call(1, ASKED), {"left": CLEAN, "right": OTHER})], control=False)
    assert judged(run).verdict is Verdict.FAIL


def test_a_call_that_nobody_answered_is_not_counted() -> None:
    """It is told, and the others decide."""
    lost = Answer(0, {}, b"", 1.0, trouble="TimeoutError")
    found_ = judged(run_of(calls(CLEAN, CLEAN, CLEAN, 59) + calls(lost, lost, lost, 1)))
    assert (found_.verdict, found_.groups[0].calls, found_.groups[0].silent) == (Verdict.PASS, 59, 1)


def test_groups_are_judged_apart() -> None:
    """Enough of one operation says nothing about another."""
    drop = deleted("Refund", "0" * 32)
    found_ = judged(run_of(calls(CLEAN, CLEAN, CLEAN, 60) + calls(CLEAN, CLEAN, CLEAN, 3, drop)))
    assert [(each.operation, each.object, each.verdict) for each in found_.groups] == [
        ("query", "Payment", Verdict.PASS),
        ("delete", "Refund", Verdict.NOT_ENOUGH),
    ]
    assert found_.verdict is Verdict.NOT_ENOUGH


# ------------------------------------------------------------------ books


def _books(amount: str = "80", extra: bool = False, created: str = "10:00") -> dict[str, Any]:
    one = {"amount": amount, "currency": "USD", "createdDate": created}
    return {"payments": {"{id:1.1}": one, **({"{id:2.1}": one} if extra else {})}}


def test_equal_books_pass_and_an_amount_that_differs_fails() -> None:
    """Whatever the answers said."""
    run = run_of(calls(CLEAN, CLEAN, CLEAN, 60))
    run.books = {"left": _books(), "right": _books(), "control": _books()}
    assert judged(run).verdict is Verdict.PASS
    run.books["right"] = _books("80.01")
    found_ = judged(run)
    assert found_.verdict is Verdict.FAIL
    assert found_.classes[0].key.path == "payments/*/amount"


def test_a_payment_more_on_one_side_fails() -> None:
    """A double payment is what this is for."""
    run = run_of(calls(CLEAN, CLEAN, CLEAN, 60))
    run.books = {"left": _books(), "right": _books(extra=True), "control": _books()}
    found_ = judged(run)
    assert (found_.verdict, found_.classes[0].key.kind, found_.classes[0].money) == (Verdict.FAIL, Kind.EXTRA, True)


def test_noise_in_the_books_is_noise() -> None:
    """The moment of making differs between any two sides."""
    run = run_of(calls(CLEAN, CLEAN, CLEAN, 60))
    run.books = {"left": _books(), "right": _books(created="10:01"), "control": _books(created="10:02")}
    assert judged(run).verdict is Verdict.PASS


# ------------------------------------------------------------------ the ledger

ENTRY = """
[[difference]]
operation = "query"
object = "Payment"
path = "queryResponse/*/Comment"
kind = "value"
owner = "billing"
reason = "a trigger of the right tenant"
ticket = "BILL-7"
expires = 2027-06-30
"""


def _ledger(tmp_path: Path, text: str = ENTRY) -> tuple[known.Known, ...]:
    file = tmp_path / "known.toml"
    file.write_text(text)
    return known.read(file)


def test_a_known_difference_is_counted_and_does_not_fail(tmp_path: Path) -> None:
    """Its hits are told."""
    ledger = _ledger(tmp_path)
    found_ = judged(run_of(calls(CLEAN, OTHER, CLEAN, 60)), ledger=ledger)
    assert (found_.verdict, found_.hits) == (Verdict.PASS, [60])
    assert known.faults(ledger, found_.hits, TODAY) == []


def test_an_expired_or_unused_entry_is_a_fault(tmp_path: Path) -> None:
    """On the day after its last, and where nothing hits it; what is shipped needs no hit."""
    ledger = _ledger(tmp_path)
    assert "nothing was hit" in known.faults(ledger, [0], TODAY)[0]
    assert known.faults(ledger, [1], date(2027, 6, 30)) == []
    assert "expired on 2027-06-30" in known.faults(ledger, [1], date(2027, 7, 1))[0]
    shipped = known.inherent()
    assert known.faults(shipped, [0] * len(shipped), TODAY) == []
    assert known.faults(shipped, [0] * len(shipped), date(2029, 1, 1)) != []


def test_money_cannot_be_known(tmp_path: Path) -> None:
    """Whatever the pattern."""
    ledger = _ledger(tmp_path, ENTRY.replace('"queryResponse/*/Comment"', '"*"'))
    found_ = judged(run_of(calls(CLEAN, DEAR, CLEAN, 60)), ledger=ledger)
    assert (found_.verdict, found_.hits) == (Verdict.FAIL, [0])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("owner", "boss"), "owner is missing"),
        (('kind = "value"', 'kind = "odd"'), "is no kind"),
        (("2027-06-30", '"soon"'), "expires must be a date"),
        (("reason", "because"), "reason is missing"),
        (("[[difference]]", "[[ignored]]"), "only \\[\\[difference\\]\\]"),
        (("[[difference]]", "[[difference"), "known.toml"),
    ],
)
def test_a_ledger_that_is_wrong_is_explained(tmp_path: Path, change: tuple[str, str], words: str) -> None:
    """With the entry at fault."""
    with pytest.raises(ParityError, match=words):
        _ledger(tmp_path, ENTRY.replace(*change))


# ------------------------------------------------------------------ outcomes and the gate


def test_outcomes_meet_in_a_table() -> None:
    """Which code met which, with partial success."""
    pairs = calls(said(rows(good(), refused())), said(rows(good(), refused())), CLEAN, 2, PAID)
    pairs += calls(said(fault(), 500), said(rows(refused("INVALID_ID"))), CLEAN, 1, PAID)
    outcomes = made(run_of(pairs))["outcomes"]
    assert [(each["left"], each["right"], each["calls"], each["same"]) for each in outcomes] == [
        ("1 of 2 Success, INVALID_VALUE", "1 of 2 Success, INVALID_VALUE", 2, True),
        ("fns:INVALID_SESSION (HTTP 500)", "INVALID_ID", 1, False),
    ]


GOOD = made(run_of(calls(CLEAN, CLEAN, CLEAN, 300)))
NOW = datetime(2026, 11, 28, 13, tzinfo=UTC)


@pytest.mark.parametrize(
    ("limits", "step", "words"),
    [
        (Limits(), Step.PROMOTE, "300 calls"),
        (Limits(max_mismatch=0.01), Step.PROMOTE, "weakest bound is 0.99%"),
        (Limits(max_mismatch=0.001), Step.HOLD, "asked for is 0.10%"),
        (Limits(min_calls=1000), Step.HOLD, "1000 are asked for"),
        (Limits(operations=("query Payment",)), Step.PROMOTE, "1 operations"),
        (Limits(operations=("create Payment",)), Step.HOLD, "no create Payment in the report"),
        (Limits(max_age_hours=2), Step.PROMOTE, "Promote"),
        (Limits(max_age_hours=0.5), Step.HOLD, "older than 0.5 hours"),
        (Limits(books=True), Step.HOLD, "was not read"),
        (Limits(max_slower_ms=1), Step.PROMOTE, "Promote"),
        (Limits(max_slower_ms=-1), Step.HOLD, "slower"),
    ],
)
def test_the_gate_promotes_or_holds(limits: Limits, step: Step, words: str) -> None:
    """By what a step demands."""
    decision = decide(GOOD, limits, NOW)
    assert (decision.step, words in decision.reason) == (step, True), decision.reason


def test_the_gate_rolls_back_on_a_failure() -> None:
    """Of money wherever it is, of anything else where the step is about it."""
    dear = made(run_of(calls(CLEAN, CLEAN, CLEAN, 60) + calls(CLEAN, DEAR, CLEAN, 1)))
    assert decide(dear, Limits()).step is Step.ROLL_BACK
    assert decide(dear, Limits(operations=("create Payment",))).step is Step.ROLL_BACK
    other = made(
        run_of(
            calls(CLEAN, OTHER, CLEAN, 61) + calls(said(rows(good())), said(rows(good())), said(rows(good())), 60, PAID)
        )
    )
    assert decide(other, Limits()).step is Step.ROLL_BACK
    assert decide(other, Limits(operations=("create Payment",))).step is Step.PROMOTE


def test_too_little_holds_and_never_promotes() -> None:
    """Also a report without a call."""
    assert decide(made(run_of(calls(CLEAN, CLEAN, CLEAN, 5))), Limits()).step is Step.HOLD
    assert decide(made(run_of([])), Limits()).step is Step.HOLD


def test_a_report_that_was_changed_is_no_ground_for_a_step() -> None:
    """Its digest covers everything."""
    with pytest.raises(ParityError, match="was changed"):
        decide({**GOOD, "verdict": "PASS!"}, Limits())
    with pytest.raises(ParityError, match="not a parity report"):
        decide({}, Limits())


def test_faults_of_the_ledger_roll_back() -> None:
    """What is no longer different must not stand there."""
    told = {**GOOD, "ledger_faults": ["expired"]}
    assert decide({**told, "digest": report.digest(told)}, Limits()).step is Step.ROLL_BACK
    assert gate.Step.HOLD.value == 3


def test_the_smallest_call_is_the_example() -> None:
    """Fewest objects first, then the shortest."""
    large = replace(call(1, saved("create", "Payment", {"Amount": "1"}, {"Amount": "2"})))
    small = call(2, PAID)
    bad, fine = said(rows(refused("INVALID_ID"))), said(rows(refused()))
    found_ = judged(run_of([(one, {"left": fine, "right": bad, "control": fine}) for one in (large, small)]))
    assert found_.classes[0].smallest is not None
    assert found_.classes[0].smallest.entry.number == 2
