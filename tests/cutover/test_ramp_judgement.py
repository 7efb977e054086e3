"""What a gate concludes from counts: tables of cases, and what holds for all."""

from __future__ import annotations

import itertools
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.core.intent import State
from bridge.core.model import Route
from bridge.cutover.ramp import LATE_MS, Facts, Judgement, Verdict, judge
from bridge.cutover.reading import RulesRefused, from_plain, parse, plain, toml
from bridge.cutover.rules import MINUTE_MS, Ramp, Rule, Way
from bridge.cutover.standing import FIRST, NoStep, next_step, promote, with_rules
from bridge.journal.ramps import Counted

HOUR = 60 * MINUTE_MS
NUMBERS = itertools.count()
ORDER = [Verdict.PROMOTE, Verdict.NOT_ENOUGH_DATA, Verdict.HOLD, Verdict.ROLL_BACK]


def rule(percent: str = "5", **ramp: Any) -> Rule:
    """A rule with a ramp."""
    return Rule("pilot", Way.REST, percent=Decimal(percent), ramp=Ramp(**ramp))


def calls(
    route: Route, good: int, bad: int = 0, *, since: int = 0, until: int = HOUR, took: int = 300
) -> list[Counted]:
    """Calls of one object each, spread evenly over the time; those that failed come last."""
    every = good + bad
    return [
        Counted(
            name := f"c{next(NUMBERS)}",
            route,
            State.APPLIED if each < good else State.REFUSED,
            False,
            at := since + (until - since) * each // max(every, 1),
            at + took,
            name,
        )
        for each in range(every)
    ]


def judged(new: list[Counted], other: list[Counted], one: Rule | None = None, **facts: Any) -> Judgement:
    """After an hour of the step."""
    return judge(one or rule(), [*new, *other], Facts(**({"began": 0, "now": HOUR, "zuora_now": HOUR} | facts)))


@pytest.mark.parametrize(
    ("new", "other", "verdict"),
    [
        ((300, 0), (3000, 0), Verdict.PROMOTE),
        ((300, 0), (3000, 90), Verdict.PROMOTE),
        ((100, 0), (3000, 0), Verdict.NOT_ENOUGH_DATA),
        ((0, 0), (0, 0), Verdict.NOT_ENOUGH_DATA),
        ((300, 0), (20, 0), Verdict.NOT_ENOUGH_DATA),
        ((4, 1), (3000, 0), Verdict.NOT_ENOUGH_DATA),
        ((290, 10), (3000, 0), Verdict.ROLL_BACK),
        ((280, 20), (3000, 0), Verdict.ROLL_BACK),
        ((0, 8), (3000, 0), Verdict.ROLL_BACK),
        ((0, 4), (3000, 0), Verdict.NOT_ENOUGH_DATA),
        ((4000, 60), (4000, 0), Verdict.ROLL_BACK),
    ],
)
def test_errors_beside_those_of_the_other_route(new: tuple[int, int], other: tuple[int, int], verdict: Verdict) -> None:
    """Certain both ways, or it waits."""
    assert judged(calls(Route.REST, *new), calls(Route.SOAP, *other)).verdict is verdict


def test_failures_that_are_too_many_and_not_certain_hold() -> None:
    """Ten of three hundred, long ago."""
    new = [*calls(Route.REST, 10, 10, until=1), *calls(Route.REST, 280, since=1)]
    assert judged(new, calls(Route.SOAP, 3000)).verdict is Verdict.HOLD


def test_what_fails_on_both_routes_at_once_holds() -> None:
    """An outage of Zuora: the same minutes, the same failures."""
    new = [*calls(Route.REST, 300), *calls(Route.REST, 0, 60, since=HOUR, until=HOUR + 300_000)]
    other = [*calls(Route.SOAP, 3000), *calls(Route.SOAP, 0, 600, since=HOUR, until=HOUR + 300_000)]
    assert judged(new, other).verdict is Verdict.NOT_ENOUGH_DATA
    assert judged(new, other[:3000]).verdict is not Verdict.PROMOTE
    assert judged(new, calls(Route.SOAP, 4000, until=HOUR + 300_000)).verdict is Verdict.ROLL_BACK


