"""The list of parts and the audit: true of the lock file, valid by the published schema, and unable to pretend."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import client_stacks
import pytest

import bridge

ROOT = Path(__file__).parents[2]
CI = ROOT / ".ci"
VALIDATE = """
import sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
wrong = JsonStrictValidator(SchemaVersion.V1_6).validate_str(sys.stdin.read())
sys.exit(str(wrong) if wrong else 0)
"""


@pytest.fixture(scope="module")
def ci() -> Iterator[dict[str, ModuleType]]:
    """The modules of ``.ci``."""
    sys.path.insert(0, str(CI))
    yield {name: importlib.import_module(name) for name in ("parts", "sbom", "audit")}
    sys.path.remove(str(CI))


@pytest.fixture(scope="module")
def document(ci: dict[str, ModuleType]) -> Any:
    """The list of parts."""
    return ci["sbom"].sbom()


def told_by(tmp_path: Path, answer: object) -> list[str]:
    """A program in pip-audit's place that answers this about whatever it is asked."""
    script = tmp_path / "answers.py"
    text = answer if isinstance(answer, str) else json.dumps(answer)
    script.write_text(f"print({text!r})\n")
    return [sys.executable, str(script)]


# ------------------------------------------------------------------ the list of parts


def test_every_locked_part_is_listed_with_its_licence(ci: dict[str, ModuleType], document: Any) -> None:
    """Name, version and licence of all; the bridge itself in front."""
    assert document["metadata"]["component"]["version"] == bridge.__version__
    listed = {each["name"]: each for each in document["components"]}
    assert {name: each["version"] for name, each in listed.items()} == {
        name: part.version for name, part in ci["parts"].locked().items()
    }
    assert {name for name, each in listed.items() if "licenses" not in each} <= set(
        ci["audit"].not_seen(ci["parts"].locked())
    )
    assert listed["psycopg"]["licenses"] == [{"license": {"id": "LGPL-3.0-only"}}]


def test_what_runs_is_told_from_what_tests(document: Any) -> None:
    """Also what nobody asked for by name: the C library below cryptography runs, the test runner does not."""
    scopes = {each["name"]: each["scope"] for each in document["components"]}
    assert {scopes[name] for name in ("aiohttp", "cffi", "psycopg-binary", "sqlalchemy")} == {"required"}
    assert {scopes[name] for name in ("pytest", "mypy", "execnet")} == {"excluded"}


def test_the_same_environment_gives_the_same_bytes(ci: dict[str, ModuleType], document: Any) -> None:
    """So that two builds can be compared."""
    assert ci["sbom"].sbom() == document


def test_the_command_writes_a_file_that_the_schema_allows(tmp_path: Path) -> None:
    """Judged by CycloneDX's own library, strictly."""
    file = tmp_path / "bridge.cdx.json"
    done = subprocess.run([sys.executable, str(CI / "sbom.py"), str(file)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    if reason := client_stacks.why_not("cyclonedx"):
        pytest.skip(reason)
    python = client_stacks.CYCLONEDX_HOME / "bin" / "python"
    text = file.read_text(encoding="utf-8")
    judged = [
        subprocess.run([str(python), "-c", VALIDATE], input=each, capture_output=True, text=True)
        for each in (text, text.replace('"required"', '"needed"'))
    ]
    assert judged[0].returncode == 0, judged[0].stderr
    assert judged[1].returncode == 1, "the judge allows everything"


# ------------------------------------------------------------------ the audit


def test_nothing_is_found_here(ci: dict[str, ModuleType], capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 0, and it says what it has not done."""
    assert ci["audit"].main([]) == 0
    said = capsys.readouterr().out
    assert "0 findings" in said
    assert "vulnerabilities were not asked for" in said


def test_each_kind_of_finding_is_found(ci: dict[str, ModuleType]) -> None:
    """Unpinned, unlocked, another version, asked for and absent, a licence that we may not ship with."""
    parts = ci["parts"]
    locked = dict(parts.locked())
    lxml = locked["lxml"]
    locked["lxml"] = replace(lxml, version="", line="lxml>=6")
    locked["zeep"] = replace(locked["zeep"], licence="AGPL-3.0-only")
    locked["rich"] = replace(locked["rich"], licence="")
    gone = locked.pop("typer")
    installed = {**parts.installed(), "attrs": "1.0"}
    found = ci["audit"].findings(locked, installed, frozenset({"typer", "lxml"}))
    assert sorted(found) == sorted(
        [
            "lxml>=6: not pinned to one version",
            f"typer {gone.version}: installed and not in the lock file",
            f"attrs 1.0: installed, but {locked['attrs'].version} is locked",
            "typer: asked for and not in the lock file",
            f"zeep {locked['zeep'].version}: licence AGPL-3.0-only is not on the list",
            f"rich {locked['rich'].version}: licence not told is not on the list",
        ]
    )


@pytest.mark.parametrize(
    ("licence", "good"),
    [
        ("MIT", True),
        ("Apache-2.0 AND MIT", True),
        ("GPL-2.0-only OR MIT", True),
        ("(Apache-2.0 OR BSD-3-Clause)", True),
        ("MIT AND GPL-3.0-only", False),
        ("Proprietary", False),
        ("", False),
    ],
)
def test_a_licence_is_judged_by_its_choices(ci: dict[str, ModuleType], licence: str, good: bool) -> None:
    """One good choice is enough, and all of it must be good."""
    assert ci["audit"].allowed(licence) is good


@pytest.mark.parametrize(
    "answer",
    ["", "not JSON", {"dependencies": []}, {"dependencies": [{"name": "lxml", "skip_reason": "not found on PyPI"}]}],
)
def test_no_answer_is_not_taken_for_a_good_one(ci: dict[str, ModuleType], tmp_path: Path, answer: object) -> None:
    """pip-audit itself ends with 0 and *no known vulnerabilities* for what it could not ask about."""
    audit = ci["audit"]
    locked = {"lxml": ci["parts"].locked()["lxml"]}
    with pytest.raises(audit.NotReachable):
        audit.vulnerabilities(locked, told_by(tmp_path, answer))


def test_what_pypi_knows_is_a_finding(ci: dict[str, ModuleType], tmp_path: Path) -> None:
    """With its name and the release that mends it; and an answer without any is good."""
    audit, part = ci["audit"], ci["parts"].locked()["lxml"]
    known = {"name": "lxml", "version": part.version, "vulns": [{"id": "PYSEC-0000-1", "fix_versions": ["9.9"]}]}
    found = audit.vulnerabilities({"lxml": part}, told_by(tmp_path, {"dependencies": [known]}))
    assert found == [f"lxml {part.version}: PYSEC-0000-1, mended in 9.9"]
    clean = {"dependencies": [{**known, "vulns": []}]}
    assert audit.vulnerabilities({"lxml": part}, told_by(tmp_path, clean)) == []


@pytest.mark.parametrize(("more", "code"), [([], 3), (["--unreachable-is-fine"], 0)])
def test_an_unreachable_index_is_said(
    ci: dict[str, ModuleType],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    more: list[str],
    code: int,
) -> None:
    """In capitals, and with an exit of its own unless that was allowed."""
    monkeypatch.setattr(ci["audit"], "program", lambda: told_by(tmp_path, {"dependencies": []}))
    assert ci["audit"].main(["--ask", *more]) == code
    assert "VULNERABILITIES ARE NOT KNOWN" in capsys.readouterr().out
