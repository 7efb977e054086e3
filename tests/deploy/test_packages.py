"""Wheel and sdist: installed into an environment that was empty, they run the demo, far from any checkout.

Built once, with the locked dependencies of a first installation; the sdist then takes the wheel's place in that
environment, since both ask for the same dependencies, which is looked at.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from dataclasses import dataclass
from email import message_from_string
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
LOCK = ROOT / "requirements.lock"
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
REVISION = "fedcba987654"
INSTALL = ("-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-compile")

pytestmark = pytest.mark.xdist_group("packages")


@dataclass(frozen=True)
class Built:
    """The two files, an environment that was empty, and a folder far from the checkout."""

    wheel: Path
    sdist: Path
    environment: Path
    away: Path

    def run(self, *command: str) -> str:
        """What a command of the environment says; it must end well and say nothing of trouble."""
        env = {name: value for name, value in os.environ.items() if not name.startswith(("BRIDGE_", "PYTHON"))}
        program = str(self.environment / "bin" / command[0])
        done = subprocess.run(
            [program, *command[1:]], cwd=self.away, env=env, capture_output=True, text=True, timeout=300, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The sdist of this checkout, the wheel of that sdist, and the wheel installed with what it asks for."""
    place = tmp_path_factory.mktemp("packages")
    away = place / "away"
    away.mkdir()
    environment = place / "environment"
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    python = environment / "bin" / "python"
    tools = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["build-system"]["requires"]
    subprocess.run([str(python), *INSTALL, "--target", str(place / "tools"), *tools], check=True)
    env = {**os.environ, "BUILD_REVISION": REVISION, "PYTHONPATH": str(place / "tools")}
    for kind in ("sdist", "wheel"):
        command = [str(python), "-m", "hatchling", "build", "-t", kind, "-d", str(place)]
        subprocess.run(command, cwd=ROOT, env=env, check=True, capture_output=True)
    made = Built(place / f"bridge-{VERSION}-py3-none-any.whl", place / f"bridge-{VERSION}.tar.gz", environment, away)
    made.run("python", *INSTALL, "-c", str(LOCK), str(made.wheel))
    return made


def test_both_ask_for_the_same(built: Built) -> None:
    """Name, version, Python, dependencies, licence: the metadata are the same text."""
    inside = f"bridge-{VERSION}"
    with zipfile.ZipFile(built.wheel) as wheel, tarfile.open(built.sdist) as sdist:
        member = sdist.extractfile(f"{inside}/PKG-INFO")
        assert member is not None
        metadata = wheel.read(f"{inside}.dist-info/METADATA").decode()
        assert metadata == member.read().decode()
    project = message_from_string(metadata)
    assert (project["Name"], project["Version"], project["License-Expression"]) == ("bridge", VERSION, "Apache-2.0")
    assert {"aiohttp>=3.13", "lxml>=6.0"} <= set(project.get_all("Requires-Dist", []))


def test_the_sdist_has_everything_that_people_need_and_nothing_that_was_left(built: Built) -> None:
    """Source, tests, deployment, the lock file; no database, key, cache or environment of whoever built it."""
    with tarfile.open(built.sdist) as sdist:
        names = {name.partition("/")[2] for name in sdist.getnames()}
    assert {"README.md", "LICENSE", "requirements.lock", "deploy/README.md", "wsdl/zuora.107.0.wsdl"} <= names
    assert "tests/deploy/test_packages.py" in names
    assert [
        name for name in names if name.endswith((".pyc", ".db", ".key")) or name.startswith((".venv", ".git/"))
    ] == []


@pytest.mark.parametrize("kind", ["wheel", "sdist"])
def test_the_installed_bridge_runs_the_demo(built: Built, kind: str) -> None:
    """``bridge demo --once`` and ``bridge --version``, with the revision that was baked in."""
    file = built.wheel if kind == "wheel" else built.sdist
    built.run("python", *INSTALL, "--no-deps", "--force-reinstall", str(file))
    assert "demo ready" in built.run("bridge", "demo", "--once").splitlines()
    assert built.run("bridge", "--version").startswith(f"bridge {VERSION}, build {REVISION}, WSDL 107.0 (")
    where = built.run("python", "-c", "import bridge; print(bridge.__file__)").strip()
    assert Path(where).is_relative_to(built.environment)


def test_the_environment_holds_nothing_but_the_lock_file_s_versions(built: Built) -> None:
    """What the lock file says is what runs."""
    locked = dict(line.split(" ")[0].split("==") for line in LOCK.read_text().splitlines() if "==" in line)
    said = built.run("python", "-m", "pip", "list", "--format=freeze", "--disable-pip-version-check")
    installed: dict[str, Any] = dict(line.split("==") for line in said.splitlines() if "==" in line)
    others = {name: version for name, version in installed.items() if name not in ("bridge", "pip", "setuptools")}
    known = {name.partition("[")[0].lower().replace("_", "-"): version for name, version in locked.items()}
    assert {name: known.get(name.lower().replace("_", "-")) for name in others} == others
