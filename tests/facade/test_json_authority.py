"""Whose call a JSON call is: credentials as Zuora takes them, proof of the tenant before anything is told, entities."""

from __future__ import annotations

import io
import json
import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import structlog
from harness import Headers, World, payment, post, refund
from json_callers import JSON, action, bearer, cookie, crud, deleting, keys, rows, session, told

from bridge.telemetry.log import configure

D1_PART = payment(Amount="30", InvoiceId="@D1", AppliedInvoiceAmount="30")
I1_PART = payment(Amount="40", InvoiceId="@I1", AppliedInvoiceAmount="40")
UNAUTHENTICATED = b'{"message":"Authentication error"}'


def recorded(world: World) -> int:
    """Intents in the journal."""
    with closing(sqlite3.connect(world.database)) as journal:
        (count,) = journal.execute("select count(*) from intent").fetchone()
    return int(count)


# ------------------------------------------------------------------ credentials

WRONG: dict[str, Headers] = {
    "a bearer": (("Authorization", "Bearer nobody"),),
    "keys": keys("erp@example.com", "wrong"),
    "a session": (("Authorization", "ZSession nobody"),),
    "a cookie": (("Cookie", "ZSession=nobody"),),
}
NONE: dict[str, Headers] = {
    "nothing": (),
    "half of the keys": (("apiAccessKeyId", "erp@example.com"),),
    "two bearers": (("Authorization", "Bearer x"), ("Authorization", "Bearer y")),
    "another cookie": (("Cookie", "Session=x"),),
}


@pytest.mark.parametrize("who", WRONG.values(), ids=WRONG)
@pytest.mark.parametrize("one", [D1_PART, I1_PART], ids=["by rest", "by action"])
def test_a_wrong_credential_is_401_and_nothing_is_recorded(one: Any, who: Headers, world: World) -> None:
    """Zuora's own text; not even a look-up under the bridge's credential is made."""
    mark = world.mark()
    for answer in (action(world, "create", [one], who), crud(world, "POST", "payment", one, who)):
        assert (answer.status, answer.body) == (401, UNAUTHENTICATED)
    assert {seen.path.split("/")[2] for seen in world.requests(mark)} == {"accounts"}
    assert (recorded(world), world.payments()) == (0, [])


@pytest.mark.parametrize("who", NONE.values(), ids=NONE)
def test_without_a_credential_nothing_is_asked(who: Headers, world: World) -> None:
    """401 at once."""
    mark = world.mark()
    for answer in (action(world, "create", [I1_PART], who), crud(world, "POST", "payment", I1_PART, who)):
        assert (answer.status, answer.body) == (401, UNAUTHENTICATED)
    assert world.requests(mark) == []


@pytest.mark.parametrize("one", [D1_PART, I1_PART], ids=["by rest", "by action"])
def test_a_credential_that_ends_within_its_proof_is_401(one: Any, world: World) -> None:
    """The proof is kept, Zuora refuses the dispatch: the caller is told so, may renew it, and pays once."""
    who = bearer(world)
    assert rows(action(world, "create", [payment(Amount="1", AppliedCreditBalanceAmount="1")], who))[0]["Success"]
    world.fault("expired_token", method="POST", path="/v1/", times=1)
    answer = action(world, "create", [one], who)
    assert (answer.status, answer.body) == (401, UNAUTHENTICATED)
    assert rows(action(world, "create", [one], bearer(world)))[0]["Success"] is True
    assert len(world.payments()) == 2


def test_a_proof_is_kept_for_the_same_credential_and_account(world: World) -> None:
    """One look-up under the caller's own credential for two calls; another credential proves itself."""
    who = bearer(world)
    for amount in ("1", "2"):
        action(world, "create", [payment(Amount=amount, AppliedCreditBalanceAmount=amount)], who)

    def proofs() -> list[str]:
        seen = [one for one in world.requests() if one.path.startswith("/v1/accounts/")]
        return [str(one.headers.get("authorization") or one.headers.get("apiaccesskeyid")) for one in seen]

    # The second is the bridge's own, of the same account.
    assert len(proofs()) == 2
    action(world, "create", [payment(Amount="3", AppliedCreditBalanceAmount="3")], keys())
    assert proofs()[2:] == ["erp@example.com"]


def test_a_user_who_may_not_is_told_so_by_zuora(world: World) -> None:
    """The caller's own rights count on every route: the call-level 403 of Actions, the row of REST."""
    answer = action(world, "create", [I1_PART], bearer(world, "viewer"))
    assert (answer.status, told(answer)["code"]) == (403, 90000010)
    (row,) = rows(action(world, "create", [D1_PART], bearer(world, "viewer")))
    errors = row["Errors"]
    assert isinstance(errors, list)
    assert errors[0]["Code"] == "NO_PERMISSION"
    assert world.payments() == []


