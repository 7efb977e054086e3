"""``bridge journal reconcile`` over real HTTP: what the journal and Zuora say of each other."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import urllib.request
from contextlib import closing
from typing import Any
from urllib.parse import urlencode

import pytest
from harness import TODAY, Obj, World, deleted, envelope, payment, post, refund, saved

HOUR = 3600


def run(world: World, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run ``bridge journal reconcile`` against the world's Zuora and journal."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("BRIDGE_")}
    given = {
        "DATABASE_URL": f"sqlite:///{world.database}",
        "ZUORA__REST_URL": world.sandbox.url,
        "ZUORA__CLIENT_ID": "demo-client",
        "ZUORA__CLIENT_SECRET": "demo-secret",
        "ZUORA__TENANT_ID": "10000",
        **env,
    }
    done = subprocess.run(
        [sys.executable, "-m", "bridge", "journal", "reconcile", *words],
        capture_output=True,
        text=True,
        timeout=60,
        env=clean | {f"BRIDGE_{name}": value for name, value in given.items()},
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


def told(world: World, *words: str, code: int = 0, **env: str) -> Any:
    """What it says as JSON."""
    done = run(world, *words, "--json", **env)
    assert done.returncode == code, done.stdout + done.stderr
    return json.loads(done.stdout)


def compare(world: World, *words: str, code: int = 0) -> Any:
    """A run over everything since the fixture's day."""
    return told(world, "--since", TODAY, *words, code=code)


def directly(world: World, method: str, path: str, body: object = None, client: str = "demo-client") -> Any:
    """Ask Zuora's REST as the bridge's client would, past the bridge."""
    form = {
        "client_id": client,
        "client_secret": client.replace("client", "secret"),
        "grant_type": "client_credentials",
    }
    with urllib.request.urlopen(f"{world.sandbox.url}/oauth/token", urlencode(form).encode(), timeout=10) as came:
        token = json.load(came)["access_token"]
    given = None if body is None else json.dumps(body).encode()
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    request = urllib.request.Request(f"{world.sandbox.url}{path}", given, headers, method=method)
    with urllib.request.urlopen(request, timeout=10) as came:
        return json.load(came)


def paid_by_rest(world: World, amount: str = "30") -> str:
    """A payment of a debit memo through the bridge: route rest, in the bridge's name."""
    (zuora_id,) = world.create(payment(Amount=amount, InvoiceId="@D1", AppliedInvoiceAmount=amount)).ids
    return str(zuora_id)


def paid_by_soap(world: World, amount: str = "10") -> str:
    """A payment of an invoice through the bridge: route soap, in the caller's name."""
    (zuora_id,) = world.create(payment(Amount=amount, InvoiceId="@I1", AppliedInvoiceAmount=amount)).ids
    return str(zuora_id)


def behind_our_back(world: World, amount: str = "7") -> str:
    """A payment that the bridge's client made and the bridge knows nothing of."""
    body = {
        "accountId": world.id("@A"),
        "amount": float(amount),
        "currency": "USD",
        "effectiveDate": TODAY,
        "paymentMethodId": world.id("@PMx"),
        "type": "External",
    }
    return str(directly(world, "POST", "/v1/payments", body)["id"])


# ---------------------------------------------------------------- nothing wrong


def test_what_the_bridge_did_and_zuora_has_is_no_break(world: World) -> None:
    """Payments on both routes, a refund, and what the fixture had before."""
    paid_by_rest(world)
    paid_by_soap(world)
    world.create(refund(Amount="5", PaymentId="@C1", SourceType="CreditMemo"))
    world.advance(HOUR)
    answer = compare(world)
    assert (answer["open"], answer["found"], answer["notes"]) == ([], [], [])
    assert answer["intents"] == 3
    assert answer["movements"] == 2, "the payment by SOAP was made in the caller's name"


def test_a_payment_that_the_bridge_canceled_itself_is_no_break(world: World) -> None:
    """A later update in the journal explains it."""
    zuora_id = paid_by_rest(world)
    canceled = saved("update", [Obj("Payment", {"Id": zuora_id, "Status": "Canceled"})])
    assert post(world.endpoint(), world.message(canceled)).ids == [zuora_id]
    (one,) = world.payments()
    assert one["status"] == "Canceled"
    world.advance(HOUR)
    assert compare(world)["found"] == []


def test_a_movement_of_a_call_in_doubt_is_left_to_it(world: World) -> None:
    """It will be settled by its marker; until then it is no break."""
    (zuora_id,) = world.create(payment(Amount="30", InvoiceId="@D1", AppliedInvoiceAmount="30", ReferenceId="R-9")).ids
    for bridge in world.bridges:
        bridge.stop()
    with closing(sqlite3.connect(world.database, isolation_level=None)) as journal:
        journal.execute("UPDATE intent SET state = 'in_doubt', zuora_id = NULL")
    world.advance(HOUR)
    user = str(directly(world, "GET", f"/v1/payments/{zuora_id}")["createdById"])
    answer = compare(world, "--user-id", user)
    assert (answer["found"], answer["movements"]) == ([], 1)


