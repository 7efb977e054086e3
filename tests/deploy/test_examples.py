"""The sample programs under ``deploy/examples``, built and run by the commands of their README, against a bridge.

Each pays through calls whose answers are lost, in both ways in which a caller can be told that nobody knows: what it
prints must be what happened, and the books hold each payment once. A stack that is not installed is skipped.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import client_stacks
import pytest
from harness import ERP, World

from bridge.contract.files import own_wsdl

EXAMPLES = Path(__file__).parents[2] / "deploy" / "examples"
README = (EXAMPLES / "README.md").read_text(encoding="utf-8")
STACKS = {"zeep": "zeep", "php": "php", "java": "axis", "dotnet": "dotnet", "curl": ""}
SECONDS = 240

every_program = pytest.mark.parametrize("program", STACKS)


@dataclass(frozen=True)
class Ran:
    """How a program ended and what it said."""

    code: int
    said: str
    complained: str

    @property
    def ids(self) -> dict[str, str]:
        """The Ids by what it printed before them."""
        return dict(line.split(" ") for line in self.said.splitlines())


def commands(program: str) -> list[str]:
    """The lines of its section in the README; the last one runs it, the others build it."""
    section = README.partition(f"\n## {program}\n")[2].partition("\n## ")[0]
    return re.findall(r"^\$ (.*)$", section, re.MULTILINE)


def run(world: World, program: str, memo: str = "D1") -> Ran:
    """Built, unless it was before, and run as the README says."""
    wanted = STACKS[program]
    if reason := client_stacks.why_not(wanted) if wanted else (None if shutil.which("curl") else "there is no curl"):
        pytest.skip(reason)
    *build, start = commands(program)
    env = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    env |= {
        "ZUORA_URL": world.endpoint(),
        "ZUORA_USER": ERP,
        "ZUORA_PASSWORD": "demo",
        "ACCOUNT": world.names["A"],
        "METHOD": world.names["PMx"],
        "INVOICE": world.names["I1"],
        "MEMO": world.names[memo],
        "AXIS": ":".join(map(str, client_stacks.JARS)),
        "REPEAT_PAUSES": "0.1 0.2 0.4 0.8 1.6 3",
        "TZ": "America/Los_Angeles",
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    done = subprocess.run(
        ["bash", "-c", start],
        cwd=built(program, build, env),
        env=env,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def built(program: str, build: Sequence[str], env: dict[str, str]) -> Path:
    """The folder in which the program is ready. Built ones are kept, by all that goes into them."""
    source = EXAMPLES / program
    if not build:
        return source
    digest = hashlib.sha256(own_wsdl().read_bytes() + repr(build).encode())
    for each in sorted(source.iterdir()):
        digest.update(each.read_bytes())
    place: Path = client_stacks.CACHE / "built" / f"example-{program}-{digest.hexdigest()[:24]}"
    place.parent.mkdir(parents=True, exist_ok=True)
    with place.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not place.exists():
            # Beside it and then renamed: a build that was cut short is never taken for a program.
            with tempfile.TemporaryDirectory(dir=place.parent) as workshop:
                made = Path(workshop) / program
                shutil.copytree(source, made)
                for command in build:
                    done = subprocess.run(
                        ["bash", "-c", command], cwd=made, env=env, capture_output=True, text=True, timeout=SECONDS
                    )
                    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
                made.rename(place)
    return place


@every_program
@pytest.mark.parametrize("told", ["row", "504"])
def test_a_program_pays_once_whatever_gets_lost(tmp_path: Path, program: str, told: str) -> None:
    """The answers to the first attempts are lost; the repeats get the Ids of what was paid."""
    caller = {"usernames": [ERP], "allow": ["*"], "wait_seconds": 1, "in_doubt": told}
    with World(tmp_path, callers={"erp": caller}) as world:
        # Lost to the bridge too, which looks at once and does not see anything either.
        world.fault("drop_after", operation="create", times=1)
        world.fault("html_502", path="/object-query/", times=2)
        world.fault("drop_after", method="POST", path="/v1/payments", times=2)
        ran = run(world, program)
        books, made = world.ledger(), {each["id"]: Decimal(each["amount"]) for each in world.payments()}
    assert ran.code == 0, ran.complained
    assert list(ran.ids) == ["invoice", "memo", "again"]
    assert ran.ids["memo"] == ran.ids["again"]
    assert made == {ran.ids["invoice"]: Decimal("12.5"), ran.ids["memo"]: Decimal("7.25")}
    assert books["violations"] == []
    complaints = [line for line in ran.complained.splitlines() if line.startswith("not known yet")]
    assert len(complaints) >= 2, ran.complained
    assert all(("TRANSACTION_TIMEOUT" in line) is (told == "row") for line in complaints), ran.complained


@every_program
def test_a_refused_payment_ends_the_program(tmp_path: Path, program: str) -> None:
    """A draft memo cannot be paid: the code is shown, nothing is repeated, and nothing of it is in the books."""
    with World(tmp_path) as world:
        ran = run(world, program, memo="D2")
        made = [each["id"] for each in world.payments()]
    assert ran.code not in (0, 3)
    assert list(ran.ids) == ["invoice"]
    assert made == [ran.ids["invoice"]]
    assert "INVALID_VALUE" in ran.complained
    assert "not known yet" not in ran.complained


def test_every_example_has_its_section_and_is_run() -> None:
    """A folder that no test knows would rot."""
    assert {each.name for each in EXAMPLES.iterdir() if each.is_dir()} == set(STACKS)
    assert all(commands(program) for program in STACKS)