def test_what_the_owner_allows_to_soap_callers_is_no_matter(tmp_path: Path) -> None:
    """`allow` governs the bridge's own credential, which a JSON caller does not use."""
    with World(tmp_path, callers={}) as world:
        assert rows(action(world, "create", [D1_PART], bearer(world)))[0]["Success"] is True


# ------------------------------------------------------------------ the tenant


def test_another_tenants_credential_learns_nothing(world: World) -> None:
    """Neither by a join nor by a look-up: not an Id, not that there is such a document."""
    rows(action(world, "create", [D1_PART], bearer(world)))
    (made,) = world.payments()
    foreign = bearer(world, "other")
    mark = world.mark()
    for one in (D1_PART, D1_PART.but(InvoiceId="@D2"), D1_PART.but(InvoiceId="0" * 32)):
        (row,) = rows(action(world, "create", [one], foreign))
        assert row["Success"] is False
        assert "AccountId names nothing" in json.dumps(row)
        assert made["id"] not in json.dumps(row)
    assert {seen.path for seen in world.requests(mark)} == {f"/v1/accounts/{world.id('@A')}"}
    assert len(world.payments()) == 1


def test_an_account_of_the_same_number_is_not_the_same_account(world: World) -> None:
    """The other tenant has an A00000001 too: its id, which the bridge's credential cannot read, tells them apart."""
    answer = action(world, "create", [D1_PART.but(AccountId="A00000001")], bearer(world, "other"))
    assert answer.status == 403
    assert "another Zuora tenant" in str(told(answer)["message"])
    assert recorded(world) == 0


@pytest.mark.parametrize("way", ["update", "delete", "refund", "memo", "crud"])
def test_objects_without_an_account_are_proved_by_what_they_name(way: str, world: World) -> None:
    """A payment's or memo's own account: readable for this tenant's credential, and for no other's."""
    world.control("settings", {"soapDeletes": True})

    def call(who: Headers) -> Any:
        if way == "update":
            return action(world, "update", [payment_of("@P2", TransferredToAccounting="Yes")], who)
        if way == "delete":
            return deleting(world, "Payment", ["@P2"], who)
        if way == "crud":
            return crud(
                world, "PUT", f"payment/{world.id('@P2')}", payment_of(None, TransferredToAccounting="Yes"), who
            )
        source = "@C1" if way == "memo" else "@P1"
        return action(world, "create", [refund(PaymentId=source, Amount="1")], who)

    mark = world.mark()
    refused = call(bearer(world, "other"))
    told_as = b"names nothing that this credential can read" if way in ("refund", "memo") else b"invalid id for "
    assert told_as in refused.body
    paths = {seen.path.split("/")[2] for seen in world.requests(mark) if seen.path != "/oauth/token"}
    assert paths <= {"payments", "credit-memos"}
    assert recorded(world) == 0
    call(bearer(world))
    assert recorded(world) == 1


def payment_of(name: str | None, **fields: str) -> Any:
    """A change of a payment."""
    return payment(AccountId=None, EffectiveDate=None, PaymentMethodId=None, Status=None, Type=None, Id=name, **fields)


def test_what_is_not_proved_does_not_stop_the_others(world: World) -> None:
    """Each row for itself, in its place; what is missing is said."""
    lacking = D1_PART.but(AccountId=None)
    foreign = D1_PART.but(AccountId="0" * 32)
    answer = action(world, "create", [lacking, I1_PART, foreign, D1_PART], bearer(world))
    made = rows(answer)
    assert [row["Success"] for row in made] == [False, True, False, True]
    assert [error["Code"] for row in made for error in row.get("Errors", ())] == [  # type: ignore[attr-defined]
        "MISSING_REQUIRED_VALUE",
        "INVALID_ID",
    ]
    assert answer.header("Bridge-Route") == ",action,,rest"
    assert len(world.payments()) == 2


def test_without_a_configured_tenant_nothing_is_served(tmp_path: Path) -> None:
    """As for SOAP."""
    with World(tmp_path, zuora={"tenant_id": None}) as world:
        who = bearer(world)
        mark = world.mark()
        answer = action(world, "create", [I1_PART], who)
        assert (answer.status, told(answer)["code"]) == (403, 90000010)
        assert world.requests(mark) == []


def test_without_a_credential_of_the_bridge_callers_use_their_own(tmp_path: Path) -> None:
    """Settlement off: Actions, and the look-up behind a join, go under the caller's credential alone."""
    lone = {"client_id": None, "client_secret": None, "settlement": "off"}
    with World(tmp_path, zuora=lone) as world:
        who = keys()
        first = action(world, "create", [I1_PART], who)
        again = action(world, "create", [I1_PART], who)
        assert again.header("Bridge-Joined") == "true"
        assert rows(first) == rows(again)
        seen = [one for one in world.requests() if one.face == "rest"]
        assert {one.headers.get("apiaccesskeyid") for one in seen} == {"erp@example.com"}
        # A number is no proof: other tenants have the same.
        (row,) = rows(action(world, "create", [I1_PART.but(AccountId="A00000001")], who))
        assert row["Success"] is False


