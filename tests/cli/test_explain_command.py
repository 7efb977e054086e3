"""``bridge explain`` from an operator's seat: what was done, what would be, and that one account has one place."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from harness import API, Answer, Obj, World, deleted, envelope, payment, post, refund, saved, until

from bridge.cutover.buckets import place

ACCOUNT = "8ad045fdb5315afd09c05d43dc940f95"
PLACE = place("10000", ACCOUNT)
INSIDE, OUTSIDE = PLACE + Decimal("0.01"), PLACE
WHO = ("--reason", "first accounts", "--by", "alice", "--yes")
SPLIT = '[[rule]]\nname = "{name}"\nroute = "rest"\noperation = ["create", "update", "delete"]\npercent = {percent}\n'


def run(folder: Path, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run ``bridge`` on the journal of a folder."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("BRIDGE_")}
    given = {"DATABASE_URL": f"sqlite:///{folder / 'bridge.db'}", **env}
    done = subprocess.run(
        [sys.executable, "-m", "bridge", *words],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=folder,
        env=clean | {f"BRIDGE_{name}": value for name, value in given.items()},
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


def explained(folder: Path, *words: str, **env: str) -> Any:
    """What an explanation says as JSON."""
    done = run(folder, "explain", *words, "--json", **env)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def set_rules(world: World, percent: Decimal | int, name: str = "step") -> int:
    """Let a percentage count; the revision."""
    file = world.folder / "rules.toml"
    file.write_text(SPLIT.format(name=name, percent=percent), encoding="utf-8")
    done = run(world.folder, "cutover", "set", str(file), *WHO, "--json")
    assert done.returncode == 0, done.stderr
    return int(json.loads(done.stdout)["revision"])


CENTS = iter(range(1, 10_000))


def cents() -> str:
    """An amount nobody has paid yet."""
    return f"{Decimal(next(CENTS)) / 100:.2f}"


def pay(world: World, **fields: str | None) -> Answer:
    """Pay some cents of an invoice."""
    amount = cents()
    return world.create(payment(**{"Amount": amount, "InvoiceId": "@I1", "AppliedInvoiceAmount": amount} | fields))


def change(world: World, zuora_id: str) -> Answer:
    """Change a payment that is named by its Id."""
    one = Obj("Payment", {"Id": zuora_id, "TransferredToAccounting": "Processing"})
    return post(world.endpoint(), world.message(saved("update", [one])))


def intent_of(answer: Answer) -> str:
    """The intent that an answer names."""
    return answer.header("Bridge-Intent") or ""


def give_back(world: World) -> Answer:
    """Refund some cents of a payment that is named by its Id."""
    return world.create(refund(Amount=cents(), PaymentId="@P1"))


def route(answer: Answer) -> str | None:
    """The route an answer tells."""
    assert answer.status == 200, answer.body
    return answer.header("Bridge-Route")


def await_revision(world: World, number: int) -> None:
    """Wait until the bridge goes by a revision."""

    def there() -> bool:
        intent = intent_of(pay(world))
        return bool(explained(world.folder, intent)["revision"] == number)

    until(there, 10, "the revision")


@pytest.fixture
def inside(world: World) -> World:
    """A world in which account A is just inside of a percentage."""
    await_revision(world, set_rules(world, INSIDE))
    return world


def test_what_names_no_account_stands_where_its_account_stands(world: World) -> None:
    """A refund by its payment and an update by its Id move with their account's payments, neither before nor after."""
    await_revision(world, set_rules(world, OUTSIDE))
    made = pay(world).ids[0]
    assert [route(pay(world)), route(give_back(world)), route(change(world, made))] == ["soap", "soap", "soap"]
    for number, percent in enumerate((INSIDE, Decimal("99.99"), 100)):
        await_revision(world, set_rules(world, percent, f"step {number}"))
        assert [route(pay(world)), route(give_back(world)), route(change(world, made))] == ["rest", "rest", "rest"]
    one = post(world.endpoint(), world.message(deleted("Payment", [made])))
    assert route(one) == "rest"


