"""One decision after another: what counts, what a rollback goes back to, and what a policy makes of it."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from decimal import Decimal

import pytest

from bridge.core.model import Caller, Op, Route, ZObject
from bridge.cutover import Live, Policy
from bridge.cutover.policy import fixed
from bridge.cutover.rules import Rule, Way
from bridge.cutover.standing import FIRST, Standing, back, difference, of, start, stop, with_rules
from bridge.journal import JournalDown
from bridge.journal.revisions import Revision

ONE, TWO = (Rule("one", Way.REST),), (Rule("two", Way.ACTION),)
ERP = Caller("10000", "erp@example.com", "erp")


def kept(standing: Standing, number: int) -> Standing:
    """What the journal gives back of a decision."""
    return of(Revision(number, number * 1_000, "alice", "why", standing.decided()))


def test_a_decision_survives_the_journal() -> None:
    """Everything in it."""
    rule = Rule("all", Way.REST, frozenset({"erp"}), frozenset({"create"}), frozenset({"Payment"}), percent=Decimal(5))
    made = stop(with_rules(replace(FIRST, number=4, origin=3), [rule]))
    assert kept(made, 5) == replace(made, number=5, at=5_000, author="alice", reason="why")
    assert of(None) == FIRST


def test_a_rollback_goes_back_and_a_second_one_further() -> None:
    """Two people who roll back at the same alarm must not bring back what was bad."""
    first = kept(with_rules(FIRST, ONE), 1)
    second = kept(with_rules(first, TWO), 2)
    third = kept(back(second, [first, second]), 3)
    assert (third.rules, third.before) == (ONE, 0)
    assert kept(back(third, [first, second, third]), 4).rules == ()


def test_a_rollback_over_a_stop_keeps_the_stop() -> None:
    """To take payments again is a decision of its own."""
    first = kept(with_rules(FIRST, ONE), 1)
    stopped = kept(stop(kept(with_rules(first, TWO), 2)), 3)
    earlier = back(stopped, [first, stopped])
    assert (stopped.before, earlier.rules, earlier.stopped, start(earlier).stopped) == (1, ONE, True, False)


def test_a_difference_is_what_a_person_reads_before_deciding() -> None:
    """Lines that go and lines that come; nothing where nothing changes."""
    first, second = kept(with_rules(FIRST, ONE), 1), kept(with_rules(FIRST, TWO), 2)
    lines = difference(first, second)
    assert lines[:2] == ["--- revision 1", "+++ revision 2"]
    assert '-name = "one"' in lines
    assert '+name = "two"' in lines
    assert difference(first, first) == []
    assert difference(first, stop(first))[-1] == "+# new money calls are refused"


# ---------------------------------------------------------------- policy


def test_fixed_routes_come_after_the_rules_the_most_particular_first() -> None:
    """As they are named in BRIDGE_ROUTES."""
    rules = fixed({"*": Route.SOAP, "*.query": Route.REST, "Payment.*": Route.ACTION, "Payment.create": Route.REST})
    assert [rule.name.split()[1] for rule in rules] == ["Payment.create", "Payment.*", "*.query", "*"]
    policy = Policy(
        {"Payment.create": Route.ACTION}, lambda: with_rules(FIRST, [Rule("erp", Way.REST, frozenset({"erp"}))])
    )
    payment = ZObject("Payment", {"AccountId": "a"})
    assert policy.prefer(ERP, Op.CREATE, "Payment").of(payment, None).route is Route.REST
    assert policy.prefer(replace(ERP, name="crm"), Op.CREATE, "Payment").of(payment, None).route is Route.ACTION
    assert policy.prefer(replace(ERP, name="crm"), Op.DELETE, "Payment").of(payment, None).route is Route.SOAP


def test_a_caller_nobody_named_is_told_by_its_user() -> None:
    """Rules may name either."""
    policy = Policy({}, lambda: with_rules(FIRST, [Rule("user", Way.REST, frozenset({"erp@example.com"}))]))
    assert policy.prefer(replace(ERP, name=""), Op.CREATE, "Payment").of(ZObject("Payment"), None).route is Route.REST


def test_what_counted_when_a_call_came_counts_for_all_of_it() -> None:
    """A change in the middle of a batch does not split it."""
    standings = [FIRST]
    prefer = Policy({}, lambda: standings[-1]).prefer(ERP, Op.CREATE, "Payment")
    standings.append(with_rules(FIRST, ONE))
    assert prefer.of(ZObject("Payment"), None).route is Route.SOAP


@pytest.mark.parametrize(
    ("rules", "route", "may"),
    [
        ((), Route.SOAP, False),
        ((Rule("q", Way.REST, operations=frozenset({"query"})),), Route.REST, True),
        ((Rule("q", Way.REST, frozenset({"crm"}), frozenset({"query"})),), Route.SOAP, True),
        ((Rule("w", Way.REST, operations=frozenset({"create"})),), Route.SOAP, False),
        ((Rule("q", Way.REST, objects=frozenset({"Refund"})),), Route.SOAP, False),
        ((Rule("a", Way.ACTION),), Route.SOAP, False),
    ],
)
def test_the_route_of_a_query(rules: tuple[Rule, ...], route: Route, may: bool) -> None:
    """SOAP stands for passing it on; whether anybody's may go by REST is known before the caller is."""
    policy = Policy({}, lambda: with_rules(FIRST, rules))
    assert (policy.query_route(ERP, "Payment"), policy.query_may_rest("Payment")) == (route, may)


