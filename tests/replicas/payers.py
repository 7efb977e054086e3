"""Legacy clients on their own stacks that pay on order, each a process of its own, and an ERP that repeats with them.

Every payment has an amount and a ReferenceId of its own, so that the books tell exactly what moved. Must not know the
bridge's journal.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CLIENTS = Path(__file__).resolve().parents[1] / "clients"
sys.path.insert(0, str(CLIENTS))

import provision  # noqa: E402
from stacks import ENVIRONMENT, ZONE  # noqa: E402

WSDL = CLIENTS / "wsdl"
MOST_TRIES = 300
COMMANDS: Mapping[str, tuple[str, ...]] = {
    "zeep": (sys.executable, str(CLIENTS / "python-zeep" / "payer.py")),
    "suds": (str(provision.SUDS_HOME / "bin" / "python"), str(CLIENTS / "python-suds" / "payer.py")),
    "php": ("php", "-d", f"date.timezone={ZONE}", str(CLIENTS / "php" / "payer.php")),
}


def stacks() -> list[str]:
    """Those that are here; zeep is everywhere."""
    return [name for name in COMMANDS if name == "zeep" or provision.why_not(name) is None]


class Payer:
    """One process of one stack."""

    def __init__(self, name: str, wsdl: Path) -> None:
        self.name = name
        self.process = subprocess.Popen(
            [*COMMANDS[name], str(wsdl)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=ENVIRONMENT,
            text=True,
        )

    def order(self, url: str, session: str, fields: Mapping[str, str]) -> Mapping[str, Any]:
        """What its stack was told."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"url": url, "session": session, "fields": dict(fields)}) + "\n")
        self.process.stdin.flush()
        told: Mapping[str, Any] = json.loads(self.process.stdout.readline())
        return told


@contextmanager
def payers(wsdl: Path) -> Iterator[list[Payer]]:
    """One of every stack that is here."""
    made = [Payer(name, wsdl) for name in stacks()]
    try:
        yield made
    finally:
        for each in made:
            each.process.kill()
            each.process.communicate()


@dataclass(slots=True)
class Paid:
    """One payment that an ERP was told of: what it ordered, by which stack, and when it heard of it."""

    stack: str
    fields: Mapping[str, str]
    id: str
    heard: float
    tries: int


def pay(
    payer: Payer,
    urls: Sequence[str],
    session: str,
    fields: Mapping[str, str],
    until: Callable[[], bool],
    failed: Callable[[Mapping[str, str], Sequence[Mapping[str, Any]]], None] = lambda _fields, _told: None,
) -> Paid | None:
    """Order one payment, at one replica after the other, until its Id is told; none is begun once the test is over.

    ``failed`` hears after each attempt without an Id what all of them were told.
    """
    problems: list[Mapping[str, Any]] = []
    tries = 0
    while tries < MOST_TRIES and (tries or not until()):
        told = payer.order(urls[tries % len(urls)], session, fields)
        tries += 1
        if "id" in told:
            return Paid(payer.name, fields, told["id"], time.monotonic(), tries)
        problems.append(told)
        failed(fields, problems)
        time.sleep(0.05)
    return None