def test_where_no_rule_asks_for_an_account_zuora_is_asked_nothing_more(world: World) -> None:
    """One request by SOAP for an update, and not a single GET; with a rule that asks there is one."""
    made = pay(world).ids[0]
    before = world.mark()
    assert route(change(world, made)) == "soap"
    assert [each.method for each in world.requests(before) if each.face == "rest"] == []
    await_revision(world, set_rules(world, OUTSIDE))
    before = world.mark()
    assert route(change(world, made)) == "soap"
    asked = [(each.method, each.path) for each in world.requests(before) if each.face == "rest"]
    assert asked == [("GET", f"/v1/payments/{made}")]


def test_without_an_answer_about_the_account_nothing_is_sent(inside: World) -> None:
    """The row says so, and a repeat is a new attempt."""
    made = pay(inside).ids[0]
    inside.fault("html_502", method="GET", path=f"/v1/payments/{made}", times=1)
    before = inside.mark()
    answer = change(inside, made)
    assert b"TEMPORARY_ERROR" in answer.body
    assert not any(each.changing for each in inside.requests(before))
    assert route(change(inside, made)) == "rest"


def test_a_past_intent_is_explained(inside: World) -> None:
    """Rule, revision with its author and reason, place, percentage, capability, request and state."""
    intent = intent_of(pay(inside))
    told = explained(inside.folder, intent)
    assert (told["decided"], told["rule"], told["revision"], told["route"]) == ("rule", "step", 1, "rest")
    assert (told["account"], told["place"], told["inside"]) == (ACCOUNT, str(PLACE), True)
    assert told["set"]["author"] == "alice"
    assert told["conditions"]["percent"] == str(INSIDE)
    assert [each["verdict"] for each in told["dispatches"]] == ["done"]
    text = run(inside.folder, "explain", intent).stdout
    assert text.strip() == told["text"]
    for words in (
        'the rule "step" of revision 1',
        "set by alice",
        "first accounts",
        f"stands at {PLACE} %",
    ):
        assert words in text


def test_what_was_rolled_back_since_stays_where_it_was(inside: World) -> None:
    """And says so."""
    intent = intent_of(pay(inside))
    assert run(inside.folder, "cutover", "rollback", "--reason", "alarm", "--by", "bob", "--yes").returncode == 0
    told = explained(inside.folder, intent)
    assert (told["route"], told["revision"]) == ("rest", 1)
    assert "last by revision 2, a return to no rules by bob" in told["text"]


def test_capability_default_and_refusal_are_explained(world: World) -> None:
    """A debit memo goes by REST whatever policy says; what is refused was decided about too."""
    memo = intent_of(pay(world, InvoiceId="@D1"))
    plain = intent_of(pay(world))
    no = intent_of(pay(world, InvoiceId="@D1", EffectiveDate=None))
    forced = explained(world.folder, memo)
    assert (forced["decided"], forced["policyRoute"], forced["route"]) == ("capability", "soap", "rest")
    assert "Capability overruled that (names a debit memo)" in forced["text"]
    default = explained(world.folder, plain)
    assert (default["decided"], default["set"], default["rule"]) == ("default", None, None)
    refused = explained(world.folder, no)
    assert (refused["state"], refused["route"], refused["errors"][0]["code"]) == (
        "REFUSED",
        None,
        "MISSING_REQUIRED_VALUE",
    )


def test_fixed_routes_are_explained(tmp_path: Path) -> None:
    """By the name of their setting."""
    with World(tmp_path, routes={"Payment.create": "rest"}) as world:
        intent = intent_of(pay(world))
        told = explained(tmp_path, intent)
    assert (told["decided"], told["rule"]) == ("fixed", "BRIDGE_ROUTES Payment.create")


def test_an_intent_of_before_says_that_nothing_was_kept(world: World) -> None:
    """Honestly."""
    intent = intent_of(pay(world))
    with contextlib.closing(sqlite3.connect(world.database)) as journal, journal:
        journal.execute("UPDATE intent SET decided = NULL")
    told = explained(world.folder, intent)
    assert (told["decided"], "was not kept" in told["text"]) == (None, True)


def test_an_unknown_intent_is_said_with_what_to_do(world: World) -> None:
    """Exit 1."""
    done = run(world.folder, "explain", "i-nothing")
    assert (done.returncode, "bridge journal list" in done.stderr) == (1, True)


# ---------------------------------------------------------------- what would be