def test_a_stop_tells_its_reason() -> None:
    """To the operator, by the policy."""
    stopped = replace(stop(FIRST), reason="incident 7")
    assert (Policy({}, lambda: stopped).stopped(), Policy().stopped()) == ("incident 7", None)


# ---------------------------------------------------------------- live


class Shelf:
    """A journal of revisions that can be down."""

    def __init__(self) -> None:
        self.revision: Revision | None = None
        self.down = False

    async def revision_unlike(self, number: int, at: int) -> tuple[Revision | None] | None:
        """The newest one, unless it is this one."""
        if self.down:
            raise JournalDown("it is away")
        known = (self.revision.number, self.revision.at) if self.revision is not None else (0, at)
        return None if known == (number, at) else (self.revision,)


def test_a_change_counts_after_the_next_look_and_outlives_an_outage() -> None:
    """The last known rules go on counting while nothing can be read."""

    async def scene() -> None:
        shelf = Shelf()
        live = Live(shelf)
        await live.start()
        try:
            assert live.standing == FIRST
            shelf.revision = Revision(1, 10, "alice", "why", with_rules(FIRST, ONE).decided())
            await until(lambda: live.standing.rules == ONE)
            shelf.down = True
            await asyncio.sleep(0.3)
            assert live.standing.rules == ONE
            shelf.down, shelf.revision = False, Revision(2, 20, "bob", "why", json.dumps({"from": "a newer bridge"}))
            await asyncio.sleep(0.3)
            assert live.standing.rules == ONE
            shelf.revision = Revision(3, 30, "bob", "why", with_rules(FIRST, TWO).decided())
            await until(lambda: live.standing.rules == TWO)
            shelf.revision = Revision(1, 11, "alice", "restored", with_rules(FIRST, ONE).decided())
            await until(lambda: live.standing.rules == ONE)
        finally:
            await live.stop()

    async def until(condition: object) -> None:
        async with asyncio.timeout(5):
            while not condition():  # type: ignore[operator]
                await asyncio.sleep(0.01)

    asyncio.run(scene())


def test_rules_that_cannot_be_read_at_the_start_are_said() -> None:
    """To begin without them would move traffic."""
    shelf = Shelf()
    shelf.revision = Revision(1, 10, "bob", "why", '{"rules": [{"name": "a", "route": "fax"}], "stopped": false}')
    with pytest.raises(ValueError, match=r"Rule 1 \(a\): route"):
        asyncio.run(Live(shelf).start())
