"""What each use of the old API needs, and who still needs the bridge."""

from __future__ import annotations

import pytest

from bridge.cutover.usage import DAY_MS, Need, needs, radar, radar_json
from bridge.journal.usage import Used
from bridge.telemetry.usage import OTHER, Usage, Use

NOW = 1_000 * DAY_MS


def use(
    operation: str = "create", kind: str = "Payment", field: str = "", caller: str = "erp", route: str = "rest"
) -> Use:
    """A use of the ERP's."""
    return Use(caller, operation, kind, field, "83.0", route)


def used(one: Use, last: int = 0, first: int = 40, count: int = 3) -> Used:
    """So many days ago."""
    return Used(one, count, NOW - first * DAY_MS, NOW - last * DAY_MS)


@pytest.mark.parametrize(
    ("one", "need", "word"),
    [
        (use(), Need.REST, "carries it"),
        (use("action update", "Refund"), Need.REST, "carries it"),
        (use("crud delete"), Need.REST, "carries it"),
        (use(field="Amount"), Need.REST, "carries it"),
        (use(field="Ledger__c"), Need.REST, "carries it"),
        (use(field="InvoicePaymentData/Amount"), Need.REST, "carries it"),
        (use(field="Invented"), Need.LOSSY, "no place for Invented"),
        (use("create in one transaction"), Need.SOAP, "useSingleTransaction"),
        (use("create", "Account"), Need.SOAP, "passes through"),
        (use("subscribe", ""), Need.SOAP, "subscribe of the API passes through"),
        (use("login", ""), Need.SOAP, "login"),
        (use("query", "Payment"), Need.REST, "answers it"),
        (use("query", "payment", "referenceid"), Need.REST, "answers it"),
        (use("query", "Payment", "Invented"), Need.LOSSY, "shows no Invented"),
        (use("create", OTHER), Need.SOAP, "nobody can tell"),
        (use("query", "Account", "Name"), Need.SOAP, "queries of Account"),
    ],
)
def test_each_use_is_told_what_it_needs(one: Use, need: Need, word: str) -> None:
    """REST, REST with a loss, or SOAP; and why."""
    found, why = needs(one)
    assert found is need
    assert word in why


@pytest.mark.parametrize(
    ("wanted", "need", "word"),
    [
        ("refuse", Need.SOAP, "REST cannot set SecondPaymentReferenceId"),
        ("drop", Need.LOSSY, "no place for SecondPaymentReferenceId"),
        ("SecondReference__c", Need.REST, "carries it"),
    ],
)
def test_a_second_reference_needs_what_the_tenant_has_decided(wanted: str, need: Need, word: str) -> None:
    """REST cannot set it on a new payment; on an update SOAP ignores it, so nothing is lost."""
    second = use(field="SecondPaymentReferenceId")
    found, why = needs(second, wanted)
    assert (found, word in why) == (need, True)
    (judged,) = radar([used(second)], NOW, second_reference=wanted).rows
    assert judged.need is need
    assert needs(use("update", field="SecondPaymentReferenceId"), wanted)[0] is Need.REST


def test_who_has_called_lately_needs_the_bridge() -> None:
    """And the end of SOAP is counted by what those callers do, not by what was once done."""
    rows = [
        used(use()),
        used(use("login", "", caller="(unproved)"), last=1),
        used(use("subscribe", "", caller="old"), last=36),
    ]
    seen = radar(rows, NOW)
    assert (seen.callers, seen.quiet, seen.days) == (("(unproved)", "erp"), ("old",), 40)
    assert seen.verdict == (
        "2 callers still need the bridge; the end of Zuora's SOAP would break 1 of 2 uses behind it."
    )
    assert radar(rows[:1], NOW).verdict.startswith("1 caller still needs the bridge; the end of Zuora's SOAP would")
    said = radar_json(seen)
    assert (said["breaking"], said["quiet"]) == (1, ["old"])


def test_nobody_needs_it_only_after_a_watch_that_was_long_enough() -> None:
    """Silence since yesterday proves nothing."""
    gone = radar([used(use(), last=36)], NOW)
    assert (gone.callers, gone.observed) == ((), True)
    assert gone.verdict == "Nobody has called for 35 days: the bridge can be switched off."
    assert radar([], NOW).verdict == "Nobody was seen, but only 0 of 35 days were observed."
    assert not radar([], NOW).observed


def test_names_of_strangers_are_bounded_in_shape_and_number() -> None:
    """A hundred thousand made-up fields cost a bounded number of rows, and nothing that is no name is kept."""
    counter = Usage(most=100)
    for number in range(100_000):
        counter.count(use(kind=f"K{number}"), [f"F{number}"])
    counter.count(use(), ["4111 1111 <secret>", "x" * 500])
    taken = counter.take()
    assert len(taken) <= 101
    # Two fields that are no names are one: so many objects, so many fields of theirs.
    assert sum(taken.values()) == 100_001 + 100_001
    assert not any("secret" in text or len(text) > 120 for each in taken for text in each)
    assert any(each.field == OTHER or each.object_type == OTHER for each in taken)
    assert counter.take() == {}
    counter.give_back(taken)
    assert sum(counter.take().values()) == sum(taken.values())
