"""Whose session it is, and of which entity."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from bridge.core.commands import Lost, SoapFault
from bridge.core.model import Caller, CallFault
from bridge.facade.guard import Admission, Inspected, admit, inspect
from bridge.facade.sessions import Sessions
from bridge.facade.soap_door import entity_of
from bridge.upstream.soap import UserInfo


class Zuora:
    """Answers getUserInfo with what a test says, and counts."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.asked: list[tuple[str, str | None]] = []

    async def user_info(self, session: str, host: str | None = None) -> Any:
        """One look-up."""
        self.asked.append((session, host))
        await asyncio.sleep(0)
        return self.answer


ERP = UserInfo("10000", "demo", "u1", "erp@example.com")


def caller(tenant: str, entity: str, username: str) -> Caller:
    """The caller as the configuration would have it."""
    return Caller(tenant, username, entity=entity)


def made(zuora: Zuora, entities: dict[str, str] | None = None, tenant: str | None = "10000") -> Sessions:
    """Sessions of a tenant."""
    return Sessions(zuora, tenant, entities or {}, caller)  # type: ignore[arg-type]


def play(scene: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    """Run a scene."""
    return asyncio.run(scene())


def test_a_proof_is_asked_for_once_however_many_calls_come_at_once() -> None:
    """Calls at once share one look-up, and the proof lives for a minute."""
    zuora = Zuora(ERP)
    sessions = made(zuora)

    async def scene() -> list[Any]:
        return [*await asyncio.gather(*(sessions.prove("s") for _ in range(5))), await sessions.prove("s")]

    assert set(play(scene)) == {Caller("10000", "erp@example.com", user_id="u1")}
    assert len(zuora.asked) == 1


def test_another_tenant_s_session_proves_nothing() -> None:
    """Zuora's host is shared by all its customers."""
    sessions = made(Zuora(UserInfo("20000", "other", "u2", "other@example.com")))
    told = play(lambda: sessions.prove("s"))
    assert (told.code, told.status) == ("NO_PERMISSION", 500)


def test_no_answer_is_no_proof_and_is_not_remembered() -> None:
    """The next call asks again."""
    zuora = Zuora(Lost("reset"))
    sessions = made(zuora)
    assert play(lambda: sessions.prove("s")).code == "SERVER_UNAVAILABLE"
    zuora.answer = ERP
    assert play(lambda: sessions.prove("s")) == Caller("10000", "erp@example.com", user_id="u1")


def test_zuora_s_own_fault_is_relayed() -> None:
    """INVALID_SESSION is what clients log in again on."""
    sessions = made(Zuora(SoapFault("fns:INVALID_SESSION", "x", "UnexpectedErrorFault", "INVALID_SESSION", "gone")))
    assert play(lambda: sessions.prove("s")) == CallFault("INVALID_SESSION", "gone")


def test_the_entity_is_the_one_its_login_named_by_id_or_by_name() -> None:
    """REST wants the id, whatever the login said."""
    sessions = made(Zuora(ERP), {"e1": "Europe"})
    sessions.learn("by name", "pt1.zuora.com", "Europe")
    sessions.learn("by id", None, "e1")
    assert play(lambda: sessions.prove("by name")).entity == "e1"
    assert play(lambda: sessions.prove("by id")).entity == "e1"
    assert sessions.host("by name") == "pt1.zuora.com"


def test_where_there_are_entities_an_unseen_login_is_asked_for_again() -> None:
    """After a restart nobody knows the session's entity; the wrong one must not be paid in."""
    assert play(lambda: made(Zuora(ERP), {"e1": "Europe"}).prove("s")).code == "INVALID_SESSION"


def test_an_entity_that_is_not_configured_is_refused() -> None:
    """The owner says which entities the bridge serves."""
    sessions = made(Zuora(ERP), {"e1": "Europe"})
    sessions.learn("s", None, "Asia")
    assert play(lambda: sessions.prove("s")).code == "NO_PERMISSION"


def test_where_there_are_entities_a_login_that_named_none_is_refused() -> None:
    """The user's default entity by SOAP and the bridge's own by REST may differ; the same rule as for JSON callers."""
    sessions = made(Zuora(ERP), {"e1": "Europe"})
    sessions.learn("s", None, "")
    told = play(lambda: sessions.prove("s"))
    assert (told.code, "entityName" in told.message) == ("NO_PERMISSION", True)


def test_without_entities_a_login_names_none() -> None:
    """A tenant of one entity, which is nearly every tenant, needs nothing."""
    sessions = made(Zuora(ERP))
    sessions.learn("s", None, "")
    assert play(lambda: sessions.prove("s")).entity == ""


@pytest.mark.parametrize(
    "words",
    [
        "<a:entityId/><a:entityName>Europe</a:entityName>",
        '<a:entityId xsi:nil="true"/><a:entityName> Europe </a:entityName>',
        "<a:entityId>Europe</a:entityId><a:entityName/>",
    ],
)
def test_the_element_that_a_login_left_empty_names_no_entity(words: str) -> None:
    """.NET and PHP send every element of a request, the one that was not set as nil or empty."""
    document = (
        '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:a="http://api.zuora.com/" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        f"<s:Body><a:login><a:username>u</a:username><a:password>p</a:password>{words}</a:login></s:Body></s:Envelope>"
    )
    admission = admit({"Content-Type": "text/xml"})
    assert isinstance(admission, Admission)
    inspected = inspect(document.encode(), admission)
    assert isinstance(inspected, Inspected)
    assert entity_of(inspected) == "Europe"