def file_of(folder: Path, *objects: Obj) -> str:
    """A SOAP file with these objects to create."""
    path = folder / "call.xml"
    path.write_bytes(envelope(saved("create", objects), "SECRET-SESSION"))
    return str(path)


def refunds(world: World) -> str:
    """A file with a refund that names a payment of account A."""
    return file_of(world.folder, refund(Amount="1", PaymentId=world.id("@P1")))


def reached(world: World) -> dict[str, str]:
    """The settings by which a command looks things up."""
    return {
        "ZUORA__REST_URL": world.sandbox.url,
        "ZUORA__CLIENT_ID": "demo-client",
        "ZUORA__CLIENT_SECRET": "demo-secret",
        "ZUORA__TENANT_ID": "10000",
        "CALLERS": json.dumps({"erp": {"usernames": ["erp@example.com"], "allow": ["*"]}}),
    }


def test_a_file_is_explained_by_the_rules_that_count_now(inside: World) -> None:
    """With look-ups and without a write; plan shows the same route."""
    before = inside.mark()
    (told,) = explained(inside.folder, refunds(inside), "--caller", "erp", **reached(inside))
    assert (told["decided"], told["caller"], told["rule"], told["route"]) == ("rule", "erp", "step", "rest")
    assert (told["account"], told["inside"]) == (ACCOUNT, True)
    plan = run(inside.folder, "plan", refunds(inside), "--json", **reached(inside))
    assert json.loads(plan.stdout)["objects"][0]["route"] == "rest"
    assert not any(each.changing for each in inside.requests(before))
    (other,) = explained(inside.folder, refunds(inside), "--account", "0" * 32, **reached(inside))
    assert (other["account"], other["place"]) == ("0" * 32, str(place("10000", "0" * 32)))
    (nobody,) = explained(inside.folder, refunds(inside), "--caller", "crm@example.com", **reached(inside))
    assert (nobody["route"], nobody["refused"].split(":")[0]) == (None, "NO_PERMISSION")


def test_without_a_journal_and_a_tenant_the_fixed_routes_count_and_no_journal_is_made(tmp_path: Path) -> None:
    """A guessed account has no place."""
    file = file_of(tmp_path, refund(Amount="1", PaymentId="a" * 32))
    done = run(tmp_path, "explain", file, "--json", ROUTES='{"Refund.*": "rest"}')
    (told,) = json.loads(done.stdout)
    assert (told["decided"], told["rule"], told["account"]) == ("fixed", "BRIDGE_ROUTES Refund.*", None)
    assert "No tenant is configured" in done.stderr
    assert run(tmp_path, "explain", file).stdout.startswith("Object 0, Refund.create of plan, would go by soap.")
    assert not (tmp_path / "bridge.db").exists()
    assert "SECRET-SESSION" not in done.stdout


def test_a_plan_by_actions_shows_an_action(tmp_path: Path) -> None:
    """And not the SOAP message in its place."""
    file = file_of(tmp_path, refund(Amount="1", PaymentId="a" * 32))
    done = run(tmp_path, "plan", file, "--json", ROUTES='{"*": "action"}')
    (sent,) = json.loads(done.stdout)["dispatches"]
    assert (sent["route"], sent["url"], API in sent["body"]) == (
        "action",
        "https://rest.zuora.com/v1/action/create",
        False,
    )


@pytest.mark.parametrize(
    ("content", "words", "code", "why"),
    [
        (b"<broken", (), 1, "refused"),
        (b"<broken", ("--version", "newest"), 2, "--version"),
    ],
)
def test_a_file_without_a_write_is_told_so(
    tmp_path: Path, content: bytes, words: tuple[str, ...], code: int, why: str
) -> None:
    """Exit 1, or 2 where the command is at fault."""
    (tmp_path / "call.xml").write_bytes(content)
    done = run(tmp_path, "explain", "call.xml", *words)
    assert (done.returncode, why in done.stderr) == (code, True)


def test_a_journal_that_cannot_be_read_is_not_taken_for_none(tmp_path: Path) -> None:
    """By other rules the explanation would be wrong."""
    (tmp_path / "bridge.db").write_bytes(b"no database, but a file of some length")
    done = run(tmp_path, "explain", file_of(tmp_path, payment(Amount="1")))
    assert (done.returncode, "cannot be read" in done.stderr) == (2, True)
