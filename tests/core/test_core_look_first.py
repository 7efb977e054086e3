"""After a restore the journal may lack what Zuora has: before a create, Zuora is asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from core_objects import ERP, STRANGER, A, call, payment, pays, policy, refund, rest, soap, zobject
from core_world import MORNING, US, Play, World

from bridge.core.commands import Lookup, Record
from bridge.core.facts import Alike, Fact, Like, NoVerdict, WhichLike
from bridge.core.model import CallFault, Op, Route, Rows, Told, ZObject

SOAP = pays("i1", "10")
REST = pays("d1", "80")
LOOK = WhichLike("Payment", Decimal(10), A, "2026-02-20", "External")
MARKED = WhichLike("Payment", Decimal(10), A, field="referenceId", marker="E")
actions = policy(lambda _: Route.ACTION)
CALLERS = {each: replace(ERP, twins=each) for each in ("fault", "join", "allow")}


def lost(*ids: str, status: str = "Processed", created: int | None = MORNING - 60_000) -> Fact:
    """What Zuora has and the journal lacks."""
    return Alike(tuple(Like(each, status, created, US) for each in ids))


def restored(*objects: ZObject, fact: Fact | None = None, look: WhichLike = LOOK, **more: Any) -> tuple[World, Play]:
    """A call on a journal in look-up-first mode, conducted to its end."""
    world = World(prefer=more.pop("prefer", soap))
    world.journal.look_up_first = True
    if fact is not None:
        world.facts[look] = fact
    single = more.pop("single_transaction", False)
    version = more.pop("version", "107.0")
    play = world.begin(call(*objects, single_transaction=single, version=version), **more)
    world.run()
    return world, play


def told(play: Play) -> list[tuple[Told, str | None]]:
    """What the rows say, and the Id or the error's code."""
    assert isinstance(play.reply, Rows)
    return [(each.told, each.zuora_id or next((e.code for e in each.errors), None)) for each in play.reply.outcomes]


@pytest.mark.parametrize("obj", [SOAP, REST, pays("i1", "10", ReferenceId="E"), refund(PaymentId="c1", Amount="60")])
@pytest.mark.parametrize("prefer", [soap, rest, actions], ids=["soap", "rest", "action"])
def test_what_zuora_does_not_have_is_made(obj: ZObject, prefer: Any) -> None:
    """On every route, after it was asked for."""
    world, play = restored(obj, prefer=prefer)
    assert [each for each, _ in told(play)] == [Told.APPLIED]
    asked = [each for each in play.commands if isinstance(each, Lookup) for each in each.questions]
    assert any(isinstance(each, WhichLike) for each in asked)
    assert len(world.zuora.made) == 1


@pytest.mark.parametrize("obj", [SOAP, pays("i1", "10", ReferenceId="E")])
@pytest.mark.parametrize("prefer", [soap, rest, actions], ids=["soap", "rest", "action"])
def test_what_was_lost_is_answered_by_the_callers_policy(obj: ZObject, prefer: Any) -> None:
    """Refused with its Id, joined, or made all the same."""
    look = MARKED if obj.get("ReferenceId") else LOOK
    fault, join, allow = (
        restored(obj, fact=lost("p9"), look=look, caller=each, prefer=prefer) for each in CALLERS.values()
    )
    assert told(fault[1]) == [(Told.REFUSED, "DUPLICATE_VALUE")]
    assert "Equal to p9 of 2026-02-20;" in fault[1].outcomes()[0].errors[0].message
    assert told(join[1]) == [(Told.APPLIED, "p9")]
    assert join[1].outcomes()[0].joined
    assert [each for each, _ in told(allow[1])] == [Told.APPLIED]
    assert [len(world.zuora.made) for world, _ in (fault, join, allow)] == [0, 0, 1]


def test_a_refund_is_not_looked_for_by_the_reference_the_bridge_gives() -> None:
    """What was lost may have been another attempt, with another one."""
    look = WhichLike("Refund", Decimal(60), None, "2026-02-20", "External", "c1", source_is_memo=True)
    world, play = restored(refund(PaymentId="c1", Amount="60"), fact=lost("r9"), look=look)
    assert told(play) == [(Told.REFUSED, "DUPLICATE_VALUE")]
    assert world.zuora.made == []


def test_a_marked_refund_is_looked_for_by_its_reference() -> None:
    """The caller's own, of that source."""
    look = WhichLike("Refund", Decimal(60), source="c1", source_is_memo=True, field="referenceId", marker="E")
    obj = refund(PaymentId="c1", Amount="60", ReferenceID="E")
    assert told(restored(obj, fact=lost("r9"), look=look)[1]) == [(Told.REFUSED, "DUPLICATE_VALUE")]


@pytest.mark.parametrize("status", ["Error", "Canceled", "Voided"])
def test_what_does_not_stand_was_not_paid(status: str) -> None:
    """As where a repeat joins (I6)."""
    assert [each for each, _ in told(restored(SOAP, fact=lost("p9", status=status))[1])] == [Told.APPLIED]


def test_what_the_journal_knows_is_not_lost() -> None:
    """Its own rules are for that; a second payment of the same look is another act."""
    world, _ = restored(SOAP)
    (made,) = world.zuora.made
    world.facts[LOOK] = lost(made.id)
    reply = world.call(pays("i2", "10"))
    assert isinstance(reply, Rows)
    assert [each.told for each in reply.outcomes] == [Told.APPLIED]
    assert len(world.zuora.made) == 2