def test_one_call_with_fifty_refused_objects_is_one_failure() -> None:
    """What fails together counts once."""
    batch = [Counted("batch", Route.REST, State.REFUSED, False, HOUR, HOUR, "i") for _ in range(50)]
    made = judged([*calls(Route.REST, 300), *batch], calls(Route.SOAP, 3000))
    assert (made.numbers["new"]["calls"], made.numbers["new"]["failed"]) == (301, 1)  # type: ignore[index]
    assert made.verdict is Verdict.PROMOTE


@pytest.mark.parametrize(
    ("state", "unsent", "created", "end"),
    [
        (State.APPLIED, False, 0, "applied"),
        (State.REFUSED, False, 0, "refused"),
        (State.REFUSED, True, 0, "unsent"),
        (State.NOT_APPLIED, False, 0, "not_applied"),
        (State.IN_DOUBT, False, 0, "in_doubt"),
        (State.PARKED, False, 0, "parked"),
        (State.NOT_SENT, False, 0, "not_sent"),
        (State.SENDING, False, 0, "stuck"),
        (State.SENDING, False, HOUR - LATE_MS, "open"),
        (State.PLANNED, False, HOUR, "open"),
    ],
)
def test_every_end_is_shown_apart(state: State, unsent: bool, created: int, end: str) -> None:
    """Only what was applied in time is good; what has not ended yet is neither."""
    told: Any = judged([Counted("c", Route.REST, state, unsent, created, None, "i")], []).numbers["new"]
    assert told[end] == 1
    assert (told["calls"], told["failed"]) == (int(end != "open"), int(end not in ("open", "applied")))


def test_what_was_applied_too_late_has_failed() -> None:
    """Its caller had long been told that the outcome is unknown."""
    told: Any = judged(calls(Route.REST, 1, took=LATE_MS + 1), []).numbers["new"]
    assert (told["late"], told["failed"]) == (1, 1)


@pytest.mark.parametrize(
    ("took", "verdict"),
    [(300, Verdict.PROMOTE), (590, Verdict.PROMOTE), (2000, Verdict.ROLL_BACK)],
)
def test_latency_beside_the_other_route(took: int, verdict: Verdict) -> None:
    """Twice as slow is allowed here."""
    made = judged(calls(Route.REST, 300, took=took), calls(Route.SOAP, 3000), rule(slower=Decimal(2)))
    assert made.verdict is verdict


def test_a_slow_tail_that_is_not_certain_holds() -> None:
    """Some slow calls are no proof."""
    new = [*calls(Route.REST, 280), *calls(Route.REST, 20, took=900)]
    assert judged(new, calls(Route.SOAP, 3000), rule(slower=Decimal(2))).verdict is Verdict.HOLD


@pytest.mark.parametrize(
    ("compared", "unequal", "verdict"),
    [
        (400, 0, Verdict.PROMOTE),
        (100, 0, Verdict.NOT_ENOUGH_DATA),
        (0, 0, Verdict.NOT_ENOUGH_DATA),
        (50, 1, Verdict.HOLD),
        (50, 20, Verdict.ROLL_BACK),
    ],
)
def test_parity_where_it_is_asked_for(compared: int, unequal: int, verdict: Verdict) -> None:
    """At most one of a hundred may differ."""
    good, one = (calls(Route.REST, 300), calls(Route.SOAP, 3000)), rule(mismatch_rate=Decimal("0.01"))
    assert judged(*good, one, compared=compared, unequal=unequal).verdict is verdict
    assert judged(*good, compared=compared, unequal=unequal).verdict is Verdict.PROMOTE


def test_wrong_money_needs_no_number() -> None:
    """One is enough, however few calls there were."""
    assert judged([], [], hard=["a double"]).verdict is Verdict.ROLL_BACK


def test_a_step_soaks_a_halted_ramp_holds_and_the_last_step_is_the_last() -> None:
    """With everything else met."""
    good = calls(Route.REST, 300), calls(Route.SOAP, 3000)
    young = judged(*good, began=HOUR - MINUTE_MS)
    assert (young.verdict, young.ready_at) == (Verdict.HOLD, HOUR + 29 * MINUTE_MS)
    assert judged(*good, rule(halted=True)).verdict is Verdict.HOLD
    assert judged(calls(Route.REST, 0, 60), good[1], rule(halted=True)).verdict is Verdict.ROLL_BACK
    last = judged(*good, rule("100"))
    assert (last.verdict, last.step) == (Verdict.HOLD, None)
    assert judged(*good, rule("7")).step == 20


