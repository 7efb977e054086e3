"""Get what tests need from elsewhere: the SOAP stacks that the client tests drive, and Zuora's own Python SDK.

``python tests/clients/provision.py`` prints one line a stack, ready or why not, and always ends with 0: a stack that
cannot be had is a reason to skip its tests, never a reason to fail. Each stack has a time limit, all together too.
Needs only the standard library, so that it runs before the project's own environment exists. Must not write into the
tree: what no package manager keeps goes to the cache directory, BRIDGE_CLIENTS_CACHE or else ~/.cache/bridge-clients.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
CACHE = Path(os.environ.get("BRIDGE_CLIENTS_CACHE") or "~/.cache/bridge-clients").expanduser()
COMMAND = "python tests/clients/provision.py"
STACK_SECONDS = 150
ALL_SECONDS = 420

SUDS = "suds-community==1.2.0"
SUDS_HOME = CACHE / SUDS.replace("==", "-")
SDK = "zuora-sdk==3.21.0"
SDK_HOME = CACHE / SDK.replace("==", "-")
"""Not a SOAP stack: Zuora's own models, against which ``tests/sdk`` checks the bridge's REST requests."""
JARS = tuple(
    Path("/usr/share/java") / f"{name}.jar"
    for name in (
        *("axis", "axis-jaxrpc", "axis-saaj", "wsdl4j"),
        *("commons-discovery", "commons-logging", "javax.activation", "javax.mail"),
    )
)


NODE = HERE / "node"
NEWMAN = HERE.parent / "deploy" / "newman"
"""Not a SOAP stack: what runs a Postman collection outside Postman."""
CYCLONEDX = "cyclonedx-python-lib[json-validation]==11.12.0"
CYCLONEDX_HOME = CACHE / "cyclonedx-python-lib-11.12.0"
"""Nor this: the published schema of the list of parts, with what judges by it."""
AUDIT = "pip-audit==2.10.1"
AUDIT_HOME = CACHE / AUDIT.replace("==", "-")
"""What ``.ci/audit.py`` asks PyPI with."""


def node_home(folder: Path = NODE) -> Path:
    """Where npm puts the packages that a folder pins; another lock file is another place."""
    lock = (folder / "package-lock.json").read_bytes()
    return CACHE / f"{folder.name}-{hashlib.sha256(lock).hexdigest()[:16]}"


class CannotBeHadError(Exception):
    """Why a stack's packages cannot be had; the text is the reason that is printed."""


@dataclass(frozen=True)
class Needs:
    """What one stack needs: what Debian's packages bring, and what ``fetch`` gets from elsewhere.

    ``installed`` and ``fetched`` say what of it is missing.
    """

    debian: Sequence[str] = ()
    installed: Callable[[], list[str]] = list
    fetch: Callable[[Clock], None] | None = None
    fetched: Callable[[], list[str]] = list

    @property
    def absent(self) -> list[str]:
        """What is missing."""
        return self.installed() + self.fetched()


class Clock:
    """How many seconds the current stack, and all of them, still have."""

    def __init__(self) -> None:
        self._end = time.monotonic() + ALL_SECONDS
        self._stack_end = self._end

    def start(self) -> None:
        """The next stack begins."""
        self._stack_end = min(self._end, time.monotonic() + STACK_SECONDS)

    @property
    def left(self) -> float:
        """Seconds left for this stack."""
        return self._stack_end - time.monotonic()


def run(clock: Clock, *command: str, cwd: Path | None = None) -> None:
    """Run it within the time that is left; with everything it started it is ended when that is over."""
    name = " ".join((Path(command[0]).name, *[each for each in command[1:] if each.isalpha()][:2]))
    if clock.left <= 0:
        raise CannotBeHadError("no time left")
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    try:
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except OSError as error:
        raise CannotBeHadError(f"{command[0]}: {error.strerror}") from None
    try:
        said, _ = process.communicate(timeout=clock.left)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise CannotBeHadError(f"{name} took too long") from None
    if process.returncode != 0:
        lines = said.decode(errors="replace").strip().splitlines() or ["it said nothing"]
        told = next(
            (line for line in lines if line.startswith(("E: ", "ERROR: ", "npm error ", "npm ERR! "))), lines[-1]
        )
        raise CannotBeHadError(f"{name} ended with {process.returncode}: {told}")


_refreshed = False


def apt(clock: Clock, packages: Sequence[str]) -> None:
    """Install Debian packages; the lists are refreshed once."""
    global _refreshed
    if shutil.which("apt-get") is None:
        raise CannotBeHadError(f"no apt-get here, and not installed: {' '.join(packages)}")
    become = () if os.geteuid() == 0 else ("sudo", "-n")
    get = (*become, "apt-get", "-o", "DPkg::Lock::Timeout=60", "-o", "Acquire::http::Timeout=20")
    if not _refreshed:
        run(clock, *get, "update")
        _refreshed = True
    run(clock, *get, "install", "-y", "--no-install-recommends", *packages)


