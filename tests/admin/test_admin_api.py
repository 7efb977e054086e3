"""The admin API from outside: who may ask, what it says, and that changes need what the commands need."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from harness import Answer, World, envelope, payment, post, saved, until

TOKEN = "an-owner's-token-0123456789"
RULE = {"name": "pilot", "operation": "create", "object": "Payment", "route": "rest"}
WHO = {"reason": "a step", "by": "alice"}


@pytest.fixture
def owned(tmp_path: Path) -> Iterator[World]:
    """A world whose admin listener has a token."""
    with World(tmp_path, admin={"listen": "127.0.0.1:0", "token": TOKEN}) as made:
        yield made


def ask(world: World, name: str, said: object = None, token: str | None = TOKEN, method: str = "") -> Answer:
    """One request to the admin API."""
    headers = [("Content-Type", "application/json")] + ([("Authorization", f"Bearer {token}")] if token else [])
    body = b"" if said is None else json.dumps(said).encode()
    url = f"{world.bridges[0].admin_url}/admin/api/{name}"
    return post(url, body, headers, method=method or ("GET" if said is None else "POST"))


def told(world: World, name: str, said: object = None, status: int = 200) -> Any:
    """Its answer as JSON."""
    answer = ask(world, name, said)
    assert answer.status == status, answer.body
    assert answer.header("Cache-Control") == "no-store"
    return json.loads(answer.body)


def test_without_a_token_in_the_settings_there_is_no_api(world: World) -> None:
    """Closed, whatever is presented."""
    assert ask(world, "cutover").status == 404
    assert ask(world, "cutover/stop", {**WHO}).status == 404


@pytest.mark.parametrize("token", [None, "", TOKEN[:-1], TOKEN + "x", TOKEN.upper(), "caf\xe9"])
def test_without_the_right_token_nothing_is_told_or_done(owned: World, token: str | None) -> None:
    """Neither reads nor changes; health stays open."""
    refused = ask(owned, "cutover", token=token)
    assert (refused.status, refused.header("WWW-Authenticate")) == (401, "Bearer")
    assert ask(owned, "cutover/stop", {**WHO}, token=token).status == 401
    assert told(owned, "cutover")["stopped"] is False
    assert post(f"{owned.bridges[0].admin_url}/healthz", b"", [], method="GET").status == 200


def test_the_api_is_not_on_the_callers_listener(owned: World) -> None:
    """There every unknown path passes to Zuora, which has none such."""
    answer = post(f"{owned.url}/admin/api/cutover", b"", [("Authorization", f"Bearer {TOKEN}")], method="GET")
    assert b"revision" not in answer.body


def test_rules_are_set_seen_and_rolled_back(owned: World) -> None:
    """With what changes, and in force at once."""
    made = told(owned, "cutover/set", {"rules": [RULE], **WHO, "seen": 0})
    assert (made["revision"], made["done"], '+name = "pilot"' in made["difference"]) == (1, True, True)
    shown = told(owned, "cutover")
    assert (shown["revision"], shown["author"], shown["rules"][0]["object"]) == (1, "alice", ["Payment"])
    one = payment(Amount="1", InvoiceId="@I1", AppliedInvoiceAmount="1", ReferenceId="R-1")
    until(lambda: owned.create(one.but(ReferenceId=f"R-{owned.mark()}")).header("Bridge-Route") == "rest", 5)
    assert told(owned, "cutover/rollback", {**WHO})["what"] == "rollback"
    assert [each["what"] for each in told(owned, "cutover/history")] == ["rollback", "set"]
    assert len(told(owned, "cutover/history?limit=1")) == 1


def test_a_file_s_text_is_taken_too(owned: World) -> None:
    """As `bridge cutover show --toml` prints it."""
    made = told(owned, "cutover/set", {"toml": '[[rule]]\nname = "all"\nroute = "rest"\n', **WHO})
    assert made["revision"] == 1


def test_stop_and_start(owned: World) -> None:
    """New payments are refused, and taken again."""
    assert told(owned, "cutover/stop", {**WHO})["what"] == "stop"
    one = payment(Amount="1", InvoiceId="@I1", AppliedInvoiceAmount="1")
    until(lambda: owned.create(one).status == 500, 5)
    assert told(owned, "cutover/start", {**WHO})["what"] == "start"
    until(lambda: owned.create(one).status == 200, 5)


def test_what_was_not_seen_is_not_overwritten(owned: World) -> None:
    """Two people who decide at once: the second is told."""
    told(owned, "cutover/set", {"rules": [RULE], **WHO, "seen": 0})
    late = told(owned, "cutover/set", {"rules": [], **WHO, "seen": 0}, 409)
    assert (late["revision"], "revision 1 by alice" in late["error"]) == (1, True)


def test_dry_changes_nothing(owned: World) -> None:
    """It says what would change."""
    made = told(owned, "cutover/set", {"rules": [RULE], **WHO, "dryRun": True})
    assert (made["done"], bool(made["difference"])) == (False, True)
    assert told(owned, "cutover")["revision"] == 0


@pytest.mark.parametrize(
    ("name", "said", "status", "words"),
    [
        ("cutover/set", {"rules": [RULE]}, 400, "reason and by"),
        ("cutover/set", {"rules": [RULE], "reason": " ", "by": "alice"}, 400, "reason and by"),
        ("cutover/set", {"rules": [{"name": "a", "route": "fax"}], **WHO}, 400, "Rule 1 (a): route"),
        ("cutover/set", {**WHO}, 400, "Rules are a list of tables."),
        ("cutover/check", {"rules": 1}, 400, "Rules are a list of tables."),
        ("cutover/set", [], 400, "no JSON object"),
        ("cutover/start", {**WHO}, 409, "That is what counts already."),
        ("cutover/rollback", {**WHO}, 409, "nothing to go back to"),
        ("cutover/rollback", {**WHO, "to": 7}, 400, "the number of a revision"),
        ("cutover/rollback", {**WHO, "to": "0"}, 400, "the number of a revision"),
        ("cutover/history?limit=0", None, 400, "limit is a number"),
        ("cutover/nothing", None, 404, "nothing here"),
        ("cutover/stop", None, 405, "takes POST"),
        ("cutover", {}, 405, "takes GET"),
    ],
)
def test_what_is_wrong_is_said(owned: World, name: str, said: object, status: int, words: str) -> None:
    """In a sentence, and nothing is changed."""
    answer = ask(owned, name, said)
    assert (answer.status, words in answer.body.decode()) == (status, True), answer.body
    assert told(owned, "cutover")["revision"] == 0


def test_bodies_are_bounded_and_nonsense_is_refused(owned: World) -> None:
    """Whoever has the token can still make mistakes."""
    url = f"{owned.bridges[0].admin_url}/admin/api/cutover/check"
    headers = [("Authorization", f"Bearer {TOKEN}")]
    assert post(url, b" " * (1024 * 1024 + 1), headers).status == 413
    for nonsense in (b"", b"\xff", b"[" * 100_000, b"{"):
        assert post(url, nonsense, headers).status == 400
    assert told(owned, "cutover/check", {"rules": [RULE]}) == {"good": True, "rules": 1, "wrong": []}


def test_what_a_newer_bridge_has_decided_is_said_and_not_overwritten(owned: World) -> None:
    """By the API and by the commands: one sentence, and nothing is changed."""
    told(owned, "cutover/set", {"rules": [RULE], **WHO})
    with contextlib.closing(sqlite3.connect(owned.database)) as journal, journal:
        journal.execute("""INSERT INTO revision VALUES (2, 1, 'bob', 'newer', '{"way": "new"}')""")
    for name, said in (("cutover", None), ("cutover/stop", {**WHO})):
        assert "cannot be read by this bridge" in told(owned, name, said, 500)["error"]
    environment = {**os.environ, "BRIDGE_DATABASE_URL": f"sqlite:///{owned.database}"}
    for verb in ("show", "ramps"):
        done = subprocess.run(
            [sys.executable, "-m", "bridge", "cutover", verb], capture_output=True, text=True, env=environment
        )
        assert (done.returncode, "use the newer bridge" in done.stderr, "Traceback" in done.stderr) == (2, True, False)


RAMP = {"name": "step by step", "operation": "create", "object": "Payment", "route": "rest", "ramp": {}}


def test_a_person_s_word_about_a_ramp_is_checked_before_anything_changes(owned: World) -> None:
    """A rule, a name and a reason; a ramp that is there; and what its gate says."""
    told(owned, "cutover/set", {"rules": [RAMP], **WHO})
    one = {"rule": "step by step"}
    assert "rule is needed" in told(owned, "ramps/hold", {**WHO}, 400)["error"]
    assert "reason and by" in told(owned, "ramps/hold", one, 400)["error"]
    assert told(owned, "ramps/hold", {**WHO, "rule": "nobody's"}, 409)["error"].startswith("There is no rule nobody's")
    assert "look again" in told(owned, "ramps/hold", {**WHO, **one, "seen": 7}, 409)["error"]
    assert "is not halted" in told(owned, "ramps/resume", {**WHO, **one}, 409)["error"]
    assert "force goes" in told(owned, "ramps/promote", {**WHO, **one}, 409)["error"]
    assert told(owned, "cutover")["revision"] == 1
    assert told(owned, "ramps/promote", {**WHO, **one, "force": True, "dryRun": True})["done"] is False
    assert told(owned, "ramps/promote", {**WHO, **one, "force": True})["revision"] == 2
    assert told(owned, "cutover")["rules"][0]["percent"] == "5"


# ---------------------------------------------------------------- explanations


def test_an_intent_is_explained(owned: World) -> None:
    """As the command does."""
    intent = owned.create(payment(Amount="2", InvoiceId="@I1", AppliedInvoiceAmount="2")).header("Bridge-Intent")
    found = told(owned, f"explain/{intent}")
    assert (found["intent"], found["decided"], found["route"]) == (intent, "default", "soap")
    assert "Nobody had set rules." in found["text"]


def test_a_message_that_nobody_has_sent_is_explained(owned: World) -> None:
    """By the rules that count, with look-ups, and without a write."""
    told(owned, "cutover/set", {"rules": [RULE | {"caller": "erp"}], **WHO})
    one = owned.resolve(payment(Amount="3", InvoiceId="@I1", AppliedInvoiceAmount="3"))
    soap = envelope(saved("create", [one])).decode()
    before = owned.mark()

    def explained() -> Any:
        (found,) = told(owned, "explain", {"soap": soap, "caller": "erp", "version": "107.0"})
        return found if found["revision"] == 1 else None

    found = until(explained, 5, "the rules")
    assert (found["rule"], found["route"], found["caller"]) == ("pilot", "rest", "erp")
    (other,) = told(owned, "explain", {"soap": soap, "account": "0" * 32})
    assert (other["decided"], other["account"], other["route"]) == ("default", "0" * 32, "soap")
    assert not any(each.changing for each in owned.requests(before))


@pytest.mark.parametrize(
    ("name", "said", "status", "words"),
    [
        ("explain/i-nothing", None, 404, "no such intent"),
        ("explain/", None, 404, "no such intent"),
        ("explain/a/b", None, 404, "nothing here"),
        ("explain/i-nothing", {}, 405, "takes GET"),
        ("explain", {}, 400, "soap is the text"),
        ("explain", {"soap": "<a/>", "caller": 7}, 400, "texts, or absent"),
        ("explain", {"soap": "<a/>", "version": "new"}, 400, "WSDL version"),
        ("explain", {"soap": "<a/>"}, 400, "SOAP"),
        ("explain", None, 405, "takes POST"),
    ],
)
def test_what_cannot_be_explained_is_said(owned: World, name: str, said: object, status: int, words: str) -> None:
    """In a sentence."""
    answer = ask(owned, name, said)
    assert (answer.status, words in answer.body.decode()) == (status, True), answer.body
