"""Why an object goes its way: what is kept of it, and what is told of that."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.intent import Dispatch, Intent, State
from bridge.core.model import Call, Caller, Op, Route, RowError, Version, ZObject
from bridge.core.preview import Seen
from bridge.cutover import Policy
from bridge.cutover.buckets import place
from bridge.cutover.explain import NOT_KEPT, of_intent, of_object
from bridge.cutover.record import BYTES, Unread, read, written
from bridge.cutover.rules import Asked, Rule, Way, decide, needs_account
from bridge.cutover.standing import FIRST, Standing, back, stop, with_rules

ACCOUNT = "8ad045fdb5315afd09c05d43dc940f95"
PLACE = place("10000", ACCOUNT)
ERP = Caller("10000", "erp@example.com", "erp")
ASKED = Asked("10000", "erp", "create", "Payment", ACCOUNT, 0)
PILOT = Rule("pilot", Way.REST, frozenset({"erp"}), percent=PLACE + Decimal("0.01"))
REFUNDS = Rule("refunds stay", Way.SOAP, objects=frozenset({"Refund"}))


def kept(standing: Standing, number: int, author: str = "alice", reason: str = "first step") -> Standing:
    """A standing as the journal gives it back."""
    return replace(standing, number=number, at=1_771_610_400_000, author=author, reason=reason)


def text(rules: tuple[Rule, ...], *, revision: int = 1, capability: str = "names only invoices") -> str:
    """What an intent keeps."""
    made = written(decide(rules, ASKED), ASKED, revision)
    return f'{{"policy":{made},"capability":{json.dumps(capability)},"overruled":false}}'


def intent(decided: str | None, route: Route | None = Route.REST, state: State = State.APPLIED) -> Intent:
    """An intent of account ACCOUNT."""
    return Intent(
        "i-1", "10000|", "erp", "c1", 0, Op.CREATE, "Payment", "f", 0, 0, route, state, 1_771_610_400_000, "us",
        zuora_id="p9" if state is State.APPLIED else None, decided=decided,
    )  # fmt: skip


names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=80)


@given(st.lists(names, max_size=60), names, st.booleans())
def test_what_is_kept_is_bounded_and_says_what_it_left_out(others: list[str], name: str, answers: bool) -> None:
    """However many rules there are and whatever they are called: under 1 KB with what was possible beside it."""
    rules = [Rule(each, Way.REST, frozenset({each})) for each in others]
    rules += [Rule(name, Way.REST, percent=Decimal(50))] if answers else []
    asked = replace(ASKED, caller="nobody \x00")
    made = decide(rules, asked)
    policy = written(made, asked, 123_456)
    found = read(f'{{"policy":{policy},"capability":"why","overruled":false}}')
    assert len(policy.encode()) <= BYTES
    assert (found.rule, found.route, found.account) == (name if answers else None, made.route.value, ACCOUNT)
    assert found.passed == made.passed[: len(found.passed)]
    assert len(found.passed) + found.more == len(made.passed)
    assert (found.place, found.inside) == (made.place, made.inside)


@pytest.mark.parametrize("said", ["", "{}", "[]", "7", '{"policy":null}', '{"policy":{"rev":"x"}}'])
def test_what_a_newer_bridge_has_kept_is_said_and_no_trace(said: str) -> None:
    """In place of the explanation; the rest of it is told."""
    with pytest.raises(Unread):
        read(said)
    told = of_intent(intent(said), (), ())
    assert "use the newer bridge" in told.text
    assert told.told["decided"] is None


@pytest.mark.parametrize(
    ("rules", "needs"),
    [
        ((), False),
        ((Rule("all", Way.REST),), False),
        ((replace(PILOT, percent=Decimal(5)),), True),
        ((replace(PILOT, percent=Decimal(0)),), False),
        ((replace(PILOT, percent=Decimal(100)),), False),
        ((replace(PILOT, percent=None, account_percent=Decimal(5)),), True),
        ((replace(PILOT, percent=None, account_percent=Decimal(0)),), False),
        ((replace(PILOT, percent=Decimal(5), account_percent=Decimal(0)),), False),
        ((replace(PILOT, percent=None, accounts=frozenset({ACCOUNT})),), True),
        ((Rule("all", Way.SOAP), PILOT), False),
        ((REFUNDS, PILOT), True),
        ((replace(PILOT, callers=frozenset({"crm"})),), False),
        ((replace(PILOT, operations=frozenset({"query"})),), False),
        ((replace(PILOT, since=1),), False),
    ],
)
def test_the_account_is_needed_where_a_rule_that_can_match_parts_accounts(rules: tuple[Rule, ...], needs: bool) -> None:
    """Not for other callers' rules, behind a rule that takes all, or where all accounts are treated alike."""
    assert needs_account(rules, replace(ASKED, account=None)) is needs
    policy = Policy({}, lambda: with_rules(FIRST, rules))
    assert policy.prefer(ERP, Op.CREATE, "Payment").asks_account is needs