def test_a_step_without_another_route_is_judged_by_what_that_did_before() -> None:
    """At 100 % nothing goes the other way."""
    before = calls(Route.SOAP, 3000, since=-HOUR, until=0)
    assert judged(calls(Route.REST, 300), [], rule("100"), before=before).verdict is Verdict.HOLD
    assert judged(calls(Route.REST, 200, 40), [], rule("100"), before=before).verdict is Verdict.ROLL_BACK


def test_it_says_what_is_wanting_and_about_when_it_is_there() -> None:
    """At the rate of this step."""
    made = judged(calls(Route.REST, 100), calls(Route.SOAP, 3000))
    assert made.wanting == {"calls by this route": 100}
    assert made.ready_at == 2 * HOUR
    nobody = judged([], calls(Route.SOAP, 3000))
    assert (nobody.wanting, nobody.ready_at) == ({"calls by this route": 200}, None)


COUNTS = st.tuples(st.integers(0, 400), st.integers(0, 60))


@settings(max_examples=150, deadline=None, derandomize=True)
@given(COUNTS, COUNTS, st.integers(1, 200), st.sampled_from(["1", "5", "20", "50"]))
def test_it_never_promotes_with_fewer_than_its_samples_and_never_skips(
    new: tuple[int, int], other: tuple[int, int], samples: int, percent: str
) -> None:
    """Whatever the counts."""
    one = rule(percent, samples=samples)
    made = judged(calls(Route.REST, *new), calls(Route.SOAP, *other), one)
    if made.verdict is Verdict.PROMOTE:
        assert min(sum(new), sum(other)) >= samples
        assert made.bound is not None
        assert made.bound <= 0.02
        assert made.step == next_step(one) == promote(with_rules(FIRST, [one]), "pilot").rules[0].percent
    else:
        assert made.step is None


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.integers(1, 400), st.integers(0, 60), st.integers(1, 60), COUNTS)
def test_more_errors_never_improve_a_verdict(count: int, bad: int, more: int, other: tuple[int, int]) -> None:
    """The same calls, more of them failed."""
    bad = min(bad, count)
    worse = min(bad + more, count)
    beside = calls(Route.SOAP, *other)
    first, second = (judged(calls(Route.REST, count - each, each), beside).verdict for each in (bad, worse))
    assert ORDER.index(first) <= ORDER.index(second)


def test_no_step_goes_over_the_last_or_from_a_halt() -> None:
    """Nor of a rule that has no ramp."""
    for one in (rule("100"), rule(halted=True), Rule("pilot", Way.REST), Rule("other", Way.REST)):
        with pytest.raises(NoStep):
            promote(with_rules(FIRST, [one]), "pilot")


WRITTEN = '[[rule]]\nname = "pilot"\nroute = "rest"\noperation = "create"\n'


def test_a_ramp_is_written_back_as_it_was_read() -> None:
    """As TOML and as JSON; it begins at its first step."""
    text = (
        f'{WRITTEN}[rule.ramp]\nsteps = [2.5, 50]\nmismatch_rate = 0.001\nslower = 1.5\nsoak = "90s"\nhalted = true\n'
    )
    read = parse(text)
    assert read[0].percent == Decimal("2.5")
    assert parse(toml(read)) == from_plain([plain(each) for each in read]) == read


@pytest.mark.parametrize(
    ("rest", "said"),
    [
        ("[rule.ramp]\nsteps = [5, 1]\n", "they go up"),
        ("[rule.ramp]\nsteps = []\n", "ramp.steps"),
        ('[rule.ramp]\nsoak = "soon"\n', "it is a time such as 90s, 30m, 2h or 7d"),
        ("[rule.ramp]\nerror_rate = 0\n", "ramp.error_rate"),
        ("[rule.ramp]\nsamples = 0\n", "ramp.samples"),
        ("[rule.ramp]\nspeed = 1\n", "ramp.speed"),
        ("percent = 0\n[rule.ramp]\n", "at 0 % nothing can be counted"),
        ("percent = 60\n[rule.ramp]\nsteps = [5, 50]\n", "above its last step, 50"),
    ],
)
def test_a_wrong_ramp_is_refused_with_a_sentence(rest: str, said: str) -> None:
    """Of a query too, which nobody could count."""
    with pytest.raises(RulesRefused, match=said):
        parse(WRITTEN + rest)
    with pytest.raises(RulesRefused, match="not journaled"):
        parse(WRITTEN.replace("create", "query") + "[rule.ramp]\n")
