"""Which queries go by REST, for whom, and that none of them switches silently."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Protocol

import pytest
from harness import API, ERP, Answer, World, post
from query_calls import BY_REST, page, query

PAYMENTS = "select Id, Amount from Payment"


class Make(Protocol):
    """Makes worlds."""

    def __call__(self, routes: Mapping[str, str] = BY_REST, **settings: Any) -> World:
        """A world with these routes."""


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Worlds that end with the test."""
    with ExitStack() as stack:

        def made(routes: Mapping[str, str] = BY_REST, **settings: Any) -> World:
            return stack.enter_context(World(tmp_path, routes=routes, **settings))

        yield made


def operations(world: World, after: int) -> list[str]:
    """What reached Zuora by SOAP."""
    return [one.operation for one in world.requests(after) if one.face == "soap"]


def fault(answer: Answer) -> tuple[str, str]:
    """Kind and code of a fault."""
    assert answer.status == 500, answer.body
    return answer.fault["kind"], answer.fault["code"]


@pytest.mark.parametrize("routes", [{}, {"Payment.query": "soap"}, {"Refund.query": "rest"}, {"*": "soap"}])
def test_a_query_passes_where_no_rule_sends_it_by_rest(make: Make, routes: Mapping[str, str]) -> None:
    """The default: the bytes go to Zuora, and nobody asks who calls."""
    world = make(routes)
    session, mark = world.session, world.mark()
    answer = query(world, PAYMENTS, session=session)
    assert page(answer).size == 3
    assert answer.header("Bridge-Route") is None
    assert operations(world, mark) == ["query"]


@pytest.mark.parametrize(
    "routes", [{"Payment.query": "rest"}, {"Payment.*": "rest"}, {"*.query": "rest"}, {"*": "rest"}]
)
def test_a_query_goes_by_rest_where_a_rule_says_so(make: Make, routes: Mapping[str, str]) -> None:
    """Zuora's SOAP is asked for nothing but whose session it is."""
    world = make(routes)
    session, mark = world.session, world.mark()
    answer = query(world, PAYMENTS, session=session)
    assert page(answer).size == 3
    assert answer.header("Bridge-Route") == "rest"
    assert operations(world, mark) == ["getUserInfo"]


@pytest.mark.parametrize("text", ["select Id from Account", "select * from Invoice where (", "select Id from Nonsense"])
def test_other_objects_pass_whatever_policy_says(make: Make, text: str) -> None:
    """Only Zuora's SOAP can carry them."""
    world = make()
    session, mark = world.session, world.mark()
    query(world, text, session=session)
    assert operations(world, mark) == ["query"]


def test_a_broken_query_is_answered_by_who_answers_its_object(make: Make) -> None:
    """Also where only its object can be read; the one that has none goes by the rule for everything."""
    world = make({"Payment.query": "rest"})
    session, mark = world.session, world.mark()
    answer = query(world, "select * from Payment", session=session)
    assert fault(answer) == ("MalformedQueryFault", "MALFORMED_QUERY")
    assert "the name of a field is expected, not '*' (at character 8)" in answer.fault["message"]
    assert operations(world, mark) == ["getUserInfo"]
    mark = world.mark()
    answer = query(world, "selct", session=session)
    assert answer.fault["message"] == "You have an error in your ZOQL syntax"
    assert operations(world, mark) == ["query"]


def test_a_query_without_an_object_is_answered_here_where_everything_goes_by_rest(make: Make) -> None:
    """Then nothing may go to Zuora's SOAP that need not."""
    world = make({"*": "rest"})
    session, mark = world.session, world.mark()
    assert fault(query(world, "selct", session=session)) == ("MalformedQueryFault", "MALFORMED_QUERY")
    twice = "<ns1:query><ns1:queryString>a</ns1:queryString><ns1:queryString>b</ns1:queryString></ns1:query>"
    answer = post(world.endpoint(), world.message(twice, session=session))
    assert (answer.status, answer.fault["faultcode"]) == (500, "soapenv:Server")
    assert operations(world, mark) == ["getUserInfo"]


def test_a_query_that_cannot_be_read_passes_by_default(make: Make) -> None:
    """Zuora says what is wrong with it."""
    world = make({"Payment.query": "rest"})
    session, mark = world.session, world.mark()
    twice = "<ns1:query><ns1:queryString>a</ns1:queryString><ns1:queryString>b</ns1:queryString></ns1:query>"
    post(world.endpoint(), world.message(twice, session=session))
    assert operations(world, mark) == ["query"]


