"""Processes under test: start one, wait for the line that says where it serves, read what it has used, stop it.

CPU time is read from the process's own CPU clock, which counts every thread it has and had, in nanoseconds
(clock_getcpuclockid(3)); /proc/<pid>/stat has the same sum in ticks of 10 ms. Linux only, as the bench is.
"""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

START_SECONDS = 30.0
STOP_SECONDS = 10.0

_URL = re.compile(r"http://[\w.\[\]:]+")
_SCHEDULED = 2
"""CPUCLOCK_SCHED of the kernel's posix-timers.h: time on a CPU, in user and in kernel mode."""


class Process:
    """One started program. ``line`` is what it printed when it was ready, ``url`` the first address in it."""

    def __init__(self, command: Sequence[str], folder: Path, name: str, cwd: Path, env: Mapping[str, str]) -> None:
        self.name = name
        self._log = folder / f"{name}.log"
        # A file, not a pipe: whoever logs pays for writing it, as in production, and nobody has to read it.
        with self._log.open("wb") as log:
            self._popen = subprocess.Popen(
                command,
                cwd=cwd,
                env={**os.environ, "PYTHONUNBUFFERED": "1", **env},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        self.pid = self._popen.pid
        try:
            self.line = self._first_line()
        except BaseException:
            self.stop()
            raise
        found = _URL.search(self.line)
        self.url = found[0] if found else ""

    def _first_line(self) -> str:
        out: IO[str] | None = self._popen.stdout
        assert out is not None
        os.set_blocking(out.fileno(), False)
        deadline = time.monotonic() + START_SECONDS
        line = ""
        while time.monotonic() < deadline:
            line += out.readline() or ""
            if line.endswith("\n"):
                return line
            if self._popen.poll() is not None:
                raise RuntimeError(f"{self.name} ended with {self._popen.returncode}:\n{self._log.read_text()[-2000:]}")
            time.sleep(0.01)
        raise RuntimeError(f"{self.name} was not ready after {START_SECONDS:g} s:\n{self._log.read_text()[-2000:]}")

    def stop(self) -> None:
        """SIGTERM, and SIGKILL for one that does not end."""
        if self._popen.poll() is None:
            self._popen.terminate()
            try:
                self._popen.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._popen.kill()
                self._popen.wait()
        if self._popen.stdout is not None:
            self._popen.stdout.close()

    @property
    def cpu(self) -> float:
        """Seconds of CPU used so far by the process and its descendants."""
        return cpu_of(self.pid)

    @property
    def handles(self) -> int:
        """Open file descriptors of the process and its descendants."""
        return sum(len(os.listdir(f"/proc/{pid}/fd")) for pid in _family(self.pid))

    @property
    def resident(self) -> int:
        """Bytes of resident memory of the process and its descendants."""
        return sum(_status(pid, "VmRSS") for pid in _family(self.pid))


def cpu_of(pid: int) -> float:
    """Seconds of CPU used so far by a process and its descendants."""
    return sum(_cpu(each) for each in _family(pid))


def _family(pid: int) -> list[int]:
    found = [pid]
    for each in found:
        with contextlib.suppress(OSError):
            found += map(int, Path(f"/proc/{each}/task/{each}/children").read_text().split())
    return found


def _cpu(pid: int) -> float:
    """The process's CPU clock, and what its ended children had used."""
    with contextlib.suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        reaped = (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")
        return time.clock_gettime((~pid << 3) | _SCHEDULED) + reaped
    return 0.0


def _status(pid: int, name: str) -> int:
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1]) * 1024
    return 0