SOME = (PILOT, REFUNDS, Rule("all", Way.ACTION), replace(PILOT, percent=Decimal(100)))


@given(st.lists(st.sampled_from(SOME), max_size=4))
def test_where_no_account_is_needed_all_accounts_go_one_way(rules: list[Rule]) -> None:
    """Also those without one."""
    if not needs_account(rules, ASKED):
        ways = {decide(rules, replace(ASKED, account=each)).route for each in (None, ACCOUNT, "0" * 32, "f" * 32)}
        assert len(ways) == 1


def test_a_rule_its_revision_the_place_and_what_was_passed_over_are_told() -> None:
    """In one paragraph, and as data."""
    history = [kept(with_rules(FIRST, [REFUNDS, PILOT]), 1)]
    told = of_intent(intent(text((REFUNDS, PILOT))), [dispatch()], history)
    for words in (
        "Payment.create i-1 of erp, received 2026-02-20T18:00:00Z, went by rest and was done: Payment p9.",
        'Policy said rest, by the rule "pilot" of revision 1.',
        "revision 1, set by alice at 2026-02-20T18:00:00Z: first step.",
        f"stands at {PLACE} %, inside the {PLACE + Decimal('0.01')} % of the rule.",
        'Passed over: "refunds stay" (it is not for Payment).',
        "Capability agreed (names only invoices).",
        "Its requests: POST /v1/payments by rest (done).",
    ):
        assert words in told.text
    assert "\n" not in told.text
    assert (told.told["decided"], told.told["rule"], told.told["place"], told.told["inside"]) == (
        "rule", "pilot", str(PLACE), True,
    )  # fmt: skip
    assert json.loads(json.dumps(told.whole))["text"] == told.text


def dispatch(number: int = 0) -> Dispatch:
    """A request that was answered."""
    return Dispatch(
        f"d{number}", "c1", Route.REST, Op.CREATE, "POST", "/v1/payments", (), b"", ("i-1",), verdict="done"
    )


def test_what_was_rolled_back_since_is_told_and_that_it_stays() -> None:
    """I4: the route is pinned. A stop between changes no rules, so whoever set them is named."""
    first = kept(with_rules(FIRST, [PILOT]), 1)
    stopped = kept(stop(first), 2, "bob", "incident")
    third = kept(back(stopped, [first, stopped]), 3, "carol", "too many refusals")
    told = of_intent(intent(text((PILOT,), revision=2)), (), [third, stopped, first])
    assert "revision 2. Its rules came with revision 1, set by alice" in told.text
    assert "last by revision 3, a return to no rules by carol" in told.text
    assert "stays on its route" in told.text
    fourth = kept(with_rules(third, [PILOT]), 4)
    fifth = kept(back(kept(with_rules(fourth, ()), 5), [fourth]), 6, "dora", "back")
    assert "a return to revision 4 by dora" in of_intent(intent(text((PILOT,), revision=6)), (), [fifth, fourth]).text


def test_capability_that_overrules_policy_is_told() -> None:
    """With what both said."""
    decided = json.dumps(json.loads(text((), capability="names a debit memo")) | {"overruled": True})
    told = of_intent(intent(decided), (), ())
    assert "Policy said soap, by default: no rule of revision 1 answered." in told.text
    assert "That revision is not in the history any more" in told.text
    assert "Capability overruled that (names a debit memo), so the route is rest." in told.text
    assert (told.told["decided"], told.told["policyRoute"]) == ("capability", "soap")