def test_a_movement_made_just_now_is_not_judged_yet(world: World) -> None:
    """Its intent may not be settled; ten minutes later it is judged."""
    paid_by_rest(world)
    behind_our_back(world)
    assert compare(world)["movements"] == 0
    world.advance(HOUR)
    assert len(compare(world, code=1)["found"]) == 1


# ---------------------------------------------------------------- breaks


def test_a_movement_in_the_bridge_s_name_without_an_intent_is_a_break(world: World) -> None:
    """Found by whoever made what went by REST; amounts and Id are told."""
    paid_by_rest(world)
    zuora_id = behind_our_back(world)
    world.advance(HOUR)
    (one,) = compare(world, code=1)["open"]
    assert (one["kind"], one["zuoraId"], one["intent"]) == ("without intent", zuora_id, None)
    assert (one["expected"], one["found"]) == ("nothing: no intent is about it", "7, Processed")
    assert one["owner"] is None
    assert one["age"] >= 0


def test_without_anything_by_rest_the_user_has_to_be_named(world: World) -> None:
    """And the run says so instead of finding nothing."""
    zuora_id = behind_our_back(world)
    world.advance(HOUR)
    answer = compare(world)
    assert answer["open"] == []
    assert "--user-id" in answer["notes"][0]
    user = str(directly(world, "GET", f"/v1/payments/{zuora_id}")["createdById"])
    (one,) = compare(world, "--user-id", user, code=1)["open"]
    assert one["zuoraId"] == zuora_id


def test_a_canceled_payment_is_a_break(world: World) -> None:
    """Somebody canceled it in Zuora; the ERP still counts on it."""
    zuora_id = paid_by_rest(world)
    directly(world, "PUT", f"/v1/payments/{zuora_id}/cancel")
    world.advance(HOUR)
    (one,) = compare(world, code=1)["open"]
    assert (one["kind"], one["zuoraId"], one["found"]) == ("fallen", zuora_id, "Canceled")


def test_a_deleted_payment_is_a_break(world: World) -> None:
    """Proved by Zuora's own "not found", not by a lagging query."""
    zuora_id = paid_by_soap(world)
    session = world.login()
    post(world.endpoint(direct=True), envelope(deleted("Payment", [zuora_id]), session))
    if any(each["id"] == zuora_id for each in world.payments()):
        directly(world, "PUT", f"/v1/payments/{zuora_id}/cancel")
        directly(world, "DELETE", f"/v1/payments/{zuora_id}")
    world.advance(HOUR)
    (one,) = compare(world, code=1)["open"]
    assert (one["kind"], one["expected"], one["found"]) == ("missing", "10", "no such object")


def test_another_amount_is_a_break_on_either_route(world: World) -> None:
    """A person settled an intent by the wrong object; amounts are compared as decimals."""
    other = behind_our_back(world, "8")
    for document, route in (("@I1", "soap"), ("@D1", "rest")):
        zuora_id = world.create(payment(Amount="10.00", InvoiceId=document, AppliedInvoiceAmount="10.00")).ids[0]
        with closing(sqlite3.connect(world.database, isolation_level=None)) as journal:
            assert journal.execute("SELECT route FROM intent WHERE zuora_id = ?", [zuora_id]).fetchall() == [(route,)]
            journal.execute("UPDATE intent SET zuora_id = ? WHERE zuora_id = ?", [other, zuora_id])
        world.advance(HOUR)
        kinds = {each["kind"]: each for each in compare(world, code=1)["open"]}
        assert (kinds["amount"]["expected"], kinds["amount"]["found"]) == ("10", "8")
        with closing(sqlite3.connect(world.database, isolation_level=None)) as journal:
            journal.execute("UPDATE intent SET zuora_id = ? WHERE zuora_id = ?", [zuora_id, other])


def test_a_movement_of_an_intent_that_the_journal_denies_is_a_break(world: World) -> None:
    """The caller was told "no", and the money moved: the worst break there is."""
    (zuora_id,) = world.create(refund(Amount="5", PaymentId="@C1", SourceType="CreditMemo")).ids
    with closing(sqlite3.connect(world.database, isolation_level=None)) as journal:
        journal.execute("UPDATE intent SET state = 'refused', zuora_id = NULL WHERE zuora_id = ?", [zuora_id])
    world.advance(HOUR)
    (one,) = compare(world, code=1)["open"]
    assert (one["kind"], one["zuoraId"]) == ("denied", zuora_id)
    assert one["expected"] == "nothing: the journal has REFUSED"


# ---------------------------------------------------------------- breaks as records


@pytest.fixture
def broken(world: World) -> World:
    """A world with one break of each side."""
    canceled = paid_by_rest(world)
    behind_our_back(world)
    directly(world, "PUT", f"/v1/payments/{canceled}/cancel")
    world.advance(HOUR)
    return world


