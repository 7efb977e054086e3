"""``bridge serve``, ``bridge sandbox serve`` and ``bridge demo`` as processes."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

SERVING = re.compile(r"serving (http://[^\s,]+)(?:, admin (http://\S+))?")


@contextmanager
def running(folder: Path, *words: str, **env: str) -> Iterator[tuple[subprocess.Popen[str], str, str]]:
    """A command of the bridge that serves: the process, its address and its admin address."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("BRIDGE_")}
    process = subprocess.Popen(
        [sys.executable, "-m", "bridge", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        env=clean | env,
    )
    try:
        assert process.stdout is not None
        found = None
        for line in process.stdout:
            if found := SERVING.search(line):
                break
        assert found is not None, process.communicate()
        yield process, found[1], found[2] or ""
    finally:
        process.kill()
        process.communicate()


def ended(process: subprocess.Popen[str], number: int = signal.SIGTERM) -> int:
    """The exit code after a signal."""
    process.send_signal(number)
    return process.wait(30)


def get(url: str) -> tuple[int, str]:
    """Status and text."""
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


ZUORA = {
    "BRIDGE_LISTEN": "127.0.0.1:0",
    "BRIDGE_ADMIN__LISTEN": "127.0.0.1:0",
    "BRIDGE_ZUORA__SOAP_URL": "http://127.0.0.1:9/apps/services/a/83.0",
    "BRIDGE_ZUORA__REST_URL": "http://127.0.0.1:9",
    "BRIDGE_ZUORA__TENANT_ID": "10000",
    "BRIDGE_ZUORA__CLIENT_ID": "demo-client",
    "BRIDGE_ZUORA__CLIENT_SECRET": "demo-secret",
}


def test_serve_answers_health_readiness_metrics_and_ends_with_0_on_sigterm(tmp_path: Path) -> None:
    """The whole life of a process."""
    with running(tmp_path, "serve", **ZUORA) as (process, url, admin):
        assert get(f"{admin}/healthz") == (200, "ok")
        assert get(f"{admin}/readyz") == (200, '{"ready": true}')
        assert "bridge_calls_total" in get(f"{admin}/metrics")[1]
        assert get(f"{admin}/admin/api")[0] == 404
        assert f'location="{url}/apps/services/a/107.0"' in get(f"{url}/apps/services/a/64.0?wsdl")[1]
        assert get(f"{url}/healthz")[0] == 502
        assert ended(process) == 0
    assert {each.name for each in tmp_path.iterdir()} >= {"bridge.db", "bridge.db.key"}


def test_readyz_names_what_is_missing(tmp_path: Path) -> None:
    """Without an OAuth client and a tenant id the bridge is not ready and says both."""
    env = {name: value for name, value in ZUORA.items() if "CLIENT" not in name and "TENANT" not in name}
    with running(tmp_path, "serve", **env) as (_, _, admin):
        status, text = get(f"{admin}/readyz")
        assert status == 503
        reasons = json.loads(text)["reasons"]
        assert any("CLIENT_ID" in reason for reason in reasons)
        assert any("TENANT_ID" in reason for reason in reasons)


def _children(pid: int) -> list[int]:
    return [int(each) for each in (Path("/proc") / str(pid) / "task" / str(pid) / "children").read_text().split()]


def test_two_workers_share_one_listener_and_one_is_replaced_when_it_dies(tmp_path: Path) -> None:
    """The supervisor starts another worker and still ends with 0, also if told to while that one starts."""
    with running(tmp_path, "serve", BRIDGE_WORKERS="2", **ZUORA) as (process, url, _):
        first = _children(process.pid)
        assert len(first) == 2
        os.kill(first[1], signal.SIGKILL)
        until = time.monotonic() + 20
        while len(now := _children(process.pid)) < 2 or now == first:
            assert time.monotonic() < until
            time.sleep(0.01)
        assert get(f"{url}/apps/services/a/107.0?wsdl")[0] == 200
        assert ended(process) == 0


def test_a_line_reaches_the_output_in_one_piece(tmp_path: Path) -> None:
    """Workers share it: a line in two writes can have another worker's line inside, unbuffered as in a container."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("BRIDGE_")}
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with ours, theirs:
        # Each write to a datagram socket is one message.
        process = subprocess.Popen(
            [sys.executable, "-u", "-m", "bridge", "serve"],
            stdout=theirs,
            stderr=theirs,
            cwd=tmp_path,
            env=clean | ZUORA | {"BRIDGE_WORKERS": "2"},
        )
        try:
            ours.settimeout(60)
            written: list[str] = []
            killed = False
            while (serving := sum("serving http" in each for each in written)) < 3:
                if not killed and serving == 2:
                    os.kill(_children(process.pid)[0], signal.SIGKILL)
                    killed = True
                written.append(ours.recv(1 << 16).decode())
            assert ended(process) == 0
        finally:
            process.kill()
            process.wait()
    assert any("starting another" in each for each in written)
    assert [each for each in written if not each.endswith("\n") or each.count("\n") > 1] == []


def test_workers_end_when_their_supervisor_was_killed(tmp_path: Path) -> None:
    """A worker without a supervisor would serve on with nobody to stop it."""
    with running(tmp_path, "serve", BRIDGE_WORKERS="2", **ZUORA) as (process, _, _):
        workers = _children(process.pid)
        process.kill()
        until = time.monotonic() + 20
        while any((Path("/proc") / str(pid) / "cmdline").exists() for pid in workers):
            assert time.monotonic() < until
            time.sleep(0.05)


def _refused(folder: Path, **env: str) -> str:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("BRIDGE_")}
    done = subprocess.run(
        [sys.executable, "-m", "bridge", "serve"],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=folder,
        env=clean | env,
    )
    assert done.returncode == 2, done
    assert "Traceback" not in done.stderr
    return done.stderr


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"BRIDGE_ZUORA__SOAP_URL": ""}, "BRIDGE_ZUORA__SOAP_URL"),
        ({"BRIDGE_ZUORA__REST_URL": "https://rest.zuora.com/v1"}, "BRIDGE_ZUORA__REST_URL"),
        ({"BRIDGE_WORKERS": "3"}, "at most 2 on SQLite"),
        ({"BRIDGE_WORKERS": "2", "BRIDGE_ZUORA__ENTITIES": '{"e1": "Europe"}'}, "BRIDGE_ZUORA__ENTITIES"),
        ({"BRIDGE_JOURNAL__KEY": "c2hvcnQ="}, "32 bytes"),
        ({"BRIDGE_ZUORA__TIME_ZONE": "Mars/Olympus"}, "TIME_ZONE"),
        ({"BRIDGE_LISTEN": "8080"}, "BRIDGE_LISTEN"),
        ({"BRIDGE_DATABASE_URL": "postgresql://localhost/bridge"}, "BRIDGE_JOURNAL__KEY"),
    ],
)
def test_a_bad_setting_is_one_sentence_and_exit_2(tmp_path: Path, change: dict[str, str], words: str) -> None:
    """Nothing is started on a configuration that cannot be right."""
    assert words in _refused(tmp_path, **(ZUORA | change))


def test_a_wsdl_below_107_is_refused(tmp_path: Path) -> None:
    """What zeep speaks must know Invoice Settlement's fields."""
    raw = (Path(__file__).parents[2] / "wsdl" / "zuora.107.0.wsdl").read_text()
    old = tmp_path / "old.wsdl"
    old.write_text(raw.replace("/apps/services/a/107.0", "/apps/services/a/83.0"))
    assert "107.0" in _refused(tmp_path, **ZUORA, BRIDGE_ZUORA__WSDL=str(old))


def test_the_sandbox_serves_until_a_signal(tmp_path: Path) -> None:
    """``bridge sandbox serve`` on a free port."""
    with running(tmp_path, "sandbox", "serve", "--listen", "127.0.0.1:0") as (process, url, _):
        assert json.loads(get(f"{url}/sandbox/ledger")[1])["tenantId"] == "10000"
        assert ended(process, signal.SIGINT) == 0


def test_the_demo_does_its_calls_and_ends_with_0(tmp_path: Path) -> None:
    """``bridge demo --once`` checks every answer and the ledger by itself."""
    done = subprocess.run(
        [sys.executable, "-m", "bridge", "demo", "--once"], capture_output=True, text=True, timeout=120, cwd=tmp_path
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == "demo ready"
    for words in ("soap rest", "rest (joined)", "50 of 50 Success"):
        assert words in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_the_demo_goes_on_serving_until_sigint(tmp_path: Path) -> None:
    """Ctrl-C is a good end."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bridge", "demo"], stdout=subprocess.PIPE, text=True, cwd=tmp_path
    )
    assert process.stdout is not None
    with process.stdout:
        assert any(line.strip() == "demo ready" for line in process.stdout)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