def test_with_settlement_on_the_bridge_needs_its_own_credential(tmp_path: Path) -> None:
    """/readyz says so too."""
    with World(tmp_path, zuora={"client_id": None, "client_secret": None}) as world:
        answer = action(world, "create", [I1_PART], keys())
        assert (answer.status, told(answer)["FaultCode"]) == (503, "SERVER_UNAVAILABLE")


def test_a_key_id_names_the_caller_of_the_configuration(tmp_path: Path) -> None:
    """Its patience and its twin policy; a bearer is the caller named json."""
    callers = {"erp": {"usernames": ["erp@example.com"], "in_doubt": "504", "wait_seconds": 1}}
    with World(tmp_path, callers=callers) as world:
        world.fault("drop_after", path="/v1/payments", times=50)
        assert action(world, "create", [D1_PART], keys()).status == 504
        with closing(sqlite3.connect(world.database)) as journal:
            assert journal.execute("select caller from intent").fetchall() == [("erp",)]


# ------------------------------------------------------------------ entities


@cache
def entities(folder: Path) -> dict[str, str]:
    """The sandbox's entities by id; the same in every run."""
    with World(folder) as world:
        return {world.names[name]: name for name in ("E1", "E2")}


def test_the_entity_is_the_one_the_caller_names(tmp_path: Path) -> None:
    """In every request that the call causes; the books of the other entity stay as they were."""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    served = entities(tmp_path / "a")
    with World(tmp_path / "b", zuora={"entities": served}) as world:
        second = world.names["E2"]
        who = (*bearer(world), ("Zuora-Entity-Ids", second))
        one = D1_PART.but(AccountId="@E2.A", PaymentMethodId="@E2.PMx", InvoiceId="@E2.D1")
        mark = world.mark()
        assert rows(action(world, "create", [one], who))[0]["Success"] is True
        seen = [each for each in world.requests(mark) if each.path != "/oauth/token"]
        assert {each.headers.get("zuora-entity-ids") for each in seen} == {second}
        assert world.payments() == []
        invoice = I1_PART.but(AccountId="@E2.A", PaymentMethodId="@E2.PMx", InvoiceId="@E2.I1")
        assert rows(action(world, "create", [invoice], who))[0]["Success"] is True
        for wrong in ((), (("Zuora-Entity-Ids", "0" * 32),), (("Zuora-Entity-Ids", ",".join(served)),)):
            answer = action(world, "create", [D1_PART], (*bearer(world), *wrong))
            assert (answer.status, told(answer)["code"]) == (403, 90000010)
        assert world.payments() == []


def test_an_entity_that_nobody_configured_is_refused(world: World) -> None:
    """Identity is scoped to the entity, so an unknown one is not served."""
    answer = action(world, "create", [D1_PART], (*bearer(world), ("Zuora-Entity-Ids", world.names["E1"])))
    assert answer.status == 403
    assert recorded(world) == 0


# ------------------------------------------------------------------ secrets


@pytest.fixture
def out() -> Iterator[io.StringIO]:
    """Where the logs go; the process's own configuration is put back afterwards."""
    root = logging.getLogger()
    before = (root.handlers, root.level)
    stream = io.StringIO()
    configure("DEBUG", stream=stream, terminal=False)
    yield stream
    structlog.reset_defaults()
    root.handlers, root.level = before[0], before[1]


def test_no_credential_reaches_a_log_or_the_journal(out: io.StringIO, tmp_path: Path) -> None:
    """Whatever goes well or wrong (I9)."""
    with World(tmp_path) as world:
        callers = [bearer(world), session(world), cookie(world), keys()]
        secrets = [headers[-1][1].rpartition(" ")[2].rpartition("=")[2] for headers in callers[:3]] + ["the-password"]
        callers[3] = keys("erp@example.com", "the-password")
        for who in callers:
            action(world, "create", [D1_PART, I1_PART], who)
            crud(world, "POST", "payment", D1_PART.but(Amount="31", AppliedInvoiceAmount="31"), who)
            world.fault("drop_before", path="/v1/", times=1)
            action(world, "create", [payment(Amount="5", AppliedCreditBalanceAmount="5")], who)
            post(f"{world.url}/v1/action/create", b"{", (*JSON, *who))
        kept = b"".join(path.read_bytes() for path in world.folder.iterdir())
    text = out.getvalue()
    assert '"event": "dispatch"' in text
    for secret in secrets:
        assert len(secret) > 8
        assert secret not in text
        assert secret.encode() not in kept
