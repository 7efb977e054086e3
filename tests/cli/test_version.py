"""``bridge --version``: what runs, from what revision, with which WSDL; told whatever else is wrong."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import bridge
from bridge.telemetry import build

ROOT = Path(__file__).parents[2]
OLD = ROOT / "tests" / "clients" / "wsdl" / "zuora.83.0.wsdl"


def run(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """The command line as a person runs it, with these settings and no others."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("BRIDGE_")}
    command = [sys.executable, "-m", "bridge", *arguments]
    return subprocess.run(command, env={**env, **settings}, capture_output=True, text=True, check=False)


def git(*arguments: str, cwd: Path) -> str:
    """What git says, in a repository that is its own."""
    names = ("-c", "user.name=test", "-c", "user.email=test@example.com")
    return subprocess.run(["git", *names, *arguments], cwd=cwd, capture_output=True, text=True, check=True).stdout


def test_a_checkout_tells_its_revision_and_our_own_wsdl() -> None:
    """Version, git's revision of now, 107.0 and where the file is."""
    said = json.loads(run("--version", "--json").stdout)
    assert (said["version"], said["wsdl"]["version"]) == (bridge.__version__, "107.0")
    assert Path(said["wsdl"]["file"]).name == "zuora.107.0.wsdl"
    if not (ROOT / ".git").exists():
        assert (said["build"], said["origin"]) == ("unknown", "unknown")
        return
    assert said["origin"] == "checkout"
    assert said["build"].removesuffix("-dirty") == git("rev-parse", "--short=12", "HEAD", cwd=ROOT).strip()


def test_it_is_one_line_for_people() -> None:
    """The same, to be read out on the telephone."""
    said = run("--version")
    made = build.build()
    assert (said.returncode, said.stderr) == (0, "")
    assert said.stdout.startswith(f"{made}, WSDL 107.0 (")
    assert said.stdout.count("\n") == 1


def test_the_wsdl_is_the_one_that_would_be_used() -> None:
    """The tenant's file, where it is set."""
    said = json.loads(run("--version", "--json", BRIDGE_ZUORA__WSDL=str(OLD)).stdout)
    assert said["wsdl"] == {"version": "83.0", "file": str(OLD), "problem": None}


@pytest.mark.parametrize(
    ("settings", "problem"),
    [({"BRIDGE_WORKERS": "many"}, "BRIDGE_WORKERS"), ({"BRIDGE_ZUORA__WSDL": "/is/not/there.wsdl"}, None)],
)
def test_wrong_settings_do_not_keep_it_from_telling(settings: dict[str, str], problem: str | None) -> None:
    """The version is known all the same; of the WSDL it says that it is not."""
    said = run("--version", "--json", **settings)
    told = json.loads(said.stdout)
    assert (said.returncode, told["version"], told["wsdl"]["version"]) == (0, bridge.__version__, "unknown")
    assert problem is None or problem in told["wsdl"]["problem"]


@pytest.mark.parametrize("arguments", [(), ("--json",)])
def test_no_command_is_a_misuse(arguments: tuple[str, ...]) -> None:
    """Exit 2, as before there were options."""
    assert run(*arguments).returncode == 2


def test_what_was_baked_in_stands_over_git(tmp_path: Path) -> None:
    """A wheel may be installed within anybody's checkout."""
    (tmp_path / build.BAKED).write_text("0123456789ab\n")
    made = build.built_at(tmp_path)
    assert (made.revision, made.origin) == ("0123456789ab", "built")
    assert str(made) == f"bridge {bridge.__version__}, build 0123456789ab"


@pytest.mark.parametrize("baked", [None, "", "unknown\n"])
def test_what_nobody_knows_is_unknown(tmp_path: Path, baked: str | None) -> None:
    """Never guessed: neither without a file nor from a repository that is not the bridge's."""
    git("init", "-q", cwd=tmp_path)
    git("commit", "-q", "--allow-empty", "-m", "somebody else's", cwd=tmp_path)
    package = tmp_path / "bridge"
    package.mkdir()
    if baked is not None:
        (package / build.BAKED).write_text(baked)
    made = build.built_at(package)
    assert (made.revision, made.origin) == ("unknown", "unknown")
    (tmp_path / "pyproject.toml").touch()
    assert build.built_at(package).origin == ("unknown" if baked == "unknown\n" else "checkout")
