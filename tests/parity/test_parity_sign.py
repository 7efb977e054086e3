"""What makes a report evidence: its digest, its signature, and ``bridge parity verify``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from parity_answers import call, found, record, run_of, said
from typer.testing import CliRunner

from bridge.cli.parity import cli
from bridge.contract.reader import read_own
from bridge.parity import report
from bridge.parity.capture import Capture
from bridge.parity.compare import Comparison, Neutral
from bridge.parity.corpus import queried
from bridge.parity.page import page
from bridge.parity.verdict import judge

KEY = b"0123456789abcdef0123456789abcdef"
COMMENT = "<ns2:Comment>{}</ns2:Comment>"


def made() -> dict[str, Any]:
    """A report of one call, in which only the control pair differs."""
    same, other = said(found(record(COMMENT.format("x")))), said(found(record(COMMENT.format("y"))))
    marked = said(found(record(COMMENT.format("x"))), **{"bridge-intent": "i-1", "zuora-track-id": "t-1"})
    pair = {"left": same, "right": marked, "control": other}
    run = run_of([(call(1, queried("select Id from Payment")), pair)])
    around = {name: Neutral() for name in run.sides}
    judged = judge(run, Comparison(read_own()), around, tolerance=0.05)
    told = report.Told(Capture(()), "", "2026-11-28T12:00:00+00:00", 1, 1, (), "", {}, "ab" * 32)
    return report.build(run, judged, told, around, {})


def verified(folder: Path, told: dict[str, Any], *words: str) -> tuple[int, dict[str, Any]]:
    """Exit status and JSON of ``verify``."""
    (folder / "report.json").write_text(json.dumps(told))
    (folder / "key").write_bytes(KEY + b"\n")
    (folder / "other").write_bytes(KEY[::-1])
    done = CliRunner().invoke(cli, ["verify", str(folder / "report.json"), "--json", *words])
    return done.exit_code, json.loads(done.stdout)


def test_a_signed_report_is_whole_under_its_key_only(tmp_path: Path) -> None:
    """Its own key fits, another does not, and without a key the digest is checked alone."""
    told = made()
    told["signature"] = report.signature(told, KEY)
    assert verified(tmp_path, told, "--key-file", str(tmp_path / "key"))[0] == 0
    assert verified(tmp_path, told) == (0, {"whole": True, "signed": True, "key": False, "fault": ""})
    code, said_ = verified(tmp_path, told, "--key-file", str(tmp_path / "other"))
    assert code == 1
    assert "not of this key" in said_["fault"]


def test_a_report_with_a_new_digest_is_still_found_changed(tmp_path: Path) -> None:
    """Whoever edits it can make a digest, but no signature."""
    told = made()
    told["signature"] = report.signature(told, KEY)
    told["verdict"] = "PASS"
    assert verified(tmp_path, told)[0] == 1
    told["digest"] = report.digest(told)
    assert verified(tmp_path, told)[0] == 0
    assert verified(tmp_path, told, "--key-file", str(tmp_path / "key"))[0] == 1


def test_an_unsigned_report_does_not_pass_under_a_key(tmp_path: Path) -> None:
    """To take a signature away is a change."""
    code, told = verified(tmp_path, made(), "--key-file", str(tmp_path / "key"))
    assert code == 1
    assert told["fault"] == "the report is not signed"


def test_a_short_key_is_refused(tmp_path: Path) -> None:
    """Fewer bytes than the hash has would weaken it."""
    (tmp_path / "report.json").write_text(json.dumps(made()))
    (tmp_path / "short").write_bytes(b"secret")
    done = CliRunner().invoke(cli, ["verify", str(tmp_path / "report.json"), "--key-file", str(tmp_path / "short")])
    assert done.exit_code != 0
    assert "at least 32" in str(done.exception)


def test_what_only_the_control_pair_shows_is_told_as_noise() -> None:
    """With its rate and its moment, counting for nothing, in JSON and on the page."""
    told = made()
    (one,) = told["classes"]
    assert (one["state"], one["counts"], one["calls"], one["noise"]) == ("noise", False, 0, 1)
    assert one["first_at"] == one["last_at"] == "2026-02-20T10:00:00-08:00"
    assert (one["sample"]["left"], one["sample"]["right"]) == ("x", "y")
    text = page(told)
    assert 'href="#class-1"' in text
    assert 'id="class-1"' in text
    assert "2026-02-20 10:00:00" in text


@pytest.mark.parametrize("shown", ["bridge 0", "abababababababab", "p99 difference"])
def test_the_page_says_what_was_judged_and_by_what(shown: str) -> None:
    """Build, WSDL file, and the tail of the latency."""
    assert shown in page(made())
