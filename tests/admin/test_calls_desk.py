"""Searching calls, and the evidence of one: what was done, why, what is missing, what happens next."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from admin_world import ADMIN, ask, told
from harness import World, payment, refund

CARD = "4111111111111111"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A bridge that has had six calls: by SOAP and REST, done, refused and in doubt."""
    folder: Path = tmp_path_factory.mktemp("calls")
    with World(folder, admin=ADMIN, callers={"erp": {"usernames": ["erp@example.com"], "allow": ["*"]}}) as made:
        one = payment(Amount="1.10", InvoiceId="@I1", AppliedInvoiceAmount="1.10", ReferenceId="R-1")
        made.create(one, one.but(Amount="1.20", AppliedInvoiceAmount="1.20", ReferenceId="R-2"))
        made.create(payment(Amount="2.50", InvoiceId="@D1", AppliedInvoiceAmount="2.50", ReferenceId="R-3"))
        made.create(one.but(Amount="3", AppliedInvoiceAmount="9", ReferenceId="R-4"))
        made.create(refund(PaymentId="@P1", Amount="1.5", Comment=f"card {CARD}"))
        made.fault("drop_before", operation="create", times=9)
        made.create(one.but(Amount="7.00", AppliedInvoiceAmount="7.00", ReferenceId="R-5"))
        made.create(one.but(Amount="8.00", AppliedInvoiceAmount="8.00", ReferenceId=None))
        yield made


def found(world: World, query: str) -> list[dict[str, Any]]:
    """All the calls that a search finds, however many questions it takes."""
    calls: list[dict[str, Any]] = []
    before = ""
    while True:
        answer = told(world, f"calls?{query}{before}")
        calls += answer["calls"]
        assert answer["complete"] is (answer["next"] is None)
        if answer["next"] is None:
            return calls
        before = f"&before={answer['next']}"


def the_one(world: World, query: str) -> dict[str, Any]:
    """The evidence of the only call that a search finds."""
    (call,) = found(world, query)
    evidence: dict[str, Any] = told(world, f"calls/{call['intent']}")
    return evidence


def test_the_newest_call_comes_first_with_what_it_was_about(world: World) -> None:
    """Also what only the sealed requests say."""
    calls = found(world, "")
    assert [each["created"] for each in calls] == sorted((each["created"] for each in calls), reverse=True)
    assert len(calls) == 7
    (one,) = [each for each in calls if each["reference"] == "R-3"]
    assert (one["amount"], one["currency"], one["route"], one["state"]) == ("2.5", "USD", "rest", "APPLIED")
    assert one["account"]
    assert one["told"] == f"Success, Id {one['zuoraId']}"


@pytest.mark.parametrize(
    ("query", "references"),
    [
        ("amount=1.1", ["R-1"]),
        ("amount=1.100", ["R-1"]),
        ("amount=1.11", []),
        ("reference=r-2", ["R-2"]),
        ("route=rest&operation=create&object=Payment", ["R-3"]),
        ("state=in_doubt&amount=7", ["R-5"]),
        ("state=REFUSED", ["R-4"]),
        ("caller=erp&amount=3.0", ["R-4"]),
        ("caller=somebody", []),
        ("until=1", []),
        ("limit=1&reference=R-1", ["R-1"]),
    ],
)
def test_calls_are_found_by_what_they_say(world: World, query: str, references: list[str]) -> None:
    """By what the database knows and by what is sealed; amounts as numbers."""
    assert [each["reference"] for each in found(world, query)] == references


def test_calls_are_found_by_account_document_and_id(world: World) -> None:
    """Accounts and documents as the request names them, the Id as Zuora gave it."""
    (memo,) = found(world, f"document={world.id('@D1')}")
    assert memo["reference"] == "R-3"
    assert len(found(world, f"account={memo['account'].upper()}")) >= 4
    assert [each["intent"] for each in found(world, f"zuora_id={memo['zuoraId']}")] == [memo["intent"]]
    assert found(world, f"document={world.id('@P1')}")[0]["object"] == "Refund"


