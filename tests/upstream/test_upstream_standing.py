"""Reading one object again by SOAP, under the caller's session, where there is no REST credential."""

from __future__ import annotations

import asyncio

import pytest
from harness import World, envelope

from bridge.contract.files import own_wsdl
from bridge.core.facts import NoVerdict, Standing, StillStands
from bridge.upstream.budget import Budget
from bridge.upstream.soap import ZuoraSoap
from bridge.upstream.soap_answers import read_status
from bridge.upstream.transport import Transport


def asked(world: World, question: StillStands, session: str) -> Standing | NoVerdict:
    """The answer of a real sandbox."""

    async def ask() -> Standing | NoVerdict:
        transport = Transport()
        try:
            return await ZuoraSoap(own_wsdl(), world.sandbox.url, transport, Budget()).standing(question, session)
        finally:
            await transport.close()

    return asyncio.run(ask())


def test_an_object_that_stands_is_told_with_its_status(world: World) -> None:
    """A processed payment stands."""
    question = StillStands("Payment", world.id("@P1"))
    assert asked(world, question, world.session) == Standing(stands=True, status="Processed")


def test_an_object_that_is_not_there_does_not_stand(world: World) -> None:
    """An empty query is Zuora's word for "deleted"."""
    assert asked(world, StillStands("Payment", "f" * 32), world.session) == Standing(stands=False, status="deleted")


def test_a_bad_session_is_no_verdict(world: World) -> None:
    """A fault says nothing about the object."""
    assert isinstance(asked(world, StillStands("Payment", world.id("@P1")), "nobody"), NoVerdict)


@pytest.mark.parametrize("zuora_id", ["' or Id != '", "", "8ad0"])
def test_what_is_no_id_is_never_put_into_a_query(world: World, zuora_id: str) -> None:
    """ZOQL is not a place for other people's text."""
    assert isinstance(asked(world, StillStands("Payment", zuora_id), world.session), NoVerdict)
    assert not [each for each in world.requests() if each.operation == "query"]


@pytest.mark.parametrize("body", [b"", b"<html/>", envelope("<ns1:queryResponse/>"), envelope("<ns1:createResponse/>")])
def test_any_other_answer_is_no_verdict(body: bytes) -> None:
    """Only a query's one row, or its absence, is read."""
    assert read_status(body) is None
