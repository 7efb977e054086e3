"""Runs what gets a program from a package manager, within the time that is left; for the ``provision.py`` of the rooms.

Needs only the standard library, since it runs before the project's own environment exists. Must not decide what is
wanted, nor raise for what cannot be had.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path


def run(end: float, *command: str) -> str | None:
    """Run it until ``end`` (monotonic) at most, with everything that it starts; why it failed, or None."""
    left = end - time.monotonic()
    if left <= 0:
        return "no time left"
    try:
        process = subprocess.Popen(
            command,
            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive", "PIP_DISABLE_PIP_VERSION_CHECK": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except OSError as error:
        return f"{command[0]}: {error.strerror}"
    try:
        said, _ = process.communicate(timeout=left)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return f"{Path(command[0]).name} took too long"
    if process.returncode == 0:
        return None
    lines = said.decode(errors="replace").strip().splitlines() or ["it said nothing"]
    told = next((line for line in lines if line.startswith(("E: ", "ERROR: "))), lines[-1])
    return f"{Path(command[0]).name} ended with {process.returncode}: {told}"


class Debian:
    """Debian's packages; the lists are refreshed once."""

    def __init__(self, end: float) -> None:
        self._end = end
        self._lists: str | None = "not asked yet"

    def install(self, package: str) -> str | None:
        """Install one; why not, or None."""
        if shutil.which("apt-get") is None:
            return "no apt-get here"
        become = () if os.geteuid() == 0 else ("sudo", "-n")
        get = (*become, "apt-get", "-o", "DPkg::Lock::Timeout=60", "-o", "Acquire::http::Timeout=20")
        if self._lists is not None:
            self._lists = run(self._end, *get, "update")
        return self._lists or run(self._end, *get, "install", "-y", "--no-install-recommends", package)
