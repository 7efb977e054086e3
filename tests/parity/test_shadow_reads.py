"""Queries that pass to Zuora and are answered again by REST, aside: a real bridge, a simulated tenant, real HTTP."""

from __future__ import annotations

import json
import time
from decimal import Decimal
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from harness import World, post, until
from shadow_scene import QUERIES, SOON, ask, counted, kept, only_reads, query, shadowed, wait_for

from bridge.sandbox.rest import query_rows

JSON = (("Content-Type", "application/json"),)
KEYS = (("apiAccessKeyId", "erp@example.com"), ("apiSecretAccessKey", "demo"))
SIZES = "<ns1:QueryOptions><ns1:batchSize>2</ns1:batchSize></ns1:QueryOptions>"
DIFFERENT = """[[difference]]
path = "queryResponse/result/records/Comment"
kind = "extra"
operation = "query"
owner = "billing"
reason = "a note that only REST shows"
ticket = "BILL-7"
expires = 2999-12-31
"""


def telling(**lies: Any) -> Any:
    """Object Query shows payments otherwise than they are."""
    row = query_rows._payment
    return mock.patch.object(query_rows, "_payment", lambda tenant, one: {**row(tenant, one), **lies})


def test_a_query_that_passes_is_found_equal_by_reads_alone(tmp_path: Path) -> None:
    """Whatever it selects, and without a byte of the answer changed; nothing that could write is sent for it."""
    with shadowed(tmp_path, QUERIES) as world:
        mark, session = world.mark(), world.session
        for text in (
            "select Id, Amount, CreatedDate, UpdatedDate, Status, EffectiveDate, AccountId from Payment",
            "select Id, Amount from Payment where Id = '@P1'",
            "select Id from Payment where Amount > 99999",
            "select Id, Amount, Type from Refund",
        ):
            answer = query(world, text)
            assert answer.header("Bridge-Route") is None
        found = wait_for(world, 4)
        assert [(each.equal, each.rule, each.operation) for each in found] == [(True, "queries aside", "query")] * 4
        assert [each.object_type for each in found] == ["Payment", "Payment", "Payment", "Refund"]
        assert only_reads(world, mark)
        assert sum(one.operation == "query" for one in world.requests(mark)) == 4
        assert session not in json.dumps([each.detail for each in found])


def test_the_first_of_several_pages_is_compared_with_all_rows(tmp_path: Path) -> None:
    """Which rows stand on it means nothing; how many there are does."""
    with shadowed(tmp_path, QUERIES) as world:
        query(world, "select Id, Amount from Payment", SIZES)
        assert [each.equal for each in wait_for(world, 1)] == [True]


def test_a_fault_is_compared_as_a_fault(tmp_path: Path) -> None:
    """Zuora's words are its own; the code is the same."""
    with shadowed(tmp_path, QUERIES) as world:
        assert query(world, "select Id, Nonsense from Payment").status == 500
        (one,) = wait_for(world, 1)
        assert (one.equal, one.detail["calls"], one.paths) == (True, 1, [])


def test_another_amount_is_found_and_is_money(tmp_path: Path) -> None:
    """Asked again, Zuora says the same, so that it is a difference and no noise; the verdict fails."""
    with shadowed(tmp_path, QUERIES) as world, telling(amount=Decimal("45.01"), comment=None):
        query(world, "select Id, Amount from Payment where Id = '@P1'")
        (one,) = wait_for(world, 1)
        assert (one.equal, one.paths, one.detail["money"]) == (False, ["queryResponse/result/records/Amount"], True)
        (difference,) = one.detail["differences"]
        assert (Decimal(difference["left"]), Decimal(difference["right"])) == (45, Decimal("45.01"))
        told = ask(world, "shadow")
        assert (told["verdict"], told["groups"][0]["mismatched"], told["groups"][0]["money"]) == ("FAIL", 1, 1)
        assert ask(world, "shadow?rule=another")["verdict"] == "NOT ENOUGH DATA"


def test_a_known_difference_is_none(tmp_path: Path) -> None:
    """By the owner's ledger; money is in no ledger."""
    (tmp_path / "known.toml").write_text(DIFFERENT)
    known = {"known": str(tmp_path / "known.toml")}
    with shadowed(tmp_path, QUERIES, shadow=known) as world, telling(comment="a note"):
        query(world, "select Id, Amount, Comment from Payment where Id = '@P1'")
        (one,) = wait_for(world, 1)
        assert (one.equal, one.detail["known"]) == (True, ["queryResponse/result/records/Comment extra"])


