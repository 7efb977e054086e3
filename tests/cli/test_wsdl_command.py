"""``bridge wsdl check`` and ``bridge wsdl diff``, from a person's seat."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

OWN = Path(__file__).parents[2] / "wsdl" / "zuora.107.0.wsdl"


def run(folder: Path, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run ``bridge wsdl``."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("BRIDGE_")}
    done = subprocess.run(
        [sys.executable, "-m", "bridge", "wsdl", *words],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=folder,
        env=clean | {f"BRIDGE_{name}": value for name, value in env.items()},
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


def file(folder: Path, *edits: tuple[str, str], name: str = "tenant.wsdl") -> str:
    """Our own file, edited, under a name of its own."""
    text = OWN.read_text()
    for old, new in edits:
        assert old in text
        text = text.replace(old, new)
    (folder / name).write_text(text)
    return name


def test_a_good_file_is_judged_so_and_its_custom_fields_are_listed(tmp_path: Path) -> None:
    """Exit 0; with --json everything by name."""
    place = '<element minOccurs="0" name="UnappliedAmount"'
    fields = '<element minOccurs="0" name="BankFee__c" nillable="true" type="decimal"/>'
    name = file(tmp_path, (place, fields + place), ("/a/107.0", "/a/128.0"))
    done = run(tmp_path, "check", name, "--json")
    assert done.returncode == 0, done.stdout
    said = json.loads(done.stdout)
    assert (said["version"], said["address"]) == ("128.0", "https://www.zuora.com/apps/services/a/128.0")
    assert said["customFields"] == {"Payment": {"BankFee__c": "decimal"}}
    assert {"Payment", "Refund", "InvoicePayment"} <= set(said["objects"])
    assert "DebitMemoPayment" not in said["objects"]
    assert {each["state"] for each in said["findings"]} <= {"agrees", "note"}
    shown = run(tmp_path, "check", name).stdout
    assert "Payment.BankFee__c (decimal)" in shown
    # A name that is cut off cannot be looked for.
    assert "…" not in shown


@pytest.mark.parametrize(
    ("edits", "subject", "words"),
    [
        ([("/a/107.0", "/a/106.0")], "version", "107.0 or later"),
        ([('<complexType name="Refund">', '<complexType name="Refunds">')], "objects", "Refund missing"),
        ([('name="AppliedAmount"', 'name="Applied"')], "Invoice Settlement", "no AppliedAmount"),
        ([('name="UnappliedAmount"', 'name="Unapplied"')], "Invoice Settlement", "BRIDGE_ZUORA__SETTLEMENT=off"),
        ([('<operation name="update">', '<operation name="updates">')], "operations", "update() missing"),
    ],
)
def test_a_file_that_lacks_what_is_needed_gives_1(
    tmp_path: Path, edits: list[tuple[str, str]], subject: str, words: str
) -> None:
    """With what is missing, and the permission or setting behind it."""
    name = file(tmp_path, *edits)
    done = run(tmp_path, "check", name, "--json")
    assert done.returncode == 1
    (wrong,) = [each for each in json.loads(done.stdout)["findings"] if each["state"] == "wrong"]
    assert wrong["subject"] == subject
    assert words in wrong["found"] + " ".join(wrong["advice"])
    plain = run(tmp_path, "check", name)
    assert plain.returncode == 1
    assert wrong["advice"][0] in plain.stdout


@pytest.mark.parametrize(
    ("edits", "words"),
    [
        ([('<operation name="queryMore">', '<operation name="others">')], "queryMore() missing"),
        ([('<complexType name="InvoicePayment">', '<complexType name="InvoicePayments">'),
          ('"ons:InvoicePayment"', '"ons:InvoicePayments"')], "InvoicePayment missing"),
        ([('<element minOccurs="0" name="Currency" nillable="true" type="string"/>', "")], "no Currency"),
        ([('name="entityId"', 'name="entityId"')], "login takes an entity"),
        ([('name="Comment"', 'name="Zcomment"')], "not in alphabetical order"),
    ],
)  # fmt: skip
def test_what_is_only_worth_knowing_is_noted(tmp_path: Path, edits: list[tuple[str, str]], words: str) -> None:
    """Exit 0."""
    done = run(tmp_path, "check", file(tmp_path, *edits), "--json")
    assert done.returncode == 0, done.stdout
    assert any(words in each["found"] and each["state"] == "note" for each in json.loads(done.stdout)["findings"])


def test_settlement_is_judged_by_the_setting(tmp_path: Path) -> None:
    """A tenant without it has a file without its fields."""
    without = file(tmp_path, ('name="AppliedAmount"', 'name="Applied"'), ('name="UnappliedAmount"', 'name="Unapplied"'))
    assert run(tmp_path, "check", without, ZUORA__SETTLEMENT="off").returncode == 0
    done = run(tmp_path, "check", str(OWN), ZUORA__SETTLEMENT="off")
    assert done.returncode == 1
    assert "BRIDGE_ZUORA__SETTLEMENT=on" in done.stdout


def test_an_unreadable_file_is_named_with_its_construct_and_line(tmp_path: Path) -> None:
    """It is the thing checked, so exit 1; as one of two to compare it is a usage error."""
    name = file(tmp_path, ("<sequence>", "<sequence><any/>"))
    done = run(tmp_path, "check", name)
    assert done.returncode == 1
    assert done.stderr.startswith(f"bridge: {name}: line ")
    assert "<any> cannot be modelled" in done.stderr
    assert "<any>" in json.loads(run(tmp_path, "check", name, "--json").stdout)["error"]
    for words in ((name, str(OWN)), (str(OWN), name)):
        done = run(tmp_path, "diff", *words)
        assert (done.returncode, done.stdout) == (2, "")
        assert "<any>" in done.stderr


@pytest.mark.parametrize(
    "words", [("check",), ("check", "none.wsdl"), ("diff", str(OWN)), ("diff", str(OWN), "none"), ()]
)
def test_a_missing_file_is_a_usage_error(tmp_path: Path, words: tuple[str, ...]) -> None:
    """Exit 2."""
    assert run(tmp_path, *words).returncode == 2


def test_a_difference_that_breaks_nobody_gives_0(tmp_path: Path) -> None:
    """The same file, a newer version, a new field of an object."""
    place = '<element minOccurs="0" name="UnappliedAmount"'
    more = '<element minOccurs="0" name="BankFee__c" nillable="true" type="decimal"/>'
    newer = file(tmp_path, (place, more + place), ("/a/107.0", "/a/128.0"))
    done = run(tmp_path, "diff", str(OWN), newer)
    assert done.returncode == 0
    assert "Payment.BankFee__c: added" in done.stdout
    assert "2 changes, 0 of them breaking" in done.stdout
    same = run(tmp_path, "diff", newer, newer)
    assert (same.returncode, same.stdout) == (0, "The files say the same.\n")


def test_a_difference_that_breaks_callers_gives_1(tmp_path: Path) -> None:
    """Marked on its line, and counted."""
    place = 'name="Amount" nillable="true" type="decimal"'
    changed = file(tmp_path, (place, place.replace("decimal", "string")))
    done = run(tmp_path, "diff", str(OWN), changed, "--json")
    assert done.returncode == 1
    said = json.loads(done.stdout)
    assert said["breaking"] == len(said["changes"]) >= 3
    payment = next(each for each in said["changes"] if each["where"] == "Payment.Amount")
    assert (payment["what"], payment["breaking"]) == ("type decimal is now string", True)
    assert "breaking  Payment.Amount: type decimal is now string; " in run(tmp_path, "diff", str(OWN), changed).stdout
