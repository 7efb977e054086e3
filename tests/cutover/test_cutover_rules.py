"""Rules applied: order, conditions, percentages that stick, and what a decision tells."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.model import Route
from bridge.cutover.buckets import place
from bridge.cutover.rules import Asked, Rule, Way, decide, may_shadow

ACCOUNT = "8ad045fdb5315afd09c05d43dc940f95"
ASKED = Asked("10000", "erp", "create", "Payment", ACCOUNT, 1_000)
ids = st.text("0123456789abcdef", min_size=32, max_size=32)
percents = st.decimals(0, 100, places=2)


def rest(name: str = "rest", **conditions: object) -> Rule:
    """A rule that answers REST."""
    return Rule(name, Way.REST, **conditions)  # type: ignore[arg-type]


@pytest.mark.parametrize(("own", "route"), [(False, Route.SOAP), (True, Route.ACTION)])
def test_what_no_rule_matches_goes_the_default_way(own: bool, route: Route) -> None:
    """SOAP, for JSON callers an Action."""
    seen = decide((), replace(ASKED, own=own))
    assert (seen.route, seen.rule, seen.passed) == (route, None, ())


def test_the_first_rule_that_matches_answers() -> None:
    """What stands behind it is not asked."""
    rules = (rest("other caller", callers=frozenset({"crm"})), Rule("stay", Way.SOAP), rest("late"))
    seen = decide(rules, ASKED)
    assert (seen.route, seen.rule, seen.passed) == (
        Route.SOAP,
        rules[1],
        (("other caller", "it is not for the caller erp"),),
    )


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        (rest(callers=frozenset({"crm"})), "it is not for the caller erp"),
        (rest(operations=frozenset({"delete"})), "it is not for create"),
        (rest(objects=frozenset({"Refund"})), "it is not for Payment"),
        (rest(accounts=frozenset({"f" * 32})), "it does not list the account"),
        (rest(account_percent=Decimal(0)), f"the account stands at {place('10000', ACCOUNT)} %, not below 0 %"),
        (rest(since=1_001), "it does not count yet"),
    ],
)
def test_every_condition_must_hold(rule: Rule, why: str) -> None:
    """One that fails leaves the object to the next rule, and is told."""
    assert decide((rule,), ASKED).passed == ((rule.name, why),)


@pytest.mark.parametrize("rule", [rest(accounts=frozenset({"f" * 32})), rest(account_percent=Decimal(99))])
def test_a_rule_for_accounts_needs_one(rule: Rule) -> None:
    """An object of which no account is known stays where it was."""
    seen = decide((rule,), replace(ASKED, account=None))
    assert (seen.route, seen.passed) == (Route.SOAP, ((rule.name, "the object names no account"),))


def test_all_conditions_together() -> None:
    """Account Ids are compared as Zuora compares them."""
    rule = rest(
        callers=frozenset({"erp"}),
        operations=frozenset({"create"}),
        objects=frozenset({"Payment"}),
        accounts=frozenset({ACCOUNT}),
        account_percent=Decimal(100),
        since=1_000,
    )
    seen = decide((rule,), replace(ASKED, account=f" {ACCOUNT.upper()} "))
    assert (seen.route, seen.rule) == (Route.REST, rule)


def test_a_json_caller_never_goes_by_soap() -> None:
    """It has no session, so SOAP means Actions for it."""
    assert decide((Rule("stay", Way.SOAP),), replace(ASKED, own=True)).route is Route.ACTION


def test_a_split_answers_for_everybody() -> None:
    """Inside one way, outside the other; the place is told."""
    at = place("10000", ACCOUNT)
    inside = decide((rest(percent=at + Decimal("0.01"), otherwise=Way.ACTION),), ASKED)
    outside = decide((rest(percent=at, otherwise=Way.ACTION),), ASKED)
    assert (inside.route, inside.inside, inside.place) == (Route.REST, True, at)
    assert (outside.route, outside.inside, outside.place) == (Route.ACTION, False, at)


@pytest.mark.parametrize(("percent", "route"), [("99.99", Route.SOAP), ("100", Route.REST)])
def test_without_an_account_only_everybody_is_inside(percent: str, route: Route) -> None:
    """What cannot be placed moves last."""
    seen = decide((rest(percent=Decimal(percent)),), replace(ASKED, account=None))
    assert (seen.route, seen.place) == (route, None)


@given(ids, percents, percents)
def test_raising_a_percentage_never_moves_an_account_back(account: str, one: Decimal, other: Decimal) -> None:
    """And lowering it moves none in."""
    low, high = sorted((one, other))
    asked = replace(ASKED, account=account)
    if decide((rest(percent=low),), asked).route is Route.REST:
        assert decide((rest(percent=high),), asked).route is Route.REST


@given(ids)
def test_nobody_is_inside_of_0_and_everybody_inside_of_100(account: str) -> None:
    """The ends are exact."""
    asked = replace(ASKED, account=account)
    assert decide((rest(percent=Decimal(0)),), asked).route is Route.SOAP
    assert decide((rest(percent=Decimal(100)),), asked).route is Route.REST


def test_accounts_spread_evenly() -> None:
    """A percentage of many accounts is about that many of them."""
    places = [place("10000", f"{number:032x}") for number in range(10_000)]
    assert all(900 < sum(low <= each < low + 10 for each in places) < 1_100 for low in range(0, 100, 10))
    assert all(Decimal(0) <= each < 100 for each in places)


def test_two_tenants_have_other_first_accounts() -> None:
    """A copied tenant keeps its Ids."""
    assert place("10000", ACCOUNT) != place("10001", ACCOUNT)


@pytest.mark.parametrize(("own", "route"), [(False, Route.SOAP), (True, Route.ACTION)])
def test_a_shadow_answers_the_default_way_and_says_so(own: bool, route: Route) -> None:
    """What is compared with REST goes where it went before."""
    rule = Rule("aside", Way.SHADOW)
    seen = decide((rule,), replace(ASKED, own=own))
    assert (seen.route, seen.shadowed, seen.shadow, seen.ramp) == (route, True, "aside", None)
    assert decide((rest(),), ASKED).shadow is None


@given(ids, percents, percents)
def test_raising_a_shadow_s_percentage_takes_no_account_out_of_it(account: str, one: Decimal, other: Decimal) -> None:
    """As for every other route."""
    low, high = sorted((one, other))
    asked = replace(ASKED, account=account)
    shadowed = [decide((Rule("aside", Way.SHADOW, percent=each),), asked).shadowed for each in (low, high)]
    assert shadowed != [True, False]


@pytest.mark.parametrize(
    ("rules", "may"),
    [
        ((Rule("aside", Way.SHADOW),), True),
        ((rest(percent=Decimal(5), otherwise=Way.SHADOW),), True),
        ((rest(otherwise=Way.SHADOW),), False),
        ((rest(), Rule("aside", Way.SHADOW)), False),
        ((rest(accounts=frozenset({ACCOUNT})), Rule("aside", Way.SHADOW)), True),
        ((Rule("aside", Way.SHADOW, callers=frozenset({"crm"})),), False),
        ((), False),
    ],
)
def test_whether_anything_can_be_shadowed_is_known_without_an_account(rules: tuple[Rule, ...], may: bool) -> None:
    """So that what cannot costs nothing."""
    assert may_shadow(rules, replace(ASKED, account=None)) is may