def test_what_changed_between_two_reads_is_noise(tmp_path: Path) -> None:
    """Zuora, asked once more, says something else than before: nothing is concluded."""
    with shadowed(tmp_path, QUERIES) as world:
        world.fault("delay", path="/object-query/payments", seconds=1.5)
        query(world, "select Id, TransferredToAccounting from Payment where Id = '@P1'")
        world.control("edit", {"key": "P1", "transferredToAccounting": "Yes"})
        (one,) = wait_for(world, 1)
        assert (one.equal, one.detail["noise"], one.detail["calls"]) == (False, True, 0)
        (group,) = ask(world, "shadow")["groups"]
        assert (group["compared"], group["noise"], group["verdict"]) == (0, 1, "NOT ENOUGH DATA")


def test_a_caller_does_not_wait_for_a_shadow_nor_the_bridge_for_its_end(tmp_path: Path) -> None:
    """REST takes six seconds: the answer is there long before, and so is the end of the process."""
    with shadowed(tmp_path, QUERIES) as world:
        query(world, "select Id from Payment")
        wait_for(world, 1)
        world.fault("delay", path="/object-query/payments", seconds=6, times=5)
        began, mark = time.monotonic(), world.mark()
        assert query(world, "select Id, Amount from Payment").status == 200
        until(lambda: any("object-query" in one.path for one in world.requests(mark)), SOON, "the shadow's read")
        assert time.monotonic() - began < 3
        assert len(kept(world)) == 1
        world.bridges[0].stop()
        assert time.monotonic() - began < 6


def test_a_trouble_of_rest_is_no_difference(tmp_path: Path) -> None:
    """Zuora wants to be left alone: nothing is recorded, and nothing is taken for a while."""
    with shadowed(tmp_path, QUERIES) as world:
        before = counted(world, "bridge_shadow_dropped_total", reason="budget")
        world.fault("rate_limited", path="/object-query/payments", times=9, retry_after=60)
        query(world, "select Id from Payment")
        until(lambda: any("object-query" in one.path for one in world.requests()), SOON, "the shadow's read")
        until(lambda: counted(world, "bridge_shadow_dropped_total", reason="unanswered") > 0, SOON, "the end of it")
        query(world, "select Id from Payment")
        resting = counted(world, "bridge_shadow_dropped_total", reason="resting")
        assert counted(world, "bridge_shadow_dropped_total", reason="budget") - before + resting >= 1
        assert kept(world) == []


@pytest.mark.parametrize("text", ["select Id from Account", "selct"])
def test_what_rest_does_not_know_is_left_alone(tmp_path: Path, text: str) -> None:
    """No rule could send it there."""
    with shadowed(tmp_path, QUERIES) as world:
        query(world, "select Id from Payment")
        wait_for(world, 1)
        mark = world.mark()
        query(world, text)
        query(world, "select Id from Payment")
        wait_for(world, 2)
        assert [one.operation or one.method for one in world.requests(mark)] == ["query", "query", "GET"]


def test_json_callers_are_shadowed_as_well(tmp_path: Path) -> None:
    """A query of Actions and a read of CRUD, under the caller's own credential."""
    with shadowed(tmp_path, QUERIES) as world:
        mark = world.mark()
        said = json.dumps({"queryString": "select Id, Amount, CreatedDate from Payment"}).encode()
        answer = post(f"{world.url}/v1/action/query", said, (*JSON, *KEYS))
        assert json.loads(answer.body)["size"] == 3
        read = post(f"{world.url}/v1/object/payment/{world.id('@P1')}", b"", (*JSON, *KEYS), method="GET")
        assert read.status == 200
        found = wait_for(world, 2)
        assert sorted((each.operation, each.equal) for each in found) == [("query", True), ("retrieve", True)], found
        asked = [one for one in world.requests(mark) if one.face == "rest" and one.path != "/oauth/token"]
        assert {one.method for one in asked if not one.path.startswith("/v1/action/query")} == {"GET"}


def test_another_amount_in_json_is_money_too(tmp_path: Path) -> None:
    """Numbers as decimals, whatever their notation."""
    with shadowed(tmp_path, QUERIES) as world, telling(amount=Decimal("45.01")):
        said = json.dumps({"queryString": f"select Id, Amount from Payment where Id = '{world.id('@P1')}'"}).encode()
        post(f"{world.url}/v1/action/query", said, (*JSON, *KEYS))
        (one,) = wait_for(world, 1)
        assert (one.equal, one.detail["money"], one.paths) == (False, True, ["records/Amount"])


def test_without_a_rule_nothing_is_shadowed(world: World) -> None:
    """And nobody asks whose session it is."""
    session, mark = world.session, world.mark()
    query(world, "select Id from Payment")
    world.quiet()
    assert session
    assert [one.operation for one in world.requests(mark)] == ["query"]
