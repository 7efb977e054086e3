"""``bridge journal`` from an operator's seat, beside a bridge that runs."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from harness import World, payment, refund

NOBODY = "0" * 32


def run(folder: Path, *words: str, database: str | None = None, **env: str) -> subprocess.CompletedProcess[str]:
    """Run ``bridge journal`` on the journal of a folder."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("BRIDGE_")}
    given = {"DATABASE_URL": database or f"sqlite:///{folder / 'bridge.db'}", **env}
    done = subprocess.run(
        [sys.executable, "-m", "bridge", "journal", *words],
        capture_output=True,
        text=True,
        timeout=60,
        env=clean | {f"BRIDGE_{name}": value for name, value in given.items()},
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


def told(folder: Path, *words: str, code: int = 0, **env: str) -> Any:
    """What a command says as JSON."""
    done = run(folder, *words, "--json", **env)
    assert done.returncode == code, done.stdout + done.stderr
    return json.loads(done.stdout)


def only(folder: Path, *filters: str) -> Any:
    """The one intent that these filters leave."""
    (one,) = listed(folder, *filters)
    return one


def listed(folder: Path, *filters: str) -> list[Any]:
    """The intents that these filters leave, without their owner: the recoverer takes them now and then."""
    return [{**one, "owner": None} for one in told(folder, "list", *filters)["intents"]]


@pytest.fixture
def doubtful(world: World) -> World:
    """A payment by SOAP without a marker whose answer was lost, beside one that was applied."""
    world.create(payment(Amount="10", InvoiceId="@I1", AppliedInvoiceAmount="10", ReferenceId="R-1"))
    world.fault("drop_after", operation="create")
    world.create(payment(Amount="20", InvoiceId="@I1", AppliedInvoiceAmount="20"))
    return world


def made(world: World, amount: str) -> str:
    """The Id of the payment of this amount."""
    (one,) = [each for each in world.payments() if str(each["amount"]) in (amount, f"{amount}.00")]
    return str(one["id"])


# ---------------------------------------------------------------- looking


def test_list_filters_what_show_tells_whole(doubtful: World) -> None:
    """By state, route, operation, object, caller, Id and time; the newest first."""
    folder = doubtful.folder
    all_of_them = listed(folder)
    assert [one["state"] for one in all_of_them] == ["IN_DOUBT", "APPLIED"]
    doubt, applied = all_of_them
    assert only(folder, "--state", "in-doubt") == doubt
    assert only(folder, "--zuora-id", made(doubtful, "10")) == applied
    assert listed(folder, "--limit", "1") == [doubt]
    assert told(folder, "list", "--limit", "1")["more"] is True
    everything = ("--object", "Payment", "--operation", "create", "--route", "soap", "--caller", "erp")
    assert len(told(folder, "list", *everything, "--since", "2026-02-20", "--until", "2026-02-21")["intents"]) == 2
    for nothing in (("--object", "Refund"), ("--route", "rest"), ("--caller", "other"), ("--since", "2026-02-21")):
        assert told(folder, "list", *nothing) == {"intents": [], "more": False}

    shown = told(folder, "show", doubt["id"])
    assert [row["detail"]["to"] for row in shown["history"]] == ["in_doubt"]
    (dispatch,) = shown["dispatches"]
    assert (dispatch["route"], dispatch["intents"]) == ("soap", [doubt["id"]])
    assert "request" not in dispatch
    assert None not in (dispatch["verdict"], dispatch["recorded"], dispatch["firstSent"], dispatch["answered"])


def test_show_prints_the_request_without_session_or_secret(world: World) -> None:
    """As it was sent, but for what nobody may read (I9)."""
    session = world.login()
    world.create(payment(Amount="10", InvoiceId="@I1", AppliedInvoiceAmount="10", Comment="card 4111 1111 1111 1111"))
    intent = only(world.folder)
    done = run(world.folder, "show", intent["id"], "--request")
    assert done.returncode == 0
    assert "POST " in done.stdout
    assert "AppliedInvoiceAmount" in done.stdout
    assert "4111 1111 1111 1111" not in done.stdout
    assert session not in done.stdout
    assert "Authorization" not in done.stdout


def test_text_output_names_every_intent_and_state(doubtful: World) -> None:
    """For a person at a narrow terminal: ids are whole, so that they can be copied into the next command."""
    done = run(doubtful.folder, "list")
    assert done.returncode == 0
    for each in listed(doubtful.folder):
        assert each["id"] in done.stdout
        assert each["state"] in done.stdout
        assert each["zuoraId"] is None or each["zuoraId"] in done.stdout
    shown = run(doubtful.folder, "show", only(doubtful.folder, "--state", "APPLIED")["id"])
    assert "history" in shown.stdout
    assert "verdict" in shown.stdout
    assert "applied" in shown.stdout


def test_an_intent_nobody_knows_is_exit_1(world: World) -> None:
    """With one sentence."""
    done = run(world.folder, "show", "i-none")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "bridge: the journal has no intent i-none; nothing was changed\n"


def test_export_is_one_json_line_per_intent(doubtful: World) -> None:
    """With history and dispatches, from a moment on."""
    done = run(doubtful.folder, "export", "--since", "2026-02-20", "--request")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["state"] for line in lines] == ["IN_DOUBT", "APPLIED"]
    assert all(line["dispatches"][0]["request"][0].startswith("POST /") for line in lines)
    assert run(doubtful.folder, "export", "--since", "2026-02-21").stdout == ""


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("list", "--state", "lost"), "'lost' is none of received, planned"),
        (("list", "--since", "yesterday"), "'yesterday' is no day, moment or age"),
        (("list", "--route", "fax"), "'fax' is none of soap, rest, action"),
        (("verify", "--head", "nonsense"), "--head is WRITER:SEQ:HEAD"),
        (("resolve", "i-1", "--refused", "--not-applied"), "exactly one of"),
        (("resolve", "i-1"), "exactly one of"),
        (("resolve", "i-1", "--refused", "--by", "Ada"), "--reason and --by are needed"),
        (("resolve", "i-1", "--refused", "--reason", "seen", "--by", " "), "--reason and --by are needed"),
        (("resolve", "i-1", "--refused", "--reason", "seen", "--by", "Ada"), "say --yes"),
        (("restore", "--by", "Ada"), "--reason and --by are needed"),
    ],
)
def test_a_misuse_is_exit_2_and_one_sentence(world: World, words: tuple[str, ...], text: str) -> None:
    """Nothing is changed."""
    done = run(world.folder, *words)
    assert done.returncode == 2
    assert text in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_looking_makes_no_journal_and_no_key(tmp_path: Path) -> None:
    """A wrong path must not become a file, also where something would be changed."""
    for words in (("list",), ("restore", "--reason", "x", "--by", "Ada", "--yes")):
        done = run(tmp_path, *words)
        assert done.returncode == 2
        assert "there is no journal in" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_journal_of_another_schema_is_not_touched(world: World) -> None:
    """Neither read wrongly nor migrated under the feet of a bridge that runs."""
    with closing(sqlite3.connect(world.database, isolation_level=None)) as other:
        other.execute("UPDATE alembic_version SET version_num = '0002'")
    for words in (("list",), ("restore", "--reason", "x", "--by", "Ada", "--yes")):
        done = run(world.folder, *words)
        assert done.returncode == 2
        assert "a journal of schema 0002" in done.stderr


