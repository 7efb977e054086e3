"""Rules as they are written: what is read, what is refused, and that nothing is lost on the way there and back."""

from __future__ import annotations

import string
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.cutover.reading import MOST, RulesRefused, from_plain, parse, plain, toml
from bridge.cutover.rules import OBJECTS, OPERATIONS, Rule, Way

WRITTEN = """
[[rule]]
name = "refunds stay"
object = "Refund"
operation = ["create", "update"]
route = "soap"

[[rule]]
name = "payments of the ERP"
caller = "erp"
object = "Payment"
operation = "create"
accounts = ["8AD045FDB5315AFD09C05D43DC940F95"]
account_percent = 12.5
since = 2026-03-01T00:00:00-08:00
route = "rest"
percent = 20
otherwise = "action"
"""


def test_a_file_is_read_as_written() -> None:
    """One name stands for a list, numbers are exact, moments are milliseconds."""
    assert parse(WRITTEN) == (
        Rule("refunds stay", Way.SOAP, objects=frozenset({"Refund"}), operations=frozenset({"create", "update"})),
        Rule(
            "payments of the ERP",
            Way.REST,
            callers=frozenset({"erp"}),
            operations=frozenset({"create"}),
            objects=frozenset({"Payment"}),
            accounts=frozenset({"8ad045fdb5315afd09c05d43dc940f95"}),
            account_percent=Decimal("12.5"),
            since=1_772_352_000_000,
            percent=Decimal(20),
            otherwise=Way.ACTION,
        ),
    )


def test_no_rules_are_rules() -> None:
    """Everything goes the default way."""
    assert parse("") == ()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("rule = ", "It is no TOML: "),
        ("[rules]\n", "'rules' is not known here"),
        ("rule = 1", "Rules are a list of tables."),
        ('[[rule]]\nroute = "rest"', "Rule 1: name: Field required."),
        ('[[rule]]\nname = "a"\nroute = "fax"', "Rule 1 (a): route: Input should be 'soap', 'action', 'rest'"),
        ('[[rule]]\nname = "a"\nroute = "rest"\nacount = "x"', "Rule 1 (a): acount: Extra inputs are not permitted."),
        ('[[rule]]\nname = "a"\nroute = "rest"\noperation = "pay"', "Rule 1 (a): operation: 'pay' is none of create,"),
        ('[[rule]]\nname = "a"\nroute = "rest"\nobject = "payment"', "Rule 1 (a): object: 'payment' is none of"),
        ('[[rule]]\nname = "a"\nroute = "rest"\npercent = 101', "Rule 1 (a): percent: Input should be less"),
        ('[[rule]]\nname = "a"\nroute = "rest"\npercent = 0.125', "Rule 1 (a): percent: Decimal input should have"),
        ('[[rule]]\nname = "a"\nroute = "rest"\npercent = nan', "Rule 1 (a): percent: "),
        ('[[rule]]\nname = "a"\nroute = "rest"\nsince = 2026-03-01T00:00:00', "Rule 1 (a): since: Input should have"),
        ('[[rule]]\nname = "a"\nroute = "rest"\notherwise = "action"', "Rule 1 (a): otherwise: it goes with percent."),
        ('[[rule]]\nname = "a"\nroute = "soap"\npercent = 5', "Rule 1 (a): otherwise: it is the rule's own route"),
        (
            '[[rule]]\nname = "a"\nroute = "shadow"\noperation = "create"\n[rule.ramp]\nsoak = "1h"',
            "Rule 1 (a): ramp: a shadow moves nothing; give the ramp to a rule of rest whose otherwise is shadow.",
        ),
        (
            '[[rule]]\nname = "a"\nroute = "shadow"\npercent = 5\notherwise = "shadow"',
            "Rule 1 (a): otherwise: it is the rule's own route",
        ),
        (
            '[[rule]]\nname = "a"\nroute = "shadow"\noperation = "query"\npercent = 5',
            "Rule 1 (a): accounts: a query has no account.",
        ),
        (
            '[[rule]]\nname = "a"\nroute = "rest"\noperation = ["query", "create"]',
            "Rule 1 (a): operation: query has a rule of its own",
        ),
        ('[[rule]]\nname = "a"\nroute = "action"\noperation = "query"', "Rule 1 (a): route: queries go by soap"),
        (
            '[[rule]]\nname = "a"\nroute = "rest"\noperation = "query"\npercent = 5',
            "Rule 1 (a): accounts: a query has no account.",
        ),
        (
            '[[rule]]\nname = "a"\nroute = "rest"\nobject = "InvoicePayment"',
            "Rule 1 (a): object: writes of InvoicePayment are passed through",
        ),
        (
            '[[rule]]\nname = "a"\nroute = "rest"\n[[rule]]\nname = "b"\nroute = "soap"\ncaller = "erp"',
            "Rule 2 (b): the rule a before it takes everything that it could match.",
        ),
        (
            '[[rule]]\nname = "a"\nroute = "rest"\ncaller = "erp"\n[[rule]]\nname = "a"\nroute = "soap"',
            "Rule 2 (a): another rule has this name",
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_rule_and_name(text: str, sentence: str) -> None:
    """Nothing is guessed."""
    with pytest.raises(RulesRefused) as refused:
        parse(text)
    assert any(each.startswith(sentence) for each in refused.value.sentences), refused.value.sentences


def test_everything_wrong_is_said_at_once() -> None:
    """Whoever mends a file does not want to learn of its faults one by one."""
    with pytest.raises(RulesRefused) as refused:
        parse('[[rule]]\nname = "a"\nroute = "fax"\n[[rule]]\nname = "b"\nroute = "rest"\npercent = -1')
    assert len(refused.value.sentences) == 2


def test_there_are_not_too_many() -> None:
    """Every call walks over them."""
    rules = [{"name": str(number), "caller": str(number), "route": "rest"} for number in range(MOST + 1)]
    assert len(from_plain(rules[:MOST])) == MOST
    with pytest.raises(RulesRefused, match=f"{MOST} are the most"):
        from_plain(rules)


names = st.frozensets(st.text(string.printable, min_size=1, max_size=5), max_size=2)
percents = st.none() | st.decimals(0, 100, places=2)
made = st.builds(
    Rule,
    st.text(min_size=1, max_size=20).filter(lambda text: "\x7f" not in text and text.isprintable()),
    st.sampled_from([Way.REST, Way.ACTION]),
    callers=names,
    operations=st.frozensets(st.sampled_from(OPERATIONS[:3])),
    objects=st.frozensets(st.sampled_from(OBJECTS[:2])),
    accounts=st.frozensets(st.text("0123456789abcdef", min_size=1, max_size=32), max_size=2),
    account_percent=percents,
    since=st.none() | st.integers(0, 2**42),
    percent=percents,
)


@given(made)
def test_nothing_is_lost_there_and_back(rule: Rule) -> None:
    """By JSON as the journal keeps it, and by TOML as its owner reads it."""
    assert from_plain([plain(rule)]) == (rule,)
    assert parse(toml([rule])) == (rule,)
