"""``bridge parity`` as a user runs it: real sandboxes, real bridges, real HTTP, exit codes, files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from harness import World, part, payment
from lxml import etree
from parity_answers import ID

from bridge.parity import capture
from bridge.parity.corpus import calls, demo_calls, envelope, pays, refund, saved
from bridge.parity.corpus import payment as paid


def parity(folder: Path, *words: str, environment: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """One command, in a folder of its own."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("BRIDGE_")}
    return subprocess.run(
        [sys.executable, "-m", "bridge", "parity", *words],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
        env={**clean, "COLUMNS": "160", **(environment or {})},
    )


def told(folder: Path) -> dict[str, Any]:
    """The report in the default folder."""
    return dict(json.loads((folder / "parity-report" / "report.json").read_text()))


def test_route_soap_and_route_rest_pass_on_twins(tmp_path: Path) -> None:
    """What a user tries first: one command, sixty calls of everything, PASS, and the gate promotes."""
    done = parity(tmp_path, "replay", "--twins")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("PASS")
    report = told(tmp_path)
    assert report["verdict"] == "PASS"
    assert report["control"]
    assert {(each["operation"], each["object"]) for each in report["groups"]} >= {
        (operation, kind) for operation in ("create", "update", "delete", "query") for kind in ("Payment", "Refund")
    }
    # Neither side only refuses: every operation has succeeded at least once.
    good = {(each["operation"], each["object"]) for each in report["outcomes"] if "Success" in each["left"]}
    assert good >= {(op, kind) for op in ("create", "update", "delete") for kind in ("Payment", "Refund")}
    assert all(each["differ"] == 0 for each in report["money"])
    assert sum(each["compared"] for each in report["money"] if each["shelf"] == "payments") > 100
    folder = tmp_path / "parity-report"
    assert {each.name for each in folder.iterdir()} == {"report.html", "report.json", "junit.xml", "capture.jsonl"}
    assert etree.parse(str(folder / "junit.xml")).getroot().findall(".//failure") == []
    gate = parity(tmp_path, "gate", "parity-report/report.json")
    assert (gate.returncode, gate.stdout.startswith("Promote.")) == (0, True)
    stricter = parity(tmp_path, "gate", "parity-report/report.json", "--max-mismatch", "0.001", "--json")
    assert stricter.returncode == 3
    assert json.loads(stricter.stdout)["decision"] == "hold"


def test_the_demos_calls_are_the_same_but_too_few(tmp_path: Path) -> None:
    """Nothing counts, and the exit status says that this is no proof."""
    done = parity(tmp_path, "replay", "--twins", "--demo")
    assert done.returncode == 3, done.stdout + done.stderr
    report = told(tmp_path)
    assert report["verdict"] == "NOT ENOUGH DATA"
    assert [each for each in report["classes"] if each["counts"]] == []
    assert all(each["differ"] == 0 for each in report["money"])
    assert all(each["verdict"] == "PASS" for each in report["groups"] if each["operation"] == "books")
    gate = parity(tmp_path, "gate", "parity-report/report.json")
    assert (gate.returncode, gate.stdout.startswith("Hold.")) == (3, True)


ANOTHER_CODE: Mapping[str, object] = {"PaymentMethodId": None, "Type": None}
"""Two faults, of which SOAP blames the type and the bridge's own check the method."""


