"""A Prometheus of the tests' own, the real program, and promtool; found on the path, run in a temporary folder.

Must not be told apart from an installed one by what is tested, nor answer for a bridge.
"""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

COMMAND = "python tests/deploy/provision.py"
START_SECONDS = 30.0
PROGRAMS = ("prometheus", "promtool")
MONITORING = Path(__file__).parents[2] / "deploy" / "monitoring"


def why_not() -> str | None:
    """Why the tests with Prometheus have to be skipped; None where they can run."""
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    return f"not installed: {', '.join(missing)}; run: {COMMAND}" if missing else None


needed = pytest.mark.skipif(why_not() is not None, reason=str(why_not()))
"""Marks a test, or as ``pytestmark`` a file, that needs Prometheus."""


def promtool(*arguments: str, cwd: Path = MONITORING) -> subprocess.CompletedProcess[str]:
    """Run promtool; what it says stands in its output, whatever its exit."""
    return subprocess.run(["promtool", *arguments], cwd=cwd, capture_output=True, text=True, timeout=120)


def free_port() -> int:
    """A port that nobody listens on at this moment."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


class Refused(Exception):
    """Prometheus did not take a query; the text is its own."""


class Prometheus:
    """The server, with the configuration of ``prometheus.yml`` in ``folder``. Use it as a context manager."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.url = ""
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Prometheus:
        # The port may be taken by somebody else between the look and the start.
        for _ in range(3):
            if self._started():
                return self
        raise AssertionError((self._folder / "prometheus.log").read_text())

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def _started(self) -> bool:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        with (self._folder / "prometheus.log").open("wb") as log:
            self._process = subprocess.Popen(
                [
                    "prometheus",
                    f"--config.file={self._folder / 'prometheus.yml'}",
                    f"--storage.tsdb.path={self._folder / 'tsdb'}",
                    f"--web.listen-address=127.0.0.1:{port}",
                ],
                stdout=log,
                stderr=log,
            )
        until = time.monotonic() + START_SECONDS
        while self._process.poll() is None and time.monotonic() < until:
            try:
                with urllib.request.urlopen(f"{self.url}/-/ready", timeout=5):
                    return True
            except OSError:
                time.sleep(0.05)
        self._process.kill()
        self._process.wait()
        return False

    def ask(self, path: str, **query: str) -> Any:
        """What its API answers; raises ``Refused`` with its own words."""
        address = f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(query)}"
        try:
            with urllib.request.urlopen(address, timeout=20) as came:
                return json.load(came)["data"]
        except urllib.error.HTTPError as error:
            with error:
                raise Refused(json.load(error)["error"]) from None

    def value_of(self, expression: str) -> list[Mapping[str, Any]]:
        """An instant query's samples; a scalar is one without labels."""
        told = self.ask("query", query=expression)
        return [{"metric": {}, "value": told["result"]}] if told["resultType"] == "scalar" else list(told["result"])

    def firing(self) -> list[Mapping[str, Any]]:
        """The alerts that fire now, with their labels and annotations."""
        return [each for each in self.ask("alerts")["alerts"] if each["state"] == "firing"]
