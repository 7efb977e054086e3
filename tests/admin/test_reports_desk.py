"""Reports of parity runs in the admin API: listed, given by name, and nothing else of the machine's files."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from admin_world import ADMIN, ask, told
from harness import World

from bridge.parity.report import digest


def report(**fields: Any) -> dict[str, Any]:
    """A small report with its digest."""
    made: dict[str, Any] = {
        "parity_report": 1,
        "verdict": "pass",
        "sentence": "No operation differs.",
        "made": "2026-02-20T10:00:00Z",
        "calls": 300,
        "groups": [
            {"operation": "create", "object": "Payment", "verdict": "pass", "calls": 300, "money": 0, "bound": 0}
        ],
        **fields,
    }
    return {**made, "digest": digest(made)}


def put(folder: Path, name: str, made: object) -> Path:
    """A folder as ``bridge parity replay`` leaves it."""
    (folder / name).mkdir(parents=True)
    path = folder / name / "report.json"
    path.write_text(made if isinstance(made, str) else json.dumps(made), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A bridge whose folder of reports has good ones, bad ones, and links that lead out of it."""
    folder: Path = tmp_path_factory.mktemp("world")
    reports = folder / "reports"
    put(reports, "first", report())
    put(reports, "changed", report() | {"verdict": "fail"})
    put(reports, "nonsense", "{")
    put(reports, "other", {"hello": 1})
    put(reports, ".hidden", report())
    put(folder, "outside", report(sentence="secret"))
    os.symlink(folder / "outside", reports / "linked")
    (reports / "inner").mkdir()
    os.symlink(folder / "outside" / "report.json", reports / "inner" / "report.json")
    with World(folder, admin=ADMIN, parity={"reports": reports}) as made:
        yield made


def test_reports_are_listed_with_their_verdicts_and_whether_they_were_changed(world: World) -> None:
    """What is no report, or leads elsewhere, is not there."""
    listed = {each["name"]: each for each in told(world, "reports")["reports"]}
    assert set(listed) == {"first", "changed"}
    first = listed["first"]
    assert (first["verdict"], first["calls"], first["fault"], first["at"]) == ("pass", 300, None, 1771581600000)
    assert first["groups"] == [
        {"operation": "create", "object": "Payment", "verdict": "pass", "calls": 300, "money": 0}
    ]
    assert "changed after it was made" in listed["changed"]["fault"]


def test_a_report_is_given_as_it_is(world: World) -> None:
    """So that its digest still fits."""
    assert told(world, "reports/first") == report()


@pytest.mark.parametrize(
    "name",
    [
        *("../outside", "..", ".", "linked", "inner", ".hidden", "nonsense", "other", "first/report.json", "none"),
        *("....//outside", "..\\outside", "/etc", "first\n", "x" * 300, "\udc80", "\0", "~"),
    ],
)
def test_a_hostile_name_reads_nothing(world: World, name: str) -> None:
    """A name is a folder's of the setting's folder, however it is spelled."""
    status, said = ask(world, "vera", "reports/" + quote(name.encode("utf-8", "surrogateescape"), safe=""))
    assert (status, "secret" in json.dumps(said)) == (404, False)


def test_without_the_setting_it_is_said_that_there_are_none(tmp_path: Path) -> None:
    """Which setting it takes."""
    with World(tmp_path, admin=ADMIN) as world:
        assert "BRIDGE_PARITY__REPORTS" in told(world, "reports")["note"]
        assert ask(world, "vera", "reports/first")[0] == 404