def test_an_address_without_a_version_passes(make: Make) -> None:
    """What a caller of no version may see, nobody can tell."""
    world = make()
    session, mark = world.session, world.mark()
    answer = query(world, PAYMENTS, "latest", session=session)
    assert answer.header("Bridge-Route") is None
    assert operations(world, mark) == ["query"]


@pytest.mark.parametrize("allow", [[], ["Refund.query"], ["Payment.create"]])
def test_a_caller_who_is_not_allowed_is_refused_and_not_passed(make: Make, allow: list[str]) -> None:
    """The bridge's credential sees more than the caller may; a silent switch would hide that the rule does not hold."""
    world = make(callers={"erp": {"usernames": [ERP], "allow": allow}})
    session, mark = world.session, world.mark()
    answer = query(world, PAYMENTS, session=session)
    assert fault(answer) == ("UnexpectedErrorFault", "NO_PERMISSION")
    assert "Nothing was read" in answer.fault["message"]
    assert operations(world, mark) == ["getUserInfo"]
    # Versions before 29 have no such code.
    assert fault(query(world, PAYMENTS, "28.0", session=session)) == ("UnexpectedErrorFault", "UNKNOWN_ERROR")


@pytest.mark.parametrize("allow", [["*"], ["Payment.*"], ["Payment.query"]])
def test_a_caller_is_allowed_by_name(make: Make, allow: list[str]) -> None:
    """As for writes."""
    world = make(callers={"erp": {"usernames": [ERP], "allow": allow}})
    assert page(query(world, PAYMENTS)).size == 3


def test_a_query_needs_a_session_of_this_tenant(make: Make) -> None:
    """None, one that ended, and one of another tenant."""
    world = make()
    assert fault(query(world, PAYMENTS, session="")) == ("UnexpectedErrorFault", "INVALID_SESSION")
    assert fault(query(world, PAYMENTS, session="nonsense")) == ("UnexpectedErrorFault", "INVALID_SESSION")
    stranger = world.login("other@example.com")
    assert fault(query(world, PAYMENTS, session=stranger)) == ("UnexpectedErrorFault", "NO_PERMISSION")


def test_a_query_sees_the_entity_that_its_login_named(make: Make) -> None:
    """Its books and no other's, although the bridge's credential could read them all."""
    world = make()
    entities = {world.names["E1"]: "E1", world.names["E2"]: "E2"}
    world.__exit__()
    world = make(zuora={"entities": entities})
    found = {}
    for name in ("E1", "E2"):
        login = f"<ns1:login><ns1:username>{ERP}</ns1:username><ns1:password>demo</ns1:password>"
        login += f"<ns1:entityName>{name}</ns1:entityName></ns1:login>"
        session = post(world.endpoint(), world.message(login, session="")).payload.findtext(f".//{{{API}}}Session")
        ours = page(query(world, PAYMENTS, session=session))
        theirs = page(query(world, PAYMENTS, session=session, direct=True))
        assert sorted(ours.ids) == sorted(theirs.ids)
        found[name] = set(ours.ids)
    assert found["E1"]
    assert found["E2"]
    assert not found["E1"] & found["E2"]


def test_without_a_credential_a_query_by_rest_is_refused(make: Make) -> None:
    """The rule stands, and the bridge cannot follow it."""
    world = make(zuora={"client_id": None, "client_secret": None, "settlement": "off"})
    answer = query(world, PAYMENTS)
    assert fault(answer) == ("UnexpectedErrorFault", "SERVER_UNAVAILABLE")
    assert "/readyz" in answer.fault["message"]


@pytest.mark.parametrize("kind", ["InvoicePayment", "RefundInvoicePayment"])
def test_rows_made_of_applications_are_an_opt_in(make: Make, kind: str) -> None:
    """Without it the fault says how to get them, or Zuora's own."""
    world = make()
    answer = query(world, f"select Id from {kind}")
    assert fault(answer) == ("UnexpectedErrorFault", "INVALID_TYPE")
    assert "BRIDGE_ZUORA__SETTLEMENT_ROWS=true" in answer.fault["message"]
    assert f"{kind}.query" in answer.fault["message"]