@pytest.mark.parametrize("version", ["107.0", "50.0"])
def test_a_look_up_without_a_verdict_sends_nothing(version: str) -> None:
    """TEMPORARY_ERROR, or what the caller's version has for it; a repeat is a new attempt."""
    world, play = restored(SOAP, fact=NoVerdict("x"), version=version)
    assert told(play) == [(Told.UNSENT, "TEMPORARY_ERROR" if version == "107.0" else "UNKNOWN_ERROR")]
    assert "not sent" in play.outcomes()[0].errors[0].message
    assert world.zuora.requests == []
    del world.facts[LOOK]
    world.call(SOAP, process="second")
    assert len(world.zuora.made) == 1


def test_what_cannot_be_looked_up_is_not_sent() -> None:
    """A payment without an account could be any."""
    world, play = restored(payment(AccountId=None, Amount="10"))
    assert told(play) == [(Told.UNSENT, "TEMPORARY_ERROR")]
    assert world.zuora.requests == []


def test_a_journal_that_cannot_tell_what_it_knows_sends_nothing() -> None:
    """What was found may be a known act or a lost one."""
    world = World()
    world.journal.look_up_first = True
    world.facts[LOOK] = lost("p9")
    world.journal.rivals = lambda *_: None  # type: ignore[method-assign, assignment, return-value]
    play = world.begin(call(SOAP))
    world.run()
    assert told(play) == [(Told.UNSENT, "TEMPORARY_ERROR")]


@pytest.mark.parametrize(("found", "refused"), [((), 0), (("p8",), 1), (("p8", "p9"), 2), (("p7", "p8", "p9"), 2)])
def test_of_equal_objects_as_many_are_twins_as_were_found(found: Sequence[str], refused: int) -> None:
    """The others are second payments that the caller asks for in this very call."""
    world, play = restored(SOAP, SOAP, fact=lost(*found) if found else None)
    rows = [each for each, _ in told(play)]
    assert rows == [Told.REFUSED] * refused + [Told.APPLIED] * (2 - refused)
    assert len(world.zuora.made) == 2 - refused
    joined = restored(SOAP, SOAP, fact=lost(*found) if found else None, caller=CALLERS["join"])
    assert [each for each, _ in told(joined[1])] == [Told.APPLIED] * 2
    assert len(joined[0].zuora.made) == 2 - refused


def test_of_acts_that_only_look_alike_none_is_sent_where_one_was_found() -> None:
    """Two invoices of one amount: which of them was paid before, nothing tells; nobody is told the wrong Id."""
    world, play = restored(SOAP, pays("i2", "10"), fact=lost("p9"), caller=CALLERS["join"])
    assert told(play) == [(Told.REFUSED, "DUPLICATE_VALUE")] * 2
    assert world.zuora.made == []
    assert [each for each, _ in told(restored(SOAP, pays("i2", "10"), fact=lost("p9", status="Error"))[1])] == [
        Told.APPLIED
    ] * 2


def test_in_a_single_transaction_one_twin_stops_all() -> None:
    """Nothing of it is done."""
    world, play = restored(SOAP, pays("i2", "7"), fact=lost("p9"), single_transaction=True, caller=CALLERS["join"])
    assert [each for each, _ in told(play)] == [Told.REFUSED] * 2
    assert world.zuora.made == []


def test_a_stranger_hears_of_no_payment() -> None:
    """What a caller may not cause is refused before anything is looked up for it."""
    _, play = restored(REST, fact=lost("p9"), caller=STRANGER)
    assert told(play) == [(Told.REFUSED, "NO_PERMISSION")]


def test_an_unknown_day_is_said_as_such() -> None:
    """Zuora did not say when."""
    _, play = restored(SOAP, fact=lost("p9", created=None))
    assert "Equal to p9 of a day before;" in play.outcomes()[0].errors[0].message


def test_updates_and_deletes_are_not_looked_for() -> None:
    """They are proved by what the object shows."""
    world = World()
    world.journal.look_up_first = True
    play = world.begin(call(zobject("Payment", Id="p1", Status="Canceled"), op=Op.UPDATE))
    world.run()
    assert not any(isinstance(each, Lookup) for each in play.commands)


def test_a_repeat_of_what_the_journal_has_is_a_repeat() -> None:
    """It is joined, as ever."""
    world, play = restored(SOAP)
    again = world.begin(call(SOAP), "second")
    world.run()
    assert told(again) == told(play)


def test_a_lost_one_beside_a_new_one_of_the_same_call() -> None:
    """Each by itself, also where the journal fails: then nothing was done for either."""
    world, play = restored(SOAP, pays("i2", "7"), fact=lost("p9"), caller=CALLERS["join"])
    assert told(play) == [(Told.APPLIED, "p9"), (Told.APPLIED, world.zuora.made[0].id)]
    broken = World()
    broken.journal.look_up_first = True
    broken.facts[LOOK] = lost("p9")
    play = broken.begin(call(SOAP, pays("i2", "7")), caller=CALLERS["join"])
    while not any(isinstance(each, Lookup) and LOOK in each.questions for each in play.commands):
        broken.turn()
    broken.journal_state = lambda: "down" if isinstance(play.commands[-1], Record) else "up"
    broken.run()
    assert isinstance(play.reply, CallFault)
    assert broken.zuora.requests == []


def test_a_caller_who_has_gone_is_sent_nothing() -> None:
    """What was there already is still told."""
    world = World()
    world.journal.look_up_first = True
    world.facts[LOOK] = lost("p9")
    play = world.begin(call(SOAP, pays("i2", "7")), caller=CALLERS["join"])
    while not any(isinstance(each, Lookup) and LOOK in each.questions for each in play.commands):
        world.turn()
    play.gone = True
    world.run()
    assert told(play) == [(Told.APPLIED, "p9"), (Told.UNSENT, "TEMPORARY_ERROR")]
    assert world.zuora.requests == []
