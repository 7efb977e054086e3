"""Scenarios of a tenant with several entities, whose books are apart although their numbers are the same."""

from __future__ import annotations

from pathlib import Path

from harness import Obj, World, payment


def _pays(entity: str) -> Obj:
    """The payment of debit memo D1 of an entity, by the ids that it has there."""
    return payment(
        AccountId=f"@{entity}A",
        PaymentMethodId=f"@{entity}PMx",
        InvoiceId=f"@{entity}D1",
        Amount="80",
        AppliedInvoiceAmount="80",
    )


def test_a_caller_of_an_entity_pays_in_that_entity(tmp_path: Path) -> None:
    """117: every request over REST names the entity that the login named, and the other entity's books stay apart."""
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
    with World(tmp_path / "first", bridges=0) as world:
        served = {world.names[name]: name for name in ("E1", "E2")}
    with World(tmp_path / "second", zuora={"entities": served}) as world:
        session = world.login(entity="E2")
        mark = world.mark()
        (paid,) = world.create(_pays("E2."), session=session).ids
        rest = [one for one in world.requests(mark) if one.face == "rest"]
        assert {one.headers.get("zuora-entity-ids") for one in rest} == {world.names["E2"]}
        second = world.ledger("E2")
        assert [one["id"] for one in second["payments"] if one["name"] is None] == [paid]
        assert next(one["balance"] for one in second["debitMemos"] if one["number"] == "DM00000001") == "0"
        assert (world.payments(), world.document("D1")["balance"]) == ([], "80")
        (other,) = world.create(_pays(""), session=world.login(entity="E1")).ids
        assert other != paid
        assert [one["id"] for one in world.payments()] == [other]


def test_one_number_is_a_payment_of_its_own_in_each_entity(tmp_path: Path) -> None:
    """117: identity and key are scoped to the entity, so the same words in two entities are two acts."""
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
    with World(tmp_path / "first", bridges=0) as world:
        served = {world.names[name]: name for name in ("E1", "E2")}
    with World(tmp_path / "second", zuora={"entities": served}) as world:
        same = payment(InvoiceId=None, InvoiceNumber="NOWHERE", Amount="5", AppliedInvoiceAmount="5")
        answers = [world.create(same, session=world.login(entity=name)) for name in ("E1", "E2")]
        intents = {answer.header("Bridge-Intent") for answer in answers}
        assert len(intents) == 2
        assert all(answer.header("Bridge-Joined") is None for answer in answers)