def test_looking_takes_no_lock_and_leaves_the_database_as_it_is(doubtful: World) -> None:
    """Beside a writer that holds its lock, and from a folder that cannot be written."""
    with doubtful.journal_locked():
        assert len(told(doubtful.folder, "list")["intents"]) == 2
        assert told(doubtful.folder, "verify")["good"] is True


# ---------------------------------------------------------------- resolving


RESOLVED = ("--reason", "found in Zuora by account and day", "--by", "Ada", "--yes")


def test_a_person_settles_a_payment_in_doubt_and_the_repeat_joins_it(doubtful: World) -> None:
    """One payment, the caller hears its Id, and the audit has name and reason."""
    folder = doubtful.folder
    intent, zuora_id = only(folder, "--state", "in_doubt"), made(doubtful, "20")
    dry = told(folder, "resolve", intent["id"], "--applied", zuora_id, *RESOLVED, "--dry-run")
    assert (dry["done"], dry["refused"]) == (False, None)
    assert only(folder, "--state", "in_doubt") == intent

    assert told(folder, "resolve", intent["id"], "--applied", zuora_id, *RESOLVED)["done"] is True
    shown = told(folder, "show", intent["id"])
    assert (shown["state"], shown["zuoraId"]) == ("APPLIED", zuora_id)
    moves = [(row["kind"], row["detail"].get("to")) for row in shown["history"]]
    assert moves == [
        ("move", "in_doubt"),
        ("adopt", shown["owner"]),
        ("move", "parked"),
        ("move", "applied"),
        ("resolve", "applied"),
    ]
    assert shown["history"][-1]["detail"]["by"] == "Ada"
    assert shown["history"][-1]["detail"]["reason"] == "found in Zuora by account and day"

    repeated = doubtful.create(payment(Amount="20", InvoiceId="@I1", AppliedInvoiceAmount="20"))
    assert repeated.ids == [zuora_id]
    assert len(doubtful.payments()) == 2
    assert told(folder, "verify")["good"] is True


