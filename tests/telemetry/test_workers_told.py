"""Several worker processes of one bridge tell one set of numbers, dead ones and their successors included."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from harness import World, payment
from telemetry_scene import Eventually, ask, lines_of, read, total

_SERVING = re.compile(r"serving (http://[^\s,]+), admin (http://\S+)")

pytestmark = pytest.mark.xdist_group("workers told")


def _workers(pid: int) -> list[int]:
    return [int(each) for each in (Path("/proc") / str(pid) / "task" / str(pid) / "children").read_text().split()]


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="which workers there are is read from /proc (Linux)")
def test_a_scrape_tells_of_all_workers_and_a_dead_one_keeps_what_it_counted(tmp_path: Path) -> None:
    """A counter never goes back; what a dead worker had in hand does; the folder goes with the bridge."""
    shared = tmp_path / "tmp"
    shared.mkdir()
    with World(tmp_path, bridges=0) as world:
        environment = {
            "BRIDGE_LISTEN": "127.0.0.1:0", "BRIDGE_ADMIN__LISTEN": "127.0.0.1:0", "BRIDGE_WORKERS": "2",
            "BRIDGE_DATABASE_URL": f"sqlite:///{world.database}", "BRIDGE_ZUORA__SOAP_URL": world.sandbox.url,
            "BRIDGE_ZUORA__REST_URL": world.sandbox.url, "BRIDGE_ZUORA__CLIENT_ID": "demo-client",
            "BRIDGE_ZUORA__CLIENT_SECRET": "demo-secret", "BRIDGE_ZUORA__TENANT_ID": "10000",
            "BRIDGE_CALLERS": '{"erp": {"usernames": ["erp@example.com"], "allow": ["*"]}}',
            "BRIDGE_LOG__LEVEL": "info", "BRIDGE_LOG__FORMAT": "json",
            # Somebody else's, which the bridge must not write into.
            "PROMETHEUS_MULTIPROC_DIR": "/nowhere",
            "TMPDIR": str(shared), "PATH": os.environ["PATH"],
        }  # fmt: skip
        errors = (tmp_path / "log").open("w")
        process = subprocess.Popen(
            [sys.executable, "-m", "bridge", "serve"],
            env=environment, cwd=tmp_path, stdout=subprocess.PIPE, stderr=errors, text=True,
        )  # fmt: skip
        try:
            assert process.stdout is not None
            url = admin = ""
            serving = 0
            while serving < 2:
                line = process.stdout.readline()
                assert line, "bridge serve ended before it served"
                serving += "serving" in line
                if found := _SERVING.search(line):
                    url, admin = found[1], found[2]
            assert [each.name.startswith("bridge-metrics-") for each in shared.iterdir()] == [True]

            def calls() -> float:
                return total(read(admin).get("bridge_calls_total", {}), door="pass")

            # Each a connection of its own: either worker may take it.
            for n in range(20):
                assert ask(f"{url}/v1/accounts/{n}")[0] in (401, 404)
            Eventually.true(lambda: calls() == 20)
            world.bridges.clear()
            world._process_url = url
            world.create(payment(Amount="5.03", AppliedCreditBalanceAmount="5.03"))
            Eventually.true(lambda: total(read(admin)["bridge_journal_commits_total"], outcome="done") > 0)
            before = _workers(process.pid)
            victim = before[1]
            os.kill(victim, signal.SIGKILL)
            Eventually.true(lambda: set(_workers(process.pid)) - set(before) != set())
            while "serving" not in process.stdout.readline():
                pass
            assert calls() == 20
            ask(f"{url}/v1/accounts/again")
            Eventually.true(lambda: calls() == 21)
            Eventually.true(lambda: total(read(admin)["bridge_calls_in_flight"]) == 0)
            assert read(admin)["bridge_ready"] == {(): 1}
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0
        finally:
            process.kill()
            process.communicate()
            errors.close()
        assert list(shared.iterdir()) == []
        told = (tmp_path / "log").read_text()
        assert len(lines_of(told, "call")) == 23
        assert len(lines_of(told, "dispatch")) == 1
