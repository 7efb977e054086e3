"""The SOAP stacks that legacy systems are built on: how each makes a client from a WSDL, runs it, and shows answers.

A client program takes name=value arguments, goes through the scenario of README.md and prints one JSON document a step
with what its stack parsed. Generated and built code lives in the cache directory, keyed by all that goes into it.
Differences between stacks are data here, each with its reason. Must not know a right answer.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import provision

HERE = Path(__file__).resolve().parent
BUILT = provision.CACHE / "built"
JARS = ":".join(map(str, provision.JARS))
RUN_SECONDS = 60
BUILD_SECONDS = 180
# An ERP beside the tenant: a day begins at the tenant's midnight. Nothing else of this machine's environment reaches a
# client, least of all a proxy.
ZONE = "America/Los_Angeles"
ENVIRONMENT = {"TZ": ZONE, "LC_ALL": "C.UTF-8", "HOME": str(Path.home()), "PATH": os.environ["PATH"]}

Command = tuple[str, ...]


class BuildFailedError(Exception):
    """A generator or compiler did not take the WSDL or the program; the text says what it said."""


@dataclass(frozen=True)
class Stack:
    """One stack.

    ``build`` are the commands that make a client of ``zuora.wsdl`` in the current folder; ``{soap}`` in them is 1 for
    SOAP 1.1 and 2 for 1.2. ``run`` starts it; ``{built}`` is that folder and ``{here}`` this one. ``sources`` are the
    files of this project that go into the client.
    """

    name: str
    sources: Sequence[str]
    run: Command
    build: Sequence[Command] = ()
    generator: Command = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    soap12: bool = False
    empty: tuple[str, ...] = ()
    """The types of the rows it shows for an empty result, which Zuora writes as one nil record."""
    row: str = "Payment"
    """How it shows the type of a row of payments."""
    code: str = "fns:{}"
    """How it shows the code of a fault."""

    def client(self, wsdl: bytes, soap: str) -> Path:
        """The folder of the client for this WSDL and SOAP 1.1 or 1.2, built unless it was before."""
        if not self.build:
            return HERE
        commands = [tuple(part.replace("{soap}", soap[-1]) for part in command) for command in self.build]
        folder = BUILT / f"{self.name}-{self._key(wsdl, commands)}"
        with _locked(folder):
            if not folder.exists():
                self._make(wsdl, commands, folder)
        return folder

    def speak(self, built: Path, arguments: Mapping[str, str]) -> tuple[dict[str, Any], str]:
        """Run the scenario. Returns what was told at each step, and how the program ended where it did not end well."""
        command = [part.format(built=built, here=HERE) for part in self.run]
        done = subprocess.run(
            [*command, *(f"{name}={value}" for name, value in arguments.items())],
            env={**ENVIRONMENT, **self.environment},
            capture_output=True,
            timeout=RUN_SECONDS,
            check=False,
        )
        told = {}
        for line in done.stdout.decode().splitlines():
            document = json.loads(line)
            told[document.pop("step")] = document
        return told, "" if done.returncode == 0 else f"{self.name}: {done.stderr.decode(errors='replace')[-4000:]}"

    def _key(self, wsdl: bytes, commands: Sequence[Command]) -> str:
        digest = hashlib.sha256(wsdl)
        for source in self.sources:
            digest.update((HERE / source).read_bytes())
        said = subprocess.run(self.generator, capture_output=True, timeout=30, check=False) if self.generator else None
        digest.update(repr((commands, said and said.stdout + said.stderr)).encode())
        return digest.hexdigest()[:24]

    def _make(self, wsdl: bytes, commands: Sequence[Command], folder: Path) -> None:
        # Built beside it and then renamed: a build that was cut short is never taken for a client.
        with tempfile.TemporaryDirectory(dir=BUILT) as workshop:
            place = Path(workshop) / "client"
            place.mkdir()
            (place / "zuora.wsdl").write_bytes(wsdl)
            for source in self.sources:
                shutil.copy(HERE / source, place)
            for command in commands:
                done = subprocess.run(
                    command, cwd=place, env=ENVIRONMENT, capture_output=True, timeout=BUILD_SECONDS, check=False
                )
                said = (done.stdout + done.stderr).decode(errors="replace")
                if done.returncode != 0:
                    raise BuildFailedError(f"{self.name}: {' '.join(command)} ended with {done.returncode}\n{said}")
            place.rename(folder)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    BUILT.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def shell(line: str) -> Command:
    """A build step that needs a pattern for the files that a generator wrote."""
    return ("sh", "-ec", line)


STACKS: tuple[Stack, ...] = (
    Stack(
        "zeep",
        ("python-zeep/zeep_client.py",),
        (sys.executable, "{here}/python-zeep/zeep_client.py"),
        # A nil element is a value to zeep: one object of the declared type, with nothing in it.
        empty=("zObject",),
    ),
    Stack(
        "suds",
        ("python-suds/suds_client.py",),
        (str(provision.SUDS_HOME / "bin" / "python"), "{here}/python-suds/suds_client.py"),
    ),
    Stack(
        "php",
        ("php/client.php",),
        ("php", "-d", f"date.timezone={ZONE}", "{here}/php/client.php"),
        soap12=True,
    ),
    Stack(
        "node",
        ("node/client.js",),
        ("node", "{here}/node/client.js"),
        environment={"NODE_PATH": str(provision.node_home() / "node_modules")},
        soap12=True,
        # It gives xsi:type as the attribute's text, with the prefix of the answer: the one that Zuora uses.
        row="ns2:Payment",
    ),
    Stack("perl", ("perl/client.pl",), ("perl", "{here}/perl/client.pl"), soap12=True, empty=("null",)),
    Stack(
        "dotnet",
        ("dotnet/Client.cs",),
        ("mono", "{built}/Client.exe"),
        (
            ("wsdl", "-nologo", "-namespace:Zuora", "-out:Zuora.cs", "zuora.wsdl"),
            (
                *("mcs", "-nologo", "-warn:0", "-out:Client.exe", "-r:System.Web.Services", "-r:System.Web.Extensions"),
                *("-r:System.Xml", "Zuora.cs", "Client.cs"),
            ),
        ),
        ("mono", "--version"),
        soap12=True,
        empty=("null",),
        # It resolves the QName, so the prefix has to be declared where the code stands.
        code="{{http://fault.api.zuora.com/}}{}",
    ),
    Stack(
        "axis",
        ("axis/Client.java",),
        ("java", "-cp", f"{JARS}:{{built}}", "Client"),
        (
            ("java", "-cp", JARS, "org.apache.axis.wsdl.WSDL2Java", "-o", ".", "zuora.wsdl"),
            shell(f"javac -nowarn -proc:none -encoding UTF-8 -cp {JARS} -d . $(find . -name '*.java')"),
        ),
        ("java", "-version"),
        empty=("null",),
        code="{{http://fault.api.zuora.com/}}{}",
    ),
    Stack(
        "gsoap",
        ("gsoap/client.cpp", "gsoap/typemap.dat"),
        ("{built}/client",),
        (
            ("wsdl2h", "-t", "typemap.dat", "-o", "zuora.h", "zuora.wsdl"),
            ("soapcpp2", "-{soap}", "-j", "-C", "-L", "-w", "-x", "-I/usr/share/gsoap/import", "zuora.h"),
            (
                *("g++", "-O0", "-w", "-I.", "-o", "client", "soapC.cpp", "soapSoapBindingProxy.cpp", "client.cpp"),
                "-lgsoap++",
            ),
        ),
        ("soapcpp2", "-V"),
        soap12=True,
        empty=("null",),
    ),
)