def test_a_difference_is_found_made_small_and_can_be_replayed(tmp_path: Path, world: World) -> None:
    """Of two faults each route blames another one first: one row of four is what is left of the call."""
    names = world.names
    objects = [pays(names, "I1", f"0.0{place}") for place in range(1, 5)]
    objects[2] = {**objects[2], **ANOTHER_CODE}
    (tmp_path / "calls").mkdir()
    (tmp_path / "calls" / "1.xml").write_bytes(envelope(saved("create", "Payment", *objects)))
    assert parity(tmp_path, "record", "--from", "calls").returncode == 0
    done = parity(tmp_path, "replay", "capture.jsonl", "--twins")
    assert done.returncode == 1, done.stdout + done.stderr
    report = told(tmp_path)
    (found,) = [each for each in report["classes"] if each["counts"]]
    assert (found["path"], found["kind"]) == ("createResponse/result/Errors/Code", "value")
    assert (found["example"]["objects"], found["example"]["shrunk_from"]) == (1, 4)
    assert found["example"]["request"].count("<ns1:zObjects") == 1
    assert "smallest-1-of-call-1.jsonl" in found["command"]
    again = parity(tmp_path, *found["command"].split()[2:], "--out", "again")
    assert again.returncode == 1
    (same,) = [
        each for each in json.loads((tmp_path / "again" / "report.json").read_text())["classes"] if each["counts"]
    ]
    assert (same["path"], same["example"]["objects"]) == (found["path"], 1)
    gate = parity(tmp_path, "gate", "parity-report/report.json")
    assert (gate.returncode, gate.stdout.startswith("Roll back.")) == (1, True)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"PaymentMethodId": None}, "UNKNOWN_ERROR"),
        ({"AccountId": "0" * 32}, "INVALID_ID"),
        ({"PaymentMethodId": "0" * 32}, "INVALID_ID"),
    ],
    ids=["no method", "an unknown account", "an unknown method"],
)
def test_both_routes_refuse_in_the_same_code(tmp_path: Path, pair: Any, change: dict[str, object], code: str) -> None:
    """What both can carry is refused in SOAP's code by either (SOAP API version history, 121; error handling)."""
    left, right = pair
    _captured(tmp_path, left, saved("create", "Payment", {**pays(left.names, "I1", "1"), **change}))
    done = parity(
        tmp_path, "replay", "capture.jsonl", *_sides(left, right), "--tolerance", "0.96", environment=CREDENTIALS
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (met,) = told(tmp_path)["outcomes"]
    assert (met["left"], met["right"]) == (code, code)


CREDENTIALS = {"BRIDGE_PARITY_USER": "erp@example.com", "BRIDGE_PARITY_PASSWORD": "demo"}


def _sides(left: World, right: World) -> list[str]:
    return [
        *("--left", left.url, "--left-books", left.sandbox.url, "--right", right.url),
        *("--right-books", right.sandbox.url, "--tolerance", "0.9"),
    ]


def _captured(folder: Path, world: World, *bodies: str) -> None:
    entries = [
        capture.entry(n, "/apps/services/a/107.0", {"Content-Type": "text/xml"}, envelope(body))
        for n, body in enumerate(bodies, 1)
    ]
    capture.write(capture.of(entries), folder / "capture.jsonl")


@pytest.fixture
def pair(tmp_path: Path) -> Any:
    """Two bridges on twins that somebody else runs: the second by REST."""
    for name in ("left", "right"):
        (tmp_path / name).mkdir()
    with World(tmp_path / "left") as left, World(tmp_path / "right", routes={"*": "rest"}) as right:
        yield left, right


def test_sides_that_somebody_runs(tmp_path: Path, pair: Any) -> None:
    """Ids made by one call are found in the next; the books are read by REST or from the sandbox."""
    left, right = pair
    made = saved("create", "Payment", paid(left.names, "5", AppliedCreditBalanceAmount="5"))
    _captured(tmp_path, left, made, saved("update", "Payment", {"Id": "{id:1.1}", "Comment": "changed"}))
    words = ("replay", "capture.jsonl", *_sides(left, right), "--tolerance", "0.96")
    done = parity(tmp_path, *words, environment=CREDENTIALS)
    assert done.returncode == 0, done.stdout + done.stderr
    client = {"BRIDGE_PARITY_CLIENT_ID": "demo-client", "BRIDGE_PARITY_CLIENT_SECRET": "demo-secret"}
    by_rest = saved("create", "Refund", refund("1", "{id:1.1}"))
    _captured(
        tmp_path, left, made.replace(">5<", ">6<"), by_rest, saved("create", "Payment", pays(left.names, "D1", "2"))
    )
    done = parity(tmp_path, *words, environment={**CREDENTIALS, **client})
    assert done.returncode == 0, done.stdout + done.stderr
    report = told(tmp_path)
    compared = {each["shelf"]: each["compared"] for each in report["books"]}
    assert compared == {"debitMemos": 1, "payments": 2, "refunds": 1}


def test_money_that_moved_on_one_side_only_fails_at_once(tmp_path: Path, pair: Any) -> None:
    """A payment refused on the right: the answer, the payment and the balance all differ; money first."""
    left, right = pair
    right.fault("refuse", method="POST", path="/v1/payments")
    _captured(tmp_path, left, saved("create", "Payment", pays(left.names, "I1", "20")))
    done = parity(tmp_path, "replay", "capture.jsonl", *_sides(left, right), environment=CREDENTIALS)
    assert done.returncode == 1, done.stdout + done.stderr
    report = told(tmp_path)
    money = {each["path"]: each["kind"] for each in report["classes"] if each["money"]}
    assert money["payments/*"] == "missing"
    assert money["invoices/*/balance"] == "value"
    assert report["sentence"].startswith("Money differs")
    assert "createResponse/result/Success" in {each["path"] for each in report["classes"] if each["counts"]}


def test_a_known_difference_holds_until_its_day(tmp_path: Path, pair: Any) -> None:
    """Accepted, unused and expired, each by its exit status."""
    left, right = pair
    _captured(tmp_path, left, saved("create", "Payment", {**pays(left.names, "I1", "1"), **ANOTHER_CODE}))
    fields = (
        'operation = "create"',
        'path = "*/Code"',
        'kind = "value"',
        'owner = "x"',
        'reason = "y"',
        'ticket = "z"',
    )
    entry = "\n".join(("[[difference]]", *fields, "expires = {}\n"))
    for path, day, status in (("*/Code", "2099-01-01", 0), ("*/Nowhere", "2099-01-01", 1), ("*/Code", "2020-01-01", 1)):
        (tmp_path / "known.toml").write_text(entry.format(day).replace("*/Code", path))
        words = ("replay", "capture.jsonl", *_sides(left, right), "--tolerance", "0.96", "--known", "known.toml")
        done = parity(tmp_path, *words, environment=CREDENTIALS)
        assert done.returncode == status, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("replay",), "say either --twins"),
        (("replay", "--twins", "--left", "http://x"), "say either --twins"),
        (("replay", "--left", "http://x", "--right", "http://y"), "a capture, --left and --right are needed"),
        (("replay", "--twins", "--left-route", "fax"), "is no route"),
        (("replay", "nowhere.jsonl", "--twins"), "cannot be read"),
        (("record", "--from", "nowhere"), "there is no folder"),
        (("gate", "nowhere.json"), "is no report.json"),
        (("show", "nowhere.json"), "is no report.json"),
    ],
)
def test_wrong_usage_is_said_in_one_sentence(tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    """With exit status 2 and without a trace."""
    done = parity(tmp_path, *words)
    assert done.returncode == 2, done.stdout + done.stderr
    assert said in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


def test_a_side_without_credentials_is_explained(tmp_path: Path, pair: Any) -> None:
    """They come from the environment only; a wrong one is said without being shown."""
    left, right = pair
    _captured(tmp_path, left, saved("create", "Payment", pays(left.names, "I1", "1")))
    done = parity(tmp_path, "replay", "capture.jsonl", *_sides(left, right))
    assert (done.returncode, "BRIDGE_PARITY_LEFT_USER" in done.stderr) == (2, True)
    wrong = {**CREDENTIALS, "BRIDGE_PARITY_PASSWORD": "wrong-password-1"}
    done = parity(tmp_path, "replay", "capture.jsonl", *_sides(left, right), environment=wrong)
    assert (done.returncode, "did not log" in done.stderr, "wrong-password-1" in done.stderr) == (2, True, False)


def test_a_capture_of_a_live_bridge_is_replayed(tmp_path: Path) -> None:
    """Recorded by the tap of one bridge, taken by record, replayed against two others."""
    spool = tmp_path / "spool"
    (tmp_path / "live").mkdir()
    with World(tmp_path / "live", capture={"folder": str(spool)}) as world:
        rows = [
            part("InvoicePayment", InvoiceId="@I1", Amount="1"),
            part("InvoicePayment", InvoiceId="@D1", Amount="2"),
        ]
        world.create(payment(Amount="3", InvoicePaymentData=rows))
    done = parity(tmp_path, "record", "--from", "spool", "--tenant", "10000", "--json")
    assert json.loads(done.stdout)["calls"] >= 2
    done = parity(tmp_path, "replay", "capture.jsonl", "--twins", "--no-control", "--tolerance", "0.96")
    assert done.returncode == 0, done.stdout + done.stderr
    assert told(tmp_path)["sides"].keys() == {"left", "right"}


def test_the_made_up_calls_are_the_same_for_a_seed() -> None:
    """And others for another one; no two of a run ask for the same payment."""
    names = dict.fromkeys(("A", "J", "PMx", "PMc", "I1", "I2", "I3", "D1", "C1", "P1"), ID)
    first = [one.body for one in calls(names, 20, 1)]
    assert first == [one.body for one in calls(names, 20, 1)]
    assert first != [one.body for one in calls(names, 20, 2)]
    creates = [body for body in first if "<ns1:create>" in body]
    assert len(set(creates)) == len(creates)
    assert len(demo_calls(names)) == 8