def npm(folder: Path) -> Callable[[Clock], None]:
    """The packages of a folder's lock file, without their scripts."""

    def fetch(clock: Clock) -> None:
        home = node_home(folder)
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(parents=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(folder / name, home)
        run(clock, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", cwd=home)
        (home / "ready").touch()

    return fetch


def pip(requirement: str, home: Path) -> Callable[[Clock], None]:
    """One package in an environment of its own: the project's pins stay as they are."""

    def fetch(clock: Clock) -> None:
        shutil.rmtree(home, ignore_errors=True)
        run(clock, sys.executable, "-m", "venv", str(home))
        run(clock, str(home / "bin" / "python"), "-m", "pip", "install", "--only-binary", ":all:", requirement)
        (home / "ready").touch()

    return fetch


def programs(*names: str) -> list[str]:
    """Which of these programs are not on the path."""
    return [name for name in names if shutil.which(name) is None]


def files(*paths: Path) -> list[str]:
    """Which of these files do not exist."""
    return [str(path) for path in paths if not path.exists()]


def works(*command: str) -> list[str]:
    """The command, where it cannot be run or fails."""
    try:
        done = subprocess.run(command, capture_output=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return [command[0]]
    return [] if done.returncode == 0 else [" ".join(command)]


STACKS: dict[str, Needs] = {
    "zeep": Needs(),
    "suds": Needs(fetch=pip(SUDS, SUDS_HOME), fetched=lambda: files(SUDS_HOME / "ready")),
    "sdk": Needs(fetch=pip(SDK, SDK_HOME), fetched=lambda: files(SDK_HOME / "ready")),
    "php": Needs(("php-cli", "php-soap"), lambda: works("php", "-r", "exit(class_exists('SoapClient') ? 0 : 1);")),
    "node": Needs(("nodejs", "npm"), lambda: programs("node", "npm"), npm(NODE), lambda: files(node_home() / "ready")),
    "newman": Needs(
        ("nodejs", "npm"),
        lambda: programs("node", "npm"),
        npm(NEWMAN),
        lambda: files(node_home(NEWMAN) / "ready"),
    ),
    "pip-audit": Needs(fetch=pip(AUDIT, AUDIT_HOME), fetched=lambda: files(AUDIT_HOME / "ready")),
    "cyclonedx": Needs(fetch=pip(CYCLONEDX, CYCLONEDX_HOME), fetched=lambda: files(CYCLONEDX_HOME / "ready")),
    "perl": Needs(("perl", "libsoap-lite-perl"), lambda: works("perl", "-MSOAP::Lite", "-MJSON::PP", "-e", "1")),
    "dotnet": Needs(
        # Runtime, compiler, `wsdl` and the classes of ASMX clients; mono-complete would be many times as much.
        ("mono-devel", "mono-mcs", "libmono-system-web-extensions4.0-cil", "tzdata"),
        lambda: programs("mono", "mcs", "wsdl") + files(Path("/usr/lib/mono/4.5/System.Web.Extensions.dll")),
    ),
    "axis": Needs(
        ("libaxis-java",) if shutil.which("javac") else ("libaxis-java", "default-jdk-headless"),
        lambda: programs("java", "javac") + files(*JARS),
    ),
    # Not a SOAP stack either: the browser in which the tests look at pages that people read.
    "chromium": Needs(("chromium",), lambda: programs("chromium")),
    "gsoap": Needs(
        ("gsoap", "libgsoap-dev", "g++", "tzdata"),
        lambda: programs("wsdl2h", "soapcpp2", "g++") + files(Path("/usr/include/stdsoap2.h")),
    ),
}


def why_not(name: str) -> str | None:
    """Why the tests of a stack have to be skipped; None where it can be driven."""
    absent = STACKS[name].absent
    if not absent:
        return None
    try:
        reason = _note(name).read_text(encoding="utf-8").strip()
    except OSError:
        return f"{name} is not installed ({', '.join(absent)}); run: {COMMAND}"
    return f"{name} cannot be had: {reason}; to try again, run: {COMMAND}"


def provide(name: str, clock: Clock) -> str:
    """Get one stack. Returns ``ready``, or the reason why not, which is also kept for the tests."""
    needs = STACKS[name]
    clock.start()
    try:
        if needs.installed():
            apt(clock, needs.debian)
        if needs.fetch is not None and needs.fetched():
            needs.fetch(clock)
        if absent := needs.absent:
            raise CannotBeHadError(f"after the installation still missing: {', '.join(absent)}")
    except (CannotBeHadError, OSError) as problem:
        reason = str(problem)
        CACHE.mkdir(parents=True, exist_ok=True)
        _note(name).write_text(reason, encoding="utf-8")
        return f"cannot be had: {reason}"
    _note(name).unlink(missing_ok=True)
    return "ready"


def _note(name: str) -> Path:
    return CACHE / f"{name}.reason"


def main(names: Sequence[str]) -> None:
    """All stacks, or those named."""
    clock = Clock()
    for name in names or STACKS:
        began = time.monotonic()
        print(f"client stack {name}: {provide(name, clock)} ({time.monotonic() - began:.0f} s)", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