def test_a_search_goes_on_where_it_stopped_and_loses_nothing(world: World) -> None:
    """Page by page, with objects of one call that came in at the same moment."""
    assert found(world, "limit=1") == found(world, "") == found(world, "limit=3")


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("amount=ten", "decimal number"),
        ("amount=NaN", "decimal number"),
        ("state=lost", "state is one of"),
        ("route=fax", "route is one of"),
        ("since=yesterday", "milliseconds"),
        ("limit=0", "limit is a number"),
        ("limit=9999", "limit is a number"),
        ("before=x", "before is the next"),
        (f"account={'x' * 300}", "at most 255"),
    ],
)
def test_a_question_at_fault_is_answered_in_a_sentence(world: World, query: str, words: str) -> None:
    """And nothing is searched."""
    status, answer = ask(world, "vera", f"calls?{query}")
    assert (status, words in answer["error"]) == (400, True), answer


def test_the_evidence_of_what_was_done_is_complete(world: World) -> None:
    """What came in, why it went so, each request with its bytes, the timeline, the audit."""
    call = the_one(world, "reference=R-1")
    (sent,) = call["dispatches"]
    assert (sent["route"], sent["verdict"], sent["place"], len(sent["intents"])) == ("soap", "done", 0, 2)
    assert any("R-1" in line for line in sent["request"])
    kinds = [each["kind"] for each in call["timeline"]]
    assert {"received", "recorded", "sent", "answered", "move", "delivered"} <= set(kinds)
    assert [each["at"] for each in call["timeline"]] == sorted(each["at"] for each in call["timeline"])
    assert call["audit"]["verdict"] in ("intact", "unsealed")
    assert call["audit"]["wrong"] == []
    assert [each["position"] for each in call["siblings"]] == [1]
    assert "soap" in call["why"]["text"]
    assert (call["missing"], call["next"]) == ([], [])


def test_what_is_in_doubt_says_what_is_missing_and_what_comes_next(world: World) -> None:
    """By its marker where it has one; the words follow core's rules."""
    call = the_one(world, "reference=R-5")
    missing, following = " ".join(call["missing"]), " ".join(call["next"])
    assert call["state"] == "IN_DOUBT"
    assert call["told"] == "the outcome is unknown"
    assert "referenceId R-5 and amount 7" in missing
    assert "proves nothing before" in missing
    assert "never sent again" in following
    assert f"bridge journal resolve {call['intent']}" in following
    assert "Do not settle it as NOT_APPLIED before" in following


def test_without_a_marker_it_is_said_that_a_look_up_can_only_be_heuristic(world: World) -> None:
    """So that a person knows why the bridge hesitates."""
    call = the_one(world, "amount=8.00")
    assert "No marker: the request has no ReferenceId and no GatewayOrderId" in " ".join(call["missing"])


def test_the_queue_of_doubt_has_the_oldest_first(world: World) -> None:
    """Each with its age, what is missing and what comes next."""
    queue = told(world, "doubt")
    assert sorted(each["amount"] for each in queue["rows"]) == ["7", "8"]
    came = [each["created"] for each in queue["rows"]]
    assert came == sorted(came)
    assert all(each["missing"] and each["next"] and each["age"] >= 0 for each in queue["rows"])
    assert queue["more"] is False


def test_no_secret_leaves_with_the_evidence(world: World) -> None:
    """Neither a session nor a card number, in clear or anywhere else."""
    for each in found(world, ""):
        text = json.dumps(told(world, f"calls/{each['intent']}/export"))
        assert world.session not in text
        assert CARD not in text
    assert "card " in json.dumps(the_one(world, "object=Refund"))


def test_an_export_has_a_digest_of_itself(world: World) -> None:
    """Whoever files it can show later that nobody changed it."""
    (call,) = found(world, "reference=R-1")
    whole = told(world, f"calls/{call['intent']}/export")
    digest = whole.pop("digest")
    assert digest == hashlib.sha256(json.dumps(whole, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
    assert whole["intent"] == call["intent"]


@pytest.mark.parametrize("path", ["calls/i-0", "calls/", "calls/..", "calls/%2e%2e/export", "calls/i-0/export"])
def test_an_unknown_intent_is_said(world: World, path: str) -> None:
    """Also where its id is none."""
    assert ask(world, "vera", path)[0] == 404
