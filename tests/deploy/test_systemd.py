"""The systemd unit: systemd's own verdict on it, and the bridge run with its variables under what it forbids."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from functools import cache
from pathlib import Path

import pytest
from setting_names import in_clear, unknown

FOLDER = Path(__file__).parents[2] / "deploy" / "systemd"
UNIT = (FOLDER / "bridge.service").read_text(encoding="utf-8")
MOST_EXPOSED = 1.5
"""Of 10, as `systemd-analyze security` counts; 1.2 when this was written."""

needed = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="no systemd-analyze; run: python tests/deploy/provision.py"
)
RUN = (
    # What MemoryDenyWriteExecute= does, by the kernel's own switch (PR_SET_MDWE of Linux 6.3; an older one says no).
    "import ctypes, os, sys; ctypes.CDLL(None).prctl(65, 1, 0, 0, 0); "
    "os.execv(sys.executable, [sys.executable, '-m', *sys.argv[1:]])"
)


def values(name: str) -> list[str]:
    """All values of a key of the unit."""
    return re.findall(rf"^{re.escape(name)}=(.*)$", UNIT, re.MULTILINE)


def environment() -> dict[str, str]:
    """The example's variables, read as systemd does."""
    lines = (FOLDER / "bridge.env.example").read_text(encoding="utf-8").splitlines()
    pairs = [line.split("=", 1) for line in lines if line and not line.startswith("#")]
    return {name: "".join(shlex.split(value)) for name, value in pairs}


def analyze(*words: str) -> subprocess.CompletedProcess[str]:
    """Ask systemd."""
    return subprocess.run(["systemd-analyze", *words], capture_output=True, text=True, timeout=60)


@needed
def test_systemd_understands_every_line(tmp_path: Path) -> None:
    """Nothing is unknown or ignored; a misspelt key would be noticed."""
    placed = UNIT.replace("/opt/bridge/bin/bridge", sys.executable)
    for name, text, said in (("good", placed, ""), ("bad", placed.replace("NoNewPriv", "NoNewPirv"), "NoNewPirv")):
        unit = tmp_path / f"{name}.service"
        unit.write_text(text, encoding="utf-8")
        done = analyze("verify", "--man=no", str(unit))
        assert said in done.stderr
        assert bool(said) or (done.returncode == 0 and done.stderr == ""), done.stderr


@needed
def test_the_service_is_hardly_exposed() -> None:
    """systemd's own measure of what a service could do if it were taken over."""
    done = analyze("security", "--offline=true", str(FOLDER / "bridge.service"))
    found = re.search(r"Overall exposure level for bridge\.service: ([\d.]+)", done.stdout)
    assert found, done.stdout + done.stderr
    assert float(found[1]) <= MOST_EXPOSED


def test_it_stops_as_the_contract_says_and_does_not_hammer_on_a_bad_setting() -> None:
    """SIGTERM to the main process alone, time for the drain, and no new start after exit 2."""
    assert values("KillSignal") == ["SIGTERM"]
    assert values("KillMode") == ["mixed"]
    assert int(values("TimeoutStopSec")[0]) > 130
    assert values("RestartPreventExitStatus") == ["2"]
    assert values("ExecStart") == ["/opt/bridge/bin/bridge serve"]


def test_secrets_come_as_credentials_and_nothing_else_does() -> None:
    """Each is loaded, and named by the variable that the bridge reads; the example has none."""
    loaded = dict(each.split(":", 1) for each in values("LoadCredential"))
    given = dict(pair.split("=", 1) for each in values("Environment") for pair in each.split())
    named = {value.removeprefix("%d/") for value in given.values() if value.startswith("%d/")}
    assert named == set(loaded)
    assert unknown(given) == unknown(environment()) == []
    assert in_clear(environment()) == in_clear(given) == []
    assert {path.rpartition("/")[0] for path in loaded.values()} == {"/etc/bridge/credentials"}


@cache
def allowed() -> frozenset[str]:
    """The system calls that the unit leaves."""

    def named(group: str) -> set[str]:
        found = set()
        for line in analyze("syscall-filter", group).stdout.splitlines()[1:]:
            if (name := line.strip()) and not name.startswith("#"):
                found |= named(name) if name.startswith("@") else {name}
        return found

    left: set[str] = set()
    for line in values("SystemCallFilter"):
        for name in line.removeprefix("~").split():
            left = left - named(name) if line.startswith("~") else left | named(name)
    return frozenset(left)


@needed
@pytest.mark.skipif(shutil.which("strace") is None, reason="no strace; run: python tests/deploy/provision.py")
def test_the_bridge_serves_with_the_unit_s_variables_and_asks_for_nothing_that_it_forbids(tmp_path: Path) -> None:
    """From start to SIGTERM: no memory both writable and executable, no system call outside of the filter."""
    credentials, state = tmp_path / "credentials", tmp_path / "state"
    credentials.mkdir()
    state.mkdir()
    for each in values("LoadCredential"):
        (credentials / each.split(":")[0]).write_text("0123456789abcdef0123\n")
    given = dict(pair.split("=", 1) for each in values("Environment") for pair in each.split())
    env = environment() | {name: value.replace("%d", str(credentials)) for name, value in given.items()}
    env |= {"BRIDGE_LISTEN": "127.0.0.1:0", "BRIDGE_ADMIN__LISTEN": "127.0.0.1:0", "PATH": os.environ["PATH"]}
    trace = tmp_path / "trace"
    command = ["strace", "-D", "-f", "-q", "-o", str(trace), sys.executable, "-c", RUN, "bridge", "serve"]
    with subprocess.Popen(command, cwd=state, env=env, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line and process.wait() == 1:
            pytest.skip("this machine lets nobody trace a process")
        admin = line.strip().rpartition(" admin ")[2]
        with urllib.request.urlopen(f"{admin}/readyz", timeout=10) as answer:
            assert answer.status == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    until = time.monotonic() + 10
    ended = re.compile(rf"^{process.pid} +\+\+\+ exited", re.MULTILINE)
    while not ended.search(said := trace.read_text(errors="replace")) and time.monotonic() < until:
        time.sleep(0.05)
    assert ended.search(said)
    used = set(re.findall(r"^\d+ +([a-z]\w*)\(", said, re.MULTILINE))
    assert {"socket", "fsync", "listen"} & used
    # SQLite gives its files the database's owner where it runs as root, which the service does not.
    assert used - allowed() <= ({"fchown"} if os.geteuid() == 0 else set())
    assert sorted(each.name for each in state.iterdir() if "-" not in each.name) == ["bridge.db", "bridge.db.key"]
