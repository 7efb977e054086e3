"""Wheel and sdist: installed into an environment that was empty, they run the demo, far from any checkout.

One test, because building and installing is dear: the locked dependencies are installed with the wheel, then the sdist
takes its place in that environment, since both ask for the same, which is looked at.
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

ROOT = Path(__file__).parents[2]
LOCK = ROOT / "requirements.lock"
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
VERSION = PYPROJECT["project"]["version"]
INSIDE = f"bridge-{VERSION}"
REVISION = "fedcba987654"
INSTALL = ("-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-compile")


@dataclass(frozen=True)
class Environment:
    """A virtual environment, and a folder far from the checkout in which its programs are run."""

    home: Path
    away: Path

    def run(self, *command: str, **settings: str) -> str:
        """What a program of the environment says; it must end well."""
        env = {name: value for name, value in os.environ.items() if not name.startswith(("BRIDGE_", "PYTHON"))}
        done = subprocess.run(
            [str(self.home / "bin" / command[0]), *command[1:]],
            cwd=self.away,
            env={**env, **settings},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


def test_wheel_and_sdist_run_the_demo_in_an_environment_that_was_empty(tmp_path: Path) -> None:
    """``bridge demo --once`` and ``bridge --version`` of each, with the revision that was baked in."""
    environment = Environment(tmp_path / "environment", tmp_path)
    tools = str(tmp_path / "tools")
    subprocess.run([sys.executable, "-m", "venv", str(environment.home)], check=True)
    environment.run("python", *INSTALL, "--target", tools, *PYPROJECT["build-system"]["requires"])
    build = ("-m", "hatchling", "build", "-d", str(tmp_path))
    for kind in ("sdist", "wheel"):
        # From the checkout's folder: hatchling builds what it stands in.
        command = [str(environment.home / "bin" / "python"), *build, "-t", kind]
        env = {**os.environ, "PYTHONPATH": tools, "BUILD_REVISION": REVISION}
        subprocess.run(command, cwd=ROOT, env=env, check=True, capture_output=True)
    wheel, sdist = tmp_path / f"{INSIDE}-py3-none-any.whl", tmp_path / f"{INSIDE}.tar.gz"
    look_into(wheel, sdist)

    environment.run("python", *INSTALL, "-c", str(LOCK), str(wheel))
    runs(environment)
    holds_what_is_locked(environment)

    environment.run("pip", "uninstall", "-q", "-y", "bridge")
    environment.run("python", *INSTALL, "--no-deps", "--no-build-isolation", str(sdist), PYTHONPATH=tools)
    runs(environment)


def look_into(wheel: Path, sdist: Path) -> None:
    """Everything that people need, nothing that was left by whoever built it; both ask for the same."""
    with zipfile.ZipFile(wheel) as packed:
        metadata = packed.read(f"{INSIDE}.dist-info/METADATA").decode()
        names = set(packed.namelist())
    assert {"bridge/_wsdl/zuora.107.0.wsdl", "bridge/_wsdl/extension.xsd", "bridge/py.typed"} <= names
    assert any(name.startswith("bridge/journal/migrations/versions/") for name in names)
    assert {"bridge/console/templates/frame.html.j2", "bridge/console/static/console.css"} <= names
    project = message_from_string(metadata)
    assert (project["Name"], project["Version"], project["License-Expression"]) == ("bridge", VERSION, "Apache-2.0")
    with tarfile.open(sdist) as packed:
        member = packed.extractfile(f"{INSIDE}/PKG-INFO")
        assert member is not None
        assert member.read().decode() == metadata
        names = {name.partition("/")[2] for name in packed.getnames()}
    assert {"README.md", "LICENSE", "requirements.lock", "deploy/README.md", "wsdl/zuora.107.0.wsdl"} <= names
    assert "tests/deploy/test_packages.py" in names
    left = [name for name in names if name.endswith((".pyc", ".db", ".key")) or name.startswith((".venv", ".git/"))]
    assert left == []


def runs(environment: Environment) -> None:
    """The installed one, and no other."""
    assert "demo ready" in environment.run("bridge", "demo", "--once").splitlines()
    told = environment.run("bridge", "--version")
    assert told.startswith(f"bridge {VERSION}, build {REVISION}, WSDL 107.0 (")
    assert Path(told.rpartition("(")[2].rstrip(")\n")).is_relative_to(environment.home)


def holds_what_is_locked(environment: Environment) -> None:
    """What the lock file says is what runs."""
    pins = [line.split(" ")[0].split("==") for line in LOCK.read_text(encoding="utf-8").splitlines() if "==" in line]
    known = {name.partition("[")[0].lower().replace("_", "-"): version for name, version in pins if name != "#"}
    said = environment.run("pip", "list", "--format=freeze", "--disable-pip-version-check")
    installed = dict(line.split("==") for line in said.splitlines() if "==" in line)
    others = {name: version for name, version in installed.items() if name not in ("bridge", "pip", "setuptools")}
    assert {name: known.get(name.lower().replace("_", "-")) for name in others} == others