def test_not_applied_makes_the_repeat_a_new_attempt(world: World) -> None:
    """The request was lost before Zuora had it; the person has looked."""
    world.fault("drop_before", operation="create")
    sent = payment(Amount="20", InvoiceId="@I1", AppliedInvoiceAmount="20")
    world.create(sent)
    intent = only(world.folder, "--state", "in_doubt")
    assert told(world.folder, "resolve", intent["id"], "--not-applied", *RESOLVED)["done"] is True
    assert len(world.create(sent).ids) == 1
    assert len(world.payments()) == 1


def test_refused_is_recorded_by_way_of_parked(doubtful: World) -> None:
    """The table has no move from IN_DOUBT to REFUSED."""
    intent = only(doubtful.folder, "--state", "in_doubt")
    assert told(doubtful.folder, "resolve", intent["id"], "--refused", *RESOLVED)["done"] is True
    shown = told(doubtful.folder, "show", intent["id"])
    assert [row["detail"]["to"] for row in shown["history"] if row["kind"] == "move"] == [
        "in_doubt",
        "parked",
        "refused",
    ]


def test_an_id_that_settles_another_intent_is_refused(doubtful: World) -> None:
    """One object is one act."""
    intent = only(doubtful.folder, "--state", "in_doubt")
    other = only(doubtful.folder, "--state", "applied")
    answer = told(doubtful.folder, "resolve", intent["id"], "--applied", other["zuoraId"], *RESOLVED, code=1)
    assert answer["refused"] == f"{other['id']} was settled by that object; it cannot be both"
    assert only(doubtful.folder, "--state", "in_doubt") == intent


@pytest.mark.parametrize(
    ("state", "options", "why"),
    [
        ("applied", ("--not-applied",), "it is APPLIED; only one that is IN_DOUBT or PARKED"),
        ("in_doubt", ("--applied", "A-00001"), "that is no Id of Zuora"),
    ],
)
def test_what_cannot_be_is_refused(doubtful: World, state: str, options: tuple[str, ...], why: str) -> None:
    """With a sentence and exit 1; nothing changes, and the audit has no row of it."""
    intent = only(doubtful.folder, "--state", state)
    before = told(doubtful.folder, "show", intent["id"])["history"]
    answer = told(doubtful.folder, "resolve", intent["id"], *options, *RESOLVED, code=1)
    assert why in answer["refused"]
    assert only(doubtful.folder, "--state", state) == intent
    assert told(doubtful.folder, "show", intent["id"])["history"] == before


def test_an_unknown_intent_cannot_be_resolved(world: World) -> None:
    """Nothing is made up."""
    assert told(world.folder, "resolve", "i-x", "--refused", *RESOLVED, code=1)["refused"] == (
        "the journal has no such intent"
    )