def test_fixed_routes_and_no_rules_at_all_are_told_as_what_they_are() -> None:
    """BRIDGE_ROUTES by its name."""
    policy = Policy({"Payment.*": Route.REST})
    said = policy.prefer(ERP, Op.CREATE, "Payment").of(ZObject("Payment"), None)
    told = of_intent(intent(f'{{"policy":{said.decided},"capability":"","overruled":false}}'), (), ())
    assert "Policy said rest, by BRIDGE_ROUTES Payment.*: no rule of revision 0 answered." in told.text
    assert "Nobody had set rules." in told.text
    assert "No account counted" in told.text
    assert (told.told["decided"], told.told["conditions"]) == ("fixed", None)


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (replace(PILOT, percent=PLACE), f"{PLACE} %, not inside the {PLACE} % of the rule."),
        (replace(PILOT, percent=None, account_percent=Decimal("99.99")), "inside the 99.99 % that the rule is for."),
        (replace(PILOT, percent=None), f"Its account is {ACCOUNT}; no percentage asked for its place."),
    ],
)
def test_the_place_is_told_as_the_rule_used_it(rule: Rule, words: str) -> None:
    """Split, condition, or not at all; without the history only the place."""
    assert words in of_intent(intent(text((rule,))), (), [kept(with_rules(FIRST, [rule]), 1)]).text
    if rule.percent or rule.account_percent:
        assert f"stands at {PLACE} %." in of_intent(intent(text((rule,))), (), ()).text


@pytest.mark.parametrize(
    ("state", "route", "words"),
    [
        (State.REFUSED, None, "was refused before it was sent."),
        (State.REFUSED, Route.SOAP, "was to go by soap and was refused."),
        (State.IN_DOUBT, Route.REST, "goes by rest and is in doubt"),
        (State.SENDING, Route.REST, "goes by rest and is being sent."),
        (State.PARKED, Route.REST, "waits for a person."),
    ],
)
def test_the_state_is_told_in_words(state: State, route: Route | None, words: str) -> None:
    """And what the caller was told, without card numbers."""
    one = replace(intent(None, route, state), errors=(RowError("INVALID_VALUE", "no 4111111111111111", "Amount"),))
    told = of_intent(one, [dispatch(number) for number in range(7)], ())
    assert words in told.text
    assert NOT_KEPT in told.text
    assert "4111111111111111" not in json.dumps(told.whole)
    assert "; and 2 more." in told.text
    assert "It was told INVALID_VALUE" in told.text


def test_what_many_rules_were_passed_over_is_cut_and_counted() -> None:
    """The first ones are told."""
    rules = tuple(Rule(f"rule {number} " + "x" * 40, Way.REST, frozenset({"crm"})) for number in range(40))
    told = of_intent(intent(text(rules)), (), ())
    assert "rule 0 " in told.text
    assert " more." in told.text


def test_a_call_that_nobody_made_is_explained_object_by_object() -> None:
    """Also where one is refused, or the call is as a whole."""
    call = Call(Op.CREATE, Version(107), "Payment", (ZObject("Payment"),))
    history = [kept(with_rules(FIRST, [PILOT]), 1)]
    told = of_object(Seen(0, "rest", "names only invoices", (), text((PILOT,))), call, ERP, history)
    assert told.text.startswith("Object 0, Payment.create of erp, would go by rest.")
    assert 'Policy said rest, by the rule "pilot"' in told.text
    refused = of_object(Seen(1, "refused", "INVALID_VALUE (Amount): no", (), text((PILOT,))), call, ERP, history)
    assert "would be refused, and nothing would be sent. It would be told INVALID_VALUE (Amount): no." in refused.text
    assert (refused.told["route"], refused.told["decided"]) == (None, "rule")
    whole = of_object(Seen(0, "refused", "INVALID_VERSION: no"), call, ERP, history)
    assert "before policy is asked" in whole.text