def test_a_break_has_an_owner_and_an_age_over_runs(broken: World) -> None:
    """The same break keeps its id and its beginning; without --since the open ones are listed."""
    first = {one["id"]: one for one in compare(broken, code=1)["open"]}
    assert len(first) == 2
    name = sorted(first)[0]
    assert told(broken, "--assign", name, "--to", "Grace", "--yes", "--dry-run")["done"] is False
    assert told(broken, "--assign", name, "--to", "Grace", "--yes")["done"] is True
    second = {one["id"]: one for one in compare(broken, code=1)["open"]}
    assert second[name]["owner"] == "Grace"
    assert {each: second[each]["since"] for each in second} == {each: first[each]["since"] for each in first}
    assert [one["id"] for one in told(broken, code=1)["open"]] == list(second)


def test_a_clean_run_closes_a_break_even_long_after(broken: World) -> None:
    """What is open is looked at in every run, however old it is."""
    assert len(compare(broken, code=1)["open"]) == 2
    (other,) = [each for each in broken.payments() if str(each["amount"]) in ("7", "7.00")]
    directly(broken, "PUT", f"/v1/payments/{other['id']}/cancel")
    broken.advance(30 * 24 * HOUR)
    (left,) = told(broken, "--since", "2026-03-20", code=1)["open"]
    assert left["kind"] == "fallen"


def test_an_accepted_break_stays_closed_while_it_is_as_it_is(broken: World) -> None:
    """With reason and name; the next run finds it and leaves it."""
    open_ = compare(broken, code=1)["open"]
    for one in open_:
        accepted = told(broken, "--accept", one["id"], "--reason", "agreed with the ERP", "--by", "Ada", "--yes")
        assert accepted["done"] is True
    answer = compare(broken)
    assert (len(answer["found"]), answer["open"]) == (2, [])
    again = told(broken, "--accept", open_[0]["id"], "--reason", "x", "--by", "Ada", "--yes", code=1)
    assert again["refused"] == "it is closed"
    assert told(broken, "--assign", "b-none", "--to", "Ada", "--yes", code=1)["refused"] == (
        "the journal has no such break"
    )


def test_a_dry_run_keeps_nothing(broken: World) -> None:
    """It only says what it would find."""
    answer = compare(broken, "--dry-run", code=1)
    assert (len(answer["found"]), answer["open"]) == (2, [])
    assert told(broken)["open"] == []


def test_amounts_of_a_break_are_not_kept_in_clear_and_every_step_is_in_the_audit(broken: World) -> None:
    """The journal holds no amount that the database's readers could see."""
    name = next(one["id"] for one in compare(broken, code=1)["open"] if one["kind"] == "without intent")
    told(broken, "--assign", name, "--to", "Grace", "--yes")
    told(broken, "--accept", name, "--reason", "a manual payment", "--by", "Ada", "--yes")
    with closing(sqlite3.connect(broken.database)) as journal:
        columns = "kind, zuora_id, intent_id, owner, closed_by, reason"
        clear = str(journal.execute(f"SELECT {columns} FROM discrepancy WHERE id = ?", [name]).fetchall())
        rows = journal.execute("SELECT detail FROM audit WHERE kind = 'break' AND subject = ? ORDER BY at, seq", [name])
        details = [json.loads(detail) for (detail,) in rows]
    assert "Processed" not in clear
    assert [sorted(each)[0] for each in details] == ["found", "assigned", "accepted"]
    assert "7" not in {str(value) for each in details for value in each.values()}


# ---------------------------------------------------------------- what cannot be compared


def test_a_zuora_that_cannot_be_read_closes_nothing(broken: World) -> None:
    """Exit 3: half a comparison is none."""
    assert len(compare(broken, code=1)["open"]) == 2
    broken.fault("html_503", path="/object-query/payments", times=50)
    done = run(broken, "--since", TODAY)
    assert done.returncode == 3
    assert "Zuora could not be read" in done.stderr
    assert len(told(broken, code=1)["open"]) == 2


def test_it_sends_nothing_but_reads(broken: World) -> None:
    """The token and GETs."""
    before = broken.mark()
    compare(broken, code=1)
    assert {one.method for one in broken.requests(before) if "/oauth/" not in one.path} == {"GET"}


def test_without_a_credential_it_is_a_misuse(world: World) -> None:
    """One sentence, exit 2."""
    done = run(world, "--since", TODAY, ZUORA__CLIENT_ID="")
    assert done.returncode == 2
    assert "must be set to ask Zuora" in done.stderr
    assert run(world, "--since", TODAY, "--assign", "b-1").returncode == 2
    assert run(world, "--accept", "b-1", "--yes").returncode == 2


def test_a_person_reads_a_table(broken: World) -> None:
    """With what was compared above it."""
    done = run(broken, "--since", TODAY, COLUMNS="300")
    assert done.returncode == 1
    assert "1 applied intents and 2 movements in the bridge's name were compared" in done.stdout.replace("\n", " ")