def test_an_intent_that_a_living_process_is_sending_for_is_left_to_it(doubtful: World) -> None:
    """A person's word must not cross a request that is on its way; a dead process holds nothing."""
    intent = only(doubtful.folder, "--state", "in_doubt")
    with closing(sqlite3.connect(doubtful.database, isolation_level=None)) as other:
        other.execute("UPDATE dispatch SET last_sent_at = answered_at + 1 WHERE verdict LIKE 'doubt%' OR 1")
    answer = told(doubtful.folder, "resolve", intent["id"], "--not-applied", *RESOLVED, code=1)
    assert "is sending for it at this moment" in answer["refused"]
    for bridge in doubtful.bridges:
        bridge.stop()
    with closing(sqlite3.connect(doubtful.database, isolation_level=None)) as other:
        other.execute("UPDATE instance SET heartbeat_at = 0")
    assert told(doubtful.folder, "resolve", intent["id"], "--not-applied", *RESOLVED)["done"] is True


# ---------------------------------------------------------------- verifying


def test_verify_says_good_and_then_what_was_changed(doubtful: World) -> None:
    """Exit 0 and 1, beside the bridge that writes."""
    good = told(doubtful.folder, "verify")
    assert (good["good"], good["wrong"]) == (True, [])
    assert good["rows"] == 3
    with closing(sqlite3.connect(doubtful.database, isolation_level=None)) as other:
        other.execute("UPDATE audit SET detail = replace(detail, 'in_doubt', 'refused')")
    bad = told(doubtful.folder, "verify", code=1)
    assert (bad["good"], len(bad["wrong"])) == (False, 1)
    assert "row 3 is not what was written" in run(doubtful.folder, "verify").stdout


def test_verify_with_a_head_from_the_log(tmp_path: Path) -> None:
    """The log line that a bridge writes when it signs is what ``--head`` takes."""
    with World(tmp_path, bridges=0) as world:
        process = world.serve()
        world.create(payment(Amount="10", InvoiceId="@I1", AppliedInvoiceAmount="10"))
        process.terminate()
        assert process.wait(30) == 0
    with closing(sqlite3.connect(tmp_path / "bridge.db")) as other:
        ((writer, seq, digest),) = other.execute("SELECT writer, seq, digest FROM audit_mark").fetchall()
    head = f"{writer}:{seq}:{digest.hex()}"
    assert told(tmp_path, "verify", "--head", head)["good"] is True
    later = f"{writer}:{seq + 1}:{digest.hex()}"
    assert told(tmp_path, "verify", "--head", later, code=1)["wrong"] == [
        f"{writer}: row {seq + 1} is missing at its end"
    ]


def test_a_foreign_key_is_exit_2(world: World) -> None:
    """Not a thousand wrong rows."""
    done = run(world.folder, "verify", JOURNAL__KEY="QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=")
    assert done.returncode == 2
    assert "its key does not open this database" in done.stderr


# ---------------------------------------------------------------- after a restore


def test_restore_begins_the_mode_for_all_processes_and_ends_it(world: World) -> None:
    """For 72 hours, by name and reason, in the audit; dry runs and shorter ends change nothing."""
    folder = world.folder
    assert told(folder, "restore", "--status")["on"] is False
    who = ("--reason", "backup of 03:00 restored", "--by", "Ada", "--yes")
    assert told(folder, "restore", *who, "--dry-run")["done"] is False
    assert told(folder, "restore", "--status")["on"] is False
    until = told(folder, "restore", *who)["until"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", until)
    status = told(folder, "restore", "--status")
    assert status == {"on": True, "until": until, "why": "backup of 03:00 restored", "always": False}
    assert told(folder, "restore", "--hours", "1", *who)["done"] is True
    assert told(folder, "restore", "--status")["until"] == until, "a later word never shortens the mode"
    assert told(folder, "restore", "--end", *who)["done"] is True
    assert told(folder, "restore", "--status")["on"] is False
    assert told(folder, "verify")["good"] is True


def test_the_setting_keeps_the_mode_on(world: World) -> None:
    """As long as it is set."""
    assert told(world.folder, "restore", "--status", JOURNAL__LOOK_UP_FIRST="true")["always"] is True
    assert (
        "on (BRIDGE_JOURNAL__LOOK_UP_FIRST)"
        in run(world.folder, "restore", "--status", JOURNAL__LOOK_UP_FIRST="true").stdout
    )


def test_refunds_and_updates_are_listed_beside_payments(world: World) -> None:
    """What they came to is told with their Ids."""
    world.create(refund(Amount="10", PaymentId="@P1", SourceType="Payment"))
    assert only(world.folder, "--object", "Refund")["state"] in ("APPLIED", "REFUSED")
